# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Truth table of the checks of exposure."""

from __future__ import annotations

from dataclasses import replace

from _pgops.checks.seen import Seen
from case_roles import role
from cases import Case

OPEN = "GRANT USAGE ON SCHEMA {schema} TO PUBLIC;"
APP = role("case_app", "LOGIN")
READ = "sensitive-columns-readable"
SHARED = "sensitive-columns-shared"
FUNCTION = "system-function-granted"
MAPPED = "user-mapping-password-readable"
EVERYBODY = "user-mapping-public-password"
PUBLIC = "foreign-table-public"
TRUSTED = "untrusted-language-trusted"
USERS = """
CREATE TABLE users (id int PRIMARY KEY, user_password text, "apiKey" varchar(40), password_changed_at timestamptz,
  password_reset_required bool, token_count int, date_of_birth date, cvv int, note text);
"""
ALL_OF_USERS = {"users.user_password", 'users."apiKey"', "users.date_of_birth", "users.cvv"}
CROWD = role("case_crowd") + "".join(role(f"case_crowd{n}", "LOGIN", "case_crowd") for n in range(5))
FDW = """
DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_foreign_data_wrapper WHERE fdwname = 'case_exposed') THEN
CREATE FOREIGN DATA WRAPPER case_exposed; END IF; END $$;
"""
READING = "GRANT EXECUTE ON FUNCTION pg_catalog.pg_read_file(text) TO case_app"


def server(name: str) -> str:
    return FDW + f"CREATE SERVER {name} FOREIGN DATA WRAPPER case_exposed;"


def mapping(name: str, user: str, options: str = "user 'x', password 'y'") -> str:
    return f"CREATE USER MAPPING FOR {user} SERVER {name} OPTIONS ({options});"


def about_server(check: str, name: str, found: bool, setup: str, of: str) -> Case:
    return Case(check, name, "", {of} if found else set(), setup, elsewhere=True, among={of})


def hidden(seen: Seen) -> Seen:
    """Foreign servers as an ordinary role sees them."""
    servers = tuple(one._replace(passwords=None) for one in seen.catalog.foreign_servers)
    return replace(seen, catalog=replace(seen.catalog, foreign_servers=servers))


COLUMNS = [
    Case(READ, "everybody may read the table", USERS, ALL_OF_USERS, OPEN + "GRANT SELECT ON users TO PUBLIC"),
    Case(
        READ,
        "everybody may read a column",
        USERS,
        {"users.user_password"},
        OPEN + "GRANT SELECT (id, user_password) ON users TO PUBLIC",
    ),
    Case(READ, "other columns", USERS, setup=OPEN + "GRANT SELECT (id, note) ON users TO PUBLIC"),
    Case(READ, "the schema is shut", USERS, setup="GRANT SELECT ON users TO PUBLIC"),
    Case(READ, "one role may read it", USERS, setup=OPEN + APP + "GRANT SELECT ON users TO case_app"),
    Case(READ, "everybody may write, not read", USERS, setup=OPEN + "GRANT INSERT ON users TO PUBLIC"),
    Case(
        READ,
        "row security is on",
        USERS + "ALTER TABLE users ENABLE ROW LEVEL SECURITY;",
        setup=OPEN + "GRANT SELECT ON users TO PUBLIC",
    ),
    Case(
        READ,
        "a view",
        "CREATE VIEW v AS SELECT 'x'::text AS secret, 1 AS secret_count;",
        {"v.secret"},
        OPEN + "GRANT SELECT ON v TO PUBLIC",
    ),
    Case(
        READ,
        "a domain, and a hash",
        "CREATE DOMAIN d AS text; CREATE TABLE t (ssn d, password_hash bytea, passwords int, salary_band bool);",
        {"t.ssn", "t.password_hash"},
        OPEN + "GRANT SELECT ON t TO PUBLIC",
    ),
    Case(SHARED, "five logins", USERS, ALL_OF_USERS, CROWD + "GRANT SELECT ON users TO case_crowd"),
    Case(SHARED, "one login", USERS, setup=APP + "GRANT SELECT ON users TO case_app"),
    Case(
        SHARED,
        "five logins where six are asked for",
        USERS,
        setup=CROWD + "GRANT SELECT ON users TO case_crowd",
        limits={"logins": 6},
    ),
]

