# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Truth table of the checks of what foreign keys join."""

from __future__ import annotations

from cases import Case

MODELS = "CREATE TABLE models (id int PRIMARY KEY, name text);"
SEEMS = MODELS + "CREATE TABLE t (id int PRIMARY KEY, model_id int);"
FILLED = SEEMS + "INSERT INTO models VALUES (1); INSERT INTO t VALUES (1, 1);"
COLUMN = {"t.model_id"}
MISSING = "fk-missing"
HEIRS = "fk-inheritance"
CYCLE = "fk-cycle"
OUTSIDE = "fk-outside-schema"
UNIQUE = "fk-references-unique-not-pk"
PAIR = "CREATE TABLE a (id int PRIMARY KEY, b {0}); CREATE TABLE b (id int PRIMARY KEY, a {0} REFERENCES a);"
RING = PAIR + "ALTER TABLE a ADD FOREIGN KEY (b) REFERENCES b"

CASES = [
    Case(MISSING, "named after a table", FILLED, COLUMN),
    Case(MISSING, "named after a table, without a row", SEEMS, COLUMN, severity="info"),
    Case(MISSING, "with an index", FILLED + "CREATE INDEX ON t (model_id);", COLUMN),
    Case(MISSING, "without an index, whose name is taken", FILLED + "CREATE TABLE t_model_id_idx (id int);", COLUMN),
    Case(MISSING, "with a key", SEEMS + "ALTER TABLE t ADD FOREIGN KEY (model_id) REFERENCES models;"),
    Case(
        MISSING,
        "with a key that is not valid",
        SEEMS + "ALTER TABLE t ADD FOREIGN KEY (model_id) REFERENCES models NOT VALID;",
    ),
    Case(
        MISSING,
        "the column is the primary key",
        MODELS + "CREATE TABLE t (model_id int PRIMARY KEY);",
        COLUMN,
        severity="info",
    ),
    Case(
        MISSING,
        "a few refer to nothing",
        SEEMS
        + "INSERT INTO models SELECT generate_series(1, 9); INSERT INTO t SELECT i, i FROM generate_series(1, 10) i;",
        COLUMN,
    ),
    Case(MISSING, "most refer to nothing", SEEMS + "INSERT INTO t VALUES (1, 7), (2, NULL);", COLUMN, severity="info"),
    Case(MISSING, "of several kinds", SEEMS + "ALTER TABLE t ADD model_type text;"),
    Case(MISSING, "no such table", "CREATE TABLE t (model_id int);"),
    Case(MISSING, "another type", MODELS + "CREATE TABLE t (model_id text);"),
    Case(MISSING, "a wider number", MODELS + "CREATE TABLE t (model_id bigint);", COLUMN, severity="info"),
    Case(
        MISSING,
        "a text that is longer",
        "CREATE TABLE models (id text PRIMARY KEY); CREATE TABLE t (model_id varchar(9));",
        COLUMN,
        severity="info",
    ),
    Case(
        MISSING,
        "a narrower number",
        "CREATE TABLE models (id bigint PRIMARY KEY); CREATE TABLE t (model_id int);"
        "INSERT INTO models VALUES (1); INSERT INTO t VALUES (1);",
        COLUMN,
        unfixed="there is no fix before the column is as wide as the key",
    ),
    Case(MISSING, "a table without a key", "CREATE TABLE models (id int); CREATE TABLE t (model_id int);"),
    Case(
        MISSING,
        "a key of another name",
        "CREATE TABLE models (code int PRIMARY KEY); CREATE TABLE t (model_id int);",
    ),
    Case(
        MISSING,
        "a key of the same name",
        "CREATE TABLE model (model_id int PRIMARY KEY); CREATE TABLE t (model_id int);",
        COLUMN,
        severity="info",
    ),
    Case(
        MISSING,
        "a key of two columns",
        "CREATE TABLE models (id int, v int, PRIMARY KEY (id, v)); CREATE TABLE t (model_id int);",
    ),
    Case(MISSING, "its own table", "CREATE TABLE models (id int PRIMARY KEY, model_id int);"),
    Case(MISSING, "a view", MODELS + "CREATE VIEW t AS SELECT id AS model_id FROM models;"),
    Case(
        MISSING,
        "a longer plural",
        "CREATE TABLE categories (id int PRIMARY KEY); CREATE TABLE boxes (id int PRIMARY KEY);"
        "CREATE TABLE t (category_id int, box_id int);",
        {"t.category_id", "t.box_id"},
        severity="info",
    ),
    Case(
        MISSING,
        "mixed case",
        'CREATE TABLE "Model" (id int PRIMARY KEY); CREATE TABLE "T t" ("modelId" int);',
        {'"T t"."modelId"'},
        severity="info",
    ),
    Case(
        MISSING,
        "a part of a key of two columns",
        "CREATE TABLE models (id int PRIMARY KEY, v int, UNIQUE (id, v));"
        "CREATE TABLE t (model_id int, v int, FOREIGN KEY (model_id, v) REFERENCES models (id, v));",
    ),
    Case(
        MISSING,
        "a partition tree is told once",
        MODELS + "CREATE TABLE t (model_id int, k int) PARTITION BY LIST (k);"
        "CREATE TABLE t1 PARTITION OF t FOR VALUES IN (1);",
        COLUMN,
        severity="info",
    ),
    Case(
        MISSING,
        "a generated column",
        MODELS + "CREATE TABLE t (a int, model_id int GENERATED ALWAYS AS (a + 1) STORED);",
    ),
    Case(
        MISSING,
        "a name that is taken",
        SEEMS + "ALTER TABLE t ADD CONSTRAINT t_model_id_fkey CHECK (model_id > 0);",
        COLUMN,
        severity="info",
    ),
    Case(
        HEIRS,
        "to a table with heirs",
        MODELS + "CREATE TABLE m () INHERITS (models); CREATE TABLE t (m int CONSTRAINT f REFERENCES models);",
        {"t.f"},
    ),
    Case(
        HEIRS,
        "of a table with heirs",
        SEEMS
        + "ALTER TABLE t ADD CONSTRAINT f FOREIGN KEY (model_id) REFERENCES models; CREATE TABLE u () INHERITS (t);",
        {"t.f"},
    ),
    Case(
        HEIRS,
        "an heir with a key of its own",
        SEEMS + "CREATE TABLE u (FOREIGN KEY (model_id) REFERENCES models) INHERITS (t);"
        "ALTER TABLE t ADD FOREIGN KEY (model_id) REFERENCES models;",
    ),
    Case(
        HEIRS,
        "partitions",
        "CREATE TABLE q (id int PRIMARY KEY) PARTITION BY LIST (id); CREATE TABLE q1 PARTITION OF q FOR VALUES IN (1);"
        "CREATE TABLE t (q int REFERENCES q) PARTITION BY LIST (q); CREATE TABLE t1 PARTITION OF t FOR VALUES IN (1);",
    ),
    Case(CYCLE, "two tables", RING.format("int"), {"a"}),
    Case(CYCLE, "two tables that cannot begin", RING.format("int NOT NULL"), {"a"}, severity="warning"),
    Case(CYCLE, "two tables that can wait", RING.format("int NOT NULL") + " DEFERRABLE", {"a"}),
    Case(CYCLE, "to itself", "CREATE TABLE t (id int PRIMARY KEY, q int REFERENCES t);"),
    Case(CYCLE, "a chain", PAIR.format("int") + "CREATE TABLE c (b int REFERENCES b, a int REFERENCES a);"),
    Case(
        CYCLE,
        "three tables and what hangs on them",
        "CREATE TABLE c (id int PRIMARY KEY, n int); CREATE TABLE b (id int PRIMARY KEY, n int REFERENCES c);"
        "CREATE TABLE a (id int PRIMARY KEY, n int REFERENCES b); ALTER TABLE c ADD FOREIGN KEY (n) REFERENCES a;"
        "CREATE TABLE aa (n int REFERENCES a);",
        {"a"},
    ),
    Case(
        OUTSIDE,
        "another schema",
        MODELS + "CREATE TABLE t (m int);",
        {"t.f"},
        setup="CREATE SCHEMA {schema}_other; CREATE TABLE {schema}_other.q (id int PRIMARY KEY);"
        "ALTER TABLE t ADD CONSTRAINT f FOREIGN KEY (m) REFERENCES {schema}_other.q;",
    ),
    Case(OUTSIDE, "the same schema", MODELS + "CREATE TABLE t (m int REFERENCES models);"),
    Case(
        UNIQUE,
        "to a unique key",
        "CREATE TABLE q (id int PRIMARY KEY, u int UNIQUE); CREATE TABLE t (u int CONSTRAINT f REFERENCES q (u));",
        {"t.f"},
    ),
    Case(
        UNIQUE,
        "to the primary key in another order",
        "CREATE TABLE q (a int, b int, PRIMARY KEY (a, b));"
        "CREATE TABLE t (a int, b int, FOREIGN KEY (b, a) REFERENCES q (b, a));",
    ),
]
