# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Databases that hold one of nearly everything, each test its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from harness import Client, Server
from inventory_stage import ROLES


def _fill(server: Server, database: str) -> None:
    for role in ROLES:
        if not server.admin.rows("SELECT FROM pg_roles WHERE rolname = %s", [role]):
            server.admin.run(f"CREATE ROLE {role} LOGIN")
    client = Client(server.cluster.dsn(database))
    client.run((Path(__file__).parent / "one_of_everything.sql").read_text(encoding="utf-8"))
    client.close()


@pytest.fixture
def everything(server: Server) -> Iterator[str]:
    """The name of such a database."""
    name = server.clone(server.template("everything", lambda database: _fill(server, database)))
    yield name
    server.drop(name)


@pytest.fixture
def client(server: Server, everything: str) -> Iterator[Client]:
    """A session of the superuser with it."""
    session = Client(server.cluster.dsn(everything))
    yield session
    session.close()
