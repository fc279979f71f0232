# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Checks of how clients reach the server: addresses, the socket, encryption."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..model.finding import Found, NotChecked
from .check import Group
from .parts.access import few
from .parts.hba import in_force, is_remote
from .seen import Seen

GROUP = Group("transport", "Transport: on which ways clients reach the server, and whether these are encrypted.")

_LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})
_OLD = frozenset({"", "TLSv1", "TLSv1.1"})
#: OpenSSL's words for ciphers without encryption, without authentication, or long broken.
_WEAK = re.compile(
    r"(?:e|a)?NULL|EXP(?:ORT(?:40|56)?)?|LOW|DES|RC4|RC2|ADH|AECDH|MD5|COMPLEMENTOF\w+|ALL", re.IGNORECASE
)
_FILE = "It is set in the configuration file, or by ALTER SYSTEM, together with what it needs (keys, certificates)."


@GROUP.check(
    "tls-off",
    severity="warning",
    title="A server that other machines reach, without TLS",
    why="Whoever stands on the way reads queries and rows, and can change them.",
    how="ssl is off, listen_addresses is more than the machine itself, and where pg_hba.conf can be read, a rule lets "
    "other machines in.",
    avoids="A server that listens on the socket or the loopback alone needs none. GSSAPI encryption is not seen.",
    fix="Set ssl = on with a certificate, and use hostssl in pg_hba.conf.",
)
def tls_off(seen: Seen) -> Iterator[Found | NotChecked]:
    """ssl = off where it matters."""
    ssl, listens = _value(seen, "ssl"), _listens(seen)
    if ssl is None or listens is None:
        yield NotChecked("tls-off", "this role may not read the settings ssl and listen_addresses")
        return
    let_in = "hba" not in seen.catalog.server.may or any(map(is_remote, in_force(seen.catalog.hba)))
    if ssl == "off" and listens and let_in:
        yield Found(
            object=("ssl",),
            object_type="setting",
            message=f"ssl is off, and the server listens on {few(listens)}.",
            evidence={"ssl": ssl, "listen_addresses": listens},
            no_fix=_FILE,
        )


@GROUP.check(
    "tls-protocol",
    severity="warning",
    title="TLS versions that are broken",
    why="TLS 1.0 and 1.1 have known attacks; RFC 8996 forbids them.",
    how="ssl is on, and ssl_min_protocol_version is below TLSv1.2, or empty.",
    avoids="PostgreSQL's default has been TLSv1.2 since version 13. With ssl off nothing is told.",
    fix="Set ssl_min_protocol_version = 'TLSv1.2' and reload.",
)
def tls_protocol(seen: Seen) -> Iterator[Found]:
    """The least version of TLS."""
    least = _value(seen, "ssl_min_protocol_version")
    if _value(seen, "ssl") == "on" and least in _OLD:
        yield Found(
            object=("ssl_min_protocol_version",),
            object_type="setting",
            message=f"TLS versions from {least or 'the library has'} on are accepted.",
            evidence={"value": least},
            no_fix="Old clients would be locked out: a person must say that none is left.",
        )


@GROUP.check(
    "tls-ciphers",
    severity="warning",
    level="extended",
    title="Ciphers that protect nothing",
    why="A connection by such a cipher can be read or forged.",
    how="ssl is on, and ssl_ciphers asks for NULL, anonymous, export, LOW, single DES, RC4, RC2 or MD5 ciphers, or for "
    "ALL.",
    avoids="Words with ! or - exclude, words with + only order. PostgreSQL's default is well. ALL beside !aNULL and "
    "!LOW is well too.",
    fix="Set ssl_ciphers to its default, HIGH:MEDIUM:+3DES:!aNULL, or stricter, and reload.",
)
def tls_ciphers(seen: Seen) -> Iterator[Found]:
    """Weak words in ssl_ciphers."""
    ciphers = _value(seen, "ssl_ciphers")
    if _value(seen, "ssl") != "on" or ciphers is None:
        return
    words = [word for word in re.split(r"[:, ]+", ciphers) if word]
    excluded = {word[1:].upper() for word in words if word[0] in "!-"}
    weak = [word for word in words if word[0] not in "!-+@" and any(map(_WEAK.fullmatch, word.split("+")))]
    weak = [word for word in weak if not (word.upper() == "ALL" and excluded >= {"ANULL", "LOW"})]
    if weak:
        yield Found(
            object=("ssl_ciphers",),
            object_type="setting",
            message=f"ssl_ciphers asks for {few(weak)}.",
            evidence={"value": ciphers, "weak": weak},
            no_fix=_FILE,
        )


