# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Truth table of the checks of dead rows and autovacuum."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

from _pgops.checks.seen import Seen
from _pgops.model.catalog.health import Vacuuming
from cases import Case

Alter = Callable[[Seen], Seen]

DEAD, LAG, INSERTS, OFF = "dead-rows", "autovacuum-lag", "autovacuum-insert-lag", "autovacuum-disabled"

#: 14 rows, of which 19 old versions are left: the metadata of the scanner.
HOT = """
CREATE TABLE t (key text PRIMARY KEY, value text);
INSERT INTO t SELECT n, n FROM generate_series(1, 14) n;
UPDATE t SET value = value || 'a'; UPDATE t SET value = 'b' WHERE key::int <= 5;
"""
QUIET = "CREATE TABLE t (id int, v int) WITH (autovacuum_enabled = false);"
FILLED = QUIET + "INSERT INTO t SELECT n, n FROM generate_series(1, 200) n;"
PARTS = """
CREATE TABLE t (id int, v int) PARTITION BY RANGE (id);
CREATE TABLE t1 PARTITION OF t FOR VALUES FROM (0) TO (100);
CREATE TABLE t2 PARTITION OF t FOR VALUES FROM (100) TO (200);
INSERT INTO t SELECT n, n FROM generate_series(0, 29) n;
INSERT INTO t SELECT n, n FROM generate_series(100, 129) n;
"""


def catalog(seen: Seen, **changes: Any) -> Seen:
    """The same database with parts of the catalog changed."""
    return dataclasses.replace(seen, catalog=dataclasses.replace(seen.catalog, **changes))


def vacuumed(seconds: float) -> Alter:
    """Every table was vacuumed so many seconds ago."""

    def alter(seen: Seen) -> Seen:
        then = seen.catalog.server.now - seconds
        usage = {oid: one._replace(last_autovacuum=then) for oid, one in seen.catalog.usage.items()}
        return catalog(seen, usage=usage)

    return alter


def busy(seen: Seen) -> Seen:
    """Every table is being vacuumed."""
    return catalog(seen, vacuuming=tuple(Vacuuming(1, oid) for oid in seen.catalog.usage))


def standby(seen: Seen) -> Seen:
    """The server is a standby."""
    return catalog(seen, server=seen.catalog.server._replace(in_recovery=True))


def toast_dead(seen: Seen) -> Seen:
    """Every TOAST table holds 5,000 dead chunks."""
    return catalog(seen, toast={oid: one._replace(dead=5000) for oid, one in seen.catalog.toast.items()})


LARGE = "CREATE TABLE t (v text); INSERT INTO t SELECT string_agg(md5(n::text), '') FROM generate_series(1, 1000) n;"

