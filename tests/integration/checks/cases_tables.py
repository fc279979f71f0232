# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Truth table of the checks of tables."""

from __future__ import annotations

from cases import Case
from cases_sequences import with_rows

NO_PK = "table-no-primary-key"
NO_KEY = "table-no-unique-key"
IDENTITY = "table-no-replica-identity"
UNLOGGED = "table-unlogged"
LIMIT = "table-column-limit"
ORDER = "table-column-order"

BARE = "CREATE TABLE t (a int, b text);"
FILLED = "CREATE TABLE t (a int NOT NULL, b text NOT NULL, c int);"
TREE = "CREATE TABLE t (a int NOT NULL, b text) PARTITION BY LIST (a);"
LEAVES = "CREATE TABLE t1 PARTITION OF t FOR VALUES IN (1); CREATE TABLE t2 PARTITION OF t DEFAULT;"
ODD = 'CREATE TABLE "Odd "".name" ("Key " int NOT NULL); CREATE UNIQUE INDEX "x "".y" ON "Odd "".name" ("Key ");'


def published(what: str = "TABLE {schema}.t", publish: str = "") -> str:
    """Publish it, named after the schema; `publish` limits the verbs."""
    options = f" WITH (publish = '{publish}')" if publish else ""
    return f"CREATE PUBLICATION {{schema}}_changes FOR {what}{options};"


