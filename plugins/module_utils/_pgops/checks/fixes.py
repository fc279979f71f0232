# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fixes that several checks give: statements with the locks they take, and the way back.

The locks are those that PostgreSQL 14 to 18 were seen to take on users' relations; tests compare them with pg_locks.
Statements outside a transaction (`CONCURRENTLY`) are told with the strongest lock they hold while others wait.
"""

from __future__ import annotations

from ..model.catalog.relations import Index, Relation
from ..model.catalog.snapshot import Catalog
from ..model.finding import Fix, Lock, Step
from ..model.identifiers import quote_ident, quote_qualified

ACCESS_EXCLUSIVE = "ACCESS EXCLUSIVE"
SHARE_ROW_EXCLUSIVE = "SHARE ROW EXCLUSIVE"
SHARE_UPDATE_EXCLUSIVE = "SHARE UPDATE EXCLUSIVE"
ROW_SHARE = "ROW SHARE"


def name_of(relation: Relation | Index) -> str:
    """The relation as SQL spells it."""
    return quote_qualified(relation.schema, relation.name)


def columns_of(catalog: Catalog, relation: Relation, numbers: tuple[int, ...]) -> str:
    """These columns as SQL lists them."""
    return ", ".join(quote_ident(name) for name in catalog.column_names(relation.oid, numbers))


def statement(sql: str, relation: Relation | Index | None = None, mode: str = ACCESS_EXCLUSIVE) -> Step:
    """One statement in a transaction of its own, with the lock it takes on a relation; None: on none."""
    return Step((sql,), locks=() if relation is None else (Lock(name_of(relation), mode),))


def outside(sql: str, relation: Relation | Index, mode: str = SHARE_UPDATE_EXCLUSIVE) -> Step:
    """One statement that may not stand in a transaction, such as CREATE INDEX CONCURRENTLY."""
    return Step((sql,), transaction=False, locks=(Lock(name_of(relation), mode),))


def create_index(table: Relation, name: str, on: str, automatic: bool = False) -> Fix:
    """A new index of a plain table; `on` is what follows the table's name, such as `(a, b)`.

    A failure leaves an invalid index of that name, which the check of invalid indexes then finds.
    """
    made = f"CREATE INDEX CONCURRENTLY {quote_ident(name)} ON {name_of(table)} {on}"
    taken = f"DROP INDEX CONCURRENTLY {quote_qualified(table.schema, name)}"
    return Fix((outside(made, table),), (outside(taken, table),), automatic=automatic)


def drop_index(table: Relation, index: Index, definition: str | None) -> Fix:
    """Drop an index that upholds no constraint; `definition` (pg_get_indexdef) is what makes it again."""
    step = outside(f"DROP INDEX CONCURRENTLY {name_of(index)}", table)
    if definition is None:
        return Fix((step,), None, "its definition could not be read")
    head, _space, rest = definition.partition(" INDEX ")
    return Fix((step,), (outside(f"{head} INDEX CONCURRENTLY {rest}", table),))
