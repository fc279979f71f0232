# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Drafts of contracts: they are contracts, agree with the database they were made from, and ask what is to be asked."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import yaml
from _pgops.checks.judge import judge
from _pgops.checks.registry import CHECKS
from _pgops.model.contract.declared import Contract
from _pgops.model.contract.parse import parse_contract
from _pgops.model.errors import PgOpsError, RefusedError
from _pgops.status.contract_info import Outcome
from _pgops.status.review import look
from harness import FIXTURES, Client, Server
from inventory_stage import draft, session_of

SHIPPED = Path(__file__).resolve().parents[3] / "playbooks" / "contracts" / "ollama_scanner.yml"
AWKWARD = """
CREATE TABLE parents (a integer, b integer, c text NOT NULL, PRIMARY KEY (a, b), UNIQUE (c));
CREATE UNIQUE INDEX on_a ON parents (a) WHERE b > 0;
CREATE UNIQUE INDEX on_b ON parents (b);
CREATE TABLE never_null (id integer PRIMARY KEY, a integer NOT NULL, b integer NOT NULL, x integer, "user" text,
  FOREIGN KEY (a, b) REFERENCES parents ON DELETE SET NULL,
  FOREIGN KEY (b) REFERENCES parents (b) ON DELETE CASCADE NOT VALID,
  CONSTRAINT otherwise FOREIGN KEY (b) REFERENCES parents (b),
  other integer CONSTRAINT one REFERENCES parents (b) CONSTRAINT two REFERENCES parents (b));
ALTER TABLE never_null ADD CONSTRAINT twice UNIQUE (id);
CREATE INDEX descending ON never_null (other DESC, x);
CREATE INDEX covering ON never_null (x) INCLUDE (a);
CREATE INDEX opinion ON never_null ("user" text_pattern_ops);
CREATE INDEX collated ON never_null ("user" COLLATE "C");
CREATE INDEX hashed ON never_null USING hash (x) WHERE x IS NOT NULL;
CREATE INDEX prefix ON parents (a);
CREATE TABLE referred (a integer, b integer, c integer);
CREATE UNIQUE INDEX on_both ON referred (b, a) INCLUDE (c);
CREATE TABLE referring (x integer, y integer, FOREIGN KEY (x, y) REFERENCES referred (b, a));
CREATE VIEW no_columns AS SELECT;
CREATE TABLE nothing ();
CREATE SCHEMA elsewhere;
CREATE TABLE elsewhere.things (id integer UNIQUE, name text UNIQUE);
CREATE TABLE refers (thing integer REFERENCES elsewhere.things (id), name text REFERENCES elsewhere.things (name));
CREATE TABLE defaults (a text DEFAULT 'it''s; "so" \\', b integer DEFAULT -1, c boolean DEFAULT true,
  d timestamptz DEFAULT '2025-01-01 00:00:00+00', e text DEFAULT CURRENT_USER, f text DEFAULT NULL,
  g text[] DEFAULT ARRAY['a', 'b'], h numeric DEFAULT 1e3, i interval DEFAULT '1 day', j bytea DEFAULT '\\x00ff');
CREATE TYPE "it's" AS ENUM ('a');
CREATE TABLE odd_types (a "it's" DEFAULT 'a', b interval second(3), c bit varying(5), d "char", e "it's"[]);
GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA public TO inventory_reader;
GRANT USAGE, CREATE ON SCHEMA elsewhere TO inventory_reader;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO inventory_reader;
GRANT SELECT ON summed TO PUBLIC;
"""


def contract_of(made: Outcome) -> Contract:
    """The contract that the text of the draft is read as, by the library that Ansible reads YAML with."""
    read = yaml.safe_load(made.text)
    assert read == made.draft.contract
    return parse_contract(read)


def findings(server: Server, database: str, contract: Contract) -> list[str]:
    """What every check that needs a contract has against it."""
    checks = [check for check in CHECKS.values() if "contract" in check.about.needs]
    assert len(checks) > 10
    with session_of(server, database) as session:
        seen = look(session, checks, contract)
    return [finding.message for finding in judge(seen, checks).findings]


def test_a_draft_agrees_with_its_database(server: Server, everything: str) -> None:
    assert findings(server, everything, contract_of(draft(server, everything))) == []


def test_awkward_things_are_left_out_with_a_reason(server: Server, everything: str, client: Client) -> None:
    client.run(AWKWARD)
    made = draft(server, everything)
    contract = contract_of(made)
    assert findings(server, everything, contract) == []
    for name, why in (
        ("never_null_a_b_fkey", "SET NULL on a column that is NOT NULL can never work"),
        ("descending", "it has an ordering of its own"),
        ("covering", "it has INCLUDE columns"),
        ("opinion", "it has an operator class of its own"),
        ("collated", "it has a collation of its own"),
        ("prefix", "parents_pkey does its work"),
        ("otherwise", "never_null_b_fkey is over the same columns and says otherwise"),
        ("never_null_b_fkey", "otherwise is over the same columns and says otherwise"),
        ("two", "another key over the same columns says the same"),
        ("twice", "it has the columns of another key"),
    ):
        assert f"{name} is not stated here: {why}" in " ".join(made.text.replace("#", " ").split())
    assert [index.columns for index in contract.tables["parents"].indexes if index.unique] == [("a",), ("b",)]
    assert [key.columns for key in contract.tables["never_null"].foreign_keys] == [("other",)]
    assert [index.method for index in contract.tables["never_null"].indexes] == ["hash"]
    assert contract.tables["odd_types"].columns["a"].type is None, "no contract can state a type with an apostrophe"
    assert contract.tables["defaults"].columns["b"].default == "'-1'::integer"
    assert contract.tables["defaults"].columns["c"].default == "true"
    assert contract.tables["referred"].unique == (("b", "a"),), "though its index has INCLUDE columns"
    assert contract.views["no_columns"].columns == ()


