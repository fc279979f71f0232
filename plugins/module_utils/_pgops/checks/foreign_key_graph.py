# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Checks of what foreign keys join: references without a key, cycles, and referenced things that surprise."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from ..model.catalog.relations import Column, Constraint, Relation
from ..model.catalog.snapshot import Catalog
from ..model.finding import Fix, Found
from ..model.identifiers import generated_name, quote_ident
from ..model.measured import Probe
from .check import Group
from .parts.fixes import columns_of, create_index, name_of
from .parts.key_sql import add, drop, validate
from .parts.questions import EQUALS, alone, comparable
from .parts.telling import listed
from .seen import Seen

GROUP = Group("foreign-key-graph", "Foreign keys: what is joined by them, and what should be.")

_REFERENCE = re.compile(r"(.*[^_])(?:_id|_ID|Id)")
#: smallint, integer and bigint with their bytes.
_INTEGERS = {21: 2, 23: 4, 20: 8}
_POLYMORPHIC = ("_type", "Type", "_TYPE", "_kind", "_class")


@dataclass(frozen=True)
class NamedReference:
    """A column that seems to refer to a table's key."""

    table: Relation
    column: Column
    parent: Relation
    key: Column

    @property
    def probe(self) -> str:
        """The key of the question how many of its values are there."""
        return f"fk-missing {name_of(self.table)} {self.column.name}"


def named_references(catalog: Catalog) -> Iterator[NamedReference]:
    """Columns named after another table of their schema, of its key's type, without a foreign key."""
    named: dict[tuple[str, str], Relation] = {}
    for parent in catalog.table_roots:
        if parent.oid in catalog.key_of:
            named.setdefault((parent.schema, parent.name.lower()), parent)
    for table in catalog.table_roots:
        columns = catalog.columns.get(table.oid, ())
        names = {column.name for column in columns}
        keyed: set[int] | None = None
        for column in columns:
            match = _REFERENCE.fullmatch(column.name)
            if (
                match is None
                or column.generated
                or column.inherited
                or names & {match[1] + end for end in _POLYMORPHIC}
            ):
                continue
            for parent in filter(None, (named.get((table.schema, name)) for name in _plurals(match[1].lower()))):
                key = _key_column(catalog, parent, column)
                if key is None or parent.oid == table.oid or (table.persistence == "p" != parent.persistence):
                    continue
                if keyed is None:
                    keys = catalog.constraints.get(table.oid, ())
                    keyed = {number for one in keys if one.kind == "f" for number in one.columns}
                if column.number not in keyed:
                    yield NamedReference(table, column, parent, key)
                break


def _plurals(word: str) -> tuple[str, ...]:
    """Names a table of these things may bear."""
    spellings = [word, word + "s", word + "es"]
    if word.endswith("y"):
        spellings.append(word[:-1] + "ies")
    return tuple(spellings)


def _key_column(catalog: Catalog, parent: Relation, column: Column) -> Column | None:
    """The referenced table's key, where it is one column of the same type that is called id or alike."""
    key = catalog.key_of[parent.oid]
    if len(key.columns) != 1 or key.deferrable or (parent.kind == "r" and parent.has_children):
        return None
    found = catalog.column(parent.oid, key.columns[0])
    if found is None or found.name.lower() not in ("id", column.name.lower()):
        return None
    return found if comparable(catalog, column, found) else None


def _count_strangers(seen: Seen) -> list[Probe]:
    return [
        Probe(
            one.probe,
            _strangers_sql(one),
            one.table.owner,
            (one.table.oid, one.parent.oid),
            max(one.table.rows, 0.0) + max(one.parent.rows, 0.0),
        )
        for one in named_references(seen.catalog)
    ]


def _strangers_sql(one: NamedReference) -> str:
    """A SELECT of `rows`, those that have a value, and of `orphans`, those of them whose value is not there."""
    near, far = f"c.{quote_ident(one.column.name)}", f"p.{quote_ident(one.key.name)}"
    there = f"SELECT FROM {alone(one.parent)} AS p WHERE {far} {EQUALS} {near}"
    return (
        f"SELECT count(*) AS rows, count(*) FILTER (WHERE NOT EXISTS ({there})) AS orphans"
        f" FROM {alone(one.table)} AS c WHERE {near} IS NOT NULL"
    )


