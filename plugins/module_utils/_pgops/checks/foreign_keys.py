# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Checks of foreign keys against the columns and indexes they join."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..model.catalog.relations import Column, Constraint, Index, Relation
from ..model.catalog.snapshot import Catalog
from ..model.finding import Fix, Found, Limit, Lock, Step
from ..model.identifiers import generated_name, quote_ident, quote_qualified
from .check import Group
from .parts.fixes import columns_of, create_index, name_of, outside
from .parts.key_sql import (
    compared_plainly,
    local_columns,
    looked_up,
    pairs,
    plain_index_serves,
    same_type,
    serves,
    tree,
)
from .parts.telling import listed
from .seen import Seen

GROUP = Group("foreign-keys", "Foreign keys: what refers to what, and what a change on either side costs.")

_INTEGERS = {21: 2, 23: 4, 20: 8}
_WORDS = re.compile(r"'(?:[^']|'')*'|\"((?:[^\"]|\"\")*)\"|([A-Za-z_\u0080-\U0010ffff][\w$]*)")


@GROUP.check(
    "fk-missing-index",
    severity="warning",
    title="A foreign key without an index that serves it",
    why="Each DELETE of a referenced row, and each UPDATE of its key, looks for rows that refer to it. Without an "
    "index it reads the whole referencing table, while it holds a lock on the referenced row.",
    how="An index serves the key when its first columns are the key's, in any order; when it is valid; when its access "
    "method, operator class and collation find rows by the key's own equality operator; and when it holds all rows "
    "that refer to something: it has no predicate, or none but that columns of the key are not NULL. A predicate on "
    "the key's columns alone counts as well, and is told by fk-index-questionable.",
    avoids="The order of the columns does not matter to the look-up. Prefixes of wider indexes count, and hash indexes "
    "and text_pattern_ops do; INCLUDE columns, expressions, other predicates, invalid and BRIN indexes do not. A "
    "partition tree is judged once, at its root, and is well when every partition has an index that serves. Keys that "
    "are NOT ENFORCED look for nothing.",
    fix="Create the index CONCURRENTLY. On a partitioned table, create it on each partition first. Where the two sides "
    "are compared as another type or by another collation, no ordinary index serves: make their types equal first. "
    "Where one new index serves several keys of a table, it stands at one of them only.",
    limits=(Limit("rows", 0, "rows", "Referencing tables with fewer rows, by estimate, are left out."),),
)
def fk_missing_index(seen: Seen, rows: float) -> Iterator[Found]:
    """Foreign keys for which the look-up of referencing rows has no index."""
    catalog = seen.catalog
    unserved: list[tuple[Relation, Constraint, list[Relation]]] = []
    for table, key in catalog.foreign_keys:
        if key.enforced and _estimate(catalog, table) >= rows:
            lacking = [leaf for leaf in _judged(catalog, table) if not _served(catalog, key, leaf)]
            if lacking:
                unserved.append((table, key, lacking))
    wider = _wider(catalog, [(table, key) for table, key, _lacking in unserved])
    taken: set[tuple[str, str]] = set()
    for table, key, lacking in unserved:
        plain = plain_index_serves(catalog, key)
        columns = columns_of(catalog, table, looked_up(key))
        where = "" if lacking == [table] else f" of {listed([leaf.name for leaf in lacking])}"
        yield Found(
            object=(table.schema, table.name, key.name),
            object_type="foreign key",
            message=f"No index{where} finds the rows of {table.name} by ({columns}), which {key.name} looks for.",
            evidence={
                "columns": list(catalog.column_names(table.oid, looked_up(key))),
                "rows": max(_estimate(catalog, table), 0.0),
                "partitions": [] if lacking == [table] else [name_of(leaf) for leaf in lacking],
            },
            fix=_index_for(catalog, table, key, taken) if plain and key.oid not in wider else None,
            no_fix=f"The index that {wider[key.oid]} is to get serves this key too." if key.oid in wider else "",
            comment=_comments(table, key),
        )


