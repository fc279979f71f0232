# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Checks of replication slots, standbys, subscriptions and the archiver."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..model.catalog.server import ReplicationSlot
from ..model.finding import Fix, Found, Limit, Step
from ..model.identifiers import quote_literal
from .check import Group
from .parts.heaps import days_ago
from .parts.telling import counted, listed, table_comment
from .seen import DAY, Seen

GROUP = Group("replication", "Replication slots, standbys, subscriptions, and the archive of the WAL.")

_MEGABYTE = 1024 * 1024


def _lost(slot: ReplicationSlot) -> bool:
    return slot.wal_status == "lost" or slot.invalidated is not None


@GROUP.check(
    "slot-inactive",
    severity="warning",
    title="A replication slot that nobody reads",
    why="A slot keeps all WAL that its reader has not fetched, and the system's dead rows with it. When the reader is "
    "gone for good, the disk fills up and the server stops.",
    how="The slot is not active, and holds back more WAL than the limit or, from PostgreSQL 17 on, has had no reader "
    "for a day. An error where it holds back ten times the limit and max_slot_wal_keep_size sets no end.",
    avoids="A reader that was away for a minute: before 17 nobody can tell how long, so that only the WAL held back "
    "counts. Slots that a standby merely copies from its primary, and invalidated ones, are not told.",
    fix="Start the reader again. Where it is gone for good, drop the slot (pg_drop_replication_slot): a person "
    "decides, as its reader must then be made anew.",
    limits=(
        Limit("megabytes", 1024, "MB", "The slot holds back at least so much WAL."),
        Limit("days", 1, "days", "From 17 on: it has had no reader for so long."),
    ),
)
def slot_inactive(seen: Seen, megabytes: float, days: float) -> Iterator[Found]:
    """Slots without a reader."""
    catalog = seen.catalog
    kept = catalog.settings.get("max_slot_wal_keep_size")
    endless = kept is None or kept.value == "-1"
    for slot in catalog.slots:
        if slot.active or slot.synced or _lost(slot):
            continue
        lag = slot.lag_bytes or 0
        since = slot.inactive_since
        idle = since is not None and catalog.server.now - since >= days * DAY
        if lag < megabytes * _MEGABYTE and not idle:
            continue
        away = "" if since is None else f" for {days_ago(catalog.server.now, since):g} days"
        yield Found(
            object=(slot.name,),
            object_type="replication slot",
            message=f"Nobody has read the {slot.kind} slot {slot.name}{away}; it holds back {lag / _MEGABYTE:.0f} MB "
            "of WAL.",
            evidence={"lag_bytes": lag, "kind": slot.kind, "database": slot.database, "wal_status": slot.wal_status},
            severity="error" if endless and lag >= 10 * megabytes * _MEGABYTE else None,
        )


@GROUP.check(
    "slot-lag",
    severity="warning",
    title="A replication slot whose reader falls behind",
    why="WAL that a slow reader has not fetched stays on disk; a reader beyond max_slot_wal_keep_size is cut off.",
    how="The slot is active and holds back more WAL than the limit, or its WAL is about to be removed (wal_status "
    "unreserved).",
    avoids="A few hundred megabytes are normal while a standby or subscriber is busy.",
    fix="Look at the reader: its network, its disk, a long transaction that a subscriber must apply first.",
    limits=(Limit("megabytes", 4096, "MB", "The slot holds back at least so much WAL."),),
)
def slot_lag(seen: Seen, megabytes: float) -> Iterator[Found]:
    """Active slots far behind."""
    for slot in seen.catalog.slots:
        lag = slot.lag_bytes or 0
        if slot.active and (lag >= megabytes * _MEGABYTE or slot.wal_status == "unreserved") and not _lost(slot):
            yield Found(
                object=(slot.name,),
                object_type="replication slot",
                message=f"The reader of slot {slot.name} is {lag / _MEGABYTE:.0f} MB of WAL behind"
                f"{', and what it needs next may be removed at any time' if slot.wal_status == 'unreserved' else ''}.",
                evidence={"lag_bytes": lag, "kind": slot.kind, "wal_status": slot.wal_status},
            )


