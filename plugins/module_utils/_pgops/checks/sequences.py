# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Checks of sequences and the columns they feed: how near they are to their end, and how they hang together."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ..model.catalog.relations import Column, Relation, Sequence, SequenceUse
from ..model.catalog.snapshot import Catalog
from ..model.finding import Fix, Found, Limit, Lock, NotChecked, Step, Value
from ..model.identifiers import quote_ident
from ..model.measured import Wanted
from .check import Group
from .parts.fixes import SHARE_ROW_EXCLUSIVE, name_of
from .parts.telling import listed, not_seen, table_comment
from .seen import Seen

GROUP = Group("sequences", "Sequences: how near they and the columns they feed are to their end.")

#: Integer types by OID and by name: the largest value; the smallest is one further from zero.
MOST_OF_TYPE = {21: 2**15 - 1, 23: 2**31 - 1, 20: 2**63 - 1}
MOST_OF_NAME = {"smallint": 2**15 - 1, "integer": 2**31 - 1, "bigint": 2**63 - 1}
_BIGINT = MOST_OF_NAME["bigint"]
_FAR = 2**53
"""Steps; a sequence that began so far from its end would last 285 years at a million values a second."""


@dataclass(frozen=True)
class Fed:
    """A column whose values come from a sequence, or follow a column whose values do."""

    table: Relation
    column: Column
    sequence: Sequence
    direct: bool


def most_of(catalog: Catalog, column: Column) -> int | None:
    """The largest value of an integer column, domains looked through; None for other types."""
    base = catalog.base_type(column.type_oid)
    return None if base is None else MOST_OF_TYPE.get(base.oid)


def used_part(sequence: Sequence, most: int) -> float:
    """How much of the way from zero to a column's end the sequence has gone, in percent; 0 where it was never used."""
    if sequence.last_value is None:
        return 0.0
    end = most if sequence.increment > 0 else -most - 1
    return max(0.0, 100.0 * sequence.last_value / end)


def fed_columns(catalog: Catalog, follow: bool = True) -> list[Fed]:
    """Columns that sequences feed, and with `follow` those that follow them through foreign keys, each pair once."""
    found: dict[tuple[int, int, int], Fed] = {}
    waiting = [(use.table, use.column, use.sequence, True) for use in catalog.sequence_uses]
    while waiting:
        table, number, sequence, direct = waiting.pop()
        column = catalog.column(table, number)
        relation = catalog.relations.get(table)
        known = (table, number, sequence) in found or sequence not in catalog.sequences
        if column is None or relation is None or known:
            continue
        found[(table, number, sequence)] = Fed(relation, column, catalog.sequences[sequence], direct)
        for child, key in catalog.referencing.get(table, ()) if follow else ():
            for place, referenced in enumerate(key.referenced_columns):
                if referenced == number:
                    waiting.append((child.oid, key.columns[place], sequence, False))
    return [_at_root(catalog, one) for one in found.values() if not one.table.of_extension]


def _at_root(catalog: Catalog, fed: Fed) -> Fed:
    """The same column of the partitioned table above."""
    root = catalog.root(fed.table)
    if root is fed.table:
        return fed
    columns = (column for column in catalog.columns.get(root.oid, ()) if column.name == fed.column.name)
    return Fed(root, next(columns, fed.column), fed.sequence, fed.direct)


def asked_sequences(catalog: Catalog) -> Wanted:
    """Sequences that can come to their end: narrow ones, bounded ones, and those that feed narrow columns."""
    asked = {oid for oid, one in catalog.sequences.items() if _steps(one) < _FAR}
    for use in catalog.sequence_uses:
        column = catalog.column(use.table, use.column)
        if column is not None and most_of(catalog, column) not in (None, _BIGINT):
            asked.add(use.sequence)
    for fed in fed_columns(catalog) if _has_narrow_references(catalog) else ():
        if not fed.direct and most_of(catalog, fed.column) not in (None, _BIGINT):
            asked.add(fed.sequence.oid)
    return Wanted(sequences=frozenset(oid for oid in asked if may_be_asked(catalog, oid)))


def _has_narrow_references(catalog: Catalog) -> bool:
    """Whether any foreign key's column is narrower than the integer column it refers to."""
    for _table, key in catalog.foreign_keys:
        for near, far in zip(key.columns, key.referenced_columns):
            columns = catalog.column(key.table, near), catalog.column(key.references, far)
            mosts = [most_of(catalog, column) for column in columns if column is not None]
            if len(mosts) == 2 and None not in mosts and mosts[0] != mosts[1]:
                return True
    return False


