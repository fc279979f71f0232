# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Truth table of the checks of row security."""

from __future__ import annotations

from case_roles import role
from cases import Case

APP = role("case_app", "LOGIN")
OTHER = role("case_other", "LOGIN")
T = "CREATE TABLE t (id int PRIMARY KEY, owner_name name, claim jsonb);"
ON = "ALTER TABLE t ENABLE ROW LEVEL SECURITY;"
MINE = "CREATE POLICY mine ON t USING (owner_name = CURRENT_USER);"
AUTH = """
CREATE SCHEMA IF NOT EXISTS auth;
CREATE OR REPLACE FUNCTION auth.jwt() RETURNS jsonb STABLE LANGUAGE sql AS 'SELECT ''{}''::jsonb';
CREATE OR REPLACE FUNCTION auth.uid() RETURNS name STABLE LANGUAGE sql AS 'SELECT current_user::name';
GRANT USAGE ON SCHEMA auth TO PUBLIC;
"""
TREE = """
CREATE TABLE t (id int, owner_name name) PARTITION BY LIST (id);
CREATE TABLE t1 PARTITION OF t FOR VALUES IN (1);
CREATE TABLE t2 PARTITION OF t FOR VALUES IN (2) PARTITION BY LIST (id);
CREATE TABLE t3 PARTITION OF t2 FOR VALUES IN (2);
"""
BOTH = "CREATE TABLE a (id int PRIMARY KEY); CREATE TABLE b (id int PRIMARY KEY);"

OFF = "rls-policies-but-off"
TRUE = "rls-always-true"
OPEN = "rls-partition-open"
CLAIMS = "rls-user-claims"
NONE = "rls-no-policy"
FORCED = "rls-not-forced"
SEVERAL = "rls-multiple-permissive"
PLAN = "rls-initplan"
TRUNCATE = "rls-truncate-granted"
EXPOSED = "rls-disabled-exposed"
EVERY = "GRANT SELECT, UPDATE ON {0} TO case_app;"

