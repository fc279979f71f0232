# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Truth table of the checks of how indexes are made."""

from __future__ import annotations

import dataclasses

from _pgops.checks.seen import Seen
from cases import Case

TABLE = "CREATE TABLE t (id int PRIMARY KEY, a int, b text NOT NULL, c bool, d timestamptz, e int[], f int NOT NULL);"
DOMAINS = "CREATE DOMAIN flag AS bool; CREATE DOMAIN tags AS text[]; CREATE TABLE t (c flag, e tags, a int);"
PARTITIONED = (
    "CREATE TABLE t (a int, b text NOT NULL, c bool) PARTITION BY RANGE (a);"
    "CREATE TABLE t1 PARTITION OF t FOR VALUES FROM (0) TO (100000);"
)
#: 20,000 rows: two values in a, nine of ten NULL in b, many values in c, long ones in d.
FILLED = (
    "CREATE TABLE q (id int PRIMARY KEY); INSERT INTO q VALUES (0), (1);"
    "CREATE TABLE t (a int, b int, c int, d text, e bool);"
    "INSERT INTO t SELECT i % 2, CASE WHEN i % 10 = 0 THEN i END, i, repeat('x', i % 3), i % 2 = 0 "
    "FROM generate_series(1, 20000) i;"
)
LONG = (
    "CREATE TABLE t (a text, b text, c int); INSERT INTO t SELECT string_agg(md5(i::text || j), ''), 'short', i "
    "FROM generate_series(1, 2000) i, generate_series(1, 30) j GROUP BY i;"
)
ARRAY = "index-btree-on-array"
PREDICATE = "index-useless-predicate"
BOOLEAN = "index-on-boolean"
FEW = "index-low-cardinality"
TIME = "index-timestamp-not-last"
NULLS = "index-null-heavy"
LONGEST = "index-over-max-key"
SMALL = {"bytes": 65536.0}


def hidden(seen: Seen) -> Seen:
    """Statistics of columns cannot be seen, and tables are large."""
    catalog = seen.catalog
    relations = {oid: one._replace(pages=max(one.pages, 10_000)) for oid, one in catalog.relations.items()}
    return dataclasses.replace(seen, catalog=dataclasses.replace(catalog, statistics={}, relations=relations))


USELESS = [
    Case(PREDICATE, "a column that is never NULL", TABLE + "CREATE INDEX i ON t (a) WHERE b IS NOT NULL;", {"t.i"}),
    Case(
        PREDICATE,
        "beside the same index without a predicate",
        TABLE + "CREATE INDEX i ON t (a) WHERE b IS NOT NULL; CREATE INDEX whole ON t (a);",
        {"t.i"},
    ),
    Case(
        PREDICATE, "two such columns", TABLE + "CREATE INDEX i ON t (a) WHERE b IS NOT NULL AND f IS NOT NULL;", {"t.i"}
    ),
    Case(
        PREDICATE,
        "a unique index",
        TABLE + "CREATE UNIQUE INDEX i ON t (f) WHERE f IS NOT NULL;COMMENT ON INDEX i IS 'kept';",
        {"t.i"},
    ),
    Case(
        PREDICATE,
        "an odd name",
        'CREATE TABLE t ("B AND c" int NOT NULL, "Ö" int NOT NULL);'
        'CREATE INDEX "I WHERE" ON t ("Ö", "B AND c") WHERE "Ö" IS NOT NULL;',
        {'t."I WHERE"'},
    ),
    Case(
        PREDICATE,
        "a name that ends in _new already",
        TABLE + "CREATE INDEX i ON t (a) WHERE b IS NOT NULL;CREATE TABLE i_new ();",
        {"t.i"},
    ),
    Case(PREDICATE, "a partition tree", PARTITIONED + "CREATE INDEX i ON t (a) WHERE b IS NOT NULL;", {"t.i"}),
]

