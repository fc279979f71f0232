# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The grants of a drafted contract, as they are found, role by role. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from ..model.acl import effective_acl
from ..model.catalog.relations import Relation
from ..model.catalog.snapshot import Catalog
from ..model.contract import values
from ..model.contract.declared import ALL
from ..model.contract.schema import PRIVILEGES
from ..model.contract.values import spelling
from ..model.contract.wording import BadValueError

PUBLIC = "public"
_ACL_KINDS = {"tables": "table", "views": "table", "sequences": "sequence", "schemas": "schema"}
#: So many objects of a schema are named one by one even where a role has the same rights on all of them.
FEW = 3


class Grants:
    """Reads all access lists; `entries` are the contract's, `remarks` sentences with the entry they stand above."""

    def __init__(
        self,
        catalog: Catalog,
        home: str,
        name: Callable[[Relation], str],
        tables: Sequence[Relation],
        views: Sequence[Relation],
    ) -> None:
        self._catalog = catalog
        self._home = home
        self._name = name
        self._by_column: dict[str, set[str]] = {}
        #: Role, privileges in the contract's words and order, kind of object: names.
        self._held: dict[tuple[str, tuple[str, ...], str], list[str]] = {}
        self._relations("tables", tables)
        self._relations("views", views)
        self._relations("sequences", self._sequences({one.schema for one in (*tables, *views)}))
        self._schemas({one.schema for one in (*tables, *views)} | {home})
        self._alls = {
            kind: self._all_of(kind, letters)
            for kind, letters in (("tables", "rp"), ("views", "vm"), ("sequences", "S"))
        }
        self.entries: list[dict[str, Any]] = []
        self.remarks: list[tuple[int | None, str]] = []
        self._write()

    def _sequences(self, schemas: set[str]) -> list[Relation]:
        return [one for one in self._catalog.own if one.kind == "S" and one.schema in schemas]

    def _relations(self, kind: str, relations: Iterable[Relation]) -> None:
        for one in relations:
            self._note(kind, self._name(one), one.acl, one.owner)
            for column in self._catalog.columns.get(one.oid, ()):
                for entry in effective_acl(column.acl, "column", one.owner) if column.acl else ():
                    if entry.grantee != one.owner:
                        place = f"{self._name(one)}.{spelling(column.name)}"
                        self._by_column.setdefault(entry.grantee or PUBLIC, set()).add(place)

    def _schemas(self, schemas: set[str]) -> None:
        for name in sorted(schemas):
            found = self._catalog.schemas.get(name)
            if found is not None:
                self._note("schemas", spelling(name), found.acl, found.owner)

    def _note(self, kind: str, name: str, acl: str | None, owner: str) -> None:
        held: dict[str, set[str]] = {}
        for entry in effective_acl(acl, _ACL_KINDS[kind], owner, self._catalog.server.major):
            if entry.grantee != owner:
                held.setdefault(entry.grantee or PUBLIC, set()).update(word.lower() for word in entry.privileges)
        for role, words in held.items():
            known = tuple(word for word in PRIVILEGES[kind] if word in words)
            # A number stands for a role that is gone.
            if known and (role == PUBLIC or role in self._catalog.roles):
                self._held.setdefault((role, known, kind), []).append(name)

    def _all_of(self, kind: str, letters: str) -> set[str]:
        """What `all` of a kind means: all in the contract's schema; partitions are reached through their root."""
        return {
            self._name(one)
            for one in self._catalog.own
            if one.kind in letters and one.schema == self._home and not one.is_partition
        }

    def _write(self) -> None:
        grouped: dict[tuple[str, tuple[str, ...]], dict[str, Any]] = {}
        for (role, words, kind), names in sorted(self._held.items(), key=lambda item: _order(item[0])):
            grouped.setdefault((role, words), {})[kind] = self._named(kind, names)
        skipped = []
        for (role, words), kinds in grouped.items():
            try:
                values.literal_name(role)
            except BadValueError as error:
                skipped.append(f"The rights of the role {role!r} are not stated here: {error}")
                continue
            if (role, words, "schemas") in self._held and role == PUBLIC and "create" in words:
                self.remarks.append((len(self.entries), "Everybody may create objects in this schema. Is that meant?"))
            self.entries.append({"role": role, "privileges": list(words), **kinds})
        for sentence in dict.fromkeys(skipped):
            self.remarks.append((None, sentence))
        for role, columns in sorted(self._by_column.items()):
            listed = sorted(columns)
            more = f" and {len(listed) - 10} more" if len(listed) > 10 else ""
            some = f"{', '.join(listed[:10])}{more}"
            sentence = f"{role} has rights on single columns, which a contract does not state: {some}."
            self.remarks.append((None, sentence))

    def _named(self, kind: str, names: list[str]) -> str | list[str]:
        every = self._alls.get(kind)
        return ALL if len(names) > FEW and every == set(names) else sorted(names)


def _order(key: tuple[str, tuple[str, ...], str]) -> tuple[Any, ...]:
    role, words, kind = key
    return (role == PUBLIC, role, list(PRIVILEGES).index(kind), words)
