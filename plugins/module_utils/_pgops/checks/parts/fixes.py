# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fixes that several checks give: statements with the locks they take, and the way back.

The locks are those that PostgreSQL 14 to 18 were seen to take on users' relations; tests compare them with pg_locks.
Statements outside a transaction (`CONCURRENTLY`) are told with the strongest lock they hold while others wait.
"""

from __future__ import annotations

from collections.abc import Sequence

from ...model.catalog.relations import Index, Relation
from ...model.catalog.snapshot import Catalog
from ...model.finding import Fix, Lock, Step
from ...model.identifiers import quote_ident, quote_literal, quote_qualified

ACCESS_EXCLUSIVE = "ACCESS EXCLUSIVE"
SHARE_ROW_EXCLUSIVE = "SHARE ROW EXCLUSIVE"
SHARE = "SHARE"
SHARE_UPDATE_EXCLUSIVE = "SHARE UPDATE EXCLUSIVE"
ROW_EXCLUSIVE = "ROW EXCLUSIVE"
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


def vacuum(tables: Sequence[Relation]) -> Fix:
    """VACUUM these tables, one after the other."""
    steps = tuple(outside(f"VACUUM {name_of(table)}", table) for table in tables)
    return Fix(steps, None, "VACUUM removes what nobody can see any more: there is nothing to take back")


def analyze(tables: Sequence[Relation], only: bool = False, below: Sequence[Relation] = ()) -> Fix:
    """ANALYZE these tables, one after the other.

    Of a partitioned table `only` leaves the partitions alone (18 and newer); else `below` are those that are analyzed
    with it.
    """
    words = "ANALYZE ONLY" if only else "ANALYZE"
    locks = tuple(Lock(name_of(table), SHARE_UPDATE_EXCLUSIVE) for table in below)
    steps = tuple(
        Step((f"{words} {name_of(table)}",), False, (Lock(name_of(table), SHARE_UPDATE_EXCLUSIVE), *locks))
        for table in tables
    )
    return Fix(steps, None, "newer statistics are no change of the schema: there is nothing to take back", True)


def reset_option(table: Relation, option: str, prefix: str = "", options: Sequence[str] = ()) -> Fix:
    """RESET one storage option; `options` are all of the table, or of its TOAST table with `prefix` `toast.`.

    SET puts an option behind the others: undo sets it and all that stood behind it, so that they stand as before.
    """
    what = "MATERIALIZED VIEW" if table.kind == "m" else "TABLE"
    names = [said.partition("=")[0] for said in options]
    again = ", ".join(
        f"{prefix}{quote_ident(name)} = {quote_literal(said.partition('=')[2])}"
        for name, said in list(zip(names, options))[names.index(option) :]
    )
    mode = ACCESS_EXCLUSIVE if "user_catalog_table" in names else SHARE_UPDATE_EXCLUSIVE
    done = statement(f"ALTER {what} {name_of(table)} RESET ({prefix}{option})", table, SHARE_UPDATE_EXCLUSIVE)
    return Fix((done,), (statement(f"ALTER {what} {name_of(table)} SET ({again})", table, mode),))


def reindex(table: Relation, index: Index) -> Fix:
    """Rebuild an index while it is in use; that of an exclusion constraint only with a lock."""
    nothing = "the index is rebuilt as it was: there is nothing to take back"
    if index.exclusion:
        return Fix((statement(f"REINDEX INDEX {name_of(index)}", table, SHARE),), None, nothing)
    return Fix((outside(f"REINDEX INDEX CONCURRENTLY {name_of(index)}", table),), None, nothing)