@GROUP.check(
    "fk-missing",
    severity="warning",
    title="A column that refers to a table without a foreign key",
    why="Nothing keeps its values from pointing to rows that are gone: joins lose rows silently, and a number that is "
    "given out again makes old rows belong to something new.",
    how="The column is called `x_id` (or `xId`), a table x, xs, xes or xies is in the same schema, its primary key is "
    "one column `id` or `x_id` of the same type, and no foreign key has the column. The values are looked up: where "
    "there are none, or more than half of them refer to nothing, only the name speaks for it, and it is told as "
    "information only.",
    avoids="Columns beside an `x_type` (or kind, class) may refer to several tables and are left out; so are a table's "
    "own key, generated and inherited columns, keys of several columns, and keys of other types than PostgreSQL's own.",
    fix="Add the key NOT VALID, then VALIDATE it; rows that refer to nothing must be mended first. Where no "
    "index serves the new key, it is made before. The rule for deletes is a decision: the fix takes NO ACTION, which "
    "keeps referenced rows from being deleted.",
    probes=_count_strangers,
)
def fk_missing(seen: Seen) -> Iterator[Found]:
    """Columns that are named after a table and have no foreign key."""
    for one in named_references(seen.catalog):
        answer = seen.answers.get(one.probe)
        counted = answer.rows[0] if answer is not None and answer.rows else None
        rows, orphans = (None, None) if counted is None else (counted["rows"], counted["orphans"])
        doubtful = rows is not None and orphans is not None and (rows == 0 or orphans * 2 > rows)
        narrow = _INTEGERS.get(_base(seen.catalog, one.column), 0) < _INTEGERS.get(_base(seen.catalog, one.key), 0)
        told = "" if not orphans else f"; {orphans:,} of {rows:,} rows refer to nothing"
        yield Found(
            object=(one.table.schema, one.table.name, one.column.name),
            object_type="column",
            message=f"{one.table.name}.{one.column.name} seems to refer to {one.parent.name}.{one.key.name}, and has "
            f"no foreign key{told}.",
            evidence={
                "references": f"{name_of(one.parent)}.{quote_ident(one.key.name)}",
                "rows": rows,
                "orphans": orphans,
                "not_counted": "" if answer is None else answer.problem,
            },
            fix=_new_key(seen.catalog, one) if orphans == 0 and not narrow else None,
            no_fix=f"{one.column.name} is {one.column.type}, and cannot hold every {one.key.type}: widen it first."
            if narrow
            else "",
            severity="info" if doubtful else None,
            confidence="possible" if doubtful else "likely",
            comment=(("pg_class", one.table.oid, one.column.number), ("pg_class", one.table.oid, 0)),
        )


def _base(catalog: Catalog, column: Column) -> int:
    base = catalog.base_type(column.type_oid)
    return 0 if base is None else base.oid


def _new_key(catalog: Catalog, one: NamedReference) -> Fix | None:
    if one.table.kind != "r" or one.parent.kind != "r":
        return None
    taken = {constraint.name for constraint in catalog.constraints.get(one.table.oid, ())}
    name, number = generated_name("", f"{one.table.name}_{one.column.name}", "_fkey"), 1
    while name in taken:
        name, number = generated_name("", f"{one.table.name}_{one.column.name}", f"_fkey{number}"), number + 1
    near = columns_of(catalog, one.table, (one.column.number,))
    far = columns_of(catalog, one.parent, (one.key.number,))
    text = f"FOREIGN KEY ({near}) REFERENCES {name_of(one.parent)} ({far})"
    index = None if _begins_an_index(catalog, one) else create_index(one.table, _index_name(catalog, one), f"({near})")
    made = (add(catalog, one.table, one.parent, name, text), validate(catalog, one.table, one.parent, name))
    undo = (drop(catalog, one.table, one.parent, name),)
    if index is None:
        return Fix(made, undo)
    return Fix((*index.steps, *made), (*undo, *(index.undo or ())))


