# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every script shares: where things lie, one kind of error, running programs, locks, temporary folders."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CACHE = Path(os.environ.get("PGOPS_CACHE") or ROOT / ".cache").resolve()
# pip asks a rustc it finds for its version, and rustup's makes itself a folder in the home for the answer.
os.environ.setdefault("RUSTUP_HOME", str(CACHE / "rustup"))
TAIL_LINES = 25
# Seconds this process has waited for others that held a lock: they are nobody's work.
WAITED = [0.0]


class SetupError(Exception):
    """The surroundings do not allow it; the text is one sentence a person can act on."""


def say(text: str) -> None:
    """Tell the person at the terminal what is going on."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def tail(text: str, lines: int = TAIL_LINES) -> str:
    """The last lines of a log."""
    return "\n".join(text.strip().splitlines()[-lines:])


def first_error(text: str) -> str:
    """The line of a program's output that most likely names what went wrong."""
    lines = [line.strip() for line in text.strip().splitlines() if line.strip()]
    for word in ("FATAL", "ERROR", "error:", "Error", "No space left"):
        for line in lines:
            if word in line:
                return line[:400]
    return lines[-1][:400] if lines else "it said nothing"


def run(
    command: Sequence[str | Path],
    *,
    what: str,
    timeout: float = 600,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    log: Path | None = None,
    merge: bool = True,
) -> str:
    """Run a program and return what it wrote (with `merge` its stderr too); a failure becomes a SetupError."""
    words = [str(word) for word in command]
    try:
        done = subprocess.run(
            words,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT if merge else subprocess.PIPE,
            timeout=timeout,
            env=None if env is None else dict(env),
            cwd=cwd,
            text=True,
            errors="replace",
            check=False,
        )
    except FileNotFoundError:
        raise SetupError(f"{what} needs the program {words[0]}, which is not there.") from None
    except subprocess.TimeoutExpired:
        raise SetupError(f"{what} was given up after {timeout:.0f} seconds.") from None
    except OSError as error:
        raise SetupError(f"{what} could not run {words[0]}: {error.strerror}.") from None
    if log is not None:
        log.write_text(done.stdout, encoding="utf-8")
    if done.returncode != 0:
        where = f" (the whole log: {log})" if log is not None else ""
        raise SetupError(
            f"{what} failed with status {done.returncode}: {first_error(done.stderr or done.stdout)}{where}"
        )
    return done.stdout


def digest(*parts: object) -> str:
    """A short hash of whatever a cache entry depends on; a Path counts with its content."""
    total = hashlib.sha256()
    for part in parts:
        data = part.read_bytes() if isinstance(part, Path) else str(part).encode()
        total.update(len(data).to_bytes(8, "big") + data)
    return total.hexdigest()[:16]


def cache_folder(*names: str) -> Path:
    """A folder in the cache, made when it is missing."""
    folder = CACHE.joinpath(*names)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SetupError(
            f"The cache folder {folder} cannot be made: {error.strerror}; set PGOPS_CACHE to a folder that can "
            "be written."
        ) from None
    return folder


def need_space(folder: Path, megabytes: int, purpose: str) -> None:
    """Refuse to start what would die half-way on a full disk."""
    free = shutil.disk_usage(folder).free // 1_000_000
    if free < megabytes:
        raise SetupError(
            f"Only {free} MB are free in {folder}, and {purpose} needs {megabytes} MB there: free some space "
            "and try again."
        )


@contextlib.contextmanager
def lock(name: str, patience: float = 900, folder: Path | None = None) -> Iterator[None]:
    """Hold a named lock in the cache, so that two runs do not build the same thing; it dies with the process."""
    path = (folder or cache_folder("locks")) / f"{'pgops-' if folder else ''}{name}.lock"
    with path.open("a+", encoding="utf-8") as handle:
        begun = time.monotonic()
        deadline = begun + patience
        told = False
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise SetupError(
                        f"Another run has held {path} for {patience:.0f} seconds: wait for it or end it."
                    ) from None
                if not told:
                    say(f"Waiting for another run that holds {path.name} ...")
                    told = True
                time.sleep(0.2)
        WAITED[0] += time.monotonic() - begun
        yield


@contextlib.contextmanager
def staged(final: Path) -> Iterator[Path]:
    """A folder to fill that appears under its final name only when it is complete."""
    final.parent.mkdir(parents=True, exist_ok=True)
    stage = Path(tempfile.mkdtemp(prefix=f".{final.name}-", dir=final.parent))
    try:
        yield stage
        stage.chmod(0o755)
        if final.exists():
            shutil.rmtree(final)
        stage.rename(final)
    finally:
        shutil.rmtree(stage, ignore_errors=True)


def end_on_signals() -> None:
    """Let SIGTERM and SIGHUP unwind the stack, so that context managers and atexit tidy up."""
    if threading.current_thread() is not threading.main_thread():
        return

    def leave(number: int, _frame: object) -> None:
        raise SystemExit(128 + number)

    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, leave)


def guarded(name: str, main: Callable[[], int]) -> int:
    """Run a script's main program; what its surroundings do to it becomes one sentence and status 1."""
    end_on_signals()
    try:
        return main()
    except SetupError as error:
        sentence = str(error)
    except KeyboardInterrupt:
        sys.stderr.write(f"\nscript/{name}: interrupted.\n")
        return 130
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EROFS):
            raise
        sentence = f"{error.strerror} while writing {error.filename or 'a file'}: make room and try again."
    sys.stderr.write(f"script/{name}: {sentence}\n")
    return 1
