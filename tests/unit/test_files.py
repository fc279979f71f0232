# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files are whole or not there, whatever the disk, the folder or a limit says."""

from __future__ import annotations

import os
import resource
import stat
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from _pgops.files import read_whole, safe_name, write_atomic
from _pgops.model.errors import PgOpsError

LIBRARY = Path(__file__).resolve().parents[2] / "plugins" / "module_utils"
NOBODY = 65534


@contextmanager
def limited_to(size: int) -> Iterator[None]:
    """No file of this process may grow beyond so many bytes: a write stops in the middle, as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@contextmanager
def without_rights() -> Iterator[None]:
    """As a user for whom permissions count."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def closed_folder() -> Iterator[Path]:
    """A folder that may be looked into but not written to."""
    folder = Path(tempfile.mkdtemp(prefix="pgops-closed-", dir="/tmp"))
    (folder / "old.json").write_text("old")
    folder.chmod(0o555)
    yield folder
    folder.chmod(0o755)
    (folder / "old.json").unlink()
    folder.rmdir()


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


def names_in(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


@pytest.mark.parametrize(("mask", "mode"), [(0o077, 0o640), (0o000, 0o600), (0o277, 0o644)])
def test_mode_is_what_was_asked_for_whatever_the_umask(tmp_path: Path, mask: int, mode: int) -> None:
    before = os.umask(mask)
    try:
        write_atomic(tmp_path / "new", b"\x00\xff", mode)
    finally:
        os.umask(before)
    assert mode_of(tmp_path / "new") == mode
    assert (tmp_path / "new").read_bytes() == b"\x00\xff"
    assert names_in(tmp_path) == ["new"]


def test_text_is_utf_8_and_the_mode_is_renewed(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("old and longer than what comes")
    path.chmod(0o666)
    write_atomic(path, "grün")
    assert path.read_bytes() == "grün".encode()
    assert mode_of(path) == 0o640


def test_relative_paths_and_long_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    name = "n" * 255
    write_atomic(name, "x")
    assert names_in(tmp_path) == [name]


def test_a_link_is_replaced_and_what_it_led_to_is_untouched(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    (tmp_path / "link").symlink_to(tmp_path / "secret")
    write_atomic(tmp_path / "link", "new")
    assert (tmp_path / "secret").read_text() == "secret"
    assert not (tmp_path / "link").is_symlink()
    assert (tmp_path / "link").read_text() == "new"


def test_a_write_that_stops_in_the_middle_leaves_the_old_file_alone(tmp_path: Path) -> None:
    path = tmp_path / "status.json"
    write_atomic(path, "old")
    with limited_to(1000), pytest.raises(PgOpsError) as caught:
        write_atomic(path, b"x" * 100_000)
    assert str(path) in str(caught.value)
    assert "EFBIG" in str(caught.value)
    assert caught.value.facts["path"] == str(path)
    assert path.read_text() == "old"
    assert names_in(tmp_path) == ["status.json"]


def test_a_full_disk_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "status.json"
    with open("/dev/full", "wb", buffering=0) as full:
        # The device that is always full stands in for the new file's disk.
        monkeypatch.setattr(os, "write", lambda _handle, data, write=os.write: write(full.fileno(), data))
        with pytest.raises(PgOpsError, match="the disk is full .*ENOSPC") as caught:
            write_atomic(path, b"x")
    assert str(path) in str(caught.value)
    assert names_in(tmp_path) == []


def test_a_folder_without_rights_is_said(closed_folder: Path) -> None:
    path = closed_folder / "old.json"
    with without_rights(), pytest.raises(PgOpsError, match="this user may not .*EACCES") as caught:
        write_atomic(path, "new")
    assert str(path) in str(caught.value)
    assert path.read_text() == "old"
    assert names_in(closed_folder) == ["old.json"]


def test_a_folder_that_is_none_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "folder").mkdir()
    for path, words in (
        (tmp_path / "absent" / "x", "its folder does not exist"),
        (tmp_path / "file" / "x", "what should be its folder is a file"),
        (tmp_path / "folder", "there is a folder of that name"),
        (tmp_path / ("n" * 256), "the name is too long"),
        (f"{tmp_path}/a\x00b", "holds the character NUL"),
    ):
        with pytest.raises(PgOpsError, match=words) as caught:
            write_atomic(path, "x")
        assert str(tmp_path) in str(caught.value)
    assert names_in(tmp_path) == ["file", "folder"]


def test_what_a_killed_write_left_is_removed_after_a_day(tmp_path: Path) -> None:
    program = (
        f"import sys, os; sys.path.insert(0, {str(LIBRARY)!r})\n"
        "from _pgops.files import write_atomic\n"
        "os.fsync = lambda handle: os.kill(os.getpid(), 9)\n"
        f"write_atomic({str(tmp_path / 'one')!r}, 'x')\n"
    )
    done = subprocess.run([sys.executable, "-c", program], check=False)
    assert done.returncode == -9
    (left,) = names_in(tmp_path)

    write_atomic(tmp_path / "one", "y")
    assert left in names_in(tmp_path), "it could be a write that still goes on"
    os.utime(tmp_path / left, (0, 0))
    write_atomic(tmp_path / "other", "y")
    assert left in names_in(tmp_path), "it is another file's"
    write_atomic(tmp_path / "one", "y")
    assert names_in(tmp_path) == ["one", "other"]


def test_readers_see_old_or_new_and_never_half(tmp_path: Path) -> None:
    path, size = tmp_path / "file", 200_000
    contents = {letter * size for letter in "abcd"}
    write_atomic(path, "a" * size)

    def write(text: str) -> None:
        for _turn in range(20):
            write_atomic(path, text)

    writers = [threading.Thread(target=write, args=(text,)) for text in sorted(contents)]
    for writer in writers:
        writer.start()
    seen = set()
    while any(writer.is_alive() for writer in writers):
        seen.add(path.read_text())
    assert seen
    assert seen <= contents
    assert names_in(tmp_path) == ["file"]


def test_reading(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"\x00")
    assert read_whole(tmp_path / "file") == b"\x00"
    assert read_whole(tmp_path / "absent") is None
    with pytest.raises(PgOpsError, match="there is a folder of that name"):
        read_whole(tmp_path)


def test_reading_without_rights(closed_folder: Path) -> None:
    (closed_folder / "old.json").chmod(0)
    with without_rights(), pytest.raises(PgOpsError, match="Could not read .*old.json: this user may not"):
        read_whole(closed_folder / "old.json")


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("ollama_scanner", "ollama_scanner"),
        ("A-1_b", "A-1_b"),
        ("a.b", "ab_2e7336dc"),
        ("../../etc/passwd", "etcpasswd_3754d6cb"),
        ("größe", "gre_d353a267"),
        ("", "_e3b0c442"),
        ("a\x00b", "ab_59b271ae"),
    ],
)
def test_safe_names(name: str, file: str) -> None:
    assert safe_name(name) == file
    assert "/" not in safe_name(name)


def test_pipes_and_devices_are_neither_read_nor_replaced(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for refused in (lambda: write_atomic(pipe, b"x"), lambda: read_whole("/dev/null"), lambda: read_whole(pipe)):
        with pytest.raises(PgOpsError, match="a device, a pipe or a socket"):
            refused()
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    assert [entry.name for entry in tmp_path.iterdir()] == ["pipe"]
