# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Truth table of the checks of what functions of INSTEAD OF triggers do."""

from __future__ import annotations

from cases import Case

KEYS = "view-insert-trigger-stale-keys"
DEFAULTS = "view-insert-trigger-loses-defaults"
IGNORES = "view-trigger-ignores-column"
DELETE = "view-delete-returns-null"
WRITE = "view-write-returns-null"

TABLES = """
CREATE TABLE a (id serial PRIMARY KEY, x text, made timestamptz DEFAULT now(), "Odd ""n" text DEFAULT 'o', y text);
CREATE TABLE b (a int PRIMARY KEY REFERENCES a, z text);
CREATE VIEW v AS SELECT id, x, made, "Odd ""n", z, y || '!' AS loud FROM a JOIN b ON b.a = a.id;
"""
MAKES = "INSERT INTO a (x, y) VALUES (NEW.x, 'y')"
SECOND = "INSERT INTO b (a, z) VALUES (NEW.id, NEW.z);"


def trigger(verbs: str, body: str, declare: str = "", tables: str = TABLES) -> str:
    """A view with one INSTEAD OF trigger whose function has this body."""
    return (
        f"{tables} CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $f$ {declare} BEGIN {body} END $f$;"
        f"CREATE TRIGGER w INSTEAD OF {verbs} ON v FOR EACH ROW EXECUTE FUNCTION f();"
    )


def insert(body: str, declare: str = "") -> str:
    """The same for INSERT."""
    return trigger("INSERT", body, declare)


