# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The bulk readings of how a server fares; rows are JSON arrays that begin with their kind.

Words in braces are spelled by `versions`.
"""

from __future__ import annotations

SYSTEM_TABLES = """
SELECT pg_catalog.json_build_array('system_table', c.relname, c.relisshared, c.relpages, c.reltuples,
  pg_catalog.pg_stat_get_live_tuples(c.oid), pg_catalog.pg_stat_get_dead_tuples(c.oid),
  extract(epoch FROM pg_catalog.pg_stat_get_last_vacuum_time(c.oid)),
  extract(epoch FROM pg_catalog.pg_stat_get_last_autovacuum_time(c.oid)),
  GREATEST(pg_catalog.age(c.relfrozenxid), pg_catalog.age(o.relfrozenxid)),
  GREATEST(pg_catalog.mxid_age(c.relminmxid), pg_catalog.mxid_age(o.relminmxid)))
FROM pg_catalog.pg_class c
LEFT JOIN pg_catalog.pg_class o ON o.oid = c.reltoastrelid
WHERE c.relkind = 'r' AND c.relnamespace = 'pg_catalog'::pg_catalog.regnamespace
"""

TEMPORARY_TABLES = """
SELECT pg_catalog.json_build_array('temporary_tables', n.nspname, pg_catalog.count(*), pg_catalog.sum(c.relpages),
  pg_catalog.max(pg_catalog.age(c.relfrozenxid)))
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relpersistence = 't' AND c.relkind IN ('r', 't')
GROUP BY n.nspname
"""

# Without pg_read_all_stats the relation of another user's VACUUM is hidden.
VACUUMING = """
SELECT pg_catalog.json_build_array('vacuuming', p.pid, COALESCE(p.relid::int8, 0))
FROM pg_catalog.pg_stat_progress_vacuum p
WHERE p.datid = (SELECT d.oid FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database())
"""

STANDBYS = """
SELECT pg_catalog.json_build_array('standby', r.application_name, r.state, r.sync_state,
  pg_catalog.age(r.backend_xmin),
  pg_catalog.pg_wal_lsn_diff(CASE WHEN pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_last_wal_replay_lsn()
    ELSE pg_catalog.pg_current_wal_lsn() END, COALESCE(r.replay_lsn, r.sent_lsn))::int8)
FROM pg_catalog.pg_stat_replication r
"""

SUBSCRIPTIONS = """
SELECT pg_catalog.json_build_array('subscription', s.subname, s.subowner::int8, s.subenabled)
FROM pg_catalog.pg_subscription s
WHERE s.subdbid = (SELECT d.oid FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database())
"""

# Tables that all databases share count for none of them.
SHARED_FAILURES = """
SELECT pg_catalog.json_build_array('shared_failures', COALESCE(s.checksum_failures, 0))
FROM pg_catalog.pg_stat_database s WHERE s.datid = 0
"""

# Functions that measure, by the extension that truly owns them; a name alone could be anybody's.
MEASURING = """
SELECT pg_catalog.json_build_array('measuring', p.proname,
  CASE WHEN pg_catalog.has_function_privilege(p.oid, 'EXECUTE') AND pg_catalog.has_schema_privilege(n.oid, 'USAGE')
       THEN n.nspname END)
FROM pg_catalog.pg_extension e
JOIN pg_catalog.pg_depend d ON d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass AND d.refobjid = e.oid
  AND d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND d.deptype = 'e'
JOIN pg_catalog.pg_proc p ON p.oid = d.objid
JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
WHERE e.extname = 'pgstattuple' AND p.proname IN ('pgstattuple_approx', 'pgstatindex')
    AND p.proargtypes[0] = 'pg_catalog.regclass'::pg_catalog.regtype
  OR e.extname = 'amcheck' AND p.proname = 'bt_index_check' AND p.pronargs = 2
"""

#: What refers to what: catalog, the column that names its rows, the referring column, the catalog referred to. Columns
#: of 0 refer to nothing.
REFERENCES = (
    ("pg_class", "oid", "relnamespace", "pg_namespace"),
    ("pg_class", "oid", "relowner", "pg_roles"),
    ("pg_class", "oid", "reltype", "pg_type"),
    ("pg_class", "oid", "reltoastrelid", "pg_class"),
    ("pg_index", "indexrelid", "indexrelid", "pg_class"),
    ("pg_index", "indexrelid", "indrelid", "pg_class"),
    ("pg_constraint", "oid", "conrelid", "pg_class"),
    ("pg_constraint", "oid", "confrelid", "pg_class"),
    ("pg_constraint", "oid", "conindid", "pg_class"),
    ("pg_constraint", "oid", "contypid", "pg_type"),
    ("pg_attrdef", "oid", "adrelid", "pg_class"),
    ("pg_trigger", "oid", "tgrelid", "pg_class"),
    ("pg_trigger", "oid", "tgfoid", "pg_proc"),
    ("pg_rewrite", "oid", "ev_class", "pg_class"),
    ("pg_policy", "oid", "polrelid", "pg_class"),
    ("pg_inherits", "inhrelid", "inhrelid", "pg_class"),
    ("pg_inherits", "inhrelid", "inhparent", "pg_class"),
    ("pg_sequence", "seqrelid", "seqrelid", "pg_class"),
    ("pg_type", "oid", "typnamespace", "pg_namespace"),
    ("pg_type", "oid", "typrelid", "pg_class"),
    ("pg_type", "oid", "typelem", "pg_type"),
    ("pg_type", "oid", "typbasetype", "pg_type"),
    ("pg_proc", "oid", "pronamespace", "pg_namespace"),
    ("pg_proc", "oid", "proowner", "pg_roles"),
    ("pg_proc", "oid", "prolang", "pg_language"),
    ("pg_proc", "oid", "prorettype", "pg_type"),
    ("pg_attribute", "attrelid", "attrelid", "pg_class"),
    ("pg_attribute", "attrelid", "atttypid", "pg_type"),
    ("pg_namespace", "oid", "nspowner", "pg_roles"),
)


def _dangling(catalog: str, key: str, column: str, referenced: str) -> str:
    return f"""
SELECT pg_catalog.json_build_array('dangling', x.{key}::int8, pg_catalog.json_build_array(
  '{catalog}', x.{key}::int8, '{column}', '{referenced}', x.{column}::int8))
FROM pg_catalog.{catalog} x
WHERE x.{column} <> 0 AND NOT EXISTS (SELECT FROM pg_catalog.{referenced} y WHERE y.oid = x.{column})
"""


#: Read when it is asked for: it looks at every row of every catalog.
DANGLING = tuple(_dangling(*reference) for reference in REFERENCES)

HEALTH = (SYSTEM_TABLES, TEMPORARY_TABLES, VACUUMING, STANDBYS, SUBSCRIPTIONS, SHARED_FAILURES, MEASURING)
