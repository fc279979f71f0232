# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Policies of a writable view that contradict each other."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from .reader import BAD, Draft, Path
from .wording import instead, quoted


def check(report: Callable[[Path, str], None], writable: Draft, view_columns: Iterable[str]) -> None:
    """Report what cannot hold at once; ``view_columns`` is empty where the view declares none."""
    known = tuple(view_columns)
    rules = {name: rule for name, rule in (writable.given("columns") or {}).items() if isinstance(rule, Draft)}
    columns = writable.given("columns")
    for name in rules:
        _view_column(report, name, known, columns.at(name))
    for rule in rules.values():
        _column_rule(report, rule)
    _conflict(report, writable, known, rules)
    if writable.given("security") == "invoker" and writable.given("allow_superuser_definer"):
        report(
            writable.at("allow_superuser_definer"),
            "It speaks of definer functions, and security says invoker; leave one of them out.",
        )


def _conflict(
    report: Callable[[Path, str], None], writable: Draft, known: tuple[str, ...], rules: dict[str, Draft]
) -> None:
    key = writable.given("conflict_key")
    if key is None:
        return
    path = writable.at("conflict_key")
    if writable.get("on_conflict", "error") == "error":
        report(path, "It means something only where on_conflict is upsert or ignore; set that or leave the key out.")
    for number, name in enumerate(key):
        _view_column(report, name, known, (*path, number))
        if name in rules and rules[name].given("read_only"):
            report((*path, number), f"The column {quoted(name)} is read_only, so no INSERT can say which row is meant.")


def _column_rule(report: Callable[[Path, str], None], rule: Draft) -> None:
    if not rule.given("read_only"):
        return
    if rule.get("insert_null", BAD) is not BAD:
        report(rule.at("insert_null"), "The column is read_only, so no INSERT gives it a value, not even NULL.")
    if rule.given("update") in ("write", "follow"):
        report(rule.at("update"), f"The column is read_only, so an UPDATE cannot {rule['update']} it.")


def _view_column(report: Callable[[Path, str], None], name: str, known: tuple[str, ...], path: Path) -> None:
    if known and name not in known:
        report(path, f"The view declares no column {quoted(name)}; {instead(name, known)}.")
