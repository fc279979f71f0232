# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A review: what was found in one database, what was not looked at, and one verdict. Plain data."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from .finding import SEVERITIES, CheckInfo, Finding, NotChecked

SCHEMA_VERSION = 1
VERDICTS = ("ok", "warning", "critical", "unknown")


@dataclass(frozen=True)
class Review:
    """What became of a review. `created` is in seconds since 1970.

    `scope` says what was looked at and how; `resolved` are findings of an earlier review that are gone; `notes` are
    sentences about the review itself, such as a suppression that has run out.
    """

    database: str
    server_version: str
    created: float
    scope: dict[str, Any]
    checks: tuple[CheckInfo, ...]
    findings: tuple[Finding, ...]
    not_checked: tuple[NotChecked, ...]
    resolved: tuple[dict[str, Any], ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def counted(self) -> tuple[Finding, ...]:
        """Findings that nobody suppressed."""
        return tuple(finding for finding in self.findings if finding.suppressed is None)

    @property
    def summary(self) -> dict[str, int]:
        """Numbers of findings by severity, and of suppressed, new and resolved ones."""
        counts = dict.fromkeys(SEVERITIES, 0)
        for finding in self.counted:
            counts[finding.severity] += 1
        return {
            **counts,
            "suppressed": len(self.findings) - len(self.counted),
            "new": sum(finding.state == "new" for finding in self.counted),
            "resolved": len(self.resolved),
        }

    @property
    def verdict(self) -> str:
        """`critical` for a critical or error finding, `warning` for a warning, `unknown` where a default check could
        not be done, else `ok`."""
        summary = self.summary
        if summary["critical"] or summary["error"]:
            return "critical"
        if summary["warning"]:
            return "warning"
        default = {check.id for check in self.checks if check.level == "default"}
        return "unknown" if any(one.check in default for one in self.not_checked) else "ok"

    @property
    def moment(self) -> str:
        """When it was made, in UTC: `2026-11-24T06:18:43Z`."""
        return datetime.datetime.fromtimestamp(self.created, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")

    def as_dict(self) -> dict[str, Any]:
        """The document, whose schema is docs/schemas/review-1.json."""
        return {
            "kind": "review",
            "schema_version": SCHEMA_VERSION,
            "created": self.moment,
            "database": self.database,
            "server_version": self.server_version,
            "verdict": self.verdict,
            "summary": self.summary,
            "scope": self.scope,
            "findings": [finding.as_dict() for finding in self.findings],
            "not_checked": [one.as_dict() for one in self.not_checked],
            "resolved": list(self.resolved),
            "notes": list(self.notes),
        }


def count_text(counts: Iterable[tuple[int, str]]) -> str:
    """`2 errors, 1 warning`: what is there, in words; `nothing` where nothing is."""
    said = [f"{number} {word}{'' if number == 1 else 's'}" for number, word in counts if number]
    return ", ".join(said) or "nothing"