DEFAULT = [
    Case(OFF, "policies, and off", T + MINE, {"t"}),
    Case(OFF, "policies, and on", T + ON + MINE),
    Case(OFF, "neither", T),
    Case(OFF, "a name that needs quotes", 'CREATE TABLE "T ""x" (a int); CREATE POLICY "p q" ON "T ""x";', {'"T ""x"'}),
    Case(OFF, "a partitioned table", TREE + MINE, {"t"}),
    Case(TRUE, "all rows for all commands", T + ON + "CREATE POLICY p ON t USING (true);", {"t.p"}),
    Case(TRUE, "all rows may be inserted", T + ON + "CREATE POLICY p ON t FOR INSERT WITH CHECK (true);", {"t.p"}),
    Case(TRUE, "all rows may be read", T + ON + "CREATE POLICY p ON t FOR SELECT USING (true);"),
    Case(TRUE, "a condition", T + ON + MINE),
    Case(
        TRUE,
        "any row may be changed, to some only",
        T + ON + "CREATE POLICY p ON t FOR UPDATE USING (true) WITH CHECK (id > 0);",
    ),
    Case(TRUE, "for one role", T + ON, setup=APP + "CREATE POLICY p ON t TO case_app USING (true)"),
    Case(
        TRUE,
        "with a restrictive one",
        T + ON + "CREATE POLICY p ON t USING (true); CREATE POLICY r ON t AS RESTRICTIVE USING (id > 0);",
    ),
    Case(
        TRUE,
        "with a restrictive one for another command",
        T
        + ON
        + "CREATE POLICY p ON t FOR DELETE USING (true);"
        + "CREATE POLICY r ON t AS RESTRICTIVE FOR SELECT USING (id > 0);",
        {"t.p"},
    ),
    Case(TRUE, "a restrictive one alone", T + ON + "CREATE POLICY r ON t AS RESTRICTIVE USING (true);"),
    Case(TRUE, "not in force", T + "CREATE POLICY p ON t USING (true);"),
    Case(OPEN, "a partition that is granted", TREE + ON + MINE, {"t1"}, APP + "GRANT SELECT ON t, t1 TO case_app"),
    Case(OPEN, "two levels below", TREE + ON + MINE, {"t3"}, APP + "GRANT SELECT ON t, t3 TO case_app"),
    Case(OPEN, "open to everybody", TREE + ON + MINE, {"t1"}, "GRANT SELECT ON t1 TO PUBLIC"),
    Case(
        OPEN,
        "a column of it",
        TREE + ON + MINE,
        {"t1"},
        APP + "GRANT SELECT ON t TO case_app; GRANT SELECT (id) ON t1 TO case_app",
    ),
    Case(
        OPEN,
        "an inherited table",
        T + ON + MINE + "CREATE TABLE c () INHERITS (t);",
        {"c"},
        APP + "GRANT SELECT ON t, c TO case_app",
    ),
    Case(OPEN, "only the parent is granted", TREE + ON + MINE, setup=APP + "GRANT SELECT ON t TO case_app"),
    Case(
        OPEN,
        "the partition is guarded too",
        TREE + ON + MINE + "ALTER TABLE t1 ENABLE ROW LEVEL SECURITY;",
        setup=APP + "GRANT SELECT ON t, t1 TO case_app",
    ),
    Case(
        OPEN,
        "another role, which is granted the partition alone",
        TREE + ON + MINE,
        setup=APP + OTHER + "GRANT SELECT ON t TO case_app; GRANT SELECT ON t1 TO case_other",
    ),
    Case(OPEN, "no row security anywhere", TREE, setup=APP + "GRANT SELECT ON t, t1 TO case_app"),
    Case(
        CLAIMS,
        "user_metadata",
        T + ON,
        {"t.p"},
        AUTH + "CREATE POLICY p ON t USING ((auth.jwt() -> 'user_metadata' ->> 'role') = 'admin')",
    ),
    Case(
        CLAIMS,
        "by a setting",
        T + ON,
        {"t.p"},
        "CREATE POLICY p ON t USING (current_setting('request.jwt.claims')::json -> 'user_metadata' ->> 'role' = 'x')",
    ),
    Case(
        CLAIMS,
        "app_metadata",
        T + ON,
        setup=AUTH + "CREATE POLICY p ON t USING ((auth.jwt() -> 'app_metadata' ->> 'role') = 'admin')",
    ),
    Case(CLAIMS, "a key of a column", T + ON + "CREATE POLICY p ON t USING ((claim ->> 'user_metadata') = 'x');"),
]

