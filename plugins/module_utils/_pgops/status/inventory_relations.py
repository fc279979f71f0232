# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The entries of an inventory for tables, views and what hangs on them. Pure.

What is rarely set stands in an entry only where it is: a key that is absent says no, none or PostgreSQL's default.
"""

from __future__ import annotations

import json

from ..model.catalog.relations import Column, Constraint, Index, Policy, Relation, Trigger
from .inventory_parts import ENABLED, PUBLIC, Facts, Parts, kind_of, moment, option_list, where_set

_IDENTITY = {"a": "always", "d": "by default"}
_GENERATED = {"s": "stored", "v": "virtual"}
CONSTRAINTS = {"p": "primary key", "u": "unique", "f": "foreign key", "c": "check", "x": "exclusion", "n": "not null"}
ACTIONS = {"a": "no action", "r": "restrict", "c": "cascade", "n": "set null", "d": "set default"}
_MATCHES = {"s": "simple", "f": "full", "p": "partial"}
_COMMANDS = {"*": "all", "r": "select", "a": "insert", "w": "update", "d": "delete"}
_EVENTS = {"insert": 4, "update": 16, "delete": 8, "truncate": 32}
_IDENTITIES = {"n": "nothing", "f": "full"}
#: Verb to the bit of pg_relation_is_updatable and the event of a rule.
_VERBS = {"insert": (8, 3), "update": (4, 2), "delete": (16, 4)}


def relation_facts(parts: Parts, relation: Relation) -> Facts:
    """The entry of a table, view, materialized view or foreign table."""
    facts: Facts = {
        "schema": relation.schema,
        "name": relation.name,
        "kind": kind_of(relation),
        "owner": relation.owner,
        "comment": parts.comment("pg_class", relation.oid),
        "columns": [_column(parts, relation, column) for column in parts.catalog.columns.get(relation.oid, ())],
    }
    if relation.kind in "vm":
        facts["definition"] = parts.text("view", relation.oid)
        facts["reads"] = _reads(parts, relation)
    if relation.kind == "v":
        facts["writable"] = _writable(parts, relation)
    if relation.kind in "rpf":
        facts["constraints"] = {
            one.name: _constraint(parts, one)
            for one in parts.catalog.constraints.get(relation.oid, ())
            if is_told(parts.constraints, one)
        }
    if relation.kind in "rpm":
        facts["indexes"] = {
            index.name: _index(parts, relation, index) for index in parts.catalog.indexes.get(relation.oid, ())
        }
    if relation.kind != "m":
        facts["triggers"] = {
            one.name: _trigger(parts, one)
            for one in sorted(parts.catalog.triggers.get(relation.oid, ()), key=lambda one: one.name)
            if not one.internal
        }
    if relation.kind in "rp":
        facts["policies"] = {
            one.name: _policy(one)
            for one in sorted(parts.catalog.policies.get(relation.oid, ()), key=lambda one: one.name)
        }
    facts["grants"] = parts.grants(relation.acl, "table", relation.owner)
    facts.update(_rare(parts, relation))
    if parts.full and relation.kind != "v":
        facts["measured"] = _measured(parts, relation)
    return facts


def _rare(parts: Parts, relation: Relation) -> Facts:
    above = [parts.relation(oid) for oid in relation.parents]
    row_security = ("forced" if relation.force_row_security else "enabled") if relation.row_security else None
    return where_set(
        persistence="unlogged" if relation.persistence == "u" else None,
        options=option_list(relation.options),
        access_method=relation.access_method if relation.access_method != "heap" else None,
        replica_identity=_IDENTITIES.get(relation.replica_identity) if relation.kind in "rp" else None,
        row_security=row_security,
        partition_key=relation.partition_key,
        partition_of=above[0] if relation.is_partition and above else None,
        partition_bound=parts.text("bound", relation.oid),
        inherits=[] if relation.is_partition else above,
        foreign=parts.text("foreign", relation.oid),
        rules=_rules(parts, relation),
        system_triggers=_system_triggers(parts, relation),
    )


def is_told(constraints: dict[int, Constraint], one: Constraint) -> bool:
    """Whether a constraint is told: not the copies of foreign keys that PostgreSQL makes and names for partitions, nor
    what a column or trigger says of itself already.
    """
    if one.kind not in CONSTRAINTS or (one.kind == "n" and one.validated):
        return False
    return not (one.kind == "f" and one.parent in constraints)


def _column(parts: Parts, relation: Relation, column: Column) -> Facts:
    facts: Facts = {"name": column.name, "type": column.type}
    if relation.kind in "rpf":
        facts["not_null"] = column.not_null
        facts["default"] = None if column.generated else column.default
    kind = parts.catalog.types.get(column.type_oid)
    collation = column.collation if kind is None or column.collation != kind.collation else 0
    facts.update(
        where_set(
            identity=_IDENTITY.get(column.identity),
            generated=_GENERATED.get(column.generated),
            expression=column.default if column.generated else None,
            collation=parts.text("collation", collation) if collation else None,
            inherited=column.inherited,
            comment=parts.comment("pg_class", relation.oid, column.number),
            grants=parts.grants(column.acl, "column", relation.owner) if column.acl else None,
        )
    )
    if column.statistics_target is not None:
        facts["statistics_target"] = column.statistics_target
    if relation.kind == "v" and column.default is not None:
        facts["default"] = column.default
    return facts


def _constraint(parts: Parts, one: Constraint) -> Facts:
    catalog = parts.catalog
    facts: Facts = {
        "type": CONSTRAINTS[one.kind],
        "columns": list(catalog.column_names(one.table, one.columns)),
        "definition": parts.text("constraint", one.oid),
    }
    if one.kind == "f":
        facts["references"] = parts.relation(one.references)
        facts["referenced_columns"] = list(catalog.column_names(one.references, one.referenced_columns))
        facts["on_delete"] = ACTIONS.get(one.on_delete)
        facts["on_update"] = ACTIONS.get(one.on_update)
        facts["match"] = _MATCHES.get(one.match)
        set_columns = list(catalog.column_names(one.table, one.set_columns))
        facts.update(where_set(set_columns=set_columns))
    facts.update(
        where_set(
            deferrable=one.deferrable,
            initially_deferred=one.deferred,
            not_valid=not one.validated,
            not_enforced=not one.enforced,
            no_inherit=one.no_inherit and one.kind == "c",
            inherited=one.inherited and one.kind == "c",
            from_parent=bool(one.parent),
            comment=parts.comment("pg_constraint", one.oid),
        )
    )
    return facts


def index_keys(parts: Parts, relation: Relation, index: Index) -> list[Facts]:
    """The keys of an index in their order: a column or an expression each, with its ordering where it is not usual."""
    keys = []
    for place, number in enumerate(index.key_columns):
        names = parts.catalog.column_names(relation.oid, (number,))
        text = index.key_texts[place] if place < len(index.key_texts) else None
        key: Facts = {"column": names[0]} if names else {"expression": text}
        bits = index.ordering[place] if place < len(index.ordering) else 0
        keys.append({**key, **where_set(descending=bool(bits & 1), nulls_first=bool(bits & 2))})
    return keys


def _index(parts: Parts, relation: Relation, index: Index) -> Facts:
    facts: Facts = {
        "method": index.method,
        "unique": index.unique,
        "keys": index_keys(parts, relation, index),
        "definition": parts.details.definitions.get(index.oid),
        **where_set(
            includes=list(parts.catalog.column_names(relation.oid, index.included)),
            predicate=index.predicate,
            of_constraint=index.oid in parts.catalog.constraint_indexes,
            nulls_not_distinct=index.nulls_not_distinct,
            # An index that is being built is not broken; one that was left in the middle is.
            invalid=not (index.valid and index.ready and index.live),
            replica_identity=index.replica_identity,
            clustered=index.clustered,
            options=option_list(index.options),
            from_parent=bool(index.parent),
            comment=parts.comment("pg_class", index.oid),
        ),
    }
    if parts.full:
        facts["measured"] = {
            "bytes": parts.details.sizes.get(index.oid),
            "scans": index.scans,
            "last_scan": moment(index.last_scan),
        }
    return facts


def _trigger(parts: Parts, one: Trigger) -> Facts:
    names = parts.catalog.column_names(one.table, one.columns)
    return {
        "timing": "instead of" if one.bits & 64 else "before" if one.bits & 2 else "after",
        "events": [event for event, bit in _EVENTS.items() if one.bits & bit],
        "level": "row" if one.bits & 1 else "statement",
        "enabled": ENABLED.get(one.enabled, one.enabled),
        "definition": parts.text("trigger", one.oid),
        **where_set(
            columns=list(names),
            function=parts.function(one.function),
            from_parent=bool(one.parent),
            comment=parts.comment("pg_trigger", one.oid),
        ),
    }


def _system_triggers(parts: Parts, relation: Relation) -> Facts:
    """Constraints whose own triggers do not stand as they were made, so that they may not be upheld."""
    found: dict[str, set[str]] = {}
    for one in parts.catalog.triggers.get(relation.oid, ()):
        constraint = parts.constraints.get(one.constraint)
        if one.internal and constraint is not None:
            found.setdefault(constraint.name, set()).add(ENABLED.get(one.enabled, one.enabled))
    return {name: sorted(states) for name, states in sorted(found.items())}


def _policy(one: Policy) -> Facts:
    return {
        "command": _COMMANDS.get(one.command, one.command),
        "permissive": one.permissive,
        "roles": sorted(role or PUBLIC for role in one.roles),
        "using": one.using,
        "with_check": one.with_check,
    }


def _rules(parts: Parts, relation: Relation) -> Facts:
    text = parts.text("rules", relation.oid)
    rules: dict[str, str] = json.loads(text) if text else {}
    enabled = {one.name: one.enabled for one in parts.rules.get(relation.oid, ())}
    return {
        name: {"definition": rules[name], "enabled": ENABLED.get(enabled.get(name, "O"), "origin")}
        for name in sorted(rules)
    }


def _reads(parts: Parts, relation: Relation) -> list[str]:
    used = {oid for oid, _number in parts.catalog.view_columns.get(relation.oid, ())}
    return sorted(name for name in (parts.relation(oid) for oid in used) if name)


def _writable(parts: Parts, relation: Relation) -> Facts:
    """For each verb: `trigger` (INSTEAD OF), `rule`, `plainly` (PostgreSQL does it by itself), or `no`."""
    triggers = [one for one in parts.catalog.triggers.get(relation.oid, ()) if one.bits & 64]
    rules = {one.event for one in parts.rules.get(relation.oid, ()) if one.instead}
    found = {}
    for verb, (bit, event) in _VERBS.items():
        if any(one.bits & _EVENTS[verb] for one in triggers):
            found[verb] = "trigger"
        elif event in rules:
            found[verb] = "rule"
        else:
            found[verb] = "plainly" if relation.updatable_plainly & bit else "no"
    return found


def _measured(parts: Parts, relation: Relation) -> Facts:
    catalog, sizes = parts.catalog, parts.details.sizes
    indexes = [sizes.get(index.oid) for index in catalog.indexes.get(relation.oid, ())]
    rows = relation.rows if relation.kind != "p" else _rows_below(parts, relation)
    facts: Facts = {"rows_estimate": None if rows < 0 else int(rows)}
    if relation.kind in "rm":
        facts["bytes"] = sizes.get(relation.oid)
        facts["index_bytes"] = None if None in indexes else sum(size for size in indexes if size is not None)
        facts["toast_bytes_estimate"] = relation.toast_pages * catalog.server.block_size
    if relation.kind == "m":
        facts["populated"] = relation.populated
    usage = catalog.usage.get(relation.oid)
    if usage is not None:
        facts.update(
            live_rows=usage.live,
            dead_rows=usage.dead,
            sequential_scans=usage.seq_scan,
            index_scans=usage.idx_scan,
            inserted=usage.inserted,
            updated=usage.updated,
            deleted=usage.deleted,
            last_vacuum=moment(_later(usage.last_vacuum, usage.last_autovacuum)),
            last_analyze=moment(_later(usage.last_analyze, usage.last_autoanalyze)),
        )
    return facts


def _rows_below(parts: Parts, relation: Relation) -> float:
    """The sum over the partitions, -1 where one of them was never counted."""
    rows = [leaf.rows for leaf in parts.catalog.leaves(relation) if leaf.kind == "r"]
    return -1.0 if any(one < 0 for one in rows) else sum(rows)


def _later(one: float | None, other: float | None) -> float | None:
    times = [time for time in (one, other) if time is not None]
    return max(times, default=None)
