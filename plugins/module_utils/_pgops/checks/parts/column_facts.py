# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What several checks ask of columns: which there are, what they may hold, and whether their type can be changed."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ...model.catalog.relations import Column, Relation
from ...model.catalog.snapshot import Catalog
from ...model.finding import Fix, Step
from ...model.identifiers import quote_ident
from .fixes import name_of, statement
from .telling import listed

TEXT, VARCHAR, CHAR = 25, 1043, 1042
_DEFAULT_COLLATION = 100
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^\W\d_]+")

#: Column (table's OID, number) to what forbids to change its type, each spelled for a sentence.
Users = dict[tuple[int, int], list[str]]


def words_of(name: str) -> list[str]:
    """The words of a name in lower case: of `createdAt`, `created_at` and `Created-At` the same."""
    return [word.lower() for word in _WORD.findall(name)]


def own_columns(
    catalog: Catalog, *, kinds: str = "rp", type_oid: int | None = None
) -> Iterator[tuple[Relation, Column]]:
    """Columns of users' relations, each once: not in partitions, nor where a table above has it too.

    `type_oid`: only those of that type, domains over it counted.
    """
    types = None
    if type_oid is not None:
        bases = ((oid, catalog.base_type(oid)) for oid in catalog.types)
        types = {type_oid, *(oid for oid, base in bases if base is not None and base.oid == type_oid)}
    for table in catalog.own:
        if table.kind in kinds and not table.is_partition:
            for column in catalog.columns.get(table.oid, ()):
                if not column.inherited and (types is None or column.type_oid in types):
                    yield table, column


def is_text(catalog: Catalog, type_oid: int) -> bool:
    """Whether values are free text: text, varchar, char or citext, and domains over them."""
    base = catalog.base_type(type_oid)
    if base is None:
        return False
    return base.oid in (TEXT, VARCHAR, CHAR) or (base.of_extension and base.name.rpartition(".")[2] == "citext")


def text_length(catalog: Catalog, column: Column) -> int | None:
    """The most characters the column's own type admits, None without a limit. A domain's limit is not known."""
    return column.modifier - 4 if column.type_oid in (VARCHAR, CHAR) and column.modifier >= 4 else None


def users_of_columns(catalog: Catalog) -> Users:
    """What hangs on columns that ALTER TYPE refuses, or would rewrite in a way that cannot be taken back."""
    users: Users = {}
    for view, columns in catalog.view_columns.items():
        relation = catalog.relations.get(view)
        for place in columns if relation is not None else ():
            users.setdefault(place, []).append(f"view {name_of(catalog.relations[view])}")
    for table, constraints in catalog.constraints.items():
        for constraint in constraints:
            if constraint.kind in "fcx":
                for number in constraint.columns:
                    users.setdefault((table, number), []).append(f"constraint {constraint.name}")
                for number in constraint.referenced_columns:
                    users.setdefault((constraint.references, number), []).append(f"constraint {constraint.name}")
    for table, triggers in catalog.triggers.items():
        for trigger in triggers:
            for number in trigger.columns:
                users.setdefault((table, number), []).append(f"trigger {trigger.name}")
    for use in catalog.sequence_uses:
        users.setdefault((use.table, use.column), []).append(f"sequence {name_of(catalog.relations[use.sequence])}")
    return users


def retype(
    catalog: Catalog, users: Users, table: Relation, column: Column, new: str, rewrite: str, undo: str = ""
) -> tuple[Fix | None, str]:
    """ALTER TYPE of a column of a plain table to `new`; else no fix and why.

    `undo` says why values do not come back as they were; '' where they do.
    """
    obstacle = _obstacle(catalog, users, table, column)
    if obstacle:
        return None, f"The type cannot be changed by itself: {obstacle}."
    name = quote_ident(column.name)
    head = f"ALTER TABLE {name_of(table)} ALTER COLUMN {name} TYPE"

    def step(kind: str) -> Step:
        made = statement(f"{head} {kind} USING {name}::{kind}", table)
        return Step(made.sql, locks=made.locks, rewrite=rewrite)

    if column.default is not None:
        undo = undo or "the default would keep a cast to the new type"
    return Fix((step(new),), None if undo else (step(column.type),), undo), ""


def _obstacle(catalog: Catalog, users: Users, table: Relation, column: Column) -> str:
    if table.kind != "r" or table.has_children or table.parents:
        return "the table is part of a tree of tables, which would all be locked"
    if (table.oid, column.number) in users:
        return f"{listed(users[(table.oid, column.number)])} would have to be dropped and made again"
    if column.collation not in (0, _DEFAULT_COLLATION):
        return "it has a collation of its own, which would have to be named again"
    if column.type_oid >= 16384:
        return f"it is of the domain {column.type}"
    if any(index.expressions or index.predicate for index in catalog.indexes.get(table.oid, ())):
        return "indexes over expressions or parts of the rows may depend on it"
    if any(one.generated for one in catalog.columns[table.oid]):
        return "generated columns may depend on it"
    if catalog.policies.get(table.oid):
        return "row security policies may depend on it"
    return ""
