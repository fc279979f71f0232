# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Checks of privileges: what was given to everybody."""

from __future__ import annotations

from collections.abc import Iterator

from ..model.acl import PUBLIC, AclEntry, effective_acl, parse_acl
from ..model.catalog.relations import Relation
from ..model.catalog.server import DefaultPrivileges
from ..model.catalog.snapshot import Catalog
from ..model.finding import Fix, Found
from ..model.identifiers import quote_ident
from .check import Group
from .parts.access import CHANGING, TYPES, columns_granted, granted, listed, on_relation, revoke, swap
from .parts.fixes import name_of
from .parts.key_sql import tree
from .seen import Seen

GROUP = Group("privileges", "Privileges: what everybody may do.")

_WHO_GRANTED = "It was granted by another role than the owner, or granted on: who depends on it is for a person to see."


@GROUP.check(
    "public-schema-create",
    severity="error",
    title="A schema in which everybody may create objects",
    why="Who may create objects in a schema that others have in their search_path can put a function or operator "
    "there that runs with their rights (CVE-2018-1058).",
    how="The schema's access list gives CREATE to PUBLIC. PostgreSQL 14 and older give it in the schema public of each "
    "new database; 15 and newer do not, but upgrades and restores keep the old list.",
    avoids="The access list is read, not has_schema_privilege, which says yes to superusers. A schema without an "
    "access list gives PUBLIC nothing. Schemas of extensions are left out.",
    fix="REVOKE CREATE ON SCHEMA .. FROM PUBLIC, after granting it to the roles that create objects there.",
)
def public_schema_create(seen: Seen) -> Iterator[Found]:
    """Schemas that give CREATE to PUBLIC."""
    for schema in seen.catalog.schemas.values():
        for entry in effective_acl(schema.acl, "schema", schema.owner):
            if schema.of_extension or entry.grantee != PUBLIC or "CREATE" not in entry.privileges:
                continue
            yield Found(
                object=(schema.name,),
                object_type="schema",
                message=f"Every role may create objects in the schema {schema.name}.",
                evidence={"acl": schema.acl, "server_version": seen.catalog.server.version_text},
                fix=revoke(("CREATE",), f"SCHEMA {quote_ident(schema.name)}", entry, schema.owner),
                no_fix=_WHO_GRANTED,
                comment=(("pg_namespace", schema.oid, 0),),
            )


@GROUP.check(
    "public-write",
    severity="warning",
    title="Rows that everybody may change",
    why="Any role that can connect may change these rows, or hang a trigger on them that runs as whoever changes them: "
    "roles of other programs of the cluster, and each that will ever be made.",
    how="The access list of the table, view or column gives INSERT, UPDATE, DELETE, TRUNCATE or TRIGGER to PUBLIC; "
    "that of a sequence UPDATE, that of the database CREATE.",
    avoids="Where row security is on, policies decide about INSERT, UPDATE and DELETE, and these are not counted. "
    "A partition is named only for what its root does not give as well. Objects of extensions are left out.",
    fix="REVOKE from PUBLIC, after granting the same to the roles that need it.",
)
def public_write(seen: Seen) -> Iterator[Found]:
    """Relations and the database, where PUBLIC may write."""
    catalog = seen.catalog
    for relation in catalog.own:
        counted = _changing(relation)
        if relation.is_partition:
            counted = counted - _of_public(catalog, catalog.root(relation))
        yield from _public_on(catalog, relation, counted)
    database = catalog.databases.get(catalog.server.database)
    for entry in () if database is None else effective_acl(database.acl, "database", database.owner):
        if database is not None and entry.grantee == PUBLIC and "CREATE" in entry.privileges:
            yield Found(
                object=(database.name,),
                object_type="database",
                message=f"Every role may create schemas in the database {database.name}.",
                evidence={"acl": database.acl},
                fix=revoke(("CREATE",), f"DATABASE {quote_ident(database.name)}", entry, database.owner),
                no_fix=_WHO_GRANTED,
            )


