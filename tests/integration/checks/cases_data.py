# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Truth table of the checks of rows against the schema."""

from __future__ import annotations

from cases import Case

ORPHANS = "data-orphans-fk"
LOGICAL = "data-orphans-logical"
BROKEN = "data-check-violations"
TWICE = "data-duplicates-under-index"

QUIET = "SET session_replication_role = replica; "
PAIR = "CREATE TABLE q (id int PRIMARY KEY); CREATE TABLE t (id int PRIMARY KEY, q int REFERENCES q); "
ROWS = "INSERT INTO q VALUES (1); INSERT INTO t VALUES (1, 1), (2, NULL); "
TWO = "CREATE TABLE p (a int, b int, PRIMARY KEY (a, b)); INSERT INTO p VALUES (1, 2); "
CODE = "CREATE FUNCTION f(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 1'; "
# Not every build has ICU: without it the collation tells a and A apart, and both sides hold the same.
LOOSE = """
DO $$ BEGIN
  CREATE COLLATION ci (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
EXCEPTION WHEN feature_not_supported THEN CREATE COLLATION ci FROM "C"; END $$;
"""
ALIKE = "INSERT INTO q VALUES ('a'); INSERT INTO t SELECT CASE WHEN 'a' = 'A' COLLATE ci THEN 'A' ELSE 'a' END; "
RANGES = (
    "CREATE TABLE p (r int4range, during daterange, PRIMARY KEY (r, during WITHOUT OVERLAPS)); "
    "CREATE TABLE t (r int4range, during daterange, FOREIGN KEY (r, PERIOD during) REFERENCES p (r, PERIOD during));"
)
UNIQUE = "CREATE TABLE t (a int UNIQUE, b text); INSERT INTO t VALUES (1, 'x'), (NULL, 'y'), (NULL, 'z'); "


def beside(statement: str) -> str:
    """Run a statement while the unique index t_a_key looks the other way."""
    flag = "UPDATE pg_index SET indisunique = {} WHERE indexrelid = '{{schema}}.t_a_key'::regclass; "
    return flag.format("false") + statement + "; " + flag.format("true")


