# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Checks of functions: those that act with another's rights, and who may replace what they find."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..model.acl import PUBLIC, effective_acl
from ..model.catalog.relations import Function
from ..model.catalog.server import Schema
from ..model.catalog.snapshot import Catalog
from ..model.finding import Fix, Found, Value
from ..model.identifiers import quote_ident, quote_qualified
from .check import Group
from .parts.access import revoke, role_name, swap
from .parts.telling import listed
from .seen import Seen

GROUP = Group("functions", "Functions: those that act with another's rights, and who may change what they do.")

_PATH = "search_path="
_ENTRY = re.compile(r'"((?:[^"]|"")*)"|([^",\s]+)')
#: Languages in which names are not looked up by search_path when the function runs.
_COMPILED = frozenset({"c", "internal"})
_SYSTEM = frozenset({"pg_catalog", "information_schema"})
_TEMPORARY = "pg_temp"
#: Names in a source with the dot before them, in strings too: they may be statements that are run.
_NAMES = re.compile(r'(\.\s*)?(?:"((?:[^"]|"")*)"|([A-Za-z_\u0080-\U0010ffff][\w$\u0080-\U0010ffff]*))')
#: Schemas before the types of arguments.
_TYPE_SCHEMA = re.compile(r'(?:"((?:[^"]|"")*)"|([a-z_\u0080-\U0010ffff][\w$\u0080-\U0010ffff]*))\.')


def routine(function: Function) -> str:
    """Function or procedure as ALTER ROUTINE takes it."""
    return f"{quote_qualified(function.schema, function.name)}({function.arguments})"


def fixed_path(function: Function) -> tuple[str, ...] | None:
    """The schemas of the function's own search_path in their order, None where it has none."""
    for setting in function.settings:
        if setting.startswith(_PATH):
            found = _ENTRY.findall(setting[len(_PATH) :])
            return tuple(name for name in (quoted.replace('""', '"') or plain for quoted, plain in found) if name)
    return None


def own_functions(catalog: Catalog) -> list[Function]:
    """Users' functions and procedures in the order of their names, those of extensions left out."""
    found = (function for function in catalog.functions.values() if not function.of_extension)
    return sorted(found, key=lambda one: (one.schema, one.name, one.arguments))


def _definers(catalog: Catalog) -> Iterator[Function]:
    return (function for function in own_functions(catalog) if function.security_definer)


def _found_by_path(catalog: Catalog) -> Iterator[Function]:
    """SECURITY DEFINER functions whose names are looked up when they run."""
    return (one for one in _definers(catalog) if one.language not in _COMPILED and not one.bound)


def _callers(catalog: Catalog, function: Function) -> tuple[str, ...]:
    """Roles other than the owner that may execute it; '' is PUBLIC."""
    entries = effective_acl(function.acl, "function", function.owner)
    return tuple(
        sorted({one.grantee for one in entries if "EXECUTE" in one.privileges and one.grantee != function.owner})
    )


def _creators(catalog: Catalog, function: Function, schema: Schema) -> list[str]:
    """Roles that may create objects in a schema and are less than the function's owner; '' is PUBLIC."""
    found = []
    for entry in effective_acl(schema.acl, "schema", schema.owner):
        role = entry.grantee
        if "CREATE" not in entry.privileges or role in (schema.owner, function.owner):
            continue
        if role == PUBLIC or not (catalog.rights.is_superuser(role) or function.owner in catalog.rights.reaching(role)):
            found.append(role)
    return sorted(set(found))


def _about(function: Function) -> dict[str, Value]:
    return {"owner": function.owner, "language": function.language, "acl": function.acl}


@GROUP.check(
    "function-secdef-search-path",
    severity="error",
    title="A SECURITY DEFINER function that finds its tables by the caller's search_path",
    why="It runs with its owner's rights, and the caller decides by search_path which table, function or operator a "
    "name in it means: a table or operator of the caller's own is used with the owner's rights.",
    how="The function is SECURITY DEFINER and has no SET search_path of its own. A warning where nobody but its owner "
    "may execute it and no trigger calls it.",
    avoids="Functions that run with the caller's rights are not told, nor those in C, nor those with a parsed body "
    "(BEGIN ATOMIC), whose names were looked up when they were made. Any fixed path is taken here.",
    fix="SET search_path for the function: pg_catalog, its own schema, those of what its text and arguments name, "
    "pg_temp last. Where a name is found in several schemas, or in one that is open to others, a person must qualify "
    "the names first.",
)
def function_secdef_search_path(seen: Seen) -> Iterator[Found]:
    """SECURITY DEFINER functions without a path of their own."""
    catalog = seen.catalog
    called = {trigger.function for triggers in catalog.triggers.values() for trigger in triggers}
    loose = [function for function in _found_by_path(catalog) if fixed_path(function) is None]
    places = _places(catalog) if loose else {}
    for function in loose:
        callers = [role_name(one) for one in _callers(catalog, function)]
        fix, no_fix = _set_path(catalog, function, places)
        who = f"{listed(callers)} may execute it" if callers else "nobody else may execute it"
        if function.oid in called:
            who += ", and triggers call it"
        yield Found(
            object=(function.schema, function.name),
            signature=f"({function.arguments})",
            object_type="function",
            message=f"{function.name} runs with the rights of {function.owner} and has no search_path of its own; "
            f"{who}.",
            evidence={**_about(function), "callers": list(callers), "by_trigger": function.oid in called},
            severity="error" if callers or function.oid in called else "warning",
            fix=fix,
            no_fix=no_fix,
            comment=(("pg_proc", function.oid, 0),),
        )