@GROUP.check(
    "public-grants",
    severity="info",
    level="extended",
    title="A privilege given to everybody",
    why="What PUBLIC holds, each role holds that will ever be made, those of other programs in the cluster too.",
    how="An access list gives PUBLIC something that changes no rows: SELECT on a relation or column, REFERENCES or "
    "MAINTAIN, USAGE of a sequence, of a schema other than public, or of a foreign server; anything on large objects.",
    avoids="What PostgreSQL gives everybody by itself is not told: EXECUTE of functions, USAGE of types, CONNECT and "
    "TEMPORARY of the database. Objects of extensions are left out.",
    fix="REVOKE from PUBLIC, after granting the same to the roles that need it.",
)
def public_grants(seen: Seen) -> Iterator[Found]:
    """Whatever else PUBLIC was given explicitly."""
    catalog = seen.catalog
    for relation in catalog.own:
        rest = _of_public(catalog, relation) - _changing(relation)
        yield from _public_on(catalog, relation, rest)
    things = [("schema", one.name, one.owner, one.acl) for one in catalog.schemas.values() if not one.of_extension]
    things += [("foreign server", one.name, one.owner, one.acl) for one in catalog.foreign_servers]
    for kind, name, owner, acl in things:
        for entry in effective_acl(acl, kind, owner):
            if entry.grantee == PUBLIC and "USAGE" in entry.privileges and (kind, name) != ("schema", "public"):
                yield Found(
                    object=(name,),
                    object_type=kind,
                    message=f"Every role may use the {kind} {name}.",
                    evidence={"acl": acl},
                    fix=revoke(("USAGE",), f"{kind.upper()} {quote_ident(name)}", entry, owner),
                    no_fix=_WHO_GRANTED,
                )
    open_objects = sum(
        group.number for group in catalog.large_objects if any(one.grantee == PUBLIC for one in parse_acl(group.acl))
    )
    if open_objects:
        yield Found(
            object=(catalog.server.database,),
            object_type="large objects",
            message=f"Every role may read or change {open_objects} large objects.",
            evidence={"large_objects": open_objects},
            no_fix="REVOKE is done object by object: who reads them is for a person to see.",
        )


@GROUP.check(
    "public-connect",
    severity="info",
    level="opt_in",
    title="A database to which everybody may connect",
    why="Each role of the cluster may connect, see the whole catalog, and make temporary tables.",
    how="The database has no access list, which gives PUBLIC CONNECT and TEMPORARY, or one that gives it CONNECT.",
    avoids="Nothing: it is PostgreSQL's default, so the check runs only when it is asked for.",
    fix="GRANT CONNECT to the roles that need it, then REVOKE CONNECT ON DATABASE .. FROM PUBLIC.",
)
def public_connect(seen: Seen) -> Iterator[Found]:
    """The database, when PUBLIC may connect."""
    database = seen.catalog.databases.get(seen.catalog.server.database)
    if database is None:
        return
    for entry in effective_acl(database.acl, "database", database.owner):
        if entry.grantee == PUBLIC and "CONNECT" in entry.privileges:
            yield Found(
                object=(database.name,),
                object_type="database",
                message=f"Every role of the cluster may connect to the database {database.name}.",
                evidence={"acl": database.acl},
                no_fix="First grant CONNECT to the roles that use the database: which these are, a person must say.",
            )


@GROUP.check(
    "default-privileges-public",
    severity="warning",
    title="Objects to come that everybody may use",
    why="Each table made from now on is open to every role, without anybody granting it.",
    how="ALTER DEFAULT PRIVILEGES gives PUBLIC something on tables, sequences, schemas or large objects.",
    avoids="EXECUTE on functions and USAGE on types are PostgreSQL's own defaults and are not told.",
    fix="ALTER DEFAULT PRIVILEGES .. REVOKE .. FROM PUBLIC; objects that are there keep what they have.",
)
def default_privileges_public(seen: Seen) -> Iterator[Found]:
    """Default privileges that name PUBLIC."""
    words = {"r": "TABLES", "S": "SEQUENCES", "n": "SCHEMAS", "L": "LARGE OBJECTS"}
    for default in seen.catalog.default_privileges:
        for entry in parse_acl(default.acl):
            if entry.grantee == PUBLIC and default.kind in words and entry.privileges:
                what = words[default.kind]
                yield Found(
                    object=(default.role, default.schema) if default.schema else (default.role,),
                    object_type="default privileges",
                    message=f"{what.capitalize()} that {default.role} makes"
                    f"{' in ' + default.schema if default.schema else ''} are open to every role: "
                    f"{listed(entry.privileges)}.",
                    evidence={"acl": default.acl, "privileges": sorted(entry.privileges)},
                    fix=_default_fix(default, entry, what),
                    no_fix=_WHO_GRANTED,
                    detail=default.kind,
                )


