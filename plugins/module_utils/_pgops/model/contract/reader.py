# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Walks the mapping of a contract along the keys of ``schema`` and gathers every problem on the way.

The outcome is a draft: nested mappings in which a refused value is BAD. Drafts are compared with each other
(``references``) and become the values of ``declared`` only when there is no problem at all.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from . import schema, values
from .declared import ALL
from .errors import Problem
from .wording import BadValueError, called, cut, instead, nearest, on_one_line, printable, quoted, quoting_cure

Path = tuple[object, ...]

_SIMPLE_PART = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")


class Place(str):
    """The place of a mapping that was handed over alone, in the caller's words."""


class _Bad:
    """A value that was refused; everything about it has been said."""

    def __repr__(self) -> str:
        return "BAD"


BAD = _Bad()


class Draft(dict[str, Any]):
    """A mapping that was read: where it stands, whether each of its keys was taken, and how they were spelled."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path
        self.whole = True
        self.spelled: dict[str, object] = {}

    def at(self, name: str) -> Path:
        """The place of one of its keys."""
        return (*self.path, self.spelled.get(name, name))

    def given(self, name: str, fallback: Any = None) -> Any:
        """The value of a key, or the fallback where it is absent or was refused."""
        value = self.get(name, fallback)
        return fallback if value is BAD else value


def rendered(path: Path) -> str:
    """A place in the file as people write it: ``views.servers.columns[0]``."""
    out = ""
    for part in path:
        if isinstance(part, Place) or (isinstance(part, str) and _SIMPLE_PART.fullmatch(part)):
            out += f".{part}" if out else part
        elif isinstance(part, str):
            out += f"['{cut(part)}']" if '"' in part else f"[{quoted(part)}]"
        else:
            out += f"[{cut(str(part).lower())}]" if not isinstance(part, int) or printable(part) else "[a number]"
    return out


class Reader:
    """Reads values by the kind of their key; ``problems`` holds what was refused."""

    def __init__(self) -> None:
        self._found: list[tuple[Path, str]] = []
        self._order: dict[Path, int] = {}

    def report(self, path: Path, sentence: str) -> None:
        """Note a problem."""
        self._found.append((path, on_one_line(sentence)))

    @property
    def problems(self) -> tuple[Problem, ...]:
        """All problems in the order of the file."""
        last = len(self._order)

        def place(found: tuple[Path, str]) -> int:
            path = found[0]
            while path and path not in self._order:
                path = path[:-1]
            return self._order.get(path, last)

        return tuple(Problem(rendered(path), sentence) for path, sentence in sorted(self._found, key=place))

    def section(self, value: object, path: Path, section: schema.Section) -> Any:
        """A mapping with known keys."""
        self._order.setdefault(path, len(self._order))
        if not isinstance(value, Mapping):
            cure = "; write {} where there is nothing more to say, or leave the key out" if value is None else ""
            self.report(path, f"It must be a mapping, not {called(value)}{cure}.")
            return BAD
        draft = Draft(path)
        known = {key.name: key for key in section.keys}
        for name, item in value.items():
            place = (*path, name)
            key = known.get(name) if isinstance(name, str) else None
            if key is None:
                draft.whole = False
                self._unknown_key(name, place, section)
            else:
                draft[key.name] = self._value(item, place, key, section)
        for key in section.keys:
            if key.name not in value and self._default(key, section) is schema.MISSING:
                self.report((*path, key.name), f"It is missing. {key.sentence}")
        return draft

    def _default(self, key: schema.Key, section: schema.Section) -> Any:
        return schema.MISSING if key.kind == "version" else section.default(key.name)

    def _unknown_key(self, name: object, path: Path, section: schema.Section) -> None:
        self._order.setdefault(path, len(self._order))
        if not isinstance(name, str):
            self.report(path, f"A key must be a text, not {called(name)}{quoting_cure(name)}.")
            return
        known = [key.name for key in section.keys]
        homes = [other for other in schema.SECTIONS if any(key.name == name for key in other.keys)]
        if nearest(name, known) is None and 0 < len(homes) < 3:
            places = " or ".join(home.place or "the top of the file" for home in homes)
            self.report(path, f"{quoted(name)} is no key here; it belongs to {places}.")
        else:
            self.report(path, f"{quoted(name)} is no key here; {instead(name, known)}.")

    def _value(self, value: object, path: Path, key: schema.Key, section: schema.Section) -> Any:
        self._order.setdefault(path, len(self._order))
        if value is None and section.default(key.name) is None and key.kind not in ("section", "value"):
            return None
        if key.kind in _SINGLE:
            return self._single(value, path, lambda item: _SINGLE[key.kind](item, key))
        return _NESTED[key.kind](self, value, path, key)

    def _single(self, value: object, path: Path, read: Callable[[object], Any]) -> Any:
        self._order.setdefault(path, len(self._order))
        try:
            return read(value)
        except BadValueError as error:
            self.report(path, str(error))
            return BAD

    def _section(self, value: object, path: Path, key: schema.Key) -> Any:
        return self.section(value, path, _inner(key))

    def _section_list(self, value: object, path: Path, key: schema.Key) -> Any:
        items = self._list(value, path, "mappings")
        if items is BAD:
            return BAD
        return [self.section(item, (*path, number), _inner(key)) for number, item in enumerate(items)]

    def _columns_by_name(self, value: object, path: Path, key: schema.Key) -> Any:
        return self._by_name(value, path, key, values.identifier)

    def _objects_by_name(self, value: object, path: Path, key: schema.Key) -> Any:
        return self._by_name(value, path, key, values.qualified)

    def _by_name(self, value: object, path: Path, key: schema.Key, read: Callable[[object], str]) -> Any:
        """A mapping of sections by name; two spellings of one name are a problem."""
        if not isinstance(value, Mapping):
            self.report(path, f"It must be a mapping of names, not {called(value)}{_names_cure(value)}.")
            return BAD
        draft = Draft(path)
        for spelled, item in value.items():
            place = (*path, spelled)
            name = self._single(spelled, place, read)
            if name is BAD:
                draft.whole = False
            elif name in draft:
                self.report(place, f"It is the same name as {quoted(str(draft.spelled[name]))}; write it once.")
            else:
                draft.spelled[name] = spelled
                draft[name] = self.section(item, place, _inner(key))
        return draft

    def _columns(self, value: object, path: Path, key: schema.Key) -> Any:
        return self._names(value, path, values.identifier, "column names")

    def _names(self, value: object, path: Path, read: Callable[[object], str], what: str) -> Any:
        """A list of names, each once; a refused one is left out and makes the list BAD."""
        items = self._list(value, path, what)
        if items is BAD:
            return BAD
        if not items:
            self.report(path, "The list is empty; name something or leave the key out.")
            return BAD
        names: list[Any] = []
        for number, item in enumerate(items):
            name = self._single(item, (*path, number), read)
            if name is not BAD and name in names:
                self.report((*path, number), f"{quoted(name)} stands in this list twice.")
            names.append(name)
        return BAD if BAD in names else tuple(names)

    def _column_lists(self, value: object, path: Path, key: schema.Key) -> Any:
        items = self._list(value, path, "lists of column names")
        if items is BAD:
            return BAD
        if items and all(isinstance(item, str) for item in items):
            self.report(path, f"It must be a list of lists; for one key write [[{cut(', '.join(map(str, items)))}]].")
            return BAD
        return [self._columns(item, (*path, number), key) for number, item in enumerate(items)]

    def _objects(self, value: object, path: Path, key: schema.Key) -> Any:
        return self._all_or(value, path, values.qualified)

    def _schemas(self, value: object, path: Path, key: schema.Key) -> Any:
        return self._all_or(value, path, values.identifier)

    def _all_or(self, value: object, path: Path, read: Callable[[object], str]) -> Any:
        if isinstance(value, str):
            if value == ALL:
                return ALL
            self.report(path, f"It must be the word all or a list of names; for one write [{cut(value)}].")
            return BAD
        if isinstance(value, (list, tuple)) and any(item == ALL for item in value):
            self.report(path, "The word all stands alone, without brackets.")
            return BAD
        return self._names(value, path, read, "names, or the word all")

    def _choices(self, value: object, path: Path, key: schema.Key) -> Any:
        return self._names(value, path, lambda item: values.choice(item, key.choices), "words")

    def _fixed_values(self, value: object, path: Path, key: schema.Key) -> Any:
        """Relation, column and value; a relation is named as the view names it, without a schema."""
        if not isinstance(value, Mapping):
            self.report(path, f"It must be a mapping of relations, not {called(value)}.")
            return BAD
        draft = Draft(path)
        for spelled, columns in value.items():
            place = (*path, spelled)
            relation = self._single(spelled, place, values.identifier)
            if not isinstance(columns, Mapping) or not columns:
                self.report(place, f"It must be a mapping of columns and their values, not {_emptied(columns)}.")
            elif relation is BAD or relation in draft:
                self._twice(relation, place, draft)
            else:
                draft.spelled[relation] = spelled
                draft[relation] = self._column_values(columns, place)
        return draft

    def _column_values(self, columns: Mapping[Any, object], path: Path) -> Draft:
        draft = Draft(path)
        for spelled, value in columns.items():
            place = (*path, spelled)
            column = self._single(spelled, place, values.identifier)
            if column is BAD or column in draft:
                self._twice(column, place, draft)
            else:
                draft.spelled[column] = spelled
                draft[column] = self._single(value, place, values.scalar)
        return draft

    def _twice(self, name: Any, path: Path, draft: Draft) -> None:
        if name is not BAD:
            self.report(path, f"It is the same name as {quoted(str(draft.spelled[name]))}; write it once.")

    def _list(self, value: object, path: Path, what: str) -> Any:
        if isinstance(value, (list, tuple)):
            return value
        hint = f"; for one write [{cut(value)}]" if isinstance(value, str) and value.strip() else ""
        self.report(path, f"It must be a list of {what}, not {called(value)}{hint}.")
        return BAD


def _inner(key: schema.Key) -> schema.Section:
    if key.section is None:
        raise TypeError(f"The key {key.name} holds mappings of no known section.")
    return key.section


def _names_cure(value: object) -> str:
    if isinstance(value, (list, tuple)):
        return '; write each name as a key, such as "name: {}"'
    return "; write {} where there is nothing to state, or leave the key out" if value is None else ""


def _emptied(value: object) -> str:
    return "an empty one" if isinstance(value, Mapping) else called(value)


# How a value of each kind is read: a single value by a function, anything else by a method of the reader.
_SINGLE: dict[str, Callable[[object, schema.Key], Any]] = {
    "version": lambda value, key: values.version(value, schema.FORMAT),
    "choice": lambda value, key: values.choice(value, key.choices),
    "text": lambda value, key: values.text(value),
    "boolean": lambda value, key: values.boolean(value),
    "count": lambda value, key: values.count(value),
    "positive": lambda value, key: values.positive(value),
    "value": lambda value, key: values.constant(value),
    "literal_name": lambda value, key: values.literal_name(value),
    "schema": lambda value, key: values.identifier(value),
    "column": lambda value, key: values.identifier(value),
    "relation": lambda value, key: values.identifier(value),
    "table": lambda value, key: values.qualified(value),
    "rule_name": lambda value, key: values.rule_name(value),
    "method": lambda value, key: values.method(value),
    "type": lambda value, key: values.column_type(value),
    "default": lambda value, key: values.default(value),
    "condition": lambda value, key: values.condition(value),
    "expression": lambda value, key: values.expression(value),
    "query": lambda value, key: values.query(value),
}
_NESTED: dict[str, Callable[[Reader, object, Path, schema.Key], Any]] = {
    "section": Reader._section,
    "section_list": Reader._section_list,
    "columns_by_name": Reader._columns_by_name,
    "objects_by_name": Reader._objects_by_name,
    "columns": Reader._columns,
    "column_lists": Reader._column_lists,
    "objects": Reader._objects,
    "schemas": Reader._schemas,
    "choices": Reader._choices,
    "fixed_values": Reader._fixed_values,
}
