# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Truth table of the checks of views; the role ollama, which the scanner's fixture makes, is the one who is granted."""

from __future__ import annotations

from cases import Case

WRITE = "view-not-writable"
PARTIAL = "view-partial-triggers"
DEFINER = "view-security-definer"
WIDER = "view-wider-than-table"
DEPTH = "view-depth"

TABLES = "CREATE TABLE a (id int PRIMARY KEY, x text); CREATE TABLE b (id int PRIMARY KEY, a int REFERENCES a, y text);"
JOIN = TABLES + "CREATE VIEW v AS SELECT a.id, x, y FROM a JOIN b ON b.a = a.id;"
SIMPLE = TABLES + "CREATE VIEW v AS SELECT id, x FROM a;"
ALL = "GRANT SELECT, INSERT, UPDATE, DELETE ON v TO ollama;"
FUNCTION = """
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS
  $$BEGIN INSERT INTO a (id, x) VALUES (NEW.id, NEW.x); RETURN NEW; END$$;
"""


def instead(verbs: str, view: str = "v") -> str:
    """An INSTEAD OF trigger for these verbs."""
    return FUNCTION + f"CREATE TRIGGER w INSTEAD OF {verbs} ON {view} FOR EACH ROW EXECUTE FUNCTION f();"


def policy(force: str = "") -> str:
    """Row security on table a, for those who may read it."""
    return (
        "CREATE TABLE a (id int PRIMARY KEY, x text); ALTER TABLE a ENABLE ROW LEVEL SECURITY;"
        "CREATE POLICY p ON a USING (x = current_user);" + force
    )


FORCE = "ALTER TABLE a FORCE ROW LEVEL SECURITY;"
VIEW = "CREATE VIEW v AS SELECT * FROM a; GRANT SELECT ON v TO ollama;"
CHAIN = TABLES + "".join(
    f"CREATE VIEW v{level} AS SELECT * FROM {f'v{level - 1}' if level > 1 else 'a'};" for level in range(1, 5)
)

