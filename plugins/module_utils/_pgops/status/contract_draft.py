# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Drafts a contract from what a database is, with questions to its owner. Pure.

The draft states what is so and what a contract can state; whatever it cannot is a comment, never a guess. It agrees
with the database that it was made from.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from ..checks.foreign_key_graph import fk_missing
from ..checks.seen import Seen
from ..model.acl import effective_acl
from ..model.catalog.relations import Column, Constraint, Relation
from ..model.catalog.snapshot import Catalog
from ..model.contract import schema, values
from ..model.contract.reader import rendered
from ..model.contract.values import spelling
from ..model.contract.wording import BadValueError
from ..model.errors import RefusedError
from ..model.measured import Details
from .contract_grants import Grants
from .contract_indexes import index_entry
from .inventory_relations import ACTIONS
from .inventory_scope import Scope

Path = tuple[Any, ...]

_INTEGER = re.compile(r"0|-?[1-9][0-9]{0,17}")
#: A column of which so many rows are NULL is asked about.
MOSTLY_NULL = 0.9
#: Fewer rows say nothing about a column.
FEW_ROWS = 20


@dataclass
class Draft:
    """A contract's mapping, and comments by the path above which they stand. `questions` are those among them that
    the owner is to answer.
    """

    contract: dict[str, Any]
    comments: dict[Path, list[str]] = field(default_factory=dict)
    questions: list[dict[str, str]] = field(default_factory=list)

    def say(self, path: Path, sentence: str) -> None:
        """Put a comment above a place."""
        self.comments.setdefault(path, []).append(sentence)

    def ask(self, path: Path, sentence: str) -> None:
        """Put a question to the owner above a place."""
        self.say(path, sentence)
        self.questions.append({"at": rendered(path), "question": sentence})


def draft_contract(catalog: Catalog, details: Details, scope: Scope) -> Draft:
    """The draft for the database's schemas that the scope covers.

    :raises RefusedError: when no contract can name this database.
    """
    return _Drafter(catalog, details, scope).draft()


