# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Pieces of PL/pgSQL that the three trigger functions share."""

from __future__ import annotations

from collections.abc import Iterable

from ..model.identifiers import quote_ident, quote_literal
from .policy import Policy
from .shape import KeyColumn, Part

#: Compares two values byte by byte: `IS DISTINCT FROM` calls 1.0 and 1.00 the same and fails for json and point.
DIFFERS = "OPERATOR(pg_catalog.*<>)"

#: The label of every generated block.
LABEL = "pgops"


def indent(text: str, by: int = 2) -> str:
    """Every line of the text moved to the right."""
    return "\n".join(" " * by + line if line else line for line in text.splitlines())


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
    """A RAISE that names the object. Each `%s` of the message stands for one of `values`, which are SQL."""
    pieces = message.split("%s")
    text = quote_literal(pieces[0])
    for value, piece in zip(values, pieces[1:]):
        text += f" || COALESCE(({value})::text, 'NULL')" + (f" || {quote_literal(piece)}" if piece else "")
    using = [f"ERRCODE = {quote_literal(sqlstate)}", f"MESSAGE = {text}"]
    if hint:
        using.append(f"HINT = {quote_literal(hint)}")
    if part is not None:
        using += [f"SCHEMA = {quote_literal(part.table.schema)}", f"TABLE = {quote_literal(part.table.name)}"]
    return "RAISE EXCEPTION USING " + ",\n  ".join(using) + ";"


def when(condition: str, *statements: str) -> str:
    """IF condition THEN statements END IF."""
    return "\n".join([f"IF {condition} THEN", *(indent(statement) for statement in statements), "END IF;"])


def row_of(part: Part) -> str:
    """The variable that holds the written or found row of a part."""
    return f"r{part.symbol[1:]}"


def declare_rows(parts: Iterable[Part]) -> list[str]:
    """Their declarations."""
    return [f"{row_of(part)} {part.sql_name}%ROWTYPE" for part in parts]


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
