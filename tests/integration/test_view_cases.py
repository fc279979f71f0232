# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cases in which generated triggers once lost a value, blamed the innocent, or gave rights away: a table of stories."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import psycopg
import pytest
from harness import Client, Server

PAIR = """
CREATE TABLE a (id int PRIMARY KEY, x int); CREATE TABLE b (id int PRIMARY KEY REFERENCES a, y int);
INSERT INTO a VALUES (1, 1), (2, 2); INSERT INTO b VALUES (1, 1), (2, 2);
CREATE VIEW v AS SELECT a.id, x, y FROM a JOIN b ON b.id = a.id;
"""
KEYED = """
CREATE TABLE e (id serial PRIMARY KEY, k int NOT NULL UNIQUE, note text);
CREATE TABLE ve (eid int PRIMARY KEY REFERENCES e, name text);
CREATE VIEW v AS SELECT e.id, e.k, e.note, ve.name FROM e JOIN ve ON ve.eid = e.id;
"""
LOWER = """
CREATE FUNCTION lower_name() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.name := lower(NEW.name); RETURN NEW; END';
CREATE TRIGGER lower_name BEFORE INSERT OR UPDATE ON ve FOR EACH ROW EXECUTE FUNCTION lower_name();
"""
HOLD = """
CREATE FUNCTION hold() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
"""


@dataclass(frozen=True)
class Story:
    """A database, a policy, and statements each with the rows, the count or the SQLSTATE that must come back."""

    name: str
    setup: str
    policy: dict[str, Any]
    steps: list[tuple[str, Any]]
    probe: str = ""
    options: dict[str, Any] = field(default_factory=dict)


