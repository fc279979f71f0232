# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Speaks to the databases the way the programs do: as their role, with a password, over the network."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pytest

DATABASE = "ollama_scanner"
# Ports nobody else uses in the sample data, so that what a test adds can be told apart.
OURS = "port >= 60000"


@dataclass(frozen=True)
class Answer:
    """What one statement gave: its rows, its command tag (such as `UPDATE 1`), and the SQLSTATE of its error."""

    rows: list[list[str]]
    tag: str
    sqlstate: str
    text: str

    @property
    def value(self) -> str:
        """The only value of the only row."""
        assert len(self.rows) == 1, f"not one row: {self.text}"
        assert len(self.rows[0]) == 1, f"not one value: {self.text}"
        return self.rows[0][0]

    @property
    def count(self) -> int:
        """How many rows the statement says it wrote."""
        assert self.tag, f"no statement succeeded: {self.text}"
        return int(self.tag.split()[-1])


class Database:
    """The scanner's database on one host."""

    def __init__(self, host: Any) -> None:
        self.host = host

    def program(self, statement: str) -> Answer:
        """One statement of one of the three programs."""
        return self.session([statement])[0]

    def session(self, statements: Sequence[str]) -> list[Answer]:
        """Several statements of one connection, each a transaction of its own, going on after errors."""
        where = f"host=127.0.0.1 dbname={DATABASE} user=ollama"
        words = " ".join(["-c %s"] * (2 * len(statements)))
        parts = [part for statement in statements for part in (statement, r"\echo --")]
        command = "PGPASSFILE=/root/.pgops_pgpass psql -w -XAt -F '|' -v VERBOSITY=verbose %s " + words + " 2>&1"
        done = self.host.run(command, where, *parts)
        answers = [_answer(block) for block in done.stdout.split("--\n")[:-1]]
        assert len(answers) == len(statements), (
            f"the session did not answer every statement: {done.stdout}{done.stderr}"
        )
        return answers

    def at_once(self, sessions: Sequence[Callable[[], Any]]) -> list[Any]:
        """Run these at the same time and wait for all."""
        with ThreadPoolExecutor(max_workers=len(sessions)) as pool:
            return [pending.result() for pending in [pool.submit(session) for session in sessions]]

    def operator(self, statement: str) -> list[list[str]]:
        """What the operator sees, in the tables themselves."""
        command = "cd / && runuser -u postgres -- psql -XAqt -F '|' -v ON_ERROR_STOP=1 -d %s -c %s"
        done = self.host.run(command, DATABASE, statement)
        assert done.rc == 0, f"{statement}: {done.stderr}"
        return [line.split("|") for line in done.stdout.splitlines()]

    def number(self, statement: str) -> int:
        """One figure, as the operator sees it."""
        return int(self.operator(statement)[0][0])


def _answer(block: str) -> Answer:
    lines = block.splitlines()
    error = re.search(r"(?:ERROR|FATAL):\s+(\w{5}):", block)
    tags = [line for line in lines if re.fullmatch(r"(?:INSERT 0|UPDATE|DELETE) \d+", line)]
    rows = [line.split("|") for line in lines if line not in tags]
    return Answer([] if error else rows, tags[-1] if tags else "", error.group(1) if error else "", block)


@pytest.fixture
def database(host: Any) -> Iterator[Database]:
    """The database, without the rows that tests of this file add, before and after."""
    found = Database(host)
    found.operator(f"DELETE FROM endpoints WHERE {OURS}")
    yield found
    found.operator(f"DELETE FROM endpoints WHERE {OURS}")