CASES = [
    Case(ARRAY, "an array", TABLE + "CREATE INDEX i ON t (e);", {"t.i"}),
    Case(ARRAY, "an array behind another key", TABLE + "CREATE INDEX i ON t (a, e);", {"t.i"}),
    Case(ARRAY, "a domain over an array", DOMAINS + "CREATE INDEX i ON t (e);", {"t.i"}),
    Case(ARRAY, "a unique array", TABLE + "CREATE UNIQUE INDEX i ON t (e);"),
    Case(ARRAY, "a GIN index", TABLE + "CREATE INDEX i ON t USING gin (e);"),
    Case(ARRAY, "an included array", TABLE + "CREATE INDEX i ON t (a) INCLUDE (e);"),
    Case(ARRAY, "an element", TABLE + "CREATE INDEX i ON t ((e[1]));"),
    Case(PREDICATE, "a column that may be NULL", TABLE + "CREATE INDEX i ON t (a) WHERE a IS NOT NULL;"),
    Case(
        PREDICATE,
        "one that may be NULL among them",
        TABLE + "CREATE INDEX i ON t (a) WHERE b IS NOT NULL AND a IS NOT NULL;",
    ),
    Case(PREDICATE, "more is said", TABLE + "CREATE INDEX i ON t (a) WHERE b IS NOT NULL AND f > 0;"),
    Case(PREDICATE, "or", TABLE + "CREATE INDEX i ON t (a) WHERE b IS NOT NULL OR a IS NOT NULL;"),
    Case(PREDICATE, "the opposite", TABLE + "CREATE INDEX i ON t (a) WHERE b IS NULL;"),
    Case(
        PREDICATE,
        "a constraint that is not validated",
        TABLE + "ALTER TABLE t ADD CONSTRAINT n NOT NULL a NOT VALID;CREATE INDEX i ON t (d) WHERE a IS NOT NULL;",
        since=18,
    ),
    Case(BOOLEAN, "a boolean", TABLE + "CREATE INDEX i ON t (c);", {"t.i"}),
    Case(BOOLEAN, "a domain over boolean", DOMAINS + "CREATE INDEX i ON t (c);", {"t.i"}),
    Case(BOOLEAN, "a partition tree", PARTITIONED + "CREATE INDEX i ON t (c);", {"t.i"}),
    Case(BOOLEAN, "before another key", TABLE + "CREATE INDEX i ON t (c, d);"),
    Case(BOOLEAN, "a partial index", TABLE + "CREATE INDEX i ON t (c) WHERE c;"),
    Case(BOOLEAN, "a unique index", TABLE + "CREATE UNIQUE INDEX i ON t (c);"),
    Case(FEW, "two values", FILLED + "CREATE INDEX i ON t (a); ANALYZE t;", {"t.i"}),
    Case(FEW, "many values", FILLED + "CREATE INDEX i ON t (c); ANALYZE t;"),
    Case(FEW, "a small table", FILLED + "CREATE INDEX i ON t (a); ANALYZE t;", limits={"rows": 30_000.0}),
    Case(FEW, "a boolean", FILLED + "CREATE INDEX i ON t (e); ANALYZE t;"),
    Case(
        FEW,
        "it alone serves a foreign key",
        FILLED + "ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES q; CREATE INDEX i ON t (a); ANALYZE t;",
    ),
    Case(
        FEW,
        "another serves the foreign key too",
        FILLED + "ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES q; CREATE INDEX i ON t (a); CREATE INDEX j ON t (a, c);"
        "ANALYZE t;",
        {"t.i"},
    ),
    Case(FEW, "two keys", FILLED + "CREATE INDEX i ON t (a, c); ANALYZE t;"),
    Case(
        FEW,
        "statistics are hidden",
        FILLED + "CREATE INDEX i ON t (a); ANALYZE t;",
        alter=hidden,
        not_checked="no statistics",
    ),
    Case(TIME, "a time first", TABLE + "CREATE INDEX i ON t (d, a);", {"t.i"}),
    Case(TIME, "a time last", TABLE + "CREATE INDEX i ON t (a, d);"),
    Case(TIME, "a time alone", TABLE + "CREATE INDEX i ON t (d);"),
    Case(
        TIME, "a date in the middle", "CREATE TABLE t (a int, d date, b int); CREATE INDEX i ON t (a, d, b);", {"t.i"}
    ),
    Case(TIME, "the primary key behind it", TABLE + "CREATE INDEX i ON t (d DESC, id DESC);"),
    Case(TIME, "a unique key", TABLE + "CREATE UNIQUE INDEX i ON t (d, a);"),
    Case(TIME, "an interval", "CREATE TABLE t (v interval, a int); CREATE INDEX i ON t (v, a);"),
    Case(
        NULLS,
        "mostly NULLs",
        FILLED + "CREATE INDEX i ON t (b); COMMENT ON INDEX i IS 'kept'; ANALYZE t;",
        {"t.i"},
        limits=SMALL,
    ),
    Case(
        NULLS,
        "the other way round, with more",
        FILLED + "CREATE INDEX i ON t (b DESC) INCLUDE (a) WITH (fillfactor = 80); ANALYZE t;",
        {"t.i"},
        limits=SMALL,
    ),
    Case(NULLS, "a small index", FILLED + "CREATE INDEX i ON t (b); ANALYZE t;"),
    Case(NULLS, "few NULLs", FILLED + "CREATE INDEX i ON t (c); ANALYZE t;", limits=SMALL),
    Case(NULLS, "a partial index", FILLED + "CREATE INDEX i ON t (b) WHERE b IS NOT NULL; ANALYZE t;", limits=SMALL),
    Case(NULLS, "a unique index", FILLED + "CREATE UNIQUE INDEX i ON t (b); ANALYZE t;", limits=SMALL),
    Case(NULLS, "two keys", FILLED + "CREATE INDEX i ON t (b, c); ANALYZE t;", limits=SMALL),
    Case(
        NULLS,
        "statistics are hidden",
        FILLED + "CREATE INDEX i ON t (b); ANALYZE t;",
        alter=hidden,
        limits=SMALL,
        not_checked="no statistics",
    ),
    Case(LONGEST, "long values", LONG + "CREATE INDEX i ON t (a); ANALYZE t;", {"t.i"}),
    Case(LONGEST, "long values included", LONG + "CREATE INDEX i ON t (c) INCLUDE (a); ANALYZE t;", {"t.i"}),
    Case(LONGEST, "short values", LONG + "CREATE INDEX i ON t (b, c); ANALYZE t;"),
    Case(
        LONGEST,
        "a hash of long values",
        LONG + "CREATE INDEX i ON t USING hash (a); CREATE INDEX j ON t (md5(a));ANALYZE t;",
    ),
    Case(
        LONGEST,
        "statistics are hidden",
        LONG + "CREATE INDEX i ON t (a); ANALYZE t;",
        alter=hidden,
        not_checked="no statistics",
    ),
]
CASES += [dataclasses.replace(case, since=17) for case in USELESS]
CASES += [dataclasses.replace(case, name=f"{case.name}, before 17", until=16, severity="info") for case in USELESS]
