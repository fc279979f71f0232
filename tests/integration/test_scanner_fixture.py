# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The scanner's database in tests/fixtures is what its description says, defects included, the same every time."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator

import pytest
from harness import FIXTURES, Client, Server, expect_error, wait_until

FILES = ("scanner_schema.sql", "scanner_data.sql")
TABLES = {
    "endpoints": """
        id integer not null default nextval('endpoints_id_seq'::regclass)
        ip text not null
        port integer not null
        scan_date timestamp with time zone default now()
        verified integer default 0
        verification_date timestamp with time zone
        is_honeypot boolean default false
        honeypot_reason text
        is_active boolean default true
        inactive_reason text
        last_check_date timestamp with time zone
        api_type character varying(10) default 'ollama'::character varying
        api_version character varying(20)
        auth_required boolean default false""",
    "verified_endpoints": """
        id integer not null default nextval('verified_endpoints_id_seq'::regclass)
        endpoint_id integer not null
        verification_date timestamp with time zone default now()""",
    "models": """
        id integer not null default nextval('models_id_seq'::regclass)
        endpoint_id integer not null
        name text not null
        parameter_size text
        quantization_level text
        size_mb numeric(12,2)
        model_type character varying(20)
        capabilities jsonb""",
    "benchmark_results": """
        id integer not null default nextval('benchmark_results_id_seq'::regclass)
        endpoint_id integer not null
        model_id integer
        test_date timestamp with time zone default now()
        avg_response_time numeric(10,4)
        tokens_per_second numeric(10,4)
        first_token_latency numeric(10,4)
        throughput_tokens numeric(10,4)
        throughput_time numeric(10,4)
        context_500_tps numeric(10,4)
        context_1000_tps numeric(10,4)
        context_2000_tps numeric(10,4)
        max_concurrent_requests integer
        concurrency_success_rate numeric(5,4)
        concurrency_avg_time numeric(10,4)
        success_rate numeric(5,4)""",
    "metadata": """
        key text not null
        value text
        updated_at timestamp with time zone default now()""",
    "schema_version": """
        id integer not null default nextval('schema_version_id_seq'::regclass)
        version text not null
        applied_at timestamp with time zone default now()""",
    "chat_history": """
        id integer not null default nextval('chat_history_id_seq'::regclass)
        user_id text
        model_id integer
        prompt text
        system_prompt text
        response text
        temperature real
        max_tokens integer
        timestamp text
        eval_count integer
        eval_duration real""",
    "user_selected_models": """
        user_id text not null
        model_id integer
        selection_date text""",
}
COLUMNS = """
SELECT concat(a.attname, ' ', format_type(a.atttypid, a.atttypmod), CASE WHEN a.attnotnull THEN ' not null' END,
              ' default ' || pg_get_expr(d.adbin, d.adrelid)) AS text
FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
WHERE a.attrelid = %s::regclass AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY a.attnum
"""
CONSTRAINTS = """
SELECT conrelid::regclass || ': ' || pg_get_constraintdef(oid) AS text
FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND contype <> 'n'
"""
EXPECTED_CONSTRAINTS = {
    "endpoints: PRIMARY KEY (id)",
    "endpoints: UNIQUE (ip, port)",
    "endpoints: CHECK (((api_type)::text = ANY"
    " ((ARRAY['ollama'::character varying, 'localai'::character varying])::text[])))",
    "verified_endpoints: PRIMARY KEY (id)",
    "verified_endpoints: UNIQUE (endpoint_id)",
    "verified_endpoints: FOREIGN KEY (endpoint_id) REFERENCES endpoints(id) ON DELETE CASCADE",
    "models: PRIMARY KEY (id)",
    "models: UNIQUE (endpoint_id, name)",
    "models: FOREIGN KEY (endpoint_id) REFERENCES endpoints(id) ON DELETE CASCADE",
    "benchmark_results: PRIMARY KEY (id)",
    "benchmark_results: FOREIGN KEY (endpoint_id) REFERENCES endpoints(id) ON DELETE CASCADE",
    "benchmark_results: FOREIGN KEY (model_id) REFERENCES models(id) ON DELETE SET NULL",
    "metadata: PRIMARY KEY (key)",
    "schema_version: PRIMARY KEY (id)",
    "chat_history: PRIMARY KEY (id)",
    "user_selected_models: PRIMARY KEY (user_id)",
}
# Those beside the keys.
INDEXES = """
SELECT i.indrelid::regclass || ' ' || substring(pg_get_indexdef(i.indexrelid) FROM 'USING btree (.*)') AS text
FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
WHERE c.relnamespace = 'public'::regnamespace
  AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = i.indexrelid AND k.contype IN ('p', 'u'))
"""
EXPECTED_INDEXES = {
    *(f"endpoints ({column})" for column in ("ip", "verified", "is_active", "is_honeypot", "api_type")),
    "endpoints (verified, is_active)",
    "endpoints (verified, is_honeypot)",
    "verified_endpoints (endpoint_id)",
    "models (endpoint_id)",
    "models (name)",
    "benchmark_results (endpoint_id)",
    "benchmark_results (model_id)",
    "benchmark_results (test_date)",
    "metadata (key)",
    "chat_history (user_id)",
    "chat_history (model_id)",
}
# Indexes whose columns are a proper prefix of, or the same as, those of another one of the same table.
REDUNDANT = """
SELECT DISTINCT n.indexrelid::regclass::text AS name
FROM pg_index n
JOIN pg_index w ON w.indrelid = n.indrelid AND w.indexrelid <> n.indexrelid
 AND (w.indkey::int2[])[0:n.indnkeyatts - 1] = (n.indkey::int2[])[0:n.indnkeyatts - 1]
WHERE n.indrelid::regclass::text = ANY (%s) AND NOT n.indisunique
"""
SHAPE = {
    "endpoints": ("SELECT count(*) FROM endpoints", 15500),
    "verified": ("SELECT count(*) FROM endpoints WHERE verified = 1", 226),
    "flags that are neither 0 nor 1": ("SELECT count(*) FROM endpoints WHERE verified NOT IN (0, 1)", 0),
    "rows of the view": ("SELECT count(*) FROM servers", 222),
    "verified, not active": ("SELECT count(*) FROM endpoints WHERE verified = 1 AND NOT is_active", 107),
    "honeypots": ("SELECT count(*) FROM endpoints WHERE is_honeypot", 280),
    "active honeypots": ("SELECT count(*) FROM endpoints WHERE is_honeypot AND is_active", 216),
    "verified honeypots": ("SELECT count(*) FROM endpoints WHERE is_honeypot AND verified = 1", 4),
    "no verification date": ("SELECT count(*) FROM endpoints WHERE verification_date IS NULL", 14882),
    "96 percent of them": ("SELECT round(100.0 * 14882 / count(*)) FROM endpoints", 96),
    "verified without a date": (
        "SELECT count(*) FROM endpoints WHERE verified = 1 AND verification_date IS NULL",
        21,
    ),
    "no last check": ("SELECT count(*) FROM endpoints WHERE last_check_date IS NULL", 7751),
    "flag without row": (
        "SELECT count(*) FROM endpoints e WHERE verified = 1"
        " AND NOT EXISTS (SELECT FROM verified_endpoints v WHERE v.endpoint_id = e.id)",
        9,
    ),
    "row without flag": (
        "SELECT count(*) FROM verified_endpoints v JOIN endpoints e ON e.id = v.endpoint_id WHERE e.verified <> 1",
        5,
    ),
    "models": ("SELECT count(*) FROM models", 2000),
    "metadata": ("SELECT count(*) FROM metadata", 14),
    "benchmarks": ("SELECT count(*) FROM benchmark_results", 12),
    "benchmarks without their model": ("SELECT count(*) FROM benchmark_results WHERE model_id IS NULL", 3),
    "chat rows of no model": (
        "SELECT count(*) FROM chat_history c WHERE NOT EXISTS (SELECT FROM models m WHERE m.id = c.model_id)",
        2,
    ),
    "selections of no model": (
        "SELECT count(*) FROM user_selected_models c WHERE NOT EXISTS (SELECT FROM models m WHERE m.id = c.model_id)",
        1,
    ),
    "addresses that are not reserved": (
        "SELECT count(*) FROM endpoints WHERE NOT ip::inet <<= ANY (ARRAY['192.0.2.0/24', '198.51.100.0/24',"
        " '203.0.113.0/24', '2001:db8::/32', '10.0.0.0/8']::inet[])",
        0,
    ),
    "kinds of reserved addresses": (
        "SELECT count(DISTINCT network(set_masklen(ip::inet, CASE family(ip::inet) WHEN 6 THEN 32 ELSE 8 END)))"
        " FROM endpoints",
        5,
    ),
    "dates that are not past": (
        "SELECT count(*) FROM endpoints"
        " WHERE greatest(scan_date, verification_date, last_check_date) > '2026-09-01 00:00:00+00'",
        0,
    ),
    "checks before the scan": (
        "SELECT count(*) FROM endpoints WHERE least(verification_date, last_check_date) < scan_date",
        0,
    ),
    "identifiers that are the same in both tables": ("SELECT count(*) FROM verified_endpoints WHERE id = endpoint_id", 0),
}
EXPECTED_DIGEST = "4ab0ad7ab2a4c2cdbdfb4a7ab1a7d51b"


