# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the checks of maintenance share: tables with their counters, partition trees as one, and how long ago."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from ...model.catalog.relations import Relation, TableUsage
from ...model.catalog.snapshot import Catalog
from ...model.finding import Value
from ..seen import DAY
from .telling import partitions_named

#: Tables named in the evidence of one finding.
NAMED = 20


class Heap(NamedTuple):
    """A table or materialized view that holds rows itself, the table that findings name for it, and its counters."""

    table: Relation
    root: Relation
    usage: TableUsage


def heaps(catalog: Catalog) -> Iterator[Heap]:
    """All that holds rows of users; of a partition tree the leaves."""
    for table in catalog.own:
        usage = catalog.usage.get(table.oid)
        if table.kind in "rm" and usage is not None:
            yield Heap(table, catalog.root(table), usage)


def trees(catalog: Catalog, chosen: Callable[[Heap], bool]) -> list[list[Heap]]:
    """The chosen ones, those of one partition tree together."""
    found: dict[int, list[Heap]] = {}
    for heap in heaps(catalog):
        if chosen(heap):
            found.setdefault(heap.root.oid, []).append(heap)
    return list(found.values())


def type_of(table: Relation) -> str:
    """What the table is called in findings."""
    return "materialized view" if table.kind == "m" else "table"


def told_of(tree: list[Heap]) -> str:
    """The name of the tree's root, with its partitions where they are what is told of."""
    root = tree[0].root
    return root.name + partitions_named(root, [heap.table for heap in tree])


def named(tree: list[Heap]) -> list[Value]:
    """The tables of a tree for the evidence."""
    return [f"{heap.table.schema}.{heap.table.name}" for heap in tree[:NAMED]]


def days_ago(now: float, then: float | None) -> float | None:
    """How many days ago, None for never or unknown."""
    return None if then is None else round((now - then) / DAY, 2)


def latest(*times: float | None) -> float | None:
    """The latest of the times that are known."""
    return max((time for time in times if time is not None), default=None)


def is_old(now: float, minutes: float, *times: float | None) -> bool:
    """Whether the latest of the times is so long ago, or none is known."""
    last = latest(*times)
    return last is None or now - last > minutes * 60
