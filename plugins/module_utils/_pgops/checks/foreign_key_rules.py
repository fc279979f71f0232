# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Checks of what foreign keys do: their rules, whether they hold, and whether they are needed."""

from __future__ import annotations

from collections.abc import Iterator

from ..model.catalog.relations import Column, Constraint, Relation
from ..model.catalog.snapshot import Catalog
from ..model.finding import Fix, Found, NotChecked
from ..model.measured import Probe, Wanted
from .check import Group
from .parts.fixes import columns_of
from .parts.key_sql import (
    RULES,
    definition,
    drop,
    may_wait,
    pairs,
    restore,
    swapped,
    validate,
)
from .parts.questions import Reference, collations_wanted, orphans, reference_of
from .parts.telling import counted
from .seen import Seen

GROUP = Group("foreign-key-rules", "Foreign keys: whether they hold, and what a delete or an update does through them.")


def _comments(table: Relation, key: Constraint) -> tuple[tuple[str, int, int], ...]:
    return (("pg_constraint", key.oid, 0), ("pg_class", table.oid, 0))


def _unvalidated(catalog: Catalog) -> list[tuple[Relation, Constraint]]:
    return [(table, key) for table, key in catalog.foreign_keys if key.enforced and not key.validated]


def _references(catalog: Catalog) -> list[Reference]:
    found = (reference_of(catalog, table, key) for table, key in _unvalidated(catalog) if not key.period)
    return [reference for reference in found if reference is not None]


def _count_orphans(seen: Seen) -> list[Probe]:
    return [orphans(seen.catalog, seen.details, reference) for reference in _references(seen.catalog)]


@GROUP.check(
    "fk-not-valid",
    severity="warning",
    title="A foreign key that was never validated",
    why="New rows are checked, but rows that were there before may refer to nothing: queries, restores and the planner "
    "cannot rely on the key.",
    how="The key is NOT VALID. The rows that refer to nothing are counted where that can be done in time.",
    avoids="Copies of the key in partitions are not told again. Keys that are NOT ENFORCED are told by "
    "constraint-not-enforced.",
    fix="VALIDATE the key: it takes no lock that keeps anybody from writing. Rows that refer to nothing come first: "
    "delete them, or give them something to refer to.",
    wants=lambda catalog: Wanted(texts=collations_wanted(_references(catalog))),
    probes=_count_orphans,
)
def fk_not_valid(seen: Seen) -> Iterator[Found]:
    """Foreign keys that are NOT VALID, with the number of rows that break them."""
    catalog = seen.catalog
    for table, key in _unvalidated(catalog):
        parent = catalog.relations[key.references]
        reference = reference_of(catalog, table, key)
        answer = None if reference is None else seen.answers.get(reference.key)
        number = answer.rows[0]["violations"] if answer is not None and answer.rows else None
        told = "" if number is None else f"; {counted(number, 'row')} refer to nothing"
        fix = Fix(
            (validate(catalog, table, parent, key.name),),
            None,
            "a constraint that was validated cannot be made NOT VALID again; it does no harm",
            automatic=number == 0,
        )
        yield Found(
            object=(table.schema, table.name, key.name),
            object_type="foreign key",
            message=f"{key.name} was never validated{told}.",
            evidence={"orphans": number, "not_counted": "" if answer is None else answer.problem},
            fix=None if number else fix,
            comment=_comments(table, key),
        )


def _sides(key: Constraint) -> tuple[int, int, frozenset[tuple[int, int]]]:
    return key.table, key.references, frozenset(zip(key.columns, key.referenced_columns))


def _behaviour(key: Constraint) -> tuple[object, ...]:
    return key.on_delete, key.on_update, key.match, key.deferrable, key.deferred, key.enforced, set(key.set_columns)


