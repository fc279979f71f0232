# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Truth table of the checks of transport."""

from __future__ import annotations

from dataclasses import replace

from _pgops.checks.seen import Seen
from _pgops.model.catalog.server import Backend
from case_settings import Alter, both, hba, settings
from cases import Case

REMOTE = hba("host all all 10.0.0.0/8 scram-sha-256")
SHUT = hba("local all all peer", "host all all 127.0.0.1/32 scram-sha-256", "host all all all reject")


def case(check: str, name: str, found: bool, alter: Alter, setting: str, not_checked: str | None = None) -> Case:
    return Case(check, name, "", {setting} if found else set(), elsewhere=True, alter=alter, not_checked=not_checked)


def sessions(*backends: Backend) -> Alter:
    """These sessions are open, and no others."""

    def alter(seen: Seen) -> Seen:
        return replace(seen, catalog=replace(seen.catalog, backends=backends))

    return alter


def session(user: str | None, encrypted: bool | None, remote: bool) -> Backend:
    return Backend(1, user, "d", "a program", "idle", None, None, encrypted, remote)


def tls(name: str, found: bool, *changes: Alter, not_checked: str | None = None) -> Case:
    return case("tls-off", name, found, both(*changes), "ssl", not_checked)


def ciphers(name: str, value: str, found: bool, ssl: str = "on") -> Case:
    return case("tls-ciphers", name, found, settings(ssl=ssl, ssl_ciphers=value), "ssl_ciphers")


def least(name: str, value: str, found: bool, ssl: str = "on") -> Case:
    return case(
        "tls-protocol", name, found, settings(ssl=ssl, ssl_min_protocol_version=value), "ssl_min_protocol_version"
    )


def socket(name: str, value: str | None, found: bool, not_checked: str | None = None) -> Case:
    alter = settings(unix_socket_permissions=value)
    return case("socket-permissions", name, found, alter, "unix_socket_permissions", not_checked)


CASES = [
    tls("open to others", True, settings(ssl="off", listen_addresses="*"), REMOTE),
    tls("one address", True, settings(ssl="off", listen_addresses="localhost, 192.0.2.5"), REMOTE),
    tls("with TLS", False, settings(ssl="on", listen_addresses="*"), REMOTE),
    tls("the machine alone", False, settings(ssl="off", listen_addresses="localhost,::1"), REMOTE),
    tls("the socket alone", False, settings(ssl="off", listen_addresses=""), REMOTE),
    tls("nobody is let in from afar", False, settings(ssl="off", listen_addresses="*"), SHUT),
    tls("not to be read", False, settings(ssl=None), not_checked="may not read"),
    least("TLS 1.0", "TLSv1", True),
    least("anything", "", True),
    least("TLS 1.2", "TLSv1.2", False),
    least("TLS 1.0, but no TLS at all", "TLSv1", False, "off"),
    ciphers("RC4", "HIGH:RC4-SHA:RC4", True),
    ciphers("all of them", "ALL", True),
    ciphers("no encryption", "HIGH:eNULL", True),
    ciphers("the default", "HIGH:MEDIUM:+3DES:!aNULL", False),
    ciphers("weak ones are excluded", "HIGH:!aNULL:!MD5:!RC4:-LOW", False),
    ciphers("all but the weak ones", "ALL:!aNULL:!LOW:@STRENGTH", False),
    ciphers("RC4, but no TLS at all", "RC4", False, "off"),
    case(
        "tls-clients",
        "in clear",
        True,
        sessions(session("ollama", False, True), session("ollama", False, True)),
        "ollama",
    ),
    case(
        "tls-clients",
        "by TLS, by the socket, and hidden",
        False,
        sessions(session("ollama", True, True), session("ollama", False, False), session(None, None, True)),
        "",
    ),
    case("listen-all", "every address", True, settings(listen_addresses="*"), "listen_addresses"),
    case("listen-all", "every IPv6 address", True, settings(listen_addresses="localhost,::"), "listen_addresses"),
    case("listen-all", "some", False, settings(listen_addresses="localhost,192.0.2.5"), ""),
    case("listen-all", "not to be read", False, settings(listen_addresses=None), "", "may not read"),
    socket("everybody", "0777", True),
    socket("a group", "0770", False),
    socket("not to be read", None, False, "cannot be read"),
]
