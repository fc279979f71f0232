# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a contract declares beside what the catalog holds: tables, columns and keys by their names. Not a group."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ...model.catalog.relations import Column, Constraint, Relation
from ...model.catalog.snapshot import TABLE_KINDS, Catalog
from ...model.contract import declared
from ..seen import Seen
from .questions import Reference, comparable


def tables(seen: Seen) -> Iterator[tuple[declared.Table, Relation]]:
    """The contract's tables that are there, as tables."""
    if seen.contract is not None:
        for name, table in seen.contract.tables.items():
            relation = seen.catalog.by_name.get(seen.contract.qualified(name))
            if relation is not None and relation.kind in TABLE_KINDS:
                yield table, relation


def column(catalog: Catalog, relation: Relation, name: str) -> Column | None:
    """The column of that name."""
    return next((one for one in catalog.columns.get(relation.oid, ()) if one.name == name), None)


def columns(catalog: Catalog, relation: Relation, names: Sequence[str]) -> tuple[Column, ...] | None:
    """The columns of those names, in their order; None where one is not there."""
    found = [column(catalog, relation, name) for name in names]
    present = tuple(one for one in found if one is not None)
    return present if len(present) == len(names) else None


def is_unique(catalog: Catalog, relation: Relation, names: Sequence[str]) -> bool:
    """Whether a valid unique index, of a key or by itself, upholds exactly these columns, in whatever order."""
    wanted = set(names)
    return any(
        index.unique
        and index.valid
        and index.predicate is None
        and 0 not in index.key_columns
        and set(catalog.column_names(relation.oid, index.key_columns)) == wanted
        for index in catalog.indexes.get(relation.oid, ())
    )


def wanted_keys(table: declared.Table) -> list[tuple[str, ...]]:
    """The columns of all keys that the contract declares for a table."""
    return [*([table.primary_key] if table.primary_key else []), *table.unique]


def foreign_key(
    seen: Seen, relation: Relation, parent: Relation | None, wanted: declared.ForeignKey
) -> Constraint | None:
    """The foreign key that joins the declared columns, whatever its rules; an enforced one first."""
    catalog = seen.catalog
    if parent is None:
        return None
    asked = set(zip(wanted.columns, wanted.referenced_columns))

    def joins(key: Constraint) -> bool:
        near = catalog.column_names(relation.oid, key.columns)
        return asked == set(zip(near, catalog.column_names(key.references, key.referenced_columns)))

    keys = catalog.constraints.get(relation.oid, ())
    found = [key for key in keys if key.kind == "f" and key.references == parent.oid and joins(key)]
    return min(found, key=lambda key: (not key.enforced, not key.validated), default=None)


def parent_of(seen: Seen, wanted: declared.ForeignKey) -> Relation | None:
    """The table that a declared foreign key refers to."""
    if seen.contract is None:
        return None
    relation = seen.catalog.by_name.get(seen.contract.qualified(wanted.references))
    return relation if relation is not None and relation.kind in TABLE_KINDS else None


def missing_references(seen: Seen) -> Iterator[tuple[Relation, declared.ForeignKey, Relation, Reference | None]]:
    """Declared foreign keys that are not there, though both tables and their columns are, with what they refer to.

    The reference is None where PostgreSQL's own = cannot compare the columns.
    """
    catalog = seen.catalog
    for table, relation in tables(seen):
        for wanted in table.foreign_keys:
            parent = parent_of(seen, wanted)
            if parent is None or foreign_key(seen, relation, parent, wanted) is not None:
                continue
            near = columns(catalog, relation, wanted.columns)
            far = columns(catalog, parent, wanted.referenced_columns)
            if near is None or far is None or len(near) != len(far):
                continue
            alike = all(comparable(catalog, one, other) for one, other in zip(near, far))
            operators = (None,) * len(near)
            yield relation, wanted, parent, Reference(relation, near, parent, far, operators) if alike else None
