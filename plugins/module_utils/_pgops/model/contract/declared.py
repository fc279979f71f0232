# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a contract declares, as plain values.

The fields carry the names of the YAML keys, and their defaults are the defaults of the contract: the reader and the
reference page take them from here. Names of tables and views keep the spelling of the file (``Contract.qualified``
turns one into schema and name); names of columns, relations and schemas are what PostgreSQL stores, without quotes.
An empty tuple or None means that the contract says nothing about it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Union

from ..identifiers import QualifiedName, parse_qualified

Scalar = Union[str, int, float, bool, None]
ALL = "all"
Named = Union[str, tuple[str, ...]]
"""Objects of a grant: ``all``, or their names."""


@dataclass(frozen=True)
class Fill:
    """The value a repair writes where a column is NULL: exactly one of column, value and expression."""

    column: str | None = None
    value: Scalar = None
    expression: str | None = None
    where: str | None = None


@dataclass(frozen=True)
class Column:
    """A column that must exist, with what is stated of it."""

    name: str
    type: str | None = None
    not_null: bool = False
    default: str | None = None
    fill: Fill | None = None


@dataclass(frozen=True)
class ForeignKey:
    """A foreign key with its rules; ``referenced_columns`` is always filled in."""

    columns: tuple[str, ...]
    references: str
    referenced_columns: tuple[str, ...] = ()
    on_delete: str = "no action"
    on_update: str = "no action"


@dataclass(frozen=True)
class Index:
    """A wanted index beside those of the keys."""

    columns: tuple[str, ...]
    unique: bool = False
    method: str = "btree"
    where: str | None = None
    name: str | None = None


@dataclass(frozen=True)
class Table:
    """A table that must exist."""

    name: str
    columns: dict[str, Column] = field(default_factory=dict)
    primary_key: tuple[str, ...] = ()
    unique: tuple[tuple[str, ...], ...] = ()
    foreign_keys: tuple[ForeignKey, ...] = ()
    indexes: tuple[Index, ...] = ()


@dataclass(frozen=True)
class ColumnRule:
    """What a write through the view may do to one view column; ``update`` None: derived from the view."""

    update: str | None = None
    insert_null: str = "default"
    read_only: bool = False


@dataclass(frozen=True)
class WritableView:
    """How a view takes writes; without arguments the default policy."""

    root: str | None = None
    on_conflict: str = "error"
    conflict_key: tuple[str, ...] | None = None
    on_delete: str = "child"
    on_concurrent_change: str = "error"
    fixed_values: dict[str, dict[str, Scalar]] = field(default_factory=dict)
    security: str = "definer"
    allow_superuser_definer: bool = False
    trust_table_owners: bool = False
    columns: dict[str, ColumnRule] = field(default_factory=dict)


@dataclass(frozen=True)
class View:
    """A view that must exist; ``writable`` None: it takes no writes."""

    name: str
    columns: tuple[str, ...] = ()
    writable: WritableView | None = None


@dataclass(frozen=True)
class Rule:
    """A consistency rule: SQL that must return no row."""

    name: str
    sentence: str
    sql: str
    severity: str = "error"


@dataclass(frozen=True)
class Grant:
    """Privileges a role must hold; each kind of object is ``all``, a tuple of names, or None (not part of it)."""

    role: str
    privileges: tuple[str, ...]
    tables: Named | None = None
    views: Named | None = None
    sequences: Named | None = None
    schemas: Named | None = None


@dataclass(frozen=True)
class Keep:
    """How many restorable backups of each kind are kept; None: not stated."""

    last: int | None = None
    daily: int | None = None
    weekly: int | None = None
    monthly: int | None = None
    yearly: int | None = None


@dataclass(frozen=True)
class Recovery:
    """Recovery goals; None: not stated."""

    rpo_hours: float | None = None
    rto_minutes: float | None = None
    drill_max_age_days: float | None = None
    keep: Keep | None = None


@dataclass(frozen=True)
class Contract:
    """One database, declared."""

    database: str
    description: str | None = None
    schema: str = "public"
    tables: dict[str, Table] = field(default_factory=dict)
    views: dict[str, View] = field(default_factory=dict)
    rules: tuple[Rule, ...] = ()
    grants: tuple[Grant, ...] = ()
    recovery: Recovery = field(default_factory=Recovery)

    def qualified(self, name: str) -> QualifiedName:
        """Schema and name of an object as the contract spells it; unqualified names live in the contract's schema."""
        schema, bare = parse_qualified(name)
        return QualifiedName(schema if schema is not None else self.schema, bare)

    def table(self, name: str | tuple[str, str]) -> Table | None:
        """The declared table of this name, in any spelling or as (schema, name)."""
        return self._tables_by_name.get(self._wanted(name))

    def view(self, name: str | tuple[str, str]) -> View | None:
        """The declared view of this name, in any spelling or as (schema, name)."""
        return self._views_by_name.get(self._wanted(name))

    def writable_views(self) -> tuple[View, ...]:
        """The views that take writes, in the order of the file."""
        return tuple(view for view in self.views.values() if view.writable is not None)

    @cached_property
    def _tables_by_name(self) -> dict[tuple[str, str], Table]:
        return {self.qualified(name): table for name, table in self.tables.items()}

    @cached_property
    def _views_by_name(self) -> dict[tuple[str, str], View]:
        return {self.qualified(name): view for name, view in self.views.items()}

    def _wanted(self, name: str | tuple[str, str]) -> tuple[str, str]:
        return self.qualified(name) if isinstance(name, str) else (name[0], name[1])
