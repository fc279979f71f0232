# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Questions to the data: what is asked again, what ends all, and what is never asked."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

import pytest
from _pgops.database.session import DatabaseError, Session
from _pgops.model.catalog.server import Server
from _pgops.model.catalog.snapshot import Catalog
from _pgops.model.measured import Answer, Probe
from _pgops.observe.measurements import ask_all

SERVER = Server(
    version=170000,
    version_text="17.0",
    in_recovery=True,
    user="keeper",
    is_superuser=False,
    database="d",
    database_oid=5,
    owner="owner",
    encoding="UTF8",
    collation="C",
    collation_version=None,
    collation_version_now=None,
    now=0.0,
    started=0.0,
    statistics_since=None,
    database_since=None,
    oldest_activity=None,
    block_size=8192,
    may=frozenset(),
)
CANCELED = DatabaseError("canceling statement due to conflict with recovery", "40001", "d")
LOST = DatabaseError("terminating connection", "57P01", "d")
DENIED = DatabaseError("permission denied for table t", "42501", "d")


class Scripted:
    """A session whose answers to the probes are given beforehand: rows, or an error to raise."""

    def __init__(self, *answers: Any, mighty: bool = False, role: DatabaseError | None = None) -> None:
        self._answers = list(answers)
        self._mighty = mighty
        self._role = role
        self.said: list[str] = []

    def one(self, sql: str) -> dict[str, Any]:
        assert "pg_has_role" in sql
        return {"name": "owner", "mighty": self._mighty}

    def execute(self, sql: str) -> None:
        self.said.append(sql.strip())
        if self._role is not None and sql.startswith("SET LOCAL ROLE"):
            raise self._role

    def query(self, sql: str) -> list[dict[str, Any]]:
        answer = self._answers.pop(0)
        if isinstance(answer, DatabaseError):
            raise answer
        return cast("list[dict[str, Any]]", answer)

    @contextmanager
    def bounded(self, seconds: float) -> Iterator[None]:
        self.said.append(f"ended after {seconds:g} seconds")
        yield

    def close(self) -> None:
        self.said.append("closed")


def ask(session: Scripted, *probes: Probe, timeout: float = 5.0, budget: float = 60.0) -> dict[str, Answer]:
    return ask_all(cast(Session, session), Catalog(server=SERVER), probes, timeout, budget, 1000.0)


def probe(key: str = "p", **more: Any) -> Probe:
    return Probe(key, "SELECT 1 AS one", "owner", **more)


def test_a_question_stands_in_bounds_and_leaves_nothing_behind() -> None:
    session = Scripted([{"one": 1}])
    assert ask(session, probe()) == {"p": Answer(({"one": 1},))}
    begin, bounds, role, end = session.said
    assert begin == "BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY"
    assert "row_security = off" in bounds
    assert "statement_timeout = 5000" in bounds
    assert role == "SET LOCAL ROLE owner"
    assert end == "ROLLBACK"


def test_a_conflict_on_a_standby_is_asked_again_once() -> None:
    assert ask(Scripted(CANCELED, [{"one": 1}]), probe())["p"].rows == ({"one": 1},)
    session = Scripted(CANCELED, CANCELED, [{"one": 1}])
    assert "replay cancelled it twice" in ask(session, probe())["p"].problem


def test_a_lost_connection_ends_all() -> None:
    session = Scripted(LOST, [{"one": 1}])
    with pytest.raises(DatabaseError) as caught:
        ask(session, probe("a"), probe("b"))
    assert caught.value is LOST
    assert "ROLLBACK" not in session.said


def test_what_is_denied_is_told_and_the_rest_is_asked() -> None:
    answers = ask(Scripted(DENIED, [{"one": 2}]), probe("a"), probe("b"))
    assert answers["a"].problem.startswith("owner may not read all of it")
    assert answers["b"].rows == ({"one": 2},)


def test_a_role_that_may_not_be_taken_is_named() -> None:
    answers = ask(Scripted(role=DENIED), probe())
    assert answers["p"].problem.startswith("this session may not act as owner, the owner of what is read")


def test_too_many_rows_and_too_little_time_are_not_asked() -> None:
    session = Scripted([{"one": 1}])
    answers = ask(session, probe("many", rows=1001.0), probe("few", rows=1000.0))
    assert "about 1,001 rows" in answers["many"].problem
    assert answers["few"].rows == ({"one": 1},)
    assert "were used up" in ask(Scripted(), probe(), budget=0.0)["p"].problem


@pytest.mark.parametrize("mighty", [True, False])
def test_text_that_changes_the_role_is_asked_only_where_it_gains_nothing(mighty: bool) -> None:
    session = Scripted([{"one": 1}], mighty=mighty)
    answer = ask(session, probe(text="SELECT Set_Config('role', 'none', true)"))["p"]
    assert bool(answer.problem) is mighty
    assert session.said[:1] == ([] if mighty else ["ended after 10 seconds"])
