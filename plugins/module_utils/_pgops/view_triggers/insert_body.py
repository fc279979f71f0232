# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The body of the INSERT function: parents first, defaults of the tables kept, the stored row given back."""

from __future__ import annotations

from itertools import product

from ..model.catalog import UniqueIndex
from ..model.identifiers import quote_ident, quote_literal
from .policy import FEATURE_NOT_SUPPORTED, ColumnPolicy, Policy
from .shape import Part
from .sql_text import block, declare_rows, differs, fail, indent, is_null, not_null, reread, row_of, same_columns, when

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
    body += _kept_promises(policy)
    body.append("RETURN result;")
    declared = [*declare_rows(shape.parts), f"result {shape.sql_name}%ROWTYPE", "done bigint"]
    return block(declared, body)


def _new(column: ColumnPolicy, source: str = "NEW") -> str:
    return f"{source}.{quote_ident(column.place.view_column.name)}"


def _refusal(policy: Policy, column: ColumnPolicy) -> str:
    name = column.place.view_column.name
    message = f"Column {quote_ident(name)} of the view {policy.shape.sql_name} takes no value: {column.insert_refusal}."
    return when(not_null(_new(column)), fail(FEATURE_NOT_SUPPORTED, message))


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
            both = " AND ".join([not_null(_new(first)), not_null(_new(second)), differs(_new(first), _new(second))])
            checks.append(when(both, fail("22023", message)))
    return checks


def _joined_value(policy: Policy, part: Part, column: str) -> str | None:
    """The value the join dictates: of a row written before, else of the view columns that show it."""
    return _earlier_value(policy, part, column) or _shown_value(policy, part, column)


def _earlier_value(policy: Policy, part: Part, column: str) -> str | None:
    shape = policy.shape
    group = shape.joined(part.index, column)
    if group is None:
        return None
    order = [earlier.index for earlier in shape.parts]
    for index, name in sorted(group.members, key=lambda member: order.index(member[0])):
        if order.index(index) < order.index(part.index):
            return f"{row_of(shape.part(index))}.{quote_ident(name)}"
    return None


def _shown_value(policy: Policy, part: Part, column: str) -> str | None:
    group = policy.shape.joined(part.index, column)
    members = group.members if group else ()
    shown = [_new(c) for c in policy.columns if (c.place.part, c.place.column.name) in members and not c.insert_refusal]
    return f"COALESCE({', '.join(shown)})" if len(shown) > 1 else (shown[0] if shown else None)


def _look_up(policy: Policy, part: Part) -> str:
    """Find the one row of a part that several view rows share, by the first of its keys that was given whole."""
    branches = []
    for unique in policy.lookups[part.index]:
        values = [_lookup_value(policy, part, name) for name in unique.columns]
        given = " AND ".join(not_null(value) for value in values)
        branches.append((given, _select_by(part, unique, values)))
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
    joined = _joined_value(policy, part, name)
    column = policy.at(part.index, name)
    return joined or (_new(column) if column else "NULL")


def _select_by(part: Part, unique: UniqueIndex, values: list[str]) -> str:
    found = " AND ".join(
        f"t.{quote_ident(name)} {equality} {value}"
        for name, equality, value in zip(unique.columns, unique.equality, values)
    )
    return f"SELECT t.* INTO {row_of(part)} FROM {part.sql_name} AS t WHERE {found};"


class _Columns:
    """Which columns an INSERT into one part names: always, or only where a value was given."""

    def __init__(self, policy: Policy, part: Part) -> None:
        self.always: dict[str, str] = dict(policy.fixed.get(part.index, {}))
        self.omittable: dict[str, str] = {}
        self.given: dict[str, ColumnPolicy] = {}
        for name in sorted({n for group in policy.shape.classes for index, n in group.members if index == part.index}):
            earlier = _earlier_value(policy, part, name)
            value = earlier or _shown_value(policy, part, name)
            if value is not None:
                self._add(part, name, value, is_value=earlier is not None)
        for column in policy.columns:
            place = column.place
            name = place.column.name
            if place.part == part.index and not column.insert_refusal and not policy.shape.joined(part.index, name):
                self.given[name] = column
                self._add(part, name, _new(column), is_value=column.keeps_null)

    def _add(self, part: Part, name: str, value: str, is_value: bool) -> None:
        """NULL means an omission only where the table would put something else than NULL."""
        column = part.table.column(name)
        can_be_omitted = column.default is not None or bool(column.identity)
        (self.omittable if can_be_omitted and not is_value else self.always)[name] = value


def _write(policy: Policy, part: Part) -> str:
    columns = _Columns(policy, part)
    names = sorted(columns.omittable)
    make = _static if len(names) <= STATIC_OMITTABLE else _dynamic
    statement = make(policy, part, columns, names)
    return "\n".join([statement, _after(policy, part)])


def _static(policy: Policy, part: Part, columns: _Columns, names: list[str]) -> str:
    """One statement for each combination of given columns."""
    tail = _conflict(policy, part, columns, "NEW") + "\nRETURNING t.*"
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


def _dynamic(policy: Policy, part: Part, columns: _Columns, names: list[str]) -> str:
    """The same statement put together from what was given; values travel as parameters, never as text."""
    always = columns.always
    order = [*always.values(), *(columns.omittable[name] for name in names), "NEW"]
    tail = _conflict(policy, part, columns, f"(${len(order)})") + "\nRETURNING t.*"
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


