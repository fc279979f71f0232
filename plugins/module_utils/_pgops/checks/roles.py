# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Checks of roles: who may do more than programs need, and who owns what."""

from __future__ import annotations

from collections.abc import Iterator

from ..model.catalog.rights import BOOTSTRAP, DATABASE_OWNER
from ..model.catalog.server import Membership, Role
from ..model.catalog.snapshot import Catalog
from ..model.finding import Fix, Found, Limit
from ..model.identifiers import quote_ident
from .check import Group
from .parts.access import few, marks_of_programs, swap
from .seen import DAY, Seen

GROUP = Group("roles", "Roles: what those who log in may become, and who owns what.")

#: Predefined roles by which a session leaves the database for the server's files and programs.
_SERVER = {
    "pg_execute_server_program": "run programs on the server",
    "pg_write_server_files": "write files of the server",
    "pg_read_server_files": "read files of the server",
}
_ALL_DATA = {
    "pg_read_all_data": "read every table",
    "pg_write_all_data": "change every table",
}
_MEMBERSHIP_OPTIONS_SINCE = 16
_CREATEROLE_TAMED = 16


@GROUP.check(
    "superuser-app-login",
    severity="critical",
    title="A role of a program that is a superuser, or may become one",
    why="Whoever finds a hole in the program has the server: every database, its files, and programs run on it.",
    how="A role may log in, is a superuser or may SET ROLE to one, and looks like a program's: the contract names it, "
    "it owns relations or the database, holds privileges of its own, or has settings for this database.",
    avoids="The superuser that initdb made counts only when the contract names it. Superusers without such marks are "
    "told by superuser-login. Memberships are followed as sessions may: inherited, SET ROLE, or granted to oneself.",
    fix="ALTER ROLE .. NOSUPERUSER once the role has been granted what its program needs.",
)
def superuser_app_login(seen: Seen) -> Iterator[Found]:
    """Logins with marks of a program that reach a superuser."""
    catalog = seen.catalog
    marks = marks_of_programs(seen)
    promised = {grant.role for grant in seen.contract.grants} if seen.contract is not None else set()
    for role, superuser in _superusers(catalog):
        own = marks.get(role.name, ())
        if not own or (role.oid == BOOTSTRAP and role.name not in promised):
            continue
        yield Found(
            object=(role.name,),
            object_type="role",
            message=f"{role.name} {own[0]}, and {_is_or_becomes(catalog, role, superuser)}.",
            evidence={"marks": list(own), "way": list(catalog.rights.way(role.name, superuser))},
            fix=None if role.oid == BOOTSTRAP else _demote(catalog, role, superuser),
            no_fix="The superuser that initdb made stays one: give the program a role of its own.",
            confidence="certain" if role.name in promised else "likely",
        )


@GROUP.check(
    "superuser-login",
    severity="warning",
    level="extended",
    title="One more role that logs in as a superuser, or may become one",
    why="Each such password or key opens the whole server.",
    how="A role with LOGIN, other than the one that initdb made, is a superuser or may SET ROLE to one.",
    avoids="Roles of programs are told by superuser-app-login instead. Administrators may well need it: suppress the "
    "finding for their roles.",
    fix="ALTER ROLE .. NOSUPERUSER, or REVOKE the membership.",
)
def superuser_login(seen: Seen) -> Iterator[Found]:
    """The other logins that reach a superuser."""
    catalog = seen.catalog
    marks = marks_of_programs(seen)
    for role, superuser in _superusers(catalog):
        if role.oid != BOOTSTRAP and role.name not in marks:
            yield Found(
                object=(role.name,),
                object_type="role",
                message=f"{role.name} may log in, and {_is_or_becomes(catalog, role, superuser)}.",
                evidence={"way": list(catalog.rights.way(role.name, superuser))},
                fix=_demote(catalog, role, superuser),
            )


@GROUP.check(
    "role-server-access",
    severity="critical",
    title="A login that may use the server's files or programs",
    why="COPY .. PROGRAM runs a shell command as the server's own user; who writes files there becomes a superuser; "
    "reading files gives away keys and other databases.",
    how="A role with LOGIN, no superuser, comes by memberships to pg_execute_server_program, pg_write_server_files or "
    "pg_read_server_files: inherited, by SET ROLE, or because it may grant itself the membership.",
    avoids="Groups to which no login belongs are not told; the whole way is followed, not direct members only.",
    fix="REVOKE the membership; let the program send its data through the connection (COPY .. FROM STDIN).",
)
def role_server_access(seen: Seen) -> Iterator[Found]:
    """Logins that reach a predefined role of the server's files or programs."""
    yield from _reaching(seen.catalog, _SERVER, {"pg_read_server_files": "error"})


