# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The review of a database: ask the catalog and the data, judge, and tell."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Iterable, Mapping
from typing import Any

from ..checks.baseline import Baseline, read_baseline
from ..checks.check import Check, applicable
from ..checks.choice import Told, choose_checks, choose_limits
from ..checks.judge import Judged, judge
from ..checks.seen import Seen
from ..checks.suppress import Suppression, read_pragmas, read_suppressions
from ..database.session import DatabaseError, Session
from ..files import read_whole
from ..model.catalog.snapshot import Catalog
from ..model.contract.declared import Contract
from ..model.contract.parse import parse_contract
from ..model.errors import PgOpsError, RefusedError, cut
from ..model.finding import Finding
from ..model.measured import Probe, Wanted
from ..model.review import Review
from ..model.settings.schema_check import SchemaCheckSettings
from ..observe.catalog.patience import read_patiently
from ..observe.catalog.snapshot import without_collector
from ..observe.measurements import ask_all


def review(session: Session, settings: SchemaCheckSettings, contract: Contract | None = None) -> Review:
    """Review the session's database; it is only read.

    :param contract: the parsed contract; when None, `settings.contract` is parsed.
    :raises ContractError: when the contract is wrong.
    :raises RefusedError: for settings that mean nothing; nothing was read.
    :raises PgOpsError: when PostgreSQL refuses the reading as a whole, or the connection ends.
    """
    if contract is None and settings.contract is not None:
        contract = parse_contract(settings.contract)
    if contract is not None and contract.database != session.database:
        raise RefusedError(
            f"The contract is for database {contract.database}, and this is {session.database}. Nothing was read.",
            database=session.database,
        )
    checks = choose_checks(settings.checks, settings.exclude_checks)
    limits = choose_limits(settings.limits or {})
    told = _told(settings)
    suppressions = read_suppressions(settings.suppress)
    baseline = _baseline(settings.baseline, session.database)
    ran = applicable(checks, contract)
    with without_collector():
        try:
            seen = look(session, ran, contract, settings.data_timeout, settings.data_budget, settings.data_rows)
        except DatabaseError as error:
            raise PgOpsError(
                f"The review of database {session.database} was not finished: {error} Nothing was changed; run it "
                "again.",
                **error.facts,
            ) from error
        judgement = judge(seen, ran, limits)
        accepted = Accepted(seen, suppressions, settings.pragmas)
        findings = [
            baseline.marked(accepted.marked(one)) for one in judgement.judged if told(one.finding, seen.catalog.schemas)
        ]
        return Review(
            database=session.database,
            server_version=seen.catalog.server.version_text,
            created=seen.catalog.server.now,
            scope=_scope(seen, settings, ran),
            checks=tuple(check.about for check in ran),
            findings=tuple(findings),
            not_checked=judgement.not_checked,
            resolved=baseline.resolved(judgement.findings, [check.about.id for check in ran], judgement.not_checked),
            notes=tuple(accepted.notes()),
        )


def look(
    session: Session,
    checks: Iterable[Check],
    contract: Contract | None,
    timeout: float = 5.0,
    budget: float = 60.0,
    most_rows: float = 10_000_000.0,
) -> Seen:
    """See all that these checks need; the last three bound the questions to the data, see `ask_all`.

    :raises LockedError: when others held a table for themselves alone all the while; names it and them.
    :raises DatabaseError: when PostgreSQL refuses a reading.
    """
    chosen = applicable(checks, contract)

    def want(catalog: Catalog) -> Wanted:
        wanted = Wanted()
        for check in chosen:
            if check.wants is not None:
                wanted |= check.wants(catalog)
        return wanted

    catalog, details = read_patiently(session, want)
    seen = Seen(catalog, contract, details)
    probes: dict[str, Probe] = {}
    for check in chosen:
        if check.probes is not None:
            probes.update((probe.key, probe) for probe in check.probes(seen))
    return Seen(catalog, contract, details, ask_all(session, catalog, probes.values(), timeout, budget, most_rows))


def _told(settings: SchemaCheckSettings) -> Told:
    return Told(
        settings.severity,
        settings.schemas,
        settings.exclude_schemas,
        settings.objects,
        settings.exclude_objects,
    )


class Accepted:
    """What somebody accepted, by the settings and by comments on objects, and what of that is out of date."""

    def __init__(self, seen: Seen, suppressions: list[Suppression], pragmas: bool) -> None:
        self._today = seen.today
        self._suppressions = suppressions
        self._comments = seen.catalog.comments if pragmas else {}
        self._used: set[int] = set()
        self._outgrown: list[str] = []

    def marked(self, judged: Judged) -> Finding:
        """The finding, with the reason where it is accepted."""
        finding = judged.finding
        for suppression in [*self._suppressions, *self._pragmas(judged)]:
            if not suppression.fits(finding):
                continue
            self._used.add(id(suppression))
            if suppression.holds(finding, self._today):
                return dataclasses.replace(finding, suppressed=suppression.reason)
            why = "has run out" if suppression.expires and self._today > suppression.expires else "is exceeded"
            self._outgrown.append(f"The suppression of {finding.check} for {finding.object} {why}: it counts again.")
        return finding

    def _pragmas(self, judged: Judged) -> list[Suppression]:
        comments = [self._comments.get(place) for place in judged.comment]
        return [pragma for comment in comments if comment for pragma in read_pragmas(comment)]

    def notes(self) -> list[str]:
        """Sentences about suppressions that no longer hold or that nothing fits."""
        idle = [
            f"The suppression of {suppression.text} fits no finding: it may be removed."
            for suppression in self._suppressions
            if id(suppression) not in self._used
        ]
        return [*dict.fromkeys(self._outgrown), *idle]


def _baseline(said: str | Mapping[str, Any] | None, database: str) -> Baseline:
    if said is None or said == "":
        return Baseline(None)
    if not isinstance(said, str):
        return read_baseline(said, "the given document", database)
    if said.lstrip().startswith("{"):
        return read_baseline(_parsed(said, "the given document"), "the given document", database)
    path = os.path.expanduser(os.path.expandvars(said))
    content = read_whole(path)
    # The first run of a schedule has no earlier one to compare with.
    return Baseline(None) if content is None else read_baseline(_parsed(content, path), path, database)


def _parsed(content: str | bytes, where: str) -> object:
    try:
        return json.loads(content)
    except (ValueError, RecursionError) as error:
        raise RefusedError(f"The baseline, {where}, is no JSON: {cut(str(error))}. Nothing was read.") from error


def _scope(seen: Seen, settings: SchemaCheckSettings, checks: list[Check]) -> dict[str, Any]:
    catalog = seen.catalog
    return {
        "user": catalog.server.user,
        "standby": catalog.server.in_recovery,
        "contract": seen.contract is not None,
        "checks": [check.about.id for check in checks],
        "tables": len(catalog.tables),
        "views": len(catalog.views),
        "usage_days": None if seen.usage_days is None else round(seen.usage_days, 1),
        "schemas": list(settings.schemas),
        "exclude_schemas": list(settings.exclude_schemas),
        "objects": list(settings.objects),
        "exclude_objects": list(settings.exclude_objects),
        "severity": settings.severity,
        "questions_to_data": len(seen.answers),
    }
