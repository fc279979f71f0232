# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""All fixes that one review prints are run one after the other, in its order: none stands in another's way."""

from __future__ import annotations

import pytest
from _pgops.model.finding import Finding
from groups import CASES
from harness import Client, Server
from stage import build, judged, look_at, told

#: Groups whose fixes make objects with names of their own.
GROUPS = ("foreign-keys", "foreign-key-graph", "foreign-key-rules", "constraints", "functions", "privileges")


@pytest.mark.parametrize("group", GROUPS)
def test_fixes_stand_beside_each_other(server: Server, group: str) -> None:
    cases = [case for case in CASES[group] if case.alter is None and case.contract is None and not case.elsewhere]
    database, played = build(server, cases)
    seen = look_at(server, database, {one.case.check for one in played})
    client = Client(server.cluster.dsn(database))
    mended: list[Finding] = []
    for one in played:
        for finding in told(judged(seen, one), one).values():
            if finding.fix is not None:
                for step in finding.fix.steps:
                    for sql in step.sql:
                        client.run(sql)
                mended.append(finding)
    client.close()
    after = look_at(server, database, {one.case.check for one in played})
    left = {finding.key for one in played for finding in told(judged(after, one), one).values()}
    server.drop(database)
    assert mended
    assert not [f"{finding.check} {finding.object}" for finding in mended if finding.key in left]


def test_one_index_for_several_keys(server: Server) -> None:
    cases = [case for case in CASES["foreign-keys"] if case.name == "several keys that one index serves"]
    database, (one,) = build(server, cases)
    found = told(judged(look_at(server, database, [one.case.check]), one), one)
    fixed = {name: finding.fix for name, finding in found.items() if finding.fix is not None}
    client = Client(server.cluster.dsn(database))
    for fix in fixed.values():
        for step in fix.steps:
            for sql in step.sql:
                client.run(sql)
    client.close()
    left = told(judged(look_at(server, database, [one.case.check]), one), one)
    server.drop(database)
    assert set(fixed) == {"t.again", "t.other"}
    assert "again" in found["t.t_a_b_fkey"].no_fix
    assert not left
