# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Checks of what the planner and the counters of use know."""

from __future__ import annotations

from collections.abc import Iterator

from ..model.catalog.relations import Relation
from ..model.catalog.snapshot import Catalog
from ..model.finding import Found, Limit, NotChecked
from ..model.measured import Wanted
from .check import Group
from .parts.autovacuum import analyze_point, options_of
from .parts.fixes import analyze
from .parts.heaps import Heap, days_ago, heaps, is_old, latest, named, told_of, trees, type_of
from .parts.telling import not_seen, table_comment
from .seen import Seen

GROUP = Group("statistics", "What the planner and the counters of use know of the tables.")

_MEGABYTE = 1024 * 1024


def _point(catalog: Catalog, table: Relation) -> float:
    return analyze_point(options_of(catalog.settings, table.options), table.rows)


def _never(heap: Heap) -> bool:
    """Whether neither VACUUM nor ANALYZE has ever counted the rows, by the catalog alone."""
    return heap.table.pages == 0 and heap.table.rows <= 0


def _want_sizes(catalog: Catalog) -> Wanted:
    return Wanted(sizes=frozenset(heap.table.oid for heap in heaps(catalog) if _never(heap)))


@GROUP.check(
    "statistics-stale",
    severity="warning",
    title="A table whose statistics are missing or out of date",
    why="The planner chooses how to run a query by what the last ANALYZE saw. After a load, a restore or an upgrade "
    "without ANALYZE it takes tables for nearly empty, and joins that should take milliseconds take minutes.",
    how="Rows changed since the last ANALYZE are more than PostgreSQL's own trigger point "
    "(autovacuum_analyze_threshold plus autovacuum_analyze_scale_factor of the rows; the table's own options count), "
    "and the last ANALYZE is more than an hour ago or unknown. Or no ANALYZE ever saw the table, and it is larger "
    "than the limit.",
    avoids="The age of the last ANALYZE alone means nothing: a table that never changes needs none. Small tables that "
    "nobody ever changed are not told. Partitions are told together, at the root.",
    fix="ANALYZE the table.",
    needs=("primary",),
    limits=(
        Limit("minutes", 60, "minutes", "The last ANALYZE is older than this; autovacuum looks every minute."),
        Limit("megabytes", 1, "MB", "A table that was never analyzed is at least so large."),
    ),
    wants=_want_sizes,
)
def statistics_stale(seen: Seen, minutes: float, megabytes: float) -> Iterator[Found]:
    """Tables beyond the trigger point of ANALYZE, and large ones that never had one."""
    catalog = seen.catalog
    now = catalog.server.now

    def changed(heap: Heap) -> bool:
        return heap.usage.modified_since_analyze > _point(catalog, heap.table)

    def stale(heap: Heap) -> bool:
        if not is_old(now, minutes, heap.usage.last_analyze, heap.usage.last_autoanalyze):
            return False
        large = seen.details.sizes.get(heap.table.oid, 0) >= megabytes * _MEGABYTE
        return changed(heap) or _never(heap) and large

    for tree in trees(catalog, stale):
        worst = max(tree, key=lambda heap: heap.usage.modified_since_analyze)
        rows = sum(heap.usage.modified_since_analyze for heap in tree)
        point = _point(catalog, worst.table)
        what = (
            f"{rows} rows of {told_of(tree)} changed since the last ANALYZE; autovacuum should have come at "
            f"{point:.0f}."
            if changed(worst)
            else f"No ANALYZE has ever seen {told_of(tree)}."
        )
        yield Found(
            object=(worst.root.schema, worst.root.name),
            object_type=type_of(worst.root),
            message=what,
            evidence={
                "modified_since_analyze": rows,
                "autovacuum_at": point,
                "last_analyze_days": days_ago(now, latest(worst.usage.last_analyze, worst.usage.last_autoanalyze)),
                "tables": named(tree),
            },
            fix=analyze([heap.table for heap in tree]),
            confidence="likely",
            comment=table_comment(worst.root),
        )


