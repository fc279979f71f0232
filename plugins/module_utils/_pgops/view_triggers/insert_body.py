# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The body of the INSERT function: parents first, defaults of the tables kept, the stored row given back."""

from __future__ import annotations

from itertools import product

from ..model.identifiers import quote_ident, quote_literal
from .existing_rows import after, conflict, declarations, kept_promises
from .insert_values import Columns, joined_value, new, select_by
from .policy import FEATURE_NOT_SUPPORTED, ColumnPolicy, Policy
from .shape import Part
from .sql_text import block, differs, fail, indent, is_null, not_null, reread, row_of, same_columns, when

#: Up to so many omittable columns, each combination has a statement of its own, whose plan is kept; beyond, the
#: statement is put together at run time.
STATIC_OMITTABLE = 3


def insert_body(policy: Policy) -> str:
    """PL/pgSQL for INSERT."""
    shape = policy.shape
    if policy.insert_refusal:
        message = f"The view {shape.sql_name} takes no INSERT: {policy.insert_refusal}."
        return block([], [fail(FEATURE_NOT_SUPPORTED, message), "RETURN NULL;"])
    body = [same_columns(policy)]
    body += [_refusal(policy, column) for column in policy.columns if column.insert_refusal]
    body += _same_key_twice(policy)
    for part in shape.parts:
        body.append(f"-- {part.label}")
        body.append(_write(policy, part) if part.preserved else _look_up(policy, part))
    values = {key: f"{row_of(shape.part(key.part))}.{quote_ident(key.column)}" for key in shape.row_key}
    body += reread(policy, values, "inserted")
    body += kept_promises(policy)
    body.append("RETURN result;")
    declared = [*declarations(policy), f"result {shape.sql_name}%ROWTYPE", "done bigint"]
    return block(declared, body)


def _refusal(policy: Policy, column: ColumnPolicy) -> str:
    name = column.place.view_column.name
    message = f"Column {quote_ident(name)} of the view {policy.shape.sql_name} takes no value: {column.insert_refusal}."
    return when(not_null(new(column)), fail(FEATURE_NOT_SUPPORTED, message))


def _same_key_twice(policy: Policy) -> list[str]:
    """Two columns that the join makes equal must not be given two values."""
    shape, checks = policy.shape, []
    for group in shape.classes:
        shown = [
            c for c in policy.columns if (c.place.part, c.place.column.name) in group.members and not c.insert_refusal
        ]
        for first, second in zip(shown, shown[1:]):
            message = (
                f"Columns {quote_ident(first.place.view_column.name)} and {quote_ident(second.place.view_column.name)} "
                f"of the view {shape.sql_name} are joined and cannot be given two values."
            )
            both = " AND ".join([not_null(new(first)), not_null(new(second)), differs(new(first), new(second))])
            checks.append(when(both, fail("22023", message)))
    return checks


def _look_up(policy: Policy, part: Part) -> str:
    """Find the one row of a part that several view rows share, by the first of its keys that was given whole."""
    branches = []
    for unique in policy.lookups[part.index]:
        values = [_lookup_value(policy, part, name) for name in unique.columns]
        given = " AND ".join(not_null(value) for value in values)
        branches.append((given, select_by(part, unique, values)))
    keys = " or ".join("(" + ", ".join(unique.columns) + ")" for unique in policy.lookups[part.index])
    lines = []
    for place, (given, select) in enumerate(branches):
        lines += [f"{'ELSIF' if place else 'IF'} {given} THEN", indent(select)]
    message = f"An INSERT into the view {policy.shape.sql_name} must name a row of {part.label} by {keys}."
    return "\n".join([*lines, "ELSE", indent(fail("23502", message, part=part)), "END IF;", _not_found(policy, part)])


def _not_found(policy: Policy, part: Part) -> str:
    message = f"The INSERT into the view {policy.shape.sql_name} names a row of {part.label} that does not exist."
    return when(
        "NOT FOUND", fail("23503", message, hint="Insert that row first; this view does not make it.", part=part)
    )


def _lookup_value(policy: Policy, part: Part, name: str) -> str:
    joined = joined_value(policy, part, name)
    column = policy.at(part.index, name)
    return joined or (new(column) if column else "NULL")


def _write(policy: Policy, part: Part) -> str:
    columns = Columns(policy, part)
    names = sorted(columns.omittable)
    make = _static if len(names) <= STATIC_OMITTABLE else _dynamic
    statement = make(policy, part, columns, names)
    return "\n".join([statement, after(policy, part)])


def _static(policy: Policy, part: Part, columns: Columns, names: list[str]) -> str:
    """One statement for each combination of given columns."""
    tail = conflict(policy, part, "NEW")
    branches = []
    for chosen in product((True, False), repeat=len(names)):
        condition = " AND ".join(
            (not_null if given else is_null)(columns.omittable[name]) for name, given in zip(names, chosen)
        )
        values = dict(columns.always)
        values.update({name: columns.omittable[name] for name, given in zip(names, chosen) if given})
        statement = f"INSERT INTO {part.sql_name} AS t {_values(values)}{tail} INTO {row_of(part)};"
        branches.append((condition, statement + "\nGET DIAGNOSTICS done = ROW_COUNT;"))
    if len(branches) == 1:
        return branches[0][1]
    lines = []
    for place, (condition, statement) in enumerate(branches):
        last = place == len(branches) - 1
        lines.append("ELSE" if last else f"{'ELSIF' if place else 'IF'} {condition} THEN")
        lines.append(indent(statement))
    return "\n".join([*lines, "END IF;"])


def _values(values: dict[str, str]) -> str:
    if not values:
        return "DEFAULT VALUES"
    return f"({', '.join(map(quote_ident, values))}) VALUES ({', '.join(values.values())})"


def _dynamic(policy: Policy, part: Part, columns: Columns, names: list[str]) -> str:
    """The same statement put together from what was given; values travel as parameters, never as text."""
    always = columns.always
    order = [*always.values(), *(columns.omittable[name] for name in names), "NEW"]
    tail = conflict(policy, part, f"(${len(order)})")
    lines = [
        f"names := {quote_literal(', '.join(map(quote_ident, always)))};",
        f"vals := {quote_literal(', '.join(f'${place}' for place in range(1, len(always) + 1)))};",
    ]
    for place, name in enumerate(names, len(always) + 1):
        lines.append(
            when(
                not_null(columns.omittable[name]),
                f"names := pg_catalog.concat_ws(', ', NULLIF(names, ''), {quote_literal(quote_ident(name))});",
                f"vals := pg_catalog.concat_ws(', ', NULLIF(vals, ''), '${place}');",
            )
        )
    head, rest = quote_literal(f"INSERT INTO {part.sql_name} AS t "), quote_literal(tail)
    chosen = "CASE names WHEN '' THEN 'DEFAULT VALUES' ELSE '(' || names || ') VALUES (' || vals || ')' END"
    lines.append(f"EXECUTE {head} || {chosen} || {rest}\n  INTO {row_of(part)} USING {', '.join(order)};")
    lines.append("GET DIAGNOSTICS done = ROW_COUNT;")
    return "\n".join(["DECLARE", "  names text;", "  vals text;", "BEGIN", *(indent(line) for line in lines), "END;"])
