# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real servers for the tests: clusters, databases cloned from templates, clients, and waiting without guessing."""

from __future__ import annotations

import itertools
import os
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Generic, TypeVar

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

TESTS = Path(__file__).resolve().parents[1]
FIXTURES = TESTS / "fixtures"
OUTPUT = TESTS / "output"
DEADLINE = 20.0
MEMORY = "/dev/shm"
# Hundreds of databases come and go; their log is of no use to anybody.
SETTINGS = {"wal_level": "minimal", "max_wal_senders": "0", "min_wal_size": "'32MB'", "max_wal_size": "'128MB'"}
Result = TypeVar("Result")


def majors() -> list[int]:
    """The PostgreSQL majors the tests run on."""
    return [int(word) for word in os.environ.get("PGOPS_TEST_MAJORS", "15,17").split(",")]


def every_major() -> list[int]:
    """The majors of tests that are marked so: where PostgreSQL's versions differ most, and a run costs little."""
    return [int(word) for word in os.environ.get("PGOPS_TEST_EVERY_MAJOR", "").split(",") if word] or majors()


def place_in_memory() -> str | None:
    """A file system in memory, where there is one: cloning a database takes a tenth of the time there."""
    try:
        state = os.statvfs(MEMORY)
    except OSError:
        return None
    usable = state.f_bavail * state.f_frsize > 2_000_000_000 and not state.f_flag & os.ST_NOEXEC
    return MEMORY if usable else None


class Server:
    """One throwaway cluster of the test session, with the scanner's roles, that hands out cloned databases."""

    def __init__(self, major: int) -> None:
        from tooling.cluster import Cluster  # its folder comes on the path in conftest.py, after this file is read

        self.major = major
        before = tempfile.tempdir
        tempfile.tempdir = place_in_memory() or before
        try:
            self.cluster = Cluster.start(major=major, settings=SETTINGS)
        finally:
            tempfile.tempdir = before
        self._numbers = itertools.count(1)
        self._templates: dict[str, str] = {}
        self.admin = Client(self.cluster.dsn("postgres"))
        self.admin.run((FIXTURES / "scanner_roles.sql").read_text(encoding="utf-8"))

    def template(self, name: str, fill: Callable[[str], None], base: str = "template0") -> str:
        """The name of a template database, made by `fill(database)` on first use."""
        if name not in self._templates:
            database = self.clone(base)
            fill(database)
            self._templates[name] = database
        return self._templates[name]

    def clone(self, template: str = "template0") -> str:
        """A new database with the template's content and owner."""
        name = f"t{next(self._numbers)}"
        owner = self.admin.value("SELECT datdba::regrole::text FROM pg_database WHERE datname = %s", [template])
        statement = sql.SQL("CREATE DATABASE {} TEMPLATE {} OWNER {}")
        self.admin.connection.execute(statement.format(*map(sql.Identifier, (name, template, owner))))
        return name

    def drop(self, database: str) -> None:
        """Remove a database and whoever is still connected to it."""
        self.admin.connection.execute(
            sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(database))
        )

    def stop(self) -> None:
        """End the cluster."""
        self.admin.close()
        self.cluster.stop()


class Servers:
    """The session's clusters, each started when it is first asked for."""

    def __init__(self) -> None:
        self._running: dict[int, Server] = {}

    def get(self, major: int) -> Server:
        """The server of this major."""
        if major not in self._running:
            self._running[major] = Server(major)
        return self._running[major]

    def stop(self) -> None:
        """End them all."""
        while self._running:
            self._running.popitem()[1].stop()


