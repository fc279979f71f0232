# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Truth table of the checks of functions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from _pgops.checks.seen import Seen
from cases import Case

PATH = "function-secdef-search-path"
OPEN = "function-secdef-open-schema"
TEMPORARY = "function-secdef-temporary-first"
PUBLIC = "function-secdef-public-execute"
EVENT = "event-trigger-owner"

TABLE = "CREATE TABLE t (id int);"
USAGE = "GRANT USAGE ON SCHEMA {schema} TO PUBLIC;"
CLOSED = "REVOKE EXECUTE ON FUNCTION f(int) FROM PUBLIC;"
OWN = "SET search_path = pg_catalog, {schema}, pg_temp"


def definer(rest: str = "", security: str = "DEFINER") -> str:
    """A function that reads a table."""
    return (
        TABLE + "CREATE FUNCTION f(i int) RETURNS bigint LANGUAGE plpgsql "
        f"SECURITY {security} {rest} AS 'BEGIN RETURN count(*) FROM t WHERE id = i; END';"
    )


def fires(rest: str = "") -> str:
    """A trigger function that runs with its owner's rights."""
    return (
        TABLE + "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER "
        f"{rest} AS 'BEGIN RETURN NEW; END'; REVOKE EXECUTE ON FUNCTION f() FROM PUBLIC;"
    )


def event(name: str, owner: str = "") -> str:
    """An event trigger that does nothing, with a function that belongs to whom it is said, else to the superuser."""
    return (
        "CREATE FUNCTION e() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';"
        f"{owner} CREATE EVENT TRIGGER {name} ON sql_drop EXECUTE FUNCTION e();"
    )


def owned_by(role: str, name: str) -> Callable[[Seen], Seen]:
    """What was seen, with an event trigger in the hands of this role: PostgreSQL itself would refuse that."""

    def alter(seen: Seen) -> Seen:
        triggers = tuple(
            one._replace(owner=role, owner_is_superuser=False) if one.name == name else one
            for one in seen.catalog.event_triggers
        )
        return replace(seen, catalog=replace(seen.catalog, event_triggers=triggers))

    return alter


