# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Random indexes, akin to each other more often than not, and the queries that each of them answers."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass

from hypothesis import strategies as st

#: What keys are made of, and a value of each.
VALUES = {
    "a": "1",
    "b": "'x'",
    "c": "2",
    "d": "timestamptz '2024-01-01'",
    "lower(b)": "'x'",
    "(a + c)": "3",
}
TEXTS = ("b", "lower(b)")
OPERATORS = ("", "", "varchar_ops", "text_pattern_ops")
#: In what an index may differ from the one it is akin to.
KINDS = (
    *("same", "turned", "shorter", "shorter", "longer", "longer", "one", "compared", "compared"),
    *("unique", "included", "predicate", "hash"),
)
PREDICATES = ("", "c > 0", "a IS NOT NULL", "b <> 'x' AND c > 0")
#: Before a query whose order is to come from the index.
UNSORTED = "SET enable_sort = off; SET enable_incremental_sort = off"


@dataclass(frozen=True)
class Key:
    """One key of an index."""

    what: str
    collate: str = ""
    operators: str = ""
    descending: bool = False
    nulls: str = ""

    @property
    def compared(self) -> str:
        return self.what + (f' COLLATE "{self.collate}"' if self.collate else "")

    @property
    def sql(self) -> str:
        words = [self.compared, self.operators, "DESC" if self.descending else "", self.nulls and f"NULLS {self.nulls}"]
        return " ".join(filter(None, words))

    @property
    def smaller(self) -> str:
        return "~<~" if self.operators == "text_pattern_ops" else "<"

    def order(self, backward: bool) -> str:
        """As ORDER BY says it, along the index or against it."""
        descending = self.descending != backward
        first = (self.nulls or ("FIRST" if self.descending else "LAST")) == "FIRST"
        using = self.smaller.replace("<", ">") if descending else self.smaller
        return f"{self.compared} USING {using} NULLS {'FIRST' if first != backward else 'LAST'}"


@dataclass(frozen=True)
class Spec:
    """An index, or a key constraint."""

    keys: tuple[Key, ...]
    included: tuple[str, ...] = ()
    predicate: str = ""
    unique: bool = False
    method: str = "btree"
    nulls_equal: bool = False
    more: str = ""
    constraint: str = ""

    def sql(self, table: str, name: str, major: int) -> str:
        """The statement that makes it."""
        keys = f"({', '.join(key.sql for key in self.keys)})"
        included = f" INCLUDE ({', '.join(self.included)})" if self.included and self.method == "btree" else ""
        if self.constraint:
            deferrable = "DEFERRABLE" if self.more else ""
            return f"ALTER TABLE {table} ADD CONSTRAINT {name} {self.constraint} {keys}{included} {deferrable}"
        nulls = " NULLS NOT DISTINCT" if self.unique and self.nulls_equal and major >= 15 else ""
        unique = "UNIQUE " if self.unique else ""
        made = f"CREATE {unique}INDEX {name} ON {table} USING {self.method} {keys}{included}{nulls}"
        return (
            made
            + (f" WITH ({self.more})" if self.more else "")
            + (f" WHERE {self.predicate}" if self.predicate else "")
        )


@st.composite
def keys_of(draw: st.DrawFn) -> Key:
    what = draw(st.sampled_from(sorted(VALUES)))
    text = what in TEXTS
    return Key(
        what,
        draw(st.sampled_from(["", "", "", "C"])) if text else "",
        draw(st.sampled_from(OPERATORS)) if text else "",
        draw(st.sampled_from([False, False, True])),
        draw(st.sampled_from(["", "", "FIRST", "LAST"])),
    )


@st.composite
def specs(draw: st.DrawFn) -> Spec:
    keys = draw(st.lists(keys_of(), min_size=1, max_size=3, unique_by=lambda key: key.what))
    return Spec(
        tuple(keys),
        tuple(draw(st.lists(st.sampled_from("acde"), max_size=2, unique=True))) if draw(st.booleans()) else (),
        draw(st.sampled_from(PREDICATES)) if draw(st.booleans()) else "",
        draw(st.sampled_from([False, False, True])),
        nulls_equal=draw(st.booleans()),
        more=draw(st.sampled_from(["", "", "fillfactor = 70"])),
    )


