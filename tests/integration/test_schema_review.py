# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role pg_schema_review as an operator runs it: reports where they were asked for, failures only when asked for."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from harness import Client
from play_server import ADDRESS, PlayServer
from plays import Stage

DATABASE = "ollama_scanner"
#: What the scanner's database is known to suffer from; a role that may only connect sees these as well.
SEEN_BY_ALL = {
    "contract-grant-missing",
    "fk-delete-rule-unexpected",
    "fk-missing",
    "index-redundant-prefix",
    "index-redundant-unique",
    "sequence-usage-missing",
    "view-not-writable",
}
#: These need to read the tables.
SEEN_BY_OWNERS = {"data-null-where-expected", "data-rules"}
#: Throwaway servers are set up for speed and let everybody in.
OF_THE_SERVER = ["configuration", "authentication"]


@pytest.fixture(scope="module")
def server() -> Iterator[PlayServer]:
    running = PlayServer()
    yield running
    running.stop()


@pytest.fixture
def admin(server: PlayServer) -> Iterator[Client]:
    with closing(Client(server.cluster.dsn("postgres"))) as client:
        yield client


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path / "stage")


def scanner(server: PlayServer, **more: Any) -> dict[str, Any]:
    """A host with the scanner's database and its shipped contract."""
    server.database(DATABASE)
    return {"pgops_contract": DATABASE, **server.over_socket(), **more}


def document(path: Path) -> dict[str, Any]:
    return dict(json.loads(path.read_text(encoding="utf-8")))


def found(review: dict[str, Any]) -> set[str]:
    return {finding["check"] for finding in review["findings"]}


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o7777


def test_reports_stand_where_they_were_asked_for_and_nothing_is_changed(server: PlayServer, stage: Stage) -> None:
    on_host, on_controller = stage.folder / "host", stage.work / "reports"
    stage.inventory(
        {"db1": scanner(server)},
        pg_schema_review_host_folder=str(on_host),
        pg_schema_review_controller_folder="reports",
        pg_schema_review_formats=["json", "markdown", "sarif", "junit"],
    )
    before = server.picture(DATABASE)

    checked = stage.play("schema_review", "--check", "--diff").with_status(0)
    assert checked.changed("db1") == 1, "the folder would be made"
    assert not on_host.exists()
    assert not on_controller.exists()
    first = stage.play("schema_review").with_status(0)
    assert first.changed("db1") == 1, "the folder"
    assert mode(on_host) == 0o750
    on_host.chmod(0o755)
    second = stage.play("schema_review").with_status(0)

    assert second.changed("db1") == 0
    assert mode(on_host) == 0o755, "a folder that is there may be used by others"
    assert server.picture(DATABASE) == before
    names = {f"{DATABASE}.{ending}" for ending in ("json", "md", "sarif", "junit.xml")}
    assert {path.name for path in on_host.iterdir()} == names
    assert {path.name for path in (on_controller / "db1").iterdir()} == names
    assert {mode(path) for path in on_host.iterdir()} == {0o640}
    review = document(on_controller / "db1" / f"{DATABASE}.json")
    assert review == document(on_host / f"{DATABASE}.json")
    assert review["verdict"] == "critical"
    assert "critical: critical 2, error " in second.text
    assert review["not_checked"] == []
    assert {*SEEN_BY_ALL, *SEEN_BY_OWNERS} <= found(review)
    for path in (f"{on_host / DATABASE}.md on db1", f"{on_controller / 'db1' / DATABASE}.md"):
        assert f"The whole, as markdown: {path}" in second.text
    worst = review["findings"][0]
    assert f"{worst['severity']} {worst['check']} {worst['object']}: " in second.text
    assert f"... and {len(review['findings']) - 10} more." in second.text


