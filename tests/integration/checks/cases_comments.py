# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Truth table of the checks of comments."""

from __future__ import annotations

from cases import Case

TABLE = "CREATE TABLE t (a int CONSTRAINT pos CHECK (a > 0), b int); CREATE INDEX i ON t (b);"
TREE = "CREATE TABLE t (a int) PARTITION BY LIST (a); CREATE TABLE t1 PARTITION OF t DEFAULT;"
FUNCTION = "CREATE FUNCTION f(a int) RETURNS int LANGUAGE sql AS 'SELECT 1';"
TRIGGER = (
    "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';"
    "CREATE TRIGGER x BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION f();"
)

CASES = [
    Case("schema-no-comment", "none", "", {""}),
    Case("schema-no-comment", "one", "COMMENT ON SCHEMA {schema} IS 'what it is';"),
    Case("table-no-comment", "tables and views", TABLE + "CREATE VIEW v AS SELECT 1 AS a;", {"t", "v"}),
    Case("table-no-comment", "blanks", TABLE + "COMMENT ON TABLE t IS '  ';", {"t"}),
    Case("table-no-comment", "one", TABLE + "COMMENT ON TABLE t IS 'rows';"),
    Case("table-no-comment", "a tree once", TREE, {"t"}),
    Case("table-no-comment", "only on a column", TABLE + "COMMENT ON COLUMN t.a IS 'x';", {"t"}),
    Case("column-no-comment", "one of two", TABLE + "COMMENT ON COLUMN t.a IS 'x';", {"t.b"}),
    Case("column-no-comment", "both", TABLE + "COMMENT ON COLUMN t.a IS 'x'; COMMENT ON COLUMN t.b IS 'y';"),
    Case("column-no-comment", "a tree once", TREE, {"t.a"}),
    Case(
        "column-no-comment", "inherited", "CREATE TABLE p (a int); CREATE TABLE c (b int) INHERITS (p);", {"p.a", "c.b"}
    ),
    Case("column-comments-partial", "one of two", TABLE + "COMMENT ON COLUMN t.a IS 'x';", {"t"}),
    Case("column-comments-partial", "both", TABLE + "COMMENT ON COLUMN t.a IS 'x'; COMMENT ON COLUMN t.b IS 'y';"),
    Case("column-comments-partial", "none", TABLE + "COMMENT ON COLUMN t.a IS ' ';"),
    Case("function-no-comment", "none", FUNCTION + "CREATE PROCEDURE p() LANGUAGE sql AS '';", {"f(a integer)", "p()"}),
    Case(
        "function-no-comment",
        "one of two",
        FUNCTION + "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1';COMMENT ON FUNCTION f() IS 'one';",
        {"f(a integer)"},
    ),
    Case("function-no-comment", "one", FUNCTION + "COMMENT ON FUNCTION f(int) IS 'one';"),
    Case("index-no-comment", "none", TABLE + "CREATE TABLE u (a int PRIMARY KEY);", {"i"}),
    Case("index-no-comment", "one", TABLE + "COMMENT ON INDEX i IS 'for lists';"),
    Case("index-no-comment", "a tree once", TREE + "CREATE INDEX i ON t (a);", {"i"}),
    Case("constraint-no-comment", "none", TABLE + "CREATE TABLE u (c int NOT NULL);", {"t.pos"}),
    Case("constraint-no-comment", "one", TABLE + "COMMENT ON CONSTRAINT pos ON t IS 'why';"),
    Case("constraint-no-comment", "a tree once", TREE + "ALTER TABLE t ADD CONSTRAINT k PRIMARY KEY (a);", {"t.k"}),
    Case("trigger-no-comment", "none", TABLE + TRIGGER, {"t.x"}),
    Case("trigger-no-comment", "one", TABLE + TRIGGER + "COMMENT ON TRIGGER x ON t IS 'why';"),
    Case("trigger-no-comment", "of a foreign key", "CREATE TABLE p (a int PRIMARY KEY, b int REFERENCES p);"),
    Case("trigger-no-comment", "a tree once", TREE + TRIGGER, {"t.x"}),
]
