# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The parts `unit` and `integration`: pytest, with this collection built and installed beside it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from .base import ROOT, SetupError, cache_folder
from .binaries import ready_binaries
from .collections import collections_paths
from .environment import Environment
from .interpreters import interpreters
from .steps import Steps

MAJORS = (15, 17)
# Marked tests ask these: where PostgreSQL's versions differ, and a run costs little.
EVERY_MAJOR = (14, 15, 16, 17, 18)
# These speak to servers without Ansible: once, on the newest ansible-core, is enough. All others run on every one.
WITHOUT_ANSIBLE = (
    "checks",
    "inventories",
    "test_acl.py",
    "test_demo_claims.py",
    "test_refusals.py",
    "test_reviews.py",
    "test_scanner_fixture.py",
    "test_tooling_cluster.py",
    "test_view_query.py",
    "views",
)
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
    """Pure decisions, on every ansible-core and its Python; the library's imports on every Python a host may have."""
    for environment in environments:
        _pytest(steps, environment, ROOT / "tests" / "unit")
    library = ROOT / "plugins" / "module_utils"
    for found in interpreters():
        command: list[str | Path] = [found.path, "-I", "-B", "-c", IMPORT, library]
        steps.command(f"imports on Python {found.name}", command, environments[-1].environ(), ROOT, show="imported")


def run_integration(steps: Steps, environments: list[Environment], install: bool) -> None:
    """Real servers, once; real plays, once per ansible-core."""
    for major in EVERY_MAJOR:
        steps.check(f"PostgreSQL {major}", partial(_server, major, install))
    folder = ROOT / "tests" / "integration"
    stale = [name for name in WITHOUT_ANSIBLE if not (folder / name).exists()]
    if stale:
        raise SetupError(f"WITHOUT_ANSIBLE in script/tooling/pytests.py names {', '.join(stale)}, which is gone.")
    for environment in environments[:-1]:
        _pytest(steps, environment, folder, "the plays", [f"--ignore={folder / name}" for name in WITHOUT_ANSIBLE])
    _pytest(steps, environments[-1], folder)


def _server(major: int, install: bool) -> str:
    return str(ready_binaries(major, install).bin_dir)


def _pytest(
    steps: Steps, environment: Environment, folder: Path, which: str = "all", options: Sequence[str] = ()
) -> None:
    if not list(folder.rglob("test_*.py")):
        raise SetupError(f"There is no test in {folder.relative_to(ROOT)}.")
    env = {
        **environment.environ(collections_paths(environment)),
        "PGOPS_TEST_MAJORS": ",".join(map(str, MAJORS)),
        "PGOPS_TEST_EVERY_MAJOR": ",".join(map(str, EVERY_MAJOR)),
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
        *options,
        folder,
    ]
    core = environment.name.replace("venv-", "ansible-core ")
    steps.command(f"pytest tests/{folder.name} ({which}), {core}", command, env, ROOT, show=" passed")
