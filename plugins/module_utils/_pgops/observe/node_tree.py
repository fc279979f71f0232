# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads PostgreSQL's text form of node trees (`pg_rewrite.ev_action`): `{NODE :field value ...}`, lists, atoms.

The grammar is that of `nodeToString`: a backslash escapes one character, `<>` is NULL, a datum is
`length [ byte byte ... ]`, lists may begin with a type letter (`(i 1 2)`, `(b 8 9)`).
"""

from __future__ import annotations

import re
from typing import Any, Union

from ..model.errors import PgOpsError

#: An atom is text, NULL is None, a list is a list, and a node a dict whose name stands under `NODE`.
Value = Union[None, str, "list[Any]", "dict[str, Any]"]

_TOKEN = re.compile(r'\s*([{}()\[\]]|"(?:[^"\\]|\\.)*"|(?:[^\s{}()\[\]\\]|\\.)+)', re.DOTALL)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


def read_nodes(text: str) -> list[Any]:
    """The top-level list of a stored query: one dict a query.

    :raises PgOpsError: when the text does not follow the grammar (a form of a server newer than this reader).
    """
    tokens = _TOKEN.findall(text)
    value, rest = _value(tokens, 0)
    if rest != len(tokens) or not isinstance(value, list):
        raise PgOpsError("The stored query of the view has a form that this version cannot read.")
    return value


def _value(tokens: list[str], at: int) -> tuple[Value, int]:
    try:
        token = tokens[at]
        if token == "{":
            return _node(tokens, at + 1)
        if token == "(":
            return _list(tokens, at + 1)
        return _atom(token), at + 1
    except IndexError as error:
        raise PgOpsError("The stored query of the view ends too early.") from error


def _node(tokens: list[str], at: int) -> tuple[Value, int]:
    node: dict[str, Any] = {"NODE": tokens[at]}
    at += 1
    while tokens[at] != "}":
        name = tokens[at]
        if not name.startswith(":"):
            raise PgOpsError(f"The stored query of the view has {name!r} where a field's name belongs.")
        values, at = _field(tokens, at + 1)
        node[name[1:]] = values[0] if len(values) == 1 else values
    return node, at + 1


def _field(tokens: list[str], at: int) -> tuple[list[Any], int]:
    """All values up to the next field: most have one, a datum has its length and a bracketed list of bytes."""
    values: list[Any] = []
    while tokens[at] != "}" and not (tokens[at].startswith(":") and values):
        if tokens[at] == "[":
            end = tokens.index("]", at)
            values.append(tokens[at + 1 : end])
            at = end + 1
        else:
            value, at = _value(tokens, at)
            values.append(value)
    return values, at


def _list(tokens: list[str], at: int) -> tuple[Value, int]:
    values: list[Any] = []
    while tokens[at] != ")":
        value, at = _value(tokens, at)
        values.append(value)
    return values, at + 1


def _atom(token: str) -> str | None:
    if token == "<>":
        return None
    if token.startswith('"') and token.endswith('"') and len(token) > 1:
        token = token[1:-1]
    return _ESCAPED.sub(r"\1", token)
