# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The bulk readings of relations and what hangs on them: each row of a query is one JSON array, in the order of the
named tuple it becomes. Words in braces are spelled by `versions`.

System schemas, temporary objects and this tool's own progress table are left out.
"""

from __future__ import annotations

#: Schemas of users: names that begin with pg_ are the system's.
_OF_USERS = """n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'"""
_NOT_OURS = """NOT (n.nspname = 'pgops' AND c.relname = 'progress')"""

RELATIONS = f"""
SELECT pg_catalog.json_build_array(
  c.oid::int8, n.nspname, c.relname, c.relkind::text, c.relpersistence::text, c.relowner::int8, c.relpages,
  c.reltuples, c.relnatts, c.relacl::text, c.reloptions, c.relispartition, c.relhassubclass AND c.relkind IN ('r', 'p'),
  c.relrowsecurity, c.relforcerowsecurity, c.relreplident::text, c.relispopulated, COALESCE(o.relpages, 0),
  CASE WHEN c.relfrozenxid <> '0' THEN GREATEST(pg_catalog.age(c.relfrozenxid), pg_catalog.age(o.relfrozenxid)) END,
  CASE WHEN c.relminmxid <> '0' THEN GREATEST(pg_catalog.mxid_age(c.relminmxid), pg_catalog.mxid_age(o.relminmxid)) END,
  pg_catalog.has_table_privilege(c.oid, 'SELECT'), c.relam::int8,
  CASE WHEN c.relkind = 'p' THEN pg_catalog.pg_get_partkeydef(c.oid) END,
  CASE WHEN c.relkind = 'v' THEN pg_catalog.pg_relation_is_updatable(c.oid, true) ELSE 0 END,
  CASE WHEN c.relkind = 'v' THEN pg_catalog.pg_relation_is_updatable(c.oid, false) ELSE 0 END,
  CASE WHEN c.relkind IN ('r', 'm') THEN pg_catalog.json_build_array(
    pg_catalog.pg_stat_get_numscans(c.oid), pg_catalog.pg_stat_get_tuples_returned(c.oid),
    0, pg_catalog.pg_stat_get_tuples_inserted(c.oid),
    pg_catalog.pg_stat_get_tuples_updated(c.oid), pg_catalog.pg_stat_get_tuples_deleted(c.oid),
    pg_catalog.pg_stat_get_tuples_hot_updated(c.oid), pg_catalog.pg_stat_get_live_tuples(c.oid),
    pg_catalog.pg_stat_get_dead_tuples(c.oid), pg_catalog.pg_stat_get_mod_since_analyze(c.oid),
    pg_catalog.pg_stat_get_ins_since_vacuum(c.oid),
    extract(epoch FROM pg_catalog.pg_stat_get_last_vacuum_time(c.oid)),
    extract(epoch FROM pg_catalog.pg_stat_get_last_autovacuum_time(c.oid)),
    extract(epoch FROM pg_catalog.pg_stat_get_last_analyze_time(c.oid)),
    extract(epoch FROM pg_catalog.pg_stat_get_last_autoanalyze_time(c.oid)), {{frozen_pages}},
    {{newpage_updated}}) END,
  CASE WHEN o.relpages > 0 OR pg_catalog.pg_stat_get_live_tuples(o.oid) > 0
         OR pg_catalog.pg_stat_get_dead_tuples(o.oid) > 0 THEN pg_catalog.json_build_array(
    o.oid::int8, o.relpages, o.reltuples, o.reloptions, pg_catalog.pg_stat_get_live_tuples(o.oid),
    pg_catalog.pg_stat_get_dead_tuples(o.oid), pg_catalog.pg_stat_get_ins_since_vacuum(o.oid),
    extract(epoch FROM pg_catalog.pg_stat_get_last_vacuum_time(o.oid)),
    extract(epoch FROM pg_catalog.pg_stat_get_last_autovacuum_time(o.oid))) END)
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_catalog.pg_class o ON o.oid = c.reltoastrelid
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND {_OF_USERS} AND {_NOT_OURS}
"""

COLUMNS = f"""
SELECT pg_catalog.json_build_array(
  a.attrelid::int8, a.attnum, a.attname, a.atttypid::int8, a.atttypmod,
  CASE WHEN a.atttypmod <> -1 OR a.atttypid >= 16384 THEN pg_catalog.format_type(a.atttypid, a.atttypmod) END,
  a.attnotnull, a.attidentity::text, a.attgenerated::text, a.attcollation::int8,
  pg_catalog.pg_get_expr(d.adbin, d.adrelid), a.attacl::text, a.attinhcount > 0, {{statistics_target}})
FROM pg_catalog.pg_attribute a
JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND a.attnum > 0 AND NOT a.attisdropped AND {_OF_USERS} AND {_NOT_OURS}
"""

