# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Truth table of the checks of how indexes are used. Counters, ages and standbys cannot be had on a new server."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

from _pgops.checks.seen import DAY, Seen
from _pgops.model.catalog.health import Standby
from _pgops.model.catalog.server import ReplicationSlot
from cases import Case

TABLE = "CREATE TABLE t (id int PRIMARY KEY, a int, b text);"
INDEX = TABLE + "CREATE INDEX i ON t (a);"
PARTITIONED = (
    "CREATE TABLE t (a int, b int) PARTITION BY RANGE (a);"
    "CREATE TABLE t1 PARTITION OF t FOR VALUES FROM (0) TO (10);"
    "CREATE TABLE t2 PARTITION OF t FOR VALUES FROM (10) TO (20); CREATE INDEX i ON t (b);"
)
UNUSED = "index-unused"
RARELY = "index-rarely-used"
COSTLY = "index-high-write"
SCANNED = "table-missing-index"
#: At once, whatever the size: for what a new server can show.
NOW = {"days": 0.0, "bytes": 0.0}
STANDBY = Standby("walreceiver", "streaming", "async", None, 0)
SUBSCRIBER = ReplicationSlot("s", "logical", "d", True, 0, None, "reserved")


def seen_with(
    days: float = 90.0,
    pages: int = 100_000,
    scans: int = 0,
    last_scan_days: float | None = None,
    age: int = 1000,
    made_days: float | None = None,
    horizon: tuple[float, int] | None = (60.0, 500),
    standbys: int = 0,
    subscribers: int = 0,
    backups: int = 0,
    in_recovery: bool = False,
    usage: Mapping[str, int] | None = None,
) -> Callable[[Seen], Seen]:
    """What a server would show whose counters cover `days`; `usage` are counters of every table, ages are in days."""

    def alter(seen: Seen) -> Seen:
        catalog = seen.catalog
        now = catalog.server.now
        change: dict[str, Any] = {
            "pages": pages,
            "scans": scans,
            "last_scan": None if last_scan_days is None else now - last_scan_days * DAY,
            "age": age,
            "made": None if made_days is None else now - made_days * DAY,
        }
        since = now - days * DAY
        server = catalog.server._replace(
            database_since=since, statistics_since=since, oldest_activity=since, in_recovery=in_recovery
        )
        receivers = [STANDBY] * (standbys + subscribers) + [STANDBY._replace(state="backup")] * backups
        altered = dataclasses.replace(
            catalog,
            server=server,
            indexes={oid: tuple(one._replace(**change) for one in found) for oid, found in catalog.indexes.items()},
            relations={oid: one._replace(pages=pages, rows=1e6) for oid, one in catalog.relations.items()},
            usage={oid: one._replace(**usage or {}) for oid, one in catalog.usage.items()},
            horizons=() if horizon is None else ((now - horizon[0] * DAY, horizon[1]),),
            standbys=tuple(receivers),
            slots=(SUBSCRIBER,) * subscribers,
        )
        return dataclasses.replace(seen, catalog=altered, details=dataclasses.replace(seen.details, sizes={}))

    return alter


def no_age(seen: Seen) -> Seen:
    """Nobody knows since when counters run."""
    server = seen.catalog.server._replace(database_since=None, oldest_activity=None)
    return dataclasses.replace(seen, catalog=dataclasses.replace(seen.catalog, server=server))


BUSY = {"inserted": 1_000_000, "updated": 0, "deleted": 0, "seq_scan": 10, "idx_scan": 100_000}
SCANS = {"seq_scan": 100_000, "seq_rows": 100_000 * 500_000, "idx_scan": 10}

