# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The catalog's questions as SQL, one constant a question. Values are bound; every name is qualified."""

from __future__ import annotations

#: pg_constraint.confupdtype / confdeltype in words.
ACTIONS = {"a": "no action", "r": "restrict", "c": "cascade", "n": "set null", "d": "set default"}

SERVER = """
SELECT pg_catalog.current_setting('server_version_num')::int AS version,
       pg_catalog.pg_is_in_recovery() AS in_recovery,
       pg_catalog.current_setting('session_replication_role') AS replication_role,
       current_user::text AS "user",
       (SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user) AS is_superuser,
       (SELECT oid::int8 FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()) AS database_oid
"""

VIEW = """
SELECT c.oid::int8 AS oid, n.nspname::text AS schema, c.relname::text AS name, c.relkind::text AS kind,
       r.rolname::text AS owner, c.relowner::int8 AS owner_oid, r.rolsuper AS owner_is_superuser,
       pg_catalog.has_schema_privilege(c.relowner, c.relnamespace, 'CREATE') AS owner_may_create,
       CASE WHEN pg_catalog.current_setting('server_version_num')::int >= 160000
            THEN pg_catalog.pg_has_role(c.relowner, 'SET') ELSE pg_catalog.pg_has_role(c.relowner, 'MEMBER') END
         AS user_may_act_as_owner,
       EXISTS (SELECT FROM pg_catalog.pg_options_to_table(c.reloptions) o
               WHERE o.option_name = 'security_invoker' AND o.option_value::bool) AS security_invoker,
       ARRAY(SELECT w.rulename::text FROM pg_catalog.pg_rewrite w
             WHERE w.ev_class = c.oid AND w.rulename <> '_RETURN' ORDER BY 1) AS rules,
       (SELECT w.ev_action::text FROM pg_catalog.pg_rewrite w
        WHERE w.ev_class = c.oid AND w.rulename = '_RETURN') AS ev_action
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_roles r ON r.oid = c.relowner
WHERE n.nspname = %s AND c.relname = %s
"""

VIEW_QUERY = "SELECT pg_catalog.pg_get_viewdef(%s::oid) AS query"

# What PostgreSQL itself noted, when the view was made, of the columns its query uses.
RULE_COLUMNS = """
SELECT DISTINCT d.refobjid::int8 AS table_oid, d.refobjsubid::int AS number
FROM pg_catalog.pg_depend d
JOIN pg_catalog.pg_rewrite w ON w.oid = d.objid AND w.rulename = '_RETURN'
WHERE d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass
  AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
  AND d.refobjsubid > 0 AND d.refobjid <> w.ev_class AND w.ev_class = %s
"""

LOOSE_COLLATIONS = "SELECT c.oid::int8 AS oid FROM pg_catalog.pg_collation c WHERE NOT c.collisdeterministic"

TYPE_NAMES = """
SELECT t.oid::int8 AS oid, pg_catalog.format_type(t.oid, -1) AS name
FROM pg_catalog.pg_type t WHERE t.oid = ANY(%s::oid[])
"""

VIEW_NAMES = """
SELECT c.relname::text AS name
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = %s AND c.relkind = 'v' ORDER BY 1
"""

VIEW_COLUMNS = """
SELECT a.attnum::int AS number, a.attname::text AS name, pg_catalog.format_type(a.atttypid, a.atttypmod) AS type
FROM pg_catalog.pg_attribute a
WHERE a.attrelid = %s AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum
"""

