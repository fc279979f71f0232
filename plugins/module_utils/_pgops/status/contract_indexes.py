# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The indexes of a drafted contract: those that it can state and that no other does the work of. Pure."""

from __future__ import annotations

from typing import Any

from ..checks.parts.index_redundancy import redundant_indexes
from ..model.catalog.relations import Index, Relation
from ..model.catalog.snapshot import Catalog
from ..model.contract import values
from ..model.contract.values import spelling
from ..model.contract.wording import BadValueError


def index_entry(catalog: Catalog, table: Relation, index: Index) -> tuple[dict[str, Any] | None, str]:
    """The entry of an index that upholds no constraint, or why there is none."""
    if not (index.valid and index.ready and index.live):
        return None, "it is not valid"
    kept = catalog.once(_kept).get(index.oid)
    if kept is not None:
        return None, f"{spelling(kept.name)} does its work"
    if 0 in index.columns:
        return None, "it is on an expression"
    entry: dict[str, Any] = {"columns": [spelling(name) for name in catalog.column_names(table.oid, index.key_columns)]}
    if len(set(entry["columns"])) < len(entry["columns"]):
        return None, "it has a column twice"
    if index.unique:
        entry["unique"] = True
    if index.method != "btree":
        entry["method"] = index.method
    if index.predicate is not None:
        entry["where"] = index.predicate
    special = _special(catalog, table, index)
    if special:
        return None, f"it has {special}, which a contract does not state"
    try:
        for name, read in (("method", values.method), ("where", values.condition)):
            if name in entry:
                read(entry[name])
    except BadValueError as error:
        return None, str(error).rstrip(".")
    return entry, ""


def _special(catalog: Catalog, table: Relation, index: Index) -> str:
    if index.included:
        return "INCLUDE columns"
    if any(index.ordering):
        return "an ordering of its own"
    if index.nulls_not_distinct:
        return "NULLS NOT DISTINCT"
    classes = [catalog.operator_classes.get(one) for one in index.classes[: index.keys]]
    if any(one is None or not one.default for one in classes):
        return "an operator class of its own"
    columns = [catalog.column(table.oid, number) for number in index.key_columns]
    pairs = zip(columns, index.collations)
    return "a collation of its own" if any(one and one.collation != other for one, other in pairs) else ""


def _kept(catalog: Catalog) -> dict[int, Index]:
    """Redundant index (OID) to the one that does its work."""
    return {one.index.oid: one.kept for one in redundant_indexes(catalog)}
