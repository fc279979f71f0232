# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Checks of sequences against the columns that they number."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from ..model.catalog.relations import Column, Relation, Sequence
from ..model.catalog.snapshot import Catalog
from ..model.finding import Fix, Found, Limit, Lock, NotChecked, Step
from ..model.identifiers import quote_ident, quote_literal
from ..model.measured import Probe, Wanted
from .check import Group
from .parts.fixes import ROW_EXCLUSIVE, name_of
from .parts.questions import Questions, alone, object_name, perhaps_empty
from .parts.telling import table_comment
from .seen import Seen

GROUP = Group("data-sequences", "Sequences against the rows that they have numbered.")

#: smallint, integer, bigint and numeric, with the greatest number each holds.
_NUMBERS = {21: 2**15 - 1, 23: 2**31 - 1, 20: 2**63 - 1, 1700: 2**63 - 1}


@dataclass(frozen=True)
class _Numbered:
    """A column that must be unique by itself, and the sequence that fills it."""

    table: Relation
    column: Column
    sequence: Relation
    parameters: Sequence
    greatest: int

    @property
    def key(self) -> str:
        return f"sequence {name_of(self.sequence)} {name_of(self.table)} {self.column.name}"


def _numbered(seen: Seen) -> Iterator[_Numbered]:
    catalog = seen.catalog
    for use in catalog.sequence_uses:
        table, sequence = catalog.relations.get(use.table), catalog.relations.get(use.sequence)
        column, parameters = catalog.column(use.table, use.column), catalog.sequences.get(use.sequence)
        if table is None or sequence is None or column is None or parameters is None or seen.is_empty(table):
            continue
        base = catalog.base_type(column.type_oid)
        filled = use.link != "a" or "nextval(" in (column.default or "")
        shared = table.is_partition or table.of_extension or table.kind not in "rp"
        if shared or not filled or base is None or base.oid not in _NUMBERS:
            continue
        # Steps of more than one mostly number several servers in turn: values of another are in nobody's way.
        if abs(parameters.increment) == 1 and not parameters.cycle and _alone_unique(catalog, table, column):
            yield _Numbered(table, column, sequence, parameters, _NUMBERS[base.oid])


def _alone_unique(catalog: Catalog, table: Relation, column: Column) -> bool:
    return any(
        index.unique
        and index.valid
        and index.method == "btree"
        and index.key_columns == (column.number,)
        and index.predicate is None
        for index in catalog.indexes.get(table.oid, ())
    )


def _ask(seen: Seen) -> list[Probe]:
    """One statement reads both: what its snapshot sees was numbered before, so no insert in between deceives."""
    found = []
    for one in _numbered(seen):
        up = one.parameters.increment > 0
        name, table = quote_ident(one.column.name), alone(one.table)
        most, first, beyond = ("max", "min", ">") if up else ("min", "max", "<")
        never_used = one.parameters.start - one.parameters.increment
        sql = (
            f"WITH s AS MATERIALIZED (SELECT pg_sequence_last_value({one.sequence.oid}::regclass) AS last, "
            f"has_sequence_privilege({one.sequence.oid}, 'USAGE, SELECT') AS readable) "
            f"SELECT s.readable, s.last, (SELECT {most}(c.{name}) FROM {table} AS c)::numeric::text AS most, "
            f"(SELECT {first}(c.{name}) FROM {table} AS c WHERE c.{name} {beyond} COALESCE(s.last, {never_used}))"
            "::numeric::text AS taken FROM s"
        )
        found.append(Probe(one.key, sql, one.table.owner, (one.table.oid,), 2.0))
    return found


@GROUP.check(
    "data-sequence-behind",
    severity="critical",
    title="A sequence that stands behind the values of its column",
    why="The next INSERTs draw numbers that are taken and fail with a duplicate key. It comes about by rows that were "
    "loaded with their numbers, by a restore of data alone, and by logical replication.",
    how="The column is unique by itself, the sequence fills it, and there are values beyond the sequence's last one. "
    "Both are read in one statement, the values by the column's index. Where the first such value is far ahead, "
    "nothing fails soon, and it is told as warning.",
    avoids="Sequences that cycle or step by more than one are left out: several servers may share the numbers. So are "
    "columns that need not be unique. Partitions are asked at their root.",
    fix="Set the sequence to the column's last value: it only ever goes forward.",
    limits=(Limit("near", 10000, "values", "A taken value no further ahead than this is met soon."),),
    wants=lambda catalog: Wanted(sizes=perhaps_empty(catalog)),
    probes=_ask,
)
def data_sequence_behind(seen: Seen, near: float) -> Iterator[Found | NotChecked]:
    """Unique columns with values that their sequence has still to give out."""
    questions = Questions(seen, "data-sequence-behind")
    for one in _numbered(seen):
        about = object_name(one.table, one.column.name)
        row = questions.row(one.key, about)
        if row is None:
            continue
        if not row["readable"]:
            questions.skip(about, f"{one.table.owner}, who owns the table, may not read its sequence")
        elif row["taken"] is not None:
            yield _behind(one, row, near)
    yield from questions.left_out()


def _behind(one: _Numbered, row: dict[str, Any], near: float) -> Found:
    said = one.parameters
    last = said.start - said.increment if row["last"] is None else row["last"]
    most, taken = int(Decimal(row["most"])), int(Decimal(row["taken"]))
    ahead = abs(taken - last)
    fix = _forward(one, most)
    state = "was never used" if row["last"] is None else f"stands at {last}"
    return Found(
        object=(one.table.schema, one.table.name, one.column.name),
        object_type="column",
        message=f"{one.sequence.name} {state}, and {one.table.name}.{one.column.name} holds "
        f"{f'{most}, which' if taken == most else f'values from {taken} to {most}, which'} it has still to give out.",
        evidence={
            "sequence": name_of(one.sequence),
            "last": row["last"],
            "most": most,
            "first_taken": taken,
            "numbers_until_then": ahead - 1,
        },
        severity="critical" if ahead <= near else "warning",
        fix=fix,
        no_fix=""
        if fix
        else "Set to the column's last value, the sequence would have next to no numbers left: a person must say "
        "whether that value is meant.",
        comment=(*table_comment(one.table, one.column.number), ("pg_class", one.sequence.oid, 0)),
    )


def _forward(one: _Numbered, most: int) -> Fix | None:
    """Set the sequence to the column's last value; None where that leaves it less than a tenth of its numbers."""
    said = one.parameters
    most_possible, least_possible = min(said.most, one.greatest), max(said.least, -one.greatest)
    left = most_possible - most if said.increment > 0 else most - least_possible
    if left * 10 < most_possible - least_possible:
        return None
    function, further = ("max", "GREATEST") if said.increment > 0 else ("min", "LEAST")
    name = name_of(one.sequence)
    sql = (
        f"SELECT pg_catalog.setval({quote_literal(name)}::pg_catalog.regclass, {further}("
        f"(SELECT pg_catalog.{function}({quote_ident(one.column.name)})::bigint FROM {alone(one.table)}), "
        f"(SELECT last_value FROM {name})))"
    )
    step = Step((sql,), locks=(Lock(name, ROW_EXCLUSIVE),))
    return Fix((step,), None, "a sequence is not set back: it would give out numbers that are taken", True)
