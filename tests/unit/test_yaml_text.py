# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Our own YAML is read back as what was written, whatever it is, by the YAML that Ansible uses."""

from __future__ import annotations

import math
import random
from typing import Any

import pytest
import yaml
from _pgops.formats.yaml_text import WIDTH, scalar, yaml_text

TEXTS = """
plain|two words|now()|no action|numeric(12,2)|'new'|"Odd"|it's|a: b|a #b|# c|- d|? e|: f|[g]|{h}|&i|*j|!k|%l|@m|`n
|true|Yes|off|y|N|null|~|NULL|1|1e3|0x1F|0o7|1_000|12:30:45|2025-01-01|.5|.inf|-.inf|.nan|nan|<<|=|---|...
|größe|日本|🐘| lead|trail |tab\there|a\\b|'::integer[]|'{1,2}'::int[]|nextval('a_id_seq'::regclass)|a,b|a]b|a}b
""".replace("\n", "").split("|")
ODD = [
    "",
    " ",
    "line\nbreak",
    "\ttab",
    "\x00",
    "\x07bell",
    "\x85next",
    "\u2028sep",
    "\ufeffbom",
    "\xa0nbsp",
    "a\r\nb",
    "\x7f",
]


@pytest.mark.parametrize("text", [*TEXTS, *ODD])
def test_every_text_comes_back(text: str) -> None:
    document = {"block": text, text or "empty": 1, "flow": {"key": text, "list": [text, [text]]}}
    assert yaml.safe_load(yaml_text(document)) == document


@pytest.mark.parametrize(
    "value", [None, True, False, 0, -5, 10**30, 1.5, -0.25, 1e16, 1e-7, 1e300, math.inf, -math.inf]
)
def test_every_single_value_comes_back(value: Any) -> None:
    read = yaml.safe_load(f"a: {scalar(value)}")["a"]
    assert read == value
    assert type(read) is type(value)


def test_what_is_not_a_number_comes_back() -> None:
    assert math.isnan(yaml.safe_load(scalar(math.nan)))


def some_value(chance: random.Random, depth: int) -> Any:
    kind = chance.randrange(7 if depth else 5)
    if kind == 0:
        return chance.choice([None, True, False, 3, -2.5])
    if kind < 5:
        return "".join(chance.choice("ab1 :#'\"\\{}[],&*-?!%\n\tüß🐘~=.") for _place in range(chance.randrange(80)))
    if kind == 5:
        return [some_value(chance, depth - 1) for _place in range(chance.randrange(5))]
    return {f"{some_value(chance, 0)}": some_value(chance, depth - 1) for _place in range(chance.randrange(5))}


def paths_of(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(found for key, item in items for found in paths_of(item, (*path, key)))]


@pytest.mark.parametrize("seed", range(200))
def test_any_document_comes_back_with_comments_anywhere(seed: int) -> None:
    chance = random.Random(seed)
    document = {f"k{number}": some_value(chance, 4) for number in range(6)}
    places = paths_of(document)
    comments = {path: ["note: {x}\n- y", "# z " * 50] for path in chance.sample(places, min(8, len(places)))}
    text = yaml_text(document, comments)
    assert yaml.safe_load(text) == document
    assert yaml.safe_load(yaml_text(document)) == document


def test_how_it_looks() -> None:
    document = {
        "tables": {
            "orders": {
                "columns": {"id": {"type": "integer", "not_null": True}, '"Odd No"': {"type": "numeric(12,2)"}},
                "primary_key": ["id"],
                "foreign_keys": [{"columns": ["a"], "references": "b"}, {"columns": ["c"], "references": "d"}],
            },
            "empty": {},
        },
        "names": [f"a_rather_long_name_{number}" for number in range(8)],
    }
    comments = {
        (): ["A draft."],
        ("tables", "orders", "columns", '"Odd No"'): ["Is it used?"],
        ("tables", "orders", "foreign_keys", 1): ["Another rule\nthan its siblings."],
    }
    names = "\n".join(f"  - a_rather_long_name_{number}" for number in range(8))
    assert yaml_text(document, comments) == (
        "---\n"
        "# A draft.\n"
        "\n"
        "tables:\n"
        "  orders:\n"
        "    columns:\n"
        "      id: {type: integer, not_null: true}\n"
        "      # Is it used?\n"
        "      '\"Odd No\"': {type: 'numeric(12,2)'}\n"
        "    primary_key: [id]\n"
        "    foreign_keys:\n"
        "      - {columns: [a], references: b}\n"
        "      # Another rule\\nthan its siblings.\n"
        "      - {columns: [c], references: d}\n"
        "  empty: {}\n"
        f"\nnames:\n{names}\n"
    )


def test_lines_stay_within_the_width() -> None:
    document = {"a": {"b": {f"column_{number}": "text" for number in range(40)}}, "c": ["x" * 50] * 9}
    text = yaml_text(document, {("a", "b"): ["many words " * 60]})
    assert max(len(line) for line in text.splitlines()) <= WIDTH
    assert yaml.safe_load(text) == document
