# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Point 7: new triggers are tried before anybody relies on them, and the trial leaves nothing."""

from __future__ import annotations

import time

from view_stage import Stage, expect_refusal
from view_verdicts import behaviour

NO_TRIAL = "nothing was tried"


@behaviour(
    7,
    "An installation proves UPDATE, DELETE, INSERT and RETURNING on a visible row and says so.",
    naive=NO_TRIAL,
    ready=False,
)
def test_probe_passes(stage: Stage) -> None:
    made = stage.install()
    assert made.probe, NO_TRIAL
    assert made.probe["status"] == "passed", f"{made.probe}"
    assert {made.probe["steps"][step] for step in ("update", "delete", "insert")} == {"passed"}, f"{made.probe}"


@behaviour(
    7, "The trial leaves no row changed, sends no NOTIFY and leaves no object behind.", naive=NO_TRIAL, ready=False
)
def test_probe_leaves_nothing(stage: Stage) -> None:
    stage.as_owner("""
        CREATE FUNCTION shout() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN PERFORM pg_notify('shout', TG_OP); RETURN NULL; END $$;
        CREATE TRIGGER shout AFTER INSERT OR UPDATE OR DELETE ON endpoints FOR EACH ROW EXECUTE FUNCTION shout()""")
    stage.admin.run("LISTEN shout")
    versions = "SELECT id, xmin::text, ctid::text FROM endpoints ORDER BY id"
    content, rows = stage.content(), stage.admin.rows(versions)
    made = stage.install()
    assert made.probe, NO_TRIAL
    assert made.probe["status"] == "passed", f"{made.probe}"
    assert (stage.content(), stage.admin.rows(versions)) == (content, rows), "the trial left something in the tables"
    assert list(stage.admin.connection.notifies(timeout=0.2)) == [], "a notification of the trial was sent"
    functions = stage.admin.column(
        "SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND proname LIKE 'pgops%' ORDER BY 1"
    )
    assert functions == [f"pgops_servers_{event}" for event in ("delete", "insert", "update")], f"left: {functions}"


@behaviour(7, "An empty view gives not_possible, never success.", naive=NO_TRIAL, ready=False)
def test_empty_view(stage: Stage) -> None:
    stage.as_owner("DELETE FROM verified_endpoints")
    made = stage.install()
    assert made.probe, NO_TRIAL
    assert made.probe["status"] == "not_possible", f"{made.probe}"
    assert "no row" in made.probe["reason"], f"{made.probe}"
    assert (
        stage.client().value("INSERT INTO servers (ip, port) VALUES ('198.51.100.7', 1) RETURNING scan_date")
        is not None
    ), "no INSERT"


@behaviour(
    7,
    "Where no write can succeed, the installation fails and the view stays as it was.",
    naive="installed although no write can succeed",
    ready=False,
)
def test_failed_probe_keeps_the_old_state(stage: Stage) -> None:
    stage.as_owner("""
        CREATE FUNCTION forbid() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN RAISE EXCEPTION 'nobody writes here'; END $$;
        CREATE TRIGGER forbid BEFORE INSERT OR UPDATE OR DELETE ON endpoints FOR EACH ROW EXECUTE FUNCTION forbid()""")
    before, content = stage.objects(), stage.content()
    text = expect_refusal(
        stage.install,
        ["nobody writes here", "servers", stage.database, "P0001"],
        "installed although no write can succeed",
    )
    assert (stage.objects(), stage.content()) == (before, content), f"failed, and yet something changed: {text}"


@behaviour(
    7,
    "A failed trial leaves the older triggers in place and working.",
    naive="the script replaced the triggers all the same",
)
def test_failed_probe_keeps_older_triggers(stage: Stage) -> None:
    stage.as_owner(f"""
        DROP TRIGGER {stage.trigger("update")} ON servers;
        CREATE FUNCTION forbid() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no deletes here'; END $$;
        CREATE TRIGGER forbid BEFORE DELETE ON endpoints FOR EACH ROW EXECUTE FUNCTION forbid()""")
    before = stage.objects()
    expect_refusal(stage.install, ["no deletes here"], "the script replaced the triggers all the same")
    assert stage.objects() == before, "failed, and yet something changed"
    assert stage.client().value("INSERT INTO servers (ip, port) VALUES ('198.51.100.7', 1) RETURNING id") > 100, (
        "the old triggers do not work"
    )


