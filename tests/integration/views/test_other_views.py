# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Views of other shapes than the scanner's: types, width, composite keys, chains, a table joined to itself."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from harness import expect_error
from view_stage import Stage, expect_refusal

TYPES = {
    "smallint": ("1", "2"),
    "bigint": ("1", "9223372036854775807"),
    "real": ("1.5", "2.5"),
    "double precision": ("0", "-0"),
    "numeric(12,2)": ("1.50", "1.51"),
    "money": ("1.00", "2.00"),
    "character(5)": ("ab", "abc"),
    "character varying(5)": ("ab", "abc"),
    '"char"': ("a", "b"),
    "name": ("ab", "abc"),
    "bytea": ("\\x00ff", "\\x00fe"),
    "bit(3)": ("101", "111"),
    "bit varying(5)": ("101", "1"),
    "date": ("2024-01-01", "2024-01-02"),
    "time(3) without time zone": ("10:00:00.123", "10:00:00.124"),
    "time with time zone": ("10:00:00+01", "09:00:00+00"),
    "timestamp(3) without time zone": ("2024-01-01 10:00:00.123", "2024-01-01 10:00:00.124"),
    "interval": ("1 day", "24:00:00"),
    "boolean": ("true", "false"),
    "uuid": ("00000000-0000-0000-0000-000000000001", "00000000-0000-0000-0000-000000000002"),
    "inet": ("192.0.2.1", "192.0.2.1/24"),
    "point": ("(1,1)", "(1,2)"),
    "polygon": ("((0,0),(1,1))", "((0,0),(1,2))"),
    "json": ('{"a": 1}', '{"a":  1}'),
    "jsonb": ('{"a": 1.0}', '{"a": 1.00}'),
    "xml": ("<a/>", "<b/>"),
    "tsvector": ("'a':1", "'b':1"),
    "integer[]": ("{1,2}", "{1,NULL}"),
    "text[]": ("{}", '{""}'),
    "int4range": ("[1,3)", "empty"),
    "kinds.mood": ("calm", "wild"),
    "kinds.short": ("ab", "abc"),
    "kinds.pair": ("(1,a)", "(1,)"),
    "kinds.mood[]": ("{calm}", "{calm,wild}"),
    "oid": ("1", "2"),
    "regclass": ("pg_class", "pg_proc"),
}


def typed(kind: str, place: int) -> str:
    """One of the two values of a type, as SQL."""
    return "'" + TYPES[kind][place].replace("'", "''") + f"'::{kind}"


def install(stage: Stage, view: str, **policy: Any) -> dict[str, Any]:
    """Install, hold it to its probe, and hold a second run to change nothing."""
    made = stage.install(view, **policy)
    assert made.changed, f"{made}"
    assert made.probe["status"] == "passed", f"{made}"
    assert not stage.install(view, **policy).changed, "a second run changed something"
    return made.raw


def test_every_type(stage: Stage) -> None:
    stage.admin.run("CREATE SCHEMA kinds AUTHORIZATION ollama_owner; GRANT USAGE ON SCHEMA kinds TO PUBLIC")
    columns = {f"c{number}": type_name for number, type_name in enumerate(TYPES)}
    stage.as_owner(f"""
        CREATE TYPE kinds.mood AS ENUM ('calm', 'wild');
        CREATE DOMAIN kinds.short AS text CHECK (length(VALUE) < 9);
        CREATE TYPE kinds.pair AS (number integer, word text);
        CREATE TABLE things (id serial PRIMARY KEY, {", ".join(f"{name} {kind}" for name, kind in columns.items())});
        CREATE TABLE labels (thing integer PRIMARY KEY REFERENCES things (id), label text);
        CREATE VIEW labelled AS SELECT t.*, l.label FROM things t JOIN labels l ON l.thing = t.id;
        GRANT ALL ON labelled TO clerk;
        INSERT INTO things DEFAULT VALUES; INSERT INTO labels VALUES (1, 'x')""")
    install(stage, "labelled", on_delete="root")
    client = stage.client("clerk")
    values = ", ".join(typed(kind, 0) for kind in columns.values())
    new = client.value(f"INSERT INTO labelled ({', '.join(columns)}, label) VALUES ({values}, 'y') RETURNING id")
    for name, kind in columns.items():
        given = client.value(f"UPDATE labelled SET {name} = {typed(kind, 1)} WHERE id = {new} RETURNING {name}::text")
        wanted = stage.admin.value(f"SELECT ({typed(kind, 1)})::text")
        assert given == wanted == stage.admin.value(f"SELECT {name}::text FROM things WHERE id = {new}"), (
            f"{kind}: {given}"
        )
    assert client.run(f"DELETE FROM labelled WHERE id = {new}") == 1, "DELETE"


