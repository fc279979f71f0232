# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Checks of what can make stored data wrong: collations that changed, damaged pages, indexes and catalogs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ..model.catalog.relations import Index, Relation
from ..model.catalog.server import Collation
from ..model.catalog.snapshot import Catalog
from ..model.finding import Fix, Found, NotChecked, Step, Value
from ..model.identifiers import quote_ident, quote_qualified
from ..model.measured import Probe, Wanted
from .check import Group
from .parts.fixes import name_of, reindex
from .parts.telling import counted, listed, table_comment
from .seen import Seen

GROUP = Group("integrity", "What can make stored data wrong: collations that changed, damaged pages and indexes.")

#: The collation `default`, which is the database's own.
_DEFAULT_COLLATION = 100
#: Operator classes that compare bytes, whatever the collation.
_BYTEWISE = frozenset({"text_pattern_ops", "varchar_pattern_ops", "bpchar_pattern_ops"})
#: Findings of one kind that are told one by one; of damage there may be no end.
_MOST = 50

Affected = list[tuple[Relation, Index]]


def _sorted_by(catalog: Catalog) -> dict[int, Affected]:
    """Collation (OID) to the indexes whose order depends on it."""
    found: dict[int, Affected] = {}
    for table in catalog.relations.values():
        for index in catalog.indexes.get(table.oid, ()):
            # A hash index only needs to know what is equal, and deterministic collations do not change that.
            if index.kind != "i" or index.method == "hash":
                continue
            for collation in {
                oid for place, oid in enumerate(index.collations) if oid and _orders(catalog, index, place)
            }:
                found.setdefault(collation, []).append((table, index))
    return found


def _orders(catalog: Catalog, index: Index, place: int) -> bool:
    if place >= len(index.classes):
        return False
    operator_class = catalog.operator_classes.get(index.classes[place])
    return operator_class is None or operator_class.name not in _BYTEWISE


def _rebuilt(indexes: Affected, last: str) -> Fix:
    """Rebuild the indexes, and only then say that all is well."""
    steps = tuple(step for table, index in indexes for step in reindex(table, index).steps)
    return Fix((*steps, Step((last,))), None, "the old version of the library's rules is gone with the library")


def _index_names(indexes: Affected) -> list[Value]:
    return [name_of(index) for _table, index in indexes]


@GROUP.check(
    "database-collation-mismatch",
    severity="critical",
    title="A database whose collation changed under it",
    why="An update of the operating system changed the order of texts. Indexes made before are sorted by the old one: "
    "rows are not found, and unique keys take duplicates.",
    how="The version of the database's collation that was recorded (datcollversion, 15 and newer) differs from the "
    "library's now. The indexes whose order depends on it are named; without any it is a warning.",
    avoids="Collation C, hash indexes, and operator classes that compare bytes (text_pattern_ops) do not depend on it.",
    fix="Rebuild the indexes, then ALTER DATABASE .. REFRESH COLLATION VERSION. Look for duplicates in unique keys, "
    "and at partitions and checks that compare texts.",
)
def database_collation_mismatch(seen: Seen) -> Iterator[Found]:
    """The database's own collation."""
    catalog, server = seen.catalog, seen.catalog.server
    if server.collation_version is None or server.collation_version == server.collation_version_now:
        return
    indexes = _sorted_by(catalog).get(_DEFAULT_COLLATION, [])
    yield Found(
        object=(server.database,),
        object_type="database",
        message=f"Collation {server.collation} was version {server.collation_version} and is "
        f"{server.collation_version_now or 'without one'} now: {len(indexes)} "
        f"{'index' if len(indexes) == 1 else 'indexes'} may be in the wrong order.",
        evidence={
            "recorded": server.collation_version,
            "now": server.collation_version_now,
            "indexes": _index_names(indexes)[:_MOST],
        },
        fix=_rebuilt(indexes, f"ALTER DATABASE {quote_ident(server.database)} REFRESH COLLATION VERSION"),
        severity=None if indexes else "warning",
    )


@GROUP.check(
    "collation-mismatch",
    severity="critical",
    title="A collation that changed under its indexes",
    why="An update of the operating system or of ICU changed the order of texts. Indexes made before are sorted by the "
    "old one: rows are not found, and unique keys take duplicates.",
    how="The version that was recorded (collversion) differs from the library's now. The indexes whose order depends "
    "on it are named; a collation of users without any is a warning.",
    avoids="A system has hundreds of collations: those of PostgreSQL's own that no index uses are not told.",
    fix="Rebuild the indexes, then ALTER COLLATION .. REFRESH VERSION.",
)
def collation_mismatch(seen: Seen) -> Iterator[Found]:
    """Collations beside the database's own."""
    used = _sorted_by(seen.catalog)
    for collation in seen.catalog.collations:
        if collation.version is None or collation.version == collation.version_now:
            continue
        indexes = used.get(collation.oid, [])
        if indexes or collation.schema != "pg_catalog":
            yield _changed(collation, indexes)


def _changed(collation: Collation, indexes: Affected) -> Found:
    name = quote_qualified(collation.schema, collation.name)
    return Found(
        object=(collation.schema, collation.name),
        object_type="collation",
        message=f"Collation {collation.name} was version {collation.version} and is "
        f"{collation.version_now or 'without one'} now"
        + (f": {listed([index.name for _table, index in indexes])} may be in the wrong order." if indexes else "."),
        evidence={
            "recorded": collation.version,
            "now": collation.version_now,
            "indexes": _index_names(indexes)[:_MOST],
        },
        fix=_rebuilt(indexes, f"ALTER COLLATION {name} REFRESH VERSION"),
        severity=None if indexes else "warning",
        comment=(("pg_collation", collation.oid, 0),),
    )


