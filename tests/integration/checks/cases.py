# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a truth table is made of: a few statements, the check in question, and the objects it must name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from _pgops.checks.seen import Seen


@dataclass(frozen=True)
class Case:
    """One row of a truth table; every case has a schema of its own, and the search_path leads there.

    `found` are the objects the check must report among those of the schema, spelled without the schema ('' is the
    schema itself), no more and no fewer; an empty set is a look-alike that is well. Owner of everything is the role
    `case_owner`, who is no superuser.

    sql: statements; `{schema}` is the schema's name. `setup` is run as the superuser instead, after them.
    since, until: the majors in which it holds, both inclusive.
    severity: of all findings, where it is not the check's own.
    not_checked: a part of a reason that must be given for the check instead of a pass.
    alter: changes what was seen, for what a throwaway server cannot be brought to (an age of two billion, a standby).
    contract: a contract's mapping without `contract` and `database`; its schema is the case's, `{schema}` in SQL.
    elsewhere: look at all findings of the check instead of those in the schema (for roles, settings, databases);
    `{schema}` and `{database}` may stand in `found` and `among` then.
    among: with `elsewhere`, of which objects this case speaks; empty for all. Roles of one case are there in all.
    limits: of the check.
    fixed: whether its fixes are tried; False needs `unfixed`, a reason.
    """

    check: str
    name: str
    sql: str
    found: frozenset[str] | set[str] = frozenset()
    setup: str = ""
    since: int = 13
    until: int = 99
    severity: str | None = None
    not_checked: str | None = None
    alter: Callable[[Seen], Seen] | None = None
    contract: Mapping[str, Any] | None = None
    elsewhere: bool = False
    among: frozenset[str] | set[str] = frozenset()
    limits: Mapping[str, float] = field(default_factory=dict)
    unfixed: str = ""

    def schema(self, number: int) -> str:
        """The name of its schema."""
        return f"c{number}"
