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

_TOKEN = re.compile(r'[ \n\t]*([{}()]|"(?:[^"\\]|\\.)*"|(?:[^ \n\t{}()\\]|\\.)+)', re.DOTALL)
#: The one field whose value is more than a token, a list or a node.
_DATUM = ":constvalue"
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


def read_nodes(text: str) -> list[Any]:
    """The top-level list of a stored query: one dict a query.

    :raises PgOpsError: when the text does not follow the grammar (a form of a server newer than this reader).
    """
    tokens = _TOKEN.findall(text)
    try:
        value, rest = _value(tokens, 0)
    except RecursionError as error:
        raise PgOpsError("The stored query of the view is nested too deeply to be read.") from error
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
        value, at = _datum(tokens, at + 1) if name == _DATUM else _value(tokens, at + 1)
        node[name[1:]] = value
    return node, at + 1


def _datum(tokens: list[str], at: int) -> tuple[Value, int]:
    """Length and bytes of a constant, None for NULL."""
    if tokens[at] == "<>":
        return None, at + 1
    try:
        end = tokens.index("]", at)
    except ValueError:
        end = -1
    if tokens[at + 1] != "[" or end < 0:
        raise PgOpsError("The stored query of the view has a constant of unknown form.")
    return [tokens[at], tokens[at + 2 : end]], end + 1


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