KEYS = [
    Case(ORPHANS, "every row refers to one that is there", PAIR + ROWS),
    Case(
        ORPHANS,
        "a row got past a valid key",
        PAIR + ROWS,
        {"t.t_q_fkey"},
        setup=QUIET + "INSERT INTO t VALUES (3, 7), (4, 8)",
    ),
    Case(
        ORPHANS,
        "rows that were there before a NOT VALID key",
        "CREATE TABLE q (id int PRIMARY KEY); CREATE TABLE t (q int); INSERT INTO t VALUES (5); "
        "ALTER TABLE t ADD CONSTRAINT late FOREIGN KEY (q) REFERENCES q NOT VALID;",
        {"t.late"},
        severity="error",
    ),
    Case(
        ORPHANS,
        "a NOT VALID key without a violation",
        "CREATE TABLE q (id int PRIMARY KEY); CREATE TABLE t (q int); INSERT INTO t VALUES (NULL); "
        "ALTER TABLE t ADD CONSTRAINT late FOREIGN KEY (q) REFERENCES q NOT VALID;",
    ),
    Case(
        ORPHANS,
        "half filled with MATCH SIMPLE",
        TWO + "CREATE TABLE t (a int, b int, FOREIGN KEY (a, b) REFERENCES p); INSERT INTO t VALUES (9, NULL), (1, 2);",
    ),
    Case(
        ORPHANS,
        "half filled with MATCH FULL",
        TWO + "CREATE TABLE t (a int, b int, FOREIGN KEY (a, b) REFERENCES p MATCH FULL); INSERT INTO t VALUES (1, 2);",
        {"t.t_a_b_fkey"},
        setup=QUIET + "INSERT INTO t VALUES (1, NULL)",
    ),
    Case(
        ORPHANS,
        "nothing filled with MATCH FULL",
        TWO + "CREATE TABLE t (a int, b int, FOREIGN KEY (a, b) REFERENCES p MATCH FULL); INSERT INTO t VALUES "
        "(NULL, NULL);",
    ),
    Case(
        ORPHANS,
        "columns in another order than the referenced key's",
        TWO + "CREATE TABLE t (b int, a int, FOREIGN KEY (b, a) REFERENCES p (b, a)); INSERT INTO t VALUES (2, 1);",
    ),
    Case(
        ORPHANS,
        "a table that refers to itself",
        "CREATE TABLE t (id int PRIMARY KEY, up int REFERENCES t); INSERT INTO t VALUES (1, 1), (2, 1), (3, NULL);",
        {"t.t_up_fkey"},
        setup=QUIET + "DELETE FROM t WHERE id = 1",
    ),
    Case(
        ORPHANS,
        "a table that refers to itself and is well",
        "CREATE TABLE t (id int PRIMARY KEY, up int REFERENCES t); INSERT INTO t VALUES (1, 1), (2, 1);",
    ),
    Case(
        ORPHANS,
        "a partitioned table",
        "CREATE TABLE q (id int PRIMARY KEY); "
        "CREATE TABLE t (id int, q int REFERENCES q) PARTITION BY RANGE (id); "
        "CREATE TABLE t1 PARTITION OF t FOR VALUES FROM (0) TO (10); "
        "CREATE TABLE t2 PARTITION OF t FOR VALUES FROM (10) TO (20);",
        {"t.t_q_fkey"},
        setup=QUIET + "INSERT INTO t VALUES (1, 1), (11, 2)",
    ),
    Case(
        ORPHANS,
        "a partitioned table that is referred to",
        "CREATE TABLE q (id int PRIMARY KEY) PARTITION BY RANGE (id); "
        "CREATE TABLE q1 PARTITION OF q FOR VALUES FROM (0) TO (10); "
        "CREATE TABLE t (q int REFERENCES q); INSERT INTO q VALUES (1); INSERT INTO t VALUES (1);",
    ),
    Case(
        ORPHANS,
        "rows of an inheriting table",
        PAIR + ROWS + "CREATE TABLE below () INHERITS (t); INSERT INTO below VALUES (9, 99);",
    ),
    Case(
        ORPHANS,
        "what is referred to stands in an inheriting table",
        PAIR + "CREATE TABLE below () INHERITS (q); INSERT INTO below VALUES (7);",
        {"t.t_q_fkey"},
        setup=QUIET + "INSERT INTO t VALUES (1, 7)",
    ),
    Case(
        ORPHANS,
        "a collation that calls a and A equal",
        LOOSE
        + "CREATE TABLE q (c text COLLATE ci PRIMARY KEY); CREATE TABLE t (c text COLLATE ci REFERENCES q); "
        + ALIKE,
    ),
    Case(
        ORPHANS,
        "a collation on the referenced side alone",
        LOOSE + "CREATE TABLE q (c text COLLATE ci PRIMARY KEY); CREATE TABLE t (c text REFERENCES q); " + ALIKE,
        until=17,
    ),
    Case(
        ORPHANS,
        "a collation on the referring side alone",
        LOOSE + "CREATE TABLE q (c text PRIMARY KEY); CREATE TABLE t (c text COLLATE ci REFERENCES q); "
        "INSERT INTO q VALUES ('a'); INSERT INTO t VALUES ('a');",
        {"t.t_c_fkey"},
        setup=QUIET + "INSERT INTO t VALUES ('A')",
        until=17,
    ),
    Case(
        ORPHANS,
        "types that differ",
        "CREATE DOMAIN d AS int CHECK (VALUE > 0); CREATE TABLE q (i int PRIMARY KEY, n numeric UNIQUE, v text UNIQUE, "
        "c char(3) UNIQUE, a int[] UNIQUE); CREATE TABLE t (b bigint REFERENCES q (i), s d REFERENCES q (i), "
        "n int REFERENCES q (n), v varchar(9) REFERENCES q (v), c char(5) REFERENCES q (c), a int[] REFERENCES q (a)); "
        "INSERT INTO q VALUES (1, 1, 'x', 'y', '{1}'); INSERT INTO t VALUES (1, 1, 1, 'x', 'y', '{1}');",
    ),
    Case(
        ORPHANS,
        "types that differ, and a violator of each key",
        "CREATE DOMAIN d AS int; CREATE TABLE q (i int PRIMARY KEY, v text UNIQUE); "
        "CREATE TABLE t (b bigint REFERENCES q (i), s d REFERENCES q (i), v varchar(9) REFERENCES q (v));",
        {"t.t_b_fkey", "t.t_s_fkey", "t.t_v_fkey"},
        setup=QUIET + "INSERT INTO t VALUES (5000000000, 1, 'x')",
    ),
    Case(
        ORPHANS,
        "an enum and a range of the owner's",
        "CREATE TYPE e AS ENUM ('a', 'b'); CREATE TYPE r AS RANGE (subtype = int); "
        "CREATE TABLE q (e e PRIMARY KEY, r r UNIQUE); CREATE TABLE t (e e REFERENCES q (e), r r REFERENCES q (r)); "
        "INSERT INTO q VALUES ('a', '[1,2)'); INSERT INTO t VALUES ('a', '[1,2)');",
        {"t.t_e_fkey"},
        setup=QUIET + "INSERT INTO t VALUES ('b', '[1,2)')",
    ),
    Case(
        ORPHANS,
        "names that need quotes",
        'CREATE TABLE "p.""q" ("a b" int PRIMARY KEY); CREATE TABLE "T" ("ü.x" int CONSTRAINT "k "" k" '
        'REFERENCES "p.""q");',
        {'"T"."k "" k"'},
        setup=QUIET + 'INSERT INTO "T" VALUES (1)',
    ),
    Case(
        ORPHANS,
        "a key that is not enforced",
        "CREATE TABLE q (id int PRIMARY KEY); CREATE TABLE t (q int REFERENCES q NOT ENFORCED); "
        "INSERT INTO t VALUES (1);",
        since=18,
    ),
    Case(
        ORPHANS,
        "a key with a PERIOD",
        RANGES + "INSERT INTO t VALUES (NULL, NULL);",
        since=18,
        not_checked="PERIOD",
    ),
    Case(
        ORPHANS,
        "an index that calls a function of the owner's",
        CODE + PAIR + "CREATE INDEX ON q (f(id));",
        setup=QUIET + "INSERT INTO t VALUES (3, 7)",
        not_checked="is no superuser",
    ),
    Case(
        ORPHANS,
        "a default and a check that call functions do not run",
        CODE + "CREATE TABLE q (id int PRIMARY KEY DEFAULT f(1)); "
        "CREATE TABLE t (q int REFERENCES q CHECK (f(q) = 1), g int GENERATED ALWAYS AS (f(1)) STORED);",
        {"t.t_q_fkey"},
        setup=QUIET + "INSERT INTO t VALUES (3)",
    ),
    Case(
        ORPHANS,
        "a type with a cast by a function of the owner's",
        "CREATE TYPE e AS ENUM ('a'); CREATE FUNCTION f(e) RETURNS text LANGUAGE sql IMMUTABLE AS $$SELECT 'a'$$; "
        "CREATE CAST (e AS text) WITH FUNCTION f(e) AS IMPLICIT; "
        "CREATE TABLE q (e e PRIMARY KEY); CREATE TABLE t (e e REFERENCES q);",
        setup=QUIET + "INSERT INTO t VALUES ('a')",
        not_checked="is no superuser",
    ),
    Case(
        ORPHANS,
        "row security that holds for the owner too",
        PAIR + "ALTER TABLE t ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;",
        setup=QUIET + "INSERT INTO t VALUES (3, 7)",
        not_checked="row-level security",
    ),
    Case(
        ORPHANS,
        "row security that spares the owner",
        PAIR + "ALTER TABLE t ENABLE ROW LEVEL SECURITY;",
        {"t.t_q_fkey"},
        setup=QUIET + "INSERT INTO t VALUES (3, 7)",
    ),
    Case(
        ORPHANS,
        "a table that its owner may not read",
        PAIR + "REVOKE SELECT ON q FROM case_owner;",
        setup=QUIET + "INSERT INTO t VALUES (3, 7)",
        not_checked="may not read all of it",
    ),
]

