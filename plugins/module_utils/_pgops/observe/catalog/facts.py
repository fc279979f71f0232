# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Turns the tagged rows of the small readings into facts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...model.catalog.relations import Function, Policy, Rule, Trigger, Type
from ...model.catalog.server import (
    Archiver,
    Backend,
    Collation,
    DatabaseFacts,
    DefaultPrivileges,
    EventTrigger,
    Extension,
    FileSetting,
    ForeignServer,
    HbaRule,
    Language,
    Membership,
    OperatorClass,
    PreparedTransaction,
    Publication,
    ReplicationSlot,
    Role,
    RoleSettings,
    Schema,
    Setting,
)
from ...model.catalog.snapshot import Catalog
from ..node_tree import read_nodes
from .stream import Row

_PUBLISHED = ("insert", "update", "delete", "truncate")


class Facts:
    """Rows by kind as they come, and the look-ups that later readings need: they are read first of all."""

    def __init__(self) -> None:
        self._rows: dict[str, list[Row]] = {}
        self._role_names: dict[int, str] = {}
        self.access_methods: dict[int, str] = {}
        self.members: set[tuple[str, int]] = set()
        self.parents: dict[int, list[int]] = {}
        self.building: set[int] = set()
        self.database_since: float | None = None

    def take(self, rows: list[Row]) -> None:
        """Sort a batch of rows by kind."""
        for kind, *row in rows:
            self._rows.setdefault(kind, []).append(row)

    def role(self, oid: int) -> str:
        """The role's name; '' is PUBLIC, and a role that is gone is told by its number."""
        return "" if oid == 0 else self._role_names.get(oid, str(oid))

    def of(self, kind: str) -> list[Row]:
        """The rows of a kind."""
        return self._rows.get(kind, [])

    def fill(self, catalog: Catalog) -> None:
        """Put everything but relations into the catalog."""
        self._look_ups()
        self._roles(catalog)
        self._cluster(catalog)
        self._database(catalog)
        self._privileges(catalog)

    def _look_ups(self) -> None:
        self._role_names = {row[0]: row[1] for row in self.of("role")}
        self.access_methods = {row[0]: row[1] for row in self.of("access_method")}
        self.members = {(catalog, oid) for catalog, oid in self.of("extension_member")}
        for child, parent in self.of("parent"):
            self.parents.setdefault(child, []).append(parent)
        self.building = {index for _table, index in self.of("building")}
        self.database_since = next((row[0] for row in self.of("database_made")), None)

    def _roles(self, catalog: Catalog) -> None:
        passwords = {row[0]: row[1] for row in self.of("password")}
        roles = (Role._make([*row, passwords.get(row[0])]) for row in self.of("role"))
        catalog.roles = {role.name: role for role in sorted(roles, key=lambda role: role.name)}
        catalog.memberships = tuple(
            sorted(Membership(self.role(role), self.role(member), *rest) for role, member, *rest in self.of("member"))
        )
        catalog.role_settings = tuple(
            RoleSettings(database, role, tuple(settings)) for database, role, settings in self.of("role_settings")
        )

    def _cluster(self, catalog: Catalog) -> None:
        databases = (
            DatabaseFacts(oid, name, self.role(owner), *rest) for oid, name, owner, *rest in self.of("database")
        )
        catalog.databases = {database.name: database for database in sorted(databases, key=lambda one: one.name)}
        catalog.settings = {row[0]: Setting(*row) for row in sorted(self.of("setting"))}
        catalog.slots = tuple(ReplicationSlot(*row) for row in self.of("slot"))
        catalog.prepared = tuple(PreparedTransaction(*row) for row in self.of("prepared"))
        catalog.backends = tuple(Backend(*row) for row in self.of("backend"))
        catalog.archiver = next((Archiver(*row) for row in self.of("archiver")), None)
        catalog.hba = tuple(
            HbaRule(line, kind, tuple(databases or ()), tuple(users or ()), *rest)
            for line, kind, databases, users, *rest in self.of("hba")
        )
        catalog.file_settings = tuple(FileSetting(*row) for row in self.of("file_setting"))

    def _database(self, catalog: Catalog) -> None:
        catalog.types = {row[0]: Type._make([*row, ("pg_type", row[0]) in self.members]) for row in self.of("type")}
        schemas = (
            Schema(oid, name, self.role(owner), acl, ("pg_namespace", oid) in self.members)
            for oid, name, owner, acl in self.of("schema")
        )
        catalog.schemas = {schema.name: schema for schema in sorted(schemas, key=lambda one: one.name)}
        catalog.extensions = {
            row[0]: Extension._make([*row[:4], self.role(row[4])]) for row in sorted(self.of("extension"))
        }
        catalog.collations = tuple(Collation(*row) for row in self.of("collation"))
        catalog.operator_classes = {row[0]: OperatorClass(*row) for row in self.of("operator_class")}
        equalities: dict[int, set[int]] = {}
        for family, operator in self.of("equality"):
            equalities.setdefault(family, set()).add(operator)
        catalog.equalities = {family: frozenset(operators) for family, operators in equalities.items()}
        catalog.comments = {(name, oid, number): text for name, oid, number, text in self.of("comment")}
        catalog.keywords = {row[0]: row[1] for row in self.of("keyword")}
        catalog.publications = tuple(
            Publication(name, every, tuple(word for word, on in zip(_PUBLISHED, verbs) if on), tuple(verbs[4]))
            for name, every, *verbs in sorted(self.of("publication"))
        )
        catalog.event_triggers = tuple(EventTrigger(*row) for row in sorted(self.of("event_trigger")))
        catalog.user_code = frozenset(row[0] for row in self.of("user_code"))

    def _privileges(self, catalog: Catalog) -> None:
        catalog.default_privileges = tuple(
            DefaultPrivileges(self.role(role), *rest) for role, *rest in self.of("default_privileges")
        )
        catalog.languages = tuple(Language(*row) for row in sorted(self.of("language"), key=lambda row: row[0]))
        catalog.foreign_servers = tuple(
            ForeignServer(name, wrapper, self.role(owner), acl, tuple(users), tuple(passwords))
            for name, wrapper, owner, acl, users, passwords in self.of("foreign_server")
        )