# A foreign table's rights and a sequence's are asked of the view's owner, in whose name the triggers write.
TABLES = """
SELECT c.oid::int8 AS oid, n.nspname::text AS schema, c.relname::text AS name, c.relkind::text AS kind,
       c.relpersistence::text AS persistence, r.rolname::text AS owner, c.relrowsecurity AS row_security,
       pg_catalog.pg_has_role(c.relowner, %s::oid, 'MEMBER') AS owner_is_trusted,
       c.relkind = 'r' AND EXISTS (SELECT FROM pg_catalog.pg_inherits i WHERE i.inhparent = c.oid) AS has_children,
       EXISTS (SELECT FROM pg_catalog.pg_trigger t WHERE t.tgrelid = c.oid AND NOT t.tgisinternal
               AND t.tgattr::text <> '') AS update_of_triggers,
       ARRAY(SELECT t.tgname::text FROM pg_catalog.pg_trigger t
             WHERE t.tgrelid = c.oid AND NOT t.tgisinternal ORDER BY 1) AS user_triggers,
       ARRAY(SELECT p.name FROM (VALUES ('SELECT'), ('INSERT'), ('UPDATE'), ('DELETE')) p (name)
             WHERE NOT pg_catalog.has_table_privilege(%s::oid, c.oid, p.name))
       || ARRAY(SELECT 'USAGE on sequence ' || s.oid::pg_catalog.regclass::text
                FROM pg_catalog.pg_attrdef f
                JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_attrdef'::pg_catalog.regclass
                     AND d.objid = f.oid AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
                JOIN pg_catalog.pg_class s ON s.oid = d.refobjid
                WHERE f.adrelid = c.oid
                  AND CASE s.relkind WHEN 'S'
                      THEN NOT pg_catalog.has_sequence_privilege(%s::oid, s.oid, 'USAGE, UPDATE') END
                ORDER BY 1)
         AS missing_rights
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_roles r ON r.oid = c.relowner
WHERE c.oid = ANY(%s::oid[])
"""

COLUMNS = """
SELECT a.attrelid::int8 AS table_oid, a.attnum::int AS number, a.attname::text AS name,
       pg_catalog.format_type(a.atttypid, a.atttypmod) AS type, a.attnotnull AS not_null,
       COALESCE(pg_catalog.pg_get_expr(d.adbin, d.adrelid), t.typdefault) AS default_value,
       a.attidentity::text AS identity, a.attgenerated::text AS generated, a.attcollation::int8 AS collation_oid
FROM pg_catalog.pg_attribute a
JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
WHERE a.attrelid = ANY(%s::oid[]) AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY a.attrelid, a.attnum
"""

# An index whose collation is not its column's is unique in another sense of equality than the column's.
UNIQUE_INDEXES = """
SELECT i.indrelid::int8 AS table_oid, x.relname::text AS name, i.indisprimary AS is_primary,
       k.columns, k.families, k.equality
FROM pg_catalog.pg_index i
JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid
JOIN pg_catalog.pg_am m ON m.oid = x.relam AND m.amname = 'btree'
CROSS JOIN LATERAL (
  SELECT pg_catalog.array_agg(a.attname::text ORDER BY p.place) AS columns,
         pg_catalog.array_agg(o.opcfamily::int8 ORDER BY p.place) AS families,
         pg_catalog.array_agg(pg_catalog.format('OPERATOR(%%I.%%s)', n.nspname, q.oprname)
                              ORDER BY p.place) AS equality,
         pg_catalog.bool_and(p.collation_oid = a.attcollation) AS same_collation
  FROM ROWS FROM (pg_catalog.unnest(i.indkey::int2[]), pg_catalog.unnest(i.indclass::oid[]),
                  pg_catalog.unnest(i.indcollation::oid[])) WITH ORDINALITY p (number, class, collation_oid, place)
  JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = p.number
  JOIN pg_catalog.pg_opclass o ON o.oid = p.class
  JOIN pg_catalog.pg_amop w ON w.amopfamily = o.opcfamily AND w.amopstrategy = 3
       AND w.amoplefttype = o.opcintype AND w.amoprighttype = o.opcintype
  JOIN pg_catalog.pg_operator q ON q.oid = w.amopopr
  JOIN pg_catalog.pg_namespace n ON n.oid = q.oprnamespace
  WHERE p.place <= i.indnkeyatts
) k
WHERE i.indrelid = ANY(%s::oid[]) AND i.indisunique AND i.indimmediate AND i.indisvalid AND i.indisready
  AND i.indislive AND NOT i.indisexclusion AND i.indpred IS NULL AND i.indexprs IS NULL AND k.same_collation
ORDER BY i.indrelid, i.indisprimary DESC, k.columns
"""

