# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Checks of keys and indexes against a contract."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from ..model.catalog.relations import Index, Relation
from ..model.catalog.snapshot import Catalog
from ..model.contract import declared
from ..model.finding import Fix, Found
from ..model.identifiers import generated_name, quote_ident
from .check import Group
from .parts import declared_keys, key_sql
from .parts.fixes import create_index, name_of, outside, statement
from .parts.questions import distinct, orphans
from .parts.telling import listed, table_comment
from .parts.type_spelling import expression_key
from .seen import Seen

GROUP = Group(
    "contract-keys",
    "Keys and indexes against the contract. Rules of foreign keys are told by fk-delete-rule-unexpected.",
)

_TREE = "The table is part of a tree of tables: each of them would be locked while all rows are read."


def _free(catalog: Catalog, schema: str, name: str, suffix: str) -> str:
    """A name that no relation or index of the schema has."""
    found, number = generated_name("", name, suffix), 1
    while (schema, found) in catalog.relation_names:
        number += 1
        found = generated_name("", name, f"{suffix}{number}")
    return found


def _listed(names: Sequence[str]) -> str:
    return ", ".join(quote_ident(name) for name in names)


def _keyed(catalog: Catalog, relation: Relation, names: Sequence[str], words: str, suffix: str) -> Fix:
    """A unique index that is built beside the writers, and then made a key."""
    middle = "" if suffix == "_pkey" else "_" + "_".join(names)
    name = _free(catalog, relation.schema, relation.name + middle, suffix)
    key, table = quote_ident(name), name_of(relation)
    made = f"CREATE UNIQUE INDEX CONCURRENTLY {key} ON {table} ({_listed(names)})"
    steps = (
        outside(made, relation),
        statement(f"ALTER TABLE {table} ADD CONSTRAINT {key} {words} USING INDEX {key}", relation),
    )
    undo = statement(f"ALTER TABLE {table} DROP CONSTRAINT {key}", relation)
    return Fix(steps, (undo,))


@GROUP.check(
    "contract-primary-key",
    severity="error",
    title="A table without the primary key that the contract declares",
    why="Rows cannot be told apart, or only by luck; foreign keys, replication and programs rely on the key.",
    how="The columns of the table's primary key are compared with the contract's, whatever their order.",
    avoids="A unique key over the same columns is no primary key, but nothing is asked for twice: see "
    "contract-unique-missing.",
    fix="Where the columns are NOT NULL and there is no other primary key: build a unique index CONCURRENTLY and make "
    "it the key. Duplicates come first (data-duplicate-key).",
    needs=("contract",),
)
def contract_primary_key(seen: Seen) -> Iterator[Found]:
    """Declared primary keys that are not there."""
    catalog = seen.catalog
    for table, relation in declared_keys.tables(seen):
        key = catalog.key_of.get(relation.oid)
        names = () if key is None else catalog.column_names(relation.oid, key.columns)
        if not table.primary_key or set(names) == set(table.primary_key):
            continue
        columns = declared_keys.columns(catalog, relation, table.primary_key)
        if key is not None:
            no_fix = "Another key is in its place, and others may refer to it: a person must say which is right."
        elif columns is None or not all(column.not_null for column in columns):
            no_fix = "Its columns must be there and NOT NULL first."
        else:
            no_fix = "" if relation.kind == "r" else _TREE
        yield Found(
            object=(relation.schema, relation.name),
            object_type="table",
            message=f"The primary key of {relation.name} is "
            f"{'(' + ', '.join(names) + ')' if names else 'not there'}; the contract says "
            f"({', '.join(table.primary_key)}).",
            evidence={"found": list(names), "declared": list(table.primary_key)},
            fix=None if no_fix else _keyed(catalog, relation, table.primary_key, "PRIMARY KEY", "_pkey"),
            no_fix=no_fix,
            comment=table_comment(relation),
        )


