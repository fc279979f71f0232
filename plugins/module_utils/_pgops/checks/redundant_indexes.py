# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Checks of indexes that others make needless."""

from __future__ import annotations

from collections.abc import Iterator

from ..model.catalog.relations import Index, Relation
from ..model.catalog.snapshot import Catalog
from ..model.finding import Found, Limit
from ..model.measured import Wanted
from .check import Group
from .indexes import index_comment, index_object, keys_text
from .parts.index_fixes import drop, size_of, wanted_of
from .parts.index_identity import Key, identity, implied, usable
from .parts.index_redundancy import KINDS, Redundant, keeper_reason, redundant_indexes, referred_to, serves_alone
from .parts.telling import size_text
from .seen import Seen

GROUP = Group("redundant-indexes", "Redundant indexes: what another index does as well, at the cost of every write.")

MEGABYTE = 1024.0 * 1024.0
WHY = (
    "Every INSERT, and most UPDATEs, write to each index of a table; each takes its share of memory, WAL, VACUUM and "
    "backups. A second one for the same work gives nothing for it."
)
FIX = (
    "Drop the one that the message names, CONCURRENTLY. First see that no hint, script or ON CONFLICT ON CONSTRAINT "
    "names "
    "it. An index of a partitioned table is dropped for all partitions at once, which locks them for a moment."
)


def _wants_redundant(catalog: Catalog) -> Wanted:
    found = redundant_indexes(catalog)
    return wanted_of(catalog, [one.index for one in found] + [one.kept for one in found])


def _found(seen: Seen, one: Redundant, message: str, severity: str | None = None) -> Found:
    catalog, sizes = seen.catalog, seen.details.sizes
    return Found(
        object=index_object(catalog, one.index),
        object_type="index",
        message=message,
        evidence={
            "kept": one.kept.name,
            "keys": keys_text(catalog, one.index),
            "kept_keys": keys_text(catalog, one.kept),
            "bytes": size_of(catalog, sizes, one.index),
            "kept_bytes": size_of(catalog, sizes, one.kept),
            "scans": one.index.scans,
        },
        severity=severity,
        fix=None if one.reason else drop(catalog, one.index, seen.details.definitions),
        no_fix=f"The index {one.index.name} cannot just be dropped: {one.reason}. A person must decide which of the "
        f"two "
        "to give up, and what hangs on it."
        if one.reason
        else "",
        comment=index_comment(one.index),
    )


def _advice(seen: Seen, one: Redundant, why: str) -> str:
    size = size_text(size_of(seen.catalog, seen.details.sizes, one.index))
    if one.reason:
        return f"{why}; neither can just be dropped, for {one.reason}"
    return f"{why}: drop {one.index.name} ({size}), keep {one.kept.name}{_merit(seen.catalog, one)}"


def _merit(catalog: Catalog, one: Redundant) -> str:
    """Why the kept one is the one to keep."""
    constraint = catalog.constraint_indexes.get(one.kept.oid)
    if constraint is not None:
        return f", which upholds the {KINDS[constraint.kind]}"
    if one.kept.unique and not one.index.unique:
        return ", which keeps keys apart"
    reason = keeper_reason(catalog, one.kept)
    return f", for {reason}" if reason else ""


@GROUP.check(
    "index-duplicate",
    severity="warning",
    title="Two indexes that are the same",
    why=WHY,
    how="Two valid indexes of a table agree in access method, keys, operator classes and their parameters, collations, "
    "order (or all of it the other way round, for an index is read from both ends), INCLUDE columns, predicate, and in "
    "whether and how they are unique. Expressions and predicates are compared as PostgreSQL writes them out.",
    avoids="A unique index is no duplicate of one that is not, nor of one that treats NULLs otherwise or can be "
    "deferred. "
    "BRIN indexes of other ranges and exclusion constraints differ. Attached indexes of partitions are judged at the "
    "root.",
    fix=FIX,
    wants=_wants_redundant,
)
def index_duplicate(seen: Seen) -> Iterator[Found]:
    """Indexes identical to another one of their table."""
    for one in redundant_indexes(seen.catalog):
        if one.how == "same":
            keys = keys_text(seen.catalog, one.index)
            turned = ", read from the other end" if one.index.ordering != one.kept.ordering else ""
            why = f"{one.index.name} is the same index of {one.table.name} {keys} as {one.kept.name}{turned}"
            yield _found(seen, one, f"{_advice(seen, one, why)}.")


