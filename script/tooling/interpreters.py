# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Finds the Pythons that really run; the wrappers of version managers may stand on PATH and fail."""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from .base import CACHE, cache_folder

OLDEST = (3, 9)
NEWEST = (3, 15)
QUESTION = """
import sys
try:
    import ensurepip, ssl, venv
    whole = 1
except ImportError:
    whole = 0
print("%d.%d.%d|%d|%s" % (sys.version_info[:3] + (whole, sys.executable)))
"""


@dataclass(frozen=True, order=True)
class Interpreter:
    """A Python that answered; `whole` means that it can make virtual environments."""

    version: tuple[int, int, int]
    path: Path
    whole: bool

    @property
    def minor(self) -> tuple[int, int]:
        """Major and minor."""
        return self.version[:2]

    @property
    def name(self) -> str:
        """As people write it."""
        return "{}.{}".format(*self.version)


@functools.lru_cache(maxsize=1)
def interpreters() -> tuple[Interpreter, ...]:
    """One Python of each minor version, oldest first: one that can make environments, then the first on PATH."""
    best: dict[tuple[int, int], Interpreter] = {}
    with ThreadPoolExecutor(max_workers=8) as pool:
        for found in pool.map(_ask, _candidates()):
            if found is None or found.minor < OLDEST:
                continue
            known = best.get(found.minor)
            if known is None or (found.whole and not known.whole):
                best[found.minor] = found
    return tuple(best[minor] for minor in sorted(best))


def _candidates() -> list[Path]:
    names = ["python3", *(f"python3.{number}" for number in range(OLDEST[1], NEWEST[1] + 1))]
    places = [Path(entry) for entry in os.environ.get("PATH", "").split(os.pathsep) if entry]
    places += [Path("/usr/bin"), Path("/usr/local/bin"), Path("/opt/homebrew/bin"), *_managed()]
    own = str(CACHE) + os.sep
    paths = dict.fromkeys(place / name for place in places if not str(place).startswith(own) for name in names)
    return [path for path in paths if path.is_file() and os.access(path, os.X_OK)]


def _managed() -> list[Path]:
    """The bin folders of the Pythons of pyenv and uv, where they are in use."""
    roots = []
    for variable, command, below in (
        ("PYENV_ROOT", ["pyenv", "root"], "versions/*/bin"),
        ("UV_PYTHON_INSTALL_DIR", ["uv", "python", "dir"], "*/bin"),
    ):
        root = os.environ.get(variable) or _first_line(command)
        if root:
            roots += sorted(Path(root).glob(below))
    return roots


def _first_line(command: list[str]) -> str:
    if shutil.which(command[0]) is None:
        return ""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip().partition("\n")[0] if done.returncode == 0 else ""


def _ask(path: Path) -> Interpreter | None:
    try:
        done = subprocess.run(
            [str(path), "-I", "-c", QUESTION], capture_output=True, text=True, timeout=20, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    words = done.stdout.strip().split("|")
    if done.returncode != 0 or len(words) != 3:
        return None
    major, minor, patch = (int(number) for number in words[0].split("."))
    return Interpreter((major, minor, patch), Path(words[2]), words[1] == "1")


def links() -> Path:
    """A folder with one link `python3.N` per Python that runs, for PATH, before the wrappers of version managers."""
    folder = cache_folder("pythons")
    wanted = {f"python{found.name}": found.path for found in interpreters()}
    for link in folder.iterdir():
        if link.name not in wanted:
            link.unlink()
    for name, target in wanted.items():
        link = folder / name
        if not link.is_symlink() or link.readlink() != target:
            fresh = folder / f".{name}-{os.getpid()}"
            fresh.symlink_to(target)
            fresh.replace(link)
    return folder
