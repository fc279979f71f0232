# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Point 3, one session: what an UPDATE writes and what it refuses."""

from __future__ import annotations

from functools import partial

import pytest
from harness import expect_error
from view_stage import Stage, expect_refusal
from view_verdicts import HOLDS, behaviour

LOG_PORT_WRITES = """
    CREATE TABLE port_writes (id integer);
    CREATE FUNCTION log_port() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS
        $$ BEGIN INSERT INTO public.port_writes VALUES (NEW.id); RETURN NULL; END $$;
    CREATE TRIGGER log_port AFTER UPDATE OF port ON endpoints FOR EACH ROW EXECUTE FUNCTION log_port()"""
CASCADE = """
    ALTER TABLE verified_endpoints DROP CONSTRAINT verified_endpoints_endpoint_id_fkey;
    ALTER TABLE verified_endpoints ADD CONSTRAINT verified_endpoints_endpoint_id_fkey
        FOREIGN KEY (endpoint_id) REFERENCES endpoints (id) ON UPDATE CASCADE ON DELETE CASCADE;
    DELETE FROM models; DELETE FROM benchmark_results"""


@behaviour(
    3,
    "UPDATE OF triggers of the base table fire for changed columns only.",
    naive="the trigger for port fired though port was not touched",
    ready=False,
)
def test_only_changed_columns_are_written(stage: Stage) -> None:
    stage.as_owner(LOG_PORT_WRITES)
    stage.install()
    client = stage.client()
    assert client.run("UPDATE servers SET scan_date = '2025-05-05 00:00+00' WHERE id = 1") == 1, (
        "the row was not counted"
    )
    assert stage.admin.rows("SELECT * FROM port_writes") == [], "the trigger for port fired though port was not touched"
    assert client.run("UPDATE servers SET port = 8080 WHERE id = 1") == 1, "the row was not counted"
    assert stage.admin.column("SELECT id FROM port_writes") == [1], (
        "the trigger for port did not fire once for a change of port"
    )


@behaviour(3, "UPDATE of a column writes it and leaves all others as they were.", naive=HOLDS)
def test_update_changes_one_thing(stage: Stage) -> None:
    before = stage.content()
    assert stage.client("ollama").run("UPDATE servers SET scan_date = '2025-05-05 00:00+00' WHERE id = 1") == 1, (
        "the row was not counted"
    )
    after = stage.content()
    changed = [row for row in after["endpoints"] if row not in before["endpoints"]]
    assert [row["id"] for row in changed] == [1], "another row changed"
    assert changed[0]["scan_date"].year == 2025, "the date was not written"
    assert {**changed[0], "scan_date": None} == {**before["endpoints"][0], "scan_date": None}, "another column changed"
    assert {**after, "endpoints": None} == {**before, "endpoints": None}, "another table changed"


@behaviour(3, "SET scan_date = NULL stores NULL.", naive=HOLDS)
def test_null_is_a_value_in_update(stage: Stage) -> None:
    given = stage.client().row("UPDATE servers SET scan_date = NULL WHERE id = 1 RETURNING scan_date")
    assert stage.admin.value("SELECT scan_date FROM endpoints WHERE id = 1") is None, "NULL became a date"
    assert given == {"scan_date": None}, f"RETURNING says {given}"


@pytest.mark.parametrize(
    ("column", "value"),
    [("price", "1.00"), ("facts", '{"weight": 1.00}'), ("raw", '{"made":  2}')],
    ids=["numeric", "jsonb", "json"],
)
@behaviour(
    3,
    "Values that compare as equal but are written differently count as a change; types without equality work.",
    naive=HOLDS,
)
def test_equal_but_different_values_are_written(stage: Stage, column: str, value: str) -> None:
    assert stage.client().run(f"UPDATE stock SET {column} = '{value}' WHERE id = 1") == 1, "the row was not counted"
    stored = stage.admin.value(f"SELECT {column}::text FROM parts WHERE id = 1")
    assert stored == value, f"{stored} is stored where {value} was written"


@behaviour(3, "A change in both tables of the join reaches both.", naive=HOLDS)
def test_both_tables_are_written(stage: Stage) -> None:
    given = stage.client().row("UPDATE stock SET code = 'rivet', note = 'renamed' WHERE id = 2 RETURNING code, note")
    stored = stage.admin.row("SELECT code, note FROM stock WHERE id = 2")
    assert given == stored == {"code": "rivet", "note": "renamed"}, f"RETURNING {given}, stored {stored}"


