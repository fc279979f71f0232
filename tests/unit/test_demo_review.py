# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The head of a review that the demonstration shows: the worst first, one line for each check, and what is left out."""

from __future__ import annotations

from pathlib import Path

import pytest
from _pgops.formats.json_text import json_text
from _pgops.model.finding import Finding
from reviews import finding, review
from tooling.demo_review import SHOWN, head_of_review


def written(folder: Path, *findings: Finding) -> Path:
    """A folder with the report of the database shop."""
    text = json_text(review(*findings).as_dict())
    (folder / "shop.json").write_text(text, encoding="utf-8")
    return folder


def test_one_line_for_each_check_and_the_number_of_the_rest(tmp_path: Path) -> None:
    same = [finding("fk-missing", ("public", "t", name), message=f"{name} has no key.") for name in "abc"]
    lines, summary = head_of_review(written(tmp_path, *same, finding(message="It is idle.")), "shop")
    assert lines == [
        "warning fk-missing: a has no key. (and 2 more)",
        "warning index-unused: It is idle.",
    ]
    assert summary == "4 findings, 0 of them by checks not shown; 4 come with SQL that mends them."


def test_checks_beyond_what_is_shown_are_counted(tmp_path: Path) -> None:
    found = [finding(f"check-{number:02}", fix=None, no_fix="Ask.") for number in range(SHOWN + 3)]
    lines, summary = head_of_review(written(tmp_path, *found), "shop")
    assert len(lines) == SHOWN
    assert summary.startswith(f"{SHOWN + 3} findings, 3 of them by checks not shown; 0 come with SQL")


def test_what_is_accepted_is_not_shown(tmp_path: Path) -> None:
    lines, summary = head_of_review(written(tmp_path, finding(suppressed="we know")), "shop")
    assert lines == []
    assert summary.startswith("0 findings, ")


@pytest.mark.parametrize("content", [None, "{", "{}", "[]"])
def test_a_report_that_is_not_to_be_read_is_said(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "shop.json").write_text(content, encoding="utf-8")
    with pytest.raises(ValueError, match="the review is not to be read in") as caught:
        head_of_review(tmp_path, "shop")
    assert str(tmp_path / "shop.json") in str(caught.value)
