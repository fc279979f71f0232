# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Checks of how indexes are made: keys and predicates that do not fit what an index is good for."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from ..model.catalog.relations import Column, ColumnStatistics, Index, Relation
from ..model.catalog.snapshot import Catalog
from ..model.finding import Fix, Found, Limit, NotChecked, Value
from ..model.identifiers import quote_ident
from ..model.measured import Wanted
from .check import Group
from .indexes import index_comment, index_object, keys_text
from .parts.index_fixes import drop, replace, size_of, wanted_of
from .parts.index_identity import usable
from .parts.index_redundancy import keeper_reason, same_without_predicate, serves_alone
from .parts.telling import listed, not_seen, size_text
from .seen import Seen

GROUP = Group("index-design", "Design of indexes: keys and predicates that do not fit what an index is good for.")

#: pg_type's OIDs of date, timestamp and timestamptz.
POINTS_IN_TIME = frozenset({1082, 1114, 1184})
MEGABYTE = 1024.0 * 1024.0
#: From this share of NULLs on an index may be worth reading in full, whatever limit a person set above it.
SOME_NULLS = 0.2
WHOLE_TREE = "Of a partitioned table the index is made for the whole tree: make the new one, then drop this one."
UNSEEN = "there are no statistics of its columns, or this role may not see them"


def _trees(catalog: Catalog) -> Iterator[tuple[Relation, Index]]:
    """B-trees that queries may use, of partition trees those of the root."""
    for table in catalog.own:
        for index in catalog.indexes.get(table.oid, ()):
            if index.method == "btree" and usable(index) and not index.parent and not index.of_extension:
                yield table, index


def _plain(catalog: Catalog) -> Iterator[tuple[Relation, Index, Column]]:
    """B-trees of one column of all rows that are there for queries alone."""
    for table, index in _trees(catalog):
        if index.keys != 1 or index.unique or index.predicate is not None:
            continue
        column = catalog.column(table.oid, index.columns[0])
        if column is not None and not keeper_reason(catalog, index):
            yield table, index, column


def _statistics(catalog: Catalog, table: Relation, column: Column) -> ColumnStatistics | None:
    return catalog.statistics.get(table.oid, {}).get(column.name)


def _unseen(catalog: Catalog, table: Relation) -> bool:
    """Whether a table is large enough for its statistics to be read, and has none."""
    pages = sum(leaf.pages for leaf in catalog.leaves(table))
    return table.oid not in catalog.statistics and pages * catalog.server.block_size >= MEGABYTE


def _rows(catalog: Catalog, table: Relation) -> float:
    return sum(max(leaf.rows, 0.0) for leaf in catalog.leaves(table))


def _is(catalog: Catalog, column: Column, category: str) -> bool:
    base = catalog.base_type(column.type_oid)
    return base is not None and base.category == category


def _found(
    catalog: Catalog,
    index: Index,
    message: str,
    evidence: dict[str, Value],
    fix: Fix | None = None,
    no_fix: str = "",
    confidence: str = "likely",
) -> Found:
    return Found(
        object=index_object(catalog, index),
        object_type="index",
        message=message,
        evidence=evidence,
        fix=fix,
        no_fix="" if fix else no_fix,
        confidence=confidence,
        comment=index_comment(index),
    )


@GROUP.check(
    "index-btree-on-array",
    severity="info",
    level="extended",
    title="A B-tree of an array",
    why="A B-tree finds whole arrays, equal or in order. It cannot find the arrays that hold a value, which is what is "
    "mostly asked of them (@>, &&, = ANY).",
    how="A key of a valid B-tree that is not unique has an array type, or a domain over one.",
    avoids="Unique indexes keep arrays apart and are left alone. Expressions are not looked into.",
    fix="Where values within the arrays are looked for, make a GIN index instead.",
)
def index_btree_on_array(seen: Seen) -> Iterator[Found]:
    """B-trees with an array among their keys."""
    catalog = seen.catalog
    for table, index in _trees(catalog):
        columns = [catalog.column(table.oid, number) for number in index.key_columns]
        arrays = [column.name for column in columns if column is not None and _is(catalog, column, "A")]
        if arrays and not index.unique:
            yield _found(
                catalog,
                index,
                f"The B-tree {index.name} of {table.name} has the array {listed(arrays)} as a key, within which it "
                f"finds "
                "nothing.",
                {"columns": list(arrays)},
                no_fix="Whether whole arrays are compared or values are looked for within them is known to the "
                "queries; "
                "for the latter make a GIN index and drop this one.",
                confidence="possible",
            )


