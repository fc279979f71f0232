# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tries new triggers on a visible row: UPDATE, DELETE, INSERT and RETURNING, in a savepoint that is always rolled back.

The statements stand in a SECURITY DEFINER function of the view's owner, made for the moment: whatever the tables'
triggers do, they do with the owner's rights, and PostgreSQL forbids them to go back to the session's role.
What a rolled-back transaction leaves: sequences stay advanced; triggers that reach outside the database have done so.
"""

from __future__ import annotations

import json
import secrets
import time
from dataclasses import dataclass, field
from typing import Any

from ..database.session import DatabaseError, Session
from ..model.errors import PgOpsError
from ..model.identifiers import generated_name, quote_ident, quote_literal
from .policy import ColumnPolicy, Policy
from .shape import Shape
from .sql_text import (
    block,
    differs,
    found_by_key,
    indent,
    joined_tables,
    key_values,
    not_null,
    stored_key_columns,
    stored_keys,
    when,
)

#: Seconds beyond the time-out after which the probe's own server process is ended.
GRACE = 5.0
#: How a column's value is changed for the trial, by the first words of its type, the likeliest to be accepted first.
_CHANGES = (
    ("timestamp", "COALESCE({0}, '2000-01-01'::timestamp) + interval '1 day'"),
    ("date", "COALESCE({0}, '2000-01-01'::date) + 1"),
    ("boolean", "NOT COALESCE({0}, false)"),
    ("integer", "COALESCE({0}, 0) + 1"),
    ("bigint", "COALESCE({0}, 0) + 1"),
    ("smallint", "COALESCE({0}, 0) + 1"),
    ("numeric", "COALESCE({0}, 0) + 1"),
    ("double", "COALESCE({0}, 0) + 1"),
    ("real", "COALESCE({0}, 0) + 1"),
    ("text", "COALESCE({0}, '') || '~'"),
    ("character varying", "COALESCE({0}, '') || '~'"),
)


class ProbeError(PgOpsError):
    """The new triggers did not do what they must; the old state was kept."""


@dataclass(frozen=True)
class ProbeResult:
    """`status`: passed | partial | not_possible | unchanged | not_run; `steps` has a word for each statement."""

    status: str
    reason: str = ""
    steps: dict[str, str] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for results."""
        return {"status": self.status, "reason": self.reason, "steps": self.steps}


def probe(session: Session, policy: Policy, gives_away: bool, timeout: float) -> ProbeResult:
    """Try the triggers that stand in the current transaction.

    :param gives_away: the session is a superuser's and must give the probe's function to the view's owner.
    :raises ProbeError: when a statement fails or its outcome is not what it says.
    """
    if policy.probe_refusal:
        return ProbeResult("not_possible", policy.probe_refusal)
    session.execute("SAVEPOINT pgops_probe")
    started = time.monotonic()
    try:
        with session.bounded(timeout + GRACE):
            steps = _run(session, policy, gives_away, timeout)
    except DatabaseError as error:
        late = time.monotonic() - started >= timeout
        if error.lost:
            raise _failed(session, policy, error, "It went on after its time-out and was ended. " * late) from error
        session.execute("ROLLBACK TO SAVEPOINT pgops_probe")
        why = _no_verdict(policy, error, late)
        if why is None:
            raise _failed(session, policy, error) from error
        return ProbeResult("not_possible", f"{why}: {error}")
    session.execute("ROLLBACK TO SAVEPOINT pgops_probe")
    if time.monotonic() - started >= timeout:
        return ProbeResult("not_possible", "it took longer than the probe's time-out")
    return _verdict(steps)


