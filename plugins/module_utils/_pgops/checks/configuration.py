# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Checks of settings that put data at risk or lead the planner astray."""

from __future__ import annotations

from collections.abc import Iterator

from ..model.catalog.server import RoleSettings, Setting
from ..model.finding import Fix, Found, Step
from ..model.identifiers import quote_ident, quote_literal
from .check import Group
from .seen import Seen

GROUP = Group("configuration", "Settings that put data at risk, or lead the planner astray.")

ELSEWHERE = (
    "settings come from files or from a tool that writes them: change it there, or ALTER SYSTEM, and reload; which of "
    "these is right for this server, a person knows"
)
#: What only this session set, the library itself for one, is nobody's configuration.
_OWN = frozenset({"session", "client", "user", "database", "database user"})


def serverwide(seen: Seen, name: str) -> Setting | None:
    """A setting as the server has it for everybody; None where the version lacks it or something narrower set it."""
    setting = seen.catalog.settings.get(name)
    return None if setting is None or setting.source in _OWN else setting


def _switch(seen: Seen, name: str, wrong: str, message: str) -> Iterator[Found]:
    setting = serverwide(seen, name)
    if setting is not None and setting.value == wrong:
        yield Found(
            object=(name,),
            object_type="setting",
            message=message,
            evidence={"value": setting.value, "source": setting.source},
            no_fix=ELSEWHERE,
        )


@GROUP.check(
    "fsync-off",
    severity="critical",
    title="fsync is off",
    why="The server does not wait until data are on disk. One power failure or crash of the machine can damage the "
    "whole cluster beyond repair.",
    how="The setting fsync is off.",
    avoids="There is no case in which data that matter may live so.",
    fix="Set fsync = on and reload. What was written before is safe only after a sync of the file system.",
)
def fsync_off(seen: Seen) -> Iterator[Found]:
    """fsync = off."""
    return _switch(
        seen, "fsync", "off", "fsync is off: a crash of the machine can damage every database beyond repair."
    )


@GROUP.check(
    "full-page-writes-off",
    severity="critical",
    title="full_page_writes is off",
    why="A page that was half written when the machine stopped cannot be repaired from the WAL: the damage shows up "
    "later, as wrong data.",
    how="The setting full_page_writes is off.",
    avoids="File systems that never write half a page exist (ZFS, as set up for it): accept the finding there with "
    "that reason.",
    fix="Set full_page_writes = on and reload.",
)
def full_page_writes_off(seen: Seen) -> Iterator[Found]:
    """full_page_writes = off."""
    message = "full_page_writes is off: pages half written at a crash cannot be repaired."
    return _switch(seen, "full_page_writes", "off", message)


@GROUP.check(
    "autovacuum-off",
    severity="critical",
    title="Autovacuum is off for the whole server",
    why="Dead rows pile up, the planner's statistics grow old, and transaction ids are frozen only when the end is "
    "near.",
    how="The setting autovacuum is off.",
    avoids="Against wraparound autovacuum runs even so; that is no reason to leave it off.",
    fix="Set autovacuum = on and reload.",
)
def autovacuum_off(seen: Seen) -> Iterator[Found]:
    """autovacuum = off."""
    return _switch(seen, "autovacuum", "off", "autovacuum is off: nobody removes dead rows or renews statistics.")


@GROUP.check(
    "track-counts-off",
    severity="critical",
    title="track_counts is off",
    why="Without its counters autovacuum does not know which tables changed, and does nothing.",
    how="The setting track_counts is off.",
    avoids="track_activities and track_io_timing are other things.",
    fix="Set track_counts = on and reload.",
)
def track_counts_off(seen: Seen) -> Iterator[Found]:
    """track_counts = off."""
    return _switch(seen, "track_counts", "off", "track_counts is off: autovacuum does not see what changes.")


@GROUP.check(
    "data-checksums-off",
    severity="info",
    level="extended",
    title="Data checksums are off",
    why="A page that the disk returns damaged is taken for good, and copied into every backup. From PostgreSQL 18 on "
    "new clusters have checksums.",
    how="The setting data_checksums is off.",
    avoids="File systems with checksums of their own find the same; hence the level.",
    fix="Stop the server and run pg_checksums --enable, or make the cluster anew with checksums.",
)
def data_checksums_off(seen: Seen) -> Iterator[Found]:
    """data_checksums = off."""
    return _switch(seen, "data_checksums", "off", "Data checksums are off: damaged pages are not noticed.")


#: Setting to the values that are harmless in it, and what it does otherwise.
_DANGEROUS = {
    "session_replication_role": (("origin",), "triggers and foreign keys are not carried out"),
    "zero_damaged_pages": (("off",), "damaged pages are replaced by empty ones, and their rows are gone"),
    "ignore_checksum_failure": (("off",), "damaged pages are read as if they were good"),
    "ignore_system_indexes": (("off",), "every look into the catalog reads all of it"),
    "allow_system_table_mods": (("off",), "the system's own tables may be changed"),
}
_FALSE = frozenset({"off", "false", "no", "0", "f", "n"})


def _plain(value: str) -> str:
    """A value as pg_settings would say it, as far as these settings go."""
    word = value.strip().lower()
    return "off" if word in _FALSE else word


