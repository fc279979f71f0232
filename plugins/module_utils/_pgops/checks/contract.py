# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Checks of tables, columns and views against a contract."""

from __future__ import annotations

from collections.abc import Iterator

from ..model.catalog.relations import Column, Relation
from ..model.catalog.snapshot import TABLE_KINDS
from ..model.contract import declared
from ..model.finding import Fix, Found, Step
from ..model.identifiers import generated_name, quote_ident
from .check import Group
from .parts import declared_keys
from .parts.fixes import SHARE_UPDATE_EXCLUSIVE, name_of, statement
from .parts.telling import listed, table_comment
from .parts.type_spelling import Types, executable_default, expression_key, same_type
from .seen import Seen

GROUP = Group(
    "contract",
    "Tables, columns and views against the contract. What the contract states is required; what it does not state is "
    "left alone. Recovery goals are no matter of the schema.",
)

_KINDS = {
    "r": "a table",
    "p": "a partitioned table",
    "v": "a view",
    "m": "a materialized view",
    "f": "a foreign table",
    "S": "a sequence",
}


@GROUP.check(
    "contract-table-missing",
    severity="error",
    title="A table that the contract declares and the database lacks",
    why="Programs that use it fail.",
    how="No table, partitioned or not, has that schema and name.",
    avoids="Names are compared as PostgreSQL stores them, so that capitals and blanks count. A view or foreign table "
    "of that name is told apart.",
    fix="Create the table, or correct the contract: it need not say all of a table, so that no statement follows from "
    "it.",
    needs=("contract",),
)
def contract_table_missing(seen: Seen) -> Iterator[Found]:
    """Declared tables that are not there."""
    contract = seen.contract
    for name in contract.tables if contract is not None else ():
        place = contract.qualified(name) if contract is not None else None
        relation = None if place is None else seen.catalog.by_name.get(place)
        if place is not None and (relation is None or relation.kind not in TABLE_KINDS):
            instead = "" if relation is None else f" ({place.name} is {_KINDS[relation.kind]})"
            yield Found(
                object=(place.schema, place.name),
                object_type="table",
                message=f"The contract declares the table {name}, and the database has none of that name{instead}.",
                evidence={"found": None if relation is None else _KINDS[relation.kind]},
            )


def _pairs(seen: Seen) -> Iterator[tuple[Relation, declared.Column, Column]]:
    """Declared columns that are there."""
    for table, relation in declared_keys.tables(seen):
        found = {column.name: column for column in seen.catalog.columns.get(relation.oid, ())}
        for wanted in table.columns.values():
            if wanted.name in found:
                yield relation, wanted, found[wanted.name]


def _is_simple(relation: Relation) -> bool:
    """Whether a statement about the table touches no other one."""
    return relation.kind == "r" and not relation.has_children and not relation.parents


@GROUP.check(
    "contract-column-missing",
    severity="error",
    title="A column that the contract declares and its table lacks",
    why="Programs that name the column fail.",
    how="The table is there and has no live column of that name.",
    avoids="Names are compared as PostgreSQL stores them. A table that is missing is told once, not column by column.",
    fix="Add the column, where the contract states its type, and either a default or that it may be NULL.",
    needs=("contract",),
)
def contract_column_missing(seen: Seen) -> Iterator[Found]:
    """Declared columns that are not there."""
    schema = seen.contract.schema if seen.contract is not None else ""
    types = Types(seen.catalog, schema)
    for table, relation in declared_keys.tables(seen):
        found = {column.name for column in seen.catalog.columns.get(relation.oid, ())}
        for wanted in table.columns.values():
            if wanted.name not in found:
                fix = _added(types, relation, wanted, schema)
                yield Found(
                    object=(relation.schema, relation.name, wanted.name),
                    object_type="column",
                    message=f"The contract declares the column {wanted.name}, and {relation.name} has none of that "
                    "name.",
                    evidence={"type": wanted.type, "not_null": wanted.not_null, "default": wanted.default},
                    fix=fix,
                    no_fix=""
                    if fix
                    else "The contract does not say enough to add it: its type, and for NOT NULL a "
                    "default for the rows that are there.",
                    comment=table_comment(relation),
                )


