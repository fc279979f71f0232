# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the looks into PL/pgSQL say is what happens, and triggers of this collection give them nothing to say."""

from __future__ import annotations

from typing import Any

import cases_view_writes as told_of
import pytest
import yaml
from _pgops.checks.judge import judge
from _pgops.checks.registry import CHECKS
from _pgops.model.contract.declared import Contract
from _pgops.model.contract.parse import parse_contract
from _pgops.model.finding import Finding
from conftest import ROOT
from harness import FIXTURES, Client, Server
from stage import look_at
from test_view_cases import STORIES, Story, converge

USUAL = [name for name, check in CHECKS.items() if check.about.level in ("default", "extended")]
CONTRACT = ROOT / "playbooks" / "contracts" / "ollama_scanner.yml"

ROWS = "INSERT INTO a (x) VALUES ('one'); INSERT INTO b (a, z) SELECT id, 'z' FROM a;"
#: Function and data, a statement, what it gives, a question to the tables, and its answer.
CLAIMS = {
    "no key comes back": (
        told_of.insert(f"{told_of.MAKES}; RETURN NEW;"),
        "INSERT INTO v (x) VALUES ('a') RETURNING id",
        [{"id": None}],
        "SELECT count(*) FROM a",
        1,
    ),
    "the default is lost": (
        told_of.insert("INSERT INTO a (x, made) VALUES (NEW.x, NEW.made); RETURN NEW;"),
        "INSERT INTO v (x) VALUES ('a') RETURNING made",
        [{"made": None}],
        "SELECT count(made) FROM a",
        0,
    ),
    "the value is shown and lost": (
        told_of.trigger("UPDATE", "UPDATE a SET x = NEW.x WHERE id = OLD.id; RETURN NEW;") + ROWS,
        "UPDATE v SET z = 'new' RETURNING z",
        [{"z": "new"}],
        "SELECT z FROM b",
        "z",
    ),
    "RETURN NEW in a DELETE counts nothing": (
        told_of.trigger("DELETE", "DELETE FROM b WHERE a = OLD.id; RETURN NEW;") + ROWS,
        "DELETE FROM v RETURNING id",
        [],
        "SELECT count(*) FROM b",
        0,
    ),
    "RETURN OLD in an INSERT counts nothing": (
        told_of.insert(f"{told_of.MAKES}; RETURN OLD;"),
        "INSERT INTO v (x) VALUES ('a') RETURNING x",
        [],
        "SELECT count(*) FROM a",
        1,
    ),
    "RETURN OLD in an UPDATE counts": (
        told_of.trigger("UPDATE", "UPDATE a SET x = NEW.x WHERE id = OLD.id; RETURN OLD;") + ROWS,
        "UPDATE v SET x = 'new' RETURNING x",
        [{"x": "one"}],
        "SELECT x FROM a",
        "new",
    ),
}


@pytest.mark.parametrize("claim", CLAIMS)
def test_what_is_claimed_happens(server: Server, empty_database: str, claim: str) -> None:
    made, statement, given, question, answer = CLAIMS[claim]
    client = Client(server.cluster.dsn(empty_database))
    client.run(made)
    assert client.rows(statement) == given
    assert client.value(question) == answer
    client.close()


def about_views(server: Server, database: str, contract: Contract | None = None) -> list[Finding]:
    """What the usual checks say of views, their triggers, and functions."""
    seen = look_at(server, database, USUAL, contract)
    found = judge(seen, [CHECKS[name] for name in USUAL]).findings
    return [one for one in found if one.object_type in ("view", "trigger", "function")]


@pytest.mark.parametrize("story", STORIES, ids=[story.name for story in STORIES])
def test_generated_triggers_give_nothing_to_say(server: Server, empty_database: str, story: Story) -> None:
    client = Client(server.cluster.dsn(empty_database))
    client.run("GRANT CREATE ON SCHEMA public TO ollama_owner; SET ROLE ollama_owner")
    client.run(story.setup)
    converge(server, empty_database, view="v", definition=story.policy, **story.options)
    client.run("GRANT SELECT, INSERT, UPDATE, DELETE ON v TO ollama")
    client.close()
    assert [(one.check, one.message) for one in about_views(server, empty_database)] == []


@pytest.fixture
def scanner(server: Server, scanner_database: str) -> Any:
    """A superuser in the scanner's database."""
    client = Client(server.cluster.dsn(scanner_database))
    yield client
    client.close()


def scanner_contract(database: str) -> dict[str, Any]:
    """The shipped contract for a database of this name."""
    said: dict[str, Any] = yaml.safe_load(CONTRACT.read_text(encoding="utf-8"))
    return {**said, "database": database}


def test_the_scanners_view_is_found_until_it_is_writable(
    server: Server, scanner_database: str, scanner: Client
) -> None:
    (found,) = about_views(server, scanner_database)
    assert (found.check, found.object, found.severity) == ("view-not-writable", "public.servers", "error")
    assert "ollama was granted INSERT, UPDATE or DELETE" in found.message
    said = scanner_contract(scanner_database)
    (declared,) = about_views(server, scanner_database, parse_contract(said))
    assert declared.severity == "error"
    assert "the contract declares it writable" in declared.message
    converge(server, scanner_database, contract=said)
    assert about_views(server, scanner_database) == []
    assert about_views(server, scanner_database, parse_contract(said)) == []


def test_drift_of_generated_triggers_is_found(server: Server, scanner_database: str, scanner: Client) -> None:
    converge(server, scanner_database, contract=scanner_contract(scanner_database))
    scanner.run("ALTER VIEW servers RENAME COLUMN ip TO host")
    broken = about_views(server, scanner_database)
    assert {one.check for one in broken} == {"view-trigger-broken"}
    assert ["ip, no column of the view" in one.message for one in broken] == [True, True, True]
    scanner.run("DROP VIEW servers; SET ROLE ollama_owner")
    scanner.run(
        "CREATE VIEW servers AS SELECT e.id, ip FROM endpoints e JOIN verified_endpoints v ON endpoint_id = e.id"
    )
    gone = about_views(server, scanner_database)
    assert {one.check for one in gone} == {"view-trigger-missing-after-recreate"}
    assert sorted(str(one.evidence["verbs"]) for one in gone) == ["['DELETE']", "['INSERT']", "['UPDATE']"]


def test_honest_triggers_by_hand_fail_in_one_thing(server: Server, scanner_database: str, scanner: Client) -> None:
    scanner.run("SET ROLE ollama_owner; SET search_path = public")
    scanner.run((FIXTURES / "naive_triggers.sql").read_text(encoding="utf-8"))
    found = about_views(server, scanner_database)
    assert [(one.check, one.evidence["columns"]) for one in found] == [("view-trigger-ignores-column", ["id"])]
