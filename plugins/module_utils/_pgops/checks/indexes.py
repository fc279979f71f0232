# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Checks of indexes that cost without use because of what else is there, or that cannot be used as they are."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..model.catalog.relations import Index, Relation
from ..model.catalog.snapshot import Catalog
from ..model.finding import Fix, Found, NotChecked, Step
from ..model.identifiers import quote_qualified
from ..model.measured import Wanted
from .check import Group
from .parts.fixes import name_of
from .parts.index_fixes import NOT_AGAIN, attach, drop_unusable, rebuild, wanted_of
from .parts.index_identity import covers, identity, usable
from .parts.index_redundancy import keeper_reason, trees
from .parts.telling import counted, listed, not_seen
from .seen import Seen

GROUP = Group("indexes", "Indexes: those that no query can use, and those that others make needless.")

#: What REINDEX CONCURRENTLY calls the index it makes and the one it replaces; a number follows where that is taken.
LEFTOVER = re.compile(r"_cc(?:new|old)\d*$")


def index_object(catalog: Catalog, index: Index) -> tuple[str, str, str]:
    """The names a finding about an index bears: schema, table, index."""
    table = catalog.relations[index.table]
    return (table.schema, table.name, index.name)


def index_comment(index: Index) -> tuple[tuple[str, int, int], ...]:
    """Where a pragma about an index may stand."""
    return (("pg_class", index.oid, 0), ("pg_class", index.table, 0))


def keys_text(catalog: Catalog, index: Index) -> str:
    """The keys as a sentence names them."""
    texts = index.key_texts or catalog.column_names(index.table, index.key_columns)
    included = catalog.column_names(index.table, index.included)
    return f"({', '.join(texts)})" + (f" INCLUDE ({', '.join(included)})" if included else "")


def _wants_unusable(catalog: Catalog) -> Wanted:
    found = [index for table in catalog.own for index in catalog.indexes.get(table.oid, ()) if not usable(index)]
    return wanted_of(catalog, [index for index in found if index.kind == "I"])


@GROUP.check(
    "index-invalid",
    severity="error",
    title="An index that no query can use",
    why="A CREATE INDEX, REINDEX or DROP INDEX CONCURRENTLY that failed or was interrupted leaves its index behind. "
    "Queries never read it, yet most writes still have to keep it up, and a key it was meant to keep apart is not.",
    how="The catalog says that the index is not valid, not ready or not live. What REINDEX CONCURRENTLY left beside an "
    "index that is well (its name ends in _ccnew or _ccold) is a warning. Indexes of TOAST tables count too.",
    avoids="An index that is being made, made anew or dropped at this moment is left out, told by progress reports and "
    "by the locks that such work holds; a standby cannot tell. Partitioned indexes have a check of their own.",
    fix="Drop what is left over. Make anew, CONCURRENTLY, what is needed; a unique index needs its double rows settled "
    "first.",
)
def index_invalid(seen: Seen) -> Iterator[Found | NotChecked]:
    """Indexes that are not valid, not ready or not live, and are not being worked on."""
    catalog = seen.catalog
    unsure: list[Relation] = []
    for table in catalog.own:
        for index in catalog.indexes.get(table.oid, ()):
            if usable(index) or index.kind != "i" or index.building:
                continue
            if table.oid in catalog.tables_in_work or catalog.server.in_recovery:
                unsure.append(table)
            else:
                yield _unusable(catalog, table, index)
    yield from _unusable_toast(catalog, unsure)
    if catalog.server.in_recovery:
        why = "there are indexes that are not valid, and a standby does not know what its primary is at work on"
    else:
        why = "an index is being made or dropped there, which may be the one that is not valid"
    yield from not_seen("index-invalid", set(unsure), why)


def _unusable(catalog: Catalog, table: Relation, index: Index) -> Found:
    twin = _twin(catalog, index)
    leftover = LEFTOVER.search(index.name) is not None
    words = [word for word, good in (("valid", index.valid), ("ready", index.ready), ("live", index.live)) if not good]
    if twin is not None:
        more = f"{twin.name} does what it was made for"
    elif leftover:
        more = "a REINDEX CONCURRENTLY left it behind"
    elif not index.live:
        more = "a DROP INDEX CONCURRENTLY of it was interrupted"
    else:
        more = "it keeps no keys apart" if index.unique else "what it was made for is done without it"
    if not keeper_reason(catalog, index) and (twin is not None or leftover or not index.live):
        fix = drop_unusable(catalog, index, automatic=leftover and twin is not None)
    else:
        fix = rebuild(catalog, index)
    return Found(
        object=index_object(catalog, index),
        object_type="index",
        message=f"No query can use the index {index.name} of {table.name}, which is not {listed(words)}: {more}.",
        evidence={
            "valid": index.valid,
            "ready": index.ready,
            "live": index.live,
            "twin": None if twin is None else twin.name,
        },
        severity="warning" if leftover and twin is not None else None,
        fix=fix,
        comment=index_comment(index),
    )


def _twin(catalog: Catalog, index: Index) -> Index | None:
    """A usable index that does all that this one was to do."""
    what = identity(catalog, index)
    others = [other for other in catalog.indexes[index.table] if other is not index and usable(other)]
    for other in others:
        its = identity(catalog, other)
        if its == what or (what.apart is None and its._replace(apart=None) == what):
            return other
    return next((other for other in others if covers(catalog, other, index)), None)


