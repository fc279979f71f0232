# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Checks of COMMENT ON: which objects nobody has described."""

from __future__ import annotations

from collections.abc import Iterator

from ..model.catalog.relations import Relation
from ..model.catalog.snapshot import Catalog
from ..model.finding import Found
from .check import Group
from .parts.telling import counted, listed, table_comment
from .seen import Seen

GROUP = Group("comments", "Comments: objects that nobody has described with COMMENT ON.")

_WRITE = "What the comment should say, a person must know."
_AVOIDS = "Objects of extensions and partitions are left out."
_HOW = "There is no comment, or it holds nothing but blanks."


def _commented(catalog: Catalog, kind: str, oid: int, column: int = 0) -> bool:
    return bool(catalog.comments.get((kind, oid, column), "").strip())


def _whole(catalog: Catalog) -> Iterator[Relation]:
    return (relation for relation in catalog.own if relation.kind in "rpvmf" and not relation.is_partition)


_NOUNS = {"r": "table", "p": "table", "v": "view", "m": "materialized view", "f": "foreign table"}


@GROUP.check(
    "schema-no-comment",
    severity="info",
    level="opt_in",
    title="A schema without a comment",
    why="Whoever comes new must guess what belongs into which schema.",
    how=_HOW,
    avoids="The schema public and those of extensions are left out.",
    fix="COMMENT ON SCHEMA .. IS '..'.",
)
def schema_no_comment(seen: Seen) -> Iterator[Found]:
    """Schemas that nobody described."""
    for schema in seen.catalog.schemas.values():
        described = _commented(seen.catalog, "pg_namespace", schema.oid)
        if not described and not schema.of_extension and schema.name != "public":
            yield Found((schema.name,), "schema", f"The schema {schema.name} has no comment.", no_fix=_WRITE)


@GROUP.check(
    "table-no-comment",
    severity="info",
    level="opt_in",
    title="A table or view without a comment",
    why="Its name is all that tells what its rows are; documentation made from the catalog has nothing to say.",
    how=_HOW,
    avoids=_AVOIDS,
    fix="COMMENT ON TABLE .. IS '..'.",
)
def table_no_comment(seen: Seen) -> Iterator[Found]:
    """Tables and views that nobody described."""
    for relation in _whole(seen.catalog):
        if not _commented(seen.catalog, "pg_class", relation.oid):
            noun = _NOUNS[relation.kind]
            message = f"The {noun} {relation.name} has no comment."
            yield Found((relation.schema, relation.name), noun, message, no_fix=_WRITE)


@GROUP.check(
    "column-no-comment",
    severity="info",
    level="opt_in",
    title="A column without a comment",
    why="Units, time zones and the meaning of codes are nowhere but in programs.",
    how=_HOW,
    avoids=_AVOIDS + " Columns that a table inherits are told with its parent.",
    fix="COMMENT ON COLUMN .. IS '..'.",
)
def column_no_comment(seen: Seen) -> Iterator[Found]:
    """Columns that nobody described."""
    catalog = seen.catalog
    for relation in _whole(catalog):
        for column in catalog.columns.get(relation.oid, ()):
            if not column.inherited and not _commented(catalog, "pg_class", relation.oid, column.number):
                place = (relation.schema, relation.name, column.name)
                message = f"{relation.name}.{column.name} has no comment."
                yield Found(place, "column", message, no_fix=_WRITE, comment=table_comment(relation))


@GROUP.check(
    "column-comments-partial",
    severity="info",
    level="opt_in",
    title="A table of which some columns have comments",
    why="Somebody described the table once; the columns without a comment came later, or were forgotten.",
    how="At least one column of the table or view has a comment, and at least one has none.",
    avoids="Tables without any comments on columns are left to column-no-comment.",
    fix="COMMENT ON COLUMN .. IS '..'.",
)
def column_comments_partial(seen: Seen) -> Iterator[Found]:
    """Tables whose columns are described in part."""
    catalog = seen.catalog
    for relation in _whole(catalog):
        columns = catalog.columns.get(relation.oid, ())
        silent = [one.name for one in columns if not _commented(catalog, "pg_class", relation.oid, one.number)]
        if 0 < len(silent) < len(columns):
            yield Found(
                (relation.schema, relation.name),
                _NOUNS[relation.kind],
                f"{counted(len(silent), 'column')} of {len(columns)} in {relation.name} have no comment: "
                f"{listed(silent)}.",
                {"columns": list(silent)},
                no_fix=_WRITE,
                comment=table_comment(relation),
            )


