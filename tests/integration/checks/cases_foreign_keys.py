# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Truth table of the checks of foreign keys against the columns and indexes they join."""

from __future__ import annotations

from cases import Case

PARENT = "CREATE TABLE p (a int, b int, PRIMARY KEY (a, b)); CREATE TABLE q (id int PRIMARY KEY);"
PAIR = PARENT + "CREATE TABLE t (id int PRIMARY KEY, a int, b int, x int, FOREIGN KEY (a, b) REFERENCES p);"
SINGLE = PARENT + "CREATE TABLE t (id int PRIMARY KEY, q int REFERENCES q, deleted bool);"
TEXT = "CREATE TABLE q (id text PRIMARY KEY); CREATE TABLE t (q text REFERENCES q);"
TREE = (
    "CREATE TABLE q (id int PRIMARY KEY); CREATE TABLE t (x int, k int, q int REFERENCES q) PARTITION BY LIST (k);"
    "CREATE TABLE t1 PARTITION OF t FOR VALUES IN (1);"
    "CREATE TABLE t2 (q int, k int, x int) PARTITION BY LIST (k); ALTER TABLE t ATTACH PARTITION t2 FOR VALUES IN (2);"
    "CREATE TABLE t21 PARTITION OF t2 FOR VALUES IN (2);"
)
PERIOD = (
    "CREATE TABLE q (id int4range, v daterange, PRIMARY KEY (id, v WITHOUT OVERLAPS));"
    "CREATE TABLE t (q int4range, v daterange, FOREIGN KEY (q, PERIOD v) REFERENCES q (id, PERIOD v));"
)
ODD = (
    'CREATE TABLE "Q.q" ("I""d" int PRIMARY KEY, "über" int);'
    'CREATE TABLE "T t" ("a) AND (b" int, "select" int, "I""d" int REFERENCES "Q.q");'
)
MISSING = "fk-missing-index"
POOR = "fk-index-questionable"
TYPES = "fk-type-mismatch"
SIZES = "fk-size-mismatch"
KEY = {"t.t_q_fkey"}

