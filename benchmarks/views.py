# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes through the view servers: generated triggers beside hand-written ones and beside set-based SQL."""

from __future__ import annotations

import json
import os
import platform
from dataclasses import dataclass
from typing import Any

from tooling.base import guarded, say
from tooling.bench_figures import Spread, demand_count, demand_same, pair_ratios, table, turn_order
from view_stage import Stage, Step

#: Contestant, the template its databases come from, and what it is.
CONTESTANTS = {
    "ours": ("ours", "the triggers this collection generates"),
    "hand-written": ("hand", "the triggers of tests/fixtures/naive_triggers.sql"),
    "set-based": ("direct", "one statement on the two tables with the same meaning: upsert, row locks, RETURNING"),
    "plain": ("direct", "the shortest set-based statement: no existing keys, no locks, nothing returned"),
}
RETURNED = "RETURNING id, ip, port, scan_date"
COUNT = "SELECT count(*), count(id), max(scan_date) FROM written"
UPSERT = "ON CONFLICT (ip, port) DO UPDATE SET verified = 1, scan_date = EXCLUDED.scan_date"


@dataclass(frozen=True)
class Measure:
    """What is done, with how many rows, and each contestant's way of doing it."""

    name: str
    rows: int
    steps: dict[str, tuple[Step, ...]]


