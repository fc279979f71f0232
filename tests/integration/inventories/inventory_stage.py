# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Inventories and drafts of a test server's databases through the library, with either driver."""

from __future__ import annotations

from typing import Any

from _pgops.database.connect import connect
from _pgops.database.session import Session
from _pgops.model.settings.contract_info import ContractInfoSettings
from _pgops.model.settings.schema_info import SchemaInfoSettings
from _pgops.status.contract_info import Outcome as Drafted
from _pgops.status.contract_info import make_draft
from _pgops.status.schema_info import Outcome, take_inventory
from harness import Server

ROLES = ("inventory_reader", "inventory_owner", "nobody_much")


def session_of(server: Server, database: str, user: str | None = None, driver: str | None = None) -> Session:
    """A session of the library."""
    cluster = server.cluster
    names = {"host": cluster.socket_dir, "port": cluster.port, "user": user or cluster.superuser, "dbname": database}
    return connect(names, driver=driver)


def inventory(
    server: Server, database: str, user: str | None = None, driver: str | None = None, check: bool = False, **said: Any
) -> Outcome:
    """What the verb comes to with these options."""
    with session_of(server, database, user, driver) as session:
        return take_inventory(session, SchemaInfoSettings(**said), check)


def draft(server: Server, database: str, user: str | None = None, check: bool = False, **said: Any) -> Drafted:
    """What the draft of a contract comes to with these options."""
    with session_of(server, database, user) as session:
        return make_draft(session, ContractInfoSettings(**said), check)
