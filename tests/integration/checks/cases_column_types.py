# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Truth table of the advice on types of columns."""

from __future__ import annotations

from cases import Case

TIMESTAMP = "column-timestamp-without-time-zone"
JSON = "column-json"
CHAR = "column-char"
VARCHAR = "column-varchar"
LARGE = "column-large-object"
UUID = "column-uuid-as-text"
NUMBER = "column-date-as-number"
MIXED = "column-inconsistent-types"
ENUM = "column-enum"
SMALL = "column-small-key"


def table(columns: str, name: str = "t") -> str:
    """A table with a key and these columns."""
    return f"CREATE TABLE {name} (id bigint PRIMARY KEY, {columns});"


def rows(value: str) -> str:
    """Enough rows of that value for statistics to be read."""
    return f"INSERT INTO t SELECT n, {value} FROM generate_series(1, 12000) n; ANALYZE t;"


LEAF = "CREATE TABLE t1 PARTITION OF t DEFAULT;"
THREE = table("a_id int, note text", "b") + table("a_id int, note varchar(9)", "c") + table("a_id int", "d")

CASES = [
    Case(TIMESTAMP, "timestamp", table("a timestamp, b timestamp(0)"), {"t.a", "t.b"}),
    Case(TIMESTAMP, "a domain", "CREATE DOMAIN d AS timestamp;" + table("a d"), {"t.a"}),
    Case(TIMESTAMP, "others", table("a timestamptz, b date, c time, d timestamptz(3)")),
    Case(TIMESTAMP, "a tree once", "CREATE TABLE t (id int, a timestamp) PARTITION BY LIST (id);" + LEAF, {"t.a"}),
    Case(JSON, "json", table("a json"), {"t.a"}),
    Case(JSON, "with a default", table("a json DEFAULT '{}'"), {"t.a"}),
    Case(JSON, "a domain", "CREATE DOMAIN d AS json;" + table("a d"), {"t.a"}),
    Case(JSON, "with a view", table("a json") + "CREATE VIEW v AS SELECT * FROM t;", {"t.a"}),
    Case(JSON, "jsonb", table("a jsonb, json text")),
    Case(CHAR, "char", table("a char(3), b char"), {"t.a", "t.b"}),
    Case(CHAR, "with an index", table("a char(3) UNIQUE"), {"t.a"}),
    Case(CHAR, "with a default", table("a char(3) DEFAULT 'x'"), {"t.a"}),
    Case(CHAR, "with a collation", table('a char(3) COLLATE "C"'), {"t.a"}),
    Case(
        CHAR,
        "that refers",
        table("a char(3) PRIMARY KEY", "p").replace("id bigint PRIMARY KEY, ", "") + table("a char(3) REFERENCES p"),
        {"p.a", "t.a"},
    ),
    Case(CHAR, "others", table('a bpchar, b "char", c text, d varchar(3)')),
    Case(VARCHAR, "varchar", table("a varchar(20)"), {"t.a"}),
    Case(
        VARCHAR, "with indexes", table("a varchar(20) UNIQUE") + "CREATE INDEX ON t (a varchar_pattern_ops);", {"t.a"}
    ),
    Case(VARCHAR, "with a check", table("a varchar(20) CHECK (a <> '')"), {"t.a"}),
    Case(VARCHAR, "without a length", table("a varchar, b text, c char(3)")),
    Case(LARGE, "oid", table("a oid"), {"t.a"}),
    Case(LARGE, "a domain", "CREATE DOMAIN lo AS oid;" + table("a lo"), {"t.a"}),
    Case(LARGE, "others", table("a regclass, b bytea, c bigint, d xid")),
    Case(UUID, "by name", table('user_uuid text, "orderGuid" varchar(36)'), {"t.user_uuid", 't."orderGuid"'}),
    Case(UUID, "by length", "CREATE TABLE t (id char(36) PRIMARY KEY, a varchar(32) UNIQUE);", {"t.id", "t.a"}),
    Case(
        UUID,
        "by length, refers",
        "CREATE TABLE p (id varchar(36) PRIMARY KEY);" + table("a varchar(36) REFERENCES p"),
        {"p.id", "t.a"},
    ),
    Case(UUID, "by its values", table("uuid text") + rows("gen_random_uuid()"), {"t.uuid"}),
    Case(UUID, "other values", table("uuid text") + rows("'a name ' || n")),
    Case(
        UUID, "others", table("a uuid, b varchar(36), c varchar(35) UNIQUE, uuids_seen bigint, uuid_short varchar(8)")
    ),
    Case(
        NUMBER,
        "numbers",
        table('created_at bigint, "timestamp" double precision, due_date int, updated_at numeric'),
        {"t.created_at", 't."timestamp"', "t.due_date", "t.updated_at"},
    ),
    Case(NUMBER, "a day's key", table("x int", "days") + table("due_date bigint REFERENCES days")),
    Case(NUMBER, "others", table('created_at timestamptz, start_time int, days int, updates int, "date" date')),
    Case(MIXED, "one stands out", THREE + table("a_id bigint", "e"), {"e.a_id"}),
    Case(MIXED, "all the same", THREE),
    Case(MIXED, "too few agree", table("a_id int", "b") + table("a_id bigint", "c")),
    Case(MIXED, "no type leads", THREE + table("a_id bigint", "e") + table("a_id text", "f") + table("a_id uuid", "g")),
    Case(MIXED, "a domain over the same", "CREATE DOMAIN dom AS int;" + THREE + table("a_id dom", "e")),
    Case(
        MIXED,
        "names of no meaning",
        table("value int", "b") + table("value int", "c") + table("value int", "d") + table("value text", "e"),
    ),
    Case(
        MIXED,
        "partitions count once",
        "CREATE TABLE t (a_id int) PARTITION BY LIST (a_id);"
        + LEAF
        + "CREATE TABLE t2 PARTITION OF t FOR VALUES IN (2);"
        + table("a_id bigint", "u"),
    ),
    Case(ENUM, "an enum", "CREATE TYPE e AS ENUM ('a'); CREATE DOMAIN d AS e;" + table("a e, b d"), {"t.a", "t.b"}),
    Case(ENUM, "others", "CREATE TYPE e AS (a int);" + table("a e, b text, c bool")),
    Case(
        SMALL,
        "serial",
        "CREATE TABLE t (id serial PRIMARY KEY); CREATE TABLE u (id smallint PRIMARY KEY);",
        {"t.id", "u.id"},
    ),
    Case(SMALL, "a domain", "CREATE DOMAIN d AS int; CREATE TABLE t (id d PRIMARY KEY);", {"t.id"}),
    Case(
        SMALL,
        "others",
        "CREATE TABLE t (id bigint PRIMARY KEY, n int UNIQUE); CREATE TABLE u (id uuid PRIMARY KEY);"
        "CREATE TABLE v (a int, b int, PRIMARY KEY (a, b));",
    ),
    Case(SMALL, "a key that refers", table("n int UNIQUE") + "CREATE TABLE u (n int PRIMARY KEY REFERENCES t (n));"),
]
