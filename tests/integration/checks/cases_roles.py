# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Truth table of the checks of roles. Each case has roles of its own: they are there for all cases at once."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from _pgops.checks.seen import DAY, Seen
from case_roles import role
from cases import Case

TABLE = "CREATE TABLE t (id int PRIMARY KEY, a int);"
SERVER = "role-server-access"
ALL = "role-all-data"
APP = "superuser-app-login"
SUPER = "superuser-login"
ATTRIBUTES = "role-attributes"
OWNED = "object-owned-by-superuser"
OWNER = "owner-logs-in"


def case(check: str, name: str, setup: str, among: str, found: bool = True, sql: str = "", **rest: Any) -> Case:
    """A case about one role, which is found or not."""
    return Case(check, name, sql, {among} if found else set(), setup, elsewhere=True, among={among}, **rest)


def said(**changes: Any) -> Any:
    """A change of the role case_plain."""

    def alter(seen: Seen) -> Seen:
        catalog = seen.catalog
        roles = {**catalog.roles, "case_plain": catalog.roles["case_plain"]._replace(**changes)}
        return replace(seen, catalog=replace(catalog, roles=roles))

    return alter


def crowd(number: int) -> Any:
    """As many superusers, no more and no fewer."""

    def alter(seen: Seen) -> Seen:
        catalog = seen.catalog
        plain = catalog.roles["case_plain"]
        roles = {name: one._replace(superuser=False) for name, one in catalog.roles.items()}
        roles.update({f"s{n}": plain._replace(name=f"s{n}", superuser=True) for n in range(number)})
        return replace(seen, catalog=replace(catalog, roles=roles))

    return alter


PROMISE = {"grants": [{"role": "case_promised", "privileges": ["select"], "tables": ["t"]}], "tables": {"t": {}}}
PROMISE_POSTGRES = {"grants": [{"role": "postgres", "privileges": ["select"], "tables": ["t"]}], "tables": {"t": {}}}

SUPERUSERS = [
    case(
        APP,
        "it was granted something",
        role("case_su1", "LOGIN SUPERUSER") + "GRANT SELECT ON t TO case_su1",
        "case_su1",
        sql=TABLE,
    ),
    case(
        APP,
        "it owns a table",
        role("case_su2", "LOGIN SUPERUSER") + "ALTER TABLE t OWNER TO case_su2",
        "case_su2",
        sql=TABLE,
    ),
    case(
        APP,
        "it has settings here",
        role("case_su3", "LOGIN SUPERUSER")
        + """
        DO $$ BEGIN
        EXECUTE format('ALTER ROLE case_su3 IN DATABASE %I SET work_mem = ''5MB''', current_database());
        END $$
    """,
        "case_su3",
        unfixed="a copy of a database has no settings of its own",
    ),
    case(
        APP,
        "the contract names it",
        role("case_promised", "LOGIN SUPERUSER"),
        "case_promised",
        sql=TABLE,
        contract=PROMISE,
    ),
    case(
        APP, "the contract names the superuser that initdb made", "", "postgres", sql=TABLE, contract=PROMISE_POSTGRES
    ),
    case(
        APP,
        "it may become one",
        role("case_root", "SUPERUSER") + role("case_sudo", "LOGIN", "case_root") + "GRANT SELECT ON t TO case_sudo",
        "case_sudo",
        sql=TABLE,
    ),
    case(APP, "a superuser without a mark of a program", role("case_dba", "LOGIN SUPERUSER"), "case_dba", False),
    case(
        APP,
        "a superuser that does not log in",
        role("case_root2", "SUPERUSER") + "GRANT SELECT ON t TO case_root2",
        "case_root2",
        False,
        TABLE,
    ),
    case(
        APP, "the superuser that initdb made owns tables", "ALTER TABLE t OWNER TO postgres", "postgres", False, TABLE
    ),
    case(
        APP, "a plain role", role("case_plain", "LOGIN") + "GRANT SELECT ON t TO case_plain", "case_plain", False, TABLE
    ),
    case(SUPER, "one more superuser", role("case_dba", "LOGIN SUPERUSER"), "case_dba"),
    case(
        SUPER,
        "it may become one",
        role("case_root3", "SUPERUSER") + role("case_dba2", "LOGIN NOINHERIT", "case_root3"),
        "case_dba2",
    ),
    case(SUPER, "the superuser that initdb made", "", "postgres", False),
    case(SUPER, "a superuser that does not log in", role("case_root3", "SUPERUSER"), "case_root3", False),
    Case("superuser-count", "four", "", {"{database}"}, elsewhere=True, alter=crowd(4)),
    Case("superuser-count", "three", "", elsewhere=True, alter=crowd(3)),
    Case(
        "superuser-count",
        "three where two are allowed",
        "",
        {"{database}"},
        elsewhere=True,
        alter=crowd(3),
        limits={"most": 2},
    ),
]

