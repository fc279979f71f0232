# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Truth table of the checks of columns."""

from __future__ import annotations

from cases import Case

DATE = "column-date-as-text"
TIMETZ = "column-timetz"
MONEY = "column-money"
WORD = "column-default-null-string"
REG = "column-reg-type"
STATISTICS = "column-no-statistics"


def table(columns: str) -> str:
    """A table with a key and these columns."""
    return f"CREATE TABLE t (id int PRIMARY KEY, {columns});"


FILLED = (
    table("a int, b text") + "INSERT INTO t SELECT n, n, repeat('x', 90) FROM generate_series(1, 9000) n; ANALYZE t;"
)
TREE = "CREATE TABLE t (id int PRIMARY KEY, a text DEFAULT 'NULL') PARTITION BY RANGE (id);"
LEAF = "CREATE TABLE t1 PARTITION OF t DEFAULT;"

CASES = [
    Case(
        DATE,
        "as the scanner has them",
        'CREATE TABLE c (id serial PRIMARY KEY, "timestamp" text);'
        "CREATE TABLE u (user_id text PRIMARY KEY, selection_date text);",
        {'c."timestamp"', "u.selection_date"},
    ),
    Case(
        DATE,
        "participles",
        table("created_at text, updated_on varchar(40), last_seen_at text, createdat text"),
        {"t.created_at", "t.updated_on", "t.last_seen_at", "t.createdat"},
    ),
    Case(
        DATE,
        "camels",
        table('"createdAt" text, "birthDate" text, "startTime" text'),
        {'t."createdAt"', 't."birthDate"', 't."startTime"'},
    ),
    Case(
        DATE,
        "with a tail",
        table("created_at_utc text, date_2 text, due_date_str text, date_of_birth text"),
        {"t.created_at_utc", "t.date_2", "t.due_date_str", "t.date_of_birth"},
    ),
    Case(DATE, "only time", table('"time" text, start_time varchar(20)'), {'t."time"', "t.start_time"}),
    Case(DATE, "a domain over text", "CREATE DOMAIN d AS text;" + table("sent_date d"), {"t.sent_date"}),
    Case(DATE, "real types", table('created_at timestamptz, due_date date, start_time time, "timestamp" bigint')),
    Case(
        DATE,
        "other words",
        table(
            "candidate text, mandate text, last_update text, timezone text, time_zone text, date_format text, "
            "cooking_time text, lifetime text, look_at text, depends_on text, installed_on text, up_to_date text, "
            "runtime text, metadata text, update_text text, sedate text, at text"
        ),
    ),
    Case(DATE, "too short", table("expiry_date char(5), end_date varchar(7), start_time varchar(3)")),
    Case(
        DATE,
        "generated from a date",
        table("d date, due_date text GENERATED ALWAYS AS (extract(year FROM d)::int::text) STORED"),
    ),
    Case(
        DATE,
        "stories with a date's name",
        table("release_date text")
        + "INSERT INTO t SELECT n, repeat('x', 90) FROM generate_series(1, 9000) n; ANALYZE t;",
    ),
    Case(
        DATE,
        "dates in many rows",
        table("release_date text")
        + "INSERT INTO t SELECT n, '2026-01-01' FROM generate_series(1, 20000) n; ANALYZE t;",
        {"t.release_date"},
    ),
    Case(DATE, "a tree once", "CREATE TABLE t (id int, due_date text) PARTITION BY LIST (id);" + LEAF, {"t.due_date"}),
    Case(DATE, "inherited once", table("due_date text") + "CREATE TABLE c () INHERITS (t);", {"t.due_date"}),
    Case(DATE, "a view", "CREATE VIEW v AS SELECT 'x'::text AS due_date;"),
    Case(TIMETZ, "timetz", table("a timetz(3), b time with time zone"), {"t.a", "t.b"}),
    Case(TIMETZ, "beneath a domain", "CREATE DOMAIN d AS timetz; CREATE DOMAIN e AS d;" + table("a e"), {"t.a"}),
    Case(TIMETZ, "others", table("a time, b timestamptz, timetz text")),
    Case(MONEY, "money", table("a money"), {"t.a"}),
    Case(MONEY, "with an index", table("a money") + "CREATE INDEX ON t (a);", {"t.a"}),
    Case(MONEY, "with a default", table("a money DEFAULT 0"), {"t.a"}),
    Case(MONEY, "beneath a domain", "CREATE DOMAIN d AS money;" + table("a d"), {"t.a"}),
    Case(MONEY, "with a view", table("a money") + "CREATE VIEW v AS SELECT a FROM t;", {"t.a"}),
    Case(MONEY, "with a check", table("a money CHECK (a > '0')"), {"t.a"}),
    Case(MONEY, "with an expression", table("a money") + "CREATE INDEX ON t ((a / 2));", {"t.a"}),
    Case(
        MONEY, "with a generated column", table("a money, b money GENERATED ALWAYS AS (a * 2) STORED"), {"t.a", "t.b"}
    ),
    Case(
        MONEY,
        "with a trigger",
        table("a money")
        + """
         CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
         CREATE TRIGGER x BEFORE UPDATE OF a ON t FOR EACH ROW EXECUTE FUNCTION f();""",
        {"t.a"},
    ),
    Case(MONEY, "with a policy", table("a money") + "CREATE POLICY p ON t USING (a > '0');", {"t.a"}),
    Case(MONEY, "a tree", "CREATE TABLE t (id int, a money) PARTITION BY LIST (id);" + LEAF, {"t.a"}),
    Case(MONEY, "odd names", 'CREATE TABLE "A "".b" (id int PRIMARY KEY, "C ""d" money);', {'"A "".b"."C ""d"'}),
    Case(MONEY, "numeric", table("a numeric, money text")),
    Case(WORD, "text", table("a text DEFAULT 'NULL'"), {"t.a"}),
    Case(WORD, "other spellings", table("a varchar(9) DEFAULT 'null', b char(4) DEFAULT 'Null'"), {"t.a", "t.b"}),
    Case(WORD, "not null", table("a text NOT NULL DEFAULT 'NULL'"), {"t.a"}),
    Case(WORD, "a domain", "CREATE DOMAIN d AS text;" + table("a d DEFAULT 'NULL'"), {"t.a"}),
    Case(WORD, "a tree", TREE + LEAF, {"t.a"}),
    Case(WORD, "a tree with other defaults", TREE + LEAF + "ALTER TABLE t1 ALTER a SET DEFAULT 'x';", {"t.a"}),
    Case(WORD, "inherited", table("a text DEFAULT 'NULL'") + "CREATE TABLE c () INHERITS (t);", {"t.a"}),
    Case(WORD, "the value", table("a text DEFAULT NULL, b text, c text DEFAULT 'NULLABLE', d text DEFAULT ''")),
    Case(
        WORD,
        "json and enums",
        "CREATE TYPE e AS ENUM ('NULL', 'x');" + table("a jsonb DEFAULT 'null', b e DEFAULT 'NULL'"),
    ),
    Case(
        REG,
        "all that cannot move",
        table(
            "a regproc, b regprocedure, c regoper, d regoperator, e regconfig, f regdictionary, "
            "g regnamespace, h regcollation"
        ),
        {f"t.{letter}" for letter in "abcdefgh"},
    ),
    Case(
        REG,
        "arrays and domains",
        "CREATE DOMAIN d AS regproc; CREATE DOMAIN e AS regproc[];" + table("a d, b e, c regproc[]"),
        {"t.a", "t.b", "t.c"},
    ),
    Case(REG, "a materialized view", "CREATE MATERIALIZED VIEW m AS SELECT 'now'::regproc AS f;", {"m.f"}),
    Case(REG, "a tree once", "CREATE TABLE t (id int, a regproc) PARTITION BY LIST (id);" + LEAF, {"t.a"}),
    Case(REG, "those that can", table("a regclass, b regrole, c regtype, d oid, e text, f regclass[]")),
    Case(REG, "a view", "CREATE VIEW v AS SELECT 'now'::regproc AS f;"),
    Case(STATISTICS, "added later", FILLED + 'ALTER TABLE t ADD c int; ALTER TABLE t ADD "D ""x" int;', {"t"}),
    Case(STATISTICS, "all of them", FILLED),
    Case(STATISTICS, "never analyzed", FILLED.replace("ANALYZE t;", "")),
    Case(STATISTICS, "not wanted", FILLED + "ALTER TABLE t ADD c int; ALTER TABLE t ALTER c SET STATISTICS 0;"),
    Case(
        STATISTICS, "a small table", table("a int") + "INSERT INTO t VALUES (1, 1); ANALYZE t; ALTER TABLE t ADD b int;"
    ),
    Case(
        STATISTICS,
        "computed when read",
        FILLED + "ALTER TABLE t ADD c int GENERATED ALWAYS AS (a + 1) VIRTUAL;",
        since=18,
    ),
    Case(
        STATISTICS,
        "a partition",
        "CREATE TABLE t (id int, b text) PARTITION BY LIST (id);"
        + LEAF
        + "INSERT INTO t SELECT n, repeat('x', 90) FROM generate_series(1, 9000) n; ANALYZE t;"
        + "ALTER TABLE t ADD c int;",
        {"t"},
    ),
    Case(
        STATISTICS,
        "a materialized view",
        FILLED + "CREATE MATERIALIZED VIEW m AS SELECT * FROM t; ANALYZE m (a);",
        {"m"},
    ),
    Case(
        STATISTICS,
        "odd types",
        table("a json, b xml, c point, d text[]")
        + "INSERT INTO t SELECT n, '[]', '<x/>', '(1,2)', ARRAY[repeat('x', 90)] FROM generate_series(1, 9000) n;"
        "ANALYZE t;",
    ),
]
