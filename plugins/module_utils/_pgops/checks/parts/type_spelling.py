# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The many spellings of a type and of a default, brought to the one that PostgreSQL prints. Not a group."""

from __future__ import annotations

import re

from ...model.catalog.snapshot import Catalog
from ...model.identifiers import IdentifierError, parse_qualified, quote_ident

#: What SQL and the catalog call PostgreSQL's own types, to what format_type prints.
_ALIASES = {
    "bool": "boolean",
    "int": "integer",
    "int2": "smallint",
    "int4": "integer",
    "int8": "bigint",
    "float4": "real",
    "float8": "double precision",
    "decimal": "numeric",
    "dec": "numeric",
    "varchar": "character varying",
    "char varying": "character varying",
    "national character varying": "character varying",
    "national char varying": "character varying",
    "nchar varying": "character varying",
    "char": "character",
    "nchar": "character",
    "national character": "character",
    "national char": "character",
    "varbit": "bit varying",
    "time": "time without time zone",
    "timetz": "time with time zone",
    "timestamp": "timestamp without time zone",
    "timestamptz": "timestamp with time zone",
}
#: A length that is not said is 1.
_ONE = ("character", "bit")
_TOKEN = re.compile(
    r"""(?P<string>[eE]?'(?:[^']|'')*')|(?P<quoted>"(?:[^"]|"")*")|(?P<number>\d+(?:\.\d+)?)"""
    r"""|(?P<word>[A-Za-z_\u0080-\U0010ffff][\w$\u0080-\U0010ffff]*)|(?P<cast>::)|(?P<sign>\S)""",
    re.DOTALL,
)
_CURRENT = {"now ( )": "current_timestamp", "transaction_timestamp ( )": "current_timestamp"}
_NEXTVAL = re.compile(r"(?i)\bnextval\s*\(\s*'([^']*)'\s*(?:::\s*(?:pg_catalog\s*\.\s*)?regclass\s*)?\)")
#: Words that a type's name may go on with.
_MORE_WORDS = {
    "character": {"varying"},
    "bit": {"varying"},
    "double": {"precision"},
    "timestamp": {"with", "without"},
    "time": {"with", "without"},
    "with": {"time"},
    "without": {"time"},
}


class Types:
    """The types of a database by whatever they may be called; names without a schema are looked for in `schema`."""

    def __init__(self, catalog: Catalog, schema: str) -> None:
        self._schema = schema
        # Without a length these two are printed as bpchar and "bit".
        self._builtin = {"character", "bit"}
        self._made: dict[tuple[str, str], str] = {}
        for found in catalog.types.values():
            try:
                place, name = parse_qualified(found.name)
            except IdentifierError:
                # Names of several words, and arrays.
                place, name = None, found.name
            if place is not None:
                self._made[place, name] = found.name
            elif found.builtin:
                self._builtin.add(found.name)

    def canonical(self, text: str) -> str | None:
        """The type as format_type spells it; None where the database has none of that name."""
        body, array = _without_brackets(text.strip())
        body, modifier = _without_modifier(body)
        spelled = self._plain(" ".join(body.split()), modifier) or self._users(body, modifier)
        return None if spelled is None else spelled + ("[]" if array else "")

    def _plain(self, body: str, modifier: str) -> str | None:
        """One of PostgreSQL's own."""
        if '"' in body and body not in self._builtin:
            return None
        name = body if '"' in body else body.lower().removeprefix("pg_catalog.")
        if name.startswith("_") and name[1:] in _ALIASES:
            return _ALIASES[name[1:]] + "[]"
        if name == "float":
            return "real" if modifier and int(modifier) <= 24 else "double precision"
        name = _ALIASES.get(name, name)
        if name in _ONE and not modifier:
            modifier = "1"
        if name == "numeric" and modifier and "," not in modifier:
            modifier += ",0"
        if name not in self._builtin and not name.startswith("interval "):
            return None
        if not modifier:
            return name
        head, space, rest = name.partition(" ")
        # timestamp(3) with time zone: the number stands behind the first word.
        split = head in ("timestamp", "time")
        return f"{head}({modifier}){space}{rest}" if split else f"{name}({modifier})"

    def _users(self, body: str, modifier: str) -> str | None:
        try:
            schema, name = parse_qualified(body)
        except IdentifierError:
            return None
        places = [schema] if schema is not None else [self._schema, "public"]
        found = next((self._made[place, name] for place in places if (place, name) in self._made), None)
        if found is None and schema is None:
            others = [spelled for (_place, other), spelled in self._made.items() if other == name]
            found = others[0] if len(others) == 1 else None
        return found if found is None or not modifier else f"{found}({modifier})"