REACHING = [
    case(SERVER, "a member that runs programs", role("case_run", "LOGIN", "pg_execute_server_program"), "case_run"),
    case(
        SERVER,
        "by way of a group",
        role("case_ops", "NOLOGIN", "pg_write_server_files") + role("case_op", "LOGIN", "case_ops"),
        "case_op",
    ),
    case(SERVER, "the group itself", "", "case_ops", False),
    case(
        SERVER,
        "a member that must SET ROLE",
        role("case_set", "LOGIN NOINHERIT", "pg_execute_server_program"),
        "case_set",
    ),
    case(
        SERVER, "reading is milder", role("case_read", "LOGIN", "pg_read_server_files"), "case_read", severity="error"
    ),
    case(
        SERVER,
        "a superuser needs no membership",
        role("case_su4", "LOGIN SUPERUSER", "pg_read_server_files"),
        "case_su4",
        False,
    ),
    case(SERVER, "a member of pg_monitor", role("case_monitor", "LOGIN", "pg_monitor"), "case_monitor", False),
    case(
        SERVER,
        "a membership that is neither inherited nor to be assumed",
        role("case_bare", "LOGIN") + "GRANT pg_read_server_files TO case_bare WITH INHERIT FALSE, SET FALSE",
        "case_bare",
        False,
        since=16,
    ),
    case(
        SERVER,
        "a membership that may be granted to oneself",
        role("case_admin", "LOGIN")
        + "GRANT pg_execute_server_program TO case_admin WITH INHERIT FALSE, SET FALSE, ADMIN TRUE",
        "case_admin",
        since=16,
    ),
    case(
        SERVER,
        "with the right to grant it on",
        role("case_on", "LOGIN") + "GRANT pg_execute_server_program TO case_on WITH ADMIN OPTION",
        "case_on",
    ),
    case(
        SERVER,
        "inherited only",
        role("case_inherit", "LOGIN") + "GRANT pg_execute_server_program TO case_inherit WITH SET FALSE",
        "case_inherit",
        since=16,
    ),
    case(ALL, "it reads all", role("case_reader", "LOGIN", "pg_read_all_data"), "case_reader", since=14),
    case(ALL, "it reads settings", role("case_settings", "LOGIN", "pg_read_all_settings"), "case_settings", False),
]

MARKS = [
    case(
        ATTRIBUTES,
        "CREATEROLE before 16",
        role("case_cr", "LOGIN CREATEROLE") + "GRANT SELECT ON t TO case_cr",
        "case_cr",
        sql=TABLE,
        until=15,
        severity="error",
    ),
    case(
        ATTRIBUTES,
        "CREATEROLE since 16",
        role("case_cr", "LOGIN CREATEROLE") + "GRANT SELECT ON t TO case_cr",
        "case_cr",
        sql=TABLE,
        since=16,
        severity="info",
    ),
    case(
        ATTRIBUTES,
        "BYPASSRLS",
        role("case_bypass", "LOGIN BYPASSRLS") + "GRANT SELECT ON t TO case_bypass",
        "case_bypass",
        sql=TABLE,
    ),
    case(ATTRIBUTES, "REPLICATION of a standby", role("case_standby", "LOGIN REPLICATION"), "case_standby", False),
    case(
        ATTRIBUTES,
        "none of them",
        role("case_plain", "LOGIN CREATEDB") + "GRANT SELECT ON t TO case_plain",
        "case_plain",
        False,
        TABLE,
    ),
    Case(
        OWNED,
        "a table and a function",
        TABLE,
        {""},
        """
        ALTER TABLE t OWNER TO postgres; CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'""",
    ),
    Case(OWNED, "objects of an ordinary role", TABLE),
    Case(OWNED, "an extension", "", setup="CREATE EXTENSION IF NOT EXISTS pg_stat_statements WITH SCHEMA {schema}"),
    case(
        OWNER,
        "it owns a table",
        role("case_owns", "LOGIN") + "ALTER TABLE t OWNER TO case_owns",
        "case_owns",
        sql=TABLE,
    ),
    case(OWNER, "the owner does not log in", "", "case_owner", False, TABLE),
    case(
        OWNER,
        "it owns a view only",
        role("case_views", "LOGIN") + "CREATE VIEW v AS SELECT 1 AS a; ALTER VIEW v OWNER TO case_views",
        "case_views",
        False,
    ),
]

TASTE = [
    case("role-no-connection-limit", "none", role("case_plain", "LOGIN"), "case_plain"),
    case("role-no-connection-limit", "five", role("case_limit", "LOGIN CONNECTION LIMIT 5"), "case_limit", False),
    case("role-no-expiry", "for ever", role("case_plain", "LOGIN"), "case_plain", alter=said(password="scram")),
    case("role-no-expiry", "past", "", "case_plain", alter=said(password=None, valid_until=5 * DAY)),
    case("role-no-expiry", "to come", "", "case_plain", False, alter=said(password="md5", valid_until=1e12)),
    case("role-no-expiry", "no password at all", role("case_plain", "LOGIN"), "case_plain", False),
    case("role-unused", "no trace of it", role("case_idle", "LOGIN"), "case_idle"),
    case(
        "role-unused",
        "it holds something",
        role("case_plain", "LOGIN") + "GRANT SELECT ON t TO case_plain",
        "case_plain",
        False,
        TABLE,
    ),
    case("role-unused", "it belongs to a group", role("case_g") + role("case_in", "LOGIN", "case_g"), "case_in", False),
]
CASES = [*SUPERUSERS, *REACHING, *MARKS, *TASTE]
