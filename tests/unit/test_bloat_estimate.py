# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""How many pages rows need; tests/integration/checks/test_bloat.py compares it with real servers."""

from __future__ import annotations

import pytest
from _pgops.checks.parts.bloat_estimate import Width, aligned, btree_pages, row_size, table_pages, toast_pages

INT4, INT8, BOOL = Width(4, 0, 4, "i"), Width(8, 0, 8, "d"), Width(1, 0, 1, "c")
TEXT = Width(33, 0, -1, "i")


@pytest.mark.parametrize(("size", "to", "expected"), [(0, 8, 0), (1, 8, 8), (8, 8, 8), (23, 8, 24), (5, 4, 8)])
def test_rounding_up(size: float, to: int, expected: float) -> None:
    assert aligned(size, to) == expected


@pytest.mark.parametrize(
    ("columns", "size"),
    [
        ([INT4], 32),  # 24 of header, 4 of data, 4 of padding behind
        ([INT4, INT4], 32),
        ([INT4, INT8], 40),  # 4 of padding between
        ([BOOL, INT8, BOOL, INT4], 48),  # 7 and 3 of padding
        ([INT8, INT4, BOOL, BOOL], 40),  # none
        ([], 24),
    ],
)
def test_rows_of_fixed_columns_are_exact(columns: list[Width], size: float) -> None:
    assert row_size(columns) == size


def test_the_end_of_a_row_of_varying_columns_is_an_average() -> None:
    assert row_size([TEXT]) == 24 + 33 + 3.5


def test_short_values_need_no_alignment() -> None:
    assert row_size([BOOL, TEXT]) == 24 + 1 + 33 + 3.5
    assert row_size([BOOL, Width(500, 0, -1, "i")]) == 24 + 1 + 3 + 500 + 3.5


def test_nulls_take_a_bitmap_and_nothing_else() -> None:
    half = Width(8, 0.5, 8, "d")
    assert row_size([INT8, half]) == 24 + 8 + 4 + 3.5
    assert row_size([INT8] * 8 + [half]) == 32 + 64 + 4 + 3.5, "nine columns do not fit into the header's byte"


def test_pages_of_a_table() -> None:
    # 8168 / (32 + 4) is 226 rows a page.
    assert table_pages(226 * 100, [INT4]) == 100
    assert table_pages(226 * 100, [INT4], fillfactor=50) == pytest.approx(200, abs=1)
    assert table_pages(0, [INT4]) == 0
    assert table_pages(-1, [INT4]) == 0


def test_wide_rows_are_not_split() -> None:
    assert table_pages(100, [Width(4500, 0, -1, "i")]) == 100
    assert table_pages(100, [Width(3000, 0, -1, "i")]) == 50
    assert table_pages(100, [Width(9000, 0, -1, "i")]) == 100


def test_pages_of_a_btree() -> None:
    # 16 of header and data, 4 of line pointer; 90 % of 8152 bytes.
    assert btree_pages(36_684, [INT4]) == pytest.approx(101, abs=1)
    assert btree_pages(0, [INT4]) == 1
    assert btree_pages(36_684, [INT4], fillfactor=45) == pytest.approx(201, abs=1)
    assert btree_pages(10_000, [Width(8, 0.5, 8, "d")]) > btree_pages(10_000, [Width(4, 0, 4, "i")])


def test_pages_of_toast() -> None:
    assert toast_pages(81) == 21
    assert toast_pages(0) == 0
    assert toast_pages(-1) == 0
