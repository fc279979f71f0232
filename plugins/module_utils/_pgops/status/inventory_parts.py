# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the entries of an inventory share: comments, rights, texts, names. Pure."""

from __future__ import annotations

import datetime
from functools import cached_property
from typing import Any

from ..model.acl import AclEntry, effective_acl
from ..model.catalog.relations import Constraint, Relation, Rule
from ..model.catalog.snapshot import Catalog
from ..model.identifiers import quote_qualified
from ..model.measured import Details

Facts = dict[str, Any]

ENABLED = {"O": "origin", "D": "disabled", "R": "replica", "A": "always"}
#: What grants call everybody; no role can bear this name.
PUBLIC = "public"


class Parts:
    """Look-ups in one reading. `full`: sizes and use are told too."""

    def __init__(self, catalog: Catalog, details: Details, full: bool) -> None:
        self.catalog = catalog
        self.details = details
        self.full = full

    def comment(self, kind: str, oid: int, number: int = 0) -> str | None:
        """The comment on an object or column."""
        return self.catalog.comments.get((kind, oid, number))

    def text(self, kind: str, oid: int) -> str | None:
        """A text that was asked for, None where there is none."""
        return self.details.texts.get((kind, oid))

    def relation(self, oid: int) -> str:
        """A relation as SQL spells it."""
        found = self.catalog.relations.get(oid)
        return quote_qualified(found.schema, found.name) if found is not None else ""

    def function(self, oid: int) -> str:
        """A function as SQL spells it, with its arguments; one of the system by what little is known of it."""
        found = self.catalog.functions.get(oid)
        return f"{quote_qualified(found.schema, found.name)}({found.arguments})" if found is not None else ""

    def grants(self, acl: str | None, kind: str, owner: str) -> list[Facts]:
        """Who may do what, by role. The owner is told only where it holds less than an owner does by default."""
        major = self.catalog.server.major
        held = _by_role(effective_acl(acl, kind, owner, major))
        usual = _by_role(effective_acl(None, kind, owner, major)).get(owner, (frozenset(), frozenset()))[0]
        if held.get(owner, (frozenset(), frozenset()))[0] >= usual:
            held.pop(owner, None)
        else:
            held.setdefault(owner, (frozenset(), frozenset()))
        return [
            {"role": role, "privileges": sorted(privileges), "grantable": sorted(grantable)}
            for role, (privileges, grantable) in sorted(held.items())
        ]

    @cached_property
    def constraints(self) -> dict[int, Constraint]:
        """Every constraint by its OID."""
        return {one.oid: one for many in self.catalog.constraints.values() for one in many}

    @cached_property
    def rules(self) -> dict[int, list[Rule]]:
        """Relation (OID) to its rewrite rules."""
        found: dict[int, list[Rule]] = {}
        for one in self.catalog.rules:
            found.setdefault(one.table, []).append(one)
        return found

    @cached_property
    def uses(self) -> dict[int, list[Facts]]:
        """Sequence (OID) to the columns that take numbers from it."""
        how = {"a": "owned", "i": "identity", "n": "default"}
        found: dict[int, list[Facts]] = {}
        for use in self.catalog.sequence_uses:
            names = self.catalog.column_names(use.table, (use.column,))
            if use.table in self.catalog.relations and names:
                entry = {"table": self.relation(use.table), "column": names[0], "how": how[use.link]}
                found.setdefault(use.sequence, []).append(entry)
        return {oid: sorted(uses, key=lambda use: tuple(use.values())) for oid, uses in found.items()}


def _by_role(entries: tuple[AclEntry, ...]) -> dict[str, tuple[frozenset[str], frozenset[str]]]:
    """Role to what it holds and what of it it may grant on, whoever granted it."""
    held: dict[str, tuple[frozenset[str], frozenset[str]]] = {}
    for entry in entries:
        role = entry.grantee or PUBLIC
        privileges, grantable = held.get(role, (frozenset(), frozenset()))
        held[role] = (privileges | entry.privileges, grantable | entry.grantable)
    return held


def moment(epoch: float | None) -> str | None:
    """A time in UTC, such as `2026-11-24T06:18:43Z`."""
    if epoch is None:
        return None
    return datetime.datetime.fromtimestamp(epoch, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def where_set(**facts: Any) -> Facts:
    """The facts that say something: not None, not false, not empty."""
    return {name: value for name, value in facts.items() if value not in (None, False, "", [], {})}


def option_list(options: tuple[str, ...]) -> list[str]:
    """Options in a stable order: PostgreSQL keeps them as they were set."""
    return sorted(options)


def kind_of(relation: Relation) -> str:
    """What a relation is called."""
    return {
        "r": "table",
        "p": "partitioned table",
        "v": "view",
        "m": "materialized view",
        "f": "foreign table",
        "S": "sequence",
    }[relation.kind]
