# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a person chose of a review: checks, limits, severities, objects, suppressions, an earlier review."""

from __future__ import annotations

import datetime
import time
from typing import Any

import pytest
from _pgops.checks.baseline import read_baseline
from _pgops.checks.choice import Told, choose_checks, choose_limits, matcher
from _pgops.checks.registry import CHECKS, GROUPS
from _pgops.checks.suppress import read_pragmas, read_suppressions
from _pgops.model.errors import RefusedError
from _pgops.model.finding import LEVELS, SEVERITIES, NotChecked
from _pgops.model.settings.option import from_params
from _pgops.model.settings.schema_check import SchemaCheckSettings
from reviews import finding, review

TODAY = datetime.date(2026, 11, 24)


def ids(chosen: list[str], excluded: list[str] | None = None) -> list[str]:
    return [check.about.id for check in choose_checks(chosen, excluded or [])]


def test_levels_grow() -> None:
    default, extended, everything = (set(ids([word])) for word in ("default", "extended", "all"))
    assert default
    assert default <= extended <= everything
    assert everything == set(CHECKS)
    assert {CHECKS[check].about.level for check in default} == {"default"}


def test_groups_ids_and_patterns_choose() -> None:
    group = GROUPS[0]
    wanted = [check.about.id for check in group.checks]
    assert ids([group.name]) == wanted
    assert ids(["fk-missing-index"]) == ["fk-missing-index"]
    assert set(ids(["fk-*"])) == {check for check in CHECKS if check.startswith("fk-")}
    assert ids(["/^fk-missing-index$/"]) == ["fk-missing-index"]
    assert "fk-missing-index" not in ids(["all"], ["fk-*"])
    assert ids(["all"], []) == list(CHECKS), "the order is the registry's"


@pytest.mark.parametrize(
    ("chosen", "excluded", "says"),
    [
        (["fk-mising-index"], [], "Did you mean fk-missing-index?"),
        (["nonsense*"], [], "nonsense*"),
        (["/(/"], [], "is no regular expression"),
        (["fk-missing-index"], ["fk-missing-index"], "leave no check to run"),
        (["default"], ["defualt"], "Did you mean default?"),
        ([], [], "leave no check to run"),
    ],
)
def test_wrong_words_are_refused(chosen: list[str], excluded: list[str], says: str) -> None:
    with pytest.raises(RefusedError) as error:
        choose_checks(chosen, excluded)
    assert says in str(error.value)
    assert "Nothing was read." in str(error.value)


@pytest.mark.parametrize(
    ("said", "says"),
    [
        ({"nonsense": {}}, "there is no check nonsense"),
        ({"fk-missing-index": {"nonsense": 1}}, "there is no limit nonsense"),
        ({"fk-missing-index": 5}, "is a mapping"),
    ],
)
def test_wrong_limits_are_refused(said: dict[str, Any], says: str) -> None:
    with pytest.raises(RefusedError, match=says):
        choose_limits(said)


@pytest.mark.parametrize("value", ["many", -1, float("nan"), float("inf"), True, None])
def test_a_limit_is_a_number(value: Any) -> None:
    check = next(check for check in CHECKS.values() if check.about.limits)
    name = check.about.limits[0].name
    with pytest.raises(RefusedError, match=f"limits.{check.about.id}.{name}"):
        choose_limits({check.about.id: {name: value}})
    assert choose_limits({check.about.id: {name: "7"}}) == {check.about.id: {name: 7.0}}


def test_patterns_are_exact_globs_or_regular_expressions() -> None:
    assert matcher("public.t", "objects")("public.t")
    assert not matcher("public.t", "objects")("public.tt")
    assert matcher("public.*", "objects")("public.t.c")
    assert matcher("/t$/", "objects")("public.t")
    assert not matcher("public.T*", "objects")("public.t")
    assert matcher("/", "objects")("/")


def told(**more: Any) -> Told:
    values: dict[str, Any] = {
        "severity": "info",
        "schemas": [],
        "exclude_schemas": [],
        "objects": [],
        "exclude_objects": [],
    }
    return Told(**{**values, **more})


def test_schemas_are_asked_of_what_lives_in_one() -> None:
    schemas = ["public", "app"]
    table, role = finding(names=("public", "t")), finding(names=("public",), object_type="role")
    schema = finding(names=("public",), object_type="schema")
    assert told()(table, schemas)
    assert not told(schemas=["app"])(table, schemas)
    assert not told(schemas=["app"])(schema, schemas)
    assert told(schemas=["app"])(role, schemas)
    assert not told(exclude_schemas=["pub*"])(table, schemas)


def test_objects_and_severities_narrow() -> None:
    one = finding(names=("public", "Odd t"), severity="warning")
    assert told(objects=['public."Odd t"'])(one, ["public"])
    assert not told(objects=["public.t"])(one, ["public"])
    assert not told(exclude_objects=["public.*"])(one, ["public"])
    assert told(severity="warning")(one, ["public"])
    assert not told(severity="error")(one, ["public"])


def holds(said: dict[str, Any], **more: Any) -> bool:
    (suppression,) = read_suppressions([said])
    one = finding(**more)
    return suppression.fits(one) and suppression.holds(one, TODAY)


def test_suppressions_fit_check_and_object() -> None:
    assert holds({"check": "index-unused", "reason": "r"})
    assert holds({"check": "index-*", "object": "public.t.*", "reason": "r"})
    assert not holds({"check": "index-unused", "object": "app.*", "reason": "r"})
    assert not holds({"check": "fk-*", "reason": "r"})