FOREIGN_KEYS = """
SELECT c.conrelid::int8 AS table_oid, c.conname::text AS name, c.confrelid::int8 AS referenced,
       ARRAY(SELECT a.attname::text FROM pg_catalog.unnest(c.conkey) WITH ORDINALITY k (number, place)
             JOIN pg_catalog.pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k.number ORDER BY k.place)
         AS columns,
       ARRAY(SELECT a.attname::text FROM pg_catalog.unnest(c.confkey) WITH ORDINALITY k (number, place)
             JOIN pg_catalog.pg_attribute a ON a.attrelid = c.confrelid AND a.attnum = k.number ORDER BY k.place)
         AS referenced_columns,
       c.confupdtype::text AS on_update, c.confdeltype::text AS on_delete
FROM pg_catalog.pg_constraint c
WHERE c.conrelid = ANY(%s::oid[]) AND c.contype = 'f'
ORDER BY c.conrelid, c.conname
"""

OPERATORS = """
SELECT o.oid::int8 AS oid, pg_catalog.format('OPERATOR(%%I.%%s)', n.nspname, o.oprname) AS name,
       ARRAY(SELECT w.amopfamily::int8 FROM pg_catalog.pg_amop w
             JOIN pg_catalog.pg_am m ON m.oid = w.amopmethod AND m.amname = 'btree'
             WHERE w.amopopr = o.oid AND w.amopstrategy = 3 ORDER BY 1) AS families
FROM pg_catalog.pg_operator o JOIN pg_catalog.pg_namespace n ON n.oid = o.oprnamespace
WHERE o.oid = ANY(%s::oid[])
"""

_FUNCTION = """
       p.oid::int8 AS oid, n.nspname::text AS schema, p.proname::text AS name, r.rolname::text AS owner,
       l.lanname::text AS language, p.prosecdef AS security_definer, COALESCE(p.proconfig, '{}')::text[] AS settings,
       p.prosrc AS source, COALESCE(pg_catalog.obj_description(p.oid, 'pg_proc'), '') AS comment,
       p.prorettype = 'pg_catalog.trigger'::pg_catalog.regtype AS returns_trigger,
       p.oid >= 16384 AND NOT EXISTS (
         SELECT FROM pg_catalog.pg_depend e WHERE e.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass
         AND e.objid = p.oid AND e.deptype = 'e') AS droppable,
       p.provolatile::text AS volatility, p.proisstrict AS strict,
       ARRAY(SELECT DISTINCT pg_catalog.format('%%I.%%I', un.nspname, uc.relname)
             FROM pg_catalog.pg_trigger u JOIN pg_catalog.pg_class uc ON uc.oid = u.tgrelid
             JOIN pg_catalog.pg_namespace un ON un.oid = uc.relnamespace
             WHERE u.tgfoid = p.oid AND u.tgrelid <> %s::oid ORDER BY 1) AS used_elsewhere,
       ARRAY(SELECT CASE x.grantee WHEN 0 THEN '' ELSE pg_catalog.pg_get_userbyid(x.grantee)::text END
             FROM pg_catalog.aclexplode(COALESCE(p.proacl, pg_catalog.acldefault('f', p.proowner))) x
             WHERE x.grantee <> p.proowner ORDER BY 1) AS grantees
"""

FUNCTIONS_NAMED = f"""
SELECT {_FUNCTION}
FROM pg_catalog.pg_proc p
JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
JOIN pg_catalog.pg_roles r ON r.oid = p.proowner
JOIN pg_catalog.pg_language l ON l.oid = p.prolang
WHERE n.nspname = %s AND p.proname = ANY(%s::name[]) AND p.pronargs = 0
ORDER BY p.proname
"""

INSTEAD_TRIGGERS = f"""
SELECT {_FUNCTION},
       t.tgname::text AS trigger_name, t.tgtype::int AS trigger_type, pg_catalog.pg_get_triggerdef(t.oid) AS definition
FROM pg_catalog.pg_trigger t
JOIN pg_catalog.pg_proc p ON p.oid = t.tgfoid
JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
JOIN pg_catalog.pg_roles r ON r.oid = p.proowner
JOIN pg_catalog.pg_language l ON l.oid = p.prolang
WHERE t.tgrelid = %s AND NOT t.tgisinternal AND t.tgtype & 64 <> 0
ORDER BY t.tgname
"""
