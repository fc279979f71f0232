# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Makes views writable: ask, decide, act. The one entry for the module and for the host command."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from ..database.session import Session
from ..model.catalog import ViewReading
from ..model.contract.declared import Contract, WritableView
from ..model.contract.parse import parse_contract, parse_writable
from ..model.errors import PgOpsError, RefusedError
from ..model.identifiers import parse_qualified, quote_ident
from ..model.plan import Plan
from ..model.settings.view_triggers import ViewTriggersSettings
from ..observe.catalog import look_at_view, read_view, told_columns
from ..safe_ddl.exclusion import exclusive
from ..safe_ddl.ladder import Climb, climb
from .decide import decide_policy
from .drift import plan_absent, plan_present, sort_found
from .generate import function_names
from .policy import Policy
from .probe import ProbeResult, probe
from .shape import Shape, derive_shape

#: The action group under which runs of this verb exclude one another.
GROUP = "ddl"


@dataclass(frozen=True)
class Wanted:
    """One view with its policy; None: the view is only to be cleaned of what this tool made."""

    schema: str
    name: str
    policy: WritableView


@dataclass
class ViewOutcome:
    """What became of one view; plain values, the same from module and command."""

    view: str
    changed: bool = False
    queries: list[str] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)
    column_map: dict[str, Any] = field(default_factory=dict)
    tables: list[dict[str, Any]] = field(default_factory=list)
    triggers: list[dict[str, Any]] = field(default_factory=list)
    probe: dict[str, Any] = field(default_factory=dict)
    diff: dict[str, str] = field(default_factory=dict)
    lock_tries: int = 0
    blockers: list[str] = field(default_factory=list)


def converge(
    session: Session, settings: ViewTriggersSettings, contract: Contract | None = None, check_mode: bool = False
) -> list[ViewOutcome]:
    """Bring every asked view to its state; with `check_mode` only tell what would be done.

    :param contract: the parsed contract; when None, `settings.contract` is parsed.
    :raises ContractError: when the contract is wrong.
    :raises RefusedError: when nothing can be derived or something forbids to go on; nothing was touched.
    :raises LockedError: when others hold the locks for longer than the budget.
    :raises ProbeError: when the new triggers failed their trial; the old state was kept.
    """
    wanted = wanted_views(session, settings, contract)
    if not check_mode:
        # What is wrong with any of the views is found before the first one is touched.
        for view in wanted:
            _View(session, settings, view).decide()
    return [_View(session, settings, view).converge(check_mode) for view in wanted]


def wanted_views(session: Session, settings: ViewTriggersSettings, contract: Contract | None = None) -> list[Wanted]:
    """The views that the settings ask for, each with its policy.

    :raises ContractError: when the contract is wrong.
    :raises RefusedError: when contract and settings do not fit together or to the database.
    """
    if contract is None and settings.contract is not None:
        contract = parse_contract(settings.contract)
    if contract is not None and contract.database != session.database:
        raise RefusedError(
            f"The contract is for database {contract.database}, and this is {session.database}. Nothing was touched.",
            database=session.database,
        )
    if settings.view is None:
        if contract is None:
            raise RefusedError("Say which view: give `view`, or a `contract` with writable views. Nothing was touched.")
        names = [(*contract.qualified(view.name), view.writable) for view in contract.writable_views()]
        if not names:
            raise RefusedError(
                f"The contract of database {contract.database} declares no writable view. Nothing was touched.",
                database=contract.database,
            )
        return [Wanted(schema, name, policy or WritableView()) for schema, name, policy in names]
    return [_one_view(session, settings, contract)]


def _one_view(session: Session, settings: ViewTriggersSettings, contract: Contract | None) -> Wanted:
    try:
        schema, name = parse_qualified(str(settings.view))
    except ValueError as error:
        raise RefusedError(f"`view`: {error} Nothing was touched.") from error
    schema = schema or (contract.schema if contract else "public")
    if contract is None:
        return Wanted(schema, name, parse_writable(settings.definition or {}, "definition"))
    declared = contract.view((schema, name))
    if settings.state == "present" and (declared is None or declared.writable is None):
        raise RefusedError(
            f"The contract of database {session.database} does not declare "
            f"{quote_ident(schema)}.{quote_ident(name)} as a "
            f"writable view: add views.{name}.writable to it. Nothing was touched.",
        )
    policy = declared.writable if declared else None
    return Wanted(schema, name, policy or WritableView())


