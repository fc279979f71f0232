# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads a whole database's catalog in one short snapshot: about ten bulk queries, whatever the size.

Nothing above ACCESS SHARE is taken on the system's own tables, no relation of a user is opened but sequences whose
value is asked for, and no code that a user wrote is run.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from sys import intern
from typing import Any

from ...database.session import Session
from ...model.catalog.health import Toast
from ...model.catalog.relations import (
    Column,
    ColumnStatistics,
    Constraint,
    Index,
    Relation,
    Sequence,
    SequenceUse,
    TableUsage,
)
from ...model.catalog.server import Server
from ...model.catalog.snapshot import Catalog, Unread
from ...model.measured import Details, Wanted
from . import relation_sql, server_sql
from .details import detail_queries, detail_rows
from .facts import Code, Facts
from .stream import Row, stream
from .versions import spelled

SNAPSHOT = "REPEATABLE READ READ ONLY"
# Constants in definitions are printed by these settings, and roles and databases have their own.
SPELLING = """
SET LOCAL TimeZone = 'UTC';
SET LOCAL DateStyle = 'ISO, MDY';
SET LOCAL IntervalStyle = 'postgres';
SET LOCAL extra_float_digits = 1;
SET LOCAL bytea_output = 'hex';
"""


def nothing_more(catalog: Catalog) -> Wanted:
    """Nothing is wanted beyond the catalog."""
    return Wanted()


def read_catalog(session: Session, want: Callable[[Catalog], Wanted] = nothing_more) -> tuple[Catalog, Details]:
    """The catalog of the session's database, and what `want` asks for once the catalog is known.

    :raises DatabaseError: when PostgreSQL refuses a reading.
    """
    with session.transaction(SNAPSHOT), without_collector():
        session.execute(SPELLING)
        server, may = _server(session)
        if server.encoding == "SQL_ASCII":
            # Its texts are whatever bytes they are: the server would refuse to call them UTF-8.
            session.execute("SET LOCAL client_encoding = 'SQL_ASCII'")
        facts = Facts()
        stream(session, spelled(_facts_query(may), server.version), facts.take)
        catalog = Catalog(server=server)
        facts.fill(catalog)
        _relations(session, catalog, facts)
        _columns(session, catalog)
        _indexes(session, catalog, facts)
        _constraints(session, catalog, facts)
        code = Code(catalog, facts)
        stream(session, spelled(relation_sql.CODE, server.version), code.take)
        code.fill()
        _statistics(session, catalog)
        _sequences(session, catalog)
        catalog.unread = _unread(may)
        catalog.server = server._replace(
            database_since=facts.database_since, oldest_activity=_oldest_activity(catalog.usage.values())
        )
        details = _details(session, catalog, want(catalog))
    return catalog, details


