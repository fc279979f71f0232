# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The bulk readings of what surrounds the relations. But for SERVER, rows are JSON arrays that begin with their kind.

Words in braces are spelled by `versions`.
"""

from __future__ import annotations

from .health_sql import HEALTH
from .user_code_sql import USER_CODE

# `may_..` decide which further questions are asked: a refused one would end the snapshot.
SERVER = """
SELECT pg_catalog.current_setting('server_version_num')::int AS version,
       pg_catalog.current_setting('server_version') AS version_text,
       pg_catalog.pg_is_in_recovery() AS in_recovery,
       current_user::text AS "user",
       r.rolsuper AS is_superuser,
       d.datname::text AS database, d.oid::int8 AS database_oid, o.rolname::text AS owner,
       pg_catalog.pg_encoding_to_char(d.encoding)::text AS encoding,
       d.datcollate::text AS collation,
       {collation_version} AS collation_version, {collation_version_now} AS collation_version_now,
       extract(epoch FROM pg_catalog.clock_timestamp())::float8 AS now,
       extract(epoch FROM pg_catalog.pg_postmaster_start_time())::float8 AS started,
       extract(epoch FROM pg_catalog.pg_stat_get_db_stat_reset_time(d.oid))::float8 AS database_statistics_since,
       extract(epoch FROM pg_catalog.pg_stat_get_bgwriter_stat_reset_time())::float8 AS server_statistics_since,
       pg_catalog.current_setting('block_size')::int AS block_size,
       pg_catalog.pg_current_snapshot()::text AS snapshot,
       pg_catalog.has_function_privilege('pg_catalog.pg_hba_file_rules()', 'EXECUTE')
         AND pg_catalog.has_table_privilege('pg_catalog.pg_hba_file_rules', 'SELECT') AS may_hba,
       pg_catalog.has_function_privilege('pg_catalog.pg_show_all_file_settings()', 'EXECUTE')
         AND pg_catalog.has_table_privilege('pg_catalog.pg_file_settings', 'SELECT') AS may_file_settings,
       pg_catalog.has_function_privilege('pg_catalog.pg_stat_file(text, boolean)', 'EXECUTE') AS may_stat_file,
       pg_catalog.has_table_privilege('pg_catalog.pg_authid', 'SELECT') AS may_passwords,
       r.rolsuper OR pg_catalog.pg_has_role('pg_read_all_settings', 'USAGE') AS may_all_settings,
       r.rolsuper OR pg_catalog.pg_has_role('pg_read_all_stats', 'USAGE') AS may_all_stats
FROM pg_catalog.pg_database d
JOIN pg_catalog.pg_roles r ON r.rolname = current_user
JOIN pg_catalog.pg_roles o ON o.oid = d.datdba
WHERE d.datname = pg_catalog.current_database()
"""

ROLES = """
SELECT pg_catalog.json_build_array('role', r.oid::int8, r.rolname, r.rolsuper, r.rolinherit, r.rolcreaterole,
  r.rolcreatedb, r.rolcanlogin, r.rolreplication, r.rolbypassrls, r.rolconnlimit,
  CASE WHEN pg_catalog.isfinite(r.rolvaliduntil) THEN extract(epoch FROM r.rolvaliduntil) END)
FROM pg_catalog.pg_roles r
"""

MEMBERS = """
SELECT pg_catalog.json_build_array('member', m.roleid::int8, m.member::int8, m.admin_option, {member_inherits},
  {member_may_set}, m.grantor::int8)
