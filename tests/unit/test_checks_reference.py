# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The reference page of the checks says what the checks say."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest
from _pgops.checks.registry import CHECKS, GROUPS

ROOT = Path(__file__).resolve().parents[2]
COMMAND = ROOT / "docs" / "generate_checks.py"
CHECKS_ROOM = ROOT / "plugins" / "module_utils" / "_pgops" / "checks"


def test_the_page_is_what_the_checks_say() -> None:
    command = runpy.run_path(str(COMMAND))
    page = (ROOT / "docs" / "checks.md").read_text(encoding="utf-8")
    assert command["MARKER"] in page
    assert command["renewed"](page) == page, "run python3 docs/generate_checks.py"


def test_every_check_stands_on_the_page_with_all_it_says() -> None:
    text = runpy.run_path(str(COMMAND))["reference"]()
    parts = {part.partition("\n")[0]: part for part in text.split("\n### ")[1:]}
    assert list(parts) == list(CHECKS)
    for check_id, check in CHECKS.items():
        about = check.about
        for said in (about.title, about.why, about.how, about.avoids, about.fix, about.severity):
            assert said in parts[check_id]
        assert all(f"`{limit.name}`" in parts[check_id] for limit in about.limits)


def test_a_page_without_the_marker_is_left_as_it_is() -> None:
    with pytest.raises(SystemExit, match="does not hold the line"):
        runpy.run_path(str(COMMAND))["renewed"]("By hand.")


def test_the_registry_knows_every_group_of_the_room() -> None:
    files = {path.stem for path in CHECKS_ROOM.glob("*.py") if "GROUP = Group(" in path.read_text(encoding="utf-8")}
    registry = (CHECKS_ROOM / "registry.py").read_text(encoding="utf-8")
    named = {word.removesuffix(".GROUP") for word in registry.replace(",", " ").split() if word.endswith(".GROUP")}
    assert named == files
    assert len(GROUPS) == len(files)
