# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Checks of how sequences and columns hang together: ownership, identity, durability."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..model.catalog.relations import Column, Relation, Sequence, SequenceUse
from ..model.catalog.snapshot import Catalog
from ..model.finding import Fix, Found, Limit, Lock, NotChecked, Step
from ..model.identifiers import generated_name, quote_ident, quote_literal, quote_qualified
from ..model.measured import Wanted
from .check import Group
from .parts.fixes import ACCESS_EXCLUSIVE, SHARE_ROW_EXCLUSIVE, name_of, statement
from .parts.telling import not_seen, table_comment
from .seen import Seen
from .sequences import column_text, may_be_asked, most_of, uses_of

GROUP = Group("sequence-links", "Sequences: to which columns they belong, and what happens to them with their table.")

_NEXTVAL = re.compile(r"nextval\('.*'::regclass\)")


@GROUP.check(
    "sequence-not-owned",
    severity="info",
    level="extended",
    title="A sequence that does not belong to its column",
    why="It stays behind when the column or the table is dropped, TRUNCATE .. RESTART IDENTITY leaves it as it is, and "
    "tools that bring sequences forward after a load do not find it.",
    how="The default of exactly one column names the sequence, and no column owns it.",
    avoids="A sequence from which several columns draw is shared on purpose; partitions draw from that of their root.",
    fix="ALTER SEQUENCE .. OWNED BY the column. Both must be in one schema and have one owner.",
)
def sequence_not_owned(seen: Seen) -> Iterator[Found]:
    """Sequences that one default names and no column owns."""
    catalog = seen.catalog
    for oid, uses in sorted(uses_of(catalog).items()):
        relation = catalog.relations[oid]
        roots = [use for use in uses if not catalog.relations[use.table].is_partition]
        if relation.of_extension or len(roots) != 1 or any(use.link != "n" for use in uses):
            continue
        table = catalog.relations[roots[0].table]
        column = column_text(catalog, roots[0])
        alike = table.owner == relation.owner and table.schema == relation.schema and table.kind in "rpf"
        head = f"ALTER SEQUENCE {name_of(relation)} OWNED BY"
        yield Found(
            object=(relation.schema, relation.name),
            object_type="sequence",
            message=f"{relation.name} feeds {column} alone, but does not belong to it.",
            evidence={"column": column},
            fix=Fix(
                (statement(f"{head} {column}", relation, SHARE_ROW_EXCLUSIVE),),
                (statement(f"{head} NONE", relation, SHARE_ROW_EXCLUSIVE),),
            )
            if alike
            else None,
            no_fix="" if alike else "It has not the owner or the schema of the table, which PostgreSQL asks for.",
            comment=table_comment(relation),
        )


@GROUP.check(
    "sequence-unlogged",
    severity="warning",
    level="extended",
    title="An unlogged sequence",
    why="After a crash it begins again at its start, and hands out numbers that are in use.",
    how="pg_class.relpersistence is u (PostgreSQL 15 and later), and it is not the sequence of an unlogged table.",
    avoids="Sequences of unlogged tables are emptied together with them; table-unlogged tells.",
    fix="ALTER SEQUENCE .. SET LOGGED.",
)
def sequence_unlogged(seen: Seen) -> Iterator[Found]:
    """Sequences that a crash sets back."""
    catalog = seen.catalog
    uses = uses_of(catalog)
    for relation in catalog.own:
        if relation.kind != "S" or relation.persistence != "u":
            continue
        tables = [catalog.relations[use.table] for use in uses.get(relation.oid, [])]
        if tables and all(table.persistence == "u" for table in tables):
            continue
        head = f"ALTER SEQUENCE {name_of(relation)} SET"
        yield Found(
            object=(relation.schema, relation.name),
            object_type="sequence",
            message=f"{relation.name} is unlogged: after a crash it begins again at its start.",
            evidence={"tables": [name_of(table) for table in tables]},
            fix=Fix((statement(f"{head} LOGGED", relation),), (statement(f"{head} UNLOGGED", relation),)),
            comment=table_comment(relation),
        )


