# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Truth table of the checks of triggers and rules."""

from __future__ import annotations

from cases import Case

DISABLED = "trigger-disabled"
RULE = "rule-instead-multi"
LOOP = "trigger-row-by-row"
SHARED = "trigger-shared-function"

TABLE = "CREATE TABLE t (id int PRIMARY KEY, x text); CREATE TABLE u (id int, t int REFERENCES t);"
TREE = (
    "CREATE TABLE t (id int, x text) PARTITION BY LIST (id); CREATE TABLE t1 PARTITION OF t FOR VALUES IN (1);"
    "CREATE TABLE t2 PARTITION OF t FOR VALUES IN (2) PARTITION BY LIST (id);"
    "CREATE TABLE t3 PARTITION OF t2 FOR VALUES IN (2);"
)


def function(body: str = "RETURN NEW;", declare: str = "") -> str:
    """A trigger function."""
    return f"CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $f$ {declare} BEGIN {body} END $f$;"


def trigger(name: str = "w", table: str = "t", each: str = "ROW") -> str:
    """A trigger after each INSERT."""
    return f"CREATE TRIGGER {name} AFTER INSERT ON {table} FOR EACH {each} EXECUTE FUNCTION f();"


MADE = TABLE + function() + trigger()
GROWN = TREE + function() + trigger()

