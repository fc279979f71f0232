# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules of pg_hba.conf as a server reads them are those that the truth tables speak of."""

from __future__ import annotations

from _pgops.checks.judge import judge
from _pgops.checks.parts.hba import is_remote, text_of
from _pgops.checks.registry import CHECKS
from case_settings import hba_rule
from harness import Server
from stage import look_at

#: The rule, and whether other machines come in by it.
RULES = {
    "local all all peer": False,
    "local replication postgres trust": False,
    "host all all 127.0.0.1/32 scram-sha-256": False,
    "host all all ::1/128 md5": False,
    "host all +ollama 10.0.0.0/8 md5": True,
    "hostssl a,b ollama 2001:db8::/32 scram-sha-256": True,
    "hostnossl all all 0.0.0.0/0 reject": True,
    "host all all all scram-sha-256": True,
    "host all all samenet scram-sha-256": True,
    "host all all samehost trust": False,
    "host all all db.example.com password": True,
    "host all all 126.0.0.0/7 trust": True,
}


def test_rules_are_read_as_the_server_shows_them(server: Server, empty_database: str) -> None:
    path = server.cluster.data_dir / "pg_hba.conf"
    before = path.read_text(encoding="utf-8")
    texts = list(RULES)
    try:
        # The view reads the file, and nobody reloads it.
        path.write_text("\n".join([*texts, "nonsense"]) + "\n", encoding="utf-8")
        seen = look_at(server, empty_database, ["hba-error"])
    finally:
        path.write_text(before, encoding="utf-8")
    good = [rule for rule in seen.catalog.hba if rule.type is not None]
    assert [text_of(rule) for rule in good] == texts
    # TLS is off there.
    assert [rule.type for rule in good if rule.error is not None] == ["hostssl"]
    plain = [rule._replace(file=None, error=None) for rule in good]
    assert plain == [hba_rule(number, text) for number, text in enumerate(texts, 1)]
    assert [is_remote(rule) for rule in good] == list(RULES.values())
    (finding,) = judge(seen, [CHECKS["hba-error"]]).findings
    assert f"line {len(texts) + 1} of pg_hba.conf" in finding.message
    assert "nonsense" in finding.message
