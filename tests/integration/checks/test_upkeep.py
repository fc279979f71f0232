# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks of maintenance on real servers: the scanner's dead rows and their fix, settings, sessions, collations."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence

import pytest
from _pgops.checks.judge import judge
from _pgops.checks.registry import CHECKS
from _pgops.model.finding import Finding
from _pgops.status.review import look
from harness import FIXTURES, Client, Server, place_in_memory, wait_until
from stage import look_at, open_session, report_counters
from tooling.cluster import Cluster

UPKEEP = ("vacuum", "statistics", "wraparound", "bloat", "replication", "server", "integrity", "extensions")


def found(server: Server, database: str, checks: Sequence[str], user: str | None = None) -> dict[str, Finding]:
    """What these checks find in a database, by object."""
    judgement = judge(look_at(server, database, checks, user=user), [CHECKS[check] for check in checks])
    assert not judgement.not_checked
    return {finding.object: finding for finding in judgement.findings}


def carry_out(client: Client, finding: Finding) -> None:
    """Run a finding's fix."""
    assert finding.fix is not None
    for step in finding.fix.steps:
        for sql in step.sql:
            client.run(sql)


@pytest.fixture
def scanner(server: Server, scanner_database: str) -> Iterator[Client]:
    """A client of the scanner's database, with its rows."""
    client = Client(server.cluster.dsn(scanner_database))
    client.run((FIXTURES / "scanner_data.sql").read_text(encoding="utf-8"))
    client.run("RESET ALL; RESET ROLE")
    report_counters(server, scanner_database, client)
    client = Client(server.cluster.dsn(scanner_database))
    yield client
    client.close()


def test_the_scanner_dead_rows_are_found_and_vacuumed(server: Server, scanner_database: str, scanner: Client) -> None:
    before = found(server, scanner_database, ["dead-rows"])
    assert list(before) == ["public.metadata"]
    finding = before["public.metadata"]
    assert (finding.evidence["live"], finding.evidence["dead"]) == (14, 19)
    assert "19 of 33" in finding.message
    assert "58 %" in finding.message
    assert finding.severity == "warning"
    carry_out(scanner, finding)
    wait_until(lambda: not found(server, scanner_database, ["dead-rows"]), "no dead rows in metadata")


def test_all_that_the_scanner_is_told_about_its_upkeep(server: Server, scanner_database: str, scanner: Client) -> None:
    """Nothing but the dead rows, and what the release of the server deserves."""
    checks = [
        check.about.id
        for check in CHECKS.values()
        if check.about.group in UPKEEP and check.about.level == "default" and check.about.id not in _BY_DATE
    ]
    findings = found(server, scanner_database, checks)
    assert {(finding.check, finding.object) for finding in findings.values()} == {("dead-rows", "public.metadata")}


_BY_DATE = ("minor-version-behind", "major-end-of-life")


def test_a_role_without_rights_is_told_of_dead_rows_too(server: Server, scanner_database: str, scanner: Client) -> None:
    role = f"nobody_{scanner_database}"
    scanner.run(f"CREATE ROLE {role} LOGIN")
    assert list(found(server, scanner_database, ["dead-rows"], user=role)) == ["public.metadata"]
    scanner.run(f"DROP ROLE {role}")


def test_statistics_that_are_missing_are_renewed(server: Server, empty_database: str) -> None:
    client = Client(server.cluster.dsn(empty_database))
    client.run("CREATE TABLE t (a int) PARTITION BY RANGE (a)")
    client.run("CREATE TABLE u PARTITION OF t FOR VALUES FROM (0) TO (9000) WITH (autovacuum_enabled = false)")
    client.run("INSERT INTO t SELECT generate_series(1, 5000)")
    report_counters(server, empty_database, client)
    client = Client(server.cluster.dsn(empty_database))
    checks = ["statistics-stale", "partitioned-statistics"]
    for check in checks:
        finding = found(server, empty_database, [check])["public.t"]
        carry_out(client, finding)
        assert finding.fix is not None
        assert finding.fix.automatic
    wait_until(lambda: not found(server, empty_database, checks), "statistics of all")
    client.close()


