# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the demonstration asks the server before and after: rows, objects, known defects."""

from __future__ import annotations

from dataclasses import dataclass

from .demo_session import Session

SCHEMA = "public"
VIEW = "servers"
APPLICATION = "ollama"

TABLES = """
SELECT c.relname AS name FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' ORDER BY 1
"""
# Objects of an extension are left out: they belong to the server's packages.
OBJECTS = """
SELECT kind, name, definition FROM (
    SELECT 'pg_proc'::regclass AS class, p.oid, 'function' AS kind, p.oid::regprocedure::text AS name,
           pg_get_functiondef(p.oid) || p.proowner::regrole::text || coalesce(p.proacl::text, '') AS definition
    FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace AND p.prokind <> 'a'
    UNION ALL
    SELECT 'pg_trigger'::regclass, t.oid, 'trigger', t.tgname || ' on ' || t.tgrelid::regclass,
           pg_get_triggerdef(t.oid) || t.tgenabled::text
    FROM pg_trigger t WHERE NOT t.tgisinternal
    UNION ALL
    SELECT 'pg_class'::regclass, c.oid, CASE c.relkind WHEN 'r' THEN 'table' WHEN 'v' THEN 'view' WHEN 'i' THEN 'index'
                                        WHEN 'S' THEN 'sequence' ELSE 'relation' END,
           c.oid::regclass::text,
           concat_ws(' ', c.relowner::regrole, c.relacl::text, c.reloptions::text, c.relrowsecurity,
                     CASE c.relkind WHEN 'v' THEN pg_get_viewdef(c.oid) WHEN 'i' THEN pg_get_indexdef(c.oid) END,
                     (SELECT string_agg(concat_ws(' ', a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
                                                  pg_get_expr(d.adbin, d.adrelid)), ', ' ORDER BY a.attnum)
                      FROM pg_attribute a
                      LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
                      WHERE a.attrelid = c.oid AND a.attnum > 0))
    FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace
    UNION ALL
    SELECT 'pg_constraint'::regclass, k.oid, 'constraint', k.conname || ' on ' || k.conrelid::regclass,
           pg_get_constraintdef(k.oid)
    FROM pg_constraint k WHERE k.connamespace = 'public'::regnamespace AND k.conrelid <> 0
    UNION ALL
    SELECT 'pg_namespace'::regclass, n.oid, 'schema', n.nspname::text,
           concat_ws(' ', n.nspowner::regrole, n.nspacl::text)
    FROM pg_namespace n WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
) AS found
WHERE NOT EXISTS (SELECT FROM pg_depend x WHERE x.classid = found.class AND x.objid = found.oid AND x.deptype = 'e')
ORDER BY kind, name
"""
# A row that is written again gets another xmin: this sees a second run that drops and makes the same again.
TRACES = """
SELECT p.oid::regprocedure::text AS name, p.xmin::text AS written
FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace
UNION ALL
SELECT t.tgname || ' on ' || t.tgrelid::regclass, concat_ws(' ', t.oid, t.xmin)
FROM pg_trigger t WHERE NOT t.tgisinternal
UNION ALL
SELECT c.oid::regclass::text, pg_relation_filenode(c.oid)::text
FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'i', 'S')
ORDER BY 1
"""
# What site.yml does not repair; `{count}` is asked, before and after.
DEFECTS = (
    (
        "{count} verified endpoints without a verification date",
        "SELECT count(*) FROM endpoints WHERE verified = 1 AND verification_date IS NULL",
    ),
    ("{count} endpoints without a last check", "SELECT count(*) FROM endpoints WHERE last_check_date IS NULL"),
    (
        "{count} verified but not active",
        "SELECT count(*) FROM endpoints WHERE verified = 1 AND NOT is_active",
    ),
    ("{count} active honeypots", "SELECT count(*) FROM endpoints WHERE is_honeypot AND is_active"),
    (
        "{count} whose verified flag and row disagree",
        "SELECT count(*) FROM endpoints e WHERE (e.verified = 1)"
        " <> EXISTS (SELECT FROM verified_endpoints v WHERE v.endpoint_id = e.id)",
    ),
    (
        "{count} benchmark results that lost their model",
        "SELECT count(*) FROM benchmark_results WHERE model_id IS NULL",
    ),
    (
        "{count} columns model_id without foreign key",
        "SELECT count(*) FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid"
        " WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND a.attname = 'model_id'"
        " AND NOT EXISTS (SELECT FROM pg_constraint k"
        " WHERE k.contype = 'f' AND k.conrelid = c.oid AND a.attnum = ANY (k.conkey))",
    ),
    (
        "{count} rights on tables and sequences that ollama lacks",
        "SELECT (SELECT count(*) FROM pg_class c, unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) AS p"
        " WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r'"
        " AND NOT has_table_privilege('ollama', c.oid, p))"
        " + (SELECT count(*) FROM pg_sequence WHERE NOT has_sequence_privilege('ollama', seqrelid, 'USAGE')) AS count",
    ),
)
TRIGGERS = """
SELECT t.tgname AS name, pg_get_triggerdef(t.oid) AS definition, t.tgenabled AS enabled,
       p.oid::regprocedure::text AS function, p.prosecdef AS definer, coalesce(p.proconfig::text, '') AS settings,
       p.proowner::regrole::text AS owner, o.rolsuper AS superuser, c.relowner::regrole::text AS view_owner,
       EXISTS (SELECT FROM aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) AS a
               WHERE a.grantee = 0) AS public
FROM pg_trigger t
JOIN pg_class c ON c.oid = t.tgrelid
JOIN pg_proc p ON p.oid = t.tgfoid
JOIN pg_roles o ON o.oid = p.proowner
WHERE t.tgrelid = 'public.servers'::regclass AND NOT t.tgisinternal
"""


@dataclass(frozen=True)
class Facts:
    """The database at one moment: rows of each table with a digest of their content, objects, known defects."""

    listed: int
    tables: dict[str, tuple[int, str]]
    objects: dict[str, str]
    defects: list[str]

    @property
    def rows(self) -> int:
        """The rows of all tables."""
        return sum(count for count, dummy in self.tables.values())


def read_facts(session: Session) -> Facts:
    """Ask for everything that is compared."""
    tables = {}
    for table in session.ask(TABLES):
        content = (
            "SELECT count(*) AS rows, md5(coalesce(string_agg(t::text, chr(10) ORDER BY t::text COLLATE \"C\"), ''))"
            f" AS digest FROM {SCHEMA}.{table['name']} AS t"
        )
        (found,) = session.ask(content)
        tables[table["name"]] = (found["rows"], found["digest"])
    objects = {f"{row['kind']} {row['name']}": row["definition"] for row in session.ask(OBJECTS)}
    defects = [sentence.format(count=f"{session.value(query):,}") for sentence, query in DEFECTS]
    return Facts(session.value(f"SELECT count(*) FROM {SCHEMA}.{VIEW}"), tables, objects, defects)


def read_traces(session: Session) -> dict[str, str]:
    """Which transaction wrote each function and trigger, and which file each table and index has."""
    return {row["name"]: row["written"] for row in session.ask(TRACES)}
