# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Checks of views: whether they take the writes they are there for, and what they let be read."""

from __future__ import annotations

from collections.abc import Iterator

from ..model.acl import parse_acl
from ..model.catalog.relations import Relation
from ..model.catalog.snapshot import Catalog
from ..model.finding import Fix, Found, Limit, Step, Value
from .check import Group
from .parts.access import role_name
from .parts.fixes import name_of, statement
from .parts.telling import listed, table_comment
from .parts.view_access import (
    VERBS,
    below,
    conditional_rules,
    granted,
    is_invoker,
    reached,
    readers,
    skips_row_security,
    taken,
)
from .seen import Seen

GROUP = Group("views", "Views: whether they take the writes they are there for, and what they let be read.")

_SECURITY_INVOKER_SINCE = 15
_MAKE_WRITABLE = (
    "No statement makes such a view writable by itself: the module pg_view_triggers derives INSTEAD OF triggers from "
    "the view's query and the contract's `writable`. Where nobody is meant to write, REVOKE the privilege."
)


def _wanted(seen: Seen, view: Relation) -> dict[str, set[str]]:
    """The verbs that are wanted of a view, each with who may use it; nobody is named for the contract's."""
    wanted: dict[str, set[str]] = {}
    if _declared(seen, view):
        wanted = {verb: set() for verb in VERBS}
    for entry in granted(seen.catalog, view):
        for verb in entry.privileges & set(VERBS):
            wanted.setdefault(verb, set()).add(entry.grantee)
    return wanted


def _declared(seen: Seen, view: Relation) -> bool:
    declared = None if seen.contract is None else seen.contract.view((view.schema, view.name))
    return declared is not None and declared.writable is not None


def _given_by_default(catalog: Catalog, view: Relation, wanted: dict[str, set[str]]) -> bool:
    """Whether every one of these privileges is what the owner's default privileges give on any new relation."""
    given = {
        (entry.grantee, verb)
        for one in catalog.default_privileges
        if one.role == view.owner and one.schema in ("", view.schema) and one.kind == "r"
        for entry in parse_acl(one.acl)
        for verb in entry.privileges
    }
    return all((role, verb) in given for verb, roles in wanted.items() for role in roles)


def _who(seen: Seen, view: Relation, verbs: tuple[str, ...], wanted: dict[str, set[str]]) -> str:
    if _declared(seen, view):
        return "the contract declares it writable"
    roles = sorted({role for verb in verbs for role in wanted[verb]})
    may = "was" if len(roles) == 1 else "were"
    return f"{listed([role_name(role) for role in roles])} {may} granted {_any(verbs)}"


def _any(verbs: tuple[str, ...]) -> str:
    return " or ".join([", ".join(verbs[:-1]), verbs[-1]] if len(verbs) > 1 else verbs)


def _evidence(verbs: tuple[str, ...], takes: tuple[str, ...], wanted: dict[str, set[str]]) -> dict[str, Value]:
    roles = {verb: [role_name(role) for role in sorted(wanted[verb])] for verb in verbs}
    return {"refused": list(verbs), "taken": list(takes), "granted_to": roles}


def _unwritable(seen: Seen) -> Iterator[tuple[Relation, tuple[str, ...], tuple[str, ...], dict[str, set[str]]]]:
    """Views that do not take all they should: with what is refused, what is taken, and what is wanted by whom."""
    conditional = conditional_rules(seen.catalog)
    for view in seen.catalog.views:
        wanted = _wanted(seen, view)
        takes = taken(seen.catalog, view, conditional) if wanted else ()
        refused = tuple(verb for verb in VERBS if verb in wanted and verb not in takes)
        if refused:
            yield view, refused, takes, wanted


