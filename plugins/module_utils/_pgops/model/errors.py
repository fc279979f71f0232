# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Errors that a person reads: every message is a sentence that names the object and the way on."""

from __future__ import annotations

#: PostgreSQL's own texts are cut to this many characters before they are shown.
TEXT_LIMIT = 500


class PgOpsError(Exception):
    """Something could not be done; `facts` hold what a program may want to know about it (plain JSON values)."""

    def __init__(self, message: str, **facts: object) -> None:
        super().__init__(message)
        self.facts = facts


class RefusedError(PgOpsError):
    """A gate said no before anything was touched."""


class LockedError(PgOpsError):
    """Others held the needed locks until the budget was spent; nothing was changed."""


def cut(text: str, limit: int = TEXT_LIMIT) -> str:
    """`text` with at most `limit` characters, the last one an ellipsis where something was cut off."""
    text = text.strip()
    return text if len(text) <= limit else text[: limit - 1] + "…"
