# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Checks of what tables must have to be kept, told apart and copied: keys, identities, durability."""

from __future__ import annotations

from collections.abc import Iterator

from ..model.catalog.relations import Index, Relation
from ..model.catalog.snapshot import Catalog
from ..model.finding import Fix, Found, Limit, Lock, Step
from ..model.identifiers import quote_ident
from ..model.measured import Wanted
from .check import Group
from .parts.fixes import ACCESS_EXCLUSIVE, name_of, outside, statement
from .parts.telling import by_root, listed, partitions_named, table_comment
from .seen import Seen

GROUP = Group("tables", "Tables: keys that tell rows apart, identities for replication, and what survives a crash.")

#: MaxHeapAttributeNumber of PostgreSQL: more columns a table cannot have, and dropped ones stay counted.
MOST_COLUMNS = 1600


def is_key(catalog: Catalog, index: Index) -> bool:
    """Whether an index tells every row of its table from every other, at any time."""
    if not (index.unique and index.valid and index.ready and index.live and index.immediate):
        return False
    if index.predicate is not None or 0 in index.key_columns:
        return False
    return index.nulls_not_distinct or _not_null(catalog, index)


def identifies(catalog: Catalog, index: Index) -> bool:
    """Whether an index may be a table's replica identity."""
    return is_key(catalog, index) and index.method == "btree" and _not_null(catalog, index)


def _not_null(catalog: Catalog, index: Index) -> bool:
    columns = [catalog.column(index.table, number) for number in index.key_columns]
    return all(column is not None and column.not_null for column in columns)


def _may_become_primary(catalog: Catalog, index: Index) -> bool:
    """What ADD PRIMARY KEY USING INDEX asks of an index beyond being a key."""
    if not identifies(catalog, index) or index.nulls_not_distinct or index.oid in catalog.constraint_indexes:
        return False
    for place, number in enumerate(index.key_columns):
        column = catalog.column(index.table, number)
        operator_class = catalog.operator_classes.get(index.classes[place])
        if operator_class is None or not operator_class.default or index.ordering[place]:
            return False
        if column is None or column.collation != index.collations[place]:
            return False
    return index.name not in {constraint.name for constraint in catalog.constraints.get(index.table, ())}


def _keys(catalog: Catalog, table: Relation) -> list[Index]:
    return [index for index in catalog.indexes.get(table.oid, ()) if is_key(catalog, index)]


def _future_primary_keys(catalog: Catalog) -> Wanted:
    return Wanted(
        definitions=frozenset(
            index.oid
            for table in catalog.table_roots
            if table.kind == "r" and table.oid not in catalog.key_of
            for index in catalog.indexes.get(table.oid, ())
            if _may_become_primary(catalog, index)
        )
    )


@GROUP.check(
    "table-no-primary-key",
    severity="warning",
    title="A table without a primary key",
    why="Nothing says which columns name a row: a double row can neither be refused nor corrected alone, no foreign "
    "key can refer to it by default, and logical replication refuses UPDATE and DELETE.",
    how="No constraint of the kind PRIMARY KEY. Where another unique key tells the rows apart, the finding is only an "
    "info; so it is for unlogged tables, which often hold what is loaded and thrown away.",
    avoids="Of a partition tree the root is judged, once. Tables of extensions are left out.",
    fix="Where a plain unique index over NOT NULL columns exists, make it the primary key. Else a person must say what "
    "names a row.",
    wants=_future_primary_keys,
)
def table_no_primary_key(seen: Seen) -> Iterator[Found]:
    """Tables without a primary key."""
    catalog = seen.catalog
    for table in catalog.table_roots:
        if table.oid in catalog.key_of:
            continue
        keys = _keys(catalog, table)
        ready = [index for index in keys if table.kind == "r" and _may_become_primary(catalog, index)]
        others = f"; unique {listed([index.name for index in keys])} could stand for it" if keys else ""
        yield Found(
            object=(table.schema, table.name),
            object_type="table",
            message=f"{table.name} has no primary key{others}.",
            evidence={"unique_keys": [index.name for index in keys], "rows": max(table.rows, 0.0)},
            fix=_primary_from(catalog, seen, table, ready[0]) if ready else None,
            severity="info" if keys or table.persistence == "u" else None,
            no_fix=""
            if ready
            else "A primary key needs columns that are unique and never NULL; which of them name a row, or whether to "
            "add an identity column, a person must decide.",
            comment=table_comment(table),
        )