def test_the_lag_of_a_real_load(server: Server, empty_database: str) -> None:
    client = Client(server.cluster.dsn(empty_database))
    client.run("CREATE TABLE t (a int, b text) WITH (autovacuum_enabled = false)")
    client.run("ALTER TABLE t ALTER b SET STORAGE EXTERNAL")
    client.run("INSERT INTO t SELECT n, repeat(md5(n::text), 300) FROM generate_series(1, 300) n")
    client.run("UPDATE t SET b = b || 'x'")
    report_counters(server, empty_database, client)
    client = Client(server.cluster.dsn(empty_database))
    seen = look_at(server, empty_database, ["autovacuum-lag"])
    findings = judge(seen, [CHECKS["autovacuum-lag"]]).findings
    assert len(findings) == 2, "the table, and its TOAST table"
    for finding in findings:
        carry_out(client, finding)
    wait_until(lambda: not found(server, empty_database, ["autovacuum-lag"]), "no dead rows")
    client.close()


@pytest.fixture
def cluster(major: int) -> Iterator[Cluster]:
    """A cluster of the test's own, with slots and prepared transactions."""
    settings = {
        "wal_level": "logical",
        "max_prepared_transactions": "5",
        "max_wal_size": "'96MB'",
        "min_wal_size": "'32MB'",
        "archive_mode": "on",
        "archive_command": "''",
    }
    before = tempfile.tempdir
    tempfile.tempdir = place_in_memory() or before
    try:
        made = Cluster.start(major=major, settings=settings)
    finally:
        tempfile.tempdir = before
    with made:
        yield made


class Watcher:
    """Looks at a cluster of the test's own."""

    def __init__(self, cluster: Cluster) -> None:
        self._server = Server.__new__(Server)
        self._server.cluster = cluster

    def objects(self, check: str, user: str | None = None, **limits: float) -> set[str]:
        """The objects that one check names."""
        with open_session(self._server, "postgres", user) as session:
            seen = look(session, [CHECKS[check]], None)
        return {finding.object for finding in judge(seen, [CHECKS[check]], {check: limits}).findings}

    def finding(self, check: str, **limits: float) -> Finding:
        """The only finding of a check."""
        with open_session(self._server, "postgres") as session:
            seen = look(session, [CHECKS[check]], None)
        (finding,) = judge(seen, [CHECKS[check]], {check: limits}).findings
        return finding


def test_slots_and_archives_of_a_real_server(cluster: Cluster, major: int) -> None:
    client = Client(cluster.dsn("postgres"))
    watcher = Watcher(cluster)
    assert watcher.objects("archive-command-missing") == {"archive_command"}
    assert watcher.objects("archiver-failing") == set()
    client.run("ALTER SYSTEM SET archive_command = '/bin/false'")
    client.run("SELECT pg_reload_conf()")
    wait_until(lambda: not watcher.objects("archive-command-missing"), "the command in force")
    client.run("CREATE TABLE t (a int); SELECT pg_switch_wal()")
    wait_until(lambda: watcher.objects("archiver-failing") == {"archive_mode"}, "a failure to archive")
    client.run("SELECT pg_create_physical_replication_slot('away', true)")
    assert watcher.objects("slot-inactive") == set()
    for _turn in range(3):
        client.run("INSERT INTO t SELECT generate_series(1, 1000); SELECT pg_switch_wal()")
    assert watcher.objects("slot-inactive", megabytes=30) == {"away"}
    assert watcher.objects("slot-lost") == set()
    client.run("ALTER SYSTEM SET max_slot_wal_keep_size = '1MB'")
    client.run("ALTER SYSTEM SET archive_command = '/bin/true'")
    client.run("SELECT pg_reload_conf()")

    def lost() -> bool:
        client.run("INSERT INTO t SELECT generate_series(1, 1000); SELECT pg_switch_wal(); CHECKPOINT")
        return watcher.objects("slot-lost") == {"away"}

    wait_until(lost, "the slot's WAL being removed")
    carry_out(client, watcher.finding("slot-lost"))
    assert watcher.objects("slot-lost") == set()
    client.close()


