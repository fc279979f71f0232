# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Compares the parts of a contract with each other: every name must be declared, and once."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from ..identifiers import QualifiedName, parse_qualified
from . import policies
from .declared import ALL
from .reader import BAD, Draft, Path, Reader, rendered
from .schema import PRIVILEGES
from .wording import instead, listed, nearest, quoted

_NO_DRAFT = Draft(())


def check(reader: Reader, contract: Draft) -> None:
    """Report everything in the draft of a contract that does not fit together."""
    _References(reader, contract).check()


class _References:
    def __init__(self, reader: Reader, contract: Draft) -> None:
        self.report = reader.report
        self.contract = contract
        self.default_schema = contract.given("schema", "public")
        # Where a section could not be read whole, a name that is missing in it is no finding.
        self.tables_whole = self._whole("tables")
        self.views_whole = self._whole("views")
        self.tables: dict[QualifiedName, Draft] = {}
        self.views: dict[QualifiedName, Draft] = {}
        self.index_names: dict[QualifiedName, Path] = {}

    def check(self) -> None:
        self._collect("tables", self.tables, "table")
        self._collect("views", self.views, "view")
        for name, table in self.tables.items():
            self._table(name.schema, table)
        self._index_names()
        for name, view in self.views.items():
            self._view(name, view)
        self._rules()
        for grant in _drafts(self.contract.given("grants", ())):
            self._grant(grant)
        self._keep()

    def _whole(self, section: str) -> bool:
        found = self.contract.get(section, _NO_DRAFT)
        return found is not BAD and found.whole

    def name(self, spelled: str) -> QualifiedName:
        schema, name = parse_qualified(spelled)
        return QualifiedName(self.default_schema if schema is None else schema, name)

    def _collect(self, section: str, into: dict[QualifiedName, Draft], what: str) -> None:
        found = self.contract.given(section, _NO_DRAFT)
        spelled: dict[QualifiedName, str] = {}
        for spelling, draft in found.items():
            name = self.name(spelling)
            path = found.at(spelling)
            if name in spelled:
                self.report(path, f"It is the same {what} as {quoted(spelled[name])}; declare it once.")
                continue
            if name in self.tables and what == "view":
                self.report(path, "It is declared as a table too; a table and a view cannot share a name.")
            spelled[name] = spelling
            into[name] = draft if draft is not BAD else _unknown(path)

    # Tables

    def _table(self, schema: str, table: Draft) -> None:
        self._keys(table)
        for key in _drafts(table.given("foreign_keys", ())):
            self._foreign_key(table, key)
        self._twice(table.given("foreign_keys", ()), ("columns", "references"), "foreign key")
        for index in _drafts(table.given("indexes", ())):
            self._index(schema, table, index)
        self._twice(table.given("indexes", ()), ("columns", "method", "where", "unique"), "index")
        for column in _drafts(table.given("columns", _NO_DRAFT).values()):
            if column.given("fill") is not None:
                self._fill(table, column)

    def _keys(self, table: Draft) -> None:
        self._columns_of(table, table.given("primary_key", ()), table.at("primary_key"))
        seen = [set(table.given("primary_key", ()))]
        for number, key in enumerate(table.given("unique", ())):
            path = (*table.at("unique"), number)
            if key is BAD:
                continue
            self._columns_of(table, key, path)
            if set(key) in seen:
                self.report(path, "The same columns are declared as a key already.")
            seen.append(set(key))

    def _columns_of(self, table: Draft, columns: Iterable[str], path: Path) -> bool:
        """Report columns that the table does not declare, where it declares any; whether there was none."""
        known = [self._column_of(table, column, (*path, number)) for number, column in enumerate(columns)]
        return all(known)

    def _column_of(self, table: Draft, column: str, path: Path) -> bool:
        known = table.given("columns", _NO_DRAFT)
        if not known or not known.whole or column in known:
            return True
        self.report(path, f"The table {_last(table)} declares no column {quoted(column)}; {instead(column, known)}.")
        return False

    def _foreign_key(self, table: Draft, key: Draft) -> None:
        columns = key.given("columns", ())
        self._columns_of(table, columns, key.at("columns"))
        self._set_null(table, key, columns)
        references = key.given("references")
        target = self._declared_table(references, key.at("references"))
        if target is None:
            return
        named = key.given("referenced_columns", ())
        if named and not self._columns_of(target, named, key.at("referenced_columns")):
            return
        if not named and ("referenced_columns" in key or not target.whole or target.get("primary_key") is BAD):
            return
        referenced = named or target.given("primary_key", ())
        if not referenced:
            self.report(
                key.at("references"),
                f"The table {_last(target)} declares no primary key; name the columns in referenced_columns.",
            )
        elif columns and len(columns) != len(referenced):
            counts = f"{len(columns)} and {len(referenced)} ({listed(referenced)})"
            self.report(key.at("columns"), f"A foreign key has as many columns as it refers to; these are {counts}.")
        elif named and target.whole and not _is_key(target, set(named)):
            self.report(
                key.at("referenced_columns"),
                f"PostgreSQL refers to unique columns only, and the table {_last(target)} declares neither a primary "
                f"key nor a unique key of {listed(named)}.",
            )

    def _set_null(self, table: Draft, key: Draft, columns: Iterable[str]) -> None:
        known = table.given("columns", _NO_DRAFT)
        primary = table.given("primary_key", ())
        for rule in ("on_delete", "on_update"):
            if key.given(rule) != "set null":
                continue
            for column in columns:
                said = known.get(column)
                if column in primary or (isinstance(said, Draft) and said.given("not_null")):
                    self.report(key.at(rule), f"The column {quoted(column)} is NOT NULL, so it can never be set null.")

    def _declared_table(self, spelled: str | None, path: Path) -> Draft | None:
        if spelled is None:
            return None
        found = self.tables.get(self.name(spelled))
        if found is None and self.tables_whole:
            self.report(path, self._undeclared("table", spelled, self.tables, self.views))
        return found

    def _undeclared(
        self, what: str, spelled: str, known: Iterable[QualifiedName], others: Iterable[QualifiedName]
    ) -> str:
        if self.name(spelled) in others:
            return f"{quoted(spelled)} is declared as a {'view' if what == 'table' else 'table'}, not as a {what}."
        near = nearest(spelled, [self._short(name) for name in known])
        if near is not None:
            return f"The contract declares no {what} {quoted(spelled)}; the nearest right spelling is {quoted(near)}."
        return f"The contract declares no {what} {quoted(spelled)}; {quoted(spelled + ': {}')} under {what}s is enough."

    def _short(self, name: QualifiedName) -> str:
        return name.name if name.schema == self.default_schema else f"{name.schema}.{name.name}"

    def _index(self, schema: str, table: Draft, index: Draft) -> None:
        columns = index.given("columns", ())
        self._columns_of(table, columns, index.at("columns"))
        method = index.given("method", "btree")
        if index.given("unique") and method in ("hash", "gin", "gist", "spgist", "brin"):
            self.report(index.at("unique"), f"An index of the method {method} cannot be unique.")
        if method == "hash" and len(columns) > 1:
            self.report(index.at("columns"), "An index of the method hash has one column.")
        name = index.given("name")
        if name is not None:
            place = QualifiedName(schema, name)
            if place in self.index_names:
                self.report(index.at("name"), f"{rendered(self.index_names[place])} gives an index this name already.")
            self.index_names.setdefault(place, index.at("name"))

    def _index_names(self) -> None:
        for place, path in self.index_names.items():
            if place in self.tables or place in self.views:
                self.report(path, "A table or view of the contract has this name; indexes share names with them.")

    def _twice(self, items: Iterable[Any], parts: tuple[str, ...], what: str) -> None:
        seen: list[tuple[Any, ...]] = []
        for item in _drafts(items):
            if any(item.get(part) is BAD for part in parts):
                continue
            shape = tuple(item.get(part) for part in parts)
            if shape in seen:
                self.report(item.path, f"The same {what} is declared already.")
            seen.append(shape)

    def _fill(self, table: Draft, column: Draft) -> None:
        fill = column.given("fill")
        said = [key for key in ("column", "value", "expression") if fill.get(key) is not None]
        if fill.whole and len(said) != 1:
            given = f"it has {' and '.join(said)}" if said else "it has none of them"
            self.report(fill.path, f"A fill has exactly one of column, value and expression; {given}.")
        source = fill.given("column")
        if source is None:
            return
        self._column_of(table, source, fill.at("column"))
        if table.given("columns", _NO_DRAFT).get(source) is column:
            self.report(fill.at("column"), "A column cannot be filled from itself.")

    # Views

    def _view(self, name: QualifiedName, view: Draft) -> None:
        writable = view.given("writable")
        if writable is None:
            return
        known = () if view.get("columns") is BAD else view.given("columns", ())
        policies.check(self.report, writable, known)
        relations = {table.name: draft for table, draft in self.tables.items() if table.schema == name.schema}
        root = writable.given("root")
        if root is not None:
            self._relation(root, writable.at("root"), relations)
        fixed = writable.given("fixed_values", _NO_DRAFT)
        for relation, columns in fixed.items():
            self._relation(relation, fixed.at(relation), relations)
            for column, value in columns.items():
                self._fixed_value(relations.get(relation), column, value, columns.at(column))

    def _relation(self, relation: str, path: Path, tables: dict[str, Draft]) -> None:
        """An alias is any name; but a near miss of a declared table is a slip, unless it is that name with a tail."""
        if relation in tables or not self.tables_whole:
            return
        near = nearest(relation, tables, cutoff=0.8)
        if near is not None and not re.fullmatch(rf"{re.escape(near)}(_\w+|\d+)", relation):
            self.report(
                path,
                f"The contract declares no table {quoted(relation)}; the nearest right spelling is {quoted(near)}.",
            )

    def _fixed_value(self, table: Draft | None, column: str, value: object, path: Path) -> None:
        if table is None:
            return
        self._column_of(table, column, path)
        said = table.given("columns", _NO_DRAFT).get(column)
        if value is None and isinstance(said, Draft) and said.given("not_null"):
            self.report(path, f"The column {quoted(column)} is NOT NULL, so it cannot be written as null.")

    # Everything else

    def _rules(self) -> None:
        seen: dict[str, Path] = {}
        for rule in _drafts(self.contract.given("rules", ())):
            name = rule.given("name")
            if name in seen:
                self.report(rule.at("name"), f"{rendered(seen[name])} has the same name.")
            elif name is not None:
                seen[name] = rule.path

    def _grant(self, grant: Draft) -> None:
        kinds = [kind for kind in PRIVILEGES if grant.get(kind) is not None]
        if not kinds and grant.whole:
            self.report(
                grant.path, "It names no object; it needs at least one of tables, views, sequences and schemas."
            )
        for number, privilege in enumerate(grant.given("privileges", ())):
            for kind in kinds:
                if privilege not in PRIVILEGES[kind]:
                    self.report(
                        (*grant.at("privileges"), number),
                        f"The privilege {privilege} does not exist on {kind}, whose privileges are "
                        f"{', '.join(PRIVILEGES[kind])}; make a grant of its own for it.",
                    )
        declared = (("tables", self.tables, self.views), ("views", self.views, self.tables))
        for kind, known, others in declared:
            names = grant.given(kind, ())
            whole = self.tables_whole if kind == "tables" else self.views_whole
            for number, spelled in enumerate(() if names == ALL or not whole else names or ()):
                if self.name(spelled) not in known:
                    self.report((*grant.at(kind), number), self._undeclared(kind[:-1], spelled, known, others))

    def _keep(self) -> None:
        recovery = self.contract.given("recovery", _NO_DRAFT)
        keep = recovery.given("keep")
        if keep is not None and len(keep) == 5 and not any(keep.values()):
            self.report(keep.path, "Every count is 0, so no backup would be kept at all.")


def _drafts(items: Iterable[Any]) -> Iterator[Draft]:
    return (item for item in items if isinstance(item, Draft))


def _unknown(path: Path) -> Draft:
    """A table or view that is there but could not be read: nothing is known about it."""
    draft = Draft(path)
    draft.whole = False
    return draft


def _last(draft: Draft) -> str:
    return str(draft.path[-1])


def _is_key(table: Draft, columns: set[str]) -> bool:
    keys = [table.get("primary_key", ()), *(table.given("unique") or ())]
    indexes = [
        index.get("columns", ())
        for index in _drafts(table.given("indexes", ()))
        if index.given("unique") and index.given("where") is None
    ]
    every = [*keys, *indexes, table.get("unique", ())]
    return any(key is BAD for key in every) or any(set(key) == columns for key in (*keys, *indexes))
