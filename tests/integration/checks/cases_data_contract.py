# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Truth table of the checks of rows against a contract."""

from __future__ import annotations

from typing import Any

from cases import Case

ORPHANS = "data-orphans-declared"
NULLS = "data-null-where-expected"
TWICE = "data-duplicate-key"
RULES = "data-rules"

PAIR = "CREATE TABLE q (id int PRIMARY KEY); CREATE TABLE t (id int PRIMARY KEY, q int); INSERT INTO q VALUES (1); "
KEYED: dict[str, Any] = {
    "tables": {
        "q": {"columns": {"id": {}}, "primary_key": ["id"]},
        "t": {"columns": {"id": {}, "q": {}}, "foreign_keys": [{"columns": ["q"], "references": "q"}]},
    }
}
DATES = "CREATE TABLE t (id int PRIMARY KEY, seen date, checked date, state text); "
CODE = "CREATE FUNCTION f(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 1'; "


def column(**said: Any) -> dict[str, Any]:
    """A contract that says this of t.checked."""
    return {"tables": {"t": {"columns": {"seen": {}, "checked": said, "state": {}}}}}


def rule(sql: str, severity: str = "error") -> dict[str, Any]:
    """A contract with this rule."""
    said = {"name": "no-gaps", "sentence": "There are no gaps.", "sql": sql, "severity": severity}
    return {"rules": [said]}


def keys(*names: str, primary: bool = False) -> dict[str, Any]:
    """A contract that declares a key of t."""
    key: dict[str, Any] = {"primary_key": [*names]} if primary else {"unique": [[*names]]}
    return {"tables": {"t": {"columns": {name: {} for name in names}, **key}}}


REFERENCES = [
    Case(ORPHANS, "a row refers to nothing", PAIR + "INSERT INTO t VALUES (1, 1), (2, 9);", {"t.q"}, contract=KEYED),
    Case(ORPHANS, "every row refers to something", PAIR + "INSERT INTO t VALUES (1, 1), (2, NULL);", contract=KEYED),
    Case(
        ORPHANS,
        "the key is there",
        PAIR + "ALTER TABLE t ADD FOREIGN KEY (q) REFERENCES q; INSERT INTO t VALUES (1, 1);",
        contract=KEYED,
        setup="SET session_replication_role = replica; INSERT INTO t VALUES (2, 9)",
    ),
    Case(
        ORPHANS,
        "types that cannot be compared",
        "CREATE TABLE q (id int PRIMARY KEY); CREATE TABLE t (id int PRIMARY KEY, q text);",
        contract=KEYED,
        not_checked="does not compare",
    ),
]

FILLED = [
    Case(
        NULLS,
        "a value from another column",
        DATES + "INSERT INTO t VALUES (1, '2026-01-01', NULL), (2, '2026-01-02', '2026-01-03');",
        {"t.checked"},
        contract=column(fill={"column": "seen"}),
    ),
    Case(
        NULLS,
        "only where it is wrong",
        DATES + "INSERT INTO t VALUES (1, '2026-01-01', NULL, 'done'), (2, '2026-01-02', NULL, 'open');",
        {"t.checked"},
        contract=column(fill={"value": "2026-02-01", "where": "t.state = 'done' -- not open"}),
    ),
    Case(
        NULLS,
        "nowhere wrong",
        DATES + "INSERT INTO t VALUES (1, '2026-01-01', NULL, 'open'), (2, '2026-01-02', NULL, NULL);",
        contract=column(fill={"expression": "now()", "where": "state = 'done'"}),
    ),
    Case(
        NULLS,
        "an expression",
        DATES + "INSERT INTO t VALUES (1, '2026-01-01', NULL, 'done');",
        {"t.checked"},
        contract=column(fill={"expression": "seen + 1"}),
    ),
    Case(
        NULLS,
        "NOT NULL in the contract alone",
        DATES + "INSERT INTO t VALUES (1, '2026-01-01', NULL);",
        {"t.checked"},
        contract=column(not_null=True),
    ),
    Case(
        NULLS, "no NULL there", DATES + "INSERT INTO t VALUES (1, NULL, '2026-01-01');", contract=column(not_null=True)
    ),
    Case(
        NULLS,
        "not stated",
        DATES + "INSERT INTO t VALUES (1, NULL, NULL);",
        contract=column(type="date"),
    ),
    Case(
        NULLS,
        "NULL in the other column too",
        DATES + "INSERT INTO t VALUES (1, NULL, NULL);",
        {"t.checked"},
        contract=column(fill={"column": "seen"}),
    ),
    Case(
        NULLS,
        "too many for one UPDATE",
        DATES + "INSERT INTO t SELECT i, '2026-01-01' FROM generate_series(1, 6) AS i;",
        {"t.checked"},
        contract=column(fill={"column": "seen"}),
        limits={"rows": 5},
    ),
    Case(
        NULLS,
        "a partitioned table",
        "CREATE TABLE t (id int, seen date, checked date, state text) PARTITION BY RANGE (id); "
        "CREATE TABLE t1 PARTITION OF t FOR VALUES FROM (0) TO (9); INSERT INTO t VALUES (1, '2026-01-01', NULL);",
        {"t.checked"},
        contract=column(fill={"column": "seen"}),
    ),
]

