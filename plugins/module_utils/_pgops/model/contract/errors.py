# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is wrong with a contract: every problem with its place in the file."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass

from ..errors import RefusedError


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong: where in the file, and full sentences."""

    path: str
    sentence: str

    def __str__(self) -> str:
        return f"{self.path}: {self.sentence}" if self.path else self.sentence


class ContractError(RefusedError):
    """A contract that was refused, before anything was touched; ``problems`` holds all that is wrong with it."""

    def __init__(self, problems: Iterable[Problem], subject: str = "The contract") -> None:
        self.problems = tuple(problems)
        count = len(self.problems)
        head = f"{subject} was refused and nothing was touched. It has {count} problem{'' if count == 1 else 's'}:"
        lines = [head, *(f"- {problem}" for problem in self.problems)]
        super().__init__("\n".join(lines), problems=[asdict(problem) for problem in self.problems])
