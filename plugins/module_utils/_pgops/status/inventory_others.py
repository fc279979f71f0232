# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The entries of an inventory for schemas, sequences, functions, types and extensions. Pure."""

from __future__ import annotations

from ..model.catalog.relations import Function, Relation
from ..model.catalog.server import Extension, Schema
from ..model.measured import TypeDetails
from .inventory_parts import Facts, Parts, where_set

_FUNCTIONS = {"f": "function", "p": "procedure", "a": "aggregate", "w": "window function"}
_VOLATILITIES = {"i": "immutable", "s": "stable", "v": "volatile"}
_TYPES = {"b": "base", "c": "composite", "d": "domain", "e": "enum", "r": "range"}
#: pg_type.typtype of what is told as a type: arrays and multiranges come along with theirs.
TYPE_KINDS = frozenset(_TYPES)


def schema_facts(parts: Parts, schema: Schema) -> Facts:
    """The entry of a schema."""
    return {
        "name": schema.name,
        "owner": schema.owner,
        "comment": parts.comment("pg_namespace", schema.oid),
        "grants": parts.grants(schema.acl, "schema", schema.owner),
    }


def sequence_facts(parts: Parts, relation: Relation) -> Facts:
    """The entry of a sequence."""
    facts: Facts = {
        "schema": relation.schema,
        "name": relation.name,
        "owner": relation.owner,
        "comment": parts.comment("pg_class", relation.oid),
    }
    found = parts.catalog.sequences.get(relation.oid)
    if found is not None:
        facts.update(
            type=found.type,
            start=found.start,
            increment=found.increment,
            minimum=found.least,
            maximum=found.most,
            cache=found.cache,
            cycle=found.cycle,
        )
    facts["used_by"] = parts.uses.get(relation.oid, [])
    facts["grants"] = parts.grants(relation.acl, "sequence", relation.owner)
    facts.update(where_set(persistence="unlogged" if relation.persistence == "u" else None))
    if parts.full:
        facts["measured"] = {"last_value": None if found is None else found.last_value}
    return facts


def function_facts(parts: Parts, function: Function) -> Facts:
    """The entry of a function, procedure or aggregate."""
    return {
        "schema": function.schema,
        "name": function.name,
        "arguments": function.arguments,
        "kind": _FUNCTIONS.get(function.kind, function.kind),
        "owner": function.owner,
        "comment": parts.comment("pg_proc", function.oid),
        "returns": parts.text("result", function.oid),
        "language": function.language,
        "volatility": _VOLATILITIES.get(function.volatility, function.volatility),
        "strict": function.strict,
        "security_definer": function.security_definer,
        "settings": sorted(function.settings),
        "definition": parts.text("function", function.oid),
        "grants": parts.grants(function.acl, "function", function.owner),
    }


def type_facts(parts: Parts, oid: int, found: TypeDetails) -> Facts:
    """The entry of a type."""
    facts: Facts = {
        "schema": found.schema,
        "name": found.name,
        "kind": _TYPES[found.kind],
        "owner": found.owner,
        "comment": parts.comment("pg_type", oid),
    }
    if found.kind == "e":
        facts["labels"] = list(found.labels)
    elif found.kind == "d":
        facts.update(
            base=found.base,
            not_null=found.not_null,
            default=found.default,
            checks={name: found.checks[name] for name in sorted(found.checks)},
            **where_set(collation=found.collation),
        )
    elif found.kind == "c":
        facts["attributes"] = [{"name": name, "type": kind} for name, kind in found.attributes]
    elif found.kind == "r":
        facts["subtype"] = found.subtype
    facts["grants"] = parts.grants(found.acl, "type", found.owner)
    return facts


def extension_facts(parts: Parts, extension: Extension) -> Facts:
    """The entry of an extension; what it brought along is told by its name and version alone."""
    facts: Facts = {
        "name": extension.name,
        "version": extension.version,
        "schema": extension.schema,
        "owner": extension.owner,
    }
    if parts.full:
        facts["measured"] = {"available_version": extension.default_version}
    return facts