def _unique_uses(catalog: Catalog) -> Iterator[tuple[SequenceUse, Relation, Column]]:
    """Integer columns that are a key by themselves and draw upwards from a sequence, at the roots of trees."""
    for use in catalog.sequence_uses:
        table, column = catalog.relations[use.table], catalog.column(use.table, use.column)
        if column is None or table.is_partition or table.of_extension or most_of(catalog, column) is None:
            continue
        keys = (one for one in catalog.constraints.get(table.oid, ()) if one.kind in "pu")
        if any(key.columns == (use.column,) for key in keys) and catalog.sequences[use.sequence].increment > 0:
            yield use, table, column


def _rows(catalog: Catalog, table: Relation) -> float:
    return sum(max(leaf.rows, 0.0) for leaf in catalog.leaves(table))


def _asked(catalog: Catalog) -> Wanted:
    return Wanted(
        sequences=frozenset(
            use.sequence
            for use, table, _column in _unique_uses(catalog)
            if _rows(catalog, table) >= 100 and may_be_asked(catalog, use.sequence)
        )
    )


@GROUP.check(
    "sequence-behind-rows",
    severity="warning",
    level="extended",
    title="A sequence that has handed out fewer numbers than there are rows",
    why="Rows were stored with numbers of their own, by a load or a restore; when the sequence reaches them, INSERT "
    "fails with a double key.",
    how="A unique integer column has, by the last estimate, a tenth more rows than the last value of its ascending "
    "sequence, and at least the given number.",
    avoids="The estimate can be old and numbers may be negative, so it is likely, not certain; data-sequence-behind "
    "compares with the largest number itself.",
    fix="setval() to the largest number in the column.",
    wants=_asked,
    limits=(Limit("rows", 1000, "rows", "Least number of rows; below 100 sequences are not asked."),),
)
def sequence_behind_rows(seen: Seen, rows: float) -> Iterator[Found | NotChecked]:
    """Sequences whose last value is below the number of rows they numbered."""
    catalog = seen.catalog
    hidden = []
    for use, table, column in _unique_uses(catalog):
        number = _rows(catalog, table)
        sequence, relation = catalog.sequences[use.sequence], catalog.relations[use.sequence]
        if number < max(rows, 100):
            continue
        if not sequence.readable:
            hidden.append(relation)
        elif may_be_asked(catalog, use.sequence) and number > 1.1 * (sequence.last_value or 0):
            last = "was never used" if sequence.last_value is None else f"is at {sequence.last_value:,}"
            yield Found(
                object=(relation.schema, relation.name),
                object_type="sequence",
                message=f"{relation.name} {last}, but {table.name} has about {number:,.0f} rows numbered by "
                f"{column.name}.",
                evidence={"last_value": sequence.last_value, "rows": number, "column": column_text(catalog, use)},
                confidence="likely",
                no_fix="The largest number must be read from the table first; data-sequence-behind does.",
                comment=table_comment(relation),
            )
    why = "this role may not read the value (it needs USAGE or SELECT) of"
    yield from not_seen("sequence-behind-rows", hidden, why)


