# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where the values of an INSERT through a view come from: the new row, rows written before it, fixed values."""

from __future__ import annotations

from ..model.catalog.view import UniqueIndex
from ..model.identifiers import quote_ident
from .policy import ColumnPolicy, Policy
from .shape import Part
from .sql_text import row_of


def new(column: ColumnPolicy, source: str = "NEW") -> str:
    """The given value of a view column."""
    return f"{source}.{quote_ident(column.place.view_column.name)}"


def joined_value(policy: Policy, part: Part, column: str) -> str | None:
    """The value the join dictates: of a row written before, else of the view columns that show it."""
    return earlier_value(policy, part, column) or shown_value(policy, part, column)


def earlier_value(policy: Policy, part: Part, column: str) -> str | None:
    """The value of a joined column as a row written or found before this part has it."""
    shape = policy.shape
    group = shape.joined(part.index, column)
    if group is None:
        return None
    order = [earlier.index for earlier in shape.parts]
    for index, name in sorted(group.members, key=lambda member: order.index(member[0])):
        if order.index(index) < order.index(part.index):
            return f"{row_of(shape.part(index))}.{quote_ident(name)}"
    return None


def shown_value(policy: Policy, part: Part, column: str) -> str | None:
    """The value of a joined column as the new row gives it in any column that shows it."""
    group = policy.shape.joined(part.index, column)
    members = group.members if group else ()
    shown = [new(c) for c in policy.columns if (c.place.part, c.place.column.name) in members and not c.insert_refusal]
    return f"COALESCE({', '.join(shown)})" if len(shown) > 1 else (shown[0] if shown else None)


def select_by(part: Part, unique: UniqueIndex, values: list[str]) -> str:
    """Find one row of a part by a unique key and keep it in the part's variable."""
    found = " AND ".join(
        f"t.{quote_ident(name)} {equality} {value}"
        for name, equality, value in zip(unique.columns, unique.equality, values)
    )
    return f"SELECT t.* INTO {row_of(part)} FROM {part.sql_name} AS t WHERE {found};"


class Columns:
    """Which columns an INSERT into one part names: always, or only where a value was given."""

    def __init__(self, policy: Policy, part: Part) -> None:
        self.always: dict[str, str] = dict(policy.fixed.get(part.index, {}))
        self.omittable: dict[str, str] = {}
        self.given: dict[str, ColumnPolicy] = {}
        for name in sorted({n for group in policy.shape.classes for index, n in group.members if index == part.index}):
            earlier = earlier_value(policy, part, name)
            value = earlier or shown_value(policy, part, name)
            if value is not None:
                self._add(part, name, value, is_value=earlier is not None)
        for column in policy.columns:
            place = column.place
            name = place.column.name
            if place.part == part.index and not column.insert_refusal and not policy.shape.joined(part.index, name):
                self.given[name] = column
                self._add(part, name, new(column), is_value=column.keeps_null)

    def _add(self, part: Part, name: str, value: str, is_value: bool) -> None:
        """NULL means an omission only where the table would put something else than NULL."""
        column = part.table.column(name)
        can_be_omitted = column.default is not None or bool(column.identity)
        (self.omittable if can_be_omitted and not is_value else self.always)[name] = value