CASES = [
    Case("table-without-partitions", "no partition", "CREATE TABLE t (id int) PARTITION BY RANGE (id);", {"t"}),
    Case(
        "table-without-partitions",
        "a partition without partitions",
        "CREATE TABLE t (id int, k int) PARTITION BY LIST (k);"
        "CREATE TABLE t1 PARTITION OF t FOR VALUES IN (1) PARTITION BY RANGE (id);",
        {"t1"},
    ),
    Case(
        "table-without-partitions",
        "a default partition",
        "CREATE TABLE t (id int) PARTITION BY RANGE (id); CREATE TABLE t1 PARTITION OF t DEFAULT;"
        "CREATE TABLE u (id int);",
    ),
    Case(NO_PK, "no key at all", BARE, {"t"}),
    Case(
        NO_PK,
        "a table of an extension",
        BARE,
        setup="CREATE EXTENSION IF NOT EXISTS citext; ALTER EXTENSION citext ADD TABLE t",
    ),
    Case(NO_PK, "a primary key", "CREATE TABLE t (a int PRIMARY KEY);"),
    Case(NO_PK, "a deferrable primary key", "CREATE TABLE t (a int PRIMARY KEY DEFERRABLE);"),
    Case(NO_PK, "a unique constraint", "CREATE TABLE t (a int NOT NULL UNIQUE);", {"t"}, severity="info"),
    Case(NO_PK, "a unique index to use", FILLED + "CREATE UNIQUE INDEX k ON t (a, b);", {"t"}, severity="info"),
    Case(NO_PK, "unique with INCLUDE", FILLED + "CREATE UNIQUE INDEX k ON t (a) INCLUDE (c);", {"t"}, severity="info"),
    Case(NO_PK, "unique, descending", FILLED + "CREATE UNIQUE INDEX k ON t (a DESC);", {"t"}, severity="info"),
    Case(
        NO_PK,
        "unique, another class",
        FILLED + "CREATE UNIQUE INDEX ON t (b text_pattern_ops);",
        {"t"},
        severity="info",
    ),
    Case(
        NO_PK, "unique, another collation", FILLED + 'CREATE UNIQUE INDEX ON t (b COLLATE "C");', {"t"}, severity="info"
    ),
    Case(NO_PK, "unique and nullable", "CREATE TABLE t (a int UNIQUE);", {"t"}),
    Case(NO_PK, "unique, of some rows", FILLED + "CREATE UNIQUE INDEX ON t (a) WHERE c > 0;", {"t"}),
    Case(
        NO_PK,
        "unique and the replica identity",
        FILLED + "CREATE UNIQUE INDEX k ON t (a); ALTER TABLE t REPLICA IDENTITY USING INDEX k;",
        {"t"},
        severity="info",
    ),
    Case(
        NO_PK,
        "unique and referred to",
        FILLED + "CREATE UNIQUE INDEX k ON t (a); CREATE TABLE u (id int PRIMARY KEY, a int REFERENCES t (a));",
        {"t"},
        severity="info",
    ),
    Case(NO_PK, "odd names", ODD, {'"Odd "".name"'}, severity="info"),
    Case(NO_PK, "unlogged", "CREATE UNLOGGED TABLE t (a int);", {"t"}, severity="info"),
    Case(NO_PK, "a tree without", TREE + LEAVES, {"t"}),
    Case(NO_PK, "a tree with a unique index", TREE + LEAVES + "CREATE UNIQUE INDEX ON t (a);", {"t"}, severity="info"),
    Case(NO_PK, "a tree with a key", TREE + LEAVES + "ALTER TABLE t ADD PRIMARY KEY (a);"),
    Case(NO_PK, "an inheriting table", "CREATE TABLE p (a int PRIMARY KEY); CREATE TABLE c () INHERITS (p);", {"c"}),
    Case(NO_PK, "a view", "CREATE VIEW v AS SELECT 1 AS a;"),
    Case(NO_PK, "a domain as key", "CREATE DOMAIN d AS int; CREATE TABLE t (a d PRIMARY KEY);"),
    Case(NO_KEY, "nothing", BARE, {"t"}),
    Case(NO_KEY, "a primary key", "CREATE TABLE t (a int PRIMARY KEY);"),
    Case(NO_KEY, "a unique constraint", "CREATE TABLE t (a int NOT NULL UNIQUE);"),
    Case(NO_KEY, "unique and nullable", "CREATE TABLE t (a int UNIQUE);", {"t"}),
    Case(NO_KEY, "unique with one NULL", "CREATE TABLE t (a int UNIQUE NULLS NOT DISTINCT);", since=15),
    Case(NO_KEY, "unique over an expression", FILLED + "CREATE UNIQUE INDEX ON t (lower(b));", {"t"}),
    Case(NO_KEY, "unique, of some rows", FILLED + "CREATE UNIQUE INDEX ON t (a) WHERE c > 0;", {"t"}),
    Case(NO_KEY, "deferrable unique", "CREATE TABLE t (a int NOT NULL UNIQUE DEFERRABLE);", {"t"}),
    Case(NO_KEY, "one nullable column of two", "CREATE TABLE t (a int NOT NULL, b int, UNIQUE (a, b));", {"t"}),
    Case(NO_KEY, "a NOT NULL domain", "CREATE DOMAIN d AS int; CREATE TABLE t (a d NOT NULL UNIQUE);"),
    Case(
        NO_KEY,
        "an exclusion constraint",
        "CREATE TABLE t (a int4range NOT NULL, EXCLUDE USING gist (a WITH &&));",
        {"t"},
    ),
    Case(
        NO_KEY,
        "an invalid unique index",
        FILLED,
        {"t"},
        setup="""
        SET allow_system_table_mods = on; CREATE UNIQUE INDEX k ON t (a);
        UPDATE pg_index SET indisvalid = false WHERE indexrelid = '{schema}.k'::regclass;""",
    ),
    Case(NO_KEY, "a tree without", TREE + LEAVES, {"t"}),
    Case(NO_KEY, "a tree with a key", TREE + LEAVES + "ALTER TABLE t ADD UNIQUE (a);"),
    Case(IDENTITY, "no key", BARE, {"t"}, setup=published()),
    Case(IDENTITY, "not published", BARE),
    Case(IDENTITY, "inserts alone", BARE, setup=published(publish="insert, truncate")),
    Case(IDENTITY, "deletes alone", BARE, {"t"}, setup=published(publish="insert, delete")),
    Case(IDENTITY, "a primary key", "CREATE TABLE t (a int PRIMARY KEY);", setup=published()),
    Case(IDENTITY, "full", BARE + "ALTER TABLE t REPLICA IDENTITY FULL;", setup=published()),
    Case(
        IDENTITY,
        "nothing, with a key",
        "CREATE TABLE t (a int PRIMARY KEY); ALTER TABLE t REPLICA IDENTITY NOTHING;",
        {"t"},
        setup=published(),
    ),
    Case(IDENTITY, "a deferrable key", "CREATE TABLE t (a int PRIMARY KEY DEFERRABLE);", {"t"}, setup=published()),
    Case(IDENTITY, "a unique key not used", "CREATE TABLE t (a int NOT NULL UNIQUE);", {"t"}, setup=published()),
    Case(
        IDENTITY,
        "a unique key in use",
        "CREATE TABLE t (a int NOT NULL, CONSTRAINT k UNIQUE (a)); ALTER TABLE t REPLICA IDENTITY USING INDEX k;",
        setup=published(),
    ),
    Case(
        IDENTITY,
        "its index was dropped",
        "CREATE TABLE t (a int PRIMARY KEY, b int NOT NULL, CONSTRAINT k UNIQUE (b));"
        "ALTER TABLE t REPLICA IDENTITY USING INDEX k; ALTER TABLE t DROP CONSTRAINT k;",
        {"t"},
        setup=published(),
    ),
    Case(
        IDENTITY,
        "one partition of a tree",
        TREE + LEAVES + "ALTER TABLE t1 ADD PRIMARY KEY (a);",
        {"t"},
        setup=published(),
    ),
    Case(
        IDENTITY,
        "a tree through its root",
        TREE + LEAVES + "ALTER TABLE t ADD UNIQUE (a);",
        {"t"},
        setup=published() + "ALTER PUBLICATION {schema}_changes SET (publish_via_partition_root = true);",
    ),
    Case(IDENTITY, "a tree with a key", TREE + LEAVES + "ALTER TABLE t ADD PRIMARY KEY (a);", setup=published()),
    Case(IDENTITY, "a whole schema", BARE, {"t"}, setup=published("TABLES IN SCHEMA {schema}"), since=15),
    Case(UNLOGGED, "unlogged", "CREATE UNLOGGED TABLE t (a int);", {"t"}),
    Case(UNLOGGED, "with a serial", "CREATE UNLOGGED TABLE t (id serial PRIMARY KEY, a int UNIQUE);", {"t"}),
    Case(
        UNLOGGED,
        "with an identity",
        "CREATE UNLOGGED TABLE t (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, a int);",
        {"t"},
    ),
    Case(
        UNLOGGED,
        "with a logged serial",
        "CREATE UNLOGGED TABLE t (id serial PRIMARY KEY); ALTER SEQUENCE t_id_seq SET LOGGED;",
        {"t"},
        since=15,
    ),
    Case(
        UNLOGGED,
        "refers to another",
        "CREATE UNLOGGED TABLE p (id int PRIMARY KEY); CREATE UNLOGGED TABLE t (p int REFERENCES p);",
        {"p", "t"},
    ),
    Case(UNLOGGED, "refers to itself", "CREATE UNLOGGED TABLE t (id int PRIMARY KEY, up int REFERENCES t);", {"t"}),
    Case(
        UNLOGGED,
        "a partition",
        TREE + "CREATE TABLE t1 PARTITION OF t FOR VALUES IN (1); CREATE UNLOGGED TABLE t2 PARTITION OF t DEFAULT;",
        {"t"},
    ),
    Case(UNLOGGED, "logged", BARE),
    Case(
        LIMIT,
        "nearly full",
        """DO $$ BEGIN EXECUTE format('CREATE TABLE t (%s)',
         (SELECT string_agg('c' || n || ' bool', ', ') FROM generate_series(1, 1450) n)); END $$;""",
        {"t"},
    ),
    Case(
        LIMIT,
        "half of it dropped",
        """DO $$ BEGIN
         EXECUTE format('CREATE TABLE t (%s)',
           (SELECT string_agg('c' || n || ' bool', ', ') FROM generate_series(1, 1440) n));
         EXECUTE format('ALTER TABLE t %s',
           (SELECT string_agg('DROP COLUMN c' || n, ', ') FROM generate_series(1, 720) n)); END $$;""",
        {"t"},
    ),
    Case(
        LIMIT,
        "room enough",
        """DO $$ BEGIN EXECUTE format('CREATE TABLE t (%s)',
         (SELECT string_agg('c' || n || ' bool', ', ') FROM generate_series(1, 1400) n)); END $$;""",
    ),
    Case(LIMIT, "a stricter limit", BARE, {"t"}, limits={"percent": 0.1}),
    Case(
        ORDER,
        "bools between bigints",
        "CREATE TABLE t (a bool, b bigint, c bool, d bigint);",
        {"t"},
        alter=with_rows(2e7),
    ),
    Case(
        ORDER,
        "the same behind text",
        "CREATE TABLE t (x text, b bigint, y text, d bigint, c bool);",
        {"t"},
        alter=with_rows(3e7),
    ),
    Case(ORDER, "in order", "CREATE TABLE t (b bigint, d bigint, a bool, c bool, e text);", alter=with_rows(2e9)),
    Case(ORDER, "padding at the end instead", "CREATE TABLE t (a bool, b bigint);", alter=with_rows(2e9)),
    Case(ORDER, "few rows", "CREATE TABLE t (a bool, b bigint, c bool, d bigint);", alter=with_rows(1e6)),
    Case(ORDER, "short types", "CREATE TABLE t (a int, b smallint, c smallint, d date);", alter=with_rows(2e9)),
]
