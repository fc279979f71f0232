# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Right contracts: what comes out of them, and what later rooms ask them."""

from __future__ import annotations

import ast
import dataclasses
from pathlib import Path
from typing import Any

import pytest
import yaml
from _pgops.model.contract import schema
from _pgops.model.contract.declared import (
    Column,
    ColumnRule,
    Contract,
    Fill,
    ForeignKey,
    Grant,
    Index,
    Keep,
    Recovery,
    Rule,
    Table,
    View,
    WritableView,
)
from _pgops.model.contract.errors import ContractError
from _pgops.model.contract.parse import parse_contract, parse_writable
from _pgops.model.errors import RefusedError

ROOT = Path(__file__).resolve().parents[2]
HEAD = "contract: 1\ndatabase: shop\n"


EVERY_PART = """
description: text
schema: app
tables:
  endpoints:
    columns:
      id: {type: integer, not_null: true}
      scan_date: {type: timestamp with time zone, default: now()}
      date: {fill: {column: scan_date, where: verified = 1}}
      '"Odd Name"': {default: 0.5}
    primary_key: [id]
    unique: [[id, '"Odd Name"']]
    indexes:
      - {columns: [date], unique: false, method: brin, where: null, name: null}
  other.rows:
    foreign_keys:
      - {columns: [endpoint_id], references: app.endpoints, on_delete: cascade}
views:
  servers: {columns: [id], writable: {root: endpoints, columns: {id: {update: follow}}}}
rules: [{name: a-b, sentence: All., sql: SELECT 1}]
grants: [{role: Some Role, privileges: [select], tables: all, views: [servers]}]
recovery: {rpo_hours: 1.5, keep: {last: 7, yearly: 0}}
"""


def parsed(text: str) -> Contract:
    return parse_contract(yaml.safe_load(HEAD + text))


def test_two_keys_are_a_contract() -> None:
    assert parsed("") == Contract(database="shop")


@pytest.mark.parametrize(
    "text",
    ["tables: {}", "views: {}", "rules: []", "grants: []", "recovery: {}", "tables: {a: {}}", "views: {v: {}}"],
)
def test_a_contract_may_state_next_to_nothing(text: str) -> None:
    assert parsed(text).database == "shop"


def test_every_part_becomes_its_value() -> None:
    assert parsed(EVERY_PART) == Contract(
        database="shop",
        description="text",
        schema="app",
        tables={
            "endpoints": Table(
                "endpoints",
                columns={
                    "id": Column("id", "integer", not_null=True),
                    "scan_date": Column("scan_date", "timestamp with time zone", default="now()"),
                    "date": Column("date", fill=Fill(column="scan_date", where="verified = 1")),
                    "Odd Name": Column("Odd Name", default="0.5"),
                },
                primary_key=("id",),
                unique=(("id", "Odd Name"),),
                indexes=(Index(("date",), method="brin"),),
            ),
            "other.rows": Table(
                "other.rows",
                foreign_keys=(ForeignKey(("endpoint_id",), "app.endpoints", ("id",), on_delete="cascade"),),
            ),
        },
        views={
            "servers": View("servers", ("id",), WritableView(root="endpoints", columns={"id": ColumnRule("follow")}))
        },
        rules=(Rule("a-b", "All.", "SELECT 1"),),
        grants=(Grant("Some Role", ("select",), tables="all", views=("servers",)),),
        recovery=Recovery(rpo_hours=1.5, keep=Keep(last=7, yearly=0)),
    )


def test_an_empty_policy_is_the_default_one() -> None:
    assert parse_writable({}, "definition") == WritableView()
    assert parsed("views: {v: {writable: {}}}").views["v"].writable == WritableView()
    assert parsed("views: {v: {}}").views["v"].writable is None


@pytest.mark.parametrize("section", schema.SECTIONS, ids=lambda section: section.title)
def test_keys_and_fields_are_the_same(section: schema.Section) -> None:
    fields = {field.name for field in dataclasses.fields(section.shape)}
    # The version is read and not kept; a name is the key under which a mapping stands.
    assert {key.name for key in section.keys} - {"contract"} == fields - (
        {"name"} if section.place.endswith(">") else set()
    )


@pytest.mark.parametrize("spelled", ["endpoints", "public.endpoints", '"endpoints"', ("public", "endpoints")])
def test_a_table_is_found_in_any_spelling(spelled: Any) -> None:
    contract = parsed("tables: {public.endpoints: {}, audit.endpoints: {}}\nviews: {'\"Odd.View\"': {}}")
    table = contract.table(spelled)
    assert table is not None
    assert table.name == "public.endpoints"
    assert contract.table("other.endpoints") is None
    assert contract.view(("public", "Odd.View")) == View('"Odd.View"')
    assert contract.view("endpoints") is None


def test_a_name_becomes_schema_and_name() -> None:
    contract = parsed("schema: '\"My Schema\"'")
    assert contract.qualified("servers") == ("My Schema", "servers")
    assert str(contract.qualified("servers")) == '"My Schema".servers'
    assert contract.qualified('audit."Odd.Name"') == ("audit", "Odd.Name")


def test_only_writable_views_are_listed() -> None:
    contract = parsed("views: {a: {writable: {}}, b: {}, c: {writable: {on_delete: refuse}}}")
    assert [view.name for view in contract.writable_views()] == ["a", "c"]


@pytest.mark.parametrize("relation", ["e", "ve", "endpoints", "endpoints_1", "endpoints2", "'\"E\"'"])
def test_a_relation_may_be_an_alias(relation: str) -> None:
    contract = parsed(f"tables: {{endpoints: {{}}}}\nviews: {{v: {{writable: {{root: {relation}}}}}}}")
    assert contract.views["v"].writable is not None
    assert contract.views["v"].writable.root == relation.strip("'\"")


