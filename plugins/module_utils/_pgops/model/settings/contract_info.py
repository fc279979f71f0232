# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Options of the verb that drafts a contract from a database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from .option import check_numbers, option


@dataclass(frozen=True)
class ContractInfoSettings:
    """What a person may say about a draft."""

    schemas: Sequence[str] = field(
        default=(),
        metadata=option(
            "Schemas whose objects are drafted; empty means all. Names or patterns.", type="list", elements="str"
        ),
    )
    exclude_schemas: Sequence[str] = field(
        default=(), metadata=option("Schemas whose objects are not drafted.", type="list", elements="str")
    )
    path: str | None = field(default=None, metadata=option("Where the draft is written on the host.", type="path"))

    def __post_init__(self) -> None:
        check_numbers(self)
