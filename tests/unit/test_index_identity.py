# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What makes one index the same as another, decided on indexes as a catalog would give them."""

from __future__ import annotations

from typing import Any

import pytest
from _pgops.checks.parts.index_identity import covers, identity, implied, other_end
from _pgops.checks.parts.index_redundancy import keeper_reason, redundant_indexes
from _pgops.model.catalog.relations import Column, Constraint, Index, Relation
from _pgops.model.catalog.server import OperatorClass, Server
from _pgops.model.catalog.snapshot import Catalog

TABLE = 1000
INT4, TEXT, VARCHAR, PATTERN = 1978, 3126, 3127, 4217
CLASSES = {
    INT4: OperatorClass(INT4, "btree", 1976, 23, "int4_ops", True),
    TEXT: OperatorClass(TEXT, "btree", 1994, 25, "text_ops", True),
    VARCHAR: OperatorClass(VARCHAR, "btree", 1994, 25, "varchar_ops", False),
    PATTERN: OperatorClass(PATTERN, "btree", 2095, 25, "text_pattern_ops", False),
}


def blank(made: Any, /, **known: Any) -> Any:
    """A named tuple of which only some fields matter."""
    return made(**{**dict.fromkeys(made._fields, None), **known})


def index(name: str, columns: tuple[int, ...], keys: int | None = None, **more: Any) -> Index:
    """An index of columns 1 (int, not null), 2 (int), 3 (text); the first `keys` of them are keys."""
    count = len(columns) if keys is None else keys
    values: dict[str, Any] = {
        "oid": sum(map(ord, name)) + 2000,
        "table": TABLE,
        "schema": "public",
        "name": name,
        "kind": "i",
        "method": "btree",
        "keys": count,
        "columns": columns,
        **dict.fromkeys(("unique", "nulls_not_distinct", "primary", "exclusion", "clustered"), False),
        **dict.fromkeys(("immediate", "valid", "ready", "live"), True),
        **dict.fromkeys(("replica_identity", "of_extension", "building"), False),
        "collations": tuple(100 if column == 3 else 0 for column in columns[:count]),
        "classes": tuple(TEXT if column == 3 else INT4 for column in columns[:count]),
        "ordering": (0,) * count,
        "key_texts": (),
        "options": (),
        "targets": (),
        "pages": 2,
        "scans": 0,
        "parent": 0,
    }
    return Index(**{**dict.fromkeys(Index._fields, None), **values, **more})


def catalog(*indexes: Index, constraints: tuple[Constraint, ...] = ()) -> Catalog:
    """One table with these indexes."""
    columns = tuple(
        blank(Column, number=number, name=name, not_null=number == 1) for number, name in enumerate("abc", start=1)
    )
    table = blank(Relation, oid=TABLE, schema="public", name="t", kind="r", of_extension=False, parents=())
    return Catalog(
        server=blank(Server, version=170000, block_size=8192),
        relations={TABLE: table},
        columns={TABLE: columns},
        indexes={TABLE: indexes},
        constraints={TABLE: constraints},
        operator_classes=CLASSES,
    )


SAME: dict[str, tuple[Index, Index]] = {
    "twice the same": (index("i", (2,)), index("j", (2,))),
    "read from the other end": (index("i", (2, 3), ordering=(0, 3)), index("j", (2, 3), ordering=(3, 0))),
    "nulls first, read from the other end": (index("i", (2,), ordering=(2,)), index("j", (2,), ordering=(1,))),
    "an operator class under another name": (index("i", (3,), classes=(TEXT,)), index("j", (3,), classes=(VARCHAR,))),
    "INCLUDE in another order": (index("i", (1, 2, 3), 1), index("j", (1, 3, 2), 1)),
    "a key that is included too": (index("i", (1,)), index("j", (1, 1), 1)),
    "how it is kept": (index("i", (1,), options=("fillfactor=70",)), index("j", (1,))),
    "expressions by their text": (
        index("i", (0,), key_texts=("lower(c)",), classes=(TEXT,), collations=(100,)),
        index("j", (0,), key_texts=("lower(c)",), classes=(TEXT,), collations=(100,)),
    ),
}
DIFFERENT: dict[str, tuple[Index, Index]] = {
    "the method": (index("i", (2,)), index("j", (2,), method="hash")),
    "the order of keys": (index("i", (1, 2)), index("j", (2, 1))),
    "the direction of one key": (index("i", (1, 2)), index("j", (1, 2), ordering=(0, 3))),
    "where NULLs stand": (index("i", (1,)), index("j", (1,), ordering=(2,))),
    "the operator class": (index("i", (3,)), index("j", (3,), classes=(PATTERN,))),
    "parameters of the class": (
        index("i", (3,), method="gist"),
        index("j", (3,), method="gist", class_options="1{a=1}"),
    ),
    "the collation": (index("i", (3,)), index("j", (3,), collations=(950,))),
    "the predicate": (index("i", (1,), predicate="(b > 0)"), index("j", (1,), predicate="(b > 1)")),
    "the expression": (
        index("i", (0,), key_texts=("(a + 1)",)),
        index("j", (0,), key_texts=("(a + 2)",)),
    ),
    "a key against an included column": (index("i", (1, 2)), index("j", (1, 2), 1)),
    "uniqueness": (index("i", (1,), unique=True), index("j", (1,))),
    "how NULLs compare": (index("i", (1,), unique=True), index("j", (1,), unique=True, nulls_not_distinct=True)),
    "when it is checked": (index("i", (1,), unique=True), index("j", (1,), unique=True, immediate=False)),
    "what exclusion constraints say": (index("i", (1,), exclusion=True), index("j", (1,), exclusion=True)),
    "parameters of the method": (
        index("i", (1,), method="brin", options=("pages_per_range=8",)),
        index("j", (1,), method="brin"),
    ),
}


