# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a check is: what is said of it, the pure function that judges, and what that function wants to be measured."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeVar, Union

from ..model.catalog.snapshot import Catalog
from ..model.contract.declared import Contract
from ..model.finding import CheckInfo, Found, Limit, NotChecked
from ..model.measured import Probe, Wanted
from .seen import Seen

#: `judge(seen, **limits)` yields what it found, and what of it could not be checked.
Judge = Callable[..., Iterable[Union[Found, NotChecked]]]
#: `wants(catalog)` says what else to read in the catalog's snapshot.
Wants = Callable[[Catalog], Wanted]
#: `probes(seen)` gives the questions to the data; `seen.answers` are empty then.
Probes = Callable[[Seen], Iterable[Probe]]
Judging = TypeVar("Judging", bound=Judge)


@dataclass(frozen=True)
class Check:
    """One check."""

    about: CheckInfo
    judge: Judge
    wants: Wants | None = None
    probes: Probes | None = None


class Group:
    """The checks of one file, in their order; `sentence` heads them on the reference page."""

    def __init__(self, name: str, sentence: str) -> None:
        self.name = name
        self.sentence = sentence
        self.checks: list[Check] = []

    def check(
        self,
        check_id: str,
        *,
        severity: str,
        title: str,
        why: str,
        how: str,
        avoids: str,
        fix: str,
        level: str = "default",
        needs: tuple[str, ...] = (),
        limits: tuple[Limit, ...] = (),
        wants: Wants | None = None,
        probes: Probes | None = None,
    ) -> Callable[[Judging], Judging]:
        """Register the decorated function as a check of this group; the function stays as it is.

        The words are those of `CheckInfo`.
        """
        about = CheckInfo(check_id, self.name, severity, level, title, why, how, avoids, fix, needs, limits)

        def register(judge: Judging) -> Judging:
            self.checks.append(Check(about, judge, wants, probes))
            return judge

        return register


def applicable(checks: Iterable[Check], contract: Contract | None) -> list[Check]:
    """The checks that can say anything: those that compare with a contract are left out without one."""
    return [check for check in checks if contract is not None or "contract" not in check.about.needs]


def limits_of(check: Check, said: dict[str, Any]) -> dict[str, float]:
    """The limits of a check by name, with what a person said of them; `said` holds names of this check alone."""
    return {limit.name: said.get(limit.name, limit.default) for limit in check.about.limits}