@behaviour(
    3,
    "UPDATE of the key is refused with 0A000 and a sentence that names it.",
    naive="UPDATE of id reported success while nothing changed",
)
def test_update_of_the_key_is_refused(stage: Stage) -> None:
    before = stage.content()
    client = stage.client()
    error = expect_error(
        "0A000",
        lambda: client.run("UPDATE servers SET id = 500 WHERE id = 1"),
        "UPDATE of id reported success while nothing changed",
    )
    assert "id" in str(error), f"the sentence names neither column nor view: {error}"
    assert "servers" in str(error), f"the sentence names neither column nor view: {error}"
    assert stage.content() == before, "something was written"


@behaviour(3, "SET id = id, as an ORM writes it, is no change of the key.", naive=HOLDS)
def test_unchanged_key_may_be_stated(stage: Stage) -> None:
    assert stage.client().run("UPDATE servers SET id = id, port = 8080 WHERE id = 1") == 1, "the row was not counted"
    assert stage.admin.value("SELECT port FROM endpoints WHERE id = 1") == 8080, "the other column was not written"


@behaviour(
    3,
    "UPDATE of a generated column is refused with 0A000.",
    naive="UPDATE of worth reported success while nothing changed",
)
def test_update_of_a_generated_column_is_refused(stage: Stage) -> None:
    client = stage.client()
    error = expect_error(
        "0A000",
        lambda: client.run("UPDATE stock SET worth = 1 WHERE id = 1"),
        "UPDATE of worth reported success while nothing changed",
    )
    assert "worth" in str(error), f"the sentence does not name the column: {error}"
    assert stage.admin.value("SELECT worth FROM parts WHERE id = 1") == 4, "something was written"


@behaviour(
    3,
    "A column that the contract calls read_only is refused with 0A000.",
    naive="the read-only column was written",
    ready=False,
)
def test_update_of_a_read_only_column_is_refused(stage: Stage) -> None:
    stage.install(columns={"scan_date": {"read_only": True}})
    client = stage.client()
    for statement in (
        "UPDATE servers SET scan_date = now() WHERE id = 1",
        "INSERT INTO servers VALUES (900, '198.51.100.7', 1, now())",
    ):
        error = expect_error("0A000", partial(client.run, statement), "the read-only column was written")
        assert "scan_date" in str(error), f"the sentence does not name the column: {error}"
    assert client.run("UPDATE servers SET port = 8080, scan_date = scan_date WHERE id = 1") == 1, (
        "a row that keeps its date was not counted"
    )


@behaviour(
    3,
    "update: follow lets a key change travel along ON UPDATE CASCADE.",
    naive="the key did not change although UPDATE reported success",
    ready=False,
)
def test_key_change_follows_the_foreign_key(stage: Stage) -> None:
    stage.as_owner(CASCADE)
    stage.install(columns={"id": {"update": "follow"}})
    given = stage.client().column("UPDATE servers SET id = 500 WHERE id = 1 RETURNING id")
    stored = stage.admin.column("SELECT id FROM endpoints WHERE ip = '192.0.2.1'")
    assert stored == [500], "the key did not change although UPDATE reported success"
    assert given == [500], f"RETURNING says {given}"
    assert stage.admin.value("SELECT count(*) FROM verified_endpoints WHERE endpoint_id = 500") == 1, (
        "the child did not follow"
    )


def test_follow_without_cascade_is_refused_before_anything_is_made(stage: Stage) -> None:
    text = expect_refusal(
        lambda: stage.install(columns={"id": {"update": "follow"}}),
        ["id", "servers"],
        "follow was accepted without a cascade",
    )
    assert "CASCADE" in text.upper(), f"the sentence does not say what is missing: {text}"
    assert stage.objects() == [row for row in stage.objects() if not row["name"].startswith("pgops_")], (
        "something was made"
    )


@behaviour(
    3,
    "A failing constraint of the base table stops the statement with its own error and leaves nothing behind.",
    naive=HOLDS,
)
def test_constraint_of_the_base_table_speaks(stage: Stage) -> None:
    before = stage.content()
    client = stage.client()
    expect_error(
        "23505", lambda: client.run("UPDATE servers SET ip = '192.0.2.1'"), "two servers with one address were accepted"
    )
    assert stage.content() == before, "a part of the failed statement stayed"
