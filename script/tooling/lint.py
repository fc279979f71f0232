# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The part `lint`: all static checks, on a real copy of the project in an ansible_collections tree."""

from __future__ import annotations

import ast
import os
import re
import shutil
import tarfile
import tempfile
from collections.abc import Mapping
from pathlib import Path

from .base import ROOT, SetupError, cache_folder, lock, run, say
from .collections import OURS, build_project, dependencies, project_files
from .environment import Environment
from .interpreters import OLDEST, interpreters
from .packages import program, require
from .steps import Steps

COPY = Path("ansible_collections") / OURS
# Written by ansible-lint into the copy; removed before ansible-test would look at it.
TOOLS_OWN = {".ansible"}
ONLY_HERE = {"meta", "plugins", "roles", "playbooks"}
# ansible-test wants to download a program that installs pip; this one takes the pip that Python carries.
GET_PIP = """import subprocess, sys
subprocess.check_call([sys.executable, "-m", "ensurepip"])
wanted = [word for word in sys.argv[1:] if word not in ("--no-setuptools", "--no-wheel")]
raise SystemExit(subprocess.call([sys.executable, "-m", "pip", "install"] + wanted))
"""
COMPILE = """import sys
bad = 0
for name in sys.argv[1:]:
    try:
        with open(name, "rb") as handle:
            compile(handle.read(), name, "exec")
    except SyntaxError as error:
        bad += 1
        sys.stderr.write("%s:%s: %s\\n" % (name, error.lineno, error.msg))
raise SystemExit(1 if bad else 0)
"""


def run_lint(steps: Steps, environments: list[Environment], install: bool) -> None:
    """All of it: what depends on ansible-core once per core, the rest once, with the newest."""
    require([program("shellcheck", "shellcheck", "checking shell scripts")], install)
    newest = environments[-1]
    for environment in environments:
        with lock(f"lint-{environment.name}", patience=3600):
            root = _synchronised(environment)
            copy = root / COPY
            env = environment.environ([root])
            if environment is newest:
                _plain(steps, environment, env, copy)
                _types(steps, environment, env, root)
                _documentation(steps, environment, env, copy)
            _ansible(steps, environment, env, copy)
    steps.check("galaxy build", lambda: _build(newest))
    _compile(steps, newest)


def _synchronised(environment: Environment) -> Path:
    """The copy brought up to date: tools keep their caches in it."""
    root = cache_folder("lint", environment.name)
    copy = root / COPY
    # The collections we depend on stand beside it: ansible-test looks nowhere else.
    needed = dependencies(environment)
    beside = root / "ansible_collections" / "community"
    mark = root / ".dependencies"
    if not mark.is_file() or mark.read_text(encoding="utf-8") != needed.name:
        shutil.rmtree(beside, ignore_errors=True)
        shutil.copytree(needed / "ansible_collections" / "community", beside)
        mark.write_text(needed.name, encoding="utf-8")
    wanted = {name.as_posix() for name in project_files()}
    for folder, folders, files in os.walk(copy):
        folders[:] = [name for name in folders if name not in TOOLS_OWN]
        for name in files:
            path = Path(folder, name)
            if path.relative_to(copy).as_posix() not in wanted:
                path.unlink()
    for name in wanted:
        source, target = ROOT / name, copy / name
        if not target.is_file() or source.read_bytes() != target.read_bytes():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target)
    return root


def _plain(steps: Steps, environment: Environment, env: Mapping[str, str], copy: Path) -> None:
    ruff = environment.program("ruff")
    steps.command("ruff check", [ruff, "check", "--no-cache", "."], env, copy)
    steps.command("ruff format", [ruff, "format", "--check", "--no-cache", "."], env, copy)
    steps.command("yamllint", [environment.program("yamllint"), "--strict", "."], env, copy)
    shells = [name for name in project_files() if _is_shell(ROOT / name)]
    steps.command("shellcheck", ["shellcheck", "-x", *shells], env, copy)
    steps.check("empty ignore files", lambda: _ignores(copy))


