# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The five needless indexes of the scanner's database are found, each with the one to keep, and no other."""

from __future__ import annotations

import re

from _pgops.checks.judge import judge
from _pgops.checks.registry import CHECKS
from harness import FIXTURES, Client, Server
from stage import look_at

NEEDLESS = {
    "public.metadata.idx_metadata_key": ("index-redundant-unique", "metadata_pkey"),
    "public.verified_endpoints.idx_verified_endpoints_endpoint_id": (
        "index-redundant-unique",
        "verified_endpoints_endpoint_id_key",
    ),
    "public.models.idx_models_endpoint_id": ("index-redundant-prefix", "models_endpoint_id_name_key"),
    "public.endpoints.idx_endpoints_ip": ("index-redundant-prefix", "endpoints_ip_port_key"),
    "public.endpoints.idx_endpoints_verified": ("index-redundant-prefix", "idx_endpoints_verified_is_"),
}


def test_the_needless_indexes_of_the_scanner_and_no_others(server: Server, scanner_database: str) -> None:
    checks = ["index-duplicate", "index-redundant-unique", "index-redundant-prefix", "index-invalid"]
    client = Client(server.cluster.dsn(scanner_database))
    client.run((FIXTURES / "scanner_data.sql").read_text(encoding="utf-8"))
    findings = judge(look_at(server, scanner_database, checks), [CHECKS[check] for check in checks]).findings
    # Two indexes that are much of a size begin with verified: which of them is named does not matter.
    kept = {finding.object: re.sub("(?<=verified_is_).*", "", str(finding.evidence["kept"])) for finding in findings}
    assert {finding.object: (finding.check, kept[finding.object]) for finding in findings} == NEEDLESS
    assert {finding.severity for finding in findings} == {"warning"}
    for finding in findings:
        assert finding.fix is not None
        client.run(finding.fix.steps[0].sql[0])
    assert judge(look_at(server, scanner_database, checks), [CHECKS[check] for check in checks]).findings == ()
    client.close()
