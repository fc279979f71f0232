# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The statements of the three programs, played as their role, and what the tables must show afterwards."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from .base import SetupError
from .demo_session import Outcome, Session

NEW = "ip = '203.0.113.250' AND port = 11434"
UNDATED = "ip = '203.0.113.251' AND port = 11434"
MOMENT = "2026-09-01 12:00:00+00"
MARKED = (
    "SELECT e.id, e.verified, e.scan_date, e.scan_date = now() AS now, v.endpoint_id AS listed"
    " FROM endpoints e LEFT JOIN verified_endpoints v ON v.endpoint_id = e.id WHERE "
)
# Rows the acts work on: a listed server, the listed server with most models, an endpoint that is not listed.
CAST = """
WITH listed AS (
    SELECT s.id, (SELECT count(*) FROM models m WHERE m.endpoint_id = s.id) AS models FROM servers s
), removed AS (
    SELECT id, models FROM listed ORDER BY models DESC, id LIMIT 1
)
SELECT removed.id AS removed, removed.models,
       (SELECT min(l.id) FROM listed l WHERE l.id <> removed.id) AS touched,
       (SELECT min(e.id) FROM endpoints e
        WHERE e.verified = 0 AND e.is_active AND NOT EXISTS (SELECT FROM listed l WHERE l.id = e.id)) AS known,
       (SELECT count(*) FROM endpoints e WHERE e.ip IN ('203.0.113.250', '203.0.113.251')) AS taken
FROM removed
"""


@dataclass(frozen=True)
class Act:
    """One statement of one program, a query that shows what became of it, and the judge of both.

    The judge returns a sentence's end when the statement did what it should, None when it did not.
    """

    who: str
    does: str
    statement: str
    witness: str
    judge: Callable[[Outcome, Outcome], str | None]


def write_acts(session: Session) -> list[Act]:
    """The acts for the rows of this database."""
    (cast,) = session.ask(CAST)
    if cast["taken"]:
        raise SetupError("The addresses the demonstration adds are in its database already: its data have changed.")
    removed, models, touched, known = cast["removed"], cast["models"], cast["touched"], cast["known"]
    return [
        Act(
            "bot",
            "adds a server",
            "INSERT INTO servers (ip, port, scan_date)"
            f" VALUES ('203.0.113.250', 11434, '{MOMENT}') RETURNING id, scan_date",
            MARKED + NEW,
            _added,
        ),
        Act(
            "bot",
            "adds without date",
            "INSERT INTO servers (ip, port) VALUES ('203.0.113.251', 11434) RETURNING id, scan_date",
            MARKED + UNDATED,
            _added_now,
        ),
        Act(
            "bot",
            "updates a server",
            f"UPDATE servers SET scan_date = '{MOMENT}' WHERE id = {touched}",
            f"SELECT id FROM endpoints WHERE id = {touched} AND scan_date = '{MOMENT}'",
            _updated,
        ),
        Act(
            "sync job",
            "adds a known one",
            "INSERT INTO servers (ip, port, scan_date)"
            f" SELECT ip, port, scan_date FROM endpoints WHERE id = {known} RETURNING id",
            MARKED + f"(ip, port) = (SELECT k.ip, k.port FROM endpoints k WHERE k.id = {known})",
            _became_verified,
        ),
        Act(
            "pruner",
            "deletes a server",
            f"DELETE FROM servers WHERE id = {removed}",
            f"SELECT (SELECT count(*) FROM endpoints WHERE id = {removed}) AS endpoints,"
            f" (SELECT count(*) FROM verified_endpoints WHERE endpoint_id = {removed}) AS listed,"
            f" (SELECT count(*) FROM models WHERE endpoint_id = {removed}) AS models",
            lambda outcome, after: _deleted(outcome, after, removed, models),
        ),
    ]


def act(session: Session, acts: list[Act]) -> list[tuple[Outcome, Outcome]]:
    """Play the acts, each followed by its witness, in one transaction that is rolled back."""
    outcomes = session.play([text for one in acts for text in (one.statement, one.witness)])
    return [(outcomes[place], outcomes[place + 1]) for place in range(0, len(outcomes), 2)]


def _stored(outcome: Outcome, after: Outcome) -> bool:
    """The id that came back is the stored one, marked and listed as verified."""
    given = outcome.value("id")
    return given is not None and given == after.value("id") == after.value("listed") and after.value("verified") == "1"


def _added(outcome: Outcome, after: Outcome) -> str | None:
    if (
        _stored(outcome, after)
        and outcome.value("scan_date") is not None
        and outcome.value("scan_date") == after.value("scan_date")
    ):
        return f"gave back the stored id {outcome.value('id')}; it is verified and listed"
    return None


def _added_now(outcome: Outcome, after: Outcome) -> str | None:
    if _added(outcome, after) and after.value("now") == "t":
        return f"gave back id {outcome.value('id')} and the stored date, now()"
    return None


def _updated(outcome: Outcome, after: Outcome) -> str | None:
    number = after.value("id")
    return f"1 row, endpoint {number} has the new date" if outcome.count == 1 and number else None


def _became_verified(outcome: Outcome, after: Outcome) -> str | None:
    if _stored(outcome, after):
        return f"endpoint {outcome.value('id')} became verified, neither refused nor doubled"
    return None


def _deleted(outcome: Outcome, after: Outcome, number: int, models: int) -> str | None:
    left = [after.value(name) for name in ("endpoints", "listed", "models")]
    if outcome.count == 1 and left == ["0"] * 3:
        return f"1 row, endpoint {number} is gone and its {models} models with it"
    return None
