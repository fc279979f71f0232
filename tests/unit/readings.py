# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Readings of views as a catalog would give them, spelled shortly."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from _pgops.model.catalog.view import (
    Attribute,
    Column,
    Equality,
    ForeignKey,
    JoinedRelation,
    Table,
    Target,
    UniqueIndex,
    View,
    ViewColumn,
    ViewQuery,
    ViewReading,
)

FAMILY, EQUALS = 1976, 96
OPERATOR = "OPERATOR(pg_catalog.=)"


def column(number: int, spelled: str) -> Column:
    """`id! =nextval('s') [d]`: name, `!` not null, `=` default, `[a|d]` identity, `{s}` generated; `:` and the type."""
    words = spelled.split(" ")
    name, dummy, type_name = words[0].partition(":")
    default = next((word[1:] for word in words if word.startswith("=")), None)
    return Column(
        number=number,
        name=name.rstrip("!"),
        type=type_name or "integer",
        not_null=name.endswith("!") or words[0].endswith("!"),
        default=default,
        identity=next((word[1] for word in words if word.startswith("[")), ""),
        generated=next((word[1] for word in words if word.startswith("{")), ""),
    )


def table(
    oid: int,
    name: str,
    columns: Sequence[str],
    unique: Sequence[Sequence[str]] = (),
    foreign: Sequence[tuple[str, int, str, str]] = (),
    **more: Any,
) -> Table:
    """A table of schema public; the first unique key is primary; a foreign key is (column, oid, column, on update)."""
    values: dict[str, Any] = {
        "kind": "r",
        "persistence": "p",
        "owner": "owner",
        "owner_is_trusted": True,
        "has_children": False,
        "row_security": False,
        "update_of_triggers": False,
        "user_triggers": (),
        "missing_rights": (),
    }
    values.update(more)
    return Table(
        oid=oid,
        schema="public",
        name=name,
        columns=tuple(column(number, spelled) for number, spelled in enumerate(columns, 1)),
        unique_indexes=tuple(
            UniqueIndex(f"{name}_key{place}", tuple(key), place == 0, (OPERATOR,) * len(key), (FAMILY,) * len(key))
            for place, key in enumerate(unique)
        ),
        foreign_keys=tuple(
            ForeignKey(f"{name}_{own}_fkey", (own,), referenced, (theirs,), on_update, "no action")
            for own, referenced, theirs, on_update in foreign
        ),
        **values,
    )


def reading(
    tables: Mapping[str, Table],
    equalities: Sequence[tuple[str, str]],
    targets: Sequence[str],
    obstacles: Sequence[str] = (),
    **more: Any,
) -> ViewReading:
    """A view over `alias -> table`, joined by pairs of `alias.column`, that shows `alias.column [AS name]`."""
    indexes = {alias: place for place, alias in enumerate(tables, 3)}

    def attribute(spelled: str) -> Attribute:
        alias, name = spelled.split(".")
        return Attribute(indexes[alias], tables[alias].column(name).number)

    view_columns, shown = [], []
    for number, spelled in enumerate(targets, 1):
        source, dummy, name = spelled.partition(" AS ")
        alias, base = source.split(".")
        view_columns.append(ViewColumn(number, name or base, tables[alias].column(base).type))
        shown.append(Target(name or base, attribute(source)))
    query = ViewQuery(
        relations=tuple(JoinedRelation(indexes[alias], alias, one.oid) for alias, one in tables.items()),
        equalities=tuple(Equality(attribute(left), attribute(right), EQUALS) for left, right in equalities),
        targets=tuple(shown),
        obstacles=tuple(obstacles),
    )
    view = _view(tuple(view_columns), query, more)
    return _reading(view, {one.oid: one for one in tables.values()}, more)


def _view(columns: tuple[ViewColumn, ...], query: ViewQuery, more: dict[str, Any]) -> View:
    """The view, with what `more` says of it, which is taken out of there."""
    values: dict[str, Any] = {
        "oid": 9000,
        "schema": "public",
        "name": "seen",
        "owner": "owner",
        "owner_is_superuser": False,
        "owner_may_create": True,
        "security_invoker": False,
        "columns": columns,
        "rules": (),
        "query": query,
    }
    values.update({key: more.pop(key) for key in list(more) if key in values})
    return View(**values)


def _reading(view: View, tables: dict[int, Table], more: dict[str, Any]) -> ViewReading:
    """What else a reading holds."""
    values: dict[str, Any] = {
        "database": "shop",
        "database_oid": 5,
        "server_version": 150000,
        "in_recovery": False,
        "user": "postgres",
        "user_is_superuser": True,
        "user_may_act_as_owner": True,
        "view": view,
        "tables": tables,
        "operator_families": {EQUALS: (FAMILY,)},
        "operator_names": {EQUALS: OPERATOR},
        "cast_names": {},
        "loose_collations": frozenset(),
        "rule_columns": frozenset(),
        "replication_role": "origin",
        "triggers": (),
        "same_named": (),
    }
    values.update(more)
    return ViewReading(**values)


def endpoints(**more: Any) -> Table:
    """The scanner's table, as far as the view needs it."""
    columns = ["id! =nextval('s')", "ip!:text", "port!", "scan_date:date =now()", "verified =0"]
    return table(10, "endpoints", columns, [["id"], ["ip", "port"]], **more)


def verified(**more: Any) -> Table:
    """The rows that make an endpoint visible in the view."""
    columns = ["id! =nextval('v')", "endpoint_id!"]
    return table(
        11, "verified_endpoints", columns, [["id"], ["endpoint_id"]], [("endpoint_id", 10, "id", "no action")], **more
    )


def servers(**more: Any) -> ViewReading:
    """The scanner's view."""
    parts = {"e": more.pop("e", endpoints()), "ve": more.pop("ve", verified())}
    return reading(parts, [("e.id", "ve.endpoint_id")], ["e.id", "e.ip", "e.port", "e.scan_date"], **more)


def models_of_endpoints(**more: Any) -> ViewReading:
    """Many models to one endpoint."""
    models = table(
        12,
        "models",
        ["id! =nextval('m')", "endpoint_id!", "name!:text"],
        [["id"]],
        [("endpoint_id", 10, "id", "no action")],
    )
    targets = more.pop("targets", ["m.id", "m.name", "e.ip", "e.port"])
    return reading({"m": models, "e": endpoints()}, [("m.endpoint_id", "e.id")], targets, **more)