FROM pg_catalog.pg_auth_members m
"""

ACCESS_METHODS = """
SELECT pg_catalog.json_build_array('access_method', a.oid::int8, a.amname) FROM pg_catalog.pg_am a
"""

MEMBERS_OF_EXTENSIONS = """
SELECT pg_catalog.json_build_array('extension_member', d.classid::pg_catalog.regclass::text, d.objid::int8)
FROM pg_catalog.pg_depend d
WHERE d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass AND d.deptype = 'e'
"""

SCHEMAS = """
SELECT pg_catalog.json_build_array('schema', n.oid::int8, n.nspname, n.nspowner::int8, n.nspacl::text)
FROM pg_catalog.pg_namespace n WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
"""

PARENTS = """
SELECT pg_catalog.json_build_array('parent', i.inhrelid::int8, i.inhparent::int8) FROM pg_catalog.pg_inherits i
"""

# Row types of tables, and arrays of them, are no types of columns worth knowing, and there is one for every table.
TYPES = """
SELECT pg_catalog.json_build_array('type', t.oid::int8, pg_catalog.format_type(t.oid, -1), t.typtype::text,
  t.typcategory::text, t.typbasetype::int8, t.typelem::int8, t.typnotnull, t.typcollation::int8,
  t.typlen, t.typalign::text)
FROM pg_catalog.pg_type t
LEFT JOIN pg_catalog.pg_type e ON e.oid = t.typelem AND t.typcategory = 'A'
WHERE COALESCE(NULLIF(t.typrelid, 0), NULLIF(e.typrelid, 0)) IS NULL
  OR COALESCE(NULLIF(t.typrelid, 0), NULLIF(e.typrelid, 0)) IN (
    SELECT c.oid FROM pg_catalog.pg_class c WHERE c.relkind = 'c')
"""

# What this session set for itself is nobody's configuration.
SETTINGS = """
SELECT pg_catalog.json_build_array('setting', s.name,
  CASE s.source WHEN 'session' THEN s.reset_val ELSE s.setting END, s.unit, s.context, s.source, s.boot_val,
  s.pending_restart)
FROM pg_catalog.pg_settings s
"""

ROLE_SETTINGS = """
SELECT pg_catalog.json_build_array('role_settings', COALESCE(d.datname, ''), COALESCE(r.rolname, ''), s.setconfig)
FROM pg_catalog.pg_db_role_setting s
LEFT JOIN pg_catalog.pg_database d ON d.oid = s.setdatabase
LEFT JOIN pg_catalog.pg_roles r ON r.oid = s.setrole
"""

EXTENSIONS = """
SELECT pg_catalog.json_build_array('extension', e.extname, e.extversion, x.default_version, n.nspname,
  e.extowner::int8)
FROM pg_catalog.pg_extension e
JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace
LEFT JOIN pg_catalog.pg_available_extensions x ON x.name = e.extname
"""

COLLATIONS = """
SELECT pg_catalog.json_build_array('collation', c.oid::int8, n.nspname, c.collname, c.collprovider::text,
  c.collisdeterministic, c.collversion, v.now)
FROM pg_catalog.pg_collation c
JOIN pg_catalog.pg_namespace n ON n.oid = c.collnamespace
CROSS JOIN LATERAL (SELECT CASE WHEN c.collversion IS NOT NULL OR c.oid >= 16384
                           THEN pg_catalog.pg_collation_actual_version(c.oid) END AS now) v
WHERE c.oid >= 16384 OR c.collversion <> v.now
"""

OPERATOR_CLASSES = """
SELECT pg_catalog.json_build_array('operator_class', o.oid::int8, m.amname, o.opcfamily::int8, o.opcintype::int8,
  o.opcname, o.opcdefault)
FROM pg_catalog.pg_opclass o JOIN pg_catalog.pg_am m ON m.oid = o.opcmethod
"""

EQUALITIES = """
SELECT pg_catalog.json_build_array('equality', w.amopfamily::int8, w.amopopr::int8)
FROM pg_catalog.pg_amop w JOIN pg_catalog.pg_am m ON m.oid = w.amopmethod
WHERE m.amname = 'btree' AND w.amopstrategy = 3 OR m.amname = 'hash' AND w.amopstrategy = 1
   -- other methods number their strategies freely: an equality is what a btree calls one (BRIN finds it too coarsely)
   OR m.amname IN ('gist', 'gin', 'spgist') AND w.amoppurpose = 's' AND EXISTS (
     SELECT FROM pg_catalog.pg_amop b WHERE b.amopopr = w.amopopr AND b.amopmethod = 403 AND b.amopstrategy = 3)