@GROUP.check(
    "checksum-failures",
    severity="critical",
    title="Pages that came back damaged from disk",
    why="The disk, its controller or the memory returned something else than was written. More will follow.",
    how="pg_stat_database counts checksum failures in a database, or in the tables that all databases share.",
    avoids="Without data checksums nothing is counted: data-checksums-off tells that.",
    fix="Save a backup that was verified before, look at the machine, and restore on another one. A person decides: "
    "nothing repairs a damaged page.",
)
def checksum_failures(seen: Seen) -> Iterator[Found]:
    """Databases with failures, and the tables that they share."""
    counts = [((one.name,), "database", one.checksum_failures) for one in seen.catalog.databases.values()]
    shared = (("pg_catalog",), "shared catalogs", seen.catalog.shared_checksum_failures)
    for names, kind, failures in (*counts, shared):
        if failures:
            yield Found(
                object=names,
                object_type=kind,
                message=f"{counted(failures, 'page')} of the {kind} {names[0]} came back damaged.",
                evidence={"failures": failures},
            )


@GROUP.check(
    "catalog-corruption",
    severity="critical",
    level="extended",
    title="A system catalog that refers to what is not there",
    why='Every object is made of rows in several catalogs. Where one of them is missing, queries fail with "could not '
    'open relation", pg_dump stops, and the upgrade fails.',
    how="References between the system's catalogs (tables, indexes, constraints, defaults, triggers, rules, types, "
    "functions, schemas, owners) of which the other end is missing, all read in one snapshot.",
    avoids="Objects that are dropped meanwhile: a snapshot has both ends or none. It reads every row of every catalog, "
    "five seconds for 100,000 tables, hence the level.",
    fix="Dump what can be dumped, table by table, and load it into a new cluster. Rows of catalogs are not deleted by "
    "hand without knowing how it came about.",
    wants=lambda catalog: Wanted(dangling=True),
)
def catalog_corruption(seen: Seen) -> Iterator[Found]:
    """Dangling references."""
    dangling = sorted(seen.details.dangling)
    for one in dangling[:_MOST]:
        yield Found(
            object=("pg_catalog", one.catalog),
            object_type="system catalog",
            detail=f"{one.oid} {one.column}",
            message=f"{one.column} of the row {one.oid} in {one.catalog} refers to {one.missing}, which is not in "
            f"{one.referenced}.",
            evidence={
                "row": one.oid,
                "column": one.column,
                "referenced": one.referenced,
                "missing": one.missing,
                "all": len(dangling),
            },
        )


#: index_corrupted and data_corrupted.
_CORRUPT = ("XX002", "XX001")


def _checkable(catalog: Catalog) -> Iterator[tuple[Relation, Index]]:
    for table in catalog.own:
        for index in catalog.indexes.get(table.oid, ()):
            if index.method == "btree" and index.kind == "i" and index.valid and index.ready and not index.building:
                yield table, index


def _amcheck_key(index: Index) -> str:
    return f"index-corruption {name_of(index)}"


def _amcheck(seen: Seen) -> list[Probe]:
    schema = seen.catalog.measuring.get("bt_index_check")
    if schema is None:
        return []
    call = quote_qualified(schema, "bt_index_check")
    return [
        Probe(
            key=_amcheck_key(index),
            sql=f"SELECT {call}({index.oid}::pg_catalog.oid::pg_catalog.regclass, true)",
            role=None,
            relations=(table.oid,),
            rows=max(table.rows, 0.0),
        )
        for table, index in _checkable(seen.catalog)
    ]


@GROUP.check(
    "index-corruption",
    severity="critical",
    level="opt_in",
    title="A B-tree index that is damaged",
    why="Rows are not found by it though they are there, and unique keys take duplicates.",
    how="amcheck's bt_index_check reads every index from end to end, and looks for each row of the table in it "
    "(heapallindexed).",
    avoids="It reads all tables and indexes, hence only on request. Locks that writers would wait for are not taken. "
    "Indexes of the system and of extensions are left out.",
    fix="REINDEX INDEX CONCURRENTLY; first look for the cause: a changed collation, the disk, an old bug.",
    probes=_amcheck,
)
def index_corruption(seen: Seen) -> Iterator[Found | NotChecked]:
    """B-trees in which amcheck found damage."""
    functions = seen.catalog.measuring
    if functions.get("bt_index_check") is None:
        missing = "this role may not call bt_index_check" if functions.get("bt_index_check", "") is None else ""
        yield NotChecked("index-corruption", missing or "the extension amcheck is not installed in this database")
        return
    unknown: dict[str, list[str]] = {}
    for table, index in _checkable(seen.catalog):
        answer = seen.answers.get(_amcheck_key(index))
        if answer is None or answer.rows:
            continue
        if answer.sqlstate not in _CORRUPT:
            unknown.setdefault(answer.problem, []).append(name_of(index))
            continue
        yield Found(
            object=(index.schema, index.name),
            object_type="index",
            message=f"The index {index.name} of {table.name} is damaged: {answer.problem}.",
            evidence={"table": name_of(table), "amcheck": answer.problem},
            fix=reindex(table, index),
            comment=(("pg_class", index.oid, 0), *table_comment(table)),
        )
    yield from _unknown(unknown.items())


def _unknown(reasons: Iterable[tuple[str, list[str]]]) -> Iterator[NotChecked]:
    for reason, names in reasons:
        yield NotChecked("index-corruption", f"{listed(names)}: {reason}", names[0] if len(names) == 1 else "")
