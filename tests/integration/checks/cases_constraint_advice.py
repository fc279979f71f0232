# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Truth table of advice about constraints."""

from __future__ import annotations

from dataclasses import replace

from _pgops.checks.seen import Seen
from cases import Case

NULLS = "unique-nullable-columns"
BARE = "unique-index-without-constraint"
WAITING = "constraint-deferrable"
NOT_NULL = "not-null-missing"
UNIQUE = "unique-missing"
FILLED = (
    "CREATE TABLE t (id int PRIMARY KEY, a int, b int, c text, d timestamptz, e text);"
    "INSERT INTO t SELECT i, i, nullif(i % 9, 0), md5(i::text), now() + i * interval '1 s', repeat('x', 400) || i"
    " FROM generate_series(1, 2000) i; ANALYZE t;"
)
TREE = (
    "CREATE TABLE t (k int, a int, b int) PARTITION BY LIST (k); CREATE TABLE t1 PARTITION OF t FOR VALUES IN (1);"
    "INSERT INTO t SELECT 1, i, nullif(i, 1) FROM generate_series(1, 2000) i; ANALYZE t;"
)
SOME = {"rows": 1000}


def unreadable(seen: Seen) -> Seen:
    """As a role would see it that may not SELECT from any table."""
    relations = {oid: relation._replace(readable=False) for oid, relation in seen.catalog.relations.items()}
    return replace(seen, catalog=replace(seen.catalog, relations=relations, statistics={}))


CASES = [
    Case(NULLS, "one of two may be null", "CREATE TABLE t (a int NOT NULL, b int, UNIQUE (a, b));", {"t.t_a_b_key"}),
    Case(NULLS, "none may be null", "CREATE TABLE t (a int NOT NULL, b int NOT NULL, UNIQUE (a, b));"),
    Case(NULLS, "a single column", "CREATE TABLE t (a int UNIQUE);"),
    Case(NULLS, "nulls not distinct", "CREATE TABLE t (a int, b int, UNIQUE NULLS NOT DISTINCT (a, b));", since=15),
    Case(
        NULLS,
        "the rows with NULL are taken care of",
        "CREATE TABLE t (a int NOT NULL, b int, UNIQUE (a, b)); CREATE UNIQUE INDEX ON t (a) WHERE b IS NULL;",
    ),
    Case(
        NULLS,
        "the rows without NULL only",
        "CREATE TABLE t (a int NOT NULL, b int); CREATE UNIQUE INDEX ON t (a, b) WHERE b IS NOT NULL;",
    ),
    Case(
        NULLS,
        "an included column",
        "CREATE TABLE t (a int NOT NULL, b int NOT NULL, c int, UNIQUE (a, b) INCLUDE (c));",
    ),
    Case(
        NULLS,
        "a partition tree is told once",
        "CREATE TABLE t (a int NOT NULL, b int, UNIQUE (a, b)) PARTITION BY LIST (a);"
        "CREATE TABLE t1 PARTITION OF t FOR VALUES IN (1);",
        {"t.t_a_b_key"},
    ),
    Case(
        BARE,
        "a plain unique index",
        "CREATE TABLE t (a int); CREATE UNIQUE INDEX i ON t (a) WITH (fillfactor = 80); COMMENT ON INDEX i IS 'why';",
        {"t.i"},
    ),
    Case(
        BARE,
        "a key refers to it",
        'CREATE TABLE t (a int); CREATE UNIQUE INDEX "I i" ON t (a); CREATE TABLE u (a int REFERENCES t (a));',
        {'t."I i"'},
    ),
    Case(BARE, "a constraint", "CREATE TABLE t (a int UNIQUE);"),
    Case(BARE, "some rows", "CREATE TABLE t (a int); CREATE UNIQUE INDEX i ON t (a) WHERE a > 0;"),
    Case(BARE, "an expression", "CREATE TABLE t (a text); CREATE UNIQUE INDEX i ON t (lower(a));"),
    Case(BARE, "another order", "CREATE TABLE t (a int); CREATE UNIQUE INDEX i ON t (a DESC);"),
    Case(BARE, "another collation", 'CREATE TABLE t (a text); CREATE UNIQUE INDEX i ON t (a COLLATE "C");'),
    Case(BARE, "another operator class", "CREATE TABLE t (a text); CREATE UNIQUE INDEX i ON t (a text_pattern_ops);"),
    Case(
        BARE,
        "a partitioned table",
        "CREATE TABLE t (a int) PARTITION BY LIST (a); CREATE TABLE t1 PARTITION OF t FOR VALUES IN (1);"
        "CREATE UNIQUE INDEX i ON t (a);",
        {"t.i"},
    ),
    Case(WAITING, "a unique key", "CREATE TABLE t (a int CONSTRAINT k UNIQUE DEFERRABLE);", {"t.k"}),
    Case(WAITING, "a primary key", "CREATE TABLE t (a int CONSTRAINT k PRIMARY KEY DEFERRABLE);", {"t.k"}),
    Case(
        WAITING,
        "an exclusion constraint",
        "CREATE TABLE t (a int4range, CONSTRAINT k EXCLUDE USING gist (a WITH &&) DEFERRABLE);",
        {"t.k"},
    ),
    Case(WAITING, "a foreign key", "CREATE TABLE t (a int PRIMARY KEY, b int REFERENCES t DEFERRABLE);"),
    Case(
        WAITING,
        "a partition tree is told once",
        "CREATE TABLE t (a int CONSTRAINT k PRIMARY KEY DEFERRABLE) PARTITION BY LIST (a);"
        "CREATE TABLE t1 PARTITION OF t FOR VALUES IN (1);",
        {"t.k"},
    ),
    Case(NOT_NULL, "without a NULL", FILLED, {"t.a", "t.c", "t.d", "t.e"}, limits=SOME),
    Case(NOT_NULL, "few rows", FILLED),
    Case(NOT_NULL, "not analyzed", FILLED.replace("ANALYZE t;", ""), limits=SOME),
    Case(NOT_NULL, "a partition tree", TREE, {"t.k", "t.a"}, limits=SOME),
    Case(
        NOT_NULL,
        "the name is taken",
        FILLED + "ALTER TABLE t ALTER c SET NOT NULL, ALTER d SET NOT NULL, ALTER e SET NOT NULL,"
        " ADD CONSTRAINT t_a_not_null CHECK (a > 0);",
        {"t.a"},
        limits=SOME,
    ),
    Case(NOT_NULL, "not readable", FILLED, alter=unreadable, not_checked="may not SELECT", limits=SOME),
    Case(UNIQUE, "every value is different", FILLED, {"t.a", "t.c"}, limits=SOME),
    Case(UNIQUE, "with unique keys", FILLED + "ALTER TABLE t ADD UNIQUE (a), ADD UNIQUE (c);", limits=SOME),
    Case(UNIQUE, "not readable", FILLED, alter=unreadable, not_checked="may not SELECT", limits=SOME),
]
