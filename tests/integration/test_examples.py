# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every task in a module's EXAMPLES is run, as it stands, on a real server, and then once more."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from harness import FIXTURES, Client
from play_server import PlayServer
from plays import Stage

ROOT = Path(__file__).resolve().parents[2]
MODULES = sorted((ROOT / "plugins" / "modules").glob("*.py"))
SHIPPED = ROOT / "playbooks" / "contracts" / "ollama_scanner.yml"

#: Tasks that are only read, by name, each with its reason.
ONLY_READ: dict[str, str] = {}
#: What must stand in the database before a task, by its name.
BEFORE = {
    "Make one view writable without a contract": "DROP VIEW servers; {view}",
    "Take over hand-made triggers": "DROP VIEW servers; {view} {naive}",
}
VIEW = """
CREATE VIEW servers AS SELECT e.id, e.ip, e.port, e.scan_date
FROM endpoints e JOIN verified_endpoints ve ON e.id = ve.endpoint_id;
ALTER VIEW servers OWNER TO ollama_owner;
"""


@pytest.fixture(scope="module")
def server() -> Iterator[PlayServer]:
    running = PlayServer()
    yield running
    running.stop()


def block(module: Path, name: str) -> Any:
    """One of a module's documentation blocks as data."""
    for node in ast.parse(module.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == name:
            return yaml.safe_load(ast.literal_eval(node.value))
    raise AssertionError(f"{module.name} has no {name}")


def tasks() -> list[tuple[str, dict[str, Any]]]:
    return [(module.stem, task) for module in MODULES for task in block(module, "EXAMPLES")]


def client_of(server: PlayServer, database: str) -> Client:
    return Client(server.cluster.dsn(database))


@pytest.mark.parametrize(("module", "task"), tasks(), ids=[task["name"] for dummy, task in tasks()])
def test_example_does_what_it_says_and_then_nothing(
    server: PlayServer, tmp_path: Path, module: str, task: dict[str, Any]
) -> None:
    assert task["name"] not in ONLY_READ
    database = server.database("ollama_scanner")
    with_naive = (FIXTURES / "naive_triggers.sql").read_text(encoding="utf-8")
    client = client_of(server, database)
    client.run(BEFORE.get(task["name"], "SELECT 1").replace("{view}", VIEW).replace("{naive}", with_naive))
    if task[f"ollama_scanner.pgops.{module}"].get("state") == "absent":
        install(server, tmp_path, database)
    stage = Stage(tmp_path / "stage")
    stage.inventory({"db1": {}})
    stage.file("ollama_scanner.yml", SHIPPED.read_text(encoding="utf-8"))
    options = {"login_unix_socket": server.cluster.socket_dir, "login_port": server.cluster.port}
    play = {
        "hosts": "postgresql",
        "gather_facts": False,
        "module_defaults": {"group/ollama_scanner.pgops.all": options},
        "tasks": [
            {**task, "register": "first"},
            {**task, "register": "second"},
            {
                "ansible.builtin.copy": {
                    "content": "{{ [first, second] | to_json }}",
                    "dest": str(tmp_path / "out.json"),
                }
            },
        ],
    }
    stage.file("play.yml", "---\n" + json.dumps([play]) + "\n")

    stage.play("play.yml").with_status(0)

    first, second = json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))
    assert first["changed"]
    assert not second["changed"]
    documented = block(ROOT / "plugins" / "modules" / f"{module}.py", "RETURN")
    for result in (first, second):
        missing = [
            name
            for name, said in documented.items()
            if said["returned"] in ("always", "success") and name not in result
        ]
        assert missing == []
        contained = set(documented["views"]["contains"])
        assert all(set(view) == contained for view in result["views"])
    ours = client.column("SELECT tgname::text FROM pg_trigger WHERE tgrelid = 'servers'::regclass AND NOT tgisinternal")
    absent = task[f"ollama_scanner.pgops.{module}"].get("state") == "absent"
    assert sorted(ours) == ([] if absent else [f"pgops_servers_{event}" for event in ("delete", "insert", "update")])
    client.close()


def install(server: PlayServer, folder: Path, database: str) -> None:
    """The triggers that an example removes."""
    stage = Stage(folder / "before")
    databases = [{"name": database, "contract": "ollama_scanner"}]
    stage.inventory({"db1": {"pgops_databases": databases, **server.over_socket()}})
    stage.play("view_triggers").with_status(0)
