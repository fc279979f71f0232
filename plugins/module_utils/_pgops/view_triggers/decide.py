# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Decides what each write means: the derived shape and the owner's word together, every contradiction named.

Pure: from a `Shape` and a `WritableView` to a `Policy`, or a `RefusedError` that lists all problems.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import replace

from ..model.catalog.view import UniqueIndex, ViewReading
from ..model.contract.declared import ColumnRule, Scalar, WritableView
from ..model.errors import RefusedError
from ..model.identifiers import quote_ident
from .policy import ColumnPolicy, Policy
from .shape import Part, Place, Shape
from .sql_text import sql_scalar


def decide_policy(reading: ViewReading, shape: Shape, declared: WritableView) -> Policy:
    """What the owner's word means for this view.

    :raises RefusedError: naming every word that does not fit the view.
    """
    return _Decision(reading, shape, declared).policy()


class _Decision:
    """Gathers problems while it decides, so that a person sees all of them at once."""

    def __init__(self, reading: ViewReading, shape: Shape, declared: WritableView) -> None:
        self._reading = reading
        self._shape = shape
        self._declared = declared
        self._problems: list[str] = []

    def policy(self) -> Policy:
        root = self._root()
        shape = replace(self._shape, parts=_root_first(self._shape.parts, root))
        fixed = self._fixed()
        lookups = self._lookups()
        columns = tuple(self._column(place, fixed) for place in shape.places)
        deletes = self._deletes(root)
        self._unknown_columns()
        policy = Policy(
            shape=shape,
            root=root,
            columns=columns,
            on_conflict=self._declared.on_conflict,
            conflict_key=self._conflict_key(root, columns) if self._declared.on_conflict != "error" else (),
            fixed=fixed,
            lookups=lookups,
            deletes=deletes,
            insert_refusal=self._insert_refusal(lookups),
            delete_refusal=None if deletes else "the contract refuses DELETE on this view",
            probe_refusal=self._probe_refusal(),
            follows=any(rule.update == "follow" for rule in self._declared.columns.values()),
            skips_concurrent=self._declared.on_concurrent_change == "skip",
            definer=self._declared.security == "definer",
        )
        self._rights(policy)
        if self._problems:
            problems = "; ".join(self._problems)
            raise RefusedError(
                f"The view {shape.sql_name} in database {self._reading.database} was left as it is: {problems}. "
                "Nothing was touched.",
                view=shape.sql_name,
                problems=self._problems,
            )
        return policy

    def _root(self) -> Part:
        preserved = self._shape.preserved
        indexes = {part.index for part in preserved}
        tops = [part for part in preserved if not indexes & set(part.parents)]
        named = self._declared.root
        if named is None:
            if len(tops) > 1:
                self._problems.append(
                    f"{_either(part.alias for part in tops)} could each stand for its row, so `root` must name one"
                )
            return tops[0]
        found = self._named_part(named, "root")
        if found is not None and found not in tops:
            self._problems.append(
                f"`root` names {found.label}, which cannot stand for the view's row; "
                f"{_either(p.alias for p in tops)} can"
            )
        return found if found in tops and found is not None else tops[0]

    def _named_part(self, name: str, where: str) -> Part | None:
        parts = self._shape.parts
        for spelled in (
            [part for part in parts if name in (part.alias, quote_ident(part.alias))],
            [part for part in parts if name in (part.table.name, quote_ident(part.table.name), part.sql_name)],
        ):
            if len(spelled) == 1:
                return spelled[0]
            if spelled:
                self._problems.append(f"`{where}` names {name}, which the view joins more than once: use the alias")
                return None
        names = [part.alias for part in parts] + [part.table.name for part in parts]
        self._problems.append(f"`{where}` names {name}, which the view does not join{_near(name, names)}")
        return None

    def _fixed(self) -> dict[int, dict[str, str]]:
        fixed: dict[int, dict[str, str]] = {}
        for name, values in self._declared.fixed_values.items():
            part = self._named_part(name, "fixed_values")
            if part is None:
                continue
            if not part.preserved:
                self._problems.append(f"`fixed_values` names {part.label}, of which an INSERT writes no row")
            for column, value in values.items():
                literal = self._literal(part, column, value)
                if literal is not None:
                    fixed.setdefault(part.index, {})[literal[0]] = literal[1]
        return fixed

    def _literal(self, part: Part, name: str, value: Scalar) -> tuple[str, str] | None:
        column = next((c for c in part.table.columns if name in (c.name, quote_ident(c.name))), None)
        if column is None:
            near = _near(name, [c.name for c in part.table.columns])
            self._problems.append(f"`fixed_values` names {part.label} column {name}, which does not exist{near}")
            return None
        if column.generated:
            self._problems.append(f"`fixed_values` names {part.label} column {name}, which is generated")
            return None
        if self._shape.joined(part.index, column.name):
            self._problems.append(f"`fixed_values` names {part.label} column {name}, whose value the join decides")
            return None
        return column.name, f"{sql_scalar(value)}::{column.type}"

    def _lookups(self) -> dict[int, tuple[UniqueIndex, ...]]:
        shape = self._shape
        return {
            part.index: tuple(
                unique
                for unique in part.table.unique_indexes
                if all(
                    shape.shown(part.index, name) is not None or self._referred(part, name) for name in unique.columns
                )
            )
            for part in shape.parts
            if not part.preserved
        }

    def _referred(self, part: Part, name: str) -> bool:
        """Whether another shared row, looked up before, gives the value: it refers to this part by it."""
        joined = self._shape.joined(part.index, name)
        others = {index for index, dummy in joined.members} if joined else set()
        return any(
            not other.preserved and other.index in others and part.index in other.parents for other in self._shape.parts
        )

    def _insert_refusal(self, lookups: dict[int, tuple[UniqueIndex, ...]]) -> str | None:
        lost = [self._shape.part(index).label for index, keys in lookups.items() if not keys]
        if lost:
            return f"it shows no unique key of {', '.join(lost)}, so that the row to join cannot be found"
        hidden = [
            f"{part.label} column {quote_ident(name)}" for part in self._shape.preserved for name in self._hidden(part)
        ]
        if hidden:
            return (
                f"{', '.join(hidden)} must have a value, has no default, and is not in the view; "
                "`fixed_values` may give one"
            )
        return None

    def _hidden(self, part: Part) -> list[str]:
        """Columns that an INSERT through the view leaves NULL though they must not be; a trigger may fill them."""
        fixed = {
            name
            for spelled, values in self._declared.fixed_values.items()
            for name in values
            if spelled in (part.alias, part.table.name, part.sql_name)
        }
        return [
            column.name
            for column in part.table.columns
            if column.not_null
            and column.default is None
            and not column.identity
            and not column.generated
            and self._shape.shown(part.index, column.name) is None
            and not self._shape.joined(part.index, column.name)
            and column.name not in fixed
            and not part.table.user_triggers
        ]

    def _rule(self, place: Place) -> ColumnRule:
        name = place.view_column.name
        rules = self._declared.columns
        return rules.get(name) or rules.get(quote_ident(name)) or ColumnRule()

    def _unknown_columns(self) -> None:
        names = [place.view_column.name for place in self._shape.places]
        for spelled in self._declared.columns:
            if spelled not in names and spelled not in map(quote_ident, names):
                self._problems.append(f"`columns` names {spelled}, which the view does not have{_near(spelled, names)}")

    def _column(self, place: Place, fixed: dict[int, dict[str, str]]) -> ColumnPolicy:
        rule = self._rule(place)
        never = self._never(place, rule, fixed)
        update = never or self._update_refusal(place, rule)
        if rule.update == "write" and update:
            self._problems.append(f"`columns` lets {place.view_column.name} be updated, but {update}")
        insert = never if self._shape.part(place.part).preserved else None
        return ColumnPolicy(place, update, insert, rule.insert_null == "null")

    def _never(self, place: Place, rule: ColumnRule, fixed: dict[int, dict[str, str]]) -> str | None:
        """Why neither INSERT nor UPDATE may give this column a value."""
        first = next(p for p in self._shape.places if (p.part, p.column.name) == (place.part, place.column.name))
        if rule.read_only:
            return "the contract makes it read-only"
        if place.column.generated:
            return "it is a generated column"
        if first is not place:
            return f"it shows the same table column as {first.view_column.name}"
        if place.column.name in fixed.get(place.part, {}):
            return "the contract fixes its value"
        return None

    def _update_refusal(self, place: Place, rule: ColumnRule) -> str | None:
        part, column = self._shape.part(place.part), place.column
        if not part.preserved:
            return f"it belongs to {part.label}, one row of which may stand behind several rows of the view"
        if rule.update == "refuse":
            return "the contract refuses it"
        if column.identity == "a":
            return "it is an identity column GENERATED ALWAYS"
        joined = self._shape.joined(place.part, column.name)
        is_key = joined or any(key.view_column == place.view_column.name for key in self._shape.row_key)
        if not is_key:
            return None
        if rule.update != "follow":
            return "it is a key of the join" if joined else "it is the key by which a row is found"
        return self._follow_refusal(place)

    def _follow_refusal(self, place: Place) -> str | None:
        """A joined key can follow only where every other member is moved by a foreign key ON UPDATE CASCADE, or is
        the key of a shared parent, of which the row then names another one."""
        joined = self._shape.joined(place.part, place.column.name)
        own = self._shape.part(place.part)
        for index, name in joined.members if joined else ():
            other = self._shape.part(index)
            names_another = index in own.parents and not other.preserved
            if (
                index != place.part
                and not names_another
                and not any(
                    key.references == own.table.oid
                    and key.on_update == "cascade"
                    and (name, place.column.name) in zip(key.columns, key.referenced_columns)
                    for key in other.table.foreign_keys
                )
            ):
                self._problems.append(
                    f"`columns` lets {place.view_column.name} follow, but no foreign key of {other.label} on "
                    f"{quote_ident(name)} has ON UPDATE CASCADE to {own.label}"
                )
                return "its key cannot be followed"
        return None

    def _conflict_key(self, root: Part, columns: tuple[ColumnPolicy, ...]) -> tuple[str, ...]:
        """The root's columns whose equality means that the row exists already."""
        shown = {c.place.column.name: c.place for c in columns if c.place.part == root.index and not c.insert_refusal}
        named = self._declared.conflict_key
        uniques = [unique for unique in root.table.unique_indexes if set(unique.columns) <= set(shown)]
        if named is not None:
            spelled = {c.place.view_column.name: c.place.column.name for c in columns if c.place.part == root.index}
            spelled.update({quote_ident(name): column for name, column in list(spelled.items())})
            wanted = {spelled.get(name, "") for name in named}
            for unique in uniques:
                if set(unique.columns) == wanted:
                    return unique.columns
            self._problems.append(
                f"`conflict_key` names {', '.join(named)}, which no unique key of {root.label} that the view shows "
                "covers; "
                f"there is {_either(', '.join(unique.columns) for unique in uniques) or 'none'}"
            )
            return ()
        natural = [unique for unique in uniques if not _surrogate(root, unique)]
        if len(natural) != 1:
            choice = _either("(" + ", ".join(unique.columns) + ")" for unique in natural or uniques) or "none"
            self._problems.append(
                f"`on_conflict: {self._declared.on_conflict}` needs one unique key of {root.label} in the view, and "
                "there is "
                f"{choice}: name it as `conflict_key`"
            )
            return ()
        return natural[0].columns

    def _deletes(self, root: Part) -> tuple[Part, ...]:
        preserved = self._shape.preserved
        if self._declared.on_delete == "refuse":
            return ()
        if self._declared.on_delete == "root":
            tables = [part.table.oid for part in preserved]
            twice = next((part for part in preserved if tables.count(part.table.oid) > 1), None)
            if twice is not None:
                self._problems.append(
                    f"`on_delete: root` would delete two rows of {twice.sql_name} for one of the view, and with the "
                    "second another row of the view: say `child` or `refuse`"
                )
            return tuple(reversed(_root_first(preserved, root)))
        with_children = {parent for part in preserved for parent in part.parents}
        leaves = [part for part in preserved if part.index not in with_children]
        leaves = [part for part in leaves if part is not root] or leaves
        if len(leaves) > 1:
            self._problems.append(
                f"`on_delete: child` could mean {_either(part.alias for part in leaves)}: say `root` or `refuse`"
            )
        return (leaves[0],)

    def _probe_refusal(self) -> str | None:
        """The probe works as the view's owner: table triggers of others must not get that owner's rights by it."""
        if self._declared.security == "definer":
            return None
        if self._reading.view.owner_is_superuser:
            return "the view's owner is a superuser, in whose name the tables' triggers would run"
        strangers = [part.label for part in self._shape.parts if not part.table.owner_is_trusted]
        if strangers and not self._declared.trust_table_owners:
            return f"{', '.join(strangers)} belongs to another role than the view, whose triggers would get its rights"
        return None

    def _rights(self, policy: Policy) -> None:
        view = self._reading.view
        if view.security_invoker and policy.definer:
            self._problems.append(
                "the view runs with its caller's rights (security_invoker), so its triggers must too: say "
                "`security: invoker`"
            )
        if not policy.definer:
            return
        if view.owner_is_superuser and not self._declared.allow_superuser_definer:
            self._problems.append(
                f"its owner {view.owner} is a superuser, in whose name the triggers would write: give the view to the "
                "tables' owner, or say `security: invoker`, or `allow_superuser_definer: true`"
            )
        for part in policy.shape.parts:
            if not part.table.owner_is_trusted and not self._declared.trust_table_owners:
                self._problems.append(
                    f"{part.label} belongs to {part.table.owner}, whose triggers would run with the rights of the "
                    "view's "
                    f"owner {view.owner}: give both to one role, or say `security: invoker`, or "
                    "`trust_table_owners: true`"
                )
            needed = _needed_rights(policy, part)
            missing = [right for right in part.table.missing_rights if right in needed or right.startswith("USAGE")]
            if missing and (part.preserved or "SELECT" in missing):
                self._problems.append(
                    f"its owner {view.owner} lacks {', '.join(missing)} on {part.label}: grant that, or say "
                    "`security: invoker`"
                )


