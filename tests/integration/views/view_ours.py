# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one place where the tests call the library."""

from __future__ import annotations

from typing import Any


class Refused(Exception):
    """The library said no; the text is its sentence."""


def install_ours(dsn: str, database: str, view: str, policy: dict[str, Any], options: dict[str, Any]) -> dict[str, Any]:
    """Bring one view to the state its policy describes and return what the module would return for it."""
    raise Refused(f"no library yet for {view} in {database}: {policy} {options} {dsn}")
