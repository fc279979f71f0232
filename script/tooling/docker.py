# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Docker daemon for the length of a run, and the images that stand for a host of each Debian release.

`python3 -m tooling.docker SUITE` prints one JSON document with the image of that suite, made when it is missing.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from .base import ROOT, SetupError, cache_folder, digest, guarded, lock, need_space, run, say, tail
from .packages import Need, program, require

BASE = ("ca-certificates", "cron", "iproute2", "postgresql", "procps", "python3", "python3-apt", "sudo")
# One host has the driver and acl, on the other the roles have to install them.
SUITES = {"bookworm": BASE, "trixie": (*BASE, "acl", "python3-psycopg2")}
# Goes up when images are made in another way.
RECIPE = 1
REGISTRY_SECONDS = 40
DAEMON_SECONDS = 60
PID_FILES = (Path("/var/run/docker.pid"), Path("/var/run/docker/containerd/containerd.pid"))


def answers() -> bool:
    """Whether a daemon is there for us."""
    try:
        done = subprocess.run(["docker", "info"], capture_output=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    # The client ends with 0 on some releases although no server answered, and says so.
    return done.returncode == 0 and b"Server Version" in done.stdout


@contextlib.contextmanager
def daemon(install: bool = True) -> Iterator[str]:
    """A daemon that answers: the one that is there, else one of our own, ended afterwards."""
    require([program("docker", "docker.io", "the hosts of the molecule scenarios")], install)
    if os.geteuid() != 0:
        if not answers():
            raise SetupError("No Docker daemon answers this user: start one, or add the user to the group docker.")
        yield "the running daemon"
        return
    # One of two runs must not end the daemon that the other one has come to use.
    with lock("docker-daemon", patience=3600, folder=Path("/run/lock")):
        if answers():
            yield "the running daemon"
            return
        require([program("dockerd", "docker.io", "the hosts of the molecule scenarios")], install)
        with _own_daemon() as log:
            yield f"a daemon of our own, log {log}"


@contextlib.contextmanager
def _own_daemon() -> Iterator[Path]:
    _remove_stale_pids()
    log = cache_folder("logs") / "dockerd.log"
    # Should this program be killed, the kernel ends the daemon.
    leash = ["setpriv", "--pdeathsig", "TERM"] if shutil.which("setpriv") else []
    with log.open("w", encoding="utf-8") as output:
        process = subprocess.Popen(
            [*leash, "dockerd"],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        deadline = time.monotonic() + DAEMON_SECONDS
        while not answers():
            if process.poll() is not None or time.monotonic() > deadline:
                raise SetupError(
                    f"dockerd did not start; its log {log} ends:\n{tail(log.read_text(encoding='utf-8'), 8)}"
                )
            time.sleep(0.3)
        yield log
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(10)


def _remove_stale_pids() -> None:
    """A daemon that was killed leaves files that keep the next one from starting."""
    for path in PID_FILES:
        with contextlib.suppress(OSError, ValueError):
            pid = int(path.read_text(encoding="utf-8"))
            command = Path(f"/proc/{pid}/comm")
            if not command.exists() or command.read_text(encoding="utf-8").strip() not in ("dockerd", "containerd"):
                path.unlink()


def image(suite: str, install: bool = True) -> str:
    """The tag of the suite's image; made from the registry's base where it answers, else from Debian's packages."""
    packages = SUITES[suite]
    tag = f"pgops-test-{suite}:{digest(RECIPE, suite, *packages)}"
    if _exists(tag):
        return tag
    with lock(f"image-{suite}", patience=1800):
        if not _exists(tag):
            need_space(Path("/var/lib"), 1500, f"the image of Debian {suite}")
            if not _from_registry(suite, packages, tag):
                _from_packages(suite, packages, tag, install)
    return tag


def _exists(tag: str) -> bool:
    return _quiet(["docker", "image", "inspect", tag], 30)


def _quiet(command: Sequence[str], timeout: float) -> bool:
    try:
        done = subprocess.run(
            list(command), capture_output=True, stdin=subprocess.DEVNULL, timeout=timeout, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def _from_registry(suite: str, packages: Sequence[str], tag: str) -> bool:
    base = f"debian:{suite}-slim"
    if not _exists(base) and not _quiet(["docker", "pull", "--quiet", base], REGISTRY_SECONDS):
        return False
    recipe = (
        f"FROM {base}\nENV LANG=C.UTF-8 DEBIAN_FRONTEND=noninteractive\n"
        f"RUN apt-get update && apt-get install -y --no-install-recommends {' '.join(packages)}\n"
        'CMD ["sleep", "infinity"]\n'
    )
    log = cache_folder("logs") / f"image-{suite}.log"
    with tempfile.TemporaryDirectory(prefix="image-", dir=cache_folder("work")) as folder:
        Path(folder, "Dockerfile").write_text(recipe, encoding="utf-8")
        try:
            run(["docker", "build", "--tag", tag, folder], what=f"Building the image of {suite}", timeout=900, log=log)
        except SetupError as error:
            say(f"         {error}")
            return False
    return True


def _from_packages(suite: str, packages: Sequence[str], tag: str, install: bool) -> None:
    require([program("mmdebstrap", "mmdebstrap", "images without a container registry"), _keyring()], install)
    log = cache_folder("logs") / f"image-{suite}.log"
    options = ["--variant=minbase", f"--include={','.join(packages)}", '--aptopt=Acquire::Retries "3"']
    changes = ["-c", "ENV LANG=C.UTF-8", "-c", 'CMD ["sleep", "infinity"]']
    with tempfile.TemporaryDirectory(prefix="pgops-image-", dir="/var/tmp") as folder:
        archive = Path(folder, "root.tar")
        what = f"Making an image of Debian {suite} from its packages (no container registry answered)"
        run(["mmdebstrap", *options, suite, archive], what=what, timeout=900, log=log)
        run(["docker", "import", *changes, archive, tag], what=f"Importing the image of {suite}", timeout=300, log=log)


def _keyring() -> Need:
    key = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
    return Need("debian-archive-keyring", "checking Debian's packages", key.exists)


def main() -> int:
    """Make the image of one suite and describe it."""
    suite = sys.argv[1] if len(sys.argv) == 2 else ""
    if suite not in SUITES:
        sys.stderr.write(f"usage: python3 -m tooling.docker {'|'.join(SUITES)}\n")
        return 2
    if not answers():
        raise SetupError("No Docker daemon answers: start one, or run script/test molecule, which does.")
    # Only the document goes to the standard output.
    with contextlib.redirect_stdout(sys.stderr):
        tag = image(suite)
    sys.stdout.write(json.dumps({"suite": suite, "image": tag, "project": str(ROOT)}) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(guarded("test", main))