def _run(session: Session, policy: Policy, gives_away: bool, timeout: float) -> dict[str, str]:
    view = policy.shape.view
    name = generated_name("pgops_", view.name, f"_probe_{secrets.token_hex(4)}")
    signature = f"{quote_ident(view.schema)}.{quote_ident(name)}()"
    session.execute(
        f"CREATE FUNCTION {signature} RETURNS text LANGUAGE plpgsql VOLATILE SECURITY DEFINER\n"
        f"SET search_path = pg_catalog, pg_temp\nAS {quote_literal(probe_body(policy))}"
    )
    if gives_away:
        session.execute(f"ALTER FUNCTION {signature} OWNER TO {quote_ident(view.owner)}")
    session.execute(f"SET LOCAL statement_timeout = {max(1, int(timeout * 1000))}")
    return dict(json.loads(session.one(f"SELECT {signature} AS steps")["steps"]))


def _no_verdict(policy: Policy, error: DatabaseError, late: bool) -> str | None:
    """Why an error says nothing about the triggers: no time, no lock, or no right to look; None where it does."""
    if error.sqlstate == "57014" and late:
        return "it took longer than the probe's time-out"
    if error.sqlstate in ("55P03", "40P01"):
        return "others hold locks it needs"
    if error.sqlstate == "42501" and not policy.definer:
        return "the view's owner lacks the rights that callers must have"
    return None


def _failed(session: Session, policy: Policy, error: DatabaseError, more: str = "") -> ProbeError:
    return ProbeError(
        f"The new triggers of the view {policy.shape.sql_name} in database {session.database} failed their probe: "
        f"{error}. {more}The view was left as it was.",
        view=policy.shape.sql_name,
        database=session.database,
        sqlstate=error.sqlstate,
    )


def _verdict(steps: dict[str, str]) -> ProbeResult:
    if "row" in steps:
        return ProbeResult("not_possible", steps["row"])
    untried = [f"{step}: {word}" for step, word in steps.items() if word not in ("passed", "refused by the policy")]
    return ProbeResult("partial" if untried else "passed", "; ".join(untried), steps)


def probe_body(policy: Policy) -> str:
    """PL/pgSQL that tries everything and returns a JSON object of step -> outcome; it raises what must not be."""
    shape = policy.shape
    body = [_choose(policy)]
    body += [_attempt("updated", _update(policy, column, change)) for column, change in _candidates(policy)]
    body.append(_attempt("updated", _update_nothing(policy)))
    body.append(_hold_keys(policy))
    body.append(_delete(policy))
    body.append(_insert(policy))
    body.append(_guarded("constraints", "SET CONSTRAINTS ALL IMMEDIATE;\nconstraints := 'passed';"))
    body.append(
        "RETURN pg_catalog.json_build_object('update', updated, 'delete', deleted, 'insert', inserted, "
        "'constraints', constraints)::text;"
    )
    rows = [f"{name} {shape.sql_name}%ROWTYPE" for name in ("seen", "given_back", "stored")]
    words = [f"{name} text := ''" for name in ("updated", "deleted", "inserted", "constraints")]
    return block([*rows, *words, "held record", "done bigint"], body)


def _choose(policy: Policy) -> str:
    """A visible row that nobody holds, locked before anything else."""
    shape = policy.shape
    shown = ", ".join(
        f"{shape.part(c.place.part).symbol}.{quote_ident(c.place.column.name)}::{c.place.view_column.type}"
        for c in policy.columns
    )
    where = " WHERE " + " AND ".join(shape.joins) if shape.joins else ""
    locked = ", ".join(part.symbol for part in shape.preserved)
    nothing = (
        "RETURN pg_catalog.json_build_object('row', CASE WHEN EXISTS (SELECT FROM "
        f"{shape.sql_name}) THEN 'every row of the view is locked by others' ELSE 'the view shows no row' END)::text;"
    )
    return (
        f"SELECT {shown}\n  INTO seen FROM {joined_tables(policy)}{where}\n  LIMIT 1 FOR UPDATE OF {locked} SKIP "
        "LOCKED;\n" + when("NOT FOUND", nothing)
    )


def _key(shape: Shape, row: str) -> str:
    return " AND ".join(
        f"v.{quote_ident(key.view_column)} {key.equality} {row}.{quote_ident(key.view_column)}" for key in shape.row_key
    )


