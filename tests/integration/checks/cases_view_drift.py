# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Truth table of the checks of view triggers that no longer fit."""

from __future__ import annotations

from cases import Case

BROKEN = "view-trigger-broken"
GONE = "view-trigger-missing-after-recreate"

TABLES = """
CREATE TABLE a (id serial PRIMARY KEY, x text, y text);
CREATE TABLE b (a int PRIMARY KEY REFERENCES a, z text);
CREATE VIEW servers AS SELECT id, x, z FROM a JOIN b ON b.a = a.id;
"""


def function(name: str, body: str) -> str:
    """A trigger function."""
    return f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $f$ BEGIN {body} END $f$;"


def trigger(verbs: str, body: str) -> str:
    """The view with one INSTEAD OF trigger whose function has this body."""
    return (
        TABLES
        + function("f", body)
        + f"CREATE TRIGGER w INSTEAD OF {verbs} ON servers FOR EACH ROW EXECUTE FUNCTION f();"
    )


WELL = trigger(
    "INSERT OR UPDATE OR DELETE",
    "IF TG_OP = 'DELETE' THEN DELETE FROM ONLY a AS t WHERE t.id = OLD.id; RETURN OLD; END IF;"
    "WITH n AS (INSERT INTO {schema}.a (x) VALUES (NEW.x) ON CONFLICT (id) DO UPDATE SET x = NEW.x RETURNING id)"
    " SELECT n.id INTO NEW.id FROM n FOR UPDATE;"
    "UPDATE a AS t SET x = NEW.x, (y) = ROW('gone = 1'), id = NEW.id WHERE t.id = OLD.id; RETURN NEW;",
)
INSERTS = function("servers_insert_fn", "INSERT INTO a (x) VALUES (NEW.x) RETURNING id INTO NEW.id; RETURN NEW;")
UPDATES = function("servers_update_fn", "UPDATE a SET x = NEW.x WHERE id = OLD.id; RETURN NEW;")
FOUND = {"servers.w"}

CASES = [
    Case(BROKEN, "all is there", WELL),
    Case(BROKEN, "a renamed view column", WELL + "ALTER VIEW servers RENAME COLUMN x TO host;", FOUND),
    Case(BROKEN, "a renamed table column", WELL + "ALTER TABLE a RENAME COLUMN x TO host;", FOUND),
    Case(BROKEN, "a renamed table", WELL + "ALTER TABLE a RENAME TO hosts;", FOUND),
    Case(
        BROKEN,
        "a table moved to another schema",
        WELL,
        FOUND,
        setup="CREATE SCHEMA {schema}_moved; ALTER TABLE a SET SCHEMA {schema}_moved;",
    ),
    Case(
        BROKEN, "OLD in an INSERT", trigger("INSERT", "INSERT INTO a (x) VALUES (NEW.x); PERFORM OLD.host; RETURN NEW;")
    ),
    Case(
        BROKEN, "in text and comments", trigger("INSERT", "-- NEW.host\n RAISE NOTICE 'NEW.host %', NEW.x; RETURN NEW;")
    ),
    Case(
        BROKEN,
        "a temporary table",
        trigger("INSERT", "CREATE TEMP TABLE tmp (i int); INSERT INTO tmp (i) VALUES (1); RETURN NEW;"),
    ),
    Case(BROKEN, "the system's", trigger("INSERT", "UPDATE pg_settings SET setting = NEW.x; RETURN NEW;")),
    Case(
        BROKEN,
        "a function for several views",
        trigger("INSERT", "IF TG_TABLE_NAME = 'other' THEN INSERT INTO a (x) VALUES (NEW.other); END IF; RETURN NEW;"),
    ),
    Case(
        BROKEN,
        "in a RETURNING list",
        trigger("INSERT", "INSERT INTO a (x) VALUES (NEW.x) RETURNING new.y INTO NEW.x; RETURN NEW;"),
    ),
    Case(GONE, "the function is left", TABLES + INSERTS, {"servers"}),
    Case(GONE, "two functions are left", TABLES + INSERTS + UPDATES, {"servers"}),
    Case(
        GONE,
        "dropped and made again",
        TABLES
        + INSERTS
        + "CREATE TRIGGER t INSTEAD OF INSERT ON servers FOR EACH ROW EXECUTE FUNCTION servers_insert_fn();"
        + "DROP VIEW servers; CREATE VIEW servers AS SELECT id, x FROM a JOIN b ON b.a = a.id;",
        {"servers"},
    ),
    Case(
        GONE,
        "the trigger is there",
        TABLES
        + INSERTS
        + "CREATE TRIGGER t INSTEAD OF INSERT ON servers FOR EACH ROW EXECUTE FUNCTION servers_insert_fn();",
    ),
    Case(
        GONE,
        "another trigger does it",
        trigger("INSERT", "INSERT INTO a (x) VALUES (NEW.x); RETURN NEW;") + INSERTS,
    ),
    Case(
        GONE,
        "the view takes it by itself",
        "CREATE TABLE a (id serial, x text); CREATE VIEW servers AS SELECT id, x FROM a;" + INSERTS,
    ),
    Case(GONE, "no word for writing", TABLES + function("servers_touch", "UPDATE a SET x = NEW.x; RETURN NEW;")),
    Case(
        GONE,
        "a longer name of a table",
        TABLES
        + "CREATE TABLE servers_log (i int);"
        + function("servers_log_insert", "INSERT INTO a (x) VALUES (NEW.x); RETURN NEW;"),
    ),
    Case(
        GONE,
        "columns of another time",
        TABLES + function("servers_insert", "INSERT INTO a (x) VALUES (NEW.host); RETURN NEW;"),
    ),
    Case(
        GONE,
        "one function for two verbs",
        TABLES + function("tr_servers_ins_upd", "UPDATE a SET x = NEW.x; RETURN NEW;"),
        {"servers"},
    ),
    Case(
        GONE,
        "a function of this collection",
        TABLES
        + function("pgops_servers_delete", "RETURN OLD;")
        + "COMMENT ON FUNCTION pgops_servers_delete() IS 'pgops view trigger; generator 1; model 0; policy 0';",
        {"servers"},
    ),
    Case(GONE, "a function that bears such a name only", TABLES + function("pgops_servers_delete", "RETURN OLD;")),
]
