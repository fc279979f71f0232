# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Puts questions to users' tables: each in a short read-only transaction of its own, with the rights of the owner."""

from __future__ import annotations

import time
from collections.abc import Iterable

from ..database.session import DatabaseError, Session
from ..model.identifiers import quote_ident
from ..model.measured import Answer, Probe

#: A standby cancels a query that its replay must not wait for.
_CONFLICT = "40001"
_TIMEOUT = "57014"


def ask_all(
    session: Session, probes: Iterable[Probe], timeout: float, budget: float, most_rows: float
) -> dict[str, Answer]:
    """The answers by the probes' keys.

    :param timeout: seconds that one question may take.
    :param budget: seconds for all of them; what comes after is not asked.
    :param most_rows: a question that reads more rows, by estimate, is not asked.
    :raises DatabaseError: when the connection is lost.
    """
    end = time.monotonic() + budget
    answers: dict[str, Answer] = {}
    for probe in probes:
        left = end - time.monotonic()
        if probe.rows is not None and probe.rows > most_rows:
            problem = f"it would read about {probe.rows:,.0f} rows, and {most_rows:,.0f} are allowed"
            answers[probe.key] = Answer(problem=problem)
        elif left <= 0:
            answers[probe.key] = Answer(problem=f"the {budget:g} seconds for all questions to the data were used up")
        else:
            answers[probe.key] = _ask(session, probe, min(timeout, left))
    return answers


def _ask(session: Session, probe: Probe, timeout: float, again: bool = True) -> Answer:
    try:
        with session.transaction("READ COMMITTED READ ONLY"):
            if probe.role is not None:
                session.execute(f"SET LOCAL ROLE {quote_ident(probe.role)}")
            session.execute(f"SET LOCAL statement_timeout = {max(1, int(timeout * 1000))}")
            return Answer(tuple(session.query(probe.sql)))
    except DatabaseError as error:
        if error.lost:
            raise
        if error.sqlstate == _CONFLICT and again:
            return _ask(session, probe, timeout, again=False)
        if error.sqlstate == _TIMEOUT:
            return Answer(problem=f"it took longer than {timeout:g} seconds")
        return Answer(problem=f"PostgreSQL refused it: {error}")
