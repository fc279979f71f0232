# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Makes views writable: ask, decide, act. The one entry for the module and for the host command."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from ..database.session import DatabaseError, LostCommitError, Session
from ..model.catalog.view import ViewReading
from ..model.contract.declared import Contract, WritableView
from ..model.contract.parse import parse_contract, parse_writable
from ..model.errors import PgOpsError, RefusedError
from ..model.identifiers import parse_qualified, quote_ident
from ..model.plan import Plan
from ..model.settings.view_triggers import ViewTriggersSettings
from ..observe.catalog.view import NoSuchViewError, look_at_view, read_functions, read_server, told_columns
from ..safe_ddl.exclusion import exclusive
from ..safe_ddl.ladder import Climb, climb, patiently
from .decide import decide_policy
from .drift import plan_absent, plan_leftovers, plan_present, sort_found
from .generate import function_names
from .policy import Policy
from .probe import ProbeResult, probe
from .shape import Shape, derive_shape

#: The action group under which runs of this verb exclude one another.
GROUP = "ddl"
#: The way on, for what PostgreSQL refuses most often.
_ADVICE = {
    "42501": "Connect as the view's owner, as a member of that role that may SET ROLE to it, or as a superuser. ",
    "25006": "Connect with a role and to a server that may write. ",
    "57014": "Run it again when the server is less busy. ",
    "25P03": "The server ends idle sessions: raise idle_in_transaction_session_timeout for this role. ",
}


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
    notes: list[str] = field(default_factory=list)
    column_map: dict[str, Any] = field(default_factory=dict)
    tables: list[dict[str, Any]] = field(default_factory=list)
    triggers: list[dict[str, Any]] = field(default_factory=list)
    probe: dict[str, Any] = field(default_factory=dict)
    diff: dict[str, str] = field(default_factory=dict)
    lock_tries: int = 0
    blockers: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Decision:
    """What is to be done for a view, and from what that was decided; no reading where the view is gone."""

    plan: Plan
    reading: ViewReading | None
    policy: Policy | None


@dataclass(frozen=True)
class Done:
    """What was done for a view, what stands there now, and how the trial went."""

    plan: Plan
    now: Decision
    probe: ProbeResult


def converge(
    session: Session, settings: ViewTriggersSettings, contract: Contract | None = None, check_mode: bool = False
) -> list[ViewOutcome]:
    """Bring every asked view to its state, all of them or none; with `check_mode` only tell what would be done.

    :param contract: the parsed contract; when None, `settings.contract` is parsed.
    :raises ContractError: when the contract is wrong.
    :raises RefusedError: when nothing can be derived or something forbids to go on; nothing was touched.
    :raises LockedError: when others hold the locks for longer than the budget.
    :raises ProbeError: when the new triggers failed their trial; the old state was kept.
    :raises PgOpsError: when PostgreSQL refuses a statement; says whether anything was changed.
    """
    wanted = wanted_views(session, settings, contract)
    views = [_View(session, settings, view) for view in wanted]
    try:
        return _converge(session, settings, views, check_mode)
    except LostCommitError as error:
        raise PgOpsError(
            f"The connection to database {session.database} ended while the change was committed ({error}): it is not "
            "known whether it was kept. Run this again; it finds out.",
            **error.facts,
        ) from error
    except DatabaseError as error:
        names = ", ".join(view.label for view in views)
        raise PgOpsError(
            f"PostgreSQL refused the work on {names} in database {session.database}: {error}. "
            f"{_ADVICE.get(error.sqlstate, '')}Nothing was changed.",
            **error.facts,
        ) from error


def _converge(
    session: Session, settings: ViewTriggersSettings, views: list[_View], check_mode: bool
) -> list[ViewOutcome]:
    decisions = patiently(session, lambda: [view.decide() for view in views], settings.lock_budget)
    if check_mode or not any(decision.plan for decision in decisions):
        return [view.outcome(_untouched(decision)) for view, decision in zip(views, decisions)]
    server = read_server(session)
    if server["in_recovery"]:
        raise RefusedError(
            f"Database {session.database} is on a standby, which takes no writes: run this on its primary. "
            "Nothing was touched.",
            database=session.database,
        )
    with exclusive(session, server["database_oid"], GROUP, settings.lock_budget) as still_held:
        decisions = patiently(session, lambda: [view.decide() for view in views], settings.lock_budget)
        relations = tuple(oid for decision in decisions for oid in decision.plan.relations)
        modes = {decision.plan.lock_mode for decision in decisions if decision.plan.relations}
        mode = "AccessExclusiveLock" if "AccessExclusiveLock" in modes else "ShareRowExclusiveLock"

        def work() -> list[Done]:
            done = [view.act() for view in views]
            still_held()
            return done

        if not any(decision.plan for decision in decisions):
            return [view.outcome(_untouched(decision)) for view, decision in zip(views, decisions)]
        results, climbed = climb(session, relations, mode, work, settings.lock_budget)
    return [view.outcome(done, climbed) for view, done in zip(views, results)]


