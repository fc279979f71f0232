# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Truth table of the checks of keys and indexes against a contract."""

from __future__ import annotations

from typing import Any

from cases import Case

PRIMARY = "contract-primary-key"
UNIQUE = "contract-unique-missing"
FOREIGN = "contract-foreign-key-missing"
INDEX = "contract-index-missing"

QUOTED = '"By A"'
PLAIN = "CREATE TABLE t (a int NOT NULL, b int NOT NULL, c text); "
PARTED = "CREATE TABLE t (a int NOT NULL, b int NOT NULL, c text) PARTITION BY LIST (a); "
PAIR = "CREATE TABLE q (id int PRIMARY KEY); CREATE TABLE t (a int NOT NULL, b int NOT NULL, c text); "


def table(**said: Any) -> dict[str, Any]:
    """A contract that says this of t."""
    return {"tables": {"t": {"columns": {"a": {}, "b": {}, "c": {}}, **said}}}


def refers(columns: list[str], **said: Any) -> dict[str, Any]:
    """A contract with a foreign key from t to q."""
    key = {"columns": columns, "references": "q", **said}
    contract = table(foreign_keys=[key])
    contract["tables"]["q"] = {"columns": {"id": {}}, "primary_key": ["id"]}
    return contract


def index(columns: list[str], **said: Any) -> dict[str, Any]:
    """A contract with an index of t."""
    return table(indexes=[{"columns": columns, **said}])


