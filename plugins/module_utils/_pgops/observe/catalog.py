# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads a view, the tables it joins and its triggers from the catalog, in one read-only snapshot.

Only pg_catalog is read (information_schema is slow and hides rows), nothing above ACCESS SHARE is taken, and no
code that a user could have written is run.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..database.session import Session
from ..model.catalog import (
    Column,
    ForeignKey,
    InsteadTrigger,
    Table,
    TriggerFunction,
    UniqueIndex,
    View,
    ViewColumn,
    ViewQuery,
    ViewReading,
)
from ..model.errors import RefusedError
from ..model.identifiers import quote_ident
from . import catalog_sql as sql
from .view_query import read_view_query

_EVENTS = ((4, "insert"), (16, "update"), (8, "delete"))
_KINDS = {
    "r": "a table",
    "p": "a partitioned table",
    "m": "a materialized view",
    "f": "a foreign table",
    "S": "a sequence",
}


def read_view(session: Session, schema: str, name: str, function_names: Iterable[str]) -> ViewReading:
    """All that decides how writes through a view reach its tables, as one snapshot shows it.

    :param function_names: names in the view's schema to look for functions of.
    :raises RefusedError: when there is no such view.
    """
    with session.transaction("REPEATABLE READ READ ONLY"):
        return look_at_view(session, schema, name, function_names)


def look_at_view(session: Session, schema: str, name: str, function_names: Iterable[str]) -> ViewReading:
    """The same within the caller's transaction."""
    server = session.one(sql.SERVER)
    found = session.query(sql.VIEW, (schema, name))
    if not found or found[0]["kind"] != "v":
        raise _not_a_view(session, schema, name, found)
    row = found[0]
    query = read_view_query(row["ev_action"])
    columns = tuple(
        ViewColumn(c["number"], c["name"], c["type"]) for c in session.query(sql.VIEW_COLUMNS, (row["oid"],))
    )
    operators = _operators(session, query)
    return ViewReading(
        database=session.database,
        database_oid=server["database_oid"],
        server_version=server["version"],
        in_recovery=server["in_recovery"],
        user=server["user"],
        user_is_superuser=server["is_superuser"],
        user_may_act_as_owner=row["user_may_act_as_owner"],
        view=_view(row, columns, query),
        tables=_tables(session, sorted({relation.oid for relation in query.relations}), row["owner_oid"]),
        operator_families={row["oid"]: tuple(row["families"]) for row in operators},
        operator_names={row["oid"]: row["name"] for row in operators},
        triggers=_triggers(session, row["oid"]),
        same_named=tuple(_function(f) for f in session.query(sql.FUNCTIONS_NAMED, (schema, list(function_names)))),
    )


def _view(row: dict[str, Any], columns: tuple[ViewColumn, ...], query: ViewQuery) -> View:
    return View(
        oid=row["oid"],
        schema=row["schema"],
        name=row["name"],
        owner=row["owner"],
        owner_is_superuser=row["owner_is_superuser"],
        owner_may_create=row["owner_may_create"],
        security_invoker=row["security_invoker"],
        columns=columns,
        rules=tuple(row["rules"]),
        query=query,
    )


def views_of_schemas(session: Session, schema: str) -> list[str]:
    """Names of the plain views in a schema, for suggestions."""
    return [row["name"] for row in session.query(sql.VIEW_NAMES, (schema,))]


def told_columns(session: Session, view: int) -> list[tuple[str, int, int]]:
    """Name, table OID and attribute number of each column, as the server tells a client that runs the view's query.

    Ask this only of a view whose query is known to be plain columns and operators of btree families: planning it
    then runs no function that a user wrote.
    """
    query = session.one(sql.VIEW_QUERY, (view,))["query"].rstrip().rstrip(";")
    return session.described(f"SELECT * FROM ({query}) q LIMIT 0")


def _not_a_view(session: Session, schema: str, name: str, found: list[dict[str, Any]]) -> RefusedError:
    what = f"{quote_ident(schema)}.{quote_ident(name)}"
    if found:
        kind = _KINDS.get(found[0]["kind"], "something else")
        return RefusedError(
            f"{what} in database {session.database} is {kind}, not a view. Nothing was touched.", view=what
        )
    views = views_of_schemas(session, schema)
    near = (
        f" Views of that schema: {', '.join(views[:10])}." if views else " That schema has no view or does not exist."
    )
    return RefusedError(
        f"There is no view {what} in database {session.database}.{near} Nothing was touched.", view=what
    )


def _operators(session: Session, query: ViewQuery) -> list[dict[str, Any]]:
    return session.query(sql.OPERATORS, (sorted({equality.operator for equality in query.equalities}),))


def _tables(session: Session, oids: list[int], owner: int) -> dict[int, Table]:
    columns, indexes, keys = (
        _by_table(session.query(statement, (oids,)))
        for statement in (sql.COLUMNS, sql.UNIQUE_INDEXES, sql.FOREIGN_KEYS)
    )
    tables = {}
    for row in session.query(sql.TABLES, (owner, owner, oids)):
        oid = row["oid"]
        tables[oid] = Table(
            oid=oid,
            schema=row["schema"],
            name=row["name"],
            kind=row["kind"],
            persistence=row["persistence"],
            owner=row["owner"],
            has_children=row["has_children"],
            row_security=row["row_security"],
            update_of_triggers=row["update_of_triggers"],
            user_triggers=tuple(row["user_triggers"]),
            missing_rights=tuple(row["missing_rights"]),
            columns=tuple(
                Column(
                    c["number"], c["name"], c["type"], c["not_null"], c["default_value"], c["identity"], c["generated"]
                )
                for c in columns.get(oid, [])
            ),
            unique_indexes=tuple(
                UniqueIndex(i["name"], tuple(i["columns"]), i["is_primary"], tuple(i["equality"]), tuple(i["families"]))
                for i in indexes.get(oid, [])
            ),
            foreign_keys=tuple(
                ForeignKey(
                    k["name"],
                    tuple(k["columns"]),
                    k["referenced"],
                    tuple(k["referenced_columns"]),
                    sql.ACTIONS[k["on_update"]],
                    sql.ACTIONS[k["on_delete"]],
                )
                for k in keys.get(oid, [])
            ),
        )
    return tables


def _by_table(rows: list[dict[str, Any]]) -> dict[int, list[dict[str, Any]]]:
    tables: dict[int, list[dict[str, Any]]] = {}
    for row in rows:
        tables.setdefault(row["table_oid"], []).append(row)
    return tables


def _triggers(session: Session, view: int) -> tuple[InsteadTrigger, ...]:
    return tuple(
        InsteadTrigger(
            name=row["trigger_name"],
            events=tuple(word for bit, word in _EVENTS if row["trigger_type"] & bit),
            function=_function(row),
            definition=row["definition"],
        )
        for row in session.query(sql.INSTEAD_TRIGGERS, (view,))
    )


def _function(row: dict[str, Any]) -> TriggerFunction:
    return TriggerFunction(
        oid=row["oid"],
        schema=row["schema"],
        name=row["name"],
        owner=row["owner"],
        language=row["language"],
        security_definer=row["security_definer"],
        settings=tuple(row["settings"]),
        source=row["source"],
        comment=row["comment"],
        grantees=tuple(row["grantees"]),
        returns_trigger=row["returns_trigger"],
        other_uses=row["other_uses"],
    )
