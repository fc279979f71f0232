# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is measured beyond the catalog: what is wanted, questions put to users' tables, and their answers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Wanted:
    """What else is to be read in the catalog's snapshot, by OID, because reading it for everything would take long.

    `sequences`: their last values; `definitions`: the SQL of indexes; `sizes`: the main fork of relations, in bytes.
    """

    sequences: frozenset[int] = frozenset()
    definitions: frozenset[int] = frozenset()
    sizes: frozenset[int] = frozenset()

    def __or__(self, other: Wanted) -> Wanted:
        return Wanted(self.sequences | other.sequences, self.definitions | other.definitions, self.sizes | other.sizes)


@dataclass
class Details:
    """What was read of it: definitions of indexes (SQL) and sizes of relations (bytes), by OID.

    Last values of sequences go into the catalog's own sequences.
    """

    definitions: dict[int, str] = field(default_factory=dict)
    sizes: dict[int, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Probe:
    """One question to the data of users' tables: a SELECT that is run in a short read-only transaction of its own.

    `key` names it uniquely, such as `data-orphans-fk public.t t_fkey`. `role` is assumed for it (SET LOCAL ROLE), the
    owner of the relation; None leaves the session's own. `relations` are the OIDs it reads. `rows` is about how many
    rows it reads, None where nobody knows.
    """

    key: str
    sql: str
    role: str | None
    relations: tuple[int, ...] = ()
    rows: float | None = None


@dataclass(frozen=True)
class Answer:
    """The rows that a probe gave, each a dict by column name; `problem` says in a sentence why there are none."""

    rows: tuple[dict[str, Any], ...] = ()
    problem: str = ""