def _primary_from(catalog: Catalog, seen: Seen, table: Relation, index: Index) -> Fix:
    name = quote_ident(index.name)
    made = f"ALTER TABLE {name_of(table)} ADD CONSTRAINT {name} PRIMARY KEY USING INDEX {name}"
    definition = seen.details.definitions.get(index.oid)
    referenced = any(key.index_oid == index.oid for _table, key in catalog.referencing.get(table.oid, ()))
    if definition is None or referenced or index.replica_identity or index.clustered:
        return Fix((statement(made, table),), None, "something hangs on the index that dropping it would lose")
    head, _space, rest = definition.partition(" INDEX ")
    undo = (
        statement(f"ALTER TABLE {name_of(table)} DROP CONSTRAINT {name}", table),
        outside(f"{head} INDEX CONCURRENTLY {rest}", table),
    )
    return Fix((statement(made, table),), undo)


@GROUP.check(
    "table-no-unique-key",
    severity="warning",
    level="extended",
    title="A table whose rows nothing tells apart",
    why="Two equal rows cannot be told apart by any statement but by their place on disk, so that neither an error nor "
    "a double import can be mended, and tools that copy or compare rows cannot work.",
    how="There is no valid unique index without predicate and expressions that holds at once (not deferrable) over "
    "columns that are NOT NULL, or with NULLS NOT DISTINCT.",
    avoids="A unique index over an expression, such as lower(name), or over part of the rows is no key of all rows; a "
    "unique key over columns that may be NULL admits any number of rows with NULL. Partition trees are judged once.",
    fix="Add a primary key; where no columns name a row, an identity column.",
)
def table_no_unique_key(seen: Seen) -> Iterator[Found]:
    """Tables without any key of all their rows."""
    catalog = seen.catalog
    for table in catalog.table_roots:
        key = catalog.key_of.get(table.oid)
        if (key is not None and not key.deferrable) or _keys(catalog, table):
            continue
        lesser = [index.name for index in catalog.indexes.get(table.oid, ()) if index.unique]
        but = f"; unique {listed(lesser)} does not hold for all rows at all times" if lesser else ""
        yield Found(
            object=(table.schema, table.name),
            object_type="table",
            message=f"No key tells all rows of {table.name} apart{but}.",
            evidence={"unique_indexes": lesser, "rows": max(table.rows, 0.0)},
            no_fix="Which columns name a row, or whether to add an identity column, a person must decide.",
            comment=table_comment(table),
        )


@GROUP.check(
    "table-no-replica-identity",
    severity="error",
    title="A published table whose changes cannot be published",
    why="A publication that publishes UPDATE or DELETE makes PostgreSQL refuse these statements on every table that "
    "has no replica identity: the application fails as soon as it changes a row.",
    how="The table is in a publication of updates or deletes, and its identity is DEFAULT without an immediate primary "
    "key, NOTHING, or an index that is gone. Of a partitioned table, each partition counts.",
    avoids="Publications of inserts alone ask for no identity; FULL is one. Partitions are told at their root, once.",
    fix="Name a unique index over NOT NULL columns as the replica identity, or add a primary key. FULL works "
    "without a key, but writes whole rows to the WAL, and the subscriber looks for them slowly.",
)
def table_no_replica_identity(seen: Seen) -> Iterator[Found]:
    """Published tables without a usable replica identity."""
    catalog = seen.catalog
    published: dict[int, set[str]] = {}
    for publication in catalog.publications:
        if {"update", "delete"} & set(publication.publishes):
            for oid in publication.tables:
                for leaf in catalog.leaves(catalog.relations[oid]) if oid in catalog.relations else ():
                    published.setdefault(leaf.oid, set()).add(publication.name)
    lacking = [catalog.relations[oid] for oid in published if not _has_identity(catalog, catalog.relations[oid])]
    for root, tables in by_root(catalog, lacking).items():
        tables.sort(key=lambda table: (table.schema, table.name))
        names = sorted({name for table in tables for name in published[table.oid]})
        yield Found(
            object=(root.schema, root.name),
            object_type="table",
            message=f"{root.name}{partitions_named(root, tables)} is published by {listed(names)}, but has no replica "
            "identity: UPDATE and DELETE are refused.",
            evidence={"publications": names, "tables": [name_of(table) for table in tables]},
            fix=_give_identity(catalog, tables),
            no_fix="No unique index over NOT NULL columns could be the identity; add a primary key, or decide for "
            "REPLICA IDENTITY FULL.",
            comment=table_comment(root),
        )


def _has_identity(catalog: Catalog, table: Relation) -> bool:
    if table.kind != "r" or table.replica_identity == "f":
        return True
    indexes = catalog.indexes.get(table.oid, ())
    if table.replica_identity == "i":
        return any(index.replica_identity and index.valid for index in indexes)
    return table.replica_identity == "d" and any(index.primary and index.valid and index.immediate for index in indexes)


