# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Truth table of the checks of unused space: estimates; test_bloat.py compares them with measurements."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

from _pgops.checks.seen import Seen
from _pgops.model.catalog.health import SystemTable
from cases import Case

Alter = Callable[[Seen], Seen]

CATALOG, TABLE, INDEX, TOAST = "catalog-bloat", "table-bloat", "index-bloat", "toast-bloat"
SMALL = {"megabytes": 0.2}

FULL = """
CREATE TABLE t (id int, name text, at timestamptz DEFAULT now()) WITH (autovacuum_enabled = false);
INSERT INTO t SELECT n, md5(n::text) FROM generate_series(1, 10000) n;
CREATE INDEX i ON t (name);
"""
SHRUNK = FULL + "DELETE FROM t WHERE id % 4 <> 0;"
EXPRESSION = SHRUNK.replace("ON t (name)", "ON t (lower(name))") + "ANALYZE t;"
LONG = "CREATE TABLE t (v text); INSERT INTO t SELECT string_agg(md5(n::text), '') FROM generate_series(1, 1000) n;"


def catalog(seen: Seen, **changes: Any) -> Seen:
    """The same database with parts of the catalog changed."""
    return dataclasses.replace(seen, catalog=dataclasses.replace(seen.catalog, **changes))


def system_table(rows: float, live: int, dead: int, name: str = "pg_attribute") -> Alter:
    """One system catalog takes 80 MB and has these rows."""

    def alter(seen: Seen) -> Seen:
        one = SystemTable(name, False, 10_240, rows, live, dead, None, None, 5, 5)
        return catalog(seen, system_tables=(one,))

    return alter


def toast(pages: int, rows: float) -> Alter:
    """Every TOAST table has so many pages and chunks."""

    def alter(seen: Seen) -> Seen:
        return catalog(
            seen, toast={oid: one._replace(pages=pages, rows=rows) for oid, one in seen.catalog.toast.items()}
        )

    return alter


def hidden(seen: Seen) -> Seen:
    """This role may read no table, and so sees no statistics."""
    relations = {oid: one._replace(readable=False) for oid, one in seen.catalog.relations.items()}
    return catalog(seen, relations=relations, statistics={})


def case(name: str, found: set[str], alter: Alter) -> Case:
    """A case about a system catalog."""
    return Case(CATALOG, name, "", found, alter=alter, elsewhere=True)


CASES = [
    Case(CATALOG, "a new cluster", "", elsewhere=True),
    case("most rows are dead", {"pg_catalog.pg_attribute"}, system_table(400_000, 100_000, 400_000)),
    case("pages are empty", {"pg_catalog.pg_attribute"}, system_table(50_000, 50_000, 0)),
    case("many tables", set(), system_table(500_000, 500_000, 1000)),
    case("one whose rows may be of any size", set(), system_table(5_000, 5_000, 0, "pg_rewrite")),
    Case(TABLE, "most rows were deleted", SHRUNK + "ANALYZE t;", {"t"}, limits=SMALL),
    Case(TABLE, "full", FULL + "ANALYZE t;", limits=SMALL),
    Case(TABLE, "too small to tell", SHRUNK + "ANALYZE t; SELECT 1;"),
    Case(TABLE, "never analyzed", SHRUNK, limits=SMALL),
    Case(
        TABLE,
        "kept free by fillfactor",
        FULL.replace("(autovacuum_enabled = false)", "(autovacuum_enabled = false, fillfactor = 30)") + "ANALYZE t;",
        limits=SMALL,
    ),
    Case(
        TABLE,
        "a name that needs quotes",
        SHRUNK + 'ALTER TABLE t RENAME TO "T t"; ANALYZE "T t";',
        {'"T t"'},
        limits=SMALL,
    ),
    Case(
        TABLE,
        "hidden statistics",
        SHRUNK + "ANALYZE t; SELECT 2;",
        alter=hidden,
        limits=SMALL,
        not_checked="statistics",
    ),
    Case(INDEX, "most rows were deleted", SHRUNK + "ANALYZE t;", {"i"}, limits=SMALL),
    Case(INDEX, "full", FULL + "ANALYZE t;", limits=SMALL),
    Case(INDEX, "too small to tell", SHRUNK + "ANALYZE t; SELECT 1;"),
    Case(INDEX, "an expression", EXPRESSION, limits=SMALL),
    Case(INDEX, "a hash index", SHRUNK.replace("ON t (name)", "ON t USING hash (name)") + "ANALYZE t;", limits=SMALL),
    Case(
        INDEX,
        "a column of type name",
        SHRUNK.replace("name text", "name name") + "ANALYZE t;",
        limits=SMALL,
    ),
    Case(
        INDEX,
        "an exclusion constraint",
        "CREATE TABLE t (id int, EXCLUDE USING btree (id WITH =)) WITH (autovacuum_enabled = false);"
        "INSERT INTO t SELECT generate_series(1, 40000); DELETE FROM t WHERE id % 5 <> 0; ANALYZE t;",
        {"t_id_excl"},
        limits=SMALL,
    ),
    Case(INDEX, "hidden statistics", SHRUNK + "ANALYZE t;", alter=hidden, limits=SMALL, not_checked="statistics"),
    Case(TOAST, "chunks are gone", LONG, {"t"}, alter=toast(20_000, 8_000)),
    Case(TOAST, "full", LONG, alter=toast(20_000, 79_000)),
    Case(TOAST, "small", LONG, alter=toast(20, 8)),
    Case(TOAST, "never counted", LONG, alter=toast(20_000, -1)),
]
