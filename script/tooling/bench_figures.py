# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a benchmark makes of its times: medians, ratios of pairs, and whether the contestants came to the same rows."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .base import SetupError


@dataclass(frozen=True)
class Spread:
    """Median, smallest and largest of some numbers."""

    median: float
    min: float
    max: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        """Of at least one number."""
        return cls(statistics.median(values), min(values), max(values))

    def text(self, digits: int) -> str:
        """As it stands in a table."""
        return f"{self.median:.{digits}f} ({self.min:.{digits}f}-{self.max:.{digits}f})"

    def document(self) -> dict[str, float]:
        """As it stands in JSON."""
        return {"median": round(self.median, 4), "min": round(self.min, 4), "max": round(self.max, 4)}


def pair_ratios(ours: Sequence[float], theirs: Sequence[float]) -> Spread:
    """Ratios of times taken in the same round: what else the machine did then slowed both."""
    if len(ours) != len(theirs) or not ours:
        raise ValueError("ratios need as many times of the one as of the other")
    return Spread.of([mine / other for mine, other in zip(ours, theirs)])


def turn_order(names: Sequence[str], turn: int) -> list[str]:
    """Every second round is the one before it backwards, so that none is always measured after another."""
    start = turn // 2 % len(names)
    turned = [*names[start:], *names[:start]]
    return turned[::-1] if turn % 2 else turned


Witness = Mapping[str, tuple[int, str]]


def demand_same(where: str, witnesses: Mapping[str, Witness]) -> None:
    """Every contestant's tables (name to row count and digest) must be the first one's; else SetupError."""
    (first, wanted), *others = witnesses.items()
    for name, found in others:
        for table in sorted({*wanted, *found}):
            if wanted.get(table) != found.get(table):
                raise SetupError(
                    f"After {where}, table {table} is not the same: {_told(wanted.get(table))} by {first}, "
                    f"{_told(found.get(table))} by {name}. A fast wrong result is none: no figures are given."
                )


def demand_count(where: str, name: str, wanted: int, counted: int) -> None:
    """The server must have counted as many rows as were sent; else SetupError."""
    if counted != wanted:
        raise SetupError(f"In {where}, {name} wrote {counted} of {wanted} rows: no figures are given.")


def _told(witness: tuple[int, str] | None) -> str:
    return f"{witness[0]} rows with digest {witness[1][:8]}" if witness else "no such table"


def table(lines: Sequence[Sequence[str]]) -> str:
    """Lines of cells under a head, the first column to the left and the others to the right."""
    widths = [max(len(line[place]) for line in lines) for place in range(len(lines[0]))]
    return "\n".join(
        "  ".join(cell.ljust(width) if place == 0 else cell.rjust(width) for place, (cell, width) in pairs).rstrip()
        for pairs in (list(enumerate(zip(line, widths))) for line in lines)
    )
