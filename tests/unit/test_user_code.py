# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names in an SQL text: whatever may mean an object of a user counts, wherever and however it is spelled."""

from __future__ import annotations

import pytest
from _pgops.model.catalog.user_code import stands_in, words_of

FOUND = [
    ("evil", "SELECT app.evil(1)"),
    ("evil", "SELECT app.EVIL (1)"),
    ("evil", 'SELECT app."evil"(1)'),
    ("evil", "SELECT app./* x */evil/**/(1)"),
    ("evil", "SELECT 'a\"b', app.evil('x\"y')"),
    ("evil", "SELECT $q$'$q$, app.evil(1)"),
    ("Evil One", 'SELECT app."Evil One"(1)'),
    ('say "x"', 'SELECT app."say ""x"""(1)'),
    ("böse", "SELECT app.böse(1)"),
    ("e$1", "SELECT app.e$1(1)"),
]
NOT_FOUND = [
    ("evil", "SELECT app.evils(1), devil"),
    ("evil", "SELECT _evil, evil_, evil1, evil$"),
    ("Evil", "SELECT app.evil(1)"),
]


@pytest.mark.parametrize(("name", "sql"), FOUND)
def test_a_name_is_found(name: str, sql: str) -> None:
    assert stands_in(name, sql, words_of(sql))


@pytest.mark.parametrize(("name", "sql"), NOT_FOUND)
def test_another_name_is_not(name: str, sql: str) -> None:
    assert not stands_in(name, sql, words_of(sql))