CASES = [
    Case(UNUSED, "never read", INDEX, {"t.i"}, alter=seen_with()),
    Case(UNUSED, "never read, on a new server", INDEX, {"t.i"}, limits=NOW),
    Case(UNUSED, "read", INDEX, alter=seen_with(scans=5)),
    Case(UNUSED, "read as often as the limit", INDEX, {"t.i"}, alter=seen_with(scans=5), limits={"scans": 5.0}),
    Case(UNUSED, "read, but not for long", INDEX, {"t.i"}, alter=seen_with(scans=5, last_scan_days=60.0)),
    Case(UNUSED, "read of late", INDEX, alter=seen_with(scans=5, last_scan_days=3.0)),
    Case(UNUSED, "counters of a week", INDEX, alter=seen_with(days=7.0), not_checked="cover only 7.0 of 30 days"),
    Case(UNUSED, "counters of unknown age", INDEX, alter=no_age, not_checked="nobody knows since when"),
    Case(UNUSED, "a standby", INDEX, alter=seen_with(in_recovery=True), not_checked="standby"),
    Case(UNUSED, "a primary with standbys", INDEX, {"t.i"}, alter=seen_with(standbys=2)),
    Case(UNUSED, "a small index", INDEX, alter=seen_with(pages=10)),
    Case(UNUSED, "made of late", INDEX, alter=seen_with(made_days=3.0)),
    Case(UNUSED, "made long ago", INDEX, {"t.i"}, alter=seen_with(made_days=300.0)),
    Case(UNUSED, "of unknown age", INDEX, {"t.i"}, alter=seen_with(horizon=None)),
    Case(UNUSED, "unique", TABLE + "CREATE UNIQUE INDEX i ON t (a);", alter=seen_with()),
    Case(UNUSED, "a table clustered by it", INDEX + "ALTER TABLE t CLUSTER ON i;", alter=seen_with()),
    Case(
        UNUSED,
        "an exclusion constraint",
        "CREATE TABLE t (r int4range, EXCLUDE USING gist (r WITH &&));",
        alter=seen_with(),
    ),
    Case(
        UNUSED,
        "it alone serves a foreign key",
        TABLE + "CREATE TABLE f (q int REFERENCES t); CREATE INDEX i ON f (q);",
        alter=seen_with(),
    ),
    Case(
        UNUSED,
        "two serve a foreign key",
        TABLE + "CREATE TABLE f (q int REFERENCES t, x int); CREATE INDEX i ON f (q);CREATE INDEX j ON f (q, x);",
        {"f.i", "f.j"},
        alter=seen_with(),
    ),
    Case(UNUSED, "a partition tree, on a new server", PARTITIONED, {"t.i"}, limits=NOW),
    Case(UNUSED, "a partition tree of which one is read", PARTITIONED, alter=seen_with(scans=1)),
    Case(
        UNUSED,
        "not valid",
        INDEX,
        setup="UPDATE pg_index SET indisvalid = false WHERE indexrelid = '{schema}.i'::regclass",
        alter=seen_with(),
    ),
    Case(RARELY, "few scans, many writes", INDEX, {"t.i"}, alter=seen_with(scans=5, usage=BUSY)),
    Case(RARELY, "many scans", INDEX, alter=seen_with(scans=50_000, usage=BUSY)),
    Case(RARELY, "few writes", INDEX, alter=seen_with(scans=5, pages=100, usage={**BUSY, "inserted": 100})),
    Case(
        RARELY, "large, with a small share", INDEX, {"t.i"}, alter=seen_with(scans=5, usage={**BUSY, "inserted": 100})
    ),
    Case(
        RARELY, "most scans of the table", INDEX, alter=seen_with(scans=5, usage={**BUSY, "seq_scan": 1, "idx_scan": 6})
    ),
    Case(RARELY, "not read at all", INDEX, alter=seen_with(scans=0, usage=BUSY)),
    Case(RARELY, "a hash index", TABLE + "CREATE INDEX i ON t USING hash (a);", alter=seen_with(scans=5, usage=BUSY)),
    Case(RARELY, "counters of a week", INDEX, alter=seen_with(days=7.0, scans=5, usage=BUSY), not_checked="cover only"),
    Case(
        COSTLY,
        "a large GIN index",
        "CREATE TABLE t (a int[]); CREATE INDEX i ON t USING gin (a);",
        {"t.i"},
        alter=seen_with(usage=BUSY),
        limits={"share": 0.0},
    ),
    Case(
        COSTLY,
        "a small GIN index",
        "CREATE TABLE t (a int[]); CREATE INDEX i ON t USING gin (a);",
        alter=seen_with(pages=10, usage=BUSY),
        limits={"share": 0.0},
    ),
    Case(COSTLY, "a B-tree", INDEX, alter=seen_with(usage=BUSY), limits={"share": 0.0}),
    Case(
        COSTLY,
        "a BRIN index",
        TABLE + "CREATE INDEX i ON t USING brin (a);",
        alter=seen_with(usage=BUSY),
        limits={"share": 0.0},
    ),
    Case(
        COSTLY,
        "a small share in all writes",
        "CREATE TABLE t (a int[]); CREATE INDEX i ON t USING gin (a);",
        alter=seen_with(usage=BUSY),
        limits={"share": 0.9},
    ),
    Case(SCANNED, "many sequential scans", TABLE, {"t"}, alter=seen_with(usage=SCANS)),
    Case(SCANNED, "a partition tree", PARTITIONED, {"t"}, alter=seen_with(usage=SCANS)),
    Case(SCANNED, "a small table", TABLE, alter=seen_with(pages=100, usage=SCANS)),
    Case(SCANNED, "scans that stop early", TABLE, alter=seen_with(usage={**SCANS, "seq_rows": 100_000})),
    Case(
        SCANNED,
        "a few scans a day",
        TABLE,
        alter=seen_with(usage={**SCANS, "seq_scan": 500, "seq_rows": 500 * 500_000}),
    ),
    Case(SCANNED, "mostly by index", TABLE, alter=seen_with(usage={**SCANS, "idx_scan": 10_000_000})),
    Case(SCANNED, "counters of an hour", TABLE, alter=seen_with(days=0.04, usage=SCANS), not_checked="cover only"),
]