def test_one_schema_names_what_it_refers_to_elsewhere(server: Server, everything: str, client: Client) -> None:
    client.run(AWKWARD)
    contract = contract_of(draft(server, everything, schemas=["public"]))
    assert contract.tables["elsewhere.things"].columns == {}
    assert sorted(contract.tables["elsewhere.things"].unique) == [("id",), ("name",)]
    assert findings(server, everything, contract) == []
    odd = contract_of(draft(server, everything, schemas=["Odd*"]))
    assert odd.schema == "Odd.Schema"
    assert list(odd.tables) == ['"Order ""Items"""', "public.customers"]
    assert findings(server, everything, odd) == []


def test_nothing_to_draft_is_a_contract_too(server: Server, empty_database: str) -> None:
    made = draft(server, empty_database, schemas=["absent"])
    assert contract_of(made).tables == {}
    assert made.notes == (f"No schema of database {empty_database} is called absent or fits it.",)


def test_the_scanner_is_asked_what_is_wrong_with_it(server: Server, scanner_database: str) -> None:
    client = Client(server.cluster.dsn(scanner_database))
    client.run((FIXTURES / "scanner_data.sql").read_text(encoding="utf-8"))
    client.close()
    made = draft(server, scanner_database)
    contract = contract_of(made)
    assert findings(server, scanner_database, contract) == []
    asked = {one["at"]: one["question"] for one in made.draft.questions}
    assert "SET NULL here and CASCADE" in asked["tables.benchmark_results.foreign_keys[1]"]
    assert "NULL here" in asked["tables.endpoints.columns.verification_date"]
    assert "public.models.id" in asked["tables.chat_history.columns.model_id"]
    assert "public.models.id" in asked["tables.user_selected_models.columns.model_id"]
    assert "ollama may write to it" in asked["views.servers"]
    assert made.unread == ()
    shipped = parse_contract(yaml.safe_load(SHIPPED.read_text(encoding="utf-8")))
    for name, table in shipped.tables.items():
        drafted = contract.tables[name]
        assert drafted.primary_key == table.primary_key
        assert set(drafted.unique) == set(table.unique)
        assert {index.columns for index in drafted.indexes} == {index.columns for index in table.indexes}
        assert {key: column.type for key, column in drafted.columns.items()} == {
            key: column.type for key, column in table.columns.items()
        }


def test_the_least_of_roles_drafts_the_same_and_says_what_it_could_not_see(server: Server, everything: str) -> None:
    made = draft(server, everything, user="nobody_much")
    assert made.draft.contract == draft(server, everything).draft.contract
    (unread,) = made.unread
    assert "this role may not read" in unread.reason


def test_a_draft_is_written_kept_and_never_written_over_what_somebody_changed(
    server: Server, everything: str, client: Client, tmp_path: Path
) -> None:
    path = tmp_path / "contract.yml"
    foreseen = draft(server, everything, check=True, path=str(path))
    assert foreseen.changed
    assert not path.exists()
    assert draft(server, everything, path=str(path)).changed
    assert path.read_text(encoding="utf-8") == foreseen.text
    assert path.stat().st_mode & 0o777 == 0o640
    stamp = path.stat().st_mtime_ns
    assert not draft(server, everything, path=str(path)).changed
    assert path.stat().st_mtime_ns == stamp
    client.run("ALTER TABLE scratch ADD c text")
    again = draft(server, everything, path=str(path))
    assert again.changed
    assert again.before == foreseen.text
    assert "c: {type: text}" in path.read_text(encoding="utf-8")

    path.write_text(path.read_text(encoding="utf-8").replace("A draft of", "My"), encoding="utf-8")
    mine = path.read_text(encoding="utf-8")
    for check in (True, False):
        with pytest.raises(RefusedError, match="somebody worked on it") as caught:
            draft(server, everything, check=check, path=str(path))
        assert str(path) in str(caught.value)
    assert path.read_text(encoding="utf-8") == mine
    assert os.listdir(tmp_path) == ["contract.yml"]


def test_a_folder_that_is_not_there_is_named(server: Server, everything: str, tmp_path: Path) -> None:
    with pytest.raises(PgOpsError, match="its folder does not exist") as caught:
        draft(server, everything, path=str(tmp_path / "absent" / "contract.yml"))
    assert str(tmp_path / "absent") in str(caught.value)


def test_a_database_that_no_contract_can_name_is_refused(server: Server) -> None:
    server.admin.run('CREATE DATABASE " blank"')
    with pytest.raises(RefusedError, match="No contract can name the database ' blank'"):
        draft(server, " blank")
    server.drop(" blank")