def test_sessions_and_prepared_transactions_of_a_real_server(cluster: Cluster) -> None:
    client, other = Client(cluster.dsn("postgres")), Client(cluster.dsn("postgres"), application_name="forgetful")
    watcher = Watcher(cluster)
    client.run(
        "CREATE TABLE t (a int); CREATE ROLE nobody LOGIN; CREATE ROLE watcher LOGIN; GRANT pg_monitor TO watcher"
    )
    client.run("BEGIN; INSERT INTO t VALUES (1); PREPARE TRANSACTION 'half done'")
    other.begin()
    other.run("INSERT INTO t VALUES (2)")
    for user in (None, "watcher"):
        assert watcher.objects("idle-in-transaction", user, minutes=0) == {"postgres"}
        assert watcher.objects("prepared-transaction", user, minutes=0) == {'"half done"'}
        assert '"half done"' in watcher.objects("oldest-transaction", user, age=0)
    assert watcher.objects("idle-in-transaction") == set()
    assert watcher.objects("idle-in-transaction", "nobody", minutes=0) == set()
    with open_session(watcher._server, "postgres", "nobody") as session:
        judgement = judge(look(session, [CHECKS["idle-in-transaction"]], None), [CHECKS["idle-in-transaction"]])
    assert [skipped.check for skipped in judgement.not_checked] == ["idle-in-transaction"]
    other.rollback()
    client.run("ROLLBACK PREPARED 'half done'")
    other.close()
    client.close()


def test_configuration_files_of_a_real_server(cluster: Cluster) -> None:
    client = Client(cluster.dsn("postgres"))
    watcher = Watcher(cluster)
    assert watcher.objects("configuration-file-error") == set()
    client.run("ALTER SYSTEM SET shared_buffers = '65MB'")
    # Until the files are loaded nobody can tell a new value from one that is none.
    assert watcher.objects("configuration-file-error") == {"shared_buffers"}
    client.run("SELECT pg_reload_conf()")
    wait_until(lambda: watcher.objects("pending-restart") == {"shared_buffers"}, "a value that waits")
    assert watcher.objects("configuration-file-error") == set()
    with (cluster.data_dir / "postgresql.conf").open("a", encoding="utf-8") as conf:
        conf.write("work_mem = 'a lot'\n")
    assert watcher.objects("configuration-file-error") == {"work_mem"}
    client.close()


def test_a_database_whose_collation_changed(major: int, cluster: Cluster) -> None:
    """From 17 on every build has collations with a version; before, only PostgreSQL's record of none can be seen."""
    client = Client(cluster.dsn("postgres"))
    watcher = Watcher(cluster)
    assert watcher.objects("database-collation-mismatch") == set()
    if major >= 17:
        client.run(
            "CREATE DATABASE words TEMPLATE template0 LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8' "
            "COLLATION_VERSION '0'"
        )
        words = Client(cluster.dsn("words"))
        words.run("CREATE TABLE t (a text PRIMARY KEY, b text, c text); CREATE INDEX ON t (b text_pattern_ops)")
        words.run("CREATE INDEX ON t USING hash (c)")
        with open_session(watcher._server, "words") as session:
            check = CHECKS["database-collation-mismatch"]
            (finding,) = judge(look(session, [check], None), [check]).findings
        assert finding.evidence["indexes"] == ["public.t_pkey"]
        assert finding.severity == "critical"
        carry_out(words, finding)
        with open_session(watcher._server, "words") as session:
            assert not judge(look(session, [check], None), [check]).findings
        words.close()
    client.close()
