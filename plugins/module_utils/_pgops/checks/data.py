# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Checks of the rows themselves, against what the schema promises of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ..model.catalog.relations import Column, Constraint, Index, Relation
from ..model.catalog.snapshot import Catalog
from ..model.finding import Found, NotChecked
from ..model.identifiers import quote_ident
from ..model.measured import Probe, Wanted
from .check import Group
from .foreign_key_graph import named_references
from .parts.fixes import columns_of, name_of
from .parts.questions import (
    SAMPLES,
    Questions,
    Reference,
    alone,
    collations_wanted,
    counting,
    distinct,
    key_columns,
    known_rows,
    object_name,
    orphans,
    perhaps_empty,
    reference_of,
    sample,
)
from .parts.telling import counted, table_comment
from .seen import Seen

GROUP = Group(
    "data",
    "The data against the schema. Each question is put read-only, as the owner of what it reads, and within limits of "
    "time and rows; one that found no answer is told as not checked.",
)

_PERIOD = "keys with a PERIOD compare ranges, which is not asked for"


def _foreign_keys(
    catalog: Catalog, is_empty: Callable[[Relation], bool]
) -> Iterator[tuple[Relation, Constraint, Reference | None]]:
    for table, key in catalog.foreign_keys:
        # What holds no rows holds none that refer to nothing.
        if key.enforced and not is_empty(table):
            yield table, key, None if key.period else reference_of(catalog, table, key)


def _collations(catalog: Catalog) -> Wanted:
    every = _foreign_keys(catalog, lambda table: False)
    references = [reference for _table, _key, reference in every if reference is not None]
    return Wanted(texts=collations_wanted(references), sizes=perhaps_empty(catalog))


def _ask_orphans(seen: Seen) -> list[Probe]:
    found = (reference for _table, _key, reference in _foreign_keys(seen.catalog, seen.is_empty))
    return distinct(orphans(seen.catalog, seen.details, one) for one in found if one is not None)


@GROUP.check(
    "data-orphans-fk",
    severity="critical",
    title="Rows that a foreign key should never have let in",
    why="Joins lose such rows, a restore of the key fails, and programs meet references to nothing. They get past a "
    "valid key while its triggers are off: session_replication_role = replica, DISABLE TRIGGER ALL; or by a corrupt "
    "index.",
    how="For every key the rows are counted that refer to no row, by the key's own operators: with MATCH SIMPLE those "
    "with all columns filled, with MATCH FULL those with any. A key that is VALID is counted too; a violation of one "
    "that is NOT VALID is told as error.",
    avoids="Partition trees are asked once, at the root. Tables that inherit are no part of a key of the table above. "
    "Keys that are NOT ENFORCED promise nothing.",
    fix="A person must decide: delete the rows, set their columns to NULL, or insert what they refer to. VALIDATE does "
    "nothing on a key that is marked valid; once the rows are mended, add the key anew as NOT VALID, VALIDATE it, and "
    "drop the old one.",
    wants=_collations,
    probes=_ask_orphans,
)
def data_orphans_fk(seen: Seen) -> Iterator[Found | NotChecked]:
    """Foreign keys with rows that refer to nothing."""
    catalog = seen.catalog
    questions = Questions(seen, "data-orphans-fk")
    for table, key, reference in _foreign_keys(catalog, seen.is_empty):
        about = object_name(table, key.name)
        if reference is None:
            questions.skip(about, _PERIOD if key.period else "what the key refers to could not be read")
            continue
        row = questions.row(reference.key, about)
        if row is None or not row["violations"]:
            continue
        state = "is marked valid all the same" if key.validated else "was never validated"
        yield Found(
            object=(table.schema, table.name, key.name),
            object_type="foreign key",
            message=f"{counted(row['violations'], 'row')} of {table.name} refer by {key.name} to rows of "
            f"{reference.parent.name} that do not exist; the key {state}.",
            evidence={
                "rows": row["violations"],
                "samples": row["samples"],
                "columns": [column.name for column in reference.columns],
                "valid": key.validated,
            },
            severity="critical" if key.validated else "error",
            comment=(("pg_constraint", key.oid, 0), *table_comment(table)),
        )
    yield from questions.left_out()


