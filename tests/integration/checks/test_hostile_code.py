# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A table's owner hides code where a superuser's question would run it: the code gains nothing, and it is said why."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from _pgops.checks.registry import CHECKS
from _pgops.checks.seen import Seen
from _pgops.database.session import DatabaseError
from _pgops.model.catalog.user_code import relations_named
from _pgops.model.contract.parse import parse_contract
from _pgops.model.measured import Probe
from _pgops.observe import measurements
from _pgops.observe.catalog.snapshot import read_catalog
from _pgops.observe.measurements import ask_all
from _pgops.status.review import look
from harness import Client, Server, expect_error
from stage import open_session

OWNER = "hostile_owner"
GAINED = "gained_by_hostile"
ASKED = ("data-orphans-fk", "data-check-violations", "data-null-where-expected", "data-rules")

# A function that may be folded while a query is planned calls one that may do anything; errors are kept quiet.
CODE = """
CREATE FUNCTION h.take() RETURNS int LANGUAGE plpgsql VOLATILE AS $f$ BEGIN
  BEGIN EXECUTE 'RESET ROLE'; EXCEPTION WHEN OTHERS THEN NULL; END;
  BEGIN EXECUTE 'RESET SESSION AUTHORIZATION'; EXCEPTION WHEN OTHERS THEN NULL; END;
  BEGIN EXECUTE 'COPY (SELECT 1) TO PROGRAM ''touch {marker}'''; EXCEPTION WHEN OTHERS THEN NULL; END;
  BEGIN EXECUTE 'CREATE ROLE {gained} SUPERUSER'; EXCEPTION WHEN OTHERS THEN NULL; END;
  RETURN 1;
END $f$;
CREATE FUNCTION h.quiet(int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $f$ BEGIN RETURN h.take(); END $f$;
CREATE TYPE h.e AS ENUM ('a', 'b');
CREATE FUNCTION h.cast_it(h.e) RETURNS text LANGUAGE plpgsql IMMUTABLE AS
  $f$ BEGIN PERFORM h.take(); RETURN 'a'; END $f$;
CREATE FUNCTION h.same(int, int) RETURNS bool LANGUAGE plpgsql IMMUTABLE AS
  $f$ BEGIN PERFORM h.take(); RETURN true; END $f$;
CREATE DOMAIN h.d AS int CHECK (h.quiet(VALUE) = 1);
CREATE TABLE h.q (id int PRIMARY KEY);
CREATE TABLE h.t (id int PRIMARY KEY, q int REFERENCES h.q, e h.e, seen date);
INSERT INTO h.q VALUES (1);
INSERT INTO h.t VALUES (1, 1, 'a', NULL);
"""

INHERITED = "CREATE TABLE h.below () INHERITS (h.t); CREATE INDEX ON h.below ((h.quiet(1) + id))"

