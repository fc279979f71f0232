# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Truth table of the checks of extensions."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from _pgops.checks.seen import Seen
from cases import Case

Alter = Callable[[Seen], Seen]

FILES, OUTDATED, PUBLIC = "extension-files-missing", "extension-outdated", "extension-in-public"

HSTORE = "CREATE EXTENSION IF NOT EXISTS hstore SCHEMA {schema} VERSION '1.5'"
CITEXT = "CREATE EXTENSION IF NOT EXISTS citext SCHEMA public"


def versions(installed: str, offered: str | None) -> Alter:
    """hstore has these versions."""

    def alter(seen: Seen) -> Seen:
        known = dict(seen.catalog.extensions)
        known["hstore"] = known["hstore"]._replace(version=installed, default_version=offered)
        return dataclasses.replace(seen, catalog=dataclasses.replace(seen.catalog, extensions=known))

    return alter


def case(
    check: str, name: str, found: set[str], alter: Alter | None = None, setup: str = "", among: str = "hstore"
) -> Case:
    """A case about one extension."""
    return Case(check, name, "", found, setup=setup, alter=alter, elsewhere=True, among={among})


CASES = [
    case(OUTDATED, "an old version", {"hstore"}, setup=HSTORE),
    case(OUTDATED, "the newest version", set(), setup=CITEXT, among="citext"),
    case(OUTDATED, "older files", {"hstore"}, versions("1.10", "1.9")),
    case(OUTDATED, "a version that is no number", {"hstore"}, versions("2024a", "2024b")),
    case(OUTDATED, "no files", set(), versions("1.5", None)),
    case(FILES, "no files", {"hstore"}, versions("1.5", None)),
    case(FILES, "older files", set(), versions("1.10", "1.9")),
    case(PUBLIC, "in public", {"citext"}, among="citext"),
    case(PUBLIC, "in a schema of its own", set()),
    case(PUBLIC, "in pg_catalog", set(), among="plpgsql"),
]
