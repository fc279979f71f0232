# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Decides what a join view is: which tables stand for its rows, how they hang together, where each column lives.

Pure: from a `ViewReading` to a `Shape`, or a `RefusedError` that says why nothing can be derived.
A table is *key-preserved* when every row of it appears in at most one row of the view: every other table is then
reached from it by equalities that cover a unique key of the reached table.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..model.catalog.view import (
    Attribute,
    Column,
    Equality,
    JoinedRelation,
    Table,
    UniqueIndex,
    View,
    ViewColumn,
    ViewReading,
)
from ..model.errors import RefusedError
from ..model.identifiers import quote_ident


@dataclass(frozen=True)
class Part:
    """One joined table. `index` is its place in the view's range table, `symbol` its alias in generated SQL, `label`
    how sentences call it: with its alias only where the table is joined more than once, since PostgreSQL makes up
    another alias when a view of renamed tables is dumped and restored.

    `key` finds one row of it (None where a not key-preserved part has none); `parents` are the indexes of the parts
    that must exist before it.
    """

    index: int
    alias: str
    symbol: str
    label: str
    table: Table
    preserved: bool
    key: UniqueIndex | None
    parents: tuple[int, ...]

    @property
    def sql_name(self) -> str:
        """The table as SQL names it."""
        return f"{quote_ident(self.table.schema)}.{quote_ident(self.table.name)}"


@dataclass(frozen=True)
class Place:
    """Where a view column lives: the part's index and the table's column; `relabelled` as in `Target`."""

    view_column: ViewColumn
    part: int
    column: Column
    relabelled: bool


@dataclass(frozen=True)
class JoinedClass:
    """Columns that the join makes equal: pairs of part index and column name."""

    members: tuple[tuple[int, str], ...]


@dataclass(frozen=True)
class KeyColumn:
    """One column of the key that finds a view's row: shown as `view_column`, compared with `equality`."""

    view_column: str
    part: int
    column: str
    equality: str


@dataclass(frozen=True)
class Shape:
    """All that is derived of a view. `parts` stand parents first; `joins` are SQL conditions over the symbols."""

    view: View
    parts: tuple[Part, ...]
    places: tuple[Place, ...]
    classes: tuple[JoinedClass, ...]
    joins: tuple[str, ...]
    row_key: tuple[KeyColumn, ...]

    @property
    def sql_name(self) -> str:
        """The view as SQL names it."""
        return f"{quote_ident(self.view.schema)}.{quote_ident(self.view.name)}"

    @property
    def preserved(self) -> tuple[Part, ...]:
        """The key-preserved parts, parents first."""
        return tuple(part for part in self.parts if part.preserved)

    def part(self, index: int) -> Part:
        """The part with that range table index."""
        return next(part for part in self.parts if part.index == index)

    def joined(self, part: int, column: str) -> JoinedClass | None:
        """The class a table's column belongs to, None when the join does not use it."""
        return next((group for group in self.classes if (part, column) in group.members), None)

    def shown(self, part: int, column: str) -> str | None:
        """The view column that shows this table column, or one that the join makes equal to it."""
        group = self.joined(part, column)
        members = ((part, column), *(group.members if group else ()))
        for member in members:
            for place in self.places:
                if (place.part, place.column.name) == member:
                    return place.view_column.name
        return None


def derive_shape(reading: ViewReading) -> Shape:
    """What the view is.

    :raises RefusedError: with every reason why writes through it cannot be derived.
    """
    view, query = reading.view, reading.view.query
    _refuse(view, list(query.obstacles))
    if not query.relations:
        _refuse(view, ["no table at all"])
    _refuse(view, _table_obstacles(reading))
    columns = _columns(reading)
    _refuse(view, _name_obstacles(reading))
    if reading.rule_columns and not set(_used(reading, columns)) <= reading.rule_columns:
        raise _refusal(view, "its stored query does not agree with what the catalog notes of the columns it uses")
    classes = _classes(reading, columns)
    reach = _Reach(reading, columns)
    preserved = {relation.index for relation in query.relations if reach.from_one(relation.index)}
    if not preserved:
        raise _refusal(
            view,
            "no table of the join is key-preserved: for each one, some other table is joined by columns that no "
            "unique key of it covers, so that a row of the view does not stand for one row of any table",
        )
    parts = _ordered(reading, preserved, classes, reach)
    places = _places(view, columns)
    draft = Shape(view, parts, places, classes, _join_conditions(reading, columns, parts), ())
    return Shape(view, parts, places, classes, draft.joins, _row_key(draft))


def _refuse(view: View, obstacles: list[str]) -> None:
    if obstacles:
        raise _refusal(view, "it has " + ", ".join(obstacles))


