# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the owner's word means for a view, and every word that does not fit it."""

from __future__ import annotations

from typing import Any

import pytest
from _pgops.model.catalog.view import ViewReading
from _pgops.model.contract.declared import ColumnRule, WritableView
from _pgops.model.errors import RefusedError
from _pgops.view_triggers.decide import decide_policy
from _pgops.view_triggers.policy import Policy
from _pgops.view_triggers.shape import derive_shape
from _pgops.view_triggers.sql_text import VALUE, fail, sql_scalar
from readings import endpoints, models_of_endpoints, reading, servers, table, verified


def decided(view: ViewReading, **declared: Any) -> Policy:
    return decide_policy(view, derive_shape(view), WritableView(**declared))


def updates(policy: Policy) -> dict[str, str | None]:
    return {column.place.view_column.name: column.update_refusal for column in policy.columns}


def test_default_policy_removes_the_child_only() -> None:
    policy = decided(servers())
    assert policy.root.alias == "e"
    assert [part.alias for part in policy.deletes] == ["ve"]
    assert policy.definer
    assert updates(policy) == {"id": "it is a key of the join", "ip": None, "port": None, "scan_date": None}


def test_root_removes_children_first() -> None:
    assert [part.alias for part in decided(servers(), on_delete="root").deletes] == ["ve", "e"]


def test_delete_of_a_one_to_many_view_never_reaches_the_parent() -> None:
    for word in ("root", "child"):
        assert [part.alias for part in decided(models_of_endpoints(), on_delete=word).deletes] == ["m"]


def test_refused_delete_has_its_sentence() -> None:
    policy = decided(servers(), on_delete="refuse")
    assert policy.deletes == ()
    assert policy.delete_refusal == "the contract refuses DELETE on this view"


def test_conflict_key_is_the_natural_one_not_the_number_from_a_sequence() -> None:
    assert decided(servers(), on_conflict="upsert").conflict_key == ("ip", "port")
    assert decided(servers(), on_conflict="error").conflict_key == ()


def test_conflict_key_must_be_named_where_there_are_two() -> None:
    two = endpoints()
    wide = table(10, "endpoints", ["id!", "ip!:text", "port!", "scan_date:date", "verified"], [["id"], ["ip", "port"]])
    with pytest.raises(RefusedError, match=r"\(id\) or \(ip, port\): name it as `conflict_key`"):
        decided(servers(e=wide), on_conflict="upsert")
    assert decided(servers(e=wide), on_conflict="ignore", conflict_key=("port", "ip")).conflict_key == ("ip", "port")
    assert decided(servers(e=two), on_conflict="upsert", conflict_key=("id",)).conflict_key == ("id",)


def test_not_preserved_columns_are_read_only_and_looked_up() -> None:
    policy = decided(models_of_endpoints())
    refusal = updates(policy)["ip"]
    assert refusal is not None
    assert refusal.startswith("it belongs to public.endpoints, one row of which")
    assert [unique.columns for unique in policy.lookups[4]] == [("ip", "port")]
    assert policy.insert_refusal is None


def test_insert_is_refused_where_the_parent_cannot_be_named() -> None:
    policy = decided(models_of_endpoints(targets=["m.id", "m.name", "e.ip"]))
    assert policy.insert_refusal == (
        "it shows no unique key of public.endpoints, so that the row to join cannot be found"
    )


def test_insert_is_refused_where_a_hidden_column_must_have_a_value() -> None:
    needy = table(10, "endpoints", ["id! =nextval('s')", "ip!:text", "port!", "scan_date:date", "owner!"], [["id"]])
    assert "public.endpoints column owner must have a value" in str(decided(servers(e=needy)).insert_refusal)
    assert decided(servers(e=needy), fixed_values={"e": {"owner": 1}}).insert_refusal is None


def test_fixed_values_become_typed_literals() -> None:
    policy = decided(servers(), fixed_values={"endpoints": {"verified": 1}})
    assert policy.fixed == {3: {"verified": "'1'::integer"}}


def test_fixed_column_in_the_view_cannot_be_written() -> None:
    policy = decided(servers(), fixed_values={"e": {"port": 11434}})
    (port,) = [column for column in policy.columns if column.place.view_column.name == "port"]
    assert port.insert_refusal == port.update_refusal == "the contract fixes its value"


def test_second_showing_of_a_column_is_read_only() -> None:
    twice = reading({"e": endpoints()}, [], ["e.id", "e.ip", "e.ip AS again"])
    assert updates(decided(twice))["again"] == "it shows the same table column as ip"


