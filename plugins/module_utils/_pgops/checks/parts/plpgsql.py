# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Looks into the source of PL/pgSQL functions without running it: tokens, and what can be told from them for sure.

This is no parser of the language. Every question is put so that code it does not understand gives no answer.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

_TOKEN = re.compile(
    r"""
    (?P<skip>\s+|--[^\n]*)
    | (?P<comment>/\*)
    | (?P<dollar>\$(?:[A-Za-z_\u0080-\U0010ffff][\w\u0080-\U0010ffff]*)?\$)
    | (?P<escape>[eE]'(?:[^'\\]|\\.|'')*')
    | (?P<string>'(?:[^']|'')*')
    | (?P<quoted>"(?:[^"]|"")*")
    | (?P<word>[A-Za-z_\u0080-\U0010ffff][\w$\u0080-\U0010ffff]*)
    | (?P<number>\d[\w.]*)
    | (?P<sign>:=|=>|<<|>>|::|\.\.|.)
    """,
    re.VERBOSE | re.DOTALL,
)
_COMMENT_EDGE = re.compile(r"/\*|\*/")
_FOLD = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}
_STRING = "''"
#: Variables by which a function may do different things at different relations.
_TELLS_RELATION = frozenset({"tg_relid", "tg_relname", "tg_table_name", "tg_table_schema", "tg_name", "tg_argv"})
#: Words before a parenthesis that call nothing.
_NO_FUNCTIONS = ("values", "in", "and", "or", "not", "where", "if", "on", "select", "set", "when", "then", "else")
EVERY = "*"


class Token(NamedTuple):
    """A piece of source: `name` is what an identifier means, '' for anything else; a string's text is `''`."""

    text: str
    name: str = ""
    quoted: bool = False


class Write(NamedTuple):
    """An INSERT, UPDATE or DELETE: its relation (schema None where not given), the columns it names, and the values
    beside them as tokens; None where it names no columns, or has no such list.
    """

    verb: str
    schema: str | None
    relation: str
    columns: tuple[str, ...] | None = None
    values: tuple[tuple[Token, ...], ...] | None = None


@lru_cache(maxsize=256)
def tokens_of(source: str) -> tuple[Token, ...]:
    """The source without comments, words folded as PostgreSQL does."""
    return tuple(_tokens(source))


def _tokens(source: str) -> Iterator[Token]:
    position = 0
    while position < len(source):
        found = _TOKEN.match(source, position)
        if found is None:
            return
        position, kind, text = found.end(), found.lastgroup, found.group()
        if kind == "comment":
            position = _after_comment(source, position)
        elif kind == "dollar":
            end = source.find(text, position)
            position = len(source) if end < 0 else end + len(text)
            yield Token(_STRING)
        elif kind in ("string", "escape"):
            yield Token(_STRING)
        elif kind == "quoted":
            yield Token(text, text[1:-1].replace('""', '"'), True)
        elif kind == "word":
            folded = text.translate(_FOLD)
            yield Token(folded, folded)
        elif kind != "skip":
            yield Token(text)


def _after_comment(source: str, position: int) -> int:
    depth = 1
    while depth:
        edge = _COMMENT_EDGE.search(source, position)
        if edge is None:
            return len(source)
        depth += 1 if edge.group() == "/*" else -1
        position = edge.end()
    return position


def is_word(token: Token, *words: str) -> bool:
    """Whether a token is one of these words, not in quotes."""
    return not token.quoted and token.text in words


def texts(tokens: tuple[Token, ...]) -> tuple[str, ...]:
    """The tokens' texts."""
    return tuple(token.text for token in tokens)


def tells_relations_apart(tokens: tuple[Token, ...]) -> bool:
    """Whether the code asks at which relation, or with which arguments, it was called."""
    return any(not token.quoted and token.text in _TELLS_RELATION for token in tokens)


def returned(tokens: tuple[Token, ...]) -> frozenset[str]:
    """What the RETURN statements give, each as text; a set-returning RETURN is left out."""
    found = set()
    for place, token in enumerate(tokens):
        if is_word(token, "return") and not is_word(_at(tokens, place + 1), "next", "query"):
            end = place + 1
            while end < len(tokens) and tokens[end].text != ";":
                end += 1
            found.add(" ".join(texts(tokens[place + 1 : end])))
    return frozenset(found)


def fields(tokens: tuple[Token, ...], row: str) -> frozenset[str]:
    """The fields of NEW or OLD that the code names; `*` stands for all of them, or for the row as a whole.

    RETURN NEW alone is no use of the row; in a RETURNING list, PostgreSQL 18 means the written row by these words.
    """
    found = set()
    returning = False
    for place, token in enumerate(tokens):
        returning = is_word(token, "returning") or (returning and not (token.text == ";" or is_word(token, "into")))
        if returning or not is_word(token, row) or _at(tokens, place - 1).text == ".":
            continue
        if _at(tokens, place + 1).text == ".":
            found.add(_at(tokens, place + 2).name or EVERY)
        elif not is_word(_at(tokens, place - 1), "return"):
            found.add(EVERY)
    return frozenset(found)


