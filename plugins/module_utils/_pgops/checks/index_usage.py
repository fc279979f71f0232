# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Checks of how indexes and tables are used, by the server's counters: what is never read, what is read in full."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ..model.catalog.relations import Index, Relation, TableUsage
from ..model.catalog.snapshot import Catalog
from ..model.finding import Found, Limit, NotChecked
from ..model.measured import Wanted
from .check import Group
from .indexes import index_comment, index_object
from .parts.index_fixes import drop, size_of, wanted_of
from .parts.index_identity import usable
from .parts.index_redundancy import keeper_reason, serves_alone, whole
from .parts.telling import counted, size_text, table_comment
from .seen import DAY, Seen

GROUP = Group("index-usage", "Use of indexes: what the server's counters say of them since they were last reset.")

MEGABYTE = 1024.0 * 1024.0
#: Access methods whose indexes cost next to nothing to write.
CHEAP = frozenset({"brin"})
DAYS = Limit("days", 30.0, "days", "Counters must cover so many days: monthly work is seen then.")
SIZE = Limit("bytes", MEGABYTE, "bytes", "Smaller indexes are left alone.")
#: Counters of tables that add up.
COUNTERS = (
    "seq_scan",
    "seq_rows",
    "idx_scan",
    "inserted",
    "updated",
    "deleted",
    "hot_updated",
    "live",
)
ELSEWHERE = "Counters are a server's own: a standby that answers queries must be asked too, before an index is dropped."


@dataclass(frozen=True)
class Used:
    """An index that only queries need, with the counters of all partitions."""

    table: Relation
    index: Index
    scans: int
    last_scan: float | None


def table_usage(catalog: Catalog, table: Relation) -> TableUsage | None:
    """The counters of a table, of a partitioned one the sums of those of its partitions; None where there are none.

    Of several partitions only `COUNTERS` mean anything.
    """
    found = [catalog.usage[leaf.oid] for leaf in catalog.leaves(table) if leaf.oid in catalog.usage]
    if not found:
        return None
    if len(found) == 1:
        return found[0]
    sums = {name: sum(getattr(usage, name) or 0 for usage in found) for name in COUNTERS}
    return found[0]._replace(**sums)


def writes_of(usage: TableUsage) -> int:
    """Rows written: every one of them may write to every index."""
    return usage.inserted + usage.updated + usage.deleted


def for_queries(catalog: Catalog) -> tuple[Used, ...]:
    """Indexes that uphold nothing and that no foreign key's look-up needs, of partition trees those of the root."""
    return catalog.once(_for_queries)


def _for_queries(catalog: Catalog) -> tuple[Used, ...]:
    return tuple(_all_for_queries(catalog))


def _all_for_queries(catalog: Catalog) -> Iterator[Used]:
    for table in catalog.own:
        indexes = [index for index in catalog.indexes.get(table.oid, ()) if usable(index)]
        for index in indexes:
            if index.unique or index.parent or keeper_reason(catalog, index):
                continue
            if serves_alone(catalog, index, tuple(other for other in indexes if other is not index)) is not None:
                continue
            parts = list(whole(catalog, index))
            last = [part.last_scan for part in parts if part.last_scan is not None]
            yield Used(table, index, sum(part.scans or 0 for part in parts), max(last, default=None))


def _wants_unused(catalog: Catalog) -> Wanted:
    """Those that were seldom read, and are not plainly small."""
    enough = MEGABYTE / catalog.server.block_size / 2
    return wanted_of(
        catalog,
        [
            one.index
            for one in for_queries(catalog)
            if (one.scans == 0 or one.last_scan is not None)
            and sum(part.pages for part in whole(catalog, one.index)) >= enough
        ],
    )


def _too_short(seen: Seen, check: str, days: float) -> NotChecked | None:
    covered = seen.usage_days
    if covered is None or covered >= days:
        return None
    return NotChecked(check, f"counters of use cover only {covered:.1f} of {days:g} days")


def _standbys(catalog: Catalog) -> int:
    """How many servers may answer queries from this one's WAL: subscribers and backup tools do not."""
    receivers = sum(1 for one in catalog.standbys if one.state != "backup")
    subscribers = sum(1 for slot in catalog.slots if slot.kind == "logical" and slot.active)
    return max(0, receivers - subscribers)


def older(catalog: Catalog, index: Index, moment: float) -> bool | None:
    """Whether an index was there at a moment (seconds since 1970); None where nobody knows."""
    if index.made is not None:
        return index.made <= moment
    ages = [age for time, age in catalog.horizons if time <= moment]
    return True if ages and index.age > min(ages) else None


