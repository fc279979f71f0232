# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What checks of views share: who may read and write them, what they take, and which tables they reach."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from ...model.acl import PUBLIC, AclEntry, effective_acl
from ...model.catalog.relations import Relation, Trigger
from ...model.catalog.snapshot import Catalog

#: The verbs of writing with their bits in `Relation.updatable` and in `Trigger.bits`, and their number in `Rule.event`.
VERBS = ("INSERT", "UPDATE", "DELETE")
_UPDATABLE = {"INSERT": 8, "UPDATE": 4, "DELETE": 16}
_TRIGGER = {"INSERT": 4, "UPDATE": 16, "DELETE": 8}
_RULE = {2: "UPDATE", 3: "INSERT", 4: "DELETE"}
_INSTEAD = 64
_TRUE = frozenset({"true", "on", "yes", "1"})


class Reached(NamedTuple):
    """A table that a view reads, in whose name it does, and the view or materialized view that names the table."""

    table: Relation
    user: str
    through: Relation


def instead_triggers(catalog: Catalog, view: Relation, verb: str) -> list[Trigger]:
    """The INSTEAD OF triggers of a view that take this verb."""
    return [
        trigger
        for trigger in catalog.triggers.get(view.oid, ())
        if trigger.bits & _INSTEAD and trigger.bits & _TRIGGER[verb] and not trigger.internal
    ]


def verbs_of(trigger: Trigger) -> tuple[str, ...]:
    """The verbs at which a trigger fires."""
    return tuple(verb for verb in VERBS if trigger.bits & _TRIGGER[verb])


def conditional_rules(catalog: Catalog) -> frozenset[tuple[int, str]]:
    """Relations (OID) and verbs that have a conditional INSTEAD rule: such a view is not updatable by itself."""
    return frozenset(
        (rule.table, _RULE[rule.event])
        for rule in catalog.rules
        if rule.instead and rule.conditional and rule.event in _RULE
    )


def taken(catalog: Catalog, view: Relation, conditional: frozenset[tuple[int, str]]) -> tuple[str, ...]:
    """The verbs that a view takes: by itself, by triggers or by rules.

    PostgreSQL's own answer leaves out of account that a conditional INSTEAD rule makes the statement fail.
    """
    return tuple(
        verb
        for verb in VERBS
        if view.updatable & _UPDATABLE[verb]
        and ((view.oid, verb) not in conditional or instead_triggers(catalog, view, verb))
    )


def granted(catalog: Catalog, relation: Relation) -> Iterator[AclEntry]:
    """What roles other than the owner were granted on a relation, or on columns of it."""
    texts = [relation.acl, *(column.acl for column in catalog.columns.get(relation.oid, ()))]
    for text in texts:
        if text is not None:
            for entry in effective_acl(text, "table", relation.owner, catalog.server.major):
                if entry.grantee != relation.owner:
                    yield entry


def readers(catalog: Catalog, relation: Relation) -> tuple[str, ...]:
    """Roles, other than the owner, that were granted SELECT on a relation or on columns of it; '' is PUBLIC."""
    return tuple(sorted({entry.grantee for entry in granted(catalog, relation) if "SELECT" in entry.privileges}))


def is_invoker(view: Relation) -> bool:
    """Whether a view reads in the name of who asks (`security_invoker`, PostgreSQL 15 and newer)."""
    for option in view.options:
        name, _equals, value = option.partition("=")
        if name == "security_invoker":
            return value.lower() in _TRUE
    return False


def below(catalog: Catalog, view: Relation) -> list[Relation]:
    """The relations that a view's query names, in the order of their names."""
    oids = {oid for oid, _column in catalog.view_columns.get(view.oid, ())}
    found = (catalog.relations.get(oid) for oid in oids)
    return sorted((one for one in found if one is not None and one.kind != "S"), key=lambda one: (one.schema, one.name))


def reached(catalog: Catalog, view: Relation) -> list[Reached]:
    """The tables and materialized views that a view reads in its owner's name or in that of a view below it.

    A view that reads in the name of who asks does so, under another one, in the name of that one's owner.
    """
    found: list[Reached] = []
    waiting = [(view, view.owner)]
    seen = set(waiting)
    while waiting:
        through, user = waiting.pop()
        for relation in below(catalog, through):
            if relation.kind == "v":
                step = (relation, user if is_invoker(relation) else relation.owner)
                if step not in seen:
                    seen.add(step)
                    waiting.append(step)
            else:
                found.append(Reached(relation, user, through))
    return sorted(set(found), key=lambda one: (one.table.schema, one.table.name, one.user, one.through.name))


def skips_row_security(catalog: Catalog, role: str, table: Relation) -> bool:
    """Whether the table's row security does not hold for a role."""
    if role == PUBLIC:
        return False
    facts = catalog.roles.get(role)
    if facts is not None and (facts.superuser or facts.bypass_row_security):
        return True
    return not table.force_row_security and table.owner in catalog.rights.acting(role)
