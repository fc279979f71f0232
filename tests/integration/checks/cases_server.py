# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Truth table of the checks of the server's version and configuration files."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

from _pgops.checks.parts.releases import END_OF_LIFE, NEWEST_MINORS
from _pgops.checks.seen import DAY, Seen
from _pgops.model.catalog.server import FileSetting, RoleSettings
from _pgops.model.catalog.snapshot import Unread
from cases import Case

Alter = Callable[[Seen], Seen]

RESTART, FILE, IDLE = "pending-restart", "configuration-file-error", "idle-in-transaction-timeout-unset"
UNTUNED, HITS = "settings-untuned", "cache-hit-ratio"
MINOR, END = "minor-version-behind", "major-end-of-life"
TIMEOUT = "idle_in_transaction_session_timeout"


def catalog(seen: Seen, **changes: Any) -> Seen:
    """The same database with parts of the catalog changed."""
    return dataclasses.replace(seen, catalog=dataclasses.replace(seen.catalog, **changes))


def server(**changes: Any) -> Alter:
    """The server changed."""
    return lambda seen: catalog(seen, server=seen.catalog.server._replace(**changes))


def setting(name: str, **changes: Any) -> Alter:
    """One setting changed."""

    def alter(seen: Seen) -> Seen:
        known = dict(seen.catalog.settings)
        known[name] = known[name]._replace(**changes)
        return catalog(seen, settings=known)

    return alter


def line(name: str | None, **changes: Any) -> Alter:
    """A line of postgresql.conf has an error; `changes` are the setting's."""

    def alter(seen: Seen) -> Seen:
        changed = setting(name, **changes)(seen) if name and changes else seen
        return catalog(changed, file_settings=(FileSetting("/etc/postgresql.conf", 12, name, "could not be applied"),))

    return alter


def limited(database: str | None, role: str) -> Alter:
    """A role or database sets a limit for idle transactions; None is this database."""

    def alter(seen: Seen) -> Seen:
        where = seen.catalog.server.database if database is None else database
        return catalog(seen, role_settings=(RoleSettings(where, role, (f"{TIMEOUT}=5min",)),))

    return alter


def pages(read: int, hit: int, days: float | None = 30) -> Alter:
    """So many pages were read and hit in so many days."""

    def alter(seen: Seen) -> Seen:
        now, name = seen.catalog.server.now, seen.catalog.server.database
        since = None if days is None else now - days * DAY
        known = dict(seen.catalog.databases)
        known[name] = known[name]._replace(blocks_read=read, blocks_hit=hit)
        counting = server(database_since=since, statistics_since=since, oldest_activity=None)
        return catalog(counting(seen), databases=known)

    return alter


def version(major: int, minors_behind: int) -> Alter:
    """A server of this major, so many minor releases behind what is known."""
    return server(version=major * 10000 + NEWEST_MINORS[major] - minors_behind)


def at_end(major: int, days: int) -> Alter:
    """A server of this major, so many days before its end."""

    def alter(seen: Seen) -> Seen:
        # Noon, so that no time zone of a reader matters.
        now = END_OF_LIFE[major].toordinal() - 719163 - days
        return server(version=major * 10000 + 1, now=now * DAY + DAY / 2)(seen)

    return alter


def unread(seen: Seen) -> Seen:
    """This role may not read errors of files."""
    return catalog(seen, unread=(Unread("file_settings", "this role may not read errors in configuration files"),))


def case(check: str, name: str, found: set[str], alter: Alter, severity: str | None = None) -> Case:
    """A case about the server."""
    return Case(check, name, "", found, alter=alter, severity=severity, elsewhere=True)


VERSION = {"server_version"}
CASES = [
    Case(RESTART, "nothing waits", "", elsewhere=True),
    case(RESTART, "something waits", {"shared_buffers"}, setting("shared_buffers", pending_restart=True)),
    Case(FILE, "no error", "", elsewhere=True),
    case(FILE, "a value that is none", {"work_mem"}, line("work_mem")),
    case(FILE, "a line that is none", {'"/etc/postgresql.conf"'}, line(None)),
    case(FILE, "an unknown name", {"shared_bufers"}, line("shared_bufers")),
    case(FILE, "it waits for a restart", set(), line("shared_buffers", pending_restart=True)),
    case(FILE, "it was not loaded yet", {"shared_buffers"}, line("shared_buffers"), "warning"),
    Case(FILE, "not to be seen", "", alter=unread, not_checked="may not read", elsewhere=True),
    Case(IDLE, "the default", "", {TIMEOUT}, elsewhere=True),
    case(IDLE, "set", set(), setting(TIMEOUT, value="300000")),
    case(IDLE, "set for this database", set(), limited(None, "")),
    case(IDLE, "set for one role", {TIMEOUT}, limited("", "bot")),
    case(IDLE, "set for another database", {TIMEOUT}, limited("elsewhere", "")),
    Case(
        UNTUNED,
        "a new cluster",
        "",
        {"effective_cache_size", "work_mem", "maintenance_work_mem", "random_page_cost", "wal_compression"},
        elsewhere=True,
    ),
    Case(
        UNTUNED,
        "set",
        "",
        alter=setting("work_mem", value="65536"),
        elsewhere=True,
        among={"work_mem"},
    ),
    Case(
        UNTUNED,
        "what initdb writes",
        "",
        {"shared_buffers"},
        alter=setting("shared_buffers", value="16384"),
        elsewhere=True,
        among={"shared_buffers"},
    ),
    case(HITS, "half of them", {"{database}"}, pages(2_000_000, 2_000_000)),
    case(HITS, "nearly all", set(), pages(1000, 9_000_000)),
    case(HITS, "hardly any pages", set(), pages(1000, 1000)),
    Case(HITS, "nobody knows since when", "", alter=pages(1, 1, None), not_checked="counters of use", elsewhere=True),
    case(MINOR, "the newest", set(), version(17, 0)),
    case(MINOR, "newer than is known", set(), version(17, -2)),
    case(MINOR, "one behind", VERSION, version(16, 1), "info"),
    case(MINOR, "three behind", VERSION, version(15, 3)),
    case(MINOR, "a major that is not known", set(), server(version=990000)),
    case(END, "two years left", set(), at_end(17, 730)),
    case(END, "a month left", VERSION, at_end(15, 30), "warning"),
    case(END, "the last day", VERSION, at_end(15, 0), "warning"),
    case(END, "a day late", VERSION, at_end(13, -1)),
    case(END, "a major that is not known", set(), server(version=990000)),
]