def fill(server: Server, database: str, settings: str = "") -> None:
    client = Client(server.cluster.dsn(database))
    for name in FILES:
        client.run(settings + (FIXTURES / name).read_text(encoding="utf-8"))
    client.close()


def digest(client: Client) -> str:
    """Every value of every table, in a notation that no setting of the server changes."""
    client.run("SET TimeZone = 'UTC'; SET DateStyle = 'ISO'; SET extra_float_digits = 1")
    parts = [
        f"SELECT '{table}' || t::text AS line FROM (SELECT * FROM public.{table} ORDER BY 1) AS t" for table in sorted(TABLES)
    ]
    whole = " UNION ALL ".join(parts)
    return str(client.value(f"SELECT md5(string_agg(line, chr(10) ORDER BY line COLLATE \"C\")) FROM ({whole}) AS l"))


@pytest.fixture()
def filled(server: Server) -> Iterator[str]:
    """The name of a database of the test's own with the scanner's objects and rows."""
    name = server.clone(server.template("scanner with rows", lambda database: fill(server, database)))
    yield name
    server.drop(name)


@pytest.fixture()
def admin(server: Server, filled: str) -> Iterator[Client]:
    client = Client(server.cluster.dsn(filled))
    yield client
    client.close()


@pytest.fixture()
def program(server: Server, filled: str) -> Iterator[Client]:
    """A session of the scanner, the pruner or the bot."""
    client = Client(server.cluster.dsn(filled, "ollama"))
    yield client
    client.close()


