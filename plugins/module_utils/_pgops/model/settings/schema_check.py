# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Options of the verb that reviews a database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..finding import SEVERITIES
from .option import check_numbers, option

#: What a review can be written as; `json` is the document itself.
FORMATS = ("json", "markdown", "sarif", "junit")


@dataclass(frozen=True)
class SchemaCheckSettings:
    """What a person may say about a review."""

    contract: dict[str, Any] | None = field(
        default=None, metadata=option("The database's contract, whole or in part.", type="dict")
    )
    checks: Sequence[str] = field(
        default=("default",),
        metadata=option(
            "Which checks run: C(default), C(extended) (the default ones too), C(all), groups, ids, or patterns.",
            type="list",
            elements="str",
        ),
    )
    exclude_checks: Sequence[str] = field(
        default=(), metadata=option("Which of them do not: groups, ids, or patterns.", type="list", elements="str")
    )
    severity: str = field(
        default="info",
        metadata=option("The mildest severity that is told.", type="str", choices=tuple(reversed(SEVERITIES))),
    )
    schemas: Sequence[str] = field(
        default=(),
        metadata=option(
            "Schemas whose objects are told; empty means all. Names or patterns.", type="list", elements="str"
        ),
    )
    exclude_schemas: Sequence[str] = field(
        default=(), metadata=option("Schemas whose objects are not told.", type="list", elements="str")
    )
    objects: Sequence[str] = field(
        default=(),
        metadata=option(
            "Objects that are told, as findings name them; empty means all. Names or patterns.",
            type="list",
            elements="str",
        ),
    )
    exclude_objects: Sequence[str] = field(
        default=(), metadata=option("Objects that are not told.", type="list", elements="str")
    )
    suppress: Sequence[Mapping[str, Any]] = field(
        default=(), metadata=option("Findings that are known and accepted.", type="list", elements="dict")
    )
    pragmas: bool = field(
        default=True,
        metadata=option("Whether C(pgops:ignore) in comments on objects suppresses findings.", type="bool"),
    )
    baseline: str | Mapping[str, Any] | None = field(
        default=None, metadata=option("An earlier review, as a path on the host or as the document itself.", type="raw")
    )
    limits: Mapping[str, Mapping[str, Any]] | None = field(
        default=None, metadata=option("Thresholds of checks, by id and name.", type="dict")
    )
    data_timeout: float = field(
        default=5.0,
        metadata=option("How long one question to the data may take.", type="float", unit="seconds", most=3600.0),
    )
    data_budget: float = field(
        default=60.0,
        metadata=option(
            "How long all questions to the data may take together.", type="float", unit="seconds", most=86400.0
        ),
    )
    data_rows: float = field(
        default=10_000_000.0,
        metadata=option(
            "How many rows one question to the data may read, by estimate.", type="float", unit="rows", most=1e15
        ),
    )
    path: str | None = field(default=None, metadata=option("Where the review is written on the host.", type="path"))
    formats: Sequence[str] = field(
        default=("json",),
        metadata=option("What is written beside each other.", type="list", elements="str", choices=FORMATS),
    )

    def __post_init__(self) -> None:
        check_numbers(self)
