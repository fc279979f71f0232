# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Advice about constraints: keys that let NULLs through, and constraints that the data would bear."""

from __future__ import annotations

from collections.abc import Iterator

from ..model.catalog.relations import Column, ColumnStatistics, Index, Relation
from ..model.catalog.snapshot import Catalog
from ..model.finding import Fix, Found, Limit, Lock, NotChecked, Step
from ..model.identifiers import generated_name, quote_ident, quote_literal
from ..model.measured import Wanted
from .check import Group
from .parts.fixes import ACCESS_EXCLUSIVE, SHARE_UPDATE_EXCLUSIVE, columns_of, name_of, outside, statement
from .parts.key_sql import tree
from .parts.telling import not_seen
from .seen import Seen

GROUP = Group(
    "constraint-advice", "Constraints: keys that let NULLs through, and constraints that the data would bear."
)

#: smallint, integer, bigint, uuid, text, varchar: what keys are made of.
_KEY_TYPES = frozenset((21, 23, 20, 2950, 25, 1043))
_PAGES = 64
_UNREADABLE = "this role may not SELECT from tables, so their statistics are hidden"


def _unique(catalog: Catalog) -> Iterator[tuple[Relation, Index]]:
    """Unique indexes of users' tables over plain columns and all rows; of a partition tree the root's stand for all."""
    for table in catalog.tables:
        for index in catalog.indexes.get(table.oid, ()):
            whole = index.predicate is None and 0 not in index.key_columns and not index.parent
            if index.unique and index.valid and whole and not index.of_extension:
                yield table, index


@GROUP.check(
    "unique-nullable-columns",
    severity="warning",
    level="extended",
    title="A unique key of several columns that NULLs get past",
    why="NULLs count as different: any number of rows that are otherwise the same may have a NULL in one of the "
    "columns.",
    how="A unique index of two or more columns has one that may be NULL, and is not NULLS NOT DISTINCT.",
    avoids="A single column that may be NULL is left out: there several NULLs are what one wants. So are keys beside "
    "which a partial unique index takes care of the rows with NULL, expressions and partial indexes.",
    fix="Declare the column NOT NULL, or the key NULLS NOT DISTINCT (PostgreSQL 15 and newer), or add a unique index "
    "on the other columns for the rows where it IS NULL.",
)
def unique_nullable_columns(seen: Seen) -> Iterator[Found]:
    """Unique indexes of several columns of which some may be NULL."""
    catalog = seen.catalog
    for table, index in _unique(catalog):
        columns = [catalog.column(table.oid, number) for number in index.key_columns]
        open_ones = [column for column in columns if column is not None and not column.not_null]
        if len(columns) < 2 or not open_ones or index.nulls_not_distinct or _cared_for(catalog, index, open_ones):
            continue
        yield Found(
            object=(table.schema, table.name, index.name),
            object_type="index",
            message=f"{index.name} does not keep rows apart that have NULL in {open_ones[0].name}.",
            evidence={"nullable": [column.name for column in open_ones]},
            confidence="likely",
            comment=(("pg_class", index.oid, 0), ("pg_class", table.oid, 0)),
        )


def _cared_for(catalog: Catalog, index: Index, open_ones: list[Column]) -> bool:
    """Whether another unique index holds the rows in which the one nullable column is NULL."""
    if len(open_ones) != 1:
        return False
    predicate = f"({quote_ident(open_ones[0].name, catalog.server.major)} IS NULL)"
    rest = set(index.key_columns) - {open_ones[0].number}
    return any(
        other.unique and other.valid and other.predicate == predicate and set(other.key_columns) <= rest
        for other in catalog.indexes[index.table]
    )


def _could_be_constraints(catalog: Catalog) -> Iterator[tuple[Relation, Index]]:
    for table, index in _unique(catalog):
        if index.oid in catalog.constraint_indexes or any(index.ordering):
            continue
        classes = [catalog.operator_classes.get(oid) for oid in index.classes]
        columns = [catalog.column(table.oid, number) for number in index.key_columns]
        plain = all(one is not None and one.default for one in classes) and all(
            column is not None and column.collation == collation for column, collation in zip(columns, index.collations)
        )
        if plain:
            yield table, index


