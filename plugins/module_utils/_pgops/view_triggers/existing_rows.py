# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an INSERT through a view does about rows that are there already: conflict clauses, and promises kept.

A table's row may be new, or have been there, and if it was there, an upsert may have been held back by a trigger.
`there_N` and `held_N` keep that for part N; a value that was given and not written must be the value that is stored.
"""

from __future__ import annotations

from ..model.identifiers import quote_ident
from .insert_values import Columns, earlier_value, joined_value, new, select_by
from .policy import FEATURE_NOT_SUPPORTED, ColumnPolicy, Policy
from .shape import Part
from .sql_text import VALUE, differs, fail, not_null, row_of, when

#: The extra column of RETURNING that tells a row that was there from a new one.
WAS_THERE = "pgops_was_there"


def conflict_target(policy: Policy, part: Part) -> tuple[str, ...]:
    """The unique key whose existing value is no error: the contract's for the root, the join's for its children."""
    if policy.on_conflict == "error":
        return ()
    return policy.conflict_key if part.index == policy.root.index else _join_key(policy, part)


def _updates(policy: Policy, part: Part) -> bool:
    """Whether an existing row is written to."""
    if policy.on_conflict != "upsert" or not conflict_target(policy, part):
        return False
    return part.index == policy.root.index or bool(_changes(policy, part, "NEW"))


def _tells(policy: Policy, part: Part) -> bool:
    """Whether RETURNING can tell a new row: system columns cannot be had of partitioned tables there."""
    return _updates(policy, part) and part.table.kind == "r"


def conflict(policy: Policy, part: Part, source: str) -> str:
    """ON CONFLICT and RETURNING; `source` is how the statement calls the new row of the view."""
    target = conflict_target(policy, part)
    # A new row version has no xmax; one that replaces an existing row carries the lock that ON CONFLICT took on it.
    returning = "\nRETURNING t.*" + (f", t.xmax::text <> '0' AS {WAS_THERE}" if _tells(policy, part) else "")
    if not target:
        return returning
    head = f"\nON CONFLICT ({', '.join(map(quote_ident, target))}) "
    if not _updates(policy, part):
        return head + "DO NOTHING" + returning
    changes = _changes(policy, part, source) or [f"{quote_ident(target[0])} = t.{quote_ident(target[0])}"]
    return head + "DO UPDATE SET " + ", ".join(changes) + returning


def _changes(policy: Policy, part: Part, source: str) -> list[str]:
    """What an upsert sets on the row that is there: the fixed values, and what was given, keys apart."""
    target = conflict_target(policy, part)
    fixed = policy.fixed.get(part.index, {})
    changes = [f"{quote_ident(name)} = {value}" for name, value in fixed.items()]
    for name, column in Columns(policy, part).given.items():
        if name not in target and column.update_refusal is None:
            value, old = new(column, source), f"t.{quote_ident(name)}"
            chosen = value if column.keeps_null else f"CASE WHEN {not_null(value)} THEN {value} ELSE {old} END"
            changes.append(f"{quote_ident(name)} = {chosen}")
    return changes


def _join_key(policy: Policy, part: Part) -> tuple[str, ...]:
    """The unique key of a part that the rows written before it give, none where there is no such key."""
    for unique in part.table.unique_indexes:
        if all(earlier_value(policy, part, name) for name in unique.columns):
            return unique.columns
    return ()


def declarations(policy: Policy) -> list[str]:
    """Row variables of all parts, and what is remembered of those that may have been there."""
    declared = []
    for part in policy.shape.parts:
        kind = "record" if part.preserved and _tells(policy, part) else f"{part.sql_name}%ROWTYPE"
        declared.append(f"{row_of(part)} {kind}")
        if part.preserved and conflict_target(policy, part):
            declared += [f"{_there(part)} boolean", f"{_held(part)} boolean"]
    return declared


def _there(part: Part) -> str:
    return f"there_{part.symbol[1:]}"


def _held(part: Part) -> str:
    return f"held_{part.symbol[1:]}"


def after(policy: Policy, part: Part) -> str:
    """What it means that the statement gave a row, or none: new, there already, ignored, or held back by a trigger."""
    target = conflict_target(policy, part)
    held_back = fail(
        "27000",
        f"A trigger of {part.label} held back the row that the view {policy.shape.sql_name} writes; "
        "nothing was written.",
        part=part,
    )
    if not target:
        return when("done = 0", held_back)
    is_root = part.index == policy.root.index
    if is_root and policy.on_conflict == "ignore":
        return when("done = 0", "RETURN NULL;")
    there = "done = 0"
    if _updates(policy, part):
        there = f"done = 0 OR {row_of(part)}.{WAS_THERE}" if _tells(policy, part) else "true"
    unique = next(unique for unique in part.table.unique_indexes if unique.columns == target)
    values = [joined_value(policy, part, name) or new(_column(policy, part, name)) for name in target]
    missing = held_back if is_root else _lost(policy, part)
    unwritten = " OR ".join(
        differs(f"{row_of(part)}.{quote_ident(name)}", value)
        for name, value in policy.fixed.get(part.index, {}).items()
    )
    return "\n".join(
        [
            f"{_there(part)} := {there};",
            f"{_held(part)} := done = 0;",
            when(
                _held(part),
                select_by(part, unique, values),
                when("NOT FOUND", missing),
                *([when(unwritten, held_back)] if unwritten else []),
            ),
        ]
    )


def _lost(policy: Policy, part: Part) -> str:
    return fail(
        "40001",
        f"The row of {part.label} that the view {policy.shape.sql_name} needs could neither be inserted nor found: "
        "another transaction removed it, or a trigger holds it back; nothing was written.",
        hint="Repeat the transaction.",
        part=part,
    )


def _column(policy: Policy, part: Part, name: str) -> ColumnPolicy:
    column = policy.at(part.index, name)
    if column is None:
        raise KeyError(name)
    return column


def kept_promises(policy: Policy) -> list[str]:
    """A value that was given and not written must be the stored one."""
    checks = []
    for column in policy.columns:
        part = policy.shape.part(column.place.part)
        condition = None if column.insert_refusal else _unwritten_when(policy, part, column)
        if condition is None:
            continue
        name = quote_ident(column.place.view_column.name)
        # A shared row is compared as it was found: triggers of the rows written since may have changed it.
        found = f"{row_of(part)}.{quote_ident(column.place.column.name)}::{column.place.view_column.type}"
        stored = f"result.{name}" if part.preserved else found
        message = (
            f"The INSERT into the view {policy.shape.sql_name} gives {name} the value {VALUE}, but the row of "
            f"{part.label} that exists already has {VALUE}; nothing was written."
        )
        state = "23505" if part.preserved else FEATURE_NOT_SUPPORTED
        given = " AND ".join([*condition, not_null(new(column)), _other(policy, column, stored)])
        checks.append(when(given, fail(state, message, new(column), stored, part=part)))
    return checks


def _unwritten_when(policy: Policy, part: Part, column: ColumnPolicy) -> list[str] | None:
    """The condition under which the given value was not written, as parts of an AND; None where it always is."""
    name = column.place.column.name
    if not part.preserved or (policy.shape.joined(part.index, name) and earlier_value(policy, part, name)):
        return []
    target = conflict_target(policy, part)
    # What the conflict was about is equal by the key's own equality, whatever a trigger made of the given value.
    if not target or name in target or (part.index == policy.root.index and policy.on_conflict == "ignore"):
        return None
    if not _updates(policy, part):
        return [_there(part)]
    return [_there(part) if column.update_refusal else _held(part)]


def _other(policy: Policy, column: ColumnPolicy, stored: str) -> str:
    """Whether the given value is another one: by the key's own equality where it is part of a key, else to the byte."""
    table, name = policy.shape.part(column.place.part).table, column.place.column.name
    for unique in table.unique_indexes:
        if name in unique.columns and not column.place.relabelled:
            equality = unique.equality[unique.columns.index(name)]
            return f"({new(column)} {equality} {stored}) IS NOT TRUE"
    return differs(new(column), stored)
