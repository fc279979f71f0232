# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Checks of transaction ids: how far they are from their end, and who holds old ones."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from ..model.catalog.relations import Relation
from ..model.catalog.server import DatabaseFacts
from ..model.catalog.snapshot import Catalog
from ..model.finding import Found, Limit
from .check import Group
from .parts.fixes import vacuum
from .parts.telling import counted, listed, table_comment
from .seen import Seen

GROUP = Group("wraparound", "How near the cluster is to the end of its transaction ids, and what keeps old ones.")

#: Ids that lie between the oldest one in use and the point at which the server takes no more writes, but for 3 million.
WRAPAROUND = 2**31
#: Tables told by name; where more are old, all are, and the database's finding counts them.
MOST_TABLES = 20
_STEPS = (
    Limit("warning", 50, "percent", "From this share of 2^31 on it is a warning."),
    Limit(
        "error", 75, "percent", "From here on an error: VACUUM's own failsafe begins at 1.6 thousand million, 74.5 %."
    ),
    Limit("critical", 90, "percent", "From here on critical; the server warns at 98 % and stops at 99.9 %."),
)


class Kind(NamedTuple):
    """Transaction ids or multixact ids: what they are called, and from which age on autovacuum freezes (setting)."""

    name: str
    setting: str
    otherwise: int


_XID = Kind("transaction ids", "autovacuum_freeze_max_age", 200_000_000)
_MXID = Kind("multixact ids", "autovacuum_multixact_freeze_max_age", 400_000_000)


def _freeze_age(catalog: Catalog, kind: Kind) -> int:
    setting = catalog.settings.get(kind.setting)
    return kind.otherwise if setting is None else int(setting.value)


def _severity(age: int, freeze_age: int, warning: float, error: float, critical: float) -> str | None:
    """How bad an age is; None while all is well.

    Autovacuum begins at `freeze_age`, so that ages up to there, and a bit beyond while it works, are how things are.
    Twice that age means that it does not get anywhere.
    """
    share = 100 * age / WRAPAROUND
    if share >= critical:
        return "critical"
    if share >= error:
        return "error"
    if share >= warning and age > 1.25 * freeze_age or age >= 2 * freeze_age:
        return "warning"
    return None


_AVOIDS = (
    "Ages up to autovacuum_freeze_max_age, and somewhat beyond, are normal and not told: autovacuum freezes only from "
    "there on. Databases that take no connections are told too, as their age counts for the whole cluster."
)


def _databases(seen: Seen, kind: Kind, steps: dict[str, float]) -> Iterator[Found]:
    catalog = seen.catalog
    freeze_age = _freeze_age(catalog, kind)
    for database in catalog.databases.values():
        age = _age_of(database, kind)
        severity = _severity(age, freeze_age, **steps)
        if severity is None:
            continue
        evidence: dict[str, int | float | bool | str] = {
            "age": age,
            "percent": round(100 * age / WRAPAROUND, 1),
            "left": WRAPAROUND - age,
            "freezes_at": freeze_age,
            "allows_connections": database.allows_connections,
        }
        if database.name == catalog.server.database:
            evidence["oldest"] = _oldest(catalog, kind)
        yield Found(
            object=(database.name,),
            object_type="database",
            message=f"The oldest {kind.name} in database {database.name} are {age:,} old: "
            f"{100 * age / WRAPAROUND:.0f} % of the way to where the server stops taking writes.",
            evidence=dict(evidence),
            severity=severity,
            no_fix=_what_to_do(database),
        )


def _age_of(database: DatabaseFacts, kind: Kind) -> int:
    return database.frozen_age if kind is _XID else database.multixact_age


def _oldest(catalog: Catalog, kind: Kind) -> str:
    """What in this database is oldest: a user's table, one of the system's, or a temporary one."""
    ages = [
        (age, f"{table.schema}.{table.name}")
        for table in catalog.relations.values()
        if (age := table.frozen_age if kind is _XID else table.multixact_age) is not None
    ]
    ages += [
        (one.frozen_age if kind is _XID else one.multixact_age, f"pg_catalog.{one.name}")
        for one in catalog.system_tables
    ]
    if kind is _XID:
        ages += [(one.frozen_age, one.schema) for one in catalog.temporary_tables if one.frozen_age is not None]
    return max(ages, default=(0, ""))[1]


