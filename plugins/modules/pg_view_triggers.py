#!/usr/bin/python

# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: pg_view_triggers
short_description: Make join views writable
version_added: 0.1.0
description:
  - Derives C(INSTEAD OF) triggers for a join view from the view's stored query and installs them, so that programs can
    C(INSERT), C(UPDATE) and C(DELETE) through the view.
  - Which table column stands behind which view column, and which columns join the tables, is read from the database
    itself. The contract says only what cannot be derived.
  - The triggers give real values to C(RETURNING), keep the defaults of the tables, write only changed columns, lock the
    row and look at it again before they write, and refuse what they cannot do instead of reporting success.
options:
  view:
    description:
      - The view, C(schema.name) or a bare name of the contract's schema (V(public) where there is no contract).
      - Without it, every writable view of O(contract) is meant, all of them or none in one transaction.
    type: str
  state:
    description:
      - V(present) makes the view take writes.
      - V(absent) removes what this module made for it, and nothing else.
    type: str
    choices: [present, absent]
    default: present
  contract:
    description:
      - The database's contract, whole or in part. Of a view it says under C(writable) what cannot be derived.
      - Everything that is wrong in it is named with its place before the database is touched.
    type: dict
  definition:
    description:
      - The mapping of a contract's C(writable), for a database without a contract.
    type: dict
  adopt:
    description:
      - Whether C(INSTEAD OF) triggers and functions of other authors on the view may be replaced.
      - Their functions are dropped too where nothing else uses them; their text is in the diff.
    type: bool
    default: false
  probe:
    description:
      - Whether new triggers are tried with an update, a delete and an insert of a visible row, in a transaction that is
        rolled back, before they are kept.
      - What no rollback takes back are advanced sequences and what triggers of the tables do outside the database.
    type: bool
    default: true
  probe_timeout:
    description:
      - How long the probe may take, in seconds, above 0 and at most 3600.
    type: float
    default: 5
  lock_budget:
    description:
      - How long to go on asking for locks that others hold, in seconds, above 0 and at most 86400.
      - Each single wait is one second at most.
    type: float
    default: 60
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
notes:
  - PostgreSQL does some things with such views silently, whatever the triggers do. With
    C(session_replication_role = replica) no trigger fires and writes are counted that nothing stored.
    C(ON CONFLICT DO NOTHING) without a target is accepted on the view and has no effect; use the policy C(on_conflict).
    C(MERGE) on such a view needs PostgreSQL 17.
  - In an C(INSERT), a column that is left out and one that is given as C(NULL) cannot be told apart. Both mean that the
    table's default applies, unless the contract says C(insert_null) V(null) for the column.
seealso:
  - module: community.postgresql.postgresql_query
author:
  - Ollama Scanner maintainers (@ollama-scanner)
"""

EXAMPLES = r"""
- name: Make the views of the contract writable
  ollama_scanner.pgops.pg_view_triggers:
    contract: "{{ lookup('ansible.builtin.file', 'ollama_scanner.yml') | from_yaml }}"

- name: Make one view writable without a contract
  ollama_scanner.pgops.pg_view_triggers:
    login_db: ollama_scanner
    view: public.servers
    definition:
      on_conflict: upsert
      on_delete: root
      fixed_values:
        endpoints:
          verified: 1

- name: Take over hand-made triggers
  ollama_scanner.pgops.pg_view_triggers:
    login_db: ollama_scanner
    view: servers
    adopt: true
    definition:
      on_conflict: upsert
      on_delete: root
      fixed_values:
        endpoints:
          verified: 1

- name: Remove the triggers again
  ollama_scanner.pgops.pg_view_triggers:
    login_db: ollama_scanner
    view: servers
    state: absent
"""

RETURN = r"""
queries:
  description: The statements that were run, or would be run in check mode, in order.
  returned: always
  type: list
  elements: str
  sample: ["CREATE OR REPLACE FUNCTION public.pgops_servers_insert() RETURNS trigger ..."]
views:
  description:
    - One entry for each view. For a single view its keys stand at the top level too.
    - Empty where the contract declares no writable view.
  returned: success
  type: list
  elements: dict
  contains:
    view:
      description: The view, as SQL names it.
      type: str
      sample: public.servers
    changed:
      description: Whether anything was done for it, or would be.
      type: bool
      sample: true
    reasons:
      description: Why something is to be done, in words.
      type: list
      elements: str
      sample: ["the view or its tables changed since the triggers were made"]
    queries:
      description: The statements for this view.
      type: list
      elements: str
      sample: []
    notes:
      description: What an owner should know though nothing is wrong with it, such as row security of a table.
      type: list
      elements: str
      sample: []
    column_map:
      description: For each view column the table column behind it, and whether INSERT and UPDATE write it or why not.
      type: dict
      sample:
        id:
          table: public.endpoints
          alias: e
          column: id
          insert: written
          update: it is a key of the join
    tables:
      description: The joined tables in the order they are written.
      type: list
      elements: dict
      sample:
        - table: public.endpoints
          alias: e
          key_preserved: true
          root: true
          deleted: true
    triggers:
      description: The triggers that stand on the view now and were made by this module.
      type: list
      elements: dict
      sample:
        - name: pgops_servers_insert
          events: [insert]
          function: public.pgops_servers_insert
    probe:
      description:
        - How the trial went. C(status) is V(passed), V(partial) (some statement could not be tried), V(not_possible)
          (nothing could be tried), V(unchanged) or V(not_run).
      type: dict
      sample:
        status: passed
        reason: ""
        steps: {update: passed, delete: passed, insert: passed, constraints: passed}
    diff:
      description: The triggers and functions before and after.
      type: dict
      sample: {before: "", after: "trigger pgops_servers_insert: ..."}
    lock_tries:
      description: How many times the locks were asked for.
      type: int
      sample: 1
    blockers:
      description: Who held a lock that was needed, as seen between the tries.
      type: list
      elements: str
      sample: []
"""

import typing as t

from ansible_collections.ollama_scanner.pgops.plugins.module_utils._door import (
    module_for,
    need_driver,
    open_session,
    refuse,
)
from ansible_collections.ollama_scanner.pgops.plugins.module_utils._pgops.model.contract.parse import parse_contract
from ansible_collections.ollama_scanner.pgops.plugins.module_utils._pgops.model.errors import PgOpsError
from ansible_collections.ollama_scanner.pgops.plugins.module_utils._pgops.model.settings.option import from_params
from ansible_collections.ollama_scanner.pgops.plugins.module_utils._pgops.model.settings.view_triggers import (
    ViewTriggersSettings,
)
from ansible_collections.ollama_scanner.pgops.plugins.module_utils._pgops.view_triggers.workflow import (
    converge,
    result_of,
)


def main() -> t.NoReturn:
    """Ask, decide, act; the library does all of it."""
    module = module_for(
        ViewTriggersSettings,
        mutually_exclusive=[("contract", "definition")],
        required_one_of=[("view", "contract")],
    )
    need_driver(module)
    try:
        settings = from_params(ViewTriggersSettings, module.params)
        contract = parse_contract(settings.contract) if settings.contract is not None else None
        database = module.params["login_db"] or (contract.database if contract else "")
        if not database:
            raise PgOpsError("Say which database: login_db, or a contract that names it. Nothing was touched.")
        with open_session(module, database) as session:
            outcomes = converge(session, settings, contract, module.check_mode)
    except PgOpsError as error:
        refuse(module, error)
    result, warnings = result_of(outcomes)
    for warning in warnings:
        module.warn(warning)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