@GROUP.check(
    "slot-lost",
    severity="error",
    title="A replication slot that can no longer be read",
    why="The WAL that its reader needs is gone, or the server invalidated the slot: the standby or subscriber has "
    "stopped for good, whatever it still shows.",
    how="wal_status is lost, or from PostgreSQL 17 on the slot has an invalidation_reason.",
    avoids="WAL that is only about to be removed is told by slot-lag. Slots that a standby copies are told by its "
    "primary.",
    fix="Drop the slot, and make its standby or subscription anew.",
    needs=("primary",),
)
def slot_lost(seen: Seen) -> Iterator[Found]:
    """Slots that were invalidated."""
    for slot in seen.catalog.slots:
        if _lost(slot) and not slot.synced:
            step = Step((f"SELECT pg_catalog.pg_drop_replication_slot({quote_literal(slot.name)})",))
            yield Found(
                object=(slot.name,),
                object_type="replication slot",
                message=f"The {slot.kind} slot {slot.name} was invalidated "
                f"({slot.invalidated or 'its WAL was removed'}); its reader cannot go on.",
                evidence={"kind": slot.kind, "wal_status": slot.wal_status, "reason": slot.invalidated},
                fix=Fix((step,), None, "the WAL that the slot needed is gone: a new slot begins later"),
            )


@GROUP.check(
    "archiver-failing",
    severity="error",
    title="WAL archiving that fails",
    why="Each segment that cannot be archived stays in pg_wal until the disk is full; and since the last archived one "
    "there is nothing to restore from.",
    how="archive_mode is on, and the last failure is later than the last success (pg_stat_archiver).",
    avoids="A failure that a later success made good is not told. Where nothing was ever archived and nothing failed, "
    "there is nothing to tell.",
    fix="The server's log says what archive_command answered: mend the archive, its space or its rights.",
)
def archiver_failing(seen: Seen) -> Iterator[Found]:
    """The archiver whose last try failed."""
    archiver = seen.catalog.archiver
    if archiver is None or not _archiving(seen) or archiver.last_failed is None:
        return
    if archiver.last_archived is None or archiver.last_failed > archiver.last_archived:
        last = days_ago(seen.catalog.server.now, archiver.last_archived)
        yield Found(
            object=("archive_mode",),
            object_type="setting",
            message=f"The last try to archive WAL failed; {counted(archiver.failed, 'failure')} since the counters "
            f"began, and the last success {'is not known' if last is None else f'was {last:g} days ago'}.",
            evidence={"failed": archiver.failed, "archived": archiver.archived, "last_archived_days": last},
        )


def _archiving(seen: Seen) -> bool:
    mode = seen.catalog.settings.get("archive_mode")
    return mode is not None and (mode.value == "always" or mode.value == "on" and not seen.catalog.server.in_recovery)


@GROUP.check(
    "archive-command-missing",
    severity="error",
    title="WAL archiving that is on and has nothing to do it with",
    why="With archive_mode on and neither archive_command nor archive_library, the server keeps every segment for a "
    "later command: pg_wal grows until the disk is full.",
    how="archive_mode is on, and archive_command and archive_library are empty.",
    avoids="A library that archives (15 and newer) counts like a command; a standby archives only in mode always.",
    fix="Set archive_command or archive_library, or archive_mode = off, which needs a restart.",
)
def archive_command_missing(seen: Seen) -> Iterator[Found]:
    """archive_mode without a way to archive."""
    settings = seen.catalog.settings
    ways = [settings[name].value for name in ("archive_command", "archive_library") if name in settings]
    # The server shows (disabled) while archive_mode is off.
    if _archiving(seen) and not any(way.strip() and way != "(disabled)" for way in ways):
        yield Found(
            object=("archive_command",),
            object_type="setting",
            message="archive_mode is on, and no archive_command is set: WAL is kept and never archived.",
            evidence={"archive_mode": settings["archive_mode"].value},
        )


_NUMBER = re.compile(r"^\s*(?:(?:FIRST|ANY)\s+)?(\d+)\s*\(", re.IGNORECASE)


