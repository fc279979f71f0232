# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Questions to the data that several checks put, as SQL, and what becomes of those that got no answer. Not a group.

Nothing but PostgreSQL's own operators and those of the keys themselves compares, each named with its schema; values are
shown by their types' output functions alone, never by casts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ...model.catalog.relations import Column, Constraint, Relation
from ...model.catalog.server import Operator
from ...model.catalog.snapshot import Catalog
from ...model.finding import NotChecked
from ...model.identifiers import quote_ident, quote_qualified
from ...model.measured import Details, Probe
from ..seen import Seen
from .fixes import name_of
from .telling import listed

#: Rows shown as examples, and the characters of a value that are shown.
SAMPLES = 3
LONGEST = 60
EQUALS = "OPERATOR(pg_catalog.=)"
DEFAULT_COLLATION = 100
#: Reasons told one by one; what is left is told together.
_MOST_REASONS = 5


@dataclass(frozen=True)
class Reference:
    """Columns that refer to columns of another table, by a foreign key or as a contract or their names have it.

    `operators` compare referenced with referencing column; None is PostgreSQL's own =. `full` is MATCH FULL.
    """

    child: Relation
    columns: tuple[Column, ...]
    parent: Relation
    referenced: tuple[Column, ...]
    operators: tuple[Operator | None, ...]
    full: bool = False

    @property
    def key(self) -> str:
        """The key of the question."""
        near = ", ".join(quote_ident(column.name) for column in self.columns)
        far = ", ".join(quote_ident(column.name) for column in self.referenced)
        return f"orphans {name_of(self.child)} ({near}) {name_of(self.parent)} ({far}) {self.full}"


def reference_of(catalog: Catalog, table: Relation, key: Constraint) -> Reference | None:
    """What a foreign key refers to; None where a part of it was not read."""
    parent = catalog.relations.get(key.references)
    near = tuple(catalog.column(key.table, number) for number in key.columns)
    far = tuple(catalog.column(key.references, number) for number in key.referenced_columns)
    columns = tuple(column for column in near if column is not None)
    referenced = tuple(column for column in far if column is not None)
    operators = tuple(catalog.operators[oid] for oid in key.operators if oid in catalog.operators)
    if parent is None or not len(columns) == len(referenced) == len(operators) == len(key.columns):
        return None
    return Reference(table, columns, parent, referenced, operators, key.match == "f")


def comparable(catalog: Catalog, near: Column, far: Column) -> bool:
    """Whether PostgreSQL's own = compares the two columns: of one type that it brings along, or both integers, both
    texts."""
    one, other = catalog.base_type(near.type_oid), catalog.base_type(far.type_oid)
    if one is None or other is None or not (one.builtin and other.builtin):
        return False
    integers, texts = {20, 21, 23}, {25, 1043}
    return one.oid == other.oid or any({one.oid, other.oid} <= kinds for kinds in (integers, texts))


def collations_wanted(references: Iterable[Reference]) -> frozenset[tuple[str, int]]:
    """Texts of the details: names of the collations that have to be said."""
    return frozenset(
        ("collation", far.collation)
        for reference in references
        for near, far in zip(reference.columns, reference.referenced)
        if _other_collation(near, far)
    )


def _other_collation(near: Column, far: Column) -> bool:
    return bool(near.collation and far.collation) and near.collation != far.collation


def orphans(catalog: Catalog, details: Details, reference: Reference) -> Probe:
    """How many rows refer to nothing (`violations`), and some of them (`samples`)."""
    child, parent = reference.child, reference.parent
    filled = [f"c.{quote_ident(column.name)} IS NOT NULL" for column in reference.columns]
    same = [
        _same(catalog, details, near, far, operator)
        for near, far, operator in zip(reference.columns, reference.referenced, reference.operators)
    ]
    where = (
        f"({(' OR ' if reference.full else ' AND ').join(filled)}) AND NOT EXISTS ("
        f"SELECT FROM {alone(parent)} AS p WHERE {' AND '.join(same)})"
    )
    rows = known_rows(catalog, child), known_rows(catalog, parent)
    return Probe(
        reference.key,
        counting(child, where, [column.name for column in reference.columns]),
        child.owner,
        (child.oid, parent.oid),
        None if None in rows else sum(number or 0.0 for number in rows),
    )


def _same(catalog: Catalog, details: Details, near: Column, far: Column, operator: Operator | None) -> str:
    left, right = f"p.{quote_ident(far.name)}", f"c.{quote_ident(near.name)}"
    if operator is not None:
        left, right = _as(catalog, left, far, operator.left), _as(catalog, right, near, operator.right)
    if _other_collation(near, far):
        # The server itself compares by the referenced column's.
        name = details.texts.get(("collation", far.collation))
        right = f"({right}) COLLATE {name}" if name else right
    spelled = EQUALS if operator is None else f"OPERATOR({quote_ident(operator.schema)}.{operator.name})"
    return f"{left} {spelled} {right}"


