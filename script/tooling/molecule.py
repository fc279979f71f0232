# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The part `molecule`: every scenario of molecule/ on hosts in Docker."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from .base import ROOT, SetupError, cache_folder
from .collections import collections_paths
from .docker import SUITES, daemon, image
from .environment import Environment
from .steps import Steps


def run_molecule(steps: Steps, environments: list[Environment], install: bool) -> None:
    """Each scenario from an empty host to its end, with every ansible-core."""
    scenarios = sorted(path.parent.name for path in (ROOT / "molecule").glob("*/molecule.yml"))
    if not scenarios:
        raise SetupError("There is no scenario in molecule/.")
    with daemon(install) as which:
        steps.check("docker", lambda: which)
        for suite in SUITES:
            steps.check(f"image of {suite}", partial(image, suite, install))
        for environment in environments:
            for scenario in scenarios:
                _test(steps, environment, scenario)


def _test(steps: Steps, environment: Environment, scenario: str) -> None:
    env = {
        **environment.environ(collections_paths(environment)),
        "MOLECULE_EPHEMERAL_DIRECTORY": str(cache_folder("molecule", environment.name, scenario)),
        "PGOPS_MOLECULE_PRERUN": "false",
        "PYTHONDONTWRITEBYTECODE": "1",
        "NO_COLOR": "1",
        "ANSIBLE_NOCOLOR": "1",
    }
    command: list[str | Path] = [environment.program("molecule"), "test", "-s", scenario]
    core = environment.name.replace("venv-", "ansible-core ")
    steps.command(f"molecule {scenario}, {core}", command, env, ROOT, show=" passed in ")
