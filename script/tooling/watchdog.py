# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ends a throwaway server and removes its folder when the program that started it dies, however it dies.

Started with the folder as its only argument; it waits on its standard input, which closes with its parent.
One line `keep` lets the server live.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import sys
import time
from pathlib import Path


def server_pid(folder: Path) -> int | None:
    """The process id in the server's own file, if that file is there."""
    try:
        return int((folder / "data" / "postmaster.pid").read_text(encoding="utf-8").split("\n", 1)[0])
    except (OSError, ValueError):
        return None


def is_server(pid: int, folder: Path) -> bool:
    """Whether this process is still the server of this folder (process ids are used again)."""
    try:
        return str(folder).encode() in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        try:
            os.kill(pid, 0)
        except OSError:
            return False
        return not Path("/proc/self").exists()


def end(folder: Path) -> None:
    """Stop the server without grace and remove its folder."""
    pid = server_pid(folder)
    if pid is not None and is_server(pid, folder):
        for number, patience in ((signal.SIGQUIT, 5.0), (signal.SIGKILL, 2.0)):
            with contextlib.suppress(OSError):
                os.kill(pid, number)
            deadline = time.monotonic() + patience
            while is_server(pid, folder) and time.monotonic() < deadline:
                time.sleep(0.05)
            if not is_server(pid, folder):
                break
    shutil.rmtree(folder, ignore_errors=True)


def main() -> None:
    """Wait for the parent's word or its end."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    folder = Path(sys.argv[1])
    if sys.stdin.readline().strip() != "keep" and folder.is_dir():
        end(folder)


if __name__ == "__main__":
    main()
