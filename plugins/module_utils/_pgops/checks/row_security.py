# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Checks of row security: policies that do not hold, hold nothing back, or cost too much."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..model.acl import PUBLIC
from ..model.catalog.relations import Policy, Relation
from ..model.catalog.snapshot import Catalog
from ..model.finding import Fix, Found, Limit
from .check import Group
from .parts.access import columns_granted, few, granted, listed, revoke, role_name
from .parts.fixes import name_of, statement
from .seen import Seen

GROUP = Group("row-security", "Row security: whether policies hold, and what they cost.")

_COMMANDS = {"*": "ALL", "r": "SELECT", "a": "INSERT", "w": "UPDATE", "d": "DELETE"}
_DOES = {"*": "change", "a": "insert", "w": "update", "d": "delete"}
_ROWS = frozenset({"SELECT", "INSERT", "UPDATE", "DELETE"})
# Functions whose value stays the same for the whole query, yet are called for each row.
_STABLE_CALL = re.compile(r"(?<![\w.\"])(?:auth\.\w+|current_setting)\(")
_LITERAL = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"")
_USER_CLAIM = re.compile(r"'(?:raw_)?user_meta_?data'")
_CLAIMS = re.compile(r"\bauth\.jwt\(|request\.jwt")


@GROUP.check(
    "rls-policies-but-off",
    severity="error",
    title="A table with policies, and row security off",
    why="The policies do nothing: whoever may read the table reads all its rows.",
    how="A table has at least one policy, and row security is not enabled on it.",
    avoids="Tables of extensions are left out. A policy on a partition is judged with that partition.",
    fix="ALTER TABLE .. ENABLE ROW LEVEL SECURITY, after trying what each role then sees.",
)
def rls_policies_but_off(seen: Seen) -> Iterator[Found]:
    """Tables whose policies are not in force."""
    for table in seen.catalog.tables:
        policies = seen.catalog.policies.get(table.oid, ())
        if policies and not table.row_security:
            yield Found(
                object=(table.schema, table.name),
                object_type="table",
                message=f"Row security of {table.schema}.{table.name} is off: of its policies none is in force "
                f"({few(policy.name for policy in policies)}).",
                evidence={"policies": [policy.name for policy in policies]},
                fix=_switch(table, "ENABLE", "DISABLE"),
                comment=(("pg_class", table.oid, 0),),
            )


@GROUP.check(
    "rls-always-true",
    severity="warning",
    title="A policy for everybody that lets every row be written",
    why="Row security is on, and yet each role that holds the privilege may write any row.",
    how="A permissive policy for INSERT, UPDATE, DELETE or ALL, to PUBLIC, whose condition is the constant true.",
    avoids="Policies for SELECT may be open on purpose. A policy to named roles lets these in and no others. Where a "
    "restrictive policy for the same command stands beside it, that one decides.",
    fix="Say in the policy's condition whose rows may be written.",
)
def rls_always_true(seen: Seen) -> Iterator[Found]:
    """Policies that hold nobody back."""
    for table, policy in _in_force(seen.catalog):
        if not policy.permissive or policy.command == "r" or PUBLIC not in policy.roles:
            continue
        conditions = [one for one in (policy.using, policy.with_check) if one is not None]
        if not conditions or any(one not in ("true", "(true)") for one in conditions):
            continue
        if any(not other.permissive and _overlap(policy, other) for other in seen.catalog.policies[table.oid]):
            continue
        yield _about(
            table,
            policy,
            f"The policy {policy.name} lets everybody {_DOES[policy.command]} any row of {table.schema}.{table.name}.",
        )


