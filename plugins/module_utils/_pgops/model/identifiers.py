# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names and literals as PostgreSQL spells them."""

from __future__ import annotations

import hashlib
import re
from typing import NamedTuple

MAX_BYTES = 63
"""NAMEDATALEN - 1: the server cuts longer names without a word."""

_PLAIN = re.compile(r"[a-z_][a-z0-9_]*\Z")
_UNQUOTED = re.compile(r"[A-Za-z_\u0080-\U0010ffff][A-Za-z0-9_$\u0080-\U0010ffff]*")
_QUOTED = re.compile(r'"((?:[^"\x00]|"")+)"')
_FOLD = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}


class QualifiedName(NamedTuple):
    """Schema and name as the server stores them; ``str()`` is the SQL spelling."""

    schema: str
    name: str

    def __str__(self) -> str:
        return f"{quote_ident(self.schema)}.{quote_ident(self.name)}"


def quote_ident(name: str) -> str:
    """The name as it must stand in SQL, in double quotes only where it needs them."""
    if "\x00" in name:
        raise ValueError("A name in PostgreSQL cannot hold the character NUL.")
    if _PLAIN.match(name):
        return name
    return '"' + name.replace('"', '""') + '"'


def parse_qualified(text: str) -> tuple[str | None, str]:
    """Schema (None where not given) and name of ``name`` or ``schema.name``, each perhaps in double quotes."""
    parts = []
    rest = text
    while True:
        quoted = _QUOTED.match(rest)
        plain = None if quoted else _UNQUOTED.match(rest)
        if quoted:
            parts.append(quoted.group(1).replace('""', '"'))
            rest = rest[quoted.end():]
        elif plain:
            parts.append(plain.group(0).translate(_FOLD))
            rest = rest[plain.end():]
        else:
            raise ValueError(f"{text!r} is no name as SQL spells it.")
        if not rest:
            break
        if not rest.startswith("."):
            raise ValueError(f"{text!r} is no name as SQL spells it.")
        rest = rest[1:]
    if len(parts) > 2:
        raise ValueError(f"{text!r} has more than a schema and a name.")
    return (parts[0], parts[1]) if len(parts) == 2 else (None, parts[0])


def generated_name(prefix: str, name: str, suffix: str) -> str:
    """``prefix + name + suffix``, cut to 63 bytes with a stable hash of the whole name where it would be longer."""
    whole = prefix + name + suffix
    if len(whole.encode()) <= MAX_BYTES:
        return whole
    tail = "_" + hashlib.sha256(name.encode()).hexdigest()[:8] + suffix
    room = MAX_BYTES - len(prefix.encode()) - len(tail.encode())
    return prefix + name.encode()[:room].decode(errors="ignore") + tail


def quote_literal(value: str) -> str:
    """The text as a string constant of SQL."""
    if "\x00" in value:
        raise ValueError("A text in PostgreSQL cannot hold the character NUL.")
    doubled = value.replace("'", "''")
    return "E'" + doubled.replace("\\", "\\\\") + "'" if "\\" in doubled else "'" + doubled + "'"
