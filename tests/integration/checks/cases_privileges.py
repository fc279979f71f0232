# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Truth table of the checks of privileges."""

from __future__ import annotations

from dataclasses import replace

from _pgops.checks.seen import Seen
from case_roles import role
from cases import Case

CREATE = "public-schema-create"
WRITE = "public-write"
GRANTS = "public-grants"
CONNECT = "public-connect"
DEFAULTS = "default-privileges-public"
APP = role("case_app", "LOGIN")
TABLE = "CREATE TABLE t (id int PRIMARY KEY, a int);"
TREE = "CREATE TABLE t (id int, a int) PARTITION BY LIST (a); CREATE TABLE t1 PARTITION OF t FOR VALUES IN (1);"
DATABASE = """
DO $$ BEGIN EXECUTE format('%s ON DATABASE %I %s', $d${verb}$d$, current_database(), $d${who}$d$); END $$;
"""

SCHEMAS = [
    Case(CREATE, "every role may create", "", {""}, "GRANT CREATE ON SCHEMA {schema} TO PUBLIC"),
    Case(CREATE, "every role may use", "", setup="GRANT USAGE ON SCHEMA {schema} TO PUBLIC"),
    Case(CREATE, "one role may create", "", setup=APP + "GRANT CREATE ON SCHEMA {schema} TO case_app"),
    Case(CREATE, "no access list at all", "CREATE TABLE t (id int PRIMARY KEY);"),
    Case(
        CREATE,
        "given with another's grant option: nothing to be done blindly",
        "",
        {""},
        APP
        + "GRANT CREATE ON SCHEMA {schema} TO case_app WITH GRANT OPTION; SET ROLE case_app;"
        + "GRANT CREATE ON SCHEMA {schema} TO PUBLIC; RESET ROLE",
    ),
    Case(CREATE, "the schema public of a new database", "", {"public"}, elsewhere=True, among={"public"}, until=14),
    Case(CREATE, "the schema public since 15", "", elsewhere=True, among={"public"}, since=15),
]

WRITES = [
    Case(
        WRITE,
        "partitions that give the same",
        "CREATE TABLE t (id int) PARTITION BY RANGE (id); "
        "CREATE TABLE t1 PARTITION OF t DEFAULT PARTITION BY RANGE (id);"
        "CREATE TABLE t2 PARTITION OF t1 DEFAULT; GRANT INSERT, UPDATE ON t, t2 TO PUBLIC;"
        "GRANT SELECT, INSERT ON t1 TO PUBLIC;",
        {"t"},
    ),
    Case(WRITE, "every role may insert", TABLE, {"t"}, "GRANT SELECT, INSERT ON t TO PUBLIC"),
    Case(WRITE, "every role may read", TABLE, setup="GRANT SELECT ON t TO PUBLIC"),
    Case(WRITE, "one role may write", TABLE, setup=APP + "GRANT INSERT, UPDATE ON t TO case_app"),
    Case(WRITE, "every role may update a column", TABLE, {"t.a"}, "GRANT UPDATE (a), SELECT (a) ON t TO PUBLIC"),
    Case(
        WRITE,
        "both the table and a column",
        TABLE,
        {"t", "t.a"},
        "GRANT UPDATE (a) ON t TO PUBLIC; GRANT UPDATE, DELETE ON t TO PUBLIC",
    ),
    Case(
        WRITE, "a view", TABLE + 'CREATE VIEW "V w" AS SELECT * FROM t;', {'"V w"'}, 'GRANT DELETE ON "V w" TO PUBLIC'
    ),
    Case(WRITE, "every role may hang triggers on it", TABLE, {"t"}, "GRANT TRIGGER ON t TO PUBLIC"),
    Case(WRITE, "every role may set a sequence", "CREATE SEQUENCE s;", {"s"}, "GRANT UPDATE ON SEQUENCE s TO PUBLIC"),
    Case(
        WRITE, "every role may draw from a sequence", "CREATE SEQUENCE s;", setup="GRANT USAGE ON SEQUENCE s TO PUBLIC"
    ),
    Case(
        WRITE,
        "policies stand before it",
        TABLE + "ALTER TABLE t ENABLE ROW LEVEL SECURITY;",
        setup="GRANT INSERT, UPDATE, DELETE ON t TO PUBLIC",
    ),
    Case(
        WRITE,
        "policies do not stand before TRUNCATE",
        TABLE + "ALTER TABLE t ENABLE ROW LEVEL SECURITY;",
        {"t"},
        "GRANT INSERT, TRUNCATE ON t TO PUBLIC",
    ),
    Case(WRITE, "a partition tree", TREE, {"t"}, "GRANT INSERT ON t, t1 TO PUBLIC"),
    Case(WRITE, "a partition alone", TREE, {"t1"}, "GRANT INSERT ON t1 TO PUBLIC"),
    Case(
        WRITE,
        "the database",
        "",
        {"{database}"},
        DATABASE.replace("{verb}", "GRANT CREATE").replace("{who}", "TO PUBLIC"),
        elsewhere=True,
        among={"{database}"},
        unfixed="a copy of a database has no access list of its own",
    ),
]