@GROUP.check(
    "rls-partition-open",
    severity="error",
    title="Rows that policies guard, but not in the partition that holds them",
    why="A query that names the partition is not held to the policies of its parent: only those of the table that is "
    "named count.",
    how="Row security is on for a partitioned or inherited table, not for a partition or child of it, and PUBLIC, or a "
    "role that holds privileges on the former's rows, holds some on those of the latter.",
    avoids="Partitions that nobody was granted anything on are reached through their parent only. A role that was "
    "granted nothing on the parent, such as one that loads data, is meant to use the partition.",
    fix="REVOKE on the partition: privileges on the parent suffice for queries through it.",
)
def rls_partition_open(seen: Seen) -> Iterator[Found]:
    """Children of tables with row security that are open themselves."""
    catalog = seen.catalog
    for table in catalog.tables:
        above = _guarded_above(catalog, table)
        if above is None or table.row_security:
            continue
        held = _holders(catalog, above) | {PUBLIC}
        holders = sorted(_holders(catalog, table) & held)
        if not holders:
            continue
        yield Found(
            object=(table.schema, table.name),
            object_type="table",
            message=f"{few(map(role_name, holders))} may use {table.schema}.{table.name} past the policies of "
            f"{above.schema}.{above.name}.",
            evidence={"parent": [above.schema, above.name], "roles": [name or "PUBLIC" for name in holders]},
            fix=_close(catalog, table),
            comment=(("pg_class", table.oid, 0), ("pg_class", above.oid, 0)),
        )


@GROUP.check(
    "rls-user-claims",
    severity="error",
    title="A policy that believes what users may write themselves",
    why="user_metadata of a token (JWT) can be changed by the user it speaks of: who sets a role there has it.",
    how="A policy reads auth.jwt() or request.jwt settings, and in it user_metadata or raw_user_meta_data.",
    avoids="Columns of that name do not count: the word must stand as a key of the token.",
    fix="Use app_metadata, which users cannot write, or a table of the database.",
)
def rls_user_claims(seen: Seen) -> Iterator[Found]:
    """Policies that read what a user can edit."""
    for table, policy in _in_force(seen.catalog):
        for text in (policy.using, policy.with_check):
            if text is not None and _CLAIMS.search(text) and _USER_CLAIM.search(text):
                yield _about(
                    table, policy, f"The policy {policy.name} decides by user_metadata, which users write themselves."
                )
                break


@GROUP.check(
    "rls-no-policy",
    severity="info",
    level="extended",
    title="Row security without a policy",
    why="Nobody but the owner and roles that bypass row security sees a row; no error tells why.",
    how="Row security is on for a table that has no policy, and others than its owner hold privileges on its rows.",
    avoids="A table that nobody else was granted anything on is simply shut, and not told.",
    fix="CREATE POLICY, or REVOKE the privileges if the table is meant to be shut.",
)
def rls_no_policy(seen: Seen) -> Iterator[Found]:
    """Guarded tables that show nothing."""
    catalog = seen.catalog
    for table in catalog.tables:
        if not table.row_security or catalog.policies.get(table.oid):
            continue
        holders = sorted(_holders(catalog, table))
        if holders:
            yield Found(
                object=(table.schema, table.name),
                object_type="table",
                message=f"{few(map(role_name, holders))} may query {table.schema}.{table.name}, and see no row of it.",
                evidence={"roles": [name or "PUBLIC" for name in holders]},
                no_fix="Who shall see which rows is for a person to say.",
                comment=(("pg_class", table.oid, 0),),
            )


@GROUP.check(
    "rls-not-forced",
    severity="warning",
    level="extended",
    title="Policies that do not hold for the owner, who logs in",
    why="Row security passes over the table's owner unless it is forced: a program that logs in as the owner sees all.",
    how="Row security is on and not forced, the table has policies, and its owner, no superuser, may log in or is a "
    "role whose privileges a login inherits.",
    avoids="Where the owner logs in only to change the schema, that is as it should be: suppress the finding.",
    fix="ALTER TABLE .. FORCE ROW LEVEL SECURITY, or let programs use another role.",
)
def rls_not_forced(seen: Seen) -> Iterator[Found]:
    """Guarded tables whose owner is not held back."""
    catalog = seen.catalog
    for table in catalog.tables:
        if not table.row_security or table.force_row_security or not catalog.policies.get(table.oid):
            continue
        logins = catalog.rights.logins_by_role.get(table.owner, ())
        if logins and not catalog.rights.is_superuser(table.owner):
            yield Found(
                object=(table.schema, table.name),
                object_type="table",
                message=f"The policies of {table.schema}.{table.name} do not hold for its owner {table.owner}, as whom "
                f"{few(logins)} may act.",
                evidence={"owner": table.owner, "logins": list(logins)},
                fix=_switch(table, "FORCE", "NO FORCE"),
                comment=(("pg_class", table.oid, 0),),
            )