@pytest.mark.parametrize("update_of", [False, True], ids=["static", "dynamic"])
def test_wide_view(stage: Stage, update_of: bool) -> None:
    names = [f"c{number}" for number in range(300)]
    stage.as_owner(f"""
        CREATE TABLE wide (id serial PRIMARY KEY, {", ".join(f"{name} integer DEFAULT 1" for name in names)});
        CREATE TABLE wide_notes (wide integer PRIMARY KEY REFERENCES wide (id), note text);
        CREATE VIEW all_wide AS SELECT w.*, n.note FROM wide w JOIN wide_notes n ON n.wide = w.id;
        GRANT ALL ON all_wide TO clerk;
        INSERT INTO wide DEFAULT VALUES; INSERT INTO wide_notes VALUES (1, 'x')""")
    if update_of:
        stage.as_owner("""
            CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
            CREATE TRIGGER nothing AFTER UPDATE OF c7 ON wide FOR EACH ROW EXECUTE FUNCTION nothing()""")
    install(stage, "all_wide", on_delete="root")
    client = stage.client("clerk")
    changes = ", ".join(f"{name} = 2" for name in names)
    assert client.row(f"UPDATE all_wide SET {changes} WHERE id = 1 RETURNING c0, c299") == {"c0": 2, "c299": 2}, (
        "UPDATE of all columns"
    )
    given = client.row("INSERT INTO all_wide (c5, note) VALUES (5, 'y') RETURNING c5, c6")
    assert given == {"c5": 5, "c6": 1}, f"INSERT gave {given}"
    values = ", ".join(["7"] * len(names))
    assert client.value(f"INSERT INTO all_wide ({', '.join(names)}) VALUES ({values}) RETURNING c299") == 7, (
        "INSERT of all columns"
    )


COMPOSITE = """
    CREATE TABLE shelves (room text, place integer, color text, PRIMARY KEY (room, place));
    CREATE TABLE shelf_notes (room text, place integer, note text, PRIMARY KEY (room, place),
        FOREIGN KEY (room, place) REFERENCES shelves (room, place) ON UPDATE CASCADE ON DELETE CASCADE);
    CREATE VIEW noted AS SELECT s.room, s.place, s.color, n.note
        FROM shelf_notes n JOIN shelves s ON s.room = n.room AND s.place = n.place;
    GRANT ALL ON noted TO clerk;
    INSERT INTO shelves VALUES ('hall', 1, 'red'); INSERT INTO shelf_notes VALUES ('hall', 1, 'full')"""


def test_composite_key(stage: Stage) -> None:
    stage.as_owner(COMPOSITE)
    follow = {"room": {"update": "follow"}, "place": {"update": "follow"}}
    install(stage, "noted", on_conflict="upsert", on_delete="root", conflict_key=["room", "place"], columns=follow)
    client = stage.client("clerk")
    assert client.run("INSERT INTO noted VALUES ('hall', 2, 'blue', 'empty')") == 1, "INSERT"
    moved = client.row("UPDATE noted SET room = 'attic', note = 'moved' WHERE place = 2 RETURNING *")
    assert moved == {"room": "attic", "place": 2, "color": "blue", "note": "moved"}, f"UPDATE gave {moved}"
    assert client.run("INSERT INTO noted (room, place, color) VALUES ('attic', 2, 'green')") == 1, "upsert"
    row = client.row("SELECT * FROM noted WHERE room = 'attic'")
    assert row == {"room": "attic", "place": 2, "color": "green", "note": "moved"}, f"after the upsert {row}"
    assert client.run("DELETE FROM noted WHERE room = 'attic'") == 1, "DELETE"
    assert stage.admin.column("SELECT room FROM shelves") == ["hall"], (
        "another shelf is gone, or the deleted one is left"
    )


def test_composite_key_is_refused_without_follow(stage: Stage) -> None:
    stage.as_owner(COMPOSITE)
    install(stage, "noted", on_delete="root")
    client = stage.client("clerk")
    for column, value in (("room", "'attic'"), ("place", "9")):
        statement = f"UPDATE noted SET {column} = {value}"
        error = expect_error("0A000", partial(client.run, statement), "a key column was accepted")
        assert column in str(error), f"the sentence does not name the column: {error}"


