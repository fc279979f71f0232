# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Point 6: an installation that meets other people's locks."""

from __future__ import annotations

import time
from typing import Any

import psycopg
import pytest
from harness import Background, Client, wait_until
from view_ours import Refused
from view_stage import Installed, Stage
from view_verdicts import HOLDS, behaviour

BUDGET = 1.0
FOR_EVER = "the script waits for ever and names nobody"
RUN_WAITS = """
    SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database()
                   AND application_name IN ('a run', 'the script') AND wait_event_type = 'Lock')"""


def holder(stage: Stage, mode: str = "ROW EXCLUSIVE", name: str = "the pruner") -> Client:
    """Somebody with an open transaction and a lock on the view."""
    client = stage.client("postgres", name)
    client.begin()
    client.run(f"LOCK TABLE servers IN {mode} MODE")
    return client


def refused(stage: Stage, blocker: Client) -> Refused:
    """Run into a lock that is not released; what the refusal says about it."""
    started = time.monotonic()
    try:
        stage.install(lock_budget=BUDGET)
    except Refused as refusal:
        spent = time.monotonic() - started
        assert spent < BUDGET + 5, f"a budget of {BUDGET} s, and it took {spent:.1f} s"
        text = str(refusal)
        assert str(blocker.pid) in text, f"the blocker is not named: {text}"
        assert "the pruner" in text, f"the blocker is not named: {text}"
        return refusal
    raise AssertionError("it succeeded though the view was locked")


@pytest.mark.parametrize("mode", ["ROW EXCLUSIVE", "ACCESS EXCLUSIVE"])
@behaviour(
    6,
    "A view locked by others: given up within the budget, the blocker named by process and program.",
    naive=FOR_EVER,
    ready=False,
)
def test_blocker_is_named(stage: Stage, mode: str) -> None:
    before = stage.objects()
    blocker = holder(stage, mode)
    refusal = refused(stage, blocker)
    blocker.rollback()
    assert stage.objects() == before, f"given up, and yet something changed: {refusal}"


@behaviour(6, "Given up for locks, the old triggers stand as they were and the view takes writes.", naive=FOR_EVER)
def test_old_triggers_stay(stage: Stage) -> None:
    stage.as_owner(f"DROP TRIGGER {stage.trigger('delete')} ON servers")
    before = stage.objects()
    blocker = holder(stage)
    refused(stage, blocker)
    blocker.rollback()
    assert stage.objects() == before, "given up, and yet something changed"
    assert stage.client().run("UPDATE servers SET port = 1 WHERE id = 1") == 1, "the view lost its UPDATE"


@behaviour(6, "A lock released in time: the run waits and succeeds.", naive=HOLDS, ready=False)
def test_released_in_time(stage: Stage) -> None:
    blocker = holder(stage)
    pending = Background(stage.install)
    wait_until(lambda: bool(stage.admin.value(RUN_WAITS)), "a run that waits for the lock")
    blocker.rollback()
    assert pending.result().changed, "nothing was done"
    assert stage.client().run("UPDATE servers SET port = 1 WHERE id = 1") == 1, "the view takes no UPDATE"


@behaviour(
    6,
    "Readers that come while a run waits for a lock are served before the lock is released.",
    naive="the reader had to wait for the blocker",
    ready=False,
)
def test_readers_pass_a_waiting_run(stage: Stage) -> None:
    stage.as_owner("""
        CREATE FUNCTION servers_insert_fn() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
        CREATE TRIGGER servers_insert INSTEAD OF INSERT ON servers FOR EACH ROW EXECUTE FUNCTION servers_insert_fn()""")
    blocker = holder(stage, "ACCESS SHARE")
    options: dict[str, Any] = {"module": {"adopt": True}} if stage.ours else {}
    pending = Background(lambda: stage.install(lock_budget=15.0, **options))
    wait_until(lambda: bool(stage.admin.value(RUN_WAITS)), "a run that waits for the lock")
    reader = stage.client("crew", "a reader")
    reader.run("SET lock_timeout = '4s'")
    try:
        count = reader.value("SELECT count(*) FROM servers")
    except psycopg.errors.LockNotAvailable:
        raise AssertionError("the reader had to wait for the blocker") from None
    finally:
        blocker.rollback()
        pending.result()
    assert count == 3, f"the reader saw {count} rows"


@behaviour(
    6,
    "Two runs at once: one does it, the other finds it done, no error.",
    naive="duplicate key value violates unique constraint",
    ready=False,
)
def test_two_runs_at_once(stage: Stage) -> None:
    blocker = holder(stage, "ACCESS EXCLUSIVE" if not stage.ours else "ROW EXCLUSIVE")
    runs = [Background(stage.install) for dummy in range(2)]
    waiting = RUN_WAITS if stage.ours else RUN_WAITS.replace("EXISTS (SELECT FROM", "2 = (SELECT count(*) FROM")
    wait_until(lambda: bool(stage.admin.value(waiting)), "runs that wait for the lock")
    blocker.rollback()
    results = [run.result() for run in runs]
    assert [sorted(result.changed for result in results)] == [[False, True]], f"{results}"
    assert stage.client().run("UPDATE servers SET port = 1 WHERE id = 1") == 1, "the view takes no UPDATE"


@behaviour(
    6,
    "Four runs at once against drift: exactly one changes something, none fails.",
    naive="every run makes the objects anew, or fails",
)
def test_four_runs_at_once(stage: Stage) -> None:
    stage.as_owner(f"DROP TRIGGER {stage.trigger('delete')} ON servers")

    def run() -> Installed | psycopg.Error:
        try:
            return stage.install(lock_budget=15.0)
        except psycopg.Error as error:
            return error

    results = [background.result() for background in [Background(run) for dummy in range(4)]]
    changed = [result for result in results if isinstance(result, Installed) and result.changed]
    failed = [result for result in results if isinstance(result, psycopg.Error)]
    assert len(changed) == 1, (
        f"every run makes the objects anew, or fails: {len(changed)} changed something, {len(failed)} failed"
    )
    assert not failed, (
        f"every run makes the objects anew, or fails: {len(changed)} changed something, {len(failed)} failed"
    )


@behaviour(
    6,
    "An installation that dies half-way leaves nothing: function and triggers come in one transaction.",
    naive=HOLDS,
    ready=False,
)
def test_killed_run_leaves_nothing(stage: Stage) -> None:
    before = stage.objects()
    blocker = holder(stage)
    pending = Background(stage.install)
    wait_until(lambda: bool(stage.admin.value(RUN_WAITS)), "a run that waits for the lock")
    stage.admin.rows("""
        SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE application_name IN ('a run', 'the script') AND datname = current_database()""")
    error = pending.error()
    blocker.rollback()
    assert error is not None, "it was killed and said nothing"
    assert stage.objects() == before, "a part of the killed run stayed"
    assert stage.install().changed, "the next run did nothing"


@behaviour(
    6,
    "A function edited by hand is put back while others write through the view: that needs no lock on it.",
    naive=FOR_EVER,
)
def test_function_is_replaced_beside_a_writer(stage: Stage) -> None:
    name = stage.function("update")
    stage.as_owner(
        f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$"
    )
    writer = stage.client()
    writer.begin()
    writer.run("DELETE FROM servers WHERE id = 2")
    assert stage.install(lock_budget=BUDGET).changed, "nothing was done"
    writer.commit()
    assert stage.client().run("UPDATE servers SET port = 1 WHERE id = 1") == 1, "the function was not put back"
