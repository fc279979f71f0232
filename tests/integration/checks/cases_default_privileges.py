# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Truth table of the checks of default privileges."""

from __future__ import annotations

from cases import Case

MISSING = "default-privileges-missing"

TABLES = "".join(f"CREATE TABLE t{number} (id serial);" for number in range(1, 5))
SOME = "GRANT SELECT, INSERT ON t1, t2, t3 TO ollama;"
DRAWS = "GRANT USAGE ON ALL SEQUENCES IN SCHEMA {schema} TO ollama;"
DEFAULT = "ALTER DEFAULT PRIVILEGES FOR ROLE case_owner IN SCHEMA {schema} GRANT"
FOUND = {"ollama"}

CASES = [
    Case(MISSING, "most tables", TABLES + SOME, FOUND),
    Case(MISSING, "most tables and sequences", TABLES + SOME + DRAWS, FOUND),
    Case(MISSING, "half of the tables", TABLES + "GRANT SELECT ON t1, t2 TO ollama;"),
    Case(
        MISSING,
        "half of the tables, where that is most",
        TABLES + "GRANT SELECT ON t1, t2 TO ollama;",
        FOUND,
        limits={"share": 50},
    ),
    Case(MISSING, "two tables", "CREATE TABLE a (i int); CREATE TABLE b (i int); GRANT SELECT ON a, b TO ollama;"),
    Case(MISSING, "given", TABLES + SOME + DEFAULT + " SELECT, INSERT, UPDATE ON TABLES TO ollama;"),
    Case(MISSING, "given in part", TABLES + SOME + DEFAULT + " SELECT ON TABLES TO ollama;", FOUND),
    Case(MISSING, "given to everybody", TABLES + SOME + DEFAULT + " SELECT, INSERT ON TABLES TO PUBLIC;"),
    Case(MISSING, "everybody", TABLES + "GRANT SELECT ON t1, t2, t3, t4 TO PUBLIC;"),
    Case(MISSING, "a superuser", TABLES, setup="GRANT SELECT ON t1, t2, t3, t4 TO CURRENT_USER;"),
    Case(MISSING, "nobody", TABLES),
    Case(
        MISSING,
        "the contract says all",
        "CREATE TABLE a (i int);",
        FOUND,
        contract={"grants": [{"role": "ollama", "privileges": ["select"], "tables": "all"}]},
    ),
    Case(
        MISSING,
        "the contract names one",
        "CREATE TABLE a (i int);",
        contract={
            "tables": {"a": {"columns": {"i": {}}}},
            "grants": [{"role": "ollama", "privileges": ["select"], "tables": ["a"]}],
        },
    ),
    Case(
        MISSING,
        "partitions do not count",
        "CREATE TABLE p (i int) PARTITION BY LIST (i); CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1);"
        "CREATE TABLE p2 PARTITION OF p FOR VALUES IN (2); GRANT SELECT ON p, p1, p2 TO ollama;",
    ),
]
