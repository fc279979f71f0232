# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Truth table of the checks of what foreign keys do."""

from __future__ import annotations

from typing import Any

from cases import Case

PARENT = (
    "CREATE TABLE p (a int, b int, PRIMARY KEY (a, b), UNIQUE (b, a));"
    "CREATE TABLE q (id int PRIMARY KEY, u int UNIQUE);"
)
LATE = PARENT + "CREATE TABLE t (q int); ALTER TABLE t ADD FOREIGN KEY (q) REFERENCES q NOT VALID;"
TREE = "CREATE TABLE {0} PARTITION BY LIST ({1}); CREATE TABLE {2}1 PARTITION OF {2} FOR VALUES IN (1);"
PARTITIONED = PARENT + TREE.format("t (q int, k int)", "k", "t")
KEY = {"t.t_q_fkey"}
SECOND = {"t.t_q_fkey1"}
NOT_VALID = "fk-not-valid"
TWICE = "fk-duplicate"
IMPLIED = "fk-redundant"
SHARED = "fk-intersecting"
FAILS = "fk-always-fails"
RULES = "fk-delete-rule-unexpected"
HALF = "fk-nullable-composite"
SELF = "fk-self-no-action"


def declares(on_delete: str, on_update: str = "no action", parent: str = "q") -> dict[str, Any]:
    """A contract whose table t refers to q, or another parent, with these rules."""
    table = {"columns": {"id": {"type": "integer"}}, "primary_key": ["id"]}
    key = {"columns": ["q"], "references": parent, "referenced_columns": ["id"], "on_delete": on_delete}
    near = {"columns": {"q": {"type": "integer"}}, "foreign_keys": [{**key, "on_update": on_update}]}
    return {"tables": {"t": near, parent: table}}


