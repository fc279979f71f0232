# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The review of databases of 100 to 100,000 tables, beside whatever else looks at them and can be had."""

from __future__ import annotations

import json
import os
import platform
import shutil
import sys
from typing import Any

from review_stage import CHECK_POSTGRES, Stage, Taken
from tooling.base import SetupError, guarded, say
from tooling.bench_figures import Spread, pair_ratios, table, turn_order
from tooling.collections import collections_paths
from tooling.environment import prepare_demo
from tooling.packages import program, require

TABLES = (100, 1_000, 10_000)


def run(options: dict[str, Any]) -> int:
    """The benchmark with the options of script/bench."""
    return guarded("bench", lambda: _run(options))


def _run(options: dict[str, Any]) -> int:
    peers = _peers(options)
    environment = prepare_demo(options["install"])
    collections = os.pathsep.join(str(path) for path in collections_paths(environment))
    ansible = environment.program("ansible")
    (major,) = options["majors"][:1]
    results = []
    with Stage(major) as stage:
        server = stage.cluster.psql("SHOW server_version")
        if not options["json"]:
            say(f"PostgreSQL {server}, {os.cpu_count()} cores, {options['runs']} runs of each.")
            say(f"check_postgres: {len(CHECK_POSTGRES)} actions, one process each: {', '.join(CHECK_POSTGRES)}.")
        for tables in options["tables"] or TABLES:
            relations = stage.make(tables)
            times = _times(stage, peers, options["runs"])
            figures = _figures(tables, relations, times)
            figures["queries"] = stage.queries()
            figures["module"] = Spread.of([stage.module(ansible, collections) for _turn in range(3)]).document()
            results.append(figures)
            if not options["json"]:
                say(_text(figures))
    if options["json"]:
        machine = {"cores": os.cpu_count(), "architecture": platform.machine(), "python": platform.python_version()}
        say(json.dumps({"benchmark": "review", "server": server, "machine": machine, "results": results}, indent=2))
    return 0


def _peers(options: dict[str, Any]) -> dict[str, str]:
    """Names and commands of the others; check_postgres is installed where that can be done."""
    peers = {}
    try:
        require([program("check_postgres", "check-postgres", "the comparison with check_postgres")], options["install"])
        peers["check_postgres"] = shutil.which("check_postgres") or "check_postgres"
    except SetupError as error:
        sys.stderr.write(f"check_postgres is left out: {error}\n")
    for word in options["peers"]:
        name, equals, command = word.partition("=")
        if not equals or not name or not command:
            raise SetupError(f"--peer takes NAME=COMMAND, not {word!r}.")
        peers[name] = command
    return peers


def _times(stage: Stage, peers: dict[str, str], runs: int) -> dict[str, list[Taken]]:
    times: dict[str, list[Taken]] = {name: [] for name in ("ours", *peers)}
    stage.ours()
    for turn in range(runs):
        for name in turn_order(list(times), turn):
            if name == "ours":
                times[name].append(stage.ours())
            elif name == "check_postgres":
                times[name].append(stage.check_postgres(peers[name]))
            else:
                times[name].append(stage.other(peers[name]))
    return times


def _figures(tables: int, relations: int, times: dict[str, list[Taken]]) -> dict[str, Any]:
    ours = times["ours"]
    said = {name: Spread.of([one.said[name] for one in ours]).document() for name in ours[0].said}
    return {
        "tables": tables,
        "relations": relations,
        "ours": said,
        "peers": {
            name: {
                "clock": Spread.of([one.clock for one in taken]).document(),
                "ratio": pair_ratios([one.said["process"] for one in ours], [one.clock for one in taken]).document(),
            }
            for name, taken in times.items()
            if name != "ours"
        },
    }


def _text(figures: dict[str, Any]) -> str:
    ours = figures["ours"]
    lines = [["reviewer", "seconds", "own processor", "server's processor", "MB", "ours/peer"]]
    lines.append(
        [
            "ours, library",
            _spread(ours["clock"]),
            _spread(ours["client"]),
            _spread(ours["server"]),
            f"{ours['megabytes']['median']:.0f}",
            "",
        ]
    )
    lines.append(["ours, whole process", _spread(ours["process"]), "", "", "", ""])
    lines.append(["ours, ansible -m", _spread(figures["module"]), "", "", "", ""])
    for name, peer in figures["peers"].items():
        lines.append([name, _spread(peer["clock"]), "", "", "", _spread(peer["ratio"], 3)])
    head = (
        f"\n{figures['tables']:,} tables, {figures['relations']:,} relations: {ours['checks']['median']:.0f} checks, "
        f"{ours['findings']['median']:,.0f} findings, {ours['not_checked']['median']:.0f} not checked, "
        f"{figures['queries']} queries"
    )
    return f"{head}\n{table(lines)}"


def _spread(document: dict[str, float], digits: int = 2) -> str:
    return Spread(**document).text(digits)
