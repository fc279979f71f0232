# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Truth table of the checks of constraints."""

from __future__ import annotations

from cases import Case

T = "CREATE TABLE t (a int, b int, c text);"
TREE = (
    "CREATE TABLE t (a int, b int) PARTITION BY LIST (b); CREATE TABLE t1 PARTITION OF t FOR VALUES IN (1);"
    "CREATE TABLE t2 PARTITION OF t FOR VALUES IN (2) PARTITION BY LIST (b);"
    "CREATE TABLE t22 PARTITION OF t2 FOR VALUES IN (2);"
)
LATE = "ALTER TABLE t ADD CONSTRAINT k CHECK (a > 0) NOT VALID;"
Q = "CREATE TABLE q (id int PRIMARY KEY);"
KEYED = Q + "CREATE TABLE t (q int CONSTRAINT k REFERENCES q ON DELETE CASCADE);"
FORGET = (
    "SET allow_system_table_mods = on; DELETE FROM pg_trigger WHERE tgconstraint = (SELECT oid FROM pg_constraint"
    " WHERE conname = 'k' AND connamespace = '{schema}'::regnamespace AND conparentid = 0)"
    " AND tgrelid = '{schema}.%s'::regclass;"
)
K = {"t.k"}
NOT_VALID = "constraint-not-valid"
NOT_ENFORCED = "constraint-not-enforced"
DOMAIN = "domain-constraint-not-valid"
TRIGGERS = "constraint-trigger-missing"
TRUE = "check-constraint-always-true"
TWICE = "check-constraint-duplicate"
REPEATED = "check-not-null-redundant"

