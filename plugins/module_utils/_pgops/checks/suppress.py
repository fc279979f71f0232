# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Findings that somebody knows and accepts: said in the settings, or in a comment on the object itself. Pure."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ..model.errors import RefusedError
from ..model.finding import Finding
from .choice import Matcher, any_of, matcher

_KEYS = ("check", "object", "reason", "expires", "until")
#: `pgops:ignore index-unused, fk-* until 2027-06-30: the month's report uses it`
_PRAGMA = re.compile(
    r"pgops:ignore\s+(?P<checks>[\w*?,\[\]-][\w*?,\s\[\]-]{0,999}?)(?:\s+until\s+(?P<expires>\d{4}-\d{2}-\d{2}))?"
    r"\s{0,99}:\s*(?P<reason>[^\n]+)"
)


@dataclass(frozen=True)
class Suppression:
    """One accepted finding, or a pattern of them. `until` are evidence values: above them it counts again."""

    text: str
    check: Matcher
    object: Matcher
    reason: str
    expires: datetime.date | None = None
    until: tuple[tuple[str, float], ...] = ()

    def fits(self, finding: Finding) -> bool:
        """Whether the finding is meant, whatever the day and its figures."""
        return self.check(finding.check) and self.object(finding.object)

    def holds(self, finding: Finding, today: datetime.date) -> bool:
        """Whether it is suppressed today."""
        if self.expires is not None and today > self.expires:
            return False
        return all(_value(finding, name) <= most for name, most in self.until)


def _value(finding: Finding, name: str) -> float:
    value = finding.evidence.get(name)
    # A figure that is not there cannot be below anything.
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else float("inf")


def read_suppressions(said: Iterable[Mapping[str, Any]]) -> list[Suppression]:
    """The suppressions of the settings.

    :raises RefusedError: for an unknown key, a missing reason, a date that is none.
    """
    return [_suppression(f"suppress[{place}]", dict(one)) for place, one in enumerate(said)]


def _suppression(place: str, said: dict[str, Any]) -> Suppression:
    unknown = [str(key) for key in said if key not in _KEYS]
    if unknown:
        raise RefusedError(f"`{place}` knows {', '.join(_KEYS)}, not {', '.join(unknown)}. Nothing was read.")
    reason = str(said.get("reason") or "").strip()
    if not said.get("check") or not reason:
        raise RefusedError(f"`{place}` names a check and gives a reason. Nothing was read.")
    until = said.get("until") or {}
    if not isinstance(until, Mapping):
        raise RefusedError(f"`{place}.until` maps names of evidence to the highest value accepted. Nothing was read.")
    return Suppression(
        text=f"{said['check']} {said.get('object') or '*'}",
        check=matcher(str(said["check"]), f"{place}.check"),
        object=matcher(str(said.get("object") or "*"), f"{place}.object"),
        reason=reason,
        expires=_date(said.get("expires"), f"{place}.expires"),
        until=tuple(sorted((str(name), _most(value, f"{place}.until.{name}")) for name, value in until.items())),
    )


def _date(said: Any, place: str) -> datetime.date | None:
    if said in (None, ""):
        return None
    if isinstance(said, datetime.datetime):
        return said.date()
    if isinstance(said, datetime.date):
        return said
    try:
        return datetime.date.fromisoformat(str(said))
    except ValueError:
        raise RefusedError(f"`{place}` is a date such as 2027-06-30, not {said!r}. Nothing was read.") from None


def _most(said: Any, place: str) -> float:
    try:
        return float(said)
    except (TypeError, ValueError):
        raise RefusedError(f"`{place}` is a number, not {said!r}. Nothing was read.") from None


def read_pragmas(comment: str) -> list[Suppression]:
    """The suppressions in a comment on an object: `pgops:ignore CHECK[, CHECK] [until DATE]: reason`.

    A pragma without a reason, or with a date that is none, is not one.
    """
    found = []
    for pragma in _PRAGMA.finditer(comment):
        checks = [word for word in re.split(r"[,\s]+", pragma["checks"]) if word]
        try:
            expires = _date(pragma["expires"], "comment")
        except RefusedError:
            continue
        fits = any_of(checks, "comment")
        text = f"comment: {' '.join(checks)}"
        found.append(Suppression(text, fits, lambda name: True, pragma["reason"].strip(), expires))
    return found
