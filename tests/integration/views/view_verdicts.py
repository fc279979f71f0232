# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What each behaviour test found out about our triggers and about the hand-written ones, and the table of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

HOLDS = "holds"
OURS, NAIVE = "ours", "naive"
SIDES = (OURS, NAIVE)
POINTS = {
    1: "INSERT .. RETURNING gives every real value",
    2: "Defaults of the base tables apply",
    3: "UPDATE writes what changed, and nothing is lost",
    4: "DELETE follows the policy",
    5: "A second run changes nothing, drift is said and mended",
    6: "Locks: short, bounded, all or nothing",
    7: "The probe proves it before anybody relies on it",
    8: "Nobody gets more rights than they have",
    9: "Existing keys, many rows, parallel sessions",
}
HEAD = """# Generated triggers and hand-written ones, side by side

Every row is a test in `tests/integration/views` that runs on real servers, once against the triggers that
`pg_view_triggers` generates and once against those of `tests/fixtures/naive_triggers.sql`, which a careful developer
wrote by hand. Both verdicts are asserted: a row changes only when a test finds out something else. The words after
*fails* are what the test says about the hand-written triggers.

This page is written by the test run (`tests/output/view_triggers_verdicts.md`) and compared with it.
"""


@dataclass(frozen=True)
class Behaviour:
    """One row: `naive` is HOLDS or the words its failure must contain; `ready` tests start with triggers in place."""

    point: int
    sentence: str
    naive: str
    ready: bool


def behaviour(point: int, sentence: str, *, naive: str, ready: bool = True) -> Callable[[Any], Any]:
    """Declare a test as a row of the table; it runs on both sides and its failure on the naive side is asserted."""
    assert point in POINTS, sentence
    assert sentence.endswith("."), sentence
    assert "|" not in sentence + naive, sentence
    return pytest.mark.behaviour(Behaviour(point, sentence, naive, ready))


@dataclass
class Table:
    """The verdicts of this session, in the order in which the tests stand."""

    found: dict[Behaviour, dict[str, dict[int, str]]] = field(default_factory=dict)
    complete: bool = True

    def note(self, row: Behaviour, side: str, major: int, verdict: str) -> None:
        """Write down one verdict; of a test with several values, the one that does not hold counts."""
        sides = self.found.setdefault(row, {side: {} for side in SIDES})
        if sides[side].get(major, HOLDS) == HOLDS:
            sides[side][major] = verdict

    def lines(self) -> dict[int, list[str]]:
        """The rows of each point."""
        result: dict[int, list[str]] = {point: [] for point in POINTS}
        for row, sides in self.found.items():
            if all(sides.values()):
                result[row.point].append(f"| {row.sentence} | {_joined(sides[OURS])} | {_joined(sides[NAIVE])} |")
        return result

    def text(self) -> str:
        """The whole page."""
        parts = [HEAD]
        for point, lines in self.lines().items():
            if lines:
                parts.append(
                    f"\n## {point}. {POINTS[point]}\n\n| behaviour | ours | naive |\n|---|---|---|\n"
                    + "\n".join(lines)
                    + "\n"
                )
        return "".join(parts)

    def write(self, path: Path) -> None:
        """Leave the page where it can be looked at."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(self.text(), encoding="utf-8")


def _joined(verdicts: dict[int, str]) -> str:
    words = set(verdicts.values())
    if len(words) == 1:
        return words.pop()
    return "; ".join(f"PostgreSQL {major}: {verdict}" for major, verdict in sorted(verdicts.items()))
