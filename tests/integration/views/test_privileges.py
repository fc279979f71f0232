# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Point 8: who may write through the view, and with whose rights."""

from __future__ import annotations

from functools import partial

import pytest
from harness import expect_error
from view_ours import Refused
from view_stage import Stage, expect_refusal
from view_verdicts import HOLDS, behaviour

# Whatever this is called from: it tries to become the superuser, and a sequence remembers it even after a rollback.
HOSTILE = """
    CREATE SEQUENCE became_superuser;
    GRANT ALL ON SEQUENCE became_superuser TO PUBLIC;
    CREATE FUNCTION note_rights() RETURNS void LANGUAGE plpgsql VOLATILE AS $$
    BEGIN
        IF (SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user) THEN
            PERFORM pg_catalog.nextval('public.became_superuser');
        END IF;
    END $$;
    CREATE FUNCTION hostile() RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$
    DECLARE
        setting text[];
    BEGIN
        PERFORM public.note_rights();
        FOREACH setting SLICE 1 IN ARRAY '{{role,none},{role,postgres},{session_authorization,postgres}}'::text[] LOOP
            BEGIN
                PERFORM pg_catalog.set_config(setting[1], setting[2], false);
            EXCEPTION WHEN OTHERS THEN
                NULL;
            END;
            PERFORM public.note_rights();
        END LOOP;
        RETURN true;
    END $$;
    CREATE FUNCTION hostile_row() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN PERFORM public.hostile(); RETURN COALESCE(NEW, OLD); END $$;
    GRANT EXECUTE ON FUNCTION hostile(), note_rights() TO PUBLIC;"""
PLACES = {
    "base-trigger": """CREATE TRIGGER hostile BEFORE INSERT OR UPDATE OR DELETE ON endpoints
        FOR EACH ROW EXECUTE FUNCTION hostile_row()""",
    "check": "ALTER TABLE endpoints ADD CHECK (hostile() OR port > 0)",
    "default": "ALTER TABLE endpoints ALTER COLUMN is_active SET DEFAULT hostile()",
    "index": "CREATE INDEX hostile ON endpoints ((port > 0 AND hostile()))",
    "view-column": """CREATE OR REPLACE VIEW servers AS SELECT e.id, e.ip, e.port, e.scan_date, hostile() AS mark
        FROM endpoints e JOIN verified_endpoints ve ON e.id = ve.endpoint_id""",
}


@behaviour(
    8,
    "A role with rights on the view, and on nothing else, writes through it.",
    naive="permission denied for table endpoints",
)
def test_rights_on_the_view_are_enough(stage: Stage) -> None:
    client = stage.client("clerk")
    new = client.value("INSERT INTO servers (ip, port) VALUES ('198.51.100.7', 11434) RETURNING id")
    assert client.column(f"UPDATE servers SET port = 8080 WHERE id = {new} RETURNING port") == [8080], "UPDATE"
    assert client.run(f"DELETE FROM servers WHERE id = {new}") == 1, "DELETE"
    expect_error("42501", lambda: client.rows("SELECT * FROM endpoints"), "the role reads the base table")


@behaviour(
    8,
    "A role that may only INSERT into the view can do so without reading it.",
    naive="permission denied for table endpoints",
)
def test_insert_without_select(stage: Stage) -> None:
    stage.as_owner("REVOKE SELECT, UPDATE, DELETE ON servers FROM clerk")
    client = stage.client("clerk")
    assert client.run("INSERT INTO servers (ip, port) VALUES ('198.51.100.7', 11434)") == 1, "the row was not counted"
    expect_error("42501", lambda: client.rows("SELECT * FROM servers"), "the role reads the view")
    expect_error("42501", lambda: client.run("DELETE FROM servers"), "the role deletes")


@behaviour(8, "PUBLIC may not execute the functions.", naive="PUBLIC may execute servers_")
def test_functions_are_not_for_public(stage: Stage) -> None:
    for event in ("insert", "update", "delete"):
        name = stage.function(event)
        assert not stage.admin.value("SELECT has_function_privilege('clerk', %s, 'EXECUTE')", [f"{name}()"]), (
            f"PUBLIC may execute {name}"
        )


