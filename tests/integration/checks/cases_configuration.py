# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Truth table of the checks of settings that put data at risk; the tests' own clusters run without fsync."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

from _pgops.checks.seen import Seen
from _pgops.model.catalog.server import RoleSettings
from case_roles import role
from cases import Case

Alter = Callable[[Seen], Seen]

DANGER, OVERRIDE = "dangerous-setting", "dangerous-override"
PLANNER, COMMIT = "planner-method-disabled", "synchronous-commit-off"

BOT = role("careless_bot")
#: What the database of the cases sets for everybody; `{{}}` is the setting.
FOR_ALL = "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET {}', current_database()); END $$"


def catalog(seen: Seen, **changes: Any) -> Seen:
    """The same database with parts of the catalog changed."""
    return dataclasses.replace(seen, catalog=dataclasses.replace(seen.catalog, **changes))


def setting(name: str, value: str, source: str = "configuration file") -> Alter:
    """The server has this setting, and no role or database sets anything."""

    def alter(seen: Seen) -> Seen:
        known = dict(seen.catalog.settings)
        known[name] = known[name]._replace(value=value, source=source)
        return catalog(seen, settings=known, role_settings=())

    return alter


def override(said: str, who: str = "careless_bot", where: str | None = "") -> Alter:
    """One role or database sets this; `where` None is this database."""

    def alter(seen: Seen) -> Seen:
        database = seen.catalog.server.database if where is None else where
        return catalog(seen, role_settings=(RoleSettings(database, who, (said,)),))

    return alter


def case(check: str, name: str, found: set[str], alter: Alter) -> Case:
    """A case about the server."""
    return Case(check, name, "", found, alter=alter, elsewhere=True)


def switch(check: str, name: str) -> list[Case]:
    """A setting that must be on."""
    return [case(check, "off", {name}, setting(name, "off")), case(check, "on", set(), setting(name, "on"))]


CASES = [
    Case("fsync-off", "the tests' own cluster", "", {"fsync"}, elsewhere=True),
    Case("full-page-writes-off", "the tests' own cluster", "", {"full_page_writes"}, elsewhere=True),
    *switch("fsync-off", "fsync"),
    *switch("full-page-writes-off", "full_page_writes"),
    *switch("autovacuum-off", "autovacuum"),
    Case("autovacuum-off", "the tests' own cluster", "", elsewhere=True),
    *switch("track-counts-off", "track_counts"),
    Case("track-counts-off", "the tests' own cluster", "", elsewhere=True),
    *switch("data-checksums-off", "data_checksums"),
    Case(DANGER, "the tests' own cluster", "", elsewhere=True),
    case(DANGER, "for everybody", {"session_replication_role"}, setting("session_replication_role", "replica")),
    case(DANGER, "a damaged page is no error", {"zero_damaged_pages"}, setting("zero_damaged_pages", "on")),
    case(DANGER, "only this session", set(), setting("session_replication_role", "replica", "session")),
    case(DANGER, "a role's own", set(), setting("session_replication_role", "replica", "user")),
    Case(
        OVERRIDE,
        "a role",
        "",
        {"careless_bot"},
        setup=BOT + "ALTER ROLE careless_bot SET session_replication_role = replica",
        elsewhere=True,
        among={"careless_bot"},
    ),
    Case(
        OVERRIDE,
        "a role in this database",
        "",
        {"careless_bot"},
        setup=BOT + FOR_ALL.format("search_path = pg_catalog") + "; DO $$ BEGIN EXECUTE format('ALTER ROLE "
        "careless_bot IN DATABASE %I SET zero_damaged_pages = yes', current_database()); END $$",
        elsewhere=True,
        among={"careless_bot"},
    ),
    Case(
        OVERRIDE,
        "the database",
        "",
        {"{database}"},
        setup=FOR_ALL.format("ignore_checksum_failure = on"),
        elsewhere=True,
        among={"{database}"},
    ),
    case(OVERRIDE, "counters are off", {"careless_bot"}, override("track_counts=off")),
    case(OVERRIDE, "every role", {'"ALL"'}, override("session_replication_role=local", who="")),
    case(OVERRIDE, "set to what is right", set(), override("session_replication_role=origin")),
    case(OVERRIDE, "something harmless", set(), override("work_mem=64MB")),
    case(OVERRIDE, "another database", set(), override("zero_damaged_pages=on", where="elsewhere")),
    case(PLANNER, "for everybody", {"enable_seqscan"}, setting("enable_seqscan", "off")),
    case(PLANNER, "for a role", {"careless_bot"}, override("enable_nestloop=off", where=None)),
    case(PLANNER, "switched on for a role", set(), override("enable_nestloop=on")),
    case(PLANNER, "only this session", set(), setting("enable_seqscan", "off", "session")),
    Case(COMMIT, "the tests' own cluster", "", {"synchronous_commit"}, elsewhere=True, among={"synchronous_commit"}),
    case(COMMIT, "on", set(), setting("synchronous_commit", "on")),
    case(COMMIT, "locally", set(), setting("synchronous_commit", "local")),
    case(COMMIT, "off for one session", set(), setting("synchronous_commit", "off", "session")),
]
