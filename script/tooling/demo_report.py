# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The words of the demonstration: progress while it works, then what was wrong, what was changed, what is true."""

from __future__ import annotations

import os
import sys
import textwrap
import time
from collections.abc import Iterable

from .demo_claims import Claim

WIDTH = 100
COLOURS = {"bold": "1", "green": "32", "red": "31", "dim": "2"}


class Report:
    """Writes to standard output; colour only on a terminal that wants it."""

    def __init__(self, steps: int) -> None:
        self._steps = steps
        self._step = 0
        self._begun = time.monotonic()
        self._colour = sys.stdout.isatty() and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"

    @property
    def seconds(self) -> float:
        """Since the start."""
        return time.monotonic() - self._begun

    def paint(self, text: str, colour: str) -> str:
        """The text in a colour, where there are colours."""
        return f"\033[{COLOURS[colour]}m{text}\033[0m" if self._colour else text

    def line(self, text: str = "") -> None:
        """One line as it stands, out at once."""
        sys.stdout.write(text + "\n")
        sys.stdout.flush()

    def wrapped(self, text: str, lead: str = "  ", colour: str | None = None) -> None:
        """A paragraph behind a lead, its further lines indented as far."""
        lines = textwrap.wrap(text, WIDTH - len(lead), break_long_words=False, break_on_hyphens=False)
        for number, line in enumerate(lines):
            margin = lead if number == 0 else " " * len(lead)
            self.line((self.paint(margin, colour) if colour else margin) + line)

    def step(self, text: str) -> None:
        """Say what comes next, before it is done."""
        self._step += 1
        self.line(self.paint(f"[{self._step}/{self._steps}] {self.seconds:5.1f} s", "dim") + f"  {text}")

    def heading(self, title: str, remark: str = "") -> None:
        """A part of the summary."""
        self.line()
        self.line(self.paint(title, "bold") + (f", {remark}" if remark else ""))

    def claims(self, claims: Iterable[Claim], mark: str = "yes") -> None:
        """What holds with its mark, what does not with a NO."""
        for claim in claims:
            lead, colour = (f"  {mark:<4}", "green") if claim.holds else ("  NO  ", "red")
            self.wrapped(claim.sentence, lead, colour)