@behaviour(
    8,
    "Default privileges of the owner do not give the functions away.",
    naive="may execute servers_insert_fn",
    ready=False,
)
def test_default_privileges_do_not_count(stage: Stage) -> None:
    stage.as_owner("ALTER DEFAULT PRIVILEGES GRANT EXECUTE ON FUNCTIONS TO clerk")
    stage.install()
    name = stage.function("insert")
    assert not stage.admin.value("SELECT has_function_privilege('clerk', %s, 'EXECUTE')", [f"{name}()"]), (
        f"clerk may execute {name}"
    )
    assert not (stage.ours and stage.install().changed), "a second run finds something to change"


@behaviour(
    8, "The functions belong to the view's owner and fix their search_path.", naive="the search_path is not fixed"
)
def test_functions_are_the_owners_with_a_fixed_path(stage: Stage) -> None:
    for event in ("insert", "update", "delete"):
        row = stage.admin.row(
            "SELECT proowner::regrole::text AS owner, proconfig AS settings FROM pg_proc WHERE proname = %s",
            [stage.function(event)],
        )
        assert row["owner"] == "ollama_owner", f"{row}"
        assert row["settings"] == ["search_path=pg_catalog, pg_temp"], "the search_path is not fixed"


@behaviour(
    8, "A caller's temporary table of the same name catches nothing.", naive="the row went into the caller's own table"
)
def test_temporary_table_catches_nothing(stage: Stage) -> None:
    client = stage.client()
    client.run("CREATE TEMPORARY TABLE endpoints (LIKE public.endpoints INCLUDING ALL)")
    client.run("CREATE TEMPORARY TABLE verified_endpoints (LIKE public.verified_endpoints INCLUDING ALL)")
    client.run("INSERT INTO servers (ip, port) VALUES ('198.51.100.7', 11434)")
    assert client.value("SELECT count(*) FROM pg_temp.endpoints") == 0, "the row went into the caller's own table"
    assert stage.admin.value("SELECT count(*) FROM servers WHERE ip = '198.51.100.7'") == 1, (
        "the row is not in the view"
    )


@behaviour(
    8,
    "Functions and operators that a caller puts into the search_path are not called.",
    naive="the caller's own now() was called",
)
def test_functions_in_the_search_path_are_not_called(stage: Stage) -> None:
    stage.admin.run("CREATE SCHEMA trap AUTHORIZATION crew")
    client = stage.client()
    client.run("""
        CREATE SEQUENCE trap.called;
        CREATE FUNCTION trap.now() RETURNS timestamptz LANGUAGE sql AS $$ SELECT '1970-01-01'::timestamptz $$;
        CREATE FUNCTION trap.eq(integer, integer) RETURNS boolean LANGUAGE plpgsql AS
            $$ BEGIN PERFORM pg_catalog.nextval('trap.called'); RETURN $1 OPERATOR(pg_catalog.=) $2; END $$;
        CREATE FUNCTION trap.eq(text, text) RETURNS boolean LANGUAGE plpgsql AS
            $$ BEGIN PERFORM pg_catalog.nextval('trap.called'); RETURN $1 OPERATOR(pg_catalog.=) $2; END $$;
        CREATE OPERATOR trap.= (FUNCTION = trap.eq, LEFTARG = integer, RIGHTARG = integer);
        CREATE OPERATOR trap.= (FUNCTION = trap.eq, LEFTARG = text, RIGHTARG = text);
        GRANT USAGE ON SCHEMA trap TO PUBLIC; GRANT ALL ON SEQUENCE trap.called TO PUBLIC;
        SET search_path = trap, pg_catalog, public""")
    client.run("INSERT INTO servers (ip, port) VALUES ('198.51.100.7', 11434)")
    stored = stage.admin.value("SELECT scan_date FROM endpoints WHERE ip = '198.51.100.7'")
    assert stored.year > 1970, "the caller's own now() was called"
    client.run("UPDATE servers SET port = 8080 WHERE ip OPERATOR(pg_catalog.=) '198.51.100.7'")
    client.run("DELETE FROM servers WHERE ip OPERATOR(pg_catalog.=) '198.51.100.7'")
    assert not stage.admin.value("SELECT is_called FROM trap.called"), "the caller's own operator was called"


