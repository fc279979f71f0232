# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A throwaway server on which every measure gets a database of its own, cloned from its contestant's template."""

from __future__ import annotations

import io
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import psycopg2
from _pgops.database.connect import connect
from _pgops.model.errors import PgOpsError
from _pgops.model.settings.view_triggers import ViewTriggersSettings
from _pgops.view_triggers.workflow import converge
from tooling.base import ROOT, SetupError
from tooling.cluster import Cluster

FIXTURES = ROOT / "tests" / "fixtures"
APPLICATION = "ollama"
# Nothing runs beside a measure, and the tables fit into memory.
SETTINGS = {
    "autovacuum": "off",
    "jit": "off",
    "shared_buffers": "'256MB'",
    "max_wal_size": "'4GB'",
    "checkpoint_timeout": "'1h'",
    "synchronize_seqscans": "off",
}
DEFINITION = {"on_conflict": "upsert", "on_delete": "root", "fixed_values": {"endpoints": {"verified": 1}}}
#: Sequences that every template starts from, whatever its making drew from them.
SEQUENCE_START = 10_000_000
#: Every column but the moments of writing: endpoints.verification_date, verified_endpoints.verification_date.
COMPARED = {
    "endpoints": "id, ip, port, scan_date, verified, is_honeypot, honeypot_reason, is_active, inactive_reason, "
    "last_check_date, api_type, api_version, auth_required",
    "verified_endpoints": "id, endpoint_id",
    "models": "id, endpoint_id, name",
    "benchmark_results": "id, endpoint_id, model_id",
}


@dataclass(frozen=True)
class Step:
    """One statement; with `copies` it is a COPY that reads the rows from the client."""

    sql: str
    copies: bool = False


@dataclass(frozen=True)
class Taken:
    """Seconds of one measure: by the clock, and of processor time in its server process."""

    clock: float
    processor: float


class Stage:
    """The server. `with Stage(17, ...) as stage:` removes it at the end."""

    def __init__(self, major: int, rows: int, seed: int) -> None:
        self.rows = rows
        self.seed = seed
        self.cluster = Cluster.start(major=major, settings=SETTINGS)
        self._count = 0
        self._copied = ""

    def __enter__(self) -> Stage:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.cluster.stop()

    def prepare(self) -> None:
        """Make the templates: `direct`, and with triggers on top of it `hand` and `ours`."""
        self.cluster.psql(FIXTURES / "scanner_roles.sql")
        self.cluster.psql("CREATE DATABASE direct TEMPLATE template0")
        for name in ("scanner_schema.sql", "scanner_data.sql"):
            self.cluster.psql(FIXTURES / name, "direct")
        self.cluster.psql(fill(self.rows, self.seed), "direct")
        self._copied = self.cluster.psql(
            "COPY (SELECT ip, port, scan_date FROM bench.incoming ORDER BY place) TO STDOUT", "direct"
        )
        for name in ("hand", "ours"):
            self.cluster.psql(f"CREATE DATABASE {name} TEMPLATE direct OWNER ollama_owner")
        hand = (FIXTURES / "naive_triggers.sql").read_text(encoding="utf-8")
        self.cluster.psql(f"SET ROLE ollama_owner; {hand}", "hand")
        install(self.cluster, "ours")
        for name in ("direct", "hand", "ours"):
            self.settle(name)

    def settle(self, template: str) -> None:
        """Leave no trace of how a template was made: neither dead rows nor drawn numbers."""
        for name in ("endpoints_id_seq", "verified_endpoints_id_seq"):
            self.cluster.psql(f"SELECT setval('{name}', {SEQUENCE_START})", template)
        self.cluster.psql("VACUUM (FREEZE, ANALYZE)", template)

    @contextmanager
    def clone(self, template: str) -> Iterator[str]:
        """A database for one measure."""
        self._count += 1
        name = f"m{self._count}"
        self.cluster.psql(f"CREATE DATABASE {name} TEMPLATE {template} OWNER ollama_owner")
        try:
            self.cluster.psql("CHECKPOINT")
            yield name
        finally:
            self.cluster.psql(f"DROP DATABASE {name} WITH (FORCE)")

    def measure(self, database: str, steps: Sequence[Step]) -> tuple[Taken, int]:
        """Seconds and counted rows of the steps as one transaction of the application's role."""
        connection = psycopg2.connect(self.cluster.dsn(database, APPLICATION))
        try:
            with connection.cursor() as cursor:
                process = connection.get_backend_pid()
                used, begun = processor_seconds(process), time.perf_counter()
                for step in steps:
                    if step.copies:
                        cursor.copy_expert(step.sql, io.StringIO(self._copied))
                    else:
                        cursor.execute(step.sql)
                connection.commit()
                taken = Taken(time.perf_counter() - begun, processor_seconds(process) - used)
                answer = cursor.fetchone() if cursor.description else None
                return taken, int(answer[0]) if answer else cursor.rowcount
        except psycopg2.Error as error:
            raise SetupError(f"PostgreSQL {self.cluster.major} refused a measure: {str(error).strip()}") from error
        finally:
            connection.close()

    def witness(self, database: str) -> dict[str, tuple[int, str]]:
        """Row count and digest of every table that the measures may write."""
        pieces = [
            f"SELECT '{name}', count(*), coalesce(md5(string_agg(md5(ROW({columns})::text), '' ORDER BY id)), '') "
            f"FROM {name}"
            for name, columns in COMPARED.items()
        ]
        lines = self.cluster.psql(" UNION ALL ".join(pieces), database).splitlines()
        return {name: (int(count), digest) for name, count, digest in (line.split("|") for line in lines)}