NAMES = [
    Case(
        LOGICAL,
        "a row whose model is gone",
        "CREATE TABLE models (id int PRIMARY KEY); CREATE TABLE t (model_id int); INSERT INTO t VALUES (1), (NULL);",
        {"t.model_id"},
    ),
    Case(
        LOGICAL,
        "plurals in es and ies, and none",
        "CREATE TABLE boxes (id int PRIMARY KEY); CREATE TABLE cities (id int PRIMARY KEY); "
        "CREATE TABLE staff (id int PRIMARY KEY); CREATE TABLE t (box_id int, city_id bigint, staff_id int); "
        "INSERT INTO t VALUES (1, 2, 3);",
        {"t.box_id", "t.city_id", "t.staff_id"},
    ),
    Case(
        LOGICAL,
        "every model is there",
        "CREATE TABLE models (id int PRIMARY KEY); CREATE TABLE t (model_id int); INSERT INTO models VALUES (1); "
        "INSERT INTO t VALUES (1);",
    ),
    Case(
        LOGICAL,
        "a reference to various tables",
        "CREATE TABLE models (id int PRIMARY KEY); CREATE TABLE t (model_id int, model_type text); "
        "INSERT INTO t VALUES (1);",
    ),
    Case(
        LOGICAL,
        "a key that can be compared with nothing",
        "CREATE TABLE models (id uuid PRIMARY KEY); CREATE TABLE t (model_id text); INSERT INTO t VALUES ('x');",
    ),
    Case(
        LOGICAL,
        "a foreign key upholds it",
        "CREATE TABLE models (id int PRIMARY KEY); CREATE TABLE t (model_id int REFERENCES models);",
        setup=QUIET + "INSERT INTO t VALUES (1)",
    ),
    Case(LOGICAL, "its own key", "CREATE TABLE t (t_id int PRIMARY KEY); INSERT INTO t VALUES (1);"),
]