@GROUP.check(
    "view-not-writable",
    severity="error",
    title="A view that takes none of the writes it should take",
    why="Whoever writes to it gets an error, or loses the write where errors are caught. A view over a join takes no "
    "INSERT, UPDATE or DELETE by itself.",
    how="Writes are expected where the contract declares the view writable, and where a role other than the owner was "
    "granted INSERT, UPDATE or DELETE on it or on columns of it. Whether it takes them is PostgreSQL's own answer "
    "(pg_relation_is_updatable), with INSTEAD OF triggers and rules.",
    avoids="Without a contract, a view whose query groups, aggregates, unites or limits rows is told as info: nobody "
    "can write to it, and the grant is what is wrong. Grants that the owner's default privileges give on any new "
    "relation are told as warning. Views of extensions are left out.",
    fix="The module pg_view_triggers makes the view writable. From a view that nobody can write to, the privileges can "
    "be revoked.",
)
def view_not_writable(seen: Seen) -> Iterator[Found]:
    """Views that take no write at all, though they should."""
    catalog = seen.catalog
    for view, refused, takes, wanted in _unwritable(seen):
        if any(verb in wanted for verb in takes):
            continue
        severity, fix, no_fix = "error", None, _MAKE_WRITABLE
        if not _declared(seen, view):
            if view.oid in catalog.summary_views:
                severity, fix = "info", _revoke(catalog, view, wanted)
                no_fix = "The grants come from several grantors or hold for single columns; revoke them by hand."
            elif _given_by_default(catalog, view, wanted):
                severity = "warning"
        yield Found(
            object=(view.schema, view.name),
            object_type="view",
            message=f"The view {view.name} takes no {_any(refused)}, though {_who(seen, view, refused, wanted)}.",
            evidence=_evidence(refused, takes, wanted),
            severity=severity,
            fix=fix,
            no_fix="" if fix else no_fix,
            comment=table_comment(view),
        )


def _revoke(catalog: Catalog, view: Relation, wanted: dict[str, set[str]]) -> Fix | None:
    """Take the privileges of writing from those who hold them; None where the owner did not simply give them."""
    if any(column.acl is not None for column in catalog.columns.get(view.oid, ())):
        return None
    entries = list(granted(catalog, view))
    if any(entry.grantor != view.owner or entry.grantable for entry in entries):
        return None
    name = name_of(view)
    steps = []
    for role in sorted({role for roles in wanted.values() for role in roles}):
        verbs = ", ".join(verb for verb in VERBS if role in wanted.get(verb, ()))
        steps.append(f"REVOKE {verbs} ON {name} FROM {role_name(role)}")
    # An access list keeps the order in which it was granted: the whole of it is given anew.
    undo = [f"REVOKE ALL ON {name} FROM {', '.join(role_name(entry.grantee) for entry in entries)}"]
    for entry in entries:
        undo.append(f"GRANT {', '.join(sorted(entry.privileges))} ON {name} TO {role_name(entry.grantee)}")
    return Fix((Step(tuple(steps)),), (Step(tuple(undo)),))


@GROUP.check(
    "view-partial-triggers",
    severity="warning",
    title="A view that takes some of the writes it should take, and refuses others",
    why="A program that may INSERT expects UPDATE and DELETE to work where it was granted them; the missing verb fails "
    "in operation only, often long after the others were tried.",
    how="As for view-not-writable, where at least one of the wanted verbs is taken. An error where the contract "
    "declares the view writable, which means all three.",
    avoids="Verbs that nobody was granted are not missed. Grants that the owner's default privileges give on any new "
    "relation are told as info.",
    fix="The module pg_view_triggers makes the triggers that are missing; or REVOKE the privilege.",
)
def view_partial_triggers(seen: Seen) -> Iterator[Found]:
    """Views that take a part of the verbs that they should."""
    for view, refused, takes, wanted in _unwritable(seen):
        done = tuple(verb for verb in takes if verb in wanted)
        if not done:
            continue
        severity = "error" if _declared(seen, view) else "warning"
        if severity == "warning" and _given_by_default(seen.catalog, view, wanted):
            severity = "info"
        yield Found(
            object=(view.schema, view.name),
            object_type="view",
            message=f"The view {view.name} takes {listed(done)} but no {_any(refused)}, though "
            f"{_who(seen, view, refused, wanted)}.",
            evidence=_evidence(refused, takes, wanted),
            severity=severity,
            no_fix=_MAKE_WRITABLE,
            comment=table_comment(view),
        )


