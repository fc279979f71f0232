# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What checks share in telling of objects: lists in sentences, partition trees as one, where pragmas stand."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ...model.catalog.relations import Relation
from ...model.catalog.snapshot import Catalog
from ...model.finding import NotChecked
from .fixes import name_of

MOST_LISTED = 5


def listed(names: Sequence[str], most: int = MOST_LISTED) -> str:
    """Names in a sentence: `a, b and 3 more`."""
    if len(names) <= most:
        return ", ".join(names[:-1]) + " and " + names[-1] if len(names) > 1 else "".join(names)
    return f"{', '.join(names[:most])} and {len(names) - most} more"


def counted(number: int, thing: str) -> str:
    """`1 column`, `3 columns`."""
    return f"{number:,} {thing}" if number == 1 else f"{number:,} {thing}s"


def size_text(size: float) -> str:
    """Bytes as PostgreSQL spells sizes: `16 kB`, `12 MB`."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if size < 10240:
            return f"{size:.0f} {unit}"
        size /= 1024
    return f"{size:,.0f} TB"


def not_seen(check: str, relations: Iterable[Relation], why: str) -> list[NotChecked]:
    """One entry for all relations of which a check could not see enough; none where there are none."""
    names = sorted(name_of(relation) for relation in relations)
    return [NotChecked(check, f"{why}: {listed(names)}", names[0] if len(names) == 1 else "")] if names else []


def by_root(catalog: Catalog, relations: Iterable[Relation]) -> dict[Relation, list[Relation]]:
    """Tables under the partitioned table at the top of their tree, or under themselves, in the order of names."""
    found: dict[Relation, list[Relation]] = {}
    for relation in relations:
        found.setdefault(catalog.root(relation), []).append(relation)
    return dict(sorted(found.items(), key=lambda pair: (pair[0].schema, pair[0].name)))


def partitions_named(root: Relation, below: Sequence[Relation]) -> str:
    """` (partitions a, b)` where a finding at the root is about some of its partitions; '' where it is the root."""
    return "" if list(below) == [root] else f" (partitions {listed([one.name for one in below])})"


def table_comment(relation: Relation, column: int = 0) -> tuple[tuple[str, int, int], ...]:
    """Where a pragma about a table, or one of its columns, may stand."""
    whole = ("pg_class", relation.oid, 0)
    return (("pg_class", relation.oid, column), whole) if column else (whole,)