@GROUP.check(
    "unique-index-without-constraint",
    severity="info",
    level="opt_in",
    title="A unique index that is no constraint",
    why="Tools that read constraints do not see it, and it is lost on LIKE .. INCLUDING CONSTRAINTS.",
    how="A unique index on plain columns in their default order, over all rows, belongs to no constraint.",
    avoids="Indexes that no constraint could have are left out: partial ones, expressions, other operator classes, "
    "collations and orders.",
    fix="ADD CONSTRAINT .. UNIQUE USING INDEX takes the index over as it is.",
    wants=lambda catalog: Wanted(definitions=frozenset(index.oid for _table, index in _could_be_constraints(catalog))),
)
def unique_index_without_constraint(seen: Seen) -> Iterator[Found]:
    """Unique indexes that could be constraints."""
    catalog = seen.catalog
    for table, index in _could_be_constraints(catalog):
        columns = columns_of(catalog, table, index.key_columns)
        yield Found(
            object=(table.schema, table.name, index.name),
            object_type="index",
            message=f"{index.name} keeps ({columns}) unique, and is no constraint.",
            evidence={"columns": list(catalog.column_names(table.oid, index.key_columns))},
            fix=_as_constraint(seen, table, index) if table.kind == "r" and not table.is_partition else None,
            comment=(("pg_class", index.oid, 0), ("pg_class", table.oid, 0)),
        )


def _as_constraint(seen: Seen, table: Relation, index: Index) -> Fix:
    name, target = quote_ident(index.name), name_of(table)
    step = statement(f"ALTER TABLE {target} ADD CONSTRAINT {name} UNIQUE USING INDEX {name}", table)
    definition = seen.details.definitions.get(index.oid)
    held = any(key.index_oid == index.oid for _table, key in seen.catalog.referencing.get(table.oid, ()))
    if definition is None or held or index.replica_identity or index.clustered:
        return Fix((step,), None, "to drop the constraint drops the index, which other things hang on")
    back = [statement(f"ALTER TABLE {target} DROP CONSTRAINT {name}", table)]
    back.append(outside(definition.replace(" INDEX ", " INDEX CONCURRENTLY ", 1), table))
    comment = seen.catalog.comments.get(("pg_class", index.oid, 0))
    if comment is not None:
        back.append(statement(f"COMMENT ON INDEX {name_of(index)} IS {quote_literal(comment)}"))
    return Fix((step,), tuple(back))


@GROUP.check(
    "constraint-deferrable",
    severity="info",
    level="extended",
    title="A deferrable unique key or exclusion constraint",
    why="No foreign key can refer to it, INSERT .. ON CONFLICT cannot use it, logical replication cannot find rows by "
    "it, and the planner does not rely on it.",
    how="A primary key, unique or exclusion constraint is DEFERRABLE.",
    avoids="Deferrable foreign keys have none of these drawbacks and are not told. Copies in partitions are not.",
    fix="Leave it where rows swap their keys within a transaction; else declare it anew without DEFERRABLE.",
)
def constraint_deferrable(seen: Seen) -> Iterator[Found]:
    """Primary keys, unique and exclusion constraints that can be deferred."""
    for table in seen.catalog.tables:
        for one in seen.catalog.constraints.get(table.oid, ()):
            if one.kind in "pux" and one.deferrable and not (one.parent or one.inherited or one.of_extension):
                yield Found(
                    object=(table.schema, table.name, one.name),
                    object_type="constraint",
                    message=f"{one.name} is deferrable: neither foreign keys nor ON CONFLICT can use it.",
                    evidence={"kind": one.kind, "initially_deferred": one.deferred},
                    comment=(("pg_constraint", one.oid, 0), ("pg_class", table.oid, 0)),
                )


def _measured(catalog: Catalog, rows: float, kinds: str) -> Iterator[tuple[Relation, Column, ColumnStatistics]]:
    """Columns of large tables with what ANALYZE found of them; inheriting columns are judged with their parents'."""
    for table in catalog.table_roots:
        statistics = catalog.statistics.get(table.oid)
        if statistics is None or table.kind not in kinds or (table.kind == "r" and table.has_children):
            continue
        if sum(max(leaf.rows, 0.0) for leaf in catalog.leaves(table)) >= rows:
            for column in catalog.columns.get(table.oid, ()):
                found = statistics.get(column.name)
                if found is not None and not column.inherited:
                    yield table, column, found


def _hidden(check: str, catalog: Catalog) -> list[NotChecked]:
    large = (table for table in catalog.table_roots if table.kind == "p" or table.pages >= _PAGES)
    return not_seen(check, (table for table in large if not table.readable), _UNREADABLE)


_ROWS = Limit("rows", 10000, "rows", "Tables with fewer rows, by estimate, are left out.")


