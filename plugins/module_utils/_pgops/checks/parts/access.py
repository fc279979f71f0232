# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What checks of roles and privileges share: who was granted what, which roles programs use, and GRANT with its way
back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from ...model.acl import PUBLIC, AclEntry, effective_acl
from ...model.catalog.relations import Column, Relation
from ...model.catalog.snapshot import Catalog
from ...model.finding import Fix
from ...model.identifiers import quote_ident
from ..seen import Seen
from .fixes import statement

#: The order in which privileges are named.
ORDER = (
    "SELECT",
    "INSERT",
    "UPDATE",
    "DELETE",
    "TRUNCATE",
    "REFERENCES",
    "TRIGGER",
    "MAINTAIN",
    "USAGE",
    "CREATE",
    "CONNECT",
    "TEMPORARY",
    "EXECUTE",
)
#: Words for kinds of relations.
TYPES = {
    "r": "table",
    "p": "table",
    "v": "view",
    "m": "materialized view",
    "f": "foreign table",
    "S": "sequence",
}
#: What changes rows, or makes code run when they change.
CHANGING = frozenset({"INSERT", "UPDATE", "DELETE", "TRUNCATE", "TRIGGER"})


def acl_kind(relation: Relation) -> str:
    """The kind of its access list."""
    return "sequence" if relation.kind == "S" else "table"


def on_relation(relation: Relation) -> str:
    """The words after ON in a GRANT, without the name."""
    return "SEQUENCE " if relation.kind == "S" else ""


def entries(catalog: Catalog, relation: Relation) -> tuple[AclEntry, ...]:
    """The access list that holds for a relation as a whole."""
    return effective_acl(relation.acl, acl_kind(relation), relation.owner, catalog.server.major)


def granted(catalog: Catalog, relation: Relation) -> Iterator[AclEntry]:
    """What others than its owner were granted on a relation as a whole."""
    if relation.acl is not None:
        for entry in entries(catalog, relation):
            if entry.grantee != relation.owner:
                yield entry


def columns_granted(catalog: Catalog, relation: Relation) -> Iterator[tuple[Column, AclEntry]]:
    """What others than its owner were granted on single columns."""
    for column in catalog.granted_columns.get(relation.oid, ()):
        for entry in effective_acl(column.acl, "column", relation.owner):
            if entry.grantee != relation.owner:
                yield column, entry


def role_name(name: str) -> str:
    """The role as SQL spells it."""
    return "PUBLIC" if name == PUBLIC else quote_ident(name)


def listed(privileges: Iterable[str]) -> str:
    """Privileges in their usual order."""
    held = set(privileges)
    return ", ".join([*(word for word in ORDER if word in held), *sorted(held - set(ORDER))])


def few(names: Iterable[str], most: int = 5) -> str:
    """The first names of many, and how many there are more."""
    every = list(names)
    more = f" and {len(every) - most} more" if len(every) > most else ""
    return ", ".join(every[:most]) + more


def swap(sql: str, undo: str) -> Fix:
    """One statement that locks no relation, such as a GRANT, and the one that takes it back."""
    return Fix((statement(sql),), (statement(undo),))


def revoke(privileges: Iterable[str], on: str, entry: AclEntry, owner: str) -> Fix | None:
    """REVOKE what one entry gives; None where another than the owner granted it, or where it was granted on.

    Only who granted a privilege takes it away, and those who got it from the grantee would lose it too.
    """
    words = set(privileges)
    if entry.grantor != owner or words & entry.grantable:
        return None
    what, who = listed(words), role_name(entry.grantee)
    return swap(f"REVOKE {what} ON {on} FROM {who}", f"GRANT {what} ON {on} TO {who}")


def lacking(catalog: Catalog, grantee: str, able: Callable[[str], bool]) -> tuple[str, ...]:
    """Which roles that were granted something, by their own name or as members of a group, are not able to use it.

    A group whose members are all able by other means lacks nothing; one without members is judged by itself.
    """
    if able(grantee):
        return ()
    role = catalog.roles.get(grantee)
    if grantee == PUBLIC or role is None or role.login:
        return (grantee,)
    members = catalog.rights.logins_by_role.get(grantee, ())
    return tuple(member for member in members if not able(member)) if members else (grantee,)


def marks_of_programs(seen: Seen) -> dict[str, tuple[str, ...]]:
    """Roles that look like those of programs of this database, with why: what they own, hold, or are promised."""
    catalog = seen.catalog
    owned: dict[str, int] = {}
    held: dict[str, int] = {}
    for relation in catalog.own:
        owned[relation.owner] = owned.get(relation.owner, 0) + 1
        for entry in granted(catalog, relation):
            held[entry.grantee] = held.get(entry.grantee, 0) + 1
    marks: dict[str, list[str]] = {name: [f"owns {number} relations"] for name, number in owned.items()}
    for name, number in held.items():
        marks.setdefault(name, []).append(f"was granted privileges on {number} relations")
    marks.setdefault(catalog.server.owner, []).append("owns the database")
    for settings in catalog.role_settings:
        if settings.role and settings.database == catalog.server.database:
            marks.setdefault(settings.role, []).append("has settings for this database")
    for role in {grant.role for grant in seen.contract.grants} if seen.contract is not None else ():
        marks.setdefault(role, []).append("is named by the contract")
    marks.pop(PUBLIC, None)
    return {name: tuple(said) for name, said in marks.items()}
