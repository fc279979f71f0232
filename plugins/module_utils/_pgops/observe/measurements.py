# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Puts questions to users' tables: each in a short read-only transaction of its own, with the rights of the owner.

SET LOCAL ROLE is no wall: code of users that a question runs may say RESET ROLE and has the rights of whoever logged in
then. What it does outside of the database with a superuser's, or reads of others' with those of a role that is a member
of many, no read-only transaction forbids. So such a question is put in the owner's own session alone. In a superuser's
session a lock keeps such code from being added meanwhile, and the question names what it named when that was looked at.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from ..database.session import DatabaseError, Session
from ..model.catalog.relations import Relation
from ..model.catalog.snapshot import Catalog
from ..model.catalog.user_code import code_run, reached
from ..model.identifiers import quote_ident, quote_qualified
from ..model.measured import Answer, Probe
from .unchanged import changed

#: A standby cancels a query that its replay must not wait for, or that holds a page its replay needs.
_CONFLICTS = ("40001", "40P01")
_TIMEOUT = "57014"
_DENIED = "42501"
_LOCKED = "55P03"
#: Kinds of relations that LOCK TABLE takes.
_LOCKABLE = ("r", "p")
#: Seconds beyond the time-out after which a session that runs code of users is ended: such code may catch a time-out.
_GRACE = 5.0

# Policies are not run: a question that one would restrict is refused by the server instead of answered in part.
# Without constraint_exclusion the planner leaves the tables' checks alone.
_BOUNDS = """
SET LOCAL row_security = off;
SET LOCAL constraint_exclusion = off;
SET LOCAL statement_timeout = {milliseconds};
"""
# So short that no autovacuum is made to give way, which it does after deadlock_timeout.
_LOCK = """
SET LOCAL lock_timeout = '500ms';
LOCK TABLE {tables} IN SHARE UPDATE EXCLUSIVE MODE;
SET LOCAL lock_timeout = '1s';
"""
_PREPARE = """
DEALLOCATE ALL;
PREPARE pgops_question AS {sql};
"""
_EXECUTE = "EXECUTE pgops_question"
_ROWS_ONLY = """
SET LOCAL enable_indexscan = off;
SET LOCAL enable_indexonlyscan = off;
SET LOCAL enable_bitmapscan = off;
"""
# Who may write files of the server or run programs there gains as much as a superuser.
_WHO = """
SELECT session_user::text AS name, EXISTS (
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
    who: dict[str, Any] = {}
    for probe in probes:
        left = end - time.monotonic()
        who = who or session.one(_WHO)
        gains = bool(who["mighty"]) or probe.role != who["name"]
        code = code_run(catalog, probe.relations, probe.text)
        exposed = _exposed(catalog, probe) if who["mighty"] else ()
        if probe.rows is not None and probe.rows > most_rows:
            problem = f"it would read about {probe.rows:,.0f} rows, and {most_rows:,.0f} are allowed"
            answers[probe.key] = Answer(problem=problem)
        elif code and gains:
            answers[probe.key] = Answer(problem=_unsafe(code, probe, bool(who["mighty"])))
        elif any(one.kind not in _LOCKABLE for one in exposed) or exposed and catalog.server.in_recovery:
            answers[probe.key] = Answer(problem=_unguarded(catalog, probe))
        elif left <= 0:
            answers[probe.key] = Answer(problem=f"the {budget:g} seconds for all questions to the data were used up")
        else:
            answers[probe.key] = _ask(
                session, catalog if gains else None, probe, min(timeout, left), bool(code), exposed
            )
    return answers


def _unsafe(code: str, probe: Probe, mighty: bool) -> str:
    session = (
        "in this superuser's session that code could take a superuser's rights"
        if mighty
        else ("in the session of another role that code could take the other's rights")
    )
    connect = f"; connect as {probe.role}" if probe.role else ""
    return f"{code} calls code of a role that is no superuser, and {session}{connect}"


def _unguarded(catalog: Catalog, probe: Probe) -> str:
    why = "on a standby" if catalog.server.in_recovery else "where materialized views or foreign tables are read"
    return (
        f"{why} nothing keeps owners who are no superusers from adding code meanwhile, and in this superuser's session "
        f"that code could take a superuser's rights; connect as {probe.role}"
    )


def _exposed(catalog: Catalog, probe: Probe) -> tuple[Relation, ...]:
    """What the question reads and a role owns that is no superuser; views aside, which the question itself locks."""
    if probe.role is None:
        # A function of an extension looks at the relation by its number, and nothing of it is planned.
        return ()
    relations = sorted(reached(catalog, probe.relations).items())
    return tuple(
        one
        for _oid, one in relations
        if one.kind != "v" and not getattr(catalog.roles.get(one.owner), "superuser", False)
    )


def _only(relation: Relation) -> str:
    return f"ONLY {quote_qualified(relation.schema, relation.name)}"


def _ask(
    session: Session,
    known: Catalog | None,
    probe: Probe,
    timeout: float,
    code: bool,
    exposed: Sequence[Relation],
    again: bool = True,
) -> Answer:
    """One answer; `known` is what must not have changed since, and `exposed` what must not change now, where that
    matters.
    """
    entering = False
    try:
        with _guarded(session, timeout, code), _reading(session):
            session.execute(_BOUNDS.format(milliseconds=max(1, int(timeout * 1000))))
            if exposed:
                session.execute(_LOCK.format(tables=", ".join(map(_only, exposed))))
            if not probe.index_scans:
                session.execute(_ROWS_ONLY)
            if probe.role is not None:
                entering = True
                session.execute(f"SET LOCAL ROLE {quote_ident(probe.role)}")
                entering = False
            if exposed:
                # Names are looked up here. Nothing is planned yet, which is what may run code.
                session.execute(_PREPARE.format(sql=probe.sql))
            if known is not None and changed(session, known, probe.relations, probe.text, bool(exposed)):
                return Answer(problem="what it reads was changed since the catalog was read; ask again")
            return Answer(tuple(session.query(_EXECUTE if exposed else probe.sql)))
    except DatabaseError as error:
        if error.lost:
            raise
        if error.sqlstate in _CONFLICTS and again:
            return _ask(session, known, probe, timeout, code, exposed, again=False)
        return Answer(problem=_problem(error, probe, timeout, entering), sqlstate=error.sqlstate)


def _problem(error: DatabaseError, probe: Probe, timeout: float, entering: bool) -> str:
    if entering:
        return f"this session may not act as {probe.role}, the owner of what is read: {error}"
    if error.sqlstate == _TIMEOUT:
        return f"it took longer than {timeout:g} seconds"
    if error.sqlstate == _LOCKED:
        return "another session holds a lock on it, as VACUUM and changes of its definition do"
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