"""

DOMAIN_CONSTRAINTS = """
SELECT pg_catalog.json_build_array('domain_constraint', k.oid::int8, t.oid::int8, n.nspname, t.typname, k.conname,
  pg_catalog.pg_get_expr(k.conbin, 0), k.convalidated)
FROM pg_catalog.pg_constraint k
JOIN pg_catalog.pg_type t ON t.oid = k.contypid
JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
WHERE k.contype = 'c' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
"""

# Only those that foreign keys compare with.
OPERATORS = """
SELECT pg_catalog.json_build_array('operator', o.oid::int8, n.nspname, o.oprname, o.oprleft::int8, o.oprright::int8)
FROM pg_catalog.pg_operator o
JOIN pg_catalog.pg_namespace n ON n.oid = o.oprnamespace
WHERE o.oid IN (SELECT pg_catalog.unnest(k.conpfeqop) FROM pg_catalog.pg_constraint k WHERE k.contype = 'f')
"""

COMMENTS = """
SELECT pg_catalog.json_build_array('comment', d.classoid::pg_catalog.regclass::text, d.objoid::int8, d.objsubid,
  d.description)
FROM pg_catalog.pg_description d WHERE d.objoid >= 16384
"""

KEYWORDS = """
SELECT pg_catalog.json_build_array('keyword', k.word, k.catcode::text) FROM pg_catalog.pg_get_keywords() k
"""

PUBLICATIONS = """
SELECT pg_catalog.json_build_array('publication', p.pubname, p.puballtables, p.pubinsert, p.pubupdate, p.pubdelete,
  p.pubtruncate,
  ARRAY(SELECT c.oid::int8 FROM pg_catalog.pg_publication_tables t
        JOIN pg_catalog.pg_namespace n ON n.nspname = t.schemaname
        JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = t.tablename
        WHERE t.pubname = p.pubname))
FROM pg_catalog.pg_publication p
"""

DEFAULT_PRIVILEGES = """
SELECT pg_catalog.json_build_array('default_privileges', d.defaclrole::int8, COALESCE(n.nspname, ''),
  d.defaclobjtype::text, d.defaclacl::text)
FROM pg_catalog.pg_default_acl d LEFT JOIN pg_catalog.pg_namespace n ON n.oid = d.defaclnamespace
"""

LANGUAGES = """
SELECT pg_catalog.json_build_array('language', l.lanname, l.lanpltrusted, l.lanacl::text)
FROM pg_catalog.pg_language l WHERE l.lanispl
"""

EVENT_TRIGGERS = """
SELECT pg_catalog.json_build_array('event_trigger', e.evtname, e.evtevent, r.rolname, r.rolsuper, e.evtenabled::text,
  e.evtfoid::int8, e.oid::int8)
FROM pg_catalog.pg_event_trigger e JOIN pg_catalog.pg_roles r ON r.oid = e.evtowner
"""

# The view shows the options of a mapping to those who may know them, else NULL. A user of 0 is PUBLIC.
FOREIGN_SERVERS = """
SELECT pg_catalog.json_build_array('foreign_server', s.srvname, w.fdwname, s.srvowner::int8, s.srvacl::text,
  ARRAY(SELECT CASE u.umuser WHEN 0 THEN '' ELSE u.usename::text END FROM pg_catalog.pg_user_mappings u
        WHERE u.srvid = s.oid ORDER BY 1),
  CASE WHEN (SELECT r.rolsuper FROM pg_catalog.pg_roles r WHERE r.rolname = current_user) THEN
  ARRAY(SELECT CASE u.umuser WHEN 0 THEN '' ELSE u.usename::text END FROM pg_catalog.pg_user_mappings u
        WHERE u.srvid = s.oid AND EXISTS (
          SELECT FROM pg_catalog.pg_options_to_table(u.umoptions) o WHERE o.option_name = 'password') ORDER BY 1) END)
