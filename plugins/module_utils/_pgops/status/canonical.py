# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""SQL as PostgreSQL prints it, spelled alike before and after a dump and restore. Pure.

PostgreSQL does not always read its own words back as what they were: `x IN ('a', 'b')` on a varchar is printed as
`ANY ((ARRAY['a'::character varying, 'b'::character varying])::text[])` at first, and once that was restored as
`ANY (ARRAY[('a'::character varying)::text, ('b'::character varying)::text])`. Both mean the same.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_HEAD = "(ARRAY["
# The type of an array's element as PostgreSQL prints it, with its modifier; then the brackets of the array.
# A word ends where no more of it follows: cut anywhere, a long name would be tried in every way there is.
_TAIL = re.compile(r'\)::((?:"(?:[^"]|"")+"(?!")|[A-Za-z_\u0080-\U0010ffff][\w$]*(?![\w$])|[. ]|\([\d, -]+\))+?)\[\]')
_QUOTED = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"")


def canonical(value: Any) -> Any:
    """Facts with all SQL in them spelled in one way."""
    if isinstance(value, str):
        return canonical_sql(value)
    if isinstance(value, Mapping):
        return {name: canonical(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [canonical(item) for item in value]
    return value


def canonical_sql(text: str) -> str:
    """The text with each cast of a whole array written as casts of its elements."""
    position = 0
    while True:
        start = text.find(_HEAD, position)
        if start < 0:
            return text
        elements, end = _elements(text, start + len(_HEAD))
        tail = _TAIL.match(text, end) if elements else None
        if tail is None:
            position = start + len(_HEAD)
            continue
        cast = ", ".join(f"({element})::{tail.group(1)}" for element in elements)
        text = f"{text[:start]}ARRAY[{cast}]{text[tail.end() :]}"
        # Elements may hold such a cast themselves.
        position = start + len("ARRAY[")


def _elements(text: str, position: int) -> tuple[list[str], int]:
    """The elements of an array whose first one begins here, and the place behind its closing bracket; none of them
    where it does not close.
    """
    elements, begin, depth = [], position, 0
    while position < len(text):
        char = text[position]
        quoted = _QUOTED.match(text, position) if char in "'\"" else None
        if quoted is not None:
            position = quoted.end()
            continue
        if char in "([":
            depth += 1
        elif char in ")]" and depth:
            depth -= 1
        elif char == "]":
            elements.append(text[begin:position].strip())
            return elements, position + 1
        elif char == ")":
            break
        elif char == "," and not depth:
            elements.append(text[begin:position].strip())
            begin = position + 1
        position += 1
    return [], position
