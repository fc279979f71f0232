# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Checks of constraints: whether they hold, and whether they say anything."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..model.catalog.relations import Constraint, DomainConstraint, Relation, Trigger
from ..model.catalog.snapshot import Catalog
from ..model.finding import Fix, Found, Lock, Step, Value
from ..model.identifiers import quote_ident, quote_literal, quote_qualified
from ..model.measured import Probe
from .check import Group
from .parts.fixes import ACCESS_EXCLUSIVE, SHARE_ROW_EXCLUSIVE, SHARE_UPDATE_EXCLUSIVE, name_of
from .parts.key_sql import tree
from .parts.telling import counted, listed
from .seen import Seen

GROUP = Group("constraints", "Constraints: whether they hold for every row, and whether they say anything.")

_KINDS = {"c": "check constraint", "n": "not-null constraint", "f": "foreign key"}
_OPERAND = r"(?:[a-z_][a-z0-9_$]*|\"(?:[^\"]|\"\")+\"|-?\d+(?:\.\d+)?|'(?:[^']|'')*'::text)"
_ALWAYS = (
    re.compile(r"\(?true\)?"),
    re.compile(rf"\((?P<same>{_OPERAND}) (?:=|>=|<=) (?P=same)\)"),
    re.compile(rf"\(\((?P<one>{_OPERAND}) IS NULL\) OR \((?P=one) IS NOT NULL\)\)"),
    re.compile(rf"\(\((?P<one>{_OPERAND}) IS NOT NULL\) OR \((?P=one) IS NULL\)\)"),
)
_NOT_NULL = re.compile(r"\((?P<name>[a-z_][a-z0-9_$]*|\"(?:[^\"]|\"\")+\") IS NOT NULL\)")


def _found(table: Relation, one: Constraint, message: str, fix: Fix | None = None, **evidence: Value) -> Found:
    return Found(
        object=(table.schema, table.name, one.name),
        object_type=_KINDS[one.kind],
        message=message,
        evidence=evidence,
        fix=fix,
        comment=(("pg_constraint", one.oid, 0), ("pg_class", table.oid, 0)),
    )


def _own(catalog: Catalog, kinds: str) -> Iterator[tuple[Relation, Constraint]]:
    """Constraints of users' tables that were declared there, with their table: no copies in tables below."""
    for table in catalog.tables:
        for one in catalog.constraints.get(table.oid, ()):
            if one.kind in kinds and not (one.parent or one.inherited or one.of_extension):
                yield table, one


def _locked(catalog: Catalog, table: Relation, one: Constraint, mode: str) -> tuple[Lock, ...]:
    below = (table,) if one.no_inherit else tree(catalog, table)
    return tuple(Lock(name_of(relation), mode) for relation in below)


def _unvalidated(catalog: Catalog) -> Iterator[tuple[Relation, Constraint]]:
    return ((table, one) for table, one in _own(catalog, "cn") if one.enforced and not one.validated)


def _violators_key(table: Relation, one: Constraint) -> str:
    return f"constraint-not-valid {name_of(table)} {one.name}"


def _count_violators(seen: Seen) -> list[Probe]:
    catalog = seen.catalog
    found = []
    for table, one in _unvalidated(catalog):
        broken = f"NOT ({one.expression})"
        if one.kind == "n":
            names = catalog.column_names(table.oid, one.columns)
            broken = f"{quote_ident(names[0])} IS NULL"
        source = f"ONLY {name_of(table)}" if one.no_inherit else name_of(table)
        sql = f"SELECT pg_catalog.count(*) AS violators FROM {source} WHERE {broken}"
        rows = sum(max(below.rows, 0.0) for below in tree(catalog, table) if below.kind == "r")
        key = _violators_key(table, one)
        found.append(Probe(key, sql, table.owner, (table.oid,), rows, text=one.expression or ""))
    return found


