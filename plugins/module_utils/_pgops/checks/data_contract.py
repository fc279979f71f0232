# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Checks of the rows against what a contract says of them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from ..model.catalog.relations import Column, Relation
from ..model.catalog.snapshot import Catalog
from ..model.catalog.user_code import relations_named
from ..model.contract import declared
from ..model.contract.declared import Contract, Rule, Scalar
from ..model.finding import Fix, Found, Limit, Lock, NotChecked, Step, Value
from ..model.identifiers import quote_ident, quote_literal
from ..model.measured import Probe
from .check import Group
from .data import duplicates
from .parts import declared_keys
from .parts.fixes import ROW_EXCLUSIVE, name_of
from .parts.key_sql import tree
from .parts.questions import LONGEST, SAMPLES, Questions, alone, distinct, known_rows, object_name, orphans
from .parts.telling import counted, table_comment
from .seen import Seen

GROUP = Group(
    "data-contract",
    "The data against the contract: its rules, its keys, and columns that should not be NULL. Flags that must agree "
    "with rows, counters, copies, ranges, states and sets of values are said in the contract's rules.",
)

#: So many violations of a rule are counted; of more it is said that there are more.
_MOST = 100_000


@GROUP.check(
    "data-orphans-declared",
    severity="error",
    title="Rows that refer to nothing, where the contract declares a foreign key that is missing",
    why="The key cannot be added as long as there are such rows, and programs meet references to nothing.",
    how="The contract declares a foreign key that the database does not have. Rows with all columns filled that refer "
    "to no row are counted.",
    avoids="Keys that are there are counted by data-orphans-fk. Columns of types that PostgreSQL's own = does not "
    "compare are told as not checked.",
    fix="A person must decide: delete the rows, set their columns to NULL, or insert what they refer to. Then "
    "contract-foreign-key-missing adds the key.",
    needs=("contract",),
    probes=lambda seen: distinct(
        orphans(seen.catalog, seen.details, reference)
        for _table, _key, _parent, reference in declared_keys.missing_references(seen)
        if reference is not None
    ),
)
def data_orphans_declared(seen: Seen) -> Iterator[Found | NotChecked]:
    """Declared references without a key, with rows that refer to nothing."""
    questions = Questions(seen, "data-orphans-declared")
    for table, wanted, parent, reference in declared_keys.missing_references(seen):
        columns = ", ".join(wanted.columns)
        about = object_name(table, *wanted.columns)
        if reference is None:
            questions.skip(about, "PostgreSQL's own = does not compare columns of these types")
            continue
        row = questions.row(reference.key, about)
        if row is not None and row["violations"]:
            yield Found(
                object=(table.schema, table.name, *wanted.columns),
                object_type="column",
                message=f"{counted(row['violations'], 'row')} of {table.name} hold a ({columns}) that {parent.name} "
                "does not have, and the foreign key which the contract declares is missing.",
                evidence={"rows": row["violations"], "samples": row["samples"], "table": parent.name},
                detail=parent.name,
                comment=table_comment(table, reference.columns[0].number),
            )
    yield from questions.left_out()


def _never_null(seen: Seen) -> Iterator[tuple[Relation, Column, declared.Column]]:
    """Columns that hold NULL and should not: NOT NULL by the contract alone, or with a value to fill in."""
    for table, relation in declared_keys.tables(seen):
        for wanted in table.columns.values():
            column = declared_keys.column(seen.catalog, relation, wanted.name)
            stated = wanted.not_null or wanted.fill is not None
            if stated and column is not None and not column.not_null and not column.generated:
                yield relation, column, wanted


def _null_condition(column: Column, wanted: declared.Column) -> str:
    condition = f"{quote_ident(column.name)} IS NULL"
    if wanted.not_null or wanted.fill is None or wanted.fill.where is None:
        return condition
    return f"{condition} AND ({wanted.fill.where}\n)"


def _ask_nulls(seen: Seen) -> list[Probe]:
    found = []
    for relation, column, wanted in _never_null(seen):
        fill = wanted.fill
        source = quote_ident(fill.column) if fill is not None and fill.column is not None else "1"
        sql = (
            f"SELECT count(*) AS violations, count(*) FILTER (WHERE {source} IS NOT NULL) AS fillable "
            f"FROM {alone(relation)} WHERE {_null_condition(column, wanted)}"
        )
        text = fill.where or "" if fill is not None and not wanted.not_null else ""
        rows = known_rows(seen.catalog, relation)
        found.append(Probe(_null_key(relation, column), sql, relation.owner, (relation.oid,), rows, text=text))
    return found


