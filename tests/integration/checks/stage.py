# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plays truth tables: every case in a schema of its own, all of a group in one database, one look for all."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from _pgops.checks.judge import Judgement, judge
from _pgops.checks.registry import CHECKS
from _pgops.checks.seen import Seen
from _pgops.database.connect import connect
from _pgops.database.session import Session
from _pgops.model.contract.declared import Contract
from _pgops.model.contract.parse import parse_contract
from _pgops.model.finding import Finding
from _pgops.model.identifiers import quote_ident
from _pgops.status.review import look
from cases import Case
from harness import Client, Server, wait_until

OWNER = "case_owner"


def open_session(server: Server, database: str, user: str | None = None, driver: str | None = None) -> Session:
    """A session of the library with a database of a test server."""
    cluster = server.cluster
    parameters = {
        "host": cluster.socket_dir,
        "port": cluster.port,
        "user": user or cluster.superuser,
        "dbname": database,
    }
    return connect(parameters, driver=driver)


@dataclass(frozen=True)
class Played:
    """A case in its schema of a database, and the contract that goes with it."""

    case: Case
    schema: str
    database: str

    @property
    def contract(self) -> Contract | None:
        """The case's contract for this database."""
        if self.case.contract is None:
            return None
        case = json.loads(json.dumps(self.case.contract).replace("{schema}", self.schema))
        return parse_contract({"contract": 1, "database": self.database, "schema": quote_ident(self.schema), **case})

    def named(self, objects: Iterable[str]) -> set[str]:
        """Names of objects as the case spells them, with its schema and database put in."""
        return {name.replace("{schema}", self.schema).replace("{database}", self.database) for name in objects}


def build(server: Server, cases: Sequence[Case]) -> tuple[str, list[Played]]:
    """A new database with the cases that hold for this major; the caller drops it."""
    admin = server.admin
    if not admin.rows("SELECT FROM pg_roles WHERE rolname = %s", [OWNER]):
        admin.run(f"CREATE ROLE {OWNER}")
    database = server.clone()
    client = Client(server.cluster.dsn(database))
    played = []
    for number, case in enumerate(cases):
        if case.since <= server.major <= case.until:
            one = Played(case, case.schema(number), database)
            client.run(f"CREATE SCHEMA {one.schema} AUTHORIZATION {OWNER}")
            client.run(f"SET search_path = {one.schema}")
            client.run(f"SET ROLE {OWNER}")
            client.run(case.sql.replace("{schema}", one.schema) or "SELECT 1")
            client.run("RESET ROLE")
            if case.setup:
                client.run(case.setup.replace("{schema}", one.schema))
            client.run("RESET ALL")
            played.append(one)
    report_counters(server, database, client)
    return database, played


def report_counters(server: Server, database: str, client: Client) -> None:
    """End a session, and let everybody see the counters of what it did, which servers tell only now and then."""
    if server.major >= 15:
        client.run("SELECT pg_stat_force_next_flush()")
        client.close()
        return
    # They are told in the order in which tables were met: when the last one's are seen, the others' are too.
    client.run("CREATE TABLE public.last_counted AS SELECT 1")
    oid = client.value("SELECT 'public.last_counted'::regclass::oid")
    client.close()
    observer = Client(server.cluster.dsn(database))
    query = "SELECT pg_stat_get_tuples_inserted(%s)"
    wait_until(lambda: bool(observer.value(query, [oid]) == 1), f"counters of {database}")
    observer.run("DROP TABLE public.last_counted")
    observer.close()


def look_at(
    server: Server, database: str, checks: Iterable[str], contract: Contract | None = None, user: str | None = None
) -> Seen:
    """What these checks see of a database."""
    with open_session(server, database, user) as session:
        return look(session, [CHECKS[check] for check in checks], contract)


def judged(seen: Seen, one: Played) -> Judgement:
    """What a case's check says, of what was seen or of what the case makes of it."""
    seen = one.case.alter(seen) if one.case.alter is not None else seen
    limits: dict[str, dict[str, Any]] = {one.case.check: dict(one.case.limits)}
    return judge(seen, [CHECKS[one.case.check]], limits)


def told(judgement: Judgement, one: Played) -> dict[str, Finding]:
    """The findings in the case's schema, by the object's name without the schema."""
    if one.case.elsewhere:
        among = one.named(one.case.among)
        return {finding.object: finding for finding in judgement.findings if not among or finding.object in among}
    head = f"{quote_ident(one.schema)}."
    findings = [finding for finding in judgement.findings if finding.names and finding.names[0] == one.schema]
    return {finding.object[len(head) :]: finding for finding in findings}
