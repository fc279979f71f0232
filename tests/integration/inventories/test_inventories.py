# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inventory of real databases: what is told, what a dump and restore leaves alike, what changed."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from _pgops.model.errors import LockedError
from _pgops.model.identifiers import quote_qualified
from _pgops.model.settings.schema_info import KINDS
from harness import Background, Client, Server, wait_until
from inventory_stage import inventory

ITEMS = '"Odd.Schema"."Order ""Items"""'


@pytest.fixture
def restored(server: Server, everything: str, client: Client, tmp_path: Path) -> Iterator[str]:
    """The database once more, dumped and restored by PostgreSQL's own tools, as another one."""
    name = server.clone()
    client.run(f"ALTER DATABASE {everything} SET timezone = 'Asia/Kolkata'")
    client.run(f"ALTER DATABASE {everything} SET datestyle = 'SQL, DMY'")
    dump = tmp_path / "dump.sql"
    dump.write_text(server.cluster.run("pg_dump", dbname=everything), encoding="utf-8")
    server.cluster.psql(dump, dbname=name)
    yield name
    server.drop(name)


def test_a_dump_and_restore_makes_no_difference(server: Server, everything: str, restored: str) -> None:
    before = inventory(server, everything, depth="full").document
    found = inventory(server, restored, compare_to=json.loads(json.dumps(before)))
    assert found.comparison is not None
    assert found.comparison["changed"] == []
    assert found.comparison["same"]
    assert found.document["digest"] == before["digest"]
    assert found.document["tables"] != before["tables"], "the raw text of a check differs, and sizes"


def test_both_drivers_read_the_same(server: Server, everything: str) -> None:
    documents = [inventory(server, everything, driver=driver).document for driver in ("psycopg", "psycopg2")]
    assert [{**one, "created": ""} for one in documents][0] == {**documents[1], "created": ""}
    assert json.dumps(documents[0]["tables"]) == json.dumps(documents[1]["tables"]), "in the same order"


def test_every_object_is_there(server: Server, everything: str, client: Client) -> None:
    document = inventory(server, everything).document
    assert document["unread"] == []
    kinds = {"tables": "rp", "foreign_tables": "f", "views": "v", "materialized_views": "m", "sequences": "S"}
    for kind, letters in kinds.items():
        there = client.rows(
            "SELECT n.nspname AS schema, c.relname AS name FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace "
            "WHERE c.relkind::text = ANY (%s) AND n.nspname IN ('public', 'Odd.Schema')",
            [list(letters)],
        )
        assert set(document[kind]) == {quote_qualified(**one) for one in there}, kind
    assert list(document["functions"]) == [
        '"Odd.Schema".add(a integer, b integer)',
        "public.pairs(OUT a integer, OUT b text)",
        "public.product(integer)",
        "public.touch()",
        "public.work(INOUT a integer)",
    ]
    assert list(document["types"]) == [
        '"Odd.Schema"."A Place"',
        "public.email",
        "public.short",
        "public.span",
        "public.state",
    ]
    assert {"citext", "btree_gist", "plpgsql"} <= set(document["extensions"])
    assert document["summary"]["tables"] == len(document["tables"])
    assert document["summary"]["columns"] == client.value(
        "SELECT count(*) FROM pg_attribute a JOIN pg_class c ON c.oid = attrelid WHERE attnum > 0 AND NOT attisdropped "
        "AND relkind IN ('r', 'p', 'v', 'm', 'f') AND relnamespace::regnamespace::text IN ('public', '\"Odd.Schema\"')"
    )


def test_no_oid_and_no_column_number_is_told(server: Server, everything: str, client: Client) -> None:
    text = json.dumps(inventory(server, everything).document)
    oids = client.column("SELECT oid::text FROM pg_class WHERE oid >= 16384 UNION SELECT oid::text FROM pg_constraint")
    assert oids
    assert not set(oids) & set(re.findall(r"\d+", text))