#: Where code is hidden, and a query that a person might put as superuser after SET LOCAL ROLE.
HIDDEN = {
    "an index over an expression": ("CREATE INDEX ON h.t ((h.quiet(1) + id))", "SELECT count(*) FROM h.t"),
    "the predicate of an index": ("CREATE INDEX ON h.t (id) WHERE h.quiet(1) = id", "SELECT count(*) FROM h.t"),
    "an index of what is referred to": ("CREATE INDEX ON h.q ((h.quiet(1) + id))", "SELECT count(*) FROM h.q"),
    "statistics": ("CREATE STATISTICS h.s ON (h.quiet(1) + id), q FROM h.t", "SELECT count(*) FROM h.t WHERE q = 1"),
    "an inheriting table": (INHERITED, "SELECT count(*) FROM h.t"),
    "a policy": (
        "ALTER TABLE h.t ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY; "
        "CREATE POLICY p ON h.t USING (h.quiet(id) = 1)",
        "SELECT count(*) FROM h.t",
    ),
    "a check that is not validated": (
        "ALTER TABLE h.t ADD CONSTRAINT c CHECK (h.quiet(id) = 1) NOT VALID",
        "SELECT count(*) FROM h.t WHERE NOT (h.quiet(id) = 1)",
    ),
    "a view": ("CREATE VIEW h.v AS SELECT h.quiet(id) AS x FROM h.t", "SELECT * FROM h.v"),
    "a view over a view": (
        "CREATE VIEW h.u AS SELECT h.quiet(id) AS x FROM h.t; CREATE VIEW h.v AS SELECT x FROM h.u",
        "SELECT * FROM h.v",
    ),
    "a view with PostgreSQL's own functions": (
        "CREATE VIEW h.v AS SELECT query_to_xml('SELECT h.take()', true, true, '') AS x",
        "SELECT * FROM h.v",
    ),
    "an operator": (
        "CREATE OPERATOR h.## (LEFTARG = int, RIGHTARG = int, FUNCTION = h.same); "
        "CREATE VIEW h.v AS SELECT id OPERATOR(h.##) 1 AS x FROM h.t",
        "SELECT * FROM h.v",
    ),
    "a cast": (
        "CREATE CAST (h.e AS text) WITH FUNCTION h.cast_it(h.e) AS IMPLICIT",
        "SELECT count(*) FROM h.t WHERE e LIKE 'b'",
    ),
    "a domain": ("SELECT 1", "SELECT id::h.d FROM h.t"),
    "a function": ("SELECT 1", "SELECT h.quiet(id) FROM h.t"),
    "an extension": (
        "CREATE EXTENSION hstore SCHEMA h; ALTER EXTENSION hstore ADD FUNCTION h.quiet(int); "
        "CREATE INDEX ON h.t ((h.quiet(1) + id))",
        "SELECT count(*) FROM h.t",
    ),
    "a function of an extension that runs SQL": (
        "CREATE EXTENSION tablefunc SCHEMA h; CREATE VIEW h.v AS "
        "SELECT * FROM h.crosstab('SELECT ''a''::text, ''b''::text, h.take()') AS f (a text, b int)",
        "SELECT * FROM h.v",
    ),
    "the input of a domain": (
        "CREATE VIEW h.v AS SELECT domain_in('1'::cstring, (SELECT t.oid FROM pg_type t WHERE t.typname = 'd'), -1) "
        "IS NULL AS x",
        "SELECT * FROM h.v",
    ),
    "a function by its dot": (
        "CREATE FUNCTION h.dot(h.t) RETURNS int LANGUAGE sql AS 'SELECT h.take()'",
        "SELECT h.dot(t) FROM h.t",
    ),
}


class Stage:
    """A database with a hostile owner's schema, who made everything in a session of their own."""

    def __init__(self, server: Server, database: str, marker: Path) -> None:
        self.server, self.database, self.marker = server, database, marker
        with closing(Client(server.cluster.dsn(database))) as admin:
            if not admin.rows("SELECT FROM pg_roles WHERE rolname = %s", [OWNER]):
                admin.run(f"CREATE ROLE {OWNER} LOGIN")
            admin.run(f"CREATE SCHEMA h AUTHORIZATION {OWNER}")
            admin.run(f'GRANT CREATE ON DATABASE "{database}" TO {OWNER}')
        self.hide(CODE.format(marker=marker, gained=GAINED))

    def hide(self, statement: str) -> None:
        """Run a statement as the hostile owner."""
        with closing(Client(self.server.cluster.dsn(self.database, OWNER))) as client:
            client.run(statement)
        assert not self.gained, "the owner alone has no such right: the stage is wrong"

    @property
    def gained(self) -> bool:
        """Whether the code came to more than its owner may do."""
        found = self.server.admin.rows("SELECT FROM pg_roles WHERE rolname = %s", [GAINED])
        return self.marker.exists() or bool(found)

    def look(self, query: str, user: str | None = None) -> Seen:
        """Put all questions to the data, with a contract that holds the query as a rule."""
        contract: dict[str, Any] = {
            "contract": 1,
            "database": self.database,
            "schema": "h",
            "tables": {"t": {"columns": {"id": {}, "seen": {"fill": {"expression": "now()", "where": "id = 1"}}}}},
            "rules": [{"name": "asked", "sentence": "It holds.", "sql": query}],
        }
        with open_session(self.server, self.database, user) as session:
            return look(session, [CHECKS[check] for check in ASKED], parse_contract(contract))