CASES = [
    Case(
        PRIMARY, "none", PLAIN + "INSERT INTO t VALUES (1, 1), (1, 2);", {"t"}, contract=table(primary_key=["a", "b"])
    ),
    Case(
        PRIMARY,
        "none, and its name is taken",
        PLAIN + "CREATE TABLE t_pkey ();",
        {"t"},
        contract=table(primary_key=["a"]),
    ),
    Case(
        PRIMARY,
        "another",
        "CREATE TABLE t (a int PRIMARY KEY, b int NOT NULL, c text);",
        {"t"},
        contract=table(primary_key=["b"]),
    ),
    Case(PRIMARY, "none over a column that may be NULL", PLAIN, {"t"}, contract=table(primary_key=["c"])),
    Case(PRIMARY, "none on a partitioned table", PARTED, {"t"}, contract=table(primary_key=["a"])),
    Case(
        PRIMARY,
        "the columns in another order",
        "CREATE TABLE t (a int, b int, c text, PRIMARY KEY (b, a));",
        contract=table(primary_key=["a", "b"]),
    ),
    Case(PRIMARY, "none is said", PLAIN, contract=table()),
    Case(
        UNIQUE,
        "none",
        PLAIN + "INSERT INTO t VALUES (1, 1, NULL), (1, 2, NULL);",
        {"t.a.b", "t.c"},
        contract=table(unique=[["a", "b"], ["c"]]),
    ),
    Case(
        UNIQUE,
        "of some rows, over an expression, over more columns",
        PLAIN + "CREATE UNIQUE INDEX ON t (c) WHERE a > 0; CREATE UNIQUE INDEX ON t (lower(c)); "
        "CREATE UNIQUE INDEX ON t (c, a);",
        {"t.c"},
        contract=table(unique=[["c"]]),
    ),
    Case(
        UNIQUE,
        "included columns are no part of the key",
        PLAIN + "CREATE UNIQUE INDEX ON t (a) INCLUDE (b);",
        {"t.a.b"},
        contract=table(unique=[["a", "b"]]),
    ),
    Case(UNIQUE, "none on a partitioned table", PARTED, {"t.a"}, contract=table(unique=[["a"]])),
    Case(
        UNIQUE,
        "a constraint, a bare index, the primary key",
        "CREATE TABLE t (a int PRIMARY KEY, b int UNIQUE, c text); CREATE UNIQUE INDEX ON t (c, b);",
        contract=table(unique=[["a"], ["b"], ["b", "c"]]),
    ),
    Case(
        FOREIGN,
        "none",
        PAIR + "INSERT INTO q VALUES (1); INSERT INTO t VALUES (1, 1);",
        {"t.a"},
        contract=refers(["a"], on_delete="cascade", on_update="set default"),
    ),
    Case(
        FOREIGN,
        "none, and its name is taken",
        PAIR + "ALTER TABLE t ADD CONSTRAINT t_a_fkey CHECK (a > 0);",
        {"t.a"},
        contract=refers(["a"]),
    ),
    Case(
        FOREIGN,
        "none, and rows that refer to nothing",
        PAIR + "INSERT INTO t VALUES (1, 1);",
        {"t.a"},
        contract=refers(["a"]),
    ),
    Case(
        FOREIGN,
        "another column refers",
        PAIR + "ALTER TABLE t ADD FOREIGN KEY (b) REFERENCES q;",
        {"t.a"},
        contract=refers(["a"]),
    ),
    Case(FOREIGN, "types that do not go together", PAIR, {"t.c"}, contract=refers(["c"])),
    Case(
        FOREIGN,
        "nothing keeps what is referred to unique",
        "CREATE TABLE q (id int); CREATE TABLE t (a int, b int, c text);",
        {"t.a"},
        contract=refers(["a"]),
    ),
    Case(
        FOREIGN,
        "a partitioned table",
        PARTED + "CREATE TABLE q (id int PRIMARY KEY); CREATE TABLE t1 PARTITION OF t FOR VALUES IN (1);",
        {"t.b"},
        contract=refers(["b"]),
    ),
    Case(
        FOREIGN,
        "other rules",
        PAIR + "ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES q ON DELETE SET NULL;",
        contract=refers(["a"], on_delete="cascade"),
    ),
    Case(
        FOREIGN,
        "the columns in another order",
        "CREATE TABLE q (id int, x int, PRIMARY KEY (id, x)); "
        "CREATE TABLE t (a int, b int, c text, FOREIGN KEY (b, a) REFERENCES q (x, id));",
        contract={
            "tables": {
                "q": {"columns": {"id": {}, "x": {}}, "primary_key": ["id", "x"]},
                "t": {
                    "columns": {"a": {}, "b": {}, "c": {}},
                    "foreign_keys": [{"columns": ["a", "b"], "references": "q"}],
                },
            }
        },
    ),
    Case(INDEX, "none", PLAIN, {"t"}, contract=index(["a"])),
    Case(INDEX, "the second column of an index", PLAIN + "CREATE INDEX ON t (b, a);", {"t"}, contract=index(["a"])),
    Case(INDEX, "one that is not unique", PLAIN + "CREATE INDEX ON t (a);", {"t"}, contract=index(["a"], unique=True)),
    Case(INDEX, "one of another method", PLAIN + "CREATE INDEX ON t (a);", {"t"}, contract=index(["a"], method="hash")),
    Case(
        INDEX,
        "one by another name",
        PLAIN + "CREATE INDEX ON t (a);",
        {"t"},
        contract=index(["a"], name=QUOTED),
    ),
    Case(INDEX, "one of all rows", PLAIN + "CREATE INDEX ON t (a);", {"t"}, contract=index(["a"], where="b > 0")),
    Case(INDEX, "one of some rows", PLAIN + "CREATE INDEX ON t (a) WHERE b > 0;", {"t"}, contract=index(["a"])),
    Case(INDEX, "a column that is missing", "CREATE TABLE t (b int);", {"t"}, contract=index(["a"])),
    Case(INDEX, "none on a partitioned table", PARTED, {"t"}, contract=index(["b"])),
    Case(INDEX, "a name that another has", PLAIN + "CREATE TABLE x ();", {"t"}, contract=index(["a"], name="x")),
    Case(
        INDEX,
        "the columns, the method, the condition and the name",
        PLAIN + "CREATE INDEX x ON t USING hash (c) WHERE b > 0 AND c = 'y';",
        contract=index(["c"], method="hash", where="((b > 0) AND (c = 'y'::text))", name="x"),
    ),
    Case(INDEX, "a wider one", PLAIN + "CREATE INDEX ON t (a, b);", contract=index(["a"])),
    Case(
        INDEX,
        "the one of a key",
        "CREATE TABLE t (a int PRIMARY KEY, b int, c text);",
        contract=index(["a"], unique=True),
    ),
]
