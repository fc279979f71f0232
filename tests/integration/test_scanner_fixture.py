# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The scanner's database in tests/fixtures is what its description says, defects included, the same every time."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from contextlib import closing

import pytest
from harness import FIXTURES, Background, Client, Server, expect_error, wait_blocked, wait_until
from scanner_description import (
    COLUMNS,
    CONSTRAINTS,
    EXPECTED_CONSTRAINTS,
    EXPECTED_INDEXES,
    INDEXES,
    REDUNDANT,
    SHAPE,
    TABLES,
)
from scanner_rows import FILES, clone, fill

EXPECTED_DIGEST = "cf43f8d8e3e321458fbc4a3ab85a8358"


def digest(client: Client) -> str:
    """Every value of every table, in a notation that no setting of the server changes."""
    client.run("SET TimeZone = 'UTC'; SET DateStyle = 'ISO'; SET extra_float_digits = 1")
    parts = [
        f"SELECT '{table}' || t::text AS line FROM (SELECT * FROM public.{table} ORDER BY 1) AS t"
        for table in sorted(TABLES)
    ]
    whole = " UNION ALL ".join(parts)
    return str(client.value(f'SELECT md5(string_agg(line, chr(10) ORDER BY line COLLATE "C")) FROM ({whole}) AS l'))


@pytest.fixture(scope="module")
def shared() -> Iterator[dict[int, Client]]:
    """One read-only session per major, for all tests that change nothing."""
    sessions: dict[int, Client] = {}
    yield sessions
    for client in sessions.values():
        client.close()


@pytest.fixture
def reader(server: Server, shared: dict[int, Client]) -> Client:
    """A session that may only read the scanner's database."""
    if server.major not in shared:
        name = clone(server)
        shared[server.major] = Client(server.cluster.dsn(name))
        shared[server.major].run("SET default_transaction_read_only = on")
    return shared[server.major]


@pytest.fixture
def filled(server: Server) -> Iterator[str]:
    """The name of a database of the test's own with the scanner's objects and rows."""
    name = clone(server)
    yield name
    server.drop(name)


@pytest.fixture
def admin(server: Server, filled: str) -> Iterator[Client]:
    with closing(Client(server.cluster.dsn(filled))) as client:
        yield client


@pytest.fixture
def program(server: Server, filled: str) -> Iterator[Client]:
    """A session of the scanner, the pruner or the bot."""
    with closing(Client(server.cluster.dsn(filled, "ollama"))) as client:
        yield client


@pytest.mark.parametrize("what", SHAPE)
def test_shape_of_the_rows(reader: Client, what: str) -> None:
    query, expected = SHAPE[what]
    assert reader.value(query) == expected


@pytest.mark.parametrize("table", TABLES)
def test_columns_are_the_described_ones(reader: Client, table: str) -> None:
    assert reader.column(COLUMNS, [f"public.{table}"]) == [line.strip() for line in TABLES[table].strip().splitlines()]


def test_there_is_no_other_relation(reader: Client) -> None:
    relations = "SELECT c.relname FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = %s"
    extension = " AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')"
    assert set(reader.column(relations + extension, ["r"])) == set(TABLES)
    assert reader.column(relations + extension, ["v"]) == ["servers"]


def test_keys_checks_and_delete_rules(reader: Client) -> None:
    assert set(reader.column(CONSTRAINTS)) == EXPECTED_CONSTRAINTS


def test_indexes_beside_the_keys(reader: Client) -> None:
    assert sorted(reader.column(INDEXES)) == sorted(EXPECTED_INDEXES)


def test_exactly_the_described_indexes_are_redundant(reader: Client) -> None:
    assert set(reader.column(REDUNDANT, [list(TABLES)])) == {
        "idx_metadata_key",
        "idx_verified_endpoints_endpoint_id",
        "idx_models_endpoint_id",
        "idx_endpoints_ip",
        "idx_endpoints_verified",
    }


def test_the_view_is_a_plain_join_without_triggers(reader: Client) -> None:
    definition = " ".join(reader.value("SELECT pg_get_viewdef('servers'::regclass)").split())
    assert definition.startswith("SELECT e.id, e.ip, e.port, e.scan_date FROM")
    assert "JOIN verified_endpoints ve ON" in definition
    assert reader.column("SELECT tgname FROM pg_trigger WHERE tgrelid = 'servers'::regclass") == []


def test_the_view_takes_no_writes(program: Client) -> None:
    for statement in (
        "INSERT INTO servers (ip, port) VALUES ('203.0.113.250', 11434)",
        "UPDATE servers SET scan_date = now() WHERE id = 11",
        "DELETE FROM servers WHERE id = 11",
    ):
        expect_error("55000", functools.partial(program.run, statement), f"accepted: {statement}")


def test_triggers_of_endpoints_set_their_dates(admin: Client) -> None:
    dates = (
        "SELECT scan_date = now() AS scanned, verification_date IS NOT DISTINCT FROM now() AS verified FROM endpoints"
    )
    admin.begin()
    for change, expected in (
        ("last_check_date = now()", {"scanned": False, "verified": False}),
        ("verified = 1", {"scanned": False, "verified": True}),
        ("port = 11500", {"scanned": True, "verified": True}),
    ):
        assert admin.run(f"UPDATE endpoints SET {change} WHERE id = 1") == 1
        assert admin.row(f"{dates} WHERE id = 1") == expected
    admin.rollback()


