# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Shapes of statements that programs and people write, beyond the plain ones."""

from __future__ import annotations

from harness import expect_error
from view_stage import Stage
from view_verdicts import HOLDS, behaviour


@behaviour(
    3,
    "UPDATE .. FROM that meets a row twice is refused with 27000 and writes nothing, it is never counted twice.",
    naive="UPDATE 3 was reported for 2 rows",
)
def test_update_from_with_several_matches(stage: Stage) -> None:
    statement = "UPDATE servers s SET scan_date = '2025-05-05 00:00+00' FROM models m WHERE m.endpoint_id = s.id"
    before, client = stage.content(), stage.client()
    error = expect_error("27000", lambda: client.run(statement), "UPDATE 3 was reported for 2 rows")
    assert "servers" in str(error), f"the sentence does not name the view: {error}"
    assert stage.content() == before, "a part of the refused statement stayed"
    once = statement.replace("FROM models m", "FROM (SELECT DISTINCT endpoint_id FROM models) m")
    assert client.run(once) == 2, "the same with each row met once was not counted as two"


@behaviour(
    4, "DELETE .. USING that meets a row twice counts it once, as on a table.", naive="DELETE 3 was reported for 2 rows"
)
def test_delete_using_with_several_matches(stage: Stage) -> None:
    count = stage.client().run("DELETE FROM servers s USING models m WHERE m.endpoint_id = s.id")
    assert stage.admin.column("SELECT id FROM servers") == [4], "other rows are left than the one without models"
    assert count == 2, f"DELETE {count} was reported for 2 rows"


@behaviour(
    4,
    "A statement whose own triggers change what later rows show is no conflict with anybody.",
    naive=HOLDS,
    ready=False,
)
def test_own_triggers_are_no_concurrent_change(stage: Stage) -> None:
    stage.as_owner("""
        ALTER TABLE endpoints ADD COLUMN model_count integer NOT NULL DEFAULT 2;
        CREATE FUNCTION count_models() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                UPDATE public.endpoints SET model_count = model_count - 1 WHERE id = OLD.endpoint_id;
                RETURN NULL;
            END $$;
        CREATE TRIGGER count_models AFTER DELETE ON models FOR EACH ROW EXECUTE FUNCTION count_models();
        CREATE OR REPLACE VIEW model_hosts AS SELECT m.id, m.name, e.ip, e.port, e.model_count
            FROM models m JOIN endpoints e ON e.id = m.endpoint_id""")
    stage.install("model_hosts")
    assert stage.client().run("DELETE FROM model_hosts WHERE ip = '192.0.2.1'") == 2, "two models were there to delete"
    assert stage.admin.value("SELECT model_count FROM endpoints WHERE id = 1") == 0, "the base trigger did not count"


@behaviour(3, "Two UPDATEs of one row in one transaction both count.", naive=HOLDS)
def test_two_updates_in_one_transaction(stage: Stage) -> None:
    client = stage.client()
    client.begin()
    assert client.run("UPDATE servers SET port = port + 1 WHERE id = 1") == 1, "the first"
    assert client.run("UPDATE servers SET port = port + 1 WHERE id = 1") == 1, "the second"
    client.commit()
    assert stage.admin.value("SELECT port FROM endpoints WHERE id = 1") == 11436, "one increment is lost"


@behaviour(9, "WITH .. INSERT INTO the view .. RETURNING feeds the rest of the statement.", naive=HOLDS)
def test_insert_in_a_cte(stage: Stage) -> None:
    statement = """
        WITH new AS (INSERT INTO servers (ip, port) VALUES ('198.51.100.7', 1), ('198.51.100.8', 1) RETURNING id)
        INSERT INTO models (endpoint_id, name) SELECT id, 'phi' FROM new"""
    assert stage.client().run(statement) == 2, "two models for two servers"
    assert (
        stage.admin.value("SELECT count(*) FROM models m JOIN endpoints e ON e.id = m.endpoint_id WHERE e.port = 1")
        == 2
    ), "not joined"


@behaviour(9, "A prepared statement goes on after the triggers were made anew.", naive=HOLDS)
def test_prepared_statement_survives(stage: Stage) -> None:
    client = stage.client()
    client.run("PREPARE add (text) AS INSERT INTO servers (ip, port) VALUES ($1, 1) RETURNING id")
    first = client.value("EXECUTE add ('198.51.100.1')")
    stage.as_owner(f"DROP TRIGGER {stage.trigger('insert')} ON servers")
    stage.install()
    assert client.value("EXECUTE add ('198.51.100.2')") > first, "no new id"
    assert stage.admin.value("SELECT count(*) FROM servers WHERE port = 1") == 2, "a row is missing"


@behaviour(
    9,
    "An error in the middle of a transaction is undone by ROLLBACK TO SAVEPOINT, and what came before stays.",
    naive=HOLDS,
)
def test_savepoint(stage: Stage) -> None:
    client = stage.client()
    client.begin()
    client.run("INSERT INTO servers (ip, port) VALUES ('198.51.100.7', 1)")
    client.run("SAVEPOINT here")
    expect_error(
        "23502", lambda: client.run("INSERT INTO servers (port) VALUES (2)"), "a server without ip was accepted"
    )
    client.run("ROLLBACK TO SAVEPOINT here")
    client.run("INSERT INTO servers (ip, port) VALUES ('198.51.100.8', 1)")
    client.commit()
    assert stage.admin.value("SELECT count(*) FROM servers WHERE port = 1") == 2, "not two servers"


MERGE = """
    MERGE INTO servers s USING (VALUES ('192.0.2.1', 2025), ('198.51.100.7', 2025)) n (ip, year) ON s.ip = n.ip
    WHEN MATCHED THEN UPDATE SET scan_date = make_timestamptz(n.year, 1, 1, 0, 0, 0)
    WHEN NOT MATCHED THEN INSERT (ip, port) VALUES (n.ip, 1)"""


@behaviour(9, "MERGE INTO the view works from PostgreSQL 17 on and is PostgreSQL's own error before.", naive=HOLDS)
def test_merge(stage: Stage) -> None:
    client = stage.client()
    if stage.server.major < 17:
        error = expect_error("42809 0A000", lambda: client.run(MERGE), "MERGE on a view works already")
        assert "servers" in str(error), f"{error}"
        return
    assert client.run(MERGE) == 2, "one row to update and one to insert"
    assert stage.admin.value("SELECT extract(year FROM scan_date)::int FROM endpoints WHERE id = 1") == 2025, (
        "not updated"
    )
    assert stage.admin.value("SELECT count(*) FROM servers WHERE ip = '198.51.100.7'") == 1, "not inserted"
