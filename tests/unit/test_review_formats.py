# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every format of a review, held against its schema, with names that try to break out."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import jsonschema
import pytest
import xmlschema
from _pgops.formats.json_text import json_text
from _pgops.formats.review_junit import review_junit
from _pgops.formats.review_markdown import code, plain, review_markdown, script_of, verdict_sentence
from _pgops.formats.review_nagios import STATUS, review_nagios
from _pgops.formats.review_sarif import FINGERPRINT, review_sarif
from _pgops.model.finding import Fix, Step
from _pgops.model.review import VERDICTS, Review
from reviews import ODD, finding, full_review, review

ROOT = Path(__file__).resolve().parents[2]
SCHEMAS = ROOT / "tests" / "fixtures" / "schemas"
REVIEWS = {"full": full_review(), "empty": review(), "one": review(finding())}


def schema(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", REVIEWS)
def test_document_keeps_to_its_schema(name: str) -> None:
    published = schema(ROOT / "docs" / "schemas" / "review-1.json")
    jsonschema.Draft202012Validator.check_schema(published)
    document = json.loads(json_text(REVIEWS[name].as_dict()))
    validator = jsonschema.Draft202012Validator(published, format_checker=jsonschema.FormatChecker())
    assert [error.message for error in validator.iter_errors(document)] == []


@pytest.mark.parametrize(
    "spoil",
    [
        lambda document: document.pop("verdict"),
        lambda document: document.update(verdict="fine"),
        lambda document: document["findings"][0].update(severity="bad"),
        lambda document: document["findings"][0].pop("key"),
        lambda document: document["findings"][1]["fix"]["steps"][0].update(rewrite="maybe"),
        lambda document: document["summary"].update(error=-1),
    ],
)
def test_the_schema_refuses_what_is_wrong(spoil: Any) -> None:
    document = json.loads(json_text(full_review().as_dict()))
    spoil(document)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(document, schema(ROOT / "docs" / "schemas" / "review-1.json"))


@pytest.mark.parametrize("name", REVIEWS)
def test_sarif_keeps_to_the_standard(name: str) -> None:
    log = json.loads(json_text(review_sarif(REVIEWS[name])))
    validator = jsonschema.Draft4Validator(schema(SCHEMAS / "sarif-2.1.0.json"))
    assert [error.message for error in validator.iter_errors(log)] == []


def test_sarif_tells_levels_states_fingerprints_and_suppressions() -> None:
    run = review_sarif(full_review())["runs"][0]
    results = {result["partialFingerprints"][FINGERPRINT]: result for result in run["results"]}
    findings = full_review().findings
    assert len(results) == len(findings) + 1
    assert [results[one.key]["level"] for one in findings] == ["error", "warning", "warning", "warning", "note"]
    assert results[findings[1].key]["baselineState"] == "new"
    assert results[findings[2].key]["baselineState"] == "unchanged"
    assert results["0123456789abcdef"]["baselineState"] == "absent"
    assert results[findings[3].key]["suppressions"][0]["justification"] == ODD
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert all(rules[result["ruleIndex"]] == result["ruleId"] for result in run["results"] if "ruleIndex" in result)
    assert len(run["invocations"][0]["toolExecutionNotifications"]) == 2


@pytest.mark.parametrize("name", REVIEWS)
def test_junit_keeps_to_its_schema(name: str) -> None:
    text = review_junit(REVIEWS[name])
    errors = xmlschema.XMLSchema(str(SCHEMAS / "junit.xsd")).iter_errors(text)
    assert [error.reason for error in errors] == []


def test_junit_counts_what_it_holds_and_lets_nothing_unchecked_pass() -> None:
    root = ElementTree.fromstring(review_junit(full_review()))
    assert {name: root.get(name) for name in ("tests", "failures", "errors", "skipped")} == {
        "tests": "7",
        "failures": "3",
        "errors": "2",
        "skipped": "1",
    }
    (note,) = [case for case in root.iter("testcase") if case.find("system-out") is not None]
    assert note.find("failure") is None
    healthy = ElementTree.fromstring(review_junit(review()))
    assert [case.get("name") for case in healthy.iter("testcase")] == ["fk-missing"]


def test_markdown_lets_no_name_break_out() -> None:
    text = review_markdown(full_review())
    outside = re.sub(r"(?ms)^ *(`{3,})sql$.*?^ *\1$", "", text)
    outside = re.sub(r"(?<!\\)(`+)(?!`).+?(?<!`)\1(?!`)", "", outside)
    assert not re.search(r"(?<!\\)<", outside)
    rows = [line for line in text.splitlines() if line.startswith("| 1")]
    assert rows == ["| 1 | 0 | 2 | 1 | 1 | 1 | 1 | 2 |"]
    assert "## Not checked" in text
    assert "## Suppressed" in text
    assert "## Resolved" in text
    assert "**new**" in text


def test_markdown_says_the_same_twice() -> None:
    assert review_markdown(full_review()) == review_markdown(full_review())


def test_plain_and_code_say_what_they_were_given() -> None:
    assert re.sub(r"\\(.)", r"\1", plain(ODD)) == " ".join(ODD.split()).replace("\x1b", "\ufffd")
    assert code("a``b`c") == "```a``b`c```"
    assert code("`") == "`` ` ``"


def test_a_step_is_a_script_as_it_stands() -> None:
    assert script_of(Step(("SELECT 1;", "SELECT 2"))) == [
        "-- locks: none on a relation",
        "BEGIN;",
        "SET LOCAL lock_timeout = '1s';",
        "SELECT 1;",
        "SELECT 2;",
        "COMMIT;",
    ]
    assert script_of(Step(("VACUUM t",), transaction=False))[1:] == ["VACUUM t;"]


@pytest.mark.parametrize(
    ("made", "verdict"),
    [
        (review(finding(severity="critical")), "critical"),
        (review(finding(severity="error")), "critical"),
        (review(finding()), "warning"),
        (review(finding(severity="info")), "ok"),
        (review(finding(suppressed="known")), "ok"),
        (review(not_checked=full_review().not_checked), "unknown"),
        (review(finding(), not_checked=full_review().not_checked), "warning"),
    ],
)
def test_one_verdict(made: Review, verdict: str) -> None:
    assert made.verdict == verdict
    assert verdict in VERDICTS
    line = review_nagios(made)
    assert line.startswith(f"PGOPS {verdict.upper()} - ")
    assert set(STATUS) == set(VERDICTS)


def test_nagios_is_one_line_with_figures() -> None:
    line = review_nagios(full_review())
    assert line.count("|") == 1
    assert line.isprintable()
    assert line.endswith("not_checked=2;;;0")
    assert verdict_sentence(full_review()) == (
        "critical: 1 critical finding, 2 warnings, 1 note in database shop; 1 check could not be done in full."
    )


def test_sql_in_markdown_keeps_its_lines_and_nothing_that_a_terminal_obeys() -> None:
    step = Step(('DROP INDEX "a\u2028b\x1b[31m\u202e\x9bc"', "SELECT 1"))
    one = finding(fix=Fix((step,), None, "it is told in a test"))
    text = review_markdown(review(one))
    assert '  DROP INDEX "a\ufffdb\ufffd[31m\ufffd\ufffdc";\n  SELECT 1;\n' in text
    assert all(char == "\n" or char.isprintable() for char in text)
