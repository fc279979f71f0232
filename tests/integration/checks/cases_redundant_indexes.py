# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Truth table of the checks of redundant indexes."""

from __future__ import annotations

import dataclasses

from _pgops.checks.seen import Seen
from cases import Case

TABLE = "CREATE TABLE t (id int PRIMARY KEY, a int, b text, c int NOT NULL, d timestamptz);"
PARTITIONED = (
    "CREATE TABLE t (id int, a int, b text) PARTITION BY RANGE (id);"
    "CREATE TABLE t1 PARTITION OF t FOR VALUES FROM (0) TO (10);"
    "CREATE TABLE t2 PARTITION OF t FOR VALUES FROM (10) TO (20) PARTITION BY RANGE (id);"
    "CREATE TABLE t21 PARTITION OF t2 FOR VALUES FROM (10) TO (15);"
)
SAME = "index-duplicate"
DOUBLES = "index-redundant-unique"
PREFIX = "index-redundant-prefix"
IMPLIED = "index-unique-superset-of-unique"
HASH = "index-hash-beside-btree"
BIG = 16 * 1024 * 1024


def large(seen: Seen) -> Seen:
    """Indexes whose name ends in _large have 16 MB, all others 1 MB."""
    sizes = {
        oid: BIG if seen.catalog.index_by_oid[oid].name.endswith("_large") else BIG // 16 for oid in seen.details.sizes
    }
    return dataclasses.replace(seen, details=dataclasses.replace(seen.details, sizes=sizes))


def both(columns: str, others: str | None = None) -> str:
    """Two indexes i1 and i2 of the table; what follows its name."""
    return f"{TABLE} CREATE INDEX i1 ON t {columns}; CREATE INDEX i2 ON t {others or columns};"