# An index is told apart by the text of its expressions: their stored trees hold places in the source text.
INDEXES = f"""
SELECT pg_catalog.json_build_array(
  i.indexrelid::int8, i.indrelid::int8, n.nspname, x.relname, x.relkind::text, x.relam::int8, i.indnkeyatts,
  i.indkey::int2[], i.indisunique, {{nulls_not_distinct}}, i.indisprimary, i.indisexclusion, i.indimmediate,
  i.indisclustered, i.indisvalid, i.indisready, i.indislive, i.indisreplident, i.indcollation::int8[],
  i.indclass::int8[], i.indoption::int2[],
  -- no operator class of a btree has parameters
  CASE WHEN x.relam <> 403 THEN (
    SELECT pg_catalog.string_agg(a.attnum || a.attoptions::text, ' ' ORDER BY a.attnum) FROM pg_catalog.pg_attribute a
    WHERE a.attrelid = i.indexrelid AND a.attoptions IS NOT NULL) END,
  CASE WHEN i.indexprs IS NOT NULL THEN ARRAY(
    SELECT pg_catalog.pg_get_indexdef(i.indexrelid, k, false) FROM pg_catalog.generate_series(1, i.indnkeyatts) k) END,
  pg_catalog.pg_get_expr(i.indexprs, i.indrelid), pg_catalog.pg_get_expr(i.indpred, i.indrelid), x.reloptions,
  x.relpages, x.reltuples, pg_catalog.pg_stat_get_numscans(i.indexrelid), {{last_scan}}, pg_catalog.age(i.xmin),
  -- a standby may be told to keep times of commits that its primary does not send
  CASE WHEN pg_catalog.current_setting('track_commit_timestamp') = 'on' AND NOT pg_catalog.pg_is_in_recovery()
       THEN extract(epoch FROM pg_catalog.pg_xact_commit_timestamp(i.xmin)) END,
  CASE WHEN x.reltablespace <> 0 THEN (
    SELECT s.spcname FROM pg_catalog.pg_tablespace s WHERE s.oid = x.reltablespace) END,
  CASE WHEN i.indexprs IS NOT NULL THEN ARRAY(
    SELECT pg_catalog.json_build_array(a.attnum, a.attstattarget) FROM pg_catalog.pg_attribute a
    WHERE a.attrelid = i.indexrelid AND a.attstattarget >= 0 ORDER BY a.attnum) END,
  x.relispartition)
FROM pg_catalog.pg_index i
JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid
JOIN pg_catalog.pg_namespace n ON n.oid = x.relnamespace
JOIN pg_catalog.pg_class c ON c.oid = i.indrelid
WHERE {_OF_USERS} AND {_NOT_OURS}
"""

CONSTRAINTS = f"""
SELECT pg_catalog.json_build_array(
  k.oid::int8, k.conrelid::int8, n.nspname, k.conname, k.contype::text, k.conindid::int8, k.confrelid::int8, k.conkey,
  k.confkey, k.confupdtype::text, k.confdeltype::text, k.confmatchtype::text, k.condeferrable, k.condeferred,
  k.convalidated, {{enforced}}, k.conislocal, k.coninhcount > 0, k.connoinherit, k.conpfeqop::int8[], {{set_columns}},
  CASE WHEN k.contype = 'c' THEN pg_catalog.pg_get_expr(k.conbin, k.conrelid) END, {{period}}, k.conparentid::int8)
FROM pg_catalog.pg_constraint k
JOIN pg_catalog.pg_class c ON c.oid = k.conrelid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE {_OF_USERS} AND {_NOT_OURS}
"""

# What tells in a stored query that it, or one below it, makes rows that are no rows of a table.
_SUMMARY = (
    r":(hasAggs|hasWindowFuncs|hasTargetSRFs) true"
    r"|:(groupClause|groupingSets|distinctClause|limitOffset|limitCount|setOperations) [({]"
)

