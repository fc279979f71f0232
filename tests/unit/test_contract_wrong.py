# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Wrong contracts: each is refused with the exact place in the file and a sentence."""

from __future__ import annotations

import pytest
import yaml
from _pgops.model.contract.errors import ContractError
from _pgops.model.contract.parse import parse_contract, parse_writable

HEAD = "contract: 1\ndatabase: shop\n"

TOP = {
    "unknown key, nearest": (
        "tabels: {}",
        "tabels",
        '"tabels" is no key here; the nearest right spelling is "tables".',
    ),
    "unknown key, nothing near": ("zzz: 1", "zzz", 'known are "contract", "database"'),
    "key of another place": ("on_delete: cascade", "on_delete", "belongs to tables.<table>.foreign_keys[] or views."),
    "key of the top in a table": ("tables: {a: {recovery: {}}}", "tables.a.recovery", "belongs to the top of the file"),
    "key read as boolean": ("no: 1", "[false]", "not the boolean false; YAML reads a bare no, off and false so"),
    "key read as number": (
        "tables: {8080: {}}",
        "tables[8080]",
        "must be a text, not the number 8080; put it in quotes",
    ),
    "key of odd characters": ('"a key": 1', '["a key"]', '"a key" is no key here'),
    "schema empty": ("schema: ''", "schema", "It is an empty text"),
    "schema null": ("schema: null", "schema", "must be a text, not nothing (null)"),
    "schema with a dot": ("schema: a.b", "schema", '"a.b" has a dot; write the name alone: b.'),
    "description is a date": ("description: 2025-01-01", "description", "not the date 2025-01-01; put it in quotes"),
    "tables is a list": (
        "tables: [a]",
        "tables",
        "must be a mapping of names, not a list; write each name as a key, such",
    ),
    "tables is nothing": ("tables:", "tables", "not nothing (null); write {}"),
    "table is nothing": ("tables: {a: }", "tables.a", "It must be a mapping, not nothing (null); write {}"),
    "rules is a mapping": ("rules: {a: b}", "rules", "must be a list of mappings, not a mapping"),
    "rule is a text": ("rules: [a]", "rules[0]", 'must be a mapping, not the text "a"'),
    "recovery is a list": ("recovery: []", "recovery", "must be a mapping, not a list"),
}

NAMES = {
    "capitals without quotes": (
        "tables: {Orders: {}}",
        "tables.Orders",
        'PostgreSQL reads "Orders" as orders; write that, or \'"Orders"\' for the name with capitals.',
    ),
    "blank without quotes": (
        "tables: {odd name: {}}",
        'tables["odd name"]',
        "is no name as SQL spells it; a name with such characters is written '\"odd name\"'.",
    ),
    "begins with a digit": ("tables: {1a: {}}", 'tables["1a"]', "is written '\"1a\"'"),
    "three parts": ("tables: {a.b.c: {}}", 'tables["a.b.c"]', "has 3 parts"),
    "too long": ("tables: {" + "x" * 64 + ": {}}", "tables." + "x" * 64, "is 64 bytes long; PostgreSQL cuts names"),
    "one table, two spellings": (
        "tables: {endpoints: {}, public.endpoints: {}}",
        'tables["public.endpoints"]',
        'It is the same table as "endpoints"; declare it once.',
    ),
    "one view, two spellings": (
        "schema: app\nviews: {v: {}, '\"app\".v': {}}",
        "views['\"app\".v']",
        'It is the same view as "v"',
    ),
    "one column, two spellings": (
        "tables: {a: {columns: {id: {}, '\"id\"': {}}}}",
        "tables.a.columns['\"id\"']",
        'It is the same name as "id"; write it once.',
    ),
    "table and view share a name": (
        "tables: {a: {}}\nviews: {public.a: {}}",
        'views["public.a"]',
        "a table and a view cannot share a name",
    ),
    "column with its table": (
        "tables: {a: {primary_key: [a.id]}}",
        "tables.a.primary_key[0]",
        '"a.id" has a dot; write the name alone: id.',
    ),
    "column is a number": ("views: {v: {columns: [1]}}", "views.v.columns[0]", "must be a text, not the number 1"),
}