FROM pg_catalog.pg_foreign_server s JOIN pg_catalog.pg_foreign_data_wrapper w ON w.oid = s.srvfdw
"""

# Those of PostgreSQL's own functions that reach beyond the database, where somebody changed who may call them.
SYSTEM_FUNCTIONS = """
SELECT pg_catalog.json_build_array('system_function', p.proname,
  pg_catalog.pg_get_function_identity_arguments(p.oid), p.proowner::int8, p.proacl::text)
FROM pg_catalog.pg_proc p
WHERE p.pronamespace = 'pg_catalog'::pg_catalog.regnamespace AND p.oid < 16384 AND p.proacl IS NOT NULL
  AND (p.proname IN ('lo_import', 'lo_export', 'be_lo_import', 'be_lo_export', 'pg_stat_file', 'pg_ls_dir')
       OR p.proname ~ '^pg_read_(binary_)?file')
"""

LARGE_OBJECTS = """
SELECT pg_catalog.json_build_array('large_objects', l.lomowner::int8, l.lomacl::text, pg_catalog.count(*))
FROM pg_catalog.pg_largeobject_metadata l WHERE l.lomacl IS NOT NULL
GROUP BY l.lomowner, l.lomacl::text
"""

DATABASES = """
SELECT pg_catalog.json_build_array('database', d.oid::int8, d.datname, d.datdba::int8, d.datistemplate, d.datallowconn,
  d.datconnlimit, pg_catalog.age(d.datfrozenxid), pg_catalog.mxid_age(d.datminmxid), d.datacl::text,
  s.checksum_failures, s.blks_read, s.blks_hit, s.deadlocks, s.temp_bytes)
FROM pg_catalog.pg_database d LEFT JOIN pg_catalog.pg_stat_database s ON s.datid = d.oid
"""

SLOTS = """
SELECT pg_catalog.json_build_array('slot', s.slot_name, s.slot_type, s.database, s.active,
  pg_catalog.pg_wal_lsn_diff(CASE WHEN pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_last_wal_replay_lsn()
    ELSE pg_catalog.pg_current_wal_lsn() END, s.restart_lsn)::int8,
  GREATEST(pg_catalog.age(s.xmin), pg_catalog.age(s.catalog_xmin)), s.wal_status, {slot_inactive_since},
  {slot_synced}, {slot_invalidated})
FROM pg_catalog.pg_replication_slots s
"""

PREPARED = """
SELECT pg_catalog.json_build_array('prepared', p.gid, p.owner, p.database,
  extract(epoch FROM pg_catalog.clock_timestamp() - p.prepared), pg_catalog.age(p.transaction))
FROM pg_catalog.pg_prepared_xacts p
"""

# Of other users' sessions one without pg_read_all_stats sees little: those fields are NULL.
BACKENDS = """
SELECT pg_catalog.json_build_array('backend', a.pid, a.usename, a.datname, a.application_name, a.state,
  extract(epoch FROM pg_catalog.clock_timestamp() - a.xact_start), pg_catalog.age(a.backend_xmin), l.ssl,
  a.client_addr IS NOT NULL)
FROM pg_catalog.pg_stat_activity a LEFT JOIN pg_catalog.pg_stat_ssl l ON l.pid = a.pid
WHERE a.backend_type = 'client backend' AND a.pid <> pg_catalog.pg_backend_pid()
"""

ARCHIVER = """
SELECT pg_catalog.json_build_array('archiver', a.archived_count, a.failed_count,
  extract(epoch FROM a.last_archived_time), extract(epoch FROM a.last_failed_time))