@pytest.fixture
def marker(server: Server) -> Iterator[Path]:
    """A file that the server's own user may make, and nobody should."""
    path = Path(server.cluster.folder) / "taken"
    path.unlink(missing_ok=True)
    yield path
    path.unlink(missing_ok=True)
    server.admin.run(f"DROP ROLE IF EXISTS {GAINED}")


@pytest.fixture
def stage(server: Server, empty_database: str, marker: Path) -> Stage:
    return Stage(server, empty_database, marker)


@pytest.mark.parametrize("where", HIDDEN)
def test_hidden_code_gains_nothing(stage: Stage, where: str) -> None:
    statement, query = HIDDEN[where]
    stage.hide(statement)
    seen = stage.look(query)
    assert not stage.gained, f"code hidden in {where} took a superuser's rights"
    problems = [answer.problem for answer in seen.answers.values()]
    assert any("is no superuser" in text or "row-level security" in text for text in problems), problems


@pytest.mark.parametrize("where", HIDDEN)
def test_the_same_code_wins_where_only_the_role_is_set(stage: Stage, where: str) -> None:
    statement, query = HIDDEN[where]
    stage.hide(statement)
    with closing(Client(stage.server.cluster.dsn(stage.database))) as naive:
        naive.run("BEGIN READ ONLY")
        naive.run(f"SET LOCAL ROLE {OWNER}")
        naive.rows(query)
        naive.run("ROLLBACK")
    assert stage.gained, f"code hidden in {where} is harmless: the test above proves nothing"


@pytest.mark.parametrize("where", ["an index over an expression", "statistics", "an inheriting table"])
def test_code_that_comes_after_the_catalog_was_read_gains_nothing(stage: Stage, where: str) -> None:
    statement, query = HIDDEN[where]
    with open_session(stage.server, stage.database) as session:
        catalog, _details = read_catalog(session)
        asked = Probe("late", query, OWNER, tuple(one.oid for one in relations_named(catalog, query)), text=query)
        assert asked.relations
        assert ask_all(session, catalog, [asked], 5.0, 60.0, 1e6)["late"].problem == ""
        stage.hide(statement)
        assert "changed since" in ask_all(session, catalog, [asked], 5.0, 60.0, 1e6)["late"].problem
    assert not stage.gained


#: What leaves a name to another relation, that runs code.
RENAMED = {
    "a table": "ALTER TABLE h.t RENAME TO gone; CREATE VIEW h.t AS SELECT h.quiet(id) AS id FROM h.gone",
    "a schema": "ALTER SCHEMA h RENAME TO gone; CREATE SCHEMA h; "
    "CREATE VIEW h.t AS SELECT gone.quiet(id) AS id FROM gone.t",
    "a table that is dropped": "DROP TABLE h.t; CREATE VIEW h.t AS SELECT h.quiet(id) AS id FROM h.q",
}


@pytest.mark.parametrize("what", RENAMED)
def test_a_name_that_another_relation_took_gains_nothing(stage: Stage, what: str) -> None:
    query = "SELECT count(id) FROM h.t"
    with open_session(stage.server, stage.database) as session:
        catalog, _details = read_catalog(session)
        asked = Probe("late", query, OWNER, tuple(one.oid for one in relations_named(catalog, query)))
        assert ask_all(session, catalog, [asked], 5.0, 60.0, 1e6)["late"].problem == ""
        stage.hide(RENAMED[what])
        assert ask_all(session, catalog, [asked], 5.0, 60.0, 1e6)["late"].problem
    assert not stage.gained


