# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Truth table of the checks of transaction ids; ages that no throwaway server can reach are put into what was seen."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

from _pgops.checks.seen import Seen
from _pgops.model.catalog.health import Standby, Vacuuming
from _pgops.model.catalog.server import Backend, PreparedTransaction, ReplicationSlot
from _pgops.model.catalog.snapshot import Unread
from cases import Case

Alter = Callable[[Seen], Seen]

XID, MXID = "xid-wraparound", "multixact-wraparound"
TABLE_XID, TABLE_MXID = "table-xid-wraparound", "table-multixact-wraparound"
OLDEST, IDLE, PREPARED, LONG = "oldest-transaction", "idle-in-transaction", "prepared-transaction", "long-transaction"

TABLE = "CREATE TABLE t (id int PRIMARY KEY, v text);"
LIMIT = 2**31


def catalog(seen: Seen, **changes: Any) -> Seen:
    """The same database with parts of the catalog changed."""
    return dataclasses.replace(seen, catalog=dataclasses.replace(seen.catalog, **changes))


def database(name: str = "", freeze_at: int = 0, **ages: Any) -> Alter:
    """A database, this one where no name is given, has these ages; `freeze_at` is autovacuum_freeze_max_age."""

    def alter(seen: Seen) -> Seen:
        databases = dict(seen.catalog.databases)
        which = name or seen.catalog.server.database
        databases[which] = databases[which]._replace(**ages)
        settings = dict(seen.catalog.settings)
        if freeze_at:
            chosen = "autovacuum_freeze_max_age"
            settings[chosen] = settings[chosen]._replace(value=str(freeze_at))
        return catalog(seen, databases=databases, settings=settings)

    return alter


def tables(**ages: Any) -> Alter:
    """Every table has these ages."""

    def alter(seen: Seen) -> Seen:
        relations = {
            oid: one._replace(**ages) if one.frozen_age is not None else one
            for oid, one in seen.catalog.relations.items()
        }
        return catalog(seen, relations=relations)

    return alter


def backend(state: str = "active", minutes: float = 0.0, age: int = 0, pid: int = 7, elsewhere: bool = False) -> Alter:
    """There is one other session."""

    def alter(seen: Seen) -> Seen:
        where = "elsewhere" if elsewhere else seen.catalog.server.database
        one = Backend(pid, "bot", where, "a bot", state, minutes * 60, age, None, False)
        return catalog(seen, backends=(one,), slots=(), prepared=(), standbys=())

    return alter


def vacuuming(seen: Seen) -> Seen:
    """The only other session is a VACUUM with an old snapshot."""
    return catalog(backend(age=90_000_000, minutes=600)(seen), vacuuming=(Vacuuming(7, 1),))


def prepared(minutes: float, age: int = 5, name: str = "") -> Alter:
    """There is one prepared transaction, of this database where no other is named."""

    def alter(seen: Seen) -> Seen:
        one = PreparedTransaction("gid 1", "bot", name or seen.catalog.server.database, minutes * 60, age)
        return catalog(seen, prepared=(one,), backends=(), slots=(), standbys=())

    return alter


def slot(age: int | None) -> Alter:
    """There is one replication slot."""

    def alter(seen: Seen) -> Seen:
        one = ReplicationSlot("s1", "logical", seen.catalog.server.database, False, 1000, age, "reserved")
        return catalog(seen, slots=(one,), backends=(), prepared=(), standbys=())

    return alter


def feedback(seen: Seen) -> Seen:
    """A standby holds an old row version."""
    one = Standby("berlin", "streaming", "async", 60_000_000, 0)
    return catalog(seen, standbys=(one,), backends=(), prepared=(), slots=())


def unseen(seen: Seen) -> Seen:
    """This role may not look at other sessions."""
    return catalog(seen, unread=(Unread("all_stats", "this role may not read other users' sessions"),))


HERE = {"{database}"}


def case(check: str, name: str, found: set[str], alter: Alter, severity: str | None = None) -> Case:
    """A case about databases or sessions."""
    return Case(check, name, "", found, alter=alter, severity=severity, elsewhere=True)


CASES = [
    Case(XID, "a young database", TABLE, elsewhere=True),
    case(XID, "a quarter past the freeze age", set(), database(frozen_age=250_000_000)),
    case(XID, "twice the freeze age", HERE, database(frozen_age=400_000_000)),
    case(XID, "half", HERE, database(frozen_age=LIMIT // 2, freeze_at=800_000_000)),
    case(XID, "half, as it was set", set(), database(frozen_age=LIMIT // 2, freeze_at=1_000_000_000)),
    case(XID, "three quarters", HERE, database(frozen_age=LIMIT * 3 // 4, freeze_at=2_000_000_000), "error"),
    case(XID, "nine tenths", HERE, database(frozen_age=LIMIT * 9 // 10 + 1), "critical"),
    case(XID, "one that takes no connections", {"template0"}, database("template0", frozen_age=LIMIT // 2)),
    case(XID, "multixact ids only", set(), database(multixact_age=LIMIT // 2)),
    case(MXID, "half", HERE, database(multixact_age=LIMIT // 2)),
    case(MXID, "twice the default freeze age", HERE, database(multixact_age=800_000_000)),
    case(MXID, "transaction ids only", set(), database(frozen_age=LIMIT // 2)),
    Case(TABLE_XID, "young", TABLE),
    Case(TABLE_XID, "half", TABLE, {"t"}, alter=tables(frozen_age=LIMIT // 2)),
    Case(TABLE_XID, "nine tenths", TABLE, {"t"}, alter=tables(frozen_age=LIMIT - 10), severity="critical"),
    Case(TABLE_XID, "multixact ids only", TABLE, alter=tables(multixact_age=LIMIT - 10)),
    Case(TABLE_MXID, "young", TABLE),
    Case(TABLE_MXID, "half", TABLE, {"t"}, alter=tables(multixact_age=LIMIT // 2)),
    case(OLDEST, "a session", {'"7"'}, backend(age=60_000_000)),
    case(OLDEST, "a young session", set(), backend(age=1000, minutes=600)),
    case(OLDEST, "a VACUUM", set(), vacuuming),
    case(OLDEST, "a prepared transaction", {'"gid 1"'}, prepared(10, 50_000_000)),
    case(OLDEST, "a slot", {"s1"}, slot(70_000_000)),
    case(OLDEST, "a slot that holds no rows", set(), slot(None)),
    case(OLDEST, "a standby's feedback", {"berlin"}, feedback),
    Case(OLDEST, "not to be seen", "", alter=unseen, not_checked="other users' sessions", elsewhere=True),
    case(IDLE, "for twenty minutes", {"bot"}, backend("idle in transaction", 20)),
    case(IDLE, "aborted, for two days", {"bot"}, backend("idle in transaction (aborted)", 2880), "error"),
    case(IDLE, "for a minute", set(), backend("idle in transaction", 1)),
    case(IDLE, "at work", set(), backend("active", 600)),
    case(IDLE, "in another database", set(), backend("idle in transaction", 600, elsewhere=True)),
    case(PREPARED, "for two hours", {'"gid 1"'}, prepared(120)),
    case(PREPARED, "for two days", {'"gid 1"'}, prepared(2880), "error"),
    case(PREPARED, "for a minute", set(), prepared(1)),
    case(PREPARED, "in another database", set(), prepared(600, name="elsewhere")),
    case(LONG, "for five hours", {"bot"}, backend(minutes=300)),
    case(LONG, "for an hour", set(), backend(minutes=60)),
    case(LONG, "a VACUUM", set(), vacuuming),
]
