# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Options of the verb that takes the inventory of a database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .option import check_numbers, option

#: What an inventory is made of, in the order of the document. Columns, constraints, indexes, triggers, policies and
#: rules stand within their relations.
KINDS = (
    "schemas",
    "tables",
    "foreign_tables",
    "views",
    "materialized_views",
    "sequences",
    "functions",
    "types",
    "extensions",
)
#: How much is told of each object, from little to much.
DEPTHS = ("names", "structure", "full")


@dataclass(frozen=True)
class SchemaInfoSettings:
    """What a person may say about an inventory."""

    schemas: Sequence[str] = field(
        default=(),
        metadata=option(
            "Schemas whose objects are told; empty means all. Names or patterns.", type="list", elements="str"
        ),
    )
    exclude_schemas: Sequence[str] = field(
        default=(), metadata=option("Schemas whose objects are not told.", type="list", elements="str")
    )
    kinds: Sequence[str] = field(
        default=(),
        metadata=option("Kinds of objects that are told; empty means all.", type="list", elements="str", choices=KINDS),
    )
    depth: str = field(
        default="structure",
        metadata=option(
            "V(names), all that makes the V(structure), or V(full) with sizes and use too.", type="str", choices=DEPTHS
        ),
    )
    path: str | None = field(
        default=None, metadata=option("Where the whole document is written on the host.", type="path")
    )
    compare_to: str | Mapping[str, Any] | None = field(
        default=None,
        metadata=option("An earlier inventory, as a path on the host or as the document itself.", type="raw"),
    )

    def __post_init__(self) -> None:
        check_numbers(self)