@GROUP.check(
    "not-null-missing",
    severity="info",
    level="extended",
    title="A column that may be NULL and never is",
    why="NOT NULL says what is meant, keeps mistakes out, and lets the planner leave out work.",
    how="The last ANALYZE saw no NULL in the column, and the table has many rows.",
    avoids="Tables of fewer than 64 pages or `rows` rows are left out, and so are inherited columns. A sample may miss "
    "a rare NULL.",
    fix="Declare the column NOT NULL, if a row without a value would be a mistake: first a constraint that is NOT "
    "VALID, then VALIDATE, so that no long lock is taken.",
    limits=(_ROWS,),
)
def not_null_missing(seen: Seen, rows: float) -> Iterator[Found | NotChecked]:
    """Nullable columns of large tables without any NULL."""
    catalog = seen.catalog
    yield from _hidden("not-null-missing", catalog)
    for table, column, found in _measured(catalog, rows, "rp"):
        if not column.not_null and found.null_fraction == 0:
            yield Found(
                object=(table.schema, table.name, column.name),
                object_type="column",
                message=f"{table.name}.{column.name} may be NULL, and the last ANALYZE saw no NULL in it.",
                evidence={"null_fraction": 0.0},
                fix=_not_null(catalog, table, column),
                confidence="possible",
                comment=(("pg_class", table.oid, column.number), ("pg_class", table.oid, 0)),
            )


def _not_null(catalog: Catalog, table: Relation, column: Column) -> Fix:
    target, name = name_of(table), quote_ident(column.name)
    taken = {one.name for one in catalog.constraints.get(table.oid, ())}
    label = generated_name("", f"{table.name}_{column.name}", "_not_null")
    number = 1
    while label in taken:
        label, number = generated_name("", f"{table.name}_{column.name}", f"_not_null{number}"), number + 1
    hard = tuple(Lock(name_of(one), ACCESS_EXCLUSIVE) for one in tree(catalog, table))
    weak = tuple(Lock(name_of(one), SHARE_UPDATE_EXCLUSIVE) for one in tree(catalog, table))
    quoted = quote_ident(label)
    validated = Step((f"ALTER TABLE {target} VALIDATE CONSTRAINT {quoted}",), locks=weak)
    back = Step((f"ALTER TABLE {target} ALTER COLUMN {name} DROP NOT NULL",), locks=hard)
    if catalog.server.major >= 18:
        added = Step((f"ALTER TABLE {target} ADD CONSTRAINT {quoted} NOT NULL {name} NOT VALID",), locks=hard)
        return Fix((added, validated), (back,))
    # A valid check spares SET NOT NULL the reading of the table under its lock.
    added = Step((f"ALTER TABLE {target} ADD CONSTRAINT {quoted} CHECK ({name} IS NOT NULL) NOT VALID",), locks=hard)
    changed = (
        f"ALTER TABLE {target} ALTER COLUMN {name} SET NOT NULL",
        f"ALTER TABLE {target} DROP CONSTRAINT {quoted}",
    )
    return Fix((added, validated, Step(changed, locks=hard)), (back,))


@GROUP.check(
    "unique-missing",
    severity="info",
    level="extended",
    title="A column that could be unique",
    why="Where every value is meant to be different, a unique key keeps mistakes out and tells the planner so.",
    how="The last ANALYZE found as many values as rows and no NULL in a column of a whole number, a uuid or a short "
    "text, and no unique index has that column alone.",
    avoids="Times, amounts and long texts differ by chance and are left out, as are partitioned tables, whose unique "
    "keys need the partition key, and tables of fewer than 64 pages or `rows` rows.",
    fix="Where the values identify the row: CREATE UNIQUE INDEX CONCURRENTLY, then ADD CONSTRAINT .. USING INDEX.",
    limits=(_ROWS, Limit("width", 64, "bytes", "Texts that are longer on average are left out.")),
)
def unique_missing(seen: Seen, rows: float, width: float) -> Iterator[Found | NotChecked]:
    """Columns of large tables in which every value is different."""
    catalog = seen.catalog
    yield from _hidden("unique-missing", catalog)
    for table, column, found in _measured(catalog, rows, "r"):
        base = catalog.base_type(column.type_oid)
        if found.distinct != -1 or found.null_fraction or found.width > width or base is None:
            continue
        indexes = catalog.indexes.get(table.oid, ())
        alone = any(index.unique and index.key_columns == (column.number,) for index in indexes)
        if base.oid in _KEY_TYPES and not alone:
            yield Found(
                object=(table.schema, table.name, column.name),
                object_type="column",
                message=f"Every value of {table.name}.{column.name} is different, and nothing keeps it so.",
                evidence={"distinct": found.distinct, "width": found.width},
                confidence="possible",
                comment=(("pg_class", table.oid, column.number), ("pg_class", table.oid, 0)),
            )
