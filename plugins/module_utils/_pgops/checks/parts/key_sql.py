# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Foreign keys: the look-up behind them, their SQL, and what the groups that judge them share. Not a group itself."""

from __future__ import annotations

from ...model.catalog.relations import Column, Constraint, Index, Relation, Type
from ...model.catalog.snapshot import Catalog
from ...model.finding import Lock, Step
from ...model.identifiers import generated_name, quote_ident, quote_literal
from .fixes import ACCESS_EXCLUSIVE, ROW_SHARE, SHARE_ROW_EXCLUSIVE, SHARE_UPDATE_EXCLUSIVE, columns_of, name_of

#: The catalog's letters for what a foreign key does; NO ACTION is what it does unless told otherwise.
RULES = {"a": "NO ACTION", "r": "RESTRICT", "c": "CASCADE", "n": "SET NULL", "d": "SET DEFAULT"}
DEFAULT_COLLATION = 100
_TEXT, _VARCHAR = 25, 1043
#: Input types of operator classes that take any type of a kind.
_ANY = {"e": 3500, "r": 3831, "m": 4537, "c": 2249}
_ANY_ARRAY = 2277


def looked_up(key: Constraint) -> tuple[int, ...]:
    """Numbers of the referencing columns that are compared by equality: a PERIOD is not."""
    return key.columns[:-1] if key.period else key.columns


def pairs(catalog: Catalog, key: Constraint) -> list[tuple[Column, Column]]:
    """Referencing and referenced column, side by side."""
    found = []
    for near, far in zip(key.columns, key.referenced_columns):
        one, other = catalog.column(key.table, near), catalog.column(key.references, far)
        if one is not None and other is not None:
            found.append((one, other))
    return found


def serves(catalog: Catalog, key: Constraint, index: Index) -> bool:
    """Whether an index finds the rows that refer to a given row, as the server's own look-up asks for them.

    The index may be one of a partition, whose columns may have other numbers than the root's.
    """
    # Most indexes are told apart by their first column.
    if index.table == key.table and index.columns[0] not in key.columns:
        return False
    if not (index.valid and index.ready and index.live):
        return False
    wanted = local_columns(catalog, key, index.table)
    leading = index.key_columns[: len(wanted)]
    if sorted(leading) != sorted(wanted):
        return False
    for place, column in enumerate(leading):
        mine = wanted.index(column)
        operator_class = catalog.operator_classes.get(index.classes[place])
        if operator_class is None or key.operators[mine] not in catalog.equalities.get(operator_class.family, ()):
            return False
        if index.collations[place] not in (0, collation_asked(catalog, key, mine)):
            return False
    return index.predicate is None or _only_not_null(catalog, index, wanted)


def local_columns(catalog: Catalog, key: Constraint, table: int) -> tuple[int, ...]:
    """Numbers that the columns to be looked up have in a partition of the key's table."""
    numbers = looked_up(key)
    if table == key.table:
        return numbers
    by_name = {column.name: column.number for column in catalog.columns.get(table, ())}
    return tuple(by_name.get(name, 0) for name in catalog.column_names(key.table, numbers))


def collation_asked(catalog: Catalog, key: Constraint, place: int) -> int:
    """The collation by which the look-up compares a column: an index of another one does not serve it.

    The referenced value comes as a parameter, with its type's collation; that of the referencing column prevails
    unless it is the default. Nondeterministic collations of the referenced column are asked for by name.
    """
    near = catalog.column(key.table, key.columns[place])
    far = catalog.column(key.references, key.referenced_columns[place])
    if near is None or far is None:
        return 0
    if far.collation != near.collation and far.collation in catalog.loose_collations:
        return far.collation
    kind = catalog.types.get(far.type_oid)
    parameter = 0 if kind is None else kind.collation
    if near.collation == DEFAULT_COLLATION and parameter not in (0, DEFAULT_COLLATION):
        return parameter
    return near.collation


