# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every sentence of the demonstration's summary can be false: each is shown a database for which it must be."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass

import pytest
from harness import Client, Server
from scanner_rows import clone
from tooling.demo_acts import Act, act, write_acts
from tooling.demo_claims import (
    Claim,
    claim_objects,
    claim_rights,
    claim_rows,
    claim_second_run,
    claims_after,
    claims_before,
    claims_triggers,
)
from tooling.demo_questions import Facts, read_facts, read_traces
from tooling.demo_session import Session

# Triggers that satisfy the demonstration, and nothing beyond it.
TRIGGERS = """
SET ROLE ollama_owner;
SET search_path = public;
CREATE FUNCTION pgops_servers_insert() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
BEGIN
    INSERT INTO endpoints (ip, port, scan_date, verified) VALUES (NEW.ip, NEW.port, coalesce(NEW.scan_date, now()), 1)
        ON CONFLICT (ip, port) DO UPDATE SET verified = 1
        RETURNING id, scan_date INTO NEW.id, NEW.scan_date;
    INSERT INTO verified_endpoints (endpoint_id) VALUES (NEW.id) ON CONFLICT DO NOTHING;
    RETURN NEW;
END $$;
CREATE FUNCTION pgops_servers_update() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
BEGIN
    UPDATE endpoints SET scan_date = NEW.scan_date WHERE id = OLD.id;
    RETURN NEW;
END $$;
CREATE FUNCTION pgops_servers_delete() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
BEGIN
    DELETE FROM endpoints WHERE id = OLD.id;
    RETURN OLD;
END $$;
REVOKE ALL ON FUNCTION pgops_servers_insert(), pgops_servers_update(), pgops_servers_delete() FROM PUBLIC;
CREATE TRIGGER pgops_servers_insert INSTEAD OF INSERT ON servers FOR EACH ROW EXECUTE FUNCTION pgops_servers_insert();
CREATE TRIGGER pgops_servers_update INSTEAD OF UPDATE ON servers FOR EACH ROW EXECUTE FUNCTION pgops_servers_update();
CREATE TRIGGER pgops_servers_delete INSTEAD OF DELETE ON servers FOR EACH ROW EXECUTE FUNCTION pgops_servers_delete();
RESET ROLE;
"""
BODY = """
CREATE OR REPLACE FUNCTION pgops_servers_{} RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public
"""
FORGETS_ID = f"""{BODY.format("insert()")} AS $$
BEGIN
    INSERT INTO endpoints (ip, port, scan_date, verified) VALUES (NEW.ip, NEW.port, coalesce(NEW.scan_date, now()), 1)
        ON CONFLICT (ip, port) DO UPDATE SET verified = 1;
    RETURN NEW;
END $$"""
DOES_NOTHING = "AS $$ BEGIN RETURN coalesce(NEW, OLD); END $$"


@dataclass
class Stage:
    """A scanner's database before the run, and how to look at it afterwards."""

    admin: Client
    session: Session
    programs: Session
    acts: list[Act]
    before: Facts

    def claims(self) -> list[Claim]:
        """All claims about the state after the run."""
        claims = [*claims_triggers(self.session), claim_rights(self.session)]
        claims += claims_after(self.acts, act(self.programs, self.acts))
        after = read_facts(self.session)
        return [*claims, claim_objects(self.before, after), claim_rows(self.before, after)]


@pytest.fixture
def stage(server: Server) -> Iterator[Stage]:
    database = clone(server)
    with closing(Client(server.cluster.dsn(database))) as admin:
        session, programs = Session(server.cluster, database), Session(server.cluster, database, "ollama")
        yield Stage(admin, session, programs, write_acts(session), read_facts(session))
    server.drop(database)


def false(claims: list[Claim]) -> list[str]:
    return [claim.sentence for claim in claims if not claim.holds]


def test_all_claims_hold_for_triggers_that_work(stage: Stage) -> None:
    wrong = claims_before(stage.acts, act(stage.programs, stage.acts))
    assert (len(wrong), false(wrong)) == (5, [])
    stage.admin.run(TRIGGERS)
    claims = stage.claims()
    assert (len(claims), false(claims)) == (11, [])


