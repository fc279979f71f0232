# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Checks of INSTEAD OF triggers that no longer fit their view: what they name is gone, or they are gone themselves."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from ..model.catalog.relations import Function, Relation
from ..model.catalog.snapshot import Catalog
from ..model.finding import Fix, Found
from ..model.identifiers import generated_name, quote_ident, quote_qualified
from .check import Group
from .parts.fixes import SHARE_ROW_EXCLUSIVE, name_of, statement
from .parts.plpgsql import EVERY, Token, Write, fields, tells_relations_apart, tokens_of, writes
from .parts.telling import listed, table_comment
from .parts.view_access import VERBS, conditional_rules, instead_triggers, taken, verbs_of
from .seen import Seen

GROUP = Group(
    "view-drift",
    "Triggers of views that no longer fit: what they name is gone, or they are gone themselves.",
)

_SYSTEM_COLUMNS = frozenset({"tableoid", "ctid", "xmin", "xmax", "cmin", "cmax"})
_SYSTEM_SCHEMA = re.compile(r"pg_|information_schema$|pgops$")
#: The comment of functions that this collection makes begins so.
_OURS = "pgops view trigger"
_VERB_WORDS = {
    "insert": "INSERT",
    "ins": "INSERT",
    "update": "UPDATE",
    "upd": "UPDATE",
    "delete": "DELETE",
    "del": "DELETE",
}
_PARTS = re.compile(r"[^a-z0-9\u0080-\U0010ffff]+")


@GROUP.check(
    "view-trigger-broken",
    severity="error",
    title="A view's trigger whose function names what is not there",
    why="PostgreSQL keeps no tie between a function and the columns and tables in its text. After a rename nothing "
    'complains until the next write, which fails: `record "new" has no field`, `relation does not exist`.',
    how="The function names a field of NEW or OLD that the view does not have; or it inserts into, updates or deletes "
    "from a table that is in no schema, or a column that the table does not have.",
    avoids="Only functions in PL/pgSQL are looked into. Text in strings, comments and RETURNING lists does not count. "
    "Functions that ask at which relation they were called, or that make tables of their own, are left out; so are "
    "the system's relations. Where a table's name stands without a schema, every table of that name counts.",
    fix="Write the function anew, or let the module pg_view_triggers make the triggers from the view's query.",
)
def view_trigger_broken(seen: Seen) -> Iterator[Found]:
    """Triggers of views that fail when they are next called."""
    catalog = seen.catalog
    by_name = _by_bare_name(catalog)
    for view in catalog.views:
        for oid, (names, verbs) in _functions(catalog, view).items():
            function = catalog.functions.get(oid)
            if function is None or function.source is None or function.language != "plpgsql" or function.of_extension:
                continue
            tokens = tokens_of(function.source)
            if tells_relations_apart(tokens):
                continue
            wrong = _missing_fields(catalog, view, tokens, verbs)
            if "create" not in function.source.lower():
                wrong += [say for write in writes(tokens) for say in _missing(catalog, by_name, write)]
            wrong = list(dict.fromkeys(wrong))
            if wrong:
                name = quote_qualified(function.schema, function.name)
                yield Found(
                    object=(view.schema, view.name, names[0]),
                    object_type="trigger",
                    message=f"{name}, which {names[0]} calls at the view {view.name}, names {listed(wrong)}.",
                    evidence={"function": name, "missing": list(wrong), "triggers": list(names)},
                    confidence="likely",
                    comment=(("pg_class", view.oid, 0), ("pg_proc", function.oid, 0)),
                )


def _functions(catalog: Catalog, view: Relation) -> dict[int, tuple[list[str], set[str]]]:
    """Functions (OID) of a view's INSTEAD OF triggers, with the triggers' names and the verbs they serve."""
    found: dict[int, tuple[list[str], set[str]]] = {}
    for trigger in sorted(
        {trigger for verb in VERBS for trigger in instead_triggers(catalog, view, verb)}, key=lambda one: one.name
    ):
        names, verbs = found.setdefault(trigger.function, ([], set()))
        names.append(trigger.name)
        verbs.update(verbs_of(trigger))
    return found


def _missing_fields(catalog: Catalog, view: Relation, tokens: tuple[Token, ...], verbs: set[str]) -> list[str]:
    known = {column.name for column in catalog.columns.get(view.oid, ())} | _SYSTEM_COLUMNS | {EVERY}
    named = []
    if verbs & {"INSERT", "UPDATE"}:
        named += [f"NEW.{quote_ident(name)}" for name in sorted(fields(tokens, "new") - known)]
    if verbs & {"UPDATE", "DELETE"}:
        named += [f"OLD.{quote_ident(name)}" for name in sorted(fields(tokens, "old") - known)]
    return [f"{name}, no column of the view" for name in named]


def _by_bare_name(catalog: Catalog) -> dict[str, list[Relation]]:
    found: dict[str, list[Relation]] = {}
    for relation in catalog.relations.values():
        found.setdefault(relation.name, []).append(relation)
    return found


