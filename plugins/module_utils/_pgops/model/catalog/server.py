# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What surrounds the relations: the server, its roles and settings, schemas, extensions, other databases.

Conventions as in `relations`: stored names, catalog codes named beside the field, epochs in seconds, None for unknown.
"""

from __future__ import annotations

from typing import NamedTuple


class Server(NamedTuple):
    """The server and database as this session sees them.

    `statistics_since` is when the database's cumulative statistics began, `database_since` when the database was made;
    `oldest_activity` the oldest maintenance any table remembers. `may` names what this user may read: `hba`,
    `file_settings`, `passwords`, `stat_file`, `all_settings`, `all_stats`. `block_size` is in bytes.
    `snapshot` tells which transactions the catalog was read without: the first one in progress, the first one to come,
    and those in progress in between.
    """

    version: int
    version_text: str
    in_recovery: bool
    user: str
    is_superuser: bool
    database: str
    database_oid: int
    owner: str
    encoding: str
    collation: str
    collation_version: str | None
    collation_version_now: str | None
    now: float
    started: float
    statistics_since: float | None
    database_since: float | None
    oldest_activity: float | None
    block_size: int
    may: frozenset[str]
    snapshot: str = ""

    @property
    def major(self) -> int:
        """The major version, such as 17."""
        return self.version // 10000


class DatabaseFacts(NamedTuple):
    """A database of the cluster. Ages are in transactions; `checksum_failures` None: checksums are off or unknown."""

    oid: int
    name: str
    owner: str
    is_template: bool
    allows_connections: bool
    connection_limit: int
    frozen_age: int
    multixact_age: int
    acl: str | None
    checksum_failures: int | None
    blocks_read: int
    blocks_hit: int
    deadlocks: int
    temporary_bytes: int


class Role(NamedTuple):
    """A role. `connection_limit` -1: none. `valid_until` None: for ever."""

    oid: int
    name: str
    superuser: bool
    inherits: bool
    create_role: bool
    create_database: bool
    login: bool
    replication: bool
    bypass_row_security: bool
    connection_limit: int
    valid_until: float | None
    password: str | None = None
    """`md5`, `scram`, `none` or `other`; None where this user may not know."""


class Membership(NamedTuple):
    """`member` belongs to `role`. `inherits` and `may_set` are true where the version has no such option."""

    role: str
    member: str
    admin: bool
    inherits: bool
    may_set: bool
    grantor: str = ""


class Schema(NamedTuple):
    """A schema; the system's own are not read."""

    oid: int
    name: str
    owner: str
    acl: str | None
    of_extension: bool


class Setting(NamedTuple):
    """A configuration parameter as it is in force but for what this session set itself; `source` as pg_settings says
    it."""

    name: str
    value: str
    unit: str | None
    context: str
    source: str
    boot_value: str | None
    pending_restart: bool


class RoleSettings(NamedTuple):
    """ALTER ROLE / ALTER DATABASE .. SET; '' for every database or every role."""

    database: str
    role: str
    settings: tuple[str, ...]


class Extension(NamedTuple):
    """An installed extension; `default_version` None: its files are gone from the server."""

    name: str
    version: str
    default_version: str | None
    schema: str
    owner: str


class Collation(NamedTuple):
    """A collation of the user's schemas or one whose version differs from the library's now."""

    oid: int
    schema: str
    name: str
    provider: str
    deterministic: bool
    version: str | None
    version_now: str | None


class OperatorClass(NamedTuple):
    """An operator class: its access method, family, input type, and whether it is the type's default."""

    oid: int
    method: str
    family: int
    input_type: int
    name: str
    default: bool


class Operator(NamedTuple):
    """An operator by which a foreign key compares the referenced column (`left`, a type) with the referencing one."""

    oid: int
    schema: str
    name: str
    left: int
    right: int


class Publication(NamedTuple):
    """A publication; `tables` are OIDs of what it publishes in this database, partitions resolved as it does."""

    name: str
    all_tables: bool
    publishes: tuple[str, ...]
    tables: tuple[int, ...]


class ReplicationSlot(NamedTuple):
    """A replication slot; `lag_bytes` is what it holds back of the WAL, `xmin_age` in transactions.

    From 17 on: since when it has been inactive, whether a standby keeps it in step with its primary's, and why it was
    invalidated.
    """

    name: str
    kind: str
    database: str | None
    active: bool
    lag_bytes: int | None
    xmin_age: int | None
    wal_status: str | None
    inactive_since: float | None = None
    synced: bool = False
    invalidated: str | None = None


class PreparedTransaction(NamedTuple):
    """A prepared transaction of any database."""

    name: str
    owner: str
    database: str
    age_seconds: float
    xid_age: int


class Backend(NamedTuple):
    """A client session with an open transaction; `database` and `user` are None where they are hidden."""

    pid: int
    user: str | None
    database: str | None
    application: str | None
    state: str | None
    transaction_seconds: float | None
    xmin_age: int | None
    encrypted: bool | None
    remote: bool


class HbaRule(NamedTuple):
    """A line of pg_hba.conf as the server reads it; `file` is known from PostgreSQL 16 on.

    `error` without a `type`: the server cannot read the line. With one: it reads it, and says that it never matches.
    """

    line: int
    type: str | None
    databases: tuple[str, ...]
    users: tuple[str, ...]
    address: str | None
    netmask: str | None
    method: str | None
    error: str | None
    file: str | None = None


class FileSetting(NamedTuple):
    """A line of a configuration file that the server cannot take."""

    file: str
    line: int
    name: str | None
    error: str


class DefaultPrivileges(NamedTuple):
    """ALTER DEFAULT PRIVILEGES; `schema` '' for all. `kind`: r tables, S sequences, f functions, T types, n schemas."""

    role: str
    schema: str
    kind: str
    acl: str


class Language(NamedTuple):
    """A procedural language."""

    name: str
    trusted: bool
    acl: str | None


class EventTrigger(NamedTuple):
    """An event trigger; `enabled` as for triggers, `function` is an OID."""

    name: str
    event: str
    owner: str
    owner_is_superuser: bool
    enabled: str
    function: int
    oid: int
    of_extension: bool


class ForeignServer(NamedTuple):
    """A foreign server and the users mapped to it ('' is PUBLIC); `passwords` are users whose password can be read,
    None where this user may not know."""

    name: str
    wrapper: str
    owner: str
    acl: str | None
    users: tuple[str, ...]
    passwords: tuple[str, ...] | None


class SystemFunction(NamedTuple):
    """One of PostgreSQL's own functions that reach files of the server or other servers."""

    name: str
    arguments: str
    owner: str
    acl: str | None


class LargeObjects(NamedTuple):
    """How many large objects of one owner have the same access list of their own."""

    owner: str
    acl: str
    number: int


class Archiver(NamedTuple):
    """pg_stat_archiver."""

    archived: int
    failed: int
    last_archived: float | None
    last_failed: float | None
