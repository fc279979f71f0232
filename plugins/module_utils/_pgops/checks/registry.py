# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""All checks, group by group, in the order of the reference page.

Groups are imported by name: what is found by looking through a folder does not travel with a module.
"""

from __future__ import annotations

from . import foreign_keys
from .check import Check, Group

GROUPS: tuple[Group, ...] = (foreign_keys.GROUP,)

CHECKS: dict[str, Check] = {check.about.id: check for group in GROUPS for check in group.checks}
