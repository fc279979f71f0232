# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Checks of columns whose type, default or missing statistics will cost something one day."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..model.catalog.relations import Column, Relation
from ..model.catalog.snapshot import Catalog
from ..model.finding import Fix, Found, Limit, Lock, NotChecked, Step
from ..model.identifiers import quote_ident
from .check import Group
from .parts.column_facts import is_text, own_columns, retype, text_length, users_of_columns, words_of
from .parts.fixes import ACCESS_EXCLUSIVE, SHARE_UPDATE_EXCLUSIVE, name_of
from .parts.telling import by_root, counted, listed, not_seen, table_comment
from .seen import Seen

GROUP = Group("columns", "Columns: types and defaults that go wrong sooner or later, and statistics that are missing.")

# Participles of which `_on` may name a place or a platform, such as installed_on, count with `_at` alone.
_ON = """
    added approved born changed closed completed created deleted due ended expires finished inserted issued modified
    started updated
"""
_AT = """
    accessed activated applied archived begun booked canceled cancelled checked confirmed delivered disabled enabled
    ends expired failed generated imported indexed installed invited joined logged notified opened ordered paid
    processed published purchased received refreshed registered released removed requested resolved reviewed revoked
    saved scanned scheduled seen sent shipped signed starts stopped submitted synced tested uploaded used validated
    verified visited
"""
_TIMES = """
    arrival begin birth change create creation departure end event expiration expire expiry finish insert insertion
    login logout modification modify release scan start stop submission sync update
"""
_WITH_ON = frozenset(_ON.split())
_WITH_AT = _WITH_ON.union(_AT.split())
_WITH_TIME = _WITH_AT.union(_TIMES.split())
_MOMENTS = frozenset(("birthdate", "birthday", "date", "datetime", "dob", "timestamp", "timestamptz"))
_TRAILING = frozenset(("gmt", "iso", "local", "str", "string", "text", "txt", "utc"))
_LONGEST_DATE = 48
"""Bytes: `Wednesday, September 30th 2026, 11:59:59 p.m. UTC`, about the longest way to write a moment."""


def date_word(name: str) -> str:
    """`date` or `time` where a name says that a moment is meant, else ''."""
    words = words_of(name)
    while len(words) > 1 and (words[-1] in _TRAILING or words[-1].isdigit()):
        words.pop()
    if not words or words[-3:] == ["up", "to", "date"]:
        return ""
    last, before = words[-1], words[-2] if len(words) > 1 else ""
    if last in _MOMENTS or (words[0] == "date" and words[1] in {"of", *_WITH_AT}):
        return "date"
    if not before and last[-2:] in ("at", "on"):  # createdat
        last, before = last[-2:], last[:-2]
    if (last == "at" and before in _WITH_AT) or (last == "on" and before in _WITH_ON):
        return "date"
    return "time" if last == "time" and (not before or before in _WITH_TIME) else ""


@GROUP.check(
    "column-date-as-text",
    severity="warning",
    title="A date or time kept as text",
    why="Text takes any spelling, so that impossible dates and several formats and time zones end up side by side; it "
    "sorts by letters, cannot be compared with now() or cut into days, and takes two to four times the room.",
    how="A text column whose name says that it holds a moment: it ends in date, datetime or timestamp, in a participle "
    "with at or on (created_at, published_on), in a word for an event with time (start_time), or begins with date_of. "
    "The finding is likely where statistics show values about as long as a written date, and possible without.",
    avoids="Words are taken whole, so that candidate, update or timezone do not count, nor does cooking_time. Columns "
    "too short for a date (a card's expiry as MM/YY), or whose values are longer on average than any date, are left "
    "out; so are generated columns.",
    fix="Add a column of type timestamptz or date, fill it in batches with a conversion that handles every spelling "
    "that occurs, switch the programs over, and drop the old one.",
)
def column_date_as_text(seen: Seen) -> Iterator[Found]:
    """Text columns that are named like a moment."""
    catalog = seen.catalog
    for table, column in own_columns(catalog):
        if column.generated or not is_text(catalog, column.type_oid):
            continue
        kind = date_word(column.name)
        length = text_length(catalog, column)
        if not kind or (length is not None and length < (8 if kind == "date" else 4)):
            continue
        widths = _widths(catalog, table, column)
        if widths and max(widths) > _LONGEST_DATE:
            continue
        shown = bool(widths) and min(widths) >= 5
        yield Found(
            object=(table.schema, table.name, column.name),
            object_type="column",
            message=f"{table.name}.{column.name} is named like a {kind}, but is {column.type}"
            + (f", with values of {max(widths)} bytes on average." if shown else "."),
            evidence={"type": column.type, "average_width": max(widths) if widths else None},
            no_fix="Which spellings occur and in which time zone they are meant, a person must know before they can be "
            "converted.",
            confidence="likely" if shown else "possible",
            comment=table_comment(table, column.number),
        )


