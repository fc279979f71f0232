# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The modules that only tell, run by Ansible: files, check mode, comparisons, refusals, and what is made of a draft."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from harness import Client
from play_server import PlayServer
from plays import Stage

INFO = "ollama_scanner.pgops.pg_schema_info"
CONTRACT = "ollama_scanner.pgops.pg_contract_info"


@pytest.fixture(scope="module")
def server() -> Iterator[PlayServer]:
    running = PlayServer()
    yield running
    running.stop()


class Told:
    """Tasks that are run one after the other in one play, and what each of them returned."""

    def __init__(self, server: PlayServer, folder: Path) -> None:
        self._server = server
        self._folder = folder
        self._stage = Stage(folder / "stage")
        self._stage.inventory({"db1": {}})

    def by(self, *tasks: dict[str, Any]) -> list[dict[str, Any]]:
        """The results in order; a task that fails does not end the play."""
        options = {"login_unix_socket": self._server.cluster.socket_dir, "login_port": self._server.cluster.port}
        out = self._folder / "out.json"
        names = [f"result_{number}" for number in range(len(tasks))]
        registered = [{**task, "register": name, "ignore_errors": True} for task, name in zip(tasks, names)]
        copy = {"content": f"{{{{ [{', '.join(names)}] | to_json }}}}", "dest": str(out)}
        play = {
            "hosts": "postgresql",
            "gather_facts": False,
            "module_defaults": {"group/ollama_scanner.pgops.all": options},
            "tasks": [*registered, {"ansible.builtin.copy": copy, "check_mode": False, "diff": False}],
        }
        self._stage.file("play.yml", "---\n" + json.dumps([play]) + "\n")
        self._stage.play("play.yml").with_status(0)
        found: list[dict[str, Any]] = json.loads(out.read_text(encoding="utf-8"))
        return found


@pytest.fixture
def told(server: PlayServer, tmp_path: Path) -> Told:
    return Told(server, tmp_path)


def test_an_inventory_is_kept_and_compared(server: PlayServer, told: Told, tmp_path: Path) -> None:
    database, path = server.database(), tmp_path / "inventory.json"
    keep = {"login_db": database, "path": str(path), "compare_to": str(path)}
    foreseen, written, again = told.by(
        {INFO: keep, "check_mode": True, "diff": True}, {INFO: keep}, {INFO: keep, "check_mode": True}
    )
    assert foreseen["changed"]
    assert "public.endpoints" in foreseen["diff"]["after"]
    assert foreseen["comparison"] is None
    assert "no earlier inventory yet" in foreseen["notes"][0]
    assert "no earlier inventory yet" in foreseen["warnings"][0]
    assert written["changed"]
    assert written["comparison"] is None
    assert not again["changed"]
    assert again["comparison"]["same"]
    assert again["path"] == str(path)
    assert path.stat().st_mode & 0o777 == 0o640
    document = json.loads(path.read_text(encoding="utf-8"))
    assert document["digest"] == written["digest"]
    assert document == written["inventory"]

    client = Client(server.cluster.dsn(database))
    client.run("ALTER TABLE models ADD note text; DROP VIEW servers; CREATE TABLE extra (id integer)")
    client.close()
    stamp = path.stat().st_mtime_ns
    by_path, by_value, by_text = told.by(
        {INFO: {**keep, "compare_to": str(path)}, "check_mode": True, "diff": True},
        {INFO: {"login_db": database, "compare_to": document}},
        {INFO: {"login_db": database, "compare_to": json.dumps(document)}},
    )
    assert path.stat().st_mtime_ns == stamp, "check mode writes nothing"
    assert by_path["changed"]
    assert not by_value["changed"], "nothing was to be written"
    assert '"name": "note"' in by_path["diff"]["after"]
    assert '"name": "note"' not in by_path["diff"]["before"]
    for one in (by_path, by_value, by_text):
        assert one["comparison"]["added"] == [{"kind": "tables", "object": "public.extra"}]
        assert one["comparison"]["removed"] == [{"kind": "views", "object": "public.servers"}]
        assert [each["path"] for each in one["comparison"]["changed"][0]["differences"]] == ["columns.note"]


