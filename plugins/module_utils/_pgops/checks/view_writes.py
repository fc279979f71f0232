# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Checks of what the functions of INSTEAD OF triggers do, as far as their source tells it without being run."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from ..model.catalog.relations import Column, Function, Relation, Trigger
from ..model.catalog.snapshot import Catalog
from ..model.finding import Found
from ..model.identifiers import quote_ident, quote_qualified
from .check import Group
from .parts.plpgsql import (
    EVERY,
    Token,
    Write,
    fields,
    given,
    is_tested,
    is_word,
    returned,
    tells_relations_apart,
    texts,
    tokens_of,
    writes,
)
from .parts.telling import listed
from .parts.view_access import instead_triggers
from .seen import Seen

GROUP = Group(
    "view-writes",
    "Writes through views: what the functions of INSTEAD OF triggers do to them, as far as their source tells.",
)

_ANEW = "Write the function anew, or let the module pg_view_triggers make the triggers from the view's query."
_SCANNED = (
    "Only functions in PL/pgSQL are looked into, where one trigger alone serves the verb and the code does not ask at "
    "which relation it was called. What the look does not understand, it takes to be well. "
)


class Handler(NamedTuple):
    """The one trigger that takes a verb of a view, its function, and the function's source in tokens."""

    view: Relation
    verb: str
    trigger: Trigger
    function: Function
    tokens: tuple[Token, ...]

    @property
    def place(self) -> tuple[str, str, str]:
        """The trigger's name among all objects."""
        return self.view.schema, self.view.name, self.trigger.name

    @property
    def spelled(self) -> str:
        """The function's name as SQL spells it."""
        return quote_qualified(self.function.schema, self.function.name)

    @property
    def comment(self) -> tuple[tuple[str, int, int], ...]:
        """Where pragmas may stand."""
        return (
            ("pg_trigger", self.trigger.oid, 0),
            ("pg_class", self.view.oid, 0),
            ("pg_proc", self.function.oid, 0),
        )


def _handlers(catalog: Catalog, *verbs: str) -> Iterator[Handler]:
    for view in catalog.views:
        for verb in verbs:
            triggers = instead_triggers(catalog, view, verb)
            function = catalog.functions.get(triggers[0].function) if len(triggers) == 1 else None
            if function is None or function.source is None or function.language != "plpgsql" or function.of_extension:
                continue
            tokens = tokens_of(function.source)
            if not tells_relations_apart(tokens):
                yield Handler(view, verb, triggers[0], function, tokens)


def _sources(catalog: Catalog, view: Relation, column: Column) -> list[tuple[Relation, Column]]:
    """The table columns that a view column may show: of the same name and type, and used by the view's query."""
    found = []
    for oid, number in sorted(catalog.view_columns.get(view.oid, ())):
        relation, source = catalog.relations.get(oid), catalog.column(oid, number)
        if relation is None or source is None or relation.kind not in "rpf":
            continue
        if source.name == column.name and source.type_oid == column.type_oid:
            found.append((relation, source))
    return found


def _inserts_into(handler: Handler, table: Relation) -> list[Write]:
    return [
        write
        for write in writes(handler.tokens)
        if write.verb == "INSERT" and write.relation == table.name and write.schema in (None, table.schema)
    ]


def _makes_key(catalog: Catalog, table: Relation, column: Column) -> bool:
    """Whether the table gives a new row its value of this column: an identity, a sequence, a default of the key."""
    if column.identity or (column.default is not None and not column.generated and "nextval(" in column.default):
        return True
    key = catalog.key_of.get(table.oid)
    return column.default is not None and not column.generated and key is not None and column.number in key.columns