def _widths(catalog: Catalog, table: Relation, column: Column) -> list[int]:
    """Average widths where the column has values, of each leaf that has statistics."""
    tables = {table.oid, *(leaf.oid for leaf in catalog.leaves(table))}
    known = (catalog.statistics.get(oid, {}).get(column.name) for oid in sorted(tables))
    return [one.width for one in known if one is not None and one.null_fraction < 1]


@GROUP.check(
    "column-timetz",
    severity="warning",
    title="A column of type time with time zone",
    why="A time of day with an offset, but without a date, cannot follow daylight saving time: the same value means "
    "another moment in summer and in winter. PostgreSQL has the type only because the SQL standard does.",
    how="The column's type, also beneath a domain, is timetz.",
    avoids="time without time zone is a time of day by the clock on the wall, and is well.",
    fix="Use timestamptz where a moment is meant, time with a column for the zone where a time of day is.",
)
def column_timetz(seen: Seen) -> Iterator[Found]:
    """Columns of type timetz."""
    for table, column in own_columns(seen.catalog, type_oid=1266):
        yield Found(
            object=(table.schema, table.name, column.name),
            object_type="column",
            message=f"{table.name}.{column.name} is {column.type}: without a date its offset means nothing.",
            evidence={"type": column.type},
            no_fix="Whether a moment or a time of day is meant, a person must decide.",
            comment=table_comment(table, column.number),
        )


@GROUP.check(
    "column-money",
    severity="warning",
    title="A column of type money",
    why="money keeps no currency, and shows and reads amounts by lc_monetary: the same stored value is dollars in one "
    "session and yen, a hundred times as many, in another, and a dump restored under another setting holds other "
    "amounts.",
    how="The column's type, also beneath a domain, is money.",
    avoids="Only the type counts, not the name.",
    fix="ALTER TYPE numeric writes the table anew under an exclusive lock. Keep the currency in a column of its own.",
)
def column_money(seen: Seen) -> Iterator[Found]:
    """Columns of type money."""
    catalog = seen.catalog
    found = list(own_columns(catalog, type_oid=790))
    users = users_of_columns(catalog) if found else {}
    for table, column in found:
        fix, obstacle = retype(catalog, users, table, column, "numeric", "yes")
        yield Found(
            object=(table.schema, table.name, column.name),
            object_type="column",
            message=f"{table.name}.{column.name} is {column.type}, whose meaning depends on lc_monetary.",
            evidence={"type": column.type},
            fix=fix,
            no_fix=obstacle,
            comment=table_comment(table, column.number),
        )


_NULL_TEXT = re.compile(r"'null'(::.+)?", re.IGNORECASE)


@GROUP.check(
    "column-default-null-string",
    severity="warning",
    title="A default that is the word NULL",
    why="A default of 'NULL' in quotes stores four letters, not an unknown value: IS NULL does not find such rows, and "
    "the word ends up before users.",
    how="The default of a text column is the string NULL, in any case of its letters.",
    avoids="jsonb's 'null', a value of its own, and enum values of that name are left out.",
    fix="Drop the default, which makes it NULL. Rows that hold the word stay: see to them by hand.",
)
def column_default_null_string(seen: Seen) -> Iterator[Found]:
    """Text columns whose default is the word NULL."""
    catalog = seen.catalog
    for table, column in own_columns(catalog):
        if column.default is None or column.generated or not _NULL_TEXT.fullmatch(column.default):
            continue
        if not is_text(catalog, column.type_oid):
            continue
        yield Found(
            object=(table.schema, table.name, column.name),
            object_type="column",
            message=f"The default of {table.name}.{column.name} is the text {column.default}, not an unknown value.",
            evidence={"default": column.default, "not_null": column.not_null},
            fix=None if column.not_null else _drop_default(catalog, table, column),
            no_fix="The column is NOT NULL: what its default should be, a person must decide.",
            comment=table_comment(table, column.number),
        )


def _drop_default(catalog: Catalog, table: Relation, column: Column) -> Fix:
    tables = [table, *catalog.descendants(table)]
    locks = tuple(Lock(name_of(one), ACCESS_EXCLUSIVE) for one in tables)
    head = f"ALTER TABLE {name_of(table)} ALTER COLUMN {quote_ident(column.name)}"
    steps = (Step((f"{head} DROP DEFAULT",), locks=locks),)
    here = {one.default for below in tables for one in catalog.columns[below.oid] if one.name == column.name}
    if here != {column.default}:
        return Fix(steps, None, "the tables below have other defaults, which setting this one would overwrite")
    return Fix(steps, (Step((f"{head} SET DEFAULT {column.default}",), locks=locks),))


