# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is done where something stands already: nothing, a part of it, all anew, or a refusal."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from _pgops.model.catalog.view import InsteadTrigger, TriggerFunction, ViewReading
from _pgops.model.contract.declared import WritableView
from _pgops.model.errors import RefusedError
from _pgops.model.plan import Plan
from _pgops.view_triggers.decide import decide_policy
from _pgops.view_triggers.drift import plan_absent, plan_present
from _pgops.view_triggers.generate import WantedFunction, generate
from _pgops.view_triggers.policy import Policy
from _pgops.view_triggers.shape import derive_shape
from readings import endpoints, servers, table

DECLARED = WritableView(on_conflict="upsert", on_delete="root", fixed_values={"endpoints": {"verified": 1}})


def policy_of(view: ViewReading, declared: WritableView = DECLARED) -> Policy:
    return decide_policy(view, derive_shape(view), declared)


def function(wanted: WantedFunction, oid: int, **changed: Any) -> TriggerFunction:
    values: dict[str, Any] = {
        "oid": oid,
        "schema": "public",
        "name": wanted.name,
        "owner": "owner",
        "language": "plpgsql",
        "security_definer": wanted.security_definer,
        "settings": ("search_path=pg_catalog, pg_temp",),
        "source": wanted.source,
        "comment": wanted.comment,
        "grantees": (),
        "returns_trigger": True,
    }
    return TriggerFunction(**{**values, **changed})


def installed(view: ViewReading, *, lost: str = "", declared: WritableView = DECLARED, **changed: Any) -> ViewReading:
    """The view with our triggers on it; `lost` has none for that event, `changed` alters every function."""
    wanted = generate(policy_of(view, declared))
    wanted = tuple(sorted(wanted, key=lambda one: one.name))
    functions = tuple(function(one, 100 + place, **changed) for place, one in enumerate(wanted))
    triggers = tuple(
        InsteadTrigger(one.name, (one.event,), made, "CREATE TRIGGER ..")
        for one, made in zip(wanted, functions)
        if one.event != lost
    )
    return dataclasses.replace(view, triggers=triggers, same_named=functions)


def planned(view: ViewReading, adopt: bool = False) -> Plan:
    return plan_present(view, policy_of(view), adopt)


def other(name: str = "servers_insert", **changed: Any) -> InsteadTrigger:
    wanted = WantedFunction("insert", name + "_fn", "BEGIN RETURN NEW; END", False, "")
    return InsteadTrigger(name, ("insert",), function(wanted, 500, **changed), "CREATE TRIGGER ..")


def test_first_time_makes_everything() -> None:
    plan = planned(servers())
    assert sum(statement.startswith("CREATE OR REPLACE FUNCTION") for statement in plan.statements) == 3
    assert sum(statement.startswith("CREATE TRIGGER") for statement in plan.statements) == 3
    assert plan.relations == (9000,)
    assert plan.lock_mode == "ShareRowExclusiveLock"
    assert plan.before == ""


def test_second_time_does_nothing() -> None:
    plan = planned(installed(servers()))
    assert not plan
    assert plan.reasons == ()
    assert plan.before == plan.after


def test_diff_ends_where_the_next_reading_begins() -> None:
    assert planned(servers()).after == planned(installed(servers())).before


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"source": "BEGIN RETURN NULL; END"}, "was edited by hand"),
        ({"owner": "mallory"}, "is owned by mallory, not by the view's owner owner"),
        ({"security_definer": False}, "runs with the rights of the wrong role"),
        ({"settings": ()}, "has other settings than the fixed search_path"),
        ({"grantees": ("", "bob")}, "may be executed by PUBLIC, bob"),
        ({"comment": "pgops view trigger; generator 0; model x; policy y"}, "made by another version of this tool"),
        ({"comment": "pgops view trigger"}, "made by another version of this tool"),
    ],
)
def test_altered_functions_are_made_anew_without_locking_the_view(changed: dict[str, Any], reason: str) -> None:
    plan = planned(installed(servers(), **changed))
    assert any(reason in said for said in plan.reasons)
    assert not any(
        "TRIGGER" in statement.split("\n")[0] and "FUNCTION" not in statement for statement in plan.statements
    )
    assert plan.relations == ()


