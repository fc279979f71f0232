# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How a server fares: TOAST tables, the system's own tables, running VACUUMs, standbys, dangling references.

Conventions as in `relations`: stored names, catalog codes named beside the field, epochs in seconds, None for unknown.
"""

from __future__ import annotations

from typing import NamedTuple


class Toast(NamedTuple):
    """The TOAST table of a table, where it holds anything. `rows` are chunks, of which four fill a page; -1: unknown.

    The rest as in TableUsage.
    """

    oid: int
    pages: int
    rows: float
    options: tuple[str, ...]
    live: int
    dead: int
    inserted_since_vacuum: int
    last_vacuum: float | None
    last_autovacuum: float | None


class SystemTable(NamedTuple):
    """A table of pg_catalog, its TOAST table counted in the ages; `shared` by all databases. Fields as in Relation."""

    name: str
    shared: bool
    pages: int
    rows: float
    live: int
    dead: int
    last_vacuum: float | None
    last_autovacuum: float | None
    frozen_age: int
    multixact_age: int


class TemporaryTables(NamedTuple):
    """The temporary tables of one session's schema: how many, their pages, and the oldest age in transactions."""

    schema: str
    tables: int
    pages: int
    frozen_age: int | None


class Vacuuming(NamedTuple):
    """A VACUUM that is at work in this database: by which process, on which relation (OID, 0 where it is hidden)."""

    pid: int
    relation: int


class Standby(NamedTuple):
    """A receiver of the WAL: a standby, a subscriber, a backup tool. What a role may not know is None.

    `sync_state` as in pg_stat_replication; `lag_bytes` are what it has not replayed, `xmin_age` the transactions that
    its feedback holds back.
    """

    application: str | None
    state: str | None
    sync_state: str | None
    xmin_age: int | None
    lag_bytes: int | None


class Subscription(NamedTuple):
    """A subscription of this database."""

    name: str
    owner: str
    enabled: bool


class Dangling(NamedTuple):
    """A row of a system catalog that refers to a row that is not there: catalog, OID of the row, its column, the
    catalog referred to, and the OID that is missing there."""

    catalog: str
    oid: int
    column: str
    referenced: str
    missing: int