UPSERT, IGNORE = {"on_conflict": "upsert"}, {"on_conflict": "ignore"}
STORIES = [
    Story(
        "an upsert that a child's trigger holds back is refused",
        KEYED + HOLD + "CREATE TRIGGER hold BEFORE UPDATE ON ve FOR EACH ROW EXECUTE FUNCTION hold();",
        UPSERT,
        [
            ("INSERT INTO v (k, note, name) VALUES (1, 'a', 'b') RETURNING k, note, name", [(1, "a", "b")]),
            ("INSERT INTO v (k, note, name) VALUES (1, 'z', 'lost')", "23505"),
            ("INSERT INTO v (k, note, name) VALUES (1, 'c', 'b') RETURNING note, name", [("c", "b")]),
            ("SELECT note, name FROM v", [("c", "b")]),
        ],
    ),
    Story(
        "an upsert that changes nothing may be held back",
        KEYED
        + "CREATE TRIGGER s BEFORE UPDATE ON e FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger();",
        UPSERT,
        [("INSERT INTO v (k, note, name) VALUES (1, 'a', 'b') RETURNING k", [(1,)])] * 2,
    ),
    Story(
        "an ignored key may have a default",
        """CREATE TABLE e (id serial PRIMARY KEY, ip text NOT NULL, port int NOT NULL DEFAULT 80, UNIQUE (ip, port));
        CREATE TABLE ve (eid int PRIMARY KEY REFERENCES e, name text);
        CREATE VIEW v AS SELECT e.id, ip, port, name FROM e JOIN ve ON ve.eid = e.id;""",
        IGNORE,
        [
            ("INSERT INTO v (ip) VALUES ('192.0.2.1') RETURNING port", [(80,)]),
            ("INSERT INTO v (ip) VALUES ('192.0.2.1')", 0),
        ],
    ),
    Story(
        "a trigger may change what is given for a new row",
        KEYED + LOWER,
        IGNORE,
        [("INSERT INTO v (k, name) VALUES (1, 'ABC') RETURNING name", [("abc",)]), ("INSERT INTO v (k) VALUES (1)", 0)],
    ),
    Story(
        "a column that an upsert may not update takes a value for a new row, not for an old one",
        KEYED,
        {**UPSERT, "columns": {"note": {"update": "refuse"}}},
        [
            ("INSERT INTO v (k, note) VALUES (1, 'first') RETURNING note", [("first",)]),
            ("INSERT INTO v (k, note) VALUES (1, 'second')", "23505"),
            ("INSERT INTO v (k, name) VALUES (1, 'n') RETURNING note, name", [("first", "n")]),
        ],
    ),
    Story(
        "shared rows refer to shared rows",
        """CREATE TABLE g (id int PRIMARY KEY, gname text UNIQUE);
        CREATE TABLE p (id int PRIMARY KEY, gid int REFERENCES g, pname text);
        CREATE TABLE c (id int PRIMARY KEY, pid int REFERENCES p);
        INSERT INTO g VALUES (1, 'g1'), (2, 'g2'); INSERT INTO p VALUES (1, 1, 'p1');
        CREATE VIEW v AS SELECT c.id, c.pid, p.pname, g.gname FROM c JOIN p ON p.id = c.pid JOIN g ON g.id = p.gid;""",
        {},
        [
            ("INSERT INTO v (id, pid) VALUES (1, 1) RETURNING *", [(1, 1, "p1", "g1")]),
            ("INSERT INTO v (id, pid, gname) VALUES (2, 1, 'g2')", "0A000"),
            ("INSERT INTO v (id, pid) VALUES (2, 7)", "23503"),
        ],
    ),
    Story(
        "a trigger of one table may touch the other",
        PAIR
        + """CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS
        'BEGIN UPDATE public.a SET x = x + 100 WHERE id = NEW.id; RETURN NULL; END';
        CREATE TRIGGER touch AFTER INSERT OR UPDATE ON b FOR EACH ROW EXECUTE FUNCTION touch();""",
        {"on_delete": "root"},
        [("INSERT INTO v VALUES (3, 3, 3) RETURNING *", [(3, 103, 3)])],
        probe="passed",
    ),
    Story(
        "a table that keeps its deleted rows can be tried in part",
        PAIR + HOLD + "CREATE TRIGGER hold BEFORE DELETE ON b FOR EACH ROW EXECUTE FUNCTION hold();",
        {"on_delete": "root"},
        [("DELETE FROM v WHERE id = 1", "27000"), ("SELECT count(*)::int FROM v", [(2,)])],
        probe="partial",
    ),
    Story(
        "a composite value with NULL in a field is a value",
        """CREATE TYPE pair AS (l int, r int);
        CREATE TABLE e (id int PRIMARY KEY, c pair DEFAULT '(7,7)'); CREATE TABLE ve (id int PRIMARY KEY REFERENCES e);
        CREATE VIEW v AS SELECT e.id, e.c FROM e JOIN ve ON ve.id = e.id;""",
        {},
        [
            ("INSERT INTO v VALUES (1, '(1,)') RETURNING c::text", [("(1,)",)]),
            ("INSERT INTO v (id) VALUES (2) RETURNING c::text", [("(7,7)",)]),
            ("UPDATE v SET c = '(,)' WHERE id = 1 RETURNING c::text", [("(,)",)]),
        ],
    ),
    Story(
        "a column that the view got later is not lost silently",
        PAIR,
        {},
        [
            ("ALTER TABLE a ADD z int", -1),
            ("CREATE OR REPLACE VIEW v AS SELECT a.id, x, y, z FROM a JOIN b ON b.id = a.id", -1),
            ("UPDATE v SET z = 5 WHERE id = 1", "42804"),
            ("INSERT INTO v VALUES (3, 3, 3, 3)", "42804"),
        ],
    ),
    Story(
        "a comparison through a cast stays one",
        """CREATE TABLE p (k char(4) PRIMARY KEY, note text); CREATE TABLE c (id int PRIMARY KEY, k text, z int);
        INSERT INTO p VALUES ('ab', 'n'); INSERT INTO c VALUES (1, 'ab', 0), (2, 'ab  ', 0);
        CREATE VIEW v AS SELECT c.id, c.z, p.k, p.note FROM c JOIN p ON c.k::bpchar = p.k;""",
        {},
        [("UPDATE v SET z = 5", 2), ("DELETE FROM v", 2)],
        probe="passed",
    ),
    Story(
        "an old trigger may call a system function",
        PAIR
        + "CREATE TRIGGER t INSTEAD OF UPDATE ON v FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger();",
        {},
        [("UPDATE v SET x = 9 WHERE id = 1", 1)],
        options={"adopt": True},
    ),
]