CASES = [
    Case(DEAD, "a small hot table", HOT, {"t"}),
    Case(DEAD, "a name that needs quotes", HOT + 'ALTER TABLE t RENAME TO "T. ""1""";', {'"T. ""1"""'}),
    Case(DEAD, "fewer dead than live", HOT + "INSERT INTO t SELECT n, n FROM generate_series(20, 40) n;"),
    Case(DEAD, "three rows", "CREATE TABLE t (v int); INSERT INTO t VALUES (1), (2), (3); UPDATE t SET v = 4;"),
    Case(DEAD, "nine dead rows", "CREATE TABLE t AS SELECT generate_series(1, 9) v; DELETE FROM t;"),
    Case(DEAD, "all rows are dead", "CREATE TABLE t AS SELECT generate_series(1, 10) v; DELETE FROM t;", {"t"}),
    Case(DEAD, "autovacuum is due", FILLED + "UPDATE t SET v = 0; UPDATE t SET v = 1;"),
    Case(
        DEAD,
        "the table's own threshold is lower",
        HOT + "ALTER TABLE t SET (autovacuum_vacuum_threshold = 5, autovacuum_vacuum_scale_factor = 0, "
        "autovacuum_enabled = false);",
    ),
    Case(
        DEAD,
        "the table's own threshold is higher",
        FILLED + "UPDATE t SET v = 0; UPDATE t SET v = 1; ALTER TABLE t SET (autovacuum_vacuum_threshold = 10000);",
        {"t"},
    ),
    Case(DEAD, "two partitions, told once", PARTS + "UPDATE t SET v = 0;", {"t"}),
    Case(
        DEAD,
        "a materialized view",
        "CREATE TABLE s (id int PRIMARY KEY, v int); INSERT INTO s SELECT n, n FROM generate_series(1, 20) n;"
        "CREATE MATERIALIZED VIEW m AS SELECT * FROM s; CREATE UNIQUE INDEX ON m (id);"
        "TRUNCATE s; INSERT INTO s VALUES (1, 0), (2, 0); REFRESH MATERIALIZED VIEW CONCURRENTLY m;",
        {"m"},
    ),
    Case(DEAD, "a standby counts nothing", HOT, alter=standby, not_checked="standby"),
    Case(LAG, "autovacuum is due and was never there", FILLED + "UPDATE t SET v = 0;", {"t"}),
    Case(LAG, "it was there two hours ago", FILLED + "UPDATE t SET v = 1;", {"t"}, alter=vacuumed(7200)),
    Case(LAG, "it was there ten minutes ago", FILLED + "UPDATE t SET v = 2;", alter=vacuumed(600)),
    Case(LAG, "it is there now", FILLED + "UPDATE t SET v = 3;", alter=busy),
    Case(LAG, "a small hot table", HOT),
    Case(
        LAG,
        "the table's own threshold",
        HOT + "ALTER TABLE t SET (autovacuum_vacuum_threshold = 5, autovacuum_vacuum_scale_factor = 0, "
        "autovacuum_enabled = false);",
        {"t"},
    ),
    Case(
        LAG,
        "a cap",
        FILLED + "UPDATE t SET v = 0 WHERE id <= 40; ALTER TABLE t SET (autovacuum_vacuum_max_threshold = 30);",
        {"t"},
        since=18,
    ),
    Case(LAG, "only inserts", FILLED),
    Case(
        LAG, "two partitions, told once", PARTS + "UPDATE t SET v = 0; UPDATE t SET v = 1; UPDATE t SET v = 2;", {"t"}
    ),
    Case(LAG, "chunks of TOAST", LARGE, {"t"}, alter=toast_dead),
    Case(LAG, "a standby counts nothing", FILLED + "UPDATE t SET v = 4;", alter=standby, not_checked="standby"),
    Case(INSERTS, "a bulk load", QUIET + "INSERT INTO t SELECT n, n FROM generate_series(1, 2000) n;", {"t"}),
    Case(INSERTS, "a small load", FILLED),
    Case(
        INSERTS,
        "the trigger is off",
        QUIET + "INSERT INTO t SELECT n, n FROM generate_series(1, 2000) n;"
        "ALTER TABLE t SET (autovacuum_vacuum_insert_threshold = -1);",
    ),
    Case(INSERTS, "it was there", QUIET + "INSERT INTO t SELECT generate_series(1, 2000);", alter=vacuumed(60)),
    Case(OFF, "switched off", QUIET, {"t"}),
    Case(OFF, "among other options", QUIET + "ALTER TABLE t SET (fillfactor = 90, parallel_workers = 2);", {"t"}),
    Case(OFF, "spelled otherwise", "CREATE TABLE t () WITH (fillfactor = 70, autovacuum_enabled = OFF);", {"t"}),
    Case(OFF, "only thresholds", "CREATE TABLE t () WITH (autovacuum_vacuum_threshold = 0, autovacuum_enabled);"),
    Case(OFF, "its TOAST table", LARGE + "ALTER TABLE t SET (toast.autovacuum_enabled = false);", {"t"}),
    Case(
        OFF,
        "a materialized view",
        "CREATE MATERIALIZED VIEW m AS SELECT 1 AS a; ALTER MATERIALIZED VIEW m SET (autovacuum_enabled = no);",
        {"m"},
    ),
    Case(
        OFF,
        "a partition, where it stands",
        PARTS + "ALTER TABLE t2 SET (autovacuum_enabled = false);",
        {"t2"},
    ),
]
