# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Writes YAML with comments, for people to read and change: hosts have no YAML library.

What is written is the part of YAML that every reader takes in the same way: nothing is plain that could be read as
something else than a text, and no text is folded.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from math import isfinite, isnan
from typing import Any, Union

#: Keys and places in lists that lead to a value, from the top.
Path = tuple[Union[str, int], ...]

WIDTH = 120
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_.()/$+-]*(?: [A-Za-z0-9_.()/$+-]+)*")
# What some YAML reads as a boolean or as nothing when it stands without quotes.
_WORDS = frozenset(["true", "false", "yes", "no", "on", "off", "y", "n", "null", "nan", "inf"])
_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "\r": "\\r", "\x00": "\\0"}


def yaml_text(document: Mapping[str, Any], comments: Mapping[Path, Sequence[str]] | None = None) -> str:
    """The document as YAML. `comments` stand above what their path leads to, those of `()` at the top of the file; each
    is a paragraph and is wrapped.
    """
    writer = _Writer(comments or {})
    lines = ["---"]
    if () in writer.comments:
        lines += [*writer.comment((), 0), ""]
    for key, value in document.items():
        entry = list(writer.block({key: value}, 0, ()))
        # What takes more than a line stands apart.
        lines += ["", *entry] if len(entry) > 1 and lines[-1] not in ("", "---") else entry
    return "\n".join(lines) + "\n"


def scalar(value: Any) -> str:
    """A single value as YAML writes it."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return _number(value)
    text = str(value)
    if _PLAIN.fullmatch(text) and text.lower() not in _WORDS:
        return text
    if text.isprintable() and ("'" not in text or "\\" in text or '"' in text):
        return "'" + text.replace("'", "''") + "'"
    return '"' + "".join(_escaped(char) for char in text) + '"'


class _Writer:
    def __init__(self, comments: Mapping[Path, Sequence[str]]) -> None:
        self.comments = comments
        # A value above a comment of its own must stand in more than one line.
        self.opened = {path[:length] for path in comments for length in range(len(path))}

    def comment(self, path: Path, indent: int) -> Iterator[str]:
        """The lines of the comment above a place."""
        head = " " * indent + "# "
        for paragraph in self.comments.get(path, ()):
            lines = textwrap.wrap(
                _printable(paragraph), max(40, WIDTH - len(head)), break_long_words=False, break_on_hyphens=False
            )
            yield from (f"{head}{line}" for line in lines or [""])

    def block(self, value: Any, indent: int, path: Path) -> Iterator[str]:
        """The lines of a mapping or list that has something in it."""
        blanks = " " * indent
        if isinstance(value, Mapping):
            for key, item in value.items():
                place = (*path, key)
                yield from self.comment(place, indent)
                yield from self._entry(f"{blanks}{scalar(key)}:", item, indent + 2, place)
            return
        for number, item in enumerate(value):
            place = (*path, number)
            yield from self.comment(place, indent)
            flow = self._flow(item, place, indent + 2)
            if flow is not None:
                yield f"{blanks}- {flow}"
                continue
            first, *rest = self.block(item, indent + 2, place)
            yield f"{blanks}- {first.lstrip(' ')}"
            yield from rest

    def _entry(self, head: str, item: Any, indent: int, path: Path) -> Iterator[str]:
        flow = self._flow(item, path, len(head) + 1)
        if flow is not None:
            yield f"{head} {flow}"
            return
        yield head
        yield from self.block(item, indent, path)

    def _flow(self, value: Any, path: Path, column: int) -> str | None:
        """The value in one line, None where it needs more; mappings of mappings are always given more."""
        if not _is_container(value):
            return scalar(value)
        if not value:
            return "{}" if isinstance(value, Mapping) else "[]"
        items = value.values() if isinstance(value, Mapping) else value
        if path in self.opened or any(isinstance(item, Mapping) for item in items):
            return None
        text = _in_line(value)
        return text if column + len(text) <= WIDTH else None


def _is_container(value: Any) -> bool:
    return isinstance(value, (Mapping, list, tuple))


def _in_line(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{scalar(key)}: {_in_line(item)}" for key, item in value.items()) + "}"
    if _is_container(value):
        return "[" + ", ".join(_in_line(item) for item in value) + "]"
    return scalar(value)


def _number(value: float) -> str:
    if isnan(value):
        return ".nan"
    if not isfinite(value):
        return ".inf" if value > 0 else "-.inf"
    text = repr(value)
    # Without a point YAML takes 1e+16 for a text.
    return text if "." in text or "e" not in text else text.replace("e", ".0e")


def _escaped(char: str) -> str:
    if char in _ESCAPES:
        return _ESCAPES[char]
    if char.isprintable():
        return char
    number = ord(char)
    if number < 0x100:
        return f"\\x{number:02x}"
    return f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"


def _printable(text: str) -> str:
    """A text for a comment: whatever could end the comment is written as its escape."""
    return "".join(_pieces(text))


def _pieces(text: str) -> Iterable[str]:
    return (char if char.isprintable() else char.encode("unicode_escape").decode("ascii") for char in text)
