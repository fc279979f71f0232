# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The shipped contract on the scanner's database: every defect of contract and data is found, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import scanner_rows
import yaml
from _pgops.checks.judge import Judgement, judge
from _pgops.checks.registry import CHECKS, GROUPS
from _pgops.model.contract.declared import Contract
from _pgops.model.contract.parse import parse_contract
from _pgops.model.finding import Finding
from harness import Client, Server
from stage import look_at
from test_fixes import carry_out

SHIPPED = Path(__file__).resolve().parents[3] / "playbooks" / "contracts" / "ollama_scanner.yml"
#: All checks of these groups, whatever their level, and those of other groups that judge by the contract.
ASKED = [
    *(check.about.id for group in GROUPS if group.name.startswith(("contract", "data")) for check in group.checks),
    "fk-delete-rule-unexpected",
    "view-not-writable",
    "view-partial-triggers",
]
WRITES = ["DELETE", "INSERT", "SELECT", "UPDATE"]
TABLES = ("chat_history", "schema_version", "user_selected_models")
SEQUENCES = ("benchmark_results", "chat_history", "endpoints", "models", "schema_version", "verified_endpoints")

#: Check and object to severity, how many rows, and whether there is a fix and it may be applied without a person.
EXPECTED: dict[tuple[str, str], tuple[str, int | None, str]] = {
    ("fk-delete-rule-unexpected", "public.benchmark_results.benchmark_results_model_id_fkey"): (
        "error",
        None,
        "automatic",
    ),
    ("view-not-writable", "public.servers"): ("error", None, "none"),
    ("data-null-where-expected", "public.endpoints.verification_date"): ("error", 21, "automatic"),
    ("data-null-where-expected", "public.endpoints.last_check_date"): ("error", 7751, "automatic"),
    ("data-rules", 'public."verified-has-row"'): ("error", 9, "none"),
    ("data-rules", 'public."row-has-verified"'): ("error", 5, "none"),
    ("data-rules", 'public."verified-is-active"'): ("error", 107, "none"),
    ("data-rules", 'public."honeypot-not-verified"'): ("error", 4, "none"),
    ("data-rules", 'public."honeypot-not-active"'): ("error", 216, "none"),
    ("data-rules", 'public."chat-history-has-model"'): ("warning", 2, "none"),
    ("data-rules", 'public."selected-model-exists"'): ("warning", 1, "none"),
    # By their names alone, without the rules of the contract.
    ("data-orphans-logical", "public.chat_history.model_id"): ("warning", 2, "none"),
    ("data-orphans-logical", "public.user_selected_models.model_id"): ("warning", 1, "none"),
    **{("contract-grant-missing", f"public.{table}"): ("error", None, "automatic") for table in TABLES},
    **{("contract-grant-missing", f"public.{table}_id_seq"): ("error", None, "automatic") for table in SEQUENCES},
}


def shipped(database: str, **more: Any) -> Contract:
    """The shipped contract, for a database of another name, with other keys where they are given."""
    return parse_contract({**yaml.safe_load(SHIPPED.read_text(encoding="utf-8")), "database": database, **more})


@pytest.fixture
def filled(server: Server) -> Iterator[str]:
    """The name of a database of the test's own with the scanner's objects and rows."""
    name = scanner_rows.clone(server)
    yield name
    server.drop(name)


def reviewed(server: Server, database: str, contract: Contract, user: str | None = None) -> Judgement:
    """What the checks say of it."""
    return judge(look_at(server, database, ASKED, contract, user), [CHECKS[check] for check in ASKED])


def told(finding: Finding) -> tuple[str, int | None, str]:
    """Severity, rows and what kind of fix there is."""
    fix = "none" if finding.fix is None else "automatic" if finding.fix.automatic else "by hand"
    rows = finding.evidence.get("rows")
    return finding.severity, rows if isinstance(rows, int) else None, fix


def test_every_defect_is_found_and_nothing_else(server: Server, filled: str) -> None:
    judgement = reviewed(server, filled, shipped(filled))
    assert judgement.not_checked == ()
    found = {(finding.check, finding.object): told(finding) for finding in judgement.findings}
    assert found == EXPECTED
    for finding in judgement.findings:
        assert finding.fix is not None or finding.no_fix, f"{finding.check} {finding.object} says no way on"