CASES = [
    Case(MISSING, "no index at all", SINGLE, KEY),
    Case(
        MISSING,
        "several keys that one index serves",
        PAIR + "ALTER TABLE t ADD CONSTRAINT again FOREIGN KEY (a, b) REFERENCES p (a, b),"
        "ADD CONSTRAINT beginning FOREIGN KEY (a) REFERENCES q, ADD CONSTRAINT other FOREIGN KEY (b) REFERENCES q;",
        {"t.t_a_b_fkey", "t.again", "t.beginning", "t.other"},
        unfixed="the fix stands at one of them; test_fixes_together carries all out",
    ),
    Case(
        MISSING,
        "two tables whose indexes would bear one name",
        PARENT
        + "CREATE TABLE n_a (b int CONSTRAINT one REFERENCES q); CREATE TABLE n (a_b int CONSTRAINT two REFERENCES q);",
        {"n_a.one", "n.two"},
    ),
    Case(MISSING, "a plain index", SINGLE + "CREATE INDEX ON t (q);"),
    Case(MISSING, "a unique key", PARENT + "CREATE TABLE t (q int UNIQUE REFERENCES q);"),
    Case(MISSING, "descending", SINGLE + "CREATE INDEX ON t (q DESC NULLS LAST);"),
    Case(MISSING, "a prefix of a wider index", SINGLE + "CREATE INDEX ON t (q, id);"),
    Case(
        MISSING,
        "a prefix of the primary key",
        PARENT + "CREATE TABLE t (q int REFERENCES q, n int, PRIMARY KEY (q, n));",
    ),
    Case(MISSING, "the second column of an index", SINGLE + "CREATE INDEX ON t (id, q);", KEY),
    Case(MISSING, "both columns", PAIR + "CREATE INDEX ON t (a, b);"),
    Case(MISSING, "columns in another order", PAIR + "CREATE INDEX ON t (b, a);"),
    Case(MISSING, "a column in between", PAIR + "CREATE INDEX ON t (a, x, b);", {"t.t_a_b_fkey"}),
    Case(MISSING, "one of two columns", PAIR + "CREATE INDEX ON t (a);", {"t.t_a_b_fkey"}),
    Case(MISSING, "rows that refer to something", SINGLE + "CREATE INDEX ON t (q) WHERE q IS NOT NULL;"),
    Case(MISSING, "both not null", PAIR + "CREATE INDEX ON t (a, b) WHERE b IS NOT NULL AND a IS NOT NULL;"),
    Case(MISSING, "one of two not null", PAIR + "CREATE INDEX ON t (a, b) WHERE b IS NOT NULL;"),
    Case(
        MISSING,
        "another column not null",
        PAIR + "CREATE INDEX ON t (a, b) WHERE a IS NOT NULL AND x IS NOT NULL;",
        {"t.t_a_b_fkey"},
    ),
    Case(
        MISSING,
        "another column not null that never is",
        SINGLE + "CREATE INDEX ON t (q) WHERE id IS NOT NULL;",
        KEY,
    ),
    Case(MISSING, "some of the rows", SINGLE + "CREATE INDEX ON t (q) WHERE NOT deleted;", KEY),
    Case(MISSING, "some of the keys", SINGLE + "CREATE INDEX ON t (q) WHERE q > 0;"),
    Case(MISSING, "a hash index", SINGLE + "CREATE INDEX ON t USING hash (q);"),
    Case(MISSING, "a BRIN index", SINGLE + "CREATE INDEX ON t USING brin (q);", KEY),
    Case(MISSING, "only included", SINGLE + "CREATE INDEX ON t (id) INCLUDE (q);", KEY),
    Case(MISSING, "an expression", SINGLE + "CREATE INDEX ON t ((q + 0));", KEY),
    Case(
        MISSING,
        "an invalid index",
        SINGLE + "CREATE INDEX i ON t (q);",
        KEY,
        setup="UPDATE pg_index SET indisvalid = false WHERE indexrelid = '{schema}.i'::regclass",
    ),
    Case(MISSING, "text without an index", TEXT, KEY),
    Case(MISSING, "text_pattern_ops finds equal texts", TEXT + "CREATE INDEX ON t (q text_pattern_ops);"),
    Case(MISSING, "an SP-GiST index", TEXT + "CREATE INDEX ON t USING spgist (q);"),
    Case(MISSING, "an index of another collation", TEXT + 'CREATE INDEX ON t (q COLLATE "C");', KEY),
    Case(
        MISSING,
        "a column of another collation",
        'CREATE TABLE q (id text PRIMARY KEY); CREATE TABLE t (q text COLLATE "C" REFERENCES q);CREATE INDEX ON t (q);',
    ),
    Case(
        MISSING,
        "a column of another collation than its index",
        'CREATE TABLE q (id text PRIMARY KEY); CREATE TABLE t (q text COLLATE "C" REFERENCES q);'
        'CREATE INDEX ON t (q COLLATE "default");',
        KEY,
    ),
    Case(
        MISSING,
        "a referenced column of another collation",
        'CREATE TABLE q (id text COLLATE "C" PRIMARY KEY); CREATE TABLE t (q text REFERENCES q);CREATE INDEX ON t (q);',
    ),
    Case(
        MISSING,
        "a name that is looked up by its own collation",
        "CREATE TABLE q (id name PRIMARY KEY); CREATE TABLE t (q text REFERENCES q); CREATE INDEX ON t (q);",
        KEY,
    ),
    Case(
        MISSING,
        "a name that refers to a text",
        "CREATE TABLE q (id text PRIMARY KEY); CREATE TABLE t (q name REFERENCES q); CREATE INDEX ON t (q);",
    ),
    Case(
        MISSING,
        "varchar that refers to text",
        "CREATE TABLE q (id text PRIMARY KEY); CREATE TABLE t (q varchar(9) REFERENCES q);"
        "CREATE INDEX ON t (q varchar_pattern_ops);",
    ),
    Case(
        MISSING,
        "bigint that refers to integer",
        PARENT + "CREATE TABLE t (q bigint REFERENCES q); CREATE INDEX ON t USING hash (q);",
    ),
    Case(
        MISSING,
        "compared as numeric",
        "CREATE TABLE q (id numeric PRIMARY KEY); CREATE TABLE t (q int REFERENCES q); CREATE INDEX ON t (q);",
        KEY,
    ),
    Case(
        MISSING,
        "a domain",
        "CREATE DOMAIN d AS int; CREATE TABLE q (id d PRIMARY KEY); CREATE TABLE t (q d REFERENCES q);"
        "CREATE INDEX ON t (q);",
    ),
    Case(
        MISSING,
        "an enum without an index",
        "CREATE TYPE e AS ENUM ('a'); CREATE TABLE q (id e PRIMARY KEY); CREATE TABLE t (q e REFERENCES q);",
        KEY,
    ),
    Case(
        MISSING,
        "an enum",
        "CREATE TYPE e AS ENUM ('a'); CREATE TABLE q (id e PRIMARY KEY); CREATE TABLE t (q e REFERENCES q);"
        "CREATE INDEX ON t (q);",
    ),
    Case(
        MISSING,
        "an array without an index",
        "CREATE TABLE q (id int[] PRIMARY KEY); CREATE TABLE t (q int[] REFERENCES q);",
        KEY,
    ),
    Case(MISSING, "to itself", "CREATE TABLE t (id int PRIMARY KEY, q int REFERENCES t);", KEY),
    Case(
        MISSING, "to itself with an index", "CREATE TABLE t (id int PRIMARY KEY, q int REFERENCES t, UNIQUE (q, id));"
    ),
    Case(
        MISSING,
        "deferred and not valid",
        PARENT + "CREATE TABLE t (q int);"
        "ALTER TABLE t ADD FOREIGN KEY (q) REFERENCES q DEFERRABLE INITIALLY DEFERRED NOT VALID;",
        KEY,
    ),
    Case(MISSING, "not enforced", PARENT + "CREATE TABLE t (q int REFERENCES q NOT ENFORCED);", since=18),
    Case(MISSING, "a partition tree is told once", TREE, KEY),
    Case(MISSING, "a partitioned index", TREE + "CREATE INDEX ON t (q);"),
    Case(MISSING, "an index of every partition", TREE + "CREATE INDEX ON t1 (q); CREATE INDEX ON t21 (q);"),
    Case(MISSING, "an index of one partition", TREE + "CREATE INDEX ON t1 (q);", KEY),
    Case(MISSING, "a partitioned index that waits for its parts", TREE + "CREATE INDEX ON ONLY t (q);", KEY),
    Case(
        MISSING,
        "a tree without partitions",
        PARENT + "CREATE TABLE t (q int REFERENCES q) PARTITION BY LIST (q);",
        KEY,
    ),
    Case(
        MISSING,
        "a key of one partition",
        PARENT + "CREATE TABLE t (q int) PARTITION BY LIST (q);"
        "CREATE TABLE t1 PARTITION OF t FOR VALUES IN (1); ALTER TABLE t1 ADD FOREIGN KEY (q) REFERENCES q;",
        {"t1.t1_q_fkey"},
    ),
    Case(
        MISSING,
        "to a partitioned table",
        "CREATE TABLE q (id int PRIMARY KEY) PARTITION BY LIST (id); CREATE TABLE q1 PARTITION OF q FOR VALUES IN (1);"
        "CREATE TABLE t (q int REFERENCES q);",
        KEY,
    ),
    Case(MISSING, "a period", PERIOD, {"t.t_q_v_fkey"}, since=18),
    Case(MISSING, "a period with an index of the rest", PERIOD + "CREATE INDEX ON t (q);", since=18),
    Case(MISSING, "odd names", ODD, {'"T t"."T t_I""d_fkey"'}),
    Case(MISSING, "odd names not null", ODD + 'CREATE INDEX ON "T t" ("I""d") WHERE "I""d" IS NOT NULL;'),
    Case(
        MISSING,
        "keywords not null",
        'CREATE TABLE q (a int, b int, PRIMARY KEY (a, b)); CREATE TABLE t (json int, "a) AND (b" int,'
        'CONSTRAINT t_q_fkey FOREIGN KEY (json, "a) AND (b") REFERENCES q);'
        'CREATE INDEX ON t ("a) AND (b", json) WHERE "a) AND (b" IS NOT NULL AND json IS NOT NULL;',
    ),
    Case(
        MISSING,
        "63 bytes",
        f"CREATE TABLE q (id int PRIMARY KEY); CREATE TABLE {'t' * 63} ({'c' * 63} int CONSTRAINT f REFERENCES q);",
        {f"{'t' * 63}.f"},
    ),
    Case(
        MISSING,
        "the name is taken",
        PARENT + "CREATE TABLE t (q int REFERENCES q); CREATE TABLE t_q_idx (); CREATE VIEW t_q_idx2 AS SELECT 1;",
        KEY,
    ),
    Case(
        MISSING,
        "a GiST index",
        SINGLE,
        setup="CREATE EXTENSION btree_gist; CREATE INDEX ON t USING gist (q)",
    ),
    Case(
        MISSING,
        "arrays beside intarray",
        "CREATE TABLE q (id int[] PRIMARY KEY); CREATE TABLE t (q int[] REFERENCES q); CREATE INDEX ON t (q);",
        setup="CREATE EXTENSION intarray",
    ),
    Case(
        MISSING,
        "a table of an extension",
        SINGLE,
        setup="CREATE EXTENSION citext; ALTER EXTENSION citext ADD TABLE t",
    ),
    Case(MISSING, "few rows", SINGLE, limits={"rows": 100}),
    Case(POOR, "much wider", SINGLE.replace("deleted", "x int, deleted") + "CREATE INDEX ON t (q, id, x);", KEY),
    Case(
        POOR,
        "much wider beside a narrow one",
        SINGLE.replace("deleted", "x int, deleted") + "CREATE INDEX ON t (q, id, x); CREATE INDEX ON t (q);",
    ),
    Case(POOR, "a little wider", SINGLE + "CREATE INDEX ON t (q, id);"),
    Case(POOR, "some of the keys", SINGLE + "CREATE INDEX ON t (q) WHERE q > 0;", KEY),
    Case(POOR, "an SP-GiST index", TEXT + "CREATE INDEX ON t USING spgist (q);", KEY),
    Case(POOR, "no index", SINGLE),
    Case(
        TYPES,
        "integer that refers to bigint",
        "CREATE TABLE q (id bigint PRIMARY KEY); CREATE TABLE t (q int REFERENCES q);",
        KEY,
    ),
    Case(TYPES, "bigint that refers to integer", PARENT + "CREATE TABLE t (q bigint REFERENCES q);"),
    Case(
        TYPES,
        "compared as numeric",
        "CREATE TABLE q (id numeric PRIMARY KEY); CREATE TABLE t (q int REFERENCES q);",
        KEY,
    ),
    Case(
        TYPES,
        "char that refers to text",
        "CREATE TABLE q (id text PRIMARY KEY); CREATE TABLE t (q char(5) REFERENCES q);",
        KEY,
    ),
    Case(
        TYPES,
        "date that refers to timestamp",
        "CREATE TABLE q (id timestamp PRIMARY KEY); CREATE TABLE t (q date REFERENCES q);",
        KEY,
        severity="warning",
    ),
    Case(
        TYPES,
        "varchar that refers to text",
        "CREATE TABLE q (id text PRIMARY KEY); CREATE TABLE t (q varchar(10) REFERENCES q);",
    ),
    Case(
        TYPES,
        "a shorter varchar",
        "CREATE TABLE q (id varchar(20) PRIMARY KEY); CREATE TABLE t (q varchar(10) REFERENCES q);",
    ),
    Case(
        TYPES,
        "domains over one type",
        "CREATE DOMAIN d AS int; CREATE DOMAIN e AS d; CREATE TABLE q (id d PRIMARY KEY);"
        "CREATE TABLE t (q e REFERENCES q, r int REFERENCES q);",
    ),
    Case(
        TYPES,
        "domains over different types",
        "CREATE DOMAIN d AS int; CREATE DOMAIN e AS bigint; CREATE TABLE q (id e PRIMARY KEY);"
        "CREATE TABLE t (q d REFERENCES q);",
        KEY,
    ),
    Case(
        TYPES,
        "columns in another order",
        "CREATE TABLE q (a int, b bigint, PRIMARY KEY (a, b));"
        "CREATE TABLE t (b bigint, a int, FOREIGN KEY (b, a) REFERENCES q (b, a));",
    ),
    Case(
        TYPES,
        "one of two columns",
        "CREATE TABLE q (a int, b bigint, PRIMARY KEY (a, b));"
        "CREATE TABLE t (b smallint, a int, FOREIGN KEY (b, a) REFERENCES q (b, a));",
        {"t.t_b_a_fkey"},
    ),
    Case(
        TYPES,
        "a partition tree is told once",
        TREE.replace("q (id int", "q (id bigint"),
        KEY,
    ),
    Case(
        SIZES,
        "a shorter varchar",
        "CREATE TABLE q (id varchar(20) PRIMARY KEY); CREATE TABLE t (q varchar(10) REFERENCES q);",
        KEY,
    ),
    Case(
        SIZES,
        "a longer varchar",
        "CREATE TABLE q (id varchar(10) PRIMARY KEY); "
        "CREATE TABLE t (q varchar(20) REFERENCES q, r text REFERENCES q);",
    ),
    Case(
        SIZES,
        "varchar that refers to text",
        "CREATE TABLE q (id text PRIMARY KEY); CREATE TABLE t (q varchar(10) REFERENCES q);",
        KEY,
    ),
    Case(SIZES, "bigint that refers to integer", PARENT + "CREATE TABLE t (q bigint REFERENCES q);", KEY),
    Case(SIZES, "integer that refers to integer", SINGLE),
    Case(
        SIZES,
        "another precision",
        "CREATE TABLE q (id numeric(10, 2) PRIMARY KEY); CREATE TABLE t (q numeric(10, 1) REFERENCES q);",
        KEY,
    ),
]