CHECKS = [
    Case(
        BROKEN,
        "a row that was there before",
        "CREATE TABLE t (id int PRIMARY KEY, a int); INSERT INTO t VALUES (1, -1), (2, 1); "
        "ALTER TABLE t ADD CONSTRAINT positive CHECK (a > 0) NOT VALID;",
        {"t.positive"},
    ),
    Case(
        BROKEN,
        "NULL meets a condition",
        "CREATE TABLE t (a int); INSERT INTO t VALUES (NULL), (1); "
        "ALTER TABLE t ADD CONSTRAINT positive CHECK (a > 0) NOT VALID;",
    ),
    Case(
        BROKEN,
        "a condition on the whole row, in a table named like one of its columns",
        'CREATE TABLE "c t" ("c t" int); INSERT INTO "c t" VALUES (1); '
        'ALTER TABLE "c t" ADD CONSTRAINT filled CHECK ("c t".* IS NULL) NOT VALID;',
        {'"c t".filled'},
    ),
    Case(
        BROKEN,
        "a partitioned table",
        "CREATE TABLE t (a int) PARTITION BY RANGE (a); CREATE TABLE t1 PARTITION OF t FOR VALUES FROM (-9) TO (9); "
        "INSERT INTO t VALUES (-1); ALTER TABLE t ADD CONSTRAINT positive CHECK (a > 0) NOT VALID;",
        {"t.positive"},
    ),
    Case(
        BROKEN,
        "NOT NULL that was not validated",
        "CREATE TABLE t (a int); INSERT INTO t VALUES (NULL); "
        "ALTER TABLE t ADD CONSTRAINT filled NOT NULL a NOT VALID;",
        {"t.filled"},
        since=18,
    ),
    Case(
        BROKEN,
        "a condition that is not enforced",
        "CREATE TABLE t (a int, CONSTRAINT positive CHECK (a > 0) NOT ENFORCED); INSERT INTO t VALUES (-1);",
        since=18,
    ),
    Case(
        BROKEN,
        "a condition that calls a function of the owner's",
        CODE + "CREATE TABLE t (a int); INSERT INTO t VALUES (2); "
        "ALTER TABLE t ADD CONSTRAINT odd CHECK (f(a) = 2) NOT VALID;",
        not_checked="is no superuser",
    ),
]

UNDER = [
    Case(TWICE, "once each", UNIQUE),
    Case(TWICE, "a value that came in twice", UNIQUE, {"t_a_key"}, setup=beside("INSERT INTO t VALUES (1, 'again')")),
    Case(TWICE, "a plain index", "CREATE TABLE t (a int); CREATE INDEX ON t (a); INSERT INTO t VALUES (1), (1);"),
    Case(
        TWICE,
        "two NULLs that are alike",
        "CREATE TABLE t (a int, CONSTRAINT t_a_key UNIQUE NULLS NOT DISTINCT (a)); INSERT INTO t VALUES (NULL);",
        {"t_a_key"},
        setup=beside("INSERT INTO t VALUES (NULL)"),
        since=15,
    ),
    Case(
        TWICE,
        "unique among some of the rows",
        "CREATE TABLE t (a int, gone bool); CREATE UNIQUE INDEX ON t (a) WHERE NOT gone; "
        "INSERT INTO t VALUES (1, true), (1, true), (1, false);",
    ),
    Case(
        TWICE,
        "an inheriting table has its own",
        UNIQUE + "CREATE TABLE below () INHERITS (t); INSERT INTO below VALUES (1, 'x');",
    ),
]

CASES = [*KEYS, *NAMES, *CHECKS, *UNDER]