def _wants_definitions(catalog: Catalog) -> Wanted:
    return wanted_of(catalog, [index for _table, index in _trees(catalog) if _says_nothing(catalog, index)])


@GROUP.check(
    "index-useless-predicate",
    severity="warning",
    title="A partial index that leaves nothing out",
    why="Every row is in the index, but queries that do not say that the column is not NULL pass it by, and so does ON "
    "CONFLICT. From PostgreSQL 17 on even those that say so do: the planner drops a condition that always holds before "
    "it looks for an index.",
    how="The predicate says no more than that columns are not NULL, and all of them are declared NOT NULL. Before "
    "PostgreSQL 17 the finding is for information only.",
    avoids="A NOT NULL constraint that is not validated (PostgreSQL 18) does not count, nor does one without NULLs.",
    fix="Make the index without its predicate, under another name first.",
    wants=_wants_definitions,
)
def index_useless_predicate(seen: Seen) -> Iterator[Found]:
    """Partial indexes whose predicate holds for every row."""
    catalog = seen.catalog
    for table, index in _trees(catalog):
        if _says_nothing(catalog, index):
            same = same_without_predicate(catalog, index)
            beside = f" {same.name} does the same without it." if same is not None else ""
            definitions = seen.details.definitions
            found = _found(
                catalog,
                index,
                f"The predicate {index.predicate} of {index.name} leaves out no row of {table.name}, but hides it."
                + beside,
                {"predicate": index.predicate, "same": same.name if same is not None else None},
                fix=replace(catalog, index, definitions, None) if same is None else drop(catalog, index, definitions),
                no_fix=WHOLE_TREE,
                confidence="certain",
            )
            yield found if catalog.server.major >= 17 else dataclasses.replace(found, severity="info")


def _says_nothing(catalog: Catalog, index: Index) -> bool:
    predicate = index.predicate
    if predicate is None or "IS NOT NULL" not in predicate:
        return False
    loose = {
        constraint.columns
        for constraint in catalog.constraints.get(index.table, ())
        if constraint.kind == "n" and not constraint.validated
    }
    never = {
        f"({quote_ident(column.name, catalog.server.major)} IS NOT NULL)"
        for column in catalog.columns.get(index.table, ())
        if column.not_null and (column.number,) not in loose
    }
    if predicate in never:
        return True
    # A conjunction stands in parentheses of its own.
    return predicate.startswith("((") and all(part in never for part in predicate[1:-1].split(" AND "))


@GROUP.check(
    "index-on-boolean",
    severity="info",
    level="extended",
    title="An index of nothing but a boolean",
    why="One of two values is mostly found in so many rows that reading the table is cheaper, and then the index is "
    "never "
    "used; where one value is rare, a partial index of that value is a fraction of the size.",
    how="The only key of a valid B-tree of all rows is a boolean, or a domain over one.",
    avoids="A boolean before or after other keys does its work and is left alone, so are unique and partial indexes.",
    fix="Make a partial index (WHERE the rare value) of the column that such queries ask for beside it, or drop it.",
)
def index_on_boolean(seen: Seen) -> Iterator[Found]:
    """B-trees whose only key is a boolean."""
    catalog = seen.catalog
    for table, index, column in _plain(catalog):
        if _is(catalog, column, "B"):
            yield _found(
                catalog,
                index,
                f"The only key of {index.name} is {column.name} of {table.name}, which has two values.",
                {"column": column.name, "rows": _rows(catalog, table)},
                no_fix="Which of the two values is looked for, and by which other column, is known to the queries.",
            )