def _wider(catalog: Catalog, unserved: list[tuple[Relation, Constraint]]) -> dict[int, str]:
    """Keys (OID) that the index for another key of their table will serve as well, to that key's name.

    Two keys may have the same columns, or one the first columns of the other.
    """
    kept: dict[int, list[Constraint]] = {}
    found = {}
    for table, key in sorted(unserved, key=lambda one: (-len(looked_up(one[1])), one[1].name)):
        if not plain_index_serves(catalog, key):
            continue
        columns = set(looked_up(key))
        others = kept.setdefault(table.oid, [])
        other = next((one for one in others if set(looked_up(one)[: len(columns)]) == columns), None)
        if other is None:
            others.append(key)
        else:
            found[key.oid] = other.name
    return found


def _comments(table: Relation, key: Constraint) -> tuple[tuple[str, int, int], ...]:
    return (("pg_constraint", key.oid, 0), ("pg_class", table.oid, 0))


def _estimate(catalog: Catalog, table: Relation) -> float:
    return sum(max(leaf.rows, 0.0) for leaf in catalog.leaves(table))


def _judged(catalog: Catalog, table: Relation) -> tuple[Relation, ...]:
    """The tables whose indexes count: those that hold the rows; an empty tree's root stands for what will come."""
    return tuple(leaf for leaf in catalog.leaves(table) if leaf.kind == "r") or (table,)


def _served(catalog: Catalog, key: Constraint, table: Relation) -> bool:
    return any(
        serves(catalog, key, index) or _some_keys(catalog, key, index) for index in catalog.indexes.get(table.oid, ())
    )


def _some_keys(catalog: Catalog, key: Constraint, index: Index) -> bool:
    """Whether a partial index serves those values of the key that its predicate speaks of, such as `q > 0`.

    The planner sees the value that is looked for, so that such an index is used wherever the predicate holds for it.
    """
    if index.predicate is None or not serves(catalog, key, index._replace(predicate=None)):
        return False
    words = {quoted.replace('""', '"') or plain for quoted, plain in _WORDS.findall(index.predicate)}
    names = {column.name for column in catalog.columns.get(index.table, ())}
    return words & names <= set(catalog.column_names(index.table, local_columns(catalog, key, index.table)))


def _index_for(catalog: Catalog, table: Relation, key: Constraint, taken: set[tuple[str, str]]) -> Fix:
    on = f"({columns_of(catalog, table, looked_up(key))})"
    if table.kind == "r":
        return create_index(table, _free_name(catalog, table, key, taken), on, automatic=True)
    # Every level gets an index that is invalid until the last one below is attached.
    steps: list[Step] = []
    attached: list[Step] = []
    names: dict[int, str] = {}
    adopted = False
    for one in tree(catalog, table):
        if one.kind not in "rp":
            continue
        there = _equal_index(catalog, one, key) if one.kind == "r" else None
        names[one.oid] = _free_name(catalog, one, key, taken) if there is None else there.name
        name = names[one.oid]
        if there is not None:
            adopted = True
        elif one.kind == "p":
            sql = f"CREATE INDEX {quote_ident(name)} ON ONLY {name_of(one)} {on}"
            steps.append(Step((sql,), locks=(Lock(name_of(one), "SHARE"),)))
        else:
            steps.append(outside(f"CREATE INDEX CONCURRENTLY {quote_ident(name)} ON {name_of(one)} {on}", one))
        if one.oid != table.oid:
            above = catalog.relations[one.parents[0]]
            upper = quote_qualified(above.schema, names[above.oid])
            sql = f"ALTER INDEX {upper} ATTACH PARTITION {quote_qualified(one.schema, name)}"
            attached.append(Step((sql,)))
    steps += reversed(attached)
    locks = tuple(Lock(name_of(one), "ACCESS EXCLUSIVE") for one in tree(catalog, table) if one.kind in "rp")
    back = Step((f"DROP INDEX {quote_qualified(table.schema, names[table.oid])}",), locks=locks)
    if adopted:
        return Fix(
            tuple(steps), None, "to drop the new index would drop the older indexes of partitions that it took in"
        )
    return Fix(tuple(steps), (back,))


