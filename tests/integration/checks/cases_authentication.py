# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Truth table of the checks of authentication."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from _pgops.checks.seen import Seen
from _pgops.model.catalog.server import Membership
from _pgops.model.catalog.snapshot import Unread
from case_roles import role
from case_settings import both, hba, settings
from cases import Case

SOCKET = "local all all peer"
ANYWHERE = "host all all 0.0.0.0/0 scram-sha-256"


def case(check: str, name: str, lines: list[str], found: set[str] | None = None, **rest: Any) -> Case:
    """A case about these lines of pg_hba.conf; `found` are the rules it must name."""
    return Case(check, name, "", found or set(), elsewhere=True, alter=hba(*lines), **rest)


def unread(what: str) -> Any:
    """Seen by a role that may not read this."""

    def alter(seen: Seen) -> Seen:
        gone = replace(seen.catalog, server=seen.catalog.server._replace(may=frozenset()))
        return replace(seen, catalog=replace(gone, unread=(Unread(what, f"this role may not read {what}"),)))

    return alter


def plain_superusers(seen: Seen) -> Seen:
    """The superusers are postgres and boss, who is also of the group bosses."""
    catalog = seen.catalog
    own = catalog.roles["postgres"]
    roles = {
        "postgres": own,
        "boss": own._replace(oid=16400, name="boss"),
        "bosses": own._replace(oid=16401, name="bosses", superuser=False, login=False),
        "ollama": own._replace(oid=16402, name="ollama", superuser=False),
    }
    return replace(
        seen, catalog=replace(catalog, roles=roles, memberships=(Membership("bosses", "boss", False, True, True),))
    )


def remote(name: str, lines: list[str], found: set[str] | None = None) -> Case:
    return Case(
        "hba-remote-superuser", name, "", found or set(), elsewhere=True, alter=both(plain_superusers, hba(*lines))
    )


PRIVATE = settings(unix_socket_permissions="0700")


def impossible(seen: Seen) -> Seen:
    """A rule for TLS on a server without."""
    (rule,) = hba("hostssl all all 10.0.0.0/8 trust")(seen).catalog.hba
    rule = rule._replace(error="hostssl record cannot match because SSL is disabled")
    return replace(seen, catalog=replace(seen.catalog, hba=(rule,)))


