# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The head of the review that the playbook wrote, and where the whole of it stands."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

#: Findings that are shown; the report holds all of them.
SHOWN = 5


def head_of_review(folder: Path, database: str) -> tuple[list[str], str]:
    """Sentences about the worst findings, one for each check, and one about the rest.

    :raises ValueError: when the report is not there or says nothing; the message says which file.
    """
    path = folder / f"{database}.json"
    try:
        review: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        findings = [finding for finding in review["findings"] if finding["suppressed"] is None]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ValueError(f"the review is not to be read in {path}: {error}") from error
    by_check: dict[str, list[dict[str, Any]]] = {}
    for finding in findings:
        by_check.setdefault(finding["check"], []).append(finding)
    lines = []
    for check, found in list(by_check.items())[:SHOWN]:
        more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
        lines.append(f"{found[0]['severity']} {check}: {found[0]['message']}{more}")
    rest = sum(len(found) for found in list(by_check.values())[SHOWN:])
    fixed = sum(finding["fix"] is not None for finding in findings)
    summary = f"{len(findings)} findings, {rest} of them by checks not shown; {fixed} come with SQL that mends them."
    return lines, summary
