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

from ...database.session import Session
from ...model.catalog.view import (
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
from ...model.errors import RefusedError
from ...model.identifiers import quote_ident
from ..view_query import read_view_query
from . import view_sql as sql

_EVENTS = ((4, "insert"), (16, "update"), (8, "delete"))
_KINDS = {
    "r": "a table",
    "p": "a partitioned table",
    "m": "a materialized view",
    "f": "a foreign table",
    "S": "a sequence",
}


def read_server(session: Session) -> dict[str, Any]:
    """`version`, `in_recovery`, `replication_role`, `user`, `is_superuser` and `database_oid` of the session."""
    return session.one(sql.SERVER)


def look_at_view(session: Session, schema: str, name: str, function_names: Iterable[str]) -> ViewReading:
    """All that decides how writes through a view reach its tables, as the caller's transaction shows it.

    :param function_names: names in the view's schema to look for functions of.
    :raises NoSuchViewError: when there is no relation of that name.
    :raises RefusedError: when it is no view.
    """
    server = read_server(session)
    found = session.query(sql.VIEW, (schema, name))
    if not found or found[0]["kind"] != "v":
        raise _not_a_view(session, schema, name, found)
    row = found[0]
    oid = row["oid"]
    query = read_view_query(row["ev_action"])
    columns = tuple(ViewColumn(c["number"], c["name"], c["type"]) for c in session.query(sql.VIEW_COLUMNS, (oid,)))
    operators = session.query(sql.OPERATORS, (sorted({equality.operator for equality in query.equalities}),))
    casts = sorted({cast for equality in query.equalities for cast in (equality.left_cast, equality.right_cast)} - {0})
    return ViewReading(
        database=session.database,
        database_oid=server["database_oid"],
        server_version=server["version"],
        in_recovery=server["in_recovery"],
        replication_role=server["replication_role"],
        user=server["user"],
        user_is_superuser=server["is_superuser"],
        user_may_act_as_owner=row["user_may_act_as_owner"],
        view=_view(row, columns, query),
        tables=_tables(session, sorted({relation.oid for relation in query.relations}), row["owner_oid"]),
        operator_families={row["oid"]: tuple(row["families"]) for row in operators},
        operator_names={row["oid"]: row["name"] for row in operators},
        cast_names={row["oid"]: row["name"] for row in session.query(sql.TYPE_NAMES, (casts,))},
        loose_collations=frozenset(row["oid"] for row in session.query(sql.LOOSE_COLLATIONS)),
        rule_columns=frozenset((row["table_oid"], row["number"]) for row in session.query(sql.RULE_COLUMNS, (oid,))),
        triggers=_triggers(session, oid),
        same_named=read_functions(session, schema, function_names, oid),
    )


def read_functions(session: Session, schema: str, names: Iterable[str], view: int = 0) -> tuple[TriggerFunction, ...]:
    """The functions without arguments of these names; `view` is the relation that does not count as elsewhere."""
    return tuple(_function(row) for row in session.query(sql.FUNCTIONS_NAMED, (view, schema, list(names))))


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


def told_columns(session: Session, view: int) -> list[tuple[str, int, int]] | None:
    """Name, table OID and attribute number of each column, as the server tells libpq of the view's query.

    The query is parsed and described, never planned: planning runs immutable functions, of index expressions too,
    with this session's rights, even under LIMIT 0. None where the driver cannot describe (psycopg2).
    """
    query = session.one(sql.VIEW_QUERY, (view,))["query"].rstrip().rstrip(";")
    return session.described(f"SELECT * FROM ({query}) q")


class NoSuchViewError(RefusedError):
    """There is no relation of that name."""


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
    return NoSuchViewError(
        f"There is no view {what} in database {session.database}.{near} Nothing was touched.", view=what
    )


def _tables(session: Session, oids: list[int], owner: int) -> dict[int, Table]:
    columns, indexes, keys = (
        _by_table(session.query(statement, (oids,)))
        for statement in (sql.COLUMNS, sql.UNIQUE_INDEXES, sql.FOREIGN_KEYS)
    )
    return {
        row["oid"]: Table(
            oid=row["oid"],
            schema=row["schema"],
            name=row["name"],
            kind=row["kind"],
            persistence=row["persistence"],
            owner=row["owner"],
            owner_is_trusted=row["owner_is_trusted"],
            has_children=row["has_children"],
            row_security=row["row_security"],
            update_of_triggers=row["update_of_triggers"],
            user_triggers=tuple(row["user_triggers"]),
            missing_rights=tuple(row["missing_rights"]),
            columns=tuple(map(_column, columns.get(row["oid"], []))),
            unique_indexes=tuple(map(_unique_index, indexes.get(row["oid"], []))),
            foreign_keys=tuple(map(_foreign_key, keys.get(row["oid"], []))),
        )
        for row in session.query(sql.TABLES, (owner, owner, owner, oids))
    }


def _column(row: dict[str, Any]) -> Column:
    return Column(
        number=row["number"],
        name=row["name"],
        type=row["type"],
        not_null=row["not_null"],
        default=row["default_value"],
        identity=row["identity"],
        generated=row["generated"],
        collation=row["collation_oid"],
    )


def _unique_index(row: dict[str, Any]) -> UniqueIndex:
    return UniqueIndex(
        row["name"], tuple(row["columns"]), row["is_primary"], tuple(row["equality"]), tuple(row["families"])
    )


def _foreign_key(row: dict[str, Any]) -> ForeignKey:
    return ForeignKey(
        row["name"],
        tuple(row["columns"]),
        row["referenced"],
        tuple(row["referenced_columns"]),
        sql.ACTIONS[row["on_update"]],
        sql.ACTIONS[row["on_delete"]],
    )


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
        for row in session.query(sql.INSTEAD_TRIGGERS, (view, view))
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
        droppable=row["droppable"],
        volatility=row["volatility"],
        strict=row["strict"],
        used_elsewhere=tuple(row["used_elsewhere"]),
    )