DUPLICATES = [
    Case(SAME, "one index", TABLE + "CREATE INDEX i1 ON t (a);"),
    Case(SAME, "the same columns", both("(a)"), {"t.i2"}),
    Case(SAME, "three of them", both("(a)") + "CREATE INDEX a_longer_name ON t (a);", {"t.i2", "t.a_longer_name"}),
    Case(SAME, "another column", both("(a)", "(c)")),
    Case(
        SAME,
        "a name within a name",
        "CREATE TABLE t (a int, ba int, b int); CREATE INDEX a ON t (ba); CREATE INDEX ba ON t (b);",
    ),
    Case(SAME, "columns in another order", both("(a, c)", "(c, a)")),
    Case(SAME, "another access method", both("(a)", "USING hash (a)")),
    Case(SAME, "two hash indexes", both("USING hash (a)"), {"t.i2"}),
    Case(SAME, "another operator class", both("(b)", "(b text_pattern_ops)")),
    Case(SAME, "an operator class by its other name", both("(b text_ops)", "(b varchar_ops)"), {"t.i2"}),
    Case(SAME, "another collation", both("(b)", '(b COLLATE "C")')),
    Case(SAME, "the other way round", both("(a DESC)", "(a)"), {"t.i1"}),
    Case(SAME, "all keys the other way round", both("(a, c DESC)", "(a DESC, c)"), {"t.i2"}),
    Case(SAME, "one key the other way round", both("(a, c DESC)", "(a, c)")),
    Case(SAME, "NULLs at the other end", both("(a)", "(a NULLS FIRST)")),
    Case(SAME, "unique, and not", TABLE + "CREATE UNIQUE INDEX i1 ON t (a); CREATE INDEX i2 ON t (a);"),
    Case(SAME, "both unique", TABLE + "CREATE UNIQUE INDEX i1 ON t (a); CREATE UNIQUE INDEX i2 ON t (a);", {"t.i2"}),
    Case(
        SAME,
        "NULLs that are equal, and not",
        TABLE + "CREATE UNIQUE INDEX i1 ON t (a) NULLS NOT DISTINCT;CREATE UNIQUE INDEX i2 ON t (a);",
        since=15,
    ),
    Case(
        SAME,
        "unique at once, and at the end",
        TABLE + "ALTER TABLE t ADD UNIQUE (a) DEFERRABLE; CREATE UNIQUE INDEX i2 ON t (a);",
    ),
    Case(
        SAME,
        "a unique constraint and a unique index",
        TABLE + "ALTER TABLE t ADD CONSTRAINT zzzzzz UNIQUE (a);CREATE UNIQUE INDEX i2 ON t (a);",
        {"t.i2"},
    ),
    Case(SAME, "a primary key and a unique constraint", TABLE + "ALTER TABLE t ADD CONSTRAINT u UNIQUE (id);", {"t.u"}),
    Case(
        SAME,
        "an index that a foreign key relies on",
        TABLE + "CREATE UNIQUE INDEX i1 ON t (c); CREATE TABLE f (c int REFERENCES t (c));"
        "CREATE UNIQUE INDEX i ON t (c);",
        {"t.i"},
    ),
    Case(
        SAME,
        "a replica identity",
        TABLE + "CREATE UNIQUE INDEX i1 ON t (c); CREATE UNIQUE INDEX i2 ON t (c);"
        "ALTER TABLE t REPLICA IDENTITY USING INDEX i2;",
        {"t.i1"},
    ),
    Case(SAME, "a table clustered by one", both("(a)") + "ALTER TABLE t CLUSTER ON i2;", {"t.i1"}),
    Case(SAME, "the same predicate", both("(a) WHERE b <> 'x' AND c > 0"), {"t.i2"}),
    Case(
        SAME,
        "the same predicate in other words",
        both("(a) WHERE c > 0 AND b <> 'x'", "(a) WHERE ((c>0) AND (b != 'x'::text))"),
        {"t.i2"},
    ),
    Case(SAME, "another predicate", both("(a) WHERE c > 0", "(a) WHERE c > 1")),
    Case(SAME, "a predicate and none", both("(a) WHERE c > 0", "(a)")),
    Case(
        SAME,
        "the same expression",
        both("(lower(b))", "(lower ( b ))") + "COMMENT ON INDEX i2 IS 'it''s \\ odd';"
        "ALTER INDEX i2 ALTER COLUMN 1 SET STATISTICS 321;",
        {"t.i2"},
    ),
    Case(SAME, "another expression", both("(lower(b))", "(upper(b))")),
    Case(SAME, "a column and an expression of it", both("(a)", "((a + 0))")),
    Case(SAME, "INCLUDE in another order", both("(a) INCLUDE (b, c)", "(a) INCLUDE (c, b)"), {"t.i2"}),
    Case(SAME, "other INCLUDE columns", both("(a) INCLUDE (b)", "(a) INCLUDE (d)")),
    Case(SAME, "a key that is included again", both("(a)", "(a) INCLUDE (a)"), {"t.i2"}),
    Case(SAME, "another fillfactor", both("(a)", "(a) WITH (fillfactor = 70)"), {"t.i2"}),
    Case(SAME, "BRIN of the same ranges", both("USING brin (a)"), {"t.i2"}),
    Case(SAME, "BRIN of other ranges", both("USING brin (a)", "USING brin (a) WITH (pages_per_range = 8)")),
    Case(
        SAME,
        "BRIN with another parameter of the class",
        both("USING brin (a int4_bloom_ops)", "USING brin (a int4_bloom_ops (n_distinct_per_range = 50))"),
    ),
    Case(
        SAME,
        "two exclusion constraints",
        "CREATE TABLE t (r int4range, CONSTRAINT x EXCLUDE USING gist (r WITH &&),"
        "CONSTRAINT y EXCLUDE USING gist (r WITH =));",
    ),
    Case(
        SAME,
        "one of them is not valid",
        both("(a)"),
        setup="UPDATE pg_index SET indisvalid = false WHERE indexrelid = '{schema}.i1'::regclass;",
    ),
    Case(
        SAME,
        "odd names",
        TABLE + 'CREATE INDEX "I" ON t (a); CREATE INDEX "Ü ON t "" INDEX x" ON t (a) WHERE true;'
        'CREATE INDEX "Ü. INDEX ""y" ON t (a);',
        {'t."Ü ON t "" INDEX x"', 't."Ü. INDEX ""y"'},
    ),
    Case(
        SAME,
        "a materialized view",
        TABLE + "CREATE MATERIALIZED VIEW m AS SELECT a FROM t; CREATE INDEX i1 ON m (a);CREATE INDEX i2 ON m (a);",
        {"m.i2"},
    ),
    Case(
        SAME,
        "a partition tree",
        PARTITIONED + "CREATE INDEX i1 ON t (a); CREATE INDEX i2 ON t (a) WITH (fillfactor = 70);",
        {"t.i2"},
    ),
    Case(
        SAME,
        "an index of a partition beside the tree's",
        PARTITIONED + "CREATE INDEX i ON t1 (a);"
        "CREATE INDEX i1 ON t (a) WITH (fillfactor = 70); CREATE INDEX zz ON t1 (a);",
        {"t1.zz"},
    ),
    Case(
        SAME,
        "a tree whose other index is not complete",
        PARTITIONED + "CREATE INDEX i1 ON t (a); CREATE INDEX i2 ON ONLY t (a);",
    ),
    Case(SAME, "in another table", TABLE + "CREATE TABLE u (a int); CREATE INDEX ON t (a); CREATE INDEX ON u (a);"),
]

