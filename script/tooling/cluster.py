# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Throwaway PostgreSQL servers on a private socket, gone for sure when the program that started them ends."""

from __future__ import annotations

import atexit
import contextlib
import os
import pwd
import secrets
import shlex
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import TypedDict

from .base import SetupError, end_on_signals, first_error, need_space, run
from .binaries import Binaries, find_binaries

SOCKET_PORT = 5432
LONGEST_SOCKET = 107
START_SECONDS = 60
# Nothing here outlives the program: durability is traded for speed.
SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "shared_buffers": "'64MB'",
    "max_wal_size": "'512MB'",
    "max_connections": "100",
    "timezone": "'UTC'",
    "log_timezone": "'UTC'",
    "lc_messages": "'C'",
    "password_encryption": "'scram-sha-256'",
    "log_line_prefix": "'%m [%p] %q%u@%d '",
}


class Identity(TypedDict, total=False):
    """Arguments of subprocess.run that change the user."""

    user: int
    group: int
    extra_groups: list[int]


class Cluster:
    """One server. `with Cluster.start(major=17) as cluster:` stops it and removes every trace at the end."""

    def __init__(self, folder: Path, user: str | None, port: int, tcp: bool, superuser: str) -> None:
        self.folder = folder
        self.user = user
        self.port = port
        self.tcp = tcp
        self.superuser = superuser
        self.password = secrets.token_urlsafe(18)
        self.major = 0
        self.bin_dir = Path()
        self.source = ""
        self.kept = False
        self._watchdog: subprocess.Popen[str] | None = None

    # -- life ---------------------------------------------------------------------------------------------------------

    @classmethod
    def start(
        cls,
        major: int | None = None,
        *,
        tcp: bool = False,
        port: int | None = None,
        settings: Mapping[str, str] | None = None,
        superuser: str = "postgres",
        binaries: Binaries | None = None,
    ) -> Cluster:
        """Make and start a server of this major (None: the newest on the system, else a downloaded one).

        `tcp` also opens it on 127.0.0.1 (passwords needed there), on `port` or a free one; `settings` are lines for
        postgresql.conf, values as they stand there.
        """
        found = binaries or find_binaries(major)
        end_on_signals()
        user = unprivileged_user()
        chosen = _free_port(port) if tcp else port or SOCKET_PORT
        cluster = cls(_private_folder(user, chosen), user, chosen, tcp, superuser)
        try:
            cluster._watch()
            atexit.register(cluster.stop)
            cluster._take(found)
            cluster._make(settings or {})
            cluster.start_server()
        except BaseException:
            cluster.stop()
            raise
        return cluster

    def __enter__(self) -> Cluster:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self.kept:
            self.stop()

    def stop(self) -> None:
        """Stop the server and remove its folder; harmless when that has been done."""
        atexit.unregister(self.stop)
        if self.folder.is_dir():
            with contextlib.suppress(SetupError):
                self.stop_server()
        if self._watchdog is not None:
            # Closing its input makes it end what is left, and remove the folder.
            watchdog, self._watchdog = self._watchdog, None
            with contextlib.suppress(OSError, ValueError):
                watchdog.communicate(timeout=20)
        shutil.rmtree(self.folder, ignore_errors=True)

    def keep(self) -> None:
        """Let the server live after this program; `stop_command` ends it."""
        self.kept = True
        atexit.unregister(self.stop)
        if self._watchdog is not None:
            watchdog, self._watchdog = self._watchdog, None
            watchdog.communicate("keep\n", timeout=20)

    @property
    def stop_command(self) -> str:
        """The shell command that ends a kept server and removes its folder."""
        ctl = shlex.join([str(self.bin_dir / "pg_ctl"), "-D", str(self.data_dir), "-m", "fast", "stop"])
        if self.user is not None:
            ctl = f"cd / && su -s /bin/sh {shlex.quote(self.user)} -c {shlex.quote(ctl)}"
        return f"{ctl} && rm -r {shlex.quote(str(self.folder))}"

    def start_server(self) -> None:
        """Start it (again), and wait until it answers."""
        command: list[str | Path] = [
            "pg_ctl",
            "-D",
            self.data_dir,
            "-l",
            self.log_file,
            "-w",
            "-t",
            str(START_SECONDS),
            "start",
        ]
        try:
            self._as_user(command, f"Starting PostgreSQL {self.major}", timeout=START_SECONDS + 20)
        except SetupError:
            raise SetupError(
                f"PostgreSQL {self.major} did not start in {self.folder}: {first_error(self.log())}"
            ) from None

    def stop_server(self, mode: str = "immediate") -> None:
        """Stop it and leave its folder; mode as in pg_ctl: smart, fast, immediate (like a crash)."""
        if (self.data_dir / "postmaster.pid").exists():
            self._as_user(
                ["pg_ctl", "-D", self.data_dir, "-m", mode, "-w", "-t", "30", "stop"],
                f"Stopping PostgreSQL {self.major}",
            )

    def restart(self, mode: str = "fast") -> None:
        """Stop and start."""
        self.stop_server(mode)
        self.start_server()

    # -- use ----------------------------------------------------------------------------------------------------------

    @property
    def socket_dir(self) -> str:
        """What libpq calls the host."""
        return str(self.folder)

    @property
    def data_dir(self) -> Path:
        """The data directory."""
        return self.folder / "data"

    @property
    def log_file(self) -> Path:
        """The server's log."""
        return self.folder / "server.log"

    def log(self) -> str:
        """What the server has written so far."""
        try:
            return self.log_file.read_text(encoding="utf-8", errors="replace")
        except OSError:
            return ""

    def dsn(self, dbname: str = "postgres", user: str | None = None) -> str:
        """A libpq connection string over the socket, as the superuser or another role."""
        values = {"host": self.socket_dir, "port": str(self.port), "dbname": dbname, "user": user or self.superuser}
        return " ".join(f"{key}='{_escaped(value)}'" for key, value in values.items())

    def environment(self, dbname: str = "postgres", user: str | None = None) -> dict[str, str]:
        """This process's environment with the PG variables that lead here and no others."""
        base = {key: value for key, value in os.environ.items() if not key.startswith("PG") or key.startswith("PGOPS_")}
        here = {
            "PGHOST": self.socket_dir,
            "PGPORT": str(self.port),
            "PGDATABASE": dbname,
            "PGUSER": user or self.superuser,
        }
        return {**base, **here, "PGPASSFILE": str(self.folder / "none"), "PGAPPNAME": "pgops tooling"}

    def run(
        self, tool: str, *arguments: str | Path, dbname: str = "postgres", user: str | None = None, timeout: float = 300
    ) -> str:
        """Run one of this major's client programs against the server and return what it wrote."""
        return run(
            [self.bin_dir / tool, *arguments],
            what=tool,
            timeout=timeout,
            env=self.environment(dbname, user),
            merge=False,
        )

    def psql(self, sql: str | Path, dbname: str = "postgres", user: str | None = None) -> str:
        """Run SQL, or a file of it, stopping at the first error; rows come back unaligned."""
        source: Sequence[str | Path] = ["-f", sql] if isinstance(sql, Path) else ["-c", sql]
        return self.run("psql", "-XqAt", "-v", "ON_ERROR_STOP=1", *source, dbname=dbname, user=user).strip()

    # -- inside -------------------------------------------------------------------------------------------------------

    def _watch(self) -> None:
        program = Path(__file__).with_name("watchdog.py")
        self._watchdog = subprocess.Popen(
            [sys.executable, "-I", "-S", str(program), str(self.folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
            start_new_session=True,
            text=True,
        )

    def _take(self, found: Binaries) -> None:
        """Use the programs where they are, or a copy when the server's user cannot reach them."""
        self.major, self.bin_dir, self.source = found.major, found.bin_dir, found.source
        if self.user is None or self._can_run(found.bin_dir):
            return
        if found.home is None:
            raise SetupError(
                f"The user {self.user} cannot run the PostgreSQL programs in {found.bin_dir}: check the rights "
                "on that path."
            )
        shutil.copytree(found.home, self.folder / "postgresql", symlinks=True)
        self.bin_dir = self.folder / "postgresql" / "bin"
        if not self._can_run(self.bin_dir):
            raise SetupError(
                f"The user {self.user} cannot run programs under {self.folder}: it may be mounted noexec; set "
                "TMPDIR to another place."
            )

    def _can_run(self, bin_dir: Path) -> bool:
        try:
            done = subprocess.run(
                [str(bin_dir / "postgres"), "--version"],
                **_identity(self.user),
                cwd=self.folder,
                capture_output=True,
                timeout=20,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired):
            return False
        return done.returncode == 0

    def _make(self, settings: Mapping[str, str]) -> None:
        secret = self.folder / "password"
        secret.touch(mode=0o600)
        secret.write_text(self.password + "\n", encoding="utf-8")
        if self.user is not None:
            shutil.chown(secret, self.user)
        options = ["-U", self.superuser, "--auth-local=trust", "--auth-host=scram-sha-256", f"--pwfile={secret}"]
        options += ["--encoding=UTF8", "--locale=C", "--no-sync"]
        self._as_user(["initdb", "-D", self.data_dir, *options], f"Making a PostgreSQL {self.major} cluster")
        secret.unlink()
        lines = {
            **SETTINGS,
            "listen_addresses": "'127.0.0.1'" if self.tcp else "''",
            "port": str(self.port),
            "unix_socket_directories": f"'{self.folder}'",
            **settings,
        }
        with (self.data_dir / "postgresql.conf").open("a", encoding="utf-8") as conf:
            conf.write("".join(f"{name} = {value}\n" for name, value in lines.items()))

    def _as_user(self, command: Sequence[str | Path], what: str, timeout: float = 120) -> None:
        words = [str(self.bin_dir / command[0]), *(str(word) for word in command[1:])]
        env = {key: value for key, value in os.environ.items() if not key.startswith(("PG", "LC_", "LANG"))}
        # pg_ctl leaves the server holding its output, so that goes to a file and not to a pipe.
        with (self.folder / "output").open("w+", encoding="utf-8", errors="replace") as output:
            try:
                done = subprocess.run(
                    words,
                    **_identity(self.user),
                    cwd=self.folder,
                    env={**env, "HOME": str(self.folder), "LC_ALL": "C"},
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                    timeout=timeout,
                    check=False,
                )
            except subprocess.TimeoutExpired:
                raise SetupError(f"{what} was given up after {timeout:.0f} seconds.") from None
            except OSError as error:
                raise SetupError(
                    f"{what} as user {self.user or 'this one'} could not run {words[0]}: {error.strerror}."
                ) from None
            output.seek(0)
            if done.returncode != 0:
                raise SetupError(f"{what} in {self.folder} failed: {first_error(output.read())}")


def unprivileged_user() -> str | None:
    """Who runs the server: None for this user, another one when this is root (PostgreSQL refuses root)."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            if pwd.getpwnam(name).pw_uid != 0:
                return name
    raise SetupError(
        "PostgreSQL does not run as root, and there is neither a user postgres nor nobody: run this as an "
        "ordinary user."
    )


def _identity(user: str | None) -> Identity:
    if user is None:
        return {}
    entry = pwd.getpwnam(user)
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


def _private_folder(user: str | None, port: int) -> Path:
    """A folder of mode 0700 with a short name that the server's user can reach."""
    problem = ""
    for place in dict.fromkeys([tempfile.gettempdir(), "/tmp", "/var/tmp"]):
        try:
            folder = Path(tempfile.mkdtemp(prefix="pgops-", dir=place))
        except OSError as error:
            problem = f"{place}: {error.strerror}"
            continue
        if len(os.fsencode(f"{folder}/.s.PGSQL.{port}")) > LONGEST_SOCKET or "'" in str(folder):
            problem = f"{place}: its name is too long or too odd for a socket"
        elif not _hand_over(folder, user):
            problem = f"{place}: the user {user} cannot reach it"
        else:
            try:
                need_space(folder, 250, "a throwaway PostgreSQL")
            except SetupError:
                folder.rmdir()
                raise
            return folder
        folder.rmdir()
    raise SetupError(
        f"There is no place for a throwaway PostgreSQL ({problem}): set TMPDIR to a short path every user can reach."
    )


def _hand_over(folder: Path, user: str | None) -> bool:
    if user is None:
        return True
    try:
        shutil.chown(folder, user)
        done = subprocess.run(["/bin/sh", "-c", "test -w ."], **_identity(user), cwd=folder, check=False)
    except OSError:
        return False
    return done.returncode == 0


def _free_port(wanted: int | None) -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", wanted or 0))
        except OSError as error:
            raise SetupError(
                f"Port {wanted} of 127.0.0.1 cannot be used ({error.strerror}): choose another one or none."
            ) from None
        return int(probe.getsockname()[1])


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace("'", "\\'")
