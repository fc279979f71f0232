# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""When autovacuum comes: PostgreSQL's arithmetic, and which options count."""

from __future__ import annotations

import pytest
from _pgops.checks.parts.autovacuum import (
    Options,
    analyze_point,
    insert_point,
    is_off,
    option_values,
    options_of,
    vacuum_point,
)
from _pgops.model.catalog.server import Setting

DEFAULTS = Options(True, 50, 0.2, -1, 1000, 0.2, 50, 0.1)


def settings(**values: str) -> dict[str, Setting]:
    """Settings of a server, shortly."""
    return {name: Setting(name, value, None, "sighup", "default", None, False) for name, value in values.items()}


SERVER = settings(
    autovacuum_vacuum_threshold="50",
    autovacuum_vacuum_scale_factor="0.2",
    autovacuum_vacuum_insert_threshold="1000",
    autovacuum_vacuum_insert_scale_factor="0.2",
    autovacuum_analyze_threshold="50",
    autovacuum_analyze_scale_factor="0.1",
)


@pytest.mark.parametrize(("rows", "point"), [(0, 50), (-1, 50), (14, 52.8), (1000, 250), (1_000_000_000, 200_000_050)])
def test_dead_rows(rows: float, point: float) -> None:
    assert vacuum_point(DEFAULTS, rows) == pytest.approx(point)


def test_the_cap_of_18() -> None:
    capped = DEFAULTS._replace(vacuum_cap=100_000_000)
    assert vacuum_point(capped, 1_000_000_000) == 100_000_000
    assert vacuum_point(capped, 1000) == 250
    assert vacuum_point(capped._replace(vacuum_cap=0), 1000) == 0


def test_inserted_rows() -> None:
    assert insert_point(DEFAULTS, 10_000) == 3000
    assert insert_point(DEFAULTS._replace(insert_threshold=-1), 10_000) is None
    assert insert_point(DEFAULTS, 10_000, pages=100, frozen_pages=75) == 1500
    assert insert_point(DEFAULTS, 10_000, pages=100, frozen_pages=500) == 1000
    assert insert_point(DEFAULTS, 10_000, pages=0, frozen_pages=0) == 3000
    assert insert_point(DEFAULTS, -1) == 1000


def test_changed_rows() -> None:
    assert analyze_point(DEFAULTS, 1000) == 150
    assert analyze_point(DEFAULTS, -1) == 50


def test_what_the_server_says() -> None:
    assert options_of(SERVER, ()) == DEFAULTS
    assert options_of({}, ()).insert_threshold == -1, "12 has no trigger for inserted rows"
    newer = {**SERVER, **settings(autovacuum_vacuum_max_threshold="100000000")}
    assert options_of(newer, ()).vacuum_cap == 100_000_000


def test_a_table_says_otherwise() -> None:
    table = ("fillfactor=70", "autovacuum_vacuum_threshold=5", "autovacuum_vacuum_scale_factor=0.01")
    found = options_of(SERVER, table)
    assert (found.vacuum_threshold, found.vacuum_scale, found.analyze_threshold) == (5, 0.01, 50)
    assert found.enabled
    assert not options_of(SERVER, ("autovacuum_enabled=off",)).enabled


def test_a_toast_table_asks_its_table_only_when_it_says_nothing_itself() -> None:
    table = ("autovacuum_enabled=false", "autovacuum_vacuum_threshold=7")
    assert options_of(SERVER, (), table) == options_of(SERVER, table)
    own = options_of(SERVER, ("autovacuum_vacuum_scale_factor=0.5",), table)
    assert (own.enabled, own.vacuum_threshold, own.vacuum_scale) == (True, 50, 0.5)


@pytest.mark.parametrize("value", ["off", "OFF", "false", "f", "no", "n", "0", " off "])
def test_ways_to_say_off(value: str) -> None:
    assert is_off(value)


@pytest.mark.parametrize("value", ["on", "true", "yes", "1", "", None])
def test_ways_not_to(value: str | None) -> None:
    assert not is_off(value)


def test_options_keep_what_follows_the_first_equals_sign() -> None:
    assert option_values(("a=b=c", "d=", "e")) == {"a": "b=c", "d": "", "e": ""}