@GROUP.check(
    "fk-duplicate",
    severity="warning",
    title="Two foreign keys that say the same",
    why="Every write is checked twice, and every delete looks for referring rows twice. Where the two have different "
    "rules, what happens depends on their names.",
    how="Both join the same columns to the same columns of the same table.",
    avoids="The referenced columns are compared too: two keys from one column to different columns are not duplicates. "
    "Copies in partitions are not compared.",
    fix="Drop one of them; where their rules differ, a person must say which is meant.",
)
def fk_duplicate(seen: Seen) -> Iterator[Found]:
    """Foreign keys that repeat another one; the best of them is kept."""
    catalog = seen.catalog
    same: dict[object, list[tuple[Relation, Constraint]]] = {}
    for table, key in catalog.foreign_keys:
        same.setdefault(_sides(key), []).append((table, key))
    for keys in same.values():
        if len(keys) == 1:
            continue
        # One that is enforced and validated is worth more; then the name decides.
        table, kept = min(keys, key=lambda one: (not one[1].enforced, not one[1].validated, one[1].name))
        for _table, key in keys:
            if key is kept:
                continue
            alike = _behaviour(key) == _behaviour(kept)
            parent = catalog.relations[key.references]
            fix = None
            if alike and table.kind == "r" and parent.kind == "r":
                fix = Fix((drop(catalog, table, parent, key.name),), restore(catalog, table, key))
            differs = "" if alike else f", with other rules: {_rules(key)} instead of {_rules(kept)}"
            yield Found(
                object=(table.schema, table.name, key.name),
                object_type="foreign key",
                message=f"{key.name} joins the same columns as {kept.name}{differs}.",
                evidence={"kept": kept.name, "rules": _rules(key), "kept_rules": _rules(kept)},
                fix=fix,
                comment=_comments(table, key),
            )


def _rules(key: Constraint) -> str:
    return f"ON DELETE {RULES[key.on_delete]} ON UPDATE {RULES[key.on_update]}"


@GROUP.check(
    "fk-redundant",
    severity="info",
    level="extended",
    title="A foreign key that a wider one implies",
    why="A row that the wider key lets in has passed the narrower one already; the narrower one costs a check each "
    "time.",
    how="The wider key joins the same pairs of columns to the same table, and more, and none of its further columns "
    "may be NULL.",
    avoids="Where a further column may be NULL, the wider key does not check such rows and the narrower one is needed. "
    "Keys with other rules, NOT VALID or NOT ENFORCED ones are left alone.",
    fix="Drop the narrower key, unless it documents something.",
)
def fk_redundant(seen: Seen) -> Iterator[Found]:
    """Foreign keys whose pairs of columns are a part of another key's."""
    catalog = seen.catalog
    together: dict[tuple[int, int], list[tuple[Relation, Constraint]]] = {}
    for table, key in catalog.foreign_keys:
        if key.enforced and key.validated:
            together.setdefault((key.table, key.references), []).append((table, key))
    for keys in together.values():
        for table, key in keys:
            wider = next((other for _table, other in keys if _implies(catalog, other, key)), None)
            if wider is not None:
                yield Found(
                    object=(table.schema, table.name, key.name),
                    object_type="foreign key",
                    message=f"Every row that {wider.name} lets in is let in by {key.name} too.",
                    evidence={"implied_by": wider.name},
                    comment=_comments(table, key),
                )


def _implies(catalog: Catalog, wider: Constraint, key: Constraint) -> bool:
    if not _sides(key)[2] < _sides(wider)[2] or _behaviour(key) != _behaviour(wider):
        return False
    further = [catalog.column(wider.table, number) for number in wider.columns if number not in key.columns]
    return all(column is not None and column.not_null for column in further)


