# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Truth table of the checks of roles and privileges against a contract. `ollama` is a role of every test cluster."""

from __future__ import annotations

from typing import Any

from case_roles import role
from cases import Case

ROLE = "contract-role-missing"
MISSING = "contract-grant-missing"
UNEXPECTED = "contract-grant-unexpected"

THREE = "CREATE TABLE t (a int, b int); CREATE VIEW v AS SELECT a FROM t; CREATE SEQUENCE s; "


GRANT_GROUP = "GRANT SELECT ON t TO contract_group"


def grants(privileges: list[str], role: str = "ollama", **objects: Any) -> dict[str, Any]:
    """A contract with one grant."""
    return {
        "tables": {"t": {}},
        "views": {"v": {}},
        "grants": [{"role": role, "privileges": privileges, **objects}],
    }


CASES = [
    Case(
        ROLE,
        "a role that nobody made",
        THREE,
        {'"nobody made me"'},
        contract=grants(["select"], "nobody made me", tables="all"),
        elsewhere=True,
    ),
    Case(ROLE, "a role that is there", THREE, contract=grants(["select"], tables="all"), elsewhere=True),
    Case(ROLE, "everybody", THREE, contract=grants(["select"], "public", tables="all"), elsewhere=True),
    Case(MISSING, "nothing was granted", THREE, {"t"}, contract=grants(["select", "insert"], tables="all")),
    Case(
        MISSING,
        "a part was granted",
        THREE + "GRANT SELECT ON t, v TO ollama;",
        {"t", "v"},
        contract=grants(["select", "update", "delete"], tables=["t"], views=["v"]),
    ),
    Case(
        MISSING,
        "a sequence and the schema",
        THREE,
        {"s", ""},
        contract=grants(["usage"], sequences="all", schemas=["{schema}"]),
    ),
    Case(
        MISSING,
        "all was granted",
        THREE + "GRANT SELECT, INSERT ON t, v TO ollama; GRANT USAGE ON SEQUENCE s TO ollama; "
        "GRANT USAGE ON SCHEMA {schema} TO ollama;",
        contract={
            "tables": {"t": {}},
            "views": {"v": {}},
            "grants": [
                {"role": "ollama", "privileges": ["select", "insert"], "tables": "all", "views": "all"},
                {"role": "ollama", "privileges": ["usage"], "sequences": ["s"], "schemas": "all"},
            ],
        },
    ),
    Case(
        MISSING,
        "granted to everybody",
        THREE + "GRANT SELECT ON t TO PUBLIC;",
        contract=grants(["select"], tables="all"),
    ),
    Case(
        MISSING,
        "wanted for everybody, granted to one",
        THREE + "GRANT SELECT ON t TO ollama;",
        {"t"},
        contract=grants(["select"], "public", tables="all"),
    ),
    Case(
        MISSING,
        "granted to a role it inherits",
        THREE,
        setup=role("contract_group") + role("contract_member", "LOGIN", "contract_group") + GRANT_GROUP,
        contract=grants(["select"], "contract_member", tables="all"),
    ),
    Case(
        MISSING,
        "granted to a role it would have to become",
        THREE,
        {"t"},
        setup=role("contract_group") + role("contract_stranger", "LOGIN NOINHERIT", "contract_group") + GRANT_GROUP,
        contract=grants(["select"], "contract_stranger", tables="all"),
    ),
    Case(
        MISSING,
        "granted on all columns",
        THREE + "GRANT SELECT (a, b) ON t TO ollama;",
        contract=grants(["select"], tables="all"),
    ),
    Case(
        MISSING,
        "granted on one column",
        THREE + "GRANT SELECT (a) ON t TO ollama;",
        {"t"},
        contract=grants(["select"], tables="all"),
    ),
    Case(MISSING, "the owner", THREE, contract=grants(["select", "truncate"], "case_owner", tables="all", views="all")),
    Case(
        MISSING,
        "MAINTAIN is newer",
        THREE + "GRANT SELECT ON t TO ollama;",
        until=16,
        contract=grants(["select", "maintain"], tables="all"),
    ),
    Case(
        MISSING,
        "MAINTAIN",
        THREE + "GRANT SELECT ON t TO ollama;",
        {"t"},
        since=17,
        contract=grants(["select", "maintain"], tables="all"),
    ),
    Case(
        MISSING,
        "partitions are reached through their root",
        "CREATE TABLE t (a int) PARTITION BY LIST (a); CREATE TABLE t1 PARTITION OF t FOR VALUES IN (1); "
        "CREATE VIEW v AS SELECT 1 AS a; GRANT SELECT ON t TO ollama;",
        contract=grants(["select"], tables="all"),
    ),
    Case(
        UNEXPECTED,
        "more than was declared",
        THREE + "GRANT SELECT, DELETE ON t TO ollama; GRANT SELECT ON t TO PUBLIC;",
        {"t"},
        contract=grants(["select"], "public", tables="all"),
    ),
    Case(
        UNEXPECTED,
        "nothing more",
        THREE + "GRANT SELECT ON t TO ollama, case_owner;",
        contract=grants(["select", "insert"], tables="all"),
    ),
]
