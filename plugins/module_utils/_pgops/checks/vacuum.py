# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Checks of dead rows, and of autovacuum's work on them."""

from __future__ import annotations

from collections.abc import Iterator

from ..model.catalog.health import Toast
from ..model.catalog.relations import Relation
from ..model.catalog.snapshot import Catalog
from ..model.finding import Found, Limit
from .check import Group
from .parts.autovacuum import insert_point, is_off, option_values, options_of, vacuum_point
from .parts.fixes import name_of, reset_option, vacuum
from .parts.heaps import Heap, days_ago, heaps, is_old, latest, named, told_of, trees, type_of
from .parts.telling import table_comment
from .seen import Seen

GROUP = Group("vacuum", "Dead rows, and whether autovacuum comes for them.")

_STALE = Limit("minutes", 60, "minutes", "The last VACUUM is older than this; autovacuum looks every minute.")


def _point(catalog: Catalog, table: Relation) -> float:
    return vacuum_point(options_of(catalog.settings, table.options), table.rows)


def _at_work(catalog: Catalog) -> frozenset[int]:
    return frozenset(vacuuming.relation for vacuuming in catalog.vacuuming)


@GROUP.check(
    "dead-rows",
    severity="warning",
    title="A table most of whose rows are dead, and autovacuum does not come",
    why="Every UPDATE and DELETE leaves the old version of the row behind. Whoever reads the table steps over all of "
    "them; a small table that is updated all day can consist of little else, since autovacuum waits for "
    "autovacuum_vacuum_threshold (50) dead rows at least.",
    how="Dead rows are half of all or more, at least 10 of them, and not beyond the point at which autovacuum comes: "
    "the table's own options before the server's. Counters are the server's estimates (pg_stat_all_tables).",
    avoids="A table of three rows that was updated twice is not told: ten dead rows cost less than the page they are "
    "on. Where the point is passed autovacuum is on its way; autovacuum-lag tells when it does not come. Partitions "
    "are told together, at the root.",
    fix="VACUUM the table. Where it comes back, lower autovacuum_vacuum_threshold and autovacuum_vacuum_scale_factor "
    "of that table.",
    needs=("primary",),
    limits=(
        Limit("share", 50, "percent", "Dead rows are at least this share of all row versions."),
        Limit("rows", 10, "rows", "There are at least so many dead rows."),
    ),
)
def dead_rows(seen: Seen, share: float, rows: float) -> Iterator[Found]:
    """Small tables whose dead rows stay below autovacuum's point."""
    catalog = seen.catalog

    def dead(heap: Heap) -> bool:
        usage = heap.usage
        if usage.dead < max(rows, 1) or usage.dead * 100 < share * (usage.live + usage.dead):
            return False
        return usage.dead <= _point(catalog, heap.table)

    for tree in trees(catalog, dead):
        worst = max(tree, key=lambda heap: heap.usage.dead)
        live, gone = (sum(counts) for counts in zip(*((heap.usage.live, heap.usage.dead) for heap in tree)))
        point = _point(catalog, worst.table)
        yield Found(
            object=(worst.root.schema, worst.root.name),
            object_type=type_of(worst.root),
            message=f"{gone} of {live + gone} row versions of {told_of(tree)} are dead "
            f"({100 * gone / (live + gone):.0f} %), and autovacuum comes only beyond {point:.0f}.",
            evidence={
                "live": live,
                "dead": gone,
                "autovacuum_at": point,
                "last_vacuum_days": days_ago(
                    catalog.server.now, latest(worst.usage.last_vacuum, worst.usage.last_autovacuum)
                ),
                "tables": named(tree),
            },
            fix=vacuum([heap.table for heap in tree]),
            confidence="likely",
            comment=table_comment(worst.root),
        )


@GROUP.check(
    "autovacuum-lag",
    severity="warning",
    title="A table that autovacuum should have vacuumed, and did not",
    why="Dead rows fill tables and indexes and slow every read down; space that is not freed in time is taken from the "
    "disk for good. Autovacuum that does not come is switched off, too slow, or finds nothing that it may remove, as "
    "an old transaction still holds it.",
    how="Dead rows are more than PostgreSQL's own trigger point (autovacuum_vacuum_threshold plus "
    "autovacuum_vacuum_scale_factor of the rows, at most autovacuum_vacuum_max_threshold from 18 on; the table's own "
    "options count), and the last VACUUM is more than an hour ago or unknown. A TOAST table is judged by its own "
    "counters.",
    avoids="The age of the last VACUUM alone means nothing: a table that never changes needs none. A table that is "
    "being vacuumed is not told. Partitions are told together, at the root.",
    fix="VACUUM the table. Where it comes back, look for old transactions (checks of wraparound), for a disabled "
    "autovacuum, and give it more cost limit.",
    needs=("primary",),
    limits=(_STALE,),
)
def autovacuum_lag(seen: Seen, minutes: float) -> Iterator[Found]:
    """Tables and TOAST tables beyond the trigger point whose last VACUUM is long ago."""
    catalog = seen.catalog
    now, busy = catalog.server.now, _at_work(catalog)

    def lags(heap: Heap) -> bool:
        usage = heap.usage
        old = is_old(now, minutes, usage.last_vacuum, usage.last_autovacuum)
        return old and heap.table.oid not in busy and usage.dead > _point(catalog, heap.table)

    for tree in trees(catalog, lags):
        worst = max(tree, key=lambda heap: heap.usage.dead)
        dead = sum(heap.usage.dead for heap in tree)
        point = _point(catalog, worst.table)
        last = days_ago(now, latest(worst.usage.last_vacuum, worst.usage.last_autovacuum))
        yield Found(
            object=(worst.root.schema, worst.root.name),
            object_type=type_of(worst.root),
            message=f"{told_of(tree)} has {dead} dead rows; autovacuum should have come at {point:.0f}{_last(last)}.",
            evidence={"dead": dead, "autovacuum_at": point, "last_vacuum_days": last, "tables": named(tree)},
            fix=vacuum([heap.table for heap in tree]),
            confidence="likely",
            comment=table_comment(worst.root),
        )
    yield from _toast_lag(catalog, busy, minutes)