@GROUP.check(
    "index-low-cardinality",
    severity="info",
    level="extended",
    title="An index of a column with few values",
    why="Each value is found in so many rows that reading the table is mostly cheaper, while each write pays for the "
    "index.",
    how="The only key of a valid B-tree of all rows is a column with few distinct values, by the statistics of the "
    "last "
    "ANALYZE.",
    avoids="An index that alone serves a foreign key is needed. Booleans have a check of their own, and small tables "
    "are "
    "left alone. A value that is rare may still make the index worth its cost.",
    fix="Where one rare value is looked for, make a partial index of it; else drop the index or put a second key "
    "behind it.",
    limits=(
        Limit("values", 5.0, "values", "A column with at most so many distinct values has few."),
        Limit("rows", 10_000.0, "rows", "Tables with fewer rows are left alone."),
    ),
)
def index_low_cardinality(seen: Seen, values: float, rows: float) -> Iterator[Found | NotChecked]:
    """B-trees whose only key has few distinct values."""
    catalog = seen.catalog
    unseen: set[Relation] = set()
    for table, index, column in _plain(catalog):
        count = _rows(catalog, table)
        if count < rows or _is(catalog, column, "B"):
            continue
        statistics = _statistics(catalog, table, column)
        if statistics is None:
            unseen |= {table} if _unseen(catalog, table) else set()
            continue
        distinct = statistics.distinct if statistics.distinct >= 0 else -statistics.distinct * count
        others = tuple(other for other in catalog.indexes[table.oid] if other is not index)
        if 0 < distinct <= values and serves_alone(catalog, index, others) is None:
            yield _found(
                catalog,
                index,
                f"The only key of {index.name}, {column.name} of {table.name}, has about {distinct:.0f} distinct "
                f"values in "
                f"{count:,.0f} rows.",
                {"column": column.name, "distinct": distinct, "rows": count},
                no_fix="Whether a rare value is looked for is known to the queries.",
                confidence="possible",
            )
    yield from not_seen("index-low-cardinality", unseen, UNSEEN)


@GROUP.check(
    "index-timestamp-not-last",
    severity="info",
    level="extended",
    title="An index with a point in time before other keys",
    why="Times are mostly asked for by range, and a B-tree searches by no key after a range: it reads all entries of "
    "the "
    "range. Keys that are compared with = belong before it.",
    how="A date or timestamp stands before another key of a valid B-tree that is not unique.",
    avoids="Keys of the primary key behind it make the order of rows with the same time definite, which is how pages "
    "of "
    "results are fetched: such indexes are left alone.",
    fix="Make an index with the point in time as the last key, if queries compare the others with =.",
)
def index_timestamp_not_last(seen: Seen) -> Iterator[Found]:
    """B-trees with a date or timestamp before other keys."""
    catalog = seen.catalog
    for table, index in _trees(catalog):
        primary = catalog.key_of.get(table.oid)
        definite = set() if primary is None else set(primary.columns)
        for place, number in enumerate(index.key_columns[:-1]):
            column = catalog.column(table.oid, number)
            base = None if column is None else catalog.base_type(column.type_oid)
            if column is None or base is None or base.oid not in POINTS_IN_TIME or index.unique:
                continue
            if not definite.issuperset(index.key_columns[place + 1 :]):
                yield _found(
                    catalog,
                    index,
                    f"In {index.name} {keys_text(catalog, index)} of {table.name} the point in time {column.name} "
                    f"stands "
                    "before other keys.",
                    {"column": column.name, "keys": keys_text(catalog, index)},
                    no_fix="Whether the time is asked for by range, and the keys behind it with =, is known to the "
                    "queries.",
                    confidence="possible",
                )
                break


def _wants_null_heavy(catalog: Catalog) -> Wanted:
    wanted = []
    for table, index, column in _plain(catalog):
        statistics = _statistics(catalog, table, column)
        if statistics is not None and statistics.null_fraction >= SOME_NULLS:
            wanted.append(index)
    return wanted_of(catalog, wanted)


