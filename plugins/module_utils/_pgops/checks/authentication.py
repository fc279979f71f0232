# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Checks of authentication: whom pg_hba.conf lets in, and how passwords are kept."""

from __future__ import annotations

from collections.abc import Iterator

from ..model.catalog.server import HbaRule
from ..model.finding import Found, Limit, NotChecked
from .check import Group
from .parts.access import few
from .parts.hba import (
    connections,
    in_force,
    is_everywhere,
    is_remote,
    network_of,
    place_of,
    text_of,
    users_let_in,
    whom,
    with_cover,
)
from .seen import Seen

GROUP = Group("authentication", "Authentication: whom pg_hba.conf lets in, and how passwords are kept.")

_EDIT = "SQL does not write pg_hba.conf: change the file, then SELECT pg_reload_conf()."
_SHADOWED = (
    "Rules to which an earlier rule leaves nothing, and rules that reject, are left out: the first match decides."
)
#: Methods that hand the password itself to the server.
_CLEAR = frozenset({"password", "ldap", "pam", "radius", "bsd"})
#: Only the operating system's user who runs the server gets through a socket with these permissions.
_OTHERS = 0o077


@GROUP.check(
    "hba-error",
    severity="critical",
    title="A line of pg_hba.conf that the server cannot read",
    why="The next reload is refused and keeps the old rules; the next start of the server fails.",
    how="pg_hba_file_rules shows the file as it is now, with an error for the line.",
    avoids="Lines that the server reads, but says can never match (hostssl while ssl is off), are told by "
    "hba-never-matches.",
    fix="Correct the line, then SELECT pg_reload_conf().",
    needs=("hba",),
)
def hba_error(seen: Seen) -> Iterator[Found]:
    """Lines with errors, all in one finding."""
    wrong = [rule for rule in seen.catalog.hba if rule.error is not None and rule.type is None]
    if wrong:
        told = [f"{place_of(rule)}: {rule.error}" for rule in wrong]
        yield Found(
            object=("pg_hba.conf",),
            object_type="configuration file",
            message=f"The server cannot read {len(wrong)} lines of pg_hba.conf: {few(told, 3)}.",
            evidence={"errors": told[:20], "number": len(wrong)},
            no_fix=_EDIT,
        )


@GROUP.check(
    "hba-trust",
    severity="critical",
    title="A rule that lets anybody in without a password",
    why="Whoever reaches the server is any role they name, superusers among them.",
    how="A rule's method is trust. From other machines it is critical; by the socket or from the machine itself, where "
    "each local user and program may use it, it is an error.",
    avoids=_SHADOWED + " The socket is left out where unix_socket_permissions let nobody but the server's own user in.",
    fix="Use peer for the socket and scram-sha-256 for addresses.",
    needs=("hba",),
)
def hba_trust(seen: Seen) -> Iterator[Found]:
    """Rules with trust."""
    for rule in in_force(seen.catalog.hba):
        if rule.method == "trust" and not (rule.type == "local" and _socket_is_private(seen)):
            remote = is_remote(rule)
            where = "from other machines" if remote else "on this machine"
            yield _about(
                rule, f"Anybody {where} is let in without a password as {whom(rule)}", None if remote else "error"
            )


@GROUP.check(
    "hba-ident",
    severity="error",
    title="A rule that believes what the client's machine says",
    why="The ident protocol asks the client's own machine who its user is: whoever rules that machine is any role.",
    how="A rule for TCP has the method ident.",
    avoids=_SHADOWED + " For the socket the server reads ident as peer, which is safe; from the machine itself it is a "
    "warning.",
    fix="Use scram-sha-256, or certificates.",
    needs=("hba",),
)
def hba_ident(seen: Seen) -> Iterator[Found]:
    """Rules with ident over TCP."""
    for rule in in_force(seen.catalog.hba):
        if rule.method == "ident" and rule.type != "local":
            severity = None if is_remote(rule) else "warning"
            yield _about(rule, f"The client's machine says who is let in as {whom(rule)}", severity)


@GROUP.check(
    "hba-password-clear",
    severity="error",
    title="A rule by which passwords cross the network in clear",
    why="Whoever listens on the way has the password.",
    how="A rule for connections without encryption from other machines has the method password, ldap, pam, radius or "
    "bsd: each hands over the password itself.",
    avoids=_SHADOWED + " Rules of type hostssl and hostgssenc, the socket and the machine itself are left out.",
    fix="Use scram-sha-256, or hostssl for methods that need the password itself.",
    needs=("hba",),
)
def hba_password_clear(seen: Seen) -> Iterator[Found]:
    """Rules that ask for the password itself over TCP in clear."""
    for rule in in_force(seen.catalog.hba):
        if rule.method in _CLEAR and "clear" in connections(rule) and is_remote(rule):
            yield _about(rule, f"By the method {rule.method} passwords may cross the network in clear as {whom(rule)}")