@GROUP.check(
    "fk-intersecting",
    severity="info",
    level="opt_in",
    title="Foreign keys that share columns",
    why="A column that refers to several tables at once must hold a value that all of them know, and SET NULL or "
    "CASCADE of one key changes what the others see.",
    how="Two keys of a table have a column in common, and neither is the other's duplicate or part.",
    avoids="Keys that share the column of a tenant are meant so: this is told only when asked for.",
    fix="Make sure that the rules of the keys agree.",
)
def fk_intersecting(seen: Seen) -> Iterator[Found]:
    """Foreign keys of one table that share a column with an earlier one."""
    catalog = seen.catalog
    earlier: dict[tuple[int, int], Constraint] = {}
    for table, key in catalog.foreign_keys:
        others = {earlier[key.table, number] for number in key.columns if (key.table, number) in earlier}
        for number in key.columns:
            earlier.setdefault((key.table, number), key)
        for other in sorted(others, key=lambda one: one.name):
            if _sides(key)[:2] == _sides(other)[:2] and (
                _sides(key)[2] <= _sides(other)[2] or _sides(other)[2] <= _sides(key)[2]
            ):
                continue
            shared = tuple(number for number in key.columns if number in other.columns)
            yield Found(
                object=(table.schema, table.name, key.name),
                object_type="foreign key",
                message=f"{key.name} and {other.name} share ({columns_of(catalog, table, shared)}).",
                evidence={"other": other.name, "columns": list(catalog.column_names(table.oid, shared))},
                detail=other.name,
                comment=_comments(table, key),
            )


@GROUP.check(
    "fk-always-fails",
    severity="error",
    title="A foreign key whose rule can never be carried out",
    why="ON DELETE SET NULL of a column that may not be NULL makes every delete of a row that is referred to fail, "
    "with an error about the other table.",
    how="The rule is SET NULL, or SET DEFAULT without a default, and a column that it would set is NOT NULL, by itself "
    "or by its domain. The same holds for ON UPDATE.",
    avoids="Where SET NULL names its columns (PostgreSQL 15 and newer), only those count.",
    fix="A person must say what is meant: CASCADE, RESTRICT, or a column that may be NULL.",
)
def fk_always_fails(seen: Seen) -> Iterator[Found]:
    """Foreign keys that would write NULL where none may be."""
    catalog = seen.catalog
    for table, key in catalog.foreign_keys:
        if not key.enforced:
            continue
        for verb, rule, numbers in (
            ("DELETE", key.on_delete, key.set_columns or key.columns),
            ("UPDATE", key.on_update, key.columns),
        ):
            columns = (catalog.column(table.oid, number) for number in numbers)
            refused = [column for column in columns if column is not None and _refuses(catalog, column, rule)]
            if refused:
                yield Found(
                    object=(table.schema, table.name, key.name),
                    object_type="foreign key",
                    message=f"ON {verb} {RULES[rule]} of {key.name} fails whenever a row refers to the one that goes: "
                    f"{table.name}.{refused[0].name} may not be NULL.",
                    evidence={"rule": f"ON {verb} {RULES[rule]}", "columns": [column.name for column in refused]},
                    detail=verb,
                    comment=_comments(table, key),
                )


def _refuses(catalog: Catalog, column: Column, rule: str) -> bool:
    """Whether the rule would write NULL into a column that takes none."""
    kind = catalog.types.get(column.type_oid)
    domain_refuses = kind is not None and kind.kind == "d" and kind.not_null
    if rule == "n":
        return column.not_null or domain_refuses
    # A domain may have a default of its own.
    return rule == "d" and column.default is None and column.not_null and (kind is None or kind.kind != "d")


@GROUP.check(
    "fk-delete-rule-unexpected",
    severity="error",
    title="A foreign key with other rules than the contract's",
    why="The rule decides what happens to rows when the row that they refer to goes: they are kept, emptied, deleted, "
    "or keep it from going.",
    how="Keys are found by their table, columns and referenced table; ON DELETE and ON UPDATE are compared.",
    avoids="A key that is not there at all is another finding.",
    fix="Add the key with the right rules NOT VALID beside the old one and VALIDATE it; then, in one short "
    "transaction, drop the old one and give the new one its name.",
    needs=("contract",),
)
def fk_delete_rule_unexpected(seen: Seen) -> Iterator[Found | NotChecked]:
    """Foreign keys whose rules differ from those that the contract declares."""
    catalog, contract = seen.catalog, seen.contract
    if contract is None:
        return
    for declared in contract.tables.values():
        table = catalog.by_name.get(contract.qualified(declared.name))
        for wanted in () if table is None else declared.foreign_keys:
            for key in () if table is None else catalog.constraints.get(table.oid, ()):
                parent = catalog.relations.get(key.references)
                if key.kind != "f" or key.parent or parent is None or table is None:
                    continue
                named = catalog.column_names(table.oid, key.columns)
                far = catalog.column_names(parent.oid, key.referenced_columns)
                same = set(zip(named, far)) == set(zip(wanted.columns, wanted.referenced_columns))
                if not same or (parent.schema, parent.name) != contract.qualified(wanted.references):
                    continue
                found = {"ON DELETE": RULES[key.on_delete], "ON UPDATE": RULES[key.on_update]}
                asked = {"ON DELETE": wanted.on_delete.upper(), "ON UPDATE": wanted.on_update.upper()}
                if found != asked:
                    yield Found(
                        object=(table.schema, table.name, key.name),
                        object_type="foreign key",
                        message=f"{key.name} says {_told(found)}, and the contract {_told(asked)}.",
                        evidence={"found": dict(found), "declared": dict(asked)},
                        fix=_replaced(catalog, table, key, asked),
                        comment=_comments(table, key),
                    )