# Triggers of the system are told only where they do not stand as they were made.
CODE = f"""
SELECT pg_catalog.json_build_array('trigger',
  t.oid::int8, t.tgrelid::int8, t.tgname, t.tgfoid::int8, t.tgtype, t.tgenabled::text, t.tgisinternal,
  t.tgconstraint::int8, t.tgattr::int2[], t.tgparentid::int8)
FROM pg_catalog.pg_trigger t
JOIN pg_catalog.pg_class c ON c.oid = t.tgrelid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE (NOT t.tgisinternal OR t.tgenabled <> 'O') AND {_OF_USERS} AND {_NOT_OURS}
UNION ALL
SELECT pg_catalog.json_build_array('few_triggers', k.oid::int8, pg_catalog.count(t.oid))
FROM pg_catalog.pg_constraint k
LEFT JOIN pg_catalog.pg_trigger t ON t.tgconstraint = k.oid AND t.tgisinternal
WHERE k.contype = 'f'
GROUP BY k.oid, k.conparentid
HAVING pg_catalog.count(t.oid) < CASE k.conparentid WHEN 0 THEN 4 ELSE 2 END
UNION ALL
SELECT pg_catalog.json_build_array('rule', w.ev_class::int8, w.rulename, w.ev_type::text::int, w.is_instead,
  w.ev_enabled::text, w.ev_action::text, w.ev_qual::text <> '<>', w.oid::int8)
FROM pg_catalog.pg_rewrite w
JOIN pg_catalog.pg_class c ON c.oid = w.ev_class
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE w.ev_type <> '1' AND {_OF_USERS} AND {_NOT_OURS}
UNION ALL
SELECT pg_catalog.json_build_array('function',
  p.oid::int8, n.nspname, p.proname, pg_catalog.pg_get_function_identity_arguments(p.oid), p.proowner::int8,
  p.prokind::text, l.lanname, p.prosecdef, p.proconfig, p.proacl::text, p.provolatile::text, p.proisstrict,
  CASE p.prorettype WHEN 'pg_catalog.trigger'::pg_catalog.regtype THEN 'trigger'
    WHEN 'pg_catalog.event_trigger'::pg_catalog.regtype THEN 'event_trigger' ELSE '' END,
  CASE WHEN p.prorettype = 'pg_catalog.trigger'::pg_catalog.regtype OR l.lanname IN ('sql', 'plpgsql')
    THEN p.prosrc END,
  {{bound}}, p.pronargs)
FROM pg_catalog.pg_proc p
JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
JOIN pg_catalog.pg_language l ON l.oid = p.prolang
WHERE p.oid >= 16384 AND {_OF_USERS}
UNION ALL
SELECT pg_catalog.json_build_array('policy',
  o.polrelid::int8, o.polname, o.polcmd::text, o.polpermissive, o.polroles::int8[],
  pg_catalog.pg_get_expr(o.polqual, o.polrelid), pg_catalog.pg_get_expr(o.polwithcheck, o.polrelid))
FROM pg_catalog.pg_policy o
UNION ALL
SELECT pg_catalog.json_build_array('view_column', w.ev_class::int8, d.refobjid::int8, d.refobjsubid)
FROM pg_catalog.pg_rewrite w
JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND d.objid = w.oid
  AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refobjid <> w.ev_class
WHERE w.rulename = '_RETURN' AND w.ev_class >= 16384
UNION ALL
SELECT pg_catalog.json_build_array('summary', w.ev_class::int8)
FROM pg_catalog.pg_rewrite w
JOIN pg_catalog.pg_class c ON c.oid = w.ev_class AND c.relkind = 'v' AND c.relacl IS NOT NULL
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE w.rulename = '_RETURN' AND {_OF_USERS} AND w.ev_action::text ~ '{_SUMMARY}'
"""

# Statistics of small relations are of no use to any check, and there may be a million of them.
STATISTICS = f"""
SELECT pg_catalog.json_build_array(
  c.oid::int8, s.attname, s.null_frac, s.avg_width, s.n_distinct, s.correlation)
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_stats s ON s.schemaname = n.nspname AND s.tablename = c.relname
WHERE c.relkind IN ('r', 'm', 'p') AND (c.relpages >= 64 OR c.relkind = 'p') AND {_OF_USERS}
  AND s.inherited = (c.relkind = 'p')
"""

SEQUENCES = """
SELECT pg_catalog.json_build_array('sequence',
  s.seqrelid::int8, pg_catalog.format_type(s.seqtypid, -1), s.seqstart, s.seqmin, s.seqmax, s.seqincrement, s.seqcycle,
  s.seqcache, pg_catalog.has_sequence_privilege(s.seqrelid, 'USAGE, SELECT'))
FROM pg_catalog.pg_sequence s
UNION ALL
SELECT pg_catalog.json_build_array('use', d.objid::int8, d.refobjid::int8, d.refobjsubid, d.deptype::text)
FROM pg_catalog.pg_depend d
JOIN pg_catalog.pg_class c ON c.oid = d.objid AND c.relkind = 'S'
WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
  AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.deptype IN ('a', 'i') AND d.refobjsubid > 0
UNION ALL
SELECT pg_catalog.json_build_array('use', d.refobjid::int8, f.adrelid::int8, f.adnum, 'n')
FROM pg_catalog.pg_attrdef f
JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_attrdef'::pg_catalog.regclass AND d.objid = f.oid
  AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
JOIN pg_catalog.pg_class c ON c.oid = d.refobjid AND c.relkind = 'S'
"""