CASES = [
    Case(PATH, "no path", definer(), {"f(i integer)"}),
    Case(PATH, "no path, closed to others", definer() + CLOSED, {"f(i integer)"}, severity="warning"),
    Case(
        PATH,
        "no path, closed but to one",
        definer() + CLOSED + "GRANT EXECUTE ON FUNCTION f TO ollama;",
        {"f(i integer)"},
    ),
    Case(
        PATH,
        "names of another schema",
        "CREATE FUNCTION f() RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER AS "
        "'BEGIN RETURN count(*) FROM only_there; END'; REVOKE EXECUTE ON FUNCTION f() FROM PUBLIC;",
        {"f()"},
        severity="warning",
        setup="CREATE SCHEMA {schema}_data; CREATE TABLE {schema}_data.only_there (id int);",
    ),
    Case(
        PATH,
        "a name that several schemas hold",
        "CREATE FUNCTION f() RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER AS "
        "'BEGIN RETURN count(*) FROM in_two; END';",
        {"f()"},
        setup="CREATE SCHEMA {schema}_a; CREATE TABLE {schema}_a.in_two (id int);"
        "CREATE SCHEMA {schema}_b; CREATE TABLE {schema}_b.in_two (id int);",
    ),
    Case(PATH, "another setting", definer("SET work_mem = '4MB'"), {"f(i integer)"}),
    Case(PATH, "a path", definer("SET search_path = public")),
    Case(PATH, "an empty path", definer("SET search_path = ''")),
    Case(PATH, "the caller's rights", definer(security="INVOKER")),
    Case(
        PATH,
        "a trigger calls it",
        fires() + "CREATE TRIGGER w BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f();",
        {"f()"},
    ),
    Case(
        PATH,
        "of an extension",
        definer(),
        setup="CREATE EXTENSION IF NOT EXISTS citext; ALTER EXTENSION citext ADD FUNCTION f(int)",
    ),
    Case(PATH, "no trigger calls it", fires(), {"f()"}, severity="warning"),
    Case(
        PATH,
        "a parsed body",
        TABLE + "CREATE FUNCTION f() RETURNS bigint SECURITY DEFINER BEGIN ATOMIC SELECT count(*) FROM t; END;",
        since=14,
    ),
    Case(
        PATH,
        "in SQL, with odd names",
        'CREATE FUNCTION "F ""x"".y"(VARIADIC "A b" text[], OUT o int) LANGUAGE sql SECURITY DEFINER AS \'SELECT 1\';',
        {'"F ""x"".y"(VARIADIC "A b" text[], OUT o integer)'},
    ),
    Case(
        PATH,
        "a procedure",
        "CREATE PROCEDURE p(INOUT i int) LANGUAGE plpgsql SECURITY DEFINER AS 'BEGIN i := 1; END';",
        {"p(INOUT i integer)"},
    ),
    Case(
        PATH,
        "in C",
        "",
        setup="CREATE FUNCTION f() RETURNS int LANGUAGE internal SECURITY DEFINER AS 'pg_backend_pid';",
    ),
    Case(
        PATH,
        "its own schema is open",
        definer() + "GRANT CREATE ON SCHEMA {schema} TO PUBLIC;",
        {"f(i integer)"},
        unfixed="there is no fix before the schema is closed",
    ),
    Case(OPEN, "open to everybody", definer(OWN) + "GRANT CREATE ON SCHEMA {schema} TO PUBLIC;", {"f(i integer)"}),
    Case(
        OPEN,
        "open to one role",
        definer(OWN) + "GRANT CREATE ON SCHEMA {schema} TO ollama;",
        {"f(i integer)"},
        severity="warning",
    ),
    Case(OPEN, "open to its owner", definer(OWN) + "GRANT CREATE ON SCHEMA {schema} TO case_owner;"),
    Case(OPEN, "open to the superuser", definer(OWN), setup="GRANT CREATE ON SCHEMA {schema} TO CURRENT_USER;"),
    Case(OPEN, "closed", definer(OWN)),
    Case(OPEN, "everybody may use it", definer(OWN) + USAGE),
    Case(OPEN, "the caller's rights", definer(OWN, "INVOKER") + "GRANT CREATE ON SCHEMA {schema} TO PUBLIC;"),
    Case(OPEN, "the schema public", definer("SET search_path = public, pg_temp"), {"f(i integer)"}, until=14),
    Case(OPEN, "the schema public, closed", definer("SET search_path = public, pg_temp"), since=15),
    Case(
        OPEN,
        "an odd name in the path",
        "",
        {"f(i integer)"},
        setup='CREATE SCHEMA "{schema} ""x, y" AUTHORIZATION case_owner;'
        'GRANT CREATE ON SCHEMA "{schema} ""x, y" TO PUBLIC;'
        "SET ROLE case_owner;" + definer('SET search_path = pg_catalog, "{schema} ""x, y"') + "RESET ROLE;",
    ),
    Case(TEMPORARY, "pg_temp is not named", definer("SET search_path = {schema}, public"), {"f(i integer)"}),
    Case(TEMPORARY, "pg_temp comes first", definer('SET search_path = pg_temp, "$user", "{schema}"'), {"f(i integer)"}),
    Case(TEMPORARY, "pg_temp comes last", definer(OWN)),
    Case(TEMPORARY, "an empty path", definer("SET search_path = ''")),
    Case(TEMPORARY, "pg_catalog alone", definer("SET search_path = pg_catalog")),
    Case(TEMPORARY, "closed to others", definer("SET search_path = {schema}") + CLOSED),
    Case(PUBLIC, "no access list", USAGE + definer(OWN), {"f(i integer)"}),
    Case(
        PUBLIC, "granted to another too", USAGE + definer() + "GRANT EXECUTE ON FUNCTION f TO ollama;", {"f(i integer)"}
    ),
    Case(PUBLIC, "closed", USAGE + definer() + CLOSED + "GRANT EXECUTE ON FUNCTION f TO ollama;"),
    Case(PUBLIC, "nobody may use the schema", definer()),
    Case(
        PUBLIC, "one role may use the schema", definer() + "GRANT USAGE ON SCHEMA {schema} TO ollama;", {"f(i integer)"}
    ),
    Case(PUBLIC, "the caller's rights", USAGE + definer(security="INVOKER")),
    Case(
        PUBLIC,
        "a superuser's",
        USAGE,
        {"f(i integer)"},
        severity="error",
        setup=definer(OWN),
    ),
    Case(
        PUBLIC,
        "a trigger function",
        USAGE + fires(OWN) + "GRANT EXECUTE ON FUNCTION f() TO PUBLIC;",
        {"f()"},
        severity="info",
    ),
    Case(
        PUBLIC,
        "granted by another",
        USAGE + definer() + CLOSED + "GRANT EXECUTE ON FUNCTION f TO ollama WITH GRANT OPTION;",
        {"f(i integer)"},
        setup="SET ROLE ollama; GRANT USAGE ON SCHEMA {schema} TO ollama; RESET ROLE; SET ROLE ollama;"
        "GRANT EXECUTE ON FUNCTION {schema}.f TO PUBLIC; RESET ROLE;",
        unfixed="only ollama can take back what it granted",
    ),
    Case(
        EVENT,
        "a function of another",
        "",
        {"case_weak"},
        setup=event("case_weak", "ALTER FUNCTION e() OWNER TO case_owner;"),
        elsewhere=True,
    ),
    Case(EVENT, "a superuser's", "", setup=event("case_strong"), elsewhere=True, among={"case_strong"}),
    Case(
        EVENT,
        "an event trigger of another",
        "",
        {"case_given"},
        setup=event("case_given"),
        alter=owned_by("case_owner", "case_given"),
        elsewhere=True,
        among={"case_given", "case_strong"},
    ),
    Case(
        EVENT,
        "disabled",
        "",
        setup=event("case_off", "ALTER FUNCTION e() OWNER TO case_owner;") + "ALTER EVENT TRIGGER case_off DISABLE;",
        elsewhere=True,
        among={"case_off"},
    ),
]