@GROUP.check(
    "view-insert-trigger-stale-keys",
    severity="error",
    title="An INSTEAD OF INSERT trigger that does not hand the new key back",
    why="INSERT .. RETURNING id through the view gives NULL, since RETURNING shows NEW as the function returns it. "
    "Programs and mappers store that NULL, or fail on it.",
    how="The table gives the column its value (an identity, a sequence, a default of the primary key), the function "
    "inserts into the table without a value of its caller for it, returns NEW, and nowhere gives that column of NEW a "
    "value: by assignment, or by INTO.",
    avoids=_SCANNED + "A column is matched to its table by name and type among the columns that the view's query uses.",
    fix="RETURNING id INTO NEW.id in the function.",
)
def view_insert_trigger_stale_keys(seen: Seen) -> Iterator[Found]:
    """Trigger functions that make a key and do not tell it."""
    catalog = seen.catalog
    for handler in _handlers(catalog, "INSERT"):
        names = [column.name for column in _untold_keys(catalog, handler)]
        if names:
            yield Found(
                object=handler.place,
                object_type="trigger",
                message=f"INSERT .. RETURNING {listed([quote_ident(name) for name in names])} through the view "
                f"{handler.view.name} gives NULL: {handler.spelled} never puts the new value into NEW.",
                evidence={"columns": list(names), "function": handler.spelled},
                confidence="likely",
                no_fix=_ANEW,
                comment=handler.comment,
            )


def _untold_keys(catalog: Catalog, handler: Handler) -> Iterator[Column]:
    known = given(handler.tokens)
    answers = returned(handler.tokens)
    if EVERY in known or "new" not in answers or answers - {"new", "null"}:
        return
    for column in catalog.columns.get(handler.view.oid, ()):
        sources = _sources(catalog, handler.view, column)
        if column.name in known or not sources:
            continue
        inserts = [write for table, _source in sources for write in _inserts_into(handler, table)]
        made = all(_makes_key(catalog, *source) for source in sources)
        if inserts and made and all(_is_left_to_table(write, column.name) for write in inserts):
            yield column


def _is_left_to_table(write: Write, name: str) -> bool:
    """Whether an INSERT gives a column no value that came with NEW."""
    if write.columns is None:
        return False
    if name not in write.columns:
        return True
    if write.values is None:
        return False
    return not any(is_word(token, "new") for token in write.values[write.columns.index(name)])


@GROUP.check(
    "view-insert-trigger-loses-defaults",
    severity="warning",
    title="An INSTEAD OF INSERT trigger that writes NULL where the table has a default",
    why="A column that the INSERT leaves out is NULL in NEW. A function that hands it on stores NULL instead of the "
    "table's default, or fails where the column is NOT NULL.",
    how="The function inserts `NEW.column` as it is into a column that has a default or an identity, nowhere assigns "
    "it or asks whether it is NULL, and the view's column has no default of its own (ALTER VIEW .. SET DEFAULT).",
    avoids=_SCANNED + "Functions that leave the column out in one of several INSERTs are taken to know why.",
    fix="Leave the column out where NEW holds NULL, use COALESCE with the default, or give the view's column one.",
)
def view_insert_trigger_loses_defaults(seen: Seen) -> Iterator[Found]:
    """Trigger functions that write NULL over defaults."""
    catalog = seen.catalog
    for handler in _handlers(catalog, "INSERT"):
        lost = dict(_lost_defaults(catalog, handler))
        if lost:
            yield Found(
                object=handler.place,
                object_type="trigger",
                message=f"An INSERT through the view {handler.view.name} that leaves out "
                f"{listed([quote_ident(name) for name in lost])} writes NULL instead of the default: "
                f"{handler.spelled} hands on what NEW holds.",
                evidence={"defaults": lost, "function": handler.spelled},
                confidence="likely",
                no_fix=_ANEW,
                comment=handler.comment,
            )


def _lost_defaults(catalog: Catalog, handler: Handler) -> Iterator[tuple[str, str]]:
    """Columns of the view, each with the default that is lost."""
    known = given(handler.tokens)
    if EVERY in known:
        return
    for column in catalog.columns.get(handler.view.oid, ()):
        sources = _sources(catalog, handler.view, column)
        if column.default is not None or column.name in known or len(sources) != 1:
            continue
        table, source = sources[0]
        if source.generated or not (source.default or source.identity) or is_tested(handler.tokens, column.name):
            continue
        inserts = _inserts_into(handler, table)
        if inserts and all(_hands_on(write, source.name, column.name) for write in inserts):
            yield column.name, source.default or "an identity"


def _hands_on(write: Write, target: str, field: str) -> bool:
    """Whether an INSERT gives a column the field of NEW as it is."""
    if write.columns is None or write.values is None or target not in write.columns:
        return False
    value = write.values[write.columns.index(target)]
    return len(value) == 3 and texts(value[:2]) == ("new", ".") and value[2].name == field