@behaviour(
    7,
    "A base trigger that silently keeps rows as they are is found out.",
    naive="installed although UPDATE does nothing",
    ready=False,
)
def test_silent_base_trigger_is_found(stage: Stage) -> None:
    stage.as_owner("""
        CREATE FUNCTION keep_row() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
        CREATE TRIGGER keep_row BEFORE UPDATE ON endpoints FOR EACH ROW EXECUTE FUNCTION keep_row()""")
    before = stage.objects()
    expect_refusal(stage.install, ["endpoints", "servers"], "installed although UPDATE does nothing")
    assert stage.objects() == before, "failed, and yet something changed"


def test_time_out_is_not_possible_and_never_success(stage: Stage) -> None:
    stage.as_owner("""
        CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(60); RETURN NULL; END $$;
        CREATE TRIGGER dawdle AFTER UPDATE ON endpoints FOR EACH ROW EXECUTE FUNCTION dawdle()""")
    content = stage.content()
    started = time.monotonic()
    made = stage.install(module={"probe_timeout": 0.5})
    assert time.monotonic() - started < 15, "the time-out of the probe was not kept"
    assert made.probe["status"] == "not_possible", f"{made.probe}"
    assert "time-out" in made.probe["reason"], f"{made.probe}"
    assert stage.content() == content, "the trial left something in the tables"


def test_probe_takes_a_row_that_nobody_holds(stage: Stage) -> None:
    writer = stage.client("crew", "the pruner")
    writer.begin()
    writer.run("SELECT * FROM endpoints WHERE id IN (1, 2) FOR UPDATE")
    made = stage.install(lock_budget=2.0)
    assert made.probe["status"] == "passed", f"{made.probe}"


def test_probe_is_not_possible_where_every_row_is_held(stage: Stage) -> None:
    writer = stage.client("crew", "the pruner")
    writer.begin()
    writer.run("SELECT * FROM endpoints FOR UPDATE")
    made = stage.install(lock_budget=2.0)
    assert made.probe["status"] == "not_possible", f"{made.probe}"
    assert "locked" in made.probe["reason"], f"{made.probe}"


def test_probe_false_says_that_nothing_was_tried(stage: Stage) -> None:
    sequences = "SELECT sequencename, last_value FROM pg_sequences ORDER BY 1"
    before = stage.admin.rows(sequences)
    made = stage.install(module={"probe": False})
    assert made.changed, f"{made.probe}"
    assert made.probe["status"] == "not_run", f"{made.probe}"
    assert stage.admin.rows(sequences) == before, "a sequence was drawn from"


def test_deletion_that_other_tables_forbid_is_partial(stage: Stage) -> None:
    stage.as_owner("""
        CREATE TABLE leases (endpoint_id integer REFERENCES endpoints (id));
        INSERT INTO leases SELECT id FROM endpoints""")
    made = stage.install()
    assert made.probe["status"] == "partial", f"{made.probe}"
    assert made.probe["steps"]["update"] == "passed", f"{made.probe}"
    assert "not possible" in made.probe["steps"]["delete"], f"{made.probe}"


def test_deferred_constraint_is_checked_within_the_trial(stage: Stage) -> None:
    stage.as_owner("""
        CREATE TABLE leases (endpoint_id integer REFERENCES endpoints (id) DEFERRABLE INITIALLY DEFERRED);
        INSERT INTO leases SELECT id FROM endpoints""")
    before = stage.content()
    made = stage.install()
    assert made.probe["status"] in {"passed", "partial"}, f"{made.probe}"
    assert stage.content() == before, "the trial left something in the tables"
