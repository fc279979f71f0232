# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbooks as an operator runs them: check, run, run again, and every wrong wish refused with its sentence."""

from __future__ import annotations

import hashlib
import json
import os
import pwd
import re
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from harness import Client
from play_server import PlayServer
from plays import LOCAL, Run, Stage

OURS = ["pgops_servers_delete", "pgops_servers_insert", "pgops_servers_update"]
SHIPPED = Path(__file__).resolve().parents[2] / "playbooks" / "contracts" / "ollama_scanner.yml"
# What the collection may ever touch on a host, and what installing a package would touch.
HOST_PATHS = [
    "/etc/pgops",
    "/var/lib/pgops",
    "/var/log/pgops",
    "/var/backups/pgops",
    "/usr/local/lib/pgops",
    "/usr/local/bin",
    "/etc/cron.d",
    "/var/lib/dpkg",
]
WRITABLE = {"on_conflict": "upsert", "fixed_values": {"endpoints": {"verified": 1}}}


@pytest.fixture(scope="module")
def server() -> Iterator[PlayServer]:
    running = PlayServer()
    yield running
    running.stop()


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path / "stage")


def inline(database: str) -> dict[str, Any]:
    return {"contract": 1, "database": database, "views": {"servers": {"writable": WRITABLE}}}


def as_oneself(stage: Stage) -> dict[str, Any]:
    """Variables of a host where becoming works: by a stand-in for sudo that stays who it is."""
    sudo = stage.file("sudo", '#!/bin/sh\nwhile :; do case $1 in -u) shift 2;; -*) shift;; *) exec "$@";; esac; done\n')
    sudo.chmod(0o755)
    me = pwd.getpwuid(os.geteuid()).pw_name
    return {"pgops_become": True, "pgops_become_user": me, "ansible_become_exe": str(sudo)}