FROM pg_catalog.pg_stat_archiver a
"""

# What others are at work on is hidden from most roles, but not their locks: REINDEX and DROP INDEX CONCURRENTLY hold
# one on the index, CREATE INDEX CONCURRENTLY on the table.
BUILDING = """
SELECT pg_catalog.json_build_array('building', w.relid::int8, w.index_relid::int8)
FROM (
  SELECT p.relid, p.index_relid FROM pg_catalog.pg_stat_progress_create_index p
  WHERE p.datname = pg_catalog.current_database()
  UNION
  SELECT COALESCE(i.indrelid, l.relation), COALESCE(i.indexrelid, 0)
  FROM pg_catalog.pg_locks l
  JOIN pg_catalog.pg_database d ON d.oid = l.database AND d.datname = pg_catalog.current_database()
  LEFT JOIN pg_catalog.pg_index i ON i.indexrelid = l.relation
  WHERE l.locktype = 'relation' AND l.mode = 'ShareUpdateExclusiveLock' AND l.granted
    AND (i.indexrelid IS NOT NULL OR l.pid IN (SELECT p.pid FROM pg_catalog.pg_stat_progress_create_index p))
) w
WHERE w.relid IS NOT NULL
"""

TOAST_INDEXES = """
SELECT pg_catalog.json_build_array('toast_index', c.oid::int8, x.relname, i.indrelid::int8)
FROM pg_catalog.pg_index i
JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid
JOIN pg_catalog.pg_class c ON c.reltoastrelid = i.indrelid
WHERE NOT i.indisvalid
"""

# Transactions before a table's frozen horizon were begun before its last VACUUM: by day, rounded up. A table that was
# written anew got its horizon from that.
HORIZONS = """
SELECT pg_catalog.json_build_array('horizon', (h.day * 86400)::int8, pg_catalog.min(h.age))
FROM (
  SELECT pg_catalog.ceil(extract(epoch FROM GREATEST(pg_catalog.pg_stat_get_last_vacuum_time(c.oid),
           pg_catalog.pg_stat_get_last_autovacuum_time(c.oid))) / 86400) AS day, pg_catalog.age(c.relfrozenxid) AS age
  FROM pg_catalog.pg_class c WHERE c.relkind IN ('r', 'm', 't') AND c.relfilenode = c.oid
) h
WHERE h.day IS NOT NULL GROUP BY h.day
"""

FACTS = "UNION ALL".join(
    (
        ROLES,
        MEMBERS,
        ACCESS_METHODS,
        MEMBERS_OF_EXTENSIONS,
        SCHEMAS,
        PARENTS,
        TYPES,
        SETTINGS,
        ROLE_SETTINGS,
        EXTENSIONS,
        COLLATIONS,
        OPERATOR_CLASSES,
        EQUALITIES,
        OPERATORS,
        DOMAIN_CONSTRAINTS,
        COMMENTS,
        KEYWORDS,
        PUBLICATIONS,
        DEFAULT_PRIVILEGES,
        LANGUAGES,
        EVENT_TRIGGERS,
        FOREIGN_SERVERS,
        SYSTEM_FUNCTIONS,
        LARGE_OBJECTS,
        DATABASES,
        SLOTS,
        PREPARED,
        BACKENDS,
        ARCHIVER,
        BUILDING,
        TOAST_INDEXES,
        HORIZONS,
        USER_CODE,
        *HEALTH,
    )
)

HBA = """
SELECT pg_catalog.json_build_array('hba', h.line_number, h.type, h.database, h.user_name, h.address, h.netmask,
  h.auth_method, h.error, {hba_file})
FROM pg_catalog.pg_hba_file_rules h
"""

FILE_SETTINGS = """
SELECT pg_catalog.json_build_array('file_setting', f.sourcefile, f.sourceline, f.name, f.error)
FROM pg_catalog.pg_file_settings f WHERE f.error IS NOT NULL
"""

# Only the kind of a password is told, never the password.
PASSWORDS = """
SELECT pg_catalog.json_build_array('password', a.oid::int8,
  CASE WHEN a.rolpassword IS NULL THEN 'none' WHEN a.rolpassword LIKE 'md5%' THEN 'md5'
       WHEN a.rolpassword LIKE 'SCRAM-SHA-256$%' THEN 'scram' ELSE 'other' END)
FROM pg_catalog.pg_authid a
"""

# PG_VERSION is written when a database is made, and never again.
DATABASE_MADE = """
SELECT pg_catalog.json_build_array('database_made', extract(epoch FROM f.modification))
FROM pg_catalog.pg_database d
CROSS JOIN LATERAL pg_catalog.pg_stat_file('base/' || d.oid || '/PG_VERSION', true) f
WHERE d.datname = pg_catalog.current_database() AND f.modification IS NOT NULL
"""