@GROUP.check(
    "rls-multiple-permissive",
    severity="warning",
    level="extended",
    title="Several permissive policies for the same role and command",
    why="All of them are evaluated for each row and joined by OR: it costs time, and the loosest of them decides.",
    how="Two permissive policies of a table hold for the same command, one of both perhaps for ALL, and for the same "
    "role; PUBLIC is every role.",
    avoids="Restrictive policies are joined by AND, and are not counted.",
    fix="Join the conditions in one policy.",
)
def rls_multiple_permissive(seen: Seen) -> Iterator[Found]:
    """Tables with overlapping permissive policies."""
    for table in seen.catalog.tables:
        policies = [one for one in seen.catalog.policies.get(table.oid, ()) if one.permissive and table.row_security]
        overlapping = {
            name
            for place, one in enumerate(policies)
            for other in policies[place + 1 :]
            if _overlap(one, other)
            for name in (one.name, other.name)
        }
        if overlapping:
            yield Found(
                object=(table.schema, table.name),
                object_type="table",
                message=f"{len(overlapping)} permissive policies of {table.schema}.{table.name} hold for the same role "
                f"and command: {few(sorted(overlapping))}.",
                evidence={"policies": sorted(overlapping)},
                no_fix="How the conditions are to be joined is for a person to say.",
                comment=(("pg_class", table.oid, 0),),
            )


@GROUP.check(
    "rls-initplan",
    severity="warning",
    level="extended",
    title="A policy that calls a function for each row",
    why="current_setting() or auth.uid() gives the same for the whole query, but is called row by row. In a scalar "
    "sub-select, (SELECT auth.uid()), it is called once.",
    how="A policy's condition calls current_setting or a function of the schema auth outside of any sub-select.",
    avoids="Calls within a sub-select, and words within literals and quoted names, do not count.",
    fix="ALTER POLICY .. with the call in a sub-select.",
)
def rls_initplan(seen: Seen) -> Iterator[Found]:
    """Policies with calls that a sub-select would do once."""
    for table, policy in _in_force(seen.catalog):
        if any(_calls_for_each_row(text) for text in (policy.using, policy.with_check) if text is not None):
            yield _about(table, policy, f"The policy {policy.name} calls a function for each row of {table.name}.")


@GROUP.check(
    "rls-truncate-granted",
    severity="warning",
    level="extended",
    title="TRUNCATE on a table with policies",
    why="Row security does not hold for TRUNCATE: who may do it removes the rows of all others.",
    how="Row security is on, and another role than the owner holds TRUNCATE.",
    avoids="Superusers and the owner need no privilege and are not told.",
    fix="REVOKE TRUNCATE.",
)
def rls_truncate_granted(seen: Seen) -> Iterator[Found]:
    """Guarded tables that others may empty."""
    for table in seen.catalog.tables:
        if not table.row_security:
            continue
        for entry in granted(seen.catalog, table):
            if "TRUNCATE" in entry.privileges and not seen.catalog.rights.is_superuser(entry.grantee):
                yield Found(
                    object=(table.schema, table.name),
                    object_type="table",
                    message=f"{role_name(entry.grantee)} may TRUNCATE {table.schema}.{table.name}, whatever its "
                    "policies say.",
                    evidence={"role": entry.grantee or "PUBLIC"},
                    fix=revoke(("TRUNCATE",), name_of(table), entry, table.owner),
                    no_fix="Another than the owner granted it, or it was granted on.",
                    detail=entry.grantee,
                    comment=(("pg_class", table.oid, 0),),
                )


