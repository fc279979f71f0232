# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is measured beyond the catalog: what is wanted, questions put to users' tables, and their answers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from .catalog.health import Dangling

#: Texts that can be asked for. `rules` go by their relation's OID, `result` is what a function returns, `bound` a
#: partition's, `collation` its name, `foreign` a foreign table's server and options.
TEXT_KINDS = ("view", "function", "result", "trigger", "constraint", "rules", "bound", "collation", "foreign")


@dataclass(frozen=True)
class Wanted:
    """What else is to be read in the catalog's snapshot, by OID, because reading it for everything would take long.

    `sequences`: their last values; `definitions`: the SQL of indexes; `sizes`: the main fork of relations, in bytes.
    `texts`: SQL of other things, each a kind of `TEXT_KINDS` and its OID; `types`: what is within types that users
    made; `null_shares`: of the columns of these tables, however small. `dangling`: references between the system's
    catalogs that lead nowhere.
    """

    sequences: frozenset[int] = frozenset()
    definitions: frozenset[int] = frozenset()
    sizes: frozenset[int] = frozenset()
    texts: frozenset[tuple[str, int]] = frozenset()
    types: frozenset[int] = frozenset()
    null_shares: frozenset[int] = frozenset()
    dangling: bool = False

    def __or__(self, other: Wanted) -> Wanted:
        return Wanted(
            self.sequences | other.sequences,
            self.definitions | other.definitions,
            self.sizes | other.sizes,
            self.texts | other.texts,
            self.types | other.types,
            self.null_shares | other.null_shares,
            self.dangling or other.dangling,
        )


@dataclass(frozen=True)
class TypeDetails:
    """What is within a type. `kind`: b base, c composite, d domain, e enum, r range.

    `labels` are an enum's in their order; `base` (with its modifier), `not_null`, `default`, `collation` and `checks`
    (name to definition) a domain's; `attributes` a composite's, name and type; `subtype` a range's.
    """

    schema: str
    name: str
    kind: str
    owner: str
    acl: str | None
    labels: tuple[str, ...] = ()
    base: str | None = None
    not_null: bool = False
    default: str | None = None
    collation: str | None = None
    checks: dict[str, str] = field(default_factory=dict)
    attributes: tuple[tuple[str, str], ...] = ()
    subtype: str | None = None


@dataclass
class Details:
    """What was read of it: definitions of indexes (SQL) and sizes of relations (bytes), by OID.

    Last values of sequences go into the catalog's own sequences. `texts` go by kind and OID; those of `rules` are JSON,
    name to definition. `null_shares` go by table (OID) and column name; they are what the last ANALYZE saw.
    """

    definitions: dict[int, str] = field(default_factory=dict)
    sizes: dict[int, int] = field(default_factory=dict)
    texts: dict[tuple[str, int], str] = field(default_factory=dict)
    types: dict[int, TypeDetails] = field(default_factory=dict)
    null_shares: dict[int, dict[str, float]] = field(default_factory=dict)
    dangling: list[Dangling] = field(default_factory=list)


@dataclass(frozen=True)
class Probe:
    """One question to the data of users' tables: a SELECT that is run in a short read-only transaction of its own.

    `key` names it uniquely, such as `data-orphans-fk public.t t_fkey`. `role` is assumed for it (SET LOCAL ROLE), the
    owner of the relation; None leaves the session's own. `relations` are the OIDs it reads. `rows` is about how many
    rows it reads, None where nobody knows. `text` is what of `sql` a person wrote, in a contract or in a table's check.
    `index_scans` false: rows are read from the tables themselves.
    """

    key: str
    sql: str
    role: str | None
    relations: tuple[int, ...] = ()
    rows: float | None = None
    text: str = ""
    index_scans: bool = True


@dataclass(frozen=True)
class Answer:
    """The rows that a probe gave, each a dict by column name; `problem` says in a sentence why there are none, and
    `sqlstate` is PostgreSQL's code where it refused.
    """

    rows: tuple[dict[str, Any], ...] = ()
    problem: str = ""
    sqlstate: str = ""