EXTENDED = [
    Case(NONE, "granted, and shut", T + ON, {"t"}, APP + EVERY.format("t")),
    Case(NONE, "granted, with a policy", T + ON + MINE, setup=APP + EVERY.format("t")),
    Case(NONE, "granted to nobody", T + ON),
    Case(
        NONE,
        "granted to one who bypasses",
        T + ON,
        setup=role("case_bypass", "LOGIN BYPASSRLS") + "GRANT SELECT ON t TO case_bypass",
    ),
    Case(
        FORCED,
        "the owner logs in",
        T + ON + MINE,
        {"t"},
        role("case_owns", "LOGIN") + "ALTER TABLE t OWNER TO case_owns",
    ),
    Case(
        FORCED,
        "forced",
        T + ON + MINE + "ALTER TABLE t FORCE ROW LEVEL SECURITY;",
        setup=role("case_owns", "LOGIN") + "ALTER TABLE t OWNER TO case_owns",
    ),
    Case(FORCED, "the owner does not log in", T + ON + MINE),
    Case(
        FORCED,
        "a login belongs to the owner",
        T + ON + MINE,
        {"t"},
        role("case_owning") + role("case_owning_member", "LOGIN", "case_owning") + "ALTER TABLE t OWNER TO case_owning",
    ),
    Case(FORCED, "a superuser owns it", T + ON + MINE, setup="ALTER TABLE t OWNER TO postgres"),
    Case(SEVERAL, "two for ALL", T + ON + MINE + "CREATE POLICY p ON t USING (id = 1);", {"t"}),
    Case(
        SEVERAL, "one for ALL, one for SELECT", T + ON + MINE + "CREATE POLICY p ON t FOR SELECT USING (id = 1);", {"t"}
    ),
    Case(
        SEVERAL,
        "everybody, and one role",
        T + ON + MINE,
        {"t"},
        APP + "CREATE POLICY p ON t TO case_app USING (id = 1)",
    ),
    Case(
        SEVERAL,
        "one a command",
        T + ON + "CREATE POLICY p ON t FOR SELECT USING (id = 1); CREATE POLICY q ON t FOR DELETE USING (id = 1);",
    ),
    Case(
        SEVERAL,
        "two roles",
        T + ON,
        setup=APP
        + OTHER
        + "CREATE POLICY p ON t TO case_app USING (id = 1); CREATE POLICY q ON t TO case_other USING (id = 2)",
    ),
    Case(SEVERAL, "a restrictive one beside", T + ON + MINE + "CREATE POLICY p ON t AS RESTRICTIVE USING (id = 1);"),
    Case(
        PLAN,
        "current_setting",
        T + ON + "CREATE POLICY p ON t USING (owner_name = current_setting('a.b', true));",
        {"t.p"},
    ),
    Case(
        PLAN,
        "in WITH CHECK",
        T + ON + "CREATE POLICY p ON t FOR INSERT WITH CHECK (owner_name = current_setting('a.b'));",
        {"t.p"},
    ),
    Case(PLAN, "auth.uid()", T + ON, {"t.p"}, AUTH + "CREATE POLICY p ON t USING (owner_name = auth.uid())"),
    Case(PLAN, "in a sub-select", T + ON, setup=AUTH + "CREATE POLICY p ON t USING (owner_name = (SELECT auth.uid()))"),
    Case(
        PLAN,
        "one in a sub-select, one not",
        T
        + ON
        + "CREATE POLICY p ON t USING (owner_name = (SELECT current_setting('a.b')) OR current_setting('a.c') = 'x');",
        {"t.p"},
    ),
    Case(PLAN, "the words within a literal", T + ON + "CREATE POLICY p ON t USING (owner_name = 'current_setting(');"),
    Case(PLAN, "no function", T + ON + MINE),
    Case(TRUNCATE, "one role", T + ON + MINE, {"t"}, APP + "GRANT SELECT, TRUNCATE ON t TO case_app"),
    Case(TRUNCATE, "without row security", T, setup=APP + "GRANT SELECT, TRUNCATE ON t TO case_app"),
    Case(TRUNCATE, "no TRUNCATE", T + ON + MINE, setup=APP + EVERY.format("t")),
    Case(EXPOSED, "one of two", BOTH + "ALTER TABLE a ENABLE ROW LEVEL SECURITY;", {"b"}, APP + EVERY.format("a, b")),
    Case(
        EXPOSED,
        "a table of an extension",
        BOTH + "ALTER TABLE a ENABLE ROW LEVEL SECURITY;",
        setup=APP + EVERY.format("a, b") + "CREATE EXTENSION IF NOT EXISTS citext; ALTER EXTENSION citext ADD TABLE b",
    ),
    Case(
        EXPOSED,
        "for another role",
        BOTH + "ALTER TABLE a ENABLE ROW LEVEL SECURITY;",
        setup=APP + OTHER + EVERY.format("a") + "GRANT SELECT ON b TO case_other",
    ),
    Case(
        EXPOSED,
        "one of two, where three quarters are asked for",
        BOTH + "ALTER TABLE a ENABLE ROW LEVEL SECURITY;",
        setup=APP + EVERY.format("a, b"),
        limits={"share": 0.75},
    ),
    Case(EXPOSED, "none has it", BOTH, setup=APP + EVERY.format("a, b")),
]
CASES = [*DEFAULT, *EXTENDED]
