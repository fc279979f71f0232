# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One reading of a whole database: everything a check may look at, with the look-ups that checks share."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar

from .health import Standby, Subscription, SystemTable, TemporaryTables, Toast, Vacuuming
from .relations import (
    Column,
    ColumnStatistics,
    Constraint,
    DomainConstraint,
    Function,
    Index,
    Policy,
    Relation,
    Rule,
    Sequence,
    SequenceUse,
    TableUsage,
    ToastIndex,
    Trigger,
    Type,
)
from .rights import Rights
from .server import (
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
    Server,
    Setting,
    SystemFunction,
)

TABLE_KINDS = frozenset("rp")
Known = TypeVar("Known")


@dataclass(frozen=True)
class Unread:
    """Something that could not be read: what (a word that checks name among their needs), and why."""

    what: str
    reason: str


@dataclass
class Catalog:
    """The database's catalog in one snapshot. Relations of the system and temporary ones are not in it.

    `columns`, `indexes`, `constraints`, `triggers`, `policies` go by the OID of their table; `usage` and `statistics`
    by table and, for the latter, column name. `view_columns` tells for a view (OID) which columns of which relations
    its query depends on. `comments` go by catalog (`pg_class`, `pg_proc`, ...), OID and column number (0: the
    object). `summary_views` are views with an access list whose query groups, aggregates, unites or cuts rows, so that
    a row of theirs is no row of a table. `user_code` are relations (OID) that call code of roles which are no
    superusers, an extension's left out, with the ways: default (of a column, stored generated ones too), check, key,
    index, policy, view, rule, statistics, partition key; type: a column's type has such code in a domain's checks or
    a range's functions; cast: in a cast. `code_types` are those types. `operators` are those of foreign keys.
    `equalities` gives for an operator family the equality operators by which its indexes find rows. `few_triggers`
    are foreign keys (OID) with fewer triggers of their own than usual, and how many those are. `tables_in_work` are
    those (OID) of which an index is being made, made anew or dropped. `horizons` are moments and ages in transactions:
    what is older than that age was there at that moment.
    """

    server: Server
    relations: dict[int, Relation] = field(default_factory=dict)
    columns: dict[int, tuple[Column, ...]] = field(default_factory=dict)
    indexes: dict[int, tuple[Index, ...]] = field(default_factory=dict)
    constraints: dict[int, tuple[Constraint, ...]] = field(default_factory=dict)
    triggers: dict[int, tuple[Trigger, ...]] = field(default_factory=dict)
    rules: tuple[Rule, ...] = ()
    functions: dict[int, Function] = field(default_factory=dict)
    sequences: dict[int, Sequence] = field(default_factory=dict)
    sequence_uses: tuple[SequenceUse, ...] = ()
    types: dict[int, Type] = field(default_factory=dict)
    policies: dict[int, tuple[Policy, ...]] = field(default_factory=dict)
    usage: dict[int, TableUsage] = field(default_factory=dict)
    statistics: dict[int, dict[str, ColumnStatistics]] = field(default_factory=dict)
    view_columns: dict[int, frozenset[tuple[int, int]]] = field(default_factory=dict)
    comments: dict[tuple[str, int, int], str] = field(default_factory=dict)
    summary_views: frozenset[int] = frozenset()
    user_code: dict[int, frozenset[str]] = field(default_factory=dict)
    code_types: frozenset[int] = frozenset()
    toast_indexes: tuple[ToastIndex, ...] = ()
    tables_in_work: frozenset[int] = frozenset()
    horizons: tuple[tuple[float, int], ...] = ()
    operator_classes: dict[int, OperatorClass] = field(default_factory=dict)
    operators: dict[int, Operator] = field(default_factory=dict)
    equalities: dict[int, frozenset[int]] = field(default_factory=dict)
    domain_constraints: tuple[DomainConstraint, ...] = ()
    few_triggers: dict[int, int] = field(default_factory=dict)
    schemas: dict[str, Schema] = field(default_factory=dict)
    roles: dict[str, Role] = field(default_factory=dict)
    memberships: tuple[Membership, ...] = ()
    databases: dict[str, DatabaseFacts] = field(default_factory=dict)
    settings: dict[str, Setting] = field(default_factory=dict)
    role_settings: tuple[RoleSettings, ...] = ()
    extensions: dict[str, Extension] = field(default_factory=dict)
    collations: tuple[Collation, ...] = ()
    publications: tuple[Publication, ...] = ()
    slots: tuple[ReplicationSlot, ...] = ()
    prepared: tuple[PreparedTransaction, ...] = ()
    backends: tuple[Backend, ...] = ()
    hba: tuple[HbaRule, ...] = ()
    file_settings: tuple[FileSetting, ...] = ()
    default_privileges: tuple[DefaultPrivileges, ...] = ()
    languages: tuple[Language, ...] = ()
    event_triggers: tuple[EventTrigger, ...] = ()
    foreign_servers: tuple[ForeignServer, ...] = ()
    system_functions: tuple[SystemFunction, ...] = ()
    large_objects: tuple[LargeObjects, ...] = ()
    keywords: dict[str, str] = field(default_factory=dict)
    """PostgreSQL's keywords with pg_get_keywords' category: R, T reserved, C, U not."""
    archiver: Archiver | None = None
    toast: dict[int, Toast] = field(default_factory=dict)
    """TOAST tables that hold anything, by the OID of their table."""
    system_tables: tuple[SystemTable, ...] = ()
    temporary_tables: tuple[TemporaryTables, ...] = ()
    vacuuming: tuple[Vacuuming, ...] = ()
    standbys: tuple[Standby, ...] = ()
    subscriptions: tuple[Subscription, ...] = ()
    shared_checksum_failures: int = 0
    measuring: dict[str, str | None] = field(default_factory=dict)
    """Functions of extensions that measure, to the schema they are called in; None: this user may not call them."""
    unread: tuple[Unread, ...] = ()

    @cached_property
    def own(self) -> tuple[Relation, ...]:
        """Relations that belong to the database's users, not to an extension, in the order of schema and name."""
        return tuple(
            sorted(
                (relation for relation in self.relations.values() if not relation.of_extension),
                key=lambda relation: (relation.schema, relation.name),
            )
        )

    @cached_property
    def tables(self) -> tuple[Relation, ...]:
        """Users' tables and partitioned tables, each partition too."""
        return tuple(relation for relation in self.own if relation.kind in TABLE_KINDS)

    @cached_property
    def table_roots(self) -> tuple[Relation, ...]:
        """Users' tables without partitions: of a partition tree its root stands for all."""
        return tuple(relation for relation in self.tables if not relation.is_partition)

    @cached_property
    def views(self) -> tuple[Relation, ...]:
        """Users' views, not materialized ones."""
        return tuple(relation for relation in self.own if relation.kind == "v")

    @cached_property
    def _column_places(self) -> dict[int, dict[int, Column]]:
        return {}

    def column(self, relation: int, number: int) -> Column | None:
        """The column with that number; None for expressions, system columns and dropped ones."""
        places = self._column_places.get(relation)
        if places is None:
            places = {column.number: column for column in self.columns.get(relation, ())}
            self._column_places[relation] = places
        return places.get(number)

    def column_names(self, relation: int, numbers: Iterable[int]) -> tuple[str, ...]:
        """Names of these columns, in this order; numbers that are no live column are left out."""
        found = (self.column(relation, number) for number in numbers)
        return tuple(column.name for column in found if column is not None)

    @cached_property
    def by_name(self) -> dict[tuple[str, str], Relation]:
        """Relations by schema and name."""
        return {(relation.schema, relation.name): relation for relation in self.relations.values()}

    @cached_property
    def _looked_up(self) -> dict[Any, Any]:
        return {}

    def once(self, look: Callable[[Catalog], Known]) -> Known:
        """What a look over the whole catalog gives, worked out when it is first asked for."""
        if look not in self._looked_up:
            self._looked_up[look] = look(self)
        found: Known = self._looked_up[look]
        return found

    @cached_property
    def index_by_oid(self) -> dict[int, Index]:
        """Every index by its OID."""
        return {index.oid: index for indexes in self.indexes.values() for index in indexes}

    @cached_property
    def relation_names(self) -> frozenset[tuple[str, str]]:
        """Schema and name of all relations and indexes: they share their names."""
        return frozenset(self.by_name) | {(index.schema, index.name) for index in self.index_by_oid.values()}

    @cached_property
    def constraint_by_oid(self) -> dict[int, Constraint]:
        """Every constraint of a table by its OID."""
        return {constraint.oid: constraint for constraints in self.constraints.values() for constraint in constraints}

    @cached_property
    def loose_collations(self) -> frozenset[int]:
        """Nondeterministic collations: those that call different texts equal."""
        return frozenset(collation.oid for collation in self.collations if not collation.deterministic)

    @cached_property
    def default_classes(self) -> dict[int, OperatorClass]:
        """Input type (OID) to its default operator class for btree."""
        return {one.input_type: one for one in self.operator_classes.values() if one.method == "btree" and one.default}

    @cached_property
    def constraint_indexes(self) -> dict[int, Constraint]:
        """Index OID to the key or exclusion constraint that it upholds (foreign keys merely use it)."""
        return {
            constraint.index_oid: constraint
            for constraints in self.constraints.values()
            for constraint in constraints
            if constraint.kind in "pux" and constraint.index_oid
        }

    @cached_property
    def foreign_keys(self) -> tuple[tuple[Relation, Constraint], ...]:
        """Foreign keys of users' tables with their table, each partition tree once."""
        return tuple(
            (table, constraint)
            for table in self.tables
            for constraint in self.constraints.get(table.oid, ())
            if constraint.kind == "f"
            and not constraint.parent
            and not constraint.of_extension
            and constraint.references in self.relations
        )

    @cached_property
    def referencing(self) -> dict[int, tuple[tuple[Relation, Constraint], ...]]:
        """Referenced table (OID) to the foreign keys that refer to it."""
        found: dict[int, list[tuple[Relation, Constraint]]] = {}
        for table, constraint in self.foreign_keys:
            found.setdefault(constraint.references, []).append((table, constraint))
        return {oid: tuple(keys) for oid, keys in found.items()}

    @cached_property
    def children(self) -> dict[int, tuple[Relation, ...]]:
        """Parent (OID) to its direct partitions or inheriting tables."""
        found: dict[int, list[Relation]] = {}
        for relation in self.relations.values():
            for parent in relation.parents:
                found.setdefault(parent, []).append(relation)
        return {oid: tuple(sorted(below, key=lambda r: (r.schema, r.name))) for oid, below in found.items()}

    def leaves(self, relation: Relation) -> tuple[Relation, ...]:
        """The tables that hold the rows of a table: itself, or the leaf partitions of a partitioned one."""
        if relation.kind != "p":
            return (relation,)
        return tuple(leaf for child in self.children.get(relation.oid, ()) for leaf in self.leaves(child))

    def descendants(self, relation: Relation) -> tuple[Relation, ...]:
        """All partitions or inheriting tables below a relation, each once, parents first."""
        found: dict[int, Relation] = {}
        waiting = list(self.children.get(relation.oid, ()))
        while waiting:
            child = waiting.pop(0)
            if child.oid not in found:
                found[child.oid] = child
                waiting.extend(self.children.get(child.oid, ()))
        return tuple(found.values())

    def root(self, relation: Relation) -> Relation:
        """The partitioned table at the top of a partition's tree; the relation itself where it is no partition."""
        while relation.is_partition and relation.parents and relation.parents[0] in self.relations:
            relation = self.relations[relation.parents[0]]
        return relation

    def base_type(self, oid: int) -> Type | None:
        """The type beneath all domains; None where the type was not read."""
        found = self.types.get(oid)
        while found is not None and found.kind == "d" and found.base:
            found = self.types.get(found.base)
        return found

    @cached_property
    def granted_columns(self) -> dict[int, tuple[Column, ...]]:
        """Relation (OID) to those of its columns that have an access list of their own."""
        found = {}
        for oid, columns in self.columns.items():
            listed = tuple(column for column in columns if column.acl is not None)
            if listed:
                found[oid] = listed
        return found

    @cached_property
    def rights(self) -> Rights:
        """Who may act as whom."""
        return Rights(self.roles, self.memberships, self.server)

    @cached_property
    def key_of(self) -> dict[int, Constraint]:
        """Table (OID) to its primary key."""
        return {
            constraint.table: constraint
            for constraints in self.constraints.values()
            for constraint in constraints
            if constraint.kind == "p"
        }
