# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A review as the library makes it on real servers: what it refuses, what it compares with, what it leaves alone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from _pgops.database.connect import connect
from _pgops.database.session import Session
from _pgops.model.contract.parse import parse_contract
from _pgops.model.errors import PgOpsError, RefusedError
from _pgops.model.review import Review
from _pgops.model.settings.schema_check import SchemaCheckSettings
from _pgops.status.review import review
from _pgops.status.review_report import write_reports
from harness import Client, Server


@pytest.fixture
def session(server: Server, scanner_database: str) -> Iterator[Session]:
    cluster = server.cluster
    place = {"host": cluster.socket_dir, "port": cluster.port, "user": cluster.superuser, "dbname": scanner_database}
    with connect(place, application_name="a test") as opened:
        yield opened


def reviewed(session: Session, **said: Any) -> Review:
    """A review of the structure alone, with these settings."""
    return review(session, SchemaCheckSettings(**{"checks": ["redundant-indexes"], **said}))


@pytest.mark.parametrize("parsed", [False, True])
def test_a_contract_of_another_database_is_refused(session: Session, parsed: bool) -> None:
    contract = {"contract": 1, "database": "elsewhere"}
    settings = SchemaCheckSettings(contract=None if parsed else contract)
    with pytest.raises(RefusedError, match="The contract is for database elsewhere, and this is ") as caught:
        review(session, settings, parse_contract(contract) if parsed else None)
    assert session.database in str(caught.value)
    assert "Nothing was read." in str(caught.value)


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"checks": ["index-dupplicate"]}, "Did you mean index-duplicate"),
        ({"checks": ["indexes"], "exclude_checks": ["all"]}, "leave no check to run"),
        ({"schemas": ["/[/"]}, "is no regular expression"),
        ({"limits": {"index-redundant-prefix": {"ratio": -1}}}, "is a number of at least 0, not -1"),
        ({"suppress": [{"check": "fk-missing"}]}, "gives a reason"),
        ({"baseline": {"kind": "inventory"}}, "the given document, is not the document of a review"),
        ({"baseline": '{"kind": '}, "the given document, is no JSON"),
    ],
)
def test_what_means_nothing_is_refused(session: Session, said: dict[str, Any], words: str) -> None:
    with pytest.raises(RefusedError, match="Nothing was read") as caught:
        reviewed(session, **said)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "there is a folder of that name"),
        ("{", "is no JSON: "),
        ("[]", "is not the document of a review"),
        ('{"kind": "review"}', "is not the document of a review"),
        ('{"kind": "inventory", "findings": []}', "is not the document of a review"),
    ],
)
def test_a_baseline_that_is_none_is_refused_by_its_path(
    session: Session, tmp_path: Path, content: str | None, words: str
) -> None:
    path = tmp_path / "earlier.json"
    if content is None:
        path.mkdir()
    else:
        path.write_text(content, encoding="utf-8")
    with pytest.raises(PgOpsError, match="Nothing was ") as caught:
        reviewed(session, baseline=str(path))
    assert words in str(caught.value)
    assert str(path) in str(caught.value)


def test_an_earlier_review_is_compared_with_however_it_is_given(
    session: Session, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "earlier.json"
    first = reviewed(session, baseline=str(path))
    assert {finding.state for finding in first.findings} == {""}, "a file that is not there is no earlier review"
    write_reports(first, str(path), ["json"])
    with closing(Client(server.cluster.dsn(session.database))) as client:
        client.run("DROP INDEX idx_metadata_key; CREATE INDEX idx_again ON models (endpoint_id, name)")
    monkeypatch.setenv("HOME", str(tmp_path))
    text = path.read_text(encoding="utf-8")
    for given in (str(path), "~/earlier.json", "$HOME/earlier.json", text, json.loads(text)):
        again = reviewed(session, baseline=given)
        new = [finding.object for finding in again.findings if finding.state == "new"]
        assert new == ["public.models.idx_again"]
        assert [gone["object"] for gone in again.resolved] == ["public.metadata.idx_metadata_key"]
        assert again.summary["new"] == again.summary["resolved"] == 1


def test_a_review_that_did_not_look_resolves_nothing(session: Session) -> None:
    first = reviewed(session)
    assert first.findings
    again = reviewed(session, checks=["fk-missing"], baseline=first.as_dict())
    assert again.resolved == ()


def test_a_folder_for_reports_that_is_not_there_is_said(session: Session, tmp_path: Path) -> None:
    target = tmp_path / "absent" / "shop.json"
    with pytest.raises(PgOpsError, match="its folder does not exist") as caught:
        write_reports(reviewed(session), str(target), ["json", "markdown"])
    assert str(target) in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_the_document_is_the_same_whatever_the_search_path(session: Session, server: Server) -> None:
    first = reviewed(session, checks=["all"])
    with closing(Client(server.cluster.dsn(session.database))) as client:
        client.run(f"ALTER DATABASE \"{session.database}\" SET search_path = '', pg_catalog")
    place = {"host": server.cluster.socket_dir, "port": server.cluster.port, "user": server.cluster.superuser}
    with connect({**place, "dbname": session.database}, application_name="a test") as other:
        second = reviewed(other, checks=["all"])
    keys = {one.key: one.object for one in first.findings}
    later = {one.key: one.object for one in second.findings if one.group != "configuration"}
    assert len(keys) > 10
    assert {key: keys.get(key) for key in later} == later
