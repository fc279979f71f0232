# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What makes one index the same as another, or lets one do the work of another. Pure; both must be of one table.

An index is told by its access method, its keys (column or deparsed expression, operator class, collation), their order,
its INCLUDE columns, its deparsed predicate, parameters, and what it keeps apart. Stored trees are of no use: they hold
places in the text they were parsed from, and so differ where the meaning does not.
"""

from __future__ import annotations

from typing import NamedTuple, Union

from ...model.catalog.relations import Index
from ...model.catalog.snapshot import Catalog

#: What an index is made of a column number, or of a text where it is an expression.
What = Union[int, str]
#: Parameters that change how an index is kept, not what it finds. Others (a BRIN index's pages_per_range, those of
#: extensions' access methods) make it another index.
UPKEEP = frozenset(
    {"autosummarize", "buffering", "deduplicate_items", "fastupdate", "fillfactor", "gin_pending_list_limit"}
)
#: Bits of a key's order: descending, nulls first. A scan from the other end reads both the other way round.
OTHER_END = 3


class Key(NamedTuple):
    """One key: what it is made of, how it is compared (operator family and type, or class), and its collation."""

    what: What
    compared: tuple[int, ...]
    collation: int


class Identity(NamedTuple):
    """All that tells an index from others of its table. `order` is that of the two directions that counts as smaller.

    `apart` is what it keeps apart: nothing (None), equal keys (whether NULLs are equal, whether at once), or what an
    exclusion constraint says, which is like no other.
    """

    method: str
    keys: tuple[Key, ...]
    order: tuple[int, ...]
    included: frozenset[int]
    predicate: str | None
    parameters: tuple[str, ...]
    class_parameters: str | None
    apart: tuple[int, ...] | None


def identity(catalog: Catalog, index: Index) -> Identity:
    """What tells this index from others of its table: two with the same do the same."""
    return Identity(
        method=index.method,
        keys=_keys(catalog, index),
        order=min(index.ordering, other_end(index.ordering)) if index.method == "btree" else index.ordering,
        included=frozenset(index.included).difference(index.key_columns),
        predicate=index.predicate,
        parameters=tuple(sorted(text for text in index.options if text.partition("=")[0] not in UPKEEP)),
        class_parameters=index.class_options,
        apart=_apart(index),
    )


def other_end(ordering: tuple[int, ...]) -> tuple[int, ...]:
    """The order in which a scan from the other end gives the rows."""
    return tuple(bits ^ OTHER_END for bits in ordering)


def usable(index: Index) -> bool:
    """Whether queries may be answered by the index, now and later."""
    return index.valid and index.ready and index.live


def covers(catalog: Catalog, wide: Index, narrow: Index) -> bool:
    """Whether a usable B-tree does all that another does, though it is not the same."""
    return usable(wide) and contains(identity(catalog, wide), wide, identity(catalog, narrow), narrow)


def contains(mine: Identity, wide: Index, its: Identity, narrow: Index) -> bool:
    """Whether a B-tree, told by its identity, does all that another does, though it is not the same.

    Its keys begin with the other's, in the same order or all of them the other way round; it holds all columns that the
    other holds, for the same rows; and where the other keeps keys apart, it keeps the same keys apart.
    """
    count = len(its.keys)
    if mine.method != "btree" or its.method != "btree" or mine == its or mine.keys[:count] != its.keys:
        return False
    if (mine.predicate, mine.parameters) != (its.predicate, its.parameters):
        return False
    if narrow.ordering not in (wide.ordering[:count], other_end(wide.ordering[:count])):
        return False
    if its.apart is not None and (its.apart != mine.apart or len(mine.keys) != count):
        return False
    return its.included.issubset(wide.columns)


def implied(catalog: Catalog, wide: Index, narrow: Index) -> bool:
    """Whether keys that one unique btree keeps apart are apart anyway, because another keeps fewer of them apart."""
    if not (narrow.unique and narrow.method == wide.method == "btree" and usable(narrow)) or narrow.exclusion:
        return False
    if narrow.predicate not in (None, wide.predicate) or wide.exclusion or not wide.unique:
        return False
    mine, its = set(_keys(catalog, wide)), set(_keys(catalog, narrow))
    if not its < mine or (wide.immediate and not narrow.immediate):
        return False
    # Without NULLS NOT DISTINCT rows with a NULL in the fewer keys may repeat; so they may in the more keys.
    return narrow.nulls_not_distinct or not wide.nulls_not_distinct or _never_null(catalog, narrow)


def _keys(catalog: Catalog, index: Index) -> tuple[Key, ...]:
    texts = index.key_texts or ("",) * index.keys
    return tuple(
        Key(number or text, _compared(catalog, index.method, operator_class), collation)
        for number, text, operator_class, collation in zip(index.key_columns, texts, index.classes, index.collations)
    )


def _compared(catalog: Catalog, method: str, oid: int) -> tuple[int, ...]:
    """Classes of one family for one type are one under several names (text_ops and varchar_ops) in these methods."""
    found = catalog.operator_classes.get(oid)
    return (oid,) if found is None or method not in ("btree", "hash") else (found.family, found.input_type)


def _apart(index: Index) -> tuple[int, ...] | None:
    if index.exclusion:
        return (index.oid,)
    return (int(index.nulls_not_distinct), int(index.immediate)) if index.unique else None


def _never_null(catalog: Catalog, index: Index) -> bool:
    columns = [catalog.column(index.table, number) for number in index.key_columns]
    return all(column is not None and column.not_null for column in columns)
