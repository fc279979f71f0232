# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""script/bench: prepares an environment with a driver and hands over to a benchmark in benchmarks/."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable
from typing import Any

from .base import ROOT, cache_folder, guarded, need_space
from .environment import prepare_demo

MAJORS = (17, 15)
Benchmarks = Any
"""What argparse gives for sub-commands has no public name."""
# The benchmark runs in the environment's Python, which has the driver; nobody's own packages take part.
HAND_OVER = """
import importlib, json, sys
places, name, options = json.loads(sys.argv[1]), sys.argv[2], json.loads(sys.argv[3])
sys.path[:0] = places
sys.argv[:] = ["script/bench"]
raise SystemExit(importlib.import_module(name).run(options))
"""


def main() -> int:
    """Parse, prepare, and become the benchmark."""
    options = vars(_parse(sys.argv[1:]))
    name, install = options.pop("benchmark"), options["install"]
    need_space(cache_folder(), 300, "the cache")
    environment = prepare_demo(install)
    places = [str(ROOT / place) for place in ("benchmarks", "script", "plugins/module_utils")]
    sys.stdout.flush()
    words = ["-I", "-B", "-c", HAND_OVER, json.dumps(places), name, json.dumps(options)]
    os.execve(environment.python, [str(environment.python), *words], environment.environ())


def _parse(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="script/bench", description="Measures the collection against its peers.")
    benchmarks = parser.add_subparsers(dest="benchmark", metavar="benchmark", required=True)
    _add_views(benchmarks)
    _add_review(benchmarks)
    arguments = parser.parse_args(words)
    arguments.majors = list(dict.fromkeys(arguments.majors or MAJORS))
    return arguments


def _add_views(benchmarks: Benchmarks) -> None:
    add = benchmarks.add_parser(
        "views",
        help="writes through a view: generated triggers, hand-written ones, set-based SQL (about 12 minutes)",
        description="Writes through the view servers on throwaway servers and prints seconds and ratios.",
    ).add_argument
    add(
        "--rows",
        type=_between(300, 1_000_000),
        default=60_000,
        metavar="N",
        help="rows of the inserts; a third of it is updated and deleted, 5/3 of it copied (default 60000)",
    )
    add("--runs", type=_between(1, 99), default=5, metavar="N", help="times each measure is taken (default 5)")
    add("--major", help="PostgreSQL major, may be given again (default 17 and 15)", **MAJOR)
    add("--seed", type=_between(0, 2**31 - 1), default=1, metavar="N", help="of the rows (default 1)")
    _add_common(add)


def _add_review(benchmarks: Benchmarks) -> None:
    add = benchmarks.add_parser(
        "review",
        help="the review of databases of 100 to 10,000 tables, beside check_postgres (about 10 minutes)",
        description="Reviews generated databases on a throwaway server and prints seconds, memory, queries and ratios.",
    ).add_argument
    add(
        "--tables",
        type=_between(1, 1_000_000),
        action="append",
        metavar="N",
        help="tables of a generated database, may be given again (default 100, 1000 and 10000)",
    )
    add("--runs", type=_between(1, 99), default=5, metavar="N", help="runs of each (default 5)")
    add("--major", help="PostgreSQL major (default 17)", **MAJOR)
    add(
        "--peer",
        action="append",
        default=[],
        dest="peers",
        metavar="NAME=COMMAND",
        help="another reviewer to time; PGHOST and its like lead it to the database",
    )
    _add_common(add)


def _add_common(add: Callable[..., argparse.Action]) -> None:
    add("--json", action="store_true", help="one JSON document with every figure instead of tables")
    add("--no-install", dest="install", action="store_false", help="never install system packages")


def _between(least: int, most: int) -> Callable[[str], int]:
    def number(text: str) -> int:
        value = int(text)
        if not least <= value <= most:
            raise argparse.ArgumentTypeError(f"{value} is not between {least} and {most}")
        return value

    return number


MAJOR: dict[str, Any] = {"type": _between(13, 19), "action": "append", "dest": "majors", "metavar": "M"}


if __name__ == "__main__":
    raise SystemExit(guarded("bench", main))
