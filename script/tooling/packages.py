# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""System packages: installed as root on Debian and Ubuntu, named in one sentence everywhere else."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from .base import SetupError, cache_folder, lock, run, say


@dataclass(frozen=True)
class Need:
    """A Debian package, what it is for, and how to see that its content is there."""

    package: str
    purpose: str
    present: Callable[[], bool] = field(compare=False)


def program(name: str, package: str, purpose: str) -> Need:
    """A package needed for a program."""
    return Need(package, purpose, lambda: shutil.which(name) is not None or Path("/usr/sbin", name).exists())


def require(needs: Iterable[Need], install: bool = True) -> None:
    """See to it that all of them are there, or say in one sentence what is missing."""
    missing = [need for need in needs if not need.present()]
    if not missing:
        return
    names = " ".join(need.package for need in missing)
    purposes = "for " + ", ".join(dict.fromkeys(need.purpose for need in missing))
    if not is_debian():
        raise SetupError(f"This machine lacks what Debian packages as {names} ({purposes}): install it and try again.")
    if not install:
        raise SetupError(
            f"The system packages {names} are missing ({purposes}) and --no-install was given: run apt-get "
            f"install {names}."
        )
    if os.geteuid() != 0:
        raise SetupError(
            f"The system packages {names} are missing ({purposes}): run, as root, apt-get install {names}."
        )
    say(f"Installing the system packages {names} ({purposes}) ...")
    _install([need.package for need in missing])
    still = [need.package for need in missing if not need.present()]
    if still:
        raise SetupError(f"The packages {' '.join(still)} were installed, but what they should bring cannot be found.")


def is_debian() -> bool:
    """Debian, Ubuntu and what descends from them."""
    try:
        text = Path("/etc/os-release").read_text(encoding="utf-8")
    except OSError:
        return False
    words = re.findall(r'^ID(?:_LIKE)?="?([^"\n]*)"?$', text, re.MULTILINE)
    return bool({"debian", "ubuntu"} & {word for line in words for word in line.split()})


def _install(names: list[str]) -> None:
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C"}
    apt = ["apt-get", "-q", "-y", "-o", "DPkg::Lock::Timeout=300", "-o", "Acquire::Retries=3"]
    with lock("apt"):
        log = cache_folder("logs") / "apt.log"
        run([*apt, "update"], what="Refreshing the package lists (apt-get update)", timeout=600, env=env, log=log)
        what = f"Installing the system packages {' '.join(names)}"
        run([*apt, "install", "--no-install-recommends", *names], what=what, timeout=1200, env=env, log=log)