def _places(catalog: Catalog) -> dict[str, set[str]]:
    """Names of relations and functions to the users' schemas that hold them."""
    found: dict[str, set[str]] = {}
    functions = ((one.schema, one.name) for one in catalog.functions.values())
    for schema, name in (*catalog.relation_names, *functions):
        if schema not in _SYSTEM:
            found.setdefault(name, set()).add(schema)
    return found


def _set_path(catalog: Catalog, function: Function, places: dict[str, set[str]]) -> tuple[Fix | None, str]:
    """The fix, else None and why: a path on which the function still finds what it finds now."""
    if function.source is None:
        return None, "What its text names cannot be told of this language: a person must say where it shall look."
    path = [function.schema]
    for name in _named(function.source):
        holders = places.get(name, set())
        if function.schema not in holders and holders:
            if len(holders) > 1:
                return None, f"Its text names {name}, which {listed(sorted(holders))} hold: qualify the name first."
            path += holders
    types = (quoted.replace('""', '"') or plain for quoted, plain in _TYPE_SCHEMA.findall(function.arguments))
    path = list(dict.fromkeys([*path, *sorted(name for name in types if name in catalog.schemas)]))
    for name in path:
        schema = catalog.schemas.get(name)
        creators = [] if schema is None else [role_name(one) for one in _creators(catalog, function, schema)]
        if creators:
            whose = "Its own schema" if name == function.schema else f"The schema {name}, of which it names something,"
            return None, f"{whose} is open to {listed(creators)}: REVOKE CREATE there first."
    whole = ", ".join(dict.fromkeys(("pg_catalog", *map(quote_ident, path), _TEMPORARY)))
    head = f"ALTER ROUTINE {routine(function)}"
    return swap(f"{head} SET search_path = {whole}", f"{head} RESET search_path"), ""


def _named(source: str) -> list[str]:
    """Names in a source that stand without a schema, as PostgreSQL folds them, each once."""
    found = (quoted.replace('""', '"') or plain.lower() for dot, quoted, plain in _NAMES.findall(source) if not dot)
    return list(dict.fromkeys(found))


@GROUP.check(
    "function-secdef-open-schema",
    severity="error",
    title="A SECURITY DEFINER function whose fixed path leads through a schema open to others",
    why="Who may create objects in a schema of the path puts a table, function or operator there that the function "
    "uses with its owner's rights.",
    how="The function's own search_path names a schema in which PUBLIC, or another role, was granted CREATE. A warning "
    "where it is only named roles.",
    avoids="The owner of the schema, superusers, and roles that may act as the function's owner anyway do not count. "
    "pg_catalog and schemas that do not exist are left out.",
    fix="REVOKE CREATE on that schema, or leave the schema out of the path and qualify the names.",
)
def function_secdef_open_schema(seen: Seen) -> Iterator[Found]:
    """SECURITY DEFINER functions with a path through schemas that others write to."""
    catalog = seen.catalog
    for function in _found_by_path(catalog):
        for name in dict.fromkeys(fixed_path(function) or ()):
            schema = catalog.schemas.get(function.owner if name == "$user" else name)
            creators = [] if schema is None else _creators(catalog, function, schema)
            if schema is None or not creators:
                continue
            roles = [role_name(one) for one in creators]
            yield Found(
                object=(function.schema, function.name),
                signature=f"({function.arguments})",
                object_type="function",
                message=f"{function.name} runs with the rights of {function.owner} and looks in {schema.name}, where "
                f"{listed(roles)} may create objects.",
                evidence={**_about(function), "schema": schema.name, "creators": roles},
                severity="error" if PUBLIC in creators else "warning",
                confidence="likely",
                no_fix="Who needs to create objects in that schema, or which names need it in the path, a person must "
                "say.",
                detail=schema.name,
                comment=(("pg_proc", function.oid, 0),),
            )


