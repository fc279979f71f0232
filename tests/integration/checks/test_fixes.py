# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every fix of every truth table is run: the check is silent then, the locks are those told, and undo undoes."""

from __future__ import annotations

import re
from collections.abc import Iterable

import pytest
from _pgops.model.finding import Finding, Step
from groups import CASES
from harness import Client, Server
from stage import Played, build, judged, look_at, told

RANDOM = re.compile(r"^\\(?:un)?restrict .*$\n", re.MULTILINE)
LOCKS = """
SELECT DISTINCT quote_ident(n.nspname) || '.' || quote_ident(c.relname) AS object, upper(regexp_replace(
         regexp_replace(l.mode, 'Lock$', ''), '(?<=[a-z])(?=[A-Z])', ' ', 'g')) AS mode
FROM pg_locks l JOIN pg_class c ON c.oid = l.relation JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE l.pid = pg_backend_pid() AND l.locktype = 'relation' AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
  AND n.nspname !~ '^pg_' AND l.mode <> 'AccessShareLock'
  AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""
#: From weak to strong; what is held is at most as strong as what was told.
MODES = (
    "ACCESS SHARE",
    "ROW SHARE",
    "ROW EXCLUSIVE",
    "SHARE UPDATE EXCLUSIVE",
    "SHARE",
    "SHARE ROW EXCLUSIVE",
    "EXCLUSIVE",
    "ACCESS EXCLUSIVE",
)


def picture(server: Server, database: str) -> str:
    """The schema as pg_dump writes it."""
    return RANDOM.sub("", server.cluster.run("pg_dump", "--schema-only", dbname=database))


def strongest(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """The strongest mode for each object."""
    found: dict[str, str] = {}
    for name, mode in pairs:
        if name not in found or MODES.index(mode) > MODES.index(found[name]):
            found[name] = mode
    return found


def carry_out(client: Client, steps: Iterable[Step]) -> list[str]:
    """Run the steps; what is wrong about the locks they told."""
    wrong = []
    for step in steps:
        if not step.transaction:
            for sql in step.sql:
                client.run(sql)
            continue
        client.begin()
        for sql in step.sql:
            client.run(sql)
        held = strongest((row["object"], row["mode"]) for row in client.rows(LOCKS))
        client.commit()
        told_locks = strongest((lock.object, lock.mode) for lock in step.locks)
        if held != told_locks:
            wrong.append(f"{'; '.join(step.sql)}: holds {held}, told {told_locks}")
    return wrong


@pytest.mark.parametrize("group", sorted(CASES))
def test_fixes_mend_and_undo_undoes(server: Server, group: str) -> None:
    source, played = build(server, CASES[group])
    checks = {one.case.check for one in played}
    plain = look_at(server, source, checks)
    wrong: list[str] = []
    tried = 0
    for one in played:
        if one.case.alter is not None or one.case.unfixed:
            continue
        seen = plain if one.contract is None else look_at(server, source, [one.case.check], one.contract)
        for name, finding in told(judged(seen, one), one).items():
            if finding.fix is not None:
                tried += 1
                wrong += [f"{one.case.check}, {one.case.name}, {name}: {say}" for say in try_fix(server, one, finding)]
    server.drop(source)
    assert not wrong, "\n".join(wrong)
    print(f"{tried} fixes tried")


def try_fix(server: Server, one: Played, finding: Finding) -> list[str]:
    """What is wrong with a fix, tried on a copy."""
    assert finding.fix is not None
    copy = server.clone(one.database)
    before = picture(server, copy)
    client = Client(server.cluster.dsn(copy))
    try:
        wrong = carry_out(client, finding.fix.steps)
        again = Played(one.case, one.schema, copy)
        contract = again.contract
        after = judged(look_at(server, copy, [one.case.check], contract), again)
        if finding.key in {left.key for left in after.findings}:
            wrong.append("the check still finds it")
        if after.not_checked:
            wrong.append(f"after the fix it could not be checked: {[item.reason for item in after.not_checked]}")
        if finding.fix.undo is not None:
            wrong += carry_out(client, finding.fix.undo)
            if picture(server, copy) != before:
                wrong.append("undo does not bring the old schema back")
        elif not finding.fix.undo_reason:
            wrong.append("there is no way back, and no reason is given")
    finally:
        client.close()
        server.drop(copy)
    return wrong