WRONG = {
    "a trigger is missing": ("DROP TRIGGER pgops_servers_delete ON servers", "pgops_servers_delete is missing from"),
    "a trigger has another name": (
        "ALTER TRIGGER pgops_servers_delete ON servers RENAME TO a",
        "trigger a is on public.servers, and nobody announced it",
    ),
    "a function runs with the caller's rights": (
        "ALTER FUNCTION pgops_servers_update() SECURITY INVOKER",
        "trigger pgops_servers_update calls pgops_servers_update(), which runs with the caller's rights",
    ),
    "a function belongs to a superuser": (
        "ALTER FUNCTION pgops_servers_insert() OWNER TO postgres",
        "trigger functions have rights they should not have (they belong to ollama_owner, postgres)",
    ),
    "a function has no search_path": (
        "ALTER FUNCTION pgops_servers_insert() RESET search_path",
        "calls a function without a fixed search_path",
    ),
    "everybody may execute a function": (
        "GRANT EXECUTE ON FUNCTION pgops_servers_insert() TO PUBLIC",
        "calls a function that PUBLIC may execute",
    ),
    "an insert gives back no id": (FORGETS_ID, "was accepted (1 rows, [{'id': '', 'scan_date':"),
    "an update does nothing": (
        f"{BODY.format('update()')} {DOES_NOTHING}",
        "was accepted (1 rows), but the tables show",
    ),
    "a delete does nothing": (
        f"{BODY.format('delete()')} {DOES_NOTHING}",
        "'endpoints': '1', 'listed': '1', 'models': '13'",
    ),
    "the programs lost a right": (
        "REVOKE DELETE ON servers FROM ollama",
        "is refused, 42501: permission denied for view",
    ),
    "a row came": ("INSERT INTO metadata VALUES ('new', '1')", "content of metadata (14 rows before, 15 after)"),
    "a value changed": (
        "UPDATE endpoints SET auth_required = NULL WHERE id = 7",
        "content of endpoints (15,500 rows before, 15,500 after)",
    ),
    "a table went": ("DROP TABLE chat_history", "content of chat_history (6 rows before, 0 after)"),
    "a table came": ("CREATE TABLE extra ()", "announced objects were made: table extra was made"),
    "an index went": ("DROP INDEX idx_models_name", "index idx_models_name is gone"),
    "a right was given": ("GRANT SELECT ON chat_history TO ollama", "table chat_history was altered"),
    "a schema came": ("CREATE SCHEMA pgops", "schema pgops was made"),
    "a base trigger was disabled": (
        "ALTER TABLE endpoints DISABLE TRIGGER endpoints_scan_date",
        "trigger endpoints_scan_date on endpoints was altered",
    ),
}


@pytest.mark.parametrize("what", WRONG)
def test_a_claim_fails_when(stage: Stage, what: str) -> None:
    change, sentence = WRONG[what]
    stage.admin.run(TRIGGERS)
    stage.admin.run(f"SET search_path = public; {change}")
    assert [text for text in false(stage.claims()) if sentence in text], false(stage.claims())


def test_statements_that_are_not_refused_before_are_said(stage: Stage) -> None:
    stage.admin.run(TRIGGERS)
    sentences = false(claims_before(stage.acts, act(stage.programs, stage.acts)))
    assert len(sentences) == 5
    assert all("should have been refused before the run, but got 00000" in sentence for sentence in sentences)


@pytest.mark.parametrize(
    ("changed", "again", "sentence"),
    [
        (0, "SELECT", None),
        (1, "SELECT", "the second run of the playbook reported changed=1"),
        (0, "DROP TRIGGER pgops_servers_update ON servers", "it wrote pgops_servers_update on servers again"),
        (0, "CREATE OR REPLACE {}", "it wrote pgops_servers_update() again"),
        (0, "REINDEX INDEX idx_models_name", "it wrote idx_models_name again"),
    ],
)
def test_a_second_run_that_works_again_is_said(stage: Stage, changed: int, again: str, sentence: str | None) -> None:
    stage.admin.run(TRIGGERS)
    traces = read_traces(stage.session)
    definition = stage.admin.value("SELECT pg_get_functiondef('pgops_servers_update'::regproc)")
    stage.admin.run(again.format(definition.replace("CREATE OR REPLACE ", "")))
    claim = claim_second_run(changed, traces, read_traces(stage.session))
    assert claim.holds is (sentence is None)
    assert sentence is None or sentence in claim.sentence


def test_what_is_played_is_rolled_back(stage: Stage) -> None:
    stage.admin.run(TRIGGERS)
    outcomes = act(stage.programs, stage.acts)
    assert all(outcome.accepted and outcome.count == 1 for outcome, dummy in outcomes)
    assert read_facts(stage.session).tables == stage.before.tables