def _what_to_do(database: DatabaseFacts) -> str:
    if not database.allows_connections:
        return (
            "nobody can connect to this database to vacuum it: autovacuum alone freezes it; where it does not come, "
            "allow connections for the time of one VACUUM"
        )
    return (
        "connect to this database and VACUUM its oldest tables, those of pg_catalog too, once nothing holds old "
        "transactions any more (check oldest-transaction); never with FULL, and no FREEZE in a hurry"
    )


def _tables(seen: Seen, kind: Kind, steps: dict[str, float]) -> Iterator[Found]:
    catalog = seen.catalog
    freeze_age = _freeze_age(catalog, kind)
    old: list[tuple[int, Relation, str]] = []
    for table in catalog.own:
        age = table.frozen_age if kind is _XID else table.multixact_age
        severity = None if age is None else _severity(age, freeze_age, **steps)
        if age is not None and severity is not None:
            old.append((age, table, severity))
    old.sort(key=lambda one: (-one[0], one[1].schema, one[1].name))
    for age, table, severity in old[:MOST_TABLES]:
        yield Found(
            object=(table.schema, table.name),
            object_type="materialized view" if table.kind == "m" else "table",
            message=f"The oldest {kind.name} in {table.name} are {age:,} old ({100 * age / WRAPAROUND:.0f} % of what "
            f"there is); autovacuum should have frozen them from {freeze_age:,} on.",
            evidence={"age": age, "percent": round(100 * age / WRAPAROUND, 1), "tables_as_old": len(old)},
            severity=severity,
            fix=vacuum([table]),
            comment=table_comment(table),
        )


@GROUP.check(
    "xid-wraparound",
    severity="warning",
    title="A database near the end of its transaction ids",
    why="Transaction ids are compared on a circle: rows older than 2^31 transactions would seem to lie in the future. "
    "Three million before that the server refuses all writes in all databases until VACUUM has frozen old rows.",
    how="The age of datfrozenxid against 2^31: a warning from 50 % on, an error from 75 %, critical from 90 %. A "
    "warning too from twice autovacuum_freeze_max_age on, as then autovacuum does not get anywhere.",
    avoids=_AVOIDS,
    fix="End what holds old transactions (check oldest-transaction), then VACUUM the oldest tables.",
    limits=_STEPS,
)
def xid_wraparound(seen: Seen, **steps: float) -> Iterator[Found]:
    """Databases by the age of their oldest transaction id."""
    return _databases(seen, _XID, steps)


@GROUP.check(
    "multixact-wraparound",
    severity="warning",
    title="A database near the end of its multixact ids",
    why="Rows that several transactions lock at once, as foreign keys make them do, take multixact ids, which have a "
    "circle of their own: its end stops the server just so.",
    how="The age of datminmxid against 2^31, in the same steps, and twice autovacuum_multixact_freeze_max_age.",
    avoids=_AVOIDS,
    fix="End what holds old transactions (check oldest-transaction), then VACUUM the oldest tables.",
    limits=_STEPS,
)
def multixact_wraparound(seen: Seen, **steps: float) -> Iterator[Found]:
    """Databases by the age of their oldest multixact id."""
    return _databases(seen, _MXID, steps)


@GROUP.check(
    "table-xid-wraparound",
    severity="warning",
    title="A table that holds old transaction ids",
    why="The oldest table decides the age of its database, and of the cluster.",
    how="The age of relfrozenxid, that of the TOAST table counted, in the steps of xid-wraparound. The oldest twenty "
    "are told; where more are old, what holds all of them back is the thing to look for.",
    avoids=_AVOIDS + " Partitioned tables hold no rows: their partitions are told.",
    fix="VACUUM the table: from vacuum_freeze_table_age on it reads all of it and freezes.",
    limits=_STEPS,
)
def table_xid_wraparound(seen: Seen, **steps: float) -> Iterator[Found]:
    """Tables by the age of their oldest transaction id."""
    return _tables(seen, _XID, steps)


