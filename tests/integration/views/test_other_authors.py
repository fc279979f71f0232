# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Point 5: objects of other authors are never overwritten without being asked."""

from __future__ import annotations

from view_stage import Stage, expect_refusal
from view_verdicts import behaviour

FOREIGN_TRIGGER = """
    CREATE FUNCTION audit_servers() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
    CREATE TRIGGER audit_servers INSTEAD OF INSERT ON servers FOR EACH ROW EXECUTE FUNCTION audit_servers()"""


@behaviour(
    5,
    "A trigger of another author on the view: refused, and none is put beside it.",
    naive="a second INSERT trigger was put beside it",
    ready=False,
)
def test_foreign_trigger_is_refused(stage: Stage) -> None:
    stage.as_owner(FOREIGN_TRIGGER)
    before = stage.objects()
    text = expect_refusal(
        stage.install, ["audit_servers", "servers", "adopt"], "a second INSERT trigger was put beside it"
    )
    assert stage.objects() == before, f"refused, and yet something changed: {text}"


@behaviour(
    5,
    "adopt: true replaces it, says so, and its left function goes.",
    naive="the other trigger still fires",
    ready=False,
)
def test_foreign_trigger_is_adopted(stage: Stage) -> None:
    stage.as_owner(FOREIGN_TRIGGER)
    made = stage.install(module={"adopt": True})
    assert "audit_servers" not in {row["name"] for row in stage.objects()}, "the other trigger still fires"
    assert "audit_servers" in "; ".join(made.reasons), f"the reasons do not name it: {made.reasons}"
    assert "audit_servers" in str(made.raw["diff"]["before"]), "the diff does not keep what was replaced"


@behaviour(
    5,
    "A function of another author under the wanted name: refused, its body stays.",
    naive="another author's function was overwritten",
    ready=False,
)
def test_foreign_function_is_refused(stage: Stage) -> None:
    name = stage.function("insert")
    stage.as_owner(f"""
        CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
        COMMENT ON FUNCTION {name}() IS 'made by somebody else'""")
    before = stage.objects()
    text = expect_refusal(stage.install, [name, "adopt"], "another author's function was overwritten")
    assert stage.objects() == before, f"refused, and yet something changed: {text}"


def test_foreign_function_is_adopted(stage: Stage) -> None:
    stage.as_owner("""
        CREATE FUNCTION pgops_servers_insert() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
        COMMENT ON FUNCTION pgops_servers_insert() IS 'made by somebody else'""")
    assert stage.install(module={"adopt": True}).changed, "nothing changed"
    given = stage.client().value("INSERT INTO servers (ip, port) VALUES ('198.51.100.7', 1) RETURNING id")
    assert given == 101, f"RETURNING gave {given}"
    assert not stage.install().changed, "the adopted objects are still taken for another author's"


def test_hand_made_triggers_of_the_scanner_are_adopted(stage: Stage) -> None:
    stage.as_owner(stage.naive_file("servers").read_text(encoding="utf-8"))
    old = ["servers_insert", "servers_update", "servers_delete"]
    expect_refusal(stage.install, [*old, "adopt"], "the hand-made triggers were not noticed")
    made = stage.install(module={"adopt": True})
    names = {row["name"] for row in stage.objects()}
    assert not names & {*old, *(f"{name}_fn" for name in old)}, f"left: {names}"
    assert all(any(name in reason for reason in made.reasons) for name in old), (
        f"the reasons do not name all three: {made.reasons}"
    )
    assert (
        stage.client().value("INSERT INTO servers (ip, port) VALUES ('198.51.100.7', 1) RETURNING scan_date")
        is not None
    ), "not ours"
    assert not stage.install().changed, "a second run found something to change"


def test_a_function_that_others_use_stays_when_its_trigger_is_adopted(stage: Stage) -> None:
    stage.as_owner(
        FOREIGN_TRIGGER
        + "; CREATE TRIGGER audit AFTER INSERT ON metadata FOR EACH ROW EXECUTE FUNCTION audit_servers()"
    )
    stage.install(module={"adopt": True})
    rows = [row for row in stage.objects() if row["name"] == "audit_servers"]
    assert [row["kind"] for row in rows] == ["function"], f"left of it: {rows}"
    stage.as_owner("INSERT INTO metadata (key) VALUES ('still works')")
