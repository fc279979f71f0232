# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fixes of indexes: drop, make anew, attach, with the way back to the same index, its comment and its tablespace."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ...model.catalog.relations import Index, Relation
from ...model.catalog.snapshot import Catalog
from ...model.finding import Fix, Lock, Step
from ...model.identifiers import generated_name, quote_ident, quote_literal, quote_qualified
from ...model.measured import Wanted
from .fixes import ACCESS_EXCLUSIVE, name_of, outside, statement
from .index_redundancy import trees, whole

SHARE = "SHARE"
NOT_AGAIN = "an index that no query can use is not made again"
NO_DEFINITION = "the definition of the index could not be read"


def wanted_of(catalog: Catalog, indexes: Iterable[Index]) -> Wanted:
    """Sizes and definitions of indexes and all that is attached to them."""
    oids = frozenset(one.oid for index in indexes for one in whole(catalog, index))
    return Wanted(definitions=oids, sizes=oids)


def size_of(catalog: Catalog, sizes: Mapping[int, int], index: Index) -> int:
    """The bytes of an index, or of all that is attached to a partitioned one; estimated where they were not read."""
    block = catalog.server.block_size
    return sum(sizes.get(one.oid, one.pages * block) for one in whole(catalog, index) if one.kind == "i")


def drop(catalog: Catalog, index: Index, definitions: Mapping[int, str]) -> Fix:
    """Drop an index that nothing but queries needs; one of a partitioned table goes with all that is attached."""
    undo = _made_again(catalog, index, definitions)
    reason = "" if undo else NO_DEFINITION
    if index.kind == "i":
        return Fix((_dropped(catalog, index),), undo, reason)
    tables = [catalog.relations[one.table] for one in whole(catalog, index)]
    locks = tuple(Lock(name_of(table), ACCESS_EXCLUSIVE) for table in tables)
    return Fix((Step((f"DROP INDEX {name_of(index)}",), locks=locks),), undo, reason)


def drop_unusable(catalog: Catalog, index: Index, automatic: bool) -> Fix:
    """Drop what a CREATE INDEX or REINDEX left behind."""
    return Fix((_dropped(catalog, index),), None, NOT_AGAIN, automatic)


def rebuild(catalog: Catalog, index: Index) -> Fix:
    """Make an index anew in its place. Exclusion constraints cannot do it beside writes."""
    table = catalog.relations[index.table]
    if index.exclusion:
        step = statement(f"REINDEX INDEX {name_of(index)}", table, SHARE)
    else:
        step = outside(f"REINDEX INDEX CONCURRENTLY {name_of(index)}", table)
    return Fix((step,), None, "the index was of no use before, and the statement changes nothing else")


def replace(catalog: Catalog, index: Index, definitions: Mapping[int, str], predicate: str | None) -> Fix | None:
    """Put the same index with another predicate in the place of a plain one; None where that cannot be spelled.

    The new one is made under another name first, so that queries have one of the two at any moment.
    """
    old = definitions.get(index.oid)
    if old is None or index.kind != "i" or index.parent:
        return None
    new = _otherwise(index, old, predicate)
    if new is None:
        return None
    steps = _swapped(catalog, index, new, predicate)
    back = _swapped(catalog, index, old, index.predicate)
    return None if steps is None or back is None else Fix(steps, back)


def attach(catalog: Catalog, parent: Index, table: Relation, child: Index | None, definition: str) -> Fix | None:
    """Give a leaf partition its part of a partitioned index: `child`, or a new one where it has none that fits."""
    if child is not None:
        undo = "an attached index cannot be detached"
        return Fix((_attached(parent, name_of(child)),), None, undo)
    head = _head(catalog, parent, "ON ONLY")
    if not definition.startswith(head):
        return None
    name = free_name(catalog, table.schema, generated_name("", f"{table.name}_{parent.name}", ""))
    unique = "UNIQUE " if parent.unique else ""
    made = f"CREATE {unique}INDEX CONCURRENTLY {quote_ident(name)} ON {name_of(table)} {definition[len(head) :]}"
    steps = (outside(made, table), _attached(parent, quote_qualified(table.schema, name)))
    return Fix(steps, None, "an attached index cannot be detached; dropping the partitioned index drops it too")


