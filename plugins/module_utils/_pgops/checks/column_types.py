# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Advice on the types of columns: what a newer or plainer type would do better."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from ..model.catalog.relations import Column, Relation
from ..model.catalog.snapshot import Catalog
from ..model.finding import Found, Limit
from .check import Group
from .columns import date_word
from .parts.column_facts import (
    CHAR,
    VARCHAR,
    Users,
    is_text,
    own_columns,
    retype,
    text_length,
    users_of_columns,
    words_of,
)
from .parts.telling import listed, table_comment
from .seen import Seen
from .sequences import MOST_OF_TYPE

GROUP = Group("column-types", "Types of columns: advice on what another type would do better.")


def _of_column(table: Relation, column: Column, message: str, confidence: str = "certain", no_fix: str = "") -> Found:
    return Found(
        object=(table.schema, table.name, column.name),
        object_type="column",
        message=f"{table.name}.{column.name} {message}",
        evidence={"type": column.type},
        no_fix=no_fix,
        confidence=confidence,
        comment=table_comment(table, column.number),
    )


def _retyped(
    catalog: Catalog,
    users: Users,
    table: Relation,
    column: Column,
    message: str,
    new: str,
    rewrite: str,
    undo: str = "",
) -> Found:
    fix, obstacle = retype(catalog, users, table, column, new, rewrite, undo)
    return Found(
        object=(table.schema, table.name, column.name),
        object_type="column",
        message=f"{table.name}.{column.name} {message}",
        evidence={"type": column.type},
        fix=fix,
        no_fix=obstacle,
        comment=table_comment(table, column.number),
    )


@GROUP.check(
    "column-timestamp-without-time-zone",
    severity="warning",
    level="extended",
    title="A timestamp without time zone",
    why="It holds what a clock on some wall showed, not a moment: which one depends on the time zone of whoever wrote "
    "it, differences across a change to summer time are wrong by an hour, and some times happen twice.",
    how="The column's type, also beneath a domain, is timestamp without time zone.",
    avoids="timestamptz takes the same eight bytes, and stores no zone either: it stores the moment.",
    fix="ALTER TYPE timestamptz USING (column AT TIME ZONE 'the zone that was meant'). It writes the table anew unless "
    "the session's time zone is UTC and no USING is needed.",
)
def column_timestamp_without_time_zone(seen: Seen) -> Iterator[Found]:
    """Columns of type timestamp."""
    for table, column in own_columns(seen.catalog, type_oid=1114):
        yield _of_column(
            table,
            column,
            f"is {column.type}: which moment is meant depends on who wrote it.",
            no_fix="In which time zone the stored values are meant, a person must know.",
        )


@GROUP.check(
    "column-json",
    severity="info",
    level="extended",
    title="A column of type json",
    why="json is kept as text and parsed again at each use; it has no equality, so DISTINCT, GROUP BY and UNION fail, "
    "and no index finds what is in it.",
    how="The column's type, also beneath a domain, is json.",
    avoids="Where the exact text, the order of keys or double keys matter, json is right.",
    fix="ALTER TYPE jsonb writes the table anew under an exclusive lock, and keeps neither white space, nor the order "
    "of keys, nor double keys.",
)
def column_json(seen: Seen) -> Iterator[Found]:
    """Columns of type json."""
    catalog = seen.catalog
    found = list(own_columns(catalog, type_oid=114))
    users = users_of_columns(catalog) if found else {}
    for table, column in found:
        message = "is json, which is parsed at each use and cannot be compared or indexed."
        lost = "jsonb has lost white space, the order of keys and double keys"
        yield _retyped(catalog, users, table, column, message, "jsonb", "yes", lost)


@GROUP.check(
    "column-char",
    severity="warning",
    level="extended",
    title="A column of type char(n)",
    why="Values are filled up with blanks to the full length, which takes room, and the blanks do not count when two "
    "are compared, but do in LIKE and regular expressions. It is not faster than text.",
    how="The column itself is char with a length.",
    avoids='The one-byte type "char" and bpchar without a length are others.',
    fix="ALTER TYPE text, with a CHECK where the length matters. It writes the table anew under an exclusive lock.",
)
def column_char(seen: Seen) -> Iterator[Found]:
    """Columns of type char(n)."""
    catalog = seen.catalog
    found = list(own_columns(catalog, type_oid=CHAR))
    users = users_of_columns(catalog) if found else {}
    for table, column in found:
        if text_length(catalog, column) is not None:
            message = f"is {column.type}: shorter values are filled up with blanks."
            yield _retyped(catalog, users, table, column, message, "text", "yes")