@GROUP.check(
    "contract-unique-missing",
    severity="error",
    title="A unique key that the contract declares and the database lacks",
    why="Nothing keeps the same values from being stored twice, and ON CONFLICT on these columns fails.",
    how="No valid unique index, of a constraint or by itself, is over exactly these columns.",
    avoids="The order of the columns does not count. A unique index of some rows, or over expressions, does not uphold "
    "the key. The primary key does, where it has the same columns.",
    fix="Build a unique index CONCURRENTLY and make it the key. Duplicates come first (data-duplicate-key).",
    needs=("contract",),
)
def contract_unique_missing(seen: Seen) -> Iterator[Found]:
    """Declared unique keys that are not there."""
    catalog = seen.catalog
    for table, relation in declared_keys.tables(seen):
        for names in table.unique:
            if declared_keys.is_unique(catalog, relation, names):
                continue
            there = declared_keys.columns(catalog, relation, names) is not None
            no_fix = "" if there else "Its columns must be there first."
            if there and relation.kind != "r":
                no_fix = _TREE
            yield Found(
                object=(relation.schema, relation.name, *names),
                object_type="unique key",
                message=f"Nothing keeps ({', '.join(names)}) of {relation.name} unique; the contract declares a key.",
                evidence={"columns": list(names)},
                fix=None if no_fix else _keyed(catalog, relation, names, "UNIQUE", "_key"),
                no_fix=no_fix,
                comment=table_comment(relation),
            )


@GROUP.check(
    "contract-foreign-key-missing",
    severity="error",
    title="A foreign key that the contract declares and the database lacks",
    why="Rows may refer to nothing, and a delete leaves those behind that it should take along.",
    how="No foreign key joins the declared columns to the declared columns of the declared table.",
    avoids="The name of the key and the order of its columns do not count. Other rules than the contract's are told by "
    "fk-delete-rule-unexpected. A table or column that is missing is told by itself.",
    fix="Add the key NOT VALID, then VALIDATE it. Rows that refer to nothing come first (data-orphans-declared).",
    needs=("contract",),
    probes=lambda seen: distinct(
        orphans(seen.catalog, seen.details, reference)
        for _relation, _wanted, _parent, reference in declared_keys.missing_references(seen)
        if reference is not None
    ),
)
def contract_foreign_key_missing(seen: Seen) -> Iterator[Found]:
    """Declared foreign keys that are not there."""
    for relation, wanted, parent, reference in declared_keys.missing_references(seen):
        answer = None if reference is None else seen.answers.get(reference.key)
        broken = answer.rows[0]["violations"] if answer is not None and answer.rows else None
        no_fix = _no_key(seen.catalog, relation, wanted, parent, broken, reference is not None)
        fix = None if no_fix else _referring(seen.catalog, relation, wanted, parent)
        yield Found(
            object=(relation.schema, relation.name, *wanted.columns),
            object_type="foreign key",
            message=f"No foreign key joins ({', '.join(wanted.columns)}) of {relation.name} to {parent.name}; the "
            "contract declares one.",
            evidence={
                "columns": list(wanted.columns),
                "references": [parent.schema, parent.name],
                "referenced_columns": list(wanted.referenced_columns),
                "orphans": broken,
            },
            fix=None if fix is None else replace(fix, automatic=broken == 0),
            no_fix=no_fix,
            detail=parent.name,
            comment=table_comment(relation),
        )


def _no_key(
    catalog: Catalog,
    relation: Relation,
    wanted: declared.ForeignKey,
    parent: Relation,
    broken: int | None,
    comparable: bool,
) -> str:
    """Why no foreign key can be added as things are, '' where one can."""
    if broken:
        return f"{broken:,} rows refer to nothing: a person must say what becomes of them."
    if not declared_keys.is_unique(catalog, parent, wanted.referenced_columns):
        return (
            f"No unique key upholds ({', '.join(wanted.referenced_columns)}) of {parent.name}: it must be added first."
        )
    if not comparable:
        return "The types of the columns do not go together as they are."
    return "" if key_sql.may_wait(catalog, relation) else _TREE


def _referring(catalog: Catalog, relation: Relation, wanted: declared.ForeignKey, parent: Relation) -> Fix:
    taken = {constraint.name for constraint in catalog.constraints.get(relation.oid, ())}
    stem = "_".join((relation.name, *wanted.columns))
    name, number = generated_name("", stem, "_fkey"), 1
    while name in taken:
        number += 1
        name = generated_name("", stem, f"_fkey{number}")
    words = [
        f"FOREIGN KEY ({_listed(wanted.columns)}) REFERENCES {name_of(parent)} ({_listed(wanted.referenced_columns)})"
    ]
    for verb, rule in (("UPDATE", wanted.on_update), ("DELETE", wanted.on_delete)):
        if rule != "no action":
            words.append(f"ON {verb} {rule.upper()}")
    steps = (
        key_sql.add(catalog, relation, parent, name, " ".join(words)),
        key_sql.validate(catalog, relation, parent, name),
    )
    return Fix(steps, (key_sql.drop(catalog, relation, parent, name),))


