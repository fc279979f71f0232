# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Contracts whose parts do not fit together: foreign keys, views, rules, grants, recovery goals."""

from __future__ import annotations

import pytest
import yaml
from _pgops.model.contract.errors import ContractError
from _pgops.model.contract.parse import parse_contract

# Two tables and a view that every case below can name.
BASE = """
contract: 1
database: shop
tables:
  endpoints:
    columns: {id: {not_null: true}, ip: {}, port: {}, verified: {not_null: true}}
    primary_key: [id]
    unique: [[ip, port]]
  loose: {}
  rows:
    columns: {id: {}, endpoint_id: {not_null: true}, other_id: {}}
    %s
views:
  servers:
    columns: [id, ip, port, scan_date]
    %s
%s
"""

FOREIGN_KEYS = {
    "undeclared table": (
        "{columns: [endpoint_id], references: endpoint}",
        ".references",
        'The contract declares no table "endpoint"; the nearest right spelling is "endpoints".',
    ),
    "undeclared table, nothing near": (
        "{columns: [endpoint_id], references: x.y}",
        ".references",
        'declares no table "x.y"; "x.y: {}" under tables is enough.',
    ),
    "a view": (
        "{columns: [endpoint_id], references: servers}",
        ".references",
        '"servers" is declared as a view, not as a table.',
    ),
    "unknown own column": ("{columns: [endpoint], references: endpoints}", ".columns[0]", '"endpoint_id"'),
    "unknown referenced column": (
        "{columns: [endpoint_id], references: endpoints, referenced_columns: [idd]}",
        ".referenced_columns[0]",
        'The table endpoints declares no column "idd"; the nearest right spelling is "id".',
    ),
    "no key to refer to": (
        "{columns: [endpoint_id], references: loose}",
        ".references",
        "The table loose declares no primary key; name the columns in referenced_columns.",
    ),
    "not unique": (
        "{columns: [endpoint_id], references: endpoints, referenced_columns: [port]}",
        ".referenced_columns",
        "PostgreSQL refers to unique columns only, and the table endpoints declares neither",
    ),
    "too many columns": (
        "{columns: [endpoint_id, other_id], references: endpoints}",
        ".columns",
        'as many columns as it refers to; these are 2 and 1 ("id").',
    ),
    "bad rule": (
        "{columns: [endpoint_id], references: endpoints, on_delete: cascad}",
        ".on_delete",
        'the nearest right spelling is "cascade"',
    ),
    "rule read as boolean": (
        "{columns: [endpoint_id], references: endpoints, on_delete: no}",
        ".on_delete",
        "YAML reads a bare no, off and false so",
    ),
    "set null on a column that is NOT NULL": (
        "{columns: [endpoint_id], references: endpoints, on_delete: set null}",
        ".on_delete",
        'The column "endpoint_id" is NOT NULL, so it can never be set null.',
    ),
    "missing columns": ("{references: endpoints}", ".columns", "It is missing. The columns that refer."),
}

