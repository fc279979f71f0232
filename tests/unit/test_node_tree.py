# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The text form of node trees: nodes, lists, atoms, escapes, datums."""

from __future__ import annotations

import time

import pytest
from _pgops.model.errors import PgOpsError
from _pgops.observe.node_tree import read_nodes


def test_nodes_lists_and_atoms() -> None:
    text = '({QUERY :flag true :nothing <> :names ("a" "b c") :set (b 8 9) :inner {VAR :no 1}})'
    assert read_nodes(text) == [
        {
            "NODE": "QUERY",
            "flag": "true",
            "nothing": None,
            "names": ["a", "b c"],
            "set": ["b", "8", "9"],
            "inner": {"NODE": "VAR", "no": "1"},
        }
    ]


def test_escapes_are_resolved() -> None:
    text = r'({ALIAS :aliasname odd\ \{name\} :colnames ("q\"uote" "back\\slash" "\<>")})'
    (node,) = read_nodes(text)
    assert node["aliasname"] == "odd {name}"
    assert node["colnames"] == ['q"uote', "back\\slash", "<>"]


def test_datum_keeps_length_and_bytes() -> None:
    (node,) = read_nodes("({CONST :constisnull false :location 5 :constvalue 4 [ 1 0 0 0 ]})")
    assert node["constvalue"] == ["4", ["1", "0", "0", "0"]]


def test_names_hold_any_other_sign() -> None:
    (node,) = read_nodes(r"({ALIAS :aliasname [ :resname a[1]b :more x] :last \(y\)})")
    assert [node["aliasname"], node["resname"], node["more"], node["last"]] == ["[", "a[1]b", "x]", "(y)"]


def test_name_that_looks_like_a_field() -> None:
    (node,) = read_nodes("({TARGETENTRY :resname :odd :resjunk false})")
    assert (node["resname"], node["resjunk"]) == (":odd", "false")


@pytest.mark.parametrize("text", ["", "(", "({QUERY :a", "({QUERY a b})", "{QUERY :a 1}", "() ()"])
def test_other_forms_are_refused(text: str) -> None:
    with pytest.raises(PgOpsError, match="stored query of the view"):
        read_nodes(text)


def test_many_constants_cost_no_time() -> None:
    def spent(times: int) -> float:
        constants = " ".join(["{CONST :constvalue 4 [ 1 0 0 0 0 0 0 0 ]}"] * times)
        began = time.process_time()
        (node,) = read_nodes(f"({{QUERY :values ({constants})}})")
        assert len(node["values"]) == times
        return time.process_time() - began

    # Ten times as many: about ten times the work, and not a hundred times.
    assert spent(20_000) < 50 * max(spent(2_000), 0.002)
