# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Checks of triggers and rules: those that do not fire, and those that do what a set of rows asks one by one."""

from __future__ import annotations

from collections.abc import Iterator

from ..model.catalog.relations import Relation, Trigger
from ..model.catalog.snapshot import Catalog
from ..model.finding import Fix, Found, Limit, Lock, Step
from ..model.identifiers import quote_ident, quote_qualified
from .check import Group
from .parts.fixes import SHARE_ROW_EXCLUSIVE, name_of
from .parts.plpgsql import tokens_of
from .parts.telling import listed, table_comment
from .seen import Seen

GROUP = Group("triggers", "Triggers and rules: those that do not fire, and those that do more than they seem to.")

_ROW = 1
#: PostgreSQL's own trigger functions: of foreign keys, and unique_key_recheck. Before 15, what a partition inherits of
#: a trigger that somebody made is marked as internal too.
_OF_KEYS = frozenset({1250, *range(1644, 1656)})
_ON_PURPOSE = "ENABLE REPLICA TRIGGER is said on purpose: a person must know whether it is needed."
_MIXED = "Some partitions have it on, others off: a person must say where it belongs."
_RULE_EVENTS = {2: "UPDATE", 3: "INSERT", 4: "DELETE"}


def _users_triggers(catalog: Catalog) -> Iterator[tuple[Relation, Trigger]]:
    """Triggers that people made on users' relations, in the order of names, those of extensions' tables left out."""
    for relation in catalog.own:
        for trigger in sorted(catalog.triggers.get(relation.oid, ()), key=lambda one: one.name):
            if not trigger.internal or (trigger.parent and trigger.function not in _OF_KEYS):
                yield relation, trigger


@GROUP.check(
    "trigger-disabled",
    severity="error",
    title="A trigger that does not fire",
    why="What the trigger was made for (a check, a history, a copy) is not done, and nothing tells so. It is usually "
    "left over from a load or a repair during which it was switched off.",
    how="A trigger that somebody made is disabled (DISABLE TRIGGER), or fires only while the session replays changes "
    "of another server (ENABLE REPLICA TRIGGER); the latter is told as info.",
    avoids="PostgreSQL's own triggers of foreign keys belong to another check. A trigger of a partition that stands as "
    "its like on the partitioned table is told there, once. Triggers that fire ALWAYS are well.",
    fix="ENABLE TRIGGER, after a look at what was missed meanwhile.",
)
def trigger_disabled(seen: Seen) -> Iterator[Found]:
    """Triggers that are switched off."""
    catalog = seen.catalog
    states = {one.oid: one.enabled for triggers in catalog.triggers.values() for one in triggers}
    for relation, trigger in _users_triggers(catalog):
        if trigger.enabled not in "DR" or states.get(trigger.parent) == trigger.enabled:
            continue
        off = trigger.enabled == "D"
        fix = _enable(catalog, relation, trigger) if off else None
        how = "is disabled" if off else "fires only while changes of another server are replayed"
        yield Found(
            object=(relation.schema, relation.name, trigger.name),
            object_type="trigger",
            message=f"The trigger {trigger.name} of {relation.name} {how}.",
            evidence={"enabled": trigger.enabled, "function": _function_name(catalog, trigger.function)},
            severity="error" if off else "info",
            fix=fix,
            no_fix="" if fix else _MIXED if off else _ON_PURPOSE,
            comment=(("pg_trigger", trigger.oid, 0), *table_comment(relation)),
        )


def _function_name(catalog: Catalog, oid: int) -> str | None:
    function = catalog.functions.get(oid)
    return None if function is None else quote_qualified(function.schema, function.name)


def _enable(catalog: Catalog, relation: Relation, trigger: Trigger) -> Fix | None:
    """Switch it on, on a partitioned table with its likes on the partitions, which must all be off."""
    tree = list(_tree(catalog, relation, trigger))
    if any(one is None or one.enabled != "D" for _relation, one in tree):
        return None
    locks = tuple(Lock(name_of(one), SHARE_ROW_EXCLUSIVE) for one, _trigger in tree)
    name, table = quote_ident(trigger.name), name_of(relation)
    return Fix(
        (Step((f"ALTER TABLE {table} ENABLE TRIGGER {name}",), locks=locks),),
        (Step((f"ALTER TABLE {table} DISABLE TRIGGER {name}",), locks=locks),),
    )


def _tree(catalog: Catalog, relation: Relation, trigger: Trigger | None) -> Iterator[tuple[Relation, Trigger | None]]:
    """The trigger and its likes on all partitions below; None where one is not there, or stands as it was made."""
    yield relation, trigger
    if relation.kind != "p" or trigger is None or not trigger.bits & _ROW:
        return
    for child in catalog.children.get(relation.oid, ()):
        likes = [one for one in catalog.triggers.get(child.oid, ()) if one.parent == trigger.oid]
        yield from _tree(catalog, child, likes[0] if likes else None)