@GROUP.check(
    "partitioned-statistics",
    severity="warning",
    title="A partitioned table whose own statistics are missing or out of date",
    why="Autovacuum analyzes partitions and never the partitioned table above them. Without statistics of the whole "
    "the planner guesses how many rows and distinct values a query over several partitions meets.",
    how="The partitioned table was never analyzed (its reltuples are unknown), or the rows that its last ANALYZE "
    "counted differ from those of its partitions by more than half.",
    avoids="A tree with fewer rows than the limit is not told. Each tree is told once, at its root.",
    fix="ANALYZE the partitioned table, and do so on a schedule: ANALYZE ONLY from PostgreSQL 18 on, which leaves the "
    "partitions alone.",
    needs=("primary",),
    limits=(
        Limit("rows", 1000, "rows", "The partitions hold at least so many rows."),
        Limit("share", 50, "percent", "The last ANALYZE counted so much more or less than there is."),
    ),
)
def partitioned_statistics(seen: Seen, rows: float, share: float) -> Iterator[Found | NotChecked]:
    """Roots of partition trees without statistics of their own, or with old ones."""
    catalog = seen.catalog
    unknown = []
    for root in catalog.table_roots:
        if root.kind != "p":
            continue
        leaves = catalog.leaves(root)
        held = sum(_rows(catalog, leaf) for leaf in leaves)
        if held < rows:
            continue
        # Before 14 ANALYZE did not leave the number of rows behind.
        kept = catalog.server.major >= 14
        if not kept and not root.readable:
            unknown.append(root)
            continue
        never = root.rows < 0 if kept else not catalog.statistics.get(root.oid)
        if never or kept and abs(held - root.rows) * 100 > share * max(held, root.rows):
            newer = catalog.server.major >= 18
            yield Found(
                object=(root.schema, root.name),
                object_type="table",
                message=f"{root.name} was never analyzed as a whole, and its partitions hold about {held:.0f} rows."
                if never
                else f"The last ANALYZE of {root.name} counted {root.rows:.0f} rows; its partitions hold about "
                f"{held:.0f}.",
                evidence={"rows_in_partitions": held, "rows_analyzed": None if never else root.rows},
                fix=analyze([root], only=newer, below=() if newer else _below(catalog, root)),
                confidence="likely",
                comment=table_comment(root),
            )
    yield from not_seen("partitioned-statistics", unknown, "this role may not see whether there are statistics of")


def _rows(catalog: Catalog, leaf: Relation) -> float:
    usage = catalog.usage.get(leaf.oid)
    return max(leaf.rows, 0.0 if usage is None else float(usage.live), 0.0)


def _below(catalog: Catalog, root: Relation) -> tuple[Relation, ...]:
    children = catalog.children.get(root.oid, ())
    return tuple(found for child in children for found in (child, *_below(catalog, child)))


@GROUP.check(
    "hot-updates-rare",
    severity="info",
    level="extended",
    title="A table whose updates are hardly ever HOT",
    why="An update that changes no indexed column, and finds room on the row's own page, needs no new index entries "
    "(heap-only tuple). Every other one writes to each index of the table, and only VACUUM clears up behind it.",
    how="Of at least 10,000 updates fewer than 30 % were HOT (n_tup_hot_upd against n_tup_upd).",
    avoids="Tables without indexes, tables with few updates, and databases of which nobody knows how long they count.",
    fix="A person decides: a fillfactor of 80 or 90 makes room on the pages; indexes of columns that change often and "
    "that no query needs can go.",
    needs=("usage", "primary"),
    limits=(
        Limit("updates", 10000, "updates", "There were at least so many updates."),
        Limit("share", 30, "percent", "Less than this share of them was HOT."),
    ),
)
def hot_updates_rare(seen: Seen, updates: float, share: float) -> Iterator[Found]:
    """Tables with many updates of which few were HOT."""
    catalog = seen.catalog

    def rare(heap: Heap) -> bool:
        usage = heap.usage
        if usage.updated < max(updates, 1) or not catalog.indexes.get(heap.table.oid):
            return False
        return usage.hot_updated * 100 < share * usage.updated

    for tree in trees(catalog, rare):
        root = tree[0].root
        updated = sum(heap.usage.updated for heap in tree)
        hot = sum(heap.usage.hot_updated for heap in tree)
        # Known from PostgreSQL 16 on: whether room or an index is the reason.
        away = sum(heap.usage.newpage_updated or 0 for heap in tree)
        room = f"; {away} found no room on their page" if away else ""
        yield Found(
            object=(root.schema, root.name),
            object_type=type_of(root),
            message=f"{hot} of {updated} updates of {told_of(tree)} were HOT ({100 * hot / updated:.0f} %){room}.",
            evidence={
                "updates": updated,
                "hot": hot,
                "no_room": away,
                "days": round(seen.usage_days or 0.0, 1),
                "tables": named(tree),
            },
            confidence="likely",
            comment=table_comment(root),
        )


@GROUP.check(
    "statistics-reset-recently",
    severity="info",
    level="opt_in",
    title="Counters of use that cover a short time only",
    why="Whether an index is used, or how updates behave, cannot be told from the counters of a few days.",
    how="The counters of use began less than a week ago: they were reset, lost in a crash, or the database is new.",
    avoids="Where nobody knows since when they count, the check says so.",
    fix="Nothing is to be done but to wait.",
    needs=("usage",),
    limits=(Limit("days", 7, "days", "The counters cover less than this."),),
)
def statistics_reset_recently(seen: Seen, days: float) -> Iterator[Found]:
    """The database, while its counters are young."""
    covered = seen.usage_days
    if covered is not None and covered < days:
        yield Found(
            object=(seen.catalog.server.database,),
            object_type="database",
            message=f"The counters of use cover {covered:.1f} days only.",
            evidence={"days": round(covered, 2)},
        )
