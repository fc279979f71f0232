# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Short DDL without hurting others: many short tries instead of one long wait.

A statement that waits for a strong lock makes everyone who comes later wait behind it. So each try has a small
`lock_timeout`; between tries there is a pause with jitter; a try is left out while somebody holds a conflicting lock
for long already. There is no last try without limits. The steps stay within 50 ms and 1 s, so that nobody is blocked
for longer than that at once.
"""

from __future__ import annotations

import random
import time
from dataclasses import dataclass
from typing import Any, Callable, TypeVar

from ..database.session import DatabaseError, Session
from ..model.errors import LockedError

#: lock_timeout of the tries, in milliseconds; the last one is repeated.
LADDER = (50, 100, 200, 500, 1000)
#: Pauses between tries in seconds, doubled up to the maximum, each multiplied by a random factor of 0.5 to 1.5.
FIRST_PAUSE, LONGEST_PAUSE = 0.05, 2.0
#: A transaction that is older than this many seconds and holds a conflicting lock is waited for, not queued behind.
OLD_HOLDER = 5.0
_RETRIED = {"55P03": "lock not available", "40P01": "deadlock detected"}

_HOLDERS = """
SELECT l.pid, l.mode, COALESCE(a.application_name, '') AS application_name, COALESCE(a.usename::text, '') AS "user",
       COALESCE(a.state, '') AS state, pg_catalog.left(COALESCE(a.query, ''), 200) AS query,
       COALESCE(EXTRACT(epoch FROM pg_catalog.clock_timestamp() - a.xact_start), 0)::float8 AS transaction_seconds,
       COALESCE(p.gid, '') AS prepared_transaction
FROM pg_catalog.pg_locks l
LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid
LEFT JOIN pg_catalog.pg_prepared_xacts p ON l.pid IS NULL AND l.virtualtransaction = '-1/' || p.transaction::text
WHERE l.locktype = 'relation' AND l.granted AND l.pid IS DISTINCT FROM pg_catalog.pg_backend_pid()
  AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())
  AND (l.relation = ANY(%s::oid[]) OR %s) AND l.mode = ANY(%s::text[])
ORDER BY transaction_seconds DESC
LIMIT 10
"""

#: Which modes stand in the way of the one that is wanted (PostgreSQL's documentation, "Table-Level Lock Modes").
_ABOVE_READING = (
    "RowExclusiveLock",
    "ShareUpdateExclusiveLock",
    "ShareLock",
    "ShareRowExclusiveLock",
    "ExclusiveLock",
    "AccessExclusiveLock",
)
CONFLICTS = {
    "ShareRowExclusiveLock": _ABOVE_READING,
    "AccessExclusiveLock": ("AccessShareLock", "RowShareLock", *_ABOVE_READING),
}

Result = TypeVar("Result")


@dataclass(frozen=True)
class Climb:
    """How often the ladder was tried, and who stood in the way."""

    tries: int
    blockers: tuple[dict[str, Any], ...]


def climb(
    session: Session, relations: tuple[int, ...], mode: str, work: Callable[[], Result], budget: float
) -> tuple[Result, Climb]:
    """Run `work` in a transaction with short lock time-outs until it gets its locks.

    :param relations: OIDs of the tables and views whose locks are needed.
    :param mode: the strongest lock that `work` takes on them, a key of `CONFLICTS`.
    :param work: the transaction's content; it is run anew at each try and must not keep state between tries.
    :param budget: seconds in all.
    :raises LockedError: when the budget is spent; names the holders. Nothing was changed.
    """
    deadline = time.monotonic() + budget
    pause, tries, last = FIRST_PAUSE, 0, "lock not available"
    seen: dict[Any, dict[str, Any]] = {}
    while True:
        holders = _holders(session, relations, mode)
        seen.update({holder["pid"] or holder["prepared_transaction"]: holder for holder in holders})
        if not any(_old(holder) for holder in holders):
            tries += 1
            try:
                return _try(session, work, LADDER[min(tries, len(LADDER)) - 1]), Climb(tries, tuple(seen.values()))
            except DatabaseError as error:
                if error.sqlstate not in _RETRIED:
                    raise
                last = str(error)
                after = _holders(session, relations, mode)
                seen.update({holder["pid"] or holder["prepared_transaction"]: holder for holder in after})
        if time.monotonic() + pause >= deadline:
            raise _spent(session, budget, tries, last, list(seen.values()))
        time.sleep(pause * random.uniform(0.5, 1.5))
        pause = min(pause * 2, LONGEST_PAUSE)


def patiently(session: Session, work: Callable[[], Result], budget: float) -> Result:
    """Run `work`, which only reads, again while others hold ACCESS EXCLUSIVE locks on what it reads.

    :raises LockedError: when the budget is spent; names the holders.
    """
    deadline = time.monotonic() + budget
    tries = 0
    while True:
        tries += 1
        try:
            return work()
        except DatabaseError as error:
            if error.sqlstate not in _RETRIED:
                raise
            holders = session.query(_HOLDERS, ([], True, ["AccessExclusiveLock"]))
            if time.monotonic() >= deadline:
                raise _spent(session, budget, tries, str(error), holders) from error


def _try(session: Session, work: Callable[[], Result], milliseconds: int) -> Result:
    with session.transaction():
        session.execute(f"SET LOCAL lock_timeout = {milliseconds}")
        return work()


def _holders(session: Session, relations: tuple[int, ...], mode: str) -> list[dict[str, Any]]:
    return session.query(_HOLDERS, (list(relations), False, list(CONFLICTS[mode]))) if relations else []


def _old(holder: dict[str, Any]) -> bool:
    return bool(holder["prepared_transaction"]) or holder["transaction_seconds"] > OLD_HOLDER


def describe(holder: dict[str, Any]) -> str:
    """One holder in words."""
    if holder["prepared_transaction"]:
        return f"prepared transaction {holder['prepared_transaction']} ({holder['mode']})"
    name = holder["application_name"] or holder["user"]
    return (
        f"process {holder['pid']} ({name}, {holder['state']}, transaction open for "
        f"{holder['transaction_seconds']:.0f} s, {holder['mode']})"
    )


def _spent(session: Session, budget: float, tries: int, last: str, holders: list[dict[str, Any]]) -> LockedError:
    who = "; ".join(map(describe, holders)) or "no holder could be seen"
    return LockedError(
        f"In {budget:g} s and {tries} tries the locks in database {session.database} could not be had ({last}). "
        f"In the way: {who}. Nothing was changed; run this again later or with a larger lock_budget.",
        database=session.database,
        sqlstate="55P03",
        blockers=holders,
    )
