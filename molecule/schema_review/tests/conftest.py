# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Looks at a host from outside: its reports, the copies of them here, and the database as its owner sees it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

DATABASE = "ollama_scanner"
FOLDER = "/var/lib/postgresql/pgops_reviews"


class Reviewed:
    """A host whose database was reviewed."""

    def __init__(self, host: Any, inventory: str) -> None:
        self.host = host
        self.name = str(host.backend.get_hostname())
        self._inventory = inventory
        self.copies = Path(os.environ["MOLECULE_EPHEMERAL_DIRECTORY"]) / "reviews" / self.name

    def text(self, ending: str, folder: str = FOLDER) -> str:
        """A report on the host."""
        return str(self.host.file(f"{folder}/{DATABASE}.{ending}").content_string)

    def document(self, folder: str = FOLDER) -> dict[str, Any]:
        """The whole review, as it stands on the host."""
        return dict(json.loads(self.text("json", folder)))

    def as_postgres(self, program: str, *words: str) -> str:
        """What one of PostgreSQL's programs prints for the user postgres."""
        command = "cd / && runuser -u postgres -- " + " ".join(["%s"] * (1 + len(words)))
        done = self.host.run(command, program, *words)
        assert done.rc == 0, f"{program} {' '.join(words)}: {done.stderr}"
        return str(done.stdout)

    def sql(self, statement: str, database: str = DATABASE) -> list[list[str]]:
        """The rows of a statement."""
        printed = self.as_postgres("psql", "-XAqt", "-F", "|", "-v", "ON_ERROR_STOP=1", "-d", database, "-c", statement)
        return [line.split("|") for line in printed.splitlines()]

    def apply(self, steps: Sequence[dict[str, Any]]) -> None:
        """Run the steps of a fix as they stand."""
        for step in steps:
            together = ["-1"] if step["transaction"] else []
            words = [word for statement in step["sql"] for word in ("-c", statement)]
            self.as_postgres("psql", "-Xq", *together, "-v", "ON_ERROR_STOP=1", "-d", DATABASE, *words)

    def review_again(self, folder: str) -> dict[str, Any]:
        """Another review into another folder, with the first one as its baseline."""
        extra = {
            "pg_schema_review_host_folder": folder,
            "pg_schema_review_baseline": f"{FOLDER}/{DATABASE}.json",
        }
        program = str(Path(sys.executable).with_name("ansible-playbook"))
        words = [program, "-i", self._inventory, "--limit", self.name, "-e", json.dumps(extra)]
        words.append("ollama_scanner.pgops.schema_review")
        done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=300)
        assert done.returncode == 0, done.stdout + done.stderr
        return self.document(folder)


@pytest.fixture
def reviewed(host: Any, request: pytest.FixtureRequest) -> Reviewed:
    return Reviewed(host, str(request.config.getoption("--ansible-inventory")))
