# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Truth table of the checks of foreign keys."""

from __future__ import annotations

from cases import Case

PARENT = "CREATE TABLE p (a int, b int, PRIMARY KEY (a, b)); CREATE TABLE q (id int PRIMARY KEY);"
PAIR = PARENT + "CREATE TABLE t (id int PRIMARY KEY, a int, b int, x int, FOREIGN KEY (a, b) REFERENCES p);"
SINGLE = PARENT + "CREATE TABLE t (id int PRIMARY KEY, q int REFERENCES q, deleted bool);"
MISSING = "fk-missing-index"

CASES = [
    Case(MISSING, "no index at all", SINGLE, {"t.t_q_fkey"}),
    Case(MISSING, "a plain index", SINGLE + "CREATE INDEX ON t (q);"),
    Case(MISSING, "a prefix of a wider index", SINGLE + "CREATE INDEX ON t (q, id);"),
    Case(MISSING, "the second column of an index", SINGLE + "CREATE INDEX ON t (id, q);", {"t.t_q_fkey"}),
    Case(MISSING, "columns in another order", PAIR + "CREATE INDEX ON t (b, a);"),
    Case(MISSING, "a column in between", PAIR + "CREATE INDEX ON t (a, x, b);", {"t.t_a_b_fkey"}),
    Case(MISSING, "rows that refer to something", SINGLE + "CREATE INDEX ON t (q) WHERE q IS NOT NULL;"),
    Case(MISSING, "some of the rows", SINGLE + "CREATE INDEX ON t (q) WHERE NOT deleted;", {"t.t_q_fkey"}),
    Case(MISSING, "a hash index", SINGLE + "CREATE INDEX ON t USING hash (q);"),
    Case(MISSING, "a BRIN index", SINGLE + "CREATE INDEX ON t USING brin (q);", {"t.t_q_fkey"}),
    Case(MISSING, "only included", SINGLE + "CREATE INDEX ON t (id) INCLUDE (q);", {"t.t_q_fkey"}),
    Case(MISSING, "an expression", SINGLE + "CREATE INDEX ON t ((q + 0));", {"t.t_q_fkey"}),
]