CASES = [
    Case(NOT_VALID, "no row breaks it", LATE, KEY),
    Case(
        NOT_VALID,
        "a row breaks it",
        PARENT + "CREATE TABLE t (q int); INSERT INTO t VALUES (1), (NULL);"
        "ALTER TABLE t ADD FOREIGN KEY (q) REFERENCES q NOT VALID;",
        KEY,
    ),
    Case(NOT_VALID, "validated", LATE + "ALTER TABLE t VALIDATE CONSTRAINT t_q_fkey;"),
    Case(NOT_VALID, "not enforced", PARENT + "CREATE TABLE t (q int REFERENCES q NOT ENFORCED);", since=18),
    Case(
        NOT_VALID,
        "to itself",
        "CREATE TABLE t (id int PRIMARY KEY, q int); ALTER TABLE t ADD FOREIGN KEY (q) REFERENCES t NOT VALID;",
        KEY,
    ),
    Case(
        NOT_VALID,
        "to a partitioned table",
        TREE.format("q (id int PRIMARY KEY)", "id", "q")
        + "CREATE TABLE t (q int); ALTER TABLE t ADD FOREIGN KEY (q) REFERENCES q NOT VALID;",
        KEY,
    ),
    Case(
        NOT_VALID,
        "a partition tree is told once",
        PARTITIONED + "ALTER TABLE t ADD FOREIGN KEY (q) REFERENCES q NOT VALID;",
        KEY,
        since=18,
    ),
    Case(
        NOT_VALID,
        "match full with odd names",
        'CREATE TABLE "Q q" ("a.b" int, c int, PRIMARY KEY ("a.b", c)); CREATE TABLE "T" ("x""" int, y int);'
        'ALTER TABLE "T" ADD CONSTRAINT "f f" FOREIGN KEY ("x""", y) REFERENCES "Q q" MATCH FULL NOT VALID;',
        {'"T"."f f"'},
    ),
    Case(TWICE, "twice", PARENT + "CREATE TABLE t (q int REFERENCES q REFERENCES q);", SECOND),
    Case(
        TWICE,
        "to different columns",
        PARENT + "CREATE TABLE t (q int REFERENCES q REFERENCES q (u));",
    ),
    Case(
        TWICE,
        "columns in another order",
        PARENT
        + "CREATE TABLE t (a int, b int, FOREIGN KEY (a, b) REFERENCES p, FOREIGN KEY (b, a) REFERENCES p (b, a));",
        {"t.t_b_a_fkey"},
    ),
    Case(
        TWICE,
        "columns crosswise",
        PARENT
        + "CREATE TABLE t (a int, b int, FOREIGN KEY (a, b) REFERENCES p, FOREIGN KEY (b, a) REFERENCES p (a, b));",
    ),
    Case(
        TWICE,
        "with other rules",
        PARENT + "CREATE TABLE t (q int REFERENCES q REFERENCES q ON DELETE CASCADE);",
        SECOND,
    ),
    Case(
        TWICE,
        "the one that is not valid goes",
        PARENT + "CREATE TABLE t (q int CONSTRAINT z REFERENCES q);"
        "ALTER TABLE t ADD CONSTRAINT a FOREIGN KEY (q) REFERENCES q NOT VALID;"
        "COMMENT ON CONSTRAINT a ON t IS 'it''s';",
        {"t.a"},
    ),
    Case(
        TWICE,
        "deferred with all rules",
        PARENT
        + "CREATE TABLE t (q int, r int);"
        + "ALTER TABLE t ADD FOREIGN KEY (q, r) REFERENCES p MATCH FULL ON UPDATE CASCADE ON DELETE SET DEFAULT"
        " DEFERRABLE INITIALLY DEFERRED;" * 2,
        {"t.t_q_r_fkey1"},
    ),
    Case(
        TWICE,
        "set null of one column",
        PARENT
        + "CREATE TABLE t (q int, r int);"
        + "ALTER TABLE t ADD FOREIGN KEY (q, r) REFERENCES p ON DELETE SET NULL (q);" * 2,
        {"t.t_q_r_fkey1"},
        since=15,
    ),
    Case(
        TWICE,
        "a partition tree is told once",
        PARTITIONED + "ALTER TABLE t ADD FOREIGN KEY (q) REFERENCES q;" * 2,
        SECOND,
    ),
    Case(
        IMPLIED,
        "a part of a wider key",
        "CREATE TABLE p (a int UNIQUE, b int, UNIQUE (a, b));"
        "CREATE TABLE t (a int REFERENCES p (a), b int NOT NULL, FOREIGN KEY (a, b) REFERENCES p (a, b));",
        {"t.t_a_fkey"},
    ),
    Case(
        IMPLIED,
        "a wider key that rows get past",
        "CREATE TABLE p (a int UNIQUE, b int, UNIQUE (a, b));"
        "CREATE TABLE t (a int REFERENCES p (a), b int, FOREIGN KEY (a, b) REFERENCES p (a, b));",
    ),
    Case(
        SHARED,
        "a tenant",
        "CREATE TABLE n (a int PRIMARY KEY); CREATE TABLE p (a int, b int, UNIQUE (a, b));"
        "CREATE TABLE t (a int REFERENCES n, b int, FOREIGN KEY (a, b) REFERENCES p (a, b));",
        {"t.t_a_fkey"},
    ),
    Case(SHARED, "a duplicate", PARENT + "CREATE TABLE t (q int REFERENCES q REFERENCES q);"),
    Case(
        FAILS,
        "set null of a column that is not null",
        PARENT + "CREATE TABLE t (q int NOT NULL REFERENCES q ON DELETE SET NULL);",
        KEY,
    ),
    Case(FAILS, "set null", PARENT + "CREATE TABLE t (q int REFERENCES q ON DELETE SET NULL);"),
    Case(FAILS, "cascade", PARENT + "CREATE TABLE t (q int NOT NULL REFERENCES q ON DELETE CASCADE);"),
    Case(FAILS, "a primary key", PARENT + "CREATE TABLE t (q int PRIMARY KEY REFERENCES q ON DELETE SET NULL);", KEY),
    Case(
        FAILS,
        "a domain that is not null",
        PARENT + "CREATE DOMAIN d AS int NOT NULL; CREATE TABLE t (q d REFERENCES q ON UPDATE SET NULL);",
        KEY,
    ),
    Case(
        FAILS,
        "one column may be null and is set",
        PARENT + "CREATE TABLE t (a int NOT NULL, b int, FOREIGN KEY (a, b) REFERENCES p ON DELETE SET NULL (b));",
        since=15,
    ),
    Case(
        FAILS,
        "one column may be null",
        PARENT + "CREATE TABLE t (a int NOT NULL, b int, FOREIGN KEY (a, b) REFERENCES p ON DELETE SET NULL);",
        {"t.t_a_b_fkey"},
    ),
    Case(
        FAILS,
        "set default without a default",
        PARENT + "CREATE TABLE t (q int NOT NULL REFERENCES q ON DELETE SET DEFAULT);",
        KEY,
    ),
    Case(
        FAILS,
        "set default",
        PARENT + "CREATE TABLE t (q int NOT NULL DEFAULT 0 REFERENCES q ON DELETE SET DEFAULT);",
    ),
    Case(
        FAILS,
        "a partition tree is told once",
        PARTITIONED + "ALTER TABLE t ALTER q SET NOT NULL, ADD FOREIGN KEY (q) REFERENCES q ON DELETE SET NULL;",
        KEY,
    ),
    Case(
        RULES,
        "set null instead of cascade",
        PARENT + "CREATE TABLE t (q int REFERENCES q ON DELETE SET NULL);",
        KEY,
        contract=declares("cascade"),
    ),
    Case(
        RULES,
        "as declared",
        PARENT + "CREATE TABLE t (q int REFERENCES q ON DELETE CASCADE ON UPDATE SET NULL);",
        contract=declares("cascade", "set null"),
    ),
    Case(
        RULES,
        "another rule for updates",
        PARENT + "CREATE TABLE t (q int REFERENCES q ON DELETE CASCADE ON UPDATE CASCADE);"
        "COMMENT ON CONSTRAINT t_q_fkey ON t IS 'why';",
        KEY,
        contract=declares("cascade"),
    ),
    Case(
        RULES,
        "restrict is not no action",
        PARENT + "CREATE TABLE t (q int REFERENCES q ON DELETE RESTRICT);",
        KEY,
        contract=declares("no action"),
    ),
    Case(RULES, "no key", PARENT + "CREATE TABLE t (q int);", contract=declares("cascade")),
    Case(
        RULES,
        "not valid, to a partitioned table",
        TREE.format("q (id int PRIMARY KEY)", "id", "q")
        + "CREATE TABLE t (q int); ALTER TABLE t ADD FOREIGN KEY (q) REFERENCES q NOT VALID;",
        KEY,
        contract=declares("cascade"),
    ),
    Case(
        RULES,
        "a partition tree is told once",
        PARTITIONED + "ALTER TABLE t ADD FOREIGN KEY (q) REFERENCES q;",
        KEY,
        contract=declares("cascade"),
    ),
    Case(
        HALF,
        "two columns that may be null",
        PARENT + "CREATE TABLE t (a int, b int, FOREIGN KEY (a, b) REFERENCES p);",
        {"t.t_a_b_fkey"},
    ),
    Case(
        HALF,
        "one column that may be null",
        PARENT + "CREATE TABLE t (a int NOT NULL, b int, FOREIGN KEY (a, b) REFERENCES p);",
    ),
    Case(HALF, "match full", PARENT + "CREATE TABLE t (a int, b int, FOREIGN KEY (a, b) REFERENCES p MATCH FULL);"),
    Case(HALF, "a single column", PARENT + "CREATE TABLE t (q int REFERENCES q);"),
    Case(SELF, "to itself", "CREATE TABLE t (id int PRIMARY KEY, q int REFERENCES t);", KEY),
    Case(SELF, "to itself with cascade", "CREATE TABLE t (id int PRIMARY KEY, q int REFERENCES t ON DELETE CASCADE);"),
]