def _untouched(decision: Decision) -> Done:
    return Done(decision.plan, decision, ProbeResult("not_run" if decision.plan else "unchanged"))


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
        self._names = tuple(function_names(wanted.name).values())
        self._crosschecked = False
        self.label = f"{quote_ident(wanted.schema)}.{quote_ident(wanted.name)}"

    def decide(self) -> Decision:
        """Read and decide, without touching anything."""
        with self._session.transaction("REPEATABLE READ READ ONLY"):
            return self._look()

    def _look(self) -> Decision:
        """The same within the current transaction."""
        wanted, absent = self._wanted, self._settings.state == "absent"
        try:
            reading = look_at_view(self._session, wanted.schema, wanted.name, self._names)
        except NoSuchViewError:
            if not absent:
                raise
            return Decision(plan_leftovers(read_functions(self._session, wanted.schema, self._names)), None, None)
        if absent:
            return Decision(plan_absent(reading, self.label), reading, None)
        shape = derive_shape(reading)
        policy = decide_policy(reading, shape, wanted.policy)
        self._crosscheck(shape)
        return Decision(plan_present(reading, policy, self._settings.adopt), reading, policy)

    def _crosscheck(self, shape: Shape) -> None:
        """The server's own answer about the columns' origin must agree with what was read from the stored query."""
        if self._crosschecked:
            return
        told = told_columns(self._session, shape.view.oid)
        if told is not None and [(table, number) for dummy, table, number in told] != origins(shape):
            raise RefusedError(
                f"The columns of the view {self.label} come from other tables than its stored query says: it cannot be "
                "made writable. Nothing was touched.",
                told=told,
                derived=origins(shape),
            )
        self._crosschecked = True

    def act(self) -> Done:
        """One try, in the ladder's transaction: decide on what stands now, do it, look again, prove it."""
        before = self._look()
        if not before.plan:
            return _untouched(before)
        self._execute(before.plan)
        after = self._look()
        if after.plan:
            # Default privileges gave the new functions away: that is taken back.
            self._execute(after.plan)
            after = self._look()
        if after.plan:
            raise PgOpsError(
                f"The triggers of the view {self.label} in database {self._session.database} did not come out as "
                f"planned: {'; '.join(after.plan.reasons)}. Nothing was changed.",
                database=self._session.database,
            )
        probed = self._probe(after)
        # The next view of this transaction may belong to another role.
        self._session.execute("RESET ROLE")
        return Done(before.plan, after, probed)

    def _probe(self, stands: Decision) -> ProbeResult:
        if stands.policy is None or stands.reading is None:
            return ProbeResult("not_run")
        if not self._settings.probe:
            return ProbeResult("not_run", "probe: false")
        return probe(self._session, stands.policy, stands.reading.user_is_superuser, self._settings.probe_timeout)

    def _execute(self, plan: Plan) -> None:
        if plan.role is not None:
            self._session.execute(f"SET LOCAL ROLE {quote_ident(plan.role)}")
        for statement in plan.statements:
            self._session.execute(statement)

    def outcome(self, done: Done, climbed: Climb | None = None) -> ViewOutcome:
        """What is told of it."""
        plan, reading, policy = done.plan, done.now.reading, done.now.policy
        outcome = ViewOutcome(
            view=self.label,
            changed=bool(plan),
            queries=list(plan.statements),
            reasons=list(plan.reasons),
            probe=done.probe.as_dict(),
            diff={"before": plan.before, "after": plan.after},
        )
        if reading is not None:
            outcome.triggers = [
                {"name": t.name, "events": list(t.events), "function": f"{t.function.schema}.{t.function.name}"}
                for t in sort_found(reading).ours.values()
            ]
        if policy is not None:
            outcome.column_map, outcome.tables = describe(policy)
            outcome.notes = notes_of(policy)
        if climbed is not None:
            outcome.lock_tries = climbed.tries
            outcome.blockers = [str(blocker["pid"] or blocker["prepared_transaction"]) for blocker in climbed.blockers]
        return outcome


def notes_of(policy: Policy) -> list[str]:
    """What an owner should know though nothing is wrong with it."""
    view = policy.shape.view
    return [
        f"Row security of {part.label} is not applied to those who write through {policy.shape.sql_name}: view and "
        f"triggers work with the rights of {view.owner}."
        for part in policy.shape.parts
        if part.table.row_security and policy.definer
    ]


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
    return result, [*warnings, *(note for outcome in outcomes if outcome.changed for note in outcome.notes)]


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
