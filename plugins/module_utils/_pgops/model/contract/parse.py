# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the mapping of a contract file to the values of ``declared``."""

from __future__ import annotations

from typing import Any

from .declared import (
    Column,
    ColumnRule,
    Contract,
    Fill,
    ForeignKey,
    Grant,
    Index,
    Keep,
    Recovery,
    Rule,
    Table,
    View,
    WritableView,
)
from .errors import ContractError, Problem


def _tuple(value: Any) -> Any:
    return tuple(_tuple(item) for item in value) if isinstance(value, list) else value


def _made(kind: Any, data: Any, **more: Any) -> Any:
    return kind(**{**{key: _tuple(value) for key, value in dict(data).items()}, **more})


def _table(name: str, data: dict[str, Any], tables: dict[str, Any]) -> Table:
    columns = {}
    for column, said in data.get("columns", {}).items():
        fill = said.get("fill")
        columns[column] = _made(Column, said, name=column, fill=_made(Fill, fill) if fill else None)
    keys = []
    for said in data.get("foreign_keys", []):
        referenced = said.get("referenced_columns") or tables[said["references"]].get("primary_key", [])
        keys.append(_made(ForeignKey, said, referenced_columns=tuple(referenced)))
    indexes = tuple(_made(Index, said) for said in data.get("indexes", []))
    return _made(Table, data, name=name, columns=columns, foreign_keys=tuple(keys), indexes=indexes)


def parse_writable(data: object, path: str) -> WritableView:
    """The policy of one writable view; ``path`` is where it stands, for the messages."""
    if not isinstance(data, dict):
        raise ContractError([Problem(path, "It must be a mapping.")])
    columns = {name: _made(ColumnRule, said) for name, said in data.get("columns", {}).items()}
    return _made(WritableView, data, columns=columns)


def parse_contract(data: object) -> Contract:
    """The contract a mapping declares, or ContractError with everything that is wrong with it."""
    if not isinstance(data, dict):
        raise ContractError([Problem("", "It must be a mapping.")])
    tables = data.get("tables", {})
    views = {}
    for name, said in data.get("views", {}).items():
        policy = said.get("writable")
        writable = None if policy is None else parse_writable(policy, f"views.{name}.writable")
        views[name] = View(name, tuple(said.get("columns", ())), writable)
    goals = data.get("recovery", {})
    keep = goals.get("keep")
    rest = {key: value for key, value in data.items() if key != "contract"}
    return _made(
        Contract,
        rest,
        tables={name: _table(name, said, tables) for name, said in tables.items()},
        views=views,
        rules=tuple(_made(Rule, said) for said in data.get("rules", [])),
        grants=tuple(_made(Grant, said) for said in data.get("grants", [])),
        recovery=_made(Recovery, goals, keep=_made(Keep, keep) if keep is not None else None),
    )