def _give_identity(catalog: Catalog, tables: list[Relation]) -> Fix | None:
    before = {"d": "DEFAULT", "n": "NOTHING"}
    steps, undo = [], []
    for table in tables:
        usable = [index for index in catalog.indexes.get(table.oid, ()) if identifies(catalog, index)]
        if not usable:
            return None
        best = min(usable, key=lambda index: (not index.primary, len(index.key_columns), index.name))
        identity = "DEFAULT" if best.primary else f"USING INDEX {quote_ident(best.name)}"
        steps.append(statement(f"ALTER TABLE {name_of(table)} REPLICA IDENTITY {identity}", table))
        if table.replica_identity in before:
            old = before[table.replica_identity]
            undo.append(statement(f"ALTER TABLE {name_of(table)} REPLICA IDENTITY {old}", table))
    if len(undo) < len(steps):
        return Fix(tuple(steps), None, "the index that was the identity is gone")
    return Fix(tuple(steps), tuple(undo))


@GROUP.check(
    "table-unlogged",
    severity="warning",
    level="extended",
    title="An unlogged table",
    why="Its rows are not in the WAL: after a crash the table is empty, standbys never have its rows, and a backup of "
    "the data directory does not hold them.",
    how="pg_class.relpersistence is u. Partitions are told at their root.",
    avoids="Temporary tables are not looked at.",
    fix="ALTER TABLE .. SET LOGGED writes the whole table and its indexes anew under an exclusive lock. Where the rows "
    "may be lost, leave it.",
)
def table_unlogged(seen: Seen) -> Iterator[Found]:
    """Tables that a crash empties."""
    catalog = seen.catalog
    unlogged = [table for table in catalog.tables if table.persistence == "u" and table.kind == "r"]
    sequences = _owned_sequences(catalog)
    for root, tables in by_root(catalog, unlogged).items():
        refer = sorted({name for table in tables for name in _unlogged_references(catalog, table)})
        yield Found(
            object=(root.schema, root.name),
            object_type="table",
            message=f"{root.name}{partitions_named(root, tables)} is unlogged: a crash empties it, and standbys do not "
            "have its rows.",
            evidence={"tables": [name_of(table) for table in tables], "pages": sum(table.pages for table in tables)},
            fix=None if refer else _log(catalog, tables, sequences),
            no_fix=f"It refers to {listed(refer)}, which must be logged first." if refer else "",
            comment=table_comment(root),
        )


def _owned_sequences(catalog: Catalog) -> dict[int, list[Relation]]:
    owned: dict[int, list[Relation]] = {}
    for use in catalog.sequence_uses:
        if use.link in "ai":
            owned.setdefault(use.table, []).append(catalog.relations[use.sequence])
    return owned


def _unlogged_references(catalog: Catalog, table: Relation) -> list[str]:
    keys = (key for key in catalog.constraints.get(table.oid, ()) if key.kind == "f" and key.references != table.oid)
    parents = (catalog.relations.get(key.references) for key in keys)
    return [name_of(parent) for parent in parents if parent is not None and parent.persistence == "u"]


def _log(catalog: Catalog, tables: list[Relation], sequences: dict[int, list[Relation]]) -> Fix:
    def step(table: Relation, words: str) -> Step:
        # From 15 on, owned sequences go with their table.
        also = sequences.get(table.oid, []) if catalog.server.major >= 15 else []
        locks = tuple(Lock(name_of(one), ACCESS_EXCLUSIVE) for one in (table, *also))
        return Step((f"ALTER TABLE {name_of(table)} SET {words}",), locks=locks, rewrite="yes")

    steps = tuple(step(table, "LOGGED") for table in tables)
    mixed = [one for table in tables for one in sequences.get(table.oid, ()) if one.persistence != table.persistence]
    if mixed and catalog.server.major >= 15:
        return Fix(steps, None, "its sequences were logged before, and would not be after SET UNLOGGED")
    return Fix(steps, tuple(step(table, "UNLOGGED") for table in tables))


@GROUP.check(
    "table-column-limit",
    severity="error",
    title="A table that soon can take no more columns",
    why=f"A table has at most {MOST_COLUMNS} columns in its life: dropped ones stay counted until the table is made "
    "anew. Then ADD COLUMN is refused.",
    how=f"pg_class.relnatts, which counts dropped columns too, is at least the given share of {MOST_COLUMNS} "
    "(MaxHeapAttributeNumber).",
    avoids="Partitions are told at their root, with the fullest of the tree.",
    fix="Make the table anew (CREATE TABLE .. LIKE, copy, rename), which forgets dropped columns.",
    limits=(Limit("percent", 90, "percent", "Share of the columns a table can have."),),
)
def table_column_limit(seen: Seen, percent: float) -> Iterator[Found]:
    """Tables whose attribute numbers run out."""
    catalog = seen.catalog
    full = [table for table in catalog.tables if table.attributes * 100 >= percent * MOST_COLUMNS]
    for root, tables in by_root(catalog, full).items():
        fullest = max(tables, key=lambda table: table.attributes)
        live = len(catalog.columns.get(fullest.oid, ()))
        yield Found(
            object=(root.schema, root.name),
            object_type="table",
            message=f"{root.name}{partitions_named(root, tables)} has used {fullest.attributes} of {MOST_COLUMNS} "
            f"possible columns; {fullest.attributes - live} of them are dropped.",
            evidence={"used": fullest.attributes, "live": live, "limit": MOST_COLUMNS},
            no_fix="Only a table made anew forgets dropped columns; when, a person must decide.",
            comment=table_comment(root),
        )