@pytest.mark.parametrize(
    ("rule", "refusal"),
    [
        (ColumnRule(update="refuse"), "the contract refuses it"),
        (ColumnRule(read_only=True), "the contract makes it read-only"),
    ],
)
def test_contract_may_close_a_column(rule: ColumnRule, refusal: str) -> None:
    assert updates(decided(servers(), columns={"ip": rule}))["ip"] == refusal


def test_key_follows_where_every_reference_cascades() -> None:
    columns = ["id! =nextval('v')", "endpoint_id!"]
    cascading = table(
        11, "verified_endpoints", columns, [["id"], ["endpoint_id"]], [("endpoint_id", 10, "id", "cascade")]
    )
    policy = decided(servers(ve=cascading), columns={"id": ColumnRule(update="follow")})
    assert policy.follows
    assert updates(policy)["id"] is None
    with pytest.raises(RefusedError, match="no foreign key of public.verified_endpoints .* has ON UPDATE CASCADE"):
        decided(servers(), columns={"id": ColumnRule(update="follow")})


def test_row_may_name_another_parent_where_the_contract_says_follow() -> None:
    view = models_of_endpoints(targets=["m.id", "m.endpoint_id", "m.name"])
    assert updates(decided(view))["endpoint_id"] == "it is a key of the join"
    assert updates(decided(view, columns={"endpoint_id": ColumnRule(update="follow")}))["endpoint_id"] is None


@pytest.mark.parametrize(
    ("view", "declared", "phrase"),
    [
        (servers(), {"root": "servers"}, "`root` names servers, which the view does not join"),
        (servers(), {"root": "ve"}, "which cannot stand for the view's row; e can"),
        (servers(), {"fixed_values": {"endpoint": {"a": 1}}}, r"\(did you mean endpoints\?\)"),
        (servers(), {"fixed_values": {"e": {"nothing": 1}}}, "column nothing, which does not exist"),
        (servers(), {"columns": {"nothing": ColumnRule()}}, "`columns` names nothing, which the view does not have"),
        (servers(), {"columns": {"id": ColumnRule(update="write")}}, "lets id be updated, but it is a key of the join"),
        (models_of_endpoints(), {"fixed_values": {"e": {"verified": 1}}}, "of which an INSERT writes no row"),
        (servers(owner_is_superuser=True), {}, "its owner owner is a superuser"),
        (servers(security_invoker=True), {}, "say `security: invoker`"),
        (servers(ve=verified(missing_rights=("DELETE",))), {}, "lacks DELETE on public.verified_endpoints"),
        (servers(e=endpoints(missing_rights=("USAGE on sequence s",))), {}, "lacks USAGE on sequence s"),
    ],
)
def test_words_that_do_not_fit_are_refused(view: ViewReading, declared: dict[str, Any], phrase: str) -> None:
    with pytest.raises(RefusedError, match=phrase) as refused:
        decided(view, **declared)
    assert str(refused.value).endswith("Nothing was touched.")


def test_superuser_owner_may_be_allowed_or_avoided() -> None:
    view = servers(owner_is_superuser=True)
    assert decided(view, allow_superuser_definer=True).definer
    assert not decided(view, security="invoker").definer


def test_rights_that_are_not_needed_are_not_asked_for() -> None:
    lacking = servers(e=endpoints(missing_rights=("DELETE",)))
    assert [part.alias for part in decided(lacking, on_delete="child").deletes] == ["ve"]
    assert not decided(servers(e=endpoints(missing_rights=("INSERT",))), security="invoker").definer


def test_all_problems_come_at_once() -> None:
    with pytest.raises(RefusedError) as refused:
        decided(servers(), root="x", fixed_values={"y": {"z": 1}}, columns={"w": ColumnRule()})
    assert len(refused.value.facts["problems"]) == 3  # type: ignore[arg-type]


def test_message_keeps_names_that_look_like_a_place_for_a_value() -> None:
    raised = fail("40001", f"The view a%sb with id {VALUE} was changed.", "OLD.id")
    assert "'The view a%sb with id ' || COALESCE((OLD.id)::text, 'NULL') || ' was changed.'" in raised


@pytest.mark.parametrize(
    ("value", "spelled"),
    [
        (None, "NULL"),
        (True, "true"),
        (1, "'1'"),
        (-1.5, "'-1.5'"),
        ("it's", "'it''s'"),
        ("a\\b", "E'a\\\\b'"),
    ],
)
def test_scalars_as_sql(value: Any, spelled: str) -> None:
    assert sql_scalar(value) == spelled