@GROUP.check(
    "role-all-data",
    severity="warning",
    level="extended",
    title="A login that may read or change every table",
    why="It holds for tables to come and for all databases of the cluster, whatever is granted or revoked.",
    how="A role with LOGIN, no superuser, comes by memberships to pg_read_all_data or pg_write_all_data.",
    avoids="Reading all data is what a role for backups is made for: suppress the finding there.",
    fix="REVOKE the membership and grant what is needed on the tables or schemas in question.",
)
def role_all_data(seen: Seen) -> Iterator[Found]:
    """Logins that reach pg_read_all_data or pg_write_all_data."""
    yield from _reaching(seen.catalog, _ALL_DATA, {})


@GROUP.check(
    "role-attributes",
    severity="warning",
    level="extended",
    title="A login with CREATEROLE, REPLICATION or BYPASSRLS",
    why="CREATEROLE gave itself any membership but that of superusers before PostgreSQL 16, those that run programs on "
    "the server among them. REPLICATION copies the whole cluster. BYPASSRLS sees past every policy.",
    how="A role with LOGIN, no superuser, that looks like a program's has one of these attributes: the contract names "
    "it, it owns relations or the database, holds privileges of its own, or has settings for this database.",
    avoids="Roles without such marks are left out: those of standbys need REPLICATION, those of backups BYPASSRLS. "
    "CREATEROLE from PostgreSQL 16 on reaches only roles that it made, and is told as info.",
    fix="ALTER ROLE .. NOCREATEROLE, NOREPLICATION or NOBYPASSRLS.",
)
def role_attributes(seen: Seen) -> Iterator[Found]:
    """Strong attributes of programs' roles."""
    marks = marks_of_programs(seen)
    tamed = seen.catalog.server.major >= _CREATEROLE_TAMED
    for role in _logins(seen.catalog):
        if role.superuser or role.name not in marks:
            continue
        for word, there, severity in (
            ("CREATEROLE", role.create_role, "info" if tamed else "error"),
            ("REPLICATION", role.replication, "warning"),
            ("BYPASSRLS", role.bypass_row_security, "warning"),
        ):
            if there:
                name = quote_ident(role.name)
                yield Found(
                    object=(role.name,),
                    object_type="role",
                    message=f"{role.name} {marks[role.name][0]}, and has {word}.",
                    evidence={"attribute": word, "marks": list(marks[role.name])},
                    fix=swap(f"ALTER ROLE {name} NO{word}", f"ALTER ROLE {name} {word}"),
                    severity=severity,
                    detail=word,
                )


@GROUP.check(
    "object-owned-by-superuser",
    severity="warning",
    level="extended",
    title="Objects that a superuser owns",
    why="Code of the object's owner runs with the owner's rights: views read as the superuser, and so do policies, "
    "SECURITY DEFINER functions and index expressions. Only a superuser can alter these objects.",
    how="Relations and functions of a schema belong to a superuser; they are counted for each schema and owner.",
    avoids="Objects of extensions belong to who made the extension, and are left out.",
    fix="ALTER .. OWNER TO a role without LOGIN that owns the database's objects.",
)
def object_owned_by_superuser(seen: Seen) -> Iterator[Found]:
    """Schemas with objects of superusers, by owner."""
    catalog = seen.catalog
    found: dict[tuple[str, str], list[str]] = {}
    for relation in catalog.own:
        if catalog.rights.is_superuser(relation.owner):
            found.setdefault((relation.schema, relation.owner), []).append(relation.name)
    for function in catalog.functions.values():
        if not function.of_extension and catalog.rights.is_superuser(function.owner):
            found.setdefault((function.schema, function.owner), []).append(f"{function.name}()")
    for (schema, owner), names in sorted(found.items()):
        yield Found(
            object=(schema,),
            object_type="schema",
            message=f"{len(names)} objects of the schema {schema} belong to the superuser {owner}: "
            f"{few(sorted(names), 3)}.",
            evidence={"owner": owner, "number": len(names), "objects": sorted(names)[:20]},
            no_fix="Who shall own them is for a person to say.",
            detail=owner,
            comment=tuple(("pg_namespace", one.oid, 0) for one in (catalog.schemas.get(schema),) if one is not None),
        )


