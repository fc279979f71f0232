# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Point 5: a second run changes nothing, locks nobody out, and check mode tells the truth."""

from __future__ import annotations

import pytest
from view_ours import install_ours
from view_stage import POLICIES, Stage
from view_verdicts import HOLDS, behaviour


@behaviour(
    5,
    "A second run leaves triggers and functions as they are, to the row version in the catalog.",
    naive="the second run made objects anew",
)
def test_second_run_touches_nothing(stage: Stage) -> None:
    before = stage.objects()
    assert {row["name"] for row in before} >= {
        stage.trigger("insert"),
        stage.trigger("update"),
        stage.trigger("delete"),
    }, "no triggers to begin with"
    second = stage.install()
    assert stage.objects() == before, "the second run made objects anew"
    assert not second.changed, f"nothing was done, and yet it says changed because {second.reasons}"
    assert second.reasons == [], f"nothing was done, and yet it says changed because {second.reasons}"


@behaviour(
    5,
    "A second run takes nothing above ACCESS SHARE: it ends while others lock view, tables and catalogs EXCLUSIVE.",
    naive="the script waits for ever",
)
def test_second_run_needs_no_lock(stage: Stage) -> None:
    holder = stage.client("postgres", "a long writer")
    holder.begin()
    holder.run("""
        LOCK TABLE servers, endpoints, verified_endpoints, pg_catalog.pg_proc, pg_catalog.pg_trigger,
                   pg_catalog.pg_description, pg_catalog.pg_class, pg_catalog.pg_depend IN EXCLUSIVE MODE""")
    second = stage.install(lock_budget=2.0)
    assert not second.changed, f"it says changed because {second.reasons}"
    assert (
        holder.value(
            "SELECT count(*) FROM pg_locks WHERE pid = pg_backend_pid() AND mode = 'ExclusiveLock' AND relation > 0"
        )
        >= 8
    ), "the locks were not held to the end"


@behaviour(5, "After two runs the view takes writes as after one.", naive=HOLDS)
def test_second_run_breaks_nothing(stage: Stage) -> None:
    stage.install()
    client = stage.client()
    new = client.value("INSERT INTO servers (ip, port) VALUES ('198.51.100.7', 1) RETURNING id")
    assert client.run(f"UPDATE servers SET port = 2 WHERE id = {new}") == 1, "UPDATE"
    assert client.run(f"DELETE FROM servers WHERE id = {new}") == 1, "DELETE"
    assert stage.admin.value("SELECT count(*) FROM endpoints WHERE ip = '198.51.100.7'") == 0, "the row is still there"


@pytest.mark.parametrize("driver", ["psycopg", "psycopg2"])
def test_both_drivers_see_the_same(stage: Stage, driver: str) -> None:
    first = stage.install(module={"driver": driver})
    assert first.changed, f"{first}"
    assert first.probe["status"] == "passed", f"{first}"
    for other in ("psycopg", "psycopg2"):
        second = stage.install(module={"driver": other})
        assert not second.changed, f"made with {driver}, {other} wants to change it: {second.reasons}"
        assert second.reasons == [], f"made with {driver}, {other} wants to change it: {second.reasons}"


def test_check_mode_tells_and_changes_nothing(stage: Stage) -> None:
    objects, content = stage.objects(), stage.content()
    told = stage.install(module={"check_mode": True})
    assert told.changed, "check mode did not say that there is something to do"
    assert (stage.objects(), stage.content()) == (objects, content), "check mode changed something"
    done = stage.install()
    assert done.changed, f"told {told.reasons}, done {done.reasons}"
    assert done.reasons == told.reasons, f"told {told.reasons}, done {done.reasons}"
    assert done.raw["diff"] == told.raw["diff"], "the diff of check mode is not that of the run"
    assert not stage.install(module={"check_mode": True}).changed, (
        "after the run check mode still wants to change something"
    )


def test_check_mode_moves_no_sequence_and_takes_no_lock(stage: Stage) -> None:
    sequences = "SELECT sequencename, last_value FROM pg_sequences ORDER BY 1"
    before = stage.admin.rows(sequences)
    holder = stage.client("postgres", "a long writer")
    holder.begin()
    holder.run("LOCK TABLE servers, endpoints, verified_endpoints IN EXCLUSIVE MODE")
    assert stage.install(lock_budget=2.0, module={"check_mode": True}).changed, (
        "check mode did not say that there is something to do"
    )
    assert stage.admin.rows(sequences) == before, "check mode drew from a sequence"


def test_absent_removes_what_was_made_and_nothing_else(stage: Stage) -> None:
    before = stage.objects()
    stage.install()
    stage.install("stock")
    with_stock = [row for row in stage.objects() if "stock" in row["name"] or row in before]
    gone = stage.install(module={"state": "absent"})
    assert gone.changed, "absent says that nothing changed"
    assert stage.objects() == with_stock, "absent left something of servers, or took something else"
    again = stage.install(module={"state": "absent"})
    assert not again.changed, "absent a second time says changed"


def test_absent_leaves_other_authors_alone(stage: Stage) -> None:
    stage.as_owner((stage.naive_file("servers")).read_text(encoding="utf-8"))
    before = stage.objects()
    assert not stage.install(module={"state": "absent"}).changed, "absent changed a view that has none of our triggers"
    assert stage.objects() == before, "absent took another author's objects"


def test_without_a_view_every_writable_view_of_the_contract_is_done(stage: Stage) -> None:
    contract = {
        "contract": 1,
        "database": stage.database,
        "views": {view: {"writable": policy} for view, policy in POLICIES.items()},
    }
    raw = install_ours(stage.dsn, stage.database, None, {}, {"contract": contract})
    assert {view["view"].split(".")[-1] for view in raw["views"] if view["changed"]} == set(POLICIES), (
        f"done: {raw['views']}"
    )
    again = install_ours(stage.dsn, stage.database, None, {}, {"contract": contract})
    assert not again["changed"], "a second run over all views changed something"


def test_one_bad_view_of_the_contract_leaves_all_as_they_were(stage: Stage) -> None:
    stage.as_owner("CREATE VIEW totals AS SELECT verified, count(*) AS many FROM endpoints GROUP BY verified")
    before = stage.objects()
    views = {view: {"writable": POLICIES.get(view, {})} for view in ("servers", "stock", "totals")}
    contract = {"contract": 1, "database": stage.database, "views": views}
    with pytest.raises(Exception, match="totals"):
        install_ours(stage.dsn, stage.database, None, {}, {"contract": contract})
    assert stage.objects() == before, "a part of the contract was done though one view cannot be"