class _Drafter:
    def __init__(self, catalog: Catalog, details: Details, scope: Scope) -> None:
        self.catalog = catalog
        self.details = details
        self.tables = [table for table in catalog.table_roots if scope.covers(table.schema)]
        self.views = [view for view in catalog.own if view.kind in "vm" and scope.covers(view.schema)]
        self.home = _home([*self.tables, *self.views])
        self.listed = {table.oid: self.name(table) for table in self.tables}
        self.stubs: dict[int, str] = {}
        self.made = Draft({})

    def name(self, relation: Relation) -> str:
        """The relation as the contract spells it."""
        bare = spelling(relation.name)
        return bare if relation.schema == self.home else f"{spelling(relation.schema)}.{bare}"

    def draft(self) -> Draft:
        """All of it."""
        contract = self.made.contract
        contract.update(contract=schema.FORMAT, database=_database(self.catalog.server.database))
        contract["schema"] = spelling(self.home)
        contract["tables"] = {}
        for table in self.tables:
            contract["tables"][self.listed[table.oid]] = self._table(table)
        self._uphold(contract["tables"])
        self._references()
        contract["views"] = {self.name(view): self._view(view) for view in self.views}
        grants = Grants(self.catalog, self.home, self.name, self.tables, self.views)
        contract["grants"] = grants.entries
        for place, sentence in grants.remarks:
            self.made.say(("grants",) if place is None else ("grants", place), sentence)
        for part in ("tables", "views", "grants"):
            if not contract[part]:
                del contract[part]
        self._forget()
        return self.made

    def _forget(self) -> None:
        """Let comments whose place came to nothing stand above the nearest place that is there."""
        for path in list(self.made.comments):
            nearest = path
            while nearest and not _leads_somewhere(self.made.contract, nearest):
                nearest = nearest[:-1]
            if nearest != path:
                self.made.comments.setdefault(nearest, []).extend(self.made.comments.pop(path))

    # Tables

    def _table(self, table: Relation) -> dict[str, Any]:
        path = ("tables", self.listed[table.oid])
        if table.kind == "p":
            self.made.say(path, f"It is partitioned by {table.partition_key}; its partitions go with it.")
        found: dict[str, Any] = {}
        columns = self.catalog.columns.get(table.oid, ())
        found["columns"] = {spelling(one.name): self._column(table, one, path) for one in columns}
        keys = self.catalog.constraints.get(table.oid, ())
        primary = self.catalog.key_of.get(table.oid)
        if primary is not None:
            found["primary_key"] = self._names(table, primary.columns)
        found["unique"] = self._unique(table, keys, primary, path)
        found["foreign_keys"] = self._foreign_keys(table, keys, path)
        found["indexes"] = self._indexes(table, path)
        return {name: value for name, value in found.items() if value}

    def _names(self, table: Relation, numbers: Iterable[int]) -> list[str]:
        return [spelling(name) for name in self.catalog.column_names(table.oid, numbers)]

    def _column(self, table: Relation, column: Column, above: Path) -> dict[str, Any]:
        path = (*above, "columns", spelling(column.name))
        found: dict[str, Any] = {}
        if self._stated(path, "type", column.type, values.column_type):
            found["type"] = column.type
        if column.not_null:
            found["not_null"] = True
        if column.generated:
            self.made.say(path, f"It is generated from {column.default}, which a contract does not state.")
        elif column.identity:
            self.made.say(path, "It is an identity column, which a contract does not state.")
        elif column.default is not None and self._stated(path, "default", column.default, values.default):
            found["default"] = _plain(column.default)
        share = self.details.null_shares.get(table.oid, {}).get(column.name, 0.0)
        if share >= MOSTLY_NULL and _rows(self.catalog, table) >= FEW_ROWS:
            what = "Every row is" if share == 1 else f"About {min(share, 0.99):.0%} of the rows are"
            self.made.ask(path, f"{what} NULL here. Is the column used, and is NULL right? See `fill`.")
        return found

    def _stated(self, path: Path, what: str, text: str, read: Any) -> bool:
        """Whether a contract can state this SQL; where not, it is a comment."""
        try:
            read(text)
        except BadValueError as error:
            self.made.say(path, f"Its {what} is {text}, which a contract cannot state: {error}")
            return False
        return True

    def _unique(
        self, table: Relation, keys: Iterable[Constraint], primary: Constraint | None, path: Path
    ) -> list[list[str]]:
        seen = [set(primary.columns)] if primary is not None else []
        found: list[list[str]] = []
        for key in keys:
            if key.kind != "u":
                continue
            if set(key.columns) in seen:
                self.made.say(
                    (*path, "unique"), f"{spelling(key.name)} is not stated here: it has the columns of another key."
                )
                continue
            seen.append(set(key.columns))
            if key.deferrable:
                self.made.say((*path, "unique", len(found)), f"{spelling(key.name)} is deferrable.")
            found.append(self._names(table, key.columns))
        return found

    # Foreign keys

    def _foreign_keys(self, table: Relation, keys: Iterable[Constraint], above: Path) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        known = [key for key in keys if key.kind == "f" and not key.parent and key.references in self.catalog.relations]
        for place, key in enumerate(known):
            path = (*above, "foreign_keys", len(found))
            trouble = self._unstatable(table, key) or _beside(key, known[:place], known[place + 1 :])
            if trouble:
                self.made.say(path, f"{spelling(key.name)} is not stated here: {trouble}.")
                continue
            found.append(self._foreign_key(table, key))
            self._remark(table, key, path)
        return found

    def _unstatable(self, table: Relation, key: Constraint) -> str:
        """Why a contract would be refused with this key, '' where it would not."""
        columns = [self.catalog.column(table.oid, number) for number in key.columns]
        never = any(column is not None and column.not_null for column in columns)
        if never and "n" in (key.on_delete, key.on_update):
            return "SET NULL on a column that is NOT NULL can never work"
        if not key.enforced:
            return "it is NOT ENFORCED"
        return ""

    def _foreign_key(self, table: Relation, key: Constraint) -> dict[str, Any]:
        parent = self.catalog.relations[key.references]
        if parent.oid not in self.listed:
            self.stubs[parent.oid] = self.name(parent)
        found: dict[str, Any] = {
            "columns": self._names(table, key.columns),
            "references": self.listed.get(parent.oid) or self.stubs[parent.oid],
        }
        primary = self.catalog.key_of.get(parent.oid)
        if primary is None or primary.columns != key.referenced_columns or parent.oid in self.stubs:
            found["referenced_columns"] = self._names(parent, key.referenced_columns)
        for rule, action in (("on_delete", key.on_delete), ("on_update", key.on_update)):
            if action != "a":
                found[rule] = ACTIONS[action]
        return found

    def _remark(self, table: Relation, key: Constraint, path: Path) -> None:
        special = [
            word
            for word, is_so in (
                ("not valid for older rows", not key.validated),
                ("deferrable", key.deferrable),
                ("MATCH FULL", key.match == "f"),
                ("limited to some columns in its SET rule", bool(key.set_columns)),
            )
            if is_so
        ]
        if special:
            self.made.say(path, f"{spelling(key.name)} is {', '.join(special)}.")
        siblings = self._siblings(table, key)
        if siblings and all(one.on_delete != key.on_delete for one in siblings):
            others = sorted({ACTIONS[one.on_delete].upper() for one in siblings})
            self.made.ask(
                path,
                f"A delete means {ACTIONS[key.on_delete].upper()} here and {' or '.join(others)} for the keys beside "
                "it. Is that meant?",
            )

    def _siblings(self, table: Relation, key: Constraint) -> list[Constraint]:
        """The other keys of the table, and those that refer to the same table."""
        own = [one for one in self.catalog.constraints.get(table.oid, ()) if one.kind == "f" and not one.parent]
        same = [one for _table, one in self.catalog.referencing.get(key.references, ())]
        return [one for one in {one.oid: one for one in (*own, *same)}.values() if one.oid != key.oid]

    def _uphold(self, tables: dict[str, Any]) -> None:
        """State every key that a foreign key of the draft refers to; of tables outside the draft nothing else."""
        for name in sorted(self.stubs.values()):
            tables[name] = {}
            self.made.say(("tables", name), "It is not drafted; foreign keys of this file refer to it.")
        for table in list(tables.values()):
            for key in table.get("foreign_keys", ()):
                parent = tables[key["references"]]
                columns = key.get("referenced_columns")
                if columns is None:
                    continue
                plain = [
                    one["columns"] for one in parent.get("indexes", ()) if one.get("unique") and "where" not in one
                ]
                known = [parent.get("primary_key", []), *parent.get("unique", ()), *plain]
                if not any(set(columns) == set(one) for one in known):
                    parent.setdefault("unique", []).append(columns)

    def _references(self) -> None:
        """Ask about columns that look like foreign keys."""
        for one in fk_missing(Seen(self.catalog)):
            relation = self.catalog.by_name[one.object[0], one.object[1]]
            if relation.oid in self.listed:
                path = ("tables", self.listed[relation.oid], "columns", spelling(one.object[2]))
                refers = one.evidence["references"]
                self.made.ask(path, f"It seems to refer to {refers} and has no foreign key. Should it have one?")

    # Indexes

    def _indexes(self, table: Relation, above: Path) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        for index in self.catalog.indexes.get(table.oid, ()):
            if index.oid in self.catalog.constraint_indexes or index.of_extension:
                continue
            path = (*above, "indexes", len(found))
            entry, why = index_entry(self.catalog, table, index)
            if entry is not None and entry in found:
                entry, why = None, "it is the same as the one above"
            if entry is None:
                self.made.say(path, f"The index {spelling(index.name)} is not stated here: {why}.")
            else:
                found.append(entry)
        return found

    # Views

    def _view(self, view: Relation) -> dict[str, Any]:
        path = ("views", self.name(view))
        names = [spelling(one.name) for one in self.catalog.columns.get(view.oid, ())]
        columns = {"columns": names} if names else {}
        if view.kind == "m":
            self.made.say(path, "It is a materialized view.")
            return columns
        writers = _writers(self.catalog, view)
        joined = {oid for oid, _number in self.catalog.view_columns.get(view.oid, ())}
        triggers = [one for one in self.catalog.triggers.get(view.oid, ()) if one.bits & 64]
        if any(one.name.startswith("pgops_") for one in triggers):
            self.made.ask(
                path, "Triggers of pg_view_triggers stand on it. State under `writable` what they were made by."
            )
        elif triggers:
            self.made.say(path, f"It takes writes by triggers: {', '.join(spelling(one.name) for one in triggers)}.")
        elif len(joined) > 1 and not view.updatable:
            who = f"{', '.join(writers)} may write to it, and PostgreSQL takes no writes. " if writers else ""
            self.made.ask(path, f"{who}It joins tables. Should it take writes?")
            self.made.say(path, "If it should, state beside its columns:")
            self.made.say(path, "writable: {}")
        return columns


