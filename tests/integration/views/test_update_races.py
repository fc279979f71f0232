# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Point 3, two sessions: the second statement has its snapshot and waits for the row, the first one commits."""

from __future__ import annotations

from collections.abc import Callable

from harness import Background, expect_error, wait_blocked
from view_stage import Stage
from view_verdicts import HOLDS, behaviour

Outcome = tuple[int, list[dict[str, object]]]


def race(stage: Stage, first: str, second: str, through: str = "crew") -> Background[Outcome]:
    """Run `first` in an open transaction, start `second` until it waits for it, then commit the first."""
    winner, waiter = stage.client("crew", "the first"), stage.client(through, "the second")
    winner.begin()
    winner.run(first)

    def work() -> Outcome:
        cursor = waiter.connection.execute(second.encode())
        return cursor.rowcount, cursor.fetchall() if cursor.description else []

    pending = Background(work)
    wait_blocked(stage.admin, waiter)
    winner.commit()
    return pending


def outcome_of(pending: Background[Outcome]) -> Callable[[], object]:
    """For expect_error."""
    return pending.result


@behaviour(3, "Another session's change of a column the view does not show survives.", naive=HOLDS)
def test_change_outside_the_view_survives(stage: Stage) -> None:
    pending = race(
        stage,
        "UPDATE endpoints SET is_active = false, inactive_reason = 'gone' WHERE id = 1",
        "UPDATE servers SET scan_date = '2025-05-05 00:00+00' WHERE id = 1 RETURNING id",
    )
    assert pending.result() == (1, [{"id": 1}]), "the UPDATE was not done"
    stored = stage.admin.row(
        "SELECT is_active, inactive_reason, extract(year FROM scan_date)::int AS year FROM endpoints WHERE id = 1"
    )
    assert stored == {"is_active": False, "inactive_reason": "gone", "year": 2025}, (
        f"one of two changes is lost: {stored}"
    )


@behaviour(
    3,
    "A row that another session changed since the statement began is refused with 40001, nothing is lost.",
    naive="the other session's address is lost",
)
def test_changed_row_is_refused(stage: Stage) -> None:
    pending = race(
        stage, "UPDATE endpoints SET ip = '192.0.2.99' WHERE id = 1", "UPDATE servers SET port = 8080 WHERE id = 1"
    )
    error = pending.error()
    stored = stage.admin.row("SELECT ip, port FROM endpoints WHERE id = 1")
    assert stored["ip"] == "192.0.2.99", "the other session's address is lost"
    assert error is not None, f"the row had changed and the UPDATE was done: {stored}"
    expect_error("40001", outcome_of(pending), "no error")
    assert stored["port"] == 11434, "refused, and yet written"


@behaviour(
    3,
    "on_concurrent_change: skip does not count such a row and returns none.",
    naive="the other session's address is lost",
    ready=False,
)
def test_changed_row_is_skipped(stage: Stage) -> None:
    stage.install(on_concurrent_change="skip")
    pending = race(
        stage,
        "UPDATE endpoints SET ip = '192.0.2.99' WHERE id = 1",
        "UPDATE servers SET port = port + 1 WHERE id IN (1, 2) RETURNING id",
    )
    outcome = pending.result()
    stored = stage.admin.rows("SELECT ip, port FROM endpoints WHERE id IN (1, 2) ORDER BY id")
    assert stored[0]["ip"] == "192.0.2.99", "the other session's address is lost"
    assert outcome == (1, [{"id": 2}]), f"the skipped row was counted or returned: {outcome}"
    assert [row["port"] for row in stored] == [11434, 11435], f"stored {stored}"


@behaviour(
    3,
    "SET port = port + 1 from two sessions never loses one increment in silence.",
    naive="one of two increments is lost",
)
def test_increments_are_not_lost(stage: Stage) -> None:
    increment = "UPDATE servers SET port = port + 1 WHERE id = 1"
    error = race(stage, increment, increment).error()
    stored = stage.admin.value("SELECT port FROM endpoints WHERE id = 1")
    reported = 1 if error is not None else 2
    assert stored == 11434 + reported, (
        f"one of two increments is lost: {reported} were reported as done and port is {stored}"
    )


@behaviour(
    3,
    "A row that another session deleted is not counted and gives no RETURNING row.",
    naive="UPDATE 1 was reported for a row that is gone",
)
def test_vanished_row_is_not_counted(stage: Stage) -> None:
    pending = race(
        stage, "DELETE FROM endpoints WHERE id = 1", "UPDATE servers SET port = 8080 WHERE id = 1 RETURNING id"
    )
    count, rows = pending.result()
    assert stage.admin.rows("SELECT * FROM endpoints WHERE id = 1") == [], "the deleted row is back"
    assert (count, rows) == (0, []), f"UPDATE {count} was reported for a row that is gone"


@behaviour(
    3,
    "A row whose partner in the join another session deleted is not counted.",
    naive="UPDATE 1 was reported for a row that left the view",
)
def test_row_that_left_the_join_is_not_counted(stage: Stage) -> None:
    pending = race(
        stage,
        "DELETE FROM verified_endpoints WHERE endpoint_id = 1; UPDATE endpoints SET verified = 0 WHERE id = 1",
        "UPDATE servers SET port = 8080 WHERE id = 1 RETURNING id",
    )
    count, rows = pending.result()
    stored = stage.admin.row("SELECT verified, port FROM endpoints WHERE id = 1")
    assert (count, rows) == (0, []), (
        f"UPDATE {count} was reported for a row that left the view, and port is {stored['port']}"
    )
    assert stored == {"verified": 0, "port": 11434}, f"a row outside the view was written: {stored}"


@behaviour(3, "When the first session rolls back, the second one's UPDATE is done as if nothing had been.", naive=HOLDS)
def test_rollback_of_the_first_lets_the_second_through(stage: Stage) -> None:
    winner, waiter = stage.client("crew", "the first"), stage.client("crew", "the second")
    winner.begin()
    winner.run("UPDATE endpoints SET ip = '192.0.2.99' WHERE id = 1")
    pending = Background(lambda: waiter.run("UPDATE servers SET port = 8080 WHERE id = 1"))
    wait_blocked(stage.admin, waiter)
    winner.rollback()
    assert pending.result() == 1, "the UPDATE was not done"
    assert stage.admin.row("SELECT ip, port FROM endpoints WHERE id = 1") == {"ip": "192.0.2.1", "port": 8080}, (
        "not as it should be"
    )


@behaviour(3, "In REPEATABLE READ a row changed since the snapshot gives 40001.", naive=HOLDS)
def test_repeatable_read_gets_a_serialization_failure(stage: Stage) -> None:
    client = stage.client()
    client.begin("REPEATABLE READ")
    client.rows("SELECT * FROM servers")
    stage.client().run("UPDATE endpoints SET ip = '192.0.2.99' WHERE id = 1")
    expect_error(
        "40001", lambda: client.run("UPDATE servers SET port = 8080 WHERE id = 1"), "the changed row was overwritten"
    )
    client.rollback()
    assert stage.admin.row("SELECT ip, port FROM endpoints WHERE id = 1") == {"ip": "192.0.2.99", "port": 11434}, (
        "something was written"
    )