@GROUP.check(
    "view-security-definer",
    severity="warning",
    title="A view past which a table's row security does not reach",
    why="A view reads its tables in the name of its owner. Where row security does not hold for the owner, every "
    "reader of the view sees the rows that the policies would keep from them.",
    how="The view was granted to a role, or to PUBLIC, for whom the table's row security holds; the view is not "
    "`security_invoker`; and for the owner in whose name the table is read, row security does not hold: a superuser, a "
    "role with BYPASSRLS, or the table's owner without FORCE ROW LEVEL SECURITY. Views below are followed.",
    avoids="Views over tables without row security are not named, nor those that nobody else may read, nor those "
    "whose owner is subject to the policies. A view may be meant to show what it shows: then suppress the finding with "
    "that reason.",
    fix="Set security_invoker (PostgreSQL 15 and newer) where all readers may read the tables themselves.",
)
def view_security_definer(seen: Seen) -> Iterator[Found]:
    """Views that let rows be read which row security would hide."""
    catalog = seen.catalog
    for view in catalog.views:
        who = readers(catalog, view)
        if not who or is_invoker(view):
            continue
        for table, user, through in reached(catalog, view):
            if not table.row_security or not skips_row_security(catalog, user, table):
                continue
            held = [role for role in who if not skips_row_security(catalog, role, table)]
            if held:
                fix = _invoke(catalog, view, who) if through == view else None
                yield Found(
                    object=(view.schema, view.name),
                    object_type="view",
                    message=f"The view {view.name} reads {table.name} as {role_name(user)}, for whom its row security "
                    f"does not hold, and {listed([role_name(role) for role in held])} may read the view.",
                    evidence={
                        "table": name_of(table),
                        "through": name_of(through),
                        "reads_as": user,
                        "readers": [role_name(role) for role in held],
                    },
                    confidence="likely",
                    fix=fix,
                    no_fix="" if fix else _why_not_invoker(catalog, view, through),
                    detail=name_of(table),
                    comment=table_comment(view),
                )


def _why_not_invoker(catalog: Catalog, view: Relation, through: Relation) -> str:
    if catalog.server.major < _SECURITY_INVOKER_SINCE:
        return (
            "Before PostgreSQL 15 a view always reads in its owner's name: give it to an owner for whom the policies "
            "hold, or repeat the policies' conditions in its query."
        )
    if through != view:
        return f"The table is read through {name_of(through)}; decide there, and for every view in between."
    return (
        "With security_invoker, readers would need privileges on the tables that they lack today; a person must "
        "decide which."
    )


def _invoke(catalog: Catalog, view: Relation, who: tuple[str, ...]) -> Fix | None:
    """Let the view read in the name of who asks, where nobody loses it by that."""
    if catalog.server.major < _SECURITY_INVOKER_SINCE:
        return None
    for relation in below(catalog, view):
        if not all(catalog.rights.may(role, "SELECT", relation.acl, "table", relation.owner) for role in who):
            return None
    names = [option.partition("=")[0] for option in view.options]
    back = "RESET (security_invoker)"
    if "security_invoker" in names:
        # SET puts an option behind the others: those that stood behind it are set anew too.
        back = f"SET ({', '.join(view.options[names.index('security_invoker') :])})"
    return Fix(
        (statement(f"ALTER VIEW {name_of(view)} SET (security_invoker = true)", view),),
        (statement(f"ALTER VIEW {name_of(view)} {back}", view),),
    )