@GROUP.check(
    "index-unused",
    severity="info",
    level="extended",
    title="An index that no query reads",
    why="It takes space, memory, WAL and a part of every write, and keeps updates from staying on their page, for "
    "nothing.",
    how="Since the counters began, and for at least the days of the limit, the index was never read; from PostgreSQL "
    "16 "
    "on it is enough that it was not read within those days. Counters of partitions are added up.",
    avoids="Unique indexes, those of constraints, of replica identity or CLUSTER, and the only one that serves a "
    "foreign "
    "key work without being read. An index known to be younger than those days is left out; where nobody knows, the "
    "message says so. " + ELSEWHERE,
    fix="Ask the standbys, and whoever runs yearly reports; then drop it CONCURRENTLY. The fix holds the way back.",
    needs=("usage", "primary"),
    limits=(DAYS, SIZE, Limit("scans", 0.0, "scans", "An index read at most so often counts as not read.")),
    wants=_wants_unused,
)
def index_unused(seen: Seen, days: float, bytes: float, scans: float) -> Iterator[Found | NotChecked]:
    """Indexes that were not read for a long time."""
    catalog = seen.catalog
    short = _too_short(seen, "index-unused", days)
    if short is not None:
        yield short
        return
    since = catalog.server.now - days * DAY
    standbys = _standbys(catalog)
    for one in for_queries(catalog):
        size = size_of(catalog, seen.details.sizes, one.index)
        read = one.scans > scans and (one.last_scan is None or one.last_scan >= since)
        old = older(catalog, one.index, since)
        if size >= bytes and not read and old is not False:
            yield _unused(seen, one, size, old is True, standbys)


def _unused(seen: Seen, one: Used, size: int, old: bool, standbys: int) -> Found:
    times = f"read {counted(one.scans, 'time')}, but not for long" if one.scans else "not read"
    doubts = [] if old else ["nobody knows how old it is"]
    if standbys:
        doubts.append(f"{standbys} standbys count for themselves" if standbys > 1 else "a standby counts for itself")
    return Found(
        object=index_object(seen.catalog, one.index),
        object_type="index",
        message=f"In {seen.usage_days or 0:.0f} days of counting {one.index.name} ({size_text(size)}) of "
        f"{one.table.name} "
        f"was {times}{'; ' + ' and '.join(doubts) if doubts else ''}.",
        evidence={
            "scans": one.scans,
            "last_scan": one.last_scan,
            "bytes": size,
            "days": seen.usage_days,
            "standbys": standbys,
            "older_than_limit": old or None,
        },
        fix=drop(seen.catalog, one.index, seen.details.definitions),
        confidence="possible" if doubts else "likely",
        comment=index_comment(one.index),
    )


@GROUP.check(
    "index-rarely-used",
    severity="info",
    level="extended",
    title="An index that is written far more often than read",
    why="Each write pays for the index; where it is read once for many writes, another way to answer those few "
    "queries may "
    "cost less.",
    how="A B-tree is read, but for each write of a row less often than the limit, and it has only a small share in the "
    "scans of its table; or it is large and has a very small share in them.",
    avoids="What upholds something or serves a foreign key is left alone, so are tables with few writes. The limits "
    "are "
    "stricter than those of the pgx_scripts (1 scan a write, 10 %, 100 writes). " + ELSEWHERE,
    fix="Look at what those queries are; drop the index if they can do without it.",
    needs=("usage", "primary"),
    limits=(
        DAYS,
        Limit("scans_per_write", 0.01, "scans", "Fewer scans for each written row are few."),
        Limit("share", 0.1, "share", "A smaller share in all scans of the table is small."),
        Limit("writes", 10_000.0, "rows", "Tables with fewer written rows are left alone."),
        Limit("large", 100 * MEGABYTE, "bytes", "From this size on an index is large: half the share is enough then."),
    ),
)
def index_rarely_used(
    seen: Seen, days: float, scans_per_write: float, share: float, writes: float, large: float
) -> Iterator[Found | NotChecked]:
    """B-trees that are read seldom, as compared with writes or with other scans of the table."""
    catalog = seen.catalog
    short = _too_short(seen, "index-rarely-used", days)
    if short is not None:
        yield short
        return
    for one in for_queries(catalog):
        usage = table_usage(catalog, one.table)
        if usage is None or one.index.method != "btree" or one.scans == 0:
            continue
        written, scanned = writes_of(usage), usage.seq_scan + usage.idx_scan
        size = size_of(catalog, seen.details.sizes, one.index)
        part = one.scans / max(scanned, one.scans)
        seldom = written >= writes and one.scans < scans_per_write * written and part < share
        if seldom or (size >= large and part < share / 2):
            yield Found(
                object=index_object(catalog, one.index),
                object_type="index",
                message=f"{one.index.name} ({size_text(size)}) of {one.table.name} was read "
                f"{counted(one.scans, 'time')} in {seen.usage_days or 0:.0f} days, "
                f"{part:.1%} of the table's scans, for {written:,} written rows.",
                evidence={"scans": one.scans, "writes": written, "share": part, "bytes": size, "days": seen.usage_days},
                no_fix="What those few queries are worth is known to whoever asks them.",
                confidence="possible",
                comment=index_comment(one.index),
            )