class _View:
    """One view's way through ask, decide and act."""

    def __init__(self, session: Session, settings: ViewTriggersSettings, wanted: Wanted) -> None:
        self._session = session
        self._settings = settings
        self._wanted = wanted
        self._label = f"{quote_ident(wanted.schema)}.{quote_ident(wanted.name)}"
        self._crosschecked = False

    def decide(self) -> tuple[Plan, ViewReading, Policy | None]:
        """Read and decide, without touching anything."""
        names = function_names(self._wanted.name).values()
        return self._decide(read_view(self._session, self._wanted.schema, self._wanted.name, names))

    def converge(self, check_mode: bool) -> ViewOutcome:
        """Decide, and where something is to be done and may be done, do it."""
        plan, reading, policy = self.decide()
        if not plan or check_mode:
            status = "not_run" if plan else "unchanged"
            return self._outcome(plan, reading, policy, ProbeResult(status))
        if reading.in_recovery:
            raise RefusedError(
                f"Database {reading.database} is on a standby, which takes no writes: run this on its primary. "
                "Nothing was touched.",
                database=reading.database,
            )
        with exclusive(self._session, reading.database_oid, GROUP, self._settings.lock_budget):
            plan, reading, policy = self.decide()
            if not plan:
                return self._outcome(plan, reading, policy, ProbeResult("unchanged"))
            (plan, outcome), climbed = climb(
                self._session, plan.relations, plan.lock_mode, self._act, self._settings.lock_budget
            )
        return self._outcome(plan, self.decide()[1], policy, outcome, climbed)

    def _decide(self, reading: ViewReading) -> tuple[Plan, ViewReading, Policy | None]:
        if self._settings.state == "absent":
            return plan_absent(reading, self._label), reading, None
        shape = derive_shape(reading)
        policy = decide_policy(reading, shape, self._wanted.policy)
        self._crosscheck(shape)
        return plan_present(reading, policy, self._settings.adopt), reading, policy

    def _crosscheck(self, shape: Shape) -> None:
        """The server's own answer about the columns' origin must agree with what was read from the stored query."""
        if self._crosschecked:
            return
        told = [(table, number) for _, table, number in told_columns(self._session, shape.view.oid)]
        derived = origins(shape)
        if told != derived:
            raise RefusedError(
                f"The columns of the view {self._label} come from other tables than its stored query says: it "
                "cannot be made "
                "writable. Nothing was touched.",
                told=told,
                derived=derived,
            )
        self._crosschecked = True

    def _act(self) -> tuple[Plan, ProbeResult]:
        """One try, in the ladder's transaction: decide on what stands now, do it, look again, prove it."""
        plan, reading, policy = self._look()
        if not plan:
            return plan, ProbeResult("unchanged")
        self._execute(plan)
        # Default privileges may have given the new functions away; the second look takes that back.
        again, reading, policy = self._look()
        if again:
            self._execute(again)
            if self._look()[0]:
                raise PgOpsError(
                    f"The triggers of the view {self._label} in database {reading.database} did not come out as "
                    "planned: "
                    f"{'; '.join(again.reasons)}. Nothing was changed.",
                    database=reading.database,
                )
        if policy is None:
            return plan, ProbeResult("not_run")
        if not self._settings.probe:
            return plan, ProbeResult("not_run", "probe: false")
        return plan, probe(self._session, policy, reading.user_is_superuser, self._settings.probe_timeout)

    def _look(self) -> tuple[Plan, ViewReading, Policy | None]:
        names = function_names(self._wanted.name).values()
        return self._decide(look_at_view(self._session, self._wanted.schema, self._wanted.name, names))

    def _execute(self, plan: Plan) -> None:
        if plan.role is not None:
            self._session.execute(f"SET LOCAL ROLE {quote_ident(plan.role)}")
        for statement in plan.statements:
            self._session.execute(statement)

    def _outcome(
        self, plan: Plan, reading: ViewReading, policy: Policy | None, result: ProbeResult, climbed: Climb | None = None
    ) -> ViewOutcome:
        outcome = ViewOutcome(
            view=self._label,
            changed=bool(plan),
            queries=list(plan.statements),
            reasons=list(plan.reasons),
            triggers=[
                {"name": t.name, "events": list(t.events), "function": f"{t.function.schema}.{t.function.name}"}
                for t in sort_found(reading).ours.values()
            ],
            probe=result.as_dict(),
            diff={"before": plan.before, "after": plan.after},
        )
        if policy is not None:
            outcome.column_map, outcome.tables = describe(policy)
        if climbed is not None:
            outcome.lock_tries = climbed.tries
            outcome.blockers = [str(blocker["pid"] or blocker["prepared_transaction"]) for blocker in climbed.blockers]
        return outcome


def origins(shape: Shape) -> list[tuple[int, int]]:
    """Table OID and attribute number behind each view column as libpq tells them; zeros for a relabelled column."""
    return [
        (0, 0) if place.relabelled else (shape.part(place.part).table.oid, place.column.number)
        for place in shape.places
    ]


def result_of(outcomes: list[ViewOutcome]) -> tuple[dict[str, Any], list[str]]:
    """The result document of a run and its warnings: every outcome, and for a single view its keys at the top too."""
    views = [asdict(outcome) for outcome in outcomes]
    result: dict[str, Any] = dict(views[0]) if len(views) == 1 else {}
    result.update(
        changed=any(outcome.changed for outcome in outcomes),
        queries=[query for outcome in outcomes for query in outcome.queries],
        diff={
            side: "\n".join(outcome.diff[side] for outcome in outcomes if outcome.diff[side])
            for side in ("before", "after")
        },
        views=views,
    )
    warnings = [
        f"The triggers of {outcome.view} were installed without a full trial: {outcome.probe['reason']}"
        for outcome in outcomes
        if outcome.probe.get("status") in ("not_possible", "partial")
    ]
    return result, warnings


def describe(policy: Policy) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The derived map of columns and tables, as plain values."""
    shape = policy.shape
    columns = {
        column.place.view_column.name: {
            "table": shape.part(column.place.part).sql_name,
            "alias": shape.part(column.place.part).alias,
            "column": column.place.column.name,
            "insert": column.insert_refusal or "written",
            "update": column.update_refusal or "written",
        }
        for column in policy.columns
    }
    tables = [
        {
            "table": part.sql_name,
            "alias": part.alias,
            "key_preserved": part.preserved,
            "root": part.index == policy.root.index,
            "deleted": part in policy.deletes,
        }
        for part in shape.parts
    ]
    return columns, tables
