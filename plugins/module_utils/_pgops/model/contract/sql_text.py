# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Static checks of the SQL a contract carries: enough to refuse a slip early, nothing is executed."""

from __future__ import annotations

import re

from .wording import BadValueError, quoted

_DOLLAR = re.compile(r"\$(?:[A-Za-z_\u0080-\U0010ffff][A-Za-z0-9_\u0080-\U0010ffff]*)?\$")
_WORD = re.compile(r"[A-Za-z_\u0080-\U0010ffff][A-Za-z0-9_$\u0080-\U0010ffff]*")
_COMMENT_EDGE = re.compile(r"/\*|\*/")
_QUERY_WORDS = ("select", "with", "values", "table")
_SERIAL = {
    **dict.fromkeys(("serial", "serial4"), "integer"),
    **dict.fromkeys(("bigserial", "serial8"), "bigint"),
    **dict.fromkeys(("smallserial", "serial2"), "smallint"),
}
# The words that stand alone as a value; any other bare word would be the name of a column.
_VALUES = """
    true false null current_date current_time current_timestamp localtime localtimestamp current_user session_user
    user current_role current_catalog current_schema system_user
"""
_VALUE_WORDS = frozenset(_VALUES.split())


def skeleton(sql: str) -> str:
    """The statement with each comment as a blank and each quoted text as ``''``; refused where one does not end."""
    out = []
    position = 0
    while position < len(sql):
        start = position
        char = sql[position]
        word = _WORD.match(sql, position)
        dollar = _DOLLAR.match(sql, position) if char == "$" else None
        if sql.startswith("--", position):
            position = _line_end(sql, position)
            out.append(" ")
        elif sql.startswith("/*", position):
            position = _comment_end(sql, position)
            out.append(" ")
        elif char in "'\"":
            position = _quote_end(sql, start, char, escapes=False)
            out.append("''")
        elif word and word.group(0) in ("e", "E") and sql.startswith("'", word.end()):
            position = _quote_end(sql, word.end(), "'", escapes=True)
            out.append("''")
        elif word:
            position = word.end()
            out.append(word.group(0))
        elif dollar:
            position = sql.find(dollar.group(0), dollar.end()) + len(dollar.group(0))
            if position < dollar.end():
                raise BadValueError(f"The text that begins with {dollar.group(0)} in this SQL does not end.")
            out.append("''")
        else:
            position += 1
            out.append(char)
    return "".join(out)


def _line_end(sql: str, start: int) -> int:
    end = sql.find("\n", start)
    return len(sql) if end < 0 else end


def _comment_end(sql: str, start: int) -> int:
    """Behind a comment; comments nest in PostgreSQL."""
    depth = 0
    for edge in _COMMENT_EDGE.finditer(sql, start):
        depth += 1 if edge.group(0) == "/*" else -1
        if depth == 0:
            return edge.end()
    raise BadValueError("A comment that begins with /* in this SQL does not end.")


def _quote_end(sql: str, start: int, quote: str, escapes: bool) -> int:
    """Behind a quoted text; a doubled quote, and with ``escapes`` one behind a backslash, stands for itself."""
    position = start + 1
    while position < len(sql):
        if escapes and sql[position] == "\\":
            position += 2
        elif sql[position] != quote:
            position += 1
        elif sql.startswith(quote * 2, position):
            position += 2
        else:
            return position + 1
    raise BadValueError(f"A text that begins with {quote} in this SQL does not end.")


def _single(sql: str) -> str:
    """The skeleton of one statement or expression without its edges' blanks."""
    bones = skeleton(sql).strip()
    if not bones:
        raise BadValueError("This SQL holds nothing but a comment.")
    if bones.endswith(";") and ";" not in bones[:-1]:
        raise BadValueError("This SQL ends with a semicolon; leave it out.")
    if ";" in bones:
        raise BadValueError("This SQL holds more than one statement; a semicolon may stand in quotes only.")
    depth = 0
    for char in bones:
        depth += {"(": 1, ")": -1}.get(char, 0)
        if depth < 0:
            break
    if depth != 0:
        raise BadValueError(f"A parenthesis in this SQL is {'not closed' if depth > 0 else 'closed but never opened'}.")
    return bones


def _first_word(bones: str) -> str:
    word = _WORD.match(bones.lstrip("( \t\r\n"))
    return word.group(0).lower() if word else ""


def check_query(sql: str) -> None:
    """One statement that reads."""
    first = _first_word(_single(sql))
    if first not in _QUERY_WORDS:
        begin = f"it begins with {quoted(first.upper())}" if first else "it does not"
        raise BadValueError(f"The SQL of a rule begins with SELECT, WITH, VALUES or TABLE; {begin}.")


def check_condition(sql: str) -> None:
    """A condition as it stands behind WHERE."""
    first = _first_word(_single(sql))
    if first == "where":
        raise BadValueError("Write the condition alone, without the word WHERE.")
    if first in ("select", "with", "values") and not sql.lstrip().startswith("("):
        raise BadValueError("This is a query; write a condition as it stands behind WHERE.")


def check_expression(sql: str) -> None:
    """An expression that gives one value."""
    first = _first_word(_single(sql))
    if first in ("select", "with", "values", "default") and not sql.lstrip().startswith("("):
        raise BadValueError("Write an expression that gives one value; a query stands in parentheses.")


def check_default(sql: str) -> None:
    """An expression as it stands behind DEFAULT."""
    check_expression(sql)
    word = sql.strip()
    if _WORD.fullmatch(word) and word.lower() not in _VALUE_WORDS:
        raise BadValueError(
            f"{quoted(word)} is a bare word, which no column's default can be. "
            f"A text is written in quotes of SQL: \"'{word}'\"; a function with its parentheses: {word}()."
        )


def check_type(text: str) -> None:
    """The name of a type and nothing behind it."""
    if "'" in text:
        raise BadValueError("A type is a name; write it without the quotes of a text.")
    words = [word.lower() for word in _WORD.findall(_single(text))]
    stored = _SERIAL.get(words[0]) if words else None
    if stored is not None:
        raise BadValueError(
            f"{quoted(words[0])} is no type but short for a type and a default; "
            f"write type: {stored} and, where wanted, default: nextval('...'::regclass)."
        )
    for said, key in (("not null", "not_null"), ("primary key", "primary_key"), ("default", "default")):
        if f" {said} " in f" {' '.join(words)} ":
            raise BadValueError(f"The type alone belongs here; {quoted(said)} has a key of its own, {key}.")