@GROUP.check(
    "view-wider-than-table",
    severity="info",
    level="opt_in",
    title="A view that shows what its readers may not read in the table",
    why="To show a part of a table is what views are for, yet each of them is a way around the table's privileges: "
    "whoever reviews who may read what has to know them.",
    how="A role, or PUBLIC, was granted SELECT on a view that is not `security_invoker`, and may read neither a table "
    "of its query nor all the columns of it that the query uses.",
    avoids="Privileges by membership, ownership and PUBLIC count. Materialized views and views below are named as they "
    "stand in the query, not followed.",
    fix="Nothing needs to be done where the view is meant to show it.",
)
def view_wider_than_table(seen: Seen) -> Iterator[Found]:
    """Views whose readers may not read the tables."""
    catalog = seen.catalog
    for view in catalog.views:
        who = readers(catalog, view)
        if not who or is_invoker(view):
            continue
        hidden = {
            name_of(relation): [role_name(role) for role in who if not _may_read(catalog, role, view, relation)]
            for relation in below(catalog, view)
        }
        hidden = {name: roles for name, roles in hidden.items() if roles}
        if hidden:
            roles = sorted({role for names in hidden.values() for role in names})
            yield Found(
                object=(view.schema, view.name),
                object_type="view",
                message=f"Through the view {view.name}, {listed(roles)} can read from {listed(sorted(hidden))} what "
                "they may not read there.",
                evidence={"hidden_from": hidden},
                no_fix="Whether the view is meant to show it is for a person to say.",
                comment=table_comment(view),
            )


def _may_read(catalog: Catalog, role: str, view: Relation, relation: Relation) -> bool:
    if catalog.rights.may(role, "SELECT", relation.acl, "table", relation.owner):
        return True
    used = {column for oid, column in catalog.view_columns[view.oid] if oid == relation.oid}
    columns = [catalog.column(relation.oid, number) for number in used]
    return all(
        column is not None and column.acl is not None and "SELECT" in catalog.rights.held(role, parse_acl(column.acl))
        for column in columns
    )


@GROUP.check(
    "view-depth",
    severity="info",
    level="extended",
    title="Views that stand on views that stand on views",
    why="Each level hides from the reader what a query costs, joins may be done twice, and a column of a lower view "
    "cannot be altered without making all views above it anew.",
    how="The number of views one below the other in the longest chain beneath a view; materialized views end a chain.",
    avoids="Only the uppermost view of a chain is named.",
    fix="Write the query of the uppermost view against the tables.",
    limits=(Limit("levels", 3, "levels", "More levels than this are told. Three are usual: access, meaning, report."),),
)
def view_depth(seen: Seen, levels: float) -> Iterator[Found]:
    """Views with too many levels beneath them."""
    catalog = seen.catalog
    depths = _depths(catalog)
    lower = {one.oid for view in catalog.views for one in below(catalog, view) if one.kind == "v"}
    for view in catalog.views:
        depth = depths[view.oid]
        if depth > levels and view.oid not in lower:
            yield Found(
                object=(view.schema, view.name),
                object_type="view",
                message=f"The view {view.name} is {depth} levels of views high; {levels:g} are allowed.",
                evidence={"levels": depth},
                no_fix="Which views to write anew is for a person to decide.",
                comment=table_comment(view),
            )


def _depths(catalog: Catalog) -> dict[int, int]:
    """View (OID) to the number of views one below the other in the longest chain that begins with it.

    CREATE OR REPLACE VIEW makes views that stand on themselves: such a chain ends where it comes back.
    """
    lower = {view.oid: [one.oid for one in below(catalog, view) if one.kind == "v"] for view in catalog.views}
    depths: dict[int, int] = {}
    waiting = list(lower)
    begun: set[int] = set()
    while waiting:
        oid = waiting[-1]
        begun.add(oid)
        open_ones = [one for one in lower.get(oid, ()) if one not in depths and one not in begun]
        if open_ones:
            waiting += open_ones
            continue
        waiting.pop()
        depths[oid] = 1 + max((depths.get(one, 0) for one in lower.get(oid, ())), default=0)
    return depths