@GROUP.check(
    "constraint-not-valid",
    severity="warning",
    title="A check or not-null constraint that was never validated",
    why="New rows are checked, but rows that were there before may break it: an UPDATE of such a row fails, a restore "
    "of a dump may too, and the planner cannot rely on it.",
    how="The constraint is NOT VALID. The rows that break it are counted where that can be done in time.",
    avoids="Copies in partitions and inheriting tables are not told again. Constraints that are NOT ENFORCED are told "
    "by constraint-not-enforced.",
    fix="VALIDATE it: that takes no lock that keeps anybody from writing. Rows that break it must be mended first.",
    probes=_count_violators,
)
def constraint_not_valid(seen: Seen) -> Iterator[Found]:
    """CHECK and NOT NULL constraints that are NOT VALID, with the number of rows that break them."""
    catalog = seen.catalog
    for table, one in _unvalidated(catalog):
        answer = seen.answers.get(_violators_key(table, one))
        violators = answer.rows[0]["violators"] if answer is not None and answer.rows else None
        told = "" if violators is None else f"; {counted(violators, 'row')} in breach of it"
        sql = f"ALTER TABLE {name_of(table)} VALIDATE CONSTRAINT {quote_ident(one.name)}"
        fix = Fix(
            (Step((sql,), locks=_locked(catalog, table, one, SHARE_UPDATE_EXCLUSIVE)),),
            None,
            "a constraint that was validated cannot be made NOT VALID again; it does no harm",
            automatic=violators == 0,
        )
        message = f"{one.name} was never validated{told}."
        problem = "" if answer is None else answer.problem
        yield _found(table, one, message, None if violators else fix, violators=violators, not_counted=problem)


@GROUP.check(
    "constraint-not-enforced",
    severity="info",
    title="A constraint that is not enforced",
    why="Nothing checks it: neither rows that are there nor new ones. It is documentation, and may be false.",
    how="A check constraint or foreign key is declared NOT ENFORCED (PostgreSQL 18 and newer).",
    avoids="Copies in partitions and inheriting tables are not told again.",
    fix="Leave it where it is meant as documentation; else look for rows that break it, and enforce it.",
)
def constraint_not_enforced(seen: Seen) -> Iterator[Found]:
    """CHECK constraints and foreign keys that are NOT ENFORCED."""
    for table, one in _own(seen.catalog, "cf"):
        if not one.enforced:
            yield _found(table, one, f"{one.name} is NOT ENFORCED: no row is checked.")


def _told_domain(one: DomainConstraint, message: str, fix: Fix | None) -> Found:
    return Found(
        object=(one.schema, one.domain_name, one.name),
        object_type="domain constraint",
        message=message,
        evidence={"expression": one.expression},
        fix=fix,
        comment=(("pg_constraint", one.oid, 0), ("pg_type", one.domain, 0)),
    )


@GROUP.check(
    "domain-constraint-not-valid",
    severity="warning",
    title="A domain's constraint that was never validated",
    why="New values are checked, but values that were stored before may break it.",
    how="The constraint of the domain is NOT VALID.",
    avoids="Domains of extensions are left out.",
    fix="VALIDATE it: every table with a column of the domain is read, and cannot be written meanwhile.",
)
def domain_constraint_not_valid(seen: Seen) -> Iterator[Found]:
    """Constraints of domains that are NOT VALID."""
    catalog = seen.catalog
    for one in catalog.domain_constraints:
        if one.validated or one.of_extension:
            continue
        sql = f"ALTER DOMAIN {quote_qualified(one.schema, one.domain_name)} VALIDATE CONSTRAINT {quote_ident(one.name)}"
        using = (
            relation
            for relation in catalog.relations.values()
            if relation.kind in "rm"
            and any(
                _of_domain(catalog, column.type_oid, one.domain) for column in catalog.columns.get(relation.oid, ())
            )
        )
        locks = tuple(Lock(name_of(relation), "SHARE") for relation in using)
        why = "a constraint that was validated cannot be made NOT VALID again; it does no harm"
        yield _told_domain(one, f"{one.name} was never validated.", Fix((Step((sql,), locks=locks),), None, why))


def _of_domain(catalog: Catalog, kind: int, domain: int) -> bool:
    """Whether a column's type is the domain, or a domain over it."""
    found = catalog.types.get(kind)
    while found is not None and found.kind == "d":
        if found.oid == domain:
            return True
        found = catalog.types.get(found.base)
    return False