@GROUP.check(
    "contract-index-missing",
    severity="warning",
    title="An index that the contract wants and the database lacks",
    why="The searches that it is meant for read the whole table.",
    how="No valid index has these columns in this order, the method, the condition and, where stated, the name; for a "
    "unique one, none that is unique.",
    avoids="A plain btree index without a name is served by a wider one that begins with its columns: it would be "
    "redundant beside that. Conditions are compared without casts and parentheses around the whole; one that says the "
    "same in other words is not seen through, and such a finding is only likely.",
    fix="CREATE INDEX CONCURRENTLY. A unique one fails where there are duplicates, and leaves an invalid index.",
    needs=("contract",),
)
def contract_index_missing(seen: Seen) -> Iterator[Found]:
    """Declared indexes that are not there."""
    catalog = seen.catalog
    schema = seen.contract.schema if seen.contract is not None else ""
    for table, relation in declared_keys.tables(seen):
        for wanted in table.indexes:
            if any(
                _serves(catalog, relation, index, wanted, schema) for index in catalog.indexes.get(relation.oid, ())
            ):
                continue
            no_fix = _no_index(catalog, relation, wanted)
            shape = ("unique " if wanted.unique else "") + wanted.method
            yield Found(
                object=(relation.schema, relation.name),
                object_type="table",
                message=f"No {shape} index of {relation.name} is over ({', '.join(wanted.columns)})"
                f"{' where ' + wanted.where if wanted.where else ''}"
                f"{' by the name ' + wanted.name if wanted.name else ''}; the contract wants one.",
                evidence={
                    "columns": list(wanted.columns),
                    "method": wanted.method,
                    "unique": wanted.unique,
                    "where": wanted.where,
                    "name": wanted.name,
                },
                confidence="likely" if wanted.where else "certain",
                fix=None if no_fix else _indexed(catalog, relation, wanted),
                no_fix=no_fix,
                detail=f"{shape} ({', '.join(wanted.columns)}) {wanted.where or ''} {wanted.name or ''}",
                comment=table_comment(relation),
            )


def _serves(catalog: Catalog, relation: Relation, index: Index, wanted: declared.Index, schema: str) -> bool:
    if not index.valid or index.method != wanted.method or wanted.name not in (None, index.name):
        return False
    if wanted.unique and not index.unique:
        return False
    condition = None if wanted.where is None else expression_key(wanted.where, schema)
    if condition != (None if index.predicate is None else expression_key(index.predicate, schema)):
        return False
    names = tuple("" if number == 0 else _name(catalog, relation, number) for number in index.key_columns)
    wider = wanted.method == "btree" and not wanted.unique and wanted.name is None
    return names == wanted.columns or (wider and names[: len(wanted.columns)] == wanted.columns)


def _name(catalog: Catalog, relation: Relation, number: int) -> str:
    column = catalog.column(relation.oid, number)
    return "" if column is None else column.name


def _no_index(catalog: Catalog, relation: Relation, wanted: declared.Index) -> str:
    if declared_keys.columns(catalog, relation, wanted.columns) is None:
        missing = [name for name in wanted.columns if declared_keys.column(catalog, relation, name) is None]
        return f"The table lacks {listed(missing)}."
    if wanted.name is not None and (relation.schema, wanted.name) in catalog.relation_names:
        return f"The name {wanted.name} is taken: a person must say which is right."
    if relation.kind != "r":
        return "On a partitioned table the index is created on each partition first, then attached."
    return ""


def _indexed(catalog: Catalog, relation: Relation, wanted: declared.Index) -> Fix:
    name = wanted.name or _free(catalog, relation.schema, "_".join((relation.name, *wanted.columns)), "_idx")
    on = f"({_listed(wanted.columns)})" + (f" WHERE {wanted.where}" if wanted.where else "")
    if wanted.method != "btree":
        on = f"USING {quote_ident(wanted.method)} {on}"
    fix = create_index(relation, name, on)
    if not wanted.unique:
        return fix
    (made,) = fix.steps[0].sql
    return replace(fix, steps=(outside(made.replace("CREATE INDEX", "CREATE UNIQUE INDEX", 1), relation),))
