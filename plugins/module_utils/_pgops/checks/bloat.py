# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Checks of space that tables, indexes and the system's own catalogs take and do not use."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ..model.catalog.health import SystemTable
from ..model.catalog.relations import Relation
from ..model.catalog.snapshot import Catalog
from ..model.finding import Fix, Found, Limit, Lock, NotChecked, Step
from ..model.measured import Probe
from .check import Group
from .parts.bloat_found import Bloat, index_bloat_of, measure, measured, table_bloat_of, toast_bloat_of
from .parts.fixes import SHARE_UPDATE_EXCLUSIVE, reindex
from .parts.heaps import type_of
from .parts.telling import not_seen, table_comment
from .seen import Seen

GROUP = Group("bloat", "Space that tables and indexes take and do not use.")

_MEGABYTE = 1024 * 1024
_CAVEAT = (
    " An estimate knows average widths only: long values of one column, dropped columns and rows that are wider than "
    "usual mislead it. Where the extension pgstattuple is installed and this role may call it, the worst are measured."
)

#: Bytes that a row of a system catalog takes, its share of the page counted: PostgreSQL 14 to 18 as they are made.
#: Access lists make some wider, hence the factor before a catalog is called bloated.
CATALOG_ROWS = {
    "pg_attrdef": 250,
    "pg_attribute": 160,
    "pg_class": 300,
    "pg_constraint": 250,
    "pg_depend": 65,
    "pg_index": 220,
    "pg_inherits": 60,
    "pg_sequence": 90,
    "pg_shdepend": 70,
    "pg_trigger": 200,
    "pg_type": 220,
}
_FACTOR = 4


@GROUP.check(
    "catalog-bloat",
    severity="warning",
    title="A bloated system catalog",
    why="Programs that make temporary tables all day leave dead rows in pg_attribute, pg_class and pg_depend. Every "
    "query plans with these, and every tool that reads the catalog takes minutes for what is done in milliseconds.",
    how="The catalog is larger than the limit, and most of its rows are dead, or it is more than four times as large "
    "as its rows need (by the rows of a new cluster).",
    avoids="A database with many tables has large catalogs that are full: they are not told.",
    fix="VACUUM the catalog, and look for who holds old transactions (check oldest-transaction). Where space stays "
    "lost, VACUUM FULL of that catalog in a quiet minute gives it back; it shuts everybody out meanwhile.",
    needs=("primary",),
    limits=(
        Limit("megabytes", 32, "MB", "The catalog is at least so large."),
        Limit("share", 50, "percent", "At least this share of its rows is dead."),
    ),
)
def catalog_bloat(seen: Seen, megabytes: float, share: float) -> Iterator[Found]:
    """System catalogs with many dead rows, or with many empty pages."""
    block = seen.catalog.server.block_size
    for one in seen.catalog.system_tables:
        size = one.pages * block
        if size < megabytes * _MEGABYTE:
            continue
        dead = one.dead * 100 >= share * max(1, one.live + one.dead)
        need = CATALOG_ROWS.get(one.name, 0) * max(one.rows, 0.0)
        empty = need > 0 and size > _FACTOR * need
        if dead or empty:
            what = (
                f"{one.dead} of {one.live + one.dead} rows are dead"
                if dead
                else f"{one.rows:.0f} rows need about {need / _MEGABYTE:.0f} MB"
            )
            yield Found(
                object=("pg_catalog", one.name),
                object_type="system catalog",
                message=f"The system catalog {one.name} takes {size / _MEGABYTE:.0f} MB, and {what}.",
                evidence={"bytes": size, "rows": one.rows, "dead": one.dead, "live": one.live},
                fix=_vacuum_catalog(one) if dead else None,
                no_fix="VACUUM FULL gives the space back and shuts everybody out meanwhile: a person chooses the "
                "minute",
                confidence="likely",
            )


def _vacuum_catalog(one: SystemTable) -> Fix:
    name = f"pg_catalog.{one.name}"
    step = Step((f"VACUUM {name}",), False, (Lock(name, SHARE_UPDATE_EXCLUSIVE),))
    return Fix((step,), None, "VACUUM removes what nobody can see any more: there is nothing to take back")


_LIMITS = (
    Limit("megabytes", 100, "MB", "At least so much space is lost."),
    Limit("share", 50, "percent", "At least this share of the pages is lost."),
)


def _table_probes(seen: Seen) -> list[Probe]:
    return measure(seen.catalog, "table-bloat", _tables(seen.catalog))


def _tables(catalog: Catalog) -> Iterator[Bloat]:
    for table in catalog.own:
        found = table_bloat_of(catalog, table)
        if found is not None:
            yield found


@GROUP.check(
    "table-bloat",
    severity="info",
    level="extended",
    title="A table with much unused space",
    why="Whoever reads the whole table reads the empty pages too; they take memory, disk and time of every backup.",
    how="Pages are compared with what the rows need by the statistics of their columns, padding and fillfactor counted."
    + _CAVEAT,
    avoids="Small tables, tables without statistics, and other access methods than heap. Space that is kept free by "
    "fillfactor is not lost. Partitions stand for themselves.",
    fix="New rows fill the space after VACUUM. To give it back, pg_repack rewrites the table while it is in use; "
    "VACUUM FULL shuts everybody out meanwhile.",
    limits=_LIMITS,
    probes=_table_probes,
)
def table_bloat(seen: Seen, megabytes: float, share: float) -> Iterator[Found | NotChecked]:
    """Tables and materialized views with more pages than their rows need."""
    for bloat in _tables(seen.catalog):
        yield from _told(seen, "table-bloat", bloat, megabytes, share, None)
    yield from not_seen("table-bloat", _unreadable(seen.catalog, megabytes), _HIDDEN)


