# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files on the host: whole or not at all, never half written, never readable by more than was meant."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import re
import stat
import tempfile
import time
from collections.abc import Callable
from typing import Union

from .model.errors import PgOpsError

Path = Union[str, "os.PathLike[str]"]

#: What a file of this collection is read by: its owner and its group.
MODE = 0o640
#: A write that takes longer than this (seconds) is one that was killed; what it left is removed by the next one.
ABANDONED = 86400.0
_UNSAFE = re.compile(r"[^A-Za-z0-9_-]")


def safe_name(name: str) -> str:
    """The name of an object as part of a file name: itself where it keeps to `[A-Za-z0-9_-]`.

    Any other name gets those of its characters, `_` and eight hex digits of its SHA-256: the same every time, and two
    names never meet.
    """
    if name and not _UNSAFE.search(name):
        return name
    return f"{_UNSAFE.sub('', name)}_{hashlib.sha256(name.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}"


def write_atomic(path: Path, data: bytes | str, mode: int = MODE) -> None:
    """Put `data` (text as UTF-8) at `path` with exactly this mode: readers see the old file or the new one, whole.

    The content is on the disk when this returns. A symbolic link at `path` is replaced, not followed. Whatever goes
    wrong, nothing is left beside the old file.

    :raises PgOpsError: names the path and what the operating system said; the old file is as it was, unless the
        message says otherwise.
    """
    target = _whole_path(path)
    content = data.encode("utf-8") if isinstance(data, str) else data
    folder, name = os.path.split(target)
    # A name of its own length could be too long with a tail; this one always fits, and tells whose it is.
    prefix = f".pgops-{hashlib.sha256(os.fsencode(name)).hexdigest()[:12]}-"
    _refuse_devices("write", target, os.lstat)
    try:
        _remove_abandoned(folder, prefix)
        handle, temporary = tempfile.mkstemp(prefix=prefix, suffix=".tmp", dir=folder)
    except OSError as error:
        raise _refused("write", target, error, "Nothing was written.") from error
    try:
        _fill(handle, content, mode)
        os.replace(temporary, target)
    except BaseException as error:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)
        if isinstance(error, OSError):
            raise _refused("write", target, error, "What was there before is untouched.") from error
        raise
    try:
        _sync_folder(folder)
    except OSError as error:
        kept = "The new content is in place, but would not be sure to outlive a loss of power."
        raise _refused("write", target, error, kept) from error


def read_whole(path: Path) -> bytes | None:
    """The content of a file, None where there is no such file.

    :raises PgOpsError: when it is there and cannot be read; names the path.
    """
    target = _whole_path(path)
    # Reading a pipe would wait for ever, and some devices never end.
    _refuse_devices("read", target, os.stat)
    try:
        with open(target, "rb") as file:
            return file.read()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _refused("read", target, error, "Nothing was touched.") from error


def _whole_path(path: Path) -> str:
    target = os.path.abspath(path)
    if "\x00" in target:
        raise PgOpsError(f"The path {target!r} holds the character NUL, which no path can. Nothing was touched.")
    return target


def _refuse_devices(verb: str, path: str, look: Callable[[str], os.stat_result]) -> None:
    """Refuse what is neither a file nor a folder nor a link; a folder is told by the call that needs a file."""
    try:
        mode = look(path).st_mode
    except OSError:
        # It is not there, or whoever opens it is told why not.
        return
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode) or stat.S_ISLNK(mode)):
        text = f"Could not {verb} {path}: it is a device, a pipe or a socket. Nothing was touched."
        raise PgOpsError(text, path=path)


def _fill(handle: int, content: bytes, mode: int) -> None:
    try:
        # mkstemp made it for its owner alone; the umask has no say in what it becomes.
        os.fchmod(handle, mode)
        rest = memoryview(content)
        while rest:
            rest = rest[os.write(handle, rest) :]
        os.fsync(handle)
    finally:
        os.close(handle)


def _sync_folder(folder: str) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    except OSError as error:
        # Some network file systems keep names safe by themselves and know no such call on a folder.
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise
    finally:
        os.close(handle)


def _remove_abandoned(folder: str, prefix: str) -> None:
    """Remove what writes of the same file left that were killed long ago."""
    with os.scandir(folder) as entries:
        left = [entry.path for entry in entries if entry.name.startswith(prefix) and entry.name.endswith(".tmp")]
    for path in left:
        with contextlib.suppress(FileNotFoundError):
            if time.time() - os.lstat(path).st_mtime > ABANDONED:
                os.unlink(path)


def _refused(verb: str, path: str, error: OSError, kept: str) -> PgOpsError:
    causes = {
        errno.ENOSPC: "the disk is full",
        errno.EDQUOT: "the quota of this user is used up",
        errno.EFBIG: "it would be larger than the limit for files allows",
        errno.EROFS: "the file system is read-only",
        errno.ENOENT: "its folder does not exist",
        errno.ENOTDIR: "what should be its folder is a file",
        errno.EISDIR: "there is a folder of that name",
        errno.EACCES: "this user may not",
        errno.EPERM: "this user may not",
        errno.ENAMETOOLONG: "the name is too long",
    }
    cause = causes.get(error.errno or 0, "the operating system refused")
    said = errno.errorcode.get(error.errno or 0, "")
    text = f"{cause} ({error.strerror or error}{', ' + said if said else ''})"
    return PgOpsError(f"Could not {verb} {path}: {text}. {kept}", path=path, errno=said)