def _only_not_null(catalog: Catalog, index: Index, columns: tuple[int, ...]) -> bool:
    """The look-up compares with =, so that rows with NULL in the key are never looked for."""
    major = catalog.server.major
    names = catalog.column_names(index.table, columns)
    terms = [f"({quote_ident(name, major)} IS NOT NULL)" for name in names]
    rest = index.predicate or ""
    if rest not in terms:
        if not (rest.startswith("((") and rest.endswith("))")):
            return False
        rest = rest[1:-1]
    while rest:
        term = next((term for term in terms if rest.startswith(term)), None)
        if term is None:
            return False
        rest = rest[len(term) :].removeprefix(" AND ")
    return True


def plain_index_serves(catalog: Catalog, key: Constraint) -> bool:
    """Whether an ordinary index on the columns would serve: not where values are compared as another type."""
    for place, (near, _far) in enumerate(pairs(catalog, key)[: len(looked_up(key))]):
        if collation_asked(catalog, key, place) not in (0, near.collation):
            return False
        if not compared_plainly(catalog, key, place, near):
            return False
    return True


def compared_plainly(catalog: Catalog, key: Constraint, place: int, column: Column) -> bool:
    """Whether the referencing column is compared as it is, by an operator of its type's default operator class."""
    base = catalog.base_type(column.type_oid)
    default = None if base is None else catalog.default_classes.get(_input_type(base))
    return default is not None and key.operators[place] in catalog.equalities.get(default.family, ())


def _input_type(base: Type) -> int:
    if base.oid == _VARCHAR:
        return _TEXT
    if base.category == "A" and base.element:
        return _ANY_ARRAY
    return _ANY.get(base.kind, base.oid)


def same_type(one: Type, other: Type) -> bool:
    """Whether two base types compare alike: varchar is text with a length."""
    return one.oid == other.oid or {one.oid, other.oid} == {_TEXT, _VARCHAR}


def definition(catalog: Catalog, key: Constraint, on_delete: str | None = None, on_update: str | None = None) -> str:
    """The key's SQL after ADD CONSTRAINT and its name; letters of `on_delete` and `on_update` replace its own rules."""
    table, parent = catalog.relations[key.table], catalog.relations[key.references]
    near, far = columns_of(catalog, table, key.columns), columns_of(catalog, parent, key.referenced_columns)
    if key.period:
        near, far = (", PERIOD ".join(part.rsplit(", ", 1)) for part in (near, far))
    words = [f"FOREIGN KEY ({near}) REFERENCES {name_of(parent)} ({far})"]
    if key.match == "f":
        words.append("MATCH FULL")
    for verb, rule in (("UPDATE", on_update or key.on_update), ("DELETE", on_delete or key.on_delete)):
        if rule != "a":
            words.append(f"ON {verb} {RULES[rule]}")
    if key.set_columns and (on_delete or key.on_delete) in "nd":
        words.append(f"({columns_of(catalog, table, key.set_columns)})")
    if key.deferrable:
        words.append("DEFERRABLE INITIALLY DEFERRED" if key.deferred else "DEFERRABLE")
    if not key.enforced:
        words.append("NOT ENFORCED")
    return " ".join(words)


def tree(catalog: Catalog, relation: Relation) -> tuple[Relation, ...]:
    """The relation and everything below it: partitions and inheriting tables."""
    found = [relation]
    for one in found:
        found += catalog.children.get(one.oid, ())
    return tuple(found)


def _locks(catalog: Catalog, table: Relation, mode: str, parent: Relation, parent_mode: str) -> tuple[Lock, ...]:
    """Locks on both sides; VALIDATE locks no partition of the referenced table."""
    held = {name_of(one): mode for one in (tree(catalog, table) if table.kind == "p" else (table,))}
    far = tree(catalog, parent) if parent.kind == "p" and parent_mode != ROW_SHARE else (parent,)
    if parent_mode == ACCESS_EXCLUSIVE and catalog.server.major < 15:
        # Partitioned tables in between have no triggers of the key to be dropped.
        far = tuple(one for one in far if one.kind != "p" or one.oid == parent.oid)
    for one in far:
        held.setdefault(name_of(one), parent_mode)
    return tuple(Lock(name, lock) for name, lock in sorted(held.items()))


