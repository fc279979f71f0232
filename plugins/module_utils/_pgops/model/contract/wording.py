# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The words of the sentences: how a wrong value is called, and which right spelling is the nearest."""

from __future__ import annotations

import datetime
import difflib
from collections.abc import Iterable, Mapping

_LONG = 60


class BadValueError(Exception):
    """A value that is not taken; the message is a full sentence."""


def on_one_line(text: str) -> str:
    """The text with every character that does not print as its escape."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode("ascii") for char in text)


def cut(text: str) -> str:
    """A text of the file, printable, on one line, and not too long for a sentence."""
    return on_one_line(text if len(text) <= _LONG else text[: _LONG - 3] + "...")


def quoted(text: str) -> str:
    """A text of the file in the quotes of a sentence."""
    return f'"{cut(text)}"'


def printable(number: float) -> bool:
    """Whether a number is short enough for a sentence; Python refuses to print the longest at all."""
    return not isinstance(number, int) or abs(number) < 10**40


def called(value: object) -> str:
    """What a sentence calls a value that YAML read."""
    if value is None:
        return "nothing (null)"
    if isinstance(value, bool):
        return f"the boolean {str(value).lower()}"
    if isinstance(value, (int, float)):
        return f"the number {value}" if printable(value) else "a number too long to print"
    if isinstance(value, str):
        return f"the text {quoted(value)}"
    if isinstance(value, (datetime.date, datetime.datetime)):
        return f"the date {value.isoformat()}"
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, (list, tuple)):
        return "a list"
    return f"a value of the kind {type(value).__name__}"


def quoting_cure(value: object) -> str:
    """How a value that YAML did not read as a text becomes one."""
    if isinstance(value, bool):
        words = "yes, on and true" if value else "no, off and false"
        return f"; YAML reads a bare {words} so, put the text in quotes"
    if isinstance(value, (int, float, datetime.date)):
        return "; put it in quotes if it is meant as a text"
    return ""


def listed(words: Iterable[str], most: int = 12) -> str:
    """Words of the file for a sentence, at most so many."""
    every = [quoted(word) for word in words]
    more = len(every) - most
    return ", ".join(every[:most]) + (f" and {more} more" if more > 0 else "")


def nearest(word: str, words: Iterable[str], cutoff: float = 0.6) -> str | None:
    """The known word that is spelled most alike, without regard to case."""
    if len(word) > 2 * _LONG:
        return None
    lowered = {known.lower(): known for known in words}
    found = difflib.get_close_matches(word.lower(), list(lowered), n=1, cutoff=cutoff)
    return lowered[found[0]] if found else None


def instead(word: str, words: Iterable[str]) -> str:
    """The end of a sentence about an unknown word: the nearest right spelling, else all that is known."""
    known = list(words)
    near = nearest(word, known)
    if near is not None:
        return f"the nearest right spelling is {quoted(near)}"
    return f"known are {listed(known)}" if known else "none is known here"
