# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PostgreSQL's access lists, read from their text (`relacl::text` and its like): who holds which privilege."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

#: The grantee that stands for everybody.
PUBLIC = ""

#: PostgreSQL's letters in words, in the order in which it prints them.
WORDS = {
    "a": "INSERT",
    "r": "SELECT",
    "w": "UPDATE",
    "d": "DELETE",
    "D": "TRUNCATE",
    "x": "REFERENCES",
    "t": "TRIGGER",
    "X": "EXECUTE",
    "U": "USAGE",
    "C": "CREATE",
    "T": "TEMPORARY",
    "c": "CONNECT",
    "s": "SET",
    "A": "ALTER SYSTEM",
    "m": "MAINTAIN",
}
_TABLE = frozenset({"INSERT", "SELECT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER", "MAINTAIN"})
_MAINTAIN_SINCE = 17
_NONE: frozenset[str] = frozenset()
_USAGE = frozenset({"USAGE"})
_EXECUTE = frozenset({"EXECUTE"})

#: Kind of object to what everybody and what the owner holds while no access list is stored (acldefault).
_DEFAULTS: dict[str, tuple[frozenset[str], frozenset[str]]] = {
    "table": (_NONE, _TABLE),
    "column": (_NONE, _NONE),
    "sequence": (_NONE, frozenset({"SELECT", "UPDATE", "USAGE"})),
    "database": (frozenset({"TEMPORARY", "CONNECT"}), frozenset({"CREATE", "TEMPORARY", "CONNECT"})),
    "function": (_EXECUTE, _EXECUTE),
    "language": (_USAGE, _USAGE),
    "large object": (_NONE, frozenset({"SELECT", "UPDATE"})),
    "schema": (_NONE, frozenset({"USAGE", "CREATE"})),
    "tablespace": (_NONE, frozenset({"CREATE"})),
    "foreign data wrapper": (_NONE, _USAGE),
    "foreign server": (_NONE, _USAGE),
    "type": (_USAGE, _USAGE),
    "parameter": (_NONE, frozenset({"SET", "ALTER SYSTEM"})),
}
#: The kinds of objects whose access lists are known here; views and foreign tables are tables, domains are types.
KINDS = frozenset(_DEFAULTS)

# An element of an array: plain up to the next comma, or in double quotes with backslashes before what they protect.
_ELEMENT = re.compile(r'"((?:[^"\\]|\\.)*)"|([^",{}\\]+)', re.DOTALL)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
# A name within an element is in double quotes, doubled inside, unless all of it are letters, digits and _.
_NAME = r'(?:"((?:[^"]|"")*)"|([^"=/]*))'
_ITEM = re.compile(_NAME + r"=([A-Za-z*]*)/" + _NAME, re.DOTALL)


class AclError(ValueError):
    """A text that is no access list; the message is a sentence."""


class AclEntry(NamedTuple):
    """What one role granted another. Names as stored; `grantee` '' is PUBLIC, and of a role that is gone the name is
    its number.

    `privileges` are words such as `SELECT`; a letter that is not known here stays a letter. `grantable` are those of
    them that the grantee may grant on.
    """

    grantee: str
    privileges: frozenset[str]
    grantable: frozenset[str]
    grantor: str


@lru_cache(maxsize=8192)
def parse_acl(text: str) -> tuple[AclEntry, ...]:
    """The entries of an access list in their order, from the text of an `aclitem[]`: `{=r/owner,app=arwd/owner}`.

    :raises AclError: when the text is no such list.
    """
    return tuple(_entry(element, text) for element in _elements(text))


@lru_cache(maxsize=8192)
def effective_acl(text: str | None, kind: str, owner: str, major: int = 18) -> tuple[AclEntry, ...]:
    """The entries that hold for an object: those stored, or PostgreSQL's defaults where none are (None).

    :param kind: one of `KINDS`; views, materialized views and foreign tables are `table`, domains `type`.
    :param major: of the server: tables have had MAINTAIN since 17.
    :raises AclError: when the text is no access list.
    """
    everybody, owners = _DEFAULTS[kind]
    if text is not None:
        return parse_acl(text)
    if major < _MAINTAIN_SINCE:
        owners = owners - {"MAINTAIN"}
    entries = (AclEntry(PUBLIC, everybody, _NONE, owner), AclEntry(owner, owners, _NONE, owner))
    return tuple(entry for entry in entries if entry.privileges)


def privileges_of(entries: tuple[AclEntry, ...], roles: frozenset[str]) -> frozenset[str]:
    """What these roles hold together by the entries; give PUBLIC among them where what everybody may counts."""
    held: frozenset[str] = frozenset()
    for entry in entries:
        if entry.grantee in roles:
            held |= entry.privileges
    return held


def _elements(text: str) -> list[str]:
    if not (text.startswith("{") and text.endswith("}")) or len(text) < 2:
        raise AclError(f"{_shown(text)} is no access list: it is not in braces.")
    elements: list[str] = []
    position, end = 1, len(text) - 1
    while position < end:
        found = _ELEMENT.match(text, position, end)
        if found is None:
            raise AclError(f"{_shown(text)} is no access list: character {position + 1} belongs to no entry.")
        quoted, plain = found.groups()
        elements.append(plain if quoted is None else _ESCAPED.sub(r"\1", quoted))
        position = found.end()
        if position < end and (text[position] != "," or position + 1 == end):
            raise AclError(f"{_shown(text)} is no access list: character {position + 1} does not part two entries.")
        position += 1
    return elements


def _entry(element: str, text: str) -> AclEntry:
    found = _ITEM.fullmatch(element)
    if found is None:
        raise AclError(f"{_shown(element)} in {_shown(text)} is not of the form grantee=privileges/grantor.")
    quoted, plain, letters, quoted_grantor, plain_grantor = found.groups()
    privileges, grantable = set(), set()
    word = ""
    for letter in letters:
        if letter != "*":
            word = WORDS.get(letter, letter)
            privileges.add(word)
        elif word:
            grantable.add(word)
        else:
            raise AclError(f"{_shown(element)} in {_shown(text)} has a * before any privilege.")
    return AclEntry(
        _name(quoted, plain), frozenset(privileges), frozenset(grantable), _name(quoted_grantor, plain_grantor)
    )


def _name(quoted: str | None, plain: str | None) -> str:
    return (plain or "") if quoted is None else quoted.replace('""', '"')


def _shown(text: str) -> str:
    """The text for a message: on one line, printable, cut."""
    return ascii(text if len(text) <= 80 else text[:79] + "...")