def _needed_rights(policy: Policy, part: Part) -> set[str]:
    if not part.preserved:
        return {"SELECT"}
    needed = {"SELECT", "INSERT", "UPDATE"}
    return needed | {"DELETE"} if part in policy.deletes else needed


def _root_first(parts: tuple[Part, ...], root: Part) -> tuple[Part, ...]:
    """The same order, but the root before every other key-preserved part (its parents stay before it)."""
    if not any(part.index == root.index for part in parts):
        return parts
    # Shared rows are looked up from the nearest on: what one of them refers to need not be named.
    before = tuple(part for part in reversed(parts) if not part.preserved)
    rest = tuple(part for part in parts if part.preserved and part.index != root.index)
    return (*before, root, *rest)


def _surrogate(part: Part, unique: UniqueIndex) -> bool:
    """Whether the database makes up the key's values itself, so that nobody inserts an existing one by them."""
    columns = [part.table.column(name) for name in unique.columns]
    return all(column.identity or (column.default or "").startswith("nextval(") for column in columns)


def _near(name: str, names: Iterable[str]) -> str:
    close = difflib.get_close_matches(name, list(dict.fromkeys(names)), n=1)
    return f" (did you mean {close[0]}?)" if close else ""


def _either(names: Iterable[str]) -> str:
    return " or ".join(dict.fromkeys(names))
