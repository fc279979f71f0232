# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every task in a module's EXAMPLES is run, as it stands, on a real server, and then once more."""

from __future__ import annotations

import ast
import hashlib
import json
from collections.abc import Iterator
from fnmatch import fnmatch
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
#: Modules that change nothing in the database.
READERS = {"pg_contract_info", "pg_schema_check", "pg_schema_info"}
#: Keys that Ansible puts into results by itself: the second line beside `path`, about that file.
OF_ANSIBLE = {"changed", "failed", "warnings", "deprecations", "diff", "invocation", "exception"}
OF_ANSIBLE |= {"gid", "group", "mode", "owner", "secontext", "size", "state", "uid"}
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
    prepare(server, tmp_path, database, module, task)
    before = server.picture(database)

    first, second = twice(server, tmp_path, task)

    assert not second["changed"]
    documented = block(ROOT / "plugins" / "modules" / f"{module}.py", "RETURN")
    for result in (first, second):
        assert undocumented(documented, result) == []
    if module in READERS:
        # What they may change is a file on the host.
        assert first["changed"] in (False, bool(task[f"ollama_scanner.pgops.{module}"].get("path")))
        assert server.picture(database) == before
    else:
        assert first["changed"]
    if module in CHECKS:
        CHECKS[module](server, database, task, documented, (first, second))


def prepare(server: PlayServer, folder: Path, database: str, module: str, task: dict[str, Any]) -> None:
    """What must stand in the database before the task."""
    with_naive = (FIXTURES / "naive_triggers.sql").read_text(encoding="utf-8")
    client = client_of(server, database)
    client.run(BEFORE.get(task["name"], "SELECT 1").replace("{view}", VIEW).replace("{naive}", with_naive))
    client.close()
    if module == "pg_view_triggers" and task[f"ollama_scanner.pgops.{module}"].get("state") == "absent":
        install(server, folder, database)


def twice(server: PlayServer, folder: Path, task: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """What the task returned when it was run, and then once more."""
    stage = Stage(folder / "stage")
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
                    "dest": str(folder / "out.json"),
                }
            },
        ],
    }
    stage.file("play.yml", "---\n" + json.dumps([play], default=str) + "\n")
    stage.play("play.yml").with_status(0)
    first, second = json.loads((folder / "out.json").read_text(encoding="utf-8"))
    return first, second


def undocumented(documented: dict[str, Any], result: dict[str, Any]) -> list[str]:
    """What a result lacks that is said to be always there, and what it has that nobody said."""
    said = {name for name, one in documented.items() if one["returned"] in ("always", "success")}
    lacking = [f"{name} is missing" for name in sorted(said - set(result))]
    # For a single view, what is said of each view stands at the top too.
    known = {*documented, *documented.get("views", {}).get("contains", {}), *OF_ANSIBLE}
    more = [f"{name} is not documented" for name in sorted(set(result) - known)]
    for name, one in documented.items():
        if "contains" in one and isinstance(result.get(name), dict):
            must = {key for key, inner in one["contains"].items() if inner.get("returned", "success") == "success"}
            lacking += [f"{name}.{key} is missing" for key in sorted(must - set(result[name]))]
        if "contains" in one and isinstance(result.get(name), list):
            odd = [sorted(set(entry) ^ set(one["contains"])) for entry in result[name]]
            more += [f"entry {place} of {name}: {keys}" for place, keys in enumerate(odd) if keys]
    return lacking + more


def triggers_stand(
    server: PlayServer,
    database: str,
    task: dict[str, Any],
    documented: dict[str, Any],
    results: tuple[dict[str, Any], dict[str, Any]],
) -> None:
    """The view has the triggers of this collection, or none where the task says so."""
    contained = set(documented["views"]["contains"])
    assert all(set(view) == contained for result in results for view in result["views"])
    client = client_of(server, database)
    ours = client.column("SELECT tgname::text FROM pg_trigger WHERE tgrelid = 'servers'::regclass AND NOT tgisinternal")
    client.close()
    absent = task["ollama_scanner.pgops.pg_view_triggers"].get("state") == "absent"
    assert sorted(ours) == ([] if absent else [f"pgops_servers_{event}" for event in ("delete", "insert", "update")])


def review_says_it(
    server: PlayServer,
    database: str,
    task: dict[str, Any],
    documented: dict[str, Any],
    results: tuple[dict[str, Any], dict[str, Any]],
) -> None:
    """What was asked for stands in the review, and the files where they are said to be; nothing counts as changed."""
    options = task["ollama_scanner.pgops.pg_schema_check"]
    for result in results:
        assert result["changed"] is False
        assert result["findings"], "an example that finds nothing shows nothing"
        assert result["totals"]["findings"] == len(result["findings"])
        accepted = {finding["check"]: finding["suppressed"] for finding in result["findings"] if finding["suppressed"]}
        assert accepted == {one["check"]: one["reason"] for one in options.get("suppress", [])}
        assert result["notes"] == []
        for finding in result["findings"]:
            assert any(fnmatch(finding["check"], word) for word in options.get("checks", ["*"]))
        assert [file["format"] for file in result["files"]] == options.get("formats", [])
    for file in results[1]["files"]:
        content = Path(file["path"]).read_bytes()
        Path(file["path"]).unlink()
        assert hashlib.sha256(content).hexdigest() == file["sha256"]


#: What more is to be seen after a module's example, by the module's name.
CHECKS = {"pg_schema_check": review_says_it, "pg_view_triggers": triggers_stand}


def install(server: PlayServer, folder: Path, database: str) -> None:
    """The triggers that an example removes."""
    stage = Stage(folder / "before")
    databases = [{"name": database, "contract": "ollama_scanner"}]
    stage.inventory({"db1": {"pgops_databases": databases, **server.over_socket()}})
    stage.play("view_triggers").with_status(0)