def test_code_that_comes_and_goes_all_the_while_gains_nothing(stage: Stage) -> None:
    ended = threading.Event()

    def come_and_go() -> None:
        with closing(Client(stage.server.cluster.dsn(stage.database, OWNER))) as client:
            while not ended.is_set():
                client.run("CREATE INDEX late ON h.q ((h.quiet(1) + id))")
                client.run("DROP INDEX h.late")

    storm = threading.Thread(target=come_and_go, daemon=True)
    storm.start()
    try:
        problems = {
            answer.problem for _time in range(20) for answer in stage.look("SELECT id FROM h.t").answers.values()
        }
    finally:
        ended.set()
        storm.join()
    assert not stage.gained
    assert problems


def test_a_check_of_the_owner_gains_nothing(stage: Stage) -> None:
    with closing(Client(stage.server.cluster.dsn(stage.database))) as admin:
        number = admin.value("SELECT 'h.d'::regtype::oid::int")
    stage.hide(
        f"ALTER TABLE h.t ADD CHECK (domain_in('1'::cstring, {number}::oid, -1) IS NOT NULL) NOT VALID; ANALYZE h.t"
    )
    seen = stage.look("SELECT id FROM h.t")
    assert "domain_in" in seen.answers["check h.t t_check"].problem
    assert not stage.gained


def test_the_owner_of_a_database_gains_nothing_when_one_connects(stage: Stage) -> None:
    admin = stage.server.admin
    admin.run(f'ALTER DATABASE "{stage.database}" OWNER TO {OWNER}')
    stage.hide(
        "CREATE DOMAIN h.text AS pg_catalog.text CHECK (h.take() = 1); CREATE DOMAIN h.name AS pg_catalog.name "
        "CHECK (h.take() = 1)"
    )
    stage.hide(f'ALTER DATABASE "{stage.database}" SET search_path = h, pg_catalog')
    for driver in ("psycopg", "psycopg2"):
        with open_session(stage.server, stage.database, driver=driver) as session:
            assert session.database == stage.database
    assert not stage.gained


def test_a_member_of_several_owners_lends_none_the_rights_of_another(stage: Stage) -> None:
    stage.hide(HIDDEN["a view"][0])
    admin = stage.server.admin
    admin.run("CREATE ROLE reviewer LOGIN")
    try:
        admin.run(f"GRANT {OWNER} TO reviewer")
        problem = stage.look("SELECT * FROM h.v", "reviewer").answers["rule asked"].problem
        assert problem.endswith(f"that code could take the other's rights; connect as {OWNER}")
    finally:
        admin.run("DROP ROLE reviewer")


def test_a_change_that_was_at_work_while_the_catalog_was_read_is_seen(stage: Stage) -> None:
    query = "SELECT count(*) FROM h.t"
    with (
        closing(Client(stage.server.cluster.dsn(stage.database, OWNER))) as other,
        open_session(stage.server, stage.database) as session,
    ):
        other.begin()
        other.run("CREATE TABLE h.later ()")
        other.run(HIDDEN["statistics"][0])
        # A later transaction ends first, so that the number of the open one lies within the snapshot.
        stage.hide("CREATE TABLE h.meanwhile ()")
        catalog, _details = read_catalog(session)
        (table,) = [one for one in relations_named(catalog, query) if one.name == "t"]
        asked = Probe("late", query, OWNER, (table.oid,))
        assert "holds a lock" in ask_all(session, catalog, [asked], 5.0, 60.0, 1e6)["late"].problem
        other.commit()
        assert "changed since" in ask_all(session, catalog, [asked], 5.0, 60.0, 1e6)["late"].problem
    assert not stage.gained


def test_its_owner_is_told_in_a_session_of_their_own(stage: Stage) -> None:
    for where in ("an index over an expression", "a view"):
        stage.hide(HIDDEN[where][0])
    seen = stage.look("SELECT * FROM h.v", OWNER)
    assert [answer.problem for answer in seen.answers.values()] == [""] * len(seen.answers)
    assert seen.answers["rule asked"].rows[0]["violations"] == 1
    assert not stage.gained


