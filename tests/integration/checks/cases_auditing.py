# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Truth table of the checks of auditing."""

from __future__ import annotations

from dataclasses import replace

from _pgops.checks.auditing import WISHES
from _pgops.checks.seen import Seen
from case_settings import Alter, both, settings
from cases import Case

WELL = {
    "log_destination": "stderr",
    "log_connections": "on",
    "log_disconnections": "on",
    "log_statement": "ddl",
    "log_line_prefix": "%m [%p] %q%u@%d ",
    "log_error_verbosity": "default",
    "log_hostname": "off",
    "log_min_messages": "warning",
    "log_min_error_statement": "error",
    "log_checkpoints": "on",
    "log_lock_waits": "on",
    "log_temp_files": "0",
    "log_autovacuum_min_duration": "600000",
    "log_replication_commands": "on",
    "log_file_mode": "0600",
    "log_truncate_on_rotation": "on",
    "log_timezone": "UTC",
    "debug_print_parse": "off",
    "debug_print_rewritten": "off",
    "debug_print_plan": "off",
}
# One value for each that is not well.
ILL = {
    "log_destination": "",
    "log_connections": "off",
    "log_disconnections": "off",
    "log_statement": "none",
    "log_line_prefix": "%m [%p] ",
    "log_error_verbosity": "terse",
    "log_hostname": "on",
    "log_min_messages": "fatal",
    "log_min_error_statement": "panic",
    "log_checkpoints": "off",
    "log_lock_waits": "off",
    "log_temp_files": "-1",
    "log_autovacuum_min_duration": "-1",
    "log_replication_commands": "off",
    "log_file_mode": "0640",
    "log_truncate_on_rotation": "off",
    "log_timezone": "",
    "debug_print_parse": "on",
    "debug_print_rewritten": "on",
    "debug_print_plan": "on",
}
assert set(WELL) == set(ILL) == {wish.name for wish in WISHES}


def without_rights(seen: Seen) -> Seen:
    server = seen.catalog.server._replace(may=frozenset())
    return replace(seen, catalog=replace(seen.catalog, server=server))


def setting(name: str, found: set[str], alter: Alter, not_checked: str | None = None) -> Case:
    return Case("audit-setting", name, "", found, elsewhere=True, alter=alter, not_checked=not_checked)


def libraries(name: str, found: set[str], shared: str | None, not_checked: str | None = None) -> Case:
    alter = settings(shared_preload_libraries=shared, session_preload_libraries="")
    return Case("audit-library", name, "", found, elsewhere=True, alter=alter, not_checked=not_checked)


CASES = [
    setting("all as guides want it", set(), settings(**WELL)),
    setting("all otherwise", set(ILL), settings(**ILL)),
    setting("connections as PostgreSQL 18 spells them", set(), settings(**{**WELL, "log_connections": "receipt"})),
    setting("none of them, as 18 spells it", {"log_connections"}, settings(**{**WELL, "log_connections": ""})),
    setting("one that this version lacks", set(), settings(**{**WELL, "log_replication_commands": None})),
    setting(
        "some not to be read",
        set(),
        both(settings(**{**WELL, "log_timezone": None}), without_rights),
        "1 settings: log_timezone",
    ),
    Case(
        "log-kept-nowhere",
        "stderr alone",
        "",
        {"logging_collector"},
        elsewhere=True,
        alter=settings(log_destination="stderr", logging_collector="off"),
    ),
    Case(
        "log-kept-nowhere",
        "collected",
        "",
        elsewhere=True,
        alter=settings(log_destination="stderr", logging_collector="on"),
    ),
    Case(
        "log-kept-nowhere",
        "syslog",
        "",
        elsewhere=True,
        alter=settings(log_destination="syslog", logging_collector="off"),
    ),
    libraries("neither", {"pgaudit", "auth_delay"}, "pg_stat_statements"),
    libraries("both", set(), "$libdir/pgaudit, auth_delay,pg_stat_statements"),
    libraries("not to be read", set(), None, "may not read"),
]
