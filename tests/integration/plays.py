# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real runs of ansible-playbook: a folder of its own, an inventory as an operator writes it, and what came out."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PATIENCE = 180
FAILURE = re.compile(r"^(?:fatal|failed): \[(?P<host>[^\]]+)\].*? => (?P<result>\{.*\})$", re.MULTILINE)
LOCAL = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable, "pgops_become": False}
RECAP = re.compile(r"^(?P<host>\S+)\s+: (?P<figures>ok=\d+ .*)$", re.MULTILINE)


@dataclass(frozen=True)
class Run:
    """What one ansible-playbook said."""

    status: int
    text: str

    @property
    def recap(self) -> dict[str, dict[str, int]]:
        """The figures of the recap, for each host in it."""
        return {
            found["host"]: {name: int(figure) for name, figure in re.findall(r"(\w+)=(\d+)", found["figures"])}
            for found in RECAP.finditer(self.text)
        }

    @property
    def refusals(self) -> dict[str, str]:
        """The message of each host's last failure, on one line."""
        return {
            found["host"]: " ".join(message(json.loads(found["result"])).split())
            for found in FAILURE.finditer(self.text)
        }

    def changed(self, host: str) -> int:
        """How many tasks changed something on a host that ended well."""
        figures = self.recap[host]
        assert (figures["failed"], figures["unreachable"]) == (0, 0), self.text
        return figures["changed"]

    def with_status(self, status: int) -> Run:
        """This run, after checking its exit status."""
        assert self.status == status, f"ansible-playbook ended with {self.status}:\n{self.text}"
        return self


def message(result: Mapping[str, Any]) -> str:
    """What a failed task says; the checks of argument specs keep their sentences apart."""
    return " ".join([str(result.get("msg", "")), *map(str, result.get("argument_errors", []))])


class Stage:
    """A folder with an inventory, from which playbooks run; the home of whoever runs them lies in it too."""

    def __init__(self, folder: Path, collections: str | None = None) -> None:
        self.folder = folder
        self.home = folder / "home"
        self.home.mkdir(parents=True)
        self.work = folder / "elsewhere"
        self.work.mkdir()
        self._collections = collections or os.environ["ANSIBLE_COLLECTIONS_PATH"]

    def file(self, name: str, text: str) -> Path:
        """A file beside the inventory."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def inventory(self, hosts: Mapping[str, Mapping[str, Any]], **everywhere: Any) -> None:
        """The group postgresql, of local hosts; each has its variables, and `everywhere` holds for all."""
        group = {"hosts": {name: dict(values) for name, values in hosts.items()}, "vars": {**LOCAL, **everywhere}}
        self.file("inventory.yml", "---\n" + json.dumps({"postgresql": group}, indent=1) + "\n")

    def play(self, playbook: str, *options: str, **extra: Any) -> Run:
        """Run a playbook of the collection by name, or a file of this folder, with extra variables."""
        words = [
            str(Path(sys.executable).with_name("ansible-playbook")),
            "-i",
            str(self.folder / "inventory.yml"),
            *options,
        ]
        if extra:
            words += ["-e", json.dumps(extra)]
        own = playbook.endswith(".yml")
        words.append(str(self.folder / playbook) if own else f"ollama_scanner.pgops.{playbook}")
        done = subprocess.run(
            words,
            cwd=self.work,
            env={
                **{key: value for key, value in os.environ.items() if not key.startswith("PG")},
                "ANSIBLE_COLLECTIONS_PATH": self._collections,
                "ANSIBLE_HOME": str(self.folder / "ansible"),
                "ANSIBLE_NOCOLOR": "1",
                "ANSIBLE_FORKS": "10",
                "HOME": str(self.home),
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        return Run(done.returncode, done.stdout)