def converge(server: Server, database: str, **settings: Any) -> list[Any]:
    """Run the library on a database; `user` connects as somebody else than the superuser."""
    from _pgops.database.connect import connect
    from _pgops.model.settings.view_triggers import ViewTriggersSettings
    from _pgops.view_triggers.workflow import converge
    from psycopg.conninfo import conninfo_to_dict

    parameters = conninfo_to_dict(server.cluster.dsn(database, settings.pop("user", None)))
    with connect(parameters) as session:
        return converge(session, ViewTriggersSettings(**settings))


def told(client: Client, statement: str) -> Any:
    """Rows, count or SQLSTATE of a statement."""
    try:
        with client.connection.cursor(row_factory=psycopg.rows.tuple_row) as cursor:
            cursor.execute(statement.encode())
            return cursor.fetchall() if cursor.description else cursor.rowcount
    except psycopg.Error as error:
        return error.sqlstate


@pytest.fixture
def client(server: Server, empty_database: str) -> Any:
    """A superuser whose objects belong to a plain role."""
    opened = Client(server.cluster.dsn(empty_database))
    opened.run("GRANT CREATE ON SCHEMA public TO ollama_owner; SET ROLE ollama_owner")
    yield opened
    opened.close()


@pytest.mark.parametrize("story", STORIES, ids=[story.name for story in STORIES])
def test_story(server: Server, empty_database: str, client: Client, story: Story) -> None:
    client.run(story.setup)
    (outcome,) = converge(server, empty_database, view="v", definition=story.policy, **story.options)
    if story.probe:
        assert outcome.probe["status"] == story.probe, outcome.probe
    assert [told(client, statement) for statement, expected in story.steps] == [
        expected for statement, expected in story.steps
    ]
    (again,) = (
        converge(server, empty_database, view="v", definition=story.policy)
        if "ALTER" not in str(story.steps)
        else (None,)
    )
    assert again is None or not again.changed


def functions(client: Client) -> list[str]:
    return client.column("SELECT proname::text FROM pg_proc WHERE proname LIKE 'pgops%' ORDER BY 1")


def test_functions_of_a_dropped_view_are_removed(server: Server, empty_database: str, client: Client) -> None:
    client.run(PAIR)
    converge(server, empty_database, view="v", definition={})
    client.run("DROP VIEW v")
    assert len(functions(client)) == 3
    (outcome,) = converge(server, empty_database, view="v", state="absent")
    assert outcome.changed
    assert functions(client) == []
    assert not converge(server, empty_database, view="v", state="absent")[0].changed


def test_renamed_view_is_not_served_by_another_ones_triggers(
    server: Server, empty_database: str, client: Client
) -> None:
    from _pgops.model.errors import RefusedError

    client.run(PAIR)
    converge(server, empty_database, view="v", definition={"on_delete": "root"})
    client.run("ALTER VIEW v RENAME TO w; CREATE VIEW v AS SELECT a.id, x FROM a")
    with pytest.raises(RefusedError, match=r"still serves public\.w"):
        converge(server, empty_database, view="v", definition={})
    (outcome,) = converge(server, empty_database, view="w", definition={"on_delete": "root"})
    assert "trigger pgops_v_delete was made for the view under another name" in outcome.reasons
    assert converge(server, empty_database, view="v", definition={"on_delete": "root"})[0].changed
    assert told(client, "DELETE FROM w WHERE id = 1") == 1
    assert told(client, "SELECT id FROM a") == [(2,)]


