# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads the catalog though others change it meanwhile: PostgreSQL opens a relation to print what is defined on it, so
that one locked table, or one that is dropped at this moment, ends the whole reading. It is short, and is tried again.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from ...database.session import DatabaseError, Session
from ...model.catalog.snapshot import Catalog
from ...model.errors import LockedError
from ...model.identifiers import quote_qualified
from ...model.measured import Details, Wanted
from .snapshot import nothing_more, read_catalog

#: How often it is tried; each try waits one second at most for a lock, see `database.connect`.
TRIES = 5
_PAUSE = 0.5
_LOCKED = "55P03"
# The object was there in the snapshot and is gone: internal errors such as "cache lookup failed".
_GONE = ("XX000", "42P01")

_HOLDERS = """
SELECT DISTINCT n.nspname::text AS schema, c.relname::text AS name, l.pid,
       COALESCE(a.usename::text, '?') AS user, COALESCE(a.application_name, '') AS application
FROM pg_catalog.pg_locks l
JOIN pg_catalog.pg_database d ON d.oid = l.database AND d.datname = pg_catalog.current_database()
JOIN pg_catalog.pg_class c ON c.oid = l.relation AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid
WHERE l.locktype = 'relation' AND l.mode = 'AccessExclusiveLock' AND l.granted AND n.nspname !~ '^pg_'
  AND l.pid <> pg_catalog.pg_backend_pid()
ORDER BY 1, 2 LIMIT 5
"""


def read_patiently(session: Session, want: Callable[[Catalog], Wanted] = nothing_more) -> tuple[Catalog, Details]:
    """What `read_catalog` gives, tried again where another session was in the way.

    :raises LockedError: when a lock was held all the while; names what is locked and by whom.
    :raises DatabaseError: when PostgreSQL refuses a reading for another reason.
    """
    for _try in range(TRIES - 1):
        try:
            return read_catalog(session, want)
        except DatabaseError as error:
            if error.lost or error.sqlstate not in (_LOCKED, *_GONE):
                raise
        time.sleep(_PAUSE)
    try:
        return read_catalog(session, want)
    except DatabaseError as error:
        if error.sqlstate != _LOCKED:
            raise
        raise _locked(session, error) from error


def _locked(session: Session, error: DatabaseError) -> LockedError:
    holders = [
        f"{quote_qualified(row['schema'], row['name'])} (process {row['pid']}, user {row['user']}"
        + (f", {row['application']})" if row["application"] else ")")
        for row in session.query(_HOLDERS)
    ]
    who = f"others hold for themselves alone: {', '.join(holders)}" if holders else "a lock was held all the while"
    return LockedError(
        f"The catalog of database {session.database} could not be read in {TRIES} tries: {who}. {error} "
        "Nothing was touched. Try again when they are done.",
        database=session.database,
        sqlstate=error.sqlstate,
        blockers=holders,
    )
