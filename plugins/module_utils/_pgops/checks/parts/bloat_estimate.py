# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How many pages a table or B-tree would have without bloat, by the statistics of its columns: pure arithmetic.

The method is that of ioguix's queries (pgsql-bloat-estimation); columns of tables are laid out one after the other
here, so that padding is counted and not guessed. An estimate all the same: it knows average widths only, and what
HOT chains, dropped columns and deduplicated index entries do to a page it does not know.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

PAGE_HEADER = 24
LINE_POINTER = 4
TUPLE_HEADER = 23
INDEX_HEADER = 8
#: The null bitmap of an index entry, for 32 columns.
INDEX_NULLS = 4
BTREE_SPECIAL = 16
#: The limit of PostgreSQL on 64-bit machines.
ALIGN = 8
#: The longest value that needs no alignment: its length takes one byte.
SHORT = 127
_ALIGNMENTS = {"c": 1, "s": 2, "i": 4, "d": 8}


class Width(NamedTuple):
    """A column: mean width of its values in bytes, share of NULLs, and how its type is stored (`Type.length` and
    `Type.alignment`)."""

    width: float
    nulls: float = 0.0
    length: int = -1
    alignment: str = "i"


def aligned(size: float, to: int = ALIGN) -> float:
    """The size rounded up to a multiple."""
    return math.ceil(size / to) * to


def row_size(columns: Sequence[Width]) -> float:
    """The mean size of a row of a table in bytes, line pointer not counted."""
    header = TUPLE_HEADER
    if any(column.nulls > 0 for column in columns):
        header += (len(columns) + 7) // 8
    size, known = 0.0, True
    for column in columns:
        boundary = _boundary(column)
        # Behind a column whose length varies or that may be NULL nobody knows where the next one begins.
        padding = (-size) % boundary if known else (boundary - 1) / 2
        size += (padding + column.width) * (1.0 - column.nulls)
        known = known and column.length > 0 and column.nulls == 0
    whole = aligned(header) + size
    # A row is rounded up: exactly where its size is known, else by half of what it may be.
    return aligned(whole) if known else whole + (ALIGN - 1) / 2


def _boundary(column: Width) -> int:
    if column.length == -1 and column.width <= SHORT:
        return 1
    return _ALIGNMENTS.get(column.alignment, 1)


def table_pages(rows: float, columns: Sequence[Width], block: int = 8192, fillfactor: int = 100) -> float:
    """Pages that so many rows of a table need."""
    if rows <= 0:
        return 0.0
    usable = (block - PAGE_HEADER) * fillfactor / 100
    # What is left at a page's end is too small for one more row; wide rows are never split.
    fitting = max(1.0, usable / (row_size(columns) + LINE_POINTER))
    return math.ceil(rows / (math.floor(fitting) if fitting < 20 else fitting))


def toast_pages(chunks: float) -> float:
    """Pages that so many chunks of a TOAST table need at most: a chunk is made so that four fill a page."""
    return math.ceil(max(chunks, 0.0) / 4)


def btree_pages(rows: float, columns: Sequence[Width], block: int = 8192, fillfactor: int = 90) -> float:
    """Pages that a B-tree with so many entries needs, deduplication not counted; the inner ones are left out, as they
    are less than a hundredth."""
    if rows <= 0:
        return 1.0
    header = INDEX_HEADER + (INDEX_NULLS if any(column.nulls > 0 for column in columns) else 0)
    data = sum(column.width * (1.0 - column.nulls) for column in columns)
    entry = aligned(header) + aligned(math.ceil(data)) + LINE_POINTER
    usable = (block - PAGE_HEADER - BTREE_SPECIAL) * fillfactor / 100
    return 1.0 + math.ceil(rows / max(1.0, usable / entry))