@pytest.mark.parametrize("what", SHAPE)
def test_shape_of_the_rows(admin: Client, what: str) -> None:
    query, expected = SHAPE[what]
    assert admin.value(query) == expected


@pytest.mark.parametrize("table", TABLES)
def test_columns_are_the_described_ones(admin: Client, table: str) -> None:
    assert admin.column(COLUMNS, [f"public.{table}"]) == [line.strip() for line in TABLES[table].strip().splitlines()]


def test_there_is_no_other_relation(admin: Client) -> None:
    relations = "SELECT c.relname FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = %s"
    extension = " AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')"
    assert set(admin.column(relations + extension, ["r"])) == set(TABLES)
    assert admin.column(relations + extension, ["v"]) == ["servers"]


def test_keys_checks_and_delete_rules(admin: Client) -> None:
    assert set(admin.column(CONSTRAINTS)) == EXPECTED_CONSTRAINTS


def test_indexes_beside_the_keys(admin: Client) -> None:
    assert sorted(admin.column(INDEXES)) == sorted(EXPECTED_INDEXES)


def test_exactly_the_described_indexes_are_redundant(admin: Client) -> None:
    assert set(admin.column(REDUNDANT, [list(TABLES)])) == {
        "idx_metadata_key",
        "idx_verified_endpoints_endpoint_id",
        "idx_models_endpoint_id",
        "idx_endpoints_ip",
        "idx_endpoints_verified",
    }


def test_the_view_is_a_plain_join_without_triggers(admin: Client) -> None:
    definition = " ".join(admin.value("SELECT pg_get_viewdef('servers'::regclass)").split())
    assert definition.startswith("SELECT e.id, e.ip, e.port, e.scan_date FROM")
    assert "JOIN verified_endpoints ve ON" in definition
    assert admin.column("SELECT tgname FROM pg_trigger WHERE tgrelid = 'servers'::regclass") == []


def test_the_view_takes_no_writes(program: Client) -> None:
    for statement in (
        "INSERT INTO servers (ip, port) VALUES ('203.0.113.250', 11434)",
        "UPDATE servers SET scan_date = now() WHERE id = 11",
        "DELETE FROM servers WHERE id = 11",
    ):
        expect_error("55000", lambda statement=statement: program.run(statement), f"accepted: {statement}")