@GROUP.check(
    "password-md5",
    severity="warning",
    title="A password that is kept as MD5",
    why="Who reads the stored value logs in with it, without knowing the password. PostgreSQL 18 warns of such "
    "passwords, and a later version will not take them.",
    how="pg_authid holds a value that begins with md5 for a role that may log in. Only its kind is read.",
    avoids="Roles without LOGIN are left out.",
    fix="Set the password anew while password_encryption is scram-sha-256: only its owner knows it.",
    needs=("passwords",),
)
def password_md5(seen: Seen) -> Iterator[Found]:
    """Logins with MD5 passwords."""
    for role in seen.catalog.roles.values():
        if role.login and role.password == "md5":
            yield Found(
                object=(role.name,),
                object_type="role",
                message=f"The password of {role.name} is kept as MD5.",
                no_fix="The password must be set anew by somebody who knows it.",
            )


@GROUP.check(
    "password-encryption-md5",
    severity="warning",
    title="New passwords are kept as MD5",
    why="Each password that is set from now on can be used by whoever reads its stored value.",
    how="password_encryption is not scram-sha-256.",
    avoids="It is what this session has: ALTER DATABASE and ALTER ROLE .. SET count where they hold.",
    fix="Set password_encryption = 'scram-sha-256', reload, and set the passwords anew.",
)
def password_encryption_md5(seen: Seen) -> Iterator[Found | NotChecked]:
    """The setting that decides about new passwords."""
    setting = seen.catalog.settings.get("password_encryption")
    if setting is None:
        yield NotChecked("password-encryption-md5", "this role may not read the setting password_encryption")
    elif setting.value != "scram-sha-256":
        yield Found(
            object=("password_encryption",),
            object_type="setting",
            message=f"password_encryption is {setting.value}.",
            evidence={"value": setting.value, "source": setting.source},
            no_fix="Clients that know no SCRAM (libpq before 10) would be locked out: a person must say that none is "
            "left.",
        )


@GROUP.check(
    "hba-md5",
    severity="info",
    level="extended",
    title="A rule that takes MD5 passwords",
    why="It lets roles in whose password is still kept as MD5; PostgreSQL 18 calls that deprecated.",
    how="A rule's method is md5.",
    avoids=_SHADOWED + " A role whose password is kept as SCRAM is asked by SCRAM under this method too.",
    fix="Use scram-sha-256 once no role has an MD5 password.",
    needs=("hba",),
)
def hba_md5(seen: Seen) -> Iterator[Found]:
    """Rules with md5."""
    for rule in in_force(seen.catalog.hba):
        if rule.method == "md5":
            yield _about(rule, f"Passwords kept as MD5 are taken from {whom(rule)}")


@GROUP.check(
    "hba-wide-address",
    severity="warning",
    level="extended",
    title="A rule for a very wide range of addresses",
    why="Nothing but the password stands between the server and everybody who can reach it.",
    how="A rule that lets in is for every address, or for a network wider than the limit.",
    avoids=_SHADOWED + " Rules with client certificates are left out. A firewall may stand before it, which SQL does "
    "not see. For IPv6 the limit is four times as many bits.",
    fix="Name the networks of the programs.",
    needs=("hba",),
    limits=(Limit("bits", 8, "bits of an IPv4 network's prefix", "Networks with fewer bits are wide; chosen by us."),),
)
def hba_wide_address(seen: Seen, bits: float) -> Iterator[Found]:
    """Rules for wide networks."""
    for rule in in_force(seen.catalog.hba):
        network = network_of(rule)
        least = bits if network is None or network.version == 4 else 4 * bits
        wide = is_everywhere(rule) or (network is not None and network.prefixlen < least)
        if wide and rule.method != "cert":
            place = "every address" if is_everywhere(rule) else str(network)
            yield _about(rule, f"From {place} one may log in as {whom(rule)}")