def _added(types: Types, relation: Relation, wanted: declared.Column, schema: str) -> Fix | None:
    kind = None if wanted.type is None else types.canonical(wanted.type)
    if kind is None or (wanted.not_null and wanted.default is None) or not _is_simple(relation):
        return None
    name = quote_ident(wanted.name)
    words = [f"ALTER TABLE {name_of(relation)} ADD COLUMN {name} {kind}"]
    if wanted.default is not None:
        words.append(f"DEFAULT {executable_default(wanted.default, schema)}")
    if wanted.not_null:
        words.append("NOT NULL")
    made = statement(" ".join(words), relation)
    # A default that differs from row to row is written into each of them.
    step = Step(made.sql, locks=made.locks, rewrite="no" if wanted.default is None else "depends")
    return Fix((step,), (statement(f"ALTER TABLE {name_of(relation)} DROP COLUMN {name}", relation),))


@GROUP.check(
    "contract-column-type",
    severity="error",
    title="A column of another type than the contract's",
    why="Programs that rely on the type meet values that do not fit, or lose what does not fit.",
    how="Both types are spelled as PostgreSQL prints them, with lengths and precisions, and compared.",
    avoids="int4 is integer, varchar(10) is character varying(10), timestamptz is timestamp with time zone, decimal(5) "
    "is numeric(5,0), and so on. Types without a schema are looked for in the contract's schema, then in public.",
    fix="A person must say how the values become the other type: ALTER COLUMN .. TYPE .. USING.",
    needs=("contract",),
)
def contract_column_type(seen: Seen) -> Iterator[Found]:
    """Declared columns of another type."""
    types = Types(seen.catalog, seen.contract.schema if seen.contract is not None else "")
    for relation, wanted, column in _pairs(seen):
        if wanted.type is None:
            continue
        kind = types.canonical(wanted.type)
        if kind is None or not same_type(kind, column.type):
            unknown = "" if kind is not None else ", which this database does not know"
            yield Found(
                object=(relation.schema, relation.name, column.name),
                object_type="column",
                message=f"{relation.name}.{column.name} is of type {column.type}; the contract says "
                f"{wanted.type}{unknown}.",
                evidence={"found": column.type, "declared": wanted.type},
                comment=table_comment(relation, column.number),
            )


@GROUP.check(
    "contract-not-null",
    severity="error",
    title="A column that may be NULL against the contract",
    why="Nothing keeps a NULL out, and programs that rely on the contract do not expect one.",
    how="The contract says not_null and the column is not NOT NULL.",
    avoids="A domain that is NOT NULL counts. A column that is NOT NULL though the contract does not say so is left "
    "alone.",
    fix="Fill in the NULLs first (data-null-where-expected). Then a check that is added NOT VALID and validated lets "
    "SET NOT NULL do without a scan under its lock.",
    needs=("contract",),
)
def contract_not_null(seen: Seen) -> Iterator[Found]:
    """Declared NOT NULL columns that may be NULL."""
    for relation, wanted, column in _pairs(seen):
        kind = seen.catalog.types.get(column.type_oid)
        by_domain = kind is not None and kind.kind == "d" and kind.not_null
        if not wanted.not_null or column.not_null or by_domain:
            continue
        yield Found(
            object=(relation.schema, relation.name, column.name),
            object_type="column",
            message=f"{relation.name}.{column.name} may be NULL; the contract says not_null.",
            fix=_never_null(seen, relation, column) if _is_simple(relation) else None,
            no_fix="" if _is_simple(relation) else "The table is part of a tree of tables, which would all be locked.",
            comment=table_comment(relation, column.number),
        )