SERVERS = [
    about_server(EVERYBODY, "with a password", True, server("case_p1") + mapping("case_p1", "PUBLIC"), "case_p1"),
    about_server(EVERYBODY, "without", False, server("case_p2") + mapping("case_p2", "PUBLIC", "user 'x'"), "case_p2"),
    about_server(EVERYBODY, "for one role", False, APP + server("case_p3") + mapping("case_p3", "case_app"), "case_p3"),
    Case(
        EVERYBODY,
        "an ordinary role looks",
        "",
        setup=server("case_p5") + mapping("case_p5", "PUBLIC"),
        elsewhere=True,
        alter=hidden,
        not_checked="only a superuser",
    ),
    about_server(
        MAPPED,
        "USAGE of its own",
        True,
        APP + server("case_m1") + mapping("case_m1", "case_app") + "GRANT USAGE ON FOREIGN SERVER case_m1 TO case_app",
        "case_m1",
    ),
    about_server(
        MAPPED,
        "USAGE for everybody",
        True,
        APP + server("case_m2") + mapping("case_m2", "case_app") + "GRANT USAGE ON FOREIGN SERVER case_m2 TO PUBLIC",
        "case_m2",
    ),
    about_server(MAPPED, "no USAGE", False, APP + server("case_m3") + mapping("case_m3", "case_app"), "case_m3"),
    about_server(
        MAPPED,
        "a superuser",
        False,
        role("case_super", "LOGIN SUPERUSER") + server("case_m4") + mapping("case_m4", "case_super"),
        "case_m4",
    ),
    Case(
        MAPPED,
        "an ordinary role looks",
        "",
        setup=server("case_m5") + mapping("case_m5", "PUBLIC"),
        elsewhere=True,
        alter=hidden,
        not_checked="only a superuser",
    ),
    Case(
        PUBLIC,
        "open",
        "",
        {"f"},
        server("case_f1") + "CREATE FOREIGN TABLE f (a int) SERVER case_f1; GRANT SELECT ON f TO PUBLIC",
    ),
    Case(
        PUBLIC,
        "for one role",
        "",
        setup=APP + server("case_f2") + "CREATE FOREIGN TABLE f (a int) SERVER case_f2; GRANT SELECT ON f TO case_app",
    ),
    Case(PUBLIC, "a table", "CREATE TABLE t (a int);", setup="GRANT SELECT ON t TO PUBLIC"),
]

CODE = [
    Case(
        FUNCTION,
        "one role reads files",
        "",
        {"pg_catalog.pg_read_file(text)"},
        APP + READING,
        elsewhere=True,
        among={"pg_catalog.pg_read_file(text)"},
    ),
    Case(
        FUNCTION,
        "every role lists directories",
        "",
        {"pg_catalog.pg_ls_dir(text)"},
        "GRANT EXECUTE ON FUNCTION pg_catalog.pg_ls_dir(text) TO PUBLIC",
        elsewhere=True,
        among={"pg_catalog.pg_ls_dir(text)"},
        severity="critical",
    ),
    Case(
        FUNCTION,
        "as PostgreSQL makes them",
        "",
        elsewhere=True,
        among={"pg_catalog.pg_stat_file(text)", "pg_catalog.lo_export(oid, text)"},
    ),
    Case(
        FUNCTION,
        "one of PostgreSQL's own roles",
        "",
        setup="GRANT EXECUTE ON FUNCTION pg_catalog.pg_read_binary_file(text) TO pg_read_server_files",
        elsewhere=True,
        among={"pg_catalog.pg_read_binary_file(text)"},
    ),
    Case(
        TRUSTED,
        "in disguise",
        "",
        {"plpython3u"},
        "CREATE TRUSTED LANGUAGE plpython3u HANDLER plpgsql_call_handler",
        elsewhere=True,
    ),
    Case(
        TRUSTED,
        "untrusted, as it should be",
        "",
        setup="CREATE LANGUAGE plperlu HANDLER plpgsql_call_handler",
        elsewhere=True,
        among={"plperlu", "plpgsql"},
    ),
]
CASES = [*COLUMNS, *SERVERS, *CODE]