@GROUP.check(
    "synchronous-standby-missing",
    severity="critical",
    title="Commits that wait for a standby that is not there",
    why="With synchronous_standby_names every COMMIT waits until so many standbys have it. When too few are connected, "
    "all writes hang, without an error.",
    how="Fewer standbys are connected as sync or quorum than synchronous_standby_names asks for.",
    avoids="Sessions with synchronous_commit off or local do not wait; where that is the server's own setting, "
    "nothing is said.",
    fix="Bring the standby back, or take it out of synchronous_standby_names and reload.",
    needs=("all_stats", "primary"),
)
def synchronous_standby_missing(seen: Seen) -> Iterator[Found]:
    """synchronous_standby_names that nobody fulfils."""
    settings = seen.catalog.settings
    names = settings["synchronous_standby_names"].value.strip() if "synchronous_standby_names" in settings else ""
    commit = settings.get("synchronous_commit")
    if not names or commit is not None and commit.value in ("off", "local"):
        return
    number = _NUMBER.match(names)
    wanted = int(number.group(1)) if number else 1
    there = [one for one in seen.catalog.standbys if one.sync_state in ("sync", "quorum") and one.state == "streaming"]
    if len(there) < wanted:
        yield Found(
            object=("synchronous_standby_names",),
            object_type="setting",
            message=f"synchronous_standby_names asks for {counted(wanted, 'standby')}, and {len(there)} "
            f"{'is' if len(there) == 1 else 'are'} there: commits wait.",
            evidence={"wanted": wanted, "there": len(there), "synchronous_standby_names": names},
        )


@GROUP.check(
    "standby-lag",
    severity="warning",
    level="extended",
    title="A standby that is far behind",
    why="What it shows is old, and a failover to it loses what it does not have.",
    how="The WAL that it has not replayed is more than the limit (pg_stat_replication).",
    avoids="A standby that is being copied (state backup or startup) has not begun.",
    fix="Look at its network and disk, and at long queries there that hold replay back.",
    needs=("all_stats",),
    limits=(Limit("megabytes", 1024, "MB", "It is at least so much WAL behind."),),
)
def standby_lag(seen: Seen, megabytes: float) -> Iterator[Found]:
    """Connected standbys with much to replay."""
    for one in seen.catalog.standbys:
        if one.state in ("streaming", "catchup") and (one.lag_bytes or 0) >= megabytes * _MEGABYTE:
            lag = (one.lag_bytes or 0) / _MEGABYTE
            yield Found(
                object=(one.application or "unknown",),
                object_type="standby",
                message=f"The standby {one.application or 'unknown'} has {lag:.0f} MB of WAL to replay.",
                evidence={"lag_bytes": one.lag_bytes, "state": one.state},
            )


@GROUP.check(
    "subscription-disabled",
    severity="warning",
    level="extended",
    title="A subscription that is switched off",
    why="It receives nothing, and its slot on the publisher keeps the WAL meanwhile. From PostgreSQL 15 on an error "
    "can switch it off (disable_on_error).",
    how="The subscription is not enabled.",
    avoids="It may be meant so, for a repair: hence the level.",
    fix="ALTER SUBSCRIPTION .. ENABLE once its error is mended, or DROP SUBSCRIPTION: a person decides.",
)
def subscription_disabled(seen: Seen) -> Iterator[Found]:
    """Subscriptions that are off."""
    for one in seen.catalog.subscriptions:
        if not one.enabled:
            yield Found(
                object=(one.name,),
                object_type="subscription",
                message=f"The subscription {one.name} is switched off and receives nothing.",
                evidence={"owner": one.owner},
            )


@GROUP.check(
    "unlogged-with-standbys",
    severity="info",
    level="extended",
    title="Unlogged tables where there are standbys",
    why="An unlogged table is not written to the WAL: it cannot be read on a standby, and after a failover it is "
    "empty.",
    how="Unlogged tables, while the server is a standby or standbys are connected to it.",
    avoids="A server without standbys; what an unlogged table means for a crash is another check's matter.",
    fix="ALTER TABLE .. SET LOGGED where its rows must survive a failover; that writes it anew.",
)
def unlogged_with_standbys(seen: Seen) -> Iterator[Found]:
    """Unlogged tables that a standby does not have."""
    catalog = seen.catalog
    standbys = [one.application or "unknown" for one in catalog.standbys if one.state != "backup"]
    if not catalog.server.in_recovery and not standbys:
        return
    for table in catalog.table_roots:
        if any(leaf.persistence == "u" for leaf in catalog.leaves(table)):
            yield Found(
                object=(table.schema, table.name),
                object_type="table",
                message=f"{table.name} is unlogged: "
                + ("it is empty here." if catalog.server.in_recovery else f"{listed(standbys)} cannot read it."),
                evidence={"standbys": list(standbys)},
                comment=table_comment(table),
            )