def _steps(sequence: Sequence) -> float:
    """How many values there are from its start to its end."""
    end = sequence.most if sequence.increment > 0 else sequence.least
    return abs(end - sequence.start) / abs(sequence.increment)


def may_be_asked(catalog: Catalog, oid: int) -> bool:
    """A standby has no contents of unlogged sequences, and says so with an error."""
    relation = catalog.relations[oid]
    return not (relation.of_extension or (relation.persistence == "u" and catalog.server.in_recovery))


def _unread(catalog: Catalog, check: str) -> list[NotChecked]:
    if all(sequence.readable for sequence in catalog.sequences.values()):
        return []
    hidden = (
        catalog.relations[oid] for oid in asked_sequences(catalog).sequences if not catalog.sequences[oid].readable
    )
    return not_seen(check, hidden, "this role may not read the value (it needs USAGE or SELECT) of")


@GROUP.check(
    "column-int-overflow",
    severity="warning",
    title="A key column that runs out of numbers",
    why="When the sequence passes the end of the column's type, every INSERT fails (integer out of range). To "
    "widen the column then writes the whole table anew, under an exclusive lock, while nothing can be stored.",
    how="The last value of the sequence that feeds the column, as a share of the largest value of the column's type, "
    "is at or above the limits. Columns that refer to such a column by a foreign key and are narrower than it are "
    "found too. Keys without a sequence are judged by their number of rows. The limits 50, 75 and 90 are the "
    "project's.",
    avoids="The sequence's place counts, not the number of rows: deleted and rolled-back numbers are gone. Identity "
    "and serial columns, descending sequences, domains and partitions (at their root) are understood. References as "
    "wide as their key are named with the key.",
    fix="Widen to bigint online: add a bigint column, keep it in step with a trigger, fill it in batches, build its "
    "index CONCURRENTLY, and switch in one short transaction; the referring columns first.",
    wants=asked_sequences,
    limits=(
        Limit("warning", 50, "percent", "Used share of the type's values from which it is a warning."),
        Limit("error", 75, "percent", "Used share from which it is an error."),
        Limit("critical", 90, "percent", "Used share from which it is critical."),
    ),
)
def column_int_overflow(seen: Seen, warning: float, error: float, critical: float) -> Iterator[Found | NotChecked]:
    """Integer columns whose sequence nears the end of their type."""
    catalog = seen.catalog
    for fed in _worst(catalog):
        most = most_of(catalog, fed.column)
        if most is None:
            continue
        used = used_part(fed.sequence, most)
        if used < warning or not (fed.direct or _narrower(catalog, fed, most)):
            continue
        source = name_of(catalog.relations[fed.sequence.oid])
        also = _as_narrow(catalog, fed.table, fed.column, most)
        yield _full(
            fed.table,
            fed.column,
            f"{fed.table.name}.{fed.column.name} is {fed.column.type}, and {source}, from which its values come, is at "
            f"{fed.sequence.last_value:,}: {used:.1f} % of its numbers are used" + _with_it(also) + ".",
            {"used_percent": round(used, 2), "last_value": fed.sequence.last_value, "limit": most, "referring": also},
            "critical" if used >= critical else "error" if used >= error else "warning",
            "certain",
        )
    yield from _full_by_rows(catalog, warning, error, critical)
    yield from _unread(catalog, "column-int-overflow")


def _worst(catalog: Catalog) -> list[Fed]:
    """For each column the one of its sequences that went furthest."""
    found: dict[tuple[int, int], Fed] = {}
    for fed in fed_columns(catalog, _has_narrow_references(catalog)):
        place = (fed.table.oid, fed.column.number)
        if place not in found or used_part(fed.sequence, 1) > used_part(found[place].sequence, 1):
            found[place] = fed
    return list(found.values())


def _narrower(catalog: Catalog, fed: Fed, most: int) -> bool:
    """Whether a referring column is narrower than all it refers to; one as wide is told with its key."""
    wider = []
    for constraint in catalog.constraints.get(fed.table.oid, ()):
        if constraint.kind == "f" and fed.column.number in constraint.columns:
            referenced = constraint.referenced_columns[constraint.columns.index(fed.column.number)]
            column = catalog.column(constraint.references, referenced)
            wider.append(column is None or (most_of(catalog, column) or 0) > most)
    return all(wider)


