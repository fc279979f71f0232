# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The reference of the contract's keys as Markdown, made from the declarations that the reader uses."""

from __future__ import annotations

from . import schema

# What stands behind a key of each kind, in the words of the reference.
KINDS = {
    "version": f"the number `{schema.FORMAT}`",
    "choice": "",
    "choices": "list of ",
    "text": "text",
    "boolean": "`true` or `false`",
    "count": "whole number from 0",
    "positive": "number above 0",
    "value": "text, number, `true` or `false`",
    "literal_name": "name as it is",
    "schema": "name",
    "column": "name",
    "relation": "alias or table name",
    "table": "name or `schema.name`",
    "rule_name": "text",
    "method": "name",
    "type": "SQL type",
    "default": "SQL expression, number or boolean",
    "condition": "SQL condition",
    "expression": "SQL expression",
    "query": "SQL statement",
    "columns": "list of names",
    "column_lists": "list of lists of names",
    "objects": "`all` or list of names",
    "schemas": "`all` or list of names",
    "fixed_values": "mapping: relation to column to text, number, boolean or null",
    "section": "mapping: ",
    "section_list": "list of mappings: ",
    "columns_by_name": "mapping of names: ",
    "objects_by_name": "mapping of names: ",
}


def reference() -> str:
    """Every key of a contract, one table for each mapping."""
    return "\n".join(_section(section) for section in schema.SECTIONS)


def _section(section: schema.Section) -> str:
    place = f"`{section.place}`" if section.place else "the top of the file"
    lines = [f"### {section.title}", "", f"At {place}. {section.sentence}", "", "| key | value | default | meaning |"]
    lines.append("|---|---|---|---|")
    lines += [_row(key, section) for key in section.keys]
    return "\n".join([*lines, ""])


def _row(key: schema.Key, section: schema.Section) -> str:
    cells = (f"`{key.name}`", _value(key), _default(key, section), key.sentence)
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _value(key: schema.Key) -> str:
    words = KINDS[key.kind]
    if key.choices:
        # YAML reads a bare null as nothing.
        words += ", ".join("`'null'`" if choice == "null" else f"`{choice}`" for choice in key.choices)
    if key.section is not None:
        words += f"[{key.section.title[0].lower()}{key.section.title[1:]}](#{_anchor(key.section.title)})"
    return words


def _anchor(title: str) -> str:
    return title.lower().replace(" ", "-")


def _default(key: schema.Key, section: schema.Section) -> str:
    default = section.default(key.name)
    if default is schema.MISSING:
        return "required"
    if isinstance(default, bool):
        return f"`{str(default).lower()}`"
    return f"`{default}`" if isinstance(default, str) else ""
