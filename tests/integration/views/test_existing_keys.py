# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""An insert of an existing key, many rows at once, parallel sessions."""

from __future__ import annotations

from functools import partial

import pytest
from harness import Background, expect_error, wait_blocked
from view_stage import Stage
from view_verdicts import HOLDS, behaviour

SYNC = """
    INSERT INTO servers (ip, port, scan_date)
    SELECT e.ip, e.port, e.scan_date FROM endpoints e
    WHERE NOT EXISTS (SELECT FROM servers s WHERE s.ip = e.ip AND s.port = e.port)
    RETURNING id"""


@behaviour(9, "The sync job: an endpoint that exists already becomes verified and keeps its id.", naive=HOLDS)
def test_sync_job(stage: Stage) -> None:
    assert stage.client().column(SYNC) == [3], "RETURNING did not give the existing endpoint"
    row = stage.admin.row(
        "SELECT verified, extract(year FROM scan_date)::int AS year, api_version FROM endpoints WHERE id = 3"
    )
    assert row == {"verified": 1, "year": 2023, "api_version": "0.3"}, f"stored {row}"
    assert stage.admin.value("SELECT count(*) FROM verified_endpoints WHERE endpoint_id = 3") == 1, (
        "no row in verified_endpoints"
    )


@behaviour(9, "The sync job a second time changes nothing.", naive=HOLDS)
def test_sync_job_twice(stage: Stage) -> None:
    client = stage.client()
    client.run(SYNC)
    before = stage.content()
    assert client.rows(SYNC) == [], "something was inserted again"
    assert stage.content() == before, "something changed"


@behaviour(
    9,
    "An upsert changes only what the INSERT states: a scan_date left out stays.",
    naive="the stored scan_date was overwritten",
)
def test_upsert_keeps_what_was_left_out(stage: Stage) -> None:
    given = stage.client().row(
        "INSERT INTO servers (ip, port) VALUES ('192.0.2.1', 11434) RETURNING id, date_part('year', scan_date) AS year"
    )
    assert stage.admin.value("SELECT extract(year FROM scan_date)::int FROM endpoints WHERE id = 1") == 2024, (
        "the stored scan_date was overwritten"
    )
    assert given == {"id": 1, "year": 2024}, f"RETURNING gave {given}"


@behaviour(9, "An upsert writes what the INSERT states.", naive=HOLDS)
def test_upsert_writes_what_is_stated(stage: Stage) -> None:
    statement = (
        "INSERT INTO servers (ip, port, scan_date) VALUES ('192.0.2.1', 11434, '2025-05-05 00:00+00') RETURNING id"
    )
    assert stage.client().column(statement) == [1], "RETURNING did not give the existing id"
    assert stage.admin.value("SELECT extract(year FROM scan_date)::int FROM endpoints WHERE id = 1") == 2025, (
        "the stated date was not written"
    )
    assert stage.admin.value("SELECT count(*) FROM endpoints") == 4, "a second endpoint was made"


@behaviour(
    9,
    "on_conflict: error gives 23505 for an existing endpoint, verified or not.",
    naive="an existing key was taken over",
    ready=False,
)
def test_conflict_is_an_error(stage: Stage) -> None:
    stage.install(on_conflict="error")
    before = stage.content()
    client = stage.client()
    for address in ("192.0.2.1", "192.0.2.3"):
        statement = f"INSERT INTO servers (ip, port) VALUES ('{address}', 11434)"
        expect_error("23505", partial(client.run, statement), "an existing key was taken over")
    assert stage.content() == before, "something was written"


@behaviour(
    9,
    "on_conflict: ignore does not count the row, returns none and leaves the endpoint alone.",
    naive="INSERT 0 1 for a key",
    ready=False,
)
def test_conflict_is_ignored(stage: Stage) -> None:
    stage.install(on_conflict="ignore")
    before = stage.content()
    client = stage.client()
    rows = client.rows("INSERT INTO servers (ip, port, scan_date) VALUES ('192.0.2.1', 11434, now()) RETURNING id")
    assert rows == [], "INSERT 0 1 for a key that was there"
    assert client.run("INSERT INTO servers (ip, port) VALUES ('192.0.2.1', 11434), ('198.51.100.7', 1)") == 1, (
        "one of two rows is new"
    )
    assert stage.content()["endpoints"][:4] == before["endpoints"], "an existing endpoint changed"


