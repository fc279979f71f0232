# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Decides what is to be done: the wanted triggers against those that were found.

Pure. Nothing is overwritten that this tool did not make, unless the owner says `adopt`.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..model.catalog.view import InsteadTrigger, TriggerFunction, ViewReading
from ..model.errors import RefusedError
from ..model.identifiers import quote_ident, quote_literal
from ..model.plan import Plan
from .generate import (
    AUTHOR,
    SEARCH_PATH,
    WantedFunction,
    create_function,
    create_trigger,
    function_names,
    generate,
)
from .policy import Policy
from .shape import Shape


@dataclass(frozen=True)
class Found:
    """What stands on the view today, sorted by author. `stale` are ours under another name: of a view that was renamed
    or moved to another schema, or triggers that somebody renamed.
    """

    ours: dict[str, InsteadTrigger]
    stale: tuple[InsteadTrigger, ...]
    others: tuple[InsteadTrigger, ...]
    functions: dict[str, TriggerFunction]
    foreign_functions: tuple[TriggerFunction, ...]


def sort_found(reading: ViewReading) -> Found:
    """Ours bear our comment; everything else is somebody else's."""
    events = {name: event for event, name in function_names(reading.view.name).items()}
    own = {function.oid: function for function in reading.same_named if function.comment.startswith(AUTHOR)}
    ours, stale, others = {}, [], []
    for trigger in reading.triggers:
        event = events.get(trigger.name)
        if not trigger.function.comment.startswith(AUTHOR):
            others.append(trigger)
        elif event and trigger.function.oid in own and trigger.function.name == trigger.name:
            ours[event] = trigger
        else:
            stale.append(trigger)
    return Found(
        ours=ours,
        stale=tuple(stale),
        others=tuple(others),
        functions={events[function.name]: function for function in own.values()},
        foreign_functions=tuple(f for f in reading.same_named if f.oid not in own),
    )


def plan_present(reading: ViewReading, policy: Policy, adopt: bool) -> Plan:
    """What makes the view take writes as the policy says.

    :raises RefusedError: when objects of other authors are in the way, or the session may not do what is needed.
    """
    shape, found = policy.shape, sort_found(reading)
    _refuse_others(reading, shape, found, adopt)
    statements: list[str] = []
    reasons: list[str] = []
    for other in found.others:
        reasons.append(f"trigger {other.name} of another author is replaced")
        statements.append(_drop_trigger(shape, other.name))
    for old in found.stale:
        reasons.append(f"trigger {old.name} was made for the view under another name")
        statements.append(_drop_trigger(shape, old.name))
    statements += _drop_left_functions(found)
    for wanted in generate(policy):
        function = found.functions.get(wanted.event)
        differences = _function_differences(reading, wanted, function)
        if differences:
            reasons += differences
            statements += _make_function(reading, wanted, function)
        trigger = found.ours.get(wanted.event)
        if trigger is None or trigger.events != (wanted.event,):
            reasons.append(f"trigger {wanted.name} is {'missing' if trigger is None else 'altered'}")
            if trigger is not None:
                statements.append(_drop_trigger(shape, trigger.name))
            statements.append(create_trigger(shape, wanted))
    before = _state_text(reading)
    if not statements:
        return Plan(before=before, after=before)
    _refuse_useless(reading, shape)
    return Plan(
        statements=tuple(statements),
        reasons=tuple(dict.fromkeys(reasons)),
        relations=_locked(reading, statements),
        lock_mode=_lock_mode(statements),
        role=_role(reading, shape.sql_name, creates=True),
        before=before,
        after=_wanted_text(reading, generate(policy)),
    )


def plan_absent(reading: ViewReading, name: str) -> Plan:
    """What removes everything this tool made for the view, and nothing else."""
    found = sort_found(reading)
    triggers = (*found.ours.values(), *found.stale)
    statements = [f"DROP TRIGGER {quote_ident(trigger.name)} ON {name}" for trigger in triggers]
    functions = {f.oid: f for f in (*found.functions.values(), *(trigger.function for trigger in triggers))}
    kept = {trigger.function.oid for trigger in found.others}
    statements += [_drop_function(f) for f in functions.values() if f.oid not in kept and not f.used_elsewhere]
    before = _state_text(reading)
    if not statements:
        return Plan(before=before, after=before)
    reasons = tuple(f"trigger {trigger.name} is there" for trigger in triggers)
    return Plan(
        statements=tuple(statements),
        reasons=reasons or ("functions of removed triggers are left",),
        relations=_locked(reading, statements),
        lock_mode=_lock_mode(statements),
        role=_role(reading, name, creates=False),
        before=before,
        after="",
    )


