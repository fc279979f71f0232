# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The real statements of the scanner's three programs, one after another, and what they leave in the tables."""

from __future__ import annotations

from conftest import Database

TABLES = ("endpoints", "verified_endpoints", "models", "benchmark_results", "metadata", "chat_history")


def counts(database: Database) -> dict[str, int]:
    listing = " UNION ALL ".join(f"SELECT '{table}', count(*) FROM {table}" for table in TABLES)
    return {name: int(count) for name, count in database.operator(listing)}


def insert(ip: str, port: int = 60001, scanned: str = "2026-03-04 05:06:07+00") -> str:
    return f"INSERT INTO servers (ip, port, scan_date) VALUES ('{ip}', {port}, '{scanned}')"


def test_the_triggers_belong_to_the_owner_of_the_view(database: Database) -> None:
    rows = database.operator(
        "SELECT t.tgname, r.rolname, p.prosecdef, has_function_privilege('public', p.oid, 'EXECUTE') "
        "FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid JOIN pg_roles r ON r.oid = p.proowner "
        "WHERE t.tgrelid = 'servers'::regclass AND t.tgenabled = 'O' ORDER BY 1"
    )
    names = [f"pgops_servers_{event}" for event in ("delete", "insert", "update")]
    assert rows == [[name, "ollama_owner", "t", "f"] for name in names]


def test_the_role_of_the_programs_may_not_draw_ids_itself(database: Database) -> None:
    refused = database.program("SELECT nextval('endpoints_id_seq')")
    assert refused.sqlstate == "42501", f"the defect that makes this a test is gone: {refused.text}"


def test_the_bot_adds_a_server_and_finds_its_id(database: Database) -> None:
    before = counts(database)
    added = database.program(insert("192.0.2.7"))
    assert added.count == 1, added.text
    found = database.program("SELECT id FROM servers WHERE ip = '192.0.2.7' AND port = 60001").value
    stored = database.operator(
        "SELECT e.id, e.verified, e.scan_date AT TIME ZONE 'UTC', e.is_active, e.api_type, count(v.id) "
        "FROM endpoints e LEFT JOIN verified_endpoints v ON v.endpoint_id = e.id "
        "WHERE e.ip = '192.0.2.7' AND e.port = 60001 GROUP BY e.id"
    )
    assert stored == [[found, "1", "2026-03-04 05:06:07", "t", "ollama", "1"]]
    after = counts(database)
    assert after == {
        **before,
        "endpoints": before["endpoints"] + 1,
        "verified_endpoints": before["verified_endpoints"] + 1,
    }


def test_a_modern_client_gets_the_stored_values_back(database: Database) -> None:
    given = database.program(
        "INSERT INTO servers (ip, port) VALUES ('192.0.2.8', 60001) RETURNING id, ip, port, scan_date"
    )
    stored = database.program("SELECT id, ip, port, scan_date FROM servers WHERE ip = '192.0.2.8' AND port = 60001")
    assert given.count == 1, given.text
    assert given.rows == stored.rows
    assert all(given.rows[0]), f"RETURNING left a column empty: {given.rows}"
    fresh = database.number("SELECT count(*) FROM endpoints WHERE ip = '192.0.2.8' AND now() - scan_date < '5 min'")
    assert fresh == 1, "the default of scan_date did not apply"


def test_the_bot_sets_a_scan_date_and_nothing_else(database: Database) -> None:
    number = database.program(insert("192.0.2.9") + " RETURNING id").value
    rest = f"SELECT (to_jsonb(e) - 'scan_date')::text FROM endpoints e WHERE id = {number}"
    before = database.operator(rest)
    changed = database.program(f"UPDATE servers SET scan_date = '2026-09-01 12:00:00+00' WHERE id = {number}")
    assert changed.count == 1, changed.text
    assert database.operator(rest) == before
    when = database.operator(f"SELECT scan_date AT TIME ZONE 'UTC' FROM endpoints WHERE id = {number}")
    assert when == [["2026-09-01 12:00:00"]]


def test_an_update_of_no_server_says_so(database: Database) -> None:
    nothing = database.program("UPDATE servers SET scan_date = now() WHERE id = -1")
    assert nothing.tag == "UPDATE 0"


def test_the_key_of_a_server_cannot_be_changed_in_silence(database: Database) -> None:
    number = database.program(insert("192.0.2.10") + " RETURNING id").value
    refused = database.program(f"UPDATE servers SET id = 2000000000 WHERE id = {number}")
    assert refused.sqlstate == "0A000", refused.text
    assert database.number(f"SELECT count(*) FROM endpoints WHERE id = {number}") == 1


def test_the_bot_deletes_a_server_and_all_that_hangs_on_it(database: Database) -> None:
    number = database.program(insert("192.0.2.11") + " RETURNING id").value
    database.operator(f"INSERT INTO models (endpoint_id, name) VALUES ({number}, 'llama3.1:7b')")
    before = counts(database)
    deleted = database.program(f"DELETE FROM servers WHERE id = {number} RETURNING id, ip")
    assert deleted.rows == [[number, "192.0.2.11"]]
    gone = {"endpoints": 1, "verified_endpoints": 1, "models": 1}
    assert counts(database) == {name: count - gone.get(name, 0) for name, count in before.items()}
    assert database.program(f"DELETE FROM servers WHERE id = {number}").tag == "DELETE 0"


def test_the_bot_lists_servers_by_date(database: Database) -> None:
    database.session([insert("192.0.2.12", scanned="2027-01-02"), insert("192.0.2.13", scanned="2027-01-03")])
    listed = database.program("SELECT ip FROM servers ORDER BY scan_date DESC LIMIT 2").rows
    assert listed == [["192.0.2.13"], ["192.0.2.12"]]


def test_the_pruner_marks_one_and_removes_one(database: Database) -> None:
    first, second = (database.program(insert(ip) + " RETURNING id").value for ip in ("198.51.100.7", "198.51.100.8"))
    read = database.program("SELECT id FROM servers WHERE port = 60001 ORDER BY id").rows
    assert read == [[first], [second]]
    marked, removed = database.session(
        [
            f"UPDATE endpoints SET is_active = false, inactive_reason = 'timeout' WHERE id = {first}",
            f"DELETE FROM servers WHERE id = {second}",
        ]
    )
    assert (marked.count, removed.count) == (1, 1)
    left = database.operator("SELECT id, is_active, inactive_reason FROM endpoints WHERE port = 60001")
    assert left == [[first, "f", "timeout"]]


def test_the_sync_job_verifies_what_is_there_and_adds_what_is_missing(database: Database) -> None:
    database.operator("INSERT INTO endpoints (ip, port, verified) VALUES ('203.0.113.7', 60001, 0)")
    known = database.number("SELECT id FROM endpoints WHERE ip = '203.0.113.7' AND port = 60001")
    unverified = database.program(
        "SELECT ip FROM endpoints e WHERE port = 60001 AND NOT EXISTS (SELECT FROM servers s WHERE s.id = e.id)"
    )
    assert unverified.rows == [["203.0.113.7"]]
    became, added = database.session([insert(ip) + " RETURNING id" for ip in ("203.0.113.7", "203.0.113.8")])
    assert became.value == str(known), "an endpoint that exists became another one"
    assert int(added.value) > known
    rows = database.operator(
        "SELECT e.ip, e.verified, count(v.id) FROM endpoints e LEFT JOIN verified_endpoints v ON v.endpoint_id = e.id "
        "WHERE e.port = 60001 GROUP BY e.id ORDER BY e.ip"
    )
    assert rows == [["203.0.113.7", "1", "1"], ["203.0.113.8", "1", "1"]]
