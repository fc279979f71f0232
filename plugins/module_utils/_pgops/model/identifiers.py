# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Names and literals, spelled and read as PostgreSQL does it."""

from __future__ import annotations

import hashlib
import re
from typing import NamedTuple

MAX_BYTES = 63
"""NAMEDATALEN - 1: the server cuts longer names and says so only in a notice."""

# Every word that quote_ident() of PostgreSQL 13 to 18 puts in quotes: all keywords but the unreserved ones.
_SINCE_13 = """
    all analyse analyze and any array as asc asymmetric authorization between bigint binary bit boolean both
    case cast char character check coalesce collate collation column concurrently constraint create cross
    current_catalog current_date current_role current_schema current_time current_timestamp current_user dec
    decimal default deferrable desc distinct do else end except exists extract false fetch float for foreign
    freeze from full grant greatest group grouping having ilike in initially inner inout int integer intersect
    interval into is isnull join lateral leading least left like limit localtime localtimestamp national natural
    nchar none normalize not notnull null nullif numeric offset on only or order out outer overlaps overlay
    placing position precision primary real references returning right row select session_user setof similar
    smallint some substring symmetric table tablesample then time timestamp to trailing treat trim true union
    unique user using values varchar variadic verbose when where window with xmlattributes xmlconcat xmlelement
    xmlexists xmlforest xmlnamespaces xmlparse xmlpi xmlroot xmlserialize xmltable
"""
# Words that came later, with the first major version that quotes them.
_SINCE_16 = "json_array json_arrayagg json_object json_objectagg system_user"
_SINCE_17 = "json json_exists json_query json_scalar json_serialize json_table json_value merge_action"
_QUOTED_SINCE = {
    word: major for major, words in ((13, _SINCE_13), (16, _SINCE_16), (17, _SINCE_17)) for word in words.split()
}

_PLAIN = re.compile(r"[a-z_][a-z0-9_]*")
_UNQUOTED = re.compile(r"[A-Za-z_\u0080-\U0010ffff][A-Za-z0-9_$\u0080-\U0010ffff]*")
_QUOTED = re.compile(r'"((?:[^"]|"")*)"')
_SPACE = " \t\n\r\f\v"
# In UTF-8 the server folds ASCII letters only; str.lower() would fold more.
_FOLD = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}


class IdentifierError(ValueError):
    """A text that is no name; the message is a sentence."""


class QualifiedName(NamedTuple):
    """Schema and name as the server stores them; ``str()`` is the SQL spelling."""

    schema: str
    name: str

    def __str__(self) -> str:
        return f"{quote_ident(self.schema)}.{quote_ident(self.name)}"


def needs_quotes(name: str, major: int | None = None) -> bool:
    """Whether the name is read back as itself only in double quotes; without ``major`` by any of 13 to 18."""
    if not _PLAIN.fullmatch(name):
        return True
    since = _QUOTED_SINCE.get(name)
    return since is not None and (major is None or major >= since)


def quote_ident(name: str, major: int | None = None) -> str:
    """The name as it must stand in SQL, like quote_ident() of the server.

    Without ``major`` it is safe for every version; with it the text equals what that major prints.
    """
    _refuse_nul(name)
    return '"' + name.replace('"', '""') + '"' if needs_quotes(name, major) else name


def quote_qualified(schema: str, name: str, major: int | None = None) -> str:
    """``schema.name`` as it must stand in SQL."""
    return f"{quote_ident(schema, major)}.{quote_ident(name, major)}"


def quote_literal(value: str) -> str:
    """The text as a string constant, like quote_literal() of the server.

    A backslash makes it an E'' constant, which is read alike whatever standard_conforming_strings says.
    """
    _refuse_nul(value)
    quoted = "'" + value.replace("'", "''").replace("\\", "\\\\") + "'"
    return "E" + quoted if "\\" in value else quoted


def parse_identifier(text: str) -> str:
    """The name that SQL means by ``text``: folded to lower case, or taken as it stands in double quotes."""
    parts = _parts(text)
    if len(parts) != 1:
        raise IdentifierError(f"{_shown(text)} is a qualified name where a single name belongs.")
    return parts[0]


def parse_qualified(text: str) -> tuple[str | None, str]:
    """Schema (None where not given) and name of ``name`` or ``schema.name`` as SQL spells them."""
    parts = _parts(text)
    if len(parts) > 2:
        raise IdentifierError(f"{_shown(text)} has {len(parts)} parts; a name has at most a schema and a name.")
    return (parts[0], parts[1]) if len(parts) == 2 else (None, parts[0])


def generated_name(prefix: str, name: str, suffix: str) -> str:
    """``prefix + name + suffix``, where too long cut to 63 bytes with eight stable hex digits of the whole name."""
    whole = prefix + name + suffix
    if len(_encoded(whole)) <= MAX_BYTES:
        return whole
    tail = "_" + hashlib.sha256(_encoded(name)).hexdigest()[:8] + suffix
    room = MAX_BYTES - len(_encoded(prefix)) - len(_encoded(tail))
    if room < 1:
        raise IdentifierError(f"{_shown(prefix)} and {_shown(suffix)} leave no room for a name in {MAX_BYTES} bytes.")
    # A cut inside a character drops the whole character.
    return prefix + _encoded(name)[:room].decode("utf-8", "ignore") + tail


def _parts(text: str) -> list[str]:
    parts = []
    position = 0
    while True:
        position = _after_space(text, position)
        quoted = _QUOTED.match(text, position)
        found = quoted or _UNQUOTED.match(text, position)
        if found is None:
            raise IdentifierError(f"{_shown(text)} is no name as SQL spells it.")
        name = quoted.group(1).replace('""', '"') if quoted else found.group(0).translate(_FOLD)
        _refuse_unstorable(name, text)
        parts.append(name)
        position = _after_space(text, found.end())
        if position == len(text):
            return parts
        if text[position] != ".":
            raise IdentifierError(f"{_shown(text)} is no name as SQL spells it.")
        position += 1


def _after_space(text: str, position: int) -> int:
    while position < len(text) and text[position] in _SPACE:
        position += 1
    return position


def _refuse_unstorable(name: str, text: str) -> None:
    if not name:
        raise IdentifierError(f"{_shown(text)} holds an empty name.")
    _refuse_nul(name)
    size = len(_encoded(name))
    if size > MAX_BYTES:
        raise IdentifierError(f"{_shown(text)} is {size} bytes long; PostgreSQL cuts names at {MAX_BYTES}.")


def _refuse_nul(text: str) -> None:
    if "\x00" in text:
        raise IdentifierError(f"{_shown(text)} holds the character NUL, which PostgreSQL cannot store.")


def _encoded(text: str) -> bytes:
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError:
        raise IdentifierError(f"{_shown(text)} holds a character that is not valid in UTF-8.") from None


def _shown(text: str) -> str:
    """The text for a message: on one line, printable, cut."""
    return ascii(text if len(text) <= 80 else text[:79] + "...")