def test_what_is_told_of_a_table(server: Server, everything: str) -> None:
    tables = inventory(server, everything).document["tables"]
    customers = tables["public.customers"]
    columns = {one["name"]: one for one in customers["columns"]}
    assert list(columns) == ["id", "mail", "kind", "nick", "place", "levels", "during", "whole", "state"]
    assert columns["id"] == {"name": "id", "type": "bigint", "not_null": True, "default": None, "identity": "always"}
    assert columns["kind"]["grants"] == [{"role": "inventory_reader", "privileges": ["UPDATE"], "grantable": []}]
    assert (columns["kind"]["comment"], columns["kind"]["statistics_target"]) == ("Rank", 500)
    assert columns["nick"]["collation"] == 'pg_catalog."C"'
    assert (columns["whole"]["generated"], columns["whole"]["default"]) == ("stored", None)
    assert columns["place"]["type"] == '"Odd.Schema"."A Place"'
    assert customers["comment"] == "Who buys"
    assert customers["row_security"] == "enabled"
    assert customers["grants"] == [
        {"role": "inventory_reader", "privileges": ["INSERT", "SELECT"], "grantable": ["INSERT"]}
    ]
    assert customers["policies"]["own rows"]["roles"] == ["inventory_reader"]
    assert customers["constraints"]["unique_mail"]["initially_deferred"]
    assert customers["constraints"]["later"]["not_valid"]
    assert customers["triggers"]["at_the_end"]["enabled"] == "disabled"
    assert customers["triggers"]["touched"]["columns"] == ["kind"]
    assert customers["indexes"]["by Nick"]["keys"] == [
        {"expression": "lower((kind)::text)", "descending": True},
        {"column": "id"},
    ]
    assert customers["indexes"]["by Nick"]["includes"] == ["levels"]
    assert tables["public.scratch"]["persistence"] == "unlogged"
    assert tables["public.base"]["grants"][0]["privileges"].count("DELETE") == 0, "an owner without all of its rights"
    assert tables["public.derived"]["inherits"] == ["public.base"]
    key = tables[ITEMS]["constraints"]['Order "Items"_Customer_fkey']
    assert (key["references"], key["on_delete"], key["on_update"]) == ("public.customers", "cascade", "restrict")


def test_partitions(server: Server, everything: str) -> None:
    tables = inventory(server, everything).document["tables"]
    assert tables["public.events"]["kind"] == "partitioned table"
    assert tables["public.events"]["partition_key"] == "RANGE (at)"
    part = tables["public.before_events"]
    assert (part["partition_of"], part["partition_bound"]) == ("public.events", "DEFAULT")
    assert [one["name"] for one in part["columns"]] == ["at", "customer", "id"]
    assert part["indexes"]["its_own_key"]["from_parent"]
    assert list(part["constraints"]) in (["its_own_key"], ["its_own_key", "its_own_reference"])
    assert "its_own_reference" not in part["constraints"], "a copy of the foreign key above"
    assert tables["public.events_2025"]["partition_bound"] == (
        "FOR VALUES FROM ('2025-01-01 00:00:00+00') TO ('2026-01-01 00:00:00+00')"
    )


def test_views_and_what_goes_through_them(server: Server, everything: str, client: Client) -> None:
    client.run("CREATE VIEW readable AS SELECT DISTINCT kind FROM customers")
    views = inventory(server, everything, kinds=["views"]).document["views"]
    ways = {name: tuple(facts["writable"].values()) for name, facts in views.items()}
    assert ways == {
        "public.plain_view": ("plainly", "plainly", "plainly"),
        "public.by_trigger": ("trigger", "no", "rule"),
        "public.readable": ("no", "no", "no"),
        '"Odd.Schema"."Joined"': ("no", "no", "no"),
    }
    joined = views['"Odd.Schema"."Joined"']
    assert joined["reads"] == [ITEMS, "public.customers"]
    assert joined["columns"][2] == {"name": "number", "type": "bigint", "comment": "Of items"}
    assert list(views["public.by_trigger"]["rules"]) == ["no delete"]


def test_types_sequences_and_functions(server: Server, everything: str) -> None:
    document = inventory(server, everything).document
    types = document["types"]
    assert types["public.state"]["labels"] == ["new", "it's done", "gone"]
    assert types["public.email"]["base"] == "text"
    assert types["public.email"]["not_null"]
    assert list(types["public.email"]["checks"]) == ["has_at"]
    assert types["public.email"]["collation"] == 'pg_catalog."C"'
    assert [one["name"] for one in types['"Odd.Schema"."A Place"']["attributes"]] == ["x", 'y "z"']
    assert types["public.span"]["subtype"] == "double precision"
    assert document["sequences"]["public.counter"]["used_by"] == [
        {"table": ITEMS, "column": "number", "how": "default"}
    ]
    assert document["sequences"]["public.counter"]["cycle"]
    assert document["sequences"]["public.customers_id_seq"]["used_by"][0]["how"] == "identity"
    touch = document["functions"]["public.touch()"]
    assert touch["grants"] == [], "everybody's right to execute was taken back"
    assert touch["settings"] == ["search_path=pg_catalog"]
    assert "RETURN NEW" in touch["definition"]
    assert document["functions"]["public.product(integer)"]["kind"] == "aggregate"
    assert document["schemas"]['"Odd.Schema"']["comment"] == 'Line one\nline "two"'


