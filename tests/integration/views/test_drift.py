# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Point 5: what changed since the triggers were made is said and mended by the next run."""

from __future__ import annotations

import pytest
from view_stage import Installed, Stage
from view_verdicts import HOLDS, behaviour

SILENT = "the run did not say why it changed anything"


def rerun(stage: Stage, *words: str) -> Installed:
    """Run again and hold it to what it says: changed, with a reason that contains these words, and then no more."""
    again = stage.install()
    assert again.changed, "drift was not seen"
    assert again.reasons, SILENT
    said = "; ".join(again.reasons)
    missing = [word for word in words if word not in said]
    assert not missing, f"the reasons do not say {missing}: {said}"
    assert not stage.install().changed, "a third run still finds something to change"
    return again


@behaviour(
    5, "A column added to the view is written after the next run.", naive="the new column is dropped without a word"
)
def test_new_view_column(stage: Stage) -> None:
    stage.as_owner("""
        CREATE OR REPLACE VIEW servers AS SELECT e.id, e.ip, e.port, e.scan_date, e.api_version
        FROM endpoints e JOIN verified_endpoints ve ON e.id = ve.endpoint_id""")
    again = stage.install()
    stage.client().run("UPDATE servers SET api_version = '9.9' WHERE id = 1")
    assert stage.admin.value("SELECT api_version FROM endpoints WHERE id = 1") == "9.9", (
        "the new column is dropped without a word"
    )
    assert again.changed, SILENT
    assert again.reasons, SILENT
    assert not stage.install().changed, "a third run still finds something to change"


@behaviour(
    5,
    "A renamed base column is followed by the next run.",
    naive='column "scan_date" of relation "endpoints" does not exist',
)
def test_renamed_base_column(stage: Stage) -> None:
    stage.as_owner("""
        DROP TRIGGER endpoints_scan_date ON endpoints;
        ALTER TABLE endpoints RENAME COLUMN scan_date TO seen_at""")
    again = stage.install()
    given = stage.client().value(
        "UPDATE servers SET scan_date = '2025-05-05 00:00+00' WHERE id = 1 RETURNING scan_date"
    )
    assert stage.admin.value("SELECT seen_at FROM endpoints WHERE id = 1") == given, (
        "the renamed column was not written"
    )
    assert again.changed, SILENT
    assert again.reasons, SILENT


@behaviour(5, "A renamed view column is followed by the next run.", naive='record "new" has no field "scan_date"')
def test_renamed_view_column(stage: Stage) -> None:
    stage.as_owner("ALTER VIEW servers RENAME COLUMN scan_date TO seen_at")
    again = stage.install()
    given = stage.client().value("UPDATE servers SET seen_at = '2025-05-05 00:00+00' WHERE id = 1 RETURNING seen_at")
    assert stage.admin.value("SELECT scan_date FROM endpoints WHERE id = 1") == given, "the column was not written"
    assert again.changed, SILENT
    assert again.reasons, SILENT


@behaviour(
    5,
    "A base column that gained a default: said, and the default applies after the next run.",
    naive="the new default does not apply",
    ready=False,
)
def test_new_default(stage: Stage) -> None:
    stage.as_owner("ALTER TABLE endpoints ALTER COLUMN scan_date DROP DEFAULT")
    stage.install()
    stage.as_owner("ALTER TABLE endpoints ALTER COLUMN scan_date SET DEFAULT '2002-02-02 00:00+00'")
    again = stage.install()
    stage.client().run("INSERT INTO servers (ip, port) VALUES ('198.51.100.7', 1)")
    assert stage.admin.value("SELECT scan_date::date::text FROM endpoints WHERE port = 1") == "2002-02-02", (
        "the new default does not apply"
    )
    assert again.changed, SILENT
    assert again.reasons, SILENT


@behaviour(5, "A function edited by hand is said and put back.", naive=SILENT)
def test_edited_function(stage: Stage) -> None:
    name = stage.function("update")
    body = stage.admin.value("SELECT prosrc FROM pg_proc WHERE proname = %s", [name])
    stage.as_owner(
        f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$"
    )
    rerun(stage, name)
    assert stage.admin.value("SELECT prosrc FROM pg_proc WHERE proname = %s", [name]) == body, (
        "the body is not what it was"
    )


@behaviour(5, "A dropped trigger is said and made again.", naive=SILENT)
def test_dropped_trigger(stage: Stage) -> None:
    stage.as_owner(f"DROP TRIGGER {stage.trigger('delete')} ON servers")
    rerun(stage, stage.trigger("delete"))
    assert stage.client().run("DELETE FROM servers WHERE id = 1") == 1, "the view takes no DELETE"