@st.composite
def variants(draw: st.DrawFn, spec: Spec) -> Spec:
    """An index that differs from another in one thing, or in nothing."""
    if spec.method == "hash":
        return spec
    kind = draw(st.sampled_from(KINDS))
    if kind == "turned":
        other = {"": "", "FIRST": "LAST", "LAST": "FIRST"}
        turned = (dataclasses.replace(key, descending=not key.descending, nulls=other[key.nulls]) for key in spec.keys)
        return dataclasses.replace(spec, keys=tuple(turned))
    if kind == "shorter":
        return dataclasses.replace(spec, keys=spec.keys[: max(1, len(spec.keys) - 1)], unique=False)
    if kind == "longer":
        key = draw(keys_of().filter(lambda key: key.what not in {known.what for known in spec.keys}))
        return dataclasses.replace(spec, keys=(*spec.keys, key))
    if kind == "one":
        place = draw(st.integers(0, len(spec.keys) - 1))
        key = dataclasses.replace(spec.keys[place], descending=not spec.keys[place].descending)
        return dataclasses.replace(spec, keys=(*spec.keys[:place], key, *spec.keys[place + 1 :]))
    if kind == "compared":
        collate, operators = draw(st.sampled_from(["", "C"])), draw(st.sampled_from(OPERATORS))
        changed = (
            dataclasses.replace(key, collate=collate, operators=operators) if key.what in TEXTS else key
            for key in spec.keys
        )
        return dataclasses.replace(spec, keys=tuple(changed))
    if kind == "unique":
        return dataclasses.replace(spec, unique=not spec.unique, nulls_equal=draw(st.booleans()))
    if kind == "included":
        return dataclasses.replace(
            spec, included=tuple(draw(st.lists(st.sampled_from("acde"), max_size=3, unique=True)))
        )
    if kind == "predicate":
        return dataclasses.replace(spec, predicate=draw(st.sampled_from(PREDICATES)))
    if kind == "hash":
        key = dataclasses.replace(spec.keys[0], descending=False, nulls="", operators="")
        return Spec((key,), predicate=spec.predicate, method="hash")
    return spec


@st.composite
def constraints(draw: st.DrawFn) -> Spec:
    columns = draw(st.lists(st.sampled_from("abcd"), min_size=1, max_size=3, unique=True))
    return Spec(
        tuple(Key(column) for column in columns),
        tuple(draw(st.lists(st.sampled_from("ade"), max_size=1))),
        unique=True,
        more=draw(st.sampled_from(["", "", "deferrable"])),
        constraint=draw(st.sampled_from(["UNIQUE", "UNIQUE", "PRIMARY KEY"])),
    )


@st.composite
def tables(draw: st.DrawFn) -> list[Spec]:
    """The indexes of one table: some at will, some akin to others, some of constraints."""
    made = draw(st.lists(st.one_of(specs(), specs(), constraints()), min_size=1, max_size=3))
    for _time in range(draw(st.integers(1, 5))):
        parent = draw(st.sampled_from(made))
        made.append(dataclasses.replace(draw(variants(parent)), constraint="", more=""))
    primary = [spec for spec in made if spec.constraint == "PRIMARY KEY"]
    return [spec for spec in made if spec not in primary[1:]]


def queries(spec: Spec) -> Iterator[tuple[str, str]]:
    """Questions an index of this kind answers: settings, and the SELECT without the table."""
    also = f" AND {spec.predicate}" if spec.predicate else ""
    where = f" WHERE {spec.predicate}" if spec.predicate else ""
    equal = [f"{key.compared} = {VALUES[key.what]}" for key in spec.keys]
    if spec.method == "hash":
        yield "", f"SELECT e FROM %s WHERE {equal[0]}{also}"
        return
    for count in range(1, len(equal) + 1):
        before, last = "".join(f"{one} AND " for one in equal[: count - 1]), spec.keys[count - 1]
        yield "", f"SELECT e FROM %s WHERE {' AND '.join(equal[:count])}{also}"
        yield "", f"SELECT e FROM %s WHERE {before}{last.compared} {last.smaller} {VALUES[last.what]}{also}"
        yield "", f"SELECT e FROM %s WHERE {before}{last.what} IS NULL{also}"
        for backward in (False, True):
            rest = ", ".join(key.order(backward) for key in spec.keys[count - 1 :])
            conditions = f" WHERE {before}{spec.predicate or 'true'}"
            yield UNSORTED, f"SELECT e FROM %s{conditions} ORDER BY {rest} LIMIT 5"
    columns = [key.what for key in spec.keys if len(key.what) == 1] + list(spec.included)
    if columns and "b <> 'x'" not in spec.predicate:
        yield "", f"SELECT {', '.join(columns)} FROM %s{where} ORDER BY {spec.keys[0].order(False)}"
