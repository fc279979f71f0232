# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The scanner's database: its missing privileges are found by default and without a contract, and no false ones."""

from __future__ import annotations

from _pgops.checks.judge import judge
from _pgops.checks.registry import CHECKS
from harness import Client, Server
from stage import look_at

GROUPS = ("missing-privileges", "privileges", "roles", "row-security", "authentication", "exposure", "transport")
MINE = [check for check in CHECKS.values() if check.about.group in (*GROUPS, "auditing")]
DEFAULT = [check for check in MINE if check.about.level == "default"]
INSERTING = ("benchmark_results", "endpoints", "models", "verified_endpoints")
#: What the throwaway server itself has: its roles are left over from other tests.
OF_THE_SERVER = {"authentication", "transport", "roles"}


def test_missing_usage_of_sequences_is_found_by_default(server: Server, scanner_database: str) -> None:
    seen = look_at(server, scanner_database, [check.about.id for check in DEFAULT])
    findings = [one for one in judge(seen, DEFAULT).findings if one.group not in OF_THE_SERVER]
    found = {(one.check, one.object) for one in findings}
    wanted = {("sequence-usage-missing", f"public.{table}_id_seq") for table in INSERTING}
    assert found == wanted | ({("public-schema-create", "public")} if server.major < 15 else set())
    client = Client(server.cluster.dsn(scanner_database))
    for finding in findings:
        assert finding.fix is not None
        for step in finding.fix.steps:
            for statement in step.sql:
                client.run(statement)
    client.run("SET ROLE ollama")
    assert client.run("INSERT INTO endpoints (ip, port) VALUES ('192.0.2.1', 11434)") == 1
    client.close()
    after = look_at(server, scanner_database, [check.about.id for check in DEFAULT])
    assert not [one for one in judge(after, DEFAULT).findings if one.group not in OF_THE_SERVER]


def test_a_role_without_rights_is_told_what_was_not_checked(server: Server, scanner_database: str) -> None:
    checks = [check.about.id for check in MINE]
    all_of_it = judge(look_at(server, scanner_database, checks), MINE)
    little = judge(look_at(server, scanner_database, checks, user="ollama"), MINE)
    skipped = {one.check for one in little.not_checked}
    assert {"hba-error", "hba-trust", "password-md5", "tls-clients"} <= skipped
    # What is in the catalog for everybody is found by everybody.
    lost = {one.check for one in all_of_it.findings} - {one.check for one in little.findings}
    assert lost <= skipped | {"audit-library", "audit-setting"}
