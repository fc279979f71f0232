# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Collections in the cache: those we depend on, and this one built and installed the way users get it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
import time
import zipfile
from pathlib import Path

from .base import CACHE, ROOT, SetupError, cache_folder, digest, lock, need_space, run, say, staged
from .environment import Environment

WANTED = ROOT / "tests" / "requirements.yml"
# Holds the versions that tests/requirements.yml names.
DISTRIBUTION = "ansible==14.5.0"
GALAXY_SECONDS = 90
OURS = "ollama_scanner/pgops"
# What lies about in a checkout and is no part of the project.
IGNORED = {
    ".git",
    ".cache",
    ".ansible",
    ".mypy_cache",
    ".pytest_cache",
    ".ruff_cache",
    ".hypothesis",
    "__pycache__",
    "node_modules",
}


def dependencies(environment: Environment) -> Path:
    """A collections path with the collections we depend on: from Galaxy, or when it does not answer, from PyPI."""
    place = cache_folder("collections") / digest(WANTED, DISTRIBUTION)
    if not place.is_dir():
        with lock("collections"):
            if not place.is_dir():
                need_space(CACHE, 200, "the collections")
                with staged(place) as stage:
                    if not _from_galaxy(environment, stage):
                        _from_distribution(environment, stage)
                    _check_versions(stage)
    return place


def _wanted() -> dict[str, str]:
    pairs = re.findall(r"- name: (\S+)\n\s+version: (\S+)", WANTED.read_text(encoding="utf-8"))
    return dict(pairs)


def _from_galaxy(environment: Environment, stage: Path) -> bool:
    say("Fetching the collections we depend on ...")
    command: list[str | Path] = [
        environment.program("ansible-galaxy"),
        "collection",
        "install",
        "-r",
        WANTED,
        "-p",
        stage,
        "--timeout",
        "15",
    ]
    try:
        run(command, what="Installing from Galaxy", timeout=GALAXY_SECONDS, env=environment.environ([stage]))
    except SetupError:
        shutil.rmtree(stage / "ansible_collections", ignore_errors=True)
        return False
    return True


def _from_distribution(environment: Environment, stage: Path) -> None:
    say(f"Galaxy does not answer: taking them out of {DISTRIBUTION} from PyPI ...")
    # Unpacked, not installed: a few folders of it are enough.
    options = ["--quiet", "--no-deps", "--only-binary=:all:", "--python-version", "3.13", "--disable-pip-version-check"]
    with tempfile.TemporaryDirectory(prefix="download-", dir=cache_folder("collections")) as folder:
        pip: list[str | Path] = [environment.python, "-m", "pip", "download", *options, "--dest", folder, DISTRIBUTION]
        run(pip, what=f"Downloading {DISTRIBUTION} after Galaxy did not answer", timeout=600)
        folders = tuple(f"ansible_collections/{name.replace('.', '/')}/" for name in _wanted())
        for wheel in Path(folder).glob("*.whl"):
            with zipfile.ZipFile(wheel) as archive:
                archive.extractall(stage, [name for name in archive.namelist() if name.startswith(folders)])


def _check_versions(stage: Path) -> None:
    for name, version in _wanted().items():
        manifest = stage / "ansible_collections" / name.replace(".", "/") / "MANIFEST.json"
        text = manifest.read_text(encoding="utf-8") if manifest.is_file() else ""
        if f'"version": "{version}"' not in text:
            raise SetupError(
                f"The collection {name} {version} could be had neither from Galaxy nor from the PyPI package "
                f"{DISTRIBUTION}."
            )


def project_files() -> list[Path]:
    """The project's files, relative to its root: what git tracks or would track; without git, all but the caches."""
    command = ["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        done = subprocess.run(command, capture_output=True, timeout=60, check=False)
        names = os.fsdecode(done.stdout).split("\0") if done.returncode == 0 else []
    except (OSError, subprocess.TimeoutExpired):
        names = []
    if not names:
        names = []
        for folder, folders, files in os.walk(ROOT):
            folders[:] = [name for name in folders if name not in IGNORED]
            names += [os.path.relpath(os.path.join(folder, name), ROOT) for name in files]
    return sorted(Path(name) for name in names if name and (ROOT / name).is_file())


def source_digest() -> str:
    """Changes with any file of the project."""
    return digest(*(part for name in project_files() for part in (name.as_posix(), ROOT / name)))


def copy_project(target: Path) -> None:
    """A real copy of the project's files."""
    for name in project_files():
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, target / name)


def installed_project(environment: Environment) -> Path:
    """A collections path with this collection, built and installed as users do it."""
    place = cache_folder("project") / source_digest()
    if not place.is_dir():
        with lock("project"):
            if not place.is_dir():
                need_space(CACHE, 50, "the built collection")
                _forget_old(place.parent)
                with (
                    tempfile.TemporaryDirectory(prefix="build-", dir=cache_folder("work")) as folder,
                    staged(place) as stage,
                ):
                    tarball = build_project(environment, Path(folder))
                    _install(environment, tarball, stage)
    os.utime(place)
    return place


def build_project(environment: Environment, folder: Path) -> Path:
    """The collection's tarball, built in this folder from a copy, so that a run beside it cannot disturb it."""
    copy = folder / "source"
    copy_project(copy)
    command: list[str | Path] = [
        environment.program("ansible-galaxy"),
        "collection",
        "build",
        copy,
        "--output-path",
        folder,
        "--force",
    ]
    run(command, what="Building the collection", env=environment.environ([folder]))
    return next(folder.glob("*.tar.gz"))


def _install(environment: Environment, tarball: Path, stage: Path) -> None:
    command: list[str | Path] = [
        environment.program("ansible-galaxy"),
        "collection",
        "install",
        tarball,
        "-p",
        stage,
        "--offline",
        "--force",
    ]
    run(command, what="Installing the built collection", env=environment.environ([stage, dependencies(environment)]))
    if not (stage / "ansible_collections" / OURS / "MANIFEST.json").is_file():
        raise SetupError(f"The built collection was installed, but {OURS} is not in {stage}.")


def _forget_old(folder: Path) -> None:
    for entry in folder.iterdir():
        if time.time() - entry.stat().st_mtime > 24 * 3600:
            shutil.rmtree(entry, ignore_errors=True)


def collections_paths(environment: Environment) -> list[Path]:
    """For ANSIBLE_COLLECTIONS_PATH: this collection as built, then those it depends on."""
    return [installed_project(environment), dependencies(environment)]
