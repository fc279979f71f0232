# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The statements of every fix and undo under squawk, a linter for migrations that lock."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from _pgops.database.connect import SESSION_SETTINGS
from _pgops.formats.review_markdown import script_of
from _pgops.model.finding import Step
from groups import CASES
from harness import Server, Servers, majors
from stage import build, judged, look_at, told

SQUAWK = Path(sys.executable).with_name("squawk")
#: Rules that do not hold for fixes, each with its reason.
LEFT_OUT = {
    "prefer-robust-stmts": "a fix speaks of what was seen: IF EXISTS would hide that it is gone",
    "ban-drop-constraint": "the constraint is what is wrong, or what undo takes back",
    "ban-drop-default": "the default is what is wrong, or what undo takes back",
    "ban-alter-identity": "the identity is what the fix is about",
    "ban-char-field": "undo brings the column's old type back",
    "adding-not-nullable-field": "a validated CHECK proves it before, so that no row is read",
    "changing-column-type": "the type is what is wrong; the step says whether the table is written anew",
    "ban-drop-not-null": "undo takes it back",
    "require-concurrent-index-creation": "ON ONLY a partitioned table, where nothing is built; its partitions are",
    "prefer-text-field": "the contract, or undo, names the type",
    "renaming-object": "what was made beside the old one takes its name",
    "ban-drop-sequence": "the sequence gives way to that of an identity, or undo takes it back",
    "require-concurrent-index-deletion": "an index of a partitioned table cannot be dropped beside writes",
    "require-concurrent-reindex": "indexes of exclusion constraints cannot be made anew beside writes",
}


def steps_of(server: Server, group: str) -> list[Step]:
    """The steps of all fixes that the group's cases bring about, and those of their undo."""
    database, played = build(server, CASES[group])
    plain = look_at(server, database, {one.case.check for one in played})
    steps: list[Step] = []
    for one in played:
        if one.case.alter is None and one.contract is None:
            for finding in told(judged(plain, one), one).values():
                if finding.fix is not None:
                    steps += [*finding.fix.steps, *(finding.fix.undo or ())]
    server.drop(database)
    return steps


@pytest.mark.parametrize("group", sorted(CASES))
def test_squawk_has_no_objection(servers: Servers, group: str, tmp_path: Path) -> None:
    server = servers.get(max(majors()))
    steps = steps_of(server, group)
    for number, step in enumerate(steps):
        script = "\n".join([SESSION_SETTINGS, *script_of(step)])
        (tmp_path / f"{number}.sql").write_text(script + "\n", encoding="utf-8")
    (tmp_path / "none.sql").write_text("SELECT 1;\n", encoding="utf-8")
    words = [str(SQUAWK), "--pg-version", str(server.major), "--reporter", "json"]
    words.append(f"--exclude={','.join(LEFT_OUT)}")
    done = subprocess.run([*words, *map(str, tmp_path.glob("*.sql"))], capture_output=True, text=True, check=False)
    objections = json.loads(done.stdout or "[]")
    said = Counter(
        f"{one['rule_name']}: {(tmp_path / Path(one['file']).name).read_text()[-300:]}" for one in objections
    )
    assert sorted(said) == [], done.stderr
