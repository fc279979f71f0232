# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From the mapping of a contract file to the values of ``declared``: the door of this room."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from . import policies, references, schema
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
from .errors import ContractError
from .reader import Draft, Place, Reader


def parse_contract(data: object) -> Contract:
    """The contract that a mapping declares, or ContractError with everything that is wrong with it."""
    reader = Reader()
    draft = reader.section(data, (), schema.CONTRACT)
    if isinstance(draft, Draft):
        references.check(reader, draft)
    if reader.problems:
        raise ContractError(reader.problems)
    return _contract(draft)


def parse_writable(data: object, path: str) -> WritableView:
    """The policy of one writable view; ``path`` is where it stands, for the messages."""
    reader = Reader()
    draft = reader.section(data, (Place(path),), schema.WRITABLE)
    if isinstance(draft, Draft):
        policies.check(reader.report, draft, ())
    if reader.problems:
        raise ContractError(reader.problems, subject=f"The policy in {path}")
    return _writable(draft)


def _contract(draft: Draft) -> Contract:
    names = Contract(database=draft["database"], schema=draft.get("schema", "public"))
    tables = draft.get("tables", {})
    keys = {names.qualified(name): table.get("primary_key", ()) for name, table in tables.items()}
    parts: dict[str, Any] = {key: value for key, value in draft.items() if key != "contract"}
    parts["tables"] = {
        name: _table(name, table, lambda spelled: keys[names.qualified(spelled)]) for name, table in tables.items()
    }
    parts["views"] = {name: _view(name, view) for name, view in draft.get("views", {}).items()}
    parts["rules"] = tuple(Rule(**rule) for rule in draft.get("rules", ()))
    parts["grants"] = tuple(Grant(**grant) for grant in draft.get("grants", ()))
    parts["recovery"] = _recovery(draft.get("recovery", {}))
    return Contract(**parts)


def _table(name: str, draft: Draft, primary_key: Callable[[str], tuple[str, ...]]) -> Table:
    parts: dict[str, Any] = dict(draft)
    parts["columns"] = {column: _column(column, said) for column, said in draft.get("columns", {}).items()}
    parts["unique"] = tuple(draft.get("unique", ()))
    parts["foreign_keys"] = tuple(
        ForeignKey(**{"referenced_columns": primary_key(key["references"]), **key})
        for key in draft.get("foreign_keys", ())
    )
    parts["indexes"] = tuple(Index(**index) for index in draft.get("indexes", ()))
    return Table(name=name, **parts)


def _column(name: str, draft: Draft) -> Column:
    fill = draft.get("fill")
    return Column(name=name, **{**draft, "fill": None if fill is None else Fill(**fill)})


def _view(name: str, draft: Draft) -> View:
    writable = draft.get("writable")
    return View(name=name, **{**draft, "writable": None if writable is None else _writable(writable)})


def _writable(draft: Draft) -> WritableView:
    parts: dict[str, Any] = dict(draft)
    parts["columns"] = {name: ColumnRule(**rule) for name, rule in draft.get("columns", {}).items()}
    parts["fixed_values"] = {name: dict(values) for name, values in draft.get("fixed_values", {}).items()}
    return WritableView(**parts)


def _recovery(draft: dict[str, Any]) -> Recovery:
    keep = draft.get("keep")
    return Recovery(**{**draft, "keep": None if keep is None else Keep(**keep)})
