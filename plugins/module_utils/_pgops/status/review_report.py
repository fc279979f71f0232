# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What becomes of a review: files in the formats asked for, and the short form that a module gives back."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Sequence
from typing import Any

from ..files import write_atomic
from ..formats.json_text import json_text
from ..formats.review_junit import review_junit
from ..formats.review_markdown import review_markdown
from ..formats.review_nagios import review_nagios
from ..formats.review_sarif import review_sarif
from ..model.finding import SEVERITIES
from ..model.review import Review

#: The most findings (and other entries) that a module gives back: longer results cost seconds in Ansible.
INLINE = 200
_ENDINGS: dict[str, tuple[str, Callable[[Review], str]]] = {
    "json": (".json", lambda review: json_text(review.as_dict())),
    "markdown": (".md", review_markdown),
    "sarif": (".sarif", lambda review: json_text(review_sarif(review))),
    "junit": (".junit.xml", review_junit),
}


def report_paths(path: str, formats: Sequence[str]) -> dict[str, str]:
    """The path of each format's file: `path` with the ending of the format in place of `.json`."""
    stem = path[: -len(".json")] if path.endswith(".json") else path
    return {word: stem + _ENDINGS[word][0] for word in formats}


def write_reports(review: Review, path: str, formats: Sequence[str]) -> list[dict[str, str]]:
    """Write the review in these formats, each file whole or not at all; their format, path and SHA-256.

    :raises PgOpsError: when a file cannot be written; it names the path.
    """
    written = []
    for word, target in report_paths(path, formats).items():
        data = _ENDINGS[word][1](review).encode("utf-8", "replace")
        write_atomic(target, data)
        written.append({"format": word, "path": os.path.abspath(target), "sha256": hashlib.sha256(data).hexdigest()})
    return written


def result_of(review: Review, files: Sequence[dict[str, str]] = ()) -> dict[str, Any]:
    """The short form: the document of the review with its lists cut to `INLINE` entries, and the numbers of all."""
    document = review.as_dict()
    cut = {name: document[name][:INLINE] for name in ("findings", "not_checked", "resolved", "notes")}
    return {
        "changed": False,
        "created": document["created"],
        "database": review.database,
        "server_version": review.server_version,
        "verdict": review.verdict,
        "summary": review.summary,
        "summary_new": {
            severity: sum(one.severity == severity and one.state == "new" for one in review.counted)
            for severity in SEVERITIES
        },
        "scope": review.scope,
        **cut,
        "totals": {name: len(document[name]) for name in cut},
        "nagios": review_nagios(review),
        "files": list(files),
    }
