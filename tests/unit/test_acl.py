# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Access lists as PostgreSQL writes them; tests/integration/test_acl.py compares with what a server makes of them."""

from __future__ import annotations

import pytest
from _pgops.model.acl import KINDS, PUBLIC, WORDS, AclEntry, AclError, effective_acl, parse_acl, privileges_of
from hypothesis import given
from hypothesis import strategies as st


def entry(grantee: str, privileges: str, grantor: str = "owner", grantable: str = "") -> AclEntry:
    return AclEntry(grantee, frozenset(privileges.split()), frozenset(grantable.split()), grantor)


@pytest.mark.parametrize(
    ("text", "entries"),
    [
        ("{}", []),
        ("{=r/owner}", [entry("", "SELECT")]),
        (
            "{owner=arwdDxtm/owner,ollama=arwd/owner}",
            [
                entry("owner", "INSERT SELECT UPDATE DELETE TRUNCATE REFERENCES TRIGGER MAINTAIN"),
                entry("ollama", "INSERT SELECT UPDATE DELETE"),
            ],
        ),
        ("{app=r*w/owner}", [entry("app", "SELECT UPDATE", grantable="SELECT")]),
        (r'{"\"odd\"\"name\"=r*/\"x,y\""}', [entry('odd"name', "SELECT", "x,y", "SELECT")]),
        (r'{"\"a=b/c\"=U/owner",=C/owner}', [entry("a=b/c", "USAGE"), entry("", "CREATE")]),
        (r'{"\"Upper\"=X/owner"}', [entry("Upper", "EXECUTE")]),
        (r'{"\"back\\slash\"=c/owner"}', [entry("back\\slash", "CONNECT")]),
        ("{größe=T/owner}", [entry("größe", "TEMPORARY")]),
        ("{16400=r/owner}", [entry("16400", "SELECT")]),
        ("{=/owner}", [entry("", "")]),
        ("{app=sA/owner}", [AclEntry("app", frozenset({"SET", "ALTER SYSTEM"}), frozenset(), "owner")]),
        ("{app=Zr/owner}", [entry("app", "Z SELECT")]),
    ],
)
def test_parse(text: str, entries: list[AclEntry]) -> None:
    assert list(parse_acl(text)) == entries


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "app=r/owner",
        "{app=r}",
        "{app/owner}",
        "{,}",
        "{app=r/owner,}",
        '{"app=r/owner}',
        "{a=r/o,,b=r/o}",
        "{app=*r/owner}",
    ],
)
def test_what_is_no_access_list_is_refused_in_a_sentence(text: str) -> None:
    with pytest.raises(AclError, match=r"^'.*\.$"):
        parse_acl(text)


names = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), min_size=1, max_size=20)
letters = st.sets(st.sampled_from(sorted(WORDS)))


def spelled(name: str) -> str:
    plain = name.isascii() and name.replace("_", "a").isalnum()
    return name if plain else '"' + name.replace('"', '""') + '"'


@given(st.lists(st.tuples(names | st.just(PUBLIC), letters, letters, names), max_size=5))
def test_every_list_is_read_back(wanted: list[tuple[str, set[str], set[str], str]]) -> None:
    items = []
    for grantee, held, grantable, grantor in wanted:
        marks = "".join(letter + ("*" if letter in grantable else "") for letter in sorted(held))
        item = f"{spelled(grantee) if grantee else ''}={marks}/{spelled(grantor)}"
        items.append('"' + item.replace("\\", "\\\\").replace('"', '\\"') + '"')
    assert list(parse_acl("{" + ",".join(items) + "}")) == [
        AclEntry(
            grantee, frozenset(WORDS[one] for one in held), frozenset(WORDS[one] for one in held & grantable), grantor
        )
        for grantee, held, grantable, grantor in wanted
    ]


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_what_is_stored_comes_before_defaults(kind: str) -> None:
    assert effective_acl("{}", kind, "owner") == ()
    assert effective_acl("{=r/owner}", kind, "owner") == (entry("", "SELECT"),)
    assert {one.grantee for one in effective_acl(None, kind, "owner")} <= {PUBLIC, "owner"}


def test_everybody_may_execute_functions_until_that_is_taken_away() -> None:
    assert PUBLIC in {one.grantee for one in effective_acl(None, "function", "owner")}
    assert PUBLIC not in {one.grantee for one in effective_acl(None, "table", "owner")}
    assert PUBLIC not in {one.grantee for one in effective_acl("{owner=X/owner}", "function", "owner")}


def test_maintain_came_with_17() -> None:
    held = [effective_acl(None, "table", "owner", major)[0].privileges for major in (16, 17)]
    assert ["MAINTAIN" in one for one in held] == [False, True]


def test_privileges_of_several_roles_are_added_up() -> None:
    entries = parse_acl("{=r/o,app=a/o,other=d/o}")
    assert privileges_of(entries, frozenset({"app", PUBLIC})) == {"INSERT", "SELECT"}
    assert privileges_of(entries, frozenset({"nobody"})) == frozenset()