_ALIGNED = {"c": 1, "s": 2, "i": 4, "d": 8}


@GROUP.check(
    "table-without-partitions",
    severity="warning",
    title="A partitioned table that no row can get into",
    why="A partitioned table holds rows in its partitions alone: without any, every INSERT fails. Most often the job "
    "that makes them never ran, or dropped the last one.",
    how="A partitioned table, or a partition that is partitioned itself, has no partition.",
    avoids="How far the partitions of a table reach is not looked at.",
    fix="Create the partitions that are needed, or a DEFAULT one.",
)
def table_without_partitions(seen: Seen) -> Iterator[Found]:
    """Partitioned tables without a partition."""
    for table in seen.catalog.tables:
        if table.kind == "p" and not seen.catalog.children.get(table.oid):
            yield Found(
                object=(table.schema, table.name),
                object_type="table",
                message=f"{table.name} is partitioned by {table.partition_key} and has no partition: it takes no row.",
                evidence={"partition_key": table.partition_key},
                no_fix="Which partitions it needs, a person must say.",
                comment=table_comment(table),
            )


@GROUP.check(
    "table-column-order",
    severity="info",
    level="extended",
    title="Columns in an order that wastes room",
    why="Fixed-length values begin at multiples of their alignment; a boolean before a bigint takes eight bytes. In "
    "many rows that is room on disk, in memory and in every backup.",
    how="The padding of a row as its columns stand, less that of the same columns ordered by alignment, with those of "
    "varying length last, times the estimated rows. No column is taken to be NULL.",
    avoids="Small tables are not told: the limit is of the whole table. It is an estimate: NULLs take no room.",
    fix="Columns keep their place for life: order them when the table is made anew anyway.",
    limits=(Limit("megabytes", 100, "MB", "Room that must be wasted in all."),),
)
def table_column_order(seen: Seen, megabytes: float) -> Iterator[Found]:
    """Tables whose rows hold much padding that another order would save."""
    catalog = seen.catalog
    for table in catalog.table_roots:
        rows = sum(max(leaf.rows, 0.0) for leaf in catalog.leaves(table))
        if rows * 8 * len(catalog.columns.get(table.oid, ())) < megabytes * 1e6:
            continue
        columns = [_layout(catalog, column.type_oid) for column in catalog.columns.get(table.oid, ())]
        best = sorted(columns, key=lambda column: (column[0] < 0, -column[1]))
        saved = _padding(columns) - _padding(best)
        if rows * saved >= megabytes * 1e6:
            yield Found(
                object=(table.schema, table.name),
                object_type="table",
                message=f"About {saved:.0f} bytes of each row of {table.name} are padding that another order of "
                f"columns would save: {rows * saved / 1e6:,.0f} MB in about {rows:,.0f} rows.",
                evidence={"bytes_per_row": round(saved, 1), "rows": rows},
                no_fix="PostgreSQL cannot move columns; whether to make the table anew for it, a person must decide.",
                confidence="possible",
                comment=table_comment(table),
            )


def _layout(catalog: Catalog, type_oid: int) -> tuple[int, int]:
    """Length and alignment of a type, in bytes; (-1, 1) where the length varies: short values are not aligned."""
    base = catalog.base_type(type_oid)
    return (-1, 1) if base is None or base.length < 0 else (base.length, _ALIGNED[base.alignment])


def _padding(columns: list[tuple[int, int]]) -> float:
    """Expected padding of a row in bytes, that of its end included."""
    padding, place, modulus = 0.0, 0, 8
    for length, alignment in [*columns, (0, 8)]:
        if length < 0:
            place, modulus = 0, 1
            continue
        # Of the place it is known only what it leaves when divided by `modulus`.
        possible = [-(place + step) % alignment for step in range(0, alignment, min(modulus, alignment))]
        padding += sum(possible) / len(possible)
        if alignment >= modulus:
            place, modulus = 0, alignment
        else:
            place += possible[0]
        place = (place + length) % modulus
    return padding