class Client:
    """One autocommitting session that speaks plain SQL and answers with dicts."""

    def __init__(self, dsn: str, application_name: str = "a test") -> None:
        self.connection = psycopg.connect(dsn, autocommit=True, application_name=application_name, row_factory=dict_row)
        self.notices: list[str] = []
        self.connection.add_notice_handler(lambda notice: self.notices.append(notice.message_primary or ""))

    @property
    def pid(self) -> int:
        """The backend's process id."""
        return self.connection.info.backend_pid

    def run(self, text: str, values: Sequence[object] | None = None) -> int:
        """Execute, and return the number of rows the server counted."""
        return self.connection.execute(text.encode(), values).rowcount

    def rows(self, text: str, values: Sequence[object] | None = None) -> list[dict[str, Any]]:
        """The rows of a query or of a RETURNING clause."""
        return self.connection.execute(text.encode(), values).fetchall()

    def row(self, text: str, values: Sequence[object] | None = None) -> dict[str, Any]:
        """The only row."""
        found = self.rows(text, values)
        assert len(found) == 1, f"{len(found)} rows came back where one was expected"
        return found[0]

    def value(self, text: str, values: Sequence[object] | None = None) -> Any:
        """The only value of the only row."""
        (found,) = self.row(text, values).values()
        return found

    def column(self, text: str, values: Sequence[object] | None = None) -> list[Any]:
        """The first column of every row."""
        return [next(iter(row.values())) for row in self.rows(text, values)]

    def begin(self, isolation: str = "READ COMMITTED") -> None:
        """Open a transaction that stays open until commit() or rollback()."""
        self.run(f"BEGIN ISOLATION LEVEL {isolation}")

    def commit(self) -> None:
        """Commit the open transaction."""
        self.run("COMMIT")

    def rollback(self) -> None:
        """Roll the open transaction back."""
        self.run("ROLLBACK")

    def copy_in(self, statement: str, lines: Iterable[str]) -> None:
        """COPY .. FROM STDIN."""
        with self.connection.cursor().copy(statement.encode()) as copy:
            for line in lines:
                copy.write(line + "\n")

    def close(self) -> None:
        """End the session."""
        self.connection.close()


class Background(Generic[Result]):
    """Work in a thread, whose result or error is fetched later."""

    def __init__(self, work: Callable[[], Result]) -> None:
        self._result: list[Result] = []
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, args=(work,), daemon=True)
        self._thread.start()

    def _run(self, work: Callable[[], Result]) -> None:
        try:
            self._result.append(work())
        except BaseException as error:
            self._error = error

    @property
    def running(self) -> bool:
        """Whether it is still at it."""
        return self._thread.is_alive()

    def result(self, timeout: float = DEADLINE) -> Result:
        """Wait for the end; an error of the work is raised here."""
        self._thread.join(timeout)
        assert not self.running, f"still not done after {timeout:.0f} seconds"
        if self._error is not None:
            raise self._error
        return self._result[0]

    def error(self, timeout: float = DEADLINE) -> BaseException | None:
        """Wait for the end and return the error of the work, if any."""
        self._thread.join(timeout)
        assert not self.running, f"still not done after {timeout:.0f} seconds"
        return self._error


def wait_until(condition: Callable[[], bool], what: str, timeout: float = DEADLINE) -> None:
    """Look until the condition holds; fail with `what` when it does not within the deadline."""
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, f"{what} did not come about within {timeout:.0f} seconds"
        time.sleep(0.005)


def wait_blocked(observer: Client, client: Client) -> None:
    """Wait until the client's backend stands in a lock queue."""
    query = "SELECT pg_catalog.cardinality(pg_catalog.pg_blocking_pids(%s)) > 0"
    wait_until(lambda: bool(observer.value(query, [client.pid])), f"backend {client.pid} waiting for a lock")


def expect_error(sqlstates: str, work: Callable[[], object], otherwise: str) -> psycopg.Error:
    """The server's error with this SQLSTATE, or one of several; `otherwise` says what it means when there is none."""
    found: list[psycopg.Error] = []
    try:
        work()
    except psycopg.Error as error:
        found.append(error)
    assert found, otherwise
    state = found[0].sqlstate or "none"
    assert state in sqlstates.split(), f"SQLSTATE {state} instead of {sqlstates}: {found[0]}"
    return found[0]