def _free_name(catalog: Catalog, table: Relation, key: Constraint, taken: set[tuple[str, str]]) -> str:
    """A name for an index on the key's columns that nothing in the schema bears, nor any of `taken`."""
    columns = catalog.column_names(key.table, looked_up(key))
    number = 1
    while True:
        name = generated_name("", "_".join((table.name, *columns)), "_idx" if number == 1 else f"_idx{number}")
        if (table.schema, name) not in catalog.relation_names and (table.schema, name) not in taken:
            taken.add((table.schema, name))
            return name
        number += 1


def _equal_index(catalog: Catalog, leaf: Relation, key: Constraint) -> Index | None:
    """An index of a partition that is what the new index of its root would be, and belongs to no other yet."""
    columns = local_columns(catalog, key, leaf.oid)
    for index in catalog.indexes.get(leaf.oid, ()):
        plain = index.method == "btree" and not (index.unique or index.predicate or index.parent or any(index.ordering))
        defaults = all(
            catalog.operator_classes[one].default for one in index.classes if one in catalog.operator_classes
        )
        if plain and defaults and index.columns == columns and serves(catalog, key, index):
            return index
    return None


@GROUP.check(
    "fk-index-questionable",
    severity="info",
    level="extended",
    title="A foreign key that only a poor index serves",
    why="The look-up of referencing rows works, but it reads more than it needs, or works for some values only.",
    how="The key has no narrow index: all those that serve it have at least `columns` more columns, or are GIN, GiST "
    "or SP-GiST, or hold only those values of the key that their predicate speaks of.",
    avoids="A key with one good index is not told. Partition trees are judged by the indexes of their partitions.",
    fix="Leave it where the referenced rows are hardly ever deleted; else create a narrow index.",
    limits=(Limit("columns", 2, "columns", "Columns beyond the key's from which on an index counts as wide."),),
)
def fk_index_questionable(seen: Seen, columns: float) -> Iterator[Found]:
    """Foreign keys whose look-up has no better index than a wide, odd or partial one."""
    catalog = seen.catalog
    for table, key in catalog.foreign_keys:
        if not key.enforced:
            continue
        for leaf in _judged(catalog, table):
            indexes = catalog.indexes.get(leaf.oid, ())
            told = {index.name: _poor(catalog, key, index, columns) for index in indexes}
            of_use = {name: why for name, why in told.items() if why is not None}
            if of_use and all(of_use.values()):
                name, why = min(of_use.items())
                yield Found(
                    object=(table.schema, table.name, key.name),
                    object_type="foreign key",
                    message=f"What {key.name} looks for is found by nothing better than {name}, which {why}.",
                    evidence={"indexes": sorted(of_use)},
                    comment=_comments(table, key),
                )
                break


def _poor(catalog: Catalog, key: Constraint, index: Index, columns: float) -> str | None:
    """Why an index that serves is a poor one; '' for a good one, None for one that does not serve."""
    if not serves(catalog, key, index):
        return "holds only some values of the key" if _some_keys(catalog, key, index) else None
    beyond = len(index.columns) - len(looked_up(key))
    if beyond >= columns:
        return f"has {beyond} more columns"
    return "" if index.method in ("btree", "hash") else f"is a {index.method} index"