@GROUP.check(
    "column-varchar",
    severity="info",
    level="opt_in",
    title="A column of type varchar(n)",
    why="The length is often a guess that fails at the first longer name; text is stored and searched the same way.",
    how="The column itself is varchar with a length.",
    avoids="varchar without a length is text by another name.",
    fix="ALTER TYPE text: neither the table nor its indexes are written anew. Where the length is a rule, add a CHECK.",
)
def column_varchar(seen: Seen) -> Iterator[Found]:
    """Columns of type varchar(n)."""
    catalog = seen.catalog
    found = list(own_columns(catalog, type_oid=VARCHAR))
    users = users_of_columns(catalog) if found else {}
    for table, column in found:
        if text_length(catalog, column) is not None:
            message = f"is {column.type}: a longer value is refused."
            yield _retyped(catalog, users, table, column, message, "text", "no")


@GROUP.check(
    "column-large-object",
    severity="info",
    level="extended",
    title="A column that may hold large objects",
    why="A large object stays when the row that names it is deleted; it belongs to one role, is no part of logical "
    "replication, and only its owner or a superuser can dump it.",
    how="The column's type is oid, or a domain over it such as lo.",
    avoids="oid columns may hold other numbers of the catalog, so the finding is only possible; regclass and the like "
    "are left out.",
    fix="Keep the contents as bytea, or in files; else install the extension lo and its trigger, and run vacuumlo.",
)
def column_large_object(seen: Seen) -> Iterator[Found]:
    """Columns of type oid and lo."""
    for table, column in own_columns(seen.catalog, type_oid=26):
        confidence = "possible" if column.type_oid == 26 else "likely"
        yield _of_column(
            table,
            column,
            f"is {column.type}: large objects that it names stay when its rows go.",
            confidence,
            "Whether it names large objects, and where their contents should be, a person must decide.",
        )


@GROUP.check(
    "column-uuid-as-text",
    severity="info",
    level="extended",
    title="A UUID kept as text",
    why="As text a UUID takes 37 bytes instead of 16, in every index and every reference too; it is compared by the "
    "rules of a language, and upper and lower case are two values.",
    how="A text column that can hold 32 characters and is named uuid or guid, or a varchar or char of 32, 36 or 38 "
    "characters that is a key of its table or refers to one. Likely where statistics show values of just that length.",
    avoids="Columns whose values are of another length on average, and generated ones, are left out.",
    fix="ALTER TYPE uuid USING column::uuid, with all columns that refer to it at once; both are written anew under an "
    "exclusive lock.",
)
def column_uuid_as_text(seen: Seen) -> Iterator[Found]:
    """Text columns that are named, or long, like a UUID."""
    catalog = seen.catalog
    for table, column in own_columns(catalog):
        if column.generated or not is_text(catalog, column.type_oid):
            continue
        length = text_length(catalog, column)
        named = {"uuid", "guid"} & set(words_of(column.name)) and (length is None or length >= 32)
        if not named and not (length in (32, 36, 38) and _is_key(catalog, table, column)):
            continue
        known = catalog.statistics.get(table.oid, {}).get(column.name)
        width = known.width if known is not None and known.null_fraction < 1 else None
        # One byte tells the length.
        if width is None or width in (33, 37, 39):
            yield _of_column(
                table,
                column,
                f"is {column.type}, and looks like a UUID.",
                "possible" if width is None else "likely",
                "Whether all values are UUIDs, and what else must change with it, a person must decide.",
            )


def _is_key(catalog: Catalog, table: Relation, column: Column) -> bool:
    constraints = catalog.constraints.get(table.oid, ())
    return any(one.kind in "puf" and one.columns == (column.number,) for one in constraints)


@GROUP.check(
    "column-date-as-number",
    severity="info",
    level="extended",
    title="A date or time kept as a number",
    why="Nothing says whether seconds or milliseconds are counted, or whether 20260101 is meant; it must be converted "
    "before it can be compared with now(), shown or cut into days.",
    how="A number column whose name says that it holds a moment, as for column-date-as-text.",
    avoids="Columns that refer to another table, as to one of days, are left out. It is only possible.",
    fix="Use timestamptz or date: to_timestamp(seconds) converts.",
)
def column_date_as_number(seen: Seen) -> Iterator[Found]:
    """Number columns that are named like a date."""
    catalog = seen.catalog
    for table, column in own_columns(catalog):
        if column.generated or date_word(column.name) != "date":
            continue
        base = catalog.base_type(column.type_oid)
        refers = (one.kind == "f" and column.number in one.columns for one in catalog.constraints.get(table.oid, ()))
        # int4, int8, float4, float8, numeric
        if base is not None and base.oid in (20, 23, 700, 701, 1700) and not any(refers):
            message = f"is named like a date, but is {column.type}."
            yield _of_column(table, column, message, "possible", "What the number counts, a person must know.")


