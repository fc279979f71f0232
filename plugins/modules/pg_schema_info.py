#!/usr/bin/python

# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: pg_schema_info
short_description: Take the inventory of a PostgreSQL database, and tell what changed since an earlier one
version_added: 0.1.0
description:
  - Tells what a database is made of as one document of plain facts. These are tables with their columns, constraints,
    indexes, triggers and policies; views and what they let through; sequences and who uses them; functions, types,
    extensions, schemas, comments, and what every role may do with each of them.
  - Everything is read in one short read-only snapshot, whatever the size of the database. No lock above
    C(ACCESS SHARE) is taken and nothing in the database is changed.
  - Objects go by their names, in a stable order, without OIDs or column numbers. So the document of a database that
    was dumped and restored is the same, and so is its RV(digest).
  - With O(compare_to) it tells what was added, removed and changed since an earlier inventory.
options:
  schemas:
    description:
      - Schemas whose objects are told, as names or as patterns with V(*), V(?) and V([). Empty means all.
      - Names are written as they are stored, without the quotes of SQL. One that fits nothing is said in RV(notes).
    type: list
    elements: str
    default: []
  exclude_schemas:
    description:
      - Schemas whose objects are not told, as names or patterns.
    type: list
    elements: str
    default: []
  kinds:
    description:
      - Which kinds of objects are told. Empty means all.
      - Columns, constraints, indexes, triggers, policies and rules stand within the relation they belong to.
    type: list
    elements: str
    choices:
      - schemas
      - tables
      - foreign_tables
      - views
      - materialized_views
      - sequences
      - functions
      - types
      - extensions
    default: []
  depth:
    description:
      - How much is told of each object.
      - V(names) tells what is there.
      - V(structure) tells all that makes the structure, which is what is compared.
      - V(full) adds what is measured, under the key C(measured). These are sizes, estimates of rows, counters of use,
        the last VACUUM and ANALYZE, and values of sequences.
    type: str
    choices: [names, structure, full]
    default: structure
  path:
    description:
      - Where the whole document is written on the host, as JSON and with mode C(0640). Its folder must be there.
      - The file is written whole or not at all, and only where its content would be another one; the time at which the
        inventory was taken does not count. In check mode nothing is written.
    type: path
  compare_to:
    description:
      - An earlier inventory, as the path of its file on the host or as the document itself. It may be one of another
        database, such as a copy of this one.
      - A path without a file means that there is no earlier inventory yet. It may be that of O(path), which is read
        before it is written.
    type: raw
extends_documentation_fragment:
  - community.postgresql.postgres
  - ollama_scanner.pgops.connection
  - ollama_scanner.pgops.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
    details: Of the file at O(path), those of its objects that differ, 200 of them at most.
  idempotent:
    support: full
    details: At O(depth=full) the file changes whenever a size or a counter does.
notes:
  - What is measured never counts as a difference, nor do the name of the database, the version of the server and the
    time. An object that was renamed is one that was removed and one that was added.
  - What an extension brought along is told by the extension's name and version alone.
  - Not in the document are roles themselves, default privileges, publications, subscriptions, event triggers, foreign
    servers, casts, operators, text search objects, extended statistics, and tablespaces.
  - PostgreSQL lets every role read nearly all of it. What this role may not read stands in RV(unread).
seealso:
  - module: ollama_scanner.pgops.pg_schema_check
  - module: ollama_scanner.pgops.pg_contract_info
author:
  - Ollama Scanner maintainers (@ollama-scanner)
"""

EXAMPLES = r"""
- name: Take the inventory of a database
  ollama_scanner.pgops.pg_schema_info:
    login_db: ollama_scanner
  register: inventory

- name: Keep it in a file, and tell what changed since the last time
  ollama_scanner.pgops.pg_schema_info:
    login_db: ollama_scanner
    path: ~/ollama_scanner.json
    compare_to: ~/ollama_scanner.json
  register: inventory

- name: Tell the sizes of the tables of some schemas
  ollama_scanner.pgops.pg_schema_info:
    login_db: ollama_scanner
    schemas: [public, "tenant_*"]
    exclude_schemas: [tenant_test]
    kinds: [tables]
    depth: full
"""

RETURN = r"""
inventory:
  description:
    - The document. Each of its kinds maps names, as SQL spells them, to facts.
    - Facts that are rarely set, such as C(identity) of a column or C(deferrable) of a constraint, stand there only
      where they are.
    - Where it is longer than a million characters it is cut, and RV(truncated) says so. Of each object its names are
      left then, of as many objects as there is room for. The file at O(path) is never cut.
  returned: success
  type: dict
  contains:
    kind:
      description: What the document is, always V(inventory).
      type: str
      sample: inventory
    schema_version:
      description: The version of its form.
      type: int
      sample: 1
    created:
      description: When it was taken, in UTC by the server's clock.
      type: str
      sample: "2026-11-24T06:18:43Z"
    database:
      description: The database.
      type: str
      sample: ollama_scanner
    server_version:
      description: The version of the server.
      type: str
      sample: "15.18"
    owner:
      description: The owner of the database.
      type: str
      sample: ollama_owner
    encoding:
      description: The encoding of the database.
      type: str
      sample: UTF8
    collation:
      description: The collation of the database.
      type: str
      sample: C.UTF-8
    digest:
      description: SHA-256 of the structure, the same wherever the structure is the same.
      type: str
      sample: 12645c5b442708915ff79a0a53c81d440751ae6693777e237222cc1cda79eb34
    scope:
      description: What was asked for.
      type: dict
      sample: {schemas: [], exclude_schemas: [], kinds: [tables, views], depth: structure}
    summary:
      description: The number of objects of each kind, and of what stands within them.
      type: dict
      sample: {tables: 8, views: 1, columns: 65, constraints: 16, indexes: 27, triggers: 2, policies: 0}
    tables:
      description: The tables and partitioned tables, each partition too, by name. The other kinds stand beside it.
      returned: when O(kinds) has them
      type: dict
      sample:
        public.metadata:
          schema: public
          name: metadata
          kind: table
          owner: ollama_owner
          comment: null
          columns:
            - {name: key, type: text, not_null: true, default: null}
            - {name: value, type: text, not_null: false, default: null}
          constraints:
            metadata_pkey: {type: primary key, columns: [key], definition: PRIMARY KEY (key)}
          indexes:
            metadata_pkey:
              method: btree
              unique: true
              keys: [{column: key}]
              definition: CREATE UNIQUE INDEX metadata_pkey ON public.metadata USING btree (key)
              of_constraint: true
          triggers: {}
          policies: {}
          grants:
            - {role: ollama, privileges: [DELETE, INSERT, SELECT, UPDATE], grantable: []}
    views:
      description:
        - The views by name. C(writable) tells for each verb whether it goes through V(plainly), by a V(trigger), by a
          V(rule), or not (V(no)).
      returned: when O(kinds) has them
      type: dict
      sample:
        public.servers:
          schema: public
          name: servers
          kind: view
          owner: ollama_owner
          comment: null
          columns: [{name: id, type: integer}]
          definition: " SELECT e.id\n   FROM public.endpoints e;"
          reads: [public.endpoints]
          writable: {insert: "no", update: "no", delete: "no"}
          triggers: {}
          grants: []
    unread:
      description: The same as RV(unread).
      type: list
      elements: dict
      sample: []
truncated:
  description: Whether RV(inventory) was cut.
  returned: success
  type: bool
  sample: false
summary:
  description: The number of objects of each kind, and of what stands within them; never cut.
  returned: success
  type: dict
  sample: {tables: 8, views: 1, columns: 65, constraints: 16, indexes: 27, triggers: 2, policies: 0}
digest:
  description:
    - SHA-256 of the structure that O(schemas), O(kinds) and O(depth) choose. V(structure) and V(full) have the same.
  returned: success
  type: str
  sample: 12645c5b442708915ff79a0a53c81d440751ae6693777e237222cc1cda79eb34
databases:
  description:
    - The databases of the server, by name. They stand here alone, not in RV(inventory), which is about one of them.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: The database.
      type: str
      sample: ollama_scanner
    owner:
      description: Its owner.
      type: str
      sample: ollama_owner
    is_template:
      description: Whether it is a template for others.
      type: bool
      sample: false
    allows_connections:
      description: Whether anybody may connect to it.
      type: bool
      sample: true
comparison:
  description: What became of the earlier inventory, V(null) where there was none to compare with.
  returned: success
  type: dict
  contains:
    same:
      description: Whether the structure is the same.
      type: bool
      sample: false
    before:
      description: Time, database, version of the server, and digest of the earlier inventory.
      type: dict
      sample: {created: "2026-11-23T06:18:43Z", database: ollama_scanner, server_version: "15.18", digest: 12645c5b}
    after:
      description: The same of this one.
      type: dict
      sample: {created: "2026-11-24T06:18:43Z", database: ollama_scanner, server_version: "15.18", digest: 8c5b}
    summary:
      description: How many objects were added, removed and changed; never cut.
      type: dict
      sample: {added: 1, removed: 0, changed: 1}
    added:
      description: Objects that are new, at most 200.
      type: list
      elements: dict
      sample: [{kind: tables, object: public.audit}]
    removed:
      description: Objects that are gone, at most 200.
      type: list
      elements: dict
      sample: []
    changed:
      description:
        - Objects that are not what they were, at most 200, each with its C(differences). C(path) leads to the fact.
        - C(before) or C(after) is V(null) where there was or is nothing, such as for a new column.
      type: list
      elements: dict
      sample:
        - kind: tables
          object: public.endpoints
          differences:
            - {path: columns.api_version.type, before: character varying(20), after: text}
    notes:
      description: What an owner should know about the comparison, such as that both tell other schemas.
      type: list
      elements: str
      sample: []
    truncated:
      description: Whether one of the lists was cut.
      type: bool
      sample: false
unread:
  description: What could not be read, and why.
  returned: success
  type: list
  elements: dict
  sample:
    - what: sequence values
      reason: "this role may not read the last value of 1 sequence: public.endpoints_id_seq"
notes:
  description: What whoever asked should know, such as that no schema is called so. Each is a warning too.
  returned: success
  type: list
  elements: str
  sample: []
path:
  description:
    - The file that holds the document, V(null) without O(path). Beside it Ansible tells C(size), C(mode), C(owner) and
      the like of that file.
  returned: success
  type: str
  sample: /var/lib/pgops/main/ollama_scanner.json
"""

import typing as t

from ansible_collections.ollama_scanner.pgops.plugins.module_utils._door import (
    module_for,
    need_driver,
    open_session,
    refuse,
)
from ansible_collections.ollama_scanner.pgops.plugins.module_utils._pgops.model.errors import PgOpsError
from ansible_collections.ollama_scanner.pgops.plugins.module_utils._pgops.model.settings.option import from_params
from ansible_collections.ollama_scanner.pgops.plugins.module_utils._pgops.model.settings.schema_info import (
    SchemaInfoSettings,
)
from ansible_collections.ollama_scanner.pgops.plugins.module_utils._pgops.status.schema_info import (
    result_of,
    take_inventory,
)


def main() -> t.NoReturn:
    """Ask and tell; the library does all of it."""
    module = module_for(SchemaInfoSettings)
    need_driver(module)
    try:
        settings = from_params(SchemaInfoSettings, module.params)
        if not module.params["login_db"]:
            raise PgOpsError("Say which database: login_db. Nothing was touched.")
        with open_session(module, module.params["login_db"]) as session:
            outcome = take_inventory(session, settings, module.check_mode)
    except PgOpsError as error:
        refuse(module, error)
    for note in outcome.notes:
        module.warn(note)
    module.exit_json(**result_of(outcome))


if __name__ == "__main__":
    main()