def given(tokens: tuple[Token, ...]) -> frozenset[str]:
    """The fields of NEW that the code gives a value, by assignment or INTO; `*` where it may give any."""
    found = set()
    for place, token in enumerate(tokens):
        if not is_word(token, "new"):
            continue
        after = _at(tokens, place + 1)
        if after.text == ".":
            if _at(tokens, place + 3).text in (":=", "=", "[") or _is_target(tokens, place):
                found.add(_at(tokens, place + 2).name or EVERY)
        elif (
            after.text in (":=", "=") or _is_target(tokens, place) or is_word(_at(tokens, place - 1), "for", "foreach")
        ):
            found.add(EVERY)
    return frozenset(found)


def _is_target(tokens: tuple[Token, ...], place: int) -> bool:
    """Whether the names and commas that lead up to a place begin with INTO, and not with INSERT INTO."""
    while place > 0:
        place -= 1
        token = tokens[place]
        if is_word(token, "into"):
            return not is_word(_at(tokens, place - 1), "insert", "merge")
        if not (token.name or token.text in (",", ".")):
            return False
    return False


def is_tested(tokens: tuple[Token, ...], field: str) -> bool:
    """Whether the code cares for NULL in a field of NEW: `NEW.f IS ..`, or NEW.f as an argument of a function."""
    for place, token in enumerate(tokens):
        if not is_word(token, "new") or _at(tokens, place + 1).text != "." or _at(tokens, place + 2).name != field:
            continue
        before, opener = _at(tokens, place - 1), _at(tokens, place - 2)
        if is_word(_at(tokens, place + 3), "is", "isnull", "notnull"):
            return True
        if before.text == "(" and opener.name and not is_word(opener, *_NO_FUNCTIONS):
            return True
        if is_word(before, "not", "if", "case", "when", "and", "or"):
            return True
    return False


def writes(tokens: tuple[Token, ...]) -> list[Write]:
    """The INSERT, UPDATE and DELETE statements whose form is plain; others are left out."""
    found = []
    for place, token in enumerate(tokens):
        if is_word(token, "insert") and is_word(_at(tokens, place + 1), "into"):
            found.append(_insert(tokens, place + 2))
        elif is_word(token, "delete") and is_word(_at(tokens, place + 1), "from"):
            found.append(_named("DELETE", tokens, place + 2)[0])
        elif is_word(token, "update"):
            found.append(_update(tokens, place + 1))
    return [write for write in found if write is not None]


def _named(verb: str, tokens: tuple[Token, ...], place: int) -> tuple[Write | None, int]:
    """The relation that is named at a place, and the place after it."""
    if is_word(_at(tokens, place), "only"):
        place += 1
    first = _at(tokens, place)
    if not first.name:
        return None, place
    if _at(tokens, place + 1).text == ".":
        second = _at(tokens, place + 2)
        return (Write(verb, first.name, second.name) if second.name else None), place + 3
    return Write(verb, None, first.name), place + 1


def _insert(tokens: tuple[Token, ...], place: int) -> Write | None:
    write, place = _named("INSERT", tokens, place)
    if write is None:
        return None
    if is_word(_at(tokens, place), "as"):
        place += 2
    if _at(tokens, place).text != "(" or is_word(_at(tokens, place + 1), "select", "with", "values"):
        return write
    columns, place = _list(tokens, place)
    names = tuple(item[0].name for item in columns if item)
    write = write._replace(columns=names)
    if is_word(_at(tokens, place), "overriding"):
        place += 3
    if is_word(_at(tokens, place), "values") and _at(tokens, place + 1).text == "(":
        values, place = _list(tokens, place + 1)
        if len(values) == len(names) and _at(tokens, place).text != ",":
            write = write._replace(values=tuple(values))
    return write


def _list(tokens: tuple[Token, ...], place: int) -> tuple[list[tuple[Token, ...]], int]:
    """The items of a list in parentheses that opens at a place, and the place after it."""
    items: list[tuple[Token, ...]] = []
    depth, begin = 0, place + 1
    while place < len(tokens):
        text = tokens[place].text
        depth += (text in "([") - (text in ")]") if len(text) == 1 else 0
        if depth == 0 or (depth == 1 and text == ","):
            items.append(tokens[begin:place])
            begin = place + 1
        place += 1
        if depth == 0:
            break
    return items, place


def _update(tokens: tuple[Token, ...], place: int) -> Write | None:
    write, place = _named("UPDATE", tokens, place)
    if write is None:
        return None
    if is_word(_at(tokens, place), "as"):
        place += 1
    if not is_word(_at(tokens, place), "set"):
        place += 1
    if not is_word(_at(tokens, place), "set"):
        return None
    return write._replace(columns=tuple(_set_columns(tokens, place + 1)))


def _set_columns(tokens: tuple[Token, ...], place: int) -> Iterator[str]:
    """The columns that a SET list names one by one; those in parentheses are left out."""
    depth, begins = 0, True
    while place < len(tokens):
        token = tokens[place]
        if depth == 0 and (token.text == ";" or is_word(token, "where", "from", "returning")):
            return
        if begins and token.name and _at(tokens, place + 1).text == "=":
            yield token.name
        depth += (token.text in "([") - (token.text in ")]") if len(token.text) == 1 else 0
        begins = depth == 0 and token.text == ","
        place += 1


def _at(tokens: tuple[Token, ...], place: int) -> Token:
    return tokens[place] if 0 <= place < len(tokens) else Token("")