def measures(rows: int) -> list[Measure]:
    """The measures, in the order of the table."""
    third = rows // 3
    incoming = f"SELECT ip, port, scan_date FROM bench.incoming WHERE place <= {rows}"
    known = "SELECT ip, port, scan_date FROM bench.known"
    inserts, upserts = _inserts(incoming), _inserts(known)
    del upserts["plain"]
    return [
        Measure("inserts", rows, inserts),
        Measure("inserts of existing keys", third, upserts),
        Measure("updates", third, _updates()),
        Measure("deletes", third, _deletes()),
        Measure("COPY", rows * 5 // 3, _copies()),
    ]


def _through_view(sql: str) -> dict[str, tuple[Step, ...]]:
    return {name: (Step(sql),) for name in ("ours", "hand-written")}


def _inserts(source: str) -> dict[str, tuple[Step, ...]]:
    view = f"WITH written AS (INSERT INTO servers (ip, port, scan_date) {source} {RETURNED}) {COUNT}"
    same = (
        f"WITH written AS (INSERT INTO endpoints (ip, port, scan_date, verified) SELECT s.*, 1 FROM ({source}) AS s "
        f"{UPSERT} {RETURNED}), "
        "child AS (INSERT INTO verified_endpoints (endpoint_id) SELECT id FROM written "
        f"ON CONFLICT (endpoint_id) DO NOTHING) {COUNT}"
    )
    return {**_through_view(view), "set-based": (Step(same),), "plain": (Step(_plain_insert(source)),)}


def _plain_insert(source: str) -> str:
    return (
        "WITH written AS (INSERT INTO endpoints (ip, port, scan_date, verified) "
        f"SELECT s.*, 1 FROM ({source}) AS s RETURNING id) "
        "INSERT INTO verified_endpoints (endpoint_id) SELECT id FROM written"
    )


def _updates() -> dict[str, tuple[Step, ...]]:
    view = (
        "WITH written AS (UPDATE servers AS s SET scan_date = c.scan_date FROM bench.chosen AS c WHERE s.id = c.id "
        f"RETURNING s.id, s.ip, s.port, s.scan_date) {COUNT}"
    )
    same = (
        "WITH locked AS MATERIALIZED (SELECT e.id, c.scan_date FROM bench.chosen AS c JOIN endpoints AS e USING (id) "
        "JOIN verified_endpoints AS v ON v.endpoint_id = e.id FOR NO KEY UPDATE OF e, v), "
        "written AS (UPDATE endpoints AS e SET scan_date = l.scan_date FROM locked AS l WHERE e.id = l.id "
        f"RETURNING e.id, e.ip, e.port, e.scan_date) {COUNT}"
    )
    plain = (
        "UPDATE endpoints AS e SET scan_date = c.scan_date FROM bench.chosen AS c, verified_endpoints AS v "
        "WHERE e.id = c.id AND v.endpoint_id = e.id"
    )
    return {**_through_view(view), "set-based": (Step(same),), "plain": (Step(plain),)}


def _deletes() -> dict[str, tuple[Step, ...]]:
    view = (
        "WITH written AS (DELETE FROM servers AS s USING bench.chosen AS c WHERE s.id = c.id "
        f"RETURNING s.id, s.ip, s.port, s.scan_date) {COUNT}"
    )
    same = (
        "WITH locked AS MATERIALIZED (SELECT e.id FROM bench.chosen AS c JOIN endpoints AS e USING (id) "
        "JOIN verified_endpoints AS v ON v.endpoint_id = e.id FOR UPDATE OF e, v), "
        "child AS (DELETE FROM verified_endpoints AS v USING locked AS l WHERE v.endpoint_id = l.id), "
        "written AS (DELETE FROM endpoints AS e USING locked AS l WHERE e.id = l.id "
        f"RETURNING e.id, e.ip, e.port, e.scan_date) {COUNT}"
    )
    plain = (
        "DELETE FROM endpoints AS e USING bench.chosen AS c, verified_endpoints AS v "
        "WHERE e.id = c.id AND v.endpoint_id = e.id"
    )
    return {**_through_view(view), "set-based": (Step(same),), "plain": (Step(plain),)}


def _copies() -> dict[str, tuple[Step, ...]]:
    """Set-based SQL takes COPY into a temporary table first: ids of the one table are needed in the other."""
    view = (Step("COPY servers (ip, port, scan_date) FROM STDIN", copies=True),)
    staging = (
        Step("CREATE TEMPORARY TABLE staged (ip text, port integer, scan_date timestamptz) ON COMMIT DROP"),
        Step("COPY staged FROM STDIN", copies=True),
    )
    source = "SELECT ip, port, scan_date FROM staged"
    return {
        "ours": view,
        "hand-written": view,
        "set-based": (*staging, *_inserts(source)["set-based"]),
        "plain": (*staging, Step(_plain_insert(source))),
    }


def take(stage: Stage, measure: Measure, runs: int) -> dict[str, list[float]]:
    """The seconds of every contestant, round by round; the rows they leave behind must be the same."""
    seconds: dict[str, list[float]] = {name: [] for name in measure.steps}
    where = f"{measure.name} on PostgreSQL {stage.cluster.major}"
    for turn in range(runs):
        witnesses = {}
        for name in turn_order(list(measure.steps), turn):
            with stage.clone(CONTESTANTS[name][0]) as database:
                taken, counted = stage.measure(database, measure.steps[name])
                demand_count(where, name, measure.rows, counted)
                witnesses[name] = stage.witness(database)
            seconds[name].append(taken)
        demand_same(where, witnesses)
    return seconds


def run(options: dict[str, Any]) -> int:
    """The benchmark with the options of script/bench."""
    return guarded("bench", lambda: _run(options))


def _run(options: dict[str, Any]) -> int:
    rows, runs, seed, as_json = options["rows"], options["runs"], options["seed"], options["json"]
    document: dict[str, Any] = {
        "benchmark": "views",
        "rows": rows,
        "runs": runs,
        "seed": seed,
        "machine": {"cores": os.cpu_count(), "architecture": platform.machine()},
        "contestants": {name: sentence for name, (_, sentence) in CONTESTANTS.items()},
        "results": [],
    }
    if not as_json:
        say(f"{rows} rows, {runs} runs of each measure, seed {seed}; {os.cpu_count()} cores.")
        for name, (_, sentence) in CONTESTANTS.items():
            say(f"  {name:<13} {sentence}")
    for major in options["majors"]:
        with Stage(major, rows, seed) as stage:
            stage.prepare()
            server = stage.cluster.psql("SHOW server_version")
            taken = [(measure, take(stage, measure, runs)) for measure in measures(rows)]
        for measure, seconds in taken:
            document["results"].append({"server_version": server, **_result(measure, seconds)})
        if not as_json:
            say(f"\nPostgreSQL {server}: seconds, median (smallest-largest); ratios of the same round, median likewise")
            say(_table(taken))
    if as_json:
        say(json.dumps(document, indent=2))
    return 0


def _result(measure: Measure, seconds: dict[str, list[float]]) -> dict[str, Any]:
    return {
        "measure": measure.name,
        "rows": measure.rows,
        "same_rows": True,
        "seconds": {name: [round(value, 4) for value in values] for name, values in seconds.items()},
        "spread": {name: Spread.of(values).document() for name, values in seconds.items()},
        "ratios": {
            f"ours/{name}": pair_ratios(seconds["ours"], values).document()
            for name, values in seconds.items()
            if name != "ours"
        },
    }


def _table(taken: list[tuple[Measure, dict[str, list[float]]]]) -> str:
    others = [name for name in CONTESTANTS if name != "ours"]
    lines = [["measure", "rows", *CONTESTANTS, *(f"ours/{name}" for name in others)]]
    for measure, seconds in taken:
        cells = [Spread.of(seconds[name]).text(2) if name in seconds else "-" for name in CONTESTANTS]
        ratios = [pair_ratios(seconds["ours"], seconds[name]).text(2) if name in seconds else "-" for name in others]
        lines.append([measure.name, str(measure.rows), *cells, *ratios])
    return table(lines)