WRITES = [
    Case(WRITE, "a join with grants", JOIN + ALL, {"v"}),
    Case(WRITE, "a join that PUBLIC may delete from", JOIN + "GRANT DELETE ON v TO PUBLIC;", {"v"}),
    Case(WRITE, "a join, granted on one column", JOIN + "GRANT UPDATE (x) ON v TO ollama;", {"v"}),
    Case(WRITE, "a join that may be read", JOIN + "GRANT SELECT ON v TO ollama;"),
    Case(WRITE, "a join without grants", JOIN),
    Case(WRITE, "a join, granted to its owner", JOIN + "GRANT ALL ON v TO case_owner;"),
    Case(WRITE, "a simple view", SIMPLE + ALL),
    Case(WRITE, "a join with all triggers", JOIN + ALL + instead("INSERT OR UPDATE OR DELETE")),
    Case(WRITE, "a trigger for another verb", JOIN + "GRANT UPDATE ON v TO ollama;" + instead("INSERT"), {"v"}),
    Case(
        WRITE,
        "a join with rules",
        JOIN
        + ALL
        + "".join(
            f"CREATE RULE r{verb} AS ON {verb} TO v DO INSTEAD NOTHING;" for verb in ("INSERT", "UPDATE", "DELETE")
        ),
    ),
    Case(
        WRITE,
        "a conditional rule",
        SIMPLE + "GRANT INSERT ON v TO ollama; CREATE RULE r AS ON INSERT TO v WHERE NEW.id > 1 DO INSTEAD NOTHING;",
        {"v"},
    ),
    Case(
        WRITE,
        "a conditional rule and a trigger",
        SIMPLE
        + "GRANT INSERT ON v TO ollama; CREATE RULE r AS ON INSERT TO v WHERE NEW.id > 1 DO INSTEAD NOTHING;"
        + instead("INSERT"),
    ),
    Case(
        WRITE,
        "a view over a view that takes nothing",
        JOIN + "CREATE VIEW w AS SELECT * FROM v; GRANT UPDATE ON w TO ollama;",
        {"w"},
    ),
    Case(
        WRITE,
        "a view over a view with triggers",
        JOIN + instead("INSERT") + "CREATE VIEW w AS SELECT * FROM v; GRANT INSERT ON w TO ollama;",
    ),
    Case(
        WRITE,
        "totals, which nobody can write",
        TABLES + "CREATE VIEW v AS SELECT x, count(*) AS n FROM a GROUP BY x;" + ALL,
        {"v"},
        severity="info",
    ),
    Case(
        WRITE,
        "totals below a join",
        TABLES
        + "CREATE VIEW v AS SELECT a.x, n FROM a JOIN (SELECT a, count(*) AS n FROM b GROUP BY a) c ON c.a = a.id;"
        "GRANT INSERT, UPDATE ON v TO ollama, PUBLIC;",
        {"v"},
        severity="info",
    ),
    Case(
        WRITE,
        "a union granted on by another",
        TABLES
        + "CREATE VIEW v AS SELECT x FROM a UNION ALL SELECT y FROM b; GRANT INSERT ON v TO ollama WITH GRANT OPTION;",
        {"v"},
        severity="info",
        unfixed="there is no fix where the grant may have been passed on",
    ),
    Case(
        WRITE,
        "what default privileges give",
        "ALTER DEFAULT PRIVILEGES FOR ROLE case_owner IN SCHEMA {schema} GRANT SELECT, INSERT ON TABLES TO ollama;"
        + JOIN,
        {"v"},
        severity="warning",
    ),
    Case(
        WRITE,
        "more than default privileges give",
        "ALTER DEFAULT PRIVILEGES FOR ROLE case_owner IN SCHEMA {schema} GRANT INSERT ON TABLES TO ollama;"
        + JOIN
        + ALL,
        {"v"},
    ),
    Case(WRITE, "declared writable", JOIN, {"v"}, contract={"views": {"v": {"writable": {}}}}),
    Case(WRITE, "declared, not writable", JOIN, contract={"views": {"v": {}}}),
    Case(
        WRITE,
        "declared writable, totals",
        TABLES + "CREATE VIEW v AS SELECT x, count(*) AS n FROM a GROUP BY x;",
        {"v"},
        contract={"views": {"v": {"writable": {}}}},
    ),
    Case(
        WRITE,
        "odd names",
        TABLES + 'CREATE VIEW "V ""w"".é" AS SELECT a.id AS "Id ""x", y FROM a JOIN b ON b.a = a.id;'
        'GRANT UPDATE ("Id ""x") ON "V ""w"".é" TO ollama;',
        {'"V ""w"".é"'},
    ),
    Case(PARTIAL, "INSERT alone", JOIN + ALL + instead("INSERT"), {"v"}),
    Case(PARTIAL, "INSERT alone, and no more granted", JOIN + "GRANT INSERT ON v TO ollama;" + instead("INSERT")),
    Case(PARTIAL, "nothing at all", JOIN + ALL),
    Case(PARTIAL, "all of them", JOIN + ALL + instead("INSERT OR UPDATE OR DELETE")),
    Case(
        PARTIAL,
        "declared writable, DELETE is missing",
        JOIN + instead("INSERT OR UPDATE"),
        {"v"},
        severity="error",
        contract={"views": {"v": {"writable": {}}}},
    ),
    Case(
        PARTIAL,
        "no column to write",
        TABLES + "CREATE VIEW v AS SELECT id + 0 AS id, upper(x) AS x FROM a;" + ALL,
        {"v"},
    ),
    Case(
        PARTIAL,
        "what default privileges give",
        "ALTER DEFAULT PRIVILEGES FOR ROLE case_owner IN SCHEMA {schema} GRANT INSERT, DELETE ON TABLES TO ollama;"
        + JOIN
        + instead("INSERT"),
        {"v"},
        severity="info",
    ),
]