def _null_key(relation: Relation, column: Column) -> str:
    return f"null {name_of(relation)} {quote_ident(column.name)}"


@GROUP.check(
    "data-null-where-expected",
    severity="error",
    title="NULLs where the contract wants a value",
    why="Programs that rely on the value fail, or leave the row out, and NOT NULL cannot be set.",
    how="The contract says not_null, or fill, of a column that may be NULL. Rows with NULL are counted: for not_null "
    "all of them, for fill those for which its where holds.",
    avoids="A where that comes to NULL does not hold. Columns that are NOT NULL are not read.",
    fix="Write the value that the contract declares in fill; nothing else is ever invented. Up to a limit of rows in "
    "one UPDATE, beyond it in batches, which the module pg_column_backfill does.",
    needs=("contract",),
    limits=(Limit("rows", 10000, "rows", "One UPDATE fills in at most so many."),),
    probes=_ask_nulls,
)
def data_null_where_expected(seen: Seen, rows: float) -> Iterator[Found | NotChecked]:
    """Columns with NULLs that the contract forbids or fills."""
    questions = Questions(seen, "data-null-where-expected")
    for relation, column, wanted in _never_null(seen):
        row = questions.row(_null_key(relation, column), object_name(relation, column.name))
        if row is None or not row["violations"]:
            continue
        some = f" for which {wanted.fill.where}" if wanted.fill and wanted.fill.where and not wanted.not_null else ""
        few = 0 < row["fillable"] <= rows
        fix = _filled(seen.catalog, relation, column, wanted) if few else None
        yield Found(
            object=(relation.schema, relation.name, column.name),
            object_type="column",
            message=f"{column.name} is NULL in {counted(row['violations'], 'row')} of {relation.name}{some}.",
            evidence={"rows": row["violations"], "fillable": row["fillable"], "fill": _told(wanted.fill)},
            fix=fix,
            no_fix="" if fix else _why_not(wanted, row["fillable"], rows),
            comment=table_comment(relation, column.number),
        )
    yield from questions.left_out()


def _why_not(wanted: declared.Column, fillable: int, most: float) -> str:
    if wanted.fill is None:
        return "The contract declares no value in fill, and none is invented: its owner must say what to write."
    if not fillable:
        return f"The column {wanted.fill.column}, whose value the contract takes, is NULL in all of these rows too."
    if fillable > most:
        return "One UPDATE of so many rows would hold them all at once: pg_column_backfill fills them in batches."
    return "The contract fills only a part of the rows (where), yet wants the column NOT NULL."


def _told(fill: declared.Fill | None) -> dict[str, Value] | None:
    if fill is None:
        return None
    said = {"column": fill.column, "value": fill.value, "expression": fill.expression, "where": fill.where}
    return {word: value for word, value in said.items() if value is not None}


def _filled(catalog: Catalog, relation: Relation, column: Column, wanted: declared.Column) -> Fix | None:
    fill = wanted.fill
    if fill is None or (wanted.not_null and fill.where is not None):
        return None
    where = _null_condition(column, wanted)
    if fill.column is not None:
        value = quote_ident(fill.column)
        where = f"{value} IS NOT NULL AND {where}"
    else:
        value = f"({fill.expression})" if fill.expression is not None else _literal(fill.value)
    held = [relation, *(tree(catalog, relation)[1:] if relation.kind == "p" else ())]
    sql = f"UPDATE {alone(relation)} SET {quote_ident(column.name)} = {value} WHERE {where}"
    locks = tuple(Lock(name_of(one), ROW_EXCLUSIVE) for one in held)
    return Fix((Step((sql,), locks=locks),), None, "nothing tells afterwards which rows were NULL", True)


def _literal(value: Scalar) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return quote_literal(value) if isinstance(value, str) else str(value)


def _absent_keys(seen: Seen) -> Iterator[tuple[Relation, tuple[Column, ...]]]:
    for table, relation in declared_keys.tables(seen):
        for names in declared_keys.wanted_keys(table):
            columns = declared_keys.columns(seen.catalog, relation, names)
            if columns is not None and not declared_keys.is_unique(seen.catalog, relation, names):
                yield relation, columns


def _duplicates_key(relation: Relation, columns: tuple[Column, ...]) -> str:
    return f"duplicates {name_of(relation)} {', '.join(quote_ident(column.name) for column in columns)}"


