# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An earlier review to compare with: what is new, what was known, what is resolved. Pure."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any

from ..model.errors import RefusedError
from ..model.finding import Finding, NotChecked

_KEPT = ("check", "severity", "object", "object_type", "message", "key")


class Baseline:
    """The findings of an earlier review by key; None: there is no earlier one, and nothing is new or known."""

    def __init__(self, findings: Mapping[str, Mapping[str, Any]] | None) -> None:
        self._findings = findings

    def marked(self, finding: Finding) -> Finding:
        """The finding with its state."""
        if self._findings is None:
            return finding
        return dataclasses.replace(finding, state="known" if finding.key in self._findings else "new")

    def resolved(
        self, findings: Iterable[Finding], ran: Iterable[str], not_checked: Iterable[NotChecked]
    ) -> tuple[dict[str, Any], ...]:
        """Earlier findings that are gone; `findings` are all of this time, told or not.

        What was not looked at this time, by a check that did not run or could not be done, is not claimed to be
        resolved.
        """
        there = {finding.key for finding in findings}
        looked = set(ran) - {one.check for one in not_checked}
        gone = [
            {name: found.get(name, "") for name in _KEPT}
            for key, found in (self._findings or {}).items()
            if key not in there and str(found.get("check")) in looked
        ]
        return tuple(sorted(gone, key=lambda one: (str(one["check"]), str(one["object"]), str(one["key"]))))


def read_baseline(document: Any, where: str, database: str) -> Baseline:
    """The findings of a review's document.

    :raises RefusedError: when it is no review, or one of another database than `database`.
    """
    findings = document.get("findings") if isinstance(document, Mapping) else None
    if not isinstance(findings, list) or document.get("kind") != "review":
        raise RefusedError(f"The baseline, {where}, is not the document of a review. Nothing was read.")
    if document.get("database") != database:
        raise RefusedError(
            f"The baseline, {where}, is a review of database {document.get('database')}, and this is {database}. "
            "Nothing was read."
        )
    return Baseline({str(one["key"]): one for one in findings if isinstance(one, Mapping) and "key" in one})
