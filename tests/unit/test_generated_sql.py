# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Generated SQL under squawk, a linter for migrations that lock."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from _pgops.database.connect import SESSION_SETTINGS
from _pgops.model.catalog.view import ViewReading
from _pgops.model.contract.declared import WritableView
from _pgops.safe_ddl.ladder import LADDER
from _pgops.view_triggers.decide import decide_policy
from _pgops.view_triggers.drift import plan_present
from _pgops.view_triggers.shape import derive_shape
from readings import endpoints, models_of_endpoints, servers

SQUAWK = Path(sys.executable).with_name("squawk")
WIDE = endpoints(update_of_triggers=True)


@pytest.mark.parametrize(
    ("view", "declared"),
    [
        (servers(), WritableView(on_conflict="upsert", on_delete="root", fixed_values={"endpoints": {"verified": 1}})),
        (servers(e=WIDE), WritableView(on_conflict="ignore", on_concurrent_change="skip", security="invoker")),
        (models_of_endpoints(), WritableView(on_delete="refuse")),
    ],
    ids=["definer", "invoker", "one to many"],
)
def test_squawk_has_no_objection(tmp_path: Path, view: ViewReading, declared: WritableView) -> None:
    plan = plan_present(view, decide_policy(view, derive_shape(view), declared), adopt=False)
    begin = f"BEGIN;\nSET LOCAL lock_timeout = {LADDER[0]};\n"
    script = tmp_path / "plan.sql"
    script.write_text(SESSION_SETTINGS + begin + ";\n".join(plan.statements) + ";\nCOMMIT;\n", encoding="utf-8")
    done = subprocess.run([SQUAWK, "--pg-version", "15", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_squawk_objects_where_there_is_reason(tmp_path: Path) -> None:
    script = tmp_path / "bad.sql"
    script.write_text("ALTER TABLE endpoints ADD CONSTRAINT c CHECK (port > 0);\n", encoding="utf-8")
    done = subprocess.run([SQUAWK, script], capture_output=True, text=True, check=False)
    assert done.returncode != 0