def _beside(key: Constraint, before: list[Constraint], after: list[Constraint]) -> str:
    """Why a key cannot be stated because of others over the same columns, '' where it can."""

    def same(other: Constraint) -> bool:
        return (other.columns, other.references) == (key.columns, key.references)

    for other in filter(same, (*before, *after)):
        if (other.on_delete, other.on_update) != (key.on_delete, key.on_update):
            return f"{spelling(other.name)} is over the same columns and says otherwise"
    return "another key over the same columns says the same" if any(map(same, before)) else ""


def _writers(catalog: Catalog, view: Relation) -> list[str]:
    entries = effective_acl(view.acl, "table", view.owner, catalog.server.major)
    verbs = {"INSERT", "UPDATE", "DELETE"}
    return sorted({one.grantee or "everybody" for one in entries if one.privileges & verbs} - {view.owner})


def _home(relations: Iterable[Relation]) -> str:
    """The schema in which names without one live: public where it is used, else the one with most in it."""
    count: dict[str, int] = {}
    for relation in relations:
        count[relation.schema] = count.get(relation.schema, 0) + 1
    if not count or "public" in count:
        return "public"
    return min(count, key=lambda name: (-count[name], name))


def _database(name: str) -> str:
    try:
        return values.literal_name(name)
    except BadValueError as error:
        raise RefusedError(f"No contract can name the database {name!r}: {error} Nothing was written.") from error


def _plain(default: str) -> str | int | bool:
    """A default as a person writes it: numbers and booleans without quotes."""
    if default in ("true", "false"):
        return default == "true"
    return int(default) if _INTEGER.fullmatch(default) else default


def _rows(catalog: Catalog, table: Relation) -> float:
    return sum(max(leaf.rows, 0.0) for leaf in catalog.leaves(table))


def _leads_somewhere(value: Any, path: Path) -> bool:
    for part in path:
        known = range(len(value)) if isinstance(value, list) else value if isinstance(value, dict) else ()
        if part not in known:
            return False
        value = value[part]
    return True
