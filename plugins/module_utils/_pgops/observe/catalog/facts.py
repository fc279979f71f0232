# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Turns the tagged rows of the small readings into facts."""

from __future__ import annotations

from typing import Any

from ...model.catalog.health import Standby, Subscription, SystemTable, TemporaryTables, Vacuuming
from ...model.catalog.relations import DomainConstraint, Function, Policy, Rule, ToastIndex, Trigger, Type
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
    LargeObjects,
    Membership,
    Operator,
    OperatorClass,
    PreparedTransaction,
    Publication,
    ReplicationSlot,
    Role,
    RoleSettings,
    Schema,
    Setting,
    SystemFunction,
)
from ...model.catalog.snapshot import Catalog
from ...model.errors import PgOpsError
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
        self.tables_in_work: frozenset[int] = frozenset()
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
        self._health(catalog)

    def _look_ups(self) -> None:
        self._role_names = {row[0]: row[1] for row in self.of("role")}
        self.access_methods = {row[0]: row[1] for row in self.of("access_method")}
        self.members = {(row[0], row[1]) for row in self.of("extension_member")}
        for child, parent in self.of("parent"):
            self.parents.setdefault(child, []).append(parent)
        self.building = {index for _table, index in self.of("building")}
        self.tables_in_work = frozenset(table for table, _index in self.of("building"))
        self.database_since = next((row[0] for row in self.of("database_made")), None)

    def _roles(self, catalog: Catalog) -> None:
        passwords = {row[0]: row[1] for row in self.of("password")}
        roles = (Role._make([*row, passwords.get(row[0])]) for row in self.of("role"))
        catalog.roles = {role.name: role for role in sorted(roles, key=lambda role: role.name)}
        catalog.memberships = tuple(
            sorted(
                Membership._make([self.role(role), self.role(member), *rest, self.role(grantor)])
                for role, member, *rest, grantor in self.of("member")
            )
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
        catalog.tables_in_work = self.tables_in_work
        catalog.toast_indexes = tuple(
            ToastIndex(table, name, toast in self.tables_in_work or table in self.tables_in_work)
            for table, name, toast in sorted(self.of("toast_index"))
        )
        catalog.horizons = tuple(sorted((time, age) for time, age in self.of("horizon")))
        catalog.operator_classes = {row[0]: OperatorClass(*row) for row in self.of("operator_class")}
        for oid, domain, *rest in self.of("domain_constraint"):
            one = DomainConstraint._make([oid, domain, *rest, ("pg_type", domain) in self.members])
            catalog.domain_constraints = (*catalog.domain_constraints, one)
        catalog.operators = {row[0]: Operator(*row) for row in self.of("operator")}
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
        catalog.event_triggers = tuple(
            EventTrigger._make([*row, ("pg_event_trigger", row[6]) in self.members])
            for row in sorted(self.of("event_trigger"))
        )
        ways: dict[int, set[str]] = {}
        for oid, way in self.of("user_code"):
            ways.setdefault(oid, set()).add(way)
        catalog.user_code = {oid: frozenset(found) for oid, found in ways.items()}
        catalog.code_types = frozenset(row[0] for row in self.of("code_type"))

    def _health(self, catalog: Catalog) -> None:
        catalog.system_tables = tuple(SystemTable(*row) for row in sorted(self.of("system_table")))
        catalog.temporary_tables = tuple(TemporaryTables(*row) for row in sorted(self.of("temporary_tables")))
        catalog.vacuuming = tuple(Vacuuming(*row) for row in self.of("vacuuming"))
        catalog.standbys = tuple(Standby(*row) for row in self.of("standby"))
        catalog.subscriptions = tuple(
            Subscription(name, self.role(owner), enabled) for name, owner, enabled in sorted(self.of("subscription"))
        )
        catalog.shared_checksum_failures = sum(row[0] for row in self.of("shared_failures"))
        catalog.measuring = {row[0]: row[1] for row in self.of("measuring")}

    def _privileges(self, catalog: Catalog) -> None:
        catalog.default_privileges = tuple(
            DefaultPrivileges(self.role(role), *rest) for role, *rest in self.of("default_privileges")
        )
        catalog.languages = tuple(Language(*row) for row in sorted(self.of("language"), key=lambda row: row[0]))
        catalog.foreign_servers = tuple(
            ForeignServer(
                name, wrapper, self.role(owner), acl, tuple(users), None if passwords is None else tuple(passwords)
            )
            for name, wrapper, owner, acl, users, passwords in self.of("foreign_server")
        )
        catalog.system_functions = tuple(
            SystemFunction(name, arguments, self.role(owner), acl)
            for name, arguments, owner, acl in sorted(self.of("system_function"))
        )
        catalog.large_objects = tuple(
            LargeObjects(self.role(owner), acl, number) for owner, acl, number in self.of("large_objects")
        )


class Code:
    """Takes the rows of triggers, rules, functions, policies and views' columns, and puts them into the catalog."""

    def __init__(self, catalog: Catalog, facts: Facts) -> None:
        self._catalog = catalog
        self._facts = facts
        self._triggers: dict[int, list[Trigger]] = {}
        self._policies: dict[int, list[Policy]] = {}
        self._rules: list[Rule] = []
        self._columns: dict[int, set[tuple[int, int]]] = {}
        self._summaries: set[int] = set()

    def take(self, rows: list[Row]) -> None:
        """Sort a batch of rows by kind."""
        for kind, *row in rows:
            getattr(self, f"_{kind}")(row)

    def fill(self) -> None:
        """Put what was taken into the catalog, when all is there."""
        catalog = self._catalog
        catalog.triggers = {table: tuple(found) for table, found in self._triggers.items()}
        catalog.policies = {table: tuple(found) for table, found in self._policies.items()}
        catalog.rules = tuple(self._rules)
        catalog.view_columns = {view: frozenset(pairs) for view, pairs in self._columns.items()}
        catalog.summary_views = frozenset(self._summaries)

    def _trigger(self, row: list[Any]) -> None:
        row[8] = tuple(row[8] or ())
        self._triggers.setdefault(row[1], []).append(Trigger(*row))

    def _few_triggers(self, row: list[Any]) -> None:
        self._catalog.few_triggers[row[0]] = row[1]

    def _rule(self, row: list[Any]) -> None:
        row[5] = _actions(row[5])
        self._rules.append(Rule(*row))

    def _function(self, row: list[Any]) -> None:
        row[4] = self._facts.role(row[4])
        row[8] = tuple(row[8] or ())
        of_extension = ("pg_proc", row[0]) in self._facts.members
        self._catalog.functions[row[0]] = Function._make([*row, of_extension])

    def _policy(self, row: list[Any]) -> None:
        row[4] = tuple(self._facts.role(oid) for oid in row[4])
        self._policies.setdefault(row[0], []).append(Policy(*row))

    def _view_column(self, row: list[Any]) -> None:
        self._columns.setdefault(row[0], set()).add((row[1], row[2]))

    def _summary(self, row: list[Any]) -> None:
        self._summaries.add(row[0])


def _actions(action: str) -> int | None:
    """How many statements a rule's action holds; DO INSTEAD NOTHING counts as one."""
    try:
        return len(read_nodes(action))
    except PgOpsError:
        return None
