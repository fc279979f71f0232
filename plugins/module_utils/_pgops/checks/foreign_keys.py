# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Checks of foreign keys."""

from __future__ import annotations

from collections.abc import Iterator

from ..model.catalog.relations import Constraint, Index, Relation
from ..model.catalog.snapshot import Catalog
from ..model.finding import Fix, Found
from ..model.identifiers import generated_name
from .check import Group
from .fixes import columns_of, create_index
from .seen import Seen

GROUP = Group("foreign-keys", "Foreign keys: what refers to what, and what a change on either side costs.")


@GROUP.check(
    "fk-missing-index",
    severity="warning",
    title="A foreign key without an index that serves it",
    why="Each DELETE of a referenced row, and each UPDATE of its key, looks for rows that refer to it. Without an "
    "index it reads the whole referencing table, while it holds a lock on the referenced row.",
    how="An index serves the key when its first columns are the key's, in any order; when it is valid; when its access "
    "method and operator class find rows by the key's own equality operator; and when it holds all rows that refer to "
    "something: it has no predicate, or none but that a column of the key is not NULL.",
    avoids="The order of the columns does not matter to the look-up. Prefixes of wider indexes count; INCLUDE columns, "
    "expressions, other predicates, invalid and BRIN indexes do not. A partition tree is judged once, at its root.",
    fix="Create the index CONCURRENTLY. On a partitioned table, create it on each partition first.",
)
def fk_missing_index(seen: Seen) -> Iterator[Found]:
    """Foreign keys for which the look-up of referencing rows has no index."""
    catalog = seen.catalog
    for table, key in catalog.foreign_keys:
        if table.is_partition or any(serves(catalog, key, index) for index in catalog.indexes.get(table.oid, ())):
            continue
        columns = columns_of(catalog, table, key.columns)
        yield Found(
            object=(table.schema, table.name, key.name),
            object_type="foreign key",
            message=f"No index finds the rows of {table.name} by ({columns}), which {key.name} looks for.",
            evidence={"columns": list(catalog.column_names(table.oid, key.columns)), "rows": max(table.rows, 0.0)},
            fix=_index_for(catalog, table, key),
            comment=(("pg_constraint", key.oid, 0), ("pg_class", table.oid, 0)),
        )


def serves(catalog: Catalog, key: Constraint, index: Index) -> bool:
    """Whether an index finds the rows that refer to a given row, as the server's own look-up asks for them."""
    if not (index.valid and index.ready and index.live) or len(index.key_columns) < len(key.columns):
        return False
    leading = index.key_columns[: len(key.columns)]
    if sorted(leading) != sorted(key.columns):
        return False
    for place, column in enumerate(leading):
        operator_class = catalog.operator_classes.get(index.classes[place])
        operator = key.operators[key.columns.index(column)]
        if operator_class is None or operator not in catalog.equalities.get(operator_class.family, ()):
            return False
    return index.predicate is None or _only_not_null(catalog, key, index.predicate)


def _only_not_null(catalog: Catalog, key: Constraint, predicate: str) -> bool:
    """The look-up compares with =, so that rows with NULL in the key are never looked for."""
    names = [columns_of(catalog, catalog.relations[key.table], (number,)) for number in key.columns]
    return predicate in {f"({name} IS NOT NULL)" for name in names}


def _index_for(catalog: Catalog, table: Relation, key: Constraint) -> Fix | None:
    if table.kind != "r":
        return None
    names = catalog.column_names(table.oid, key.columns)
    taken = {name for schema, name in catalog.by_name if schema == table.schema}
    taken |= {index.name for indexes in catalog.indexes.values() for index in indexes if index.schema == table.schema}
    name = generated_name("", "_".join((table.name, *names)), "_idx")
    number = 1
    while name in taken:
        number += 1
        name = generated_name("", "_".join((table.name, *names)), f"_idx{number}")
    return create_index(table, name, f"({columns_of(catalog, table, key.columns)})", automatic=True)