def test_nothing_but_the_extension_belongs_to_a_superuser(reader: Client) -> None:
    for query in (
        "SELECT pg_get_userbyid(relowner) FROM pg_class c WHERE relnamespace = 'public'::regnamespace"
        " AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')",
        "SELECT pg_get_userbyid(proowner) FROM pg_proc c WHERE pronamespace = 'public'::regnamespace"
        " AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')",
        "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = current_database()",
    ):
        assert set(reader.column(query)) == {"ollama_owner"}, query
    assert (
        reader.column("SELECT rolname FROM pg_roles WHERE rolname LIKE 'ollama%' AND (rolsuper OR rolbypassrls)") == []
    )


def test_the_extension_is_there_where_the_server_has_it(reader: Client) -> None:
    query = "SELECT count(*) FROM {} WHERE {} = 'pg_stat_statements'"
    available = reader.value(query.format("pg_available_extensions", "name"))
    assert reader.value(query.format("pg_extension", "extname")) == available == 1


def test_privileges_the_programs_have_and_lack(admin: Client, program: Client) -> None:
    query = "SELECT has_table_privilege('ollama', %s, %s)"
    granted = {"endpoints", "verified_endpoints", "models", "benchmark_results", "metadata", "servers"}
    for relation in [*TABLES, "servers"]:
        for privilege in ("SELECT", "INSERT", "UPDATE", "DELETE"):
            assert admin.value(query, [relation, privilege]) is (relation in granted), f"{privilege} on {relation}"
    sequences = "SELECT has_sequence_privilege('ollama', seqrelid, 'USAGE, SELECT, UPDATE') AS any FROM pg_sequence"
    assert admin.column(sequences) == [False] * 6
    expect_error("42501", lambda: program.run("SELECT FROM chat_history"), "ollama reads chat_history")
    expect_error(
        "42501",
        lambda: program.run("INSERT INTO endpoints (ip, port) VALUES ('203.0.113.250', 11434)"),
        "ollama draws an id",
    )


def test_no_object_is_documented(reader: Client) -> None:
    query = (
        "SELECT count(*) FROM pg_description d JOIN pg_class c ON c.oid = d.objoid"
        " WHERE d.classoid = 'pg_class'::regclass AND c.relnamespace = 'public'::regnamespace"
    )
    assert reader.value(query) == 0


def test_metadata_has_more_dead_rows_than_live_ones(admin: Client) -> None:
    query = "SELECT n_live_tup AS live, n_dead_tup AS dead FROM pg_stat_user_tables WHERE relname = 'metadata'"
    # A cloned database has the rows and not their statistics.
    admin.run("ANALYZE metadata")
    wait_until(lambda: admin.row(query) == {"live": 14, "dead": 19}, "14 live and 19 dead rows in metadata")
    admin.run("VACUUM metadata")
    wait_until(lambda: admin.row(query) == {"live": 14, "dead": 0}, "metadata without dead rows after VACUUM")
    assert admin.value("SELECT count(*) FROM metadata") == 14


def test_dead_rows_are_counted_right_after_loading(server: Server, empty_database: str) -> None:
    fill(server, empty_database)
    query = "SELECT relname, n_live_tup AS live, n_dead_tup AS dead FROM pg_stat_user_tables"
    wanted = {"metadata": (14, 19), "endpoints": (15500, 0), "models": (2000, 0), "verified_endpoints": (222, 0)}
    with closing(Client(server.cluster.dsn(empty_database))) as client:

        def counted() -> bool:
            found = {row["relname"]: (row["live"], row["dead"]) for row in client.rows(query)}
            return all(found.get(table) == numbers for table, numbers in wanted.items())

        wait_until(counted, f"statistics {wanted}")
        assert counted()


def test_rows_are_the_same_every_time(server: Server, admin: Client, empty_database: str) -> None:
    odd = "SET TimeZone = 'America/Sao_Paulo'; SET DateStyle = 'SQL, DMY'; SET IntervalStyle = 'sql_standard';"
    fill(server, empty_database, odd)
    with closing(Client(server.cluster.dsn(empty_database))) as client:
        assert digest(client) == digest(admin) == EXPECTED_DIGEST


def test_sequences_stand_where_the_rows_end(admin: Client) -> None:
    for table in ("endpoints", "verified_endpoints", "models", "benchmark_results", "schema_version", "chat_history"):
        highest = admin.value(f"SELECT max(id) FROM {table}")
        assert admin.value(f"SELECT nextval('{table}_id_seq')") == highest + 1, table


def test_the_files_run_with_psql(server: Server, empty_database: str) -> None:
    for options in ([], ["-1"]):
        server.cluster.run("psql", "-Xq", *options, "-v", "ON_ERROR_STOP=1", "-f", FIXTURES / "scanner_roles.sql")
    for name in FILES:
        options = ["-Xq", "-1", "-v", "ON_ERROR_STOP=1"]
        assert server.cluster.run("psql", *options, "-f", FIXTURES / name, dbname=empty_database) == ""
    with closing(Client(server.cluster.dsn(empty_database))) as client:
        assert digest(client) == EXPECTED_DIGEST


def test_the_roles_can_be_made_twice_at_once(server: Server) -> None:
    text = (FIXTURES / "scanner_roles.sql").read_text(encoding="utf-8")
    dsn = server.cluster.dsn("postgres")
    with closing(Client(dsn)) as first, closing(Client(dsn)) as second:
        first.begin()
        first.run(text)
        waiting = Background(lambda: second.run(text))
        wait_blocked(server.admin, second)
        first.commit()
        waiting.result()
        roles = "SELECT rolname, rolcanlogin FROM pg_roles WHERE rolname IN ('ollama', 'ollama_owner') ORDER BY 1"
        assert [tuple(row.values()) for row in second.rows(roles)] == [("ollama", True), ("ollama_owner", False)]