@GROUP.check(
    "index-redundant-unique",
    severity="warning",
    title="An index that doubles a unique one",
    why=WHY
    + " This one stands beside the index of a primary key or another unique index, which every such key has anyway.",
    how="A valid index that is not unique agrees in all but uniqueness with one that is, or that upholds an exclusion "
    "constraint.",
    avoids="An index on a later column of a unique key is not redundant, nor is one with another order, operator "
    "class, "
    "collation or predicate. The unique index is never the one to drop.",
    fix=FIX,
    wants=_wants_redundant,
)
def index_redundant_unique(seen: Seen) -> Iterator[Found]:
    """Plain indexes identical to a unique one but for the uniqueness."""
    for one in redundant_indexes(seen.catalog):
        if one.how == "unique":
            keys = keys_text(seen.catalog, one.index)
            why = f"{one.index.name} finds by {keys} of {one.table.name} what the unique {one.kept.name} finds as well"
            if one.kept.exclusion and not one.kept.unique:
                why = why.replace("the unique ", "")
            yield _found(seen, one, f"{_advice(seen, one, why)}.")


@GROUP.check(
    "index-redundant-prefix",
    severity="warning",
    title="An index that is the beginning of a wider one",
    why=WHY,
    how="The keys of a valid B-tree that upholds nothing are the first keys of another, with the same operator "
    "classes, "
    "collations, order (or all of it the other way round) and predicate, and the other holds all its INCLUDE columns. "
    "Where the wider one is much larger, reading it costs more, and the finding is for information only.",
    avoids="Column names are not compared as texts, and only B-trees are compared by their beginnings. A unique index "
    "is "
    "redundant only beside one that is unique in the same keys. Indexes that back a constraint, a foreign key from "
    "elsewhere, a replica identity or CLUSTER are left alone.",
    fix=FIX,
    limits=(
        Limit("ratio", 3.0, "times", "From this size of the wider index, as a multiple, the finding is only an info."),
        Limit("bytes", MEGABYTE, "bytes", "Wider indexes smaller than this count as no larger."),
    ),
    wants=_wants_redundant,
)
def index_redundant_prefix(seen: Seen, ratio: float, bytes: float) -> Iterator[Found]:
    """Indexes whose keys are the first keys of another one."""
    for one in redundant_indexes(seen.catalog):
        if one.how != "wider":
            continue
        mine = size_of(seen.catalog, seen.details.sizes, one.index)
        its = size_of(seen.catalog, seen.details.sizes, one.kept)
        much = its >= bytes and its >= ratio * mine
        wide = keys_text(seen.catalog, one.kept)
        why = (
            f"{one.kept.name} {wide} of {one.table.name} begins with all of {one.index.name} "
            f"{keys_text(seen.catalog, one.index)}"
        )
        size = f" ({size_text(its)}, so that reading it costs more)" if much else ""
        yield _found(seen, one, f"{_advice(seen, one, why)}{size}.", "info" if much else None)


