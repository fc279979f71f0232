# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Throwaway servers: private, whole, and gone however their program ends."""

from __future__ import annotations

import os
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
from tooling import binaries, cluster
from tooling.base import SetupError
from tooling.cluster import Cluster

SCRIPT = Path(__file__).resolve().parents[2] / "script"
HOLD = """import sys, time
sys.path.insert(0, sys.argv[1])
from tooling.cluster import Cluster
server = Cluster.start()
print(server.folder, server.psql("SELECT 41 + 1"), flush=True)
time.sleep(60)
"""


def leftovers(folder: Path) -> list[str]:
    found = [str(folder)] if folder.exists() else []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = entry.read_bytes()
        except OSError:
            continue
        if os.fsencode(folder) in words:
            found.append(words.replace(b"\0", b" ").decode())
    return found


def test_a_server_is_private_and_leaves_nothing() -> None:
    with Cluster.start() as server:
        folder = server.folder
        assert server.psql("SELECT current_setting('listen_addresses') || current_setting('fsync')") == "off"
        mode = folder.stat()
        assert stat.S_IMODE(mode.st_mode) == 0o700
        assert (mode.st_uid != 0) == (os.geteuid() != 0 or server.user is not None)
        assert server.psql("SELECT count(*) FROM pg_hba_file_rules WHERE error IS NOT NULL") == "0"
        assert f"(PostgreSQL) {server.major}." in server.run("postgres", "--version")
        assert len(os.fsencode(f"{folder}/.s.PGSQL.{server.port}")) <= cluster.LONGEST_SOCKET
    assert leftovers(folder) == []


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM], ids=["killed", "ended"])
def test_a_server_goes_with_its_program(number: signal.Signals) -> None:
    with subprocess.Popen([sys.executable, "-c", HOLD, str(SCRIPT)], stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        folder, answer = holder.stdout.readline().split()
        assert answer == "42"
        assert leftovers(Path(folder))
        holder.send_signal(number)
    deadline = time.monotonic() + 15
    while leftovers(Path(folder)) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert leftovers(Path(folder)) == []


def test_a_kept_server_is_ended_by_its_command() -> None:
    with Cluster.start() as server:
        server.keep()
    try:
        assert server.psql("SELECT 1") == "1", "the kept server is gone"
    finally:
        ended = subprocess.run(
            ["sh", "-c", server.stop_command], capture_output=True, text=True, timeout=60, check=False
        )
    assert ended.returncode == 0, ended.stderr
    assert leftovers(server.folder) == []


def test_the_network_needs_the_password() -> None:
    with Cluster.start(tcp=True) as server:
        where = f"host=127.0.0.1 port={server.port} user=postgres dbname=postgres connect_timeout=10"
        env = server.environment()
        psql: list[str | Path] = [server.bin_dir / "psql", "-w", "-XAtqc", "SELECT 1", where]
        refused = subprocess.run(psql, env=env, capture_output=True, text=True, check=False)
        assert refused.returncode == 2
        assert "password" in refused.stderr
        let_in = subprocess.run(
            psql, env={**env, "PGPASSWORD": server.password}, capture_output=True, text=True, check=True
        )
        assert let_in.stdout == "1\n"


def test_a_taken_port_is_one_sentence() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen(1)
        port = holder.getsockname()[1]
        with pytest.raises(SetupError, match=f"Port {port} of 127.0.0.1 cannot be used .Address already in use."):
            Cluster.start(tcp=True, port=port)


def test_a_server_that_does_not_start_says_why_and_leaves_nothing() -> None:
    with pytest.raises(SetupError, match="did not start in .*FATAL") as caught:
        Cluster.start(settings={"shared_preload_libraries": "'no_such_library'"})
    assert "no_such_library" in str(caught.value)
    folder = Path(str(caught.value).partition(" did not start in ")[2].partition(": ")[0])
    assert folder.name.startswith("pgops-")
    assert leftovers(folder) == []


def test_a_place_whose_name_is_too_long_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    deep = tmp_path / ("x" * 90)
    deep.mkdir()
    monkeypatch.setattr(tempfile, "gettempdir", lambda: str(deep))
    folder = cluster._private_folder(cluster.unprivileged_user(), 5432)
    try:
        assert folder.parent != deep
        assert list(deep.iterdir()) == []
    finally:
        folder.rmdir()


def test_a_major_that_cannot_be_had_is_one_sentence() -> None:
    with pytest.raises(
        SetupError, match="PostgreSQL 9 is not installed here, and only 14, 15, 16, 17, 18 can be downl"
    ):
        binaries.find_binaries(9)