CASES = [
    Case(NOT_VALID, "no row breaks it", T + LATE, K),
    Case(NOT_VALID, "a row breaks it", T + "INSERT INTO t VALUES (0);" + LATE, K),
    Case(NOT_VALID, "validated", T + LATE + "ALTER TABLE t VALIDATE CONSTRAINT k;"),
    Case(NOT_VALID, "a partition tree is told once", TREE + LATE, K),
    Case(NOT_VALID, "an inheriting table is not told", T + "CREATE TABLE u () INHERITS (t);" + LATE, K),
    Case(
        NOT_VALID,
        "not inherited",
        T + "CREATE TABLE u () INHERITS (t); ALTER TABLE t ADD CONSTRAINT k CHECK (a > 0) NO INHERIT NOT VALID;",
        K,
    ),
    Case(
        NOT_VALID,
        "a constraint of one partition",
        TREE + "ALTER TABLE t1 ADD CONSTRAINT k CHECK (a > 0) NOT VALID;",
        {"t1.k"},
    ),
    Case(NOT_VALID, "a key is another matter", Q + T + "ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES q NOT VALID;"),
    Case(
        NOT_VALID,
        "not null",
        T + "INSERT INTO t VALUES (1); ALTER TABLE t ADD CONSTRAINT k NOT NULL a NOT VALID;",
        K,
        since=18,
    ),
    Case(
        NOT_VALID,
        "not null with a NULL",
        T + "INSERT INTO t VALUES (NULL); ALTER TABLE t ADD CONSTRAINT k NOT NULL a NOT VALID;",
        K,
        since=18,
    ),
    Case(NOT_VALID, "not null in a tree", TREE + "ALTER TABLE t ADD CONSTRAINT k NOT NULL a NOT VALID;", K, since=18),
    Case(NOT_VALID, "not null and valid", "CREATE TABLE t (a int NOT NULL);"),
    Case(NOT_VALID, "not enforced", T + "ALTER TABLE t ADD CONSTRAINT k CHECK (a > 0) NOT ENFORCED;", since=18),
    Case(
        NOT_VALID,
        "odd names",
        'CREATE TABLE "T.""t" ("a b" int); ALTER TABLE "T.""t" ADD CONSTRAINT "k ü" CHECK ("a b" > 0) NOT VALID;',
        {'"T.""t"."k ü"'},
    ),
    Case(NOT_ENFORCED, "a check", T + "ALTER TABLE t ADD CONSTRAINT k CHECK (a > 0) NOT ENFORCED;", K, since=18),
    Case(NOT_ENFORCED, "a key", Q + "CREATE TABLE t (q int CONSTRAINT k REFERENCES q NOT ENFORCED);", K, since=18),
    Case(NOT_ENFORCED, "in a tree", TREE + "ALTER TABLE t ADD CONSTRAINT k CHECK (a > 0) NOT ENFORCED;", K, since=18),
    Case(NOT_ENFORCED, "not valid", T + LATE),
    Case(
        DOMAIN,
        "not valid",
        "CREATE DOMAIN d AS int; CREATE DOMAIN e AS d; CREATE TABLE t (a d); CREATE TABLE u (b e); CREATE VIEW v AS"
        " TABLE t; CREATE MATERIALIZED VIEW m AS TABLE t; ALTER DOMAIN d ADD CONSTRAINT k CHECK (VALUE > 0) NOT VALID;",
        {"d.k"},
    ),
    Case(DOMAIN, "valid", "CREATE DOMAIN d AS int CONSTRAINT k CHECK (VALUE > 0);"),
    Case(TRIGGERS, "all there", KEYED),
    Case(TRIGGERS, "disabled on one side", KEYED, K, setup="ALTER TABLE t DISABLE TRIGGER ALL"),
    Case(TRIGGERS, "disabled on the other side", KEYED, K, setup="ALTER TABLE q DISABLE TRIGGER ALL"),
    Case(TRIGGERS, "users' triggers disabled", KEYED, setup="ALTER TABLE t DISABLE TRIGGER USER"),
    Case(
        TRIGGERS,
        "fires always",
        KEYED,
        setup="DO $$ BEGIN EXECUTE (SELECT format('ALTER TABLE t ENABLE ALWAYS TRIGGER %I', tgname) FROM pg_trigger"
        " WHERE tgrelid = 't'::regclass LIMIT 1); END $$",
    ),
    Case(
        TRIGGERS,
        "fires in replication only",
        KEYED,
        K,
        setup="DO $$ BEGIN EXECUTE (SELECT format('ALTER TABLE t ENABLE REPLICA TRIGGER %I', tgname) FROM pg_trigger"
        " WHERE tgrelid = 't'::regclass LIMIT 1); END $$",
    ),
    Case(
        TRIGGERS,
        "a deferrable unique key",
        "CREATE TABLE t (a int CONSTRAINT k UNIQUE DEFERRABLE);",
        K,
        setup="ALTER TABLE t DISABLE TRIGGER ALL",
    ),
    Case(
        TRIGGERS,
        "disabled in a tree",
        Q + TREE + "ALTER TABLE t ADD CONSTRAINT k FOREIGN KEY (a) REFERENCES q;",
        K,
        setup="ALTER TABLE t DISABLE TRIGGER ALL",
        since=15,
    ),
    Case(
        TRIGGERS,
        "disabled in one partition",
        Q + TREE + "ALTER TABLE t ADD CONSTRAINT k FOREIGN KEY (a) REFERENCES q;",
        {"t1.k"},
        setup="ALTER TABLE t1 DISABLE TRIGGER ALL",
    ),
    Case(
        TRIGGERS,
        "trees on both sides",
        TREE + "CREATE TABLE q (id int PRIMARY KEY) PARTITION BY LIST (id);"
        "CREATE TABLE q1 PARTITION OF q FOR VALUES IN (1) PARTITION BY LIST (id);"
        "CREATE TABLE q11 PARTITION OF q1 FOR VALUES IN (1); CREATE TABLE s (q int REFERENCES q);"
        "ALTER TABLE t ADD CONSTRAINT k FOREIGN KEY (a) REFERENCES q;"
        "CREATE TABLE u (a int, b int, FOREIGN KEY (a) REFERENCES q); ALTER TABLE t2 ATTACH PARTITION u DEFAULT;",
    ),
    Case(
        TRIGGERS,
        "a tree that refers to itself",
        "CREATE TABLE t (id int PRIMARY KEY, p int REFERENCES t) PARTITION BY LIST (id);"
        "CREATE TABLE t1 PARTITION OF t FOR VALUES IN (1);",
    ),
    Case(TRIGGERS, "not enforced", Q + "CREATE TABLE t (q int REFERENCES q NOT ENFORCED);", since=18),
    Case(TRIGGERS, "forgotten on one side", KEYED, K, setup=FORGET % "q"),
    Case(TRIGGERS, "forgotten on the other side", KEYED, K, setup=FORGET % "t"),
    Case(
        TRIGGERS,
        "forgotten in one partition",
        Q + TREE + "ALTER TABLE t ADD CONSTRAINT k FOREIGN KEY (a) REFERENCES q;",
        {"t22.k"},
        setup="SET allow_system_table_mods = on; DELETE FROM pg_trigger WHERE tgrelid = '{schema}.t22'::regclass",
    ),
    Case(TRUE, "true", T + "ALTER TABLE t ADD CONSTRAINT k CHECK (true);", K),
    Case(TRUE, "a column with itself", T + "ALTER TABLE t ADD CONSTRAINT k CHECK (a >= a);", K),
    Case(TRUE, "a text with itself", T + "ALTER TABLE t ADD CONSTRAINT k CHECK (c = c);", K),
    Case(TRUE, "a constant with itself", T + "ALTER TABLE t ADD CONSTRAINT k CHECK (1 = 1) NOT VALID;", K),
    Case(TRUE, "NULL or not", T + "ALTER TABLE t ADD CONSTRAINT k CHECK (a IS NULL OR a IS NOT NULL);", K),
    Case(TRUE, "NULL or NULL", T + "ALTER TABLE t ADD CONSTRAINT k CHECK (a IS NULL OR a IS NULL);"),
    Case(TRUE, "one or the other", T + "ALTER TABLE t ADD CONSTRAINT k CHECK (a IS NULL OR b IS NOT NULL);"),
    Case(TRUE, "two columns", T + "ALTER TABLE t ADD CONSTRAINT k CHECK (a >= b);"),
    Case(TRUE, "never true", T + "ALTER TABLE t ADD CONSTRAINT k CHECK (false) NO INHERIT;"),
    Case(
        TRUE,
        "odd names",
        'CREATE TABLE "T t" ("a""b" int, CONSTRAINT "k k" CHECK ("a""b" = "a""b"));'
        """COMMENT ON CONSTRAINT "k k" ON "T t" IS 'it''s';""",
        {'"T t"."k k"'},
    ),
    Case(TRUE, "a partition tree is told once", TREE + "ALTER TABLE t ADD CONSTRAINT k CHECK (a = a);", K),
    Case(TWICE, "twice", T + "ALTER TABLE t ADD CONSTRAINT j CHECK (a>0), ADD CONSTRAINT k CHECK ((a > 0));", K),
    Case(TWICE, "different", T + "ALTER TABLE t ADD CONSTRAINT j CHECK (a > 0), ADD CONSTRAINT k CHECK (a > 1);"),
    Case(
        TWICE,
        "one is not inherited",
        T + "ALTER TABLE t ADD CONSTRAINT j CHECK (a > 0), ADD CONSTRAINT k CHECK (a > 0) NO INHERIT;",
    ),
    Case(
        TWICE,
        "both not inherited, with heirs",
        T + "CREATE TABLE u () INHERITS (t);"
        "ALTER TABLE t ADD CONSTRAINT j CHECK (a > 0) NO INHERIT, ADD CONSTRAINT k CHECK (a > 0) NO INHERIT;",
        K,
    ),
    Case(TWICE, "the valid one stays", T + "ALTER TABLE t ADD CONSTRAINT z CHECK (a > 0);" + LATE, K),
    Case(
        TWICE,
        "a partition tree is told once",
        TREE + "ALTER TABLE t ADD CONSTRAINT j CHECK (a > 0), ADD CONSTRAINT k CHECK (a > 0);",
        K,
    ),
    Case(
        TWICE,
        "one is not enforced",
        T + "ALTER TABLE t ADD CONSTRAINT j CHECK (a > 0), ADD CONSTRAINT k CHECK (a > 0) NOT ENFORCED;",
        since=18,
    ),
    Case(
        REPEATED,
        "of a column that is not null",
        "CREATE TABLE t (a int NOT NULL, CONSTRAINT k CHECK (a IS NOT NULL));",
        K,
    ),
    Case(REPEATED, "of a column that may be null", T + "ALTER TABLE t ADD CONSTRAINT k CHECK (a IS NOT NULL);"),
    Case(
        REPEATED,
        "of two columns",
        "CREATE TABLE t (a int NOT NULL, b int, CONSTRAINT k CHECK (a IS NOT NULL OR b IS NOT NULL));",
    ),
]