@contextmanager
def without_collector() -> Iterator[None]:
    """For millions of tuples, none of them in a cycle: to look for cycles would take a third of the time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


_MAY = {
    "hba": (server_sql.HBA, "the rules of pg_hba.conf"),
    "file_settings": (server_sql.FILE_SETTINGS, "errors in configuration files"),
    "passwords": (server_sql.PASSWORDS, "how passwords are stored"),
    "stat_file": (server_sql.DATABASE_MADE, "when the database was made"),
}
_MAY_ALL = {"all_settings": "settings that superusers see", "all_stats": "other users' sessions and statistics"}


def _facts_query(may: frozenset[str]) -> str:
    return "UNION ALL".join([server_sql.FACTS, *(query for word, (query, _what) in _MAY.items() if word in may)])


def _unread(may: frozenset[str]) -> tuple[Unread, ...]:
    texts = {**{word: what for word, (_query, what) in _MAY.items()}, **_MAY_ALL}
    return tuple(
        Unread(word, f"this role may not read {what}") for word, what in sorted(texts.items()) if word not in may
    )


def _server(session: Session) -> tuple[Server, frozenset[str]]:
    version = int(session.one("SELECT pg_catalog.current_setting('server_version_num') AS version")["version"])
    row = session.one(spelled(server_sql.SERVER, version))
    may = frozenset(name[4:] for name, value in row.items() if name.startswith("may_") and value)
    # Both must have run on for a counter to mean anything; the server's time is set when all of them were lost.
    since = [row[name] for name in ("database_statistics_since", "server_statistics_since") if row[name] is not None]
    values = {name: row[name] for name in Server._fields if name in row}
    return Server(
        **values,
        statistics_since=max(since) if since else None,
        database_since=None,
        oldest_activity=None,
        may=may,
    ), may


def _relations(session: Session, catalog: Catalog, facts: Facts) -> None:
    def take(rows: list[Row]) -> None:
        for row in rows:
            toast = row.pop()
            usage = row.pop()
            oid = row[0]
            row[1] = intern(row[1])
            row[5] = facts.role(row[5])
            row[10] = tuple(row[10] or ())
            row[21] = facts.access_methods.get(row[21], "")
            row.insert(21, ("pg_class", oid) in facts.members)
            row.append(tuple(facts.parents.get(oid, ())))
            catalog.relations[oid] = Relation._make(row)
            if usage is not None:
                catalog.usage[oid] = TableUsage(*usage)
            if toast is not None:
                toast[3] = tuple(toast[3] or ())
                catalog.toast[oid] = Toast(*toast)

    stream(session, spelled(relation_sql.RELATIONS, catalog.server.version), take)


def _columns(session: Session, catalog: Catalog) -> None:
    names = {oid: found.name for oid, found in catalog.types.items()}
    found: dict[int, list[Column]] = {}

    def take(rows: list[Row]) -> None:
        for oid, number, name, type_oid, modifier, text, *rest in rows:
            spelling = names.get(type_oid, "") if text is None else intern(text)
            found.setdefault(oid, []).append(Column(number, intern(name), type_oid, modifier, spelling, *rest))

    stream(session, spelled(relation_sql.COLUMNS, catalog.server.version), take)
    catalog.columns = {oid: tuple(sorted(columns)) for oid, columns in found.items()}


def _indexes(session: Session, catalog: Catalog, facts: Facts) -> None:
    found: dict[int, list[Index]] = {}

    def take(rows: list[Row]) -> None:
        for row in rows:
            is_partition = row.pop()
            oid, table = row[0], row[1]
            row[2] = intern(row[2])
            row[5] = facts.access_methods.get(row[5], "")
            for place in (7, 18, 19, 20, 22, 25):
                row[place] = tuple(row[place] or ())
            row[33] = tuple((place, target) for place, target in row[33] or ())
            parents = facts.parents.get(oid) if is_partition else None
            row += [("pg_class", oid) in facts.members, parents[0] if parents else 0, oid in facts.building]
            found.setdefault(table, []).append(Index._make(row))

    stream(session, spelled(relation_sql.INDEXES, catalog.server.version), take)
    catalog.indexes = {oid: tuple(sorted(indexes, key=lambda index: index.name)) for oid, indexes in found.items()}
    _count_index_scans(catalog)


def _count_index_scans(catalog: Catalog) -> None:
    for oid, usage in catalog.usage.items():
        scans = sum(index.scans or 0 for index in catalog.indexes.get(oid, ()))
        if scans:
            catalog.usage[oid] = usage._replace(idx_scan=scans)


def _constraints(session: Session, catalog: Catalog, facts: Facts) -> None:
    found: dict[int, list[Constraint]] = {}

    def take(rows: list[Row]) -> None:
        for row in rows:
            parent = row.pop()
            row[2] = intern(row[2])
            for place in (7, 8, 19, 20):
                row[place] = tuple(row[place] or ())
            row += [("pg_constraint", row[0]) in facts.members, parent]
            found.setdefault(row[1], []).append(Constraint._make(row))

    stream(session, spelled(relation_sql.CONSTRAINTS, catalog.server.version), take)
    catalog.constraints = {oid: tuple(sorted(keys, key=lambda key: key.name)) for oid, keys in found.items()}


def _statistics(session: Session, catalog: Catalog) -> None:
    def take(rows: list[Row]) -> None:
        for oid, name, *rest in rows:
            catalog.statistics.setdefault(oid, {})[name] = ColumnStatistics(*rest)

    stream(session, relation_sql.STATISTICS, take)


def _sequences(session: Session, catalog: Catalog) -> None:
    uses: list[SequenceUse] = []

    def take(rows: list[Row]) -> None:
        for kind, *row in rows:
            if kind == "use":
                uses.append(SequenceUse(*row))
            elif row[0] in catalog.relations:
                catalog.sequences[row[0]] = Sequence(*row)

    stream(session, relation_sql.SEQUENCES, take)
    owned = {(use.sequence, use.table, use.column) for use in uses if use.link != "n"}
    catalog.sequence_uses = tuple(
        sorted(
            use
            for use in uses
            if use.sequence in catalog.relations
            and not (use.link == "n" and (use.sequence, use.table, use.column) in owned)
        )
    )


def _details(session: Session, catalog: Catalog, wanted: Wanted) -> Details:
    details = Details()
    for query in detail_queries(catalog, wanted):
        stream(session, query, detail_rows(catalog, details))
    return details


def _oldest_activity(usage: Iterable[TableUsage]) -> float | None:
    times: list[Any] = [
        time
        for table in usage
        for time in (table.last_vacuum, table.last_autovacuum, table.last_analyze, table.last_autoanalyze)
        if time is not None
    ]
    return min(times, default=None)
