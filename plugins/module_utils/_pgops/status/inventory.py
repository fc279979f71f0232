# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The inventory of a database as one document: names instead of OIDs, a stable order, a digest. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from ..model.catalog.relations import Function, Relation
from ..model.catalog.snapshot import Catalog, Unread
from ..model.identifiers import quote_ident, quote_qualified
from ..model.measured import Details, Wanted
from ..model.settings.schema_info import KINDS
from .canonical import canonical
from .inventory_others import (
    TYPE_KINDS,
    extension_facts,
    function_facts,
    schema_facts,
    sequence_facts,
    type_facts,
)
from .inventory_parts import Facts, Parts, moment
from .inventory_relations import is_told, relation_facts
from .inventory_scope import Scope

DOCUMENT = "inventory"
SCHEMA_VERSION = 1
#: Kind of entries to the catalog's letters of relations.
_RELATIONS = {"tables": "rp", "foreign_tables": "f", "views": "v", "materialized_views": "m", "sequences": "S"}
#: What of an entry is told at the depth `names`.
_NAMES = ("schema", "name", "arguments", "kind")


def wanted(catalog: Catalog, scope: Scope) -> Wanted:
    """What is to be read beyond the catalog for this scope."""
    if scope.depth == "names":
        return Wanted(types=frozenset(_types(catalog)) if "types" in scope.kinds else frozenset())
    told = [one for kind in _RELATIONS for one in _relations(catalog, scope, kind)]
    holders = [one for one in told if one.kind in "rpm"]
    full = scope.depth == "full"
    return Wanted(
        sequences=frozenset(one.oid for one in told if one.kind == "S" and full and one.oid in catalog.sequences),
        definitions=frozenset(index.oid for one in holders for index in catalog.indexes.get(one.oid, ())),
        sizes=frozenset(_sized(catalog, holders)) if full else frozenset(),
        texts=frozenset(_texts(catalog, scope, told)),
        types=frozenset(_types(catalog)) if "types" in scope.kinds else frozenset(),
    )


def build(catalog: Catalog, details: Details, scope: Scope, unread: Iterable[Unread] = ()) -> dict[str, Any]:
    """The document. `unread`: what else could not be read."""
    parts = Parts(catalog, details, scope.depth == "full")
    entries = {kind: _ENTRIES[kind](parts, scope) for kind in scope.kinds}
    if scope.depth == "names":
        entries = {kind: {name: names_of(facts) for name, facts in some.items()} for kind, some in entries.items()}
    server = catalog.server
    head = {
        "kind": DOCUMENT,
        "schema_version": SCHEMA_VERSION,
        "created": moment(server.now),
        "database": server.database,
        "server_version": server.version_text,
        "owner": server.owner,
        "encoding": server.encoding,
        "collation": server.collation,
    }
    return {
        **head,
        "digest": digest({**head, **entries}),
        "scope": scope.as_dict(),
        "summary": summary(entries),
        **entries,
        "unread": [{"what": one.what, "reason": one.reason} for one in [*unread, *_unread(parts, scope)]],
    }


def names_of(facts: Facts) -> Facts:
    """What of an entry is told at the depth `names`."""
    return {name: facts[name] for name in _NAMES if name in facts}


def summary(entries: Mapping[str, Mapping[str, Any]]) -> dict[str, int]:
    """How many there are of each kind, and of what stands within them."""
    counts = {kind: len(some) for kind, some in entries.items()}
    for within in ("columns", "constraints", "indexes", "triggers", "policies"):
        found = [len(facts[within]) for some in entries.values() for facts in some.values() if within in facts]
        if found:
            counts[within] = sum(found)
    return counts