def test_triggers_of_endpoints_set_their_dates(admin: Client) -> None:
    dates = "SELECT scan_date = now() AS scanned, verification_date IS NOT DISTINCT FROM now() AS verified FROM endpoints"
    admin.begin()
    for change, expected in (
        ("last_check_date = now()", {"scanned": False, "verified": False}),
        ("verified = 1", {"scanned": False, "verified": True}),
        ("port = 11500", {"scanned": True, "verified": True}),
    ):
        assert admin.run(f"UPDATE endpoints SET {change} WHERE id = 1") == 1
        assert admin.row(f"{dates} WHERE id = 1") == expected
    admin.rollback()


def test_nothing_but_the_extension_belongs_to_a_superuser(admin: Client, filled: str) -> None:
    for query in (
        "SELECT pg_get_userbyid(relowner) FROM pg_class c WHERE relnamespace = 'public'::regnamespace"
        " AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')",
        "SELECT pg_get_userbyid(proowner) FROM pg_proc c WHERE pronamespace = 'public'::regnamespace"
        " AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')",
        f"SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = '{filled}'",
    ):
        assert set(admin.column(query)) == {"ollama_owner"}, query
    assert admin.column("SELECT rolname FROM pg_roles WHERE rolname LIKE 'ollama%' AND (rolsuper OR rolbypassrls)") == []


def test_the_extension_is_there_where_the_server_has_it(admin: Client) -> None:
    query = "SELECT count(*) FROM {} WHERE {} = 'pg_stat_statements'"
    available = admin.value(query.format("pg_available_extensions", "name"))
    assert admin.value(query.format("pg_extension", "extname")) == available == 1


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


def test_no_object_is_documented(admin: Client) -> None:
    query = (
        "SELECT count(*) FROM pg_description d JOIN pg_class c ON c.oid = d.objoid AND d.classoid = 'pg_class'::regclass"
        " WHERE c.relnamespace = 'public'::regnamespace"
    )
    assert admin.value(query) == 0


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
    client = Client(server.cluster.dsn(empty_database))
    query = "SELECT relname, n_live_tup AS live, n_dead_tup AS dead FROM pg_stat_user_tables"
    wanted = {"metadata": (14, 19), "endpoints": (15500, 0), "models": (2000, 0), "verified_endpoints": (222, 0)}

    def counted() -> bool:
        found = {row["relname"]: (row["live"], row["dead"]) for row in client.rows(query)}
        return all(found.get(table) == numbers for table, numbers in wanted.items())

    wait_until(counted, f"statistics {wanted}")
    assert counted()
    client.close()


def test_rows_are_the_same_every_time(server: Server, admin: Client, empty_database: str) -> None:
    odd = "SET TimeZone = 'America/Sao_Paulo'; SET DateStyle = 'SQL, DMY'; SET IntervalStyle = 'sql_standard';"
    fill(server, empty_database, odd)
    client = Client(server.cluster.dsn(empty_database))
    assert digest(client) == digest(admin) == EXPECTED_DIGEST
    client.close()


def test_sequences_stand_where_the_rows_end(admin: Client) -> None:
    for table in ("endpoints", "verified_endpoints", "models", "benchmark_results", "schema_version", "chat_history"):
        highest = admin.value(f"SELECT max(id) FROM {table}")
        assert admin.value(f"SELECT nextval('{table}_id_seq')") == highest + 1, table


def test_the_files_run_with_psql(server: Server, empty_database: str) -> None:
    for options in ([], ["-1"]):
        server.cluster.run("psql", "-Xq", *options, "-v", "ON_ERROR_STOP=1", "-f", FIXTURES / "scanner_roles.sql")
    for name in FILES:
        options = ["-Xq", "-1", "-v", "ON_ERROR_STOP=1", "-f", FIXTURES / name]
        assert server.cluster.run("psql", *options, dbname=empty_database) == ""
    client = Client(server.cluster.dsn(empty_database))
    assert digest(client) == EXPECTED_DIGEST
    client.close()


def test_the_roles_can_be_made_twice_at_once(server: Server) -> None:
    text = (FIXTURES / "scanner_roles.sql").read_text(encoding="utf-8").split("ALTER ROLE")[0]
    first, second = (Client(server.cluster.dsn("postgres")) for _ in range(2))
    first.begin()
    first.run(text)
    second.run(text)
    first.rollback()
    roles = "SELECT rolname, rolcanlogin FROM pg_roles WHERE rolname IN ('ollama', 'ollama_owner') ORDER BY 1"
    assert [tuple(row.values()) for row in second.rows(roles)] == [("ollama", True), ("ollama_owner", False)]
    first.close()
    second.close()