@GROUP.check(
    "owner-logs-in",
    severity="warning",
    level="extended",
    title="A program that owns its tables",
    why="The owner may drop and alter them, disable triggers, and is not bound by row security or REVOKE: one hole in "
    "the program costs the tables, not only their rows.",
    how="A role with LOGIN, no superuser, owns tables of this database; they are counted for each role.",
    avoids="Where programs share a role that owns everything on purpose, suppress the finding for that role.",
    fix="Let a role without LOGIN own the tables (REASSIGN OWNED), and grant the program what it needs.",
)
def owner_logs_in(seen: Seen) -> Iterator[Found]:
    """Logins that own tables."""
    owned: dict[str, int] = {}
    for table in seen.catalog.tables:
        owned[table.owner] = owned.get(table.owner, 0) + 1
    for role in _logins(seen.catalog):
        if not role.superuser and role.name in owned:
            yield Found(
                object=(role.name,),
                object_type="role",
                message=f"{role.name} may log in, and owns {owned[role.name]} tables.",
                evidence={"tables": owned[role.name]},
                no_fix="Who shall own them is for a person to say.",
            )


@GROUP.check(
    "role-no-connection-limit",
    severity="info",
    level="opt_in",
    title="A login without a limit of connections",
    why="One program that leaks connections takes them from all others.",
    how="A role with LOGIN, no superuser, has CONNECTION LIMIT -1.",
    avoids="Nothing: it is PostgreSQL's default, so the check runs only when it is asked for.",
    fix="ALTER ROLE .. CONNECTION LIMIT.",
)
def role_no_connection_limit(seen: Seen) -> Iterator[Found]:
    """Logins without CONNECTION LIMIT."""
    for role in _logins(seen.catalog):
        if role.connection_limit < 0 and not role.superuser:
            yield Found(
                object=(role.name,),
                object_type="role",
                message=f"{role.name} may hold as many connections as the server has.",
                no_fix="How many its program needs is for a person to say.",
            )


@GROUP.check(
    "role-no-expiry",
    severity="info",
    level="opt_in",
    title="A password that never expires, or has expired",
    why="A lost password opens the door until somebody changes it; one that has expired locks its program out.",
    how="A role with LOGIN has no VALID UNTIL, or one that has passed.",
    avoids="VALID UNTIL bounds passwords only. Where it can be read that a role has none, it is left out.",
    fix="ALTER ROLE .. VALID UNTIL.",
)
def role_no_expiry(seen: Seen) -> Iterator[Found]:
    """Logins whose password has no end, or is past it."""
    now = seen.catalog.server.now
    for role in _logins(seen.catalog):
        if role.password == "none":
            continue
        if role.valid_until is None:
            said = "never expires"
        elif role.valid_until < now:
            said = f"expired {(now - role.valid_until) / DAY:.0f} days ago"
        else:
            continue
        yield Found(
            object=(role.name,),
            object_type="role",
            message=f"The password of {role.name} {said}.",
            evidence={"valid_until": role.valid_until},
            confidence="possible" if role.password is None else "certain",
            no_fix="How long it shall last is for a person to say.",
        )


@GROUP.check(
    "role-unused",
    severity="info",
    level="opt_in",
    title="A login that nothing here speaks of",
    why="Nobody notices when a forgotten role is used by somebody else.",
    how="A role with LOGIN owns nothing in this database, was granted nothing there, belongs to no group, has no "
    "settings, and no session of it is open now.",
    avoids="It may be used in other databases of the cluster, which this review does not see.",
    fix="ALTER ROLE .. NOLOGIN, and drop it later.",
)
def role_unused(seen: Seen) -> Iterator[Found]:
    """Logins without a trace in this database."""
    catalog = seen.catalog
    known = set(marks_of_programs(seen))
    known |= {one.member for one in catalog.memberships} | {one.role for one in catalog.memberships}
    known |= {one.user for one in catalog.backends if one.user is not None}
    known |= {one.owner for one in catalog.databases.values()} | {one.role for one in catalog.role_settings}
    known |= {one.owner for one in catalog.functions.values()} | {one.owner for one in catalog.schemas.values()}
    for role in _logins(catalog):
        if role.name not in known and role.oid != BOOTSTRAP and role.name != catalog.server.user:
            name = quote_ident(role.name)
            yield Found(
                object=(role.name,),
                object_type="role",
                message=f"{role.name} may log in, but owns, holds and joins nothing here.",
                confidence="possible",
                fix=swap(f"ALTER ROLE {name} NOLOGIN", f"ALTER ROLE {name} LOGIN"),
            )