@GROUP.check(
    "tls-clients",
    severity="warning",
    level="extended",
    title="A session from another address without encryption",
    why="What this program asks and gets crosses the network in clear, just now.",
    how="pg_stat_ssl shows sessions over TCP without TLS at the moment of the review; they are counted for each role.",
    avoids="Sessions by the socket are left out. Those over the loopback or a tunnel cannot be told from others, nor "
    "those with GSSAPI encryption.",
    fix="Set sslmode=require, or better verify-full, in the program's connection; then hostssl in pg_hba.conf.",
    needs=("all_stats",),
)
def tls_clients(seen: Seen) -> Iterator[Found]:
    """Open sessions in clear."""
    found: dict[str, list[str]] = {}
    for backend in seen.catalog.backends:
        if backend.remote and backend.encrypted is False and backend.user is not None:
            found.setdefault(backend.user, []).append(backend.application or "")
    for user, applications in sorted(found.items()):
        names = sorted(set(applications) - {""})
        yield Found(
            object=(user,),
            object_type="role",
            message=f"{len(applications)} sessions of {user} over TCP are not encrypted"
            f"{' (' + few(names) + ')' if names else ''}.",
            evidence={"sessions": len(applications), "applications": names[:20]},
            confidence="likely",
            no_fix="The program's own connection settings decide.",
        )


@GROUP.check(
    "listen-all",
    severity="info",
    level="opt_in",
    title="A server that listens on every address",
    why="It can be reached by networks that nobody thought of, once the machine is put into them.",
    how="listen_addresses holds *, 0.0.0.0 or ::.",
    avoids="Nothing: many machines have one network only, so the check runs only when it is asked for.",
    fix="Name the addresses in listen_addresses, and restart.",
)
def listen_all(seen: Seen) -> Iterator[Found | NotChecked]:
    """listen_addresses with a wildcard."""
    listens = _listens(seen)
    if listens is None:
        yield NotChecked("listen-all", "this role may not read the setting listen_addresses")
        return
    wide = [word for word in listens if word in ("*", "0.0.0.0", "::")]
    if wide:
        yield Found(
            object=("listen_addresses",),
            object_type="setting",
            message=f"The server listens on {', '.join(wide)}.",
            evidence={"listen_addresses": listens},
            no_fix="Which addresses are needed is for a person to say.",
        )


@GROUP.check(
    "socket-permissions",
    severity="info",
    level="opt_in",
    title="A socket that every local user may open",
    why="Each program on the machine may try to log in; rules of type local with trust let it in.",
    how="unix_socket_permissions give the right to write to others than owner and group.",
    avoids="Nothing: it is PostgreSQL's default, and peer holds others back, so the check runs only when it is asked "
    "for.",
    fix="Set unix_socket_permissions = 0770 and unix_socket_group, and restart.",
)
def socket_permissions(seen: Seen) -> Iterator[Found | NotChecked]:
    """A socket open to others."""
    value = _value(seen, "unix_socket_permissions")
    if value is None or not re.fullmatch("[0-7]+", value):
        yield NotChecked("socket-permissions", "the setting unix_socket_permissions cannot be read")
    elif int(value, 8) & 0o002:
        yield Found(
            object=("unix_socket_permissions",),
            object_type="setting",
            message=f"unix_socket_permissions are {value}.",
            evidence={"value": value},
            no_fix="Which users of the machine need it is for a person to say.",
        )


def _value(seen: Seen, name: str) -> str | None:
    setting = seen.catalog.settings.get(name)
    return None if setting is None else setting.value


def _listens(seen: Seen) -> list[str] | None:
    """The addresses beyond the machine itself on which the server listens."""
    value = _value(seen, "listen_addresses")
    if value is None:
        return None
    return [word for word in (part.strip().strip('"') for part in value.split(",")) if word and word not in _LOCAL]