def test_rights_of_others_are_taken_back() -> None:
    statements = planned(installed(servers(), grantees=("", "bob"))).statements
    assert "REVOKE ALL ON FUNCTION public.pgops_seen_insert() FROM bob" in statements


def test_changed_table_is_said() -> None:
    before = installed(servers())
    wider = table(
        10,
        "endpoints",
        ["id! =nextval('s')", "ip!:text", "port!", "scan_date:date =now()", "verified =0", "more"],
        [["id"], ["ip", "port"]],
    )
    plan = planned(dataclasses.replace(before, tables={**before.tables, 10: wider}))
    assert plan.reasons == ("the view or its tables changed since the triggers were made",)


def test_changed_contract_is_said() -> None:
    view = installed(servers())
    plan = plan_present(view, policy_of(view, WritableView()), adopt=False)
    assert plan.reasons == ("the contract's word for this view changed",)


def test_fingerprint_is_by_name() -> None:
    references = table(
        7011,
        "verified_endpoints",
        ["id! =nextval('v')", "endpoint_id!"],
        [["id"], ["endpoint_id"]],
        [("endpoint_id", 7010, "id", "no action")],
    )
    moved = servers(e=dataclasses.replace(endpoints(), oid=7010), ve=references)
    assert {w.comment for w in generate(policy_of(moved, WritableView()))} == {
        w.comment for w in generate(policy_of(servers(), WritableView()))
    }


def test_lost_trigger_is_put_back() -> None:
    plan = planned(installed(servers(), lost="delete"))
    assert plan.reasons == ("trigger pgops_seen_delete is missing",)
    assert len(plan.statements) == 1


def test_others_are_never_replaced_unasked() -> None:
    view = servers(triggers=(other(),))
    with pytest.raises(RefusedError, match="trigger servers_insert") as refused:
        planned(view)
    assert refused.value.facts["others"] == ["trigger servers_insert"]


def test_adoption_drops_trigger_and_function_and_keeps_their_text() -> None:
    plan = planned(servers(triggers=(other(),)), adopt=True)
    assert plan.statements[:2] == (
        "DROP TRIGGER servers_insert ON public.seen",
        "DROP FUNCTION public.servers_insert_fn()",
    )
    assert plan.lock_mode == "AccessExclusiveLock"
    assert "BEGIN RETURN NEW; END" in plan.before


def test_adoption_keeps_a_function_that_others_use() -> None:
    plan = planned(servers(triggers=(other(used_elsewhere=("public.elsewhere",)),)), adopt=True)
    assert not any(statement.startswith("DROP FUNCTION") for statement in plan.statements)


def test_function_of_our_name_that_is_no_trigger_function_is_refused() -> None:
    strange = function(WantedFunction("insert", "pgops_seen_insert", "SELECT 1", False, ""), 9, returns_trigger=False)
    with pytest.raises(RefusedError, match="is no trigger function of this view alone: rename it"):
        planned(servers(same_named=(strange,)), adopt=True)


def test_who_may_not_act_as_the_owner_is_told_so() -> None:
    plain = {"user": "guest", "user_is_superuser": False}
    with pytest.raises(RefusedError, match="Role guest may not act as owner"):
        planned(servers(**plain, user_may_act_as_owner=False))
    with pytest.raises(RefusedError, match="GRANT CREATE ON SCHEMA public TO owner"):
        planned(servers(**plain, owner_may_create=False))
    plan = planned(servers(**plain))
    assert plan.role == "owner"
    assert not any(statement.startswith("ALTER FUNCTION") for statement in plan.statements)


def test_removal_takes_ours_and_nothing_else() -> None:
    plan = plan_absent(dataclasses.replace(installed(servers())), "public.seen")
    assert len(plan.statements) == 6
    assert plan.lock_mode == "AccessExclusiveLock"
    assert not plan_absent(servers(triggers=(other(),)), "public.seen")


def test_left_functions_are_removed_without_a_lock_on_the_view() -> None:
    view = installed(servers())
    plan = plan_absent(dataclasses.replace(view, triggers=()), "public.seen")
    assert [statement.split(" ")[:2] for statement in plan.statements] == [["DROP", "FUNCTION"]] * 3
    assert plan.relations == ()
