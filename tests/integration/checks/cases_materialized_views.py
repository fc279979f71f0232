# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Truth table of the checks of materialized views."""

from __future__ import annotations

from cases import Case

FILLED = "matview-not-populated"
UNIQUE = "matview-no-unique-index"
EXPOSED = "matview-exposed"

TABLE = "CREATE TABLE a (id int PRIMARY KEY, x text);"
MADE = TABLE + "CREATE MATERIALIZED VIEW m AS SELECT id, x FROM a;"
SECURED = TABLE + "ALTER TABLE a ENABLE ROW LEVEL SECURITY;"

CASES = [
    Case(FILLED, "made without data", TABLE + "CREATE MATERIALIZED VIEW m AS SELECT * FROM a WITH NO DATA;", {"m"}),
    Case(FILLED, "empty but filled", MADE),
    Case(
        FILLED,
        "above one that is not filled",
        TABLE
        + "CREATE MATERIALIZED VIEW m AS SELECT * FROM a WITH NO DATA;"
        + "CREATE VIEW v AS SELECT * FROM m; CREATE MATERIALIZED VIEW n AS SELECT * FROM v WITH NO DATA;",
        {"m", "n"},
    ),
    Case(
        FILLED,
        "odd names",
        TABLE + 'CREATE MATERIALIZED VIEW "M ""x"".y" AS SELECT * FROM a WITH NO DATA;',
        {'"M ""x"".y"'},
    ),
    Case(UNIQUE, "no index", MADE, {"m"}),
    Case(UNIQUE, "a unique index", MADE + "CREATE UNIQUE INDEX ON m (id);"),
    Case(UNIQUE, "a plain index", MADE + "CREATE INDEX ON m (id);", {"m"}),
    Case(UNIQUE, "a unique index of some rows", MADE + "CREATE UNIQUE INDEX ON m (id) WHERE id > 0;", {"m"}),
    Case(UNIQUE, "a unique index on an expression", MADE + "CREATE UNIQUE INDEX ON m ((id + 0));", {"m"}),
    Case(UNIQUE, "a unique index with INCLUDE", MADE + "CREATE UNIQUE INDEX ON m (id) INCLUDE (x);"),
    Case(
        UNIQUE,
        "a unique index that is not valid",
        MADE + "CREATE UNIQUE INDEX k ON m (id);",
        {"m"},
        setup="UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'k'::regclass;",
    ),
    Case(
        EXPOSED,
        "a copy of secured rows",
        SECURED + "CREATE MATERIALIZED VIEW m AS SELECT * FROM a; GRANT SELECT ON m TO ollama;",
        {"m"},
    ),
    Case(
        EXPOSED,
        "through a view",
        SECURED
        + "CREATE VIEW v AS SELECT * FROM a; CREATE MATERIALIZED VIEW m AS SELECT x FROM v;"
        + "GRANT SELECT ON m TO PUBLIC;",
        {"m"},
    ),
    Case(EXPOSED, "no row security", MADE + "GRANT SELECT ON m TO ollama;"),
    Case(EXPOSED, "nobody may read it", SECURED + "CREATE MATERIALIZED VIEW m AS SELECT * FROM a;"),
    Case(
        EXPOSED,
        "for those whom row security does not hold",
        SECURED + "CREATE MATERIALIZED VIEW m AS SELECT * FROM a;",
        setup="GRANT SELECT ON m TO CURRENT_USER;",
    ),
]