@GROUP.check(
    "hba-all-all",
    severity="info",
    level="extended",
    title="A rule for every role and every database from other machines",
    why="A role of one program may try every other database, and roles to come are let in too.",
    how="A rule that lets in other machines is for all databases and all users.",
    avoids=_SHADOWED,
    fix="Name databases and roles: one rule for each program.",
    needs=("hba",),
)
def hba_all_all(seen: Seen) -> Iterator[Found]:
    """Rules for everything."""
    for rule in in_force(seen.catalog.hba):
        if is_remote(rule) and "all" in rule.databases and "all" in rule.users:
            yield _about(rule, f"Other machines may log in as {whom(rule)}")


@GROUP.check(
    "hba-no-tls",
    severity="warning",
    level="extended",
    title="A rule that lets other machines in without encryption",
    why="Queries and rows cross the network in clear, and can be changed on the way.",
    how="A rule of type host, hostnossl or hostnogssenc lets other machines in without TLS or GSSAPI.",
    avoids=_SHADOWED + " A later rule cannot mend it; an earlier one for the same connections would cover it.",
    fix="Use hostssl for them.",
    needs=("hba",),
)
def hba_no_tls(seen: Seen) -> Iterator[Found]:
    """Remote rules that do not ask for encryption."""
    for rule in in_force(seen.catalog.hba):
        if is_remote(rule) and "clear" in connections(rule):
            yield _about(rule, f"Without encryption one may log in as {whom(rule)}")


@GROUP.check(
    "hba-remote-superuser",
    severity="warning",
    level="extended",
    title="A rule by which superusers log in from other machines",
    why="A superuser's password that works from afar can be tried from afar, and opens the whole server.",
    how="A rule that lets other machines in is for a superuser with LOGIN: by name, by group, or by all.",
    avoids=_SHADOWED + " A superuser whom an earlier rule for every database and all these addresses rejects is left "
    "out.",
    fix="Put a rule before it that rejects superusers from other machines.",
    needs=("hba",),
)
def hba_remote_superuser(seen: Seen) -> Iterator[Found]:
    """Remote rules for superusers."""
    catalog = seen.catalog
    superusers = [role.name for role in catalog.roles.values() if role.superuser and role.login]
    rejected: list[HbaRule] = []
    for rule, earlier in with_cover(catalog.hba):
        if rule.method == "reject":
            rejected.append(rule)
        elif is_remote(rule) and earlier is None:
            left = users_let_in(catalog, rule, superusers)
            for one in rejected:
                gone = users_let_in(catalog, one, left)
                # Rules for one role at a time: would the earlier one cover this one, were it for that role alone?
                left = [name for name in left if name not in gone or not _stops(one, rule, name)]
            if left:
                yield _about(rule, f"Superusers may log in from other machines: {', '.join(left)}")


@GROUP.check(
    "hba-never-matches",
    severity="warning",
    level="extended",
    title="A rule that never matches",
    why="The first rule that matches decides. What this one says, perhaps to reject somebody, does not happen.",
    how="An earlier rule of another method is for the same connections, databases, users and addresses, or for more; "
    "or the server says that the rule cannot match, such as hostssl while ssl is off.",
    avoids="Host names, samehost and samenet are compared as words; `all` databases do not stand for replication.",
    fix="Move the rule up, or remove it.",
    needs=("hba",),
)
def hba_never_matches(seen: Seen) -> Iterator[Found]:
    """Rules covered by an earlier one, or impossible."""
    for rule in seen.catalog.hba:
        if rule.error is not None and rule.type is not None:
            yield _about(rule, f"It cannot match ({rule.error})")
    for rule, earlier in with_cover(seen.catalog.hba):
        if earlier is not None and rule.method != earlier.method:
            yield _about(rule, f"It is never reached: {place_of(earlier)} ({text_of(earlier)}) comes first")


def _about(rule: HbaRule, message: str, severity: str | None = None) -> Found:
    return Found(
        object=(text_of(rule),),
        object_type="authentication rule",
        message=f"{message}: {place_of(rule)}.",
        evidence={"line": rule.line, "file": rule.file, "rule": text_of(rule)},
        no_fix=_EDIT,
        severity=severity,
    )


def _socket_is_private(seen: Seen) -> bool:
    setting = seen.catalog.settings.get("unix_socket_permissions")
    if setting is None:
        return False
    try:
        return int(setting.value, 8) & _OTHERS == 0
    except ValueError:
        return False


def _stops(earlier: HbaRule, rule: HbaRule, user: str) -> bool:
    """Whether an earlier rule leaves nothing of a later one for one role."""
    pair = (earlier._replace(users=(user,)), rule._replace(users=(user,)))
    return with_cover(pair)[1][1] is not None