@behaviour(9, "Two sessions insert one new address at once: both succeed, one server is there.", naive=HOLDS)
def test_two_sessions_insert_one_address(stage: Stage) -> None:
    statement = "INSERT INTO servers (ip, port) VALUES ('198.51.100.7', 11434) RETURNING id"
    first, second = stage.client("crew", "the first"), stage.client("crew", "the second")
    first.begin()
    one = first.column(statement)
    pending = Background(lambda: second.column(statement))
    wait_blocked(stage.admin, second)
    first.commit()
    assert pending.result() == one, "the two sessions were given different ids"
    assert stage.admin.value("SELECT count(*) FROM servers WHERE ip = '198.51.100.7'") == 1, (
        "the view shows another number of servers"
    )
    assert stage.admin.value("SELECT count(*) FROM verified_endpoints") == 4, (
        "verified_endpoints holds another number of rows"
    )


@behaviour(
    9, "Four sessions insert the same fifty addresses in opposite orders, one row a statement: none fails.", naive=HOLDS
)
def test_four_sessions_insert_the_same_addresses(stage: Stage) -> None:
    def work(backwards: bool) -> int:
        client = stage.client()
        numbers = range(50, 0, -1) if backwards else range(1, 51)
        return sum(
            client.run(f"INSERT INTO servers (ip, port) VALUES ('198.51.100.{number}', 1)") for number in numbers
        )

    pending = [Background(partial(work, backwards)) for backwards in (True, False, True, False)]
    assert [one.result() for one in pending] == [50] * 4, "a statement was not counted"
    assert stage.admin.value("SELECT count(*) FROM servers WHERE port = 1") == 50, (
        "the view shows another number of servers"
    )
    assert stage.admin.value("SELECT count(*) FROM endpoints WHERE port = 1 AND verified = 1") == 50, (
        "an endpoint is not verified"
    )


@behaviour(9, "A failing row in the middle of INSERT .. SELECT undoes the whole statement.", naive=HOLDS)
def test_insert_select_is_all_or_nothing(stage: Stage) -> None:
    before = stage.content()
    client = stage.client()
    statement = """
        INSERT INTO servers (ip, port)
        SELECT CASE WHEN n = 3 THEN NULL ELSE '198.51.100.' || n END, 1 FROM generate_series(1, 5) n"""
    expect_error("23502", lambda: client.run(statement), "a server without ip was accepted")
    assert stage.content() == before, "a part of the statement stayed"


@behaviour(9, "INSERT .. SELECT of many rows returns as many ids, each of them the stored one.", naive=HOLDS)
def test_insert_select_returns_each_id(stage: Stage) -> None:
    statement = (
        "INSERT INTO servers (ip, port) SELECT '198.51.100.' || n, n FROM generate_series(1, 40) n RETURNING id, port"
    )
    given = {row["port"]: row["id"] for row in stage.client().rows(statement)}
    stored = {
        row["port"]: row["id"] for row in stage.admin.rows("SELECT id, port FROM servers WHERE ip LIKE '198.51.100.%'")
    }
    assert len(given) == 40, f"{len(given)} rows came back"
    assert given == stored, "RETURNING gave other ids than the stored ones"


@behaviour(9, "COPY into the view works, with defaults.", naive=HOLDS)
def test_copy_into_the_view(stage: Stage) -> None:
    lines = [f"198.51.100.{number}\t11434" for number in range(1, 21)]
    stage.client().copy_in("COPY servers (ip, port) FROM STDIN", lines)
    found = stage.admin.row(
        "SELECT count(*), count(scan_date) AS dates, count(DISTINCT id) AS ids FROM servers WHERE ip ~ '^198.51.100'"
    )
    assert found == {"count": 20, "dates": 20, "ids": 20}, f"found {found}"


@pytest.mark.parametrize("clause", ["ON CONFLICT DO NOTHING", ""], ids=["do-nothing", "plain"])
@behaviour(9, "A multi-row INSERT with a key that is there takes the others.", naive=HOLDS)
def test_multi_row_insert(stage: Stage, clause: str) -> None:
    count = stage.client().run(
        f"INSERT INTO servers (ip, port) VALUES ('198.51.100.7', 1), ('192.0.2.3', 11434), ('198.51.100.8', 1) {clause}"
    )
    assert count == 3, f"INSERT 0 {count}"
    assert stage.admin.value("SELECT count(*) FROM servers") == 6, "the view shows another number of servers"


@pytest.mark.parametrize("on_delete", ["child", "root", "refuse"])
@pytest.mark.parametrize("on_conflict", ["error", "ignore", "upsert"])
def test_every_pair_of_policies_passes_its_probe(stage: Stage, on_conflict: str, on_delete: str) -> None:
    made = stage.install(on_conflict=on_conflict, on_delete=on_delete)
    # Where a DELETE leaves the endpoint, or is refused, no INSERT can be tried with the row's values in every case.
    assert made.probe["status"] in {"passed", "partial"}, f"{made.probe}"
    assert made.probe["status"] == "passed" or on_delete != "root", f"{made.probe}"
    assert made.probe["steps"]["update"] == "passed", f"{made.probe}"
