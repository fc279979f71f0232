# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What becomes of a review: names and content of its files, and the short form that is given back."""

from __future__ import annotations

import ast
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from _pgops.model.errors import PgOpsError
from _pgops.model.finding import NotChecked
from _pgops.model.settings.schema_check import FORMATS
from _pgops.status.review_report import INLINE, report_paths, result_of, write_reports
from reviews import finding, full_review, review

MODULE = Path(__file__).resolve().parents[2] / "plugins" / "modules" / "pg_schema_check.py"


@pytest.mark.parametrize(
    ("path", "stem"),
    [
        ("/r/shop.json", "/r/shop"),
        ("/r/shop", "/r/shop"),
        ("/r/shop.txt", "/r/shop.txt"),
        ("shop.json.json", "shop.json"),
        ("/r.json/shop", "/r.json/shop"),
    ],
)
def test_formats_stand_beside_each_other(path: str, stem: str) -> None:
    assert report_paths(path, FORMATS) == {
        "json": f"{stem}.json",
        "markdown": f"{stem}.md",
        "sarif": f"{stem}.sarif",
        "junit": f"{stem}.junit.xml",
    }


def test_only_what_was_asked_for_is_written(tmp_path: Path) -> None:
    files = write_reports(review(finding()), str(tmp_path / "shop.json"), ["markdown", "json", "json"])
    assert [(one["format"], Path(one["path"]).name) for one in files] == [
        ("markdown", "shop.md"),
        ("json", "shop.json"),
    ]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["shop.json", "shop.md"]
    assert write_reports(review(), str(tmp_path / "none.json"), []) == []


def test_files_are_what_is_said_of_them(tmp_path: Path) -> None:
    reviewed = full_review()
    files = write_reports(reviewed, str(tmp_path / "shop.json"), FORMATS)
    for one in files:
        path = Path(one["path"])
        assert hashlib.sha256(path.read_bytes()).hexdigest() == one["sha256"]
        assert path.stat().st_mode & 0o7777 == 0o640
    assert json.loads((tmp_path / "shop.json").read_text(encoding="utf-8")) == json.loads(
        json.dumps(reviewed.as_dict())
    )


def test_a_relative_path_is_told_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (one,) = write_reports(review(), "shop.json", ["json"])
    assert one["path"] == str(tmp_path / "shop.json")


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    target = tmp_path / "absent" / "shop.json"
    with pytest.raises(PgOpsError, match="its folder does not exist") as caught:
        write_reports(review(), str(target), FORMATS)
    assert str(target) in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def many(count: int) -> dict[str, Any]:
    """The short form of a review with that many of everything."""
    gone = finding().as_dict()
    return result_of(
        review(
            *(finding(names=("public", "t", f"i{number:04}"), state="new") for number in range(count)),
            not_checked=tuple(NotChecked("fk-missing", "why", f"public.t{number:04}") for number in range(count)),
            resolved=tuple({**gone, "key": f"{number:016}"} for number in range(count)),
            notes=tuple(f"Note {number}." for number in range(count)),
        )
    )


@pytest.mark.parametrize("count", [0, 1, INLINE, INLINE + 1, 3 * INLINE])
def test_lists_are_cut_and_totals_are_not(count: int) -> None:
    result = many(count)
    lists = ("findings", "not_checked", "resolved", "notes")
    assert {name: len(result[name]) for name in lists} == dict.fromkeys(lists, min(count, INLINE))
    assert result["totals"] == dict.fromkeys(lists, count)
    assert result["summary"]["warning"] == result["summary"]["new"] == result["summary_new"]["warning"] == count
    assert [one["object"] for one in result["findings"][:1]] == ["public.t.i0000"] * (count > 0)


def test_what_is_accepted_or_known_is_not_new() -> None:
    result = result_of(
        review(
            finding(names=("public", "t", "a"), state="new", severity="error"),
            finding(names=("public", "t", "b"), state="new", suppressed="known to us"),
            finding(names=("public", "t", "c"), state="known"),
        )
    )
    assert result["summary_new"] == {"critical": 0, "error": 1, "warning": 0, "info": 0}
    assert (result["summary"]["error"], result["summary"]["warning"], result["summary"]["suppressed"]) == (1, 1, 1)
    assert result["verdict"] == "critical"


def test_the_short_form_is_what_the_module_documents() -> None:
    tree = ast.parse(MODULE.read_text(encoding="utf-8"))
    (documented,) = (
        yaml.safe_load(ast.literal_eval(node.value))
        for node in tree.body
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "RETURN"
    )
    result = result_of(full_review(), [{"format": "json", "path": "/shop.json", "sha256": "0"}])
    assert set(result) == {*documented, "changed"}
    assert result["changed"] is False
    assert all(set(one) == set(documented["findings"]["contains"]) for one in result["findings"])
    assert result["nagios"].startswith("PGOPS CRITICAL - ")
    json.dumps(result)