def _begins_an_index(catalog: Catalog, one: NamedReference) -> bool:
    """Whether some index finds rows by the column, whatever the operator class: texts and numbers have but few."""
    return any(
        index.valid
        and index.predicate is None
        and index.method == "btree"
        and index.key_columns[0] == one.column.number
        for index in catalog.indexes.get(one.table.oid, ())
    )


def _index_name(catalog: Catalog, one: NamedReference) -> str:
    name, number = generated_name("", f"{one.table.name}_{one.column.name}", "_idx"), 1
    while (one.table.schema, name) in catalog.relation_names:
        number += 1
        name = generated_name("", f"{one.table.name}_{one.column.name}", f"_idx{number}")
    return name


@GROUP.check(
    "fk-inheritance",
    severity="warning",
    level="extended",
    title="A foreign key that does not see inheriting tables",
    why="A key that refers to a table with inheriting tables does not accept rows that live in those. A key of such a "
    "table does not bind the rows of the tables that inherit from it.",
    how="One side of the key has tables that inherit from it, and is no partitioned table.",
    avoids="Foreign keys see partitions. An inheriting table with a key of its own on the same columns is fine.",
    fix="Give each inheriting table its own key, or turn inheritance into partitions.",
)
def fk_inheritance(seen: Seen) -> Iterator[Found]:
    """Foreign keys from and to tables with inheriting tables."""
    catalog = seen.catalog
    for table, key in catalog.foreign_keys:
        parent = catalog.relations.get(key.references)
        if parent is None:
            continue
        heirs = [] if parent.kind == "p" else [one.name for one in catalog.children.get(parent.oid, ())]
        loose = [] if table.kind == "p" else [one.name for one in _without(catalog, table, key)]
        for names, what in (
            (heirs, f"{key.name} accepts no reference to rows of {listed(heirs)}, which inherit from {parent.name}"),
            (loose, f"{key.name} does not bind the rows of {listed(loose)}, which inherit from {table.name}"),
        ):
            if names:
                yield Found(
                    object=(table.schema, table.name, key.name),
                    object_type="foreign key",
                    message=f"{what}.",
                    evidence={"inheriting": list(names)},
                    detail="referenced" if names is heirs else "referencing",
                    comment=(("pg_constraint", key.oid, 0), ("pg_class", table.oid, 0)),
                )


def _without(catalog: Catalog, table: Relation, key: Constraint) -> list[Relation]:
    """Tables that inherit from the key's and have no key on the same columns to the same table."""
    wanted = set(catalog.column_names(table.oid, key.columns))
    return [
        heir
        for heir in catalog.children.get(table.oid, ())
        if not any(
            one.kind == "f"
            and one.references == key.references
            and set(catalog.column_names(heir.oid, one.columns)) == wanted
            for one in catalog.constraints.get(heir.oid, ())
        )
    ]


@GROUP.check(
    "fk-cycle",
    severity="info",
    level="extended",
    title="Tables that refer to each other in a circle",
    why="Rows of such tables can be loaded, copied or deleted in no order that satisfies every key: it takes a column "
    "that may be NULL first, or deferred keys.",
    how="Each of the tables is reached from each of the others along foreign keys. Where every key in the circle is "
    "NOT NULL and cannot be deferred, it is a warning: no first row can be written by a plain INSERT.",
    avoids="A table that refers to itself is no circle of tables.",
    fix="Make one of the keys DEFERRABLE, or turn the reference that came later into a table of its own.",
)
def fk_cycle(seen: Seen) -> Iterator[Found]:
    """Circles of foreign keys, each once, at its first table by name."""
    catalog = seen.catalog
    edges: dict[int, list[tuple[int, Constraint]]] = {}
    for table, key in catalog.foreign_keys:
        root = catalog.root(table)
        if key.enforced and key.references in catalog.relations:
            far = catalog.root(catalog.relations[key.references])
            if far.oid != root.oid:
                edges.setdefault(root.oid, []).append((far.oid, key))
    for circle in _circles({oid: [far for far, _key in keys] for oid, keys in edges.items()}):
        within = [key for oid in circle for far, key in edges[oid] if far in circle]
        tables = sorted((catalog.relations[oid] for oid in circle), key=lambda one: (one.schema, one.name))
        stuck = all(not key.deferrable and _never_null(catalog, key) for key in within)
        yield Found(
            object=(tables[0].schema, tables[0].name),
            object_type="table",
            message=f"{listed([one.name for one in tables])} refer to each other in a circle"
            + (", and no key of it can wait or be NULL." if stuck else "."),
            evidence={"tables": [name_of(one) for one in tables], "keys": sorted(key.name for key in within)},
            severity="warning" if stuck else None,
            comment=(("pg_class", tables[0].oid, 0),),
        )


