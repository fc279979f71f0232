# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Inventories: what is told, what counts as a difference, and what fits into a result."""

from __future__ import annotations

import copy
import json
import time
from typing import Any

import pytest
from _pgops.model.errors import RefusedError
from _pgops.model.settings.schema_info import KINDS, SchemaInfoSettings
from _pgops.status.canonical import canonical, canonical_sql
from _pgops.status.compare import compare, read_inventory
from _pgops.status.inventory import digest, summary
from _pgops.status.inventory_scope import Scope, read_scope, scope_of
from _pgops.status.schema_info import Outcome, result_of, shortened


def column(name: str, kind: str = "integer", **more: Any) -> dict[str, Any]:
    return {"name": name, "type": kind, "not_null": False, "default": None, **more}


def table(schema: str, name: str, *columns: dict[str, Any], **more: Any) -> dict[str, Any]:
    facts = {"schema": schema, "name": name, "kind": "table", "owner": "o", "comment": None, "columns": list(columns)}
    empty: dict[str, Any] = {"constraints": {}, "indexes": {}, "triggers": {}, "policies": {}, "grants": []}
    return {**facts, **empty, **more}


def document(*tables: dict[str, Any], scope: Scope | None = None, **more: Any) -> dict[str, Any]:
    scope = scope or Scope()
    entries: dict[str, dict[str, Any]] = {kind: {} for kind in scope.kinds}
    if "tables" in entries:
        entries["tables"] = {f"{one['schema']}.{one['name']}": one for one in tables}
    found: dict[str, Any] = {
        "kind": "inventory",
        "schema_version": 1,
        "created": "2026-11-24T06:18:43Z",
        "database": "shop",
        "server_version": "17.6",
        "owner": "o",
        "encoding": "UTF8",
        "collation": "C",
        "scope": scope.as_dict(),
        "summary": summary(entries),
        **entries,
        "unread": [],
        **more,
    }
    return {**found, "digest": digest(found)}


def changes(before: dict[str, Any], after: dict[str, Any]) -> list[tuple[str, str, Any, Any]]:
    """Object, path, before and after of every difference."""
    return [
        (one["object"], each["path"], each["before"], each["after"])
        for one in compare(before, after)["changed"]
        for each in one["differences"]
    ]


# What PostgreSQL 15 and 17 print for a check on a varchar, before and after a dump and restore.
FIRST = "CHECK (((k)::text = ANY ((ARRAY['a'::character varying, 'it''s, (x)]'::character varying])::text[])))"
LATER = "CHECK (((k)::text = ANY (ARRAY[('a'::character varying)::text, ('it''s, (x)]'::character varying)::text])))"


@pytest.mark.parametrize(
    ("text", "spelled"),
    [
        (FIRST, LATER),
        (LATER, LATER),
        ("((ARRAY[1, 2])::bigint[])", "(ARRAY[(1)::bigint, (2)::bigint])"),
        ("(ARRAY[a, f(b, c)])::numeric(10,2)[]", "ARRAY[(a)::numeric(10,2), (f(b, c))::numeric(10,2)]"),
        ('(ARRAY["x,]y"])::public."Odd []"[]', 'ARRAY[("x,]y")::public."Odd []"]'),
        ("(ARRAY[a])::timestamp(3) with time zone[]", "ARRAY[(a)::timestamp(3) with time zone]"),
        ("(ARRAY[(ARRAY[a])::text[], b])::text[]", "ARRAY[(ARRAY[(a)::text])::text, (b)::text]"),
        ("ARRAY['a'::text]", "ARRAY['a'::text]"),
        ("(ARRAY[a, b])", "(ARRAY[a, b])"),
        ("(ARRAY[a, b", "(ARRAY[a, b"),
        ("(ARRAY[a) + b])::text[]", "(ARRAY[a) + b])::text[]"),
        ("", ""),
    ],
)
def test_casts_of_arrays_are_spelled_alike(text: str, spelled: str) -> None:
    assert canonical_sql(text) == spelled
    assert canonical_sql(spelled) == spelled


def test_all_texts_of_facts_are_spelled_alike() -> None:
    assert canonical({"a": [FIRST, 1, None, True], "b": {"c": FIRST}}) == {
        "a": [LATER, 1, None, True],
        "b": {"c": LATER},
    }


