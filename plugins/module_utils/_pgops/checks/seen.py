# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""All that a check may look at: the catalog, the contract, and what was measured."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from ..model.catalog.relations import Relation
from ..model.catalog.snapshot import Catalog
from ..model.contract.declared import Contract
from ..model.measured import Answer, Details

DAY = 86400.0


@dataclass(frozen=True)
class Seen:
    """One database as it was seen. `answers` go by the key of their probe; a probe that was not run has none."""

    catalog: Catalog
    contract: Contract | None = None
    details: Details = field(default_factory=Details)
    answers: Mapping[str, Answer] = field(default_factory=dict)

    @property
    def today(self) -> datetime.date:
        """The day of the reading by the server's clock, in UTC."""
        return datetime.datetime.fromtimestamp(self.catalog.server.now, datetime.timezone.utc).date()

    @cached_property
    def usage_since(self) -> float | None:
        """Since when counters of use can be believed (seconds since 1970), None where nobody knows.

        Counters begin when they were last reset; a database that was made or restored later begins later. Where the
        day it was made cannot be read, the oldest maintenance that any table remembers tells its least age.
        """
        server = self.catalog.server
        if server.database_since is not None:
            return max(server.database_since, server.statistics_since or 0.0)
        if server.oldest_activity is None:
            return None
        return max(server.oldest_activity, server.statistics_since or 0.0)

    @property
    def usage_days(self) -> float | None:
        """How many days counters of use cover; None where nobody knows."""
        since = self.usage_since
        return None if since is None else max(0.0, (self.catalog.server.now - since) / DAY)

    def is_empty(self, table: Relation) -> bool:
        """Whether the files of a table hold nothing, those of all its partitions: it has no rows then, whoever asks.

        Sizes are known where a check wants them, of tables that PostgreSQL believes to be without a page.
        """
        leaves = self.catalog.leaves(table)
        return all(leaf.kind == "r" and leaf.pages == 0 and self.details.sizes.get(leaf.oid) == 0 for leaf in leaves)
