# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A database with the views to test, and one way to put triggers on them, whoever wrote the triggers."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
from harness import FIXTURES, Client, Server
from view_ours import Refused, install_ours
from view_verdicts import OURS

SQL = Path(__file__).parent / "sql"
OWNER = "ollama_owner"
NAIVE_FILES = {
    "servers": FIXTURES / "naive_triggers.sql",
    "stock": SQL / "naive_stock.sql",
    "model_hosts": SQL / "naive_stock.sql",
}
# What a contract says about these views; a test changes single keys.
POLICIES: dict[str, dict[str, Any]] = {
    "servers": {"on_conflict": "upsert", "on_delete": "root", "fixed_values": {"endpoints": {"verified": 1}}},
    "stock": {},
    "model_hosts": {},
}
OBJECTS = """
SELECT 'trigger' AS kind, t.tgname::text AS name, t.oid, t.xmin::text AS version, pg_get_triggerdef(t.oid) AS body,
       NULL::text AS owner, NULL::text AS acl, obj_description(t.oid, 'pg_trigger') AS comment
FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid WHERE c.relkind = 'v' AND NOT t.tgisinternal
UNION ALL
SELECT 'function', p.proname::text, p.oid, p.xmin::text, pg_get_functiondef(p.oid), p.proowner::regrole::text,
       p.proacl::text,
       obj_description(p.oid, 'pg_proc')
FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
WHERE n.nspname NOT IN ('pg_catalog', 'information_schema') AND p.prorettype = 'trigger'::regtype
ORDER BY 1, 2"""
TABLES = ("endpoints", "verified_endpoints", "models", "benchmark_results", "parts", "part_notes")


@dataclass
class Installed:
    """What an installation said about itself; a script says nothing."""

    changed: bool
    reasons: list[str] = field(default_factory=list)
    probe: dict[str, Any] = field(default_factory=dict)
    raw: dict[str, Any] = field(default_factory=dict)


class Hung(AssertionError):
    """A script without a limit of its own was ended by the test."""


def template(server: Server, side: str, ready: bool) -> str:
    """The database that a stage is a copy of."""

    def fill_plain(database: str) -> None:
        client = Client(server.cluster.dsn(database))
        client.run((FIXTURES / "scanner_schema.sql").read_text(encoding="utf-8"))
        for name in ("stock", "seed"):
            client.run(f"SET ROLE {OWNER}; " + (SQL / f"{name}.sql").read_text(encoding="utf-8"))
        client.run("RESET ROLE; " + (SQL / "roles.sql").read_text(encoding="utf-8"))
        client.close()

    def fill_ready(database: str) -> None:
        made = Stage(server, side, database)
        for view in POLICIES:
            made.install(view)
        made.leave()

    plain = server.template("views", fill_plain)
    return server.template(f"views-{side}", fill_ready, base=plain) if ready else plain


class Stage:
    """One database, one side, and the sessions a test opens on it."""

    def __init__(self, server: Server, side: str, database: str) -> None:
        self.server = server
        self.side = side
        self.database = database
        self._clients: list[Client] = []
        self.admin = self.client("postgres", "the observer")

    @property
    def ours(self) -> bool:
        """Whether the generated triggers are the ones under test."""
        return self.side == OURS

    @property
    def dsn(self) -> str:
        """How the operator connects."""
        return self.server.cluster.dsn(self.database)

    @staticmethod
    def naive_file(view: str) -> Path:
        """The hand-written triggers of a view."""
        return NAIVE_FILES[view]

    def client(self, role: str = "crew", name: str = "a test") -> Client:
        """A session: crew may use everything, clerk the views only, ollama what the scanner's schema gives it."""
        made = Client(self.server.cluster.dsn(self.database, role), name)
        self._clients.append(made)
        return made

    def as_owner(self, text: str) -> None:
        """Run SQL as the owner of all objects."""
        self.admin.run(f"SET ROLE {OWNER}")
        try:
            self.admin.run(text)
        finally:
            self.admin.run("RESET ROLE")

    def install(self, view: str = "servers", *, lock_budget: float = 10.0, **options: Any) -> Installed:
        """Put this side's triggers on a view; keys of the policy are given by name, `module` goes to the module."""
        if not self.ours:
            return self._run_script(view, lock_budget)
        module = dict(options.pop("module", {}))
        policy = {**POLICIES.get(view, {}), **options}
        raw = install_ours(
            module.pop("dsn", self.dsn), self.database, view, policy, {"lock_budget": lock_budget, **module}
        )
        return Installed(raw["changed"], list(raw.get("reasons", [])), dict(raw.get("probe") or {}), raw)

    def _run_script(self, view: str, lock_budget: float) -> Installed:
        client = self.client("postgres", "the script")
        # The script has no limit of its own; without this one a test would never end.
        client.run(f"SET lock_timeout = '{int(lock_budget * 1000)}ms'; SET ROLE {OWNER}")
        try:
            client.run(NAIVE_FILES[view].read_text(encoding="utf-8"))
        except psycopg.errors.LockNotAvailable:
            raise Hung("the script waits for ever and names nobody") from None
        finally:
            client.close()
        return Installed(True)

    def trigger(self, operation: str, view: str = "servers") -> str:
        """The name of this side's trigger."""
        return f"pgops_{view}_{operation}" if self.ours else f"{view}_{operation}"

    def function(self, operation: str, view: str = "servers") -> str:
        """The name of this side's trigger function."""
        return f"pgops_{view}_{operation}" if self.ours else f"{view}_{operation}_fn"

    def objects(self) -> list[dict[str, Any]]:
        """Every trigger of a view and every trigger function, with the row versions of the catalog."""
        return self.admin.rows(OBJECTS)

    def content(self) -> dict[str, list[dict[str, Any]]]:
        """Every row of every table."""
        return {table: self.admin.rows(f"SELECT * FROM {table} ORDER BY 1") for table in TABLES}

    def restored_copy(self) -> Stage:
        """Another stage on a database that was made by dump and restore, with other OIDs."""
        cluster, name = self.server.cluster, self.server.clone()
        self.server.admin.run(f"ALTER DATABASE {name} OWNER TO {OWNER}")
        # In between, so that no OID can come out the same.
        cluster.psql("CREATE TABLE in_between (id serial PRIMARY KEY, note text)", dbname=name)
        dump = cluster.folder / f"{name}.sql"
        cluster.run("pg_dump", "-f", dump, self.database)
        cluster.psql(dump, dbname=name)
        return Stage(self.server, self.side, name)

    def leave(self) -> None:
        """Close all sessions and keep the database."""
        for client in self._clients:
            client.close()

    def close(self) -> None:
        """Close all sessions and drop the database."""
        self.leave()
        self.server.drop(self.database)


def expect_refusal(install: Any, words: list[str], otherwise: str) -> str:
    """The installation's refusal, which must contain these words; `otherwise` says what it means when there is none."""
    try:
        install()
    except Refused as refusal:
        text = f"{refusal} {refusal.facts or ''}"
        missing = [word for word in words if word not in text]
        assert not missing, f"the refusal does not say {missing}: {text}"
        return text
    raise AssertionError(otherwise)
