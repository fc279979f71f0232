# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Truth table of the advice about functions."""

from __future__ import annotations

from cases import Case

UNTRUSTED = "function-untrusted-language"
VOLATILE = "function-volatile-default"
STRICT = "function-not-strict"

TABLE = "CREATE TABLE t (id int);"


def sql(body: str, rest: str = "") -> str:
    """A function in SQL."""
    return TABLE + f"CREATE FUNCTION f(i int) RETURNS int LANGUAGE sql {rest} AS $f$ {body} $f$;"


def plpgsql(body: str, rest: str = "STABLE") -> str:
    """A function in PL/pgSQL."""
    return TABLE + f"CREATE FUNCTION f(i int) RETURNS int LANGUAGE plpgsql {rest} AS $f$ BEGIN {body} END $f$;"


FOUND = {"f(i integer)"}
CASES = [
    Case(
        UNTRUSTED,
        "an untrusted language",
        "",
        {"f()"},
        setup="CREATE LANGUAGE {schema}u HANDLER plpgsql_call_handler;"
        "CREATE FUNCTION f() RETURNS int LANGUAGE {schema}u AS 'BEGIN RETURN 1; END';",
    ),
    Case(
        UNTRUSTED,
        "a trusted language",
        "",
        setup="CREATE TRUSTED LANGUAGE {schema}u HANDLER plpgsql_call_handler;"
        "CREATE FUNCTION f() RETURNS int LANGUAGE {schema}u AS 'BEGIN RETURN 1; END';",
    ),
    Case(
        UNTRUSTED,
        "internal",
        "",
        {"f()"},
        setup="CREATE FUNCTION f() RETURNS int LANGUAGE internal AS 'pg_backend_pid';",
    ),
    Case(UNTRUSTED, "SQL", sql("SELECT 1")),
    Case(VOLATILE, "reads a table", sql("SELECT count(*)::int FROM t WHERE id = i AND id IN (1, 2)"), FOUND),
    Case(VOLATILE, "computes", plpgsql("RETURN coalesce(i, 0) + abs(i);", ""), FOUND),
    Case(VOLATILE, "said to be stable", sql("SELECT 1", "STABLE")),
    Case(VOLATILE, "writes", sql("INSERT INTO t VALUES (i) RETURNING id")),
    Case(VOLATILE, "locks", sql("SELECT id FROM t FOR UPDATE")),
    Case(VOLATILE, "locks a little", sql("SELECT id FROM t FOR KEY SHARE")),
    Case(VOLATILE, "asks the clock", sql("SELECT extract(epoch FROM clock_timestamp())::int")),
    Case(
        VOLATILE,
        "calls a volatile function",
        TABLE
        + "CREATE FUNCTION draws(n int) RETURNS int LANGUAGE sql AS 'DELETE FROM t WHERE id = n RETURNING id';"
        + "CREATE FUNCTION f(i int) RETURNS int LANGUAGE sql AS 'SELECT draws(i)';",
    ),
    Case(VOLATILE, "speaks of writing", sql("SELECT 'insert'::text::int -- update\n"), FOUND),
    Case(VOLATILE, "tells", plpgsql("RAISE NOTICE 'x'; RETURN 1;", "")),
    Case(VOLATILE, "dynamic", plpgsql("EXECUTE 'SELECT 1' INTO i; RETURN i;", "")),
    Case(STRICT, "does not speak of NULL", plpgsql("RETURN i + 1;"), FOUND),
    Case(STRICT, "strict", plpgsql("RETURN i + 1;", "STABLE STRICT")),
    Case(STRICT, "asks for NULL", plpgsql("IF i IS NULL THEN RETURN 0; END IF; RETURN i;")),
    Case(STRICT, "replaces NULL", plpgsql("RETURN coalesce(i, 0);")),
    Case(STRICT, "volatile", plpgsql("RETURN i + 1;", "VOLATILE")),
    Case(STRICT, "in SQL", sql("SELECT i + 1", "STABLE")),
    Case(STRICT, "no arguments", "CREATE FUNCTION g() RETURNS int LANGUAGE plpgsql STABLE AS 'BEGIN RETURN 1; END';"),
]
