# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Checks of installed extensions."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..model.finding import Fix, Found, Step
from ..model.identifiers import quote_ident
from .check import Group
from .seen import Seen

GROUP = Group("extensions", "Extensions of the database, and their files on the server.")


@GROUP.check(
    "extension-files-missing",
    severity="error",
    title="An extension whose files are gone from the server",
    why="Its functions fail when they are first called in a session, and a restore of this database fails on this "
    "server: CREATE EXTENSION finds nothing. Most often a package was not installed after an upgrade.",
    how="The extension is installed, and pg_available_extensions does not know it.",
    avoids="Extensions that come with PostgreSQL have files too: they are not told unless the contrib package is "
    "missing.",
    fix="Install the package of the extension for this major version, or DROP EXTENSION where nobody needs it.",
)
def extension_files_missing(seen: Seen) -> Iterator[Found]:
    """Extensions without a control file."""
    for one in seen.catalog.extensions.values():
        if one.default_version is None:
            yield Found(
                object=(one.name,),
                object_type="extension",
                message=f"The files of extension {one.name} {one.version} are not on the server.",
                evidence={"version": one.version, "schema": one.schema},
            )


def _numbers(version: str) -> tuple[int, ...] | None:
    """`1.10.2` as numbers; None for a version that is something else."""
    return tuple(int(part) for part in version.split(".")) if re.fullmatch(r"\d+(\.\d+)*", version) else None


@GROUP.check(
    "extension-outdated",
    severity="info",
    level="extended",
    title="An extension whose SQL is older than its files",
    why="After an upgrade of the package the new library runs with the old functions: what was mended in SQL is not "
    "mended in this database.",
    how="The installed version differs from the default version of the files.",
    avoids="Where the files are the older ones, no update is offered.",
    fix="ALTER EXTENSION .. UPDATE, after reading its notes: some need a restart, or rebuild indexes.",
)
def extension_outdated(seen: Seen) -> Iterator[Found]:
    """Extensions whose default version is another."""
    for one in seen.catalog.extensions.values():
        if one.default_version is None or one.default_version == one.version:
            continue
        here, there = _numbers(one.version), _numbers(one.default_version)
        older = here is not None and there is not None and there < here
        name = quote_ident(one.name)
        yield Found(
            object=(one.name,),
            object_type="extension",
            message=f"Extension {one.name} is at {one.version}, and its files offer {one.default_version}.",
            evidence={"version": one.version, "default_version": one.default_version},
            fix=None
            if older
            else Fix(
                (Step((f"ALTER EXTENSION {name} UPDATE",)),), None, "extensions have no way back to an older version"
            ),
            no_fix="the files are older than what is installed: install the newer package again" if older else "",
        )


@GROUP.check(
    "extension-in-public",
    severity="info",
    level="opt_in",
    title="An extension in the schema public",
    why="Its functions and operators stand among the application's own, are in everybody's search_path, and tools that "
    "work on the schema meet them.",
    how="The extension's schema is public.",
    avoids="Extensions in pg_catalog, and those in a schema of their own.",
    fix="ALTER EXTENSION .. SET SCHEMA where the extension can be moved, once every search_path and qualified name is "
    "known: a person decides.",
)
def extension_in_public(seen: Seen) -> Iterator[Found]:
    """Extensions in public."""
    for one in seen.catalog.extensions.values():
        if one.schema == "public":
            yield Found(
                object=(one.name,),
                object_type="extension",
                message=f"Extension {one.name} stands in the schema public.",
                evidence={"version": one.version},
            )