DUPLICATES = [
    Case(
        TWICE,
        "a value that stands twice",
        "CREATE TABLE t (a int, b text); INSERT INTO t VALUES (1, 'x'), (1, 'x'), (1, 'y'), (2, NULL), (2, NULL);",
        {"t.a.b"},
        contract=keys("a", "b"),
    ),
    Case(
        TWICE,
        "a value that stands twice in a primary key",
        "CREATE TABLE t (a int); CREATE INDEX ON t (a); INSERT INTO t VALUES (1), (1);",
        {"t.a"},
        contract=keys("a", primary=True),
    ),
    Case(
        TWICE,
        "every value once",
        "CREATE TABLE t (a int, b text); INSERT INTO t VALUES (1, 'x'), (1, 'y'), (1, NULL), (1, NULL);",
        contract=keys("a", "b"),
    ),
    Case(
        TWICE,
        "unique among some of the rows only",
        "CREATE TABLE t (a int, b text); CREATE UNIQUE INDEX ON t (a) WHERE b IS NULL; "
        "INSERT INTO t VALUES (1, 'x'), (1, 'y');",
        {"t.a"},
        contract=keys("a"),
    ),
    Case(
        TWICE,
        "the key is there, in another order",
        "CREATE TABLE t (a int, b text, UNIQUE (b, a)); INSERT INTO t VALUES (1, 'x'), (1, 'y');",
        contract=keys("a", "b"),
    ),
]

GAPS = "CREATE TABLE t (a int); INSERT INTO t VALUES (1), (2), (4); "
SQL = "SELECT a FROM {schema}.t WHERE a > 3"

SAID = [
    Case(RULES, "a row breaks it", GAPS, {'"no-gaps"'}, contract=rule(SQL)),
    Case(RULES, "its severity", GAPS, {'"no-gaps"'}, contract=rule(SQL, "info"), severity="info"),
    Case(RULES, "no row breaks it", GAPS, contract=rule("SELECT a FROM {schema}.t WHERE a > 9")),
    Case(RULES, "no column", GAPS, {'"no-gaps"'}, contract=rule("SELECT FROM {schema}.t WHERE a > 3")),
    Case(
        RULES,
        "a comment at its end, columns of one name, and WITH",
        GAPS,
        {'"no-gaps"'},
        contract=rule("WITH w AS (SELECT a FROM {schema}.t) SELECT a, a, '100%' AS p FROM w ORDER BY 1 -- all"),
    ),
    Case(
        RULES,
        "values that JSON or Python do not have",
        "CREATE TABLE t (d timestamptz, n numeric, b bytea); INSERT INTO t VALUES ('infinity', 'NaN', '\\x00');",
        {'"no-gaps"'},
        contract=rule("SELECT * FROM {schema}.t"),
    ),
    Case(
        RULES,
        "a name that needs quotes",
        'CREATE TABLE "My T" (a int); INSERT INTO "My T" VALUES (1);',
        {'"no-gaps"'},
        contract=rule('SELECT a FROM {schema}."My T"'),
    ),
    Case(
        RULES,
        "SQL that fails",
        GAPS,
        contract=rule("SELECT b FROM {schema}.t"),
        not_checked="PostgreSQL refused it",
    ),
    Case(
        RULES,
        "SQL that writes",
        GAPS,
        contract=rule("SELECT nextval('{schema}.s') FROM {schema}.t"),
        setup="CREATE SEQUENCE s; ALTER SEQUENCE s OWNER TO case_owner",
        not_checked="read-only transaction",
    ),
    Case(
        RULES,
        "a function of the owner's",
        CODE + GAPS,
        contract=rule("SELECT {schema}.f(a) FROM {schema}.t"),
        not_checked="is no superuser",
    ),
    Case(
        RULES,
        "a view over a function of the owner's",
        CODE + GAPS + "CREATE VIEW v AS SELECT f(a) FROM t; CREATE VIEW w AS SELECT * FROM v;",
        contract=rule("SELECT * FROM {schema}.w"),
        not_checked="is no superuser",
    ),
    Case(
        RULES,
        "a function of PostgreSQL's that changes the role",
        GAPS,
        contract=rule("SELECT set_config('role', 'none', true) FROM {schema}.t"),
        not_checked="set_config",
    ),
    Case(
        RULES,
        "a view that runs SQL from a text",
        GAPS + "CREATE VIEW v AS SELECT query_to_xml('SELECT 1', true, true, '') AS x;",
        contract=rule("SELECT 1 FROM {schema}.v"),
        not_checked="is no superuser",
    ),
    Case(
        RULES,
        "a domain whose check calls a function of the owner's",
        CODE + GAPS + "CREATE DOMAIN d AS int CHECK (f(VALUE) = 1);",
        contract=rule("SELECT a::{schema}.d FROM {schema}.t"),
        not_checked="is no superuser",
    ),
    Case(
        RULES,
        "row security that would hide rows",
        GAPS + "ALTER TABLE t ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;",
        contract=rule(SQL),
        not_checked="row-level security",
    ),
]

CASES = [*REFERENCES, *FILLED, *DUPLICATES, *SAID]