def structure(document: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """What counts when documents are compared: entries by kind and name, without what is measured, and spelled alike
    whether they were dumped and restored or not.
    """
    found = {
        kind: {name: _lasting(facts) for name, facts in document[kind].items()} for kind in KINDS if kind in document
    }
    found["database"] = {"": {name: document.get(name) for name in ("encoding", "collation")}}
    return found


def digest(document: Mapping[str, Any]) -> str:
    """64 hex digits that are the same for the same structure, in whatever order and wherever it was read."""
    return digest_of(structure(document))


def digest_of(entries: Mapping[str, Any]) -> str:
    """The digest of what `structure` gave."""
    text = json.dumps(entries, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def _lasting(facts: Any) -> Any:
    if not isinstance(facts, Mapping):
        return canonical(facts)
    left = {name: value for name, value in facts.items() if name != "measured"}
    if isinstance(left.get("indexes"), Mapping):
        left["indexes"] = {name: _lasting(index) for name, index in left["indexes"].items()}
    return canonical(left)


def _relations(catalog: Catalog, scope: Scope, kind: str) -> Iterator[Relation]:
    if kind in scope.kinds:
        letters = _RELATIONS[kind]
        yield from (one for one in catalog.own if one.kind in letters and scope.covers(one.schema))


def _entries_of_relations(kind: str) -> Callable[[Parts, Scope], dict[str, Facts]]:
    make = sequence_facts if kind == "sequences" else relation_facts

    def entries(parts: Parts, scope: Scope) -> dict[str, Facts]:
        return {
            quote_qualified(one.schema, one.name): make(parts, one) for one in _relations(parts.catalog, scope, kind)
        }

    return entries


def _schemas(parts: Parts, scope: Scope) -> dict[str, Facts]:
    schemas = parts.catalog.schemas.values()
    return {
        quote_ident(one.name): schema_facts(parts, one)
        for one in schemas
        if scope.covers(one.name) and not one.of_extension
    }


def _functions(parts: Parts, scope: Scope) -> dict[str, Facts]:
    found = {parts.function(one.oid): function_facts(parts, one) for one in _told_functions(parts.catalog, scope)}
    return dict(sorted(found.items(), key=lambda item: (item[1]["schema"], item[1]["name"], item[0])))


def _type_entries(parts: Parts, scope: Scope) -> dict[str, Facts]:
    found = {
        quote_qualified(one.schema, one.name): type_facts(parts, oid, one)
        for oid, one in parts.details.types.items()
        if scope.covers(one.schema)
    }
    return dict(sorted(found.items(), key=lambda item: (item[1]["schema"], item[1]["name"])))


def _extensions(parts: Parts, scope: Scope) -> dict[str, Facts]:
    extensions = parts.catalog.extensions.values()
    # An extension belongs to the whole database, whatever schema it keeps its objects in.
    return {quote_ident(one.name): extension_facts(parts, one) for one in extensions}


_ENTRIES: dict[str, Callable[[Parts, Scope], dict[str, Facts]]] = {
    "schemas": _schemas,
    "functions": _functions,
    "types": _type_entries,
    "extensions": _extensions,
    **{kind: _entries_of_relations(kind) for kind in _RELATIONS},
}


def _told_functions(catalog: Catalog, scope: Scope) -> Iterator[Function]:
    if "functions" not in scope.kinds:
        return
    ranges = {one.name for one in catalog.types.values() if one.kind in "rm" and not one.builtin}
    for one in catalog.functions.values():
        # The constructors of a range come along with their type.
        constructor = one.language == "internal" and quote_qualified(one.schema, one.name) in ranges
        if scope.covers(one.schema) and not one.of_extension and not constructor:
            yield one


def _types(catalog: Catalog) -> Iterator[int]:
    """Types that users made, without those that come along with others."""
    for oid, one in catalog.types.items():
        array = one.category == "A" and one.element
        if one.kind in TYPE_KINDS and not (one.builtin or one.of_extension or array):
            yield oid


def _sized(catalog: Catalog, holders: Iterable[Relation]) -> Iterator[int]:
    for one in holders:
        if one.kind != "p":
            yield one.oid
            yield from (index.oid for index in catalog.indexes.get(one.oid, ()) if index.kind != "I")


def _texts(catalog: Catalog, scope: Scope, told: Iterable[Relation]) -> Iterator[tuple[str, int]]:
    constraints = {one.oid: one for many in catalog.constraints.values() for one in many}
    ruled = {rule.table for rule in catalog.rules}
    for one in told:
        oid = one.oid
        if one.kind in "vm":
            yield "view", oid
        if one.kind == "f":
            yield "foreign", oid
        if one.is_partition:
            yield "bound", oid
        if oid in ruled:
            yield "rules", oid
        yield from (("constraint", key.oid) for key in catalog.constraints.get(oid, ()) if is_told(constraints, key))
        yield from (("trigger", trigger.oid) for trigger in catalog.triggers.get(oid, ()) if not trigger.internal)
        for column in catalog.columns.get(oid, ()):
            kind = catalog.types.get(column.type_oid)
            if column.collation and (kind is None or column.collation != kind.collation):
                yield "collation", column.collation
    for function in _told_functions(catalog, scope):
        yield "function", function.oid
        yield "result", function.oid


def _unread(parts: Parts, scope: Scope) -> Iterator[Unread]:
    if not parts.full:
        return
    hidden = [
        quote_qualified(one.schema, one.name)
        for one in _relations(parts.catalog, scope, "sequences")
        if one.oid in parts.catalog.sequences and not parts.catalog.sequences[one.oid].readable
    ]
    if hidden:
        some = ", ".join(hidden[:5]) + (" and others" if len(hidden) > 5 else "")
        yield Unread(
            "sequence values",
            f"this role may not read the last value of {len(hidden)} sequence{'s' if len(hidden) > 1 else ''}: {some}",
        )
