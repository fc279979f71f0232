#!/usr/bin/python

# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: pg_contract_info
short_description: Draft the contract of a PostgreSQL database from what it is
version_added: 0.1.0
description:
  - Drafts a contract, as RV(contract) and as a commented YAML file, from an existing database. It states tables with
    their columns, keys, foreign keys and indexes, views, and who may do what.
  - The draft states what is so. What a contract cannot state, such as an index on an expression, and indexes that
    another does the work of, stand in it as comments. Nothing is invented.
  - What the owner of the data is to decide is asked in comments and in RV(questions). These are columns that are NULL
    nearly everywhere, columns that look like foreign keys and are none, delete rules that differ from those beside
    them, and views over joined tables that take no writes.
  - Checked against the database it was made from, a draft finds nothing. It gets its worth from what its owner changes
    in it.
  - Everything is read in one short read-only snapshot. Nothing in the database is changed.
options:
  schemas:
    description:
      - Schemas whose objects are drafted, as names or as patterns with V(*), V(?) and V([). Empty means all.
      - Names are written as they are stored, without the quotes of SQL. One that fits nothing is said in RV(notes).
    type: list
    elements: str
    default: []
  exclude_schemas:
    description:
      - Schemas whose objects are not drafted, as names or patterns.
    type: list
    elements: str
    default: []
  path:
    description:
      - Where the draft is written on the host, as YAML and with mode C(0640). Its folder must be there.
      - A draft that nobody touched is written anew where the database changed. A file that somebody worked on, or any
        other file, is refused and left as it is. In check mode nothing is written.
    type: path
extends_documentation_fragment:
  - community.postgresql.postgres
  - ollama_scanner.pgops.connection
  - ollama_scanner.pgops.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: full
    details: Figures in comments follow PostgreSQL's statistics, so that an ANALYZE may change the file.
notes:
  - Partitions go with their table, and what belongs to an extension is left out. So are foreign tables, check
    constraints, triggers, functions and policies, which a contract does not state.
  - The shares of NULLs are those of the last ANALYZE. What this role may not read, or was never analyzed, stands in
    RV(unread).
seealso:
  - module: ollama_scanner.pgops.pg_schema_check
  - module: ollama_scanner.pgops.pg_schema_info
author:
  - Ollama Scanner maintainers (@ollama-scanner)
"""

EXAMPLES = r"""
- name: Draft a contract
  ollama_scanner.pgops.pg_contract_info:
    login_db: ollama_scanner
  register: draft

- name: Draft it as a file to go on with
  ollama_scanner.pgops.pg_contract_info:
    login_db: ollama_scanner
    schemas: [public]
    path: ~/ollama_scanner.yml
"""

RETURN = r"""
contract:
  description:
    - The draft as a mapping, as the options O(ollama_scanner.pgops.pg_schema_check#module:contract) and
      O(ollama_scanner.pgops.pg_view_triggers#module:contract) take it.
    - Where RV(truncated) says so, its tables, views and grants are left out.
  returned: success
  type: dict
  sample:
    contract: 1
    database: ollama_scanner
    schema: public
    tables:
      metadata:
        columns:
          key: {type: text, not_null: true}
          value: {type: text}
        primary_key: [key]
text:
  description: The draft as YAML with comments, the first million characters of it.
  returned: success
  type: str
  sample: |
    ---
    # A draft of the contract of database ollama_scanner, made from what the database is.

    contract: 1
truncated:
  description: Whether the draft was longer than a million characters and was cut. The file at O(path) never is.
  returned: success
  type: bool
  sample: false
questions:
  description: What the owner is to answer, with the place in the contract, at most 200.
  returned: success
  type: list
  elements: dict
  contains:
    at:
      description: The place in the contract.
      type: str
      sample: tables.benchmark_results.foreign_keys[1]
    question:
      description: The question.
      type: str
      sample: A delete means SET NULL here and CASCADE for the keys beside it. Is that meant?
unread:
  description: What could not be read, and why.
  returned: success
  type: list
  elements: dict
  sample:
    - what: shares of NULLs
      reason: this role may not read public.endpoints
notes:
  description: What whoever asked should know, such as that no schema is called so. Each is a warning too.
  returned: success
  type: list
  elements: str
  sample: []
path:
  description:
    - The file that holds the draft, V(null) without O(path). Beside it Ansible tells C(size), C(mode), C(owner) and the
      like of that file.
  returned: success
  type: str
  sample: /root/ollama_scanner.yml
"""

import typing as t

from ansible_collections.ollama_scanner.pgops.plugins.module_utils._door import (
    module_for,
    need_driver,
    open_session,
    refuse,
)
from ansible_collections.ollama_scanner.pgops.plugins.module_utils._pgops.model.errors import PgOpsError
from ansible_collections.ollama_scanner.pgops.plugins.module_utils._pgops.model.settings.contract_info import (
    ContractInfoSettings,
)
from ansible_collections.ollama_scanner.pgops.plugins.module_utils._pgops.model.settings.option import from_params
from ansible_collections.ollama_scanner.pgops.plugins.module_utils._pgops.status.contract_info import (
    make_draft,
    result_of,
)


def main() -> t.NoReturn:
    """Ask and tell; the library does all of it."""
    module = module_for(ContractInfoSettings)
    need_driver(module)
    try:
        settings = from_params(ContractInfoSettings, module.params)
        if not module.params["login_db"]:
            raise PgOpsError("Say which database: login_db. Nothing was touched.")
        with open_session(module, module.params["login_db"]) as session:
            outcome = make_draft(session, settings, module.check_mode)
    except PgOpsError as error:
        refuse(module, error)
    for note in outcome.notes:
        module.warn(note)
    module.exit_json(**result_of(outcome))


if __name__ == "__main__":
    main()
