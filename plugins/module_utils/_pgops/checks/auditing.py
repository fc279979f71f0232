# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Checks of what the server's log keeps for those who must find out afterwards."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from ..model.finding import Found, NotChecked
from .check import Group
from .parts.access import few
from .seen import Seen

GROUP = Group(
    "auditing", "Auditing: what the server's log keeps. Asked for by name: a matter of rules that you follow."
)


class Wish(NamedTuple):
    """A setting, whether a value is well, and what is lost else (the end of a sentence)."""

    name: str
    well: Callable[[str], bool]
    lost: str


def _is(*values: str) -> Callable[[str], bool]:
    return lambda value: value in values


def _is_not(*values: str) -> Callable[[str], bool]:
    return lambda value: value not in values


def _least(number: float) -> Callable[[str], bool]:
    return lambda value: float(value) >= number


def _holds(*parts: str) -> Callable[[str], bool]:
    return lambda value: all(any(one in value for one in part.split("|")) for part in parts)


def _files_are_private(value: str) -> bool:
    return int(value, 8) & 0o077 == 0


#: Settings that guides for hardening ask for (CIS PostgreSQL Benchmark 3.1, pgdsat 3.1).
WISHES = (
    Wish("log_destination", _is_not(""), "nothing is logged at all"),
    Wish("log_connections", _is_not("off", "", "false"), "nobody sees who logged in, or tried to"),
    Wish("log_disconnections", _is("on"), "nobody sees how long a session lasted"),
    Wish("log_statement", _is("ddl", "mod", "all"), "nobody sees who changed the schema"),
    Wish("log_line_prefix", _holds("%m|%t|%n", "%p|%c", "%u", "%d"), "lines do not tell time, session, user, database"),
    Wish("log_error_verbosity", _is("default", "verbose"), "details of errors are left out"),
    Wish("log_hostname", _is("off"), "each connection waits for a name server"),
    Wish("log_min_messages", _is_not("error", "log", "fatal", "panic"), "warnings are left out"),
    Wish("log_min_error_statement", _is_not("log", "fatal", "panic"), "statements that failed are left out"),
    Wish("log_checkpoints", _is("on"), "nobody sees when the disk was busy with checkpoints"),
    Wish("log_lock_waits", _is("on"), "nobody sees who waited for whom"),
    Wish("log_temp_files", _least(0), "nobody sees which queries spill to disk"),
    Wish("log_autovacuum_min_duration", _least(0), "nobody sees what autovacuum does"),
    Wish("log_replication_commands", _is("on"), "nobody sees who copied the cluster"),
    Wish("log_file_mode", _files_are_private, "other users of the machine read the log"),
    Wish("log_truncate_on_rotation", _is("on"), "a log of last week is written on, and never ends"),
    Wish("log_timezone", _is_not(""), "times cannot be compared with other machines"),
    Wish("debug_print_parse", _is("off"), "the log holds trees of queries, with their constants"),
    Wish("debug_print_rewritten", _is("off"), "the log holds trees of queries, with their constants"),
    Wish("debug_print_plan", _is("off"), "the log holds plans, with their constants"),
)


@GROUP.check(
    "audit-setting",
    severity="info",
    level="opt_in",
    title="A setting of the log that guides for hardening want otherwise",
    why="What the log does not hold cannot be found out afterwards; what it holds too much, others read.",
    how="Each setting is compared with what the CIS benchmark for PostgreSQL and pgdsat ask for.",
    avoids="Settings that this version does not have are left out.",
    fix="Set it in the configuration file and reload.",
)
def audit_setting(seen: Seen) -> Iterator[Found | NotChecked]:
    """Settings of the log, one by one."""
    unread: list[str] = []
    for wish in WISHES:
        setting = seen.catalog.settings.get(wish.name)
        if setting is None:
            unread.append(wish.name)
        elif not wish.well(setting.value):
            yield Found(
                object=(wish.name,),
                object_type="setting",
                message=f"{wish.name} is {setting.value or 'empty'}: {wish.lost}.",
                evidence={"value": setting.value},
                no_fix="It is a matter of the rules that you follow, and of the room that logs may take.",
            )
    if unread and "all_settings" not in seen.catalog.server.may:
        yield NotChecked("audit-setting", f"this role may not read {len(unread)} settings: {few(unread)}")


@GROUP.check(
    "log-kept-nowhere",
    severity="info",
    level="opt_in",
    title="A log that the server does not keep itself",
    why="What is written to stderr is gone unless somebody collects it.",
    how="log_destination is stderr alone, and logging_collector is off.",
    avoids="Under systemd or in a container the journal collects it: suppress the finding there.",
    fix="Set logging_collector = on and restart, or see that stderr is kept.",
)
def log_kept_nowhere(seen: Seen) -> Iterator[Found]:
    """stderr without the collector."""
    settings = seen.catalog.settings
    destination, collector = settings.get("log_destination"), settings.get("logging_collector")
    if destination is None or collector is None:
        return
    if destination.value == "stderr" and collector.value == "off":
        yield Found(
            object=("logging_collector",),
            object_type="setting",
            message="The log goes to stderr, and the server does not collect it.",
            evidence={"log_destination": destination.value},
            confidence="possible",
            no_fix="Who collects stderr, SQL does not see.",
        )


@GROUP.check(
    "audit-library",
    severity="info",
    level="opt_in",
    title="No library that audits, or slows down guesses",
    why="pgaudit logs which objects were read and changed; auth_delay makes guessing passwords slow.",
    how="shared_preload_libraries, or session_preload_libraries for pgaudit, do not name the library.",
    avoids="Nothing: neither is part of every installation, so the check runs only when it is asked for.",
    fix="Put the library into shared_preload_libraries and restart.",
)
def audit_library(seen: Seen) -> Iterator[Found | NotChecked]:
    """pgaudit and auth_delay."""
    shared = seen.catalog.settings.get("shared_preload_libraries")
    if shared is None:
        yield NotChecked("audit-library", "this role may not read the setting shared_preload_libraries")
        return
    session = seen.catalog.settings.get("session_preload_libraries")
    loaded = {part.strip().strip('"').rpartition("/")[2] for part in shared.value.split(",")}
    of_sessions = (
        {part.strip().strip('"').rpartition("/")[2] for part in session.value.split(",")} if session else set()
    )
    for library, places in (("pgaudit", loaded | of_sessions), ("auth_delay", loaded)):
        if library not in places:
            yield Found(
                object=(library,),
                object_type="library",
                message=f"{library} is not loaded.",
                evidence={"shared_preload_libraries": shared.value},
                no_fix="Whether it is wanted, and installed, is for a person to say.",
            )
