# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Checks of the server's version, of its configuration files, and of settings nobody chose."""

from __future__ import annotations

from collections.abc import Iterator

from ..model.finding import Found, Limit
from .check import Group
from .configuration import ELSEWHERE, overrides, serverwide
from .parts.releases import END_OF_LIFE, KNOWN_ON, NEWEST_MINORS
from .seen import Seen

GROUP = Group("server", "The server's version, its configuration files, and settings that nobody chose.")


@GROUP.check(
    "pending-restart",
    severity="warning",
    title="A setting that waits for a restart",
    why="The files say one thing and the server does another; the change comes with the next restart, planned or not, "
    "when nobody thinks of it.",
    how="pg_settings.pending_restart is true.",
    avoids="Files that were changed and not yet loaded are not told.",
    fix="Restart the server in a quiet minute, or take the change back.",
)
def pending_restart(seen: Seen) -> Iterator[Found]:
    """Settings whose new value waits."""
    for setting in seen.catalog.settings.values():
        if setting.pending_restart:
            yield Found(
                object=(setting.name,),
                object_type="setting",
                message=f"A new value of {setting.name} waits for a restart; {setting.value} is in force.",
                evidence={"value": setting.value},
            )


@GROUP.check(
    "configuration-file-error",
    severity="error",
    title="A line of a configuration file that the server cannot take",
    why="At a reload the line, or the whole file, is ignored; at the next start the server may not come up.",
    how="pg_file_settings names an error.",
    avoids="A value that waits for a restart has an error there too: it is told by pending-restart once the file was "
    "loaded, and as a warning here before.",
    fix="Mend the line.",
    needs=("file_settings",),
)
def configuration_file_error(seen: Seen) -> Iterator[Found]:
    """Lines with errors."""
    for line in seen.catalog.file_settings:
        setting = seen.catalog.settings.get(line.name or "")
        if setting is not None and setting.pending_restart:
            continue
        starts = setting is not None and setting.context == "postmaster"
        yield Found(
            object=(line.name or line.file,),
            object_type="setting" if line.name else "file",
            detail=f"{line.file} {line.line}",
            message=f"Line {line.line} of {line.file} cannot be taken: {line.error}"
            f"{'; it waits for a restart, or the server will not start with it' if starts else ''}.",
            evidence={"file": line.file, "line": line.line, "error": line.error},
            severity="warning" if starts else None,
        )


@GROUP.check(
    "idle-in-transaction-timeout-unset",
    severity="info",
    level="extended",
    title="No limit for idle transactions",
    why="One program that forgets its COMMIT keeps its locks, and the dead rows of the whole cluster, for ever.",
    how="idle_in_transaction_session_timeout is 0 for the whole server, and no setting of this database sets it.",
    avoids="Roles may set their own; hence the level.",
    fix="Set it to some minutes, at least for the roles of programs.",
)
def idle_in_transaction_timeout_unset(seen: Seen) -> Iterator[Found]:
    """idle_in_transaction_session_timeout = 0."""
    name = "idle_in_transaction_session_timeout"
    setting = seen.catalog.settings.get(name)
    for_all = {said: value for override, said, value in overrides(seen) if not override.role}
    if setting is not None and setting.value == "0" and for_all.get(name, "0") == "0":
        yield Found(
            object=(name,),
            object_type="setting",
            message=f"{name} is 0: a forgotten transaction stays open for ever.",
            evidence={"value": "0"},
            no_fix=ELSEWHERE,
        )


@GROUP.check(
    "settings-untuned",
    severity="info",
    level="opt_in",
    title="A setting that is as initdb made it",
    why="The defaults fit a very small machine: they let PostgreSQL start anywhere, and use little of what is there.",
    how="shared_buffers, effective_cache_size, work_mem, maintenance_work_mem, max_wal_size, random_page_cost or "
    "wal_compression has the value of a new cluster.",
    avoids="A small machine needs no more: hence only on request.",
    fix="Set them by the machine's memory and disks.",
)
def settings_untuned(seen: Seen) -> Iterator[Found]:
    """Settings with initdb's values."""
    for name in (
        "shared_buffers",
        "effective_cache_size",
        "work_mem",
        "maintenance_work_mem",
        "max_wal_size",
        "random_page_cost",
        "wal_compression",
    ):
        setting = serverwide(seen, name)
        # initdb writes 128 MB, in pages of 8 kB, where older versions' own default is less.
        made = {"16384"} if name == "shared_buffers" else set()
        if setting is not None and setting.value in {setting.boot_value, *made}:
            yield Found(
                object=(name,),
                object_type="setting",
                message=f"{name} is {setting.value}{f' x {setting.unit}' if setting.unit else ''}, as in a new "
                "cluster.",
                evidence={"value": setting.value, "unit": setting.unit},
                confidence="possible",
                no_fix=ELSEWHERE,
            )