@GROUP.check(
    "index-high-write",
    severity="info",
    level="extended",
    title="A large index that is slow to write, on a busy table",
    why="GIN, GiST, SP-GiST and hash indexes cost more at every write than B-trees do.",
    how="The index is no B-tree and no BRIN index, it is large, and its table has a good share in all rows that were "
    "written in the database.",
    avoids="Small indexes and tables with few writes are left alone.",
    fix="See whether it is read enough to be worth that, whether fewer columns or rows (a partial index) would do, and "
    "for GIN whether fastupdate is on.",
    needs=("usage", "primary"),
    limits=(
        Limit("share", 0.02, "share", "From this share in all written rows on (pgx_scripts have the same)."),
        Limit("bytes", 100 * MEGABYTE, "bytes", "Smaller indexes are left alone."),
    ),
)
def index_high_write(seen: Seen, share: float, bytes: float) -> Iterator[Found]:
    """Large indexes of other kinds than B-trees on tables with many writes."""
    catalog = seen.catalog
    total = sum(writes_of(usage) for usage in catalog.usage.values())
    for table in catalog.own:
        for index in catalog.indexes.get(table.oid, ()):
            if index.method in CHEAP | {"btree"} or index.parent or not usable(index):
                continue
            usage = table_usage(catalog, table)
            size = size_of(catalog, seen.details.sizes, index)
            if usage is None or size < bytes or writes_of(usage) <= share * total:
                continue
            part = writes_of(usage) / total
            yield Found(
                object=index_object(catalog, index),
                object_type="index",
                message=f"The {index.method} index {index.name} ({size_text(size)}) is on {table.name}, which has "
                f"{part:.0%} of all {total:,} rows written in this database.",
                evidence={"bytes": size, "writes": writes_of(usage), "share": part, "scans": index.scans},
                no_fix="What the index is worth to queries, and what may be left out of it, is a person's to weigh.",
                confidence="possible",
                comment=index_comment(index),
            )


@GROUP.check(
    "table-missing-index",
    severity="info",
    level="extended",
    title="A large table that is mostly read from end to end",
    why="Each such query reads all rows, throws most of them away, and pushes other data out of memory.",
    how="The table is large, most of its scans are sequential, there are many of them a day, and they read many rows "
    "each. "
    "Counters of partitions are added up.",
    avoids="Small tables are best read whole. A few scans a day are dumps, reports and ANALYZE. A scan that stops "
    "early "
    "(LIMIT) reads few rows.",
    fix="Find the queries (pg_stat_statements) and make an index for what they ask by.",
    needs=("usage",),
    limits=(
        Limit("rows", 10_000.0, "rows", "Tables with fewer rows, and scans that read fewer, are left alone."),
        Limit("bytes", 32 * MEGABYTE, "bytes", "Smaller tables are left alone: they are read in a few milliseconds."),
        Limit("per_day", 24.0, "scans a day", "Fewer sequential scans a day are left alone."),
        Limit("share", 0.5, "share", "From this share of sequential scans on they are most of them."),
        Limit("days", 1.0, "days", "Counters must cover so many days."),
    ),
)
def table_missing_index(
    seen: Seen, rows: float, bytes: float, per_day: float, share: float, days: float
) -> Iterator[Found | NotChecked]:
    """Tables with many sequential scans that read many rows."""
    catalog = seen.catalog
    short = _too_short(seen, "table-missing-index", days)
    if short is not None:
        yield short
        return
    covered = max(seen.usage_days or 0.0, 1 / 24)
    for table in catalog.table_roots:
        usage = table_usage(catalog, table)
        leaves = catalog.leaves(table)
        size = sum(leaf.pages for leaf in leaves) * catalog.server.block_size
        count = max(sum(max(leaf.rows, 0.0) for leaf in leaves), float(usage.live if usage else 0))
        if usage is None or count < rows or size < bytes or usage.seq_scan < per_day * covered:
            continue
        each = usage.seq_rows / usage.seq_scan
        part = usage.seq_scan / (usage.seq_scan + usage.idx_scan)
        if each >= rows and part >= share:
            yield Found(
                object=(table.schema, table.name),
                object_type="table",
                message=f"{table.name} ({count:,.0f} rows, {size_text(size)}) was read from end to end "
                f"{counted(usage.seq_scan, 'time')} in {covered:.0f} days, {part:.0%} of its scans, {each:,.0f} rows "
                f"each.",
                evidence={"seq_scan": usage.seq_scan, "idx_scan": usage.idx_scan, "rows_each": each, "days": covered},
                no_fix="Which column the queries ask by is not in the catalog: look for them in pg_stat_statements.",
                confidence="possible",
                comment=table_comment(table),
            )
