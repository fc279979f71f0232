# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Truth table of the checks of replication; test_replication.py brings a server with slots and an archiver there."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

from _pgops.checks.seen import DAY, Seen
from _pgops.model.catalog.health import Standby, Subscription
from _pgops.model.catalog.server import Archiver, ReplicationSlot
from cases import Case

Alter = Callable[[Seen], Seen]

MEGABYTE = 1024 * 1024
INACTIVE, BEHIND, LOST = "slot-inactive", "slot-lag", "slot-lost"
FAILING, MISSING, SYNC = "archiver-failing", "archive-command-missing", "synchronous-standby-missing"
STANDBY, SUBSCRIPTION, UNLOGGED = "standby-lag", "subscription-disabled", "unlogged-with-standbys"


def catalog(seen: Seen, **changes: Any) -> Seen:
    """The same database with parts of the catalog changed."""
    return dataclasses.replace(seen, catalog=dataclasses.replace(seen.catalog, **changes))


def settings(seen: Seen, **values: str) -> Seen:
    """These settings have these values; those that the version does not have are left out."""
    known = dict(seen.catalog.settings)
    for name, value in values.items():
        if name in known:
            known[name] = known[name]._replace(value=value)
    return catalog(seen, settings=known)


def slot(megabytes: float = 0, active: bool = False, days: float | None = None, **more: Any) -> Alter:
    """There is one slot; `days` without a reader are told by 17 and newer."""

    def alter(seen: Seen) -> Seen:
        since = None if days is None else seen.catalog.server.now - days * DAY
        one = ReplicationSlot("s1", "physical", None, active, int(megabytes * MEGABYTE), None, "reserved", since)
        return catalog(seen, slots=(one._replace(**more),))

    return alter


def kept(megabytes: float) -> Alter:
    """The slot holds back so much, and the server sets an end to it."""
    return lambda seen: settings(slot(megabytes)(seen), max_slot_wal_keep_size="20000")


def archiver(mode: str, archived: float | None, failed: float | None, **values: str) -> Alter:
    """archive_mode, and how many seconds ago the last success and failure were."""

    def alter(seen: Seen) -> Seen:
        now = seen.catalog.server.now
        one = Archiver(5, 7, None if archived is None else now - archived, None if failed is None else now - failed)
        return settings(catalog(seen, archiver=one), archive_mode=mode, **values)

    return alter


def standbys(names: str = "", *states: str, commit: str = "on", lag: int = 0) -> Alter:
    """synchronous_standby_names, and a streaming standby for each state."""

    def alter(seen: Seen) -> Seen:
        there = tuple(Standby(f"s{place}", "streaming", state, None, lag) for place, state in enumerate(states))
        return settings(catalog(seen, standbys=there), synchronous_standby_names=names, synchronous_commit=commit)

    return alter


def copying(seen: Seen) -> Seen:
    """A base backup is being taken."""
    return catalog(seen, standbys=(Standby("pg_basebackup", "backup", "async", None, 9000 * MEGABYTE),))


def subscription(enabled: bool) -> Alter:
    """There is one subscription."""
    return lambda seen: catalog(seen, subscriptions=(Subscription("news", "bot", enabled),))


def standby(seen: Seen) -> Seen:
    """The server is a standby."""
    return catalog(seen, server=seen.catalog.server._replace(in_recovery=True))


def case(check: str, name: str, found: set[str], alter: Alter, severity: str | None = None) -> Case:
    """A case about the server."""
    return Case(check, name, "", found, alter=alter, severity=severity, elsewhere=True)


UNLOGGED_TABLE = "CREATE UNLOGGED TABLE t (id int);"
TREE = "CREATE TABLE t (id int) PARTITION BY LIST (id); CREATE UNLOGGED TABLE u PARTITION OF t DEFAULT;"