@pytest.mark.parametrize("value", ["'now'", "''", "0", "1.5", "true", "null"])
def test_fixed_values_keep_their_kind(value: str) -> None:
    policy = parse_writable(yaml.safe_load(f"fixed_values: {{e: {{c: {value}}}}}"), "definition")
    found = policy.fixed_values["e"]["c"]
    assert found == yaml.safe_load(value)
    assert type(found) is type(yaml.safe_load(value))


class Text(str):
    """As Ansible hands over texts that carry their origin."""


class Number(int):
    pass


class Mapping(dict[Any, Any]):
    pass


def tagged(value: Any) -> Any:
    if isinstance(value, dict):
        return Mapping({tagged(key): tagged(item) for key, item in value.items()})
    if isinstance(value, (list, tuple)):
        return tuple(tagged(item) for item in value)
    if isinstance(value, str):
        return Text(value)
    return Number(value) if isinstance(value, int) and not isinstance(value, bool) else value


def plain(value: Any) -> bool:
    """Whether a value is made of nothing but the library's own and Python's own kinds."""
    if dataclasses.is_dataclass(value):
        return all(plain(getattr(value, field.name)) for field in dataclasses.fields(value))
    kind = value.__class__
    if kind is dict:
        return all(plain(key) and plain(item) for key, item in value.items())
    if kind is tuple:
        return all(map(plain, value))
    return kind in (str, int, float, bool, type(None))


def shipped() -> Any:
    return yaml.safe_load((ROOT / "playbooks" / "contracts" / "ollama_scanner.yml").read_text(encoding="utf-8"))


def test_values_of_other_makers_are_taken_and_not_kept() -> None:
    contract = parse_contract(tagged(shipped()))
    assert contract == parse_contract(shipped())
    assert plain(contract)


def test_everything_wrong_is_said_at_once_in_the_order_of_the_file() -> None:
    with pytest.raises(ContractError) as caught:
        parsed("""
tables:
  a: {columns: {id: {typ: integer}}, primary_key: [ip]}
views: {v: {writable: {on_delete: rot}}}
grants: [{role: r, privileges: [select], tables: [b]}]
recovery: {rpo_hours: 0}
nonsense: 1
""")
    assert [problem.path for problem in caught.value.problems] == [
        "tables.a.columns.id.typ",
        "tables.a.primary_key[0]",
        "views.v.writable.on_delete",
        "grants[0].tables[0]",
        "recovery.rpo_hours",
        "nonsense",
    ]
    lines = str(caught.value).splitlines()
    assert lines[0] == "The contract was refused and nothing was touched. It has 6 problems:"
    assert lines[3] == '- views.v.writable.on_delete: "rot" is not one of the words this key takes; ' + (
        'the nearest right spelling is "root".'
    )


def test_a_refused_contract_is_refused_like_any_other_input() -> None:
    with pytest.raises(RefusedError) as caught:
        parse_contract({"contract": 1})
    facts = caught.value.facts["problems"]
    assert facts == [
        {"path": "database", "sentence": "It is missing. The database's name as it is, without quotes of SQL."}
    ]


@pytest.mark.parametrize(
    "text",
    [
        # What could not be read is not missed again by those who name it.
        "tables: [a]\ngrants: [{role: r, privileges: [select], tables: [a]}]",
        "tables: {Orders: {}, b: {foreign_keys: [{columns: [x], references: orders}]}}",
        "tables: {a: {columns: {1: {}}, primary_key: [id]}}",
        "tables: {a: {primary_key: id}, b: {foreign_keys: [{columns: [x], references: a}]}}",
        "views: {v: {columns: [1], writable: {columns: {a: {}}}}}",
    ],
)
def test_one_slip_is_one_problem(text: str) -> None:
    with pytest.raises(ContractError) as caught:
        parsed(text)
    assert len(caught.value.problems) == 1


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT ';' || $$;$$ || $tag$ ; $$ $tag$ || E'it\\'s;' || \"a;b\".c -- ;",
        "WITH x AS (SELECT 1) /* ; /* ) */ */ TABLE x",
        "(VALUES (1)) UNION (SELECT 2)",
        "-- first a word\nselect 1",
        "SELECT a$b$c FROM t WHERE f = $1",
    ],
)
def test_sql_of_every_shape_is_one_statement(sql: str) -> None:
    contract = parse_contract(
        {"contract": 1, "database": "shop", "rules": [{"name": "a", "sentence": "b", "sql": sql + "\n"}]}
    )
    assert contract.rules[0].sql == sql


@pytest.mark.parametrize("page", ["README.md", "docs/contract.md"])
def test_every_example_is_a_right_contract(page: str) -> None:
    blocks = (ROOT / page).read_text(encoding="utf-8").split("```yaml\n")[1:]
    texts = [block.split("```")[0] for block in blocks]
    contracts = [found for found in map(yaml.safe_load, texts) if isinstance(found, dict) and "contract" in found]
    assert contracts
    assert all(parse_contract(found).database == found["database"] for found in contracts)


def test_the_room_reads_and_writes_nothing() -> None:
    allowed = {
        "typing",
        "__future__",
        "collections.abc",
        "dataclasses",
        "datetime",
        "difflib",
        "functools",
        "hashlib",
        "math",
        "re",
    }
    room = ROOT / "plugins" / "module_utils" / "_pgops" / "model"
    found = set()
    for file in [*(room / "contract").glob("*.py"), room / "identifiers.py"]:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                found |= {name.name for name in node.names}
            elif isinstance(node, ast.ImportFrom) and node.level == 0:
                found.add(str(node.module))
            elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                assert node.func.id not in ("open", "print", "eval", "exec"), file
    assert found <= allowed