@pytest.mark.parametrize("day", ["2026-11-24", TODAY, datetime.datetime(2026, 11, 24, 5)])
def test_suppressions_hold_through_their_last_day(day: Any) -> None:
    (suppression,) = read_suppressions([{"check": "*", "reason": "r", "expires": day}])
    assert suppression.holds(finding(), TODAY)
    assert not suppression.holds(finding(), TODAY + datetime.timedelta(days=1))


def test_suppressions_end_where_the_value_exceeds() -> None:
    assert holds({"check": "*", "reason": "r", "until": {"days": 31.5}})
    assert not holds({"check": "*", "reason": "r", "until": {"days": 31}})
    assert not holds({"check": "*", "reason": "r", "until": {"nothing of that name": 5}})
    assert not holds({"check": "*", "reason": "r", "until": {"columns": 5}})


@pytest.mark.parametrize(
    ("said", "says"),
    [
        ({"check": "x"}, "gives a reason"),
        ({"check": "x", "reason": "  "}, "gives a reason"),
        ({"reason": "r"}, "names a check"),
        ({"check": "x", "reason": "r", "expire": "2027-01-01"}, "not expire"),
        ({"check": "x", "reason": "r", "expires": "soon"}, "is a date"),
        ({"check": "x", "reason": "r", "until": 5}, "maps names"),
        ({"check": "x", "reason": "r", "until": {"a": "b"}}, "is a number"),
        ({"check": "/(/", "reason": "r"}, "is no regular expression"),
    ],
)
def test_wrong_suppressions_are_refused(said: dict[str, Any], says: str) -> None:
    with pytest.raises(RefusedError, match=says):
        read_suppressions([said])


@pytest.mark.parametrize(
    ("comment", "fits"),
    [
        ("Kept. pgops:ignore index-unused: the month's report", True),
        ("pgops:ignore fk-*, index-*: both", True),
        ("pgops:ignore index-unused until 2026-11-24: today still", True),
        ("pgops:ignore index-unused until 2026-11-23: over", False),
        ("pgops:ignore index-unused", False),
        ("pgops:ignore index-unused until 2026-13-45: no day", False),
        ("pgops:ignore fk-*: other", False),
        ("ignore index-unused: no pragma", False),
        ("", False),
    ],
)
def test_pragmas_in_comments(comment: str, fits: bool) -> None:
    found = [one for one in read_pragmas(comment) if one.fits(finding()) and one.holds(finding(), TODAY)]
    assert bool(found) is fits
    assert all(one.reason for one in found)


def test_an_earlier_review_tells_new_known_and_resolved() -> None:
    known, gone, skipped = finding(names=("public", "a")), finding(names=("public", "b")), finding("fk-x", ("s", "c"))
    baseline = read_baseline(review(known, gone, skipped).as_dict(), "there", "shop")
    fresh = finding(names=("public", "new"))
    assert [baseline.marked(one).state for one in (known, fresh)] == ["known", "new"]
    resolved = baseline.resolved([known, fresh], ["index-unused", "fk-x"], [NotChecked("fk-x", "it took long")])
    assert [one["object"] for one in resolved] == [gone.object]
    assert baseline.resolved([known, fresh], ["fk-x"], []) != resolved


@pytest.mark.parametrize("document", [{}, {"findings": []}, {"kind": "review", "findings": {}}, [], None])
def test_a_baseline_is_a_review(document: Any) -> None:
    with pytest.raises(RefusedError, match="is not the document of a review"):
        read_baseline(document, "there", "shop")


def test_a_baseline_of_another_database_is_refused() -> None:
    with pytest.raises(RefusedError, match="is a review of database shop, and this is other"):
        read_baseline(review(finding()).as_dict(), "there", "other")


@pytest.mark.parametrize("option", ["data_timeout", "data_budget", "data_rows"])
def test_bounds_are_numbers_above_zero(option: str) -> None:
    with pytest.raises(RefusedError, match=option):
        from_params(SchemaCheckSettings, {option: 0.0})


@pytest.mark.parametrize("check", CHECKS.values(), ids=list(CHECKS))
def test_every_check_says_all_of_itself(check: Any) -> None:
    about = check.about
    assert about.severity in SEVERITIES
    assert about.level in LEVELS
    assert not about.title.endswith("."), "a title is a noun phrase"
    for words in (about.why, about.how, about.avoids, about.fix):
        assert words.endswith("."), f"{words!r} is no sentence"
        assert len(words) > 12
    assert check.judge.__doc__, "the function says what it yields"
    for limit in about.limits:
        assert limit.sentence.endswith(".")
        assert limit.unit


def test_groups_hold_every_check_once() -> None:
    names = [check.about.id for group in GROUPS for check in group.checks]
    assert len(names) == len(set(names)) == len(CHECKS)
    assert len({group.name for group in GROUPS}) == len(GROUPS)
    assert all(group.sentence.endswith(".") for group in GROUPS)


def test_a_comment_that_is_hardly_a_pragma_costs_no_time() -> None:
    def spent(times: int) -> float:
        began = time.process_time()
        for filling in (" ", "a", "a ", "until "):
            assert read_pragmas("pgops:ignore " + filling * times) == []
        return time.process_time() - began

    # Ten times the length: about ten times the work, and not a hundred times.
    assert spent(200_000) < 50 * max(spent(20_000), 0.002)


def test_a_baseline_with_strange_entries_is_compared_anyway() -> None:
    strange = {
        "kind": "review",
        "database": "shop",
        "findings": [{"key": "a", "check": ["x"]}, {"key": "b", "check": {}}, 7, {"key": []}],
    }
    assert read_baseline(strange, "here", "shop").resolved((), ["fk-missing-index"], ()) == ()