def _as(catalog: Catalog, expression: str, column: Column, wanted: int) -> str:
    """The column as the type that the operator takes, so that no other operator of that name is chosen."""
    base, kind = catalog.base_type(column.type_oid), catalog.types.get(wanted)
    if kind is None or kind.kind == "p" or (base is not None and base.oid == wanted and base.oid == column.type_oid):
        return expression
    return f"{expression}::{kind.name}"


def alone(relation: Relation) -> str:
    """The relation in a FROM: a partitioned table with its partitions, any other without those that inherit of it."""
    return name_of(relation) if relation.kind == "p" else f"ONLY {name_of(relation)}"


def counting(table: Relation, where: str, shown: Sequence[str], alias: str = "c") -> str:
    """A SELECT of how many rows of `table` meet a condition, with these columns of some of them."""
    return (
        f"SELECT count(*) AS violations, json_agg(x.sample) FILTER (WHERE x.place <= {SAMPLES}) AS samples FROM ("
        f"SELECT {sample(shown, alias)} AS sample, row_number() OVER () AS place "
        f"FROM {alone(table)} AS {alias} WHERE {where}) AS x"
    )


def sample(columns: Sequence[str], alias: str = "c") -> str:
    """Values of a row as a JSON list of texts, cut, NULL as null."""
    values = (f"{alias}.{quote_ident(name)}" for name in columns)
    shown = (f"CASE WHEN {one} IS NOT NULL THEN left(format('%s', {one}), {LONGEST}) END" for one in values)
    return f"json_build_array({', '.join(shown)})"


def perhaps_empty(catalog: Catalog) -> frozenset[int]:
    """Tables that had no page when they were last looked at: their files tell whether they have one now."""
    return frozenset(table.oid for table in catalog.tables if table.kind == "r" and table.pages == 0)


def known_rows(catalog: Catalog, relation: Relation) -> float | None:
    """About how many rows a read of a table meets; None where nobody counted yet."""
    total = 0.0
    for leaf in catalog.leaves(relation):
        usage = catalog.usage.get(leaf.oid)
        live = 0 if usage is None else usage.live
        if leaf.rows < 0 and not live:
            return None
        total += max(leaf.rows, float(live or 0))
    return total


def key_columns(catalog: Catalog, table: Relation) -> list[str]:
    """Names of the primary key's columns, by which a person finds a row; without a key none."""
    key = catalog.key_of.get(table.oid)
    return [] if key is None else list(catalog.column_names(table.oid, key.columns))


class Questions:
    """Walks through answers, and keeps why there are none."""

    def __init__(self, seen: Seen, check: str) -> None:
        self._seen = seen
        self._check = check
        self._unanswered: dict[str, list[str]] = {}

    def row(self, key: str, about: str) -> dict[str, Any] | None:
        """The first row of the answer to a question about an object; None where there is none."""
        answer = self._seen.answers.get(key)
        if answer is not None and answer.rows:
            return answer.rows[0]
        self.skip(about, "it was not asked" if answer is None else answer.problem or "it gave no row")
        return None

    def skip(self, about: str, reason: str) -> None:
        """Note that an object could not be checked."""
        self._unanswered.setdefault(reason, []).append(about)

    def left_out(self) -> Iterator[NotChecked]:
        """What could not be checked: one entry for each reason, or one for many."""
        reasons = sorted(self._unanswered.items(), key=lambda item: (-len(item[1]), item[0]))
        for reason, objects in reasons[:_MOST_REASONS]:
            yield self._entry(reason, objects)
        rest = [one for _reason, objects in reasons[_MOST_REASONS:] for one in objects]
        if rest:
            yield self._entry("for other reasons", rest)

    def _entry(self, reason: str, objects: list[str]) -> NotChecked:
        names = sorted(set(objects))
        if len(names) == 1:
            return NotChecked(self._check, reason, names[0])
        return NotChecked(self._check, f"{reason}: {len(names)} objects ({listed(names, 3)})")


def distinct(probes: Iterable[Probe | None]) -> list[Probe]:
    """Probes, each once."""
    return list({probe.key: probe for probe in probes if probe is not None}.values())


def object_name(relation: Relation, *more: str) -> str:
    """The object as SQL spells it, for entries about what was not checked."""
    return ".".join([quote_qualified(relation.schema, relation.name), *(quote_ident(name) for name in more)])