@GROUP.check(
    "data-duplicate-key",
    severity="critical",
    title="Duplicates of a key that the contract declares",
    why="What should stand once stands several times: which row is right, no program can tell, and the key cannot be "
    "added.",
    how="The contract declares a primary or unique key that no valid unique index upholds. Values of its columns that "
    "stand in more than one row are counted.",
    avoids="Rows with a NULL in the key are nobody's duplicate. Keys that are there are left to "
    "data-duplicates-under-index.",
    fix="A person must decide which rows stay; then the key can be added.",
    needs=("contract",),
    probes=lambda seen: [
        duplicates(seen.catalog, relation, columns, False, _duplicates_key(relation, columns))
        for relation, columns in _absent_keys(seen)
    ],
)
def data_duplicate_key(seen: Seen) -> Iterator[Found | NotChecked]:
    """Declared keys that are missing, with values that stand more than once."""
    questions = Questions(seen, "data-duplicate-key")
    for relation, columns in _absent_keys(seen):
        names = [column.name for column in columns]
        row = questions.row(_duplicates_key(relation, columns), object_name(relation, *names))
        if row is not None and row["violations"]:
            yield Found(
                object=(relation.schema, relation.name, *names),
                object_type="unique key",
                message=f"{counted(row['violations'], 'value')} of ({', '.join(names)}) stand in {row['rows']:,} rows "
                f"of {relation.name}, where the contract declares a key.",
                evidence={"values": row["violations"], "rows": row["rows"], "samples": row["samples"]},
                comment=table_comment(relation),
            )
    yield from questions.left_out()


def _rule_probe(catalog: Catalog, contract: Contract, rule: Rule) -> Probe:
    """The rule within a SELECT of its own, which counts and gives a few rows; its role is who owns what it reads."""
    named = [relation for relation in relations_named(catalog, rule.sql) if relation.kind != "S"]
    counts = [known_rows(catalog, relation) for relation in named if relation.kind in "rpm"]
    sql = (
        'SELECT count(*) OVER () AS violations, row_to_json("pgops rows") AS sample FROM '
        f'(SELECT * FROM (\n{rule.sql}\n) AS "pgops rule" LIMIT {_MOST + 1}) AS "pgops rows" LIMIT {SAMPLES}'
    )
    return Probe(
        f"rule {rule.name}",
        sql,
        named[0].owner if named else catalog.server.owner,
        tuple(relation.oid for relation in named),
        None if not counts or None in counts else sum(count or 0.0 for count in counts),
        text=rule.sql,
    )


def _ask_rules(seen: Seen) -> list[Probe]:
    if seen.contract is None:
        return []
    return [_rule_probe(seen.catalog, seen.contract, rule) for rule in seen.contract.rules]


@GROUP.check(
    "data-rules",
    severity="error",
    title="Rows that break a rule of the contract",
    why="The contract states what is true of the data, and it is not.",
    how="Each rule is a query that returns the rows which break it; it is put read-only, as the owner of the first "
    "table it names. The severity is the rule's.",
    avoids="Row security that would hide rows makes the question fail instead of answering in part. A rule that could "
    "not be put, or not in time, is not checked.",
    fix="A person must decide what the rows should hold.",
    needs=("contract",),
    probes=_ask_rules,
)
def data_rules(seen: Seen) -> Iterator[Found | NotChecked]:
    """Rules of the contract that some rows break."""
    contract = seen.contract
    for rule in contract.rules if contract is not None else ():
        answer = seen.answers.get(f"rule {rule.name}")
        if answer is None or answer.problem:
            yield NotChecked("data-rules", "it was not asked" if answer is None else answer.problem, rule.name)
        elif answer.rows and contract is not None:
            number = answer.rows[0]["violations"]
            many = f"more than {_MOST:,} rows" if number > _MOST else counted(number, "row")
            samples: list[Any] = [{name: _cut(value) for name, value in row["sample"].items()} for row in answer.rows]
            yield Found(
                object=(contract.schema, rule.name),
                object_type="rule",
                message=f"{rule.sentence.rstrip('.')}: not so in {many}.",
                evidence={"rows": min(number, _MOST), "samples": samples, "sql": rule.sql},
                severity=rule.severity,
            )


def _cut(value: object) -> Value:
    """A value of a row as JSON has it; what is long, or is made of parts, as a text that is cut."""
    if value is None or isinstance(value, (bool, int, float)):
        return value
    text = value if isinstance(value, str) else json.dumps(value)
    return text if len(text) <= LONGEST else text[: LONGEST - 3] + "..."
