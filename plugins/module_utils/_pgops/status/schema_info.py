# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Takes the inventory of a database, compares it with an earlier one, and keeps it in a file."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..database.session import DatabaseError, Session
from ..files import read_whole, write_atomic
from ..formats.json_text import json_text
from ..model.catalog.snapshot import Catalog, Unread
from ..model.errors import RefusedError, cut
from ..model.measured import Details, Wanted
from ..model.settings.schema_info import KINDS, SchemaInfoSettings
from ..observe.catalog.patience import read_patiently
from ..observe.catalog.snapshot import read_catalog
from .compare import compare, read_inventory
from .inventory import build, names_of, wanted
from .inventory_scope import Scope, scope_of

#: How many characters of JSON of the document a result may carry; what is longer is cut, the file never is.
INLINE = 1_000_000
#: How many objects of each list of a comparison a result may carry.
OBJECTS = 200
_NOT_AVAILABLE = "55P03"


@dataclass(frozen=True)
class Outcome:
    """What came of it. `databases` are those of the whole server. `comparison` None: there was nothing to compare with.
    `file_before` is the document that stood at `path`, None without one; `changed` tells that the file was or would be
    written.
    """

    document: dict[str, Any]
    databases: tuple[dict[str, Any], ...]
    comparison: dict[str, Any] | None
    path: str | None
    file_before: dict[str, Any] | None
    changed: bool
    notes: tuple[str, ...]


def take_inventory(session: Session, settings: SchemaInfoSettings, check_mode: bool) -> Outcome:
    """The inventory of the session's database; in check mode nothing is written.

    :raises RefusedError: when the earlier inventory is none; nothing was read or written.
    :raises PgOpsError: when the file cannot be written.
    :raises LockedError: when others held a lock all the while.
    :raises DatabaseError: when PostgreSQL refuses the reading as a whole.
    """
    scope = scope_of(settings)
    path = settings.path or None
    earlier, notes = _earlier(settings.compare_to)
    before = _document_in(read_whole(path)) if path else None
    document, databases, more = read_document(session, scope)
    comparison = None if earlier is None else compare(earlier, document)
    changed = path is not None and _without_time(before) != _without_time(document)
    if changed and path is not None and not check_mode:
        write_atomic(path, json_text(document))
    return Outcome(document, databases, comparison, path, before, changed, (*notes, *more))


def read_document(session: Session, scope: Scope) -> tuple[dict[str, Any], tuple[dict[str, Any], ...], tuple[str, ...]]:
    """The document of the session's database, the databases of its server, and sentences for whoever asked."""
    catalog, details, unread = _read(session, scope)
    notes = tuple(
        f"No schema of database {session.database} is called {name} or fits it."
        for name in scope.unmatched(catalog.schemas)
    )
    return build(catalog, details, scope, unread), databases_of(catalog), notes


def databases_of(catalog: Catalog) -> tuple[dict[str, Any], ...]:
    """The databases of the server by name, those that take no connections too."""
    return tuple(
        {
            "name": one.name,
            "owner": one.owner,
            "is_template": one.is_template,
            # An interrupted DROP DATABASE leaves one that nobody gets into, with this limit.
            "allows_connections": one.allows_connections and one.connection_limit != -2,
        }
        for _name, one in sorted(catalog.databases.items())
    )


def result_of(outcome: Outcome) -> dict[str, Any]:
    """What the module returns, cut to what a play can carry."""
    document = outcome.document
    inventory, truncated = shortened(document, INLINE)
    result: dict[str, Any] = {
        "changed": outcome.changed,
        "inventory": inventory,
        "truncated": truncated,
        "summary": document["summary"],
        "digest": document["digest"],
        "databases": list(outcome.databases),
        "unread": document["unread"],
        "notes": list(outcome.notes),
        "path": outcome.path,
    }
    result["comparison"] = None
    if outcome.comparison is not None:
        lists = {name: outcome.comparison[name] for name in ("added", "removed", "changed")}
        result["comparison"] = {
            **outcome.comparison,
            **{name: items[:OBJECTS] for name, items in lists.items()},
            "truncated": any(len(items) > OBJECTS for items in lists.values()),
        }
    if outcome.path is not None:
        result["diff"] = _diff(outcome)
    return result


