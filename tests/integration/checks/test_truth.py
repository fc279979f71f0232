# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every row of every truth table, on every major: what the check must name, and the look-alikes it must not."""

from __future__ import annotations

import pytest
from _pgops.checks.registry import CHECKS
from groups import CASES
from harness import Server
from stage import build, judged, look_at, told


@pytest.mark.every_major
@pytest.mark.parametrize("group", sorted(CASES))
def test_truth_table(server: Server, group: str) -> None:
    database, played = build(server, CASES[group])
    plain = look_at(server, database, {one.case.check for one in played})
    wrong = []
    for one in played:
        case = one.case
        seen = plain if one.contract is None else look_at(server, database, [case.check], one.contract)
        judgement = judged(seen, one)
        findings = told(judgement, one)
        severity = case.severity or CHECKS[case.check].about.severity
        others = {finding.severity for finding in findings.values()} - {severity}
        reasons = [skipped.reason for skipped in judgement.not_checked]
        found = one.named(case.found)
        if set(findings) != found:
            wrong.append(f"{case.check}, {case.name}: {sorted(findings)} instead of {sorted(found)}; {reasons}")
        elif others:
            wrong.append(f"{case.check}, {case.name}: {sorted(others)} instead of {severity}")
        elif case.not_checked is not None and not any(case.not_checked in reason for reason in reasons):
            wrong.append(f"{case.check}, {case.name}: {case.not_checked!r} is in none of {reasons}")
    server.drop(database)
    assert played, "no case holds for this major"
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("check", sorted(CHECKS))
def test_every_check_has_a_case_that_finds_and_one_that_does_not(check: str) -> None:
    cases = [case for cases in CASES.values() for case in cases if case.check == check]
    assert [case for case in cases if case.found], f"{check}: no case in which it finds something"
    assert [case for case in cases if not case.found], f"{check}: no look-alike in which it must not"


def test_names_of_cases_are_told_apart() -> None:
    names = [(case.check, case.name) for cases in CASES.values() for case in cases]
    assert len(names) == len(set(names))
    assert not {check for check, _name in names} - set(CHECKS)
