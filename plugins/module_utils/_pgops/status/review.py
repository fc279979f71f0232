# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The review of a database: ask the catalog and the data, judge, and tell."""

from __future__ import annotations

from collections.abc import Iterable

from ..checks.check import Check
from ..checks.seen import Seen
from ..database.session import Session
from ..model.catalog.snapshot import Catalog
from ..model.contract.declared import Contract
from ..model.measured import Probe, Wanted
from ..observe.catalog.snapshot import read_catalog
from ..observe.measurements import ask_all


def look(
    session: Session,
    checks: Iterable[Check],
    contract: Contract | None,
    timeout: float = 5.0,
    budget: float = 60.0,
    most_rows: float = 10_000_000.0,
) -> Seen:
    """See all that these checks need; the parameters bound the questions to the data, see `ask_all`.

    :raises DatabaseError: when PostgreSQL refuses a reading.
    """
    chosen = [check for check in checks if contract is not None or "contract" not in check.about.needs]

    def want(catalog: Catalog) -> Wanted:
        wanted = Wanted()
        for check in chosen:
            if check.wants is not None:
                wanted |= check.wants(catalog)
        return wanted

    catalog, details = read_catalog(session, want)
    seen = Seen(catalog, contract, details)
    probes: dict[str, Probe] = {}
    for check in chosen:
        if check.probes is not None:
            probes.update((probe.key, probe) for probe in check.probes(seen))
    return Seen(catalog, contract, details, ask_all(session, probes.values(), timeout, budget, most_rows))