TABLES = {
    "column is a text": (
        "tables: {a: {columns: {id: integer}}}",
        "tables.a.columns.id",
        'must be a mapping, not the text "integer"',
    ),
    "columns is a list": ("tables: {a: {columns: [id]}}", "tables.a.columns", 'such as "name: {}"'),
    "unknown key of a column": (
        "tables: {a: {columns: {id: {nullable: true}}}}",
        "tables.a.columns.id.nullable",
        '"nullable" is no key here',
    ),
    "boolean as text": (
        "tables: {a: {columns: {id: {not_null: 'yes'}}}}",
        "tables.a.columns.id.not_null",
        'must be true or false without quotes, not the text "yes"',
    ),
    "boolean as number": (
        "tables: {a: {columns: {id: {not_null: 1}}}}",
        "tables.a.columns.id.not_null",
        "must be true or false without quotes, not the number 1",
    ),
    "type is a number": ("tables: {a: {columns: {id: {type: 4}}}}", "tables.a.columns.id.type", "not the number 4"),
    "type is serial": (
        "tables: {a: {columns: {id: {type: bigserial}}}}",
        "tables.a.columns.id.type",
        "write type: bigint and, where wanted, default: nextval",
    ),
    "type with more": (
        "tables: {a: {columns: {id: {type: integer NOT NULL}}}}",
        "tables.a.columns.id.type",
        '"not null" has a key of its own, not_null.',
    ),
    "default is a bare word": (
        "tables: {a: {columns: {id: {default: ollama}}}}",
        "tables.a.columns.id.default",
        "A text is written in quotes of SQL: \"'ollama'\"",
    ),
    "default is a date": (
        "tables: {a: {columns: {id: {default: 2025-01-01}}}}",
        "tables.a.columns.id.default",
        "not the date 2025-01-01",
    ),
    "key names an unknown column": (
        "tables: {a: {columns: {ip: {}, port: {}}, unique: [[ip, prot]]}}",
        "tables.a.unique[0][1]",
        'The table a declares no column "prot"; the nearest right spelling is "port".',
    ),
    "primary key names an unknown column": (
        "tables: {a: {columns: {x: {}}, primary_key: [id]}}",
        "tables.a.primary_key[0]",
        'declares no column "id"; known are "x".',
    ),
    "primary key is a text": (
        "tables: {a: {primary_key: id}}",
        "tables.a.primary_key",
        'must be a list of column names, not the text "id"; for one write [id].',
    ),
    "primary key is empty": ("tables: {a: {primary_key: []}}", "tables.a.primary_key", "The list is empty"),
    "column twice in a key": (
        "tables: {a: {primary_key: [id, id]}}",
        "tables.a.primary_key[1]",
        '"id" stands in this list twice.',
    ),
    "unique is a flat list": (
        "tables: {a: {unique: [ip, port]}}",
        "tables.a.unique",
        "must be a list of lists; for one key write [[ip, port]].",
    ),
    "unique repeats the primary key": (
        "tables: {a: {primary_key: [x, y], unique: [[y, x]]}}",
        "tables.a.unique[0]",
        "declared as a key already",
    ),
    "index names an unknown column": (
        "tables: {a: {columns: {verified: {}}, indexes: [{columns: [verifid]}]}}",
        "tables.a.indexes[0].columns[0]",
        'the nearest right spelling is "verified"',
    ),
    "index without columns": (
        "tables: {a: {indexes: [{unique: true}]}}",
        "tables.a.indexes[0].columns",
        "It is missing.",
    ),
    "index method misspelled": (
        "tables: {a: {indexes: [{columns: [x], method: btre}]}}",
        "tables.a.indexes[0].method",
        'the nearest right spelling is "btree"',
    ),
    "index unique where none can be": (
        "tables: {a: {indexes: [{columns: [x], method: gin, unique: true}]}}",
        "tables.a.indexes[0].unique",
        "An index of the method gin cannot be unique.",
    ),
    "hash index of two columns": (
        "tables: {a: {indexes: [{columns: [x, y], method: hash}]}}",
        "tables.a.indexes[0].columns",
        "has one column",
    ),
    "index twice": (
        "tables: {a: {indexes: [{columns: [x]}, {columns: [x]}]}}",
        "tables.a.indexes[1]",
        "The same index is declared already.",
    ),
    "index name twice": (
        "tables: {a: {indexes: [{columns: [x], name: i}]}, b: {indexes: [{columns: [x], name: i}]}}",
        "tables.b.indexes[0].name",
        "tables.a.indexes[0].name gives an index this name already.",
    ),
    "index named like a table": (
        "tables: {a: {indexes: [{columns: [x], name: a}]}}",
        "tables.a.indexes[0].name",
        "indexes share names with them",
    ),
    "index where with WHERE": (
        "tables: {a: {indexes: [{columns: [x], where: WHERE x > 1}]}}",
        "tables.a.indexes[0].where",
        "without the word WHERE",
    ),
}