def code_rows(catalog: Catalog, facts: Facts) -> Callable[[list[Row]], None]:
    """What takes the rows of triggers, rules, functions, policies and views' columns and puts them into the catalog."""

    def trigger(row: list[Any]) -> None:
        row[7] = tuple(row[7] or ())
        # tgattr and the parent come last, the parent is the tuple's only optional field.
        table = row[1]
        catalog.triggers[table] = (*catalog.triggers.get(table, ()), Trigger(*row))

    def rule(row: list[Any]) -> None:
        row[5] = len(read_nodes(row[5]))
        catalog.rules = (*catalog.rules, Rule(*row))

    def function(row: list[Any]) -> None:
        row[4] = facts.role(row[4])
        row[8] = tuple(row[8] or ())
        catalog.functions[row[0]] = Function._make([*row, ("pg_proc", row[0]) in facts.members])

    def policy(row: list[Any]) -> None:
        row[4] = tuple(facts.role(oid) for oid in row[4])
        table = row[0]
        catalog.policies[table] = (*catalog.policies.get(table, ()), Policy(*row))

    columns: dict[int, set[tuple[int, int]]] = {}

    def view_column(row: list[Any]) -> None:
        columns.setdefault(row[0], set()).add((row[1], row[2]))

    takers = {"trigger": trigger, "rule": rule, "function": function, "policy": policy, "view_column": view_column}

    def take(rows: list[Row]) -> None:
        for kind, *row in rows:
            takers[kind](row)
        catalog.view_columns = {view: frozenset(pairs) for view, pairs in columns.items()}

    return take