def _as_narrow(catalog: Catalog, table: Relation, column: Column, most: int) -> list[str]:
    """Columns that refer to the column and have to be widened with it."""
    found = []
    for child, key in catalog.referencing.get(table.oid, ()):
        for place, referenced in enumerate(key.referenced_columns):
            below = catalog.column(child.oid, key.columns[place])
            if referenced == column.number and below is not None and most_of(catalog, below) == most:
                found.append(f"{name_of(child)}.{quote_ident(below.name)}")
    return sorted(found)


def _with_it(also: list[str]) -> str:
    return f"; {listed(also)} must be widened with it" if also else ""


def _full(
    table: Relation, column: Column, message: str, evidence: dict[str, Value], severity: str, confidence: str
) -> Found:
    return Found(
        object=(table.schema, table.name, column.name),
        object_type="column",
        message=message,
        evidence=evidence,
        severity=severity,
        confidence=confidence,
        no_fix="ALTER TYPE bigint would write the table anew under an exclusive lock. When and how to widen it online, "
        "with all columns that refer to it, a person must decide.",
        comment=table_comment(table, column.number),
    )


def _full_by_rows(catalog: Catalog, warning: float, error: float, critical: float) -> Iterator[Found]:
    """Keys that no sequence feeds: so many rows need so many different numbers."""
    fed = {(use.table, use.column) for use in catalog.sequence_uses}
    for table in catalog.table_roots:
        key = catalog.key_of.get(table.oid)
        if key is None or len(key.columns) != 1 or (table.oid, key.columns[0]) in fed:
            continue
        column = catalog.column(table.oid, key.columns[0])
        refers = any(one.kind == "f" and key.columns[0] in one.columns for one in catalog.constraints[table.oid])
        most = most_of(catalog, column) if column is not None and not refers else None
        if column is None or most is None:
            continue
        rows = sum(max(leaf.rows, 0.0) for leaf in catalog.leaves(table))
        used = 100.0 * rows / most
        if used >= warning:
            yield _full(
                table,
                column,
                f"{table.name}.{column.name} is {column.type}, and about {rows:,.0f} rows use {used:.1f} % of its "
                "numbers" + _with_it(also := _as_narrow(catalog, table, column, most)) + ".",
                {"used_percent": round(used, 2), "rows": rows, "limit": most, "referring": also},
                "critical" if used >= critical else "error" if used >= error else "warning",
                "likely",
            )


@GROUP.check(
    "sequence-exhaustion",
    severity="warning",
    title="A sequence that comes to its end",
    why="After its last value nextval() fails (reached maximum value of sequence), and with it every INSERT.",
    how="What is left from the last value to the end, as a share of the whole range from MINVALUE to MAXVALUE, is at "
    "or below the limits (the project's own: 20, 10 and 5 percent).",
    avoids="Sequences with CYCLE begin again, and those never used have all before them. Descending ones are measured "
    "towards MINVALUE. Where the column that it feeds ends no later, column-int-overflow tells. bigint sequences that "
    "started more than 2^53 steps from their end are not asked: they last for centuries.",
    fix="Where the end is that of the sequence's type, and the column is wider, ALTER SEQUENCE .. AS bigint. A "
    "MAXVALUE set on purpose is a person's to change.",
    wants=asked_sequences,
    limits=(
        Limit("warning", 20, "percent", "Part that is left below which it is a warning."),
        Limit("error", 10, "percent", "Part that is left below which it is an error."),
        Limit("critical", 5, "percent", "Part that is left below which it is critical."),
    ),
)
def sequence_exhaustion(seen: Seen, warning: float, error: float, critical: float) -> Iterator[Found | NotChecked]:
    """Sequences near their last value."""
    catalog = seen.catalog
    uses = uses_of(catalog)
    for oid, sequence in sorted(catalog.sequences.items()):
        relation = catalog.relations[oid]
        if sequence.cycle or sequence.last_value is None or relation.of_extension:
            continue
        end = sequence.most if sequence.increment > 0 else sequence.least
        left = 100.0 * abs(end - sequence.last_value) / max(sequence.most - sequence.least, 1)
        if left > warning or _column_ends_first(catalog, sequence, end, uses.get(oid, [])):
            continue
        yield Found(
            object=(relation.schema, relation.name),
            object_type="sequence",
            message=f"{relation.name} is at {sequence.last_value:,} of {end:,}: {left:.1f} % of its values are left.",
            evidence={"last_value": sequence.last_value, "end": end, "left_percent": round(left, 2)},
            severity="critical" if left <= critical else "error" if left <= error else "warning",
            fix=_widened(catalog, relation, sequence, uses.get(oid, [])),
            no_fix="Its bounds were set on purpose, or the column it feeds is no wider: what comes after the last "
            "value, a person must decide.",
            comment=table_comment(relation),
        )
    yield from _unread(catalog, "sequence-exhaustion")