WRITABLE = {
    "a list": ("[]", "", "It must be a mapping, not a list"),
    "nothing": ("", "", "write {} where there is nothing more to say, or leave the key out"),
    "bad word": ("{on_delete: roots}", ".on_delete", 'the nearest right spelling is "root"'),
    "bad word, capitals": ("{on_conflict: UPSERT}", ".on_conflict", 'the nearest right spelling is "upsert"'),
    "bad word, nothing near": ("{security: x}", ".security", 'known are "definer", "invoker"'),
    "number": ("{on_concurrent_change: 40001}", ".on_concurrent_change", "must be a text, not the number 40001"),
    "unknown key column": ("{on_conflict: upsert, conflict_key: [ip, prt]}", ".conflict_key[1]", '"port"'),
    "key without a policy": ("{conflict_key: [ip]}", ".conflict_key", "only where on_conflict is upsert or ignore"),
    "key with the other policy": ("{on_conflict: error, conflict_key: [ip]}", ".conflict_key", "upsert or ignore"),
    "key that takes no value": (
        "{on_conflict: upsert, conflict_key: [ip], columns: {ip: {read_only: true}}}",
        ".conflict_key[0]",
        'The column "ip" is read_only, so no INSERT can say which row is meant.',
    ),
    "unknown column": ("{columns: {scandate: {}}}", ".columns.scandate", 'the nearest right spelling is "scan_date"'),
    "unknown key of a column": ("{columns: {id: {updates: refuse}}}", ".columns.id.updates", '"update"'),
    "bare null": ("{columns: {ip: {insert_null: null}}}", ".columns.ip.insert_null", "write 'null' in quotes"),
    "NULL into a read-only column": (
        "{columns: {ip: {read_only: true, insert_null: 'null'}}}",
        ".columns.ip.insert_null",
        "The column is read_only",
    ),
    "update of a read-only column": (
        "{columns: {ip: {read_only: true, update: follow}}}",
        ".columns.ip.update",
        "an UPDATE cannot follow it",
    ),
    "invoker with a leave for definers": (
        "{security: invoker, allow_superuser_definer: true}",
        ".allow_superuser_definer",
        "security says invoker",
    ),
    "root misspelled": ("{root: endpoint}", ".root", 'the nearest right spelling is "endpoints"'),
    "root with a schema": ("{root: public.endpoints}", ".root", "write the name alone: endpoints."),
    "fixed values of a misspelled table": (
        "{fixed_values: {endpionts: {verified: 1}}}",
        ".fixed_values.endpionts",
        'the nearest right spelling is "endpoints"',
    ),
    "fixed values of an unknown column": (
        "{fixed_values: {endpoints: {verifed: 1}}}",
        ".fixed_values.endpoints.verifed",
        'The table endpoints declares no column "verifed"; the nearest right spelling is "verified".',
    ),
    "fixed values without a column": ("{fixed_values: {endpoints: {}}}", ".fixed_values.endpoints", "an empty one"),
    "fixed value is a list": (
        "{fixed_values: {endpoints: {verified: [1]}}}",
        ".fixed_values.endpoints.verified",
        "must be a single text, number, true, false or null, not a list",
    ),
    "fixed value is not a number": (
        "{fixed_values: {endpoints: {verified: .nan}}}",
        ".fixed_values.endpoints.verified",
        "must be a single text, number",
    ),
    "fixed value is NULL": (
        "{fixed_values: {endpoints: {verified: null}}}",
        ".fixed_values.endpoints.verified",
        "is NOT NULL, so it cannot be written as null",
    ),
    "fixed values flat": ("{fixed_values: {verified: 1}}", ".fixed_values.verified", "not the number 1"),
}