def test_a_member_of_a_superuser_is_treated_as_one(stage: Stage) -> None:
    stage.hide(HIDDEN["a view"][0])
    admin = stage.server.admin
    admin.run("CREATE ROLE deputy LOGIN NOINHERIT")
    try:
        admin.run(f"GRANT {OWNER}, {stage.server.cluster.superuser} TO deputy")
        seen = stage.look("SELECT * FROM h.v", "deputy")
        assert "is no superuser" in seen.answers["rule asked"].problem
        assert not stage.gained
    finally:
        admin.run("DROP ROLE deputy")


def test_a_role_that_may_not_act_as_the_owner_is_told_so(stage: Stage) -> None:
    admin = stage.server.admin
    admin.run("CREATE ROLE watcher LOGIN")
    try:
        seen = stage.look("SELECT id FROM h.t", "watcher")
        assert seen.answers
        for answer in seen.answers.values():
            assert f"may not act as {OWNER}" in answer.problem
    finally:
        admin.run("DROP ROLE watcher")


def test_what_a_question_sets_does_not_outlive_it(stage: Stage) -> None:
    stage.hide(
        "CREATE FUNCTION h.stay(int) RETURNS int LANGUAGE plpgsql AS "
        "$f$ BEGIN PERFORM set_config('search_path', 'h', false); RETURN 1; END $f$; "
        "CREATE VIEW h.v AS SELECT h.stay(id) FROM h.t"
    )
    contract = parse_contract(
        {
            "contract": 1,
            "database": stage.database,
            "rules": [{"name": "asked", "sentence": "It holds.", "sql": "SELECT * FROM h.v"}],
        }
    )
    with open_session(stage.server, stage.database, OWNER) as session:
        seen = look(session, [CHECKS["data-rules"]], contract)
        assert seen.answers["rule asked"].problem == ""
        assert session.one("SHOW search_path")["search_path"] == "pg_catalog, pg_temp"


def test_code_that_does_not_stop_is_ended(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measurements, "_GRACE", 0.3)
    stage.hide(
        "CREATE FUNCTION h.wait(int) RETURNS int LANGUAGE plpgsql AS $f$ BEGIN LOOP "
        "BEGIN PERFORM pg_sleep(1); EXCEPTION WHEN query_canceled THEN NULL; END; END LOOP; END $f$; "
        "CREATE VIEW h.v AS SELECT h.wait(id) FROM h.t"
    )
    contract = parse_contract(
        {
            "contract": 1,
            "database": stage.database,
            "rules": [{"name": "asked", "sentence": "It holds.", "sql": "SELECT * FROM h.v"}],
        }
    )
    with open_session(stage.server, stage.database, OWNER) as session, pytest.raises(DatabaseError) as caught:
        look(session, [CHECKS["data-rules"]], contract, timeout=0.2)
    assert caught.value.lost


def test_the_time_out_is_told(stage: Stage) -> None:
    contract = parse_contract(
        {
            "contract": 1,
            "database": stage.database,
            "rules": [{"name": "asked", "sentence": "It holds.", "sql": "SELECT pg_sleep(9) FROM h.t"}],
        }
    )
    with open_session(stage.server, stage.database) as session:
        seen = look(session, [CHECKS["data-rules"]], contract, timeout=0.1)
        assert seen.answers["rule asked"].problem == "it took longer than 0.1 seconds"
        few = look(session, [CHECKS["data-rules"]], contract, budget=0.0)
        assert "were used up" in few.answers["rule asked"].problem


def test_a_lock_that_shuts_out_readers_is_told(stage: Stage) -> None:
    with closing(Client(stage.server.cluster.dsn(stage.database))) as other:
        other.begin()
        other.run("LOCK TABLE h.t")
        seen = stage.look("SELECT id FROM h.t")
        assert "holds a lock" in seen.answers["rule asked"].problem
        other.rollback()


def test_the_hostile_owner_alone_may_not_run_programs(stage: Stage) -> None:
    with closing(Client(stage.server.cluster.dsn(stage.database, OWNER))) as client:
        expect_error("42501", lambda: client.run("COPY (SELECT 1) TO PROGRAM 'true'"), "the owner runs programs")
        assert client.value("SELECT h.quiet(1)") == 1
    assert not stage.gained