def _is_shell(path: Path) -> bool:
    with path.open("rb") as handle:
        return path.suffix == ".sh" or handle.readline(60).startswith(
            (b"#!/bin/sh", b"#!/usr/bin/env bash", b"#!/bin/bash")
        )


def _ignores(copy: Path) -> str | None:
    kinds = [*copy.glob("tests/sanity/ignore*")]  # house: this is the check that such files are empty
    for path in [*kinds, copy / ".ansible-lint-ignore", copy / ".yamllint-ignore"]:
        if path.is_file() and path.read_text(encoding="utf-8").strip():
            raise SetupError(f"{path.relative_to(copy)} holds exceptions: ignore files stay empty, mend the cause.")
    return None


def _types(steps: Steps, environment: Environment, env: Mapping[str, str], root: Path) -> None:
    """Mypy, in the module paths that each tree is run with."""
    mypy = environment.program("mypy")
    settings = ["--config-file", str(root / COPY / "mypy.ini"), "--no-error-summary"]
    settings += ["--cache-dir", str(cache_folder("mypy", environment.name))]
    trees = [("plugins", "", [COPY / "plugins"]), ("script", "script", [COPY / "script"])]
    for tests in sorted(
        {name.parent for name in project_files() if name.suffix == ".py" and name.parts[0] in ("tests", "molecule")}
    ):
        above = [str(place) for place in (tests, *tests.parents) if place.parts]
        files = [COPY / name for name in project_files() if name.parent == tests and name.suffix == ".py"]
        trees.append((str(tests), ":".join([*above, "script", "plugins/module_utils", "benchmarks"]), files))
    for name, bases, files in trees:
        if not any((root / file).exists() for file in files):
            continue
        path = os.pathsep.join(str(root / COPY / base) for base in bases.split(":") if base) or str(root)
        steps.command(f"mypy {name}", [mypy, *settings, *files], {**env, "MYPYPATH": path}, root)


def _documentation(steps: Steps, environment: Environment, env: Mapping[str, str], copy: Path) -> None:
    docs = environment.program("antsibull-docs")
    strict = [
        "--plugin-docs",
        "--validate-collection-refs=all",
        "--disallow-unknown-collection-refs",
        "--skip-rstcheck",
    ]
    steps.command("antsibull-docs lint-collection-docs", [docs, "lint-collection-docs", *strict, "."], env, copy)
    steps.command("antsibull-changelog lint", [environment.program("antsibull-changelog"), "lint"], env, copy)


def _ansible(steps: Steps, environment: Environment, env: Mapping[str, str], copy: Path) -> None:
    core = environment.name.replace("venv-", "ansible-core ")
    steps.command(f"ansible-lint, {core}", [environment.program("ansible-lint"), "--offline", "--nocolor"], env, copy)
    home = cache_folder("ansible", environment.name, "home")
    for version in _pip_versions(environment):
        script = home / ".ansible" / "test" / "cache" / f"get_pip_{version.replace('.', '_')}.py"
        script.parent.mkdir(parents=True, exist_ok=True)
        script.write_text(GET_PIP, encoding="utf-8")
    command: list[str | Path] = [
        environment.program("ansible-test"),
        "sanity",
        "--local",
        "--requirements",
        "--color",
        "no",
    ]
    _pip_settings(environment, home / ".config" / "pip" / "pip.conf", env)
    # It keeps its environments below HOME and finds the collections path by itself.
    clean = {name: value for name, value in env.items() if not name.startswith("ANSIBLE_")}
    # Without the last one it would ask the git around it, which ignores the cache, and test nothing at all.
    clean.update(HOME=str(home), ANSIBLE_TEST_CONTENT_ROOT=str(copy))
    shutil.rmtree(copy / ".ansible", ignore_errors=True)
    steps.command(f"ansible-test sanity, {core}", command, clean, copy, judge=_sanity_ran)


