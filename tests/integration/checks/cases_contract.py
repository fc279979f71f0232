# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Truth table of the checks of tables, columns and views against a contract."""

from __future__ import annotations

from typing import Any

from cases import Case

TABLE = "contract-table-missing"
COLUMN = "contract-column-missing"
TYPE = "contract-column-type"
FILLED = "contract-not-null"
DEFAULT = "contract-default"
VIEW = "contract-view-missing"
VIEW_COLUMNS = "contract-view-columns"
EXTRA = "contract-extra-object"
EXTRA_COLUMN = "contract-extra-column"


def tables(**said: Any) -> dict[str, Any]:
    """A contract of these tables."""
    return {"tables": said}


def column(**said: Any) -> dict[str, Any]:
    """A contract that says this of t.c."""
    return tables(t={"columns": {"c": said}})


def typed(*types: str) -> dict[str, Any]:
    """A contract with the columns c0, c1 and so on of t, of these types."""
    return tables(t={"columns": {f"c{place}": {"type": text} for place, text in enumerate(types)}})


def made(*types: str) -> str:
    """The statement that makes such a table."""
    return f"CREATE TABLE t ({', '.join(f'c{place} {text}' for place, text in enumerate(types))});"


#: A type as CREATE TABLE spells it, and as a contract may.
SPELLINGS = (
    ("integer", "int4"),
    ("integer", "INT"),
    ("smallint", "int2"),
    ("bigint", "pg_catalog.int8"),
    ("real", "float4"),
    ("real", "float(24)"),
    ("double precision", "float8"),
    ("double precision", "float"),
    ("boolean", "bool"),
    ("numeric", "decimal"),
    ("numeric(5)", "decimal ( 5 )"),
    ("numeric(12,2)", "numeric(12, 2)"),
    ("varchar", "character varying"),
    ("varchar(10)", "character varying(10)"),
    ("text", "TEXT"),
    ("char(3)", "character(3)"),
    ("char", "character(1)"),
    ('"char"', '"char"'),
    ("bpchar", "bpchar"),
    ("nchar(4)", "national character(4)"),
    ("bit", "bit(1)"),
    ("bit varying(8)", "varbit(8)"),
    ("timestamptz", "timestamp with time zone"),
    ("timestamp(3) with time zone", "timestamptz(3)"),
    ("timestamp", "timestamp without time zone"),
    ("time(2)", "time(2) without time zone"),
    ("timetz", "time with time zone"),
    ("interval", "interval"),
    ("interval day to second", "interval day to second"),
    ("int[]", "integer ARRAY"),
    ("int[][]", "_int4"),
    ("varchar(5)[]", "character varying(5)[]"),
    ("jsonb", "jsonb"),
    ("uuid", "uuid"),
    ("inet", "inet"),
    ("tstzrange", "tstzrange"),
    ("oid", "oid"),
    ("name", "name"),
)
OWN = (
    "CREATE TYPE state AS ENUM ('a'); CREATE DOMAIN \"My D\" AS text; "
    'CREATE TABLE t (c0 state, c1 "My D", c2 state[], c3 {schema}.state);'
)

THERE = [
    Case(TABLE, "no table of that name", "CREATE TABLE u ();", {"t"}, contract=tables(t={})),
    Case(
        TABLE,
        "a table and a partitioned one",
        "CREATE TABLE t (); CREATE TABLE p (a int) PARTITION BY LIST (a);",
        contract=tables(t={}, p={}),
    ),
    Case(TABLE, "a view of that name", "CREATE VIEW t AS SELECT 1 AS c;", {"t"}, contract=tables(t={})),
    Case(TABLE, "capitals", "CREATE TABLE t ();", {'"T"'}, contract={"tables": {'"T"': {}}}),
    Case(TABLE, "capitals that agree", 'CREATE TABLE "T" ();', contract={"tables": {'"T"': {}}}),
    Case(COLUMN, "no column of that name", "CREATE TABLE t (d int);", {"t.c"}, contract=column(type="int4")),
    Case(COLUMN, "nothing is said of it", "CREATE TABLE t (d int);", {"t.c"}, contract=column()),
    Case(
        COLUMN,
        "a dropped column",
        "CREATE TABLE t (c int, d int); ALTER TABLE t DROP c;",
        {"t.c"},
        contract=column(type="varchar(5)", default="'x'", not_null=True),
    ),
    Case(
        COLUMN,
        "a default that differs from row to row",
        "CREATE TABLE t (d int); CREATE SEQUENCE s;",
        {"t.c"},
        contract=column(type="bigint", default="nextval('s'::regclass)"),
    ),
    Case(COLUMN, "the column is there", "CREATE TABLE t (c int);", contract=column()),
    Case(COLUMN, "the table is not there", "CREATE TABLE u ();", contract=column()),
]

