# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The published table is what the tests of this session found out; these come last, see conftest.py."""

from __future__ import annotations

from harness import TESTS
from view_verdicts import HOLDS, POINTS, Table

PAGE = TESTS.parent / "docs" / "view_triggers_verdicts.md"


def page_rows() -> dict[int, list[list[str]]]:
    """The cells of the published table, by point."""
    rows: dict[int, list[list[str]]] = {point: [] for point in POINTS}
    point = 0
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        if line.startswith("## "):
            point = int(line.split()[1].rstrip("."))
        elif line.startswith("| ") and not line.startswith("| behaviour"):
            rows[point].append([cell.strip() for cell in line.strip("|").split("|")])
    return rows


def test_the_page_says_what_was_found_out(verdicts: Table) -> None:
    page = PAGE.read_text(encoding="utf-8")
    found = [line for lines in verdicts.lines().values() for line in lines]
    assert found, "no behaviour was tested: run the whole folder"
    wrong = [line for line in found if line not in page]
    assert not wrong, f"docs/{PAGE.name} does not say (the table of this run is in tests/output):\n" + "\n".join(wrong)
    assert not verdicts.complete or verdicts.text() == page, (
        f"docs/{PAGE.name} is not the table of this run, see tests/output/{PAGE.name}"
    )


def test_every_point_has_a_row_where_the_hand_written_triggers_fail() -> None:
    rows = page_rows()
    for point in range(1, 9):
        failing = [sentence for sentence, ours, naive in rows[point] if ours == HOLDS and naive.startswith("fails: ")]
        assert failing, f"point {point} ({POINTS[point]}) has no row that tells ours from the hand-written triggers"


def test_ours_hold_everywhere() -> None:
    rows = [row for rows in page_rows().values() for row in rows]
    assert len(rows) > 80, f"only {len(rows)} rows"
    failing = [sentence for sentence, ours, dummy in rows if ours != HOLDS]
    assert not failing, f"ours fail: {failing}"