def test_schemas_and_kinds_and_depth_choose(server: Server, everything: str) -> None:
    found = inventory(server, everything, schemas=["Odd*", "nothing"], kinds=["tables", "types"], depth="names")
    assert found.notes == (f"No schema of database {everything} is called nothing or fits it.",)
    document = found.document
    assert [kind for kind in KINDS if kind in document] == ["tables", "types"]
    assert document["tables"] == {ITEMS: {"schema": "Odd.Schema", "name": 'Order "Items"', "kind": "table"}}
    assert list(document["types"]) == ['"Odd.Schema"."A Place"']
    others = inventory(server, everything, exclude_schemas=["Odd.*"]).document
    assert {facts["schema"] for facts in others["tables"].values()} == {"public"}
    assert list(others["schemas"]) == ["public"]


def test_sizes_and_use(server: Server, everything: str, client: Client) -> None:
    client.run("INSERT INTO base SELECT g FROM generate_series(1, 5000) g")
    client.run("ANALYZE base")
    client.run("SELECT nextval('counter')")
    document = inventory(server, everything, depth="full").document
    measured = document["tables"]["public.base"]["measured"]
    assert measured["rows_estimate"] == 5000
    assert measured["bytes"] == client.value("SELECT pg_relation_size('base')")
    assert measured["last_analyze"].endswith("Z")
    keys = document["tables"]["public.customers"]["indexes"]["customers_pkey"]["measured"]
    assert keys["bytes"] == client.value("SELECT pg_relation_size('customers_pkey')")
    assert document["sequences"]["public.counter"]["measured"] == {"last_value": 15}, "three at a time"
    assert document["sequences"]["public.customers_id_seq"]["measured"] == {"last_value": None}
    assert document["materialized_views"]["public.summed"]["measured"]["populated"] is True
    assert document["digest"] == inventory(server, everything).document["digest"]


def test_a_locked_sequence_costs_values_and_sizes_and_nothing_else(
    server: Server, everything: str, client: Client
) -> None:
    whole = inventory(server, everything, depth="full").document
    client.begin()
    client.run("ALTER SEQUENCE counter NO CYCLE")
    document = inventory(server, everything, depth="full").document
    client.rollback()
    (unread,) = document["unread"]
    assert unread["what"] == "sizes and sequence values"
    assert "55P03" in unread["reason"]
    assert document["digest"] == whole["digest"]
    assert document["tables"]["public.base"]["measured"]["bytes"] is None


def test_a_table_that_is_locked_for_a_moment_is_waited_for(server: Server, everything: str, client: Client) -> None:
    client.begin()
    client.run("LOCK TABLE base IN ACCESS EXCLUSIVE MODE")
    work = Background(lambda: inventory(server, everything).document)
    wait_until(lambda: waiting(server, everything), "a reader that waits")
    wait_until(lambda: not waiting(server, everything), "a reader that gave up")
    wait_until(lambda: waiting(server, everything), "a reader that waits again")
    client.run("ALTER TABLE base ADD later integer")
    client.commit()
    columns = [one["name"] for one in work.result()["tables"]["public.base"]["columns"]]
    assert columns == ["id", "noted"], "as they were when the second try began"


def waiting(server: Server, database: str) -> bool:
    query = "SELECT count(*) > 0 FROM pg_stat_activity WHERE datname = %s AND wait_event_type = 'Lock'"
    return bool(server.admin.value(query, [database]))


def test_a_table_that_stays_locked_is_named_with_who_holds_it(server: Server, everything: str, client: Client) -> None:
    client.begin()
    client.run("LOCK TABLE base IN ACCESS EXCLUSIVE MODE")
    with pytest.raises(LockedError) as caught:
        inventory(server, everything)
    client.rollback()
    assert f"public.base (process {client.pid}, user postgres, a test)" in str(caught.value)
    assert everything in str(caught.value)


def test_the_least_of_roles_sees_the_structure_and_says_what_it_does_not(server: Server, everything: str) -> None:
    whole = inventory(server, everything, depth="full").document
    document = inventory(server, everything, user="nobody_much", depth="full").document
    assert document["digest"] == whole["digest"]
    (unread,) = document["unread"]
    assert unread["what"] == "sequence values"
    assert "3 sequences" in unread["reason"]
    assert "public.counter" in unread["reason"]
    assert inventory(server, everything, user="nobody_much").document["unread"] == []