def _same(what: str) -> str:
    """What RETURNING gave must be what the view shows now."""
    return when(
        "given_back OPERATOR(pg_catalog.*<>) stored",
        f"RAISE EXCEPTION USING MESSAGE = {quote_literal(what + ' RETURNING gave another row than the view shows.')};",
    )


def _counted(what: str) -> str:
    return "GET DIAGNOSTICS done = ROW_COUNT;\n" + when(
        "done <> 1",
        f"RAISE EXCEPTION USING MESSAGE = {quote_literal(what + ' of one visible row counted ')} || done || ' rows.';",
    )


def _read_back(shape: Shape, row: str) -> str:
    return f"SELECT v.* INTO stored FROM {shape.sql_name} AS v WHERE {_key(shape, row)};"


def _guarded(variable: str, statements: str, may_be_held: bool = False) -> str:
    """The data may refuse a trial (a constraint, a range): that is no fault of the triggers.

    `may_be_held`: a table's trigger may hold it back as well, as where deleted rows are kept.
    """
    held = " OR triggered_data_change_violation" if may_be_held else ""
    return "\n".join(
        [
            "BEGIN",
            indent(statements),
            f"EXCEPTION WHEN integrity_constraint_violation OR data_exception{held} THEN",
            f"  {variable} := 'not possible: ' || SQLERRM;",
            "END;",
        ]
    )


def _attempt(variable: str, statements: str) -> str:
    return when(f"{variable} <> 'passed'", _guarded(variable, statements))


def _candidates(policy: Policy) -> list[tuple[ColumnPolicy, str]]:
    """Writable columns with a harmless other value, unique ones last."""
    unique = {(p.index, name) for p in policy.shape.parts for u in p.table.unique_indexes for name in u.columns}
    found = []
    for rank, (type_name, change) in enumerate(_CHANGES):
        for column in policy.columns:
            place = column.place
            if not column.update_refusal and place.view_column.type.startswith(type_name):
                found.append(((place.part, place.column.name) in unique, rank, column, change))
    found.sort(key=lambda entry: entry[:2])
    return [entry[2:] for entry in found[:4]]


def _has_triggers(policy: Policy) -> bool:
    """Whether any table's triggers may change what is written: then another value than the given one is no fault."""
    return any(part.table.user_triggers for part in policy.shape.parts)


def _update(policy: Policy, column: ColumnPolicy, change: str) -> str:
    shape, name = policy.shape, quote_ident(column.place.view_column.name)
    key = " AND ".join(
        f"v.{quote_ident(k.view_column)} {k.equality} given_back.{quote_ident(k.view_column)}" for k in shape.row_key
    )
    lines = [
        f"UPDATE {shape.sql_name} AS v SET {name} = {change.format(f'v.{name}')} WHERE {_key(shape, 'seen')}",
        "  RETURNING v.* INTO given_back;",
        _counted("UPDATE"),
        f"SELECT v.* INTO stored FROM {shape.sql_name} AS v WHERE {key};",
        _same("UPDATE"),
    ]
    if not _has_triggers(policy):
        unwritten = f"UPDATE of {name} was counted and changed nothing."
        lines.append(
            when(
                f"ROW(stored.{name})::record OPERATOR(pg_catalog.*=) ROW(seen.{name})::record",
                f"RAISE EXCEPTION USING MESSAGE = {quote_literal(unwritten)};",
            )
        )
    return "\n".join([*lines, "seen := stored;", "updated := 'passed';"])


def _update_nothing(policy: Policy) -> str:
    """Where no value can be changed for a trial: the same value again must be counted."""
    shape = policy.shape
    name = quote_ident(policy.columns[0].place.view_column.name)
    lines = [
        f"UPDATE {shape.sql_name} AS v SET {name} = v.{name} WHERE {_key(shape, 'seen')} RETURNING v.* INTO "
        "given_back;",
        _counted("UPDATE"),
        _read_back(shape, "seen"),
        _same("UPDATE"),
    ]
    if any(not column.update_refusal for column in policy.columns):
        return "\n".join([*lines, "updated := 'no column could be given another value for the trial';"])
    return "\n".join([*lines, "updated := 'refused by the policy';"])