READS = [
    Case(DEFINER, "the owner of the table", policy() + VIEW, {"v"}, until=14),
    Case(DEFINER, "the owner of both", policy() + VIEW + "GRANT SELECT ON a TO ollama;", {"v"}, since=15),
    Case(DEFINER, "a reader who may not read the table", policy() + VIEW, {"v"}, since=15),
    Case(
        DEFINER,
        "said to be no invoker",
        policy() + VIEW + "GRANT SELECT ON a TO ollama; ALTER VIEW v SET (security_invoker = false);",
        {"v"},
        since=15,
    ),
    Case(DEFINER, "an invoker", policy() + VIEW + "ALTER VIEW v SET (security_invoker = on);", since=15),
    Case(DEFINER, "forced policies", policy(FORCE) + VIEW),
    Case(DEFINER, "a superuser's view", policy(FORCE) + VIEW, {"v"}, setup="ALTER VIEW v OWNER TO CURRENT_USER;"),
    Case(DEFINER, "no policies", "CREATE TABLE a (id int PRIMARY KEY, x text);" + VIEW),
    Case(DEFINER, "nobody else may read it", policy() + "CREATE VIEW v AS SELECT * FROM a;"),
    Case(
        DEFINER,
        "an owner under the policies",
        policy() + "GRANT SELECT ON a TO ollama_owner;" + VIEW,
        setup="ALTER VIEW v OWNER TO ollama_owner;",
    ),
    Case(
        DEFINER,
        "below another view",
        policy() + "CREATE VIEW u AS SELECT * FROM a; CREATE VIEW v AS SELECT id FROM u; GRANT SELECT ON v TO PUBLIC;",
        {"v"},
    ),
    Case(
        DEFINER,
        "an invoker below",
        policy()
        + "CREATE VIEW u WITH (security_invoker = true) AS SELECT * FROM a;"
        + "CREATE VIEW v AS SELECT id FROM u; GRANT SELECT ON u, v TO ollama;",
        {"v"},
        since=15,
    ),
    Case(
        DEFINER,
        "in a subquery, one column granted",
        policy()
        + "CREATE VIEW v AS SELECT relname FROM pg_class WHERE EXISTS (SELECT FROM {schema}.a);"
        + "GRANT SELECT (relname) ON v TO ollama;",
        {"v"},
    ),
    Case(WIDER, "a table that is not granted", SIMPLE + "GRANT SELECT ON v TO ollama;", {"v"}),
    Case(WIDER, "a table that is granted", SIMPLE + "GRANT SELECT ON a, v TO ollama;"),
    Case(
        WIDER, "columns that are granted", SIMPLE + "GRANT SELECT (id, x) ON a TO PUBLIC; GRANT SELECT ON v TO ollama;"
    ),
    Case(WIDER, "one column granted", SIMPLE + "GRANT SELECT (id) ON a TO PUBLIC; GRANT SELECT ON v TO ollama;", {"v"}),
    Case(WIDER, "nobody may read it", SIMPLE),
    Case(DEPTH, "four levels", CHAIN, {"v4"}),
    Case(DEPTH, "three levels", CHAIN + "DROP VIEW v4;"),
    Case(
        DEPTH,
        "views that stand on each other",
        "CREATE VIEW a AS SELECT 1 AS x; CREATE VIEW b AS SELECT x FROM a; "
        "CREATE OR REPLACE VIEW a AS SELECT x FROM b;",
    ),
    Case(DEPTH, "four, where four are allowed", CHAIN, limits={"levels": 4}),
    Case(
        DEPTH,
        "a materialized view in between",
        CHAIN + "DROP VIEW v4; CREATE MATERIALIZED VIEW m AS SELECT * FROM v3; CREATE VIEW v4 AS SELECT * FROM m;",
    ),
]
CASES = WRITES + READS