def logical_references(catalog: Catalog) -> list[Reference]:
    """References that names alone suggest: those that fk-missing tells."""
    return [Reference(one.table, (one.column,), one.parent, (one.key,), (None,)) for one in named_references(catalog)]


@GROUP.check(
    "data-orphans-logical",
    severity="warning",
    level="extended",
    title="Rows that seem to refer to nothing, by a column without a foreign key",
    why="The name of the column says that it refers to a row of another table, no key upholds it, and rows refer to "
    "what is not there: deletes left them behind.",
    how="Columns are those that fk-missing tells: called x_id, beside a table x, xs, xes or xies of the same schema, "
    "with a key of a comparable type. Rows with a value that the table does not hold are counted.",
    avoids="A column x_type beside it means that x_id refers to various tables. A contract says better than names "
    "what refers to what: see data-orphans-declared, and its rules.",
    fix="Where it is a reference: mend the rows, then add a foreign key as NOT VALID and VALIDATE it.",
    wants=lambda catalog: Wanted(texts=collations_wanted(logical_references(catalog))),
    probes=lambda seen: distinct(orphans(seen.catalog, seen.details, one) for one in logical_references(seen.catalog)),
)
def data_orphans_logical(seen: Seen) -> Iterator[Found | NotChecked]:
    """Columns that by their name refer to a table, with rows that refer to nothing."""
    questions = Questions(seen, "data-orphans-logical")
    for reference in logical_references(seen.catalog):
        table, column = reference.child, reference.columns[0]
        row = questions.row(reference.key, object_name(table, column.name))
        if row is not None and row["violations"]:
            yield Found(
                object=(table.schema, table.name, column.name),
                object_type="column",
                message=f"{counted(row['violations'], 'row')} of {table.name} hold a {column.name} that "
                f"{reference.parent.name} does not have; no foreign key upholds it.",
                evidence={"rows": row["violations"], "samples": row["samples"], "table": reference.parent.name},
                confidence="possible",
                comment=table_comment(table, column.number),
            )
    yield from questions.left_out()


def _unchecked(catalog: Catalog) -> Iterator[tuple[Relation, Constraint, str]]:
    """Check and NOT NULL constraints that are NOT VALID, each partition tree once, with what is true of a violator."""
    for table in catalog.tables:
        for constraint in catalog.constraints.get(table.oid, ()):
            inherited = constraint.inherited and not constraint.local
            if constraint.validated or not constraint.enforced or inherited or constraint.of_extension:
                continue
            if constraint.kind == "c" and constraint.expression:
                yield table, constraint, f"NOT ({constraint.expression})"
            elif constraint.kind == "n":
                yield table, constraint, f"{columns_of(catalog, table, constraint.columns)} IS NULL"


def _ask_checks(seen: Seen) -> list[Probe]:
    catalog = seen.catalog
    return [
        Probe(
            f"check {name_of(table)} {constraint.name}",
            counting(table, where, key_columns(catalog, table), quote_ident(table.name)),
            table.owner,
            (table.oid,),
            known_rows(catalog, table),
            text=constraint.expression or "",
        )
        for table, constraint, where in _unchecked(catalog)
    ]


@GROUP.check(
    "data-check-violations",
    severity="error",
    title="Rows that break a constraint which is not validated",
    why="The constraint was added NOT VALID over rows that break it. An UPDATE of such a row fails, whatever it "
    "changes, and VALIDATE fails as well.",
    how="Of check constraints, and from PostgreSQL 18 NOT NULL constraints, that are NOT VALID the rows are counted "
    "for which the condition is false.",
    avoids="A condition that comes to NULL is met. Constraints that are NOT ENFORCED promise nothing. That a "
    "constraint is not validated although no row breaks it is another finding.",
    fix="A person must decide what the rows should hold; then VALIDATE the constraint.",
    probes=_ask_checks,
)
def data_check_violations(seen: Seen) -> Iterator[Found | NotChecked]:
    """Constraints that are NOT VALID, with rows that break them."""
    questions = Questions(seen, "data-check-violations")
    for table, constraint, _where in _unchecked(seen.catalog):
        row = questions.row(f"check {name_of(table)} {constraint.name}", object_name(table, constraint.name))
        if row is not None and row["violations"]:
            yield Found(
                object=(table.schema, table.name, constraint.name),
                object_type="constraint",
                message=f"{counted(row['violations'], 'row')} of {table.name} break {constraint.name}.",
                evidence={
                    "rows": row["violations"],
                    "samples": row["samples"],
                    "condition": constraint.expression or "NOT NULL",
                },
                comment=(("pg_constraint", constraint.oid, 0), *table_comment(table)),
            )
    yield from questions.left_out()