@GROUP.check(
    "function-secdef-temporary-first",
    severity="warning",
    level="extended",
    title="A SECURITY DEFINER function that looks among the caller's temporary tables first",
    why="Where pg_temp is not named in a path, it is searched before everything else: a temporary table of the caller "
    "takes the place of the table that the function means.",
    how="The function has a fixed search_path that names other schemas than pg_catalog, and pg_temp is not the last of "
    "it. Others may execute it.",
    avoids="Paths that are empty or name pg_catalog alone are well: all names of tables must be qualified then. "
    "Functions and operators are never looked for in pg_temp.",
    fix="The same path with pg_temp at its end.",
)
def function_secdef_temporary_first(seen: Seen) -> Iterator[Found]:
    """SECURITY DEFINER functions that temporary tables can mislead."""
    catalog = seen.catalog
    for function in _found_by_path(catalog):
        path = fixed_path(function) or ()
        callers = _callers(catalog, function)
        if not set(path) - _SYSTEM - {_TEMPORARY} or path[-1] == _TEMPORARY or not callers:
            continue
        head = f"ALTER ROUTINE {routine(function)} SET search_path ="
        before = ", ".join(map(quote_ident, path))
        after = ", ".join([quote_ident(name) for name in path if name != _TEMPORARY] + [_TEMPORARY])
        yield Found(
            object=(function.schema, function.name),
            signature=f"({function.arguments})",
            object_type="function",
            message=f"{function.name} runs with the rights of {function.owner}, and its path ({', '.join(path)}) lets "
            f"temporary tables of {listed([role_name(one) for one in callers])} come first.",
            evidence={**_about(function), "search_path": list(path)},
            fix=swap(f"{head} {after}", f"{head} {before}"),
            comment=(("pg_proc", function.oid, 0),),
        )


@GROUP.check(
    "function-secdef-public-execute",
    severity="warning",
    title="A SECURITY DEFINER function that everybody may execute",
    why="Whoever can connect does with it what its owner may do. PostgreSQL gives EXECUTE of each new function to "
    "everybody, and a GRANT to some role does not take that back.",
    how="PUBLIC holds EXECUTE, by the function's access list or because it has none, and somebody else than the owner "
    "may use its schema. An error where the owner is a superuser. Trigger functions are told as info: nobody can call "
    "them, but whoever owns a table may put them there.",
    avoids="Functions of schemas that nobody else may use, of extensions and of event triggers are left out.",
    fix="REVOKE EXECUTE FROM PUBLIC, after granting it to the roles that call it. Triggers fire as before.",
)
def function_secdef_public_execute(seen: Seen) -> Iterator[Found]:
    """SECURITY DEFINER functions open to PUBLIC."""
    catalog = seen.catalog
    for function in _definers(catalog):
        entries = [
            one
            for one in effective_acl(function.acl, "function", function.owner)
            if one.grantee == PUBLIC and "EXECUTE" in one.privileges
        ]
        if not entries or function.returns == "event_trigger" or not _is_reached(catalog, function):
            continue
        severity = "error" if catalog.rights.is_superuser(function.owner) else "warning"
        why = "has no access list" if function.acl is None else "is open to PUBLIC by its access list"
        yield Found(
            object=(function.schema, function.name),
            signature=f"({function.arguments})",
            object_type="function",
            message=f"{function.name} runs with the rights of {function.owner} and {why}: everybody may "
            f"{'put it at a table as a trigger' if function.returns else 'execute it'}.",
            evidence=_about(function),
            severity="info" if function.returns else severity,
            fix=revoke(("EXECUTE",), f"ROUTINE {routine(function)}", entries[0], function.owner),
            no_fix="It was granted by another role than the owner: who depends on it is for a person to see.",
            comment=(("pg_proc", function.oid, 0),),
        )


def _is_reached(catalog: Catalog, function: Function) -> bool:
    """Whether anybody but the function's owner may look into its schema."""
    schema = catalog.schemas.get(function.schema)
    if schema is None:
        return True
    entries = effective_acl(schema.acl, "schema", schema.owner)
    return any("USAGE" in one.privileges and one.grantee != function.owner for one in entries)


@GROUP.check(
    "event-trigger-owner",
    severity="warning",
    title="An event trigger whose code somebody else than a superuser may change",
    why="It runs within every DDL statement with the rights of whoever gives that statement. The owner of its function "
    "waits for a superuser's next ALTER TABLE, and is superuser then.",
    how="The event trigger, or its function, belongs to a role that is no superuser.",
    avoids="Disabled event triggers and those of extensions are left out.",
    fix="ALTER EVENT TRIGGER and ALTER FUNCTION .. OWNER TO a superuser.",
)
def event_trigger_owner(seen: Seen) -> Iterator[Found]:
    """Event triggers in the hands of roles that are no superusers."""
    catalog = seen.catalog
    for trigger in catalog.event_triggers:
        function = catalog.functions.get(trigger.function)
        owners = {"it": trigger.owner}
        if function is not None and not function.of_extension:
            owners["its function"] = function.owner
        weak = {what: owner for what, owner in owners.items() if not catalog.rights.is_superuser(owner)}
        if trigger.of_extension or trigger.enabled == "D" or not weak:
            continue
        yield Found(
            object=(trigger.name,),
            object_type="event trigger",
            message=f"The event trigger {trigger.name} ON {trigger.event} runs in every session, and "
            f"{listed([f'{what} belongs to {owner}' for what, owner in weak.items()])}, no superuser.",
            evidence={"owner": trigger.owner, "function_owner": owners.get("its function"), "event": trigger.event},
            no_fix="To which superuser they belong, a person must say.",
            comment=(("pg_event_trigger", trigger.oid, 0), ("pg_proc", trigger.function, 0)),
        )
