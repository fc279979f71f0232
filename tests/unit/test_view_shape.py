# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is derived of a view: key preservation, order, keys; and every reason to refuse."""

from __future__ import annotations

import pytest
from _pgops.model.errors import RefusedError
from _pgops.view_triggers.shape import derive_shape
from readings import endpoints, models_of_endpoints, reading, servers, table, verified


def test_one_to_one_view_preserves_both_keys() -> None:
    shape = derive_shape(servers())
    assert [(part.alias, part.preserved) for part in shape.parts] == [("e", True), ("ve", True)]
    assert [key.view_column for key in shape.row_key] == ["id"]
    assert shape.joins == ("t1.id OPERATOR(pg_catalog.=) t2.endpoint_id",)
    assert [place.view_column.name for place in shape.places] == ["id", "ip", "port", "scan_date"]


def test_parent_of_many_is_not_preserved_and_stands_first() -> None:
    shape = derive_shape(models_of_endpoints())
    assert [(part.alias, part.preserved) for part in shape.parts] == [("e", False), ("m", True)]
    assert [key.view_column for key in shape.row_key] == ["id"]
    assert shape.row_key[0].part == shape.part(3).index


def test_foreign_key_decides_the_order_where_both_sides_are_unique() -> None:
    turned = reading(
        {"ve": verified(), "e": endpoints()}, [("ve.endpoint_id", "e.id")], ["e.id", "e.ip", "ve.id AS vid"]
    )
    assert [part.alias for part in derive_shape(turned).parts] == ["e", "ve"]


def test_composite_key_must_be_covered_whole() -> None:
    wide = table(20, "wide", ["a!", "b!", "x:text"], [["a", "b"]])
    narrow = table(21, "narrow", ["a!", "b!", "y:text"], [["a", "b"]])
    whole = [("w.a", "n.a"), ("w.b", "n.b")]
    targets = ["w.a", "w.b", "w.x", "n.y"]
    assert all(part.preserved for part in derive_shape(reading({"w": wide, "n": narrow}, whole, targets)).parts)
    with pytest.raises(RefusedError, match="no table of the join is key-preserved"):
        derive_shape(reading({"w": wide, "n": narrow}, whole[:1], targets))


def test_operator_outside_the_index_family_covers_nothing() -> None:
    with pytest.raises(RefusedError, match="no table of the join is key-preserved"):
        derive_shape(servers(operator_families={96: (4711,)}))


def test_chain_of_three_tables_is_reached_through_the_middle() -> None:
    country = table(30, "country", ["code!:text", "name:text"], [["code"]])
    city = table(31, "city", ["id!", "code!:text"], [["id"]], [("code", 30, "code", "cascade")])
    person = table(32, "person", ["id!", "city_id!"], [["id"]], [("city_id", 31, "id", "no action")])
    view = reading(
        {"p": person, "c": city, "n": country}, [("p.city_id", "c.id"), ("c.code", "n.code")], ["p.id", "n.name"]
    )
    shape = derive_shape(view)
    assert [(part.alias, part.preserved) for part in shape.parts] == [("n", False), ("c", False), ("p", True)]


def test_self_join_keeps_its_two_roles_apart() -> None:
    staff = table(40, "staff", ["id!", "boss", "name:text"], [["id"]], [("boss", 40, "id", "no action")])
    view = reading({"s": staff, "b": staff}, [("s.boss", "b.id")], ["s.id", "s.name", "b.name AS boss_name"])
    shape = derive_shape(view)
    assert {part.alias: part.preserved for part in shape.parts} == {"b": False, "s": True}
    assert {place.view_column.name: shape.part(place.part).alias for place in shape.places} == {
        "id": "s",
        "name": "s",
        "boss_name": "b",
    }


def test_key_is_found_through_the_column_it_is_joined_with() -> None:
    view = reading(
        {"e": endpoints(), "ve": verified()}, [("e.id", "ve.endpoint_id")], ["ve.endpoint_id AS number", "e.ip"]
    )
    assert [key.view_column for key in derive_shape(view).row_key] == ["number"]


def test_all_obstacles_are_named_at_once() -> None:
    with pytest.raises(RefusedError) as refused:
        derive_shape(servers(obstacles=["DISTINCT", "LIMIT"]))
    assert "public.seen cannot be made writable: it has DISTINCT, LIMIT. Nothing was touched." in str(refused.value)
    assert refused.value.facts == {"view": "public.seen"}


def test_nullable_unique_column_finds_no_row() -> None:
    nullable = table(50, "nullable", ["id", "note:text"], [["id"]])
    with pytest.raises(RefusedError, match=r"shows no unique key without NULLs of public\.nullable"):
        derive_shape(reading({"nullable": nullable}, [], ["nullable.id", "nullable.note"]))


@pytest.mark.parametrize(
    ("kind", "words"), [("v", "the view"), ("m", "the materialized view"), ("f", "the foreign table")]
)
def test_only_tables_are_joined(kind: str, words: str) -> None:
    with pytest.raises(RefusedError, match=f"{words} public.endpoints in FROM"):
        derive_shape(servers(e=endpoints(kind=kind)))


def test_children_of_a_table_are_under_no_unique_key() -> None:
    with pytest.raises(RefusedError, match="has child tables that no unique key covers"):
        derive_shape(servers(e=endpoints(has_children=True)))


def test_rules_act_before_triggers() -> None:
    with pytest.raises(RefusedError, match=r"a rule \(other\), which acts before any trigger"):
        derive_shape(servers(rules=("other",)))