FILLS = {
    "two values": (
        "tables: {a: {columns: {x: {fill: {value: 1, expression: now()}}}}}",
        "tables.a.columns.x.fill",
        "exactly one of column, value and expression; it has value and expression.",
    ),
    "no value": (
        "tables: {a: {columns: {x: {fill: {where: x = 1}}}}}",
        "tables.a.columns.x.fill",
        "it has none of them",
    ),
    "null": (
        "tables: {a: {columns: {x: {fill: {value: null}}}}}",
        "tables.a.columns.x.fill.value",
        "nothing to fill in",
    ),
    "unknown column": (
        "tables: {a: {columns: {x: {fill: {column: scan_dat}}, scan_date: {}}}}",
        "tables.a.columns.x.fill.column",
        'the nearest right spelling is "scan_date"',
    ),
    "itself": (
        "tables: {a: {columns: {x: {fill: {column: x}}}}}",
        "tables.a.columns.x.fill.column",
        "cannot be filled from itself",
    ),
    "a date": (
        "tables: {a: {columns: {x: {fill: {value: 2025-01-01}}}}}",
        "tables.a.columns.x.fill.value",
        "not the date 2025-01-01; put it in quotes",
    ),
    "two statements": (
        "tables: {a: {columns: {x: {fill: {value: 1, where: 'a = 1; DROP TABLE b'}}}}}",
        "tables.a.columns.x.fill.where",
        "more than one statement",
    ),
    "escaping parenthesis": (
        "tables: {a: {columns: {x: {fill: {value: 1, where: 'a = 1) OR (b = 1'}}}}}",
        "tables.a.columns.x.fill.where",
        "closed but never opened",
    ),
    "open quote": (
        'tables: {a: {columns: {x: {fill: {expression: "lower(\'a)"}}}}}',
        "tables.a.columns.x.fill.expression",
        "A text that begins with ' in this SQL does not end.",
    ),
    "a query": (
        "tables: {a: {columns: {x: {fill: {expression: SELECT 1}}}}}",
        "tables.a.columns.x.fill.expression",
        "a query stands in parentheses",
    ),
}

EVERY = {
    f"{group}: {name}": case
    for group, cases in (("top", TOP), ("names", NAMES), ("tables", TABLES), ("fill", FILLS))
    for name, case in cases.items()
}


def problems_of(text: str) -> list[tuple[str, str]]:
    with pytest.raises(ContractError) as caught:
        parse_contract(yaml.safe_load(text))
    return [(problem.path, problem.sentence) for problem in caught.value.problems]


@pytest.mark.parametrize("case", EVERY)
def test_wrong_contract(case: str) -> None:
    text, path, phrase = EVERY[case]
    [(found, sentence)] = problems_of(HEAD + text)
    assert found == path
    assert phrase in sentence
    assert sentence.endswith(".")
    assert sentence.isprintable()


@pytest.mark.parametrize(
    ("text", "path", "phrase"),
    [
        ("database: shop", "contract", "It is missing. The version of this format, always 1."),
        ("contract: 1", "database", "It is missing."),
        ("contract: 2\ndatabase: shop", "contract", "This library reads format 1, and the file says the number 2."),
        ("contract: '1'\ndatabase: shop", "contract", 'not the text "1"'),
        ("contract: true\ndatabase: shop", "contract", "not the boolean true"),
        ("contract: 1.0\ndatabase: shop", "contract", "not the number 1.0"),
        ("contract: 1\ndatabase: 5", "database", "must be a text, not the number 5; put it in quotes"),
        ("contract: 1\ndatabase: no", "database", "YAML reads a bare no, off and false so"),
        ("contract: 1\ndatabase: ''", "database", "It is an empty text"),
        ("contract: 1\ndatabase: '\"shop\"'", "database", "without the quotes of SQL: shop."),
        ("contract: 1\ndatabase: ' shop'", "database", "begins or ends with a blank"),
        ("contract: 1\ndatabase: " + "d" * 64, "database", "is 64 bytes long"),
        ('contract: 1\ndatabase: "a\\0b"', "database", "the character NUL"),
        ("[a]", "", "It must be a mapping, not a list."),
        ("null", "", "It must be a mapping, not nothing (null)"),
        ("just text", "", 'It must be a mapping, not the text "just text".'),
    ],
)
def test_wrong_head(text: str, path: str, phrase: str) -> None:
    [(found, sentence)] = problems_of(text)
    assert found == path
    assert phrase in sentence


def test_a_policy_alone_is_named_by_the_place_it_was_given() -> None:
    with pytest.raises(ContractError) as caught:
        parse_writable({"on_delte": "root", "conflict_key": ["id"]}, "definition")
    assert [problem.path for problem in caught.value.problems] == ["definition.on_delte", "definition.conflict_key"]
    assert str(caught.value).startswith("The policy in definition was refused and nothing was touched.")