_ANYTHING = frozenset(("content", "data", "default", "payload", "result", "value"))


@GROUP.check(
    "column-inconsistent-types",
    severity="info",
    level="extended",
    title="A column of another type than its namesakes",
    why="Columns of one name are joined and compared: where the types differ, each comparison converts, an index may "
    "not serve, or the statement fails.",
    how="Within a schema, most of the tables that have a column of this name give it another type: at least the given "
    "number, and more than half.",
    avoids="Lengths, precision and the kinds of text (text, varchar, char) do not count as different; domains count as "
    "what is beneath. Names that say nothing of their content, such as value, are left out.",
    fix="Give the column the type that the others have, or another name.",
    limits=(Limit("tables", 3, "tables", "How many tables must agree on a type for another one to stand out."),),
)
def column_inconsistent_types(seen: Seen, tables: float) -> Iterator[Found]:
    """Columns that stand out by their type among those of the same name."""
    catalog = seen.catalog
    places: dict[tuple[str, str], list[tuple[Relation, Column, str]]] = {}
    for table, column in own_columns(catalog):
        if column.name not in _ANYTHING:
            kind = _kind_of_type(catalog, column)
            places.setdefault((table.schema, column.name), []).append((table, column, kind))
    for same in places.values():
        counts = Counter(kind for _table, _column, kind in same)
        usual, number = counts.most_common(1)[0]
        if len(counts) == 1 or number < tables or number * 2 <= len(same):
            continue
        others = sorted(table.name for table, _column, kind in same if kind == usual)
        for table, column, kind in same:
            if kind != usual:
                yield _of_column(
                    table,
                    column,
                    f"is {column.type}, but it is {usual} in {listed(others, 3)}.",
                    "possible",
                    "Which of the types is right, a person must decide.",
                )


def _kind_of_type(catalog: Catalog, column: Column) -> str:
    if is_text(catalog, column.type_oid):
        return "text"
    base = catalog.base_type(column.type_oid)
    return column.type if base is None else base.name


@GROUP.check(
    "column-enum",
    severity="info",
    level="opt_in",
    title="A column of an enum type",
    why="A value of an enum can be added and renamed, but never removed, and their order is fixed when they are made; "
    "where the set changes, a table of values with a foreign key is easier to keep.",
    how="The column's type, also beneath a domain, is an enum.",
    avoids="For sets that never change, an enum is a good choice.",
    fix="Make a table of the values and a foreign key to it.",
)
def column_enum(seen: Seen) -> Iterator[Found]:
    """Columns of enum types."""
    catalog = seen.catalog
    for table, column in own_columns(catalog):
        base = catalog.base_type(column.type_oid)
        if base is not None and base.kind == "e" and not base.of_extension:
            yield _of_column(
                table, column, f"is of the enum {base.name}.", no_fix="Whether its values ever change, a person say."
            )


@GROUP.check(
    "column-small-key",
    severity="info",
    level="opt_in",
    title="A primary key narrower than bigint",
    why="An int4 key ends at 2,147,483,647, an int2 key at 32,767, and it counts numbers handed out, not rows. A "
    "bigint costs four bytes more, often none because of alignment, while widening a full table costs an outage.",
    how="The primary key is one column of type int2 or int4, also beneath a domain.",
    avoids="A key that is also a foreign key has the type of what it refers to. How much of it is used "
    "column-int-overflow tells, in time.",
    fix="Widen it while the table is small.",
)
def column_small_key(seen: Seen) -> Iterator[Found]:
    """Integer primary keys narrower than bigint."""
    catalog = seen.catalog
    for table in catalog.table_roots:
        key = catalog.key_of.get(table.oid)
        if key is None or len(key.columns) != 1:
            continue
        column = catalog.column(table.oid, key.columns[0])
        base = None if column is None else catalog.base_type(column.type_oid)
        refers = any(one.kind == "f" and one.columns == key.columns for one in catalog.constraints[table.oid])
        if column is not None and base is not None and base.oid in (21, 23) and not refers:
            message = f"is the primary key, and as {column.type} it ends at {MOST_OF_TYPE[base.oid]:,}."
            yield _of_column(
                table, column, message, no_fix="ALTER TYPE bigint writes the table anew: a person says when."
            )
