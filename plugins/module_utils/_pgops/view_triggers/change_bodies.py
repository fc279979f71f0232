# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The bodies of the UPDATE and DELETE functions: lock the row, look again, write only what changed, say what happened.

An INSTEAD OF trigger gets OLD from the statement's snapshot, without a lock and without a second look at the WHERE
clause. So each function first locks the row's tables and compares what is stored now with OLD: a row that vanished is
not counted, one that changed meanwhile gives 40001 (or is not counted, where the contract says so).
"""

from __future__ import annotations

from ..model.identifiers import quote_ident, quote_literal
from .policy import FEATURE_NOT_SUPPORTED, ColumnPolicy, Policy
from .shape import Part
from .sql_text import (
    DIFFERS,
    LABEL,
    VALUE,
    block,
    differs,
    fail,
    found_by_key,
    joined_tables,
    key_values,
    reread,
    same_columns,
    stored_key_columns,
    stored_keys,
    when,
)


def update_body(policy: Policy) -> str:
    """PL/pgSQL for UPDATE."""
    shape = policy.shape
    body = [same_columns(policy)]
    body += [_refusal(policy, column) for column in policy.columns if column.update_refusal]
    body += _lock(policy, "NO KEY UPDATE" if not policy.follows else "UPDATE", "updated")
    # Where a key is followed, a child's own columns are written while its old key still finds it.
    parts = tuple(reversed(shape.preserved)) if policy.follows else shape.preserved
    body += [text for text in (_write(policy, part) for part in parts) if text]
    followed = {column.place.view_column.name for column in policy.columns if not column.update_refusal}
    values = {
        key: f"{'NEW' if key.view_column in followed else 'OLD'}.{quote_ident(key.view_column)}"
        for key in shape.row_key
    }
    body += reread(policy, values, "updated")
    body.append("RETURN result;")
    flags = [
        f"changed_{number} CONSTANT boolean := {differs(_of('NEW', column), _of('OLD', column))}"
        for number, column in enumerate(policy.columns, 1)
        if not column.update_refusal
    ]
    return block([*flags, "stored record", f"result {shape.sql_name}%ROWTYPE", "done bigint"], body)


def delete_body(policy: Policy) -> str:
    """PL/pgSQL for DELETE."""
    shape = policy.shape
    if policy.delete_refusal:
        message = f"The view {shape.sql_name} takes no DELETE: {policy.delete_refusal}."
        return block([], [fail(FEATURE_NOT_SUPPORTED, message), "RETURN NULL;"])
    body = _lock(policy, "UPDATE", "deleted")
    for part in policy.deletes:
        body.append(f"-- {part.label}")
        body.append(f"DELETE FROM {part.sql_name} AS t WHERE {found_by_key(part, stored_keys(part, 'stored'))};")
        body.append("GET DIAGNOSTICS done = ROW_COUNT;")
        body.append(when("done = 0", _held_back(policy, part)))
    body.append("RETURN OLD;")
    return block(["stored record", "done bigint"], body)


def _of(source: str, column: ColumnPolicy) -> str:
    return f"{source}.{quote_ident(column.place.view_column.name)}"


def _refusal(policy: Policy, column: ColumnPolicy) -> str:
    name = quote_ident(column.place.view_column.name)
    message = f"Column {name} of the view {policy.shape.sql_name} cannot be updated: {column.update_refusal}."
    return when(differs(_of("NEW", column), _of("OLD", column)), fail(FEATURE_NOT_SUPPORTED, message))


def _lock(policy: Policy, strength: str, verb: str) -> list[str]:
    """Lock the row's own tables, then hold what is stored in them against what the statement saw.

    Columns of a shared parent are not compared: PostgreSQL does not look again at them either, and a trigger that
    keeps a counter there would make every statement over several rows fail.
    """
    shape = policy.shape
    keys = stored_key_columns(policy)
    own = [(number, c) for number, c in enumerate(policy.columns, 1) if shape.part(c.place.part).preserved]
    shown = [
        f"{shape.part(c.place.part).symbol}.{quote_ident(c.place.column.name)}::{c.place.view_column.type} AS "
        f"now_{number}"
        for number, c in own
    ]
    writers = [f"{part.symbol}.xmin AS {part.symbol}_writer" for part in shape.preserved]
    conditions = " AND ".join([*shape.joins, *key_values(policy, "OLD")])
    locked = ", ".join(part.symbol for part in shape.preserved)
    pairs = {
        part.index: _differ([(f"stored.now_{n}", _of("OLD", c)) for n, c in own if c.place.part == part.index])
        for part in shape.preserved
    }
    changed = " OR ".join(filter(None, pairs.values()))
    return [
        f"SELECT {', '.join(keys + shown + writers)}\n  INTO stored FROM {joined_tables(policy)}\n"
        f"  WHERE {conditions}\n  FOR {strength} OF {locked};",
        when("NOT FOUND", "RETURN NULL;"),
        when(changed, *_changed_meanwhile(policy, verb, pairs)),
    ]


def _differ(pairs: list[tuple[str, str]]) -> str:
    """Whether any of the pairs is not the very same; empty where there is none."""
    if not pairs:
        return ""
    now, seen = (", ".join(side) for side in zip(*pairs))
    return f"ROW({now})::record {DIFFERS} ROW({seen})::record"


def _changed_meanwhile(policy: Policy, verb: str, pairs: dict[int, str]) -> list[str]:
    """Another transaction's change is reported or skipped; one of this very statement is always an error."""
    shape = policy.shape
    named = " and ".join(f"{quote_ident(column.view_column)} = {VALUE}" for column in shape.row_key)
    values = [f"OLD.{quote_ident(column.view_column)}" for column in shape.row_key]
    by_ourselves = fail(
        "27000",
        f"The row with {named} of the view {shape.sql_name} was changed before by the statement by which it is "
        f"{verb}, or by a trigger of it; nothing was written.",
        *values,
        hint="Write the rows that depend on one another in statements of their own.",
    )
    ours = " OR ".join(
        f"({pairs[part.index]} AND {_is_in_progress(f'stored.{part.symbol}_writer')})"
        for part in shape.preserved
        if pairs[part.index]
    )
    by_others = fail(
        "40001",
        f"The row with {named} of the view {shape.sql_name} was changed by another transaction while it was to be "
        f"{verb}; nothing was written.",
        *values,
        hint="Repeat the transaction.",
    )
    return [when(ours, by_ourselves), "RETURN NULL;" if policy.skips_concurrent else by_others]


