# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Truth table of the checks of statistics."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

from _pgops.checks.seen import DAY, Seen
from cases import Case

Alter = Callable[[Seen], Seen]

STALE, WHOLE = "statistics-stale", "partitioned-statistics"
HOT, RESET = "hot-updates-rare", "statistics-reset-recently"

QUIET = "CREATE TABLE t (id int, v int) WITH (autovacuum_enabled = false);"
ROWS = "INSERT INTO t SELECT n, n FROM generate_series(1, 1000) n;"
PARTS = """
CREATE TABLE t (id int, v int) PARTITION BY RANGE (id);
CREATE TABLE t1 PARTITION OF t FOR VALUES FROM (0) TO (1000) WITH (autovacuum_enabled = false);
CREATE TABLE t2 PARTITION OF t FOR VALUES FROM (1000) TO (9000) PARTITION BY RANGE (id);
CREATE TABLE t21 PARTITION OF t2 FOR VALUES FROM (1000) TO (9000) WITH (autovacuum_enabled = false);
INSERT INTO t SELECT n, n FROM generate_series(0, 1999) n;
"""


def catalog(seen: Seen, **changes: Any) -> Seen:
    """The same database with parts of the catalog changed."""
    return dataclasses.replace(seen, catalog=dataclasses.replace(seen.catalog, **changes))


def usage(**changes: Any) -> Alter:
    """Every table's counters changed."""

    def alter(seen: Seen) -> Seen:
        return catalog(seen, usage={oid: one._replace(**changes) for oid, one in seen.catalog.usage.items()})

    return alter


def upgraded(seen: Seen) -> Seen:
    """As after pg_upgrade: the tables are there, and nobody has counted anything."""
    fresh = {
        oid: one._replace(live=0, modified_since_analyze=0, last_analyze=None, last_autoanalyze=None)
        for oid, one in seen.catalog.usage.items()
    }
    relations = {oid: one._replace(pages=0, rows=-1.0) for oid, one in seen.catalog.relations.items()}
    sizes = {oid: int(one.rows or 1) * 2000 for oid, one in seen.catalog.relations.items() if oid in fresh}
    details = dataclasses.replace(seen.details, sizes=sizes)
    return dataclasses.replace(catalog(seen, usage=fresh, relations=relations), details=details)


def analyzed_long_ago(seen: Seen) -> Seen:
    """ANALYZE came two hours ago."""
    return usage(last_autoanalyze=seen.catalog.server.now - 7200)(seen)


def thirteen(seen: Seen) -> Seen:
    """A server that keeps no number of rows of partitioned tables, and a role that may not read them."""
    server = seen.catalog.server._replace(version=130014)
    relations = {
        oid: one._replace(rows=0.0, readable=False) if one.kind == "p" else one
        for oid, one in seen.catalog.relations.items()
    }
    return catalog(seen, server=server, relations=relations)


def standby(seen: Seen) -> Seen:
    """The server is a standby."""
    return catalog(seen, server=seen.catalog.server._replace(in_recovery=True))


def counting_since(days: float | None) -> Alter:
    """Counters have run for so many days, or nobody knows since when."""

    def alter(seen: Seen) -> Seen:
        server = seen.catalog.server
        since = None if days is None else server.now - days * DAY
        changed = server._replace(database_since=since, statistics_since=since, oldest_activity=None)
        return catalog(seen, server=changed)

    return alter


def updated(updates: int, hot: int) -> Alter:
    """Every table had so many updates, of which so many HOT, in 60 days."""

    def alter(seen: Seen) -> Seen:
        return usage(updated=updates, hot_updated=hot)(counting_since(60)(seen))

    return alter


INDEXED = "CREATE TABLE t (id int PRIMARY KEY, v int);"

CASES = [
    Case(STALE, "rows that no ANALYZE saw", QUIET + ROWS, {"t"}),
    Case(STALE, "a few rows", QUIET + "INSERT INTO t SELECT n, n FROM generate_series(1, 50) n;"),
    Case(STALE, "analyzed", QUIET + ROWS + "ANALYZE t;"),
    Case(STALE, "analyzed two hours ago", QUIET + ROWS + "SELECT 1;", {"t"}, alter=analyzed_long_ago),
    Case(STALE, "analyzed, then hardly changed", QUIET + ROWS + "ANALYZE t; UPDATE t SET v = 0 WHERE id <= 100;"),
    Case(STALE, "the table's own threshold", QUIET + ROWS + "ALTER TABLE t SET (autovacuum_analyze_threshold = 5000);"),
    Case(STALE, "partitions, told once", PARTS, {"t"}),
    Case(STALE, "never analyzed, by the size", QUIET + ROWS + "ANALYZE t; SELECT 1;", {"t"}, alter=upgraded),
    Case(
        STALE, "never analyzed, and small", QUIET + "INSERT INTO t VALUES (1, 1); ANALYZE t; SELECT 1;", alter=upgraded
    ),
    Case(STALE, "a standby counts nothing", QUIET + ROWS + "SELECT 2;", alter=standby, not_checked="standby"),
    Case(WHOLE, "a tree that was never analyzed", PARTS, {"t"}),
    Case(WHOLE, "only its partitions were", PARTS + "ANALYZE t1; ANALYZE t21;", {"t"}),
    Case(WHOLE, "analyzed", PARTS + "ANALYZE t;"),
    Case(
        WHOLE,
        "analyzed, then grown",
        PARTS + "ANALYZE t; INSERT INTO t SELECT n, n FROM generate_series(2000, 6999) n; ANALYZE t21;",
        {"t"},
    ),
    Case(WHOLE, "nearly empty", "CREATE TABLE t (a int) PARTITION BY LIST (a); CREATE TABLE u PARTITION OF t DEFAULT;"),
    Case(WHOLE, "a table without partitions", QUIET + ROWS),
    Case(WHOLE, "not to be seen on 13", PARTS, alter=thirteen, not_checked="may not see"),
    Case(HOT, "hardly any", INDEXED, {"t"}, alter=updated(20000, 1000)),
    Case(HOT, "half of them", INDEXED, alter=updated(20000, 10000)),
    Case(HOT, "few updates", INDEXED, alter=updated(200, 0)),
    Case(HOT, "no index", "CREATE TABLE t (id int, v int);", alter=updated(20000, 0)),
    Case(
        HOT,
        "nobody knows since when",
        INDEXED,
        alter=lambda seen: counting_since(None)(updated(20000, 0)(seen)),
        not_checked="counters of use",
    ),
    Case(RESET, "counting for two days", "", {"{database}"}, alter=counting_since(2), elsewhere=True),
    Case(RESET, "counting for a month", "", alter=counting_since(30), elsewhere=True),
]