@pytest.mark.parametrize("pair", SAME.values(), ids=SAME)
def test_the_same(pair: tuple[Index, Index]) -> None:
    seen = catalog(*pair)
    assert identity(seen, pair[0]) == identity(seen, pair[1])
    assert not covers(seen, *pair), "what is the same covers nothing"
    assert [one.how for one in redundant_indexes(seen)] == ["same"]


@pytest.mark.parametrize("pair", DIFFERENT.values(), ids=DIFFERENT)
def test_different(pair: tuple[Index, Index]) -> None:
    seen = catalog(*pair)
    assert identity(seen, pair[0]) != identity(seen, pair[1])
    assert "same" not in [one.how for one in redundant_indexes(seen)]


@pytest.mark.parametrize(
    ("wide", "narrow", "expected"),
    [
        (index("w", (1, 2)), index("n", (1,)), True),
        (index("w", (1, 2)), index("n", (2,)), False),
        (index("w", (1, 2), ordering=(3, 0)), index("n", (1,)), True),
        (index("w", (1, 2, 3), ordering=(3, 0, 0)), index("n", (1, 2)), False),
        (index("w", (1, 2)), index("n", (1, 2), 1), True),
        (index("w", (1, 2)), index("n", (1, 3), 1), False),
        (index("w", (1, 2), valid=False), index("n", (1,)), False),
        (index("w", (1, 2)), index("n", (1,), unique=True), False),
        (index("w", (1, 2), unique=True), index("n", (1,)), True),
        (index("w", (1, 2), 1, unique=True), index("n", (1,), unique=True), True),
        (index("w", (1, 2), 1, unique=True, immediate=False), index("n", (1,), unique=True), False),
        (index("w", (1, 2)), index("n", (1,), predicate="(b > 0)"), False),
        (index("w", (1, 2), method="gin"), index("n", (1,), method="gin"), False),
    ],
)
def test_covering(wide: Index, narrow: Index, expected: bool) -> None:
    assert covers(catalog(wide, narrow), wide, narrow) is expected
    assert not covers(catalog(wide, narrow), narrow, wide)


@pytest.mark.parametrize(
    ("wide", "narrow", "expected"),
    [
        ({}, {}, True),
        ({}, {"predicate": "(b > 0)"}, False),
        ({"predicate": "(b > 0)"}, {}, True),
        ({}, {"immediate": False}, False),
        ({"immediate": False}, {"immediate": False}, True),
        ({}, {"unique": False}, False),
        ({"nulls_not_distinct": True}, {}, False),
        ({"nulls_not_distinct": True}, {"nulls_not_distinct": True}, True),
    ],
)
def test_keys_that_follow_from_others(wide: dict[str, Any], narrow: dict[str, Any], expected: bool) -> None:
    more, fewer = index("w", (3, 2), **{"unique": True, **wide}), index("n", (2,), **{"unique": True, **narrow})
    assert implied(catalog(more, fewer), more, fewer) is expected


def test_a_column_without_nulls_keeps_its_keys_apart() -> None:
    more, fewer = index("w", (1, 2), unique=True, nulls_not_distinct=True), index("n", (1,), unique=True)
    assert implied(catalog(more, fewer), more, fewer)


def test_the_other_end_of_the_other_end() -> None:
    assert other_end((0, 1, 2, 3)) == (3, 2, 1, 0)
    assert other_end(other_end((0, 1, 2, 3))) == (0, 1, 2, 3)


def test_what_is_kept_is_what_something_needs() -> None:
    first, second = index("a", (1,), unique=True), index("b", (1,), unique=True)
    key = blank(Constraint, oid=1, table=TABLE, name="b", kind="u", index_oid=second.oid, columns=(1,))
    seen = catalog(first, second, constraints=(key,))
    (found,) = redundant_indexes(seen)
    assert (found.index, found.kept, found.reason) == (first, second, "")
    assert keeper_reason(seen, second) == "it upholds the unique key b"


def test_a_chain_ends_at_an_index_that_stays() -> None:
    seen = catalog(index("a", (1,)), index("b", (1, 2)), index("c", (1, 2, 3)), index("d", (1,)))
    found = {one.index.name: (one.how, one.kept.name) for one in redundant_indexes(seen)}
    assert found == {"a": ("wider", "c"), "b": ("wider", "c"), "d": ("same", "a")}