CASES = [
    Case(INACTIVE, "no slot", "", elsewhere=True),
    case(INACTIVE, "2 GB are held back", {"s1"}, slot(2048)),
    case(INACTIVE, "20 GB are held back without an end", {"s1"}, slot(20480), "error"),
    case(INACTIVE, "20 GB are held back, and there is an end", {"s1"}, kept(20480)),
    case(INACTIVE, "away for a minute", set(), slot(5, days=0.001)),
    case(INACTIVE, "away for two days", {"s1"}, slot(5, days=2)),
    case(INACTIVE, "being read", set(), slot(2048, active=True)),
    case(INACTIVE, "a standby's copy", set(), slot(2048, days=9, synced=True)),
    case(INACTIVE, "an invalidated one", set(), slot(2048, days=9, wal_status="lost")),
    case(BEHIND, "5 GB", {"s1"}, slot(5000, active=True)),
    case(BEHIND, "about to be cut off", {"s1"}, slot(50, active=True, wal_status="unreserved")),
    case(BEHIND, "near", set(), slot(50, active=True, wal_status="extended")),
    case(BEHIND, "not being read", set(), slot(5000)),
    case(LOST, "its WAL was removed", {"s1"}, slot(wal_status="lost")),
    case(LOST, "the server invalidated it", {"s1"}, slot(invalidated="rows_removed")),
    case(LOST, "about to be cut off", set(), slot(wal_status="unreserved")),
    case(LOST, "a standby's copy", set(), slot(wal_status="lost", synced=True)),
    case(FAILING, "never a success", {"archive_mode"}, archiver("on", None, 60)),
    case(FAILING, "a failure after the last success", {"archive_mode"}, archiver("on", 600, 60)),
    case(FAILING, "a success after the last failure", set(), archiver("on", 60, 600)),
    case(FAILING, "switched off since", set(), archiver("off", None, 60)),
    case(FAILING, "on a standby that need not", set(), lambda seen: standby(archiver("on", None, 60)(seen))),
    case(
        FAILING, "on a standby that should", {"archive_mode"}, lambda seen: standby(archiver("always", None, 6)(seen))
    ),
    case(MISSING, "neither command nor library", {"archive_command"}, archiver("on", 1, 2, archive_command="")),
    case(MISSING, "a command", set(), archiver("on", 1, 2, archive_command="cp %p /archive/%f")),
    case(MISSING, "switched off", set(), archiver("off", 1, 2, archive_command="(disabled)")),
    Case(
        MISSING,
        "a library",
        "",
        alter=archiver("on", 1, 2, archive_command="", archive_library="basic_archive"),
        elsewhere=True,
        since=15,
    ),
    case(SYNC, "nobody is there", {"synchronous_standby_names"}, standbys("berlin")),
    case(SYNC, "only an asynchronous one", {"synchronous_standby_names"}, standbys("berlin", "async")),
    case(SYNC, "one of two", {"synchronous_standby_names"}, standbys("FIRST 2 (a, b, c)", "sync", "potential")),
    case(SYNC, "two of two", set(), standbys("2 (a, b, c)", "sync", "sync", "potential")),
    case(SYNC, "a quorum", set(), standbys("ANY 1 (a, b)", "quorum", "quorum")),
    case(SYNC, "all of them", set(), standbys("*", "sync")),
    case(SYNC, "nobody waits", set(), standbys("berlin", commit="local")),
    case(SYNC, "none is asked for", set(), standbys()),
    case(STANDBY, "2 GB behind", {"s0"}, standbys("", "async", lag=2048 * MEGABYTE)),
    case(STANDBY, "near", set(), standbys("", "async", lag=5)),
    case(STANDBY, "a base backup", set(), copying),
    case(SUBSCRIPTION, "switched off", {"news"}, subscription(False)),
    case(SUBSCRIPTION, "at work", set(), subscription(True)),
    Case(UNLOGGED, "on a standby", UNLOGGED_TABLE, {"t"}, alter=standby),
    Case(UNLOGGED, "with a standby", UNLOGGED_TABLE, {"t"}, alter=standbys("", "async")),
    Case(UNLOGGED, "a partition, told at the root", TREE, {"t"}, alter=standby),
    Case(UNLOGGED, "no standby", UNLOGGED_TABLE),
    Case(UNLOGGED, "a logged table", "CREATE TABLE t (id int);", alter=standbys("", "async")),
]
