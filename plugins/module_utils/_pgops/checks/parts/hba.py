# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What checks of pg_hba.conf share: whom a rule lets in from where, and whether an earlier rule leaves it anything."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from typing import Union

from ...model.catalog.server import HbaRule
from ...model.catalog.snapshot import Catalog
from .access import role_name

Network = Union[ipaddress.IPv4Network, ipaddress.IPv6Network]

#: Kind of rule to the kinds of connections it is for: the socket, TCP in clear, TLS, GSSAPI encryption.
_CONNECTIONS = {
    "local": frozenset({"local"}),
    "host": frozenset({"clear", "tls", "gss"}),
    "hostssl": frozenset({"tls"}),
    "hostnossl": frozenset({"clear", "gss"}),
    "hostgssenc": frozenset({"gss"}),
    "hostnogssenc": frozenset({"clear", "tls"}),
}
#: Words that stand for networks; samehost and samenet are known to the server alone.
_EVERYWHERE = "all"
_LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("::1/128"))


def text_of(rule: HbaRule) -> str:
    """The rule on one line as the file could have it: it tells the rule apart from others, whatever its line is."""
    where = () if rule.address is None else (rule.address,)
    network = network_of(rule)
    if network is not None:
        where = (str(network),)
    words = (rule.type or "", ",".join(rule.databases), ",".join(rule.users), *where, rule.method or "")
    return " ".join(words)


def place_of(rule: HbaRule) -> str:
    """Where it stands."""
    file = (rule.file or "pg_hba.conf").rpartition("/")[2]
    return f"line {rule.line} of {file}"


def connections(rule: HbaRule) -> frozenset[str]:
    """The kinds of connections it is for."""
    return _CONNECTIONS.get(rule.type or "", frozenset())


def network_of(rule: HbaRule) -> Network | None:
    """The addresses it is for, where they are one network that the file spells in numbers."""
    if rule.address is None or rule.netmask is None:
        return None
    try:
        bits = bin(int(ipaddress.ip_address(rule.netmask))).count("1")
        return ipaddress.ip_network(f"{rule.address.partition('%')[0]}/{bits}", strict=False)
    except ValueError:
        return None


def is_everywhere(rule: HbaRule) -> bool:
    """Whether it is for every address, of IPv4 at least or of IPv6."""
    network = network_of(rule)
    return rule.address == _EVERYWHERE or (network is not None and network.prefixlen == 0)


def is_remote(rule: HbaRule) -> bool:
    """Whether other machines may come in by it: TCP from more than the machine itself."""
    if rule.type in (None, "local") or rule.address in ("samehost", "localhost"):
        return False
    network = network_of(rule)
    if network is None:
        return True
    return not any(network.version == loop.version and _within(network, loop) for loop in _LOOPBACK)


def in_force(rules: Iterable[HbaRule]) -> list[HbaRule]:
    """Rules that let somebody in, but for those to which an earlier rule leaves nothing: the first match decides."""
    found: list[HbaRule] = []
    for rule, earlier in with_cover(rules):
        if earlier is None and rule.method != "reject":
            found.append(rule)
    return found


def with_cover(rules: Iterable[HbaRule]) -> list[tuple[HbaRule, HbaRule | None]]:
    """Each readable rule with an earlier one that takes everything it could match, None where there is none."""
    readable = [rule for rule in rules if rule.error is None and rule.type is not None]
    found = []
    # Some files have thousands of rules; those that cover others are few.
    wide: list[HbaRule] = []
    for rule in readable:
        found.append((rule, next((one for one in wide if _covers(one, rule)), None)))
        if "all" in rule.databases or "all" in rule.users or len(readable) <= 200:
            wide.append(rule)
    return found


def users_let_in(catalog: Catalog, rule: HbaRule, names: Iterable[str]) -> list[str]:
    """Which of these roles the rule is for, by name or as members of a group."""
    found = []
    for name in names:
        for word in rule.users:
            group = word[1:] if word.startswith("+") else None
            if word == "all" or word == name or (group is not None and group in catalog.rights.acting(name)):
                found.append(name)
                break
    return found


def whom(rule: HbaRule) -> str:
    """Whom it is for, in words."""
    users = ", ".join("every role" if word == "all" else role_name(word) for word in rule.users)
    databases = ", ".join("every database" if word == "all" else word for word in rule.databases)
    return f"{users} in {databases}"


def _covers(earlier: HbaRule, rule: HbaRule) -> bool:
    if not connections(earlier) >= connections(rule):
        return False
    databases = set(rule.databases)
    # `all` does not stand for replication.
    everything = "all" in earlier.databases and "replication" not in databases
    if not (everything or databases <= set(earlier.databases)):
        return False
    if not ("all" in earlier.users or set(rule.users) <= set(earlier.users)):
        return False
    return rule.type == "local" or _addresses_cover(earlier, rule)


def _addresses_cover(earlier: HbaRule, rule: HbaRule) -> bool:
    if earlier.address == _EVERYWHERE:
        return True
    outer, inner = network_of(earlier), network_of(rule)
    if outer is not None and inner is not None:
        return outer.version == inner.version and _within(inner, outer)
    return inner is None and outer is None and earlier.address == rule.address


def _within(inner: Network, outer: Network) -> bool:
    """Whether all addresses of a network are in another of the same version."""
    return outer.prefixlen <= inner.prefixlen and inner.network_address in outer