def _without_brackets(text: str) -> tuple[str, bool]:
    bare = re.sub(r"(\s*\[\s*\d*\s*\])+$", "", text)
    bare = re.sub(r"(?i)\s+array$", "", bare)
    return bare, bare != text


def _without_modifier(text: str) -> tuple[str, str]:
    found = re.search(r"\(([^()\"]*)\)", text)
    if found is None:
        return text, ""
    return text[: found.start()] + " " + text[found.end() :], "".join(found.group(1).split())


def same_type(one: str, other: str) -> bool:
    """Whether two canonical spellings are the same: modifiers of extensions' types may be in other letters."""
    return one == other or ("(" in one and one.replace(" ", "").lower() == other.replace(" ", "").lower())


def expression_key(text: str, schema: str) -> str:
    """An expression without what PostgreSQL adds or changes when it prints it: equal keys mean the same.

    Casts of constants are dropped, and the names of the contract's schema and of PostgreSQL's own.
    """
    tokens = _without_casts([found for found in _TOKEN.finditer(text) if found.lastgroup is not None])
    words = [_word(kind, value) for kind, value in tokens]
    kept: list[str] = []
    for place, word in enumerate(words):
        qualifies = place + 1 < len(words) and words[place + 1] == "."
        if qualifies and word in (schema, "pg_catalog"):
            continue
        if word == "." and place and words[place - 1] in (schema, "pg_catalog"):
            continue
        kept.append(word)
    while len(kept) > 2 and kept[0] == "(" and _closes(kept) == len(kept) - 1:
        kept = kept[1:-1]
    key = " ".join(kept)
    # A string names a sequence as its own schema's search_path would find it.
    key = re.sub(rf"nextval \( '(?:{re.escape(quote_ident(schema))}\.)?", "nextval ( '", key)
    return _CURRENT.get(key, key)


def _word(kind: str, value: str) -> str:
    if kind == "word":
        return value.lower()
    if kind == "quoted":
        plain = value[1:-1].replace('""', '"')
        return plain if quote_ident(plain) == plain else value
    if kind == "string" and re.fullmatch(r"'-?\d+(\.\d+)?'", value):
        return value[1:-1].replace("-", "- ")
    return value


def _closes(words: list[str]) -> int:
    """The place of the parenthesis that closes the first one."""
    depth = 0
    for place, word in enumerate(words):
        depth += (word == "(") - (word == ")")
        if depth == 0:
            return place
    return -1


def _without_casts(tokens: list[re.Match[str]]) -> list[tuple[str, str]]:
    """Kind and text of the tokens without `::type`."""
    kept: list[tuple[str, str]] = []
    place = 0
    while place < len(tokens):
        kind = tokens[place].lastgroup or ""
        if kind != "cast":
            kept.append((kind, tokens[place].group()))
            place += 1
            continue
        place = _behind_type(tokens, place + 1)
    return kept


def _behind_type(tokens: list[re.Match[str]], place: int) -> int:
    """The place behind the name of a type."""
    texts = [token.group() for token in tokens]
    place += 1
    while place < len(texts):
        before, text = texts[place - 1].lower(), texts[place].lower()
        if text == ".":
            place += 2
        elif text in _MORE_WORDS.get(before, ()) or (before == "time" and text == "zone"):
            place += 1
        elif text in ("(", "["):
            place = texts.index(")" if text == "(" else "]", place) + 1
            if place < len(texts) and texts[place].lower() in ("with", "without"):
                place += 3
        else:
            break
    return place


def executable_default(text: str, schema: str) -> str:
    """The default as it may stand in a statement whatever the search_path: sequences are named with their schema."""

    def qualified(found: re.Match[str]) -> str:
        try:
            place, name = parse_qualified(found.group(1))
        except IdentifierError:
            return found.group(0)
        spelled = f"{quote_ident(place if place is not None else schema)}.{quote_ident(name)}"
        return "pg_catalog.nextval('" + spelled.replace("'", "''") + "'::pg_catalog.regclass)"

    return _NEXTVAL.sub(qualified, text)
