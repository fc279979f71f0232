# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is read for chosen objects is asked for in few queries, each of bounded size, and every object once."""

from __future__ import annotations

import re
from typing import Any, cast

import pytest
from _pgops.model.catalog.snapshot import Catalog
from _pgops.model.measured import TEXT_KINDS, Details, Wanted
from _pgops.observe.catalog.details import detail_queries, detail_rows

CATALOG = Catalog(server=cast(Any, None))


def asked(wanted: Wanted, most: int) -> list[list[int]]:
    """The OIDs that each query asks for."""
    queries = list(detail_queries(CATALOG, wanted, most))
    found = [re.findall(r"'\{([0-9,]+)\}'::int8\[\]", query) for query in queries]
    assert [query.count("UNION ALL") + 1 for query in queries] == [len(lists) for lists in found]
    return [[int(oid) for some in lists for oid in some.split(",")] for lists in found]


def test_nothing_wanted_is_nothing_asked() -> None:
    assert asked(Wanted(), 10) == []


@pytest.mark.parametrize("most", [1, 3, 7, 10, 100])
def test_many_objects_are_asked_for_in_parts(most: int) -> None:
    wanted = Wanted(
        definitions=frozenset(range(10)),
        sizes=frozenset(range(20, 25)),
        texts=frozenset((kind, 30 + place) for place, kind in enumerate(TEXT_KINDS)),
    )
    lists = asked(wanted, most)
    assert all(len(oids) == most for oids in lists[:-1])
    assert 0 < len(lists[-1]) <= most
    assert sorted(oid for oids in lists for oid in oids) == [*range(10), *range(20, 25), *range(30, 39)]


def test_two_wishes_are_one() -> None:
    one = Wanted(sizes=frozenset({1}), texts=frozenset({("view", 1)}), types=frozenset({5}))
    other = Wanted(sizes=frozenset({2}), texts=frozenset({("view", 2)}), null_shares=frozenset({7}))
    both = one | other
    assert both == other | one
    assert both.texts == {("view", 1), ("view", 2)}
    assert both.types == {5}
    assert both.null_shares == {7}


def test_rows_find_their_places() -> None:
    details = Details()
    take = detail_rows(CATALOG, details)
    take([["definition", 1, "CREATE INDEX"], ["size", 2, 8192], ["text view", 3, "SELECT 1"], ["text rules", 3, None]])
    take([["null_shares", 4, {"a": 0.5}]])
    assert details.definitions == {1: "CREATE INDEX"}
    assert details.sizes == {2: 8192}
    assert details.texts == {("view", 3): "SELECT 1"}
    assert details.null_shares == {4: {"a": 0.5}}
