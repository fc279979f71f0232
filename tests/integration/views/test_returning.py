# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Point 1: what RETURNING hands out is what was stored."""

from __future__ import annotations

from harness import expect_error
from view_stage import Stage
from view_verdicts import HOLDS, behaviour

NEW_SERVER = "INSERT INTO servers (ip, port) VALUES ('198.51.100.7', 11434) RETURNING id, ip, port, scan_date"


@behaviour(1, "INSERT .. RETURNING id gives the id of the new endpoint.", naive=HOLDS)
def test_insert_returns_the_id(stage: Stage) -> None:
    given = stage.client().row(NEW_SERVER)["id"]
    stored = stage.admin.value("SELECT id FROM endpoints WHERE ip = '198.51.100.7'")
    assert given == stored, "RETURNING id is not the id that was stored"


@behaviour(1, "INSERT .. RETURNING scan_date gives the default that was stored.", naive="RETURNING scan_date is NULL")
def test_insert_returns_the_default(stage: Stage) -> None:
    given = stage.client().row(NEW_SERVER)["scan_date"]
    stored = stage.admin.value("SELECT scan_date FROM endpoints WHERE ip = '198.51.100.7'")
    assert stored is not None, "no default was stored"
    assert given is not None, "RETURNING scan_date is NULL although a date was stored"
    assert given == stored, "RETURNING scan_date is another date than the stored one"


@behaviour(
    1,
    "INSERT .. RETURNING gives what a BEFORE trigger of the base table made of a value.",
    naive="RETURNING ip is not what was stored",
)
def test_insert_returns_what_a_before_trigger_stored(stage: Stage) -> None:
    stage.as_owner("""
        CREATE FUNCTION tidy_ip() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN NEW.ip := lower(NEW.ip); RETURN NEW; END $$;
        CREATE TRIGGER tidy_ip BEFORE INSERT ON endpoints FOR EACH ROW EXECUTE FUNCTION tidy_ip()""")
    given = stage.client().row("INSERT INTO servers (ip, port) VALUES ('2001:DB8::AB', 1) RETURNING ip")["ip"]
    assert stage.admin.value("SELECT ip FROM endpoints WHERE port = 1") == "2001:db8::ab", (
        "the base trigger did not fire"
    )
    assert given == "2001:db8::ab", "RETURNING ip is not what was stored"


@behaviour(
    1,
    "INSERT .. RETURNING gives what an AFTER trigger of the base table changed.",
    naive="RETURNING scan_date is not what was stored",
)
def test_insert_returns_what_an_after_trigger_changed(stage: Stage) -> None:
    stage.as_owner("""
        CREATE FUNCTION backdate() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN UPDATE public.endpoints SET scan_date = '2001-01-01 00:00+00' WHERE id = NEW.id; RETURN NULL; END $$;
        CREATE TRIGGER backdate AFTER INSERT ON endpoints FOR EACH ROW EXECUTE FUNCTION backdate()""")
    given = stage.client().row(
        "INSERT INTO servers (ip, port, scan_date) VALUES ('198.51.100.7', 1, now()) RETURNING scan_date::date::text"
    )
    assert stage.admin.value("SELECT scan_date::date::text FROM endpoints WHERE port = 1") == "2001-01-01", (
        "the base trigger did not fire"
    )
    assert given["scan_date"] == "2001-01-01", "RETURNING scan_date is not what was stored"


@behaviour(1, "INSERT .. RETURNING gives generated columns.", naive="RETURNING worth is NULL")
def test_insert_returns_generated_columns(stage: Stage) -> None:
    given = stage.client().row(
        "INSERT INTO stock (code, price, amount) VALUES ('screw', 2.5, 4) RETURNING id, worth, ticket, label"
    )
    stored = stage.admin.row("SELECT id, worth, ticket, label FROM stock WHERE code = 'screw'")
    assert given["worth"] is not None, "RETURNING worth is NULL although 10.0 was stored"
    assert given == stored, f"RETURNING gave {given}, stored is {stored}"


@behaviour(
    1,
    "UPDATE .. RETURNING gives what the scanner's own trigger on endpoints stored.",
    naive="RETURNING scan_date is not what was stored",
)
def test_update_returns_what_a_base_trigger_stored(stage: Stage) -> None:
    given = stage.client().value("UPDATE servers SET port = 8080 WHERE id = 1 RETURNING scan_date")
    stored = stage.admin.value("SELECT scan_date FROM endpoints WHERE id = 1")
    assert stored.year > 2024, "the scanner's trigger did not fire"
    assert given == stored, "RETURNING scan_date is not what was stored"


@behaviour(1, "UPDATE .. RETURNING gives a generated column anew.", naive="RETURNING worth is not what was stored")
def test_update_returns_generated_columns(stage: Stage) -> None:
    given = stage.client().value("UPDATE stock SET amount = 100 WHERE id = 1 RETURNING worth")
    assert stage.admin.value("SELECT worth FROM parts WHERE id = 1") == 100, "the base table did not follow"
    assert given == 100, "RETURNING worth is not what was stored"


@behaviour(
    1,
    "An INSERT whose row does not show in the view afterwards is refused with 44000.",
    naive="INSERT reported success for a row that is not there",
)
def test_insert_that_does_not_show_is_refused(stage: Stage) -> None:
    stage.as_owner("""
        CREATE FUNCTION drop_out() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN DELETE FROM public.verified_endpoints WHERE id = NEW.id; RETURN NULL; END $$;
        CREATE TRIGGER drop_out AFTER INSERT ON verified_endpoints FOR EACH ROW EXECUTE FUNCTION drop_out()""")
    before = stage.content()
    client = stage.client()
    expect_error("44000", lambda: client.run(NEW_SERVER), "INSERT reported success for a row that is not there")
    assert stage.content() == before, "a part of the refused row stayed"


@behaviour(
    1,
    "An INSERT of which a base trigger held back a part is refused, nothing stays.",
    naive="INSERT reported success for a row that is not there",
)
def test_insert_that_is_held_back_is_refused(stage: Stage) -> None:
    stage.as_owner("""
        CREATE FUNCTION swallow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
        CREATE TRIGGER swallow BEFORE INSERT ON verified_endpoints FOR EACH ROW EXECUTE FUNCTION swallow()""")
    before = stage.content()
    client = stage.client()
    error = expect_error(
        "27000 40001", lambda: client.run(NEW_SERVER), "INSERT reported success for a row that is not there"
    )
    assert "verified_endpoints" in str(error), f"the sentence does not name the table: {error}"
    assert stage.content() == before, "a part of the refused row stayed"


@behaviour(
    1,
    "An UPDATE after which the row no longer shows in the view is refused with 44000.",
    naive="UPDATE reported success for a row that is gone",
)
def test_update_that_hides_the_row_is_refused(stage: Stage) -> None:
    stage.as_owner("""
        CREATE FUNCTION drop_out() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN DELETE FROM public.verified_endpoints WHERE endpoint_id = NEW.id; RETURN NULL; END $$;
        CREATE TRIGGER drop_out AFTER UPDATE ON endpoints FOR EACH ROW
            WHEN (NEW.port = 0) EXECUTE FUNCTION drop_out()""")
    before = stage.content()
    client = stage.client()
    expect_error(
        "44000",
        lambda: client.run("UPDATE servers SET port = 0 WHERE id = 1"),
        "UPDATE reported success for a row that is gone",
    )
    assert stage.content() == before, "a part of the refused change stayed"