UNIQUES = [
    Case(DOUBLES, "a primary key", TABLE + "CREATE INDEX i ON t (id);", {"t.i"}),
    Case(DOUBLES, "a primary key the other way round", TABLE + "CREATE INDEX i ON t (id DESC);", {"t.i"}),
    Case(
        DOUBLES, "a unique constraint", TABLE + "ALTER TABLE t ADD UNIQUE (a, b); CREATE INDEX i ON t (a, b);", {"t.i"}
    ),
    Case(
        DOUBLES,
        "a deferrable constraint",
        TABLE + "ALTER TABLE t ADD UNIQUE (a) DEFERRABLE; CREATE INDEX i ON t (a);",
        {"t.i"},
    ),
    Case(
        DOUBLES,
        "NULLs that are equal",
        TABLE + "CREATE UNIQUE INDEX u ON t (a) NULLS NOT DISTINCT; CREATE INDEX i ON t (a);",
        {"t.i"},
        since=15,
    ),
    Case(
        DOUBLES,
        "a unique index of an expression",
        TABLE + "CREATE UNIQUE INDEX u ON t (lower(b)) WHERE c > 0; CREATE INDEX i ON t (lower(b)) WHERE c > 0;",
        {"t.i"},
    ),
    Case(
        DOUBLES,
        "a unique index with a predicate",
        TABLE + "CREATE UNIQUE INDEX u ON t (a) WHERE c > 0;CREATE INDEX i ON t (a);",
    ),
    Case(
        DOUBLES, "the later column of a unique key", TABLE + "ALTER TABLE t ADD UNIQUE (a, b); CREATE INDEX i ON t (b);"
    ),
    Case(
        DOUBLES,
        "another operator class",
        TABLE + "ALTER TABLE t ADD UNIQUE (b);CREATE INDEX i ON t (b text_pattern_ops);",
    ),
    Case(DOUBLES, "a hash index", TABLE + "CREATE INDEX i ON t USING hash (id);"),
    Case(
        DOUBLES,
        "an exclusion constraint",
        "CREATE TABLE t (r int4range, EXCLUDE USING gist (r WITH &&));CREATE INDEX i ON t USING gist (r);",
        {"t.i"},
    ),
    Case(
        DOUBLES,
        "a foreign key is served by both",
        TABLE + "CREATE TABLE f (id int PRIMARY KEY REFERENCES t);CREATE INDEX i ON f (id);",
        {"f.i"},
    ),
    Case(DOUBLES, "a clustered index", TABLE + "CREATE INDEX i ON t (id); ALTER TABLE t CLUSTER ON i;", {"t.i"}),
    Case(
        DOUBLES,
        "a partition tree",
        PARTITIONED + "ALTER TABLE t ADD PRIMARY KEY (id); CREATE INDEX i ON t (id);",
        {"t.i"},
    ),
    Case(DOUBLES, "a primary key over a plain index alone", "CREATE TABLE t (a int); CREATE INDEX i ON t (a);"),
]