def test_chain_of_three_tables(stage: Stage) -> None:
    stage.as_owner("""
        CREATE TABLE reports (
            id serial PRIMARY KEY, verified_id integer NOT NULL UNIQUE REFERENCES verified_endpoints (id), note text);
        CREATE VIEW reported AS SELECT e.ip, e.port, r.note, e.id AS endpoint, v.id AS verified, r.id AS report
            FROM reports r JOIN verified_endpoints v ON v.id = r.verified_id JOIN endpoints e ON e.id = v.endpoint_id;
        GRANT ALL ON reported TO clerk;
        INSERT INTO reports (verified_id, note) SELECT id, 'seen' FROM verified_endpoints WHERE endpoint_id = 1""")
    install(
        stage,
        "reported",
        on_conflict="upsert",
        on_delete="root",
        conflict_key=["ip", "port"],
        fixed_values={"e": {"verified": 1}},
    )
    client = stage.client("clerk")
    new = client.row("INSERT INTO reported (ip, port, note) VALUES ('198.51.100.7', 1, 'new') RETURNING *")
    stored = stage.admin.row("SELECT * FROM reported WHERE ip = '198.51.100.7'")
    assert new == stored, f"RETURNING {new}, stored {stored}"
    again = client.row(
        "INSERT INTO reported (ip, port, note) VALUES ('192.0.2.2', 11434, 'later') RETURNING endpoint, note"
    )
    assert again == {"endpoint": 2, "note": "later"}, f"the upsert gave {again}"
    assert client.run("UPDATE reported SET note = 'changed', port = 2 WHERE ip = '198.51.100.7'") == 1, "UPDATE"
    assert client.run("DELETE FROM reported WHERE ip = '198.51.100.7'") == 1, "DELETE"
    assert stage.admin.value("SELECT count(*) FROM endpoints WHERE ip = '198.51.100.7'") == 0, "the root is left"


def test_table_joined_to_itself(stage: Stage) -> None:
    stage.as_owner("""
        CREATE TABLE topics (
            id serial PRIMARY KEY, name text NOT NULL UNIQUE, parent_id integer REFERENCES topics (id));
        CREATE VIEW topic_tree AS SELECT t.id, t.name, p.name AS parent
            FROM topics t JOIN topics p ON p.id = t.parent_id;
        GRANT ALL ON topic_tree TO clerk;
        INSERT INTO topics (name, parent_id) VALUES ('all', NULL), ('models', 1), ('hosts', 1)""")
    install(stage, "topic_tree")
    client = stage.client("clerk")
    new = client.row("INSERT INTO topic_tree (name, parent) VALUES ('llama', 'models') RETURNING name, parent")
    assert new == {"name": "llama", "parent": "models"}, f"INSERT gave {new}"
    expect_error(
        "23503", lambda: client.run("INSERT INTO topic_tree (name, parent) VALUES ('x', 'nowhere')"), "no such parent"
    )
    expect_error(
        "0A000", lambda: client.run("UPDATE topic_tree SET parent = 'x' WHERE name = 'llama'"), "the parent was renamed"
    )
    assert client.column("UPDATE topic_tree SET name = 'llamas' WHERE name = 'llama' RETURNING parent") == ["models"], (
        "UPDATE"
    )
    assert client.run("DELETE FROM topic_tree WHERE name = 'llamas'") == 1, "DELETE"
    assert stage.admin.column("SELECT name FROM topics ORDER BY id") == ["all", "models", "hosts"], (
        "another topic is gone"
    )


def test_partitioned_base_table(stage: Stage) -> None:
    stage.as_owner("""
        CREATE TABLE samples (id integer, day date, amount integer DEFAULT 1, PRIMARY KEY (id, day))
            PARTITION BY RANGE (day);
        CREATE TABLE samples_24 PARTITION OF samples FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
        CREATE TABLE samples_25 PARTITION OF samples FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
        CREATE TABLE sample_notes (id integer, day date, note text, PRIMARY KEY (id, day),
            FOREIGN KEY (id, day) REFERENCES samples (id, day));
        CREATE VIEW noted_samples AS SELECT s.id, s.day, s.amount, n.note
            FROM samples s JOIN sample_notes n ON n.id = s.id AND n.day = s.day;
        GRANT ALL ON noted_samples TO clerk;
        INSERT INTO samples VALUES (1, '2024-05-05'); INSERT INTO sample_notes VALUES (1, '2024-05-05', 'x')""")
    install(stage, "noted_samples", on_delete="root")
    client = stage.client("clerk")
    assert client.column(
        "INSERT INTO noted_samples (id, day, note) VALUES (2, '2025-05-05', 'y') RETURNING amount"
    ) == [1], "INSERT"
    assert stage.admin.column("SELECT id FROM samples_25") == [2], "the row is in another partition"
    assert client.run("UPDATE noted_samples SET amount = 9") == 2, "UPDATE"
    assert client.run("DELETE FROM noted_samples WHERE id = 2") == 1, "DELETE"


def test_security_invoker_view_needs_invoker_triggers(stage: Stage) -> None:
    stage.as_owner("ALTER VIEW servers SET (security_invoker = true)")
    before = stage.objects()
    expect_refusal(stage.install, ["security_invoker", "servers"], "definer triggers were put on an invoker view")
    assert stage.objects() == before, "refused, and yet something changed"
    assert stage.install(security="invoker").changed, "invoker triggers were refused too"
