# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which indexes are of no use because of another, which of the two to keep, and what forbids to drop the other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ...model.catalog.relations import Constraint, Index, Relation
from ...model.catalog.snapshot import Catalog
from .fixes import name_of
from .index_identity import Identity, contains, covers, identity, usable
from .key_sql import serves

#: What hangs on a key constraint, as sentences say it.
KINDS = {"p": "primary key", "u": "unique key", "x": "exclusion constraint"}


@dataclass(frozen=True)
class Redundant:
    """An index that another does the work of. `how`: `same`, `unique` (the same, but the kept one also keeps keys
    apart or upholds an exclusion constraint), `wider` (its keys begin with the index's).

    `reason` is why it may not be dropped, '' where it may.
    """

    table: Relation
    index: Index
    kept: Index
    how: str
    reason: str


def redundant_indexes(catalog: Catalog) -> tuple[Redundant, ...]:
    """All redundant indexes of the database, each once, in the order of their names."""
    return catalog.once(_redundant)


def trees(catalog: Catalog) -> dict[int, tuple[Index, ...]]:
    """Partitioned index (OID) to the indexes that are attached to it directly."""
    return catalog.once(_trees)


def whole(catalog: Catalog, index: Index) -> Iterator[Index]:
    """An index and all that is attached below it, parents first."""
    yield index
    for below in trees(catalog).get(index.oid, ()):
        yield from whole(catalog, below)


def keeper_reason(catalog: Catalog, index: Index) -> str:
    """Why an index may not be dropped, '' where it may: something beside queries needs it."""
    for one in whole(catalog, index):
        constraint = catalog.constraint_indexes.get(one.oid)
        if constraint is not None:
            return f"it upholds the {KINDS[constraint.kind]} {constraint.name}"
        user = catalog.once(_relied_on).get(one.oid)
        if user is not None:
            return f"the foreign key {user[1].name} of {name_of(user[0])} relies on it"
        if one.replica_identity:
            return "it is the replica identity of its table"
        if one.clustered:
            return "its table is clustered by it"
        if one.of_extension:
            return "it belongs to an extension"
    return f"it is part of the index {name_of(catalog.index_by_oid[index.parent])}" if _attached(catalog, index) else ""


def referred_to(catalog: Catalog, index: Index) -> bool:
    """Whether a foreign key refers to the keys of an index, or of one below it."""
    return any(one.oid in catalog.once(_relied_on) for one in whole(catalog, index))


def serves_alone(catalog: Catalog, index: Index, besides: tuple[Index, ...]) -> Constraint | None:
    """A foreign key whose look-ups this index serves and none of those `besides` does."""
    for constraint in catalog.constraints.get(index.table, ()):
        if constraint.kind != "f" or not serves(catalog, constraint, index):
            continue
        if not any(serves(catalog, constraint, other) for other in besides):
            return constraint
    return None


def same_without_predicate(catalog: Catalog, index: Index) -> Index | None:
    """Another index that does all that this one would do without its predicate, where nothing else needs this one."""
    if keeper_reason(catalog, index):
        return None
    plain = index._replace(predicate=None)
    wanted = identity(catalog, plain)
    others = (one for one in catalog.indexes.get(index.table, ()) if one.oid != index.oid and one.predicate is None)
    return next(
        (one for one in others if usable(one) and (identity(catalog, one) == wanted or covers(catalog, one, plain))),
        None,
    )


def _redundant(catalog: Catalog) -> tuple[Redundant, ...]:
    return tuple(
        found
        for table in catalog.own
        if len(catalog.indexes.get(table.oid, ())) > 1
        for found in sorted(_of_table(catalog, table), key=lambda one: one.index.name)
        # An attached index is judged with the whole tree, at its root.
        if not _attached(catalog, found.index) and serves_alone(catalog, found.index, (found.kept,)) is None
    )


def _of_table(catalog: Catalog, table: Relation) -> Iterator[Redundant]:
    """Only indexes of one method, first key and predicate can have to do with each other: most are alone."""
    groups: dict[tuple[object, ...], list[Index]] = {}
    for index in catalog.indexes[table.oid]:
        if usable(index):
            first = index.columns[0] or index.key_texts[0]
            groups.setdefault((index.method, first, index.predicate), []).append(index)
    for indexes in groups.values():
        if len(indexes) > 1:
            yield from _among(catalog, table, indexes)


def _among(catalog: Catalog, table: Relation, indexes: list[Index]) -> Iterator[Redundant]:
    same: dict[Identity, list[Index]] = {}
    for index in indexes:
        same.setdefault(identity(catalog, index), []).append(index)
    alike: dict[Identity, list[tuple[Identity, Index]]] = {}
    for what, group in same.items():
        kept, *rest = _ranked(catalog, group)
        yield from (Redundant(table, index, kept, "same", keeper_reason(catalog, index)) for index in rest)
        alike.setdefault(what._replace(apart=None), []).append((what, kept))
    remaining = []
    for pairs in alike.values():
        stricter = _ranked(catalog, [index for what, index in pairs if what.apart is not None])
        for what, index in pairs:
            if stricter and what.apart is None:
                yield Redundant(table, index, stricter[0], "unique", keeper_reason(catalog, index))
            else:
                remaining.append((what, index))
    yield from _prefixes(catalog, table, remaining)


def _prefixes(catalog: Catalog, table: Relation, known: list[tuple[Identity, Index]]) -> Iterator[Redundant]:
    wider = {
        index.oid: [other for its, other in known if other is not index and contains(its, other, what, index)]
        for what, index in known
    }
    for _what, index in known:
        # What covers a covering index covers this one too: the one to name is covered by none.
        lasting = [other for other in wider[index.oid] if not wider[other.oid]]
        if lasting and not keeper_reason(catalog, index):
            yield Redundant(table, index, min(lasting, key=_width), "wider", "")


def _ranked(catalog: Catalog, indexes: list[Index]) -> list[Index]:
    """Indexes that do the same; the first is kept."""
    return indexes if len(indexes) < 2 else sorted(indexes, key=lambda index: _rank(catalog, index))


def _width(index: Index) -> tuple[int, int, str]:
    """What is cheaper to read comes first; sizes count by their order of magnitude, so that the choice lasts."""
    return (len(index.columns), index.pages.bit_length(), index.name)


def _rank(catalog: Catalog, index: Index) -> tuple[object, ...]:
    constraint = catalog.constraint_indexes.get(index.oid)
    return (
        not index.primary,
        constraint is None,
        not keeper_reason(catalog, index),
        sum(bits & 1 for bits in index.ordering),
        len(index.name),
        index.name,
    )


def _attached(catalog: Catalog, index: Index) -> bool:
    return index.parent in catalog.index_by_oid


def _trees(catalog: Catalog) -> dict[int, tuple[Index, ...]]:
    found: dict[int, list[Index]] = {}
    for indexes in catalog.indexes.values():
        for index in indexes:
            if index.parent:
                found.setdefault(index.parent, []).append(index)
    return {oid: tuple(below) for oid, below in found.items()}


def _relied_on(catalog: Catalog) -> dict[int, tuple[Relation, Constraint]]:
    """Index (OID) to a foreign key that refers to its keys."""
    return {
        constraint.index_oid: (catalog.relations[table], constraint)
        for table, constraints in catalog.constraints.items()
        for constraint in constraints
        if constraint.kind == "f" and table in catalog.relations
    }
