# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the default checks say of three known databases, to the last finding: one more or one fewer fails.

Each finding that must be there is defended in a sentence.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
import yaml
from _pgops.model.finding import Finding
from _pgops.model.settings.schema_check import SchemaCheckSettings
from _pgops.status.review import review
from conftest import ROOT
from frozen_sets import BEFORE_15, CLEAN, GENERATED, NO_CONTRACT, OF_THE_DAY, SCANNER, SERVER
from harness import FIXTURES, Client, Server, Servers, wait_until
from review_stage import MAKE
from stage import open_session

pytestmark = pytest.mark.every_major
TABLES = 23


@pytest.fixture(scope="module")
def untouched() -> Iterator[Servers]:
    """Servers of this file's own: roles of other tests would be findings."""
    running = Servers()
    yield running
    running.stop()


@pytest.fixture
def server(untouched: Servers, major: int) -> Server:
    """The untouched server of the test's major."""
    return untouched.get(major)


def fill_scanner(client: Client) -> None:
    for name in ("scanner_schema.sql", "scanner_data.sql"):
        client.run((FIXTURES / name).read_text(encoding="utf-8"))
    dead = "SELECT pg_stat_get_dead_tuples('metadata'::regclass)"
    wait_until(lambda: client.value(dead) > 0, "counters of the dead rows")


def fill_clean(client: Client) -> None:
    client.run((FIXTURES / "clean_schema.sql").read_text(encoding="utf-8"))


def fill_generated(client: Client) -> None:
    if not client.rows("SELECT FROM pg_roles WHERE rolname = 'generated_owner'"):
        client.run("CREATE ROLE generated_owner")
    client.run("GRANT CREATE ON SCHEMA public TO generated_owner; SET ROLE generated_owner")
    client.run(MAKE.replace("{first}", "1").replace("{last}", str(TABLES)))
    client.run("RESET ROLE; REVOKE CREATE ON SCHEMA public FROM generated_owner, PUBLIC; ANALYZE")


def said(server: Server, fill: Callable[[Client], None], contract: bool) -> dict[tuple[str, str], Finding]:
    """The findings of the default checks by check and object, without those that depend on the day."""
    database = server.clone()
    client = Client(server.cluster.dsn(database))
    fill(client)
    client.close()
    declared = None
    if contract:
        shipped = (ROOT / "playbooks" / "contracts" / "ollama_scanner.yml").read_text(encoding="utf-8")
        declared = {**yaml.safe_load(shipped), "database": database}
    with open_session(server, database) as session:
        made = review(session, SchemaCheckSettings(contract=declared, exclude_checks=OF_THE_DAY))
    server.drop(database)
    assert made.not_checked == ()
    assert all(finding.fix is not None or finding.no_fix for finding in made.findings)
    return {(finding.check, finding.object): finding for finding in made.findings}


def expected(server: Server, *sets: dict[tuple[str, str], tuple[str, str]]) -> dict[tuple[str, str], str]:
    """Severity by check and object, of what holds for this major."""
    frozen = {place: severity for one in (SERVER, *sets) for place, (severity, _why) in one.items()}
    return {place: severity for place, severity in frozen.items() if server.major < 15 or place not in BEFORE_15}


def difference(found: dict[tuple[str, str], Finding], wanted: dict[tuple[str, str], str]) -> list[str]:
    """What was found and should not be, what is missing, and what has another severity."""
    lines = [f"more: {place}: {found[place].message}" for place in sorted(found.keys() - wanted.keys())]
    lines += [f"fewer: {place}" for place in sorted(wanted.keys() - found.keys())]
    both = sorted(found.keys() & wanted.keys())
    return lines + [f"{place}: {found[place].severity}" for place in both if found[place].severity != wanted[place]]


def test_scanner_with_its_contract(server: Server) -> None:
    assert difference(said(server, fill_scanner, contract=True), expected(server, SCANNER)) == []


def test_scanner_without_a_contract(server: Server) -> None:
    assert difference(said(server, fill_scanner, contract=False), expected(server, NO_CONTRACT)) == []


def test_generated_database(server: Server) -> None:
    assert difference(said(server, fill_generated, contract=False), expected(server, GENERATED)) == []


def test_clean_database(server: Server) -> None:
    assert difference(said(server, fill_clean, contract=False), expected(server, CLEAN)) == []


def test_each_is_defended_in_a_sentence() -> None:
    sentences = [why for one in (SERVER, SCANNER, NO_CONTRACT, GENERATED, CLEAN) for _severity, why in one.values()]
    assert len(sentences) > 40
    assert all(why.endswith(".") and len(why.split()) > 4 for why in sentences)