@GROUP.check(
    "view-trigger-ignores-column",
    severity="warning",
    level="extended",
    title="An INSTEAD OF trigger that takes a value and drops it",
    why="The statement reports success and RETURNING shows the new value, while nothing of it was stored.",
    how="The function writes to tables, and names a column of NEW nowhere, though the view shows a table's column of "
    "that name and type: what a caller gives for it cannot arrive.",
    avoids=_SCANNED + "Columns that are computed, and keys that the table makes at an INSERT, are not missed.",
    fix="Write the column too, or refuse: RAISE EXCEPTION where NEW.column differs from OLD.column.",
)
def view_trigger_ignores_column(seen: Seen) -> Iterator[Found]:
    """Trigger functions that do not look at what they were given."""
    catalog = seen.catalog
    for handler in _handlers(catalog, "INSERT", "UPDATE"):
        read = fields(handler.tokens, "new")
        if EVERY in read or not writes(handler.tokens):
            continue
        names = []
        for column in catalog.columns.get(handler.view.oid, ()):
            sources = [one for one in _sources(catalog, handler.view, column) if not one[1].generated]
            made = handler.verb == "INSERT" and any(_makes_key(catalog, *source) for source in sources)
            if sources and column.name not in read and not made:
                names.append(column.name)
        if names:
            yield Found(
                object=handler.place,
                object_type="trigger",
                message=f"{handler.verb.capitalize()}s of {listed([quote_ident(name) for name in names])} through the "
                f"view {handler.view.name} report success and are lost: {handler.spelled} does not read them.",
                evidence={"columns": list(names), "function": handler.spelled, "verb": handler.verb},
                confidence="likely",
                no_fix=_ANEW,
                detail=handler.verb,
                comment=handler.comment,
            )


def _nulls(seen: Seen, verb: str, answers: frozenset[str]) -> Iterator[Found]:
    """Functions that write and answer with nothing but these."""
    for handler in _handlers(seen.catalog, verb):
        found = returned(handler.tokens)
        if found and found <= answers and writes(handler.tokens):
            said = " and ".join(f"RETURN {answer.upper()}" for answer in sorted(found))
            yield Found(
                object=handler.place,
                object_type="trigger",
                message=f"{verb} through the view {handler.view.name} counts no row and RETURNING gives none, though "
                f"rows are written: {handler.spelled} ends with {said} alone.",
                evidence={"returns": sorted(found), "function": handler.spelled, "verb": verb},
                confidence="likely",
                no_fix=_ANEW,
                detail=verb,
                comment=handler.comment,
            )


@GROUP.check(
    "view-delete-returns-null",
    severity="warning",
    title="An INSTEAD OF DELETE trigger that counts no row",
    why="DELETE through the view says `DELETE 0` and RETURNING gives nothing, though rows are gone: programs take the "
    "row for missing, and mappers roll back.",
    how="The function writes to tables, and every RETURN of it gives NULL, or NEW, which is NULL in a DELETE.",
    avoids=_SCANNED + "Functions that write nothing, such as those that only refuse, are not told.",
    fix="RETURN OLD in the function.",
)
def view_delete_returns_null(seen: Seen) -> Iterator[Found]:
    """Functions of DELETE that return no row."""
    return _nulls(seen, "DELETE", frozenset({"null", "new"}))


@GROUP.check(
    "view-write-returns-null",
    severity="warning",
    title="An INSTEAD OF INSERT or UPDATE trigger that counts no row",
    why="The statement says that no row was written and RETURNING gives nothing, though rows were: programs try again, "
    "or take the row for missing.",
    how="The function writes to tables, and every RETURN of it gives NULL, or, in an INSERT, OLD, which is NULL there.",
    avoids=_SCANNED + "Functions that write nothing, such as those that only refuse, are not told.",
    fix="RETURN NEW in the function.",
)
def view_write_returns_null(seen: Seen) -> Iterator[Found]:
    """Functions of INSERT and UPDATE that return no row."""
    yield from _nulls(seen, "INSERT", frozenset({"null", "old"}))
    yield from _nulls(seen, "UPDATE", frozenset({"null"}))
