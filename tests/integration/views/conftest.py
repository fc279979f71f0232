# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs every behaviour test on both sides, on every major, and keeps the table of verdicts."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from harness import OUTPUT, Server
from view_stage import Stage, template
from view_verdicts import HOLDS, NAIVE, OURS, SIDES, Behaviour, Table

HERE = Path(__file__).parent
TABLE = pytest.StashKey[Table]()


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker and the table known."""
    config.addinivalue_line("markers", "behaviour(row): a row of the table of verdicts, see view_verdicts.py")
    config.stash[TABLE] = Table()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A behaviour runs on both sides; any other test that asks for a stage, on ours."""
    if "side" in metafunc.fixturenames:
        both = metafunc.definition.get_closest_marker("behaviour") is not None
        metafunc.parametrize("side", SIDES if both else [OURS])


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """The test that compares the table with the document comes last; the table is complete when every file is here."""
    items.sort(key=lambda item: item.path.name == "test_verdicts.py")
    there = {path.name for path in HERE.glob("test_*.py")}
    config.stash[TABLE].complete &= there <= {item.path.name for item in items}


def pytest_deselected(items: list[pytest.Item]) -> None:
    """A run of a part gives a part of the table."""
    if items:
        items[0].config.stash[TABLE].complete = False


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Generator[None, object, object]:
    """Note the verdict; on the naive side the declared failure is the pass and anything else the failure."""
    marker = pyfuncitem.get_closest_marker("behaviour")
    if marker is None:
        return (yield)
    row: Behaviour = marker.args[0]
    params: dict[str, Any] = pyfuncitem.callspec.params
    side, major = params["side"], params["major"]
    table = pyfuncitem.config.stash[TABLE]
    try:
        result = yield
    except Exception as error:
        expected = side == NAIVE and row.naive != HOLDS and row.naive in str(error)
        table.note(row, side, major, f"fails: {row.naive}" if expected else "fails")
        if not expected or not isinstance(error, (AssertionError, psycopg.Error)):
            raise
        return True
    table.note(row, side, major, HOLDS)
    if side == NAIVE and row.naive != HOLDS:
        raise AssertionError(f"the hand-written triggers were expected to fail ({row.naive}), but they held")
    return result


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Leave the table of this run in tests/output."""
    table = session.config.stash[TABLE]
    if table.found:
        table.write(OUTPUT / "view_triggers_verdicts.md")


@pytest.fixture
def verdicts(request: pytest.FixtureRequest) -> Table:
    """What the tests before this one found out."""
    return request.config.stash[TABLE]


@pytest.fixture
def stage(request: pytest.FixtureRequest, server: Server, major: int, side: str) -> Iterator[Stage]:
    """A database of the test's own, on one side; with triggers in place where the behaviour says `ready`."""
    marker = request.node.get_closest_marker("behaviour")
    ready = marker is not None and marker.args[0].ready
    made = Stage(server, side, server.clone(template(server, side, ready)))
    yield made
    made.close()
