# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  login_db:
    description:
      - The database to work on.
      - Where the module takes a contract, the contract's database is the default.
    type: str
notes:
  - The module connects to the server itself; a transaction pooler in between is recognised and refused.
  - >-
    Sessions bear C(pgops) and the module's name as C(application_name), so that a database administrator sees
    who works.
"""
