# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every sentence of the summary is a claim: true because the server's answers say so, else the demonstration fails."""

from __future__ import annotations

from dataclasses import dataclass

from .demo_acts import Act
from .demo_questions import TRIGGERS, Facts
from .demo_session import Outcome, Session

OPERATIONS = ("insert", "update", "delete")
# What PostgreSQL answers to a write on a view that takes none.
TAKES_NO_WRITES = "55000"


@dataclass(frozen=True)
class Claim:
    """A sentence, and whether it holds; when it does not, the sentence says what is wrong."""

    holds: bool
    sentence: str


def expected_triggers() -> list[str]:
    """The names the collection gives the triggers of the view."""
    return [f"pgops_servers_{operation}" for operation in OPERATIONS]


def claims_before(acts: list[Act], outcomes: list[tuple[Outcome, Outcome]]) -> list[Claim]:
    """Each statement was refused because the view takes no writes."""
    claims = []
    for one, (outcome, _witness) in zip(acts, outcomes):
        statement = one.statement.split(" ", 1)[0]
        if outcome.sqlstate == TAKES_NO_WRITES:
            claims.append(Claim(True, f'{one.who} {one.does}: {statement} is refused, "{outcome.message}" ({outcome.sqlstate})'))
        else:
            answer = f"{outcome.sqlstate} {outcome.message}".strip()
            claims.append(Claim(False, f"{one.who} {one.does}: before the run, {statement} was not refused as expected but got {answer}"))
    return claims


def claims_triggers(session: Session) -> list[Claim]:
    """The view has its triggers, they fire, and their functions have no more rights than they may."""
    found = {row["name"]: row for row in session.ask(TRIGGERS)}
    claims = []
    for name, operation in zip(expected_triggers(), OPERATIONS):
        row = found.pop(name, None)
        problems = ["it is missing"] if row is None else _trigger_problems(row, operation)
        claims.append(
            Claim(not problems, f"trigger {name} on view public.servers: {'; '.join(problems) or 'there, enabled, INSTEAD OF ' + operation.upper()}")
        )
    for name in found:
        claims.append(Claim(False, f"trigger {name} on view public.servers: nobody announced it"))
    return claims


def _trigger_problems(row: dict[str, object], operation: str) -> list[str]:
    checks = (
        (row["enabled"] in ("O", "A"), "it is disabled"),
        (f" INSTEAD OF {operation.upper()} ON " in str(row["definition"]), f"it is not INSTEAD OF {operation.upper()}"),
        (row["definer"], f"its function {row['function']} runs with the caller's rights"),
        (row["owner"] == row["view_owner"], f"its function belongs to {row['owner']}, the view to {row['view_owner']}"),
        (not row["superuser"], f"its function belongs to the superuser {row['owner']}"),
        ("search_path=" in str(row["settings"]), "its function has no fixed search_path"),
        (not row["public"], "everybody may execute its function"),
    )
    return [problem for holds, problem in checks if not holds]


def claim_rights(session: Session) -> Claim:
    """What the functions of the triggers may do."""
    rows = [row for row in session.ask(TRIGGERS) if row["name"] in expected_triggers()]
    owners = sorted({str(row["owner"]) for row in rows})
    sound = rows and not any(row["superuser"] or row["public"] or row["owner"] != row["view_owner"] for row in rows)
    if sound:
        return Claim(True, f"their {len(rows)} functions run as {owners[0]}, the view's owner and no superuser, and PUBLIC may not execute them")
    return Claim(False, f"the triggers' functions have rights they should not have (owners: {', '.join(owners) or 'none found'})")


def claims_after(acts: list[Act], outcomes: list[tuple[Outcome, Outcome]]) -> list[Claim]:
    """Each statement did in the tables what it said."""
    claims = []
    for one, (outcome, witness) in zip(acts, outcomes):
        statement = one.statement.split(" ", 1)[0]
        result = one.judge(outcome, witness) if outcome.accepted and witness.accepted else None
        if result is not None:
            claims.append(Claim(True, f"{one.who} {one.does}: {statement}, {result}"))
        else:
            claims.append(Claim(False, f"{one.who} {one.does}: {_failure(one, outcome, witness)}"))
    return claims


def _failure(one: Act, outcome: Outcome, witness: Outcome) -> str:
    if not outcome.accepted:
        return f"{one.statement} is refused, {outcome.message} ({outcome.sqlstate})"
    returned = f", returned {outcome.rows}" if outcome.rows else ""
    return f"{one.statement} was accepted ({outcome.count} rows{returned}), but the tables show {witness.rows or witness.message}"


def claim_rows(before: Facts, after: Facts) -> Claim:
    """No row of any table came, went or changed."""
    differing = [
        f"{name} ({before.tables.get(name, (0, ''))[0]:,} rows before, {after.tables.get(name, (0, ''))[0]:,} after)"
        for name in sorted(before.tables.keys() | after.tables.keys())
        if before.tables.get(name) != after.tables.get(name)
    ]
    if differing:
        return Claim(False, f"the content of {', '.join(differing)} is not what it was before the run")
    return Claim(True, f"all {after.rows:,} rows of the {len(after.tables)} tables are what they were (counts and content compared)")


def claim_objects(before: Facts, after: Facts) -> Claim:
    """Three triggers and their functions came, and no other object came, went or changed."""
    added = sorted(after.objects.keys() - before.objects.keys())
    announced = {f"trigger {name} on servers" for name in expected_triggers()} | {f"function {name}()" for name in expected_triggers()}
    problems = [f"{name} was not made" for name in sorted(announced - set(added))]
    problems += [f"{name} was made" for name in added if name not in announced]
    problems += [f"{name} is gone" for name in sorted(before.objects.keys() - after.objects.keys())]
    both = sorted(before.objects.keys() & after.objects.keys())
    problems += [f"{name} was altered" for name in both if before.objects[name] != after.objects[name]]
    if problems:
        return Claim(False, f"other objects were changed than the {len(announced)} announced ones: {'; '.join(problems)}")
    return Claim(True, f"the other {len(both)} objects of the schema are what they were (definitions, owners and rights compared)")


def claim_second_run(changed: int, before: dict[str, str], after: dict[str, str]) -> Claim:
    """The second run had nothing to do and did nothing."""
    rewritten = sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
    if changed or rewritten:
        what = f"; it wrote {', '.join(rewritten)} again" if rewritten else ""
        return Claim(False, f"the second run of the playbook reported changed={changed}{what}")
    return Claim(True, "a second run of the playbook reported changed=0 and wrote no function, trigger, table or index again")
