# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""When autovacuum comes for a table: PostgreSQL's own arithmetic (relation_needs_vacanalyze), with a table's options.

A table is vacuumed when its dead rows, or the rows inserted since the last VACUUM, pass a point, and analyzed when its
changed rows do. PostgreSQL 18 caps the first point and counts for the second only the share of pages not yet frozen.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from ...model.catalog.server import Setting

_ENABLED = "autovacuum_enabled"
_FALSE = frozenset({"false", "fals", "fal", "fa", "f", "no", "n", "off", "of", "0"})


class Options(NamedTuple):
    """What holds for one table: thresholds in rows, scale factors as shares, each the table's own or the server's.

    `vacuum_cap` and `insert_threshold` -1: none. `enabled`: whether autovacuum may come at all but against wraparound.
    """

    enabled: bool
    vacuum_threshold: float
    vacuum_scale: float
    vacuum_cap: float
    insert_threshold: float
    insert_scale: float
    analyze_threshold: float
    analyze_scale: float


#: Field of Options: name of setting and option alike, and what holds where a server has no such setting.
_NAMES = {
    "vacuum_threshold": ("autovacuum_vacuum_threshold", 50.0),
    "vacuum_scale": ("autovacuum_vacuum_scale_factor", 0.2),
    "vacuum_cap": ("autovacuum_vacuum_max_threshold", -1.0),
    "insert_threshold": ("autovacuum_vacuum_insert_threshold", -1.0),
    "insert_scale": ("autovacuum_vacuum_insert_scale_factor", 0.2),
    "analyze_threshold": ("autovacuum_analyze_threshold", 50.0),
    "analyze_scale": ("autovacuum_analyze_scale_factor", 0.1),
}


def option_values(options: Iterable[str]) -> dict[str, str]:
    """Storage options (`name=value`) as a dict."""
    return {name: value for name, _equals, value in (option.partition("=") for option in options)}


def is_off(value: str | None) -> bool:
    """Whether a boolean option was switched off, however that was spelled."""
    return value is not None and value.strip().lower() in _FALSE


def options_of(settings: Mapping[str, Setting], *options: Iterable[str]) -> Options:
    """What holds for a table: the first of these lists of storage options that says anything of autovacuum counts.

    A TOAST table is asked with its own options before those of its table, as the server does it.
    """
    said: dict[str, str] = {}
    for candidate in options:
        said = {name: value for name, value in option_values(candidate).items() if name.startswith("autovacuum_")}
        if said:
            break
    values = {}
    for field, (name, otherwise) in _NAMES.items():
        setting = settings.get(name)
        values[field] = float(said.get(name, otherwise if setting is None else setting.value))
    return Options(enabled=not is_off(said.get(_ENABLED)), **values)


def vacuum_point(options: Options, rows: float) -> float:
    """Dead rows beyond which autovacuum vacuums; `rows` is the estimate of the last VACUUM or ANALYZE, or below 0."""
    point = options.vacuum_threshold + options.vacuum_scale * max(rows, 0.0)
    return point if options.vacuum_cap < 0 else min(point, options.vacuum_cap)


def insert_point(options: Options, rows: float, pages: int = 0, frozen_pages: int | None = None) -> float | None:
    """Rows inserted since the last VACUUM beyond which autovacuum vacuums; None where that is switched off.

    `frozen_pages` of `pages` count from PostgreSQL 18 on; None before.
    """
    if options.insert_threshold < 0:
        return None
    unfrozen = 1.0
    if frozen_pages and pages > 0:
        unfrozen = 1.0 - min(frozen_pages, pages) / pages
    return options.insert_threshold + options.insert_scale * max(rows, 0.0) * unfrozen


def analyze_point(options: Options, rows: float) -> float:
    """Rows changed since the last ANALYZE beyond which autovacuum analyzes."""
    return options.analyze_threshold + options.analyze_scale * max(rows, 0.0)
