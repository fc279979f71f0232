# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Pieces of PL/pgSQL that the three trigger functions share."""

from __future__ import annotations

from collections.abc import Iterable

from ..model.catalog.view import UniqueIndex
from ..model.contract.declared import Scalar
from ..model.identifiers import quote_ident, quote_literal
from .policy import Policy
from .shape import KeyColumn, Part

#: Compares two values byte by byte: `IS DISTINCT FROM` calls 1.0 and 1.00 the same and fails for json and point.
DIFFERS = "OPERATOR(pg_catalog.*<>)"

#: Where a message of `fail` holds a value of the row; no name in PostgreSQL can hold this character.
VALUE = "\0"

#: The label of every generated block.
LABEL = "pgops"


def indent(text: str, by: int = 2) -> str:
    """Every line of the text moved to the right."""
    return "\n".join(" " * by + line if line else line for line in text.split("\n"))


def block(declarations: Iterable[str], body: Iterable[str]) -> str:
    """A PL/pgSQL body. A bare name in its SQL is always a column; variables are qualified there by a row's name or by
    the block's label."""
    declared = [f"  {line};" for line in declarations]
    statements = [indent(part) for part in body if part]
    return (
        "\n".join(
            ["", "#variable_conflict use_column", f"<<{LABEL}>>", "DECLARE", *declared, "BEGIN", *statements, "END"]
        )
        + "\n"
    )


def fail(sqlstate: str, message: str, *values: str, hint: str = "", part: Part | None = None) -> str:
    """A RAISE that names the object. Each VALUE in the message stands for one of `values`, which are SQL."""
    pieces = message.split(VALUE)
    text = quote_literal(pieces[0])
    for value, piece in zip(values, pieces[1:]):
        text += f" || COALESCE(({value})::text, 'NULL')" + (f" || {quote_literal(piece)}" if piece else "")
    using = [f"ERRCODE = {quote_literal(sqlstate)}", f"MESSAGE = {text}"]
    if hint:
        using.append(f"HINT = {quote_literal(hint)}")
    if part is not None:
        using += [f"SCHEMA = {quote_literal(part.table.schema)}", f"TABLE = {quote_literal(part.table.name)}"]
    return "RAISE EXCEPTION USING " + ",\n  ".join(using) + ";"


def is_null(value: str) -> str:
    """Whether a value is NULL as a whole: `IS NULL` looks into a composite value's fields."""
    return f"{value} IS NOT DISTINCT FROM NULL"


def not_null(value: str) -> str:
    """Whether there is a value, be it a composite one with NULL in a field."""
    return f"{value} IS DISTINCT FROM NULL"


def when(condition: str, *statements: str) -> str:
    """IF condition THEN statements END IF."""
    return "\n".join([f"IF {condition} THEN", *(indent(statement) for statement in statements), "END IF;"])


def row_of(part: Part) -> str:
    """The variable that holds the written or found row of a part."""
    return f"r{part.symbol[1:]}"


def differs(one: str, other: str) -> str:
    """Whether two values are not the very same."""
    return f"ROW({one})::record {DIFFERS} ROW({other})::record"


def joined_tables(policy: Policy) -> str:
    """The view's FROM, spelled anew from what was derived; its conditions are `shape.joins`."""
    return ", ".join(f"{part.sql_name} AS {part.symbol}" for part in policy.shape.parts)


def key_values(policy: Policy, source: str) -> list[str]:
    """`symbol.column = source.view_column` for each column of the row's key."""
    shape = policy.shape
    return [
        f"{shape.part(key.part).symbol}.{quote_ident(key.column)} {key.equality} "
        f"{source}.{quote_ident(key.view_column)}"
        for key in shape.row_key
    ]


def stored_key_columns(policy: Policy) -> list[str]:
    """The SELECT list that keeps the keys of all key-preserved parts in one record."""
    return [
        f"{part.symbol}.{quote_ident(name)} AS {_stored_key(part, place)}"
        for part in policy.shape.preserved
        if part.key
        for place, name in enumerate(part.key.columns, 1)
    ]


def stored_keys(part: Part, record: str) -> list[str]:
    """That record's fields for one part."""
    return [f"{record}.{_stored_key(part, place)}" for place in range(1, len(_key(part).columns) + 1)]


def found_by_key(part: Part, values: list[str]) -> str:
    """The condition that finds one row of a part, under the alias t, by its key's values."""
    key = _key(part)
    return " AND ".join(
        f"t.{quote_ident(name)} {equality} {value}" for name, equality, value in zip(key.columns, key.equality, values)
    )


def _key(part: Part) -> UniqueIndex:
    if part.key is None:
        raise ValueError(f"{part.label} has no key")
    return part.key


def _stored_key(part: Part, place: int) -> str:
    return f"{part.symbol}_key_{place}"


def same_columns(policy: Policy) -> str:
    """A statement that fails where the view has other columns than the triggers were made for.

    A column that CREATE OR REPLACE VIEW added would otherwise be counted as written and lost. PostgreSQL itself
    refuses to compare rows of different width.
    """
    known = ", ".join(f"NEW.{quote_ident(column.place.view_column.name)}" for column in policy.columns)
    return when(f"ROW({known})::record {DIFFERS} NEW", "RETURN NULL;")


def sql_scalar(value: Scalar) -> str:
    """A contract's scalar as SQL."""
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return quote_literal(repr(value))
    text = str(value)
    if text.isprintable():
        return quote_literal(text)
    # Line breaks are spelled out: the code around the literal is indented line by line.
    spelled = text.replace("\\", "\\\\").replace("'", "''")
    return "E'" + "".join(c if c.isprintable() else f"\\U{ord(c):08X}" for c in spelled) + "'"


def reread(policy: Policy, value_of: dict[KeyColumn, str], written: str) -> list[str]:
    """Statements that fetch the row as the view shows it now into `result`, or refuse what the view would not show."""
    shape = policy.shape
    conditions = " AND ".join(
        f"v.{quote_ident(key.view_column)} {key.equality} {value_of[key]}" for key in shape.row_key
    )
    return [
        f"SELECT v.* INTO result FROM {shape.sql_name} AS v WHERE {conditions};",
        when(
            "NOT FOUND",
            fail(
                "44000",
                f"The row {written} through the view {shape.sql_name} would not be visible in it; nothing was written.",
                hint="A trigger or a value of the base tables takes the row out of the view's join.",
            ),
        ),
    ]