def _never_null(seen: Seen, relation: Relation, column: Column) -> Fix:
    table, name = name_of(relation), quote_ident(column.name)
    taken = {constraint.name for constraint in seen.catalog.constraints.get(relation.oid, ())}
    check, number = generated_name("", f"{relation.name}_{column.name}", "_filled"), 1
    while check in taken:
        number += 1
        check = generated_name("", f"{relation.name}_{column.name}", f"_filled{number}")
    check = quote_ident(check)
    locks = statement("", relation).locks
    steps = (
        statement(f"ALTER TABLE {table} ADD CONSTRAINT {check} CHECK ({name} IS NOT NULL) NOT VALID", relation),
        statement(f"ALTER TABLE {table} VALIDATE CONSTRAINT {check}", relation, SHARE_UPDATE_EXCLUSIVE),
        Step(
            (
                f"ALTER TABLE {table} ALTER COLUMN {name} SET NOT NULL",
                f"ALTER TABLE {table} DROP CONSTRAINT {check}",
            ),
            locks=locks,
        ),
    )
    return Fix(steps, (statement(f"ALTER TABLE {table} ALTER COLUMN {name} DROP NOT NULL", relation),))


@GROUP.check(
    "contract-default",
    severity="warning",
    title="A column with another default than the contract's",
    why="Rows that are inserted without the column get another value than its owner expects, or none.",
    how="Both expressions are compared without what PostgreSQL adds in print: casts of constants, parentheses around "
    "the whole, schemas of the contract's own objects.",
    avoids="now() and CURRENT_TIMESTAMP are the same. An identity column needs no default of nextval. Expressions "
    "that mean the same in other words are not seen through: such a finding is only likely.",
    fix="Set the default. Rows that are there keep what they have.",
    needs=("contract",),
)
def contract_default(seen: Seen) -> Iterator[Found]:
    """Declared defaults that the database does not have."""
    schema = seen.contract.schema if seen.contract is not None else ""
    for relation, wanted, column in _pairs(seen):
        if wanted.default is None or column.generated:
            continue
        key = expression_key(wanted.default, schema)
        found = None if column.default is None else expression_key(column.default, schema)
        numbered = column.identity and key.startswith("nextval (")
        if numbered or key == (found if found is not None else "null"):
            continue
        plain = found is None or not (set("( ") & set(key.removesuffix(" ( )") + found.removesuffix(" ( )")))
        yield Found(
            object=(relation.schema, relation.name, column.name),
            object_type="column",
            message=f"The default of {relation.name}.{column.name} is {column.default or 'not there'}; the contract "
            f"says {wanted.default}.",
            evidence={"found": column.default, "declared": wanted.default},
            confidence="certain" if plain else "likely",
            fix=None if column.identity else _defaulted(relation, column, wanted.default, schema),
            comment=table_comment(relation, column.number),
        )


def _defaulted(relation: Relation, column: Column, default: str, schema: str) -> Fix:
    head = f"ALTER TABLE ONLY {name_of(relation)} ALTER COLUMN {quote_ident(column.name)}"
    back = "DROP DEFAULT" if column.default is None else f"SET DEFAULT {column.default}"
    made = statement(f"{head} SET DEFAULT {executable_default(default, schema)}", relation)
    return Fix((made,), (statement(f"{head} {back}", relation),))


@GROUP.check(
    "contract-view-missing",
    severity="error",
    title="A view that the contract declares and the database lacks",
    why="Programs that use it fail.",
    how="No view has that schema and name, nor a materialized view where the contract does not want it writable.",
    avoids="Names are compared as PostgreSQL stores them.",
    fix="Create the view: its query is not in the contract.",
    needs=("contract",),
)
def contract_view_missing(seen: Seen) -> Iterator[Found]:
    """Declared views that are not there."""
    contract = seen.contract
    for name, view in contract.views.items() if contract is not None else ():
        place = contract.qualified(name) if contract is not None else None
        relation = None if place is None else seen.catalog.by_name.get(place)
        kinds = "vm" if view.writable is None else "v"
        if place is not None and (relation is None or relation.kind not in kinds):
            instead = "" if relation is None else f" ({place.name} is {_KINDS[relation.kind]})"
            yield Found(
                object=(place.schema, place.name),
                object_type="view",
                message=f"The contract declares the view {name}, and the database has none of that name{instead}.",
                evidence={"found": None if relation is None else _KINDS[relation.kind]},
            )