@GROUP.check(
    "constraint-trigger-missing",
    severity="critical",
    title="A constraint whose triggers are disabled or missing",
    why="A foreign key is upheld by triggers of the system's own, and so is a deferrable unique key. Without them rows "
    "are not checked, deletes do not cascade, and the key is still shown as valid. Releases before 14.14, 15.9, 16.5 "
    "and 17.1 left a partition without them when it was detached.",
    how="A trigger that belongs to a constraint is disabled, or fires for replication only, or a foreign key has "
    "fewer triggers than it needs.",
    avoids="Triggers that fire ALWAYS are well. Keys that are NOT ENFORCED have none, and before PostgreSQL 15 "
    "those of partitioned tables stand at the partitions only. Triggers that users made are told by other checks.",
    fix="Enable the triggers, then look for rows that break the constraint: VALIDATE does nothing for a key that "
    "counts as valid, so drop and add it anew. Where triggers are missing, that brings them back.",
)
def constraint_trigger_missing(seen: Seen) -> Iterator[Found]:
    """Constraints whose internal triggers do not fire or are not there."""
    catalog = seen.catalog
    off = _off(catalog)
    for oid, idle in sorted(off.items()):
        one = catalog.constraint_by_oid[oid]
        table = catalog.relations[one.table]
        if not (one.of_extension or table.of_extension or _any_above(catalog, one, off)):
            names = sorted({catalog.relations[trigger.table].name for trigger in idle})
            why = f"triggers on {listed(names)} do not fire"
            yield _unheld(table, one, f"{one.name} is not upheld: {why}", _enable(catalog, idle))
    for oid, there in sorted(catalog.few_triggers.items()):
        key = catalog.constraint_by_oid.get(oid)
        expected = 0 if key is None else _expected(catalog, key)
        if key is not None and there < expected and not catalog.relations[key.table].of_extension:
            why = f"{expected - there} of its {expected} triggers are missing"
            yield _unheld(catalog.relations[key.table], key, f"{key.name} is not upheld: {why}", None)


def _off(catalog: Catalog) -> dict[int, list[Trigger]]:
    """Constraints (OID) to those of their own triggers that do not fire."""
    found: dict[int, list[Trigger]] = {}
    for triggers in catalog.triggers.values():
        for trigger in triggers:
            if trigger.internal and trigger.enabled in "DR" and trigger.constraint in catalog.constraint_by_oid:
                found.setdefault(trigger.constraint, []).append(trigger)
    return found


def _unheld(table: Relation, one: Constraint, message: str, fix: Fix | None) -> Found:
    return Found(
        object=(table.schema, table.name, one.name),
        object_type={"f": "foreign key", "u": "unique constraint", "p": "primary key"}.get(one.kind, "constraint"),
        message=f"{message}.",
        evidence={"constraint": one.name},
        fix=fix,
        comment=(("pg_constraint", one.oid, 0), ("pg_class", table.oid, 0)),
    )


def _any_above(catalog: Catalog, one: Constraint, among: dict[int, list[Trigger]]) -> bool:
    """Whether a constraint that this is a copy of is told already."""
    above = catalog.constraint_by_oid.get(one.parent)
    while above is not None:
        if above.oid in among:
            return True
        above = catalog.constraint_by_oid.get(above.parent)
    return False


def _enable(catalog: Catalog, triggers: list[Trigger]) -> Fix:
    """Enable these triggers, each by its own name: ALL would enable those that users disabled on purpose."""
    steps, back = [], []
    for trigger in sorted(triggers):
        table = catalog.relations[trigger.table]
        below = tree(catalog, table) if table.kind == "p" else (table,)
        locks = tuple(Lock(name_of(one), SHARE_ROW_EXCLUSIVE) for one in below)
        name = quote_ident(trigger.name)
        before = "DISABLE" if trigger.enabled == "D" else "ENABLE REPLICA"
        steps.append(Step((f"ALTER TABLE {name_of(table)} ENABLE TRIGGER {name}",), locks=locks))
        back.append(Step((f"ALTER TABLE {name_of(table)} {before} TRIGGER {name}",), locks=locks))
    return Fix(tuple(steps), tuple(back))


def _expected(catalog: Catalog, key: Constraint) -> int:
    """How many triggers a foreign key has: two check new rows, two react to changes of referenced rows.

    Of its copies those in partitions check, and those for partitions of the referenced table react. Before PostgreSQL
    15 partitioned tables themselves have none.
    """
    above = catalog.constraint_by_oid.get(key.parent)
    if not key.enforced or key.references not in catalog.relations or (key.parent and above is None):
        return 0
    everywhere = catalog.server.major >= 15
    checks = above is None or above.table != key.table
    reacts = above is None or above.table == key.table
    near = everywhere or catalog.relations[key.table].kind == "r"
    far = everywhere or catalog.relations[key.references].kind == "r"
    return 2 * (checks and near) + 2 * (reacts and far)


