# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""script/test: prepares all it needs, runs the parts asked for, and ends with one table."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

from .base import SetupError, cache_folder, guarded, need_space, say
from .environment import Environment, plan_cores, prepare_core
from .interpreters import interpreters
from .lint import run_lint
from .molecule import run_molecule
from .pytests import run_integration, run_unit
from .steps import Steps

Runner = Callable[[Steps, list[Environment], bool], None]


@dataclass(frozen=True)
class Part:
    """A part of the checks, what it covers, and how long it may take once everything is prepared."""

    name: str
    minutes: int
    sentence: str
    run: Runner


PARTS = (
    Part(
        "lint", 9, "ansible-lint, ansible-test sanity, ruff, mypy, yamllint, shellcheck, documentation, build", run_lint
    ),
    Part("unit", 3, "pure decisions, and imports on every Python from 3.9", run_unit),
    Part("integration", 36, "real PostgreSQL, 15 and 17 or 14 to 18, real plays, both drivers", run_integration),
    Part("molecule", 18, "the scenarios of molecule/ in Docker, on Debian's packages", run_molecule),
)

ENVIRONMENT = (
    "PGOPS_CORES=2.19,2.21  just these releases of ansible-core; one that no Python here carries fails",
    "PGOPS_CACHE=FOLDER     another folder for the cache than .cache",
)


@dataclass(frozen=True)
class Result:
    """A line of the table."""

    part: Part
    seconds: float
    verdict: str

    @property
    def good(self) -> bool:
        """Whether it counts as passed."""
        return self.verdict == "ok"


def main() -> int:
    """Parse, prepare, run, and tell."""
    arguments = _parse(sys.argv[1:])
    known = {part.name: part for part in PARTS}
    unknown = [name for name in arguments.parts if name not in known]
    if unknown:
        sys.stderr.write(f"script/test: there is no part {', '.join(unknown)}; the parts are {', '.join(known)}.\n")
        return 2
    chosen = [part for part in PARTS if not arguments.parts or part.name in arguments.parts]
    begun = time.monotonic()
    environments = _prepare(arguments.install)
    prepared = time.monotonic() - begun
    results = [_run(part, environments, arguments.install) for part in chosen]
    _table(results, prepared)
    return 0 if all(result.good for result in results) else 1


def _parse(words: list[str]) -> argparse.Namespace:
    lines = [f"  {part.name:<12} {part.sentence} (budget {part.minutes} minutes)" for part in PARTS]
    parser = argparse.ArgumentParser(
        prog="script/test",
        description="Prepares all it needs in .cache and checks the project; without a part it runs all of them.",
        epilog="\n".join(["parts:", *lines, "", *ENVIRONMENT]),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("parts", nargs="*", metavar="part", help="one or more of the parts below")
    parser.add_argument("--no-install", dest="install", action="store_false", help="never install system packages")
    return parser.parse_args(words)


def _prepare(install: bool) -> list[Environment]:
    need_space(cache_folder(), 300, "the cache")
    ready, missing = plan_cores(os.environ.get("PGOPS_CORES"), install)
    for core, interpreter in ready:
        say(f"ansible-core {core.name} runs on Python {interpreter.name}.")
    for core, why in missing:
        say(f"ansible-core {core.name} does NOT run here: {why}.")
    say("Pythons for what runs on hosts: " + ", ".join(found.name for found in interpreters()) + ".")
    return [prepare_core(core, interpreter) for core, interpreter in ready]


def _run(part: Part, environments: list[Environment], install: bool) -> Result:
    say(f"\n{part.name}: {part.sentence}")
    steps = Steps(part.name, part.minutes * 60)
    problem = ""
    try:
        part.run(steps, environments, install)
    except SetupError as error:
        problem = str(error)
        say(f"  FAILED {problem}")
    seconds = steps.spent
    if problem or not steps.passed:
        verdict = f"FAILED ({', '.join(steps.failed) or problem or 'nothing ran'})"
    elif seconds > part.minutes * 60:
        verdict = "OVER BUDGET"
    else:
        verdict = "ok"
    return Result(part, seconds, verdict)


def _table(results: list[Result], prepared: float) -> None:
    say(f"\n{'part':<14}{'seconds':>9}{'budget':>9}  verdict")
    say(f"{'preparation':<14}{prepared:>9.1f}{'':>9}  done")
    for result in results:
        say(f"{result.part.name:<14}{result.seconds:>9.1f}{result.part.minutes * 60:>9}  {result.verdict}")
    total = prepared + sum(result.seconds for result in results)
    say(f"{'all':<14}{total:>9.1f}{'':>9}  {'ok' if all(result.good for result in results) else 'FAILED'}")


if __name__ == "__main__":
    raise SystemExit(guarded("test", main))