FOUND = {"v.w"}
CASES = [
    Case(KEYS, "the key is never told", insert(f"{MAKES}; RETURN NEW;"), FOUND),
    Case(KEYS, "told to a variable only", insert(f"{MAKES} RETURNING id INTO n; RETURN NEW;", "DECLARE n int;"), FOUND),
    Case(
        KEYS,
        "drawn by hand and kept to itself",
        insert(
            "n := nextval('a_id_seq'); INSERT INTO {schema}.a (id, x) VALUES (n, NEW.x); RETURN NEW;", "DECLARE n int;"
        ),
        FOUND,
    ),
    Case(
        KEYS,
        "told in a comment",
        insert(f"{MAKES} /* RETURNING id INTO NEW.id /* */ */; -- INTO NEW\n RETURN NEW;"),
        FOUND,
    ),
    Case(KEYS, "told by INTO", insert(f"{MAKES} RETURNING id INTO NEW.id; {SECOND} RETURN NEW;")),
    Case(
        KEYS,
        "told by INTO STRICT, among others",
        insert(f"{MAKES} RETURNING x, id INTO STRICT NEW.x, NEW.id; RETURN NEW;"),
    ),
    Case(KEYS, "told by assignment", insert(f"{MAKES}; NEW.id := currval('a_id_seq'); RETURN NEW;")),
    Case(KEYS, "told by assignment, with =", insert(f"{MAKES}; NEW.id = currval('a_id_seq'); RETURN NEW;")),
    Case(KEYS, "told as a whole row", insert(f"{MAKES}; SELECT v.* INTO NEW FROM v WHERE x = NEW.x; RETURN NEW;")),
    Case(KEYS, "another row is returned", insert(f"{MAKES} RETURNING * INTO r; RETURN r;", "DECLARE r v%ROWTYPE;")),
    Case(KEYS, "the caller gives the key", insert("INSERT INTO a (id, x) VALUES (NEW.id, NEW.x); RETURN NEW;")),
    Case(KEYS, "put together as text", insert("EXECUTE 'INSERT INTO a (x) VALUES ($1)' USING NEW.x; RETURN NEW;")),
    Case(KEYS, "another table's key", insert("INSERT INTO b (z) VALUES (NEW.z); RETURN NEW;")),
    Case(
        KEYS,
        "an identity, in another case",
        trigger(
            "INSERT",
            'insert into "A"("Key", X) values (default, new.x); Return New;',
            tables='CREATE TABLE "A" ("Key" int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, x text);'
            'CREATE VIEW v AS SELECT "Key", x FROM "A";',
        ),
        FOUND,
    ),
    Case(
        KEYS,
        "a random key",
        trigger(
            "INSERT OR UPDATE",
            "IF TG_OP = 'INSERT' THEN INSERT INTO a (x) VALUES (NEW.x); END IF; RETURN NEW;",
            tables="CREATE TABLE a (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), x text);"
            "CREATE VIEW v AS SELECT * FROM a;",
        ),
        FOUND,
    ),
    Case(
        KEYS,
        "two triggers share the work",
        insert(f"{MAKES}; RETURN NEW;") + "CREATE TRIGGER x INSTEAD OF INSERT ON v FOR EACH ROW EXECUTE FUNCTION f();",
    ),
    Case(
        KEYS,
        "a function that asks where it is",
        insert(f"IF TG_TABLE_NAME = 'v' THEN {MAKES}; END IF; RETURN NEW;"),
    ),
    Case(
        KEYS,
        "in another language",
        TABLES
        + "CREATE TRIGGER w INSTEAD OF INSERT ON v FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger();",
    ),
    Case(DEFAULTS, "NULL over now()", insert("INSERT INTO a (x, made) VALUES (NEW.x, NEW.made); RETURN NEW;"), FOUND),
    Case(
        DEFAULTS,
        "NULL over an odd column's default, and no key",
        insert('INSERT INTO a AS t (id, "Odd ""n") VALUES (NEW.id, NEW."Odd ""n") ON CONFLICT DO NOTHING; RETURN NEW;'),
        FOUND,
    ),
    Case(
        DEFAULTS, "COALESCE", insert("INSERT INTO a (x, made) VALUES (NEW.x, coalesce(NEW.made, now())); RETURN NEW;")
    ),
    Case(
        DEFAULTS,
        "assigned where it is NULL",
        insert(
            "IF NEW.made IS NULL THEN NEW.made := now(); END IF;"
            "INSERT INTO a (x, made) VALUES (NEW.x, NEW.made); RETURN NEW;"
        ),
    ),
    Case(
        DEFAULTS,
        "left out where it is NULL",
        insert(
            "IF num_nulls(NEW.made) = 0 THEN INSERT INTO a (x, made) VALUES (NEW.x, NEW.made);"
            f"ELSE {MAKES}; END IF; RETURN NEW;"
        ),
    ),
    Case(
        DEFAULTS,
        "the view has a default",
        insert("INSERT INTO a (x, made) VALUES (NEW.x, NEW.made); RETURN NEW;")
        + "ALTER VIEW v ALTER COLUMN made SET DEFAULT now();",
    ),
    Case(DEFAULTS, "no default to lose", insert("INSERT INTO a (x) VALUES (NEW.x); RETURN NEW;")),
    Case(DEFAULTS, "the row as it was", insert("NEW := f2(NEW); INSERT INTO a (made) VALUES (NEW.made); RETURN NEW;")),
    Case(
        IGNORES,
        "columns that nobody reads",
        trigger("UPDATE", "UPDATE a SET x = NEW.x WHERE id = OLD.id; RETURN NEW;"),
        FOUND,
    ),
    Case(
        IGNORES,
        "all columns are read",
        trigger(
            "UPDATE",
            'UPDATE a SET id = NEW.id, x = NEW.x, made = NEW.made, "Odd ""n" = NEW."Odd ""n" WHERE id = OLD.id;'
            "UPDATE b SET z = NEW.z WHERE a = NEW.id; RETURN NEW;",
        ),
    ),
    Case(
        IGNORES,
        "refused where they differ",
        trigger(
            "UPDATE",
            'IF (NEW.id, NEW.made, NEW.z) IS DISTINCT FROM (OLD.id, OLD.made, OLD.z) OR NEW."Odd ""n" = \'x\' THEN '
            "RAISE EXCEPTION 'no'; END IF; UPDATE a SET x = NEW.x WHERE id = OLD.id; RETURN NEW;",
        ),
    ),
    Case(IGNORES, "the row is handed on", trigger("UPDATE", "PERFORM g(NEW); UPDATE a SET x = 'a'; RETURN NEW;")),
    Case(IGNORES, "everything is refused", trigger("UPDATE", "RAISE EXCEPTION 'no'; RETURN NEW;")),
    Case(
        IGNORES,
        "lost at an INSERT, but for the key",
        insert('INSERT INTO a (x, made, "Odd ""n") VALUES (NEW.x, NEW.made, NEW."Odd ""n"); RETURN NEW;'),
        FOUND,
    ),
    Case(
        IGNORES,
        "all but the key, which the table makes",
        insert(
            'INSERT INTO a (x, made, "Odd ""n") VALUES (NEW.x, NEW.made, NEW."Odd ""n") RETURNING id INTO n;'
            "INSERT INTO b (a, z) VALUES (n, NEW.z); RETURN NEW;",
            "DECLARE n int;",
        ),
    ),
    Case(DELETE, "RETURN NULL", trigger("DELETE", "DELETE FROM a WHERE id = OLD.id; RETURN NULL;"), FOUND),
    Case(DELETE, "RETURN NEW", trigger("DELETE", "DELETE FROM a WHERE id = OLD.id; RETURN NEW;"), FOUND),
    Case(DELETE, "RETURN OLD", trigger("DELETE", "DELETE FROM a WHERE id = OLD.id; RETURN OLD;")),
    Case(
        DELETE,
        "NULL where nothing was found",
        trigger("DELETE", "DELETE FROM a WHERE id = OLD.id; IF NOT FOUND THEN RETURN NULL; END IF; RETURN OLD;"),
    ),
    Case(DELETE, "only refuses", trigger("DELETE", "RAISE EXCEPTION 'no'; RETURN NULL;")),
    Case(
        DELETE,
        "one function for all verbs, RETURN NEW",
        trigger("INSERT OR DELETE", "IF TG_OP = 'DELETE' THEN DELETE FROM a WHERE id = OLD.id; END IF; RETURN NEW;"),
        FOUND,
    ),
    Case(
        DELETE,
        "one function for all verbs",
        trigger(
            "INSERT OR DELETE",
            "IF TG_OP = 'DELETE' THEN DELETE FROM a WHERE id = OLD.id; RETURN OLD; END IF; RETURN NEW;",
        ),
    ),
    Case(WRITE, "an INSERT that returns NULL", insert(f"{MAKES}; RETURN NULL;"), FOUND),
    Case(WRITE, "an INSERT that returns OLD", insert(f"{MAKES}; RETURN OLD;"), FOUND),
    Case(WRITE, "an INSERT that returns NEW", insert(f"{MAKES}; RETURN NEW;")),
    Case(WRITE, "an UPDATE that returns NULL", trigger("UPDATE", "UPDATE a SET x = NEW.x; RETURN NULL;"), FOUND),
    Case(WRITE, "an UPDATE that returns OLD", trigger("UPDATE", "UPDATE a SET x = NEW.x; RETURN OLD;")),
    Case(WRITE, "a DELETE that returns NULL", trigger("DELETE", "DELETE FROM a WHERE id = OLD.id; RETURN NULL;")),
]
