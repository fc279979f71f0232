# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What decides how writes through one view reach its tables: plain facts, no judgement.

Names are as stored, unquoted; types are written as `format_type` writes them under
`search_path = pg_catalog`, so they are qualified wherever that is needed.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Column:
    """One column of a table. `identity` is '' | 'a' (always) | 'd' (by default); `generated` is '' | 's' | 'v';
    `collation` is an OID, 0 where the type has none.
    """

    number: int
    name: str
    type: str
    not_null: bool
    default: str | None
    identity: str
    generated: str
    collation: int = 0


@dataclass(frozen=True)
class UniqueIndex:
    """A unique index that holds at once for every row: valid, immediate, without predicate or expressions.

    `equality` has one qualified operator a column, such as `OPERATOR(pg_catalog.=)`: the one the index itself uses.
    `families` are the operator families of the columns (OIDs, good within one reading only).
    """

    name: str
    columns: tuple[str, ...]
    primary: bool
    equality: tuple[str, ...]
    families: tuple[int, ...]


@dataclass(frozen=True)
class ForeignKey:
    """A foreign key of a table; actions are PostgreSQL's words in lower case (`no action`, `cascade`, ...)."""

    name: str
    columns: tuple[str, ...]
    references: int
    referenced_columns: tuple[str, ...]
    on_update: str
    on_delete: str


@dataclass(frozen=True)
class Table:
    """One table. `kind` is pg_class.relkind; `missing_rights` are those the view's owner lacks on it;
    `owner_is_trusted` tells that its owner may act as the view's owner anyway.
    """

    oid: int
    schema: str
    name: str
    kind: str
    persistence: str
    owner: str
    owner_is_trusted: bool
    has_children: bool
    row_security: bool
    update_of_triggers: bool
    user_triggers: tuple[str, ...]
    missing_rights: tuple[str, ...]
    columns: tuple[Column, ...]
    unique_indexes: tuple[UniqueIndex, ...]
    foreign_keys: tuple[ForeignKey, ...]

    def column(self, name: str) -> Column:
        """The column of that name; KeyError when there is none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)

    def column_numbered(self, number: int) -> Column | None:
        """The column with that attribute number, None for system and whole-row references."""
        return next((column for column in self.columns if column.number == number), None)


@dataclass(frozen=True)
class JoinedRelation:
    """One entry of the view's FROM: `index` is its place in the range table."""

    index: int
    alias: str
    oid: int


@dataclass(frozen=True)
class Attribute:
    """A column of a joined relation, by range table index and attribute number."""

    relation: int
    number: int


@dataclass(frozen=True)
class Equality:
    """`left = right` in a join condition, with the operator's OID and the collation it compares by.

    `left_cast` and `right_cast` are the OIDs of the types as which a side is compared, 0 where it is its own.
    """

    left: Attribute
    right: Attribute
    operator: int
    collation: int = 0
    left_cast: int = 0
    right_cast: int = 0


@dataclass(frozen=True)
class Target:
    """One output column of the view; `source` is None when it is not plainly a column of a relation.

    `relabelled`: shown as another type of the same representation (a `varchar` as `text`).
    """

    name: str
    source: Attribute | None
    relabelled: bool = False


@dataclass(frozen=True)
class ViewQuery:
    """The view's stored query as far as writing through it needs it.

    `obstacles` are sentences' ends, each a construct that forbids to derive how a write would reach the tables.
    """

    relations: tuple[JoinedRelation, ...]
    equalities: tuple[Equality, ...]
    targets: tuple[Target, ...]
    obstacles: tuple[str, ...]


@dataclass(frozen=True)
class ViewColumn:
    """One column of a view."""

    number: int
    name: str
    type: str


@dataclass(frozen=True)
class View:
    """A view, its stored query and what hangs on it."""

    oid: int
    schema: str
    name: str
    owner: str
    owner_is_superuser: bool
    owner_may_create: bool
    security_invoker: bool
    columns: tuple[ViewColumn, ...]
    rules: tuple[str, ...]
    query: ViewQuery


@dataclass(frozen=True)
class TriggerFunction:
    """A function with what decides how it behaves. `grantees` may execute it beside its owner ('' = PUBLIC);
    `droppable`: neither the system's nor an extension's; `volatility` is 'v' | 's' | 'i'; `used_elsewhere` are other
    relations whose triggers call it.
    """

    oid: int
    schema: str
    name: str
    owner: str
    language: str
    security_definer: bool
    settings: tuple[str, ...]
    source: str
    comment: str
    grantees: tuple[str, ...]
    returns_trigger: bool
    droppable: bool = True
    volatility: str = "v"
    strict: bool = False
    used_elsewhere: tuple[str, ...] = ()


@dataclass(frozen=True)
class InsteadTrigger:
    """A row-level INSTEAD OF trigger; `events` are of insert, update, delete."""

    name: str
    events: tuple[str, ...]
    function: TriggerFunction
    definition: str


@dataclass(frozen=True)
class ViewReading:
    """Everything one reading saw of a view: the input of every decision about its triggers.

    `operator_families` tells for each join operator (OID) in which operator families it means equality, and its
    qualified spelling stands in `operator_names`; `cast_names` spells the types as which join columns are compared;
    `loose_collations` call different texts equal. `rule_columns` are the table columns (OID, number) that the view's
    query depends on, as the catalog notes them. `same_named` are functions that bear the names we would use.
    """

    database: str
    database_oid: int
    server_version: int
    in_recovery: bool
    user: str
    user_is_superuser: bool
    user_may_act_as_owner: bool
    view: View
    tables: dict[int, Table]
    operator_families: dict[int, tuple[int, ...]]
    operator_names: dict[int, str]
    cast_names: dict[int, str]
    loose_collations: frozenset[int]
    rule_columns: frozenset[tuple[int, int]]
    replication_role: str
    triggers: tuple[InsteadTrigger, ...]
    same_named: tuple[TriggerFunction, ...]
