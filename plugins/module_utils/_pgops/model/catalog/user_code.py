# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What reading a relation, or SQL that a person wrote, would run of code made by roles that are no superusers.

In the session of a superuser SET ROLE is no wall: such code may say RESET ROLE. So it must not be run there at all.
Everything here errs on the side of caution: a name counts wherever it stands in a text, in a comment too. Questions are
put with the search_path pg_catalog, so that what users made is found by its schema's name alone, which counts as well.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from ..identifiers import IdentifierError, parse_qualified
from .relations import Relation
from .snapshot import Catalog

#: Functions that run SQL from a text, read what a text or a number names, or change settings such as the role:
#: PostgreSQL's own, and those of extensions that anybody may install who may create something in the database.
REACHING = frozenset(
    (
        # a domain's checks are run by its input, whoever asks for that
        *("pg_input_is_valid", "pg_input_error_info", "domain_in", "record_in"),
        *("array_in", "range_in", "multirange_in"),
        # the key of a partitioned table is folded when it is looked at
        *("satisfies_hash_partition", "pg_get_partition_constraintdef"),
        *("crosstab", "crosstab2", "crosstab3", "crosstab4", "crosstabn", "connectby", "xpath_table"),
        *("set_config", "ts_stat", "ts_rewrite"),
        *("query_to_xml", "query_to_xml_and_xmlschema", "query_to_xmlschema", "cursor_to_xml", "cursor_to_xmlschema"),
        *("table_to_xml", "table_to_xml_and_xmlschema", "table_to_xmlschema"),
        *("schema_to_xml", "schema_to_xml_and_xmlschema", "schema_to_xmlschema"),
        *("database_to_xml", "database_to_xml_and_xmlschema", "database_to_xmlschema"),
    )
)
#: Ways of `Catalog.user_code` that a plain read takes: the planner folds what indexes, statistics and partition keys
#: call; a view's query is run; keys and casts bring their own comparisons. Policies are not among them: questions are
#: put with row_security off. Nor are checks, as long as they are not asked for.
READING = frozenset({"index", "statistics", "partition key", "view", "key", "cast"})
#: The same for SQL that a person wrote, which may ask for anything a table's columns and checks offer.
WRITTEN = READING | {"check", "type"}

_WORDS = re.compile(r"[a-z_\u0080-\U0010ffff][a-z0-9_$\u0080-\U0010ffff]*")
_PLAIN = re.compile(r"[a-z_][a-z0-9_$]*")
_OPERATOR = re.compile(r"\boperator\s*\((?!\s*pg_catalog\s*\.)")
_FOLD = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}


def words_of(text: str) -> frozenset[str]:
    """Every word in an SQL text, folded as SQL folds names."""
    return frozenset(_WORDS.findall(text.translate(_FOLD)))


def stands_in(name: str, text: str, words: frozenset[str]) -> bool:
    """Whether a stored name may be meant somewhere in the text; `words` are those of the text."""
    if _PLAIN.fullmatch(name):
        return name in words
    return name.replace('"', '""') in text or name in words


def relations_named(catalog: Catalog, text: str) -> tuple[Relation, ...]:
    """The relations that an SQL text may read, by their names, in the order in which they are first named."""
    words = words_of(text)
    schemas = _schemas_named(catalog, text, words)
    found = [
        relation
        for relation in catalog.relations.values()
        if relation.schema in schemas and stands_in(relation.name, text, words)
    ]
    return tuple(sorted(found, key=lambda relation: (_place(relation.name, text), relation.schema, relation.name)))


def _schemas_named(catalog: Catalog, text: str, words: frozenset[str]) -> frozenset[str]:
    return frozenset(name for name in catalog.schemas if stands_in(name, text, words))


def _place(name: str, text: str) -> int:
    place = re.search(rf"(?<![\w$]){re.escape(name)}(?![\w$])", text.translate(_FOLD))
    return len(text) if place is None else place.start()


def reached(catalog: Catalog, relations: Iterable[int]) -> dict[int, Relation]:
    """These relations and all that a read of them reads: partitions, inheriting tables, what views are made of."""
    found: dict[int, Relation] = {}
    waiting = list(relations)
    while waiting:
        relation = catalog.relations.get(waiting.pop())
        if relation is None or relation.oid in found:
            continue
        found[relation.oid] = relation
        waiting += [child.oid for child in catalog.children.get(relation.oid, ())]
        if relation.kind == "v":
            waiting += [oid for oid, _column in catalog.view_columns.get(relation.oid, ())]
    return found


def code_run(catalog: Catalog, relations: Iterable[int], text: str = "") -> str:
    """Which code of users a read of these relations would run, as the end of a sentence; '' where there is none.

    :param text: what of the SQL a person wrote.
    """
    ways = WRITTEN if text else READING
    for relation in reached(catalog, relations).values():
        met = catalog.user_code.get(relation.oid, frozenset()) & ways
        if met:
            return f"the definition of {relation.schema}.{relation.name} ({', '.join(sorted(met))})"
    return next(_code_named(catalog, text), "") if text else ""


def _code_named(catalog: Catalog, text: str) -> Iterator[str]:
    """Code of users that an SQL text names, or may."""
    words = words_of(text)
    schemas = _schemas_named(catalog, text, words)
    for name in sorted(REACHING & words):
        yield f"the function {name}, which runs other SQL or changes the role,"
    for function in catalog.functions.values():
        owner = catalog.roles.get(function.owner)
        # That it belongs to an extension says nothing: whoever owns the extension adds functions to it.
        trusted = owner is not None and owner.superuser
        if not trusted and function.schema in schemas and stands_in(function.name, text, words):
            yield f"the function {function.schema}.{function.name}, if {function.name} means it,"
    for oid in catalog.code_types:
        kind = catalog.types.get(oid)
        if kind is not None and all(stands_in(part, text, words) for part in _parts(kind.name)):
            yield f"the type {kind.name}"
    if _OPERATOR.search(text.translate(_FOLD)):
        yield "an operator that is not PostgreSQL's own"
    if re.search(r'[uU]&"', text):
        yield 'a name in U&"", which is not read here,'


def _parts(type_name: str) -> tuple[str, ...]:
    """Schema and name of a type as format_type spells it, without brackets."""
    try:
        schema, name = parse_qualified(type_name.rstrip("[]"))
    except IdentifierError:
        return (type_name,)
    return (name,) if schema is None else (schema, name)