@GROUP.check(
    "superuser-count",
    severity="info",
    level="extended",
    title="Many superusers",
    why="Each of them can do anything, and no log can be trusted against them.",
    how="More roles are superusers than the limit says, with LOGIN or without.",
    avoids="The default of the limit leaves room for the server's own and two persons.",
    fix="ALTER ROLE .. NOSUPERUSER for those that need it no longer.",
    limits=(Limit("most", 3, "roles", "How many superusers are thought to be enough; chosen by us."),),
)
def superuser_count(seen: Seen, most: float) -> Iterator[Found]:
    """The number of superusers."""
    names = [role.name for role in seen.catalog.roles.values() if role.superuser]
    if len(names) > most:
        yield Found(
            object=(seen.catalog.server.database,),
            object_type="database",
            message=f"{len(names)} roles are superusers: {few(names)}.",
            evidence={"superusers": list(names)},
            no_fix="Who needs it no longer is for a person to say.",
        )


def _logins(catalog: Catalog) -> Iterator[Role]:
    for role in catalog.roles.values():
        if role.login:
            yield role


def _superusers(catalog: Catalog) -> Iterator[tuple[Role, str]]:
    """Logins with the superuser that they are or may become."""
    for role in _logins(catalog):
        superuser = role.name if role.superuser else catalog.rights.reaches_superuser(role.name)
        if superuser is not None:
            yield role, superuser


def _is_or_becomes(catalog: Catalog, role: Role, superuser: str) -> str:
    if role.superuser:
        return "is a superuser"
    return f"may become the superuser {superuser} ({' to '.join(catalog.rights.way(role.name, superuser))})"


def _demote(catalog: Catalog, role: Role, superuser: str) -> Fix | None:
    name = quote_ident(role.name)
    if role.superuser:
        return swap(f"ALTER ROLE {name} NOSUPERUSER", f"ALTER ROLE {name} SUPERUSER")
    return _leave(catalog, role.name, superuser)


def _leave(catalog: Catalog, member: str, goal: str) -> Fix | None:
    """Take a direct membership away; None where the way is longer or a superuser alone cannot take it back."""
    direct = [one for one in catalog.memberships if one.member == member and one.role == goal]
    if len(direct) != 1 or len(catalog.rights.way(member, goal)) != 2 or goal == DATABASE_OWNER:
        return None
    (membership,) = direct
    names = f"{quote_ident(goal)} %s {quote_ident(member)}"
    if catalog.server.major < _MEMBERSHIP_OPTIONS_SINCE:
        admin = " WITH ADMIN OPTION" if membership.admin else ""
        return swap(f"REVOKE {names % 'FROM'}", f"GRANT {names % 'TO'}{admin}")
    if membership.admin or membership.grantor not in catalog.roles:
        return None
    by = f" GRANTED BY {quote_ident(membership.grantor)}"
    return swap(f"REVOKE {names % 'FROM'}{by}", f"GRANT {names % 'TO'} WITH {_options(membership)}{by}")


def _options(membership: Membership) -> str:
    return f"INHERIT {str(membership.inherits).upper()}, SET {str(membership.may_set).upper()}"


def _reaching(catalog: Catalog, goals: dict[str, str], severities: dict[str, str]) -> Iterator[Found]:
    """Logins that are no superusers and come to one of these roles, with what it lets them do."""
    for role in _logins(catalog):
        if catalog.rights.reaches_superuser(role.name) is not None:
            continue
        reached = catalog.rights.reaching(role.name)
        for goal, may in goals.items():
            if goal in reached:
                way = catalog.rights.way(role.name, goal)
                yield Found(
                    object=(role.name,),
                    object_type="role",
                    message=f"{role.name} may {may}: {' to '.join(way)}.",
                    evidence={"role": goal, "way": list(way)},
                    fix=_leave(catalog, role.name, goal),
                    no_fix="It comes by way of other roles: which membership goes is for a person to say.",
                    severity=severities.get(goal),
                    detail=goal,
                )
