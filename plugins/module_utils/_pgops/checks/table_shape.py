# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Advice on the shape of tables: their columns, their keys, and whether anybody uses them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from ..model.catalog.relations import Column, Constraint, Relation
from ..model.catalog.snapshot import Catalog
from ..model.finding import Found, Limit, Value
from ..model.measured import Wanted
from .check import Group
from .parts.fixes import name_of
from .parts.telling import counted, listed, table_comment
from .seen import Seen

GROUP = Group("table-shape", "The shape of tables: their columns, their keys, and whether anybody uses them.")


def _of_table(
    table: Relation, message: str, no_fix: str, evidence: dict[str, Value], confidence: str = "certain"
) -> Found:
    return Found(
        object=(table.schema, table.name),
        object_type="table",
        message=message,
        evidence=evidence,
        no_fix=no_fix,
        confidence=confidence,
        comment=table_comment(table),
    )


@GROUP.check(
    "table-without-columns",
    severity="info",
    title="A table without columns",
    why="It can count rows and nothing else; most often all its columns were dropped, or it was never finished.",
    how="There is no live column.",
    avoids="Tables from which others inherit, which may be there to be asked all at once, are left out.",
    fix="Drop it, or add what it should hold.",
)
def table_without_columns(seen: Seen) -> Iterator[Found]:
    """Tables with no column left."""
    for table in seen.catalog.table_roots:
        if not seen.catalog.columns.get(table.oid) and not table.has_children:
            dropped = f"; {counted(table.attributes, 'column')} of it dropped" if table.attributes else ""
            message = f"{table.name} has no columns{dropped}."
            yield _of_table(table, message, "Whether it is still needed, a person must decide.", {})


@GROUP.check(
    "table-single-column",
    severity="info",
    level="extended",
    title="A table of one column",
    why="It says that values exist and nothing about them; often the rest was forgotten, or an enum or an array was "
    "meant.",
    how="There is one live column.",
    avoids="Tables to which foreign keys refer are lists of allowed values, and left out.",
    fix="Add what is missing, or leave it as a set of values.",
)
def table_single_column(seen: Seen) -> Iterator[Found]:
    """Tables of one column that nothing refers to."""
    catalog = seen.catalog
    for table in catalog.table_roots:
        columns = catalog.columns.get(table.oid, ())
        if len(columns) == 1 and table.oid not in catalog.referencing:
            message = f"{table.name} has one column, {columns[0].name}."
            yield _of_table(table, message, "What is missing, a person must know.", {"column": columns[0].name})


@GROUP.check(
    "table-too-many-columns",
    severity="info",
    level="extended",
    title="A table of very many columns",
    why="A wide table is often several things in one; each UPDATE of any column writes the whole row anew, and a row "
    "with many values at once may pass the 8 kB of a page.",
    how="The number of live columns is above the limit (the project's own).",
    avoids="Dropped columns do not count here; table-column-limit counts them.",
    fix="Split it by what changes together.",
    limits=(Limit("columns", 60, "columns", "The most columns that are not told."),),
)
def table_too_many_columns(seen: Seen, columns: float) -> Iterator[Found]:
    """Tables with more live columns than the limit."""
    for table in seen.catalog.table_roots:
        number = len(seen.catalog.columns.get(table.oid, ()))
        if number > columns:
            message = f"{table.name} has {number} columns."
            yield _of_table(table, message, "How to split it, a person must decide.", {"columns": number})


@GROUP.check(
    "table-inheritance",
    severity="info",
    level="extended",
    title="A table that inherits",
    why="Keys, unique constraints and foreign keys of the parent do not hold for rows of the child, and a query of the "
    "parent reads the children too, which surprises. Declarative partitioning (PostgreSQL 10) has replaced it.",
    how="The table has parents in pg_inherits and is no partition.",
    avoids="Partitions are left out.",
    fix="Turn the tables into partitions of one, or cut the tie: ALTER TABLE .. NO INHERIT.",
)
def table_inheritance(seen: Seen) -> Iterator[Found]:
    """Tables that inherit from others."""
    catalog = seen.catalog
    for table in catalog.table_roots:
        parents = [name_of(catalog.relations[oid]) for oid in table.parents if oid in catalog.relations]
        if parents:
            message = f"{table.name} inherits from {listed(parents)}: their keys do not hold for its rows."
            yield _of_table(table, message, "What should come instead, a person must decide.", {"parents": parents})