PREFIXES = [
    Case(PREFIX, "a prefix", both("(a)", "(a, c)"), {"t.i1"}),
    Case(
        PREFIX, "a prefix of a unique key", TABLE + "ALTER TABLE t ADD UNIQUE (a, b); CREATE INDEX i ON t (a);", {"t.i"}
    ),
    Case(
        PREFIX,
        "of two wider ones the narrower",
        both("(a)", "(a, c)") + "CREATE INDEX i3 ON t (a, c, b);",
        {"t.i1", "t.i2"},
    ),
    Case(PREFIX, "not the first column", both("(c)", "(a, c)")),
    Case(
        PREFIX,
        "a column whose name begins alike",
        "CREATE TABLE t (id int, id2 int, idx int);CREATE INDEX i1 ON t (id); CREATE INDEX i2 ON t (id2, idx);",
    ),
    Case(PREFIX, "a unique index", TABLE + "CREATE UNIQUE INDEX i1 ON t (a); CREATE INDEX i2 ON t (a, c);"),
    Case(PREFIX, "a primary key", TABLE + "CREATE INDEX i2 ON t (id, c);"),
    Case(PREFIX, "both unique", TABLE + "CREATE UNIQUE INDEX i1 ON t (a); CREATE UNIQUE INDEX i2 ON t (a, c);"),
    Case(
        PREFIX,
        "unique in the same keys, with more included",
        TABLE + "CREATE UNIQUE INDEX i1 ON t (a); CREATE UNIQUE INDEX i2 ON t (a) INCLUDE (c);",
        {"t.i1"},
    ),
    Case(
        PREFIX, "a primary key beside one with more included", TABLE + "CREATE UNIQUE INDEX i2 ON t (id) INCLUDE (c);"
    ),
    Case(
        PREFIX,
        "unique, and the wider treats NULLs otherwise",
        TABLE + "CREATE UNIQUE INDEX i1 ON t (a);CREATE UNIQUE INDEX i2 ON t (a) INCLUDE (c) NULLS NOT DISTINCT;",
        since=15,
    ),
    Case(PREFIX, "the same order", both("(a DESC)", "(a DESC, c)"), {"t.i1"}),
    Case(PREFIX, "all the other way round", both("(a, c)", "(a DESC, c DESC, b)"), {"t.i1"}),
    Case(PREFIX, "some the other way round", both("(a, c)", "(a, c DESC, b)")),
    Case(PREFIX, "NULLs at the other end", both("(a NULLS FIRST)", "(a, c)")),
    Case(PREFIX, "another operator class", both("(b text_pattern_ops)", "(b, c)")),
    Case(PREFIX, "another collation", both('(b COLLATE "C")', "(b, c)")),
    Case(PREFIX, "the same predicate", both("(a) WHERE c > 0", "(a, c) WHERE c > 0"), {"t.i1"}),
    Case(PREFIX, "a predicate, and none", both("(a) WHERE c > 0", "(a, c)")),
    Case(PREFIX, "no predicate, and one", both("(a)", "(a, c) WHERE c > 0")),
    Case(PREFIX, "an expression", both("(lower(b))", "(lower(b), c)"), {"t.i1"}),
    Case(
        PREFIX, "included columns that the wider one holds", both("(a) INCLUDE (c)", "(a, d) INCLUDE (c, b)"), {"t.i1"}
    ),
    Case(PREFIX, "included columns that are keys of the wider one", both("(a) INCLUDE (c)", "(a, c)"), {"t.i1"}),
    Case(PREFIX, "included columns that the wider one lacks", both("(a) INCLUDE (b)", "(a, c)")),
    Case(PREFIX, "a key that is only included elsewhere", both("(a, c)", "(a) INCLUDE (c)"), {"t.i2"}),
    Case(PREFIX, "a hash index", both("USING hash (a)", "(a, c)")),
    Case(
        PREFIX,
        "GIN indexes",
        "CREATE TABLE t (a int[], b int[]); CREATE INDEX ON t USING gin (a);CREATE INDEX ON t USING gin (a, b);",
    ),
    Case(
        PREFIX,
        "the wider one is not valid",
        both("(a)", "(a, c)"),
        setup="UPDATE pg_index SET indisvalid = false WHERE indexrelid = '{schema}.i2'::regclass;",
    ),
    Case(
        PREFIX,
        "a foreign key that both serve",
        TABLE + "CREATE TABLE f (id int REFERENCES t, x int);CREATE INDEX i1 ON f (id); CREATE INDEX i2 ON f (id, x);",
        {"f.i1"},
    ),
    Case(
        PREFIX,
        "a foreign key that only the narrow one serves",
        TABLE + "CREATE TABLE f (id int REFERENCES t, x int);"
        "CREATE INDEX i1 ON f (id); CREATE INDEX i2 ON f (id, x) WHERE x > 0;",
    ),
    Case(PREFIX, "the table is clustered by it", both("(a)", "(a, c)") + "ALTER TABLE t CLUSTER ON i1;"),
    Case(
        PREFIX,
        "the wider one is much larger",
        TABLE + "CREATE INDEX i1 ON t (a); CREATE INDEX i2_large ON t (a, b);",
        {"t.i1"},
        severity="info",
        alter=large,
    ),
    Case(PREFIX, "the wider one is as large", both("(a)", "(a, b)"), {"t.i1"}, alter=large),
    Case(
        PREFIX,
        "a partition tree",
        PARTITIONED + "CREATE INDEX i1 ON t (a); COMMENT ON INDEX t1_a_idx IS 'c'; CREATE INDEX i2 ON t (a, b);",
        {"t.i1"},
    ),
    Case(
        PREFIX,
        "a partition tree, one partition's index upholds a constraint",
        PARTITIONED + "ALTER TABLE t1 ADD CONSTRAINT u UNIQUE (a) INCLUDE (b); CREATE INDEX i2 ON t (a, b);"
        "CREATE INDEX i1 ON t (a);",
        {"t.i1"},
    ),
    Case(
        PREFIX,
        "an index that belongs to an extension",
        both("(a)", "(a, c)"),
        setup="CREATE EXTENSION IF NOT EXISTS plpgsql; ALTER EXTENSION plpgsql ADD TABLE {schema}.t;",
    ),
]