@GROUP.check(
    "rls-disabled-exposed",
    severity="warning",
    level="extended",
    title="A table without row security among tables that have it",
    why="The role that is held to policies elsewhere in the schema sees and changes every row here: often the table "
    "was made later, and the policies were forgotten.",
    how="At least the share of the schema's tables given by the limit has row security, and a role that is held to "
    "policies there holds privileges on the rows of this table.",
    avoids="Roles that own, bypass row security or are superusers are not held to policies. Tables of extensions and "
    "partitions are left out. Tables of reference data may well be open: suppress the finding there.",
    fix="ALTER TABLE .. ENABLE ROW LEVEL SECURITY, once its policies are there: without any, it shuts the table.",
    limits=(
        Limit("share", 0.5, "of the schema's tables", "From which share on row security is the rule; our choice."),
    ),
)
def rls_disabled_exposed(seen: Seen, share: float) -> Iterator[Found]:
    """Open tables beside guarded ones."""
    catalog = seen.catalog
    schemas: dict[str, list[Relation]] = {}
    for table in catalog.table_roots:
        schemas.setdefault(table.schema, []).append(table)
    for tables in schemas.values():
        guarded = [table for table in tables if table.row_security]
        if not guarded or len(guarded) < share * len(tables):
            continue
        held = {name for table in guarded for name in _holders(catalog, table)}
        for table in tables:
            exposed = sorted(held & _holders(catalog, table))
            if exposed and not table.row_security and not catalog.policies.get(table.oid):
                yield Found(
                    object=(table.schema, table.name),
                    object_type="table",
                    message=f"{few(map(role_name, exposed))} may use every row of {table.schema}.{table.name}, and "
                    f"{len(guarded)} of {len(tables)} tables of the schema have row security.",
                    evidence={"roles": [name or "PUBLIC" for name in exposed], "guarded": len(guarded)},
                    no_fix="Who shall see which rows is for a person to say.",
                    confidence="possible",
                    comment=(("pg_class", table.oid, 0),),
                )


def _in_force(catalog: Catalog) -> Iterator[tuple[Relation, Policy]]:
    for table in catalog.tables:
        if table.row_security:
            for policy in catalog.policies.get(table.oid, ()):
                yield table, policy


def _about(table: Relation, policy: Policy, message: str) -> Found:
    return Found(
        object=(table.schema, table.name, policy.name),
        object_type="policy",
        message=message,
        evidence={
            "command": _COMMANDS[policy.command],
            "roles": [name or "PUBLIC" for name in policy.roles],
            "using": policy.using,
            "with_check": policy.with_check,
        },
        no_fix="What the policy shall say is for a person to write.",
        comment=(("pg_class", table.oid, 0),),
    )


def _switch(table: Relation, on: str, off: str) -> Fix:
    head = f"ALTER TABLE {name_of(table)}"
    tail = "ROW LEVEL SECURITY"
    return Fix((statement(f"{head} {on} {tail}", table),), (statement(f"{head} {off} {tail}", table),))


def _overlap(one: Policy, other: Policy) -> bool:
    """Whether both hold for some command of some role."""
    commands = one.command == other.command or "*" in (one.command, other.command)
    return commands and bool(set(one.roles) & set(other.roles) or PUBLIC in (*one.roles, *other.roles))


def _holders(catalog: Catalog, table: Relation) -> set[str]:
    """Who is held to policies on a table: what was granted on its rows to no owner, superuser or BYPASSRLS."""
    given = [*granted(catalog, table), *(entry for _column, entry in columns_granted(catalog, table))]
    found = set()
    for entry in given:
        role = catalog.roles.get(entry.grantee)
        free = role is not None and (role.superuser or role.bypass_row_security)
        if entry.privileges & _ROWS and not free:
            found.add(entry.grantee)
    return found


def _guarded_above(catalog: Catalog, table: Relation) -> Relation | None:
    """The nearest table above with row security on."""
    waiting = list(table.parents)
    while waiting:
        above = catalog.relations.get(waiting.pop(0))
        if above is not None and above.row_security:
            return above
        waiting += above.parents if above is not None else ()
    return None


def _close(catalog: Catalog, table: Relation) -> Fix | None:
    """REVOKE everything on rows where only one entry stands in the way."""
    entries = [entry for entry in granted(catalog, table) if entry.privileges & _ROWS]
    if len(entries) != 1 or any(True for _column in columns_granted(catalog, table)):
        return None
    (entry,) = entries
    return revoke(listed(entry.privileges & _ROWS).split(", "), name_of(table), entry, table.owner)


def _calls_for_each_row(text: str) -> bool:
    """Whether a stable call stands outside of every sub-select; texts are as pg_get_expr writes them."""
    bare = _LITERAL.sub("''", text)
    while (start := bare.rfind("( SELECT ")) >= 0:
        depth, end = 0, start
        while end < len(bare):
            depth += {"(": 1, ")": -1}.get(bare[end], 0)
            end += 1
            if depth == 0:
                break
        bare = bare[:start] + bare[end:]
    return _STABLE_CALL.search(bare) is not None