@GROUP.check(
    "fk-type-mismatch",
    severity="error",
    title="A foreign key between columns of different types",
    why="A narrower referencing column cannot hold all keys: one day a row can no longer be referred to. Values of "
    "different types are compared by a cast, which no index of the referencing column can serve.",
    how="The types beneath all domains are compared side by side, column by column. Found are whole numbers of which "
    "the referencing one is narrower, pairs that are compared as another type (errors), and other pairs of different "
    "types that PostgreSQL compares directly, such as date and timestamp (warnings).",
    avoids="Lengths do not matter here, text and varchar are alike, domains are looked through, and a referencing "
    "column that is wider (bigint that refers to integer) holds every key.",
    fix="Change the referencing column's type. That writes the table anew under an exclusive lock, and indexes and "
    "views go with it: plan it, for a large table with a new column that is filled step by step.",
)
def fk_type_mismatch(seen: Seen) -> Iterator[Found]:
    """Foreign keys whose sides have different types."""
    catalog = seen.catalog
    for table, key in catalog.foreign_keys:
        told = []
        for place, (near, far) in enumerate(pairs(catalog, key)):
            harm = _harm(catalog, key, place, near, far)
            if harm is not None:
                told.append((harm, near, far))
        if told:
            harm, near, far = min(told, key=lambda one: one[0] == _DIRECT)
            yield Found(
                object=(table.schema, table.name, key.name),
                object_type="foreign key",
                message=f"{table.name}.{near.name} is {near.type} and refers to {far.name}, a {far.type}: {harm}.",
                evidence={"pairs": [[near.name, near.type, far.name, far.type] for _why, near, far in told]},
                severity="warning" if harm == _DIRECT else None,
                comment=_comments(table, key),
            )


_DIRECT = "they are compared directly, but not all keys are possible on both sides"
_CAST = "they are compared as another type, and an index cannot help"
_NARROW = "it cannot hold every key"


def _harm(catalog: Catalog, key: Constraint, place: int, near: Column, far: Column) -> str | None:
    """What is bad about two types that differ, None where nothing is."""
    one, other = catalog.base_type(near.type_oid), catalog.base_type(far.type_oid)
    if one is None or other is None or same_type(one, other):
        return None
    if one.oid in _INTEGERS and other.oid in _INTEGERS:
        return _NARROW if _INTEGERS[one.oid] < _INTEGERS[other.oid] else None
    return _DIRECT if compared_plainly(catalog, key, place, near) else _CAST


@GROUP.check(
    "fk-size-mismatch",
    severity="info",
    level="extended",
    title="A foreign key between columns of different lengths or widths",
    why="A referencing column that is shorter cannot refer to all keys; one that is wider wastes space.",
    how="The length, precision or width of both sides is compared where their types are otherwise alike.",
    avoids="Domains, whose length is their own matter, and a referencing column without any limit are left out.",
    fix="Give both columns the same type. A longer varchar, or text, needs no rewriting of the table.",
)
def fk_size_mismatch(seen: Seen) -> Iterator[Found]:
    """Foreign keys whose sides are alike but for their size."""
    catalog = seen.catalog
    for table, key in catalog.foreign_keys:
        for near, far in pairs(catalog, key):
            one, other = catalog.types.get(near.type_oid), catalog.types.get(far.type_oid)
            if one is None or other is None or "d" in (one.kind, other.kind):
                continue
            alike = same_type(one, other) and near.modifier not in (-1, far.modifier)
            wider = one.oid in _INTEGERS and other.oid in _INTEGERS and _INTEGERS[one.oid] > _INTEGERS[other.oid]
            if wider or (alike and not (one.oid in _LENGTHS and near.modifier > far.modifier > -1)):
                yield Found(
                    object=(table.schema, table.name, key.name),
                    object_type="foreign key",
                    message=f"{table.name}.{near.name} is {near.type} and refers to {far.name}, which is {far.type}.",
                    evidence={"column": near.name, "type": near.type, "referenced_type": far.type},
                    comment=_comments(table, key),
                )
                break


#: char(n) and varchar(n): the longer holds all values of the shorter.
_LENGTHS = frozenset((1042, 1043))