def _hold_keys(policy: Policy) -> str:
    """Remember the tables' own keys, by which what a DELETE through the view leaves can be removed."""
    conditions = " AND ".join([*policy.shape.joins, *key_values(policy, "seen")])
    return f"SELECT {', '.join(stored_key_columns(policy))} INTO held FROM {joined_tables(policy)} WHERE {conditions};"


def _delete(policy: Policy) -> str:
    shape = policy.shape
    if policy.delete_refusal:
        return "deleted := 'refused by the policy';"
    lines = [
        f"DELETE FROM {shape.sql_name} AS v WHERE {_key(shape, 'seen')} RETURNING v.* INTO given_back;",
        _counted("DELETE"),
        when(
            "given_back OPERATOR(pg_catalog.*<>) seen",
            "RAISE EXCEPTION USING MESSAGE = 'DELETE RETURNING gave another row than it removed.';",
        ),
        when(
            f"EXISTS (SELECT FROM {shape.sql_name} AS v WHERE {_key(shape, 'seen')})",
            "RAISE EXCEPTION USING MESSAGE = 'DELETE was counted and the row is still there.';",
        ),
        "deleted := 'passed';",
    ]
    return _guarded("deleted", "\n".join(lines), may_be_held=True)


def _is_given(policy: Policy, column: ColumnPolicy) -> bool:
    """Whether the trial gives a column: a shared parent's other columns may change by the trial's own DELETE."""
    place = column.place
    keys = policy.lookups.get(place.part)
    return not column.insert_refusal and (keys is None or any(place.column.name in unique.columns for unique in keys))


def _insert(policy: Policy) -> str:
    """The deleted row's values once more, as far as an INSERT may give them."""
    shape = policy.shape
    if policy.insert_refusal:
        return "inserted := 'refused by the policy';"
    columns = [c for c in policy.columns if c.place.column.identity != "a" and _is_given(policy, c)]
    names = ", ".join(quote_ident(c.place.view_column.name) for c in columns)
    values = ", ".join(f"seen.{quote_ident(c.place.view_column.name)}" for c in columns)
    # What the policy's DELETE leaves would be an existing key: the trial is of a new row.
    left = [part for part in reversed(shape.preserved) if part not in policy.deletes]
    lines = [
        f"DELETE FROM {part.sql_name} AS t WHERE {found_by_key(part, stored_keys(part, 'held'))};" for part in left
    ]
    lines += [
        f"INSERT INTO {shape.sql_name} ({names}) VALUES ({values}) RETURNING * INTO given_back;",
        _counted("INSERT"),
        _read_back(shape, "given_back"),
        _same("INSERT"),
    ]
    for column in columns:
        name = quote_ident(column.place.view_column.name)
        if not _has_triggers(policy):
            message = f"INSERT gave {name} another value than was asked for."
            condition = f"{not_null(f'seen.{name}')} AND {differs(f'stored.{name}', f'seen.{name}')}"
            lines.append(when(condition, f"RAISE EXCEPTION USING MESSAGE = {quote_literal(message)};"))
    forbidden = [part.label for part in left if "DELETE" in part.table.missing_rights]
    if forbidden:
        return f"inserted := {quote_literal('not possible: the owner may not delete from ' + ', '.join(forbidden))};"
    tried = _guarded("inserted", "\n".join([*lines, "inserted := 'passed';"]))
    otherwise = "  inserted := 'not possible: no row could be deleted for it';"
    return "\n".join(
        ["IF deleted IN ('passed', 'refused by the policy') THEN", indent(tried), "ELSE", otherwise, "END IF;"]
    )