@GROUP.check(
    "index-null-heavy",
    severity="info",
    level="extended",
    title="An index that holds mostly NULLs",
    why="Entries for NULL take space and are written like others, though queries hardly ever look for NULLs by index.",
    how="The only key of a valid B-tree of all rows was NULL in most rows that the last ANALYZE saw, and the index is "
    "not "
    "small.",
    avoids="Unique indexes, those of a constraint or of CLUSTER, and small ones are left alone. A foreign key is "
    "served by "
    "an index of what is not NULL just as well.",
    fix="Make a partial index of what is not NULL in its place, unless queries look for NULLs by it or read all rows "
    "in "
    "its order.",
    limits=(
        Limit("share", 0.5, "share", "From this share of NULLs on they are most of the index."),
        Limit("bytes", MEGABYTE, "bytes", "Smaller indexes are left alone."),
    ),
    wants=_wants_null_heavy,
)
def index_null_heavy(seen: Seen, share: float, bytes: float) -> Iterator[Found | NotChecked]:
    """B-trees of one column most of whose entries are NULL."""
    catalog = seen.catalog
    unseen: set[Relation] = set()
    for table, index, column in _plain(catalog):
        size = size_of(catalog, seen.details.sizes, index)
        if size < bytes or column.not_null:
            continue
        statistics = _statistics(catalog, table, column)
        if statistics is None:
            unseen |= {table} if _unseen(catalog, table) else set()
        elif statistics.null_fraction >= share:
            predicate = f"({quote_ident(column.name, catalog.server.major)} IS NOT NULL)"
            yield _found(
                catalog,
                index,
                f"About {statistics.null_fraction:.0%} of the entries of {index.name} ({size_text(size)}) are NULL in "
                f"{column.name} of {table.name}.",
                {"column": column.name, "null_fraction": statistics.null_fraction, "bytes": size},
                fix=replace(catalog, index, seen.details.definitions, predicate),
                no_fix="An index of a partitioned table is made again for the whole tree: make the partial one, then "
                "drop "
                "this one.",
            )
    yield from not_seen("index-null-heavy", unseen, UNSEEN)


@GROUP.check(
    "index-over-max-key",
    severity="info",
    level="extended",
    title="A B-tree of values near the largest it can hold",
    why="A B-tree holds no entry larger than a third of a page (2,704 bytes at 8 kB, compressed): a row with a longer "
    "value "
    "is refused. Long keys also make the tree deep and its pages few entries wide.",
    how="The average width of all columns of a valid B-tree, by the statistics of the last ANALYZE, is a good part of "
    "that.",
    avoids="Expressions have no statistics here and are not counted: an index of md5(column) is a cure. Values that "
    "compress well fit although they are long.",
    fix="Index a hash of the value (a hash index, or an expression such as md5), or the first part of it.",
    limits=(Limit("share", 0.25, "share", "From this share of the largest entry on the average is near it."),),
)
def index_over_max_key(seen: Seen, share: float) -> Iterator[Found | NotChecked]:
    """B-trees whose entries are, on average, a good part of the largest entry there can be."""
    catalog = seen.catalog
    # BTMaxItemSize of nbtree.h: three entries must fit into a page beside its header and trailer.
    largest = (catalog.server.block_size - 56) // 3 // 8 * 8 - 8
    unseen: set[Relation] = set()
    for table, index in _trees(catalog):
        columns = [column for column in (catalog.column(table.oid, number) for number in index.columns) if column]
        varying = [column for column in columns if _varies(catalog, column)]
        known = [_statistics(catalog, table, column) for column in columns]
        if varying and None in known and _unseen(catalog, table):
            unseen.add(table)
        width = sum(one.width for one in known if one is not None)
        if varying and width >= share * largest:
            yield _found(
                catalog,
                index,
                f"Entries of {index.name} are {width:,} bytes wide on average, and more than {largest:,} bytes after "
                f"compression make {table.name} refuse a row.",
                {"width": width, "largest": largest},
                no_fix="How long values may become, and whether they are compared in order or only for equality, is "
                "known "
                "to the application.",
                confidence="possible",
            )
    yield from not_seen("index-over-max-key", unseen, UNSEEN)


def _varies(catalog: Catalog, column: Column) -> bool:
    base = catalog.base_type(column.type_oid)
    return base is None or base.length < 0