#: Types that pg_upgrade refuses to carry over: what they name has another number in the new cluster.
_UNMOVABLE = {
    24: "regproc",
    2202: "regprocedure",
    2203: "regoper",
    2204: "regoperator",
    3734: "regconfig",
    3769: "regdictionary",
    4089: "regnamespace",
    4191: "regcollation",
}


@GROUP.check(
    "column-reg-type",
    severity="error",
    title="A column that pg_upgrade cannot carry over",
    why="Such a column holds object numbers that are others in a new cluster, so that pg_upgrade refuses the whole "
    "cluster until the column is gone.",
    how="The column of a table or materialized view is regproc, regprocedure, regoper, regoperator, regconfig, "
    "regdictionary, regnamespace or regcollation, also in an array or beneath a domain.",
    avoids="regclass, regrole and regtype are carried over. Views store nothing and are left out.",
    fix="Keep the name as text, and cast it where it is used.",
)
def column_reg_type(seen: Seen) -> Iterator[Found]:
    """Columns of types that hold numbers of objects of this cluster alone."""
    catalog = seen.catalog
    for table, column in own_columns(catalog, kinds="rpm"):
        kind = catalog.base_type(column.type_oid)
        while kind is not None and kind.category == "A" and kind.element:
            kind = catalog.base_type(kind.element)
        if kind is None or kind.oid not in _UNMOVABLE:
            continue
        yield Found(
            object=(table.schema, table.name, column.name),
            object_type="column",
            message=f"{table.name}.{column.name} is {column.type}: pg_upgrade refuses a cluster with such a column.",
            evidence={"type": column.type, "base_type": _UNMOVABLE[kind.oid]},
            no_fix="What reads and writes the column must be changed with its type; how, a person must decide.",
            comment=table_comment(table, column.number),
        )


@GROUP.check(
    "column-no-statistics",
    severity="info",
    level="extended",
    title="A column that the planner knows nothing about",
    why="Without statistics the planner guesses how many rows a condition leaves, often wrong by orders of magnitude. "
    "A column added after the last ANALYZE has none until a tenth of the table has changed.",
    how="ANALYZE has left statistics of other columns of the table, but none of this one.",
    avoids="Columns whose statistics target is 0, virtual generated columns, and tables below the given number of "
    "pages are left out. Tables that were never analyzed at all are another check's.",
    fix="ANALYZE the column.",
    limits=(Limit("pages", 64, "pages", "Least size of the table; statistics of smaller ones are not read."),),
)
def column_no_statistics(seen: Seen, pages: float) -> Iterator[Found | NotChecked]:
    """Columns without statistics in tables that have some."""
    catalog = seen.catalog
    least = max(pages, 64)
    lacking: dict[Relation, list[Column]] = {}
    hidden = []
    for table in catalog.own:
        if table.kind not in "rm" or table.pages < least:
            continue
        known = catalog.statistics.get(table.oid, {})
        if not known and (table.row_security or not table.readable):
            hidden.append(table)
        wanted = (column for column in catalog.columns.get(table.oid, ()) if column.name not in known)
        columns = [column for column in wanted if column.generated != "v" and column.statistics_target != 0]
        if known and columns:
            lacking[table] = columns
    for root, tables in by_root(catalog, lacking).items():
        names = sorted({column.name for table in tables for column in lacking[table]})
        yield Found(
            object=(root.schema, root.name),
            object_type="table",
            message=f"{counted(len(names), 'column')} of {root.name} {'has' if len(names) == 1 else 'have'} no "
            f"statistics: {listed(names)}.",
            evidence={"columns": names, "tables": [name_of(table) for table in tables]},
            fix=Fix(
                tuple(_analyze(table, lacking[table]) for table in tables),
                None,
                "statistics are no part of the schema, and ANALYZE would gather them again",
                automatic=True,
            ),
            comment=table_comment(root),
        )
    yield from not_seen("column-no-statistics", hidden, "this role may not see the statistics of")


def _analyze(table: Relation, columns: list[Column]) -> Step:
    names = ", ".join(quote_ident(column.name) for column in columns)
    lock = Lock(name_of(table), SHARE_UPDATE_EXCLUSIVE)
    return Step((f"ANALYZE {name_of(table)} ({names})",), locks=(lock,))
