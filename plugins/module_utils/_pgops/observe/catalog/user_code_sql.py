# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where reading or writing a relation runs code that somebody made who is no superuser: rows of the catalog's facts."""

from __future__ import annotations

from ...model.catalog.user_code import REACHING

_NAMES = ", ".join(f"'{name}'" for name in sorted(REACHING))

# Dependencies on PostgreSQL's own functions are not recorded, so views that call one of the few that run SQL from a
# text, or change the role, are known by their stored trees. Those of extensions may stand in any schema.
_REACHING_VIEWS = f"""
  SELECT 'user_code', w.ev_class, 'view'
  FROM pg_catalog.pg_rewrite w
  JOIN pg_catalog.pg_class c ON c.oid = w.ev_class
  JOIN pg_catalog.pg_roles r ON r.oid = c.relowner
  WHERE w.ev_class >= 16384 AND w.ev_type = '1' AND c.relkind = 'v' AND NOT r.rolsuper
    AND w.ev_action::text ~ (
      SELECT ':funcid (' || pg_catalog.string_agg(p.oid::text, '|') || ') ' FROM pg_catalog.pg_proc p
      WHERE p.proname IN ({_NAMES}))
"""

# `code`: functions, operators and operator classes whose owner is no superuser. Those of extensions count as well: the
# owner of an extension, who may be anybody, adds to it what they like. `types` are those that bring such code along: by
# a domain's checks or a range's functions ('type'), or by casts ('cast').
USER_CODE = f"""
SELECT pg_catalog.json_build_array(x.kind, x.oid::int8, x.way)
FROM (
  WITH RECURSIVE made (classid, oid, trusted) AS (
    SELECT 'pg_catalog.pg_proc'::pg_catalog.regclass::oid, p.oid, r.rolsuper
    FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_roles r ON r.oid = p.proowner
    UNION ALL
    SELECT 'pg_catalog.pg_operator'::pg_catalog.regclass, o.oid, r.rolsuper AND COALESCE(f.rolsuper, true)
    FROM pg_catalog.pg_operator o
    JOIN pg_catalog.pg_roles r ON r.oid = o.oprowner
    LEFT JOIN pg_catalog.pg_proc p ON p.oid = o.oprcode
    LEFT JOIN pg_catalog.pg_roles f ON f.oid = p.proowner
    UNION ALL
    SELECT 'pg_catalog.pg_opclass'::pg_catalog.regclass, o.oid, r.rolsuper
    FROM pg_catalog.pg_opclass o JOIN pg_catalog.pg_roles r ON r.oid = o.opcowner
  ),
  code (classid, oid) AS MATERIALIZED (
    SELECT m.classid, m.oid FROM made m
    WHERE m.oid >= 16384 AND NOT m.trusted
  ),
  types (oid, why) AS (
    SELECT f.oid, f.why FROM (
      SELECT d.objid AS oid, 'type' AS why
      FROM code c JOIN pg_catalog.pg_depend d ON d.refclassid = c.classid AND d.refobjid = c.oid
      WHERE d.classid = 'pg_catalog.pg_type'::pg_catalog.regclass
      UNION ALL
      SELECT k.contypid, 'type'
      FROM code c JOIN pg_catalog.pg_depend d ON d.refclassid = c.classid AND d.refobjid = c.oid
      JOIN pg_catalog.pg_constraint k ON d.classid = 'pg_catalog.pg_constraint'::pg_catalog.regclass AND k.oid = d.objid
      WHERE k.contypid <> 0
      UNION ALL
      SELECT t.oid, 'cast'
      FROM code c JOIN pg_catalog.pg_cast s ON s.castfunc = c.oid
        AND c.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass
      CROSS JOIN LATERAL (VALUES (s.castsource), (s.casttarget)) t (oid)
      -- what is no user's own is cast where one of these is about, too
      WHERE t.oid >= 16384
    ) f
    UNION
    SELECT n.oid, t.why
    FROM types t
    CROSS JOIN LATERAL (
      SELECT d.objid AS oid FROM pg_catalog.pg_depend d
      WHERE d.refclassid = 'pg_catalog.pg_type'::pg_catalog.regclass AND d.refobjid = t.oid
        AND d.classid = 'pg_catalog.pg_type'::pg_catalog.regclass
      UNION ALL
      SELECT c.reltype FROM pg_catalog.pg_depend d
      JOIN pg_catalog.pg_class c ON d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND c.oid = d.objid
      WHERE d.refclassid = 'pg_catalog.pg_type'::pg_catalog.regclass AND d.refobjid = t.oid AND c.reltype <> 0
    ) n
  ),
  uses (classid, objid, objsubid, why) AS (
    SELECT d.classid, d.objid, d.objsubid, c.why
    FROM (SELECT classid, oid, 'code' AS why FROM code
          UNION ALL SELECT 'pg_catalog.pg_type'::pg_catalog.regclass, oid, why FROM types) c
    JOIN pg_catalog.pg_depend d ON d.refclassid = c.classid AND d.refobjid = c.oid
  )
  SELECT 'code_type' AS kind, oid, why AS way FROM types
  UNION
  SELECT 'user_code', f.adrelid, 'default'
  FROM uses u JOIN pg_catalog.pg_attrdef f ON f.oid = u.objid
  WHERE u.classid = 'pg_catalog.pg_attrdef'::pg_catalog.regclass
  UNION
  SELECT 'user_code', k.conrelid, CASE WHEN k.contype = 'c' THEN 'check' ELSE 'key' END
  FROM uses u JOIN pg_catalog.pg_constraint k ON k.oid = u.objid
  WHERE u.classid = 'pg_catalog.pg_constraint'::pg_catalog.regclass AND k.conrelid <> 0
  UNION
  SELECT 'user_code', i.indrelid, 'index'
  FROM uses u JOIN pg_catalog.pg_index i ON i.indexrelid = u.objid
  WHERE u.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND u.objsubid = 0
  UNION
  SELECT 'user_code', p.polrelid, 'policy'
  FROM uses u JOIN pg_catalog.pg_policy p ON p.oid = u.objid
  WHERE u.classid = 'pg_catalog.pg_policy'::pg_catalog.regclass
  UNION
  SELECT 'user_code', w.ev_class, CASE WHEN w.ev_type = '1' AND c.relkind = 'v' THEN 'view' ELSE 'rule' END
  FROM uses u
  JOIN pg_catalog.pg_rewrite w ON w.oid = u.objid
  JOIN pg_catalog.pg_class c ON c.oid = w.ev_class
  WHERE u.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass
  UNION
  SELECT 'user_code', e.stxrelid, 'statistics'
  FROM uses u JOIN pg_catalog.pg_statistic_ext e ON e.oid = u.objid
  WHERE u.classid = 'pg_catalog.pg_statistic_ext'::pg_catalog.regclass
  UNION
  -- a partition key; a column of such a type; before 15, what a generated column is made of
  SELECT 'user_code', c.oid,
    CASE WHEN u.why <> 'code' THEN u.why WHEN u.objsubid > 0 THEN 'default' ELSE 'partition key' END
  FROM uses u JOIN pg_catalog.pg_class c ON c.oid = u.objid
  WHERE u.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
  UNION {_REACHING_VIEWS}
) x
"""