def processor_seconds(process: int) -> float:
    """What a process has used of the processors so far, in the scheduler's nanoseconds."""
    try:
        return int(Path(f"/proc/{process}/schedstat").read_text(encoding="ascii").split()[0]) / 1e9
    except (OSError, ValueError, IndexError) as error:
        raise SetupError(f"The processor time of process {process} cannot be read from /proc: {error}.") from error


def install(cluster: Cluster, database: str, definition: dict[str, Any] | None = None) -> None:
    """Make the view servers writable the way the collection does it."""
    parameters = {"host": cluster.socket_dir, "port": cluster.port, "dbname": database, "user": cluster.superuser}
    settings = ViewTriggersSettings(view="public.servers", definition=definition or DEFINITION)
    try:
        with connect(parameters) as session:
            (outcome,) = converge(session, settings)
    except PgOpsError as error:
        raise SetupError(f"The triggers of the view servers could not be installed in {database}: {error}") from error
    if not outcome.changed or len(outcome.triggers) != 3:
        raise SetupError(f"The triggers of the view servers were not installed in {database}.")


def fill(rows: int, seed: int) -> str:
    """SQL that adds `rows` verified endpoints, a third as many that are not, and the tables that the measures read.

    Addresses are 10.128.0.0 and up; the order is that of a hash with the seed, so that indexes are hit all over.
    """
    third, copied = rows // 3, rows * 5 // 3
    shuffled = f"ORDER BY md5({seed} || ':' || n)"
    address = "concat_ws('.', 10, 128 + (n >> 16), (n >> 8) & 255, n & 255)"
    moment = "timestamptz '2026-03-01 00:00:00+00' + interval '1 second' * ((n::bigint * 7919 + {}) % 9000000)"
    first, second = moment.format(seed), moment.format(seed + 4711)
    incoming = rows + third
    return f"""
SET ROLE ollama_owner;
CREATE SCHEMA bench;
WITH written AS (
    INSERT INTO endpoints (ip, port, scan_date, verified, verification_date)
    SELECT {address}, 11434, {first}, (n < {rows})::int, {first} FROM generate_series(0, {incoming - 1}) AS n {shuffled}
    RETURNING id, verified
)
INSERT INTO verified_endpoints (endpoint_id) SELECT id FROM written WHERE verified = 1;
CREATE TABLE bench.incoming AS
    SELECT row_number() OVER ({shuffled}) AS place, {address} AS ip, 11434 AS port, {second} AS scan_date
    FROM generate_series({incoming}, {incoming + copied - 1}) AS n ORDER BY place;
CREATE TABLE bench.known AS
    SELECT {address} AS ip, 11434 AS port, {second} AS scan_date
    FROM generate_series({rows}, {incoming - 1}) AS n {shuffled};
CREATE TABLE bench.chosen AS
    SELECT n AS id, {second} AS scan_date FROM (SELECT id AS n FROM servers) AS shown {shuffled} LIMIT {third};
GRANT USAGE ON SCHEMA bench TO {APPLICATION};
GRANT SELECT ON ALL TABLES IN SCHEMA bench TO {APPLICATION};
-- The application lacks this one (a defect of its schema); without it only the generated triggers could insert.
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {APPLICATION};
GRANT TEMPORARY ON DATABASE direct TO {APPLICATION};
RESET ROLE;
"""