def _last(days: float | None) -> str:
    return ", and no VACUUM is known" if days is None else f", and the last VACUUM was {days:g} days ago"


def _toast_lag(catalog: Catalog, busy: frozenset[int], minutes: float) -> Iterator[Found]:
    now = catalog.server.now
    for heap in heaps(catalog):
        table, toast = heap.table, catalog.toast.get(heap.table.oid)
        if toast is None or toast.oid in busy or not is_old(now, minutes, toast.last_vacuum, toast.last_autovacuum):
            continue
        point = vacuum_point(options_of(catalog.settings, toast.options, table.options), toast.rows)
        if toast.dead > point:
            last = days_ago(now, latest(toast.last_vacuum, toast.last_autovacuum))
            yield Found(
                object=(table.schema, table.name),
                object_type=type_of(table),
                detail="TOAST",
                message=f"The TOAST table of {table.name} has {toast.dead} dead chunks; autovacuum should have come at "
                f"{point:.0f}{_last(last)}.",
                evidence={"dead": toast.dead, "autovacuum_at": point, "last_vacuum_days": last},
                fix=vacuum([table]),
                confidence="likely",
                comment=table_comment(table),
            )


@GROUP.check(
    "autovacuum-insert-lag",
    severity="info",
    level="extended",
    title="A table with many inserted rows that no VACUUM has seen",
    why="Index-only scans look into the table for every row until a VACUUM has marked its pages, and rows that were "
    "never frozen are all frozen at once later, when autovacuum comes against wraparound.",
    how="Rows inserted since the last VACUUM are more than autovacuum_vacuum_insert_threshold plus "
    "autovacuum_vacuum_insert_scale_factor of the rows (from 18 on only of the share of pages that is not frozen), and "
    "the last VACUUM is more than an hour ago or unknown.",
    avoids="Tables for which this trigger is switched off (-1), and those that are being vacuumed.",
    fix="VACUUM the table once after a bulk load.",
    needs=("primary",),
    limits=(_STALE,),
)
def autovacuum_insert_lag(seen: Seen, minutes: float) -> Iterator[Found]:
    """Tables beyond the trigger point for inserted rows."""
    catalog = seen.catalog
    now, busy = catalog.server.now, _at_work(catalog)

    def point_of(heap: Heap) -> float | None:
        options = options_of(catalog.settings, heap.table.options)
        return insert_point(options, heap.table.rows, heap.table.pages, heap.usage.frozen_pages)

    def lags(heap: Heap) -> bool:
        usage, point = heap.usage, point_of(heap)
        if point is None or usage.inserted_since_vacuum <= point or heap.table.oid in busy:
            return False
        return is_old(now, minutes, usage.last_vacuum, usage.last_autovacuum)

    for tree in trees(catalog, lags):
        worst = max(tree, key=lambda heap: heap.usage.inserted_since_vacuum)
        inserted = sum(heap.usage.inserted_since_vacuum for heap in tree)
        point = point_of(worst) or 0.0
        yield Found(
            object=(worst.root.schema, worst.root.name),
            object_type=type_of(worst.root),
            message=f"{inserted} rows were inserted into {told_of(tree)} since its last VACUUM; "
            f"autovacuum should have come at {point:.0f}.",
            evidence={"inserted_since_vacuum": inserted, "autovacuum_at": point, "tables": named(tree)},
            fix=vacuum([heap.table for heap in tree]),
            confidence="likely",
            comment=table_comment(worst.root),
        )


@GROUP.check(
    "autovacuum-disabled",
    severity="error",
    title="A table for which autovacuum is switched off",
    why="Nobody removes its dead rows and nobody renews its statistics, until autovacuum comes against wraparound for "
    "all of it at once. The option is set for one bulk load and then forgotten.",
    how="The storage option autovacuum_enabled of the table, or of its TOAST table, is false.",
    avoids="Thresholds that were merely changed are not told. A server without autovacuum is told by autovacuum-off.",
    fix="RESET the option. Where something else vacuums the table, accept the finding with a reason.",
)
def autovacuum_disabled(seen: Seen) -> Iterator[Found]:
    """Tables with autovacuum_enabled=false, and TOAST tables too."""
    for table in seen.catalog.own:
        if table.kind not in "rm":
            continue
        toast = seen.catalog.toast.get(table.oid)
        for what, prefix, options in (("", "", table.options), ("The TOAST table of ", "toast.", _of(toast))):
            said = option_values(options).get("autovacuum_enabled")
            if is_off(said):
                yield Found(
                    object=(table.schema, table.name),
                    object_type=type_of(table),
                    detail=prefix,
                    message=f"{what}{name_of(table)} has {prefix}autovacuum_enabled={said}: nobody removes its dead "
                    "rows.",
                    evidence={"option": f"{prefix}autovacuum_enabled", "value": said},
                    fix=reset_option(table, "autovacuum_enabled", prefix, options),
                    comment=table_comment(table),
                )


def _of(toast: Toast | None) -> tuple[str, ...]:
    return () if toast is None else toast.options