def _refusal(view: View, why: str) -> RefusedError:
    name = f"{quote_ident(view.schema)}.{quote_ident(view.name)}"
    return RefusedError(f"The view {name} cannot be made writable: {why}. Nothing was touched.", view=name)


def _table_obstacles(reading: ViewReading) -> list[str]:
    words = {"v": "the view", "m": "the materialized view", "f": "the foreign table"}
    obstacles = (
        [f"a rule ({', '.join(reading.view.rules)}), which acts before any trigger"] if reading.view.rules else []
    )
    if any(not reading.operator_families.get(equality.operator) for equality in reading.view.query.equalities):
        obstacles.append("a condition that is not an equality")
    for relation in reading.view.query.relations:
        table = reading.tables[relation.oid]
        if table.kind in words:
            obstacles.append(f"{words[table.kind]} {table.schema}.{table.name} in FROM")
        elif table.has_children:
            obstacles.append(f"the table {table.schema}.{table.name}, which has child tables that no unique key covers")
    return obstacles


def _used(reading: ViewReading, columns: dict[Attribute, Column]) -> list[tuple[int, int]]:
    oids = {relation.index: relation.oid for relation in reading.view.query.relations}
    return [(oids[attribute.relation], attribute.number) for attribute in columns]


def _name_obstacles(reading: ViewReading) -> list[str]:
    """Names go into generated code. One with a line break could end a comment there, or be broken by indentation."""
    view = reading.view
    names = [view.schema, view.name, view.owner, *reading.operator_names.values(), *reading.cast_names.values()]
    names += [text for column in view.columns for text in (column.name, column.type)]
    names += [relation.alias for relation in view.query.relations]
    for table in reading.tables.values():
        names += [table.schema, table.name]
        names += [text for column in table.columns for text in (column.name, column.type)]
        names += [operator for unique in table.unique_indexes for operator in unique.equality]
    odd = dict.fromkeys(name for name in names if not name.isprintable())
    return [f"the name {name!r} with a character that cannot be printed" for name in odd]


def _columns(reading: ViewReading) -> dict[Attribute, Column]:
    """Every column the query refers to."""
    query = reading.view.query
    oids = {relation.index: relation.oid for relation in query.relations}
    wanted = [side for equality in query.equalities for side in (equality.left, equality.right)]
    wanted += [target.source for target in query.targets if target.source is not None]
    columns = {}
    for attribute in wanted:
        column = reading.tables[oids[attribute.relation]].column_numbered(attribute.number)
        if column is None:
            raise _refusal(reading.view, f"a column of {oids[attribute.relation]} cannot be found in the catalog")
        columns[attribute] = column
    return columns


def _classes(reading: ViewReading, columns: dict[Attribute, Column]) -> tuple[JoinedClass, ...]:
    groups: list[set[tuple[int, str]]] = []
    for equality in reading.view.query.equalities:
        pair = {(side.relation, columns[side].name) for side in (equality.left, equality.right)}
        touching = [group for group in groups if group & pair]
        groups = [group for group in groups if not group & pair]
        groups.append(pair.union(*touching))
    return tuple(JoinedClass(tuple(sorted(group))) for group in sorted(groups, key=sorted))


class _Reach:
    """Which tables determine which others, by equalities that cover a unique key of the reached one."""

    def __init__(self, reading: ViewReading, columns: dict[Attribute, Column]) -> None:
        self._reading = reading
        self._columns = columns
        self._relations = {relation.index: relation for relation in reading.view.query.relations}

    def from_one(self, start: int) -> bool:
        """Whether all others follow from the row of `start`."""
        reached = {start}
        while True:
            more = {index for index in self._relations if index not in reached and self.key_by(index, reached)}
            if not more:
                return reached == set(self._relations)
            reached |= more

    def key_by(self, index: int, known: set[int]) -> UniqueIndex | None:
        """A unique key of `index` whose columns are all equal to columns of `known` tables."""
        equal: dict[str, set[int]] = {}
        for equality in self._reading.view.query.equalities:
            for mine, other in ((equality.left, equality.right), (equality.right, equality.left)):
                if mine.relation == index and other.relation in known and self._same_equality(mine, equality):
                    families = self._reading.operator_families.get(equality.operator, ())
                    equal.setdefault(self._columns[mine].name, set()).update(families)
        for unique in self._reading.tables[self._relations[index].oid].unique_indexes:
            if all(family in equal.get(name, set()) for name, family in zip(unique.columns, unique.families)):
                return unique
        return None

    def _same_equality(self, mine: Attribute, equality: Equality) -> bool:
        """Whether the join calls equal what the column's unique key calls equal, as far as collations decide it."""
        own, loose = self._columns[mine].collation, self._reading.loose_collations
        return own == equality.collation or not {own, equality.collation} & loose

    def references(self, child: int, parent: int) -> bool:
        """Whether `child` holds the other's key: by a foreign key along the join, else by which side is unique."""
        pairs = self._pairs(child, parent)
        if not pairs:
            return False
        if self._foreign_key(child, parent, pairs):
            return True
        back = {(theirs, mine) for mine, theirs in pairs}
        if self._foreign_key(parent, child, back):
            return False
        return bool(self.key_by(parent, {child})) and not self.key_by(child, {parent})

    def _pairs(self, one: int, other: int) -> set[tuple[str, str]]:
        pairs = set()
        for equality in self._reading.view.query.equalities:
            for mine, theirs in ((equality.left, equality.right), (equality.right, equality.left)):
                if (mine.relation, theirs.relation) == (one, other):
                    pairs.add((self._columns[mine].name, self._columns[theirs].name))
        return pairs

    def _foreign_key(self, child: int, parent: int, pairs: set[tuple[str, str]]) -> bool:
        table = self._reading.tables[self._relations[child].oid]
        return any(
            key.references == self._relations[parent].oid and set(zip(key.columns, key.referenced_columns)) <= pairs
            for key in table.foreign_keys
        )


