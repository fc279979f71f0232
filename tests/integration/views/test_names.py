# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names that break whatever puts SQL together from text, and names that the generated code uses itself."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from psycopg import sql
from view_stage import POLICIES, Stage, expect_refusal
from view_verdicts import HOLDS, behaviour

NAMES = {
    "mixed-case": "MixedCase",
    "space": "two words",
    "double-quote": 'a"b""c',
    "single-quote": "it's",
    "percent": "100%s %(x)s %% %I %L",
    "dollar": "$1 $$ $pgops$ $function$",
    "backslash": "back\\slash\\n",
    "brace": "{0} {{ }} {x}",
    "brackets": "a[b] [ ( ) ] [2",
    "empty-mark": "<>",
    "begins-like-a-number": "-1 +2",
    "colon": ":name :: x",
    "dot": "public.endpoints",
    "non-ascii": "Ünïcode_表_🐘",
    "keyword": "select",
    "sql-comment": "a -- b /* c",
    "semicolon": "a; DROP TABLE endpoints; --",
    "63-bytes": "x" * 63,
    "63-bytes-wide": "é" * 31 + "x",
}
# Words that PL/pgSQL or the generated functions use.
OWN_WORDS = [
    "new",
    "old",
    "NEW",
    "result",
    "stored",
    "done",
    "found",
    "t",
    "t1",
    "t2",
    "r1",
    "v",
    "now_1",
    "t1_key_1",
    "names",
    "vals",
    "seen",
]
OWN_WORDS += ["tg_op", "sqlerrm", "changed_1", "pgops", "given_back", "updated"]


def ident(name: str) -> str:
    """The name as it is quoted in SQL."""
    return sql.Identifier(name).as_string(None)


def make(stage: Stage, schema: str, name: str, column: str) -> str:
    """Two tables and a view in which everything bears this name; returns the view's full name, quoted."""
    s, view, c = ident(schema), ident(name), ident(column)
    whole = name if len(name.encode()) < 60 else name[-8:]
    parent, child, function = (ident(whole + suffix) for suffix in ("_p", "_c", "_f"))
    stage.admin.run(f"CREATE SCHEMA IF NOT EXISTS {s} AUTHORIZATION ollama_owner")
    stage.as_owner(f"""
        CREATE TABLE {s}.{parent} (
            id serial PRIMARY KEY, key text UNIQUE NOT NULL, {c} text DEFAULT 'one',
            d2 integer DEFAULT 2, d3 integer DEFAULT 3, d4 integer DEFAULT 4);
        CREATE TABLE {s}.{child} (
            {c} integer PRIMARY KEY REFERENCES {s}.{parent} (id) ON DELETE CASCADE, note text);
        CREATE FUNCTION {s}.{function}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
        CREATE TRIGGER {view} AFTER UPDATE OF d2 ON {s}.{parent} FOR EACH ROW EXECUTE FUNCTION {s}.{function}();
        CREATE VIEW {s}.{view} AS
            SELECT p.id, p.key, p.{c}, p.d2, p.d3, p.d4, {view}.note
            FROM {s}.{parent} p JOIN {s}.{child} {view} ON {view}.{c} = p.id;
        INSERT INTO {s}.{parent} (key) VALUES ('first'); INSERT INTO {s}.{child} VALUES (1, 'a note');
        GRANT USAGE ON SCHEMA {s} TO clerk; GRANT ALL ON {s}.{view} TO clerk""")
    return f"{s}.{view}"


def use(stage: Stage, view: str, column: str) -> None:
    """Every write once, as a role with rights on the view only; each must say what was stored."""
    c, client = ident(column), stage.client("clerk")
    new = client.row(
        f"INSERT INTO {view} (key, d3, note) VALUES ('second', 33, 'hello') RETURNING id, {c}, d2, d3, note"
    )
    assert {**new, "id": 0} == {"id": 0, column: "one", "d2": 2, "d3": 33, "note": "hello"}, f"INSERT RETURNING {new}"
    row = client.row(f"UPDATE {view} SET {c} = 'other', note = 'changed' WHERE id = 1 RETURNING {c}, note, d2")
    assert row == {column: "other", "note": "changed", "d2": 2}, f"UPDATE RETURNING {row}"
    again = client.column(f"INSERT INTO {view} (key, {c}) VALUES ('first', 'upserted') RETURNING id")
    assert again == [1], f"the upsert gave {again}"
    assert client.column(f"SELECT {c} FROM {view} WHERE id = 1") == ["upserted"], "the upsert did not write"
    assert client.column(f"DELETE FROM {view} WHERE key = 'second' RETURNING id") == [new["id"]], "DELETE"
    assert client.value(f"SELECT count(*) FROM {view}") == 1, "the deleted row is still there"


@pytest.mark.parametrize("name", list(NAMES.values()), ids=list(NAMES))
def test_odd_names(stage: Stage, name: str) -> None:
    view = make(stage, f"s {name}"[:30].encode()[:60].decode(errors="ignore"), name, name)
    made = stage.install(view, on_conflict="upsert", on_delete="root", conflict_key=["key"])
    assert made.changed, f"{made}"
    assert made.probe["status"] == "passed", f"{made}"
    use(stage, view, name)
    assert not stage.install(view, on_conflict="upsert", on_delete="root", conflict_key=["key"]).changed, (
        "a second run changed something"
    )
    assert stage.install(
        view, on_conflict="upsert", on_delete="root", conflict_key=["key"], module={"state": "absent"}
    ).changed, "absent"
    assert stage.objects() == [row for row in stage.objects() if not row["name"].startswith("pgops_")], (
        "absent left something"
    )