@GROUP.check(
    "contract-view-columns",
    severity="error",
    title="A view without columns that the contract declares",
    why="Programs that name the column fail.",
    how="The view is there and lacks columns of those names.",
    avoids="The order does not count, and further columns are told by contract-extra-column.",
    fix="CREATE OR REPLACE VIEW can add columns at the end: its query is not in the contract.",
    needs=("contract",),
)
def contract_view_columns(seen: Seen) -> Iterator[Found]:
    """Declared views that lack declared columns."""
    for view, relation in _views(seen):
        found = {column.name for column in seen.catalog.columns.get(relation.oid, ())}
        missing = [name for name in view.columns if name not in found]
        if missing:
            yield Found(
                object=(relation.schema, relation.name),
                object_type="view",
                message=f"The view {relation.name} lacks {listed(missing)}, which the contract declares.",
                evidence={"missing": list(missing)},
                comment=table_comment(relation),
            )


def _views(seen: Seen) -> Iterator[tuple[declared.View, Relation]]:
    contract = seen.contract
    for name, view in contract.views.items() if contract is not None else ():
        relation = None if contract is None else seen.catalog.by_name.get(contract.qualified(name))
        if relation is not None and relation.kind in "vm":
            yield view, relation


@GROUP.check(
    "contract-extra-object",
    severity="info",
    level="extended",
    title="A table or view that the contract does not know",
    why="Nobody has said what it is for: it may be left over, or the contract may be out of date.",
    how="It stands in the contract's schema, and the contract declares tables (for a view: views), but not this one.",
    avoids="Partitions and what belongs to extensions are left out. A contract without tables says nothing of tables.",
    fix="Declare it in the contract, if only as `{}`, or drop it.",
    needs=("contract",),
)
def contract_extra_object(seen: Seen) -> Iterator[Found]:
    """Tables and views of the contract's schema that it does not declare."""
    contract = seen.contract
    if contract is None:
        return
    names = {contract.qualified(name) for name in (*contract.tables, *contract.views)}
    for relation in seen.catalog.own:
        said = contract.tables if relation.kind in TABLE_KINDS else contract.views if relation.kind in "vm" else {}
        known = (relation.schema, relation.name) in names
        if said and not known and relation.schema == contract.schema and not relation.is_partition:
            word = "table" if relation.kind in TABLE_KINDS else "view"
            yield Found(
                object=(relation.schema, relation.name),
                object_type=word,
                message=f"The contract does not know the {word} {relation.name}.",
                comment=table_comment(relation),
            )


@GROUP.check(
    "contract-extra-column",
    severity="info",
    level="extended",
    title="A column that the contract does not know",
    why="Nobody has said what it is for: it may be left over, or the contract may be out of date.",
    how="The contract declares columns of the table or view, but not this one.",
    avoids="A table or view without columns in the contract takes any column.",
    fix="Declare it in the contract, if only as `{}`, or drop it.",
    needs=("contract",),
)
def contract_extra_column(seen: Seen) -> Iterator[Found]:
    """Columns that the contract does not declare, of tables and views whose columns it does."""
    stated: list[tuple[set[str], Relation]] = [
        *((set(table.columns), relation) for table, relation in declared_keys.tables(seen)),
        *((set(view.columns), relation) for view, relation in _views(seen)),
    ]
    for names, relation in stated:
        for column in seen.catalog.columns.get(relation.oid, ()) if names else ():
            if column.name not in names:
                yield Found(
                    object=(relation.schema, relation.name, column.name),
                    object_type="column",
                    message=f"The contract does not know the column {column.name} of {relation.name}.",
                    evidence={"type": column.type},
                    comment=table_comment(relation, column.number),
                )
