# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""VALIDATE is offered, and may be done without a person, only as far as the data are known to bear it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from _pgops.checks.judge import judge
from _pgops.checks.registry import CHECKS
from _pgops.model.finding import Finding
from cases import Case
from harness import Server
from stage import build, look_at

LATE = {
    "fk-not-valid": "ALTER TABLE t ADD FOREIGN KEY (q) REFERENCES q NOT VALID;",
    "constraint-not-valid": "ALTER TABLE t ADD CHECK (q > 1) NOT VALID;",
}
START = "CREATE TABLE q (id int PRIMARY KEY); CREATE TABLE t (q int);"
ROW = "INSERT INTO t VALUES (1), (NULL);"


def finding(server: Server, check: str, statements: str, ask: bool = True) -> Finding:
    """The only finding of a check about these statements; `ask` false: no question was put to the data."""
    database, _played = build(server, [Case(check, "it", statements)])
    seen = look_at(server, database, [check])
    server.drop(database)
    (found,) = judge(seen if ask else replace(seen, answers={}), [CHECKS[check]]).findings
    return found


@pytest.mark.parametrize("check", sorted(LATE))
def test_validate_is_automatic_where_no_row_breaks_the_constraint(server: Server, check: str) -> None:
    found = finding(server, check, START + LATE[check])
    assert found.fix is not None
    assert found.fix.automatic


@pytest.mark.parametrize("check", sorted(LATE))
def test_validate_is_not_offered_where_a_row_breaks_the_constraint(server: Server, check: str) -> None:
    found = finding(server, check, START + ROW + LATE[check])
    assert "1 row" in found.message
    assert found.fix is None
    assert found.no_fix


@pytest.mark.parametrize("check", sorted(LATE))
def test_validate_is_left_to_a_person_where_nobody_counted(server: Server, check: str) -> None:
    found = finding(server, check, START + LATE[check], ask=False)
    assert found.fix is not None
    assert not found.fix.automatic
