# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Point 4: what DELETE removes, what it says, and whom it leaves alone."""

from __future__ import annotations

import psycopg
from harness import expect_error
from test_update_races import race
from view_stage import Stage
from view_verdicts import HOLDS, behaviour

LEFT = """
    SELECT (SELECT count(*) FROM endpoints WHERE id = 1) AS endpoints,
           (SELECT count(*) FROM verified_endpoints WHERE endpoint_id = 1) AS rows"""


@behaviour(4, "DELETE .. RETURNING gives the row as it was.", naive=HOLDS)
def test_delete_returns_the_old_row(stage: Stage) -> None:
    old = stage.admin.row("SELECT * FROM servers WHERE id = 1")
    given = stage.client("ollama").rows("DELETE FROM servers WHERE id = 1 RETURNING *")
    assert given == [old], f"RETURNING gave {given}"


@behaviour(4, "on_delete: root deletes the endpoint and all that hangs on it, and nobody else.", naive=HOLDS)
def test_delete_root(stage: Stage) -> None:
    before = stage.content()
    assert stage.client().run("DELETE FROM servers WHERE id = 1") == 1, "the row was not counted"
    after = stage.content()
    for table, key in (
        ("endpoints", "id"),
        ("verified_endpoints", "endpoint_id"),
        ("models", "endpoint_id"),
        ("benchmark_results", "endpoint_id"),
    ):
        assert after[table] == [row for row in before[table] if row[key] != 1], (
            f"{table} is not what it was without endpoint 1"
        )


@behaviour(
    4,
    "on_delete: root deletes children first where the foreign key has no cascade.",
    naive="violates foreign key constraint",
    ready=False,
)
def test_delete_root_without_cascade(stage: Stage) -> None:
    stage.as_owner("""
        ALTER TABLE verified_endpoints DROP CONSTRAINT verified_endpoints_endpoint_id_fkey;
        ALTER TABLE verified_endpoints ADD FOREIGN KEY (endpoint_id) REFERENCES endpoints (id)""")
    stage.install()
    assert stage.client().run("DELETE FROM servers WHERE id = 1") == 1, "the row was not counted"
    assert stage.admin.row(LEFT) == {"endpoints": 0, "rows": 0}, "a part is left"


@behaviour(
    4,
    "on_delete: child, which is the default, deletes the referencing row only.",
    naive="the endpoint is gone with all its models",
    ready=False,
)
def test_delete_child(stage: Stage) -> None:
    stage.install(
        module={"contract": {"contract": 1, "database": stage.database, "views": {"servers": {"writable": {}}}}}
    )
    given = stage.client().column("DELETE FROM servers WHERE id = 1 RETURNING id")
    left = stage.admin.row(LEFT)
    assert left["endpoints"] == 1, "the endpoint is gone with all its models"
    assert (left["rows"], given) == (0, [1]), f"left {left}, RETURNING {given}"


@behaviour(4, "on_delete: refuse says no with 0A000 and deletes nothing.", naive="the row was deleted", ready=False)
def test_delete_refused(stage: Stage) -> None:
    stage.install(on_delete="refuse")
    client = stage.client()
    error = expect_error("0A000", lambda: client.run("DELETE FROM servers WHERE id = 1"), "the row was deleted")
    assert "servers" in str(error), f"the sentence does not name the view: {error}"
    assert stage.admin.row(LEFT) == {"endpoints": 1, "rows": 1}, "refused, and yet deleted"


@behaviour(
    4,
    "A row that another session deleted is not counted and gives no RETURNING row.",
    naive="DELETE 1 was reported for a row that was gone",
)
def test_vanished_row_is_not_counted(stage: Stage) -> None:
    pending = race(stage, "DELETE FROM endpoints WHERE id = 1", "DELETE FROM servers WHERE id = 1 RETURNING id")
    count, rows = pending.result()
    assert (count, rows) == (0, []), f"DELETE {count} was reported for a row that was gone"


@behaviour(
    4,
    "A row that another session changed so that the condition no longer holds stays.",
    naive="a row was deleted that the condition does not name",
)
def test_row_that_no_longer_matches_stays(stage: Stage) -> None:
    pending = race(
        stage, "UPDATE endpoints SET port = 8080 WHERE id = 1", "DELETE FROM servers WHERE port = 11434 AND id = 1"
    )
    error = pending.error()
    assert stage.admin.row(LEFT) == {"endpoints": 1, "rows": 1}, "a row was deleted that the condition does not name"
    assert error is not None, "DELETE reported success for a row that stayed"
    expect_error("40001", pending.result, "no error")


@behaviour(
    4,
    "A base trigger that keeps the row is not reported as a deletion.",
    naive="DELETE 1 was reported for a row that is still there",
)
def test_kept_row_is_not_reported(stage: Stage) -> None:
    stage.as_owner("""
        CREATE FUNCTION keep_row() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
        CREATE TRIGGER keep_row BEFORE DELETE ON endpoints FOR EACH ROW EXECUTE FUNCTION keep_row();
        CREATE TRIGGER keep_row BEFORE DELETE ON verified_endpoints FOR EACH ROW EXECUTE FUNCTION keep_row()""")
    client = stage.client()
    try:
        count = client.run("DELETE FROM servers WHERE id = 1")
    except psycopg.Error:
        count = 0  # refused with a sentence is as good as not counted
    assert stage.admin.row(LEFT) == {"endpoints": 1, "rows": 1}, "the base triggers did not keep the row"
    assert count == 0, f"DELETE {count} was reported for a row that is still there"