@GROUP.check(
    "index-unique-superset-of-unique",
    severity="info",
    level="extended",
    title="A unique key that follows from a smaller one",
    why="Where (a) is unique, (a, b) is so too. The wider key refuses nothing, and each write pays for two.",
    how="A unique B-tree has all keys of a smaller one and more, with the same operator classes and collations; the "
    "smaller one has no predicate or the same, is checked as early, and treats NULLs as strictly.",
    avoids="A wider key that a foreign key refers to is needed: that is what composite foreign keys ask for.",
    fix="Decide whether queries read the wider index, or ON CONFLICT names it; if not, drop it, else a plain index "
    "will "
    "do.",
)
def index_unique_superset(seen: Seen) -> Iterator[Found]:
    """Unique indexes whose uniqueness follows from another one."""
    catalog = seen.catalog
    for table in catalog.own:
        unique = [index for index in catalog.indexes.get(table.oid, ()) if index.unique and usable(index)]
        for wide in unique if len(unique) > 1 else ():
            smaller = next((one for one in unique if one is not wide and implied(catalog, wide, one)), None)
            if smaller is None or wide.parent or referred_to(catalog, wide):
                continue
            constraint = catalog.constraint_indexes.get(wide.oid)
            kind = "unique index" if constraint is None else KINDS[constraint.kind]
            yield Found(
                object=index_object(catalog, wide),
                object_type="index",
                message=f"The {kind} {wide.name} {keys_text(catalog, wide)} refuses no row that {smaller.name} "
                f"{keys_text(catalog, smaller)} does not refuse.",
                evidence={"smaller": smaller.name, "constraint": None if constraint is None else constraint.name},
                no_fix="Whether queries or ON CONFLICT need the wider key is not in the catalog; if they do not, drop "
                "it.",
                comment=index_comment(wide),
            )


def _wants_hash(catalog: Catalog) -> Wanted:
    return wanted_of(catalog, [hashed for _table, hashed, _tree in _hash_beside_btree(catalog)])


@GROUP.check(
    "index-hash-beside-btree",
    severity="info",
    level="extended",
    title="A hash index beside a B-tree of the same column",
    why="A B-tree finds equal values too, and more: ranges and order. The hash index is smaller for long values and a "
    "little faster, but each write pays for both.",
    how="The first key of a valid B-tree is the column or expression of a hash index, with the same collation, "
    "predicate "
    "and equality operator.",
    avoids="Other equality operators, collations and predicates make it another index.",
    fix="Drop the hash index CONCURRENTLY unless it was made to spare a B-tree of long values.",
    wants=_wants_hash,
)
def index_hash_beside_btree(seen: Seen) -> Iterator[Found]:
    """Hash indexes whose look-ups a B-tree serves."""
    catalog = seen.catalog
    for table, hashed, tree in _hash_beside_btree(catalog):
        size = size_of(catalog, seen.details.sizes, hashed)
        yield Found(
            object=index_object(catalog, hashed),
            object_type="index",
            message=f"The hash index {hashed.name} ({size_text(size)}) finds what the B-tree {tree.name} of "
            f"{table.name} "
            "finds as well.",
            evidence={"kept": tree.name, "bytes": size, "kept_bytes": size_of(catalog, seen.details.sizes, tree)},
            fix=drop(catalog, hashed, seen.details.definitions),
            confidence="likely",
            comment=index_comment(hashed),
        )


def _hash_beside_btree(catalog: Catalog) -> Iterator[tuple[Relation, Index, Index]]:
    for table in catalog.own:
        indexes = [index for index in catalog.indexes.get(table.oid, ()) if usable(index)]
        for hashed in indexes:
            if hashed.method != "hash" or keeper_reason(catalog, hashed):
                continue
            tree = next((one for one in indexes if one.method == "btree" and _finds_equal(catalog, one, hashed)), None)
            if tree is not None and serves_alone(catalog, hashed, (tree,)) is None:
                yield table, hashed, tree


def _finds_equal(catalog: Catalog, tree: Index, hashed: Index) -> bool:
    first, key = identity(catalog, tree).keys[0], identity(catalog, hashed).keys[0]
    same = (first.what, first.collation, tree.predicate) == (key.what, key.collation, hashed.predicate)
    return same and bool(_equalities(catalog, key)) and _equalities(catalog, key) <= _equalities(catalog, first)


def _equalities(catalog: Catalog, key: Key) -> frozenset[int]:
    return catalog.equalities.get(key.compared[0], frozenset())