@pytest.mark.parametrize("name", ["two\nlines", "x\nPERFORM 1 / 0; --", "back\bspace", "esc\x1b[2J"])
def test_names_that_cannot_be_printed_are_refused(stage: Stage, name: str) -> None:
    view = make(stage, "public", name, name)
    before = stage.objects()
    policy: dict[str, Any] = {"on_conflict": "upsert", "on_delete": "root", "conflict_key": ["key"]}
    text = expect_refusal(
        partial(stage.install, view, **policy), ["cannot be printed"], "a line break in a name was let in"
    )
    assert stage.objects() == before, f"refused, and yet something changed: {text}"


def test_words_of_the_generated_code(stage: Stage) -> None:
    words = [ident(word) for word in OWN_WORDS]
    stage.as_owner(f"""
        CREATE TABLE stored (id serial PRIMARY KEY, {", ".join(f"{word} text DEFAULT 'one'" for word in words)});
        CREATE TABLE done (id integer PRIMARY KEY REFERENCES stored (id), note text);
        CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
        CREATE TRIGGER nothing AFTER UPDATE OF note ON done FOR EACH ROW EXECUTE FUNCTION nothing();
        CREATE VIEW result AS SELECT stored.*, done.note FROM stored JOIN done USING (id);
        INSERT INTO stored DEFAULT VALUES; INSERT INTO done VALUES (1, 'x');
        GRANT ALL ON result TO clerk""")
    assert stage.install("result", on_delete="root").probe["status"] == "passed", "the probe did not pass"
    client = stage.client("clerk")
    new = client.row("INSERT INTO result (note) VALUES ('y') RETURNING *")
    assert {new[word] for word in OWN_WORDS} == {"one"}, f"INSERT gave {new}"
    for word, quoted in zip(OWN_WORDS, words, strict=True):
        row = client.row(f"UPDATE result SET {quoted} = 'two', note = {quoted} WHERE id = {new['id']} RETURNING *")
        assert (row[word], row["note"]) == ("two", "one"), f"UPDATE of {word} gave {row}"
    assert client.run(f"DELETE FROM result WHERE id = {new['id']}") == 1, "DELETE"


@pytest.mark.parametrize("word", ["new", "old", "result", "stored", "t1", "v"])
def test_views_named_like_words_of_the_generated_code(stage: Stage, word: str) -> None:
    view = make(stage, "public", word, word)
    made = stage.install(view, on_conflict="upsert", on_delete="root", conflict_key=["key"])
    assert made.probe["status"] == "passed", f"{made.probe}"
    use(stage, view, word)


def test_long_names_that_begin_alike_do_not_meet(stage: Stage) -> None:
    views = [make(stage, "public", "v" * 58 + end, "label") for end in ("aaaaa", "bbbbb")]
    for view in views:
        stage.install(view, on_conflict="upsert", on_delete="root", conflict_key=["key"])
    for view in views:
        use(stage, view, "label")
        assert not stage.install(view, on_conflict="upsert", on_delete="root", conflict_key=["key"]).changed, (
            "a second run changed something"
        )


def test_fixed_values_with_odd_text(stage: Stage) -> None:
    odd = 'it\'s \\ 100% $1 $pgops$ {x} "q" é\n-- end'
    stage.install(
        fixed_values={"endpoints": {"verified": 1, "honeypot_reason": odd, "is_honeypot": False, "api_version": None}}
    )
    stage.client().run("INSERT INTO servers (ip, port) VALUES ('198.51.100.7', 1)")
    stored = stage.admin.row("SELECT honeypot_reason, verified, is_honeypot, api_version FROM endpoints WHERE port = 1")
    assert stored == {"honeypot_reason": odd, "verified": 1, "is_honeypot": False, "api_version": None}, (
        f"stored {stored}"
    )
    assert not stage.install(
        fixed_values={"endpoints": {"verified": 1, "honeypot_reason": odd, "is_honeypot": False, "api_version": None}}
    ).changed, "a second run changed something"


@behaviour(9, "Values with quotes, percent signs, backslashes and dollars are stored as they are.", naive=HOLDS)
def test_odd_values(stage: Stage) -> None:
    odd = 'it\'s 100% \\ $1 {x} "q"'
    client = stage.client()
    given = client.value("INSERT INTO servers (ip, port) VALUES (%s, 1) RETURNING ip", [odd])
    assert given == odd == stage.admin.value("SELECT ip FROM endpoints WHERE port = 1"), f"stored {given}"
    assert client.run("UPDATE servers SET ip = ip || %s WHERE port = 1", [odd]) == 1, "not counted"
    assert stage.admin.value("SELECT ip FROM endpoints WHERE port = 1") == odd + odd, "UPDATE stored something else"


def test_view_in_a_schema_of_its_own(stage: Stage) -> None:
    stage.admin.run("CREATE SCHEMA apps AUTHORIZATION ollama_owner")
    stage.as_owner("""
        CREATE VIEW apps.servers AS SELECT e.id, e.ip, e.port
            FROM endpoints e JOIN verified_endpoints ve ON e.id = ve.endpoint_id;
        GRANT USAGE ON SCHEMA apps TO clerk; GRANT ALL ON apps.servers TO clerk""")
    policy: dict[str, Any] = dict(POLICIES["servers"])
    stage.install("apps.servers", **policy)
    stage.install()
    client = stage.client("clerk")
    assert client.value("INSERT INTO apps.servers (ip, port) VALUES ('198.51.100.7', 1) RETURNING id") > 100, "INSERT"
    assert client.run("DELETE FROM servers WHERE ip = '198.51.100.7'") == 1, (
        "the view of the same name in public lost its DELETE"
    )
    for view, options in (("apps.servers", policy), ("servers", {})):
        assert not stage.install(view, **options).changed, f"a second run changed {view}"