@GROUP.check(
    "rule-instead-multi",
    severity="warning",
    title="A rule that puts several statements in the place of one",
    why="Each statement is planned anew with the original condition: the second sees what the first has changed, so "
    "that a DELETE may miss its rows; volatile values such as nextval are taken anew in each; and the "
    "statement fails within WITH.",
    how="An ON INSERT, UPDATE or DELETE rule has two statements or more, or DO ALSO adds any.",
    avoids="Rules with one statement DO INSTEAD, disabled rules, those of extensions and the queries of views are left "
    "out. DO ALSO with one statement is told as info.",
    fix="A trigger in its place: INSTEAD OF on a view, BEFORE or AFTER on a table.",
)
def rule_instead_multi(seen: Seen) -> Iterator[Found]:
    """Rules with more than one statement in the end."""
    catalog = seen.catalog
    for rule in catalog.rules:
        relation = catalog.relations.get(rule.table)
        if relation is None or relation.of_extension or rule.enabled == "D" or rule.actions is None:
            continue
        if rule.event not in _RULE_EVENTS or (rule.actions < 2 and rule.instead):
            continue
        kind = "DO INSTEAD" if rule.instead else "DO ALSO"
        statements = "1 statement" if rule.actions == 1 else f"{rule.actions} statements"
        yield Found(
            object=(relation.schema, relation.name, rule.name),
            object_type="rule",
            message=f"The rule {rule.name} of {relation.name} has {statements} ON {_RULE_EVENTS[rule.event]} {kind}.",
            evidence={"actions": rule.actions, "instead": rule.instead, "event": _RULE_EVENTS[rule.event]},
            severity=None if rule.actions > 1 else "info",
            no_fix="What a trigger in its place must do, a person has to write.",
            comment=(("pg_rewrite", rule.oid, 0), *table_comment(relation)),
        )


@GROUP.check(
    "trigger-row-by-row",
    severity="info",
    level="extended",
    title="A row trigger that goes through rows in a loop",
    why="The loop runs once for every changed row: a statement over many rows does the work of one for each pair.",
    how="The function of a FOR EACH ROW trigger is written in PL/pgSQL and goes through a query or a cursor in a loop: "
    "FOR .. IN SELECT, or FETCH.",
    avoids="Loops over numbers and arrays are not told. Text in strings and comments does not count. INSTEAD OF "
    "triggers are left out, since they must be FOR EACH ROW.",
    fix="One statement over all rows, in a FOR EACH STATEMENT trigger with transition tables where that is possible.",
)
def trigger_row_by_row(seen: Seen) -> Iterator[Found]:
    """Row triggers whose functions loop over queries."""
    catalog = seen.catalog
    loops: dict[int, bool] = {}
    for relation, trigger in _users_triggers(catalog):
        function = catalog.functions.get(trigger.function)
        if trigger.parent or not trigger.bits & _ROW or relation.kind == "v" or function is None:
            continue
        if function.oid not in loops:
            loops[function.oid] = function.language == "plpgsql" and _loops(function.source or "")
        if loops[function.oid]:
            name = quote_qualified(function.schema, function.name)
            yield Found(
                object=(relation.schema, relation.name, trigger.name),
                object_type="trigger",
                message=f"For each changed row of {relation.name}, {name} goes through the rows of a query in a loop.",
                evidence={"function": name},
                confidence="likely",
                no_fix="Whether one statement can do it, a person has to see.",
                comment=(("pg_trigger", trigger.oid, 0), *table_comment(relation), ("pg_proc", function.oid, 0)),
            )


def _loops(source: str) -> bool:
    """Whether the code goes through the rows of a query."""
    if "loop" not in source.lower():
        return False
    words = [token.text for token in tokens_of(source) if not token.quoted]
    if "loop" in words and "fetch" in words:
        return True
    return any(
        word == "in" and words[place - 2] == "for" and following in ("select", "with", "execute")
        for place, (word, following) in enumerate(zip(words, words[1:]))
        if place > 1
    )


@GROUP.check(
    "trigger-shared-function",
    severity="info",
    level="opt_in",
    title="A trigger function that serves several tables",
    why="One function that keeps the same column everywhere is good practice; one that asks at which table it is "
    "called must be read whole for every change at any of them.",
    how="Triggers of more tables than the limit call it. A partition tree counts once.",
    avoids="Functions of extensions are left out.",
    fix="Nothing, where the function does the same for all; else one function for each table.",
    limits=(Limit("tables", 1, "tables", "More tables than this are told. With 1, every shared function is."),),
)
def trigger_shared_function(seen: Seen, tables: float) -> Iterator[Found]:
    """Functions that triggers of several tables call."""
    catalog = seen.catalog
    callers: dict[int, dict[str, None]] = {}
    for relation, trigger in _users_triggers(catalog):
        if not trigger.parent:
            callers.setdefault(trigger.function, {})[name_of(catalog.root(relation))] = None
    for oid, names in sorted(callers.items()):
        function = catalog.functions.get(oid)
        if function is None or function.of_extension or len(names) <= tables:
            continue
        yield Found(
            object=(function.schema, function.name),
            signature="()",
            object_type="function",
            message=f"Triggers of {listed(list(names))} call {function.name}.",
            evidence={"tables": list(names)},
            no_fix="Whether it does the same for all, a person has to see.",
            comment=(("pg_proc", function.oid, 0),),
        )