def _sanity_ran(log: str) -> str:
    """A sanity run that tested nothing ends well too, so its tests are counted."""
    tests = set(re.findall(r"^Running sanity test \"([\w-]+)\"", log, re.MULTILINE))
    lacking = {"import", "validate-modules", "shellcheck", "pylint", "compile"} - tests
    if lacking or "All targets skipped" in log:
        raise SetupError(f"ansible-test sanity ended well, but never ran {', '.join(sorted(lacking)) or 'on a file'}.")
    return f"{len(tests)} tests"


def _pip_settings(environment: Environment, target: Path, env: Mapping[str, str]) -> None:
    """How pip reaches its index here, in a file: ansible-test passes no variables on, and HOME is another one there."""
    sections: dict[str, dict[str, str]] = {"global": {}}
    listing = run(
        [environment.python, "-m", "pip", "config", "list"], what="Asking pip for its settings", env=env, merge=False
    )
    for line in listing.splitlines():
        name, _equals, value = line.partition("=")
        section, _dot, key = name.strip().rpartition(".")
        if value[:1] in "'\"":
            sections.setdefault("global" if section.startswith(":") else section, {})[key] = ast.literal_eval(value)
    lines = []
    for section, values in sections.items():
        lines += [f"[{section}]", *(f"{key} = " + value.replace("\n", "\n  ") for key, value in values.items())]
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _pip_versions(environment: Environment) -> list[str]:
    found = list(environment.folder.glob("lib/python3*/site-packages/ansible_test/_internal/python_requirements.py"))
    versions = re.findall(r"pip='([\d.]+)'", found[0].read_text(encoding="utf-8")) if found else []
    if not versions:
        raise SetupError(
            f"The ansible-test of {environment.name} does not say which pip it wants; look at tooling/lint.py."
        )
    return versions


def _build(environment: Environment) -> str:
    """The tarball holds what users need and nothing of the workshop."""
    with tempfile.TemporaryDirectory(prefix="build-", dir=cache_folder("work")) as folder:
        tarball = build_project(environment, Path(folder))
        with tarfile.open(tarball) as archive:
            names = {member.name for member in archive.getmembers() if member.isfile()}
    for needed in ("README.md", "COPYING", "CHANGELOG.md", "meta/runtime.yml", "MANIFEST.json", "FILES.json"):
        if needed not in names:
            raise SetupError(f"The built collection lacks {needed}.")
    missing = [
        name.as_posix() for name in project_files() if name.parts[0] in ONLY_HERE and name.as_posix() not in names
    ]
    if missing:
        raise SetupError(
            f"The built collection lacks {', '.join(missing[:5])}: build_ignore in galaxy.yml is too wide."
        )
    stray = [
        name for name in sorted(names) if name.startswith(".c") or "__pycache__" in name or name.endswith(".tar.gz")
    ]
    if stray:
        raise SetupError(f"The built collection holds {', '.join(stray[:5])}: add it to build_ignore in galaxy.yml.")
    return f"{len(names)} files"


def _compile(steps: Steps, environment: Environment) -> None:
    """What runs on hosts, and these scripts, compile on every Python from the oldest supported one."""
    files = [ROOT / name for name in project_files() if name.suffix == ".py" and name.parts[0] in ("plugins", "script")]
    env = environment.environ()
    for found in interpreters():
        command: list[str | Path] = [found.path, "-I", "-B", "-c", COMPILE, *files]
        steps.command(f"compiles on Python {found.name}", command, env, ROOT)

    untried = [
        number for number in range(OLDEST[1], 14) if (3, number) not in {found.minor for found in interpreters()}
    ]
    if untried:
        say(f"         Not here, so not tried: Python {', '.join(f'3.{number}' for number in untried)}.")
    # The newest Python at hand reads it by the oldest one's grammar, whether or not that one is here.
    steps.check(f"grammar of Python {OLDEST[0]}.{OLDEST[1]}", lambda: _grammar(files))


def _grammar(files: list[Path]) -> str:
    for file in files:
        try:
            ast.parse(file.read_text(encoding="utf-8"), str(file), feature_version=OLDEST)
        except SyntaxError as error:
            raise SetupError(f"{file.relative_to(ROOT)}, line {error.lineno}: {error.msg}.") from None
    return f"{len(files)} files"