HBA = [
    Case("hba-error", "a line that never matches", "", elsewhere=True, alter=impossible),
    Case("hba-trust", "a line that never matches", "", elsewhere=True, alter=impossible),
    Case(
        "hba-never-matches", "TLS is off", "", {'"hostssl all all 10.0.0.0/8 trust"'}, elsewhere=True, alter=impossible
    ),
    case("hba-error", "a line that cannot be read", ['!invalid connection type "nonsense"'], {'"pg_hba.conf"'}),
    case("hba-error", "lines that can", [SOCKET, ANYWHERE]),
    Case("hba-error", "seen by an ordinary role", "", elsewhere=True, alter=unread("hba"), not_checked="may not read"),
    case("hba-trust", "from everywhere", [SOCKET, "host all all 0.0.0.0/0 trust"], {'"host all all 0.0.0.0/0 trust"'}),
    case("hba-trust", "from a network", ["host a b 10.0.0.0/8 trust"], {'"host a b 10.0.0.0/8 trust"'}),
    case("hba-trust", "by the socket", ["local all all trust"], {'"local all all trust"'}, severity="error"),
    case(
        "hba-trust",
        "from the machine",
        ["host all all ::1/128 trust"],
        {'"host all all ::1/128 trust"'},
        severity="error",
    ),
    case("hba-trust", "a password is asked for", [SOCKET, ANYWHERE]),
    case("hba-trust", "after everything was rejected", ["host all all all reject", "host all all 10.0.0.0/8 trust"]),
    case(
        "hba-trust",
        "after another network was rejected",
        ["host all all 192.0.2.0/24 reject", "host all all 10.0.0.0/8 trust"],
        {'"host all all 10.0.0.0/8 trust"'},
    ),
    case(
        "hba-trust",
        "rejecting TLS alone leaves the rest",
        ["hostssl all all all reject", "host all all 10.0.0.0/8 trust"],
        {'"host all all 10.0.0.0/8 trust"'},
    ),
    case(
        "hba-trust",
        "all is not replication",
        ["host all all all reject", "host replication all 10.0.0.0/8 trust"],
        {'"host replication all 10.0.0.0/8 trust"'},
    ),
    Case(
        "hba-trust",
        "a socket for the server's own user",
        "",
        elsewhere=True,
        alter=both(hba("local all all trust"), PRIVATE),
    ),
    case("hba-ident", "from a network", ["host all all 10.0.0.0/8 ident"], {'"host all all 10.0.0.0/8 ident"'}),
    case(
        "hba-ident",
        "from the machine",
        ["host all all 127.0.0.1/32 ident"],
        {'"host all all 127.0.0.1/32 ident"'},
        severity="warning",
    ),
    case("hba-ident", "peer", [SOCKET]),
    case(
        "hba-password-clear",
        "without TLS",
        ["host all all 10.0.0.0/8 password"],
        {'"host all all 10.0.0.0/8 password"'},
    ),
    case("hba-password-clear", "ldap", ["hostnossl all all all ldap"], {'"hostnossl all all all ldap"'}),
    case("hba-password-clear", "with TLS", ["hostssl all all 10.0.0.0/8 password"]),
    case("hba-password-clear", "from the machine", ["host all all 127.0.0.1/32 password"]),
    case("hba-password-clear", "scram", [ANYWHERE]),
    case("hba-md5", "a rule with md5", ["host all all 10.0.0.0/8 md5"], {'"host all all 10.0.0.0/8 md5"'}),
    case("hba-md5", "scram", [ANYWHERE]),
    case("hba-wide-address", "every IPv4 address", [ANYWHERE], {f'"{ANYWHERE}"'}),
    case("hba-wide-address", "every address", ["host all all all md5"], {'"host all all all md5"'}),
    case("hba-wide-address", "half of IPv6", ["host all all 8000::/1 md5"], {'"host all all 8000::/1 md5"'}),
    case("hba-wide-address", "a private network", ["host all all 10.0.0.0/8 md5", "host all all 2001:db8::/32 md5"]),
    case(
        "hba-wide-address",
        "a private network, where 16 bits are asked for",
        ["host all all 10.0.0.0/8 md5"],
        {'"host all all 10.0.0.0/8 md5"'},
        limits={"bits": 16},
    ),
    case("hba-wide-address", "everything rejected", ["host all all all reject"]),
    case("hba-wide-address", "certificates", ["hostssl all all all cert"]),
    case("hba-all-all", "for everything", [ANYWHERE], {f'"{ANYWHERE}"'}),
    case("hba-all-all", "one database", ["host ollama_scanner all 10.0.0.0/8 md5", SOCKET]),
    case("hba-no-tls", "host", ["host a b 10.0.0.0/8 scram-sha-256"], {'"host a b 10.0.0.0/8 scram-sha-256"'}),
    case("hba-no-tls", "hostssl", ["hostssl a b 10.0.0.0/8 scram-sha-256"]),
    case(
        "hba-no-tls",
        "what is not encrypted was rejected",
        ["hostnogssenc all all all reject", "hostgssenc all all all gss"],
    ),
    case(
        "hba-never-matches",
        "it comes too late",
        [ANYWHERE, "host all bad 10.0.0.0/8 reject"],
        {'"host all bad 10.0.0.0/8 reject"'},
    ),
    case("hba-never-matches", "it comes first", ["host all bad 10.0.0.0/8 reject", ANYWHERE]),
    case("hba-never-matches", "said twice", [ANYWHERE, ANYWHERE]),
    case(
        "hba-never-matches",
        "replication is not among all databases",
        [ANYWHERE, "host replication all 10.0.0.0/8 reject"],
    ),
    case("hba-never-matches", "the other family of addresses", [ANYWHERE, "host all all ::/0 reject"]),
    remote("all", [ANYWHERE], {f'"{ANYWHERE}"'}),
    remote("by name", ["host all boss 10.0.0.0/8 md5"], {'"host all boss 10.0.0.0/8 md5"'}),
    remote("by group", ["host all +bosses 10.0.0.0/8 md5"], {'"host all +bosses 10.0.0.0/8 md5"'}),
    remote("another role", ["host all ollama 10.0.0.0/8 md5", SOCKET]),
    remote("rejected before", ["host all postgres,+bosses all reject", ANYWHERE]),
    remote("one of both rejected before", ["host all postgres all reject", ANYWHERE], {f'"{ANYWHERE}"'}),
    remote("rejected after", [ANYWHERE, "host all postgres,boss all reject"], {f'"{ANYWHERE}"'}),
]

MD5 = "md5" + "0" * 32
PASSWORDS = [
    Case(
        "password-md5",
        "kept as MD5",
        "",
        {"case_md5"},
        role("case_md5", f"LOGIN PASSWORD '{MD5}'"),
        elsewhere=True,
        among={"case_md5"},
    ),
    Case(
        "password-md5",
        "kept as SCRAM",
        "",
        setup=role("case_scram", "LOGIN PASSWORD 'x'"),
        elsewhere=True,
        among={"case_scram"},
    ),
    Case(
        "password-md5",
        "no login",
        "",
        setup=role("case_md5_group", f"NOLOGIN PASSWORD '{MD5}'"),
        elsewhere=True,
        among={"case_md5_group"},
    ),
    Case("password-md5", "an ordinary role", "", elsewhere=True, alter=unread("passwords"), not_checked="may not read"),
    Case(
        "password-encryption-md5",
        "MD5",
        "",
        {"password_encryption"},
        elsewhere=True,
        alter=settings(password_encryption="md5"),
    ),
    Case("password-encryption-md5", "SCRAM", "", elsewhere=True),
    Case(
        "password-encryption-md5",
        "not to be read",
        "",
        elsewhere=True,
        alter=settings(password_encryption=None),
        not_checked="may not read",
    ),
]
CASES = [*HBA, *PASSWORDS]