def free_name(catalog: Catalog, schema: str, name: str) -> str:
    """The name itself, or with a number behind it, that no relation or index of the schema has."""
    taken = catalog.once(_names)
    number, free = 1, name
    while (schema, free) in taken:
        number += 1
        free = generated_name("", name, f"_{number}")
    return free


def _names(catalog: Catalog) -> frozenset[tuple[str, str]]:
    return frozenset(catalog.by_name) | {(index.schema, index.name) for index in catalog.index_by_oid.values()}


def _dropped(catalog: Catalog, index: Index) -> Step:
    return outside(f"DROP INDEX CONCURRENTLY {name_of(index)}", catalog.relations[index.table])


def _attached(parent: Index, child: str) -> Step:
    return Step((f"ALTER INDEX {name_of(parent)} ATTACH PARTITION {child}",))


def _head(catalog: Catalog, index: Index, on: str = "ON") -> str:
    """How pg_get_indexdef begins for this index, up to the access method."""
    major = catalog.server.major
    table = catalog.relations[index.table]
    unique = "UNIQUE " if index.unique else ""
    name = quote_ident(index.name, major)
    return f"CREATE {unique}INDEX {name} {on} {quote_qualified(table.schema, table.name, major)} "


def _otherwise(index: Index, definition: str, predicate: str | None) -> str | None:
    """The definition with another predicate."""
    tail = "" if index.predicate is None else f" WHERE {index.predicate}"
    if not definition.endswith(tail):
        return None
    whole_table = definition[: len(definition) - len(tail)]
    return whole_table if predicate is None else f"{whole_table} WHERE {predicate}"


def _swapped(catalog: Catalog, index: Index, definition: str, predicate: str | None) -> tuple[Step, ...] | None:
    head = _head(catalog, index)
    if not definition.startswith(head):
        return None
    table = catalog.relations[index.table]
    name = free_name(catalog, index.schema, generated_name("", index.name, "_new"))
    unique = "UNIQUE " if index.unique else ""
    made = f"CREATE {unique}INDEX CONCURRENTLY {quote_ident(name)} ON {name_of(table)} {definition[len(head) :]}"
    return (
        outside(_placed(index, made, predicate), table),
        _dropped(catalog, index),
        Step((f"ALTER INDEX {quote_qualified(index.schema, name)} RENAME TO {quote_ident(index.name)}",)),
        *_dressed(catalog, index),
    )


def _placed(index: Index, made: str, predicate: str | None) -> str:
    """The statement with the index's tablespace, which pg_get_indexdef leaves out; it stands before WHERE."""
    if index.tablespace is None:
        return made
    place = made.rfind(f" WHERE {predicate}") if predicate is not None else len(made)
    return f"{made[:place]} TABLESPACE {quote_ident(index.tablespace)}{made[place:]}"


def _dressed(catalog: Catalog, index: Index) -> tuple[Step, ...]:
    """What an index has beside its definition."""
    said = [
        f"ALTER INDEX {name_of(index)} ALTER COLUMN {place} SET STATISTICS {target}" for place, target in index.targets
    ]
    comment = catalog.comments.get(("pg_class", index.oid, 0))
    if comment is not None:
        said.append(f"COMMENT ON INDEX {name_of(index)} IS {quote_literal(comment)}")
    return tuple(Step((sql,)) for sql in said)


def _made_again(catalog: Catalog, index: Index, definitions: Mapping[int, str]) -> tuple[Step, ...] | None:
    """Steps that make an index again, and all that was attached to it."""
    definition = definitions.get(index.oid)
    if definition is None:
        return None
    table = catalog.relations[index.table]
    made = _placed(index, definition, index.predicate)
    if index.kind == "i":
        concurrently = made.replace(" INDEX ", " INDEX CONCURRENTLY ", 1)
        return (outside(concurrently, table), *_dressed(catalog, index))
    steps = [statement(made, table, SHARE), *_dressed(catalog, index)]
    for below in trees(catalog).get(index.oid, ()):
        again = _made_again(catalog, below, definitions)
        if again is None:
            return None
        steps += [*again, _attached(index, name_of(below))]
    return tuple(steps)
