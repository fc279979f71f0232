# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Puts questions to users' tables: each in a short read-only transaction of its own, with the rights of the owner.

SET LOCAL ROLE is no wall in the session of a superuser: code of users that a question runs may say RESET ROLE, and what
it does then outside of the database no read-only transaction forbids. There such a question is not put.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from ..database.session import DatabaseError, Session
from ..model.catalog.snapshot import Catalog
from ..model.catalog.user_code import code_run
from ..model.identifiers import quote_ident
from ..model.measured import Answer, Probe
from .unchanged import changed

#: A standby cancels a query that its replay must not wait for, or that holds a page its replay needs.
_CONFLICTS = ("40001", "40P01")
_TIMEOUT = "57014"
_DENIED = "42501"
_LOCKED = "55P03"
#: Seconds beyond the time-out after which a session that runs code of users is ended: such code may catch a time-out.
_GRACE = 5.0

# Policies are not run: a question that one would restrict is refused by the server instead of answered in part.
# Without constraint_exclusion the planner leaves the tables' checks alone.
_BOUNDS = """
SET LOCAL row_security = off;
SET LOCAL constraint_exclusion = off;
SET LOCAL statement_timeout = {milliseconds};
"""
_ROWS_ONLY = """
SET LOCAL enable_indexscan = off;
SET LOCAL enable_indexonlyscan = off;
SET LOCAL enable_bitmapscan = off;
"""
# Who may write files of the server or run programs there gains as much as a superuser.
_MIGHTY = """
SELECT EXISTS (
  SELECT FROM pg_catalog.pg_roles r
  WHERE (r.rolsuper OR r.rolname IN ('pg_execute_server_program', 'pg_write_server_files', 'pg_read_server_files'))
    AND pg_catalog.pg_has_role(session_user, r.oid, 'MEMBER')) AS mighty
"""


def ask_all(
    session: Session, catalog: Catalog, probes: Iterable[Probe], timeout: float, budget: float, most_rows: float
) -> dict[str, Answer]:
    """The answers by the probes' keys.

    :param catalog: of the session's database, read just before.
    :param timeout: seconds that one question may take.
    :param budget: seconds for all of them; what comes after is not asked.
    :param most_rows: a question that reads more rows, by estimate, is not asked.
    :raises DatabaseError: when the connection is lost.
    """
    end = time.monotonic() + budget
    answers: dict[str, Answer] = {}
    mighty: bool | None = None
    for probe in probes:
        left = end - time.monotonic()
        if mighty is None:
            mighty = bool(session.one(_MIGHTY)["mighty"])
        code = code_run(catalog, probe.relations, probe.text)
        if probe.rows is not None and probe.rows > most_rows:
            problem = f"it would read about {probe.rows:,.0f} rows, and {most_rows:,.0f} are allowed"
            answers[probe.key] = Answer(problem=problem)
        elif code and mighty:
            answers[probe.key] = Answer(problem=_unsafe(code, probe))
        elif left <= 0:
            answers[probe.key] = Answer(problem=f"the {budget:g} seconds for all questions to the data were used up")
        else:
            answers[probe.key] = _ask(session, catalog if mighty else None, probe, min(timeout, left), bool(code))
    return answers


def _unsafe(code: str, probe: Probe) -> str:
    who = f"as {probe.role}, or as another role that is no superuser" if probe.role else "as a role that is none"
    return (
        f"{code} calls code of a role that is no superuser, and in this superuser's session that code could take a "
        f"superuser's rights; connect {who}"
    )


def _ask(
    session: Session, known: Catalog | None, probe: Probe, timeout: float, code: bool, again: bool = True
) -> Answer:
    """One answer; `known` is what must not have changed since, where that matters."""
    entered = probe.role is None
    try:
        with _guarded(session, timeout, code), _reading(session):
            session.execute(_BOUNDS.format(milliseconds=max(1, int(timeout * 1000))))
            if known is not None and changed(session, known, probe.relations, probe.text):
                return Answer(problem="what it reads was changed since the catalog was read; ask again")
            if not probe.index_scans:
                session.execute(_ROWS_ONLY)
            if probe.role is not None:
                session.execute(f"SET LOCAL ROLE {quote_ident(probe.role)}")
                entered = True
            return Answer(tuple(session.query(probe.sql)))
    except DatabaseError as error:
        if error.lost:
            raise
        if error.sqlstate in _CONFLICTS and again:
            return _ask(session, known, probe, timeout, code, again=False)
        return Answer(problem=_problem(error, probe, timeout, entered), sqlstate=error.sqlstate)


def _problem(error: DatabaseError, probe: Probe, timeout: float, entered: bool) -> str:
    if not entered:
        return f"this session may not act as {probe.role}, the owner of what is read: {error}"
    if error.sqlstate == _TIMEOUT:
        return f"it took longer than {timeout:g} seconds"
    if error.sqlstate == _LOCKED:
        return "another session holds a lock that shuts out readers"
    if error.sqlstate in _CONFLICTS:
        return f"the standby's replay cancelled it twice: {error}"
    if error.sqlstate == _DENIED:
        return f"{probe.role or 'this role'} may not read all of it: {error}"
    return f"PostgreSQL refused it: {error}"


@contextmanager
def _reading(session: Session) -> Iterator[None]:
    """A read-only transaction that is rolled back: whatever was set within it is gone with it."""
    session.execute("BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY")
    try:
        yield
    except DatabaseError as error:
        if not error.lost:
            session.execute("ROLLBACK")
        raise
    except BaseException:
        session.close()
        raise
    session.execute("ROLLBACK")


@contextmanager
def _guarded(session: Session, timeout: float, code: bool) -> Iterator[None]:
    if not code:
        yield
        return
    with session.bounded(timeout + _GRACE):
        yield