READS = [
    Case(GRANTS, "every role may read", TABLE, {"t"}, "GRANT SELECT, INSERT ON t TO PUBLIC"),
    Case(GRANTS, "every role may insert: told by another check", TABLE, setup="GRANT INSERT ON t TO PUBLIC"),
    Case(GRANTS, "a column", TABLE, {"t.a"}, "GRANT SELECT (a) ON t TO PUBLIC"),
    Case(GRANTS, "a sequence", "CREATE SEQUENCE s;", {"s"}, "GRANT USAGE, SELECT ON SEQUENCE s TO PUBLIC"),
    Case(GRANTS, "a schema", "", {""}, "GRANT USAGE ON SCHEMA {schema} TO PUBLIC"),
    Case(
        GRANTS,
        "functions and types as they are made",
        "CREATE TYPE e AS ENUM ('a'); CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1';",
    ),
    Case(GRANTS, "one role may read", TABLE, setup=APP + "GRANT SELECT ON t TO case_app"),
    Case(GRANTS, "the schema public", "", elsewhere=True, among={"public"}),
    Case(
        GRANTS,
        "a foreign server",
        "",
        {"case_open"},
        "CREATE FOREIGN DATA WRAPPER case_fdw; CREATE SERVER case_open FOREIGN DATA WRAPPER case_fdw;"
        "CREATE SERVER case_shut FOREIGN DATA WRAPPER case_fdw; GRANT USAGE ON FOREIGN SERVER case_open TO PUBLIC",
        elsewhere=True,
        among={"case_open", "case_shut"},
    ),
]


def shut(seen: Seen) -> Seen:
    """The database as it would be if CONNECT had been taken from everybody."""
    catalog = seen.catalog
    name = catalog.server.database
    database = catalog.databases[name]._replace(acl="{postgres=CTc/postgres,case_app=c/postgres}")
    return replace(seen, catalog=replace(catalog, databases={**catalog.databases, name: database}))


OTHERS = [
    Case(CONNECT, "taken from everybody", "", elsewhere=True, alter=shut),
    Case(CONNECT, "as PostgreSQL makes it", "", {"{database}"}, elsewhere=True, among={"{database}"}),
    Case(
        DEFAULTS,
        "tables to come",
        "",
        {"case_owner.{schema}"},
        "ALTER DEFAULT PRIVILEGES FOR ROLE case_owner IN SCHEMA {schema} GRANT SELECT ON TABLES TO PUBLIC",
        elsewhere=True,
        among={"case_owner.{schema}"},
    ),
    Case(
        DEFAULTS,
        "in every schema",
        "",
        {"case_app"},
        APP + "ALTER DEFAULT PRIVILEGES FOR ROLE case_app GRANT INSERT, SELECT ON TABLES TO PUBLIC",
        elsewhere=True,
        among={"case_app"},
    ),
    Case(
        DEFAULTS,
        "for one role",
        "",
        setup=APP
        + "ALTER DEFAULT PRIVILEGES FOR ROLE case_owner IN SCHEMA {schema} GRANT SELECT ON TABLES TO case_app",
        elsewhere=True,
        among={"case_owner.{schema}"},
    ),
    Case(
        DEFAULTS,
        "functions, which everybody may execute anyway",
        "",
        setup="ALTER DEFAULT PRIVILEGES FOR ROLE case_owner IN SCHEMA {schema} GRANT EXECUTE ON FUNCTIONS TO PUBLIC",
        elsewhere=True,
        among={"case_owner.{schema}"},
    ),
]
CASES = [*SCHEMAS, *WRITES, *READS, *OTHERS]