@GROUP.check(
    "table-multixact-wraparound",
    severity="warning",
    title="A table that holds old multixact ids",
    why="The oldest table decides the age of its database, and of the cluster.",
    how="The age of relminmxid, that of the TOAST table counted, in the steps of multixact-wraparound; the oldest "
    "twenty are told.",
    avoids=_AVOIDS + " Partitioned tables hold no rows: their partitions are told.",
    fix="VACUUM the table.",
    limits=_STEPS,
)
def table_multixact_wraparound(seen: Seen, **steps: float) -> Iterator[Found]:
    """Tables by the age of their oldest multixact id."""
    return _tables(seen, _MXID, steps)


_HOURS = 3600.0


@GROUP.check(
    "oldest-transaction",
    severity="warning",
    title="An old transaction that keeps dead rows from being removed",
    why="VACUUM removes what no transaction can still see. One session that forgot its COMMIT, one prepared "
    "transaction without its second half, or one slot without a reader keeps every dead row of the cluster.",
    how="Sessions, prepared transactions, replication slots and standbys with feedback whose oldest transaction is at "
    "least 50 million transactions old, a quarter of where autovacuum begins to freeze.",
    avoids="A running VACUUM holds nothing back and is not told, nor is a long transaction while nothing else happens. "
    "idle-in-transaction and prepared-transaction judge by time.",
    fix="A person decides: end the session (pg_terminate_backend), commit or roll back the prepared transaction, drop "
    "the slot, or switch hot_standby_feedback off.",
    needs=("all_stats",),
    limits=(Limit("age", 50_000_000, "transactions", "What is held is at least so old."),),
)
def oldest_transaction(seen: Seen, age: float) -> Iterator[Found]:
    """Whoever holds an old xmin."""
    catalog = seen.catalog
    vacuuming = {one.pid for one in catalog.vacuuming}
    holders: list[tuple[tuple[str, ...], str, int | None, str]] = [
        ((str(backend.pid),), "session", backend.xmin_age, _who(backend.user, backend.application, backend.state))
        for backend in catalog.backends
        if backend.pid not in vacuuming
    ]
    holders += [((one.name,), "prepared transaction", one.xid_age, f"owner {one.owner}") for one in catalog.prepared]
    holders += [
        ((slot.name,), "replication slot", slot.xmin_age, "active" if slot.active else "nobody reads it")
        for slot in catalog.slots
    ]
    holders += [
        ((one.application or "unknown",), "standby", one.xmin_age, "hot_standby_feedback") for one in catalog.standbys
    ]
    for names, kind, held, what in holders:
        if held is not None and held >= age:
            yield Found(
                object=names,
                object_type=kind,
                message=f"The {kind} {names[0]} ({what}) holds a transaction that is {held:,} transactions old: no row "
                "that died since then is removed.",
                evidence={"age": held, "what": what},
            )


def _who(*words: str | None) -> str:
    return ", ".join(word for word in words if word)


