# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The scanner's database with its rows, made once for a server and cloned from then on."""

from __future__ import annotations

from contextlib import closing

from harness import FIXTURES, Client, Server

FILES = ("scanner_schema.sql", "scanner_data.sql")


def fill(server: Server, database: str, settings: str = "") -> None:
    """Make objects and rows in an empty database, in a session with these settings."""
    with closing(Client(server.cluster.dsn(database))) as client:
        for name in FILES:
            client.run(settings + (FIXTURES / name).read_text(encoding="utf-8"))


def clone(server: Server) -> str:
    """The name of a new database with objects and rows."""
    return server.clone(server.template("scanner with rows", lambda database: fill(server, database)))
