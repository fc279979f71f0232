# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What each write through a view means: the values that `decide` fills and the generator reads."""

from __future__ import annotations

from dataclasses import dataclass

from ..model.catalog.view import UniqueIndex
from .shape import Part, Place, Shape

#: The condition name of PostgreSQL for what a view cannot do.
FEATURE_NOT_SUPPORTED = "0A000"


@dataclass(frozen=True)
class ColumnPolicy:
    """What may be written to one view column.

    `update_refusal` and `insert_refusal` are the ends of a sentence, None where the write is taken.
    `keeps_null` tells that NULL in an INSERT is a value, not an omission.
    """

    place: Place
    update_refusal: str | None
    insert_refusal: str | None
    keeps_null: bool


@dataclass(frozen=True)
class Policy:
    """Everything the generated functions need to know. `shape.parts` stand in writing order.

    `lookups` holds, for each part that is not key-preserved, the unique keys by which an INSERT may find its row.
    `deletes` are the parts a DELETE removes, in that order; empty when `delete_refusal` says why. `probe_refusal` says
    why the triggers must not be tried in the name of the view's owner.
    """

    shape: Shape
    root: Part
    columns: tuple[ColumnPolicy, ...]
    on_conflict: str
    conflict_key: tuple[str, ...]
    fixed: dict[int, dict[str, str]]
    lookups: dict[int, tuple[UniqueIndex, ...]]
    deletes: tuple[Part, ...]
    insert_refusal: str | None
    delete_refusal: str | None
    probe_refusal: str | None
    follows: bool
    skips_concurrent: bool
    definer: bool

    def at(self, part: int, column: str) -> ColumnPolicy | None:
        """The policy of the first view column that shows this table column."""
        return next(
            (c for c in self.columns if (c.place.part, c.place.column.name) == (part, column)),
            None,
        )
