# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What roles and playbooks must agree on with the rest of the house."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
ROLES = ROOT / "roles"
PLAYBOOKS = ROOT / "playbooks"
INTERNAL = "pg_host"


def read(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def options(role: str) -> set[str]:
    return set(read(ROLES / role / "meta" / "argument_specs.yml")["argument_specs"]["main"]["options"])


def test_entries_know_the_options_of_every_role_that_reads_them() -> None:
    readers = [role.name for role in ROLES.iterdir() if f"{role.name}_databases" in options(role.name)]
    assert readers, "no role reads pgops_databases"
    assert sorted(read(ROLES / INTERNAL / "vars" / "main.yml")["__pg_host_option_roles"]) == sorted(readers)


def test_the_driver_is_looked_for_where_modules_look() -> None:
    tree = ast.parse((ROOT / "plugins" / "module_utils" / "_door.py").read_text(encoding="utf-8"))
    (door,) = (
        ast.literal_eval(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "INTERPRETERS"
    )
    assert read(ROLES / INTERNAL / "vars" / "main.yml")["__pg_host_system_interpreters"] == list(door)


def test_the_question_to_a_host_is_python_of_old() -> None:
    question = read(ROLES / INTERNAL / "vars" / "main.yml")["__pg_host_question"]
    assert ast.parse(question, feature_version=(3, 9)).body


def test_the_readme_names_every_variable_of_the_inventory() -> None:
    used = set()
    for defaults in ROLES.glob("*/defaults/main.yml"):
        used |= set(re.findall(r"\bpgops_\w+", defaults.read_text(encoding="utf-8")))
    named = set(re.findall(r"`(pgops_\w+)`", (ROOT / "README.md").read_text(encoding="utf-8")))
    assert used, "no role reads a variable of the inventory"
    assert sorted(used - named) == []


@pytest.mark.parametrize("path", sorted(PLAYBOOKS.glob("*.yml")), ids=lambda path: path.stem)
def test_a_playbook_looks_for_its_hosts_first(path: Path) -> None:
    plays = read(path)
    if path.stem == "hosts":
        assert plays[0]["hosts"] == "localhost:all"
        return
    assert plays[0]["ansible.builtin.import_playbook"] == "hosts.yml"
    hosts = [play["hosts"] for play in plays if "hosts" in play]
    assert all(pattern == "{{ pgops_hosts | default('postgresql') }}" for pattern in hosts), hosts


@pytest.mark.parametrize("path", sorted(ROLES.glob("*/tasks/*.yml")), ids=lambda path: f"{path.parts[-3]}/{path.stem}")
def test_tasks_can_be_told_apart_in_the_log(path: Path) -> None:
    names = [task.get("name", "") for task in read(path)]
    assert all(names), "every task says what it does"
    assert len(names) == len(set(names)), "and no two say the same"
