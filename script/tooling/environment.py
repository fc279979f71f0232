# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Virtual environments in the cache: one per ansible-core for the checks, a small one for the demonstration."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from .base import CACHE, ROOT, SetupError, cache_folder, digest, lock, need_space, run, say
from .interpreters import Interpreter, interpreters, links
from .packages import Need, is_debian, require

REQUIREMENTS = ROOT / "tests"


@dataclass(frozen=True)
class Core:
    """An ansible-core we test with and the Pythons that carry it as a controller."""

    name: str
    oldest: tuple[int, int]
    newest: tuple[int, int]

    def carried_by(self, minor: tuple[int, int]) -> bool:
        """Whether this Python can run it."""
        return self.oldest <= minor <= self.newest


CORES = (Core("2.19", (3, 11), (3, 13)), Core("2.21", (3, 12), (3, 14)))


@dataclass(frozen=True)
class Environment:
    """A ready virtual environment."""

    name: str
    folder: Path
    interpreter: Interpreter

    @property
    def bin_dir(self) -> Path:
        """Where its programs are."""
        return self.folder / "bin"

    @property
    def python(self) -> Path:
        """Its Python."""
        return self.bin_dir / "python"

    def program(self, name: str) -> Path:
        """One of its programs by full path."""
        return self.bin_dir / name

    def environ(self, collections: Iterable[Path] = ()) -> dict[str, str]:
        """Variables for its programs: its own on PATH first, no settings of the machine's own Ansible or Python."""
        kept = {
            key: value for key, value in os.environ.items() if not key.startswith(("ANSIBLE_", "PYTHON", "MOLECULE_"))
        }
        path = [str(self.bin_dir), str(links()), *(entry for entry in kept.get("PATH", os.defpath).split(os.pathsep))]
        home = cache_folder("ansible", self.name)
        config = home / "ansible.cfg"
        if not config.exists():
            config.write_text("[defaults]\n", encoding="utf-8")
        return {
            **kept,
            "PATH": os.pathsep.join(entry for entry in path if entry and Path(entry).name != "shims"),
            "VIRTUAL_ENV": str(self.folder),
            "LC_ALL": "C.UTF-8",
            "ANSIBLE_CONFIG": str(config),
            "ANSIBLE_HOME": str(home),
            "ANSIBLE_COLLECTIONS_PATH": os.pathsep.join(str(place) for place in collections),
            "ANSIBLE_COLLECTIONS_SCAN_SYS_PATH": "false",
            "ANSIBLE_NOCOWS": "1",
        }


def _ready_pythons(install: bool) -> None:
    """On a Debian whose Python cannot make environments, install what it lacks."""

    def able() -> bool:
        interpreters.cache_clear()
        return any(found.whole and core.carried_by(found.minor) for found in interpreters() for core in CORES)

    carrying = any(core.carried_by(found.minor) for found in interpreters() for core in CORES)
    if carrying and is_debian():
        require([Need("python3-venv", "virtual environments", able)], install)


def plan_cores(
    wanted: str | None = None, install: bool = True
) -> tuple[list[tuple[Core, Interpreter]], list[tuple[Core, str]]]:
    """Which ansible-core runs on which Python here, and which cannot and why.

    The oldest one runs on the oldest Python that carries it and the newest on the newest, so both ends are tried.
    `wanted` (PGOPS_CORES, such as `2.19,2.21`) makes a missing one an error.
    """
    names = [name.strip() for name in (wanted or "").split(",") if name.strip()]
    known = {core.name for core in CORES}
    for name in names:
        if name not in known:
            raise SetupError(f"PGOPS_CORES names ansible-core {name}, and only {', '.join(sorted(known))} are known.")
    _ready_pythons(install)
    ready, missing = [], []
    for core in CORES:
        if names and core.name not in names:
            continue
        able = [found for found in interpreters() if found.whole and core.carried_by(found.minor)]
        if able:
            ready.append((core, able[0] if core is CORES[0] else able[-1]))
        else:
            missing.append((core, _why_not(core)))
    if names and missing:
        raise SetupError("; ".join(f"ansible-core {core.name} was asked for: {why}" for core, why in missing) + ".")
    if not ready:
        raise SetupError("; ".join(f"ansible-core {core.name}: {why}" for core, why in missing) + ".")
    return ready, missing


def _why_not(core: Core) -> str:
    partial = [found.name for found in interpreters() if core.carried_by(found.minor)]
    if partial:
        return (
            f"Python {partial[-1]} cannot make virtual environments here (on Debian and Ubuntu, install python3-venv)"
        )
    here = ", ".join(found.name for found in interpreters()) or "none"
    oldest, newest = (".".join(str(number) for number in end) for end in (core.oldest, core.newest))
    return f"it needs Python {oldest} to {newest}, and the Pythons here are {here}"


def prepare_core(core: Core, interpreter: Interpreter) -> Environment:
    """The environment of the checks for this ansible-core."""
    files = [REQUIREMENTS / "requirements.txt", REQUIREMENTS / f"requirements-{core.name}.txt"]
    return _prepare(f"venv-{core.name}", interpreter, files, megabytes=600)


def prepare_demo(install: bool = True) -> Environment:
    """The small environment of the demonstration, on the newest Python that carries an ansible-core."""
    ready, _missing = plan_cores(install=install)
    newest = max(interpreter for _core, interpreter in ready)
    return _prepare("venv-demo", newest, [REQUIREMENTS / "requirements-demo.txt"], megabytes=150)


def _prepare(name: str, interpreter: Interpreter, files: list[Path], megabytes: int) -> Environment:
    environment = Environment(name, cache_folder() / name, interpreter)
    inputs = digest(
        REQUIREMENTS / "constraints.txt", *files, interpreter.version, str(interpreter.path), str(environment.folder)
    )
    if _complete(environment, inputs):
        return environment
    with lock(name):
        if not _complete(environment, inputs):
            need_space(CACHE, megabytes, f"the Python environment {name}")
            _build(environment, files[-1], inputs)
    return environment


def _stamp(environment: Environment) -> Path:
    return environment.folder / ".complete"


def _complete(environment: Environment, inputs: str) -> bool:
    try:
        return _stamp(environment).read_text(encoding="utf-8") == inputs and environment.python.exists()
    except OSError:
        return False


def _build(environment: Environment, requirements: Path, inputs: str) -> None:
    say(f"Making the Python environment {environment.folder.name} with Python {environment.interpreter.name} ...")
    shutil.rmtree(environment.folder, ignore_errors=True)
    log = cache_folder("logs") / f"{environment.name}.log"
    clean = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    run(
        [environment.interpreter.path, "-m", "venv", environment.folder], what="Making a virtual environment", env=clean
    )
    pip: list[str | Path] = [
        environment.python,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--no-input",
    ]
    what = f"Installing {requirements.name} with pip"
    run([*pip, "-r", requirements], what=what, timeout=900, env=clean, log=log)
    _stamp(environment).write_text(inputs, encoding="utf-8")