@pytest.mark.parametrize("place", list(PLACES))
@behaviour(
    8,
    "An installation by a superuser runs no code of a table's owner with more rights than the owner's.",
    naive=HOLDS,
    ready=False,
)
def test_hostile_code_gets_no_rights(stage: Stage, place: str) -> None:
    stage.as_owner(HOSTILE)
    stage.as_owner(PLACES[place])
    became = "SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM became_superuser"
    stage.admin.rows("SELECT hostile()")
    assert stage.admin.value(became) > 0, "the trap does not notice a superuser"
    stage.admin.run("ALTER SEQUENCE became_superuser RESTART")
    for security in ("definer", "invoker"):
        said = "installed"
        try:
            stage.install(security=security)
        except Refused as refusal:
            said = str(refusal)
        assert stage.admin.value(became) == 0, (
            f"code of the owner ran as a superuser ({security}), and the run said: {said}"
        )


@behaviour(8, "security: invoker leaves it to the caller's own rights.", naive=HOLDS, ready=False)
def test_invoker_needs_own_rights(stage: Stage) -> None:
    stage.install(security="invoker")
    clerk = stage.client("clerk")
    expect_error(
        "42501",
        lambda: clerk.run("INSERT INTO servers (ip, port) VALUES ('198.51.100.7', 1)"),
        "the view alone was enough",
    )
    assert stage.client().run("INSERT INTO servers (ip, port) VALUES ('198.51.100.7', 1)") == 1, (
        "crew, with all rights, was refused"
    )


def test_superuser_owned_view_is_refused_unless_allowed(stage: Stage) -> None:
    stage.admin.run("ALTER VIEW servers OWNER TO postgres")
    before = stage.objects()
    expect_refusal(
        stage.install,
        ["postgres", "superuser", "allow_superuser_definer"],
        "definer functions of a superuser were made",
    )
    assert stage.objects() == before, "refused, and yet something changed"
    assert stage.install(allow_superuser_definer=True, trust_table_owners=True).changed, (
        "refused although the contract allows it"
    )


def test_owner_without_rights_on_a_table_is_refused(stage: Stage) -> None:
    stage.as_owner("REVOKE INSERT ON endpoints FROM crew")
    stage.admin.run("ALTER VIEW servers OWNER TO crew")
    before = stage.objects()
    trusting = partial(stage.install, trust_table_owners=True)
    expect_refusal(trusting, ["crew", "endpoints"], "triggers were made that cannot work")
    assert stage.objects() == before, "refused, and yet something changed"


def test_tables_of_others_are_refused_unless_they_are_trusted(stage: Stage) -> None:
    stage.admin.run("ALTER VIEW servers OWNER TO crew; GRANT CREATE ON SCHEMA public TO crew")
    before = stage.objects()
    words = ["crew", "ollama_owner", "trust_table_owners", "public.endpoints"]
    expect_refusal(stage.install, words, "triggers of a stranger's table were given the rights of the view's owner")
    assert stage.objects() == before, "refused, and yet something changed"
    assert stage.install(trust_table_owners=True).probe["status"] == "passed", "refused although the contract allows it"
    assert stage.client("clerk").run("UPDATE servers SET port = 1 WHERE id = 1") == 1, "a role with rights on the view"


def test_member_of_the_owner_installs(stage: Stage) -> None:
    stage.admin.run("CREATE ROLE deployer LOGIN IN ROLE ollama_owner" if not deployer_exists(stage) else "SELECT 1")
    dsn = stage.server.cluster.dsn(stage.database, "deployer")
    made = stage.install(module={"dsn": dsn})
    assert made.changed, f"{made}"
    assert made.probe["status"] == "passed", f"{made}"
    owners = set(stage.admin.column("SELECT proowner::regrole::text FROM pg_proc WHERE proname LIKE 'pgops%'"))
    assert owners == {"ollama_owner"}, f"the functions belong to {owners}"


def deployer_exists(stage: Stage) -> bool:
    """Roles are the cluster's, and other tests may have made it."""
    return bool(stage.admin.value("SELECT count(*) FROM pg_roles WHERE rolname = 'deployer'"))


def test_stranger_is_refused(stage: Stage) -> None:
    before = stage.objects()
    dsn = stage.server.cluster.dsn(stage.database, "clerk")
    expect_refusal(lambda: stage.install(module={"dsn": dsn}), ["clerk", "ollama_owner"], "a stranger made triggers")
    assert stage.objects() == before, "refused, and yet something changed"