@GROUP.check(
    "function-no-comment",
    severity="info",
    level="opt_in",
    title="A function without a comment",
    why="What it does and whether it changes anything must be read from its source.",
    how=_HOW,
    avoids="Functions of extensions are left out.",
    fix="COMMENT ON FUNCTION .. IS '..'.",
)
def function_no_comment(seen: Seen) -> Iterator[Found]:
    """Functions and procedures that nobody described."""
    for function in seen.catalog.functions.values():
        if not function.of_extension and not _commented(seen.catalog, "pg_proc", function.oid):
            yield Found(
                (function.schema, function.name),
                "function",
                f"The function {function.name}({function.arguments}) has no comment.",
                no_fix=_WRITE,
                signature=f"({function.arguments})",
            )


@GROUP.check(
    "index-no-comment",
    severity="info",
    level="opt_in",
    title="An index without a comment",
    why="Nobody dares to drop an index of which nobody knows what query it was made for.",
    how=_HOW,
    avoids=_AVOIDS + " Indexes of constraints are told by constraint-no-comment.",
    fix="COMMENT ON INDEX .. IS '..'.",
)
def index_no_comment(seen: Seen) -> Iterator[Found]:
    """Indexes that nobody described."""
    catalog = seen.catalog
    for relation in _whole(catalog):
        for index in catalog.indexes.get(relation.oid, ()):
            silent = not _commented(catalog, "pg_class", index.oid)
            if silent and index.oid not in catalog.constraint_indexes and not index.of_extension:
                message = f"The index {index.name} on {relation.name} has no comment."
                yield Found(
                    (index.schema, index.name), "index", message, no_fix=_WRITE, comment=table_comment(relation)
                )


@GROUP.check(
    "constraint-no-comment",
    severity="info",
    level="opt_in",
    title="A constraint without a comment",
    why="The rule stands there, but not why, nor whether it may be changed.",
    how=_HOW,
    avoids=_AVOIDS + " Inherited constraints and those that are only NOT NULL are left out.",
    fix="COMMENT ON CONSTRAINT .. ON .. IS '..'.",
)
def constraint_no_comment(seen: Seen) -> Iterator[Found]:
    """Constraints that nobody described."""
    catalog = seen.catalog
    for relation in _whole(catalog):
        for one in catalog.constraints.get(relation.oid, ()):
            own = one.kind in "pufcx" and not (one.inherited or one.of_extension)
            if own and not _commented(catalog, "pg_constraint", one.oid):
                place = (relation.schema, relation.name, one.name)
                message = f"The constraint {one.name} of {relation.name} has no comment."
                yield Found(place, "constraint", message, no_fix=_WRITE, comment=table_comment(relation))


@GROUP.check(
    "trigger-no-comment",
    severity="info",
    level="opt_in",
    title="A trigger without a comment",
    why="A trigger acts unseen: a comment is where its reason can be found.",
    how=_HOW,
    avoids=_AVOIDS + " So are PostgreSQL's own triggers of constraints.",
    fix="COMMENT ON TRIGGER .. ON .. IS '..'.",
)
def trigger_no_comment(seen: Seen) -> Iterator[Found]:
    """Triggers that nobody described."""
    catalog = seen.catalog
    for relation in _whole(catalog):
        for trigger in catalog.triggers.get(relation.oid, ()):
            if not (trigger.internal or trigger.parent or _commented(catalog, "pg_trigger", trigger.oid)):
                place = (relation.schema, relation.name, trigger.name)
                message = f"The trigger {trigger.name} of {relation.name} has no comment."
                yield Found(place, "trigger", message, no_fix=_WRITE, comment=table_comment(relation))