@GROUP.check(
    "idle-in-transaction",
    severity="warning",
    title="A session that left its transaction open",
    why="It keeps its locks and every row that died since it began, and whoever wants to change a table's definition "
    "waits for it, with all others behind. Most often a program forgot COMMIT, or waits for somebody at a keyboard.",
    how="Sessions of this database in state idle in transaction whose transaction began 15 minutes ago or more; an "
    "error after a day.",
    avoids="Sessions that are at work are not told, however long.",
    fix="Mend the program; idle_in_transaction_session_timeout ends such sessions. To end this one is a person's "
    "choice.",
    needs=("all_stats",),
    limits=(
        Limit("minutes", 15, "minutes", "The transaction is at least so old."),
        Limit("error", 1440, "minutes", "From here on it is an error."),
    ),
)
def idle_in_transaction(seen: Seen, minutes: float, error: float) -> Iterator[Found]:
    """Users and programs with idle transactions, those of one user and program as one."""
    catalog = seen.catalog
    found: dict[tuple[str, str], list[tuple[float, int]]] = {}
    for one in catalog.backends:
        idle = one.state is not None and one.state.startswith("idle in transaction")
        if idle and one.database == catalog.server.database and (one.transaction_seconds or 0.0) >= minutes * 60:
            key = (one.user or "unknown", one.application or "")
            found.setdefault(key, []).append((one.transaction_seconds or 0.0, one.pid))
    for (user, application), sessions in sorted(found.items()):
        oldest, pid = max(sessions)
        yield Found(
            object=(user,),
            object_type="role",
            detail=application,
            message=f"{counted(len(sessions), 'session')} of {user}{f' ({application})' if application else ''} left a "
            f"transaction open, the oldest {oldest / _HOURS:.1f} hours ago (process {pid}).",
            evidence={"sessions": len(sessions), "hours": round(oldest / _HOURS, 2), "pid": pid},
            severity="error" if oldest >= error * 60 else None,
        )


@GROUP.check(
    "prepared-transaction",
    severity="warning",
    title="A prepared transaction that nobody finishes",
    why="It outlives its session and every restart, keeps its locks, and keeps every row that died since.",
    how="Prepared transactions of this database that are an hour old or more; an error after a day.",
    avoids="A transaction manager finishes its own within seconds; those are not told.",
    fix="Only who began it knows whether to COMMIT PREPARED or ROLLBACK PREPARED; pg_prepared_xacts tells its name. "
    "Where nobody uses two-phase commit, set max_prepared_transactions to 0.",
    limits=(
        Limit("minutes", 60, "minutes", "It is at least so old."),
        Limit("error", 1440, "minutes", "From here on it is an error."),
    ),
)
def prepared_transaction(seen: Seen, minutes: float, error: float) -> Iterator[Found]:
    """Old prepared transactions of this database."""
    for one in seen.catalog.prepared:
        if one.database == seen.catalog.server.database and one.age_seconds >= minutes * 60:
            yield Found(
                object=(one.name,),
                object_type="prepared transaction",
                message=f"The prepared transaction {one.name} of {one.owner} has waited for "
                f"{one.age_seconds / _HOURS:.1f} hours for its COMMIT or ROLLBACK.",
                evidence={"hours": round(one.age_seconds / _HOURS, 2), "owner": one.owner, "age": one.xid_age},
                severity="error" if one.age_seconds >= error * 60 else None,
            )


@GROUP.check(
    "long-transaction",
    severity="info",
    level="extended",
    title="A transaction that has been at work for hours",
    why="Rows that died since it began cannot be removed while it runs.",
    how="Sessions of this database that are active in a transaction of four hours or more.",
    avoids="VACUUM holds nothing back and is not told. Backups and reports may take that long: hence the level.",
    fix="Run long reports on a standby, or in pieces.",
    needs=("all_stats",),
    limits=(Limit("minutes", 240, "minutes", "The transaction is at least so old."),),
)
def long_transaction(seen: Seen, minutes: float) -> Iterator[Found]:
    """Users and programs with long transactions."""
    catalog = seen.catalog
    vacuuming = {one.pid for one in catalog.vacuuming}
    found: dict[tuple[str, str], list[float]] = {}
    for one in catalog.backends:
        long = one.state == "active" and (one.transaction_seconds or 0.0) >= minutes * 60
        if long and one.database == catalog.server.database and one.pid not in vacuuming:
            found.setdefault((one.user or "unknown", one.application or ""), []).append(one.transaction_seconds or 0.0)
    for (user, application), times in sorted(found.items()):
        hours = sorted((f"{time / _HOURS:.1f}" for time in times), reverse=True)
        yield Found(
            object=(user,),
            object_type="role",
            detail=application,
            message=f"{counted(len(times), 'transaction')} of {user}{f' ({application})' if application else ''} at "
            f"work for {listed(hours)} hours.",
            evidence={"sessions": len(times), "hours": round(max(times) / _HOURS, 2)},
        )
