# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Advice about functions: languages that reach the server's files, and what the planner is told of them."""

from __future__ import annotations

from collections.abc import Iterator

from ..model.acl import PUBLIC, effective_acl
from ..model.catalog.relations import Function
from ..model.catalog.snapshot import Catalog
from ..model.finding import Found
from .check import Group
from .functions import own_functions, routine
from .parts.access import swap
from .parts.plpgsql import Token, tokens_of
from .seen import Seen

GROUP = Group(
    "function-advice",
    "Advice about functions: languages that reach the server's files, and what the planner is told of them.",
)

_OF_SERVER = frozenset({"c", "internal"})


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


#: Words of statements that change something, lock, or do what nobody can see into.
_CHANGING = _words(
    "alter analyze call comment copy create delete discard do drop execute grant insert listen lock merge notify "
    "perform raise refresh reindex reset revoke set share truncate update vacuum"
)
#: PostgreSQL's own functions whose result changes within a statement, or that change something.
_VOLATILE = _words(
    "clock_timestamp currval gen_random_uuid lastval nextval query_to_xml random random_normal set_config setseed "
    "setval statement_timestamp timeofday ts_stat txid_current uuidv4 uuidv7 xpath_table"
)
_NULL_WORDS = _words("coalesce concat concat_ws distinct isnull notnull null nullif num_nonnulls num_nulls")
_QUERY_WORDS = _words(
    "all and any array as between by cast coalesce else elsif exists extract filter from greatest group grouping if "
    "in is least like not nullif on or over overlay position return row select some substring then trim using "
    "values when where while with within"
)


@GROUP.check(
    "function-untrusted-language",
    severity="warning",
    level="extended",
    title="A function in a language that reaches the server's files",
    why="Code in an untrusted language, in C, or by the name of an internal function does what the server's own user "
    "may do: read and write files, open connections, crash the server.",
    how="The function is no part of an extension, and its language is c, internal, or one that is not TRUSTED.",
    avoids="Functions that come with extensions were installed by a superuser as a whole and are left out.",
    fix="Where it must stay, keep EXECUTE to the roles that need it; else write it in a trusted language.",
)
def function_untrusted_language(seen: Seen) -> Iterator[Found]:
    """Users' functions in languages without bounds."""
    catalog = seen.catalog
    untrusted = {language.name for language in catalog.languages if not language.trusted} | _OF_SERVER
    for function in own_functions(catalog):
        if function.language not in untrusted:
            continue
        entries = effective_acl(function.acl, "function", function.owner)
        public = any(one.grantee == PUBLIC and "EXECUTE" in one.privileges for one in entries)
        yield Found(
            object=(function.schema, function.name),
            signature=f"({function.arguments})",
            object_type="function",
            message=f"{function.name} is written in {function.language}, which has no bounds"
            f"{', and everybody may execute it' if public else ''}.",
            evidence={"language": function.language, "owner": function.owner, "public": public},
            no_fix="What it is for, and whether a trusted language can do it, a person has to see.",
            comment=(("pg_proc", function.oid, 0),),
        )


def _calls(tokens: tuple[Token, ...]) -> set[str]:
    """Names before a parenthesis."""
    return {
        token.name
        for token, after in zip(tokens, tokens[1:])
        if after.text == "(" and token.name and (token.quoted or token.name not in _QUERY_WORDS)
    }


def _only_reads(catalog: Catalog, tokens: tuple[Token, ...], volatile: frozenset[str]) -> bool:
    if any(not token.quoted and token.text in _CHANGING for token in tokens):
        return False
    calls = _calls(tokens)
    unsure = calls & _VOLATILE or calls & volatile or any(name.startswith(("pg_", "lo_", "dblink")) for name in calls)
    return not unsure


@GROUP.check(
    "function-volatile-default",
    severity="info",
    level="opt_in",
    title="A function that is VOLATILE and seems only to read",
    why="Nobody said what it is, so that PostgreSQL must call it for every row again, finds no index by it, and takes "
    "a new snapshot for each of its queries.",
    how="A function in SQL or PL/pgSQL is VOLATILE, which is the default, and its text has no word that changes or "
    "locks anything, and calls no function known to be volatile.",
    avoids="Trigger functions, procedures and parsed bodies are left out, and so is code with EXECUTE, PERFORM or "
    "RAISE. Operators and types may call volatile functions, which the text does not show.",
    fix="ALTER FUNCTION .. STABLE where it reads tables or settings, IMMUTABLE where its arguments alone decide.",
)
def function_volatile_default(seen: Seen) -> Iterator[Found]:
    """Functions that seem to be STABLE."""
    catalog = seen.catalog
    volatile = frozenset(one.name for one in catalog.functions.values() if one.volatility == "v")
    for function in _plain(catalog, "sql", "plpgsql"):
        if function.volatility != "v" or function.returns:
            continue
        tokens = tokens_of(function.source or "")
        if tokens and _only_reads(catalog, tokens, volatile):
            head = f"ALTER FUNCTION {routine(function)}"
            yield Found(
                object=(function.schema, function.name),
                signature=f"({function.arguments})",
                object_type="function",
                message=f"{function.name} is VOLATILE, and its text shows only that it reads.",
                evidence={"language": function.language},
                confidence="possible",
                fix=swap(f"{head} STABLE", f"{head} VOLATILE"),
                comment=(("pg_proc", function.oid, 0),),
            )


@GROUP.check(
    "function-not-strict",
    severity="info",
    level="opt_in",
    title="A function that does not care for NULL and is called with it",
    why="A STRICT function is not called at all where an argument is NULL, and its result is NULL at once. Without it "
    "the code runs, and what it makes of NULL was perhaps never thought of.",
    how="A PL/pgSQL function that is STABLE or IMMUTABLE takes arguments, is not STRICT, and no word of its text "
    "speaks of NULL.",
    avoids="Functions in SQL are left out: STRICT would keep them from being inlined. So are those with parsed bodies.",
    fix="ALTER FUNCTION .. STRICT where NULL is the right answer to NULL.",
)
def function_not_strict(seen: Seen) -> Iterator[Found]:
    """Functions that could be STRICT."""
    for function in _plain(seen.catalog, "plpgsql"):
        if function.volatility == "v" or function.strict or not function.inputs or function.returns:
            continue
        words = {token.text for token in tokens_of(function.source or "") if not token.quoted}
        if not words & _NULL_WORDS:
            head = f"ALTER FUNCTION {routine(function)}"
            yield Found(
                object=(function.schema, function.name),
                signature=f"({function.arguments})",
                object_type="function",
                message=f"{function.name} is called with NULL arguments and does not speak of them.",
                evidence={"arguments": function.inputs},
                confidence="possible",
                fix=swap(f"{head} STRICT", f"{head} CALLED ON NULL INPUT"),
                comment=(("pg_proc", function.oid, 0),),
            )


def _plain(catalog: Catalog, *languages: str) -> Iterator[Function]:
    """Users' functions in these languages whose text is known."""
    return (
        function
        for function in own_functions(catalog)
        if function.kind == "f" and function.language in languages and not function.bound and function.source
    )