def test_an_earlier_report_is_the_baseline(server: PlayServer, stage: Stage) -> None:
    folder = stage.folder / "host"
    stage.inventory({"db1": scanner(server)}, pg_schema_review_host_folder=str(folder))
    earlier = f"{folder}/"
    fails = {"pg_schema_review_fail_on": "warning", "pg_schema_review_fail_on_new": True}
    stage.play("schema_review", **fails, pg_schema_review_baseline=earlier).with_status(0)
    with closing(Client(server.cluster.dsn(DATABASE))) as client:
        client.run("DROP INDEX idx_metadata_key")
        client.run("CREATE INDEX idx_again ON models (endpoint_id, name)")

    run = stage.play("schema_review", **fails, pg_schema_review_baseline=earlier).with_status(2)

    assert f"Database {DATABASE} on db1 has 1 new finding of severity warning or worse" in run.refusals["db1"]
    review = document(folder / f"{DATABASE}.json")
    states = {finding["object"]: finding["state"] for finding in review["findings"]}
    assert {name for name, state in states.items() if state == "new"} == {"public.models.idx_again"}
    assert set(states.values()) == {"new", "known"}
    assert review["summary"]["new"] == 1
    assert [gone["object"] for gone in review["resolved"]] == ["public.metadata.idx_metadata_key"]


def test_it_fails_when_asked_to_and_after_every_database(server: PlayServer, stage: Stage, admin: Client) -> None:
    server.shop()
    folder = stage.folder / "controller"
    declared = [
        {"name": "nowhere"},
        {"name": "shop"},
        {"name": "no_contract", "pg_schema_review_checks": ["fk-mising"]},
    ]
    variables = scanner(server, pgops_databases=declared)
    # Nothing of this database is critical.
    stage.inventory(
        {severity: {**variables, "pg_schema_review_fail_on": severity} for severity in ("critical", "error")},
        pg_schema_review_controller_folder=str(folder),
        pg_schema_review_exclude_checks=OF_THE_SERVER,
    )

    run = stage.play("schema_review").with_status(2)

    admin.run("DROP DATABASE shop")
    for host, counts in (("critical", False), ("error", True)):
        said = run.refusals[host]
        assert f"Database nowhere on {host} could not be reviewed: Cannot connect to database nowhere" in said
        assert f"Database no_contract on {host} could not be reviewed" in said
        assert (f"Database {DATABASE} on {host} has " in said) is counts
        assert ("findings of severity error or worse (pg_schema_review_fail_on)." in said) is counts
        assert {path.name for path in (folder / host).glob("*.json")} == {f"{DATABASE}.json", "shop.json"}


def test_every_database_is_meant_where_none_is_declared(server: PlayServer, stage: Stage, admin: Client) -> None:
    from _pgops.files import safe_name

    odd = ['Odd "name"/..{{ \'}}', "日本", "two\nlines", "--help"]
    for name in odd:
        quoted = name.replace('"', '""')
        admin.run(f'CREATE DATABASE "{quoted}"')
    admin.run("CREATE DATABASE closed WITH ALLOW_CONNECTIONS false")
    scanner(server)
    folder = stage.folder / "controller"
    quiet = {**server.over_socket(), "pgops_contract": DATABASE}
    stage.inventory(
        {"db1": {**server.over_socket(), "pg_schema_review_controller_folder": str(folder)}, "quiet": quiet}
    )

    run = stage.play("schema_review").with_status(0)

    for name in [*odd, "closed"]:
        quoted = name.replace('"', '""')
        admin.run(f'DROP DATABASE "{quoted}"')
    assert (run.changed("db1"), run.changed("quiet")) == (0, 0)
    assert [path.name for path in folder.iterdir()] == ["db1"], "nothing is written unless it is asked for"
    databases = {document(path)["database"]: path.name for path in (folder / "db1").glob("*.json")}
    assert {"postgres", DATABASE, *odd} <= set(databases)
    assert {name for name in databases if name == "closed" or name.startswith("template")} == set()
    assert databases == {name: f"{safe_name(name)}.json" for name in databases}
    assert list(Path("/tmp").glob("pgops_review_*")) == []


