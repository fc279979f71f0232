# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names and literals as PostgreSQL spells and reads them."""

from __future__ import annotations

import hashlib

import pytest
from _pgops.model.identifiers import (
    MAX_BYTES,
    IdentifierError,
    QualifiedName,
    generated_name,
    needs_quotes,
    parse_identifier,
    parse_qualified,
    quote_ident,
    quote_literal,
    quote_qualified,
)
from hypothesis import given
from hypothesis import strategies as st

storable = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"))
names = storable.filter(lambda text: 0 < len(text.encode()) <= MAX_BYTES)


@pytest.mark.parametrize(
    ("name", "spelled"),
    [
        ("endpoints", "endpoints"),
        ("_a1", "_a1"),
        ("1a", '"1a"'),
        ("Endpoints", '"Endpoints"'),
        ("odd name", '"odd name"'),
        ('say "so"', '"say ""so"""'),
        ("a$b", '"a$b"'),
        ("größe", '"größe"'),
        ("", '""'),
        ("line\nbreak", '"line\nbreak"'),
        # One word of each kind of keyword: reserved, usable as function or type, usable as column, free.
        ("user", '"user"'),
        ("left", '"left"'),
        ("timestamp", '"timestamp"'),
        ("key", "key"),
    ],
)
def test_quote_ident_prints_what_the_server_prints(name: str, spelled: str) -> None:
    assert quote_ident(name) == spelled


@pytest.mark.parametrize(
    ("word", "first_quoted"),
    [("select", 13), ("system_user", 16), ("json_object", 16), ("json", 17), ("merge_action", 17)],
)
def test_keywords_are_quoted_from_the_version_that_knows_them(word: str, first_quoted: int) -> None:
    assert [needs_quotes(word, major) for major in range(13, 19)] == [major >= first_quoted for major in range(13, 19)]
    assert quote_ident(word) == f'"{word}"'


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("endpoints", (None, "endpoints")),
        ("Endpoints", (None, "endpoints")),
        ('"Endpoints"', (None, "Endpoints")),
        ('public."Odd.Name"', ("public", "Odd.Name")),
        ('"a""b".c', ('a"b', "c")),
        (" public . endpoints ", ("public", "endpoints")),
        ("a$1", (None, "a$1")),
        ("user", (None, "user")),
        # The server folds ASCII letters only.
        ("ÄRGER", (None, "Ärger")),
    ],
)
def test_names_are_read_as_the_server_reads_them(text: str, parts: tuple[str | None, str]) -> None:
    assert parse_qualified(text) == parts


@pytest.mark.parametrize(
    ("text", "phrase"),
    [
        ("", "is no name as SQL spells it"),
        ("1a", "is no name as SQL spells it"),
        ("a b", "is no name as SQL spells it"),
        ("a.", "is no name as SQL spells it"),
        (".a", "is no name as SQL spells it"),
        ('"a', "is no name as SQL spells it"),
        ('"a"b', "is no name as SQL spells it"),
        ("a;b", "is no name as SQL spells it"),
        ('""', "holds an empty name"),
        ("a.b.c", "has 3 parts"),
        ("x" * 64, "is 64 bytes long; PostgreSQL cuts names at 63"),
        ("ä" * 32, "is 64 bytes long"),
        ('"a\x00b"', "the character NUL"),
        ('"\ud800"', "not valid in UTF-8"),
    ],
)
def test_what_is_no_name_is_refused_in_a_sentence(text: str, phrase: str) -> None:
    with pytest.raises(IdentifierError) as caught:
        parse_qualified(text)
    assert phrase in str(caught.value)
    assert str(caught.value).endswith(".")
    assert str(caught.value).isprintable()


def test_a_single_name_has_no_schema() -> None:
    assert parse_identifier('"a.b"') == "a.b"
    with pytest.raises(IdentifierError, match="a qualified name where a single name belongs"):
        parse_identifier("a.b")


@given(schema=names, name=names)
def test_every_name_survives_quoting_and_reading(schema: str, name: str) -> None:
    assert parse_qualified(quote_qualified(schema, name)) == (schema, name)
    assert str(QualifiedName(schema, name)) == quote_qualified(schema, name)
    assert parse_identifier(quote_ident(name)) == name


@pytest.mark.parametrize(
    ("value", "spelled"),
    [("plain", "'plain'"), ("it's", "'it''s'"), ("", "''"), ("a\\b", "E'a\\\\b'"), ("\\'", "E'\\\\'''")],
)
def test_quote_literal_prints_what_the_server_prints(value: str, spelled: str) -> None:
    assert quote_literal(value) == spelled


@pytest.mark.parametrize("quote", [quote_ident, quote_literal])
def test_nul_is_refused(quote: object) -> None:
    assert callable(quote)
    with pytest.raises(IdentifierError, match="NUL"):
        quote("a\x00b")


def test_generated_names_stay_readable_while_they_fit() -> None:
    assert generated_name("pgops_", "servers", "_insert") == "pgops_servers_insert"
    exact = "v" * (MAX_BYTES - len("pgops__insert"))
    assert generated_name("pgops_", exact, "_insert") == f"pgops_{exact}_insert"


def test_a_long_generated_name_is_cut_and_carries_a_hash_of_the_whole() -> None:
    view = "v" * 51
    digest = hashlib.sha256(view.encode()).hexdigest()[:8]
    assert generated_name("pgops_", view, "_insert") == f"pgops_{'v' * 41}_{digest}_insert"
    assert generated_name("pgops_", view + "w", "_insert") != generated_name("pgops_", view + "x", "_insert")


@given(view=names, suffix=st.sampled_from(["_insert", "_update", "_delete"]))
def test_generated_names_fit_and_differ_by_suffix(view: str, suffix: str) -> None:
    name = generated_name("pgops_", view, suffix)
    assert len(name.encode()) <= MAX_BYTES
    assert name.startswith("pgops_")
    assert name.endswith(suffix)
    assert name == generated_name("pgops_", view, suffix)


def test_no_room_for_the_name_is_refused() -> None:
    with pytest.raises(IdentifierError, match="leave no room"):
        generated_name("p" * 50, "view" * 3, "_suffix")