def _ordered(
    reading: ViewReading, preserved: set[int], classes: tuple[JoinedClass, ...], reach: _Reach
) -> tuple[Part, ...]:
    """The parts, parents before children; ties keep the order of the view's FROM."""
    relations = {relation.index: relation for relation in reading.view.query.relations}
    parents = {
        child: tuple(sorted(parent for parent in relations if parent != child and reach.references(child, parent)))
        for child in relations
    }
    order: list[int] = []
    while len(order) < len(relations):
        ready = [index for index in relations if index not in order and set(parents[index]) <= set(order)]
        if not ready:
            raise _refusal(reading.view, "the foreign keys between its tables run in a circle")
        order.append(ready[0])
    return tuple(
        _part(reading, place, relations[index], index in preserved, parents[index], classes)
        for place, index in enumerate(order, 1)
    )


def _part(
    reading: ViewReading,
    place: int,
    relation: JoinedRelation,
    preserved: bool,
    parents: tuple[int, ...],
    classes: tuple[JoinedClass, ...],
) -> Part:
    table = reading.tables[relation.oid]
    label = f"{quote_ident(table.schema)}.{quote_ident(table.name)}"
    if sum(other.oid == relation.oid for other in reading.view.query.relations) > 1:
        label += f" ({quote_ident(relation.alias)})"
    joined = {name for group in classes for index, name in group.members if index == relation.index}
    usable = [
        unique
        for unique in table.unique_indexes
        if all(table.column(name).not_null or name in joined for name in unique.columns)
    ]
    key = usable[0] if usable else None
    return Part(relation.index, relation.alias, f"t{place}", label, table, preserved, key, parents)


def _places(view: View, columns: dict[Attribute, Column]) -> tuple[Place, ...]:
    """By place, not by name: renaming a view's column leaves its stored query as it was."""
    return tuple(
        Place(view_column, target.source.relation, columns[target.source], target.relabelled)
        for view_column, target in zip(view.columns, view.query.targets)
        if target.source is not None
    )


def _join_conditions(
    reading: ViewReading, columns: dict[Attribute, Column], parts: tuple[Part, ...]
) -> tuple[str, ...]:
    symbols = {part.index: part.symbol for part in parts}

    def side(attribute: Attribute, cast: int) -> str:
        spelled = f"{symbols[attribute.relation]}.{quote_ident(columns[attribute].name)}"
        return f"{spelled}::{reading.cast_names[cast]}" if cast else spelled

    return tuple(
        f"{side(equality.left, equality.left_cast)} {reading.operator_names[equality.operator]} "
        f"{side(equality.right, equality.right_cast)}"
        for equality in reading.view.query.equalities
    )


def _row_key(shape: Shape) -> tuple[KeyColumn, ...]:
    """The visible key of the first key-preserved part that has one."""
    for part in shape.preserved:
        for unique in part.table.unique_indexes:
            found = [
                _key_column(shape, part, name, equality) for name, equality in zip(unique.columns, unique.equality)
            ]
            if found and all(found):
                return tuple(key for key in found if key)
    names = ", ".join(part.label for part in shape.preserved)
    raise _refusal(
        shape.view, f"it shows no unique key without NULLs of {names}, so that a row of it cannot be found again"
    )


def _key_column(shape: Shape, part: Part, name: str, equality: str) -> KeyColumn | None:
    view_column = shape.shown(part.index, name)
    column = part.table.column(name)
    if view_column is None or not (column.not_null or shape.joined(part.index, name)):
        return None
    place = next(place for place in shape.places if place.view_column.name == view_column)
    if place.column.type != column.type:
        return None
    return KeyColumn(view_column, part.index, name, equality)