def test_a_role_with_few_rights_gets_a_useful_review(server: PlayServer, stage: Stage, admin: Client) -> None:
    admin.run("DROP ROLE IF EXISTS watcher")
    admin.run("CREATE ROLE watcher LOGIN IN ROLE pg_monitor")
    folder = stage.folder / "controller"
    variables = scanner(server, pgops_login_user="watcher")
    stage.inventory({"db1": variables}, pg_schema_review_controller_folder=str(folder))

    run = stage.play("schema_review", pg_schema_review_fail_on_not_checked=True).with_status(2)

    review = document(folder / "db1" / f"{DATABASE}.json")
    assert review["scope"]["user"] == "watcher"
    assert found(review) >= SEEN_BY_ALL
    assert not SEEN_BY_OWNERS & found(review)
    skipped = {one["check"]: one["reason"] for one in review["not_checked"]}
    assert set(skipped) >= SEEN_BY_OWNERS
    assert all(skipped.values())
    number = len(review["not_checked"])
    assert f"Database {DATABASE} on db1 could not be checked in full: {number} of not_checked" in run.refusals["db1"]


def test_passwords_are_never_shown(server: PlayServer, stage: Stage) -> None:
    folder = stage.folder / "controller"
    declared = [{"name": "nowhere"}, {"name": DATABASE, "contract": DATABASE}]
    server.database(DATABASE)
    variables = {**server.over_network(), "pgops_login_password": server.cluster.password, "pgops_databases": declared}
    stage.inventory(
        {
            "declared": {**variables, "pgops_login_port": server.cluster.port},
            "found": {**variables, "pgops_databases": [], "pgops_login_port": server.cluster.port},
            "wrong": {**variables, "pgops_login_port": 0},
        },
        pg_schema_review_controller_folder=str(folder),
    )

    run = stage.play("schema_review", "-vvv").with_status(2)

    assert "Database nowhere on declared could not be reviewed" in run.text
    assert "a port from 1 to 65535, not 0. Nothing was touched in nowhere" in run.text
    assert [run.recap[host]["failed"] for host in ("declared", "found", "wrong")] == [1, 0, 1]
    assert run.text.count(ADDRESS) > 1
    assert server.cluster.password not in run.text
    reports = [path.read_text(encoding="utf-8") for path in folder.glob("*/*")]
    assert len(reports) >= 6
    assert not [text for text in reports if server.cluster.password in text]


# Each: a host's variables, and what its refusal must say.
WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "check": ({"pg_schema_review_checks": ["fk-mising"]}, "Did you mean fk-missing?"),
    "no_reason": ({"pg_schema_review_suppress": [{"check": "fk-missing"}]}, "gives a reason"),
    "limit": ({"pg_schema_review_limits": {"fk-missing": {"nonsense": 1}}}, "there is no limit nonsense"),
    "severity": ({"pg_schema_review_severity": "fatal"}, "value of pg_schema_review_severity must be one of"),
    "format": ({"pg_schema_review_formats": ["html"]}, "pg_schema_review_formats"),
    "no_time": ({"pg_schema_review_data_timeout": 0}, "pg_schema_review_data_timeout is a number of seconds above 0"),
    "no_rows": ({"pg_schema_review_data_rows": -1}, "pg_schema_review_data_rows is a number of rows above 0, not -1"),
    "port": ({"pgops_login_port": 0}, "pg_schema_review_login_port (pgops_login_port) is a port"),
    "entry": (
        {"pgops_databases": [{"name": "postgres", "pg_schema_review_fail_on": "bad"}]},
        "value of pg_schema_review_fail_on must be one of: never, critical, error, warning, info",
    ),
    "no_host_folder": ({"pg_schema_review_host_folder": "/proc/none"}, "/proc/none"),
    "no_controller_folder": (
        {"pg_schema_review_controller_folder": "/proc/none"},
        "was reviewed, but its reports did not reach the controller: ",
    ),
    "no_baseline": ({"pg_schema_review_baseline": __file__}, "is no JSON"),
    "no_login": ({"pgops_login_user": "nobody_there", "pgops_contract": ""}, "Cannot connect to database postgres"),
}


def test_wrong_wishes_are_refused(server: PlayServer, stage: Stage) -> None:
    variables = scanner(server)
    stage.inventory({host: {**variables, **options} for host, (options, dummy) in WRONG.items()})
    before = server.picture(DATABASE)

    run = stage.play("schema_review").with_status(2)

    assert server.picture(DATABASE) == before
    assert set(run.refusals) == set(WRONG)
    for host, (_options, says) in WRONG.items():
        assert says in run.refusals[host], host
        assert run.recap[host]["changed"] == 0, host
