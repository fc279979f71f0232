# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which checks run, and which findings are told: what a person chose, held against what there is. Pure."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from ..model.errors import RefusedError
from ..model.finding import SEVERITIES, Finding
from .check import Check
from .registry import CHECKS, GROUPS

Matcher = Callable[[str], bool]
_LEVELS = {"default": ("default",), "extended": ("default", "extended"), "all": ("default", "extended", "opt_in")}
_GLOB = re.compile(r"[*?\[]")


def matcher(pattern: str, option: str) -> Matcher:
    """A test of texts: `/regex/` is searched for, a pattern with `*`, `?` or `[` is a glob, anything else is exact.

    :raises RefusedError: for a regular expression that is none; `option` is where it stands.
    """
    if len(pattern) > 2 and pattern.startswith("/") and pattern.endswith("/"):
        try:
            expression = re.compile(pattern[1:-1])
        except re.error as error:
            raise RefusedError(f"`{option}`: {pattern} is no regular expression: {error}. Nothing was read.") from error
        return lambda text: expression.search(text) is not None
    if _GLOB.search(pattern):
        return lambda text: fnmatchcase(text, pattern)
    return lambda text: text == pattern


def any_of(patterns: Iterable[str], option: str) -> Matcher:
    """A test whether one of the patterns fits."""
    matchers = [matcher(pattern, option) for pattern in patterns]
    return lambda text: any(fits(text) for fits in matchers)


def choose_checks(chosen: Sequence[str], excluded: Sequence[str]) -> list[Check]:
    """The checks that run, in the registry's order.

    :raises RefusedError: for a word that is no level, group, id or fitting pattern, with the nearest right one.
    """
    wanted = {check for word in chosen for check in _meant(word, "checks")}
    wanted -= {check for word in excluded for check in _meant(word, "exclude_checks")}
    if not wanted:
        raise RefusedError("`checks` and `exclude_checks` leave no check to run. Nothing was read.")
    return [check for check_id, check in CHECKS.items() if check_id in wanted]


def _meant(word: str, option: str) -> set[str]:
    if word in _LEVELS:
        return {check_id for check_id, check in CHECKS.items() if check.about.level in _LEVELS[word]}
    groups = {group.name: {check.about.id for check in group.checks} for group in GROUPS}
    if word in groups:
        return groups[word]
    fits = matcher(word, option)
    found = {check_id for check_id in CHECKS if fits(check_id)}
    if not found:
        known = [*_LEVELS, *groups, *CHECKS]
        near = difflib.get_close_matches(word, known, 1)
        hint = f" Did you mean {near[0]}?" if near else ""
        raise RefusedError(f"`{option}`: there is no check, group or level {word}.{hint} Nothing was read.")
    return found


def choose_limits(said: Mapping[str, Any]) -> dict[str, dict[str, float]]:
    """The limits that a person set, by check and name.

    :raises RefusedError: for an unknown check or limit, and for a value that is no number at or above 0.
    """
    limits: dict[str, dict[str, float]] = {}
    for check_id, values in said.items():
        check = CHECKS.get(check_id)
        if check is None:
            near = difflib.get_close_matches(check_id, list(CHECKS), 1)
            hint = f" Did you mean {near[0]}?" if near else ""
            raise RefusedError(f"`limits`: there is no check {check_id}.{hint} Nothing was read.")
        names = [limit.name for limit in check.about.limits]
        if not isinstance(values, Mapping):
            raise RefusedError(
                f"`limits.{check_id}` is a mapping of {', '.join(names) or 'nothing'}. Nothing was read."
            )
        for name, value in values.items():
            if name not in names:
                there = f"it has {', '.join(names)}" if names else "it has none"
                raise RefusedError(f"`limits.{check_id}`: there is no limit {name}; {there}. Nothing was read.")
            limits.setdefault(check_id, {})[name] = _number(f"limits.{check_id}.{name}", value)
    return limits


def _number(place: str, value: Any) -> float:
    try:
        number = float(value) if not isinstance(value, bool) else -1.0
    except (TypeError, ValueError):
        number = -1.0
    if not 0 <= number < float("inf"):
        raise RefusedError(f"`{place}` is a number of at least 0, not {value!r}. Nothing was read.")
    return number


class Told:
    """Which findings are told: by severity, schema and object.

    Schemas are asked of what lives in one; roles, settings and other things of the cluster are told whatever schemas
    were chosen.
    """

    def __init__(
        self,
        severity: str,
        schemas: Sequence[str],
        exclude_schemas: Sequence[str],
        objects: Sequence[str],
        exclude_objects: Sequence[str],
    ) -> None:
        self._worst = SEVERITIES.index(severity)
        self._schemas = any_of(schemas, "schemas") if schemas else lambda schema: True
        self._not_schemas = any_of(exclude_schemas, "exclude_schemas")
        self._objects = any_of(objects, "objects") if objects else lambda name: True
        self._not_objects = any_of(exclude_objects, "exclude_objects")

    def __call__(self, finding: Finding, schemas: Iterable[str]) -> bool:
        """Whether this one is; `schemas` are those of the database."""
        if SEVERITIES.index(finding.severity) > self._worst:
            return False
        names = finding.names
        in_schema = bool(names) and (finding.object_type == "schema" or (len(names) > 1 and names[0] in schemas))
        if in_schema and (not self._schemas(names[0]) or self._not_schemas(names[0])):
            return False
        return self._objects(finding.object) and not self._not_objects(finding.object)
