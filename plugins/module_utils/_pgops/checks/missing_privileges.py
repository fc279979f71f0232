# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Checks of privileges that are of no use, because another one is missing."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from ..model.acl import PUBLIC, parse_acl
from ..model.catalog.relations import Relation
from ..model.catalog.server import Schema
from ..model.catalog.snapshot import Catalog
from ..model.finding import Found
from ..model.identifiers import quote_ident, quote_qualified
from .check import Group
from .parts.access import columns_granted, few, granted, lacking, role_name, swap
from .parts.fixes import name_of
from .parts.telling import counted
from .seen import Seen

GROUP = Group("missing-privileges", "Missing privileges: what was granted and yet is refused.")

_INSERT_EVENT = 3
_INSERT_BIT = 8
_INSTEAD_OF_INSERT = 64 | 4


@GROUP.check(
    "sequence-usage-missing",
    severity="error",
    title="A role that may INSERT, but not draw the number that fills the row",
    why="An INSERT that leaves the column to its default is refused: permission denied for sequence.",
    how="A column's default is nextval of a sequence. A role was granted INSERT on the table, on other columns of it, "
    "or on a simple view of it, and neither it, nor a role whose privileges it inherits, nor PUBLIC has USAGE or "
    "UPDATE on the sequence.",
    avoids="Identity columns need no privilege. Owners and superusers need none. A sequence that a column owns, but "
    "does not draw from, does not count. A group whose members may all draw by other means is well. Views with "
    "INSTEAD OF triggers are left out: their function decides as whom it writes.",
    fix="GRANT USAGE ON SEQUENCE .. TO the role, or make the column an identity column.",
)
def sequence_usage_missing(seen: Seen) -> Iterator[Found]:
    """Grantees of INSERT who lack USAGE on a sequence of a default."""
    catalog = seen.catalog
    drawn = _drawn(catalog)
    over = _simple_views(catalog)
    # Sequences by the thousand have a few access lists among them.
    known: dict[tuple[str, str | None, str], tuple[str, ...]] = {}
    for table in catalog.tables:
        for number, sequence in drawn.get(table.oid, ()):
            for target in (table, *over.get(table.oid, ())):
                for grantee in _inserting(catalog, target, number if target is table else 0):
                    alike = (grantee, sequence.acl, sequence.owner)
                    if alike not in known:
                        known[alike] = lacking(catalog, grantee, partial(_may_draw, catalog, sequence))
                    if known[alike]:
                        yield _no_number(catalog, table, number, sequence, target, grantee, known[alike])


def _no_number(
    catalog: Catalog,
    table: Relation,
    number: int,
    sequence: Relation,
    target: Relation,
    grantee: str,
    without: tuple[str, ...],
) -> Found:
    (column,) = catalog.column_names(table.oid, (number,))
    who = "Every role" if grantee == PUBLIC else grantee
    refused = "may not draw" if without == (grantee,) else f"{few(without)} may not draw"
    refused = "not every role may draw" if grantee == PUBLIC else refused
    on, role = f"SEQUENCE {name_of(sequence)}", role_name(grantee)
    return Found(
        object=(sequence.schema, sequence.name),
        object_type="sequence",
        message=f"{who} may INSERT into {target.schema}.{target.name}, but {refused} from {sequence.name}, which "
        f"fills {column}.",
        evidence={
            "role": grantee or "PUBLIC",
            "table": [table.schema, table.name],
            "column": column,
            "without": [one or "PUBLIC" for one in without[:20]],
        },
        fix=swap(f"GRANT USAGE ON {on} TO {role}", f"REVOKE USAGE ON {on} FROM {role}"),
        detail=grantee,
        comment=(("pg_class", sequence.oid, 0), ("pg_class", table.oid, 0)),
    )


def _drawn(catalog: Catalog) -> dict[int, list[tuple[int, Relation]]]:
    """Table (OID) to columns, by number, with the sequence that their default draws from; none of identity columns."""
    found: dict[int, list[tuple[int, Relation]]] = {}
    for use in catalog.sequence_uses:
        sequence = catalog.relations.get(use.sequence)
        column = catalog.column(use.table, use.column)
        if use.link == "i" or sequence is None or column is None or "nextval(" not in (column.default or ""):
            continue
        # An owned sequence may be another than the one that is drawn from: the default spells its name.
        spelled = quote_qualified(sequence.schema, sequence.name, catalog.server.major).replace("'", "''")
        if use.link == "n" or f"nextval('{spelled}'::regclass)" in (column.default or ""):
            found.setdefault(use.table, []).append((use.column, sequence))
    return found