def test_scope_from_settings() -> None:
    scope = scope_of(
        SchemaInfoSettings(schemas=["app_*", "public"], exclude_schemas=["app_test"], kinds=["views", "tables"])
    )
    assert scope.kinds == ("tables", "views"), "in the order of the document"
    assert [name for name in ("app_1", "public", "app_test", "other", "APP_1") if scope.covers(name)] == [
        "app_1",
        "public",
    ]
    assert scope.unmatched(["public", "other"]) == ("app_*",)
    assert read_scope({"scope": json.loads(json.dumps(scope.as_dict()))}) == scope


def test_scope_of_nothing_said_is_everything_but_our_own() -> None:
    scope = scope_of(SchemaInfoSettings())
    assert scope.kinds == KINDS
    assert scope.covers("any thing")
    assert not scope.covers("pgops")


@pytest.mark.parametrize(
    "scope",
    [None, [], {}, {**Scope().as_dict(), "depth": "deep"}, {**Scope().as_dict(), "kinds": ["tabels"]}]
    + [{**Scope().as_dict(), "schemas": wrong} for wrong in (None, "public", [1])],
)
def test_a_scope_that_makes_no_sense_is_none(scope: Any) -> None:
    assert read_scope({"scope": scope}) is None


def test_same_documents() -> None:
    one = document(table("public", "t", column("a")))
    found = compare(one, copy.deepcopy(one))
    assert found["same"]
    assert found["summary"] == {"added": 0, "removed": 0, "changed": 0}
    assert found["notes"] == []
    assert found["before"]["digest"] == found["after"]["digest"] == one["digest"]


def test_what_is_measured_never_counts() -> None:
    index = {"method": "btree", "unique": False, "keys": [{"column": "a"}], "definition": "..."}
    before = document(table("public", "t", column("a"), indexes={"measured": index}))
    after = document(
        table(
            "public", "t", column("a"), indexes={"measured": {**index, "measured": {"bytes": 5}}}, measured={"bytes": 1}
        ),
        created="2030-01-01T00:00:00Z",
        database="copy",
        server_version="17.9",
        owner="other",
    )
    assert compare(before, after)["same"]
    assert before["digest"] == after["digest"]
    gone = document(table("public", "t", column("a")))
    assert [found[1] for found in changes(before, gone)] == ["indexes.measured"], "an index of that name does count"


def test_added_removed_and_changed_objects() -> None:
    before = document(table("public", "old"), table("public", "t", column("a"), column("b")))
    after = document(table("public", "new"), table("public", "t", column("b", "text"), column("Odd.c")))
    found = compare(before, after)
    assert found["added"] == [{"kind": "tables", "object": "public.new"}]
    assert found["removed"] == [{"kind": "tables", "object": "public.old"}]
    assert not found["same"]
    assert changes(before, after) == [
        ("public.t", "columns.a", column("a"), None),
        ("public.t", "columns.b.type", "integer", "text"),
        ("public.t", 'columns."Odd.c"', None, column("Odd.c")),
    ]


def test_a_new_column_in_front_moves_no_other() -> None:
    before = document(table("public", "t", column("a"), column("b")))
    assert [one[1] for one in changes(before, document(table("public", "t", column("b"))))] == ["columns.a"]
    swapped = document(table("public", "t", column("b"), column("a")))
    assert changes(before, swapped) == [("public.t", "columns.order", ["a", "b"], ["b", "a"])]


def test_rights_are_compared_role_by_role() -> None:
    def rights(*pairs: tuple[str, str]) -> dict[str, Any]:
        grants = [{"role": role, "privileges": [word], "grantable": []} for role, word in pairs]
        return document(table("public", "t", grants=grants))

    assert changes(rights(("a", "SELECT"), ("b", "SELECT")), rights(("a", "INSERT"), ("b", "SELECT"))) == [
        ("public.t", "grants.a.privileges", ["SELECT"], ["INSERT"])
    ]


def test_the_database_itself() -> None:
    found = compare(document(), document(encoding="LATIN1", database="other"))
    (one,) = found["changed"]
    assert (one["kind"], one["object"]) == ("database", "other")
    assert one["differences"] == [{"path": "encoding", "before": "UTF8", "after": "LATIN1"}]


def test_only_what_both_tell_is_compared() -> None:
    app, public = table("app", "t", column("a")), table("public", "t", column("a"))
    whole = document(app, public)
    part = document(table("app", "t", column("a", "text")), scope=Scope(schemas=("app",), kinds=("tables",)))
    for found in (compare(whole, part), compare(part, whole)):
        assert found["added"] == found["removed"] == []
        assert [one["object"] for one in found["changed"]] == ["app.t"]
        assert "do not tell the same" in found["notes"][0]


