# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Checks of materialized views: whether they hold anything, can be refreshed under readers, and what they show."""

from __future__ import annotations

from collections.abc import Iterator

from ..model.catalog.relations import Index, Relation
from ..model.catalog.snapshot import Catalog
from ..model.finding import Fix, Found, Lock, Step
from .check import Group
from .parts.access import role_name
from .parts.fixes import ACCESS_EXCLUSIVE, name_of
from .parts.telling import listed, table_comment
from .parts.view_access import reached, readers, skips_row_security
from .seen import Seen

GROUP = Group(
    "materialized-views",
    "Materialized views: whether they hold anything, can be refreshed under readers, and what they show.",
)


def _materialized(catalog: Catalog) -> Iterator[Relation]:
    return (relation for relation in catalog.own if relation.kind == "m")


@GROUP.check(
    "matview-not-populated",
    severity="warning",
    title="A materialized view that was never filled",
    why="Every query that reads it fails: `materialized view has not been populated`. After a restore without a "
    "refresh, and after REFRESH .. WITH NO DATA, that is how it stands.",
    how="PostgreSQL's own mark (relispopulated).",
    avoids="An empty but populated materialized view is well.",
    fix="REFRESH MATERIALIZED VIEW. It runs the view's query, for as long as that takes.",
)
def matview_not_populated(seen: Seen) -> Iterator[Found]:
    """Materialized views that cannot be read."""
    catalog = seen.catalog
    for view in _materialized(catalog):
        if view.populated:
            continue
        first = sorted(
            {name_of(one.table) for one in reached(catalog, view) if one.table.kind == "m" and not one.table.populated}
        )
        yield Found(
            object=(view.schema, view.name),
            object_type="materialized view",
            message=f"The materialized view {view.name} holds nothing and cannot be read until it is refreshed.",
            evidence={"reads_unpopulated": list(first)},
            fix=None if first else _refresh(view),
            no_fix=f"It reads {listed(first)}, not populated either: refresh that first." if first else "",
            comment=table_comment(view),
        )


def _refresh(view: Relation) -> Fix:
    made = f"REFRESH MATERIALIZED VIEW {name_of(view)}"
    locks = (Lock(name_of(view), ACCESS_EXCLUSIVE),)
    return Fix(
        (Step((made,), locks=locks, rewrite="yes"),), (Step((f"{made} WITH NO DATA",), locks=locks, rewrite="yes"),)
    )


@GROUP.check(
    "matview-no-unique-index",
    severity="info",
    level="extended",
    title="A materialized view that cannot be refreshed under readers",
    why="REFRESH MATERIALIZED VIEW CONCURRENTLY compares old and new rows by a unique index. Without one, each refresh "
    "locks readers out for as long as the query takes.",
    how="It has no unique index that PostgreSQL takes for that: a valid btree index on columns alone, over all rows.",
    avoids="Indexes on expressions, of some rows only, or invalid ones do not serve.",
    fix="Create a unique index over the columns that tell the rows apart.",
)
def matview_no_unique_index(seen: Seen) -> Iterator[Found]:
    """Materialized views for which only the locking refresh works."""
    catalog = seen.catalog
    for view in _materialized(catalog):
        if not any(_tells_rows_apart(index) for index in catalog.indexes.get(view.oid, ())):
            yield Found(
                object=(view.schema, view.name),
                object_type="materialized view",
                message=f"No unique index lets the materialized view {view.name} be refreshed CONCURRENTLY.",
                evidence={"indexes": len(catalog.indexes.get(view.oid, ())), "rows": max(view.rows, 0.0)},
                no_fix="Which columns tell its rows apart is not written in the catalog: a person must name them.",
                comment=table_comment(view),
            )


def _tells_rows_apart(index: Index) -> bool:
    """What REFRESH .. CONCURRENTLY asks of an index."""
    usable = index.unique and index.immediate and index.valid and index.method == "btree"
    return usable and index.predicate is None and all(number > 0 for number in index.columns)


@GROUP.check(
    "matview-exposed",
    severity="warning",
    title="A materialized view that shows rows kept by row security",
    why="A materialized view is a copy: no policy of the tables it was made from holds for it, whoever reads.",
    how="It was granted to a role, or to PUBLIC, for whom the row security of a table in its query holds. Views below "
    "are followed.",
    avoids="Materialized views over tables without row security are not named, nor those that nobody else may read. "
    "Where the copy holds nothing that the policies would keep, suppress the finding with that reason.",
    fix="Grant the copy to those alone who may see all rows, or show it through a view that filters.",
)
def matview_exposed(seen: Seen) -> Iterator[Found]:
    """Materialized views that copy tables with row security and may be read by those whom it holds for."""
    catalog = seen.catalog
    for view in _materialized(catalog):
        who = readers(catalog, view)
        if not who:
            continue
        for table in sorted({one.table for one in reached(catalog, view) if one.table.row_security}):
            held = [role_name(role) for role in who if not skips_row_security(catalog, role, table)]
            if held:
                yield Found(
                    object=(view.schema, view.name),
                    object_type="materialized view",
                    message=f"The materialized view {view.name} copies {table.name}, which has row security, and "
                    f"{listed(held)} may read the copy.",
                    evidence={"table": name_of(table), "readers": list(held)},
                    confidence="likely",
                    no_fix="Who may see the copy is for a person to decide.",
                    detail=name_of(table),
                    comment=table_comment(view),
                )
