# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Point 2: columns that an INSERT leaves out, and NULLs that it states."""

from __future__ import annotations

from harness import expect_error
from view_stage import Stage
from view_verdicts import HOLDS, behaviour

DATE_OF_NEW = "SELECT scan_date FROM endpoints WHERE ip = '198.51.100.7'"


@behaviour(
    2,
    "A role without rights on the sequence gets the next id: the scanner's role as it is.",
    naive="permission denied for sequence endpoints_id_seq",
)
def test_default_of_a_sequence_without_rights_on_it(stage: Stage) -> None:
    client = stage.client("ollama")
    assert not client.value("SELECT has_sequence_privilege('endpoints_id_seq', 'USAGE')"), (
        "the role may use the sequence after all"
    )
    given = client.value("INSERT INTO servers (ip, port) VALUES ('198.51.100.7', 11434) RETURNING id")
    assert given == 101, f"the sequence stood at 100 and the new id is {given}"


@behaviour(2, "A column left out gets the base table's default.", naive=HOLDS)
def test_omitted_column_gets_the_default(stage: Stage) -> None:
    stage.client().run("INSERT INTO servers (ip, port) VALUES ('198.51.100.7', 11434)")
    assert stage.admin.value(DATE_OF_NEW) is not None, "scan_date is NULL, the default now() was lost"
    rest = stage.admin.row("SELECT is_active, is_honeypot, api_type, verified FROM endpoints WHERE ip = '198.51.100.7'")
    assert rest == {"is_active": True, "is_honeypot": False, "api_type": "ollama", "verified": 1}, f"stored {rest}"


@behaviour(2, "A NULL in an INSERT counts as left out, unless the contract says otherwise.", naive=HOLDS)
def test_null_counts_as_omitted(stage: Stage) -> None:
    stage.client().run("INSERT INTO servers (ip, port, scan_date) VALUES ('198.51.100.7', 11434, NULL)")
    assert stage.admin.value(DATE_OF_NEW) is not None, "scan_date is NULL, the documented rule is the default"


@behaviour(2, "insert_null: 'null' stores a NULL as NULL.", naive="NULL was replaced by a date", ready=False)
def test_null_is_stored_where_the_contract_says_so(stage: Stage) -> None:
    stage.install(columns={"scan_date": {"insert_null": "null"}})
    given = stage.client().value(
        "INSERT INTO servers (ip, port, scan_date) VALUES ('198.51.100.7', 11434, NULL) RETURNING scan_date"
    )
    assert stage.admin.value(DATE_OF_NEW) is None, "NULL was replaced by a date"
    assert given is None, f"NULL was stored and RETURNING says {given}"


@behaviour(
    2,
    "A default changed after the triggers were made applies after the next run.",
    naive="the old default still applies",
    ready=False,
)
def test_changed_default_applies_after_the_next_run(stage: Stage) -> None:
    stage.install()
    stage.as_owner("ALTER TABLE endpoints ALTER COLUMN scan_date SET DEFAULT '2002-02-02 00:00+00'")
    stage.install()
    stage.client().run("INSERT INTO servers (ip, port) VALUES ('198.51.100.7', 11434)")
    assert stage.admin.value(DATE_OF_NEW).year == 2002, "the old default still applies"


@behaviour(2, "Identity columns, ALWAYS and BY DEFAULT, number a row that leaves them out.", naive=HOLDS)
def test_identity_columns_left_out(stage: Stage) -> None:
    stage.client().run("INSERT INTO stock (code) VALUES ('screw')")
    stored = stage.admin.row(
        "SELECT id > 2 AS id, ticket > 1001 AS ticket, amount, price::text, label FROM stock WHERE code = 'screw'"
    )
    assert stored == {"id": True, "ticket": True, "amount": 10, "price": "1.50", "label": "unnamed"}, f"stored {stored}"


@behaviour(
    2,
    "A value for an identity column ALWAYS gets PostgreSQL's own error 428C9.",
    naive="the stated id was dropped without a word",
)
def test_value_for_identity_always_is_refused(stage: Stage) -> None:
    before = stage.content()
    client = stage.client()
    expect_error(
        "428C9",
        lambda: client.run("INSERT INTO stock (id, code) VALUES (77, 'screw')"),
        "the stated id was dropped without a word",
    )
    assert stage.content() == before, "a part of the refused row stayed"


@behaviour(2, "A value for an identity column BY DEFAULT is stored.", naive="ticket is not the stated 7")
def test_value_for_identity_by_default_is_stored(stage: Stage) -> None:
    stage.client().run("INSERT INTO stock (code, ticket) VALUES ('screw', 7)")
    stored = stage.admin.value("SELECT ticket FROM stock WHERE code = 'screw'")
    assert stored == 7, f"ticket is not the stated 7 but {stored}"


@behaviour(
    2, "A stated id of a serial column is stored, with its row in every table.", naive="the id is not the stated 900"
)
def test_stated_serial_is_stored(stage: Stage) -> None:
    given = stage.client().value("INSERT INTO servers (id, ip, port) VALUES (900, '198.51.100.7', 11434) RETURNING id")
    stored = stage.admin.value("SELECT id FROM servers WHERE ip = '198.51.100.7'")
    assert given == stored == 900, f"the id is not the stated 900 but {stored}"


@behaviour(
    2, "A value for a generated column is refused and not dropped.", naive="the stated worth was dropped without a word"
)
def test_value_for_a_generated_column_is_refused(stage: Stage) -> None:
    before = stage.content()
    client = stage.client()
    error = expect_error(
        "0A000",
        lambda: client.run("INSERT INTO stock (code, worth) VALUES ('screw', 5)"),
        "the stated worth was dropped without a word",
    )
    assert "worth" in str(error), f"the sentence does not name the column: {error}"
    assert stage.content() == before, "a part of the refused row stayed"


@behaviour(2, "A column NOT NULL without a default that is left out gets PostgreSQL's own error 23502.", naive=HOLDS)
def test_missing_value_is_refused(stage: Stage) -> None:
    before = stage.content()
    client = stage.client()
    expect_error(
        "23502", lambda: client.run("INSERT INTO servers (port) VALUES (1)"), "a server without ip was accepted"
    )
    assert stage.content() == before, "a part of the refused row stayed"