def _changing(relation: Relation) -> frozenset[str]:
    """The privileges that change rows, as far as no policy stands before them."""
    if relation.kind == "S":
        return frozenset({"UPDATE"})
    return frozenset({"TRUNCATE", "TRIGGER"}) if relation.row_security else CHANGING


def _of_public(catalog: Catalog, relation: Relation) -> frozenset[str]:
    """All that PUBLIC holds on the relation or a column of it."""
    held: set[str] = set()
    for entry in (*granted(catalog, relation), *(one for _column, one in columns_granted(catalog, relation))):
        if entry.grantee == PUBLIC:
            held |= entry.privileges
    return frozenset(held)


def _public_on(catalog: Catalog, relation: Relation, counted: frozenset[str]) -> Iterator[Found]:
    """One finding for what PUBLIC holds of the counted privileges on a relation as a whole, one for each column."""
    for entry in granted(catalog, relation):
        held = entry.privileges & counted
        if entry.grantee == PUBLIC and held:
            yield Found(
                object=(relation.schema, relation.name),
                object_type=TYPES[relation.kind],
                message=f"Every role holds {listed(held)} on {relation.schema}.{relation.name}.",
                evidence={"privileges": sorted(held), "acl": relation.acl},
                fix=_revoke_all(catalog, relation, entry, held),
                no_fix=_WHO_GRANTED,
                comment=(("pg_class", relation.oid, 0),),
            )
    for column, entry in columns_granted(catalog, relation):
        held = entry.privileges & counted
        if entry.grantee == PUBLIC and held:
            words = ", ".join(f"{word} ({quote_ident(column.name)})" for word in listed(held).split(", "))
            where = f"ON {name_of(relation)}"
            clean = entry.grantor == relation.owner and not held & entry.grantable
            yield Found(
                object=(relation.schema, relation.name, column.name),
                object_type="column",
                message=f"Every role holds {listed(held)} on the column {column.name} of "
                f"{relation.schema}.{relation.name}.",
                evidence={"privileges": sorted(held), "acl": column.acl},
                fix=swap(f"REVOKE {words} {where} FROM PUBLIC", f"GRANT {words} {where} TO PUBLIC") if clean else None,
                no_fix=_WHO_GRANTED,
                comment=(("pg_class", relation.oid, column.number), ("pg_class", relation.oid, 0)),
            )


def _revoke_all(catalog: Catalog, relation: Relation, entry: AclEntry, held: frozenset[str]) -> Fix | None:
    """REVOKE on a table takes the same privileges on its columns too; with these, only a person can bring it back."""
    if any(one.grantee == PUBLIC and one.privileges & held for _column, one in columns_granted(catalog, relation)):
        return None
    fix = revoke(held, f"{on_relation(relation)}{name_of(relation)}", entry, relation.owner)
    for below in tree(catalog, relation)[1:] if relation.kind == "p" and not relation.is_partition else ():
        # Partitions are told at their root: what everybody holds of the same on them goes with it.
        for also in granted(catalog, below):
            same = also.privileges & held
            if also.grantee == PUBLIC and same:
                more = _revoke_all(catalog, below, also, same)
                if fix is None or more is None:
                    return None
                fix = Fix((*fix.steps, *more.steps), (*(fix.undo or ()), *(more.undo or ())))
    return fix


def _default_fix(default: DefaultPrivileges, entry: AclEntry, what: str) -> Fix | None:
    if entry.grantable:
        return None
    head = f"ALTER DEFAULT PRIVILEGES FOR ROLE {quote_ident(default.role)}"
    head += f" IN SCHEMA {quote_ident(default.schema)}" if default.schema else ""
    held = listed(entry.privileges)
    return swap(f"{head} REVOKE {held} ON {what} FROM PUBLIC", f"{head} GRANT {held} ON {what} TO PUBLIC")