def test_views_of_a_contract_change_together_or_not_at_all(server: Server, empty_database: str, client: Client) -> None:
    from _pgops.view_triggers.probe import ProbeError

    client.run(PAIR + "CREATE VIEW w AS SELECT b.id, b.y FROM b")
    client.run("""CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE ''no''; END';
        CREATE TRIGGER no BEFORE UPDATE ON b FOR EACH ROW EXECUTE FUNCTION no()""")
    views = {"v": {"writable": {"columns": {"y": {"read_only": True}}}}, "w": {"writable": {}}}
    contract = {"contract": 1, "database": empty_database, "views": views}
    with pytest.raises(ProbeError, match=r"public\.w"):
        converge(server, empty_database, contract=contract)
    assert functions(client) == []


def test_views_of_two_owners_in_one_run_of_a_member(server: Server, empty_database: str, client: Client) -> None:
    client.run("RESET ROLE; CREATE ROLE one_owner; CREATE ROLE two_owner; CREATE ROLE member_of_both LOGIN")
    client.run(f"GRANT one_owner, two_owner TO member_of_both; GRANT CONNECT ON DATABASE {empty_database} TO PUBLIC")
    contract: dict[str, Any] = {"contract": 1, "database": empty_database, "views": {}}
    for name in ("one", "two"):
        client.run(f"CREATE SCHEMA {name} AUTHORIZATION {name}_owner; SET ROLE {name}_owner; SET search_path = {name}")
        client.run(PAIR + "RESET ROLE; RESET search_path")
        contract["views"][f"{name}.v"] = {"writable": {}}
    outcomes = converge(server, empty_database, contract=contract, user="member_of_both")
    assert [(outcome.view, outcome.probe["status"]) for outcome in outcomes] == [
        ("one.v", "passed"),
        ("two.v", "passed"),
    ]
    owners = client.column(
        "SELECT DISTINCT proowner::regrole::text FROM pg_proc WHERE proname LIKE 'pgops%' ORDER BY 1"
    )
    assert owners == ["one_owner", "two_owner"]
    client.run("DROP OWNED BY one_owner, two_owner CASCADE; REVOKE one_owner, two_owner FROM member_of_both")
    client.run("DROP ROLE one_owner, two_owner, member_of_both")


@pytest.mark.parametrize("ours", ["UPDATE v SET x = 60 WHERE id = 1", "DELETE FROM v WHERE id = 1"])
def test_change_of_another_session_is_not_blamed_on_our_own(
    server: Server, empty_database: str, client: Client, ours: str
) -> None:
    from harness import Background, wait_blocked

    client.run(PAIR)
    converge(server, empty_database, view="v", definition={"on_delete": "root"})
    first, second = (Client(server.cluster.dsn(empty_database)) for session in ("first", "second"))
    first.begin()
    first.run("UPDATE a SET x = 51 WHERE id = 1")
    second.begin()
    second.run("UPDATE b SET y = y + 1 WHERE id = 1")
    waiting = Background(lambda: told(first, ours))
    wait_blocked(client, first)
    second.commit()
    assert waiting.result() == "40001"
    first.close()
    second.close()


@pytest.mark.parametrize(
    ("name", "value"), [("probe_timeout", float("nan")), ("probe_timeout", -1.0), ("lock_budget", 1e12)]
)
def test_numbers_of_seconds_have_a_range(server: Server, empty_database: str, name: str, value: float) -> None:
    from _pgops.model.errors import RefusedError

    with pytest.raises(RefusedError, match=f"`{name}` is a number of seconds above 0"):
        converge(server, empty_database, view="v", **{name: value})


def test_whole_connection_strings_are_refused(server: Server) -> None:
    from _pgops.database.connect import connect
    from _pgops.model.errors import RefusedError

    with pytest.raises(RefusedError, match="give its parts") as refused:
        connect({"conninfo": "postgresql://u:S3cr3tPW%zz@/x"})
    assert "S3cr3t" not in str(refused.value)