def uses_of(catalog: Catalog) -> dict[int, list[SequenceUse]]:
    """Sequence (OID) to all its uses."""
    uses: dict[int, list[SequenceUse]] = {}
    for use in catalog.sequence_uses:
        uses.setdefault(use.sequence, []).append(use)
    return uses


def _fed_mosts(catalog: Catalog, uses: list[SequenceUse]) -> list[int]:
    """The largest values of the integer columns that a sequence feeds."""
    columns = (catalog.column(use.table, use.column) for use in uses)
    mosts = (most_of(catalog, column) for column in columns if column is not None)
    return [most for most in mosts if most is not None]


def _column_ends_first(catalog: Catalog, sequence: Sequence, end: int, uses: list[SequenceUse]) -> bool:
    mosts = _fed_mosts(catalog, uses)
    return any(end >= most if sequence.increment > 0 else end <= -most - 1 for most in mosts)


def _widened(catalog: Catalog, relation: Relation, sequence: Sequence, uses: list[SequenceUse]) -> Fix | None:
    """AS the type of the columns it feeds, else bigint: which moves a bound only where it is that of the old type."""
    most = MOST_OF_NAME.get(sequence.type, _BIGINT)
    wider = min(_fed_mosts(catalog, uses), default=_BIGINT)
    end = sequence.most if sequence.increment > 0 else -sequence.least - 1
    if end != most or wider <= most:
        return None
    name = next(name for name, value in MOST_OF_NAME.items() if value == wider)

    def step(kind: str) -> Step:
        lock = Lock(name_of(relation), SHARE_ROW_EXCLUSIVE)
        return Step((f"ALTER SEQUENCE {name_of(relation)} AS {kind}",), locks=(lock,))

    return Fix((step(name),), (step(sequence.type),))


@GROUP.check(
    "sequence-narrower-than-column",
    severity="warning",
    title="A sequence that ends before its column",
    why="ALTER COLUMN .. TYPE bigint leaves the sequence of a serial column as it was: INSERT still fails at the old "
    "limit, though the column was widened at great cost.",
    how="The sequence's type is narrower than that of an integer column it feeds.",
    avoids="Identity columns take their sequence along, and sequences with CYCLE are meant to end. Bounds that were "
    "set on purpose do not count, only the type.",
    fix="ALTER SEQUENCE .. AS the type of its column: short, without a rewrite of the table.",
)
def sequence_narrower(seen: Seen) -> Iterator[Found]:
    """Sequences of a narrower type than a column they feed."""
    catalog = seen.catalog
    for oid, uses in sorted(uses_of(catalog).items()):
        sequence, relation = catalog.sequences[oid], catalog.relations[oid]
        most = MOST_OF_NAME.get(sequence.type, _BIGINT)
        wider = [use for use in uses if any(one > most for one in _fed_mosts(catalog, [use]))]
        if not wider or sequence.cycle or relation.of_extension:
            continue
        columns = sorted(column_text(catalog, use) for use in wider)
        yield Found(
            object=(relation.schema, relation.name),
            object_type="sequence",
            message=f"{relation.name} is {sequence.type} and ends at {sequence.most:,}, though "
            f"{listed(columns)} could hold more.",
            evidence={"type": sequence.type, "columns": columns},
            fix=_widened(catalog, relation, sequence, uses),
            no_fix="Its bounds were set on purpose, or a narrower column uses it too.",
            comment=table_comment(relation),
        )


def column_text(catalog: Catalog, use: SequenceUse) -> str:
    """The column as SQL spells it, with schema and table."""
    column = catalog.column(use.table, use.column)
    name = quote_ident(column.name) if column is not None else str(use.column)
    return f"{name_of(catalog.relations[use.table])}.{name}"
