# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A review as SARIF 2.1.0, the format that code scanners share (OASIS standard of March 2020)."""

from __future__ import annotations

from typing import Any

from ..model.finding import CheckInfo, Finding
from ..model.review import Review

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
HOME = "https://github.com/ollama-scanner/pgops"
#: The name and version of how findings are told apart; another version when keys are made in another way.
FINGERPRINT = "pgopsFinding/v1"
_LEVELS = {"critical": "error", "error": "error", "warning": "warning", "info": "note"}
_STATES = {"new": "new", "known": "unchanged"}


def review_sarif(review: Review) -> dict[str, Any]:
    """The review as a SARIF log of one run; resolved findings are results that are absent."""
    places = {check.id: place for place, check in enumerate(review.checks)}
    results = [_result(finding, places, review.database) for finding in review.findings]
    results += [_absent(gone, review.database) for gone in review.resolved]
    return {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "pgops review",
                        "informationUri": HOME,
                        "rules": [_rule(check) for check in review.checks],
                    }
                },
                "automationDetails": {"id": f"pgops-review/{review.database}/"},
                "invocations": [
                    {
                        "executionSuccessful": True,
                        "endTimeUtc": review.moment,
                        "toolExecutionNotifications": [
                            {
                                "level": "warning",
                                "message": {"text": f"{one.check} {one.object}".rstrip() + f": {one.reason}"},
                                "associatedRule": {"id": one.check},
                            }
                            for one in review.not_checked
                        ],
                    }
                ],
                "results": results,
                "properties": {"verdict": review.verdict, "summary": review.summary},
            }
        ],
    }


def _rule(check: CheckInfo) -> dict[str, Any]:
    text = f"{check.why} {check.how} {check.avoids} {check.fix}"
    return {
        "id": check.id,
        "shortDescription": {"text": f"{check.title}."},
        "fullDescription": {"text": check.why},
        "help": {"text": text},
        "defaultConfiguration": {"level": _LEVELS[check.severity]},
        "properties": {"tags": ["postgresql", check.group], "severity": check.severity, "level": check.level},
    }


def _result(finding: Finding, places: dict[str, int], database: str) -> dict[str, Any]:
    result: dict[str, Any] = {
        "ruleId": finding.check,
        "ruleIndex": places[finding.check],
        "level": _LEVELS[finding.severity],
        "message": {"text": f"{finding.object}: {finding.message}"},
        "locations": [_location(database, finding.object, finding.object_type, finding.names)],
        "partialFingerprints": {FINGERPRINT: finding.key},
        "properties": {
            "severity": finding.severity,
            "confidence": finding.confidence,
            "evidence": finding.evidence,
            "fix": None if finding.fix is None else finding.fix.as_dict(),
            "noFix": finding.no_fix,
        },
    }
    if finding.state:
        result["baselineState"] = _STATES[finding.state]
    if finding.suppressed is not None:
        result["suppressions"] = [{"kind": "external", "status": "accepted", "justification": finding.suppressed}]
    return result


def _absent(gone: dict[str, Any], database: str) -> dict[str, Any]:
    name = str(gone["object"])
    return {
        "ruleId": str(gone["check"]),
        "level": _LEVELS.get(str(gone["severity"]), "none"),
        "message": {"text": f"{name}: {gone['message']}"},
        "locations": [_location(database, name, str(gone["object_type"]), (name,))],
        "partialFingerprints": {FINGERPRINT: str(gone["key"])},
        "baselineState": "absent",
    }


def _location(database: str, name: str, kind: str, names: tuple[str, ...]) -> dict[str, Any]:
    location = {"fullyQualifiedName": f"{database}.{name}" if name else database, "kind": kind}
    if names:
        location["name"] = names[-1]
    return {"logicalLocations": [location]}
