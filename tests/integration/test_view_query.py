# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stored queries as real servers keep them, read and held against what the server itself says; through both drivers."""

from __future__ import annotations

from typing import Any

import pytest
from harness import Client, Server

VIEWS = {
    "on_clause": "SELECT e.id, e.ip, e.port FROM endpoints e JOIN verified_endpoints ve ON e.id = ve.endpoint_id",
    "where_clause": "SELECT e.id, e.ip FROM endpoints e, verified_endpoints ve WHERE ve.endpoint_id = e.id",
    "turned": "SELECT ve.endpoint_id AS id, e.ip FROM verified_endpoints ve JOIN endpoints e ON ve.endpoint_id = e.id",
    "on_true": "SELECT e.id, e.ip FROM endpoints e JOIN verified_endpoints ve ON true WHERE ve.endpoint_id = e.id",
    "by_using": "SELECT id, a.one, b.two FROM using_a a JOIN using_b b USING (id)",
    "natural": "SELECT id, one, two FROM using_a NATURAL JOIN using_b",
    "named_join": "SELECT j.id, j.one, j.two FROM (using_a a JOIN using_b b USING (id)) AS j",
    "three": "SELECT m.id, m.name, e.ip, ve.id AS vid FROM models m JOIN endpoints e ON e.id = m.endpoint_id "
    "JOIN verified_endpoints ve ON ve.endpoint_id = e.id",
    "relabelled": "SELECT e.id, e.api_type::text AS kind FROM endpoints e",
    "single": "SELECT e.id, e.ip FROM endpoints e",
    "odd_names": 'SELECT o."a b" AS "x""y", o.":c" AS ":d", o."{e}" AS "<>" FROM "odd (table)" o',
    "self_join": "SELECT s.id, s.name, b.name AS boss FROM staff s JOIN staff b ON b.id = s.boss_id",
}
TABLES = """
CREATE TABLE using_a (id int PRIMARY KEY, one text);
CREATE TABLE using_b (id int PRIMARY KEY REFERENCES using_a, two text);
CREATE TABLE staff (id int PRIMARY KEY, boss_id int REFERENCES staff, name text);
CREATE TABLE "odd (table)" ("a b" int PRIMARY KEY, ":c" text, "{e}" text);
"""


def seen_by(session: Any, schema: str, name: str, functions: tuple[str, ...]) -> Any:
    """One reading of a view in a snapshot of its own, as the workflow takes it."""
    from _pgops.observe.catalog.view import look_at_view

    with session.transaction("REPEATABLE READ READ ONLY"):
        return look_at_view(session, schema, name, functions)


@pytest.mark.parametrize("driver", ["psycopg", "psycopg2"])
def test_derived_columns_are_those_the_server_tells(server: Server, scanner_database: str, driver: str) -> None:
    from _pgops.database.connect import connect
    from _pgops.observe.catalog.view import told_columns
    from _pgops.view_triggers.shape import derive_shape
    from _pgops.view_triggers.workflow import origins
    from psycopg.conninfo import conninfo_to_dict

    client = Client(server.cluster.dsn(scanner_database))
    client.run(TABLES + "".join(f"CREATE VIEW public.{name} AS {query};" for name, query in VIEWS.items()))
    seen = {}
    with connect(conninfo_to_dict(server.cluster.dsn(scanner_database)), driver=driver) as session:
        for name in VIEWS:
            shape = derive_shape(seen_by(session, "public", name, ()))
            told = told_columns(session, shape.view.oid)
            seen[name] = [place.view_column.name for place in shape.places]
            assert (told is None) == (driver == "psycopg2"), "psycopg2 has no way to describe a statement"
            assert told is None or [(table, number) for dummy, table, number in told] == origins(shape), name
            assert told is None or [column for column, dummy, dummy in told] == seen[name], name
    client.close()
    assert seen["odd_names"] == ['x"y', ":d", "<>"]
    assert seen["self_join"] == ["id", "name", "boss"]


@pytest.mark.parametrize("driver", ["psycopg", "psycopg2"])
def test_every_stored_query_of_the_system_can_be_read(server: Server, empty_database: str, driver: str) -> None:
    from _pgops.database.connect import connect
    from _pgops.observe.view_query import read_view_query
    from psycopg.conninfo import conninfo_to_dict

    with connect(conninfo_to_dict(server.cluster.dsn(empty_database)), driver=driver) as session:
        rows = session.query("SELECT ev_action::text AS tree FROM pg_catalog.pg_rewrite WHERE rulename = '_RETURN'")
    assert len(rows) > 100
    read = [read_view_query(row["tree"]) for row in rows]
    assert all(query.relations or query.obstacles for query in read)


def test_renamed_columns_keep_their_place(server: Server, scanner_database: str) -> None:
    from _pgops.database.connect import connect
    from _pgops.view_triggers.shape import derive_shape
    from psycopg.conninfo import conninfo_to_dict

    client = Client(server.cluster.dsn(scanner_database))
    client.run("ALTER VIEW servers RENAME COLUMN scan_date TO seen; ALTER TABLE endpoints RENAME COLUMN ip TO address")
    client.close()
    with connect(conninfo_to_dict(server.cluster.dsn(scanner_database))) as session:
        shape = derive_shape(seen_by(session, "public", "servers", ()))
    assert [(place.view_column.name, place.column.name) for place in shape.places] == [
        ("id", "id"),
        ("ip", "address"),
        ("port", "port"),
        ("seen", "scan_date"),
    ]


def test_both_drivers_read_the_same(server: Server, scanner_database: str) -> None:
    from _pgops.database.connect import connect
    from psycopg.conninfo import conninfo_to_dict

    readings = []
    for driver in ("psycopg", "psycopg2"):
        with connect(conninfo_to_dict(server.cluster.dsn(scanner_database)), driver=driver) as session:
            readings.append(seen_by(session, "public", "servers", ("pgops_servers_insert",)))
    assert readings[0] == readings[1]