def _told(rules: dict[str, str]) -> str:
    return " ".join(f"{verb} {rule}" for verb, rule in rules.items())


def _replaced(catalog: Catalog, table: Relation, key: Constraint, asked: dict[str, str]) -> Fix | None:
    """Build the new key beside the old one, so that rows are bound at every moment, then let it take its place."""
    if not may_wait(catalog, table):
        return None
    letters = {rule: letter for letter, rule in RULES.items()}
    text = definition(catalog, key, letters[asked["ON DELETE"]], letters[asked["ON UPDATE"]])
    there, back = swapped(catalog, table, key, text), swapped(catalog, table, key, definition(catalog, key))
    return Fix(there, back, automatic=True)


@GROUP.check(
    "fk-nullable-composite",
    severity="warning",
    level="extended",
    title="A composite foreign key that half-filled rows get past",
    why="With MATCH SIMPLE, the default, a row with one NULL in the key is not checked at all: its other columns may "
    "hold anything.",
    how="At least two columns of the key may be NULL, so that a row can be half filled.",
    avoids="With one nullable column among NOT NULL ones, NULL plainly means that the row refers to nothing. MATCH "
    "FULL refuses half-filled rows.",
    fix="Declare the key MATCH FULL, or the columns NOT NULL, or check with num_nulls that all or none are filled.",
)
def fk_nullable_composite(seen: Seen) -> Iterator[Found]:
    """Composite foreign keys with several columns that may be NULL."""
    catalog = seen.catalog
    for table, key in catalog.foreign_keys:
        if key.match != "s" or not key.enforced:
            continue
        open_ones = [near.name for near, _far in pairs(catalog, key) if not near.not_null]
        if len(open_ones) >= 2:
            yield Found(
                object=(table.schema, table.name, key.name),
                object_type="foreign key",
                message=f"Rows with a NULL in one of ({columns_of(catalog, table, key.columns)}) get past {key.name}.",
                evidence={"nullable": open_ones},
                confidence="likely",
                comment=_comments(table, key),
            )


@GROUP.check(
    "fk-self-no-action",
    severity="info",
    level="opt_in",
    title="A table that refers to itself and keeps its rows from being deleted",
    why="A row cannot be deleted while rows below refer to it: a tree must be deleted from its leaves up, or at once.",
    how="The key refers to its own table, and its rule for DELETE is NO ACTION or RESTRICT.",
    avoids="It is often meant so: this is told only when asked for.",
    fix="Choose CASCADE or SET NULL where a row's delete should reach those below it.",
)
def fk_self_no_action(seen: Seen) -> Iterator[Found]:
    """Foreign keys of a table to itself that do nothing on delete."""
    for table, key in seen.catalog.foreign_keys:
        if key.references == key.table and key.on_delete in "ar":
            yield Found(
                object=(table.schema, table.name, key.name),
                object_type="foreign key",
                message=f"A row of {table.name} cannot be deleted while others refer to it by {key.name}.",
                evidence={"rule": RULES[key.on_delete]},
                comment=_comments(table, key),
            )