@GROUP.check(
    "column-serial",
    severity="info",
    level="extended",
    title="A serial column",
    why="A serial column is a default and a sequence that merely know each other: whoever inserts needs rights on the "
    "sequence too, the default can be dropped or pointed elsewhere, and ALTER TYPE leaves the sequence behind. An "
    "identity column, the SQL standard's way since PostgreSQL 10, is one thing.",
    how="The column owns a sequence, and its default is nextval() of it.",
    avoids="Identity columns own a sequence too, but have no default.",
    fix="In one transaction: put an identity in the place of the default, with a sequence of the same name and value. "
    "Inserts that name the column go on working with BY DEFAULT.",
)
def column_serial(seen: Seen) -> Iterator[Found]:
    """Columns that are fed by a sequence of their own through a default."""
    catalog = seen.catalog
    uses = uses_of(catalog)
    fed: dict[tuple[int, int], int] = {}
    for use in catalog.sequence_uses:
        fed[(use.table, use.column)] = fed.get((use.table, use.column), 0) + 1
    for use in catalog.sequence_uses:
        table, column = catalog.relations[use.table], catalog.column(use.table, use.column)
        if use.link != "a" or column is None or table.is_partition or table.of_extension:
            continue
        if column.default is None or not _NEXTVAL.fullmatch(column.default) or fed[(use.table, use.column)] > 1:
            continue
        obstacle = _no_identity(catalog, uses[use.sequence], table, column)
        yield Found(
            object=(table.schema, table.name, column.name),
            object_type="column",
            message=f"{table.name}.{column.name} is serial: its numbers come from a default, not from an identity.",
            evidence={"sequence": name_of(catalog.relations[use.sequence]), "type": column.type},
            fix=None if obstacle else _identity(catalog, use, table, column),
            no_fix=f"It cannot be changed by itself: {obstacle}." if obstacle else "",
            comment=table_comment(table, column.number),
        )


def _no_identity(catalog: Catalog, uses: list[SequenceUse], table: Relation, column: Column) -> str:
    """Why an identity cannot simply take the place of the default, '' where it can."""
    sequence = catalog.relations[uses[0].sequence]
    if table.kind != "r" or table.has_children or table.parents:
        return "the table is part of a tree of tables"
    if not column.not_null:
        return "the column may be NULL, which an identity may not"
    if column.type_oid not in (20, 21, 23):
        return f"an identity of type {column.type} is not possible"
    if len(uses) > 1:
        return "other columns draw from its sequence too"
    if sequence.acl is not None or ("pg_class", sequence.oid, 0) in catalog.comments:
        return "privileges or a comment of its sequence would be lost"
    if (sequence.schema, _aside(sequence)) in catalog.by_name:
        return f"{_aside(sequence)} exists already"
    if sequence.schema != table.schema or sequence.owner != table.owner or sequence.persistence != table.persistence:
        return "its sequence has another schema, owner or persistence"
    return ""


def _aside(sequence: Relation) -> str:
    return generated_name("", sequence.name, "_before_identity")


def _identity(catalog: Catalog, use: SequenceUse, table: Relation, column: Column) -> Fix:
    relation, sequence = catalog.relations[use.sequence], catalog.sequences[use.sequence]
    old = quote_qualified(relation.schema, _aside(relation))
    change = f"ALTER TABLE {name_of(table)} ALTER COLUMN {quote_ident(column.name)}"
    sql = (
        f"LOCK TABLE {name_of(table)} IN ACCESS EXCLUSIVE MODE",
        f"{change} DROP DEFAULT",
        f"ALTER SEQUENCE {name_of(relation)} RENAME TO {quote_ident(_aside(relation))}",
        f"{change} ADD GENERATED BY DEFAULT AS IDENTITY ({_options(relation, sequence, most_of(catalog, column))})",
        f"SELECT pg_catalog.setval({quote_literal(name_of(relation))}::pg_catalog.regclass, last_value, is_called) "
        f"FROM {old}",
        f"DROP SEQUENCE {old}",
    )
    locks = (Lock(name_of(table), ACCESS_EXCLUSIVE), Lock(name_of(relation), ACCESS_EXCLUSIVE))
    return Fix((Step(sql, locks=locks),), None, "the old sequence is dropped; a serial column can be made from new")


def _options(relation: Relation, sequence: Sequence, most: int | None) -> str:
    """The options of the identity's sequence, within what the column can hold."""
    bound = most or sequence.most
    return (
        f"SEQUENCE NAME {name_of(relation)} INCREMENT BY {sequence.increment} "
        f"MINVALUE {max(sequence.least, -bound - 1)} MAXVALUE {min(sequence.most, bound)} "
        f"START WITH {sequence.start} CACHE {sequence.cache} {'' if sequence.cycle else 'NO '}CYCLE"
    )
