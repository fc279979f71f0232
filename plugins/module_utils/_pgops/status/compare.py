# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Two inventories side by side: what was added, removed and changed, object by object. Pure.

What is measured (sizes, estimates, use, values of sequences) never counts, and neither do the database's name, the
server's version or the time.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ..model.errors import RefusedError
from ..model.settings.schema_info import KINDS
from .inventory import DOCUMENT, SCHEMA_VERSION, digest_of, names_of, structure
from .inventory_scope import Scope, read_scope

_PLAIN = re.compile(r"[a-z_][a-z0-9_]*")
#: What is compared of the database itself.
DATABASE = "database"
_Entries = dict[str, dict[str, Any]]


def read_inventory(document: object, place: str) -> dict[str, Any]:
    """A document that was handed over as an inventory.

    :param place: where it came from, for the message.
    :raises RefusedError: when it is none, or one of another version.
    """
    if not isinstance(document, Mapping) or document.get("kind") != DOCUMENT:
        raise RefusedError(f"What stands in {place} is no inventory of pg_schema_info. Nothing was read or written.")
    version = document.get("schema_version")
    if version != SCHEMA_VERSION or isinstance(version, bool):
        raise RefusedError(
            f"The inventory in {place} is of version {version}, and this collection reads version {SCHEMA_VERSION}: "
            "take it anew. Nothing was read or written."
        )
    scope = read_scope(document)
    broken = [kind for kind in scope.kinds if not _whole(document.get(kind))] if scope else ["scope"]
    if broken:
        raise RefusedError(
            f"The inventory in {place} is damaged: its {broken[0]} cannot be read. Nothing was read or written."
        )
    return dict(document)


def compare(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """What became of `before`, an inventory that `read_inventory` let pass."""
    old, new, notes = _comparable(before, after)
    added, removed, changed = [], [], []
    for kind in (DATABASE, *KINDS):
        if kind not in old or kind not in new:
            continue
        for name in [*new[kind], *(name for name in old[kind] if name not in new[kind])]:
            entry = {"kind": kind, "object": name or str(after.get("database"))}
            if name not in old[kind]:
                added.append(entry)
            elif name not in new[kind]:
                removed.append(entry)
            else:
                differences = list(_differences(old[kind][name], new[kind][name], ()))
                if differences:
                    changed.append({**entry, "differences": differences})
    return {
        "same": not (added or removed or changed),
        "before": _head(before),
        "after": _head(after),
        "summary": {"added": len(added), "removed": len(removed), "changed": len(changed)},
        "added": added,
        "removed": removed,
        "changed": changed,
        "notes": notes,
    }


def _whole(entries: object) -> bool:
    return isinstance(entries, Mapping) and all(isinstance(facts, Mapping) for facts in entries.values())


def _head(document: Mapping[str, Any]) -> dict[str, Any]:
    return {name: document.get(name) for name in ("created", "database", "server_version", "digest")}


def _comparable(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[_Entries, _Entries, list[str]]:
    """The entries of both that both tell, and sentences about what is left out."""
    scopes = read_scope(before), read_scope(after)
    old, new = structure(before), structure(after)
    notes = []
    if digest_of(old) != before.get("digest"):
        notes.append("The earlier inventory was changed after it was taken: its digest is not that of its content.")
    old_scope, new_scope = scopes[0] or Scope(), scopes[1] or Scope()
    if old_scope != new_scope:
        common = old_scope.common(new_scope)
        old, new = (_narrowed(entries, common, (old_scope, new_scope)) for entries in (old, new))
        notes.append("The two inventories do not tell the same: what both tell was compared.")
    if _major(before) != _major(after):
        notes.append(
            f"The servers differ ({before.get('server_version')} and {after.get('server_version')}): PostgreSQL may "
            "spell the same definition in another way."
        )
    return old, new, notes


def _narrowed(entries: _Entries, common: Scope, scopes: tuple[Scope, Scope]) -> _Entries:
    found: _Entries = {DATABASE: entries[DATABASE]}
    for kind in common.kinds:
        told = {
            name: facts
            for name, facts in entries.get(kind, {}).items()
            if kind == "extensions" or all(scope.covers(_schema(kind, facts)) for scope in scopes)
        }
        if common.depth == "names":
            told = {name: names_of(facts) for name, facts in told.items()}
        found[kind] = told
    return found


def _schema(kind: str, facts: Mapping[str, Any]) -> str:
    return str(facts.get("name" if kind == "schemas" else "schema"))


def _major(document: Mapping[str, Any]) -> str:
    return str(document.get("server_version")).partition(".")[0]


def _differences(before: Any, after: Any, path: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    if before == after:
        return
    if isinstance(before, dict) and isinstance(after, dict):
        for name in [*before, *(name for name in after if name not in before)]:
            yield from _differences(before.get(name), after.get(name), (*path, name))
    elif _named(before) and _named(after):
        yield from _differences_of_lists(before, after, path)
    else:
        yield {"path": _spelled(path), "before": before, "after": after}


def _differences_of_lists(before: list[Any], after: list[Any], path: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    """Lists of things with names, columns above all: one by one, and their order where that is another."""
    old, new = ({_name(item): item for item in items} for items in (before, after))
    orders = [name for name in old if name in new], [name for name in new if name in old]
    if orders[0] != orders[1]:
        yield {"path": _spelled((*path, "order")), "before": orders[0], "after": orders[1]}
    yield from _differences(old, new, path)


def _named(items: Any) -> bool:
    return isinstance(items, list) and all(isinstance(item, dict) and _name(item) is not None for item in items)


def _name(item: dict[str, Any]) -> str | None:
    """What tells one of a list from the others: a column's name, or whose rights an entry tells."""
    found = item.get("name", item.get("role"))
    return found if isinstance(found, str) else None


def _spelled(path: tuple[str, ...]) -> str:
    """`columns.email.type`: what is not plain stands in quotes, as in SQL; keywords are plain here."""
    quoted = ('"' + part.replace('"', '""') + '"' for part in path)
    return ".".join(part if _PLAIN.fullmatch(part) else spelled for part, spelled in zip(path, quoted))
