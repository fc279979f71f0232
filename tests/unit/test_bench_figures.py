# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A benchmark's figures: ratios of pairs, turns that favour nobody, and no figure for a wrong result."""

from __future__ import annotations

import pytest
from tooling.base import SetupError
from tooling.bench_figures import Spread, demand_count, demand_same, pair_ratios, table, turn_order

NAMES = ["ours", "hand-written", "set-based", "plain"]
RIGHT = {"endpoints": (3, "aaaa"), "verified_endpoints": (2, "bbbb")}


def test_a_noisy_round_slows_both_and_leaves_the_ratio_alone() -> None:
    assert pair_ratios([1.0, 5.0, 1.2], [0.5, 2.5, 0.6]) == Spread(2.0, 2.0, 2.0)


@pytest.mark.parametrize(("ours", "theirs"), [([], []), ([1.0], [1.0, 2.0])])
def test_ratios_need_pairs(ours: list[float], theirs: list[float]) -> None:
    with pytest.raises(ValueError, match="as many times"):
        pair_ratios(ours, theirs)


def test_spread() -> None:
    spread = Spread.of([3.0, 1.0, 2.0])
    assert spread.text(1) == "2.0 (1.0-3.0)"
    assert spread.document() == {"median": 2.0, "min": 1.0, "max": 3.0}


def test_every_contestant_begins_and_each_comes_before_each() -> None:
    rounds = [turn_order(NAMES, turn) for turn in range(8)]
    assert all(sorted(order) == sorted(NAMES) for order in rounds)
    assert {order[0] for order in rounds} == set(NAMES)
    for one in NAMES:
        for other in set(NAMES) - {one}:
            before = sum(order.index(one) < order.index(other) for order in rounds)
            assert before == 4, f"{one} comes {before} of 8 times before {other}"


@pytest.mark.parametrize("count", [3, 4])
def test_five_rounds_are_nearly_even(count: int) -> None:
    rounds = [turn_order(NAMES[:count], turn) for turn in range(5)]
    before = sum(order.index("ours") < order.index("hand-written") for order in rounds)
    assert before in (2, 3)


def test_the_same_rows_pass() -> None:
    demand_same("inserts", {"ours": RIGHT, "plain": dict(RIGHT)})
    assert RIGHT["endpoints"] == (3, "aaaa")


@pytest.mark.parametrize(
    "wrong",
    [
        {**RIGHT, "endpoints": (2, "aaaa")},
        {**RIGHT, "verified_endpoints": (2, "cccc")},
        {"endpoints": RIGHT["endpoints"]},
        {**RIGHT, "models": (0, "")},
    ],
)
def test_other_rows_fail_whoever_has_them(wrong: dict[str, tuple[int, str]]) -> None:
    for witnesses in ({"ours": RIGHT, "hand-written": RIGHT, "plain": wrong}, {"ours": wrong, "plain": RIGHT}):
        with pytest.raises(SetupError, match="no figures"):
            demand_same("inserts on PostgreSQL 17", witnesses)


def test_a_wrong_count_fails() -> None:
    demand_count("deletes", "ours", 5, 5)
    with pytest.raises(SetupError, match="ours wrote 4 of 5 rows"):
        demand_count("deletes", "ours", 5, 4)


def test_table_is_aligned() -> None:
    assert table([["measure", "rows"], ["COPY", "100000"]]) == "measure    rows\nCOPY     100000"
