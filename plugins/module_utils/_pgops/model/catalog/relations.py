# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Relations and what hangs on them, as the catalog holds them: facts without judgement.

Named tuples, not dataclasses: a database of 100,000 tables has millions of them, and they are made from one list each.
Names are as stored, unquoted. OIDs are good within one reading only. Single letters are the catalog's own codes, named
beside the field. Epochs are seconds since 1970 (UTC). None: unknown, not readable, or not there in this version.
"""

from __future__ import annotations

from typing import NamedTuple


class Relation(NamedTuple):
    """A table, view, materialized view, foreign table or sequence: one row of pg_class.

    `kind`: r table, p partitioned table, v view, m materialized view, f foreign table, S sequence.
    `persistence`: p permanent, u unlogged. `pages` and `rows` are the estimates of the last VACUUM or ANALYZE; `rows`
    is -1 where there was none (PostgreSQL 13: 0). `attributes` counts dropped columns too. `acl` is PostgreSQL's text
    of the access list, None for the default. `parents` are OIDs of partitioned or inherited tables above.
    `replica_identity`: d default, n nothing, f full, i index. `frozen_age` and `multixact_age` are in transactions,
    those of the TOAST table counted.
    `readable`: whether this session's user may SELECT from it. `updatable` are pg_relation_is_updatable's bits (4
    update, 8 insert, 16 delete) with triggers counted, `updatable_plainly` without; both 0 for other kinds than
    views.
    """

    oid: int
    schema: str
    name: str
    kind: str
    persistence: str
    owner: str
    pages: int
    rows: float
    attributes: int
    acl: str | None
    options: tuple[str, ...]
    is_partition: bool
    has_children: bool
    row_security: bool
    force_row_security: bool
    replica_identity: str
    populated: bool
    toast_pages: int
    frozen_age: int | None
    multixact_age: int | None
    readable: bool
    of_extension: bool
    access_method: str
    partition_key: str | None
    updatable: int
    updatable_plainly: int
    parents: tuple[int, ...] = ()


class TableUsage(NamedTuple):
    """The cumulative statistics of one table on this server since they were last reset.

    `frozen_pages` (18 and newer) are those of pg_class that VACUUM need not look at again. `newpage_updated` (16 and
    newer) are updates whose row found no room on its page.
    """

    seq_scan: int
    seq_rows: int
    idx_scan: int
    inserted: int
    updated: int
    deleted: int
    hot_updated: int
    live: int
    dead: int
    modified_since_analyze: int
    inserted_since_vacuum: int
    last_vacuum: float | None
    last_autovacuum: float | None
    last_analyze: float | None
    last_autoanalyze: float | None
    frozen_pages: int | None = None
    newpage_updated: int | None = None


class Column(NamedTuple):
    """A live column. `type` is spelled with its modifier; `type_oid` leads to the catalog's Type.

    `identity`: '' | a always | d by default. `generated`: '' | s stored | v virtual. `default` is its SQL.
    """

    number: int
    name: str
    type_oid: int
    modifier: int
    type: str
    not_null: bool
    identity: str
    generated: str
    collation: int
    default: str | None
    acl: str | None
    inherited: bool
    statistics_target: int | None


class Index(NamedTuple):
    """An index. `columns` are attribute numbers, keys first (`keys` of them), then INCLUDE; 0 is an expression.

    `key_texts` spells every key where there is an expression among them, else it is empty. `ordering` are the catalog's
    option bits a key (1 descending, 2 nulls first). `class_options` are parameters of operator classes. `parent` is the
    partitioned index above, 0 without one. `kind`: i index, I partitioned index. `building`: a CREATE INDEX, REINDEX
    or DROP INDEX is at work on it. `last_scan` is known from PostgreSQL 16 on. `age` is in transactions since it was
    made or its validity last changed; `made` is when that was, known where the server keeps times of commits.
    `tablespace` is None for the default one. `targets` are statistics targets that were set, by place of the key.
    """

    oid: int
    table: int
    schema: str
    name: str
    kind: str
    method: str
    keys: int
    columns: tuple[int, ...]
    unique: bool
    nulls_not_distinct: bool
    primary: bool
    exclusion: bool
    immediate: bool
    clustered: bool
    valid: bool
    ready: bool
    live: bool
    replica_identity: bool
    collations: tuple[int, ...]
    classes: tuple[int, ...]
    ordering: tuple[int, ...]
    class_options: str | None
    key_texts: tuple[str, ...]
    expressions: str | None
    predicate: str | None
    options: tuple[str, ...]
    pages: int
    rows: float
    scans: int
    last_scan: float | None
    age: int
    made: float | None
    tablespace: str | None
    targets: tuple[tuple[int, int], ...]
    of_extension: bool
    parent: int = 0
    building: bool = False

    @property
    def key_columns(self) -> tuple[int, ...]:
        """Attribute numbers of the keys, without INCLUDE."""
        return self.columns[: self.keys]

    @property
    def included(self) -> tuple[int, ...]:
        """Attribute numbers of the INCLUDE columns."""
        return self.columns[self.keys :]


class ToastIndex(NamedTuple):
    """An index that is not valid, of the TOAST table of a table (OID `table`). `building` as for an index."""

    table: int
    name: str
    building: bool


class Constraint(NamedTuple):
    """A constraint of a table. `kind`: p primary key, u unique, f foreign key, c check, x exclusion, n not null (18+),
    t constraint trigger.

    `on_update` and `on_delete`: a no action, r restrict, c cascade, n set null, d set default. `match`: s simple, f
    full, p partial. `operators` are those that compare referenced with referencing column (PK = FK), `parent` the
    constraint of the partitioned table above. `enforced` is false only for NOT ENFORCED (18+). `set_columns` are
    those that SET NULL or SET DEFAULT is limited to (15+). `expression` is a check's SQL. `period`: the last column is
    compared as a PERIOD (18+).
    """

    oid: int
    table: int
    schema: str
    name: str
    kind: str
    index_oid: int
    references: int
    columns: tuple[int, ...]
    referenced_columns: tuple[int, ...]
    on_update: str
    on_delete: str
    match: str
    deferrable: bool
    deferred: bool
    validated: bool
    enforced: bool
    local: bool
    inherited: bool
    no_inherit: bool
    operators: tuple[int, ...]
    set_columns: tuple[int, ...]
    expression: str | None
    period: bool
    of_extension: bool
    parent: int = 0


class DomainConstraint(NamedTuple):
    """A check constraint of a domain; `expression` speaks of VALUE."""

    oid: int
    domain: int
    schema: str
    domain_name: str
    name: str
    expression: str
    validated: bool
    of_extension: bool


class Trigger(NamedTuple):
    """A trigger. `bits` are pg_trigger.tgtype (1 row, 2 before, 4 insert, 8 delete, 16 update, 32 truncate, 64
    instead).

    `enabled`: O origin, D disabled, R replica, A always. `internal`: PostgreSQL's own, of a foreign key or a deferrable
    unique key, named by `constraint`. `parent` is the trigger of the partitioned table above.
    """

    oid: int
    table: int
    name: str
    function: int
    bits: int
    enabled: str
    internal: bool
    constraint: int
    columns: tuple[int, ...]
    parent: int = 0


class Rule(NamedTuple):
    """A rewrite rule that is no view's query. `event`: 1 select, 2 update, 3 insert, 4 delete; `actions` is None where
    the number of actions is not known; `conditional`: it has a WHERE. `enabled` as for triggers.
    """

    table: int
    name: str
    event: int
    instead: bool
    enabled: str
    actions: int | None
    conditional: bool
    oid: int


class Function(NamedTuple):
    """A function or procedure. `kind`: f function, p procedure, a aggregate, w window. `returns` is '' but for
    `trigger` and `event_trigger`; `volatility`: i immutable, s stable, v volatile. `source` is given for functions of
    triggers and for those in SQL and PL/pgSQL. `bound`: its body was parsed when it was made (BEGIN ATOMIC, 14+).
    `inputs` counts its input arguments.
    """

    oid: int
    schema: str
    name: str
    arguments: str
    owner: str
    kind: str
    language: str
    security_definer: bool
    settings: tuple[str, ...]
    acl: str | None
    volatility: str
    strict: bool
    returns: str
    source: str | None
    bound: bool
    inputs: int
    of_extension: bool


class Sequence(NamedTuple):
    """A sequence's parameters; `cache` numbers are taken at a time. `last_value` None: never used, or not readable (see
    `readable`).
    """

    oid: int
    type: str
    start: int
    least: int
    most: int
    increment: int
    cycle: bool
    cache: int
    readable: bool
    last_value: int | None = None


class SequenceUse(NamedTuple):
    """How a column and a sequence hang together. `link`: a owned (serial), i identity, n only named by the default."""

    sequence: int
    table: int
    column: int
    link: str


class Type(NamedTuple):
    """A type a column may have. `kind`: b base, c composite, d domain, e enum, p pseudo, r range, m multirange.

    `name` is its SQL spelling. `category` is PostgreSQL's letter (A array, B boolean, D date/time, N numeric, S
    string). `base` is the OID beneath a domain, `element` that of an array; 0 without one. `length` is in bytes,
    -1 where it varies; `alignment`: c none, s 2, i 4, d 8 bytes. `builtin`: made by initdb.
    """

    oid: int
    name: str
    kind: str
    category: str
    base: int
    element: int
    not_null: bool
    collation: int
    length: int
    alignment: str
    of_extension: bool

    @property
    def builtin(self) -> bool:
        """Whether it is PostgreSQL's own: OIDs below 16384 are given out by initdb alone."""
        return self.oid < 16384


class Policy(NamedTuple):
    """A row security policy. `command`: * all, r select, a insert, w update, d delete. `roles`: '' stands for
    PUBLIC."""

    table: int
    name: str
    command: str
    permissive: bool
    roles: tuple[str, ...]
    using: str | None
    with_check: str | None


class ColumnStatistics(NamedTuple):
    """What ANALYZE found of a column (pg_stats): share of NULLs, average width in bytes, number of distinct values
    (negative: as a share of the rows), correlation with the physical order."""

    null_fraction: float
    width: int
    distinct: float
    correlation: float | None