def test_the_databases_of_the_server_are_told(server: PlayServer, told: Told) -> None:
    names = ['Odd "name"', "closed", "half_dropped"]
    admin = Client(server.cluster.dsn("postgres"))
    for name in names:
        quoted = name.replace('"', '""')
        admin.run(f'CREATE DATABASE "{quoted}" OWNER ollama_owner')
    admin.run("ALTER DATABASE closed WITH ALLOW_CONNECTIONS false")
    admin.run("UPDATE pg_database SET datconnlimit = -2 WHERE datname = 'half_dropped'")
    try:
        (result,) = told.by({INFO: {"login_db": "postgres", "depth": "names"}})
    finally:
        for name in names:
            quoted = name.replace('"', '""')
            admin.run(f'DROP DATABASE "{quoted}"')
        admin.close()
    owner = server.cluster.superuser
    of_others = {one["name"]: one for one in result["databases"]}
    assert [one["name"] for one in result["databases"]] == sorted(of_others)
    plain = {"owner": "ollama_owner", "is_template": False, "allows_connections": True}
    assert of_others['Odd "name"'] == {"name": 'Odd "name"', **plain}
    assert of_others["closed"] == {"name": "closed", **plain, "allows_connections": False}
    assert of_others["half_dropped"] == {"name": "half_dropped", **plain, "allows_connections": False}
    assert of_others["template0"]["is_template"]
    assert of_others["postgres"] == {"name": "postgres", **plain, "owner": owner}


def test_what_cannot_be_is_refused_with_a_sentence(server: PlayServer, told: Told, tmp_path: Path) -> None:
    database = server.database()
    (tmp_path / "other.json").write_text('{"kind": "review"}')
    (tmp_path / "broken.json").write_text("{")
    cases: list[tuple[dict[str, Any], str]] = [
        ({}, "Say which database: login_db."),
        ({"login_db": "absent"}, "Cannot connect to database absent"),
        ({"login_db": database, "kinds": ["tabels"]}, "no match for: tabels"),
        ({"login_db": database, "compare_to": str(tmp_path / "other.json")}, "is no inventory of pg_schema_info"),
        ({"login_db": database, "compare_to": str(tmp_path / "broken.json")}, "is no JSON"),
        ({"login_db": database, "compare_to": {"kind": "inventory", "schema_version": 9}}, "reads version 1"),
        ({"login_db": database, "compare_to": [1]}, "is no inventory"),
        ({"login_db": database, "path": str(tmp_path / "absent" / "x.json")}, "its folder does not exist"),
        ({"login_db": database, "path": str(tmp_path)}, "there is a folder of that name"),
    ]
    results = told.by(*({INFO: options} for options, _words in cases))
    for (options, words), result in zip(cases, results):
        assert result["failed"], options
        assert words in result["msg"], options
    assert sorted(path.name for path in tmp_path.iterdir()) == ["broken.json", "other.json", "out.json", "stage"]


def test_a_draft_becomes_a_contract(server: PlayServer, told: Told, tmp_path: Path) -> None:
    database, path = server.database(), tmp_path / "contract.yml"
    draft = {CONTRACT: {"login_db": database, "path": str(path), "schemas": ["public", "absent"]}}
    foreseen, written, again, review = told.by(
        {**draft, "check_mode": True, "diff": True},
        draft,
        draft,
        {"ollama_scanner.pgops.pg_schema_check": {"contract": "{{ result_1.contract }}", "checks": ["contract*"]}},
    )
    assert foreseen["changed"]
    assert foreseen["diff"]["after"] == written["text"]
    assert written["changed"]
    assert "called absent or fits it" in written["warnings"][0]
    assert not again["changed"]
    assert path.read_text(encoding="utf-8") == written["text"]
    assert yaml.safe_load(written["text"]) == written["contract"]
    assert not written["truncated"]
    assert [one["at"] for one in written["questions"] if "delete" in one["question"]] == [
        "tables.benchmark_results.foreign_keys[1]"
    ]
    assert review["findings"] == []
    assert len(review["scope"]["checks"]) > 10

    path.write_text(path.read_text(encoding="utf-8") + "# mine\n", encoding="utf-8")
    (refused,) = told.by(draft)
    assert refused["failed"]
    assert "somebody worked on it" in refused["msg"]
    assert path.read_text(encoding="utf-8").endswith("# mine\n")