_HIDDEN = "this role sees no column statistics of"


def _unreadable(catalog: Catalog, megabytes: float) -> list[Relation]:
    """Tables that may hold that much lost space, and whose statistics are hidden from this role."""
    least = megabytes * _MEGABYTE / catalog.server.block_size
    return [table for table in catalog.own if table.kind in "rm" and not table.readable and table.pages >= least]


def _told(
    seen: Seen, check: str, estimated: Bloat, megabytes: float, share: float, fix: Fix | None
) -> Iterator[Found | NotChecked]:
    """The finding, by measurement where there is one; an estimate below the limits was not worth one."""
    block = seen.catalog.server.block_size
    bloat = measured(seen, check, estimated)
    lost = bloat.lost * block
    if lost < megabytes * _MEGABYTE or bloat.share < share:
        return
    table = bloat.table
    kind = "index" if bloat.index is not None else type_of(table)
    name = table.name if bloat.index is None else bloat.index.name
    yield Found(
        object=(table.schema, table.name) if bloat.index is None else (bloat.index.schema, bloat.index.name),
        object_type=kind,
        message=f"{'The TOAST table of ' if bloat.toast else ''}{name} takes {bloat.pages * block / _MEGABYTE:.0f} MB, "
        f"of which {'' if bloat.certain else 'about '}{lost / _MEGABYTE:.0f} MB ({bloat.share:.0f} %) are unused.",
        evidence={
            "bytes": bloat.pages * block,
            "unused_bytes": round(lost),
            "unused_percent": round(bloat.share, 1),
            "method": bloat.method,
            "caveat": "" if bloat.certain else _CAVEAT.strip(),
        },
        severity="warning" if bloat.certain else None,
        confidence="certain" if bloat.certain else "likely",
        fix=fix,
        comment=table_comment(table)
        if bloat.index is None
        else (("pg_class", bloat.index.oid, 0), *table_comment(table)),
    )


def _indexes(catalog: Catalog) -> Iterator[Bloat]:
    for table in catalog.own:
        for index in catalog.indexes.get(table.oid, ()):
            found = index_bloat_of(catalog, table, index)
            if found is not None:
                yield found


def _index_probes(seen: Seen) -> list[Probe]:
    return measure(seen.catalog, "index-bloat", _indexes(seen.catalog))


@GROUP.check(
    "index-bloat",
    severity="info",
    level="extended",
    title="A B-tree index with much unused space",
    why="An index that was once large stays large: pages that are nearly empty are read, kept in memory and written to "
    "the WAL like full ones.",
    how="Pages are compared with what the entries need (after ioguix's query), fillfactor counted. What deduplication "
    "saves is left out, so that an estimate errs on the small side." + _CAVEAT,
    avoids="Small indexes, those over expressions or columns of type name, other methods than B-tree, and invalid "
    "ones.",
    fix="REINDEX INDEX CONCURRENTLY.",
    limits=_LIMITS,
    probes=_index_probes,
)
def index_bloat(seen: Seen, megabytes: float, share: float) -> Iterator[Found | NotChecked]:
    """B-trees with more pages than their entries need."""
    for bloat in _indexes(seen.catalog):
        if bloat.index is not None:
            fix = reindex(bloat.table, bloat.index)
            yield from _told(seen, "index-bloat", bloat, megabytes, share, fix)
    yield from not_seen("index-bloat", _unreadable(seen.catalog, megabytes), _HIDDEN)


def _toasts(catalog: Catalog) -> Iterable[Bloat]:
    for table in catalog.own:
        found = toast_bloat_of(catalog, table)
        if found is not None:
            yield found


def _toast_probes(seen: Seen) -> list[Probe]:
    return measure(seen.catalog, "toast-bloat", _toasts(seen.catalog))


@GROUP.check(
    "toast-bloat",
    severity="info",
    level="extended",
    title="A TOAST table with much unused space",
    why="Long values live in a table of their own beside each table. It grows and is forgotten by most reports: a "
    "table of some megabytes can have a hundred gigabytes of it.",
    how="Chunks are cut so that four fill a page: chunks divided by four are the most pages that they can need. So at "
    "least what is told is unused. Where the extension pgstattuple is installed and this role may call it, the worst "
    "are measured.",
    avoids="Small TOAST tables, and those that no VACUUM has counted.",
    fix="New values fill the space after VACUUM; to give it back, the table must be rewritten (pg_repack, VACUUM "
    "FULL).",
    limits=_LIMITS,
    probes=_toast_probes,
)
def toast_bloat(seen: Seen, megabytes: float, share: float) -> Iterator[Found | NotChecked]:
    """TOAST tables with more pages than their chunks need."""
    for bloat in _toasts(seen.catalog):
        yield from _told(seen, "toast-bloat", bloat, megabytes, share, None)