def plan_leftovers(functions: tuple[TriggerFunction, ...]) -> Plan:
    """What removes the functions of a view that is gone: dropping a view drops its triggers, not their functions."""
    left = [f for f in functions if f.comment.startswith(AUTHOR) and not f.used_elsewhere]
    if not left:
        return Plan()
    return Plan(tuple(_drop_function(f) for f in left), ("functions of a view that is gone are left",))


def _locked(reading: ViewReading, statements: list[str]) -> tuple[int, ...]:
    """The view, where its triggers are touched; replacing a function locks nothing."""
    touched = any(statement.startswith(("CREATE TRIGGER", "DROP TRIGGER")) for statement in statements)
    return (reading.view.oid,) if touched else ()


def _lock_mode(statements: list[str]) -> str:
    dropping = any(statement.startswith("DROP TRIGGER") for statement in statements)
    return "AccessExclusiveLock" if dropping else "ShareRowExclusiveLock"


def _role(reading: ViewReading, name: str, creates: bool) -> str | None:
    """A superuser stays itself and gives the functions away; DDL runs no user's code. Anyone else acts as the owner."""
    view = reading.view
    if reading.user_is_superuser:
        return None
    if not reading.user_may_act_as_owner:
        raise RefusedError(
            f"Role {reading.user} may not act as {view.owner}, who owns the view {name} in database "
            f"{reading.database}: connect as {view.owner}, as a member of it, or as a superuser. Nothing was touched.",
            view=name,
        )
    if creates and not view.owner_may_create:
        raise RefusedError(
            f"Role {view.owner}, who owns the view {name} in database {reading.database}, may not create "
            f"functions there: GRANT CREATE ON SCHEMA {quote_ident(view.schema)} TO {quote_ident(view.owner)}. "
            "Nothing was touched.",
            view=name,
        )
    return view.owner


def _refuse_useless(reading: ViewReading, shape: Shape) -> None:
    """With this setting no trigger fires: the probe would blame the triggers, and writes would be lost silently."""
    if reading.replication_role == "replica":
        raise RefusedError(
            f"session_replication_role is `replica` for role {reading.user} in database {reading.database}, so that "
            "the "
            f"triggers of {shape.sql_name} would not fire: ALTER ROLE {quote_ident(reading.user)} RESET "
            "session_replication_role, or connect as another role. Nothing was touched.",
            view=shape.sql_name,
        )


def _refuse_others(reading: ViewReading, shape: Shape, found: Found, adopt: bool) -> None:
    names = [f"trigger {trigger.name}" for trigger in found.others]
    names += [f"function {f.schema}.{f.name}" for f in found.foreign_functions]
    if names and not adopt:
        raise RefusedError(
            f"The view {shape.sql_name} in database {reading.database} has objects of other authors: "
            f"{', '.join(names)}. "
            "Nothing was touched; say `adopt: true` to replace them.",
            view=shape.sql_name,
            others=names,
        )
    serving = [f for f in found.functions.values() if f.used_elsewhere]
    if serving:
        raise RefusedError(
            f"Function {serving[0].schema}.{serving[0].name} in database {reading.database} still serves "
            f"{', '.join(serving[0].used_elsewhere)}, which seems to have borne the name of {shape.sql_name} "
            "before: run this for that view first; where the two changed names, with `state: absent`. "
            "Nothing was touched.",
            view=shape.sql_name,
        )
    strange = [f for f in found.foreign_functions if f.used_elsewhere or not f.returns_trigger]
    if strange:
        raise RefusedError(
            f"{strange[0].schema}.{strange[0].name}() in database {reading.database} bears a name this tool needs, and "
            "is no trigger function of this view alone: rename it. Nothing was touched.",
            view=shape.sql_name,
        )


def _drop_trigger(shape: Shape, name: str) -> str:
    return f"DROP TRIGGER {quote_ident(name)} ON {shape.sql_name}"