OTHERS = [
    Case(IMPLIED, "one unique key", TABLE + "ALTER TABLE t ADD UNIQUE (a);"),
    Case(IMPLIED, "the primary key and more", TABLE + "ALTER TABLE t ADD UNIQUE (a, id);", {"t.t_a_id_key"}),
    Case(
        IMPLIED,
        "a unique index and more",
        TABLE + "CREATE UNIQUE INDEX u ON t (a); CREATE UNIQUE INDEX v ON t (a, c);",
        {"t.v"},
    ),
    Case(
        IMPLIED,
        "a foreign key refers to the wider one",
        TABLE
        + "ALTER TABLE t ADD UNIQUE (id, c); CREATE TABLE f (i int, c int, FOREIGN KEY (i, c) REFERENCES t (id, c));",
    ),
    Case(
        IMPLIED,
        "only some rows of the smaller one",
        TABLE + "CREATE UNIQUE INDEX u ON t (a) WHERE c > 0;CREATE UNIQUE INDEX v ON t (a, c);",
    ),
    Case(
        IMPLIED,
        "the smaller one is checked later",
        TABLE + "ALTER TABLE t ADD UNIQUE (a) DEFERRABLE; CREATE UNIQUE INDEX v ON t (a, c);",
    ),
    Case(IMPLIED, "other columns", TABLE + "CREATE UNIQUE INDEX u ON t (a, c); CREATE UNIQUE INDEX v ON t (a, d);"),
    Case(
        IMPLIED,
        "NULLs repeat in the smaller one",
        TABLE + "CREATE UNIQUE INDEX u ON t (a);CREATE UNIQUE INDEX v ON t (a, c) NULLS NOT DISTINCT;",
        since=15,
    ),
    Case(
        IMPLIED,
        "no NULLs in the smaller one",
        TABLE + "CREATE UNIQUE INDEX u ON t (c);CREATE UNIQUE INDEX v ON t (a, c) NULLS NOT DISTINCT;",
        {"t.v"},
        since=15,
    ),
    Case(
        IMPLIED,
        "a partition tree",
        PARTITIONED + "ALTER TABLE t ADD PRIMARY KEY (id); ALTER TABLE t ADD UNIQUE (id, a);",
        {"t.t_id_a_key"},
    ),
    Case(HASH, "a B-tree of the column", both("(a)", "USING hash (a)"), {"t.i2"}),
    Case(HASH, "a B-tree that begins with it", both("(b, c)", "USING hash (b)"), {"t.i2"}),
    Case(HASH, "a B-tree that ends with it", both("(c, b)", "USING hash (b)")),
    Case(HASH, "patterns only", both("(b text_pattern_ops)", "USING hash (b)")),
    Case(HASH, "another collation", both('(b COLLATE "C")', "USING hash (b)")),
    Case(HASH, "only some rows in the B-tree", both("(a) WHERE c > 0", "USING hash (a)")),
    Case(HASH, "alone", TABLE + "CREATE INDEX ON t USING hash (a);"),
]

CASES = DUPLICATES + UNIQUES + PREFIXES + OTHERS
