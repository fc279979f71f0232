# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The reference page says what the reader does."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest
from _pgops.model.contract import reader, reference, schema

ROOT = Path(__file__).resolve().parents[2]
COMMAND = ROOT / "docs" / "generate_contract.py"


def test_the_page_is_what_the_declarations_say() -> None:
    command = runpy.run_path(str(COMMAND))
    page = (ROOT / "docs" / "contract.md").read_text(encoding="utf-8")
    assert command["MARKER"] in page
    assert command["renewed"](page) == page, "run python3 docs/generate_contract.py"


def test_the_guide_above_the_reference_stays() -> None:
    command = runpy.run_path(str(COMMAND))
    page = f"By hand.\n{command['MARKER']}\nold"
    assert command["renewed"](page) == f"By hand.\n{command['MARKER']}\n{reference.reference()}"


def test_a_page_without_the_marker_is_left_as_it_is() -> None:
    command = runpy.run_path(str(COMMAND))
    with pytest.raises(SystemExit, match="does not hold the line"):
        command["renewed"]("By hand.")


def test_every_key_stands_in_the_reference() -> None:
    text = reference.reference()
    parts = text.split("### ")
    assert len(parts) == len(schema.SECTIONS) + 1
    for section, part in zip(schema.SECTIONS, parts[1:]):
        assert part.startswith(section.title)
        for key in section.keys:
            assert f"\n| `{key.name}` | " in part
            assert all(f"`{choice}`" in part or f"`'{choice}'`" in part for choice in key.choices)


def test_every_kind_is_read_and_described() -> None:
    kinds = {key.kind for section in schema.SECTIONS for key in section.keys}
    assert kinds == set(reference.KINDS)
    assert kinds == set(reader._SINGLE) | set(reader._NESTED)


@pytest.mark.parametrize("section", schema.SECTIONS, ids=lambda section: section.title)
def test_sentences_are_sentences(section: schema.Section) -> None:
    for sentence in (section.sentence, *(key.sentence for key in section.keys)):
        assert sentence.endswith(".")
        assert sentence[0].isupper() or sentence[0] == "`"