@GROUP.check(
    "cache-hit-ratio",
    severity="info",
    level="opt_in",
    title="A database whose pages are often read from outside of shared_buffers",
    why="Pages that are not in shared_buffers come from the system's cache or from disk.",
    how="Of at least a million pages fewer than 90 % were found in shared_buffers (pg_stat_database).",
    avoids="The system's own cache may hold the rest: the ratio says little, hence only on request.",
    fix="Look for queries that read whole tables first; then consider more shared_buffers.",
    needs=("usage",),
    limits=(
        Limit("percent", 90, "percent", "Less than this share of the pages was found in shared_buffers."),
        Limit("pages", 1_000_000, "pages", "At least so many pages were asked for."),
    ),
)
def cache_hit_ratio(seen: Seen, percent: float, pages: float) -> Iterator[Found]:
    """This database's ratio."""
    database = seen.catalog.databases.get(seen.catalog.server.database)
    if database is None:
        return
    asked = database.blocks_hit + database.blocks_read
    if asked >= max(pages, 1) and database.blocks_hit * 100 < percent * asked:
        yield Found(
            object=(database.name,),
            object_type="database",
            message=f"{100 * database.blocks_hit / asked:.0f} % of {asked:,} pages were found in shared_buffers.",
            evidence={"hit": database.blocks_hit, "read": database.blocks_read},
            confidence="possible",
        )


@GROUP.check(
    "minor-version-behind",
    severity="warning",
    title="A newer minor release is out",
    why="Minor releases hold nothing but mended bugs, some of which lose data or open the server to others.",
    how=f"The server's minor release is older than the newest known here on {KNOWN_ON.isoformat()}. One behind is an "
    "information, more a warning.",
    avoids="The list ships with the collection and asks nobody: it may miss newer releases, and never calls a current "
    "server old.",
    fix="Install the newest minor release and restart; read its release notes first.",
)
def minor_version_behind(seen: Seen) -> Iterator[Found]:
    """A minor release older than the newest known."""
    server = seen.catalog.server
    minor, newest = server.version % 10000, NEWEST_MINORS.get(server.major, 0)
    if minor < newest:
        yield Found(
            object=("server_version",),
            object_type="server",
            message=f"The server runs {server.major}.{minor}; {server.major}.{newest} was out by "
            f"{KNOWN_ON.isoformat()}.",
            evidence={"running": f"{server.major}.{minor}", "newest": f"{server.major}.{newest}"},
            severity="info" if newest - minor == 1 else None,
        )


@GROUP.check(
    "major-end-of-life",
    severity="error",
    title="A major version that gets no more fixes",
    why="Bugs that lose data or open the server to others are no longer mended.",
    how="The day of the major version's last release is past; within half a year of it, it is a warning. The days are "
    "the project's own policy, shipped with the collection.",
    avoids="A major version that is not in the list is newer than the collection.",
    fix="Plan the upgrade to a newer major version.",
    limits=(Limit("days", 180, "days", "So long before it is a warning."),),
)
def major_end_of_life(seen: Seen, days: float) -> Iterator[Found]:
    """A major version at the end of its life."""
    server = seen.catalog.server
    end = END_OF_LIFE.get(server.major)
    if end is None:
        return
    left = (end - seen.today).days
    if left < days:
        yield Found(
            object=("server_version",),
            object_type="server",
            message=f"PostgreSQL {server.major} {'got' if left < 0 else 'gets'} its last release on {end.isoformat()}.",
            evidence={"major": server.major, "end": end.isoformat(), "days": left},
            severity="warning" if left >= 0 else None,
        )