def _simple_views(catalog: Catalog) -> dict[int, list[Relation]]:
    """Table (OID) to the views that PostgreSQL itself takes INSERT for and writes to it, as the one who writes."""
    ruled = {rule.table for rule in catalog.rules if rule.event == _INSERT_EVENT and rule.instead}
    found: dict[int, list[Relation]] = {}
    for view in catalog.views:
        bases = {oid for oid, _number in catalog.view_columns.get(view.oid, ())}
        replaced = view.oid in ruled or any(
            trigger.bits & _INSTEAD_OF_INSERT == _INSTEAD_OF_INSERT for trigger in catalog.triggers.get(view.oid, ())
        )
        if len(bases) == 1 and view.updatable_plainly & _INSERT_BIT and not replaced:
            found.setdefault(bases.pop(), []).append(view)
    return found


def _inserting(catalog: Catalog, target: Relation, number: int) -> list[str]:
    """Who was granted INSERT on the relation, or on columns of it without this one."""
    whole = {entry.grantee for entry in granted(catalog, target) if "INSERT" in entry.privileges}
    given: set[str] = set()
    own: set[str] = set()
    for column, entry in columns_granted(catalog, target):
        if "INSERT" in entry.privileges:
            (own if column.number == number else given).add(entry.grantee)
    return sorted(whole | (given - own))


def _may_draw(catalog: Catalog, sequence: Relation, role: str) -> bool:
    return any(catalog.rights.may(role, word, sequence.acl, "sequence", sequence.owner) for word in ("USAGE", "UPDATE"))


@GROUP.check(
    "schema-usage-missing",
    severity="warning",
    title="Privileges that cannot be used, for lack of USAGE on the schema",
    why="Without USAGE on the schema no name in it is found: what was granted on its objects is refused all the same.",
    how="A role was granted something on a relation, column or function, yet neither it, nor a role whose privileges "
    "it inherits, nor PUBLIC has USAGE on the schema, and it does not own the schema.",
    avoids="What PUBLIC or the owner holds is not counted, nor REFERENCES alone. What the owner of a view needs for "
    "its view needs no USAGE. A group all of whose members have USAGE by other means is well; so are superusers.",
    fix="GRANT USAGE ON SCHEMA .. TO the role, or REVOKE what is of no use.",
)
def schema_usage_missing(seen: Seen) -> Iterator[Found]:
    """Roles with grants in a schema they may not enter."""
    catalog = seen.catalog
    for (schema_name, grantee), names in sorted(_grants_by_schema(catalog).items()):
        schema = catalog.schemas.get(schema_name)
        if schema is None or grantee not in catalog.roles:
            continue
        without = lacking(catalog, grantee, partial(_may_enter, catalog, schema))
        if without:
            schema_sql, role_sql = quote_ident(schema_name), role_name(grantee)
            yield Found(
                object=(schema_name,),
                object_type="schema",
                message=f"{grantee} was granted privileges on {counted(len(names), 'object')} of the schema "
                f"{schema_name} ({few(sorted(names), 3)}), but {few(without)} may not use the schema.",
                evidence={
                    "role": grantee,
                    "objects": sorted(names)[:20],
                    "number": len(names),
                    "without": [*without[:20]],
                },
                fix=swap(
                    f"GRANT USAGE ON SCHEMA {schema_sql} TO {role_sql}",
                    f"REVOKE USAGE ON SCHEMA {schema_sql} FROM {role_sql}",
                ),
                detail=grantee,
                comment=(("pg_namespace", schema.oid, 0),),
            )


def _may_enter(catalog: Catalog, schema: Schema, role: str) -> bool:
    return catalog.rights.may(role, "USAGE", schema.acl, "schema", schema.owner)


def _grants_by_schema(catalog: Catalog) -> dict[tuple[str, str], set[str]]:
    """Schema and grantee to the objects there on which something was granted that needs USAGE of the schema."""
    for_views = {
        (catalog.relations[view].owner, table)
        for view, columns in catalog.view_columns.items()
        if view in catalog.relations
        for table, _number in columns
    }
    found: dict[tuple[str, str], set[str]] = {}
    for relation in catalog.own:
        given = [*granted(catalog, relation), *(entry for _column, entry in columns_granted(catalog, relation))]
        for entry in given:
            if (
                entry.grantee != PUBLIC
                and entry.privileges - {"REFERENCES"}
                and (entry.grantee, relation.oid) not in for_views
            ):
                found.setdefault((relation.schema, entry.grantee), set()).add(relation.name)
    for function in catalog.functions.values():
        if function.acl is not None and not function.of_extension:
            for entry in parse_acl(function.acl):
                if entry.grantee not in (PUBLIC, function.owner):
                    found.setdefault((function.schema, entry.grantee), set()).add(f"{function.name}()")
    return found
