# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong with a contract: every problem with its place in the file."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong: where in the file, and a full sentence."""

    path: str
    sentence: str

    def __str__(self) -> str:
        return f"{self.path}: {self.sentence}" if self.path else self.sentence


class ContractError(ValueError):
    """A contract that was refused; nothing was read from it. ``problems`` holds all that is wrong, in file order."""

    def __init__(self, problems: Iterable[Problem], subject: str = "The contract") -> None:
        self.problems = tuple(problems)
        self.subject = subject
        super().__init__(self._text())

    def _text(self) -> str:
        count = len(self.problems)
        head = f"{self.subject} was refused, nothing was touched. It has {count} problem{'' if count == 1 else 's'}:"
        return "\n".join([head, *(f"- {problem}" for problem in self.problems)])
