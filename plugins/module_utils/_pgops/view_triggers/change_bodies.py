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
from .sql_text import LABEL, block, differs, fail, joined_tables, key_values, reread, when


def update_body(policy: Policy) -> str:
    """PL/pgSQL for UPDATE."""
    shape = policy.shape
    body = [_refusal(policy, column) for column in policy.columns if column.update_refusal]
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
        body.append(f"DELETE FROM {part.sql_name} AS t WHERE {_found(part, _stored_keys(part))};")
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


def _stored_key(part: Part, place: int) -> str:
    return f"{part.symbol}_key_{place}"


def _lock(policy: Policy, strength: str, verb: str) -> list[str]:
    """Lock the row's own tables, then hold what is stored against what the statement saw."""
    shape = policy.shape
    keys = [
        f"{part.symbol}.{quote_ident(name)} AS {_stored_key(part, place)}"
        for part in shape.preserved
        if part.key
        for place, name in enumerate(part.key.columns, 1)
    ]
    shown = [
        f"{shape.part(c.place.part).symbol}.{quote_ident(c.place.column.name)}::{c.place.view_column.type} AS "
        f"now_{number}"
        for number, c in enumerate(policy.columns, 1)
    ]
    conditions = " AND ".join([*shape.joins, *key_values(policy, "OLD")])
    locked = ", ".join(part.symbol for part in shape.preserved)
    now = ", ".join(f"stored.now_{number}" for number in range(1, len(shown) + 1))
    seen = ", ".join(_of("OLD", column) for column in policy.columns)
    return [
        f"SELECT {', '.join(keys + shown)}\n  INTO stored FROM {joined_tables(policy)}\n"
        f"  WHERE {conditions}\n  FOR {strength} OF {locked};",
        when("NOT FOUND", "RETURN NULL;"),
        when(f"ROW({now})::record OPERATOR(pg_catalog.*<>) ROW({seen})::record", _changed_meanwhile(policy, verb)),
    ]


def _changed_meanwhile(policy: Policy, verb: str) -> str:
    if policy.skips_concurrent:
        return "RETURN NULL;"
    key = policy.shape.row_key
    named = ", ".join(f"{quote_ident(column.view_column)} = %s" for column in key)
    return fail(
        "40001",
        f"The row with {named} of the view {policy.shape.sql_name} was changed by another transaction while it was "
        "to be "
        f"{verb}; nothing was written.",
        *(f"OLD.{quote_ident(column.view_column)}" for column in key),
        hint="Repeat the transaction.",
    )


def _stored_keys(part: Part) -> list[str]:
    if part.key is None:
        raise ValueError(f"{part.label} has no key")
    return [f"stored.{_stored_key(part, place)}" for place in range(1, len(part.key.columns) + 1)]


def _found(part: Part, values: list[str]) -> str:
    """The condition that finds the locked row of a part by its key's values."""
    if part.key is None:
        raise ValueError(f"{part.label} has no key")
    return " AND ".join(
        f"t.{quote_ident(name)} {equality} {value}"
        for name, equality, value in zip(part.key.columns, part.key.equality, values)
    )


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
    any_changed = " OR ".join(flag for flag, _ in columns)
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
    return f"UPDATE {part.sql_name} AS t\n  SET {joined}\n  WHERE {_found(part, _stored_keys(part))};"


def _dynamic(part: Part, columns: list[tuple[str, ColumnPolicy]]) -> str:
    """The changed columns alone, for tables with triggers UPDATE OF: those must fire only for real changes."""
    keys = _stored_keys(part)
    found = _found(part, [f"${place}" for place in range(1, len(keys) + 1)])
    pieces = []
    for place, (flag, column) in enumerate(columns, len(keys) + 1):
        pieces.append(
            f"CASE WHEN {flag} THEN {quote_literal(f'{quote_ident(column.place.column.name)} = ${place}')} END"
        )
    values = [*keys, *(_of("NEW", column) for _, column in columns)]
    return (
        f"EXECUTE {quote_literal(f'UPDATE {part.sql_name} AS t SET ')}\n"
        f"  || pg_catalog.concat_ws(', ', {', '.join(pieces)})\n"
        f"  || {quote_literal(f' WHERE {found}')}\n  USING {', '.join(values)};"
    )
