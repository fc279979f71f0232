# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""One cluster per PostgreSQL major and test session; every test gets a database of its own."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from harness import FIXTURES, Client, Server, Servers, every_major, majors

ROOT = Path(__file__).resolve().parents[2]
for place in (ROOT / "plugins" / "module_utils", ROOT / "script", ROOT / "benchmarks"):
    if str(place) not in sys.path:
        sys.path.insert(0, str(place))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test that asks for `major`, directly or through a fixture, runs once for every major."""
    if "major" in metafunc.fixturenames:
        marked = metafunc.definition.get_closest_marker("every_major") is not None
        wanted = every_major() if marked else majors()
        metafunc.parametrize("major", wanted, ids=[f"pg{major}" for major in wanted])


@pytest.fixture(scope="session")
def servers() -> Iterator[Servers]:
    """The clusters of this session."""
    running = Servers()
    yield running
    running.stop()


@pytest.fixture
def server(servers: Servers, major: int) -> Server:
    """The cluster of the test's major."""
    return servers.get(major)


def fill_scanner(server: Server, database: str) -> None:
    """Make the scanner's objects, without rows, in an empty database."""
    client = Client(server.cluster.dsn(database))
    client.run((FIXTURES / "scanner_schema.sql").read_text(encoding="utf-8"))
    client.close()


@pytest.fixture
def empty_database(server: Server) -> Iterator[str]:
    """The name of an empty database of the test's own."""
    name = server.clone()
    yield name
    server.drop(name)


@pytest.fixture
def scanner_database(server: Server) -> Iterator[str]:
    """The name of a database of the test's own that holds the scanner's objects and no rows."""
    name = server.clone(server.template("scanner", lambda database: fill_scanner(server, database)))
    yield name
    server.drop(name)