def shortened(document: Mapping[str, Any], limit: int) -> tuple[dict[str, Any], bool]:
    """The document for a result, and whether it was cut: where it is longer than that, only the names of the objects
    stay, and where even those are too long, as many of each kind as there is room for.
    """
    if _length(document) <= limit:
        return dict(document), False
    kinds = [kind for kind in KINDS if kind in document]
    head = {name: value for name, value in document.items() if name not in kinds}
    room = (limit - _length(head)) // max(1, len(kinds))
    cut_down = {}
    for kind in kinds:
        left, entries = room, {}
        for name, facts in document[kind].items():
            entry = names_of(facts)
            left -= len(json.dumps(name)) + len(json.dumps(entry)) + 4
            if left < 0:
                break
            entries[name] = entry
        cut_down[kind] = entries
    return {**head, **cut_down}, True


def _length(document: Mapping[str, Any]) -> int:
    return len(json.dumps(document, ensure_ascii=False))


def _read(session: Session, scope: Scope) -> tuple[Catalog, Details, list[Unread]]:
    def want(catalog: Catalog) -> Wanted:
        return wanted(catalog, scope)

    def want_less(catalog: Catalog) -> Wanted:
        all_of_it = wanted(catalog, scope)
        return Wanted(definitions=all_of_it.definitions, texts=all_of_it.texts, types=all_of_it.types)

    if scope.depth != "full":
        return (*read_patiently(session, want), [])
    try:
        return (*read_catalog(session, want), [])
    except DatabaseError as error:
        if error.sqlstate != _NOT_AVAILABLE:
            return (*read_patiently(session, want), [])
        # Somebody holds something for himself alone: its size is not worth losing all the rest.
        reason = f"a table or sequence was locked by another session ({error})"
        return (*read_patiently(session, want_less), [Unread("sizes and sequence values", reason)])


def _earlier(said: str | Mapping[str, Any] | None) -> tuple[dict[str, Any] | None, tuple[str, ...]]:
    """What is to be compared with, and sentences about it."""
    if said is None or said == "":
        return None, ()
    if not isinstance(said, str):
        return read_inventory(said, "compare_to"), ()
    if said.lstrip().startswith("{"):
        return read_inventory(_parsed(said, "compare_to"), "compare_to"), ()
    path = os.path.expanduser(os.path.expandvars(said))
    content = read_whole(path)
    if content is None:
        # The first run of a schedule has nothing to compare with.
        return None, (f"There is no earlier inventory yet: {path} does not exist, so nothing was compared.",)
    return read_inventory(_parsed(content, path), path), ()


def _parsed(content: str | bytes, place: str) -> object:
    try:
        return json.loads(content)
    except ValueError as error:
        raise RefusedError(
            f"What stands in {place} is no JSON: {cut(str(error))}. Nothing was read or written."
        ) from error


def _document_in(content: bytes | None) -> dict[str, Any] | None:
    """The document in a file that is to be written anew: whatever else stands there counts as none."""
    try:
        found = json.loads(content) if content is not None else None
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _without_time(document: Mapping[str, Any] | None) -> dict[str, Any] | None:
    return None if document is None else {name: value for name, value in document.items() if name != "created"}


def _diff(outcome: Outcome) -> dict[str, str]:
    """The objects of the file that changed, before and after; not more of them than a screen can show."""
    sides: tuple[dict[str, Any], dict[str, Any]] = ({}, {})
    count = 0
    for kind in KINDS:
        old, new = _entries(outcome.file_before, kind), _entries(outcome.document, kind)
        for name in sorted({*old, *new}):
            pair = (old.get(name), new.get(name))
            if pair[0] == pair[1] or count >= OBJECTS:
                continue
            count += 1
            for side, facts in zip(sides, pair):
                if facts is not None:
                    side.setdefault(kind, {})[name] = facts
    before, after = (json_text(side) if side else "" for side in sides)
    header = str(outcome.path)
    return {"before_header": header, "after_header": header, "before": before, "after": after}


def _entries(document: Mapping[str, Any] | None, kind: str) -> dict[str, Any]:
    found = (document or {}).get(kind)
    return found if isinstance(found, dict) else {}