def _dropped(catalog: Catalog, table: Relation, one: Constraint) -> Fix:
    """Drop a check constraint; the way back adds it NOT VALID and validates it."""
    name, target = quote_ident(one.name), name_of(table)
    locks = _locked(catalog, table, one, ACCESS_EXCLUSIVE)
    late = " NO INHERIT" if one.no_inherit else ""
    again = [f"ALTER TABLE {target} ADD CONSTRAINT {name} CHECK ({one.expression}){late} NOT VALID"]
    comment = catalog.comments.get(("pg_constraint", one.oid, 0))
    if comment is not None:
        again.append(f"COMMENT ON CONSTRAINT {name} ON {target} IS {quote_literal(comment)}")
    # PostgreSQL 18 locks inheriting tables even where they do not get the constraint.
    wide = tuple(Lock(name_of(relation), ACCESS_EXCLUSIVE) for relation in tree(catalog, table))
    back = [Step(tuple(again), locks=wide if catalog.server.major >= 18 else locks)]
    if one.validated:
        weak = _locked(catalog, table, one, SHARE_UPDATE_EXCLUSIVE)
        back.append(Step((f"ALTER TABLE {target} VALIDATE CONSTRAINT {name}",), locks=weak))
    return Fix((Step((f"ALTER TABLE {target} DROP CONSTRAINT {name}",), locks=locks),), tuple(back))


def _plain(catalog: Catalog, table: Relation, one: Constraint) -> bool:
    """Whether only PostgreSQL's own types are compared: other types may bring their own meaning of =."""
    kinds = (catalog.column(table.oid, number) for number in one.columns)
    bases = [None if column is None else catalog.base_type(column.type_oid) for column in kinds]
    return all(base is not None and base.builtin for base in bases)


@GROUP.check(
    "check-constraint-always-true",
    severity="warning",
    title="A check constraint that every row passes",
    why="It looks as if it protected something and does not: most often something else was meant.",
    how="The expression is true, compares a column or a constant with itself, or asks whether a column is NULL or not.",
    avoids="Only these plain shapes are told, and only for PostgreSQL's own types. Copies in partitions are not.",
    fix="Say what was meant, or drop the constraint.",
)
def check_constraint_always_true(seen: Seen) -> Iterator[Found]:
    """CHECK constraints that cannot fail."""
    catalog = seen.catalog
    for table, one in _own(catalog, "c"):
        text = one.expression or ""
        if any(shape.fullmatch(text) for shape in _ALWAYS) and _plain(catalog, table, one):
            yield _found(
                table, one, f"No row can break {one.name}: {text}.", _dropped(catalog, table, one), expression=text
            )


@GROUP.check(
    "check-constraint-duplicate",
    severity="warning",
    title="Two check constraints that say the same",
    why="Every written row is checked twice.",
    how="Two check constraints of a table have the same expression, as PostgreSQL writes it.",
    avoids="Constraints that differ in NO INHERIT, or of which only one is enforced, are not the same. Copies in "
    "partitions are not compared.",
    fix="Drop one of them.",
)
def check_constraint_duplicate(seen: Seen) -> Iterator[Found]:
    """CHECK constraints that repeat another one of their table."""
    catalog = seen.catalog
    same: dict[object, list[tuple[Relation, Constraint]]] = {}
    for table, one in _own(catalog, "c"):
        same.setdefault((table.oid, one.expression, one.no_inherit, one.enforced), []).append((table, one))
    for found in same.values():
        _table, kept = min(found, key=lambda pair: (not pair[1].validated, pair[1].name))
        for table, one in found:
            if one is not kept:
                fix = _dropped(catalog, table, one) if one.enforced else None
                yield _found(table, one, f"{one.name} says the same as {kept.name}.", fix, kept=kept.name)


@GROUP.check(
    "check-not-null-redundant",
    severity="info",
    level="extended",
    title="A check constraint that repeats NOT NULL",
    why="Every written row is checked twice. Such a constraint is often left over from adding NOT NULL step by step.",
    how="The expression is `column IS NOT NULL`, and the column is NOT NULL.",
    avoids="Without NOT NULL at the column such a constraint is all there is, and is not told.",
    fix="Drop the check constraint.",
)
def check_not_null_redundant(seen: Seen) -> Iterator[Found]:
    """CHECK (c IS NOT NULL) constraints of NOT NULL columns."""
    catalog = seen.catalog
    for table, one in _own(catalog, "c"):
        column = catalog.column(table.oid, one.columns[0]) if len(one.columns) == 1 else None
        if column is not None and column.not_null and _NOT_NULL.fullmatch(one.expression or ""):
            message = f"{one.name} repeats that {table.name}.{column.name} is NOT NULL."
            yield _found(table, one, message, _dropped(catalog, table, one), column=column.name)