@GROUP.check(
    "dangerous-setting",
    severity="error",
    title="A setting for emergencies that was left on for the whole server",
    why="These settings are for the repair of a damaged cluster or a single load, in one session. For everybody they "
    "lose rows, or let wrong ones in, without a word.",
    how="session_replication_role is not origin, or zero_damaged_pages, ignore_checksum_failure, ignore_system_indexes "
    "or allow_system_table_mods is on.",
    avoids="What only this review's own session has is not told, and what is set for roles or databases is told by "
    "dangerous-override.",
    fix="Take the setting out of the configuration and reload; some need a restart.",
)
def dangerous_setting(seen: Seen) -> Iterator[Found]:
    """Settings of the whole server that belong into no configuration."""
    for name, (harmless, what) in _DANGEROUS.items():
        setting = serverwide(seen, name)
        if setting is not None and _plain(setting.value) not in harmless:
            yield Found(
                object=(name,),
                object_type="setting",
                message=f"{name} is {setting.value} for the whole server: {what}.",
                evidence={"value": setting.value, "source": setting.source},
                no_fix=ELSEWHERE,
            )


def overrides(seen: Seen) -> Iterator[tuple[RoleSettings, str, str]]:
    """Settings of roles and databases that reach this database: where, name, value."""
    for override in seen.catalog.role_settings:
        if override.database in ("", seen.catalog.server.database):
            for setting in override.settings:
                name, _equals, value = setting.partition("=")
                yield override, name, value


def _override(override: RoleSettings, name: str, value: str, what: str, severity: str | None = None) -> Found:
    """What to tell of a setting of a role or database, and the statement that takes it back."""
    role, database = override.role, override.database
    where = f"ALTER ROLE {quote_ident(role) if role else 'ALL'}"
    if database:
        where = f"{where} IN DATABASE {quote_ident(database)}" if role else f"ALTER DATABASE {quote_ident(database)}"
    undo = Step((f"{where} SET {name} TO {quote_literal(value)}",))
    who = f"role {role}" if role else "every role"
    return Found(
        object=(role or database or "ALL",),
        object_type="role" if role or not database else "database",
        detail=f"{name} {database}",
        message=f"{name} is {value} for {who}{f' in database {database}' if database else ''}: {what}.",
        evidence={"setting": name, "value": value, "role": role or None, "database": database or None},
        severity=severity,
        fix=Fix((Step((f"{where} RESET {name}",)),), (undo,)),
    )


@GROUP.check(
    "dangerous-override",
    severity="error",
    title="A setting for emergencies that was left on for a role or database",
    why="Whoever logs in so writes without triggers and foreign keys, or reads damaged pages as if they were good, and "
    "nobody sees it in the configuration files.",
    how="ALTER ROLE .. SET or ALTER DATABASE .. SET of session_replication_role other than origin, or of "
    "zero_damaged_pages, ignore_checksum_failure, ignore_system_indexes, allow_system_table_mods on, or track_counts "
    "off, that reach this database.",
    avoids="Settings of other databases are told in their own review.",
    fix="RESET it. A role of a replication tool may need session_replication_role: accept the finding there.",
)
def dangerous_override(seen: Seen) -> Iterator[Found]:
    """Settings of roles and databases that belong to no login."""
    known = {**_DANGEROUS, "track_counts": (("on",), "autovacuum does not see what such sessions change")}
    for override, name, value in overrides(seen):
        harmless, what = known.get(name, ((), ""))
        if what and _plain(value) not in harmless:
            yield _override(override, name, value, what)


_PLANNER = (
    "enable_bitmapscan",
    "enable_hashagg",
    "enable_hashjoin",
    "enable_indexonlyscan",
    "enable_indexscan",
    "enable_material",
    "enable_memoize",
    "enable_mergejoin",
    "enable_nestloop",
    "enable_seqscan",
    "enable_sort",
)


@GROUP.check(
    "planner-method-disabled",
    severity="warning",
    level="extended",
    title="A method of the planner that is switched off for good",
    why="It mends one query and spoils the others: the planner avoids the method even where all else is far slower.",
    how="A setting enable_.. is off, for the whole server or for a role or database that reaches this one.",
    avoids="What a single session or function sets is not told.",
    fix="RESET it, and mend the one query: statistics, an index, or SET LOCAL around it.",
)
def planner_method_disabled(seen: Seen) -> Iterator[Found]:
    """enable_.. that is off."""
    for name in _PLANNER:
        yield from _switch(seen, name, "off", f"{name} is off for the whole server.")
    for override, name, value in overrides(seen):
        if name in _PLANNER and _plain(value) == "off":
            yield _override(override, name, value, "the planner avoids this method for every query")


@GROUP.check(
    "synchronous-commit-off",
    severity="warning",
    level="extended",
    title="COMMIT does not wait for the disk",
    why="Transactions of the last moment are lost in a crash, though their programs were told that they are kept.",
    how="synchronous_commit is off, for the whole server or for a role or database that reaches this one.",
    avoids="It damages nothing, and some loads can live with it: hence the level.",
    fix="Set it on, and off only in transactions whose loss does not matter (SET LOCAL).",
)
def synchronous_commit_off(seen: Seen) -> Iterator[Found]:
    """synchronous_commit = off."""
    message = "synchronous_commit is off: the last transactions are lost in a crash."
    yield from _switch(seen, "synchronous_commit", "off", message)
    for override, name, value in overrides(seen):
        if name == "synchronous_commit" and _plain(value) == "off":
            yield _override(override, name, value, "its last transactions are lost in a crash")