def test_names_alone_are_compared_with_names() -> None:
    names = {"app.t": {"schema": "app", "name": "t", "kind": "table"}}
    short = document(scope=Scope(depth="names"))
    short = {**short, "tables": names, "digest": digest({**short, "tables": names})}
    assert compare(short, document(table("app", "t", column("a"))))["same"]
    assert compare(short, document(table("app", "u")))["summary"] == {"added": 1, "removed": 1, "changed": 0}


def test_another_major_and_a_changed_file_are_noted() -> None:
    before = document(table("public", "t", column("a")), server_version="15.2")
    before["tables"]["public.t"]["owner"] = "somebody"
    found = compare(before, document(table("public", "t", column("a"))))
    assert "changed after it was taken" in found["notes"][0]
    assert "15.2 and 17.6" in found["notes"][1]


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (None, "no inventory"),
        ([], "no inventory"),
        ({}, "no inventory"),
        ({**document(), "kind": "review"}, "no inventory"),
        ({**document(), "schema_version": 2}, "version 2.*reads version 1"),
        ({**document(), "schema_version": True}, "version True"),
        ({**document(), "scope": None}, "its scope cannot be read"),
        ({**document(), "tables": []}, "its tables cannot be read"),
        ({**document(), "views": {"v": None}}, "its views cannot be read"),
        ({name: value for name, value in document().items() if name != "functions"}, "its functions cannot be read"),
    ],
)
def test_what_is_no_inventory_is_refused(said: Any, words: str) -> None:
    with pytest.raises(RefusedError, match=words) as caught:
        read_inventory(said, "/some/file.json")
    assert "/some/file.json" in str(caught.value)


def test_an_inventory_with_strange_facts_is_compared_anyway() -> None:
    strange = document(table("public", "t"))
    strange["tables"]["public.t"].update(columns="none", indexes=None, grants=[1], constraints=[{"name": "x"}, {}])
    assert read_inventory(strange, "x") == strange
    paths = {found[1] for found in changes(strange, document(table("public", "t", column("a"))))}
    assert paths == {"columns", "indexes", "grants", "constraints"}


def outcome(found: dict[str, Any], **more: Any) -> Outcome:
    said: dict[str, Any] = {"databases": (), "comparison": None, "path": None, "file_before": None}
    said |= {"changed": False, "notes": ()}
    return Outcome(found, **{**said, **more})


def test_a_small_document_is_returned_whole() -> None:
    found = document(table("public", "t", column("a")))
    result = result_of(outcome(found))
    assert result["inventory"] == found
    assert not result["truncated"]
    assert "diff" not in result


def test_a_long_document_keeps_the_names_and_then_as_many_as_fit() -> None:
    found = document(*(table("public", f"table_{number:04}", column("a")) for number in range(500)))
    names, cut = shortened(found, 60_000)
    assert cut
    assert len(names["tables"]) < 500
    assert names["tables"]["public.table_0000"] == {"schema": "public", "name": "table_0000", "kind": "table"}
    assert len(json.dumps(names)) <= 60_000
    assert names["summary"]["tables"] == 500
    assert len(found["tables"]["public.table_0000"]) > 3, "the document itself is not touched"
    few, cut = shortened(found, 5000)
    assert cut
    assert 0 < len(few["tables"]) < len(names["tables"])


def test_a_long_comparison_is_cut_and_its_figures_are_not() -> None:
    before, after = document(), document(*(table("public", f"t{number}") for number in range(300)))
    result = result_of(outcome(after, comparison=compare(before, after)))
    assert len(result["comparison"]["added"]) == 200
    assert result["comparison"]["truncated"]
    assert result["comparison"]["summary"]["added"] == 300


def test_the_diff_shows_the_objects_that_differ() -> None:
    before = document(table("public", "same"), table("public", "gone"), table("public", "t", column("a")))
    after = document(table("public", "same"), table("public", "t", column("a", "text")))
    diff = result_of(outcome(after, path="/x", file_before=before, changed=True))["diff"]
    assert sorted(json.loads(diff["before"])["tables"]) == ["public.gone", "public.t"]
    assert sorted(json.loads(diff["after"])["tables"]) == ["public.t"]
    assert result_of(outcome(after, path="/x", file_before=after))["diff"]["after"] == ""


def test_a_long_name_behind_an_array_costs_no_time() -> None:
    def spent(times: int) -> float:
        text = f"(ARRAY[1, 2])::s.{'abc_' * times} = x"
        began = time.process_time()
        assert canonical_sql(text) == text
        return time.process_time() - began

    # Three times the length would take a million times as long where every way to split it is tried.
    assert spent(15) < 500 * max(spent(5), 0.0005)