_TOAST = (
    "PostgreSQL makes no invalid index of a TOAST table anew: decide when the table can be written anew, by VACUUM "
    "FULL or by dump and restore, and why the index was not valid."
)


def _unusable_toast(catalog: Catalog, unsure: list[Relation]) -> Iterator[Found]:
    for one in catalog.toast_indexes:
        table = catalog.relations.get(one.table)
        if table is None or table.of_extension:
            continue
        if one.building or catalog.server.in_recovery:
            unsure.append(table)
            continue
        leftover = LEFTOVER.search(one.name) is not None
        sql = f"DROP INDEX CONCURRENTLY {quote_qualified('pg_toast', one.name)}"
        yield Found(
            object=(table.schema, table.name),
            object_type="table",
            message=f"The index {one.name} of the TOAST table of {table.name} is not valid.",
            evidence={"index": one.name},
            severity="warning" if leftover else None,
            # It locks the TOAST table, not the table itself.
            fix=Fix((Step((sql,), transaction=False),), None, NOT_AGAIN, automatic=True) if leftover else None,
            no_fix="" if leftover else _TOAST,
            detail="leftover" if leftover else "toast index",
            comment=(("pg_class", table.oid, 0),),
        )


@GROUP.check(
    "partition-index-not-attached",
    severity="warning",
    title="A partitioned index that lacks partitions",
    why="The index looks as if the whole table had it, but some partitions have none: queries read those from end to "
    "end, and a unique key of the whole table cannot be used by ON CONFLICT or a foreign key.",
    how="A partitioned index is not valid as long as a partition has no valid index attached to it.",
    avoids="A partition whose index is being made at this moment is left out. Foreign tables among the partitions hold "
    "no indexes.",
    fix="Attach the partition's own index where it has one that fits; else create one CONCURRENTLY and attach it.",
    wants=_wants_unusable,
)
def partition_index_not_attached(seen: Seen) -> Iterator[Found]:
    """Partitioned indexes that are not valid."""
    catalog = seen.catalog
    for table in catalog.own:
        for index in catalog.indexes.get(table.oid, ()):
            if index.kind != "I" or index.valid or not index.live or catalog.index_by_oid.get(index.parent):
                continue
            lacking = list(_lacking(catalog, index))
            if any(
                parent.table in catalog.tables_in_work or leaf.oid in catalog.tables_in_work for parent, leaf in lacking
            ):
                continue
            names = [name_of(leaf) for _parent, leaf in lacking]
            if names:
                parts = counted(len(names), "partition")
                why = f"nothing is attached to it for {parts} of {table.name}: {listed(names)}"
            else:
                why = f"what a partition of {table.name} attached to it was not valid then"
            fix = _attach_all(seen, lacking)
            yield Found(
                object=index_object(catalog, index),
                object_type="index",
                message=f"The partitioned index {index.name} is not valid, {why}.",
                evidence={"partitions": names},
                fix=fix,
                no_fix="" if fix else _WHY_NOT,
                comment=index_comment(index),
            )


_WHY_NOT = (
    "A key constraint, a partition with partitions of its own, or an attached index that was not valid asks for more "
    "than "
    "an index: decide whether to complete the tree by hand or to drop the partitioned index and make it again."
)


def _lacking(catalog: Catalog, index: Index) -> Iterator[tuple[Index, Relation]]:
    """Partitioned indexes of a tree with the partitions of their tables that have no index attached to them."""
    attached = {child.table: child for child in trees(catalog).get(index.oid, ())}
    for partition in catalog.children.get(index.table, ()):
        child = attached.get(partition.oid)
        if child is not None and child.kind == "I":
            yield from _lacking(catalog, child)
        elif child is None and partition.kind in "rp":
            yield (index, partition)


def _attach_all(seen: Seen, lacking: list[tuple[Index, Relation]]) -> Fix | None:
    """One fix for all partitions; None where a constraint or a partitioned partition asks for more than an index."""
    catalog = seen.catalog
    steps: list[Step] = []
    reason = ""
    for parent, partition in lacking:
        definition = seen.details.definitions.get(parent.oid)
        if definition is None or partition.kind != "r" or parent.oid in catalog.constraint_indexes:
            return None
        fix = attach(catalog, parent, partition, _fitting(catalog, parent, partition), definition)
        if fix is None:
            return None
        steps += fix.steps
        reason = fix.undo_reason
    return Fix(tuple(steps), None, reason) if steps else None


def _fitting(catalog: Catalog, parent: Index, partition: Relation) -> Index | None:
    """A valid index of a partition that can be attached: the same by names, for columns may be numbered otherwise."""
    wanted = _by_name(catalog, parent)
    for index in catalog.indexes.get(partition.oid, ()):
        if index.kind == "i" and usable(index) and not index.parent and _by_name(catalog, index) == wanted:
            return index
    return None


def _by_name(catalog: Catalog, index: Index) -> tuple[object, ...]:
    what = identity(catalog, index)
    keys = tuple(
        key._replace(what=key.what if isinstance(key.what, str) else catalog.column_names(index.table, (key.what,))[0])
        for key in what.keys
    )
    included = catalog.column_names(index.table, index.included)
    return (what._replace(keys=keys, included=frozenset(), order=()), index.ordering, included)
