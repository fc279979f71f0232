# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How much of a table, TOAST table or index is unused: by estimate, and by measurement of the worst."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from ...model.catalog.relations import Column, ColumnStatistics, Index, Relation
from ...model.catalog.snapshot import Catalog
from ...model.identifiers import quote_qualified
from ...model.measured import Probe
from ..seen import Seen
from .autovacuum import option_values
from .bloat_estimate import Width, btree_pages, table_pages, toast_pages

#: How many of each kind are measured: each is read from end to end, but for pages that are known to be full.
MEASURED = 5
#: Only what seems to have lost this much is worth it.
_LEAST = 1024 * 1024
#: The type name, whose statistics do not tell how wide it is in an index.
_NAME = 19


@dataclass(frozen=True)
class Bloat:
    """What one relation takes and loses, in pages. `method` says how that is known; `certain`: it was measured."""

    table: Relation
    index: Index | None
    toast: bool
    pages: float
    lost: float
    method: str
    certain: bool = False
    oid: int = 0

    @property
    def share(self) -> float:
        """What is lost, in percent."""
        return 100 * self.lost / self.pages if self.pages > 0 else 0.0


def fillfactor(options: Iterable[str], default: int) -> int:
    """The fillfactor among storage options."""
    return int(option_values(options).get("fillfactor", default))


def _width(catalog: Catalog, column: Column, known: ColumnStatistics) -> Width:
    kind = catalog.types.get(column.type_oid)
    if kind is None:
        return Width(known.width, known.null_fraction)
    # A column of fixed length is as wide as its type, whatever was sampled.
    width = kind.length if kind.length > 0 else known.width
    return Width(width, known.null_fraction, kind.length, kind.alignment)


def table_bloat_of(catalog: Catalog, table: Relation) -> Bloat | None:
    """The estimate for a table; None where nothing can be said."""
    if table.kind not in "rm" or table.access_method != "heap" or table.pages <= 0 or table.rows <= 0:
        return None
    statistics = catalog.statistics.get(table.oid, {})
    # Virtual columns are not stored.
    columns = [column for column in catalog.columns.get(table.oid, ()) if column.generated != "v"]
    if not columns or any(column.name not in statistics for column in columns):
        return None
    widths = [_width(catalog, column, statistics[column.name]) for column in columns]
    need = table_pages(table.rows, widths, catalog.server.block_size, fillfactor(table.options, 100))
    return Bloat(table, None, False, table.pages, max(0.0, table.pages - need), "estimate", oid=table.oid)


def toast_bloat_of(catalog: Catalog, table: Relation) -> Bloat | None:
    """The least that is lost in the TOAST table; None where nothing can be said."""
    toast = catalog.toast.get(table.oid)
    if toast is None or toast.pages <= 0 or toast.rows < 0:
        return None
    lost = max(0.0, toast.pages - toast_pages(toast.rows))
    return Bloat(table, None, True, toast.pages, lost, "estimate", oid=toast.oid)


def index_bloat_of(catalog: Catalog, table: Relation, index: Index) -> Bloat | None:
    """The estimate for a B-tree; None where nothing can be said."""
    usable = index.method == "btree" and index.kind == "i" and index.valid and index.ready
    if not usable or index.pages <= 1 or index.rows < 0 or index.of_extension:
        return None
    statistics = catalog.statistics.get(table.oid, {})
    widths = []
    for number in index.columns:
        column = catalog.column(table.oid, number)
        if column is None or column.type_oid == _NAME or column.name not in statistics:
            return None
        widths.append(_width(catalog, column, statistics[column.name]))
    need = btree_pages(index.rows, widths, catalog.server.block_size, fillfactor(index.options, 90))
    return Bloat(table, index, False, index.pages, max(0.0, index.pages - need), "estimate", oid=index.oid)


def _key(check: str, bloat: Bloat) -> str:
    names = (bloat.table.schema, bloat.table.name) if bloat.index is None else (bloat.index.schema, bloat.index.name)
    return f"{check} {quote_qualified(*names)}"


def measure(catalog: Catalog, check: str, estimates: Iterable[Bloat]) -> list[Probe]:
    """Questions that measure the worst of them, where the functions are there and may be called.

    They are the extension's own and run no code of users.
    """
    index = check == "index-bloat"
    function = "pgstatindex" if index else "pgstattuple_approx"
    schema = catalog.measuring.get(function)
    if schema is None:
        return []
    least = _LEAST / catalog.server.block_size
    worst = sorted((one for one in estimates if one.lost >= least), key=lambda one: -one.lost)[:MEASURED]
    columns = (
        "index_size AS size, leaf_pages, avg_leaf_density"
        if index
        else "table_len AS size, dead_tuple_len AS dead, approx_free_space AS free"
    )
    call = quote_qualified(schema, function)
    return [
        Probe(
            key=_key(check, one),
            sql=f"SELECT {columns} FROM {call}({one.oid}::pg_catalog.oid::pg_catalog.regclass)",
            role=None,
            rows=max(one.table.rows, 0.0),
        )
        for one in worst
    ]


def measured(seen: Seen, check: str, estimated: Bloat) -> Bloat:
    """The measurement, where there is one; else the estimate, with the reason."""
    answer = seen.answers.get(_key(check, estimated))
    if answer is None:
        return estimated
    if not answer.rows:
        return replace(estimated, method=f"estimate; it could not be measured: {answer.problem}")
    (row,) = answer.rows
    block = seen.catalog.server.block_size
    pages = row["size"] / block
    if estimated.index is None:
        options = () if estimated.toast else estimated.table.options
        kept = pages * (100 - fillfactor(options, 100)) / 100
        lost = (row["dead"] + row["free"]) / block - kept
        return replace(estimated, pages=pages, lost=max(0.0, lost), method="pgstattuple_approx", certain=True)
    # An index without entries has no density.
    density = row["avg_leaf_density"] if row["leaf_pages"] else 0.0
    need = row["leaf_pages"] * density / fillfactor(estimated.index.options, 90)
    return replace(estimated, pages=pages, lost=max(0.0, pages - 1 - need), method="pgstatindex", certain=True)
