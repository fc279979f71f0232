# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the steps of a part of the checks: each has a log, a time and a verdict, and a failure shows the log's end."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from .base import WAITED, SetupError, cache_folder, say, tail

LEAST_SECONDS = 30.0
LOG_DAYS = 7


@dataclass
class Steps:
    """The steps of one part, run one after another; later ones run although an earlier one failed."""

    part: str
    seconds: float
    failed: list[str] = field(default_factory=list)
    count: int = 0
    started: float = field(default_factory=time.monotonic)
    waited: float = field(default_factory=lambda: WAITED[0])

    def __post_init__(self) -> None:
        for old in cache_folder("logs", self.part).glob("*.log"):
            if time.time() - old.stat().st_mtime > LOG_DAYS * 86400:
                old.unlink(missing_ok=True)

    @property
    def passed(self) -> bool:
        """Whether something ran and all of it succeeded."""
        return self.count > 0 and not self.failed

    @property
    def spent(self) -> float:
        """Seconds since the part began, without those in which it waited for another run."""
        return time.monotonic() - self.started - (WAITED[0] - self.waited)

    def command(
        self,
        name: str,
        command: Sequence[str | Path],
        env: Mapping[str, str],
        cwd: Path,
        show: str | None = None,
        judge: Callable[[str], str] | None = None,
    ) -> bool:
        """Run a program; it must end with status 0 before the part's time is over.

        `show` makes a remark of the last line with this word; `judge` reads the log of a success, raises SetupError
        when it was none, and returns a remark.
        """
        log = self._log(name)
        begun = time.monotonic()
        # A part over its budget fails anyway: nothing may hang for longer than twice that.
        deadline = max(LEAST_SECONDS, 2 * self.seconds - self.spent)
        words = [str(word) for word in command]
        try:
            with log.open("w", encoding="utf-8") as output:
                status = _supervised(words, dict(env), cwd, output.fileno(), deadline)
        except OSError as error:
            return self._end(name, begun, f"{words[0]} could not run: {error.strerror}.")
        text = log.read_text(encoding="utf-8", errors="replace")
        if status is None:
            return self._end(
                name, begun, f"was given up after {deadline:.0f} seconds; its log ends:\n{tail(text)}", log
            )
        if status != 0:
            return self._end(name, begun, f"ended with status {status}; {_excerpt(text)}", log)
        try:
            remark = judge(text) if judge else _matching(text, show)
        except SetupError as error:
            return self._end(name, begun, f"{error} Its log ends:\n{tail(text)}", log)
        return self._end(name, begun, None, remark=remark)

    def check(self, name: str, function: Callable[[], str | None]) -> bool:
        """Run a function; it raises SetupError when it finds something wrong, and may return a remark."""
        begun = time.monotonic()
        try:
            remark = function()
        except SetupError as error:
            return self._end(name, begun, str(error))
        return self._end(name, begun, None, remark=remark or "")

    def _log(self, name: str) -> Path:
        safe = "".join(char if char.isalnum() or char in "-." else "_" for char in name)
        return cache_folder("logs", self.part) / f"{safe}-{os.getpid()}.log"

    def _end(self, name: str, begun: float, problem: str | None, log: Path | None = None, remark: str = "") -> bool:
        self.count += 1
        verdict = "FAILED" if problem else "ok"
        say(f"  {verdict:<6} {name} ({time.monotonic() - begun:.1f} s){'  ' + remark if remark else ''}")
        if problem:
            self.failed.append(name)
            say("         " + problem.replace("\n", "\n         "))
            if log is not None:
                say(f"         The whole log: {log}")
        return problem is None


def _supervised(words: list[str], env: dict[str, str], cwd: Path, output: int, deadline: float) -> int | None:
    """Run in a process group of its own, which ends with us; None when the deadline passed."""
    process = subprocess.Popen(
        words,
        env=env,
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        return process.wait(deadline)
    except subprocess.TimeoutExpired:
        return None
    finally:
        if process.poll() is None:
            for number in (signal.SIGTERM, signal.SIGKILL):
                with contextlib.suppress(OSError):
                    os.killpg(process.pid, number)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(10)


def _excerpt(text: str) -> str:
    """What a failed program said: its lines marked as errors or its first failed task, and the end of its log."""
    lines = text.splitlines()
    marked = [line for line in lines if line.startswith("ERROR:")][:30]
    if not marked:
        first = next((number for number, line in enumerate(lines) if line.startswith(("fatal:", "[ERROR]:"))), None)
        marked = [] if first is None else lines[first : first + 25]
    if not marked:
        return f"its log ends:\n{tail(text)}"
    return "it reports:\n" + "\n".join([*(line[:400] for line in marked), "...", tail(text, 6)])


def _matching(text: str, wanted: str | None) -> str:
    """The last line of a log that holds this word: figures such as `812 passed`."""
    if wanted is None:
        return ""
    lines = [line.strip(" =") for line in text.splitlines() if wanted in line]
    return lines[-1] if lines else ""
