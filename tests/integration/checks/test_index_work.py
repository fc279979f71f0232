# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Indexes that are being worked on are not called broken; what such work leaves behind is, and can be cleared away."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest
from _pgops.checks.judge import Judgement, judge
from _pgops.checks.registry import CHECKS
from harness import Background, Client, Server, wait_blocked
from stage import look_at
from test_fixes import carry_out, picture

TABLE = """
CREATE TABLE public.t (a int, b text);
INSERT INTO public.t SELECT i, repeat(md5(i::text), 500) FROM generate_series(1, 50) i;
CREATE INDEX i ON public.t (a);
"""
WATCHER = "index_watcher"
WORK = {
    "CREATE INDEX CONCURRENTLY j ON public.t (b)": "j",
    "REINDEX INDEX CONCURRENTLY public.i": "i",
    "REINDEX TABLE CONCURRENTLY public.t": "t",
    "DROP INDEX CONCURRENTLY public.i": "i",
}


def review(server: Server, database: str, user: str | None = None) -> Judgement:
    seen = look_at(server, database, ["index-invalid"], user=user)
    return judge(seen, [CHECKS["index-invalid"]])


@contextmanager
def half_way(server: Server, database: str, sql: str) -> Iterator[Client]:
    """The statement has begun, and waits for a transaction that reads the table; at the end it is cancelled."""
    reader, worker = Client(server.cluster.dsn(database)), Client(server.cluster.dsn(database))
    reader.begin()
    reader.rows("SELECT FROM public.t LIMIT 1")
    reader.run("LOCK TABLE public.t IN ROW EXCLUSIVE MODE")
    work = Background(lambda: worker.run(sql))
    try:
        wait_blocked(reader, worker)
        yield reader
        reader.run("SELECT pg_cancel_backend(%s)", [worker.pid])
        assert isinstance(work.error(), psycopg.errors.QueryCanceled), "the statement was to be cancelled"
    finally:
        reader.close()
        worker.close()


@pytest.mark.parametrize("sql", sorted(WORK))
def test_work_at_this_moment_is_let_be_and_what_it_leaves_is_found(
    server: Server, empty_database: str, sql: str
) -> None:
    client = Client(server.cluster.dsn(empty_database))
    client.run(TABLE)
    if not client.rows("SELECT FROM pg_roles WHERE rolname = %s", [WATCHER]):
        client.run(f"CREATE ROLE {WATCHER} LOGIN")
    with half_way(server, empty_database, sql):
        assert client.rows("SELECT FROM pg_index WHERE NOT indisvalid"), "nothing was begun"
        for user in (None, WATCHER):
            judgement = review(server, empty_database, user)
            assert judgement.findings == (), f"as {user}: {[finding.message for finding in judgement.findings]}"
    judgement = review(server, empty_database)
    assert judgement.findings, "nothing was left behind"
    assert not judgement.not_checked
    for finding in judgement.findings:
        assert finding.fix is not None, finding
        assert finding.fix.automatic == ("_ccnew" in str(finding.evidence.get("index", finding.object)))
        for step in finding.fix.steps:
            for statement in step.sql:
                client.run(statement)
    assert review(server, empty_database).findings == ()
    assert not client.rows("SELECT FROM pg_index WHERE NOT indisvalid")
    client.close()


def test_a_key_that_could_not_be_made_is_found(server: Server, empty_database: str) -> None:
    client = Client(server.cluster.dsn(empty_database))
    client.run(TABLE + "INSERT INTO public.t VALUES (1, 'again')")
    with pytest.raises(psycopg.errors.UniqueViolation):
        client.run("CREATE UNIQUE INDEX CONCURRENTLY u ON public.t (a)")
    (finding,) = review(server, empty_database).findings
    client.close()
    assert finding.severity == "error"
    assert finding.fix is not None
    assert finding.fix.steps[0].sql == ("REINDEX INDEX CONCURRENTLY public.u",)


def test_an_index_comes_back_into_its_tablespace(server: Server, empty_database: str) -> None:
    client = Client(server.cluster.dsn(empty_database))
    if not client.rows("SELECT FROM pg_tablespace WHERE spcname = 'Other place'"):
        place = server.cluster.folder / "other_place"
        # The server's own user must own the folder.
        client.run(f"COPY (SELECT 1) TO PROGRAM 'cat >/dev/null; mkdir {place}'")
        client.run(f"CREATE TABLESPACE \"Other place\" LOCATION '{place}'")
    client.run("CREATE TABLE public.t (a int, b text NOT NULL)")
    client.run("CREATE INDEX i ON public.t (a)")
    client.run('CREATE INDEX longer ON public.t (a) WITH (fillfactor = 70) TABLESPACE "Other place"')
    client.run('CREATE INDEX p ON public.t (a) TABLESPACE "Other place" WHERE b IS NOT NULL')
    before = picture(server, empty_database)
    checks = ["index-duplicate", "index-useless-predicate"]
    findings = judge(look_at(server, empty_database, checks), [CHECKS[check] for check in checks]).findings
    assert {finding.object for finding in findings} == {"public.t.longer", "public.t.p"}
    for finding in findings:
        assert finding.fix is not None
        assert finding.fix.undo is not None
        assert carry_out(client, finding.fix.steps) == []
        assert picture(server, empty_database) != before
        assert carry_out(client, finding.fix.undo) == []
        assert picture(server, empty_database) == before, finding.object
    client.close()
