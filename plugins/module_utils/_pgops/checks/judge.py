# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs checks over what was seen and makes findings of what they found. Pure: no connection, no clock."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ..model.finding import SEVERITIES, Finding, Found, NotChecked, finding_key, object_text
from .check import Check, applicable, limits_of
from .seen import Seen


@dataclass(frozen=True)
class Judged:
    """A finding, and where a pragma about it may stand: catalog, OID and column number of commented objects."""

    finding: Finding
    comment: tuple[tuple[str, int, int], ...]


@dataclass(frozen=True)
class Judgement:
    """What the checks came to, in a stable order: by severity, check and object."""

    judged: tuple[Judged, ...]
    not_checked: tuple[NotChecked, ...]

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The findings alone."""
        return tuple(judged.finding for judged in self.judged)


def judge(seen: Seen, checks: Iterable[Check], limits: Mapping[str, dict[str, Any]] | None = None) -> Judgement:
    """Judge with these checks; `limits` are by check id and name of the limit."""
    judged: dict[str, Judged] = {}
    not_checked: list[NotChecked] = []
    for check in applicable(checks, seen.contract):
        lacking = _lacking(seen, check)
        if lacking:
            not_checked.append(NotChecked(check.about.id, lacking))
            continue
        for found in check.judge(seen, **limits_of(check, (limits or {}).get(check.about.id, {}))):
            if isinstance(found, NotChecked):
                not_checked.append(found)
            else:
                finding = finding_of(check, found)
                judged.setdefault(finding.key, Judged(finding, found.comment))
    return Judgement(
        tuple(sorted(judged.values(), key=lambda one: order_of(one.finding))),
        tuple(sorted(set(not_checked), key=lambda one: (one.check, one.object, one.reason))),
    )


def order_of(finding: Finding) -> tuple[Any, ...]:
    """What findings are sorted by: the worst first, then by check and object."""
    return (SEVERITIES.index(finding.severity), finding.check, finding.object, finding.key)


def finding_of(check: Check, found: Found) -> Finding:
    """The finding that a check's function meant."""
    about = check.about
    return Finding(
        check=about.id,
        group=about.group,
        severity=found.severity or about.severity,
        object=object_text(found.object, found.signature),
        object_type=found.object_type,
        names=found.object,
        message=found.message,
        evidence=found.evidence,
        key=finding_key(about.id, found.object_type, found.object, found.signature, found.detail),
        confidence=found.confidence,
        fix=found.fix,
        no_fix=found.no_fix or ("" if found.fix else about.fix),
    )


def _lacking(seen: Seen, check: Check) -> str:
    """Why a check cannot be done at all, '' when it can."""
    unread = {one.what: one.reason for one in seen.catalog.unread}
    for need in check.about.needs:
        if need in unread:
            return unread[need]
        if need == "usage" and seen.usage_since is None:
            return (
                "nobody knows since when this database's counters of use have run: the day it was made cannot be read "
                "by this role, and no table remembers a VACUUM or ANALYZE"
            )
        if need == "primary" and seen.catalog.server.in_recovery:
            return "this server is a standby; ask its primary"
    return ""