CASES = [
    Case(DISABLED, "disabled", MADE + "ALTER TABLE t DISABLE TRIGGER w;", {"t.w"}),
    Case(DISABLED, "all of users", MADE + trigger("z") + "ALTER TABLE t DISABLE TRIGGER USER;", {"t.w", "t.z"}),
    Case(DISABLED, "as it was made", MADE),
    Case(DISABLED, "always", MADE + "ALTER TABLE t ENABLE ALWAYS TRIGGER w;"),
    Case(DISABLED, "for replicas", MADE + "ALTER TABLE t ENABLE REPLICA TRIGGER w;", {"t.w"}, severity="info"),
    Case(
        DISABLED,
        "the system's own",
        TABLE,
        setup="ALTER TABLE t DISABLE TRIGGER ALL; ALTER TABLE u DISABLE TRIGGER ALL;",
    ),
    Case(
        DISABLED,
        "a constraint trigger with odd names",
        'CREATE TABLE "T ""x"".y" (id int);'
        + function()
        + 'CREATE CONSTRAINT TRIGGER "W ""é" AFTER INSERT ON "T ""x"".y" DEFERRABLE FOR EACH ROW EXECUTE FUNCTION f();'
        + 'ALTER TABLE "T ""x"".y" DISABLE TRIGGER "W ""é";',
        {'"T ""x"".y"."W ""é"'},
    ),
    Case(DISABLED, "a whole partition tree", GROWN + "ALTER TABLE t DISABLE TRIGGER w;", {"t.w"}),
    Case(
        DISABLED,
        "a partition tree but for one",
        GROWN + "ALTER TABLE t DISABLE TRIGGER w; ALTER TABLE t1 ENABLE TRIGGER w;",
        {"t.w"},
    ),
    Case(
        DISABLED,
        "a foreign table's",
        "",
        {"f.w"},
        setup="CREATE FOREIGN DATA WRAPPER {schema}w; CREATE SERVER {schema}s FOREIGN DATA WRAPPER {schema}w;"
        "CREATE FOREIGN TABLE f (id int) SERVER {schema}s;"
        + function()
        + trigger(table="f")
        + "ALTER FOREIGN TABLE f DISABLE TRIGGER w;",
    ),
    Case(DISABLED, "one partition", GROWN + "ALTER TABLE t1 DISABLE TRIGGER w;", {"t1.w"}),
    Case(DISABLED, "a partition below", GROWN + "ALTER TABLE t2 DISABLE TRIGGER w;", {"t2.w"}),
    Case(
        DISABLED,
        "a partition's own, and a statement's",
        TREE
        + function()
        + trigger("z", "t3")
        + trigger("s", "t", "STATEMENT")
        + "ALTER TABLE t3 DISABLE TRIGGER z; ALTER TABLE t DISABLE TRIGGER s;",
        {"t3.z", "t.s"},
    ),
    Case(
        RULE,
        "two statements",
        TABLE
        + "CREATE RULE r AS ON DELETE TO t DO INSTEAD (DELETE FROM u WHERE t = OLD.id; DELETE FROM t WHERE false);",
        {"t.r"},
    ),
    Case(RULE, "one statement", TABLE + "CREATE RULE r AS ON DELETE TO t DO INSTEAD DELETE FROM u WHERE t = OLD.id;"),
    Case(RULE, "nothing", TABLE + "CREATE RULE r AS ON DELETE TO t WHERE OLD.id > 0 DO INSTEAD NOTHING;"),
    Case(
        RULE,
        "one more",
        TABLE + "CREATE RULE r AS ON INSERT TO t DO ALSO INSERT INTO u VALUES (NEW.id);",
        {"t.r"},
        severity="info",
    ),
    Case(RULE, "two more", TABLE + "CREATE RULE r AS ON INSERT TO t DO (DELETE FROM u; NOTIFY t);", {"t.r"}),
    Case(
        RULE,
        "disabled",
        TABLE + "CREATE RULE r AS ON INSERT TO t DO (DELETE FROM u; NOTIFY t); ALTER TABLE t DISABLE RULE r;",
    ),
    Case(
        RULE,
        "on a view",
        TABLE + "CREATE VIEW v AS SELECT * FROM t;"
        "CREATE RULE r AS ON UPDATE TO v DO INSTEAD (UPDATE t SET x = NEW.x; UPDATE u SET id = NEW.id);",
        {"v.r"},
    ),
    Case(
        LOOP,
        "a loop over a query",
        TABLE
        + function("FOR r IN SELECT id FROM u LOOP DELETE FROM t; END LOOP; RETURN NEW;", "DECLARE r record;")
        + trigger(),
        {"t.w"},
    ),
    Case(
        LOOP,
        "a cursor",
        TABLE
        + function(
            "OPEN c; LOOP FETCH c INTO n; EXIT WHEN NOT FOUND; END LOOP; RETURN NEW;",
            "DECLARE c CURSOR FOR SELECT id FROM u; n int;",
        )
        + trigger(),
        {"t.w"},
    ),
    Case(LOOP, "over numbers", TABLE + function("FOR i IN 1..3 LOOP NULL; END LOOP; RETURN NEW;") + trigger()),
    Case(
        LOOP,
        "over an array",
        TABLE
        + function("FOREACH i IN ARRAY '{1}'::int[] LOOP NULL; END LOOP; RETURN NEW;", "DECLARE i int;")
        + trigger(),
    ),
    Case(
        LOOP,
        "once for each statement",
        TABLE
        + function("FOR r IN SELECT id FROM u LOOP NULL; END LOOP; RETURN NULL;", "DECLARE r record;")
        + trigger(each="STATEMENT"),
    ),
    Case(LOOP, "in a text", TABLE + function("RAISE NOTICE 'FOR r IN SELECT LOOP'; RETURN NEW;") + trigger()),
    Case(
        LOOP,
        "a partition tree",
        TREE + function("FOR r IN SELECT id FROM t LOOP NULL; END LOOP; RETURN NEW;", "DECLARE r record;") + trigger(),
        {"t.w"},
    ),
    Case(SHARED, "two tables", MADE + trigger("z", "u"), {"f()"}),
    Case(SHARED, "one table, two triggers", MADE + trigger("z")),
    Case(SHARED, "a partition tree", GROWN),
    Case(SHARED, "two tables, where two are allowed", MADE + trigger("z", "u"), limits={"tables": 2}),
]