@GROUP.check(
    "table-isolated",
    severity="info",
    level="opt_in",
    title="A table that no foreign key connects",
    why="Where most tables are connected, one that is not may lack its foreign keys, or be forgotten.",
    how="The table has no foreign key, and none refers to it; keys of its partitions count.",
    avoids="Settings, logs and staging tables stand alone rightly.",
    fix="Add the foreign keys that are meant.",
)
def table_isolated(seen: Seen) -> Iterator[Found]:
    """Tables in no foreign key."""
    catalog = seen.catalog
    connected = set()
    for table, key in catalog.foreign_keys:
        connected.add(catalog.root(table).oid)
        if key.references in catalog.relations:
            connected.add(catalog.root(catalog.relations[key.references]).oid)
    for table in catalog.table_roots:
        if table.oid not in connected:
            message = f"No foreign key connects {table.name} with another table."
            yield _of_table(table, message, "Whether one is missing, a person must know.", {})


def _maybe_empty(catalog: Catalog) -> Iterator[Relation]:
    for table in catalog.table_roots:
        leaves = catalog.leaves(table)
        unseen = catalog.server.in_recovery and any(leaf.persistence == "u" for leaf in leaves)
        if leaves and not unseen and all(leaf.pages == 0 and leaf.rows <= 0 for leaf in leaves):
            yield table


def _sizes_of_empty(catalog: Catalog) -> Wanted:
    return Wanted(sizes=frozenset(leaf.oid for table in _maybe_empty(catalog) for leaf in catalog.leaves(table)))


@GROUP.check(
    "table-empty",
    severity="info",
    level="extended",
    title="An empty table",
    why="It may be left over from something that was never finished or is no longer used.",
    how="The main fork of the table, or of all its partitions, has no bytes: no row was stored since it was made, "
    "truncated, or emptied by VACUUM.",
    avoids="The size on disk is asked, not the estimate, which stays 0 until the first VACUUM or ANALYZE. Unlogged "
    "tables have no contents on a standby, and are left out there.",
    fix="Drop it where nothing uses it.",
    wants=_sizes_of_empty,
)
def table_empty(seen: Seen) -> Iterator[Found]:
    """Tables of no bytes."""
    catalog = seen.catalog
    for table in _maybe_empty(catalog):
        leaves = catalog.leaves(table)
        if all(seen.details.sizes.get(leaf.oid) == 0 for leaf in leaves):
            where = f" in any of its {counted(len(leaves), 'partition')}" if table.kind == "p" else ""
            message = f"{table.name} holds no row{where}."
            yield _of_table(
                table, message, "Whether it is still needed, a person must decide.", {"tables": len(leaves)}
            )


@GROUP.check(
    "table-never-selected",
    severity="info",
    level="extended",
    title="A table that is written and never read",
    why="Each row costs time and room, and nobody has asked for one.",
    how="Rows were inserted, and neither the table nor any of its indexes was scanned, since the counters of use "
    "began, which is at least the given number of days ago. Partitions count together.",
    avoids="Reads on standbys are not counted on the primary, so the finding is only possible. Look-ups of foreign "
    "keys and of UPDATE and DELETE count as reads.",
    fix="Ask those who write it whether it is still needed.",
    needs=("usage",),
    limits=(Limit("days", 30, "days", "How long the counters must have run."),),
)
def table_never_selected(seen: Seen, days: float) -> Iterator[Found]:
    """Tables with inserts and no scan."""
    catalog = seen.catalog
    covered = seen.usage_days
    if covered is None or covered < days:
        return
    for table in catalog.table_roots:
        usage = [catalog.usage[leaf.oid] for leaf in catalog.leaves(table) if leaf.oid in catalog.usage]
        inserted = sum(one.inserted or 0 for one in usage)
        if inserted and not any(one.seq_scan or one.idx_scan for one in usage):
            message = f"{inserted:,} rows were stored in {table.name} in {covered:.0f} days, and none was ever read "
            "here."
            evidence: dict[str, Value] = {"inserted": inserted, "days": round(covered, 1)}
            no_fix = "Whether it is read elsewhere, or still needed, a person must know."
            yield _of_table(table, message, no_fix, evidence, "possible")