def _upholding(catalog: Catalog) -> Iterator[tuple[Relation, Index, tuple[Column, ...]]]:
    """Valid unique indexes over plain columns that compare as their columns do, each partition tree once."""
    for table in catalog.tables:
        for index in catalog.indexes.get(table.oid, ()):
            columns = tuple(
                column
                for column in (catalog.column(table.oid, number) for number in index.key_columns)
                if column is not None
            )
            plain = index.unique and index.valid and index.ready and index.method == "btree" and not index.parent
            if not plain or index.predicate is not None or len(columns) < index.keys or index.of_extension:
                continue
            alike = all(column.collation == index.collations[place] for place, column in enumerate(columns))
            if alike and all(oid < 16384 for oid in index.classes):
                yield table, index, columns


def duplicates(catalog: Catalog, table: Relation, columns: tuple[Column, ...], nulls_alike: bool, key: str) -> Probe:
    """How many values stand in more than one row (`violations`), in how many rows (`rows`), and some of them."""
    names = [f"c.{quote_ident(column.name)}" for column in columns]
    filled = "true" if nulls_alike else " AND ".join(f"{name} IS NOT NULL" for name in names)
    sql = (
        "SELECT count(*) AS violations, COALESCE(sum(x.rows), 0)::int8 AS rows, "
        f"json_agg(x.sample) FILTER (WHERE x.place <= {SAMPLES}) AS samples FROM ("
        f"SELECT {sample([column.name for column in columns])} AS sample, count(*) AS rows, "
        f"row_number() OVER () AS place FROM {alone(table)} AS c WHERE {filled} "
        f"GROUP BY {', '.join(names)} HAVING count(*) > 1) AS x"
    )
    return Probe(key, sql, table.owner, (table.oid,), known_rows(catalog, table), index_scans=False)


@GROUP.check(
    "data-duplicates-under-index",
    severity="critical",
    level="extended",
    title="Duplicates in spite of a unique index",
    why="The index is corrupt, most often because a newer library sorts texts otherwise than the one it was built "
    "with: look-ups miss rows, and a restore of the key fails.",
    how="The rows are read from the table itself, with index scans off, and grouped by the columns of every valid "
    "unique index. It reads whole tables, so it is not asked by default.",
    avoids="Indexes over expressions, with a predicate, or with a collation of their own are not compared. NULLs are "
    "alike only for NULLS NOT DISTINCT. Partition trees are asked once.",
    fix="A person must decide which rows stay. Then REINDEX, and look at every other index over texts "
    "(collation-version-mismatch).",
    probes=lambda seen: [
        duplicates(seen.catalog, table, columns, index.nulls_not_distinct, f"duplicates under {name_of(index)}")
        for table, index, columns in _upholding(seen.catalog)
    ],
)
def data_duplicates_under_index(seen: Seen) -> Iterator[Found | NotChecked]:
    """Unique indexes under which values stand more than once."""
    questions = Questions(seen, "data-duplicates-under-index")
    for table, index, columns in _upholding(seen.catalog):
        row = questions.row(f"duplicates under {name_of(index)}", name_of(index))
        if row is not None and row["violations"]:
            yield Found(
                object=(index.schema, index.name),
                object_type="index",
                message=f"{counted(row['violations'], 'value')} of ({', '.join(column.name for column in columns)}) "
                f"stand in {row['rows']:,} rows of {table.name}, though {index.name} is unique.",
                evidence={"values": row["violations"], "rows": row["rows"], "samples": row["samples"]},
                comment=(("pg_class", index.oid, 0), *table_comment(table)),
            )
    yield from questions.left_out()
