# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes through the view servers: generated triggers beside hand-written ones and beside set-based SQL."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tooling.base import guarded, say
from tooling.bench_figures import Spread, demand_count, demand_same, pair_ratios, table, turn_order
from view_stage import Stage, Step, Taken

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


def take(stage: Stage, measure: Measure, runs: int) -> dict[str, list[Taken]]:
    """The times of every contestant, round by round; the rows they leave behind must be the same."""
    times: dict[str, list[Taken]] = {name: [] for name in measure.steps}
    where = f"{measure.name} on PostgreSQL {stage.cluster.major}"
    for turn in range(runs):
        witnesses = {}
        for name in turn_order(list(measure.steps), turn):
            with stage.clone(CONTESTANTS[name][0]) as database:
                taken, counted = stage.measure(database, measure.steps[name])
                demand_count(where, name, measure.rows, counted)
                witnesses[name] = stage.witness(database)
            times[name].append(taken)
        demand_same(where, witnesses)
    return times


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
        "contestants": {name: sentence for name, (dummy, sentence) in CONTESTANTS.items()},
        "results": [],
    }
    if not as_json:
        say(f"{rows} rows, {runs} runs of each measure, seed {seed}; {os.cpu_count()} cores.")
        for name, contestant in CONTESTANTS.items():
            say(f"  {name:<13} {contestant[1]}")
    for major in options["majors"]:
        with Stage(major, rows, seed) as stage:
            stage.prepare()
            server = stage.cluster.psql("SHOW server_version")
            times = [(measure, take(stage, measure, runs)) for measure in measures(rows)]
        results = [{"server_version": server, **_result(measure, taken)} for measure, taken in times]
        document["results"] += results
        if not as_json:
            say(f"\nPostgreSQL {server}: seconds as median (smallest-largest), ratios of the same round likewise;")
            say("every contestant left the same rows behind, after every measure.")
            say(_table(results))
    if as_json:
        say(json.dumps(document, indent=2))
    return 0


def _result(measure: Measure, times: dict[str, list[Taken]]) -> dict[str, Any]:
    """By both clocks: on a busy machine the server process's own processor time is the calmer one."""
    seconds = {
        "clock": {name: [one.clock for one in taken] for name, taken in times.items()},
        "processor": {name: [one.processor for one in taken] for name, taken in times.items()},
    }
    return {
        "measure": measure.name,
        "rows": measure.rows,
        **{
            clock: {
                "seconds": {name: [round(value, 4) for value in values] for name, values in taken.items()},
                "spread": {name: Spread.of(values).document() for name, values in taken.items()},
                "ratios": {
                    name: pair_ratios(taken["ours"], values).document()
                    for name, values in taken.items()
                    if name != "ours"
                },
            }
            for clock, taken in seconds.items()
        },
    }


def _table(results: Sequence[dict[str, Any]]) -> str:
    others = [name for name in CONTESTANTS if name != "ours"]
    lines = [["measure", "rows", *CONTESTANTS, *(f"ours/{name}" for name in others)]]
    for result in results:
        for clock, head in (
            ("clock", [result["measure"], str(result["rows"])]),
            ("processor", ["  processor time", ""]),
        ):
            spread, ratios = result[clock]["spread"], result[clock]["ratios"]
            lines.append([*head, *(_cell(spread, name) for name in CONTESTANTS), *(_cell(ratios, n) for n in others)])
    return table(lines)


def _cell(spreads: dict[str, dict[str, float]], name: str) -> str:
    return Spread(**spreads[name]).text(2) if name in spreads else "-"