def bare_python(folder: Path) -> str:
    """An interpreter without a driver."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    return str(folder / "bin" / "python")


def listing(places: list[str]) -> dict[str, tuple[int, int, str]]:
    """Size, time of change and digest of every file under these places."""
    found = {}
    for place in places:
        for path in sorted(Path(place).rglob("*")):
            if path.is_file() and not path.is_symlink():
                status = path.stat()
                content = hashlib.sha256(path.read_bytes()).hexdigest() if os.access(path, os.R_OK) else "not readable"
                found[str(path)] = (status.st_size, status.st_mtime_ns, content)
    return found


def triggers(server: PlayServer, database: str) -> list[str]:
    query = (
        "SELECT tgname::text FROM pg_trigger WHERE tgrelid = 'public.servers'::regclass AND NOT tgisinternal ORDER BY 1"
    )
    with closing(Client(server.cluster.dsn(database))) as client:
        return client.column(query)


def functions(server: PlayServer, database: str) -> list[str]:
    with closing(Client(server.cluster.dsn(database))) as client:
        return client.column("SELECT proname::text FROM pg_proc WHERE proname LIKE 'pgops%' ORDER BY 1")


def test_check_mode_predicts_and_changes_nothing(server: PlayServer, stage: Stage) -> None:
    database = server.database("ollama_scanner")
    bare = bare_python(stage.folder / "bare")
    ready = {"pgops_databases": [{"name": database, "contract": "ollama_scanner"}]}
    virgin = {"ansible_python_interpreter": bare, "pgops_contract": "ollama_scanner"}
    stage.inventory({"ready": ready, "virgin": virgin}, **server.over_socket(), **as_oneself(stage))
    places = [*HOST_PATHS, str(stage.home), str(stage.folder / "bare")]
    before = (server.picture(database), listing(places))

    # Whatever driver the machine's own Python has: this host has none.
    run = stage.play("site", "--check", "--diff", __pg_host_system_interpreters=[]).with_status(0)

    assert (server.picture(database), listing(places)) == before
    assert (run.changed("ready"), run.changed("virgin")) == (1, 1), "both hosts count as changed"
    assert all(f"+trigger {name}: instead of" in run.text for name in OURS), run.text
    assert "python3-psycopg2 on virgin. Until then nothing can be read from PostgreSQL there" in run.text
    assert "Views of ollama_scanner on virgin were not looked at" in run.text
    assert "ollama_scanner on virgin were not reviewed: the driver is not there yet." in run.text


def test_run_again_and_take_away(server: PlayServer, stage: Stage) -> None:
    names = [server.database("ollama_scanner"), server.database(), server.database()]
    mine = SHIPPED.read_text(encoding="utf-8").replace("database: ollama_scanner", f"database: {names[1]}")
    stage.file("contracts/mine.yml", mine)
    secret = stage.file("pass", server.password_line)
    secret.chmod(0o600)
    hosts = {
        "named": {"pgops_databases": [{"name": names[0], "contract": "ollama_scanner"}, {"name": "postgres"}]},
        "beside": {
            "pgops_databases": [{"name": names[1], "contract": "contracts/mine.yml"}],
            "pgops_login_connect_params": {"passfile": str(secret)},
            **server.over_network(),
        },
        "inline": {
            "pgops_databases": [{"contract": {"contract": 1, "database": "postgres"}}],
            "pgops_contract": inline(names[2]),
            "pgops_login_password": server.cluster.password,
            **server.over_network(),
        },
    }
    stage.inventory(hosts, **server.over_socket())

    first = stage.play("site", "-vvv").with_status(0)
    assert [first.changed(host) for host in hosts] == [1, 1, 1]
    assert [triggers(server, name) for name in names] == [OURS] * 3
    assert server.cluster.password not in first.text, "the password is in the log"
    assert "Database postgres has no contract" in first.text
    assert "The contract of postgres declares no writable view, so it was left alone" in first.text
    pictures = [server.picture(name) for name in names]

    second = stage.play("site").with_status(0)
    assert [second.changed(host) for host in hosts] == [0, 0, 0]
    assert [server.picture(name) for name in names] == pictures

    removed = stage.play("view_triggers", "--limit", "named", pg_view_triggers_state="absent").with_status(0)
    assert removed.changed("named") == 1
    assert (triggers(server, names[0]), functions(server, names[0])) == ([], [])
    assert [functions(server, name) for name in names[1:]] == [OURS] * 2


@pytest.mark.parametrize(
    ("options", "extra", "words"),
    [
        ([], {"pgops_hosts": "nobody"}, "The host pattern 'nobody' matches no host of this inventory"),
        ([], {"pgops_hosts": "all:!all"}, "(known groups: postgresql, web)"),
        (["--limit", "web"], {}, "matches no host of this inventory (within --limit)"),
    ],
    ids=["unknown group", "empty pattern", "outside the limit"],
)
def test_a_pattern_that_matches_nothing_is_an_error(
    stage: Stage, options: list[str], extra: dict[str, Any], words: str
) -> None:
    stage.file("inventory.yml", "---\npostgresql: {hosts: {db: {}}}\nweb: {hosts: {front: {}}}\n")
    run = stage.play("site", *options, **extra)
    assert run.status != 0, run.text
    assert words in " ".join(run.refusals.values())
    assert "db" not in run.recap


def test_it_runs_from_a_tarball_with_four_folders_left(server: PlayServer, stage: Stage) -> None:
    from tooling.collections import copy_project

    copy_project(stage.folder / "source")
    galaxy = str(Path(sys.executable).with_name("ansible-galaxy"))
    dependencies = [
        place for place in os.environ["ANSIBLE_COLLECTIONS_PATH"].split(os.pathsep) if not _has_ours(Path(place))
    ]
    target = stage.folder / "empty"
    env = {**os.environ, "ANSIBLE_COLLECTIONS_PATH": os.pathsep.join([str(target), *dependencies])}
    for words in (
        ["build", str(stage.folder / "source"), "--output-path", str(stage.folder)],
        ["install", str(stage.folder / "ollama_scanner-pgops-0.1.0.tar.gz"), "-p", str(target), "--offline"],
    ):
        done = subprocess.run(
            [galaxy, "collection", *words], env=env, cwd=stage.work, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
    shutil.rmtree(stage.folder / "source")
    installed = target / "ansible_collections" / "ollama_scanner" / "pgops"
    for entry in installed.iterdir():
        if entry.name not in ("meta", "plugins", "roles", "playbooks"):
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
    assert sorted(entry.name for entry in installed.iterdir()) == ["meta", "playbooks", "plugins", "roles"]

    database = server.database("ollama_scanner")
    away = Stage(stage.folder / "away", collections=env["ANSIBLE_COLLECTIONS_PATH"])
    away.inventory(
        {"scanner_db": {"pgops_databases": [{"name": database, "contract": "ollama_scanner"}]}}, **server.over_socket()
    )
    run = away.play("site").with_status(0)
    assert run.changed("scanner_db") == 1
    assert triggers(server, database) == OURS


def _has_ours(place: Path) -> bool:
    return (place / "ansible_collections" / "ollama_scanner").is_dir()


def test_the_internal_role_refuses_direct_use(stage: Stage) -> None:
    stage.inventory({"db": {}})
    stage.file(
        "direct.yml", "---\n- hosts: db\n  gather_facts: false\n  roles: [{role: ollama_scanner.pgops.pg_host}]\n"
    )
    run = stage.play("direct.yml").with_status(2)
    assert "pg_host is an internal role" in run.refusals["db"]
    assert "Use a role that includes it" in run.refusals["db"]


# Each: a host's variables, and what its refusal must say. {db} is a database that the host could really reach.
SHOP = {"pgops_databases": [{"name": "{db}", "contract": "ollama_scanner"}]}
WRONG: dict[str, tuple[dict[str, Any], list[str]]] = {
    "nothing_declared": ({}, ["No database is declared for nothing_declared", "Set pgops_contract"]),
    "unknown_state": (
        {**SHOP, "pg_view_triggers_state": "presnt"},
        ["pg_view_triggers_state must be one of: present, absent"],
    ),
    "unknown_tls": (
        {**SHOP, "pgops_login_ssl_mode": "always"},
        ["pg_view_triggers_ssl_mode must be one of", "verify-full"],
    ),
    "probe_no_bool": ({**SHOP, "pg_view_triggers_probe": "maybe"}, ["pg_view_triggers_probe", "maybe"]),
    "budget_no_number": ({**SHOP, "pg_view_triggers_lock_budget": "long"}, ["pg_view_triggers_lock_budget", "float"]),
    "budget_negative": (
        {**SHOP, "pg_view_triggers_lock_budget": -1},
        ["pg_view_triggers_lock_budget is a number of seconds above 0, not -1", "Nothing was touched in {db}"],
    ),
    "two_at_once": (
        {**SHOP, "pg_view_triggers_probe_timeout": 0, "pgops_login_port": 70000},
        ["pg_view_triggers_probe_timeout is a number of seconds above 0", "a port from 1 to 65535, not 70000"],
    ),
    "host_and_socket": ({**SHOP, "pgops_login_host": "192.0.2.1"}, ["are both set; keep the one to connect over"]),
    "half_a_certificate": ({**SHOP, "pgops_login_ssl_cert": "/c.pem"}, ["belong together, and only one is set"]),
    "become_nobody": (
        {**SHOP, "pgops_become": True, "pgops_become_user": ""},
        ["pg_view_triggers_become_user (pgops_become_user) is empty"],
    ),
    "not_a_list": ({"pgops_databases": {"name": "{db}"}}, ["pg_view_triggers_databases", "list"]),
    "not_a_mapping": ({"pgops_databases": ["{db}"]}, ["pg_view_triggers_databases", "dict"]),
    "empty_entry": ({"pgops_databases": [{}]}, ["Entry 1 of pgops_databases has neither a name nor a contract"]),
    "name_no_text": ({"pgops_databases": [{"name": 7}]}, ["Entry 1 of pgops_databases has a name that is not a text"]),
    "misspelt_option": (
        {"pgops_databases": [{"name": "{db}", "pg_view_trigger_adopt": True}]},
        ["Entry 1 of pgops_databases has pg_view_trigger_adopt, which no role knows", "pg_view_triggers_adopt"],
    ),
    "option_of_the_host": (
        {"pgops_databases": [{"name": "{db}", "pg_view_triggers_become": False}]},
        ["has pg_view_triggers_become, which no role knows"],
    ),
    "wrong_in_the_entry": (
        {"pgops_databases": [{"name": "{db}", "contract": "ollama_scanner", "pg_view_triggers_state": "gone"}]},
        ["pg_view_triggers_state must be one of: present, absent, got: gone"],
    ),
    "second_entry_wrong": (
        {"pgops_databases": [{"name": "{db}", "contract": "ollama_scanner"}, {"name": "x", "contract": "shop"}]},
        ["Entry 2 of pgops_databases asks for the contract 'shop'", "Shipped contracts: ollama_scanner"],
    ),
    "no_such_contract": (
        {"pgops_contract": "olama_scanner"},
        ["pgops_contract asks for the contract 'olama_scanner'", "Shipped contracts: ollama_scanner"],
    ),
    "no_such_path": (
        {"pgops_contract": "contracts/none.yml"},
        ["there is no file", "stage/contracts/none.yml on the controller", "starts where the inventory lies"],
    ),
    "contract_a_list": (
        {"pgops_contract": ["ollama_scanner"]},
        ["pgops_contract has a contract that is neither the name"],
    ),
    "contract_no_yaml": (
        {"pgops_contract": "broken.yml"},
        ["broken.yml cannot be read as a YAML mapping", "line 1, column 11"],
    ),
    "contract_a_text": ({"pgops_contract": "text.yml"}, ["text.yml cannot be read", "begins with 'contract: 1'"]),
    "contract_nameless": (
        {"pgops_contract": {"contract": 1}},
        ["A contract without 'database:' stands where no name is given"],
    ),
    "other_database": (
        {"pgops_databases": [{"name": "postgres", "contract": "ollama_scanner"}]},
        ["The entry for database postgres has a contract that is for database ollama_scanner"],
    ),
    "twice_the_same": (
        {**SHOP, "pgops_contract": inline("{db}")},
        ["name the database {db} more than once; give it one entry"],
    ),
    "no_driver_allowed": (
        {**SHOP, "ansible_python_interpreter": "{bare}", "pg_host_install": False, "__pg_host_system_interpreters": []},
        ["can import a PostgreSQL driver for Python", "pg_host_install is false, so nothing is installed"],
    ),
    "not_in_the_contract": ({**SHOP, "pg_view_triggers_view": "serverz"}, ["public.serverz", "Nothing was touched"]),
}


def filled(value: Any, fill: Callable[[str], str]) -> Any:
    """The value with every text in it filled in."""
    if isinstance(value, dict):
        return {key: filled(one, fill) for key, one in value.items()}
    if isinstance(value, list):
        return [filled(one, fill) for one in value]
    return fill(value) if isinstance(value, str) else value


@pytest.fixture(scope="module")
def refused(server: PlayServer, tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, str]:
    """One run for all wrong wishes, each on a host of its own; the database is what it was."""
    stage = Stage(tmp_path_factory.mktemp("wrong") / "stage")
    stage.file("broken.yml", "contract: [1\ndatabase: {\n")
    stage.file("text.yml", "just words\n")
    database = server.database("ollama_scanner")
    names = {"{db}": database, "{bare}": bare_python(stage.folder / "bare")}

    def fill(text: str) -> str:
        for name, value in names.items():
            text = text.replace(name, value)
        return text

    stage.inventory({host: filled(values, fill) for host, (values, dummy) in WRONG.items()}, **server.over_socket())
    before = server.picture(database)
    run = stage.play("site").with_status(2)
    assert server.picture(database) == before
    return run, database


@pytest.mark.parametrize("host", WRONG)
def test_a_wrong_wish_is_refused_with_its_sentence(refused: tuple[Run, str], host: str) -> None:
    run, database = refused
    said = run.refusals.get(host)
    assert said is not None, f"{host} was not refused:\n{run.text}"
    for words in WRONG[host][1]:
        assert words.replace("{db}", database) in said, said
    assert run.recap[host]["changed"] == 0


def readme_file(name: str) -> str:
    """The file that the README tells its reader to write."""
    text = (SHIPPED.parents[2] / "README.md").read_text(encoding="utf-8")
    found = re.search(rf"```yaml\n( *)# {re.escape(name)}\n(.*?)```", text, re.DOTALL)
    assert found is not None, f"the README shows no {name}"
    return textwrap.dedent(found[2])


def test_the_first_host_of_the_readme(server: PlayServer, stage: Stage) -> None:
    server.shop()
    stage.file("inventory.yml", readme_file("inventory.yml"))
    stage.file("contracts/shop.yml", readme_file("contracts/shop.yml"))
    stage.file("group_vars/postgresql.yml", json.dumps({**LOCAL, **server.over_socket()}))
    run = stage.play("site").with_status(0)
    assert run.changed("db1.example.org") == 1
    with closing(Client(server.cluster.dsn("shop"))) as client:
        order = client.row("INSERT INTO order_list (email, total) VALUES ('a@example.org', 7) RETURNING id, total")
        assert order == {"id": 3, "total": 7}
        assert client.run("DELETE FROM order_list WHERE id = 1") == 1
        assert client.column("SELECT id FROM order_list ORDER BY id") == [2, 3]
        assert client.value("SELECT count(*) FROM customers") == 1, "the customer stays"