TYPES = [
    Case(
        TYPE,
        "the same types in other words",
        made(*(one for one, _other in SPELLINGS)),
        contract=typed(*(other for _one, other in SPELLINGS)),
    ),
    Case(
        TYPE,
        "another type",
        made("int", "text", "varchar(10)", "timestamp", "int", "numeric(5,1)", "char(2)"),
        {"t.c0", "t.c1", "t.c2", "t.c3", "t.c4", "t.c5", "t.c6"},
        contract=typed("bigint", "varchar(10)", "varchar(20)", "timestamptz", "int[]", "numeric(5)", "char"),
    ),
    Case(TYPE, "types of the contract's schema", OWN, contract=typed("state", '"My D"', "state[]", "{schema}.state")),
    Case(TYPE, "a domain is not what it is over", OWN, {"t.c1"}, contract=typed("state", "text")),
    Case(TYPE, "a type that is not there", made("int"), {"t.c0"}, contract=typed("geometry(Point,4326)")),
    Case(TYPE, "no type is said", made("int"), contract=tables(t={"columns": {"c0": {}}})),
]

NULLS = [
    Case(FILLED, "it may be NULL", "CREATE TABLE t (c int);", {"t.c"}, contract=column(not_null=True)),
    Case(
        FILLED,
        "it may be NULL, and the name of the check is taken",
        'CREATE TABLE t (c int, "D d" text CONSTRAINT t_c_filled CHECK ("D d" > \'\'));',
        {"t.c"},
        contract=column(not_null=True),
    ),
    Case(
        FILLED,
        "a tree of tables",
        "CREATE TABLE t (c int) PARTITION BY LIST (c);",
        {"t.c"},
        contract=column(not_null=True),
    ),
    Case(FILLED, "NOT NULL", "CREATE TABLE t (c int NOT NULL);", contract=column(not_null=True)),
    Case(
        FILLED,
        "NOT NULL by its domain",
        "CREATE DOMAIN d AS int NOT NULL; CREATE TABLE t (c d);",
        contract=column(not_null=True),
    ),
    Case(FILLED, "NOT NULL, and the contract does not say so", "CREATE TABLE t (c int NOT NULL);", contract=column()),
]


def defaults(pairs: dict[str, str]) -> dict[str, Any]:
    """A table's columns with defaults of the contract."""
    return {
        "sql": 'CREATE SEQUENCE s; CREATE SEQUENCE "S s"; '
        f"CREATE TABLE t ({', '.join(f'c{place} {text}' for place, text in enumerate(pairs))});",
        "contract": tables(
            t={"columns": {f"c{place}": {"default": text} for place, text in enumerate(pairs.values())}}
        ),
    }


