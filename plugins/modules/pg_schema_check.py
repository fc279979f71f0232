#!/usr/bin/python

# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: pg_schema_check
short_description: Review a PostgreSQL database
version_added: 0.1.0
description:
  - Reads the whole catalog of one database in one short read-only snapshot, asks the data where a check needs it, and
    tells what is wrong, how sure that is, and which statements mend it, with the locks they take and the way back.
  - With a contract it also tells where the database differs from what its owner declared.
  - Nothing is changed in the database and nothing that users wrote is run with more rights than its owner's. What
    could not be looked at stands in RV(not_checked); it never passes for healthy.
  - The module does not fail because of what it finds. The role P(ollama_scanner.pgops.pg_schema_review#role) has an
    option for that.
options:
  contract:
    description:
      - The database's contract, whole or in part. Without it the checks that compare with a contract are left out.
    type: dict
  checks:
    description:
      - Which checks run. V(default) are those that are right practically always, V(extended) adds those with more
        opinion, V(all) adds taste and conventions. Groups and ids are named as on the reference page of all checks.
      - A pattern with V(*), V(?) or V([) is a glob; V(/text/) is a regular expression.
    type: list
    elements: str
    default: [default]
  exclude_checks:
    description:
      - Which of them do not run. Groups, ids, or patterns as in O(checks).
    type: list
    elements: str
    default: []
  severity:
    description:
      - The mildest severity that is told.
    type: str
    choices: [info, warning, error, critical]
    default: info
  schemas:
    description:
      - Schemas whose objects are told, as names or patterns. Empty means all. Findings about roles, settings and
        other things outside of schemas are told whatever stands here.
    type: list
    elements: str
    default: []
  exclude_schemas:
    description:
      - Schemas whose objects are not told.
    type: list
    elements: str
    default: []
  objects:
    description:
      - Objects that are told, spelled as findings name them, or patterns. Empty means all.
    type: list
    elements: str
    default: []
  exclude_objects:
    description:
      - Objects that are not told.
    type: list
    elements: str
    default: []
  suppress:
    description:
      - Findings that are known and accepted. They stay in the result, with the reason, and count for nothing.
      - Each names a C(check) and gives a C(reason); C(object) narrows it to objects, C(expires) is the last day it
        holds (a date), C(until) maps names of a finding's evidence to the highest value that is accepted.
      - A suppression that has run out, is exceeded or fits nothing is said in RV(notes).
    type: list
    elements: dict
    default: []
  pragmas:
    description:
      - Whether comments on objects suppress findings about them.
      - >-
        Anywhere in a C(COMMENT ON) the object, the text is C(pgops:ignore), one or more checks, C(until) and a date
        where it holds for a while, a colon, and the reason; such as C(pgops:ignore index-unused until 2030-06-30: the
        month's report uses it).
    type: bool
    default: true
  baseline:
    description:
      - An earlier review to compare with, as the path of its JSON file on the host or as the document itself.
        Findings are then V(new) or V(known), and those that are gone stand in RV(resolved).
      - A path without a file means that there is no earlier review yet.
    type: raw
  limits:
    description:
      - Thresholds of checks, by the check's id and the name of the limit. The reference page lists them.
    type: dict
  data_timeout:
    description:
      - How long one question to the data may take, in seconds, above 0 and at most 3600. One that takes longer ends
        in RV(not_checked).
    type: float
    default: 5
  data_budget:
    description:
      - How long all questions to the data may take together, in seconds, above 0 and at most 86400.
    type: float
    default: 60
  data_rows:
    description:
      - How many rows one question to the data may read, by PostgreSQL's own estimate. Larger ones are not asked and
        end in RV(not_checked).
    type: float
    default: 10000000
  path:
    description:
      - Where the whole review is written on the host, as JSON; the other O(formats) are written beside it with their
        own endings. Its folder must be there. In check mode nothing is written.
    type: path
  formats:
    description:
      - What is written. V(json) is the document, V(markdown) (C(.md)) is for people, V(sarif) (C(.sarif)) for code
        scanning, V(junit) (C(.junit.xml)) for continuous integration.
    type: list
    elements: str
    choices: [json, markdown, sarif, junit]
    default: [json]
extends_documentation_fragment:
  - community.postgresql.postgres
  - ollama_scanner.pgops.connection
  - ollama_scanner.pgops.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
  idempotent:
    support: full
notes:
  - RV(ignore:changed) is always V(false), also where files were written. A review changes nothing that anybody keeps.
  - A role that may connect and is a member of C(pg_monitor) is enough for most of it. Questions to the data need
    SELECT and membership in the owners of the tables.
seealso:
  - module: ollama_scanner.pgops.pg_view_triggers
  - module: ollama_scanner.pgops.pg_schema_info
  - module: ollama_scanner.pgops.pg_contract_info
author:
  - Ollama Scanner maintainers (@ollama-scanner)
"""

EXAMPLES = r"""
- name: Review a database
  ollama_scanner.pgops.pg_schema_check:
    login_db: ollama_scanner

- name: Review it against its contract and keep the whole report
  ollama_scanner.pgops.pg_schema_check:
    contract: "{{ lookup('ansible.builtin.file', 'ollama_scanner.yml') | from_yaml }}"
    path: /var/tmp/ollama_scanner_review.json
    formats: [json, markdown, sarif, junit]

- name: Look at indexes alone, of one schema, with a stricter limit
  ollama_scanner.pgops.pg_schema_check:
    login_db: ollama_scanner
    checks: ["index-*"]
    schemas: [public]
    limits:
      index-unused: {days: 7}

- name: Accept what is known, for a while
  ollama_scanner.pgops.pg_schema_check:
    login_db: ollama_scanner
    suppress:
      - check: fk-missing
        object: public.chat_history.*
        reason: the bot is being rewritten
        expires: 2030-01-01
"""

RETURN = r"""
verdict:
  description:
    - V(critical) where a finding is critical or an error, V(warning) where one is a warning, V(unknown) where nothing
      was found but a default check could not be done, else V(ok).
  returned: success
  type: str
  sample: warning
summary:
  description: Numbers of findings by severity, without suppressed ones, and of suppressed, new and resolved ones.
  returned: success
  type: dict
  sample: {critical: 0, error: 1, warning: 3, info: 2, suppressed: 1, new: 0, resolved: 0}
summary_new:
  description: Numbers of new findings by severity, without suppressed ones; zeros where there is no baseline.
  returned: success
  type: dict
  sample: {critical: 0, error: 0, warning: 0, info: 0}
findings:
  description:
    - At most 200 findings, the worst first, each as it stands in the document of the review. All of them are in the
      file.
  returned: success
  type: list
  elements: dict
  contains:
    check:
      description: The check's id, as on the reference page.
      type: str
      sample: fk-missing-index
    group:
      description: The check's group.
      type: str
      sample: foreign-keys
    severity:
      description: V(critical), V(error), V(warning) or V(info).
      type: str
      sample: warning
    object:
      description: The object as SQL names it.
      type: str
      sample: public.orders.orders_customer_id_fkey
    object_type:
      description: What it is.
      type: str
      sample: foreign key
    message:
      description: What is wrong, in one sentence with its numbers.
      type: str
      sample: No index finds the rows of orders by (customer_id), which orders_customer_id_fkey looks for.
    evidence:
      description: The facts behind it.
      type: dict
      sample: {columns: [customer_id], rows: 120000.0}
    key:
      description: What tells this finding apart, the same from run to run.
      type: str
      sample: 0f3c5a9be1d27743
    confidence:
      description: V(certain), V(likely) (from statistics or estimates) or V(possible) (from names and conventions).
      type: str
      sample: certain
    suppressed:
      description: Why it does not count, none where it does.
      type: str
      sample: the bot is being rewritten
    state:
      description: V(new) or V(known) where there is a baseline, else empty.
      type: str
      sample: new
    fix:
      description:
        - What mends it, none where no statement safely does. C(steps) and C(undo) are lists of C(sql) with
          C(transaction) (together in one, or each outside of any), C(locks) and C(rewrite). C(automatic) tells
          whether a repair may apply it without a person.
      type: dict
      sample:
        steps:
          - sql: [CREATE INDEX CONCURRENTLY orders_customer_id_idx ON public.orders (customer_id)]
            transaction: false
            locks: [{object: public.orders, mode: SHARE UPDATE EXCLUSIVE}]
            rewrite: "no"
        undo:
          - sql: [DROP INDEX CONCURRENTLY public.orders_customer_id_idx]
            transaction: false
            locks: [{object: public.orders, mode: SHARE UPDATE EXCLUSIVE}]
            rewrite: "no"
        undo_reason: ""
        automatic: true
    no_fix:
      description: Where there is no fix, what a person can do.
      type: str
      sample: ""
not_checked:
  description: What could not be looked at, with C(check), C(object) (empty for all of it) and C(reason). At most 200.
  returned: success
  type: list
  elements: dict
  sample: [{check: authentication-trust, object: "", reason: this role may not read the rules of pg_hba.conf}]
resolved:
  description: Findings of the baseline that are gone. At most 200.
  returned: success
  type: list
  elements: dict
  sample: []
notes:
  description: Sentences about the review itself, such as a suppression that has run out.
  returned: success
  type: list
  elements: str
  sample: []
totals:
  description: How many entries there are of RV(findings), RV(not_checked), RV(resolved) and RV(notes) in all.
  returned: success
  type: dict
  sample: {findings: 7, not_checked: 1, resolved: 0, notes: 0}
scope:
  description: What was looked at and how.
  returned: success
  type: dict
  sample: {user: postgres, standby: false, contract: true, tables: 8, views: 1}
database:
  description: The database.
  returned: success
  type: str
  sample: ollama_scanner
server_version:
  description: The version of the server.
  returned: success
  type: str
  sample: "17.6"
created:
  description: When the review was made, in UTC.
  returned: success
  type: str
  sample: "2026-11-24T06:18:43Z"
nagios:
  description: The review as one line for Nagios and its kin.
  returned: success
  type: str
  sample: "PGOPS OK - ok: nothing in database shop. | critical=0;;;0"
files:
  description: The files that were written, with C(format), C(path) and C(sha256).
  returned: success
  type: list
  elements: dict
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
from ansible_collections.ollama_scanner.pgops.plugins.module_utils._pgops.model.settings.schema_check import (
    SchemaCheckSettings,
)
from ansible_collections.ollama_scanner.pgops.plugins.module_utils._pgops.status.review import review
from ansible_collections.ollama_scanner.pgops.plugins.module_utils._pgops.status.review_report import (
    result_of,
    write_reports,
)


def main() -> t.NoReturn:
    """Ask, judge and tell; the library does all of it."""
    module = module_for(SchemaCheckSettings)
    need_driver(module)
    try:
        settings = from_params(SchemaCheckSettings, module.params)
        contract = parse_contract(settings.contract) if settings.contract is not None else None
        database = module.params["login_db"] or (contract.database if contract else "")
        if not database:
            raise PgOpsError("Say which database: login_db, or a contract that names it. Nothing was touched.")
        with open_session(module, database) as session:
            reviewed = review(session, settings, contract)
        files = []
        if settings.path and not module.check_mode:
            files = write_reports(reviewed, settings.path, settings.formats)
    except PgOpsError as error:
        refuse(module, error)
    module.exit_json(**result_of(reviewed, files))


if __name__ == "__main__":
    main()
