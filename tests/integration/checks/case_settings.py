# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a throwaway server cannot be brought to in a truth table: other settings, another pg_hba.conf, fewer rights."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from dataclasses import replace

from _pgops.checks.seen import Seen
from _pgops.model.catalog.server import HbaRule, Setting

Alter = Callable[[Seen], Seen]


def both(*changes: Alter) -> Alter:
    """One change after the other."""

    def alter(seen: Seen) -> Seen:
        for change in changes:
            seen = change(seen)
        return seen

    return alter


def settings(**values: str | None) -> Alter:
    """These settings have these values; None: they cannot be read."""

    def alter(seen: Seen) -> Seen:
        changed = dict(seen.catalog.settings)
        for name, value in values.items():
            old = changed.pop(name, Setting(name, "", None, "sighup", "configuration file", None, False))
            if value is not None:
                changed[name] = old._replace(value=value)
        return replace(seen, catalog=replace(seen.catalog, settings=changed))

    return alter


def hba(*lines: str) -> Alter:
    """pg_hba.conf holds these lines, the first of them as line 1; tests/integration/checks/test_hba.py compares them
    with what a server makes of such lines."""
    rules = tuple(hba_rule(number, text) for number, text in enumerate(lines, 1))

    def alter(seen: Seen) -> Seen:
        return replace(seen, catalog=replace(seen.catalog, hba=rules))

    return alter


def hba_rule(number: int, text: str) -> HbaRule:
    """The rule as the server's view shows it; a text that begins with ! is a line it cannot read, and the error."""
    if text.startswith("!"):
        return HbaRule(number, None, (), (), None, None, None, text[1:])
    kind, databases, users, *rest = text.split()
    address = None if kind == "local" else rest[0]
    netmask = None
    if address is not None and "/" in address:
        network = ipaddress.ip_network(address)
        address, netmask = str(network.network_address), str(network.netmask)
    return HbaRule(number, kind, tuple(databases.split(",")), tuple(users.split(",")), address, netmask, rest[-1], None)
