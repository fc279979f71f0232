# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Truth table of the checks of names."""

from __future__ import annotations

from cases import Case

UNSEEN = "name-invisible-characters"
RESERVED = "name-reserved-keyword"
ACCENTED = "\u00e9" * 31 + "x"
LONG = "name-at-length-limit"
QUOTES = "name-needs-quotes"
UNUSUAL = "name-unusual-characters"
CASING = "name-casing"

SIXTY_THREE = "n" * 63
SNAKE = "CREATE TABLE user_names (user_id int, first_name text, name text);"
TREE = 'CREATE TABLE t (a int) PARTITION BY LIST (a); CREATE TABLE "T 1" PARTITION OF t DEFAULT;'

CASES = [
    Case(UNSEEN, "a blank at the end", 'CREATE TABLE "t " (" a" int, b int);', {'"t "', '"t "." a"'}),
    Case(
        UNSEEN,
        "no-break and zero-width",
        'CREATE TABLE t ("a\u00a0b" int, "c\u200bd" int, "e\tf" int);',
        {'t."a\u00a0b"', 't."c\u200bd"', 't."e\tf"'},
    ),
    Case(
        UNSEEN,
        "a function and an index",
        "CREATE FUNCTION \"f\u200d\"() RETURNS int LANGUAGE sql AS 'SELECT 1';"
        'CREATE TABLE t (a int); CREATE INDEX "i\n" ON t (a);',
        {'"f\u200d"()', '"i\n"'},
    ),
    Case(
        UNSEEN,
        "what is to be seen",
        'CREATE TABLE "Na\u00efve Table" ("a b" int, "c.d" int, "\u540d" int, "e""f" int);',
    ),
    Case(
        UNSEEN,
        "a tree once",
        'CREATE TABLE t ("a " int) PARTITION BY LIST ("a "); CREATE TABLE t1 PARTITION OF t DEFAULT;',
        {'t."a "'},
    ),
    Case(RESERVED, "a dropped column", 'CREATE TABLE t (a int, "order" int); ALTER TABLE t DROP COLUMN "order";'),
    Case(
        RESERVED,
        "reserved",
        'CREATE TABLE "order" ("user" int, "end" int, "left" int);',
        {'"order"', '"order"."user"', '"order"."end"', '"order"."left"'},
    ),
    Case(
        RESERVED,
        "allowed as names",
        'CREATE TABLE status (name text, key text, value text, type text, "timestamp" text, '
        '"between" int, "Order" int, orders int);',
    ),
    Case(
        RESERVED,
        "functions",
        "CREATE FUNCTION \"coalesce\"() RETURNS int LANGUAGE sql AS 'SELECT 1';"
        "CREATE FUNCTION \"left\"() RETURNS int LANGUAGE sql AS 'SELECT 1';",
        {'"coalesce"()'},
    ),
    Case(
        RESERVED,
        "constraints and indexes",
        'CREATE TABLE t (a int CONSTRAINT "check" CHECK (a > 0)); CREATE INDEX "user" ON t (a);',
    ),
    Case(LONG, "63 bytes", f"CREATE TABLE {SIXTY_THREE} (a int);", {SIXTY_THREE}),
    Case(LONG, "cut by the server", f"CREATE TABLE t ({SIXTY_THREE}_and_more int);", {f"t.{SIXTY_THREE}"}),
    Case(LONG, "62 bytes", f"CREATE TABLE {SIXTY_THREE[:62]} (a int);"),
    Case(LONG, "bytes, not characters", f"CREATE TABLE t ({ACCENTED} int);", {f't."{ACCENTED}"'}),
    Case(LONG, "names that PostgreSQL makes", f"CREATE TABLE {SIXTY_THREE[:60]} (a int PRIMARY KEY, b int UNIQUE);"),
    Case(
        QUOTES,
        "capitals, blanks, digits",
        'CREATE TABLE "Users" ("a b" int, "1st" int, "c-d" int);',
        {'"Users"', '"Users"."a b"', '"Users"."1st"', '"Users"."c-d"'},
    ),
    Case(QUOTES, "none", 'CREATE TABLE users_1 (a$b int, "\u00e9t\u00e9" int, "user" int, _x int);'),
    Case(QUOTES, "a partition", TREE),
    Case(
        UNUSUAL,
        "signs",
        'CREATE TABLE "a.b" ("c d" int, "\u00e9" int, e$ int);',
        {'"a.b"', '"a.b"."c d"', '"a.b"."\u00e9"', '"a.b"."e$"'},
    ),
    Case(UNUSUAL, "capitals and digits", 'CREATE TABLE "Users" (a_1 int);'),
    Case(CASING, "a camel among snakes", SNAKE + 'CREATE TABLE t ("userId" int);', {'t."userId"'}),
    Case(
        CASING, "a snake among camels", 'CREATE TABLE "T" ("userId" int, "orderId" int, user_id int);', {'"T".user_id'}
    ),
    Case(CASING, "all snakes", SNAKE),
    Case(CASING, "half and half", 'CREATE TABLE t ("userId" int, user_id int);'),
]
