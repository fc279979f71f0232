# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Checks of default privileges: whether what is made next will be open to those who use what is there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from ..model.acl import PUBLIC, parse_acl
from ..model.catalog.relations import Relation
from ..model.catalog.snapshot import Catalog
from ..model.contract.declared import ALL
from ..model.finding import Found, Limit
from ..model.identifiers import quote_ident
from .check import Group
from .parts.access import granted, listed, role_name, swap
from .seen import Seen

GROUP = Group(
    "default-privileges",
    "Default privileges: whether what is made next will be open to those who use what is there.",
)

#: Kinds of default privileges: word in SQL, kinds of relations, and what is worth to be given in advance.
_KINDS = {
    "r": ("TABLES", "rpvmf", frozenset({"SELECT", "INSERT", "UPDATE", "DELETE"})),
    "S": ("SEQUENCES", "S", frozenset({"USAGE", "SELECT", "UPDATE"})),
}


class Place(NamedTuple):
    """Who makes which kind of thing in which schema."""

    owner: str
    schema: str
    kind: str


@GROUP.check(
    "default-privileges-missing",
    severity="warning",
    level="extended",
    title="A role that may use what is there, and will not be able to use what is made next",
    why="Each new table, as a migration makes it, is closed to the program until somebody remembers the GRANT: its "
    "first query fails with `permission denied`.",
    how="A role was granted the same on most of the tables (or sequences) that an owner has in a schema, or the "
    "contract grants it privileges on all of them, and the owner's default privileges give it nothing of that.",
    avoids="Fewer relations than the limit say nothing. Superusers, PUBLIC, the owner itself and privileges that it "
    "holds by membership or default privileges for all schemas count as given.",
    fix="ALTER DEFAULT PRIVILEGES for the role that makes the tables.",
    limits=(
        Limit("relations", 3, "relations", "An owner with fewer tables or sequences in a schema is not judged."),
        Limit("share", 60, "percent", "On so many of them the role must hold the same; less is taken for a choice."),
    ),
)
def default_privileges_missing(seen: Seen, relations: float, share: float) -> Iterator[Found]:
    """Roles that new relations will be closed to."""
    catalog = seen.catalog
    for place, there in sorted(_places(catalog).items()):
        counts = _grants(catalog, there)
        declared = _declared(seen, place)
        for role in sorted({role for role, _privilege in counts} | set(declared)):
            usual = {
                privilege
                for privilege in _KINDS[place.kind][2]
                if counts.get((role, privilege), 0) * 100 >= share * len(there) and len(there) >= relations
            }
            missing = (usual | declared.get(role, frozenset())) - _given(catalog, place, role)
            known = role in catalog.roles and not catalog.rights.is_superuser(role)
            if missing and known and place.owner not in catalog.rights.acting(role):
                yield _found(place, role, missing, len(there), bool(missing & declared.get(role, frozenset())))


def _found(place: Place, role: str, missing: set[str], number: int, by_contract: bool) -> Found:
    what = _KINDS[place.kind][0]
    head = f"ALTER DEFAULT PRIVILEGES FOR ROLE {quote_ident(place.owner)} IN SCHEMA {quote_ident(place.schema)}"
    words = listed(missing)
    why = "the contract grants it on all" if by_contract else f"it holds it on most of the {number} that are there"
    return Found(
        object=(place.schema, role),
        object_type="default privileges",
        message=f"{what.capitalize()} that {place.owner} makes next in {place.schema} will be closed to {role} "
        f"({words}), though {why}.",
        evidence={"owner": place.owner, "kind": what.lower(), "privileges": sorted(missing), "relations": number},
        confidence="certain" if by_contract else "likely",
        fix=swap(
            f"{head} GRANT {words} ON {what} TO {role_name(role)}",
            f"{head} REVOKE {words} ON {what} FROM {role_name(role)}",
        ),
        detail=f"{place.owner} {place.kind}",
        comment=(),
    )


def _places(catalog: Catalog) -> dict[Place, list[Relation]]:
    """The relations by who made them where; partitions are left out, their privileges are rarely used."""
    found: dict[Place, list[Relation]] = {}
    for relation in catalog.own:
        for kind, (_word, kinds, _privileges) in _KINDS.items():
            if relation.kind in kinds and not relation.is_partition:
                found.setdefault(Place(relation.owner, relation.schema, kind), []).append(relation)
    return found


def _grants(catalog: Catalog, relations: list[Relation]) -> dict[tuple[str, str], int]:
    """Role and privilege to the number of relations on which it was granted."""
    counts: dict[tuple[str, str], int] = {}
    for relation in relations:
        held = {(entry.grantee, privilege) for entry in granted(catalog, relation) for privilege in entry.privileges}
        for pair in held:
            if pair[0] != PUBLIC:
                counts[pair] = counts.get(pair, 0) + 1
    return counts


def _declared(seen: Seen, place: Place) -> dict[str, frozenset[str]]:
    """Role to what the contract grants it on all of this kind; the contract speaks of one schema."""
    if seen.contract is None or seen.contract.schema != place.schema:
        return {}
    found: dict[str, frozenset[str]] = {}
    for grant in seen.contract.grants:
        if (grant.tables if place.kind == "r" else grant.sequences) == ALL:
            words = frozenset(word.upper() for word in grant.privileges) & _KINDS[place.kind][2]
            found[grant.role] = found.get(grant.role, frozenset()) | words
    return found


def _given(catalog: Catalog, place: Place, role: str) -> frozenset[str]:
    """What the owner's default privileges give the role, itself or as a member, in this schema."""
    held: frozenset[str] = frozenset()
    for one in catalog.default_privileges:
        if one.role == place.owner and one.kind == place.kind and one.schema in ("", place.schema):
            held |= catalog.rights.held(role, parse_acl(one.acl))
    return held