def drop(catalog: Catalog, table: Relation, parent: Relation, name: str) -> Step:
    """Drop a foreign key."""
    sql = f"ALTER TABLE {name_of(table)} DROP CONSTRAINT {quote_ident(name)}"
    return Step((sql,), locks=_locks(catalog, table, ACCESS_EXCLUSIVE, parent, ACCESS_EXCLUSIVE))


def add(catalog: Catalog, table: Relation, parent: Relation, name: str, text: str, comment: str | None = None) -> Step:
    """Add a foreign key that is not yet validated; an unenforced one never is."""
    late = "" if text.endswith("NOT ENFORCED") else " NOT VALID"
    sql = [f"ALTER TABLE {name_of(table)} ADD CONSTRAINT {quote_ident(name)} {text}{late}"]
    if comment is not None:
        sql.append(f"COMMENT ON CONSTRAINT {quote_ident(name)} ON {name_of(table)} IS {quote_literal(comment)}")
    return Step(tuple(sql), locks=_locks(catalog, table, SHARE_ROW_EXCLUSIVE, parent, SHARE_ROW_EXCLUSIVE))


def validate(catalog: Catalog, table: Relation, parent: Relation, name: str) -> Step:
    """Validate a foreign key."""
    sql = f"ALTER TABLE {name_of(table)} VALIDATE CONSTRAINT {quote_ident(name)}"
    return Step((sql,), locks=_locks(catalog, table, SHARE_UPDATE_EXCLUSIVE, parent, ROW_SHARE))


def both(one: Step, other: Step) -> Step:
    """Two steps in one transaction; the first one's locks are the stronger."""
    held = {lock.object: lock for lock in (*other.locks, *one.locks)}
    return Step((*one.sql, *other.sql), locks=tuple(held[name] for name in sorted(held)))


def restore(catalog: Catalog, table: Relation, key: Constraint) -> tuple[Step, ...]:
    """The steps that bring a dropped foreign key back as it was."""
    parent = catalog.relations[key.references]
    comment = catalog.comments.get(("pg_constraint", key.oid, 0))
    made = add(catalog, table, parent, key.name, definition(catalog, key), comment)
    return (made, validate(catalog, table, parent, key.name)) if key.validated else (made,)


def swapped(catalog: Catalog, table: Relation, key: Constraint, text: str) -> tuple[Step, ...]:
    """Build a key of that SQL beside the old one, then, in one short transaction, let it take its place and name."""
    parent = catalog.relations[key.references]
    taken = {constraint.name for constraint in catalog.constraints.get(table.oid, ())}
    name, number = generated_name("", key.name, "_new"), 1
    while name in taken:
        number += 1
        name = generated_name("", key.name, f"_new{number}")
    renamed = [f"ALTER TABLE {name_of(table)} RENAME CONSTRAINT {quote_ident(name)} TO {quote_ident(key.name)}"]
    comment = catalog.comments.get(("pg_constraint", key.oid, 0))
    if comment is not None:
        target = f"{quote_ident(key.name)} ON {name_of(table)}"
        renamed.append(f"COMMENT ON CONSTRAINT {target} IS {quote_literal(comment)}")
    made = [add(catalog, table, parent, name, text)]
    if key.validated:
        made.append(validate(catalog, table, parent, name))
    return (*made, both(drop(catalog, table, parent, key.name), Step(tuple(renamed))))


def may_wait(catalog: Catalog, table: Relation) -> bool:
    """Whether the server can add a foreign key to this table without checking all rows under the lock at once."""
    return table.kind == "r" or catalog.server.major >= 18