@GROUP.check(
    "table-nullable-except-key",
    severity="info",
    level="extended",
    title="A table in which all may be NULL but the key",
    why="Rows that say nothing are allowed; which values a row must have was never decided.",
    how="There is a primary key, there are at least two other columns, and each of them may be NULL.",
    avoids="Generated columns do not count.",
    fix="Decide which columns a row must have, and set them NOT NULL (add CHECK NOT VALID, VALIDATE, SET NOT NULL).",
)
def table_nullable_except_key(seen: Seen) -> Iterator[Found]:
    """Tables whose columns beside the key are all nullable."""
    catalog = seen.catalog
    for table, key in _keyed(catalog):
        others = [one for one in catalog.columns[table.oid] if one.number not in key.columns and not one.generated]
        types = (catalog.types.get(column.type_oid) for column in others)
        if any(found is not None and found.not_null for found in types):
            continue
        if len(others) >= 2 and not any(column.not_null for column in others):
            message = f"All {len(others)} columns of {table.name} beside its key may be NULL."
            no_fix = "Which columns a row must have, a person must decide."
            yield _of_table(table, message, no_fix, {"columns": len(others)})


def _keyed(catalog: Catalog) -> Iterator[tuple[Relation, Constraint]]:
    for table in catalog.table_roots:
        key = catalog.key_of.get(table.oid)
        if key is not None:
            yield table, key


@GROUP.check(
    "table-key-not-first",
    severity="info",
    level="opt_in",
    title="A primary key behind other columns",
    why="Whoever reads the table or its dump looks for the key first.",
    how="The columns of the primary key are not the first live columns of the table, in any order.",
    avoids="Tables that inherit have their parent's columns first, and are left out.",
    fix="Columns keep their place for life: leave it, or order them when the table is made anew.",
)
def table_key_not_first(seen: Seen) -> Iterator[Found]:
    """Tables whose key comes later."""
    catalog = seen.catalog
    for table, key in _keyed(catalog):
        first = {column.number for column in catalog.columns[table.oid][: len(key.columns)]}
        if first != set(key.columns) and not table.parents:
            names = list(catalog.column_names(table.oid, key.columns))
            message = f"The key of {table.name} ({', '.join(names)}) stands behind other columns."
            yield _of_table(table, message, "PostgreSQL cannot move columns.", {"key": names})


@GROUP.check(
    "table-key-too-wide",
    severity="info",
    level="extended",
    title="A primary key of many columns",
    why="Each reference must repeat all of them, and every index that finds the row is as wide.",
    how="The primary key has more columns than the limit (the project's own).",
    avoids="INCLUDE columns do not count.",
    fix="Add an identity column as the key, and keep the columns unique.",
    limits=(Limit("columns", 4, "columns", "The most columns that are not told."),),
)
def table_key_too_wide(seen: Seen, columns: float) -> Iterator[Found]:
    """Primary keys of more columns than the limit."""
    for table, key in _keyed(seen.catalog):
        if len(key.columns) > columns:
            names = list(seen.catalog.column_names(table.oid, key.columns))
            message = f"The key of {table.name} has {len(names)} columns: {', '.join(names)}."
            yield _of_table(table, message, "What else could be the key, a person must decide.", {"key": names})