def test_what_is_said_of_them(server: Server, filled: str) -> None:
    findings = {(one.check, one.object): one for one in reviewed(server, filled, shipped(filled)).findings}
    dates = findings["data-null-where-expected", "public.endpoints.verification_date"]
    assert dates.message == "verification_date is NULL in 21 rows of endpoints for which verified = 1."
    rows = findings["data-rules", 'public."verified-has-row"']
    assert rows.message == "Every endpoint with verified = 1 has a row in verified_endpoints: not so in 9 rows."
    assert isinstance(rows.evidence["samples"], list)
    assert len(rows.evidence["samples"]) == 3
    assert set(rows.evidence["samples"][0]) == {"id", "ip", "port"}
    chat = findings["contract-grant-missing", "public.chat_history"]
    assert chat.evidence["role"] == "ollama"
    assert chat.evidence["missing"] == WRITES
    drawn = findings["contract-grant-missing", "public.models_id_seq"]
    assert drawn.evidence["missing"] == ["USAGE"]


def test_what_may_be_mended_without_a_person_is_mended(server: Server, filled: str) -> None:
    contract = shipped(filled)
    before = reviewed(server, filled, contract)
    with closing(Client(server.cluster.dsn(filled))) as client:
        for finding in before.findings:
            if finding.fix is not None and finding.fix.automatic:
                assert carry_out(client, finding.fix.steps) == [], finding.object
    left = {(finding.check, finding.object): told(finding) for finding in reviewed(server, filled, contract).findings}
    assert left == {place: said for place, said in EXPECTED.items() if said[2] != "automatic"}
    with closing(Client(server.cluster.dsn(filled, "ollama"))) as program:
        inserted = "INSERT INTO chat_history (user_id, model_id) VALUES ('1', 501) RETURNING id"
        assert program.value(inserted) > 6
    with closing(Client(server.cluster.dsn(filled))) as client:
        client.run("DELETE FROM models WHERE id = (SELECT max(model_id) FROM benchmark_results)")
        assert client.value("SELECT count(*) FROM benchmark_results WHERE model_id IS NULL") == 3


def test_declared_keys_of_the_bot_are_missed_with_their_orphans(server: Server, filled: str) -> None:
    said = yaml.safe_load(SHIPPED.read_text(encoding="utf-8"))["tables"]
    for table in ("chat_history", "user_selected_models"):
        said[table]["foreign_keys"] = [{"columns": ["model_id"], "references": "models", "on_delete": "cascade"}]
    contract = shipped(filled, tables=said)
    found = {(one.check, one.object): one for one in reviewed(server, filled, contract).findings}
    for table, rows in (("chat_history", 2), ("user_selected_models", 1)):
        place = f"public.{table}.model_id"
        assert told(found["data-orphans-declared", place]) == ("error", rows, "none")
        missing = found["contract-foreign-key-missing", place]
        assert missing.evidence["orphans"] == rows
        assert missing.fix is None
        assert "refer to nothing" in missing.no_fix
    with closing(Client(server.cluster.dsn(filled))) as client:
        client.run("DELETE FROM chat_history WHERE model_id NOT IN (SELECT id FROM models)")
        again = {(one.check, one.object): one for one in reviewed(server, filled, contract).findings}
        assert ("data-orphans-declared", "public.chat_history.model_id") not in again
        fix = again["contract-foreign-key-missing", "public.chat_history.model_id"].fix
        assert fix is not None
        assert fix.automatic
        assert carry_out(client, fix.steps) == []


def test_the_program_itself_sees_what_it_may(server: Server, filled: str) -> None:
    judgement = reviewed(server, filled, shipped(filled), "ollama")
    found = {(finding.check, finding.object) for finding in judgement.findings}
    assert found == {place for place in EXPECTED if not place[0].startswith("data")}
    reasons = {skipped.check: skipped.reason for skipped in judgement.not_checked}
    for check in {check for check, _object in EXPECTED if check.startswith("data")}:
        assert "may not act as ollama_owner" in reasons[check]


def test_the_owner_sees_as_much_as_a_superuser(server: Server, filled: str) -> None:
    server.admin.run("CREATE ROLE scanner_keeper LOGIN")
    try:
        server.admin.run("GRANT ollama_owner TO scanner_keeper")
        judgement = reviewed(server, filled, shipped(filled), "scanner_keeper")
        assert judgement.not_checked == ()
        assert {(finding.check, finding.object): told(finding) for finding in judgement.findings} == EXPECTED
    finally:
        server.admin.run("DROP ROLE scanner_keeper")
