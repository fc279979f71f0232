# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The parts `unit` and `integration`: pytest, with this collection built and installed beside it."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from .base import ROOT, SetupError, cache_folder
from .binaries import ready_binaries
from .collections import collections_paths
from .environment import Environment
from .interpreters import interpreters
from .steps import Steps

MAJORS = (15, 17)
# Imports every module of the library the way a host does: as a package, with nothing but the standard library.
IMPORT = """import importlib, pkgutil, sys
sys.path.insert(0, sys.argv[1])
import _pgops
names = [found.name for found in pkgutil.walk_packages(_pgops.__path__, "_pgops.")]
for name in names:
    importlib.import_module(name)
print("%d modules imported" % len(names))
raise SystemExit(0 if names else 1)
"""


def run_unit(steps: Steps, environments: list[Environment], install: bool) -> None:
    """Pure decisions, on the newest ansible-core; and the library's imports on every Python a host may have."""
    newest = environments[-1]
    _pytest(steps, newest, ROOT / "tests" / "unit")
    library = ROOT / "plugins" / "module_utils"
    for found in interpreters():
        command: list[str | Path] = [found.path, "-I", "-B", "-c", IMPORT, library]
        steps.command(f"imports on Python {found.name}", command, newest.environ(), ROOT, show="imported")


def run_integration(steps: Steps, environments: list[Environment], install: bool) -> None:
    """Real servers and real plays, once per ansible-core."""
    for major in MAJORS:
        steps.check(f"PostgreSQL {major}", partial(_server, major, install))
    for environment in environments:
        _pytest(steps, environment, ROOT / "tests" / "integration")


def _server(major: int, install: bool) -> str:
    return str(ready_binaries(major, install).bin_dir)


def _pytest(steps: Steps, environment: Environment, folder: Path) -> None:
    if not list(folder.rglob("test_*.py")):
        raise SetupError(f"There is no test in {folder.relative_to(ROOT)}.")
    env = {
        **environment.environ(collections_paths(environment)),
        "PGOPS_TEST_MAJORS": ",".join(str(major) for major in MAJORS),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PY_COLORS": "0",
    }
    cache = cache_folder("pytest", environment.name)
    command: list[str | Path] = [
        environment.python,
        "-m",
        "pytest",
        "-q",
        "-o",
        f"cache_dir={cache}",
        "--durations=10",
        folder,
    ]
    core = environment.name.replace("venv-", "ansible-core ")
    steps.command(f"pytest tests/{folder.name}, {core}", command, env, ROOT, show=" passed")
