# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The keys of a contract, said once: the reader and the reference page are made from them.

Defaults are those of the dataclasses in ``declared``.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

from . import declared

FORMAT = 1

MISSING = dataclasses.MISSING


@dataclass(frozen=True)
class Key:
    """One key: the kind of its value (a method of the reader), and one sentence."""

    name: str
    kind: str
    sentence: str
    choices: tuple[str, ...] = ()
    section: Section | None = None


@dataclass(frozen=True)
class Section:
    """A mapping of the file: what it is called, where it stands, what it becomes, and its keys."""

    title: str
    place: str
    shape: type[Any]
    sentence: str
    keys: tuple[Key, ...]

    def default(self, name: str) -> Any:
        """The default of a key, MISSING where the key must be given."""
        for field in dataclasses.fields(self.shape):
            if field.name == name:
                made = field.default_factory
                return made() if made is not MISSING else field.default
        return MISSING


FILL = Section(
    "A value for repairs",
    "tables.<table>.columns.<column>.fill",
    declared.Fill,
    "What a repair writes where the column is NULL: exactly one of `column`, `value` and `expression`. "
    "Nothing is ever filled in that does not stand here.",
    (
        Key("column", "column", "Another column of the same row whose value is taken."),
        Key("value", "value", "A constant: text, number, true or false."),
        Key("expression", "expression", "An SQL expression over the row, such as `now()`."),
        Key("where", "condition", "An SQL condition: only these rows are filled, the others stay NULL."),
    ),
)

COLUMN = Section(
    "A column",
    "tables.<table>.columns.<column>",
    declared.Column,
    "The column must exist, and what is stated of it must hold. `{}` states its existence alone.",
    (
        Key("type", "type", "The type, in any spelling PostgreSQL takes, such as `integer` or `varchar(10)`."),
        Key("not_null", "boolean", "Whether the column must be NOT NULL."),
        Key("default", "default", "The default as an SQL expression, such as `now()`; a text is `\"'ollama'\"`."),
        Key("fill", "section", "The value a repair writes where the column is NULL.", section=FILL),
    ),
)

_ACTIONS = ("no action", "restrict", "cascade", "set null", "set default")

FOREIGN_KEY = Section(
    "A foreign key",
    "tables.<table>.foreign_keys[]",
    declared.ForeignKey,
    "The constraint must exist with these rules.",
    (
        Key("columns", "columns", "The columns that refer."),
        Key("references", "table", "The table they refer to; it is declared in this contract."),
        Key(
            "referenced_columns",
            "columns",
            "The columns they refer to, in the same order; without it the primary key declared for that table.",
        ),
        Key("on_delete", "choice", "What a delete of the referenced row does.", choices=_ACTIONS),
        Key("on_update", "choice", "What a change of the referenced key does.", choices=_ACTIONS),
    ),
)

INDEX = Section(
    "An index",
    "tables.<table>.indexes[]",
    declared.Index,
    "A wanted index beside those that keys bring with them.",
    (
        Key("columns", "columns", "The columns, in the order of the index."),
        Key("unique", "boolean", "Whether the index must be unique."),
        Key("method", "method", "The access method: btree, hash, gin, gist, spgist, brin, or one of an extension."),
        Key("where", "condition", "The condition of a partial index."),
        Key("name", "column", "The name; without it any index of this shape will do."),
    ),
)

TABLE = Section(
    "A table",
    "tables.<table>",
    declared.Table,
    "The table must exist. What is stated is required, what is not stated is left alone. "
    "`{}` states its existence, so that other parts can name it.",
    (
        Key("columns", "columns_by_name", "The columns by name; others are reported as extra.", section=COLUMN),
        Key("primary_key", "columns", "The columns of the primary key."),
        Key("unique", "column_lists", "A list of unique keys, each a list of columns."),
        Key("foreign_keys", "section_list", "The foreign keys.", section=FOREIGN_KEY),
        Key("indexes", "section_list", "The wanted indexes.", section=INDEX),
    ),
)

COLUMN_RULE = Section(
    "A column of a writable view",
    "views.<view>.writable.columns.<column>",
    declared.ColumnRule,
    "What a write through the view may do to the column, where that is not the default.",
    (
        Key(
            "update",
            "choice",
            "`write` changes the column, `refuse` is an error for a changed value, `follow` changes a key column along "
            "the join. Without it plain columns are written and key columns refused.",
            choices=("write", "refuse", "follow"),
        ),
        Key(
            "insert_null",
            "choice",
            "What NULL means in an INSERT, where it cannot be told from an omitted column: `default` takes the "
            "table's default, `'null'` (in quotes) stores NULL.",
            choices=("default", "null"),
        ),
        Key("read_only", "boolean", "Whether the column refuses every write."),
    ),
)