def _never_null(catalog: Catalog, key: Constraint) -> bool:
    columns = [catalog.column(key.table, number) for number in key.columns]
    return all(column is not None and column.not_null for column in columns)


def _circles(edges: dict[int, list[int]]) -> list[set[int]]:
    """Strongly connected components of more than one node (Tarjan's algorithm, without recursion)."""
    order: dict[int, int] = {}
    lowest: dict[int, int] = {}
    open_nodes: list[int] = []
    is_open: set[int] = set()
    found: list[set[int]] = []
    for start in edges:
        work = [] if start in order else [(start, iter(edges[start]))]
        while work:
            node, below = work[-1]
            if node not in order:
                order[node] = lowest[node] = len(order)
                open_nodes.append(node)
                is_open.add(node)
            for far in below:
                if far not in order:
                    work.append((far, iter(edges.get(far, ()))))
                    break
                if far in is_open:
                    lowest[node] = min(lowest[node], lowest[far])
            else:
                work.pop()
                if work:
                    lowest[work[-1][0]] = min(lowest[work[-1][0]], lowest[node])
                if lowest[node] == order[node]:
                    circle = {open_nodes.pop()}
                    while node not in circle:
                        circle.add(open_nodes.pop())
                    is_open -= circle
                    found += [circle] if len(circle) > 1 else []
    return found


@GROUP.check(
    "fk-outside-schema",
    severity="info",
    level="opt_in",
    title="A foreign key into another schema",
    why="The schema cannot be dumped, restored or moved by itself.",
    how="The referencing and the referenced table are in different schemas.",
    avoids="It is often meant so: this is told only when asked for.",
    fix="Keep tables that refer to each other in one schema, or always treat the two schemas together.",
)
def fk_outside_schema(seen: Seen) -> Iterator[Found]:
    """Foreign keys between schemas."""
    catalog = seen.catalog
    for table, key in catalog.foreign_keys:
        parent = catalog.relations.get(key.references)
        if parent is not None and parent.schema != table.schema:
            yield Found(
                object=(table.schema, table.name, key.name),
                object_type="foreign key",
                message=f"{key.name} refers to {name_of(parent)}, outside of its own schema.",
                evidence={"references": name_of(parent)},
                comment=(("pg_constraint", key.oid, 0), ("pg_class", table.oid, 0)),
            )


@GROUP.check(
    "fk-references-unique-not-pk",
    severity="info",
    level="opt_in",
    title="A foreign key that does not refer to the primary key",
    why="A unique key is more likely to be changed than the primary key, and tools that follow references expect the "
    "latter.",
    how="The referenced columns are not those of the referenced table's primary key.",
    avoids="The order of the columns does not matter.",
    fix="Refer to the primary key, unless the unique key is meant.",
)
def fk_references_unique_not_pk(seen: Seen) -> Iterator[Found]:
    """Foreign keys to unique keys."""
    catalog = seen.catalog
    for table, key in catalog.foreign_keys:
        primary = catalog.key_of.get(key.references)
        parent = catalog.relations.get(key.references)
        if parent is not None and (primary is None or set(primary.columns) != set(key.referenced_columns)):
            columns = columns_of(catalog, parent, key.referenced_columns)
            yield Found(
                object=(table.schema, table.name, key.name),
                object_type="foreign key",
                message=f"{key.name} refers to {parent.name} ({columns}), which is not its primary key.",
                evidence={"columns": list(catalog.column_names(parent.oid, key.referenced_columns))},
                comment=(("pg_constraint", key.oid, 0), ("pg_class", table.oid, 0)),
            )
