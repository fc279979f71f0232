# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""script/demo for real: what it says is so, it notices sabotage, and nothing of it stays behind."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from harness import wait_until

DEMO = Path(__file__).resolve().parents[2] / "script" / "demo"
SECONDS = 300
STEP = re.compile(r"^\[\d/\d\]", re.MULTILINE)
HEADINGS = ("WHAT WAS WRONG", "WHAT WAS CHANGED", "WHAT IS NOW TRUE", "WHAT IS STILL WRONG", "WHAT THE REVIEW SAYS")


class Place:
    """A folder for temporary files and a home of a test's own: what a demonstration leaves, it leaves here."""

    def __init__(self, folder: Path) -> None:
        self.temporary = folder / "t"
        self.home = folder / "home"
        for made in (self.temporary, self.home):
            made.mkdir()
            # The server runs as another user when this is root.
            made.chmod(0o755)

    def start(self, *options: str, limit: int | None = None) -> subprocess.Popen[str]:
        """Start a demonstration; `limit` is the size no file may exceed."""
        kept = {key: value for key, value in os.environ.items() if not key.startswith("ANSIBLE_")}
        return subprocess.Popen(
            [*(["prlimit", f"--fsize={limit}"] if limit else []), str(DEMO), "--no-install", *options],
            cwd=self.home,
            env={**kept, "TMPDIR": str(self.temporary), "HOME": str(self.home), "PGHOST": "/nowhere"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def leftovers(self) -> list[str]:
        """Files in the folder, and processes that have to do with it."""
        found = [str(path) for path in (*self.temporary.iterdir(), *self.home.iterdir())]
        for process in Path("/proc").glob("[0-9]*"):
            try:
                words = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                folder = os.readlink(process / "cwd")
            except OSError:
                continue
            if str(self.temporary) in words or folder.startswith(str(self.temporary)):
                found.append(f"process {process.name}: {words}")
        return found


def finish(process: subprocess.Popen[str]) -> tuple[int, str]:
    text, dummy = process.communicate(timeout=SECONDS)
    return process.returncode, text


@pytest.fixture
def place() -> Iterator[Place]:
    # Short: a socket's path ends at 107 bytes.
    with tempfile.TemporaryDirectory(prefix="demo-", dir="/tmp") as folder:
        Path(folder).chmod(0o755)
        yield Place(Path(folder))


def test_the_demonstration_and_a_sabotaged_one_at_the_same_time(place: Place) -> None:
    good, bad = place.start(), place.start("--sabotage")
    status, text = finish(good)
    bad_status, bad_text = finish(bad)
    assert place.leftovers() == []

    assert status == 0, text
    places = [text.index(heading) for heading in HEADINGS]
    assert places == sorted(places)
    assert "15,500 endpoints, 222 in the view servers" in text
    assert text.count("refused, 55000: cannot ") == 5
    for operation in ("insert", "update", "delete"):
        assert f"yes trigger pgops_servers_{operation} fires INSTEAD OF {operation.upper()}" in text
    assert len(re.findall(r"^  yes (bot|sync job|pruner) ", text, re.MULTILINE)) == 5
    assert "all 17,761 rows of the 8 tables are as they were" in text
    assert "a second run of the playbook reported changed=0" in text
    assert "NO" not in re.findall(r"^  (\S+)", text, re.MULTILINE)
    assert "\033" not in text
    assert "Every sentence above holds." in text
    assert "view-not-writable" not in text
    told = text[text.index(HEADINGS[-1]) :]
    assert "error data-rules: No honeypot is active: not so in 216 rows. (and 6 more)" in told
    report = re.search(r"The whole report, with the reasons: (.*\.md)$", told, re.MULTILINE)
    assert report is not None
    assert Path(report[1]).read_text(encoding="utf-8").startswith("# Review of database ollama_scanner\n")
    assert len(text[text.index(HEADINGS[0]) :].split()) < 550, "a person cannot read that in two minutes"

    assert bad_status == 1, bad_text
    verdict = bad_text[bad_text.index("This does NOT hold") :]
    assert "trigger pgops_servers_update is missing from public.servers" in verdict
    assert "UPDATE servers SET scan_date" in verdict
    assert "Every sentence above holds" not in bad_text


def test_a_kept_server_can_be_used_and_ended(place: Place) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    status, text = finish(place.start("--keep", "--port", str(port)))
    try:
        assert status == 0, text
        psql = re.findall(r"^  ('?/.*/psql'? .*)$", text, re.MULTILINE)
        assert len(psql) == 2
        for line, role in zip(psql, ("postgres", "ollama"), strict=True):
            answer = subprocess.run(
                ["sh", "-c", f"{line} -XAtc 'SELECT current_user, count(*) FROM servers'"],
                capture_output=True,
                text=True,
                timeout=60,
                check=False,
            )
            assert answer.stdout.strip() == f"{role}|222", answer.stderr
        with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
            assert connection.getpeername()[1] == port
    finally:
        stop = text.partition("To end it and remove everything:\n")[2].strip()
        subprocess.run(["sh", "-c", stop or "false"], capture_output=True, timeout=60, check=True)
    assert place.leftovers() == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL], ids=lambda number: signal.Signals(number).name)
def test_nothing_stays_when_it_is_killed(place: Place, number: signal.Signals) -> None:
    process = place.start()
    assert process.stdout is not None
    for line in process.stdout:
        if "running ansible-playbook" in line:
            break
    assert any(place.temporary.iterdir()), "there was nothing to leave behind"
    process.send_signal(number)
    process.stdout.close()
    assert process.wait(timeout=60) in (-number, 128 + number)
    wait_until(lambda: not place.leftovers(), "an empty temporary folder and no process", timeout=60)
    assert place.leftovers() == []


def test_a_port_in_use_is_one_sentence(place: Place) -> None:
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        port = busy.getsockname()[1]
        status, text = finish(place.start("--port", str(port)))
    last = text.strip().splitlines()[-1]
    assert (status, "Traceback" in text, place.leftovers()) == (2, False, [])
    assert last.startswith(f"script/demo: Port {port} of 127.0.0.1 cannot be used")


def test_a_cache_that_cannot_be_written_is_one_sentence(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    obstacle = place.home / "file"
    obstacle.touch()
    monkeypatch.setenv("PGOPS_CACHE", str(obstacle / "cache"))
    status, text = finish(place.start())
    obstacle.unlink()
    assert (status, "Traceback" in text, place.leftovers()) == (2, False, [])
    assert text.strip().splitlines()[-1].startswith(f"script/demo: The cache folder {obstacle}/cache cannot be made")


def test_a_reader_that_goes_away_is_no_traceback(place: Place) -> None:
    process = place.start()
    assert process.stdout is not None
    assert process.stdout.readline().startswith("The collection ollama_scanner.pgops")
    process.stdout.close()
    assert process.wait(timeout=SECONDS) == 1
    assert place.leftovers() == []


def test_a_disk_that_takes_no_more_is_one_sentence(place: Place) -> None:
    # A limit on the size of files stands in for the disk: the server's write-ahead log does not fit.
    status, text = finish(place.start(limit=4_000_000))
    last = text.strip().splitlines()[-1]
    assert (status, "Traceback" in text, place.leftovers()) == (2, False, [])
    assert last.startswith("script/demo: Making a PostgreSQL"), text
    assert "File too large" in last