def _is_in_progress(xmin: str) -> str:
    """Whether a row version that can be seen was written by a transaction still running: it can only be our own.

    `xmin` has 32 bits; the transaction meant is the one nearest to ours. (`age()` would do the same, but counts from
    wherever it was first called in the transaction.)
    """
    now = "pg_catalog.pg_current_xact_id()::text::int8"
    nearest = f"{now} + ((({xmin}::text::int8 - {now} + 2147483648) & 4294967295) - 2147483648)"
    return f"pg_catalog.pg_xact_status(GREATEST({nearest}, 3)::text::xid8) = 'in progress'"


def _held_back(policy: Policy, part: Part) -> str:
    return fail(
        "27000",
        f"A trigger of {part.label} held back what the view {policy.shape.sql_name} writes; nothing was written.",
        part=part,
    )


def _write(policy: Policy, part: Part) -> str:
    """Set the changed columns of one table, and only those."""
    columns = [
        (f"changed_{number}", column)
        for number, column in enumerate(policy.columns, 1)
        if column.place.part == part.index and not column.update_refusal
    ]
    if not columns:
        return ""
    statement = _dynamic(part, columns) if part.table.update_of_triggers else _static(part, columns)
    any_changed = " OR ".join(flag for flag, dummy in columns)
    return "\n".join(
        [
            f"-- {part.label}",
            when(
                any_changed, statement, "GET DIAGNOSTICS done = ROW_COUNT;", when("done = 0", _held_back(policy, part))
            ),
        ]
    )


def _static(part: Part, columns: list[tuple[str, ColumnPolicy]]) -> str:
    """One statement whose plan is kept: an unchanged column is set to what is stored now, not to what was seen."""
    sets = []
    for flag, column in columns:
        name = quote_ident(column.place.column.name)
        sets.append(f"{name} = CASE WHEN {LABEL}.{flag} THEN {_of('NEW', column)} ELSE t.{name} END")
    joined = ",\n      ".join(sets)
    return f"UPDATE {part.sql_name} AS t\n  SET {joined}\n  WHERE {found_by_key(part, stored_keys(part, 'stored'))};"


def _dynamic(part: Part, columns: list[tuple[str, ColumnPolicy]]) -> str:
    """The changed columns alone, for tables with triggers UPDATE OF: those must fire only for real changes."""
    keys = stored_keys(part, f"{LABEL}.stored")
    found = found_by_key(part, [f"${place}" for place in range(1, len(keys) + 1)])
    pieces = []
    for place, (flag, column) in enumerate(columns, len(keys) + 1):
        pieces.append(
            f"CASE WHEN {flag} THEN {quote_literal(f'{quote_ident(column.place.column.name)} = ${place}')} END"
        )
    values = [*keys, *(_of("NEW", column) for dummy, column in columns)]
    return (
        f"EXECUTE {quote_literal(f'UPDATE {part.sql_name} AS t SET ')}\n"
        f"  || pg_catalog.array_to_string(ARRAY[{', '.join(pieces)}]::text[], ', ')\n"
        f"  || {quote_literal(f' WHERE {found}')}\n  USING {', '.join(values)};"
    )
