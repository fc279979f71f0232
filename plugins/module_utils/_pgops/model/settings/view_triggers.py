# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Options of the verb that makes views writable."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from .option import check_numbers, option


@dataclass(frozen=True)
class ViewTriggersSettings:
    """What a person may say about making views writable."""

    view: str | None = field(
        default=None,
        metadata=option(
            "The view, C(schema.name) or a bare name of the contract's schema; "
            "without it every writable view of the contract.",
            type="str",
        ),
    )
    state: str = field(
        default="present",
        metadata=option(
            "V(present) makes the view take writes, V(absent) removes what this made.",
            type="str",
            choices=("present", "absent"),
        ),
    )
    contract: dict[str, Any] | None = field(
        default=None, metadata=option("The database's contract, whole or in part.", type="dict")
    )
    definition: dict[str, Any] | None = field(
        default=None,
        metadata=option(
            "What cannot be derived about one view, where there is no contract: "
            "the mapping of a contract's C(writable).",
            type="dict",
        ),
    )
    adopt: bool = field(
        default=False,
        metadata=option("Whether triggers and functions of other authors on the view may be replaced.", type="bool"),
    )
    probe: bool = field(
        default=True,
        metadata=option(
            "Whether new triggers are tried on a visible row, in a transaction that is rolled back.", type="bool"
        ),
    )
    probe_timeout: float = field(
        default=5.0, metadata=option("How long the probe may take.", type="float", unit="seconds", most=3600.0)
    )
    lock_budget: float = field(
        default=60.0,
        metadata=option(
            "How long to go on asking for locks that others hold, in all.", type="float", unit="seconds", most=86400.0
        ),
    )

    def __post_init__(self) -> None:
        check_numbers(self)