@GROUP.check(
    "table-composite-key",
    severity="info",
    level="opt_in",
    title="A primary key of several columns",
    why="Some frameworks expect a key of one column.",
    how="The primary key has more than one column.",
    avoids="On a partitioned table the key must hold the columns of the partition key: these do not count.",
    fix="Add an identity column as the key, and keep the columns unique.",
)
def table_composite_key(seen: Seen) -> Iterator[Found]:
    """Primary keys of several columns."""
    for table, key in _keyed(seen.catalog):
        names = list(seen.catalog.column_names(table.oid, key.columns))
        words = set(re.findall(r'[^\s(),"]+', table.partition_key or ""))
        if len([name for name in names if name not in words]) > 1:
            message = f"The key of {table.name} has {len(names)} columns: {', '.join(names)}."
            yield _of_table(table, message, "Whether another key is wanted, a person must decide.", {"key": names})


_NUMBERED = re.compile(r"(\D+)(\d+)")


@GROUP.check(
    "table-numbered-columns",
    severity="info",
    level="extended",
    title="Columns that are numbered",
    why="phone1, phone2, phone3 is a list laid flat: the fourth needs ALTER TABLE, and each search asks every column.",
    how="Columns of one type whose names differ by a number at the end alone, counting from 0 or 1 without a gap, and "
    "at least as many as the limit.",
    avoids="sha1 and sha256, ipv4 and ipv6 do not count on from one another.",
    fix="Make a table of them, with a foreign key to this one, or an array.",
    limits=(Limit("columns", 2, "columns", "How many such columns are told."),),
)
def table_numbered_columns(seen: Seen, columns: float) -> Iterator[Found]:
    """Tables with a list laid flat."""
    for table in seen.catalog.table_roots:
        groups: dict[tuple[str, int], dict[int, str]] = {}
        for column in seen.catalog.columns.get(table.oid, ()):
            found = _NUMBERED.fullmatch(column.name)
            if found is not None and len(found.group(2)) < 6 and not column.inherited:
                groups.setdefault((found.group(1), column.type_oid), {})[int(found.group(2))] = column.name
        names = []
        for numbers in groups.values():
            run = [numbers[number] for number in _run(sorted(numbers))]
            names += run if len(run) >= columns else []
        if names:
            message = f"{table.name} numbers its columns: {listed(names)}."
            yield _of_table(
                table, message, "Whether they are a list, a person must know.", {"columns": names}, "possible"
            )


def _run(numbers: Sequence[int]) -> list[int]:
    """The numbers from 0 or 1 on without a gap."""
    run: list[int] = []
    for number in numbers:
        if number != (run[-1] + 1 if run else min(number, 1)):
            break
        run.append(number)
    return run


@GROUP.check(
    "table-missing-usual-columns",
    severity="info",
    level="opt_in",
    title="A table without a column that all others have",
    why="Where nearly every table has created_at or tenant_id, one without it was probably forgotten, and tools that "
    "rely on the column leave the table out.",
    how="Of the tables of a schema, at least the given share has a column of this name and type, and there are at "
    "least the given number of tables.",
    avoids="Partitions count with their root.",
    fix="Add the column.",
    limits=(
        Limit("percent", 80, "percent", "Share of tables from which a column is usual."),
        Limit("tables", 5, "tables", "How many tables a schema must have."),
    ),
)
def table_missing_usual_columns(seen: Seen, percent: float, tables: float) -> Iterator[Found]:
    """Tables that lack what nearly all of the schema have."""
    catalog = seen.catalog
    schemas: dict[str, list[Relation]] = {}
    for table in catalog.table_roots:
        schemas.setdefault(table.schema, []).append(table)
    for together in schemas.values():
        if len(together) < tables:
            continue
        have = Counter(_spelled(column) for table in together for column in catalog.columns.get(table.oid, ()))
        usual = {column for column, number in have.items() if number * 100 >= percent * len(together)}
        for table in together if usual else ():
            lacking = sorted(usual - {_spelled(column) for column in catalog.columns.get(table.oid, ())})
            if lacking:
                message = f"{table.name} lacks {listed(lacking)}, which nearly all tables of the schema have."
                no_fix = "Whether the column belongs there, a person must decide."
                yield _of_table(table, message, no_fix, {"columns": list(lacking)}, "possible")


def _spelled(column: Column) -> str:
    return f"{column.name} {column.type}"