#: Type and default as CREATE TABLE has them, and the contract's default.
SAME = {
    "text DEFAULT 'x'": "'x'",
    "varchar(10) DEFAULT 'ollama'": "'ollama'",
    "int DEFAULT 0": "0",
    "int DEFAULT -1": "-1",
    "bigint DEFAULT '7'": "7",
    "numeric(5,2) DEFAULT 1.50": "1.50",
    "bool DEFAULT false": "FALSE",
    "timestamptz DEFAULT now()": "CURRENT_TIMESTAMP",
    "timestamptz DEFAULT CURRENT_TIMESTAMP": "pg_catalog.now()",
    "date DEFAULT CURRENT_DATE": "current_date",
    "jsonb DEFAULT '{}'": "'{}'::jsonb",
    "text[] DEFAULT ARRAY[]::text[]": "array[]::text[]",
    "timestamp DEFAULT timezone('utc', now())": "(timezone('utc'::text, now()))",
    "double precision DEFAULT '1.5'::double precision": "1.5",
    "timestamptz DEFAULT '2026-01-01 00:00:00+00'::timestamp(3) with time zone": "'2026-01-01 00:00:00+00'",
    "int DEFAULT nextval('s')": "nextval('s'::regclass)",
    "int DEFAULT nextval('\"S s\"')": "nextval('{schema}.\"S s\"'::regclass)",
    "int GENERATED BY DEFAULT AS IDENTITY": "nextval('t_c17_seq'::regclass)",
    "int DEFAULT NULL": "null",
}
OTHER = {
    "text DEFAULT 'x'": "'y'",
    "int": "0",
    "int DEFAULT 0 ": "1",
    "bool DEFAULT false": "true",
    "timestamptz DEFAULT '2026-01-01 00:00:00+00'": "now()",
    "bigint": "nextval('s')",
    "text DEFAULT 'X'": "'x'",
}

DEFAULTS = [
    Case(DEFAULT, "the same in other words", **defaults(SAME)),
    Case(DEFAULT, "another default, or none", found={f"t.c{place}" for place in range(len(OTHER))}, **defaults(OTHER)),
    Case(
        DEFAULT,
        "a partitioned table",
        "CREATE TABLE t (c int, k int DEFAULT 1) PARTITION BY LIST (k); "
        "CREATE TABLE t1 PARTITION OF t (c DEFAULT 5) FOR VALUES IN (1);",
        {"t.c"},
        contract=column(default=3),
    ),
    Case(DEFAULT, "none is said", "CREATE TABLE t (c int DEFAULT 3);", contract=column()),
]

BASE = "CREATE TABLE b (id int, ip text); CREATE VIEW v AS SELECT id, ip FROM b; "
VIEWS = [
    Case(VIEW, "no view of that name", BASE, {"w"}, contract={"views": {"w": {}}}),
    Case(VIEW, "a table of that name", BASE, {"b"}, contract={"views": {"b": {}}}),
    Case(VIEW, "the view is there", BASE, contract={"views": {"v": {}}}),
    Case(VIEW, "a materialized view", "CREATE MATERIALIZED VIEW m AS SELECT 1 AS a;", contract={"views": {"m": {}}}),
    Case(
        VIEW,
        "a materialized view that should take writes",
        "CREATE MATERIALIZED VIEW m AS SELECT 1 AS a;",
        {"m"},
        contract={"views": {"m": {"writable": {}}}},
    ),
    Case(VIEW_COLUMNS, "a column is missing", BASE, {"v"}, contract={"views": {"v": {"columns": ["id", "port"]}}}),
    Case(VIEW_COLUMNS, "in another order, and more", BASE, contract={"views": {"v": {"columns": ["ip"]}}}),
]

EXTRAS = [
    Case(
        EXTRA,
        "a table and a view that nobody knows",
        BASE + "CREATE TABLE t ();",
        {"b", "v"},
        contract={"tables": {"t": {}}, "views": {"w": {}}},
    ),
    Case(
        EXTRA,
        "a partition",
        "CREATE TABLE t (a int) PARTITION BY LIST (a); CREATE TABLE t1 PARTITION OF t FOR VALUES IN (1);",
        contract={"tables": {"t": {}}},
    ),
    Case(EXTRA, "the contract says nothing of views", BASE, contract={"tables": {"b": {}}}),
    Case(
        EXTRA_COLUMN,
        "columns that nobody knows",
        BASE,
        {"b.ip", "v.id"},
        contract={"tables": {"b": {"columns": {"id": {}}}}, "views": {"v": {"columns": ["ip"]}}},
    ),
    Case(EXTRA_COLUMN, "no column is said", BASE, contract={"tables": {"b": {}}, "views": {"v": {}}}),
]

CASES = [*THERE, *TYPES, *NULLS, *DEFAULTS, *VIEWS, *EXTRAS]