def _conflict(policy: Policy, part: Part, columns: _Columns, source: str) -> str:
    """What an existing key means: for the root by the contract, for its children that the row is there already."""
    if policy.on_conflict == "error":
        return ""
    target = policy.conflict_key if part.index == policy.root.index else _join_key(policy, part)
    if not target:
        return ""
    head = f"\nON CONFLICT ({', '.join(map(quote_ident, target))}) "
    changes = _changes(policy, part, columns, target, source)
    if policy.on_conflict == "ignore":
        return head + "DO NOTHING"
    if part.index == policy.root.index and not changes:
        changes = [f"{quote_ident(target[0])} = t.{quote_ident(target[0])}"]
    return head + ("DO UPDATE SET " + ", ".join(changes) if changes else "DO NOTHING")


def _changes(policy: Policy, part: Part, columns: _Columns, target: tuple[str, ...], source: str) -> list[str]:
    """What an upsert sets on the row that is there: the fixed values, and what was given, keys apart."""
    fixed = policy.fixed.get(part.index, {})
    changes = [f"{quote_ident(name)} = {value}" for name, value in fixed.items()]
    for name, column in columns.given.items():
        if name not in target and column.update_refusal is None:
            new, old = _new(column, source), f"t.{quote_ident(name)}"
            value = new if column.keeps_null else f"CASE WHEN {not_null(new)} THEN {new} ELSE {old} END"
            changes.append(f"{quote_ident(name)} = {value}")
    return changes


def _join_key(policy: Policy, part: Part) -> tuple[str, ...]:
    """The unique key of a part that the rows written before it give, none where there is no such key."""
    for unique in part.table.unique_indexes:
        if all(_earlier_value(policy, part, name) for name in unique.columns):
            return unique.columns
    return ()


def _after(policy: Policy, part: Part) -> str:
    """What it means that the statement gave no row: ignored, there already, or held back by a trigger."""
    held_back = fail(
        "27000",
        f"A trigger of {part.label} held back the row that the view {policy.shape.sql_name} writes; nothing was "
        "written.",
        part=part,
    )
    is_root = part.index == policy.root.index
    target = policy.conflict_key if is_root else _join_key(policy, part)
    if policy.on_conflict == "error" or not target or (is_root and policy.on_conflict == "upsert"):
        return when("done = 0", held_back)
    unique = next(unique for unique in part.table.unique_indexes if unique.columns == target)
    values = [_joined_value(policy, part, name) or _new(_column(policy, part, name)) for name in target]
    found = _select_by(part, unique, values)
    if is_root:
        return when("done = 0", found, when("FOUND", "RETURN NULL;"), held_back)
    lost = fail(
        "40001",
        f"The row of {part.label} that the view {policy.shape.sql_name} needs could neither be inserted nor found: "
        "another "
        "transaction removed it, or a trigger holds it back; nothing was written.",
        hint="Repeat the transaction.",
        part=part,
    )
    return when("done = 0", found, when("NOT FOUND", lost))


def _column(policy: Policy, part: Part, name: str) -> ColumnPolicy:
    column = policy.at(part.index, name)
    if column is None:
        raise KeyError(name)
    return column


def _kept_promises(policy: Policy) -> list[str]:
    """A value that was given and perhaps not written, because the row was there already, must be that row's value."""
    checks = []
    for column in policy.columns:
        if column.insert_refusal or _surely_written(policy, column):
            continue
        name = quote_ident(column.place.view_column.name)
        part = policy.shape.part(column.place.part)
        stored = f"result.{name}"
        message = (
            f"The INSERT into the view {policy.shape.sql_name} gives {name} the value %s, but the row of {part.label} "
            "that exists already has %s; nothing was written."
        )
        state = "23505" if part.preserved else FEATURE_NOT_SUPPORTED
        checks.append(
            when(
                f"{not_null(_new(column))} AND {_other(policy, column, stored)}",
                fail(state, message, _new(column), stored, part=part),
            )
        )
    return checks


def _surely_written(policy: Policy, column: ColumnPolicy) -> bool:
    """Whether the statements before either wrote the given value or ended otherwise."""
    part, name = policy.shape.part(column.place.part), column.place.column.name
    if not part.preserved:
        return False
    if policy.shape.joined(part.index, name) and _earlier_value(policy, part, name):
        return False
    if policy.on_conflict == "error":
        return True
    if policy.on_conflict == "ignore":
        return part.index == policy.root.index
    columns = _Columns(policy, part)
    target = policy.conflict_key if part.index == policy.root.index else _join_key(policy, part)
    # What the conflict was about is equal by the key's own equality, whatever a trigger made of the given value.
    return name in target or (name in columns.given and column.update_refusal is None)


def _other(policy: Policy, column: ColumnPolicy, stored: str) -> str:
    """Whether the given value is another one: by the key's own equality where it is part of a key, else to the byte."""
    table, name = policy.shape.part(column.place.part).table, column.place.column.name
    for unique in table.unique_indexes:
        if name in unique.columns and not column.place.relabelled:
            equality = unique.equality[unique.columns.index(name)]
            return f"({_new(column)} {equality} {stored}) IS NOT TRUE"
    return differs(_new(column), stored)
