# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A plan: what a decision wants done, as data. `safe_ddl` runs it; check mode returns it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Plan:
    """Statements for one transaction, in order.

    `reasons` say in sentences why anything is to be done; an empty `statements` means that nothing is.
    `relations` are the OIDs whose locks the statements need, `lock_mode` the strongest of those locks;
    `role` is assumed by SET LOCAL ROLE for the whole transaction, None leaves the session's own.
    """

    statements: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    relations: tuple[int, ...] = ()
    lock_mode: str = "ShareRowExclusiveLock"
    role: str | None = None
    before: str = ""
    after: str = ""

    def __bool__(self) -> bool:
        return bool(self.statements)
