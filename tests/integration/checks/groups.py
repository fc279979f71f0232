# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The truth tables by group."""

from __future__ import annotations

import cases_foreign_keys
from cases import Case

CASES: dict[str, list[Case]] = {
    "foreign-keys": cases_foreign_keys.CASES,
}
