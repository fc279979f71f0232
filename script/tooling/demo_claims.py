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
        if outcome.sqlstate == TAKES_NO_WRITES:
            claims.append(Claim(True, f"{_title(one)} refused, {outcome.sqlstate}: {outcome.message}"))
        else:
            answer = f"{outcome.sqlstate} {outcome.message}".strip()
            claims.append(Claim(False, f"{_title(one)} should have been refused before the run, but got {answer}"))
    return claims


def _title(one: Act) -> str:
    return f"{one.who:<9}{one.does:<18}{one.statement.split(' ', 1)[0]}"


def claims_triggers(session: Session) -> list[Claim]:
    """The view has its triggers, they fire, and their functions have no more rights than they may."""
    found = {row["name"]: row for row in session.ask(TRIGGERS)}
    claims = []
    for name, operation in zip(expected_triggers(), OPERATIONS):
        row = found.pop(name, None)
        problems = ["is missing from public.servers"] if row is None else _trigger_problems(row, operation)
        state = f"fires INSTEAD OF {operation.upper()} on public.servers"
        claims.append(Claim(not problems, f"trigger {name} {'; '.join(problems) or state}"))
    claims += [Claim(False, f"trigger {name} is on public.servers, and nobody announced it") for name in found]
    return claims


def _trigger_problems(row: dict[str, object], operation: str) -> list[str]:
    checks = (
        (row["enabled"] in ("O", "A"), "is disabled"),
        (f" INSTEAD OF {operation.upper()} ON " in str(row["definition"]), f"is not INSTEAD OF {operation.upper()}"),
        (row["definer"], f"calls {row['function']}, which runs with the caller's rights"),
        (row["owner"] == row["view_owner"], f"calls a function of {row['owner']}, the view is {row['view_owner']}'s"),
        (not row["superuser"], f"calls a function of the superuser {row['owner']}"),
        ("search_path=" in str(row["settings"]), "calls a function without a fixed search_path"),
        (not row["public"], "calls a function that PUBLIC may execute"),
    )
    return [problem for holds, problem in checks if not holds]


def claim_rights(session: Session) -> Claim:
    """What the functions of the triggers may do."""
    rows = [row for row in session.ask(TRIGGERS) if row["name"] in expected_triggers()]
    owners = ", ".join(sorted({str(row["owner"]) for row in rows})) or "nobody"
    if rows and not any(row["superuser"] or row["public"] or row["owner"] != row["view_owner"] for row in rows):
        rights = "the view's owner and no superuser; PUBLIC may not execute them"
        return Claim(True, f"their functions run as {owners}, {rights}")
    return Claim(False, f"the {len(rows)} trigger functions have rights they should not have (they belong to {owners})")


def claims_after(acts: list[Act], outcomes: list[tuple[Outcome, Outcome]]) -> list[Claim]:
    """Each statement did in the tables what it said."""
    claims = []
    for one, (outcome, witness) in zip(acts, outcomes):
        result = one.judge(outcome, witness) if outcome.accepted and witness.accepted else None
        if result is not None:
            claims.append(Claim(True, f"{_title(one)}: {result}"))
        else:
            claims.append(Claim(False, f"{one.who:<9}{one.does:<18}{_failure(one, outcome, witness)}"))
    return claims


def _failure(one: Act, outcome: Outcome, witness: Outcome) -> str:
    if not outcome.accepted:
        return f"{one.statement} is refused, {outcome.sqlstate}: {outcome.message}"
    answer = f"{outcome.count} rows, {outcome.rows}" if outcome.rows else f"{outcome.count} rows"
    return (
        f"{one.statement} was accepted ({answer}), but the tables show {witness.rows or witness.message or 'nothing'}"
    )


def claim_rows(before: Facts, after: Facts) -> Claim:
    """No row of any table came, went or changed."""
    differing = []
    for name in sorted(before.tables.keys() | after.tables.keys()):
        old, new = before.tables.get(name, (0, "")), after.tables.get(name, (0, ""))
        if old != new:
            differing.append(f"{name} ({old[0]:,} rows before, {new[0]:,} after)")
    if differing:
        return Claim(False, f"the content of {', '.join(differing)} is not what it was before the run")
    extent = f"all {after.rows:,} rows of the {len(after.tables)} tables"
    return Claim(True, f"{extent} are as they were (counts and contents compared)")


def claim_objects(before: Facts, after: Facts) -> Claim:
    """Three triggers and their functions came, and no other object came, went or changed."""
    added = after.objects.keys() - before.objects.keys()
    kinds = ("trigger {} on servers", "function {}()")
    announced = {kind.format(name) for name in expected_triggers() for kind in kinds}
    problems = [f"{name} is not there" for name in sorted(announced - added)]
    problems += [f"{name} was made" for name in sorted(added) if name not in announced]
    problems += [f"{name} is gone" for name in sorted(before.objects.keys() - after.objects.keys())]
    both = sorted(before.objects.keys() & after.objects.keys())
    problems += [f"{name} was altered" for name in both if before.objects[name] != after.objects[name]]
    if problems:
        return Claim(False, f"not exactly the {len(announced)} announced objects were made: {'; '.join(problems)}")
    return Claim(True, f"the {len(both)} other objects are as they were (definitions, owners, rights compared)")


def claim_second_run(changed: int, before: dict[str, str], after: dict[str, str]) -> Claim:
    """The second run had nothing to do and did nothing."""
    rewritten = sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
    if changed or rewritten:
        what = f"; it wrote {', '.join(rewritten)} again" if rewritten else ""
        return Claim(False, f"the second run of the playbook reported changed={changed}{what}")
    return Claim(True, "a second run of the playbook reported changed=0 and wrote nothing again")
