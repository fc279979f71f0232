# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The review at the end of the playbook sees what the playbook mended, and what it did not."""

from __future__ import annotations

import json
from typing import Any

REPORT = "/var/lib/postgresql/pgops_reviews/ollama_scanner.json"


def test_the_review_finds_the_view_writable_now(host: Any) -> None:
    review = json.loads(host.file(REPORT).content_string)
    found = {finding["check"] for finding in review["findings"]}
    assert "view-not-writable" in review["scope"]["checks"]
    assert review["scope"]["contract"]
    assert {check for check in found if check.startswith(("view-", "function-"))} == set()
    assert {"data-null-where-expected", "fk-missing", "index-redundant-unique"} - found == set()