WRITABLE = Section(
    "A writable view",
    "views.<view>.writable",
    declared.WritableView,
    "Only what the database cannot tell by itself; `{}` is the default policy.",
    (
        Key(
            "root",
            "relation",
            "The relation, by alias or table name in the view, that stands for the row; where it cannot be derived.",
        ),
        Key(
            "on_conflict",
            "choice",
            "An INSERT of an existing key is an `error`, is left out (`ignore`), or updates that row (`upsert`).",
            choices=("error", "ignore", "upsert"),
        ),
        Key("conflict_key", "columns", "The view columns of that key, where they cannot be derived."),
        Key(
            "on_delete",
            "choice",
            "A DELETE removes every joined row of its own, children first (`root`), only the referencing row "
            "(`child`), or is an error (`refuse`).",
            choices=("root", "child", "refuse"),
        ),
        Key(
            "on_concurrent_change",
            "choice",
            "A row that another session changed meanwhile is an `error` (SQLSTATE 40001), or left alone and not "
            "counted (`skip`).",
            choices=("error", "skip"),
        ),
        Key("fixed_values", "fixed_values", "Relation, column and value that every INSERT writes."),
        Key(
            "security",
            "choice",
            "The generated functions run as the view's owner (`definer`) or as whoever writes (`invoker`).",
            choices=("definer", "invoker"),
        ),
        Key("allow_superuser_definer", "boolean", "Whether definer functions may belong to a superuser."),
        Key(
            "trust_table_owners",
            "boolean",
            "Whether the joined tables may belong to other roles than the view: their triggers then run with the "
            "rights of the view's owner, which `security: definer` otherwise refuses.",
        ),
        Key("columns", "columns_by_name", "Rules of single view columns by name.", section=COLUMN_RULE),
    ),
)

VIEW = Section(
    "A view",
    "views.<view>",
    declared.View,
    "The view must exist.",
    (
        Key("columns", "columns", "Its columns."),
        Key("writable", "section", "How it takes writes; without it the view takes none.", section=WRITABLE),
    ),
)

RULE = Section(
    "A consistency rule",
    "rules[]",
    declared.Rule,
    "SQL that returns no row while the data is right. It runs read-only, as the owner of what it reads.",
    (
        Key("name", "rule_name", "The rule's name: lower-case words joined by hyphens."),
        Key("sentence", "text", "What is true while the rule holds, as a sentence for people."),
        Key("sql", "query", "One statement without a semicolon; each row it returns is a violation."),
        Key("severity", "choice", "How bad a violation is.", choices=("critical", "error", "warning", "info")),
    ),
)

_TABLE_PRIVILEGES = ("select", "insert", "update", "delete", "truncate", "references", "trigger", "maintain")
PRIVILEGES = {
    "tables": _TABLE_PRIVILEGES,
    "views": _TABLE_PRIVILEGES[:-1],
    "sequences": ("usage", "select", "update"),
    "schemas": ("usage", "create"),
}

GRANT = Section(
    "A grant",
    "grants[]",
    declared.Grant,
    "Privileges that a role must hold on every object named beside them.",
    (
        Key("role", "literal_name", "The role's name as it is, without quotes of SQL; `public` means everybody."),
        Key("privileges", "choices", "The privileges.", choices=(*_TABLE_PRIVILEGES, "usage", "create")),
        Key("tables", "objects", "`all` tables of the contract's schema, or a list of declared ones."),
        Key("views", "objects", "`all` views of the contract's schema, or a list of declared ones."),
        Key("sequences", "objects", "`all` sequences of the contract's schema, or a list."),
        Key("schemas", "schemas", "`all` schemas that the contract names, or a list."),
    ),
)

KEEP = Section(
    "Backups to keep",
    "recovery.keep",
    declared.Keep,
    "How many restorable backups are kept; what is not stated is left to the backup settings.",
    (
        Key("last", "count", "The newest so many."),
        Key("daily", "count", "The newest of each of so many days."),
        Key("weekly", "count", "The newest of each of so many weeks."),
        Key("monthly", "count", "The newest of each of so many months."),
        Key("yearly", "count", "The newest of each of so many years."),
    ),
)

RECOVERY = Section(
    "Recovery goals",
    "recovery",
    declared.Recovery,
    "What the owner expects of backups; every goal is optional.",
    (
        Key("rpo_hours", "positive", "At most so many hours of work may be lost."),
        Key("rto_minutes", "positive", "A restore may take so many minutes."),
        Key("drill_max_age_days", "positive", "The newest backup proven by a restore is at most so many days old."),
        Key("keep", "section", "Which backups are kept.", section=KEEP),
    ),
)

CONTRACT = Section(
    "The file",
    "",
    declared.Contract,
    "Everything but `contract` and `database` is optional: a contract may state one table, or one view.",
    (
        Key("contract", "version", f"The version of this format, always {FORMAT}."),
        Key("database", "literal_name", "The database's name as it is, without quotes of SQL."),
        Key("description", "text", "A text for people."),
        Key("schema", "schema", "The schema in which names without one live."),
        Key("tables", "objects_by_name", "The tables by name, `name` or `schema.name`.", section=TABLE),
        Key("views", "objects_by_name", "The views by name, `name` or `schema.name`.", section=VIEW),
        Key("rules", "section_list", "Consistency rules.", section=RULE),
        Key("grants", "section_list", "Privileges that must be there.", section=GRANT),
        Key("recovery", "section", "Recovery goals.", section=RECOVERY),
    ),
)

SECTIONS = (
    CONTRACT,
    TABLE,
    COLUMN,
    FILL,
    FOREIGN_KEY,
    INDEX,
    VIEW,
    WRITABLE,
    COLUMN_RULE,
    RULE,
    GRANT,
    RECOVERY,
    KEEP,
)
