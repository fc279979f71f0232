# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Asks the server with psql alone: nothing of the collection takes part in what the demonstration reports."""

from __future__ import annotations

import csv
import io
import json
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from .base import SetupError, first_error
from .cluster import Cluster

MARK = "@@ statement "
END = "@@ end"
PATIENCE = 60


@dataclass(frozen=True)
class Outcome:
    """What the server answered to one statement."""

    sqlstate: str
    count: int
    message: str
    rows: list[dict[str, str]]

    @property
    def accepted(self) -> bool:
        """Whether the statement went through."""
        return self.sqlstate == "00000"

    def value(self, column: str) -> str | None:
        """A value of the only row that came back; None when that is NULL or not exactly one row came."""
        return (self.rows[0].get(column) or None) if len(self.rows) == 1 else None


class Session:
    """psql as one role on one database of a throwaway server."""

    def __init__(self, cluster: Cluster, dbname: str, user: str | None = None) -> None:
        self._cluster = cluster
        self._dbname = dbname
        self._user = user

    def ask(self, query: str) -> list[dict[str, Any]]:
        """The rows of a query, as the superuser sees them unless the session has another role."""
        whole = f"SELECT coalesce(json_agg(row), '[]') FROM ({query}) AS row"
        rows: list[dict[str, Any]] = json.loads(self._cluster.psql(whole, self._dbname, self._user))
        return rows

    def value(self, query: str) -> Any:
        """The only value of the only row."""
        ((value,),) = (tuple(row.values()) for row in self.ask(query))
        return value

    def play(self, statements: Sequence[str]) -> list[Outcome]:
        """Send statements in one transaction that is rolled back; a refused one harms none of those after it."""
        lines = [r"\set ON_ERROR_ROLLBACK on", "BEGIN;"]
        for statement in statements:
            lines += [rf"\echo {MARK}", f"{statement};"]
            lines += [rf"\echo {END} :SQLSTATE :ROW_COUNT", r"\echo :LAST_ERROR_MESSAGE"]
        lines += [rf"\echo {MARK}", "ROLLBACK;"]
        pieces = self._psql("\n".join(lines) + "\n").split(f"{MARK.strip()}\n")[1:-1]
        if len(pieces) != len(statements):
            raise SetupError(f"psql answered {len(pieces)} of {len(statements)} statements sent to {self._dbname}.")
        return [_outcome(piece) for piece in pieces]

    def _psql(self, script: str) -> str:
        try:
            done = subprocess.run(
                [str(self._cluster.bin_dir / "psql"), "-Xq", "--csv", "-f", "-"],
                input=script,
                env=self._cluster.environment(self._dbname, self._user),
                capture_output=True,
                text=True,
                timeout=PATIENCE,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise SetupError(f"psql on {self._dbname} was given up after {PATIENCE} seconds.") from None
        if done.returncode != 0:
            raise SetupError(f"psql on {self._dbname} failed with status {done.returncode}: {first_error(done.stderr)}")
        return done.stdout


def _outcome(piece: str) -> Outcome:
    table, dummy, rest = piece.rpartition(f"{END} ")
    status, dummy, message = rest.partition("\n")
    sqlstate, count = status.split()
    accepted = sqlstate == "00000"
    rows = list(csv.DictReader(io.StringIO(table)))
    # psql keeps the message of the error before.
    return Outcome(sqlstate, int(count), "" if accepted else message.strip(), rows)