def test_the_progress_of_our_own_tools_is_none_of_it(server: Server, everything: str, client: Client) -> None:
    before = inventory(server, everything).document
    client.run("CREATE SCHEMA pgops; CREATE TABLE pgops.progress (id integer PRIMARY KEY)")
    comparison = inventory(server, everything, compare_to=before).comparison
    assert comparison is not None
    assert comparison["same"]


CHANGES: list[tuple[str, str, list[tuple[str, str]] | None]] = [
    ("a column's type", "ALTER TABLE scratch ALTER a TYPE bigint", [("public.scratch", "columns.a.type")]),
    ("a column in front", "ALTER TABLE event_notes DROP event", None),
    ("a comment", "COMMENT ON COLUMN base.id IS 'x'", [("public.base", "columns.id.comment")]),
    ("a right", "GRANT DELETE ON scratch TO inventory_reader", [("public.scratch", "grants.inventory_reader")]),
    ("an owner", "ALTER VIEW plain_view OWNER TO inventory_owner", [("public.plain_view", "owner")]),
    (
        "a rule for deletes",
        f'ALTER TABLE {ITEMS} DROP CONSTRAINT "Order ""Items""_Customer_fkey", ADD CONSTRAINT '
        '"Order ""Items""_Customer_fkey" FOREIGN KEY ("Customer") REFERENCES customers ON UPDATE RESTRICT '
        "ON DELETE SET NULL DEFERRABLE",
        [
            (ITEMS, 'constraints."Order ""Items""_Customer_fkey".definition'),
            (ITEMS, 'constraints."Order ""Items""_Customer_fkey".on_delete'),
        ],
    ),
    ("an index", "CREATE INDEX added ON scratch (a)", [("public.scratch", "indexes.added")]),
    (
        "a disabled trigger",
        "ALTER TABLE customers DISABLE TRIGGER touched",
        [("public.customers", "triggers.touched.enabled")],
    ),
    (
        "disabled triggers of PostgreSQL's own",
        "ALTER TABLE event_notes DISABLE TRIGGER ALL",
        [("public.event_notes", "system_triggers")],
    ),
    ("a label", "ALTER TYPE state ADD VALUE 'lost' BEFORE 'gone'", [("public.state", "labels")]),
    (
        "a function's body",
        "CREATE OR REPLACE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS "
        "'BEGIN RETURN NULL; END'",
        [("public.touch()", "definition")],
    ),
    ("a view's query", "CREATE OR REPLACE VIEW plain_view AS SELECT id, kind FROM customers", None),
    (
        "a policy",
        'ALTER POLICY "own rows" ON customers USING (true)',
        [("public.customers", 'policies."own rows".using')],
    ),
    ("a sequence", "ALTER SEQUENCE counter NO CYCLE", [("public.counter", "cycle")]),
    ("row security", "ALTER TABLE customers FORCE ROW LEVEL SECURITY", [("public.customers", "row_security")]),
    ("a domain's check", "ALTER DOMAIN short DROP CONSTRAINT short_check", [("public.short", "checks.short_check")]),
    ("rows alone", "INSERT INTO base VALUES (1); ANALYZE base; SELECT nextval('counter')", []),
    ("a rewrite", "ALTER TABLE scratch ADD c integer; ALTER TABLE scratch DROP c; VACUUM FULL scratch", []),
]


@pytest.mark.parametrize(("what", "ddl", "paths"), CHANGES, ids=[one[0] for one in CHANGES])
def test_what_changed_is_told(
    server: Server, everything: str, client: Client, what: str, ddl: str, paths: list[tuple[str, str]] | None
) -> None:
    before = inventory(server, everything, depth="full").document
    for statement in ddl.split("; ") if "VACUUM" in ddl else [ddl]:
        client.run(statement)
    comparison = inventory(server, everything, depth="full", compare_to=before).comparison
    assert comparison is not None
    assert (comparison["added"], comparison["removed"]) == ([], [])
    found = [(one["object"], each["path"]) for one in comparison["changed"] for each in one["differences"]]
    if paths is None:
        assert found, what
    else:
        assert found == paths


def test_added_and_removed_objects_are_told(server: Server, everything: str, client: Client) -> None:
    before = inventory(server, everything).document
    client.run(
        'DROP TABLE event_notes; CREATE TABLE "new One" (); '
        "CREATE FUNCTION f(int) RETURNS int LANGUAGE sql AS 'SELECT 1'"
    )
    comparison = inventory(server, everything, compare_to=before).comparison
    assert comparison is not None
    assert comparison["added"] == [
        {"kind": "tables", "object": 'public."new One"'},
        {"kind": "functions", "object": "public.f(integer)"},
    ]
    assert comparison["removed"] == [{"kind": "tables", "object": "public.event_notes"}]
    assert comparison["changed"] == []