@behaviour(5, "A view dropped and made again has lost its triggers: said and made again.", naive=SILENT)
def test_view_made_again(stage: Stage) -> None:
    stage.as_owner("""
        DROP VIEW servers;
        CREATE VIEW servers AS SELECT e.id, e.ip, e.port, e.scan_date
        FROM endpoints e JOIN verified_endpoints ve ON e.id = ve.endpoint_id;
        GRANT ALL ON servers TO crew""")
    rerun(stage, stage.trigger("insert"), stage.trigger("update"), stage.trigger("delete"))
    assert stage.client().run("DELETE FROM servers WHERE id = 1") == 1, "the view takes no DELETE"


@behaviour(5, "A function given to another owner is said and given back.", naive="the function still belongs to crew")
def test_changed_owner(stage: Stage) -> None:
    name = stage.function("insert")
    stage.admin.run(f"ALTER FUNCTION {name}() OWNER TO crew")
    owner = "SELECT proowner::regrole::text FROM pg_proc WHERE proname = %s"
    try:
        rerun(stage, name, "crew")
    finally:
        assert stage.admin.value(owner, [name]) == "ollama_owner", "the function still belongs to crew"


@behaviour(5, "EXECUTE granted to PUBLIC is said and taken back.", naive="PUBLIC may still execute it")
def test_execute_for_public(stage: Stage) -> None:
    name = stage.function("insert")
    stage.as_owner(f"GRANT EXECUTE ON FUNCTION {name}() TO PUBLIC")
    allowed = "SELECT has_function_privilege('clerk', %s, 'EXECUTE')"
    again = stage.install()
    assert not stage.admin.value(allowed, [f"{name}()"]), "PUBLIC may still execute it"
    assert "PUBLIC" in "; ".join(again.reasons), f"the reasons do not name PUBLIC: {again.reasons}"


@behaviour(5, "SECURITY and search_path of a function altered by hand are said and put back.", naive=SILENT)
def test_altered_settings(stage: Stage) -> None:
    name = stage.function("update")
    state = "SELECT proconfig, prosecdef FROM pg_proc WHERE proname = %s"
    before = stage.admin.row(state, [name])
    stage.as_owner(f"ALTER FUNCTION {name}() SET search_path = public; ALTER FUNCTION {name}() SECURITY INVOKER")
    again = stage.install()
    assert stage.admin.row(state, [name]) == before, "the function kept the altered search_path"
    assert again.reasons, SILENT
    assert name in "; ".join(again.reasons), f"the reasons do not name {name}: {again.reasons}"


@behaviour(5, "A changed word of the contract is said and applied.", naive=SILENT)
def test_changed_policy(stage: Stage) -> None:
    again = stage.install(on_delete="refuse")
    assert again.changed, SILENT
    assert again.reasons, SILENT
    assert "contract" in "; ".join(again.reasons), f"the reasons do not say that the contract changed: {again.reasons}"


@pytest.mark.parametrize(
    "change",
    [
        "ALTER TABLE endpoints ALTER COLUMN ip SET STATISTICS 500",
        "ANALYZE endpoints",
        "CREATE INDEX another ON endpoints (scan_date)",
        "COMMENT ON VIEW servers IS 'verified endpoints'",
        "ALTER TABLE models ADD COLUMN note text",
        "GRANT SELECT ON servers TO clerk",
    ],
    ids=["statistics", "analyze", "index", "comment", "other-table", "grant"],
)
@behaviour(5, "What has nothing to do with the triggers does not make them anew.", naive="the run made objects anew")
def test_harmless_changes_are_no_drift(stage: Stage, change: str) -> None:
    stage.as_owner(change)
    before = stage.objects()
    again = stage.install()
    assert stage.objects() == before, "the run made objects anew"
    assert not again.changed, f"it says changed because {again.reasons}"


@behaviour(5, "A dumped and restored database needs no new triggers: no OID is part of the fingerprint.", naive=HOLDS)
def test_restored_database_is_unchanged(stage: Stage) -> None:
    made = stage.restored_copy()
    try:
        before = made.objects()
        assert {row["name"] for row in before} >= {stage.trigger("insert")}, "the restored database has no triggers"
        again = made.install()
        assert not (stage.ours and again.changed), f"a run on the restored database changes it: {again.reasons}"
    finally:
        made.close()