def _drop_function(function: TriggerFunction) -> str:
    return f"DROP FUNCTION {quote_ident(function.schema)}.{quote_ident(function.name)}()"


def _drop_left_functions(found: Found) -> list[str]:
    """Functions of replaced triggers that nothing else calls; their text stands in the plan's `before`."""
    kept = {function.oid for function in (*found.functions.values(), *found.foreign_functions)}
    functions = {t.function.oid: t.function for t in (*found.others, *found.stale) if t.function.oid not in kept}
    return [_drop_function(f) for f in functions.values() if f.droppable and not f.used_elsewhere]


def _function_differences(reading: ViewReading, wanted: WantedFunction, found: TriggerFunction | None) -> list[str]:
    """Why the function is to be made anew, in words that say what happened."""
    name = wanted.name
    if found is None:
        return [f"function {name} is missing"]
    reasons = _comment_differences(wanted.comment, found.comment)
    if found.source != wanted.source and not reasons:
        reasons.append(f"function {name} was edited by hand")
    if found.owner != reading.view.owner:
        reasons.append(f"function {name} is owned by {found.owner}, not by the view's owner {reading.view.owner}")
    if found.security_definer != wanted.security_definer:
        reasons.append(f"function {name} runs with the rights of the wrong role")
    if (found.language, found.volatility, found.strict) != ("plpgsql", "v", False):
        reasons.append(f"function {name} is declared otherwise than VOLATILE plpgsql that takes NULL")
    if found.settings != (SEARCH_PATH,):
        reasons.append(f"function {name} has other settings than the fixed search_path")
    if found.grantees:
        roles = ", ".join(role or "PUBLIC" for role in found.grantees)
        reasons.append(f"function {name} may be executed by {roles}")
    return reasons


def _comment_differences(wanted: str, found: str) -> list[str]:
    if wanted == found:
        return []
    parts = dict(part.split(" ", 1) for part in found.split("; ")[1:] if " " in part)
    now = dict(part.split(" ", 1) for part in wanted.split("; ")[1:])
    words = {
        "generator": "the triggers were made by another version of this tool",
        "model": "the view or its tables changed since the triggers were made",
        "policy": "the contract's word for this view changed",
    }
    return [words[key] for key in words if parts.get(key) != now[key]] or ["the function's comment was altered"]


def _make_function(reading: ViewReading, wanted: WantedFunction, found: TriggerFunction | None) -> list[str]:
    schema = quote_ident(reading.view.schema)
    signature = f"{schema}.{quote_ident(wanted.name)}()"
    statements = [create_function(reading.view.schema, wanted)]
    if reading.user_is_superuser:
        statements.append(f"ALTER FUNCTION {signature} OWNER TO {quote_ident(reading.view.owner)}")
    statements.append(f"REVOKE ALL ON FUNCTION {signature} FROM PUBLIC")
    statements += [
        f"REVOKE ALL ON FUNCTION {signature} FROM {quote_ident(role)}"
        for role in (found.grantees if found else ())
        if role
    ]
    statements.append(f"COMMENT ON FUNCTION {signature} IS {quote_literal(wanted.comment)}")
    return statements


def _state_text(reading: ViewReading) -> str:
    """What stands on the view now, as text for a diff: triggers with the functions they call."""
    texts = []
    for trigger in reading.triggers:
        function = trigger.function
        texts.append(
            _text(
                trigger.events,
                trigger.name,
                function.owner,
                function.security_definer,
                function.grantees,
                function.source,
            )
        )
    return "\n".join(texts)


def _wanted_text(reading: ViewReading, wanted: tuple[WantedFunction, ...]) -> str:
    return "\n".join(
        _text((w.event,), w.name, reading.view.owner, w.security_definer, (), w.source)
        for w in sorted(wanted, key=lambda one: one.name)
    )


def _text(events: tuple[str, ...], name: str, owner: str, definer: bool, grantees: tuple[str, ...], source: str) -> str:
    rights = "definer" if definer else "invoker"
    execute = ", ".join(role or "PUBLIC" for role in grantees) or "its owner only"
    head = (
        f"trigger {name}: instead of {' or '.join(events)}; owner {owner}; security {rights}; executable by {execute}"
    )
    return "\n".join([head, *("  " + line for line in source.strip("\n").splitlines())]) + "\n"
