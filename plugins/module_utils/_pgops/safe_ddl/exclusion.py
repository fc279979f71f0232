# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Keeps two runs of the same kind apart: an advisory lock in the database `postgres`, held by a session of its own."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ..database.session import Session
from ..model.errors import LockedError, PgOpsError

#: The key class of every advisory lock of this tool ("pgop" read as a number).
KEY_CLASS = 1885826928
#: Seconds between two tries.
PAUSE = 0.2

_HOLDER = """
SELECT l.pid, COALESCE(a.application_name, '') AS application_name
FROM pg_catalog.pg_locks l LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid
WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 2
  AND l.classid = %s::int8::oid AND l.objid = (%s::int8 & 4294967295)::oid
LIMIT 1
"""


def action_key(database_oid: int, group: str) -> int:
    """The second key: a signed 32-bit hash of the database's OID and the action group."""
    digest = hashlib.sha256(f"{database_oid}:{group}".encode("ascii")).digest()
    return int.from_bytes(digest[:4], "big", signed=True)


@contextmanager
def exclusive(session: Session, database_oid: int, group: str, budget: float) -> Iterator[Callable[[], None]]:
    """Hold the lock of one action group on one database; wait for at most `budget` seconds.

    Gives a function that raises PgOpsError when the lock was lost meanwhile: call it before committing.

    :raises LockedError: when another run holds it for longer, with that run's process.
    """
    key = action_key(database_oid, group)
    with _lock_session(session) as keeper:
        deadline = time.monotonic() + budget
        while not keeper.one("SELECT pg_catalog.pg_try_advisory_lock(%s, %s) AS got", (KEY_CLASS, key))["got"]:
            if time.monotonic() >= deadline:
                holder = keeper.query(_HOLDER, (KEY_CLASS, key))
                who = f"process {holder[0]['pid']} ({holder[0]['application_name']})" if holder else "another run"
                raise LockedError(
                    f"Another run of the same kind works on database {session.database}: {who}. Nothing was touched; "
                    "run this again when it has ended.",
                    database=session.database,
                    holders=holder,
                )
            time.sleep(PAUSE)
        yield lambda: _still_held(keeper, session.database)


def _still_held(keeper: Session, database: str) -> None:
    try:
        keeper.execute("SELECT 1")
    except PgOpsError as error:
        raise PgOpsError(
            f"The session that keeps other runs away from database {database} was ended ({error}). Nothing was "
            "changed; "
            "run this again.",
            database=database,
        ) from error


@contextmanager
def _lock_session(session: Session) -> Iterator[Session]:
    try:
        keeper = session.sibling("postgres")
    except PgOpsError as error:
        raise PgOpsError(
            "The database postgres, where runs are kept apart by advisory locks, cannot be reached: "
            f"{error} Grant CONNECT on it to this role. Nothing was touched.",
            database="postgres",
        ) from error
    try:
        # The holder waits as long as the work takes: it must not be ended for being idle.
        keeper.execute("SET idle_in_transaction_session_timeout = 0")
        yield keeper
    finally:
        keeper.close()
