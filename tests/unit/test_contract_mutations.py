# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The shipped contract: what it says, and that no change to it makes the reader fall over."""

from __future__ import annotations

import copy
import datetime
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from _pgops.model.contract.declared import ForeignKey, WritableView
from _pgops.model.contract.errors import ContractError
from _pgops.model.contract.parse import parse_contract, parse_writable
from hypothesis import given, settings
from hypothesis import strategies as st

SHIPPED = yaml.safe_load(
    (Path(__file__).resolve().parents[2] / "playbooks" / "contracts" / "ollama_scanner.yml").read_text(encoding="utf-8")
)

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.sampled_from([10**4000, -1, 0, 1]),
    st.floats(),
    st.text(),
    # Whatever a file in another encoding may have left behind.
    st.text(st.characters()),
    st.binary(),
    st.dates(),
    st.just(datetime.datetime(2025, 1, 1)),
    st.sampled_from(
        [
            "all",
            "endpoints",
            "public.endpoints",
            '"endpoints"',
            "id",
            "SELECT 1",
            "null",
            "no action",
            "a.b.c",
            "Id",
            ";",
        ]
    ),
)
anything = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(scalars, inner, max_size=3)),
    max_leaves=6,
)


def places(data: Any) -> list[tuple[Any, Any]]:
    """Every container of a document with every key in it."""
    keys: list[Any] = list(data) if isinstance(data, dict) else list(range(len(data))) if isinstance(data, list) else []
    return [(data, key) for key in keys] + [place for key in keys for place in places(data[key])]


def change(data: Any, draw: st.DataObject) -> None:
    every = places(data)
    holder, key = every[draw.draw(st.integers(0, len(every) - 1), label="place")]
    kind = draw.draw(st.sampled_from(["replace", "remove", "rename", "add", "slip"]), label="kind")
    if kind == "replace":
        holder[key] = draw.draw(anything, label="value")
    elif kind == "remove":
        del holder[key]
    elif isinstance(holder, list):
        holder.append(draw.draw(anything, label="item"))
    elif kind == "rename":
        holder[draw.draw(scalars, label="key")] = holder.pop(key)
    elif kind == "slip" and isinstance(key, str) and key:
        cut = draw.draw(st.integers(0, len(key) - 1), label="letter")
        holder[key[:cut] + key[cut + 1 :]] = holder.pop(key)
    else:
        holder[draw.draw(scalars, label="key")] = draw.draw(anything, label="value")


def refusal(read: Callable[[], object]) -> ContractError | None:
    try:
        read()
    except ContractError as error:
        return error
    return None


def in_sentences(error: ContractError) -> bool:
    return bool(error.problems) and all(
        problem.sentence.endswith(".") and problem.sentence.isprintable() and problem.path.isprintable()
        for problem in error.problems
    )


@settings(max_examples=200, deadline=None)
@given(draw=st.data())
def test_any_change_is_read_or_refused_in_sentences(draw: st.DataObject) -> None:
    data = copy.deepcopy(SHIPPED)
    for _number in range(draw.draw(st.integers(1, 4), label="changes")):
        if places(data):
            change(data, draw)
    error = refusal(lambda: parse_contract(data))
    if error is not None:
        assert in_sentences(error)
        return
    contract = parse_contract(data)
    assert all(contract.table(name) is table for name, table in contract.tables.items())
    assert all(contract.table(key.references) for table in contract.tables.values() for key in table.foreign_keys)


@settings(deadline=None)
@given(data=anything)
def test_anything_at_all_is_refused_in_sentences(data: Any) -> None:
    error = refusal(lambda: parse_contract(data))
    assert error is not None
    assert in_sentences(error)
    policy = refusal(lambda: parse_writable(data, "definition"))
    # Only the empty mapping is a policy.
    assert (policy is None) == (isinstance(data, dict) and not data)
    assert policy is None or in_sentences(policy)


@pytest.mark.parametrize("wrong", [{10**5000: {}}, {"tables": {10**5000: 1}}, {"tables": 10**5000}])
def test_a_number_too_long_to_print_is_refused(wrong: dict[Any, Any]) -> None:
    error = refusal(lambda: parse_contract({"contract": 1, "database": "shop", **wrong}))
    assert error is not None
    assert in_sentences(error)
    default = {"tables": {"a": {"columns": {"b": {"default": 10**5000}}}}}
    error = refusal(lambda: parse_contract({"contract": 1, "database": "shop", **default}))
    assert error is not None
    assert error.problems[0].path == "tables.a.columns.b.default"


def test_the_shipped_contract_says_what_the_scanner_needs() -> None:
    contract = parse_contract(SHIPPED)
    assert contract.database == "ollama_scanner"
    assert {name: len(table.columns) for name, table in contract.tables.items()} == {
        "endpoints": 14,
        "verified_endpoints": 3,
        "models": 8,
        "benchmark_results": 16,
        "metadata": 3,
        "schema_version": 3,
        "chat_history": 11,
        "user_selected_models": 3,
    }
    assert contract.tables["benchmark_results"].foreign_keys == (
        ForeignKey(("endpoint_id",), "endpoints", ("id",), on_delete="cascade"),
        ForeignKey(("model_id",), "models", ("id",), on_delete="cascade"),
    )
    assert contract.views["servers"].writable == WritableView(
        root="endpoints",
        on_conflict="upsert",
        conflict_key=("ip", "port"),
        on_delete="root",
        fixed_values={"endpoints": {"verified": 1}},
    )
    assert [rule.name for rule in contract.rules] == [
        "verified-has-row",
        "row-has-verified",
        "verified-is-active",
        "honeypot-not-verified",
        "honeypot-not-active",
        "chat-history-has-model",
        "selected-model-exists",
    ]


def test_the_shipped_contract_wants_no_redundant_index() -> None:
    for table in parse_contract(SHIPPED).tables.values():
        keys = [table.primary_key, *table.unique, *(index.columns for index in table.indexes)]
        for index in table.indexes:
            longer = [
                key for key in keys if len(key) > len(index.columns) and key[: len(index.columns)] == index.columns
            ]
            assert not longer, f"{table.name} {index.columns} is the beginning of {longer}"
            assert keys.count(index.columns) == 1


def test_the_shipped_contract_grants_what_defect_8_lacks() -> None:
    grants = parse_contract(SHIPPED).grants
    rights = {(kind, names, right) for g in grants for kind, names in _objects(g) for right in g.privileges}
    for right in ("select", "insert", "update", "delete"):
        assert ("tables", "all", right) in rights
        assert ("views", ("servers",), right) in rights
    assert ("sequences", "all", "usage") in rights
    assert {grant.role for grant in grants} == {"ollama"}


def _objects(grant: Any) -> list[tuple[str, Any]]:
    kinds = ("tables", "views", "sequences", "schemas")
    return [(kind, getattr(grant, kind)) for kind in kinds if getattr(grant, kind) is not None]