REST = {
    "rule without a sentence": ("rules: [{name: a, sql: SELECT 1}]", "rules[0].sentence", "It is missing."),
    "rule with an odd name": (
        "rules: [{name: Has Row, sentence: b, sql: SELECT 1}]",
        "rules[0].name",
        'lower-case words joined by hyphens, such as "has-row".',
    ),
    "rule twice": (
        "rules: [{name: a, sentence: b, sql: SELECT 1}, {name: a, sentence: c, sql: SELECT 2}]",
        "rules[1].name",
        "rules[0] has the same name.",
    ),
    "rule that writes": (
        "rules: [{name: a, sentence: b, sql: DELETE FROM x}]",
        "rules[0].sql",
        'begins with SELECT, WITH, VALUES or TABLE; it begins with "DELETE".',
    ),
    "rule with a semicolon": ("rules: [{name: a, sentence: b, sql: SELECT 1;}]", "rules[0].sql", "leave it out"),
    "rule that is a comment": ("rules: [{name: a, sentence: b, sql: '-- x'}]", "rules[0].sql", "nothing but a comment"),
    "rule with an open comment": ("rules: [{name: a, sentence: b, sql: 'SELECT 1 /* /* */'}]", "rules[0].sql", "/*"),
    "rule with an open dollar": ("rules: [{name: a, sentence: b, sql: SELECT $x$ 1}]", "rules[0].sql", "$x$"),
    "rule of no severity": (
        "rules: [{name: a, sentence: b, sql: SELECT 1, severity: warn}]",
        "rules[0].severity",
        'the nearest right spelling is "warning"',
    ),
    "grant without a role": ("grants: [{privileges: [select], tables: all}]", "grants[0].role", "It is missing."),
    "grant without an object": ("grants: [{role: r, privileges: [select]}]", "grants[0]", "It names no object"),
    "grant of an undeclared table": (
        "grants: [{role: r, privileges: [select], tables: [endpoints, rowss]}]",
        "grants[0].tables[1]",
        'the nearest right spelling is "rows"',
    ),
    "grant of an undeclared view": (
        "grants: [{role: r, privileges: [select], views: [server]}]",
        "grants[0].views[0]",
        'declares no view "server"; the nearest right spelling is "servers".',
    ),
    "grant of a view as a table": (
        "grants: [{role: r, privileges: [select], tables: [servers]}]",
        "grants[0].tables[0]",
        "is declared as a view",
    ),
    "grant of a wrong privilege": (
        "grants: [{role: r, privileges: [slect], tables: all}]",
        "grants[0].privileges[0]",
        'the nearest right spelling is "select"',
    ),
    "grant of a privilege tables lack": (
        "grants: [{role: r, privileges: [select, usage], tables: all}]",
        "grants[0].privileges[1]",
        "The privilege usage does not exist on tables",
    ),
    "grant to all in brackets": (
        "grants: [{role: r, privileges: [select], tables: [all]}]",
        "grants[0].tables",
        "The word all stands alone, without brackets.",
    ),
    "grant on one table as a text": (
        "grants: [{role: r, privileges: [select], tables: rows}]",
        "grants[0].tables",
        "for one write [rows]",
    ),
    "goal of zero": ("recovery: {rpo_hours: 0}", "recovery.rpo_hours", "a number above 0, not the number 0"),
    "goal as text": ("recovery: {rto_minutes: '30'}", "recovery.rto_minutes", 'a number above 0, not the text "30"'),
    "goal without end": ("recovery: {rpo_hours: .inf}", "recovery.rpo_hours", "a number above 0"),
    "goal as boolean": ("recovery: {drill_max_age_days: true}", "recovery.drill_max_age_days", "the boolean true"),
    "negative count": ("recovery: {keep: {last: -1}}", "recovery.keep.last", "a whole number from 0"),
    "half a backup": (
        "recovery: {keep: {last: 1.5}}",
        "recovery.keep.last",
        "a whole number from 0, not the number 1.5",
    ),
    "unknown count": ("recovery: {keep: {dayly: 1}}", "recovery.keep.dayly", 'the nearest right spelling is "daily"'),
    "nothing kept": (
        "recovery: {keep: {last: 0, daily: 0, weekly: 0, monthly: 0, yearly: 0}}",
        "recovery.keep",
        "no backup would be kept at all",
    ),
}


def only_problem(keys: str = "", writable: str = "", rest: str = "") -> tuple[str, str]:
    with pytest.raises(ContractError) as caught:
        parse_contract(yaml.safe_load(BASE % (keys, writable, rest)))
    assert len(caught.value.problems) == 1, str(caught.value)
    problem = caught.value.problems[0]
    assert problem.sentence.endswith(".")
    return problem.path, problem.sentence


def test_the_base_of_the_cases_is_right() -> None:
    assert parse_contract(yaml.safe_load(BASE % ("", "", ""))).database == "shop"


@pytest.mark.parametrize("case", FOREIGN_KEYS)
def test_wrong_foreign_key(case: str) -> None:
    text, place, phrase = FOREIGN_KEYS[case]
    path, sentence = only_problem(keys=f"foreign_keys: [{text}]")
    assert path == "tables.rows.foreign_keys[0]" + place
    assert phrase in sentence


def test_the_same_foreign_key_twice() -> None:
    key = "{columns: [endpoint_id], references: endpoints}"
    assert only_problem(keys=f"foreign_keys: [{key}, {key}]") == (
        "tables.rows.foreign_keys[1]",
        "The same foreign key is declared already.",
    )


@pytest.mark.parametrize("case", WRITABLE)
def test_wrong_writable_view(case: str) -> None:
    text, place, phrase = WRITABLE[case]
    path, sentence = only_problem(writable=f"writable: {text}")
    assert path == "views.servers.writable" + place
    assert phrase in sentence


@pytest.mark.parametrize("case", REST)
def test_wrong_rule_grant_or_goal(case: str) -> None:
    text, place, phrase = REST[case]
    path, sentence = only_problem(rest=text)
    assert path == place
    assert phrase in sentence