def _missing(catalog: Catalog, by_name: Mapping[str, list[Relation]], write: Write) -> list[str]:
    """What of a statement's target is not there."""
    if _SYSTEM_SCHEMA.match(write.relation if write.schema is None else write.schema):
        return []
    named = by_name.get(write.relation, [])
    found = [relation for relation in named if write.schema in (None, relation.schema)]
    spelled = ".".join(quote_ident(name) for name in (write.schema, write.relation) if name is not None)
    if not found:
        return [f"{spelled}, which does not exist"]
    known = {column.name for relation in found for column in catalog.columns.get(relation.oid, ())}
    lacking = [name for name in write.columns or () if name not in known]
    return [f"column {quote_ident(name)}, which {spelled} does not have" for name in lacking]


@GROUP.check(
    "view-trigger-missing-after-recreate",
    severity="error",
    title="A trigger function beside a view that has lost its trigger",
    why="DROP VIEW drops the triggers and leaves their functions. After DROP and CREATE, as migrations do it, the view "
    "takes no writes any more, and nothing says so until the next one fails.",
    how="A trigger function that no trigger calls bears the name of a view in its schema and a word for writing "
    "(`servers_insert_fn`), and the view does not take that verb; or it bears this collection's mark for that view.",
    avoids="Where the name fits a table better than a view, or the view takes the verb by other means, or the function "
    "uses columns that the view does not have, nothing is told.",
    fix="Create the trigger anew; the module pg_view_triggers does it for functions it made.",
)
def view_trigger_missing_after_recreate(seen: Seen) -> Iterator[Found]:
    """Views that do not take the writes for which a function is still there."""
    catalog = seen.catalog
    used = {trigger.function for triggers in catalog.triggers.values() for trigger in triggers}
    ours = _names_of_ours(catalog)
    conditional = conditional_rules(catalog)
    for function in sorted(catalog.functions.values(), key=lambda one: (one.schema, one.name, one.oid)):
        if function.returns != "trigger" or function.oid in used or function.of_extension:
            continue
        marked = catalog.comments.get(("pg_proc", function.oid, 0), "").startswith(_OURS)
        view, verbs = ours.get((function.schema, function.name), (None, ())) if marked else _meant(catalog, function)
        if view is None or not verbs or any(verb in taken(catalog, view, conditional) for verb in verbs):
            continue
        if not marked and not _fits(catalog, view, function):
            continue
        name = quote_qualified(function.schema, function.name)
        fix = None if marked or len(verbs) > 1 else _create_trigger(view, function, verbs[0])
        yield Found(
            object=(view.schema, view.name),
            object_type="view",
            message=f"The view {view.name} takes no {listed(verbs)}, while the trigger function {name} is there and no "
            "trigger calls it: the view was probably dropped and made again.",
            evidence={"function": name, "verbs": list(verbs), "made_by_pgops": marked},
            confidence="likely" if marked else "possible",
            fix=fix,
            no_fix="" if fix else _why_no_trigger(marked),
            detail=name,
            comment=(*table_comment(view), ("pg_proc", function.oid, 0)),
        )


def _why_no_trigger(marked: bool) -> str:
    if marked:
        return "Run the module pg_view_triggers: it makes function and trigger fit the view as it is now."
    return "Which verbs the trigger served is not known: a person must say so in CREATE TRIGGER."


def _names_of_ours(catalog: Catalog) -> dict[tuple[str, str], tuple[Relation | None, tuple[str, ...]]]:
    """Schema and name of the functions that this collection makes for each view, with the view and the verb."""
    return {
        (view.schema, generated_name("pgops_", view.name, f"_{verb.lower()}")): (view, (verb,))
        for view in catalog.views
        for verb in VERBS
    }


def _meant(catalog: Catalog, function: Function) -> tuple[Relation | None, tuple[str, ...]]:
    """The view that a function's name speaks of, and the verbs; the longest name of a relation in it counts."""
    parts = [part for part in _PARTS.split(function.name.lower()) if part]
    verbs = tuple(dict.fromkeys(_VERB_WORDS[part] for part in parts if part in _VERB_WORDS))
    for length in range(len(parts) - 1, 0, -1):
        for begin in range(len(parts) - length + 1):
            relation = catalog.by_name.get((function.schema, "_".join(parts[begin : begin + length])))
            rest = parts[:begin] + parts[begin + length :]
            if relation is not None and relation.kind != "S":
                is_view = relation.kind == "v" and not relation.of_extension
                left = tuple(verb for verb in verbs if any(_VERB_WORDS.get(part) == verb for part in rest))
                return (relation, left) if is_view else (None, ())
    return None, ()


def _fits(catalog: Catalog, view: Relation, function: Function) -> bool:
    """Whether the function writes somewhere and knows no other columns than the view's."""
    if function.source is None or function.language != "plpgsql":
        return False
    tokens = tokens_of(function.source)
    return bool(writes(tokens)) and not _missing_fields(catalog, view, tokens, set(VERBS))


def _create_trigger(view: Relation, function: Function, verb: str) -> Fix:
    name = quote_ident(function.name)
    made = (
        f"CREATE TRIGGER {name} INSTEAD OF {verb} ON {name_of(view)} FOR EACH ROW EXECUTE FUNCTION "
        f"{quote_qualified(function.schema, function.name)}()"
    )
    taken_back = statement(f"DROP TRIGGER {name} ON {name_of(view)}", view)
    return Fix((statement(made, view, SHARE_ROW_EXCLUSIVE),), (taken_back,))
