# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Point 4 and others on a view of which one side repeats: a row of model_hosts is a model, its endpoint has others."""

from __future__ import annotations

from harness import expect_error
from view_stage import Stage
from view_verdicts import HOLDS, behaviour


@behaviour(4, "DELETE from a 1:n view removes the one row; its siblings and their parent stay.", naive=HOLDS)
def test_delete_leaves_siblings(stage: Stage) -> None:
    before = stage.content()
    given = stage.client().column("DELETE FROM model_hosts WHERE id = 1 RETURNING name")
    after = stage.content()
    assert given == ["llama"], f"RETURNING gave {given}"
    assert after["models"] == [row for row in before["models"] if row["id"] != 1], "a sibling is gone"
    assert after["endpoints"] == before["endpoints"], "the parent changed"


@behaviour(
    4,
    "UPDATE of a parent's column through a 1:n view is refused with 0A000: it would change the siblings.",
    naive="a sibling changed with it",
)
def test_update_of_the_parent_is_refused(stage: Stage) -> None:
    client = stage.client()
    siblings = "SELECT ip FROM model_hosts WHERE id = 2"
    try:
        error = expect_error(
            "0A000", lambda: client.run("UPDATE model_hosts SET ip = '192.0.2.99' WHERE id = 1"), "no error"
        )
    except AssertionError:
        assert stage.admin.value(siblings) == "192.0.2.1", "a sibling changed with it"
        raise
    assert "ip" in str(error), f"the sentence does not name the column: {error}"
    assert stage.admin.value(siblings) == "192.0.2.1", "refused, and yet written"


@behaviour(4, "UPDATE of the row's own column in a 1:n view changes that row only.", naive=HOLDS)
def test_update_of_the_own_column(stage: Stage) -> None:
    given = stage.client().row("UPDATE model_hosts SET name = 'llama3' WHERE id = 1 RETURNING id, name, ip")
    assert given == {"id": 1, "name": "llama3", "ip": "192.0.2.1"}, f"RETURNING gave {given}"
    assert stage.admin.column("SELECT name FROM models ORDER BY id") == ["llama3", "mistral", "qwen"], (
        "another model changed"
    )


@behaviour(4, "INSERT into a 1:n view finds the parent by the unique key that the row gives.", naive=HOLDS)
def test_insert_finds_the_parent(stage: Stage) -> None:
    before = stage.content()
    given = stage.client().row(
        "INSERT INTO model_hosts (name, ip, port) VALUES ('phi', '192.0.2.2', 11434) RETURNING id, name, ip, port"
    )
    assert given == {"id": 101, "name": "phi", "ip": "192.0.2.2", "port": 11434}, f"RETURNING gave {given}"
    assert stage.admin.value("SELECT endpoint_id FROM models WHERE id = 101") == 2, "it hangs on another endpoint"
    assert stage.content()["endpoints"] == before["endpoints"], "the parent changed"


@behaviour(4, "INSERT into a 1:n view without such a parent is refused with 23503.", naive="instead of 23503")
def test_insert_without_parent_is_refused(stage: Stage) -> None:
    before = stage.content()
    client = stage.client()
    error = expect_error(
        "23503",
        lambda: client.run("INSERT INTO model_hosts (name, ip, port) VALUES ('phi', '203.0.113.1', 1)"),
        "a model without endpoint was accepted",
    )
    assert "endpoints" in str(error), f"the sentence does not name the parent's table: {error}"
    assert stage.content() == before, "something was written"


@behaviour(4, "One statement over several rows of a 1:n view counts and returns each row once.", naive=HOLDS)
def test_many_rows_of_one_parent(stage: Stage) -> None:
    rows = stage.client().rows("UPDATE model_hosts SET name = name || '2' WHERE ip = '192.0.2.1' RETURNING id, name")
    assert sorted(row["name"] for row in rows) == ["llama2", "mistral2"], f"RETURNING gave {rows}"
    assert stage.client().run("DELETE FROM model_hosts WHERE ip = '192.0.2.1'") == 2, "two rows were there to delete"
    assert stage.admin.value("SELECT count(*) FROM endpoints WHERE id = 1") == 1, "the parent is gone"
