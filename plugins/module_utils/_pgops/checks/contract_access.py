# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Checks of roles and privileges against a contract."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from ..model.acl import PUBLIC, AclEntry, effective_acl
from ..model.catalog.relations import Column, Relation
from ..model.catalog.snapshot import TABLE_KINDS, Catalog
from ..model.contract.declared import Contract, Grant, Named
from ..model.finding import Fix, Found, NotChecked
from ..model.identifiers import quote_ident
from .check import Group
from .parts.access import TYPES, columns_granted, few, listed, on_relation, revoke, role_name, swap
from .parts.fixes import name_of
from .seen import Seen

GROUP = Group("contract-access", "Roles and privileges against the contract.")

_EVERYBODY = "public"
_MAINTAIN_SINCE = 17
#: Privileges that columns may give one by one.
_BY_COLUMN = frozenset({"SELECT", "INSERT", "UPDATE", "REFERENCES"})


@dataclass(frozen=True)
class _Target:
    """An object of a grant as access lists know it."""

    names: tuple[str, ...]
    kind: str
    type: str
    on: str
    owner: str
    acl: str | None
    comment: tuple[str, int, int]
    relation: int = 0


def _of_relation(relation: Relation) -> _Target:
    return _Target(
        (relation.schema, relation.name),
        "sequence" if relation.kind == "S" else "table",
        TYPES[relation.kind],
        on_relation(relation) + name_of(relation),
        relation.owner,
        relation.acl,
        ("pg_class", relation.oid, 0),
        relation.oid,
    )


def _named(seen: Seen, contract: Contract, said: Named | None, kinds: Iterable[str]) -> Iterator[_Target]:
    """The relations that a grant speaks of; partitions are reached through their root."""
    if said is None:
        return
    wanted = frozenset(kinds)
    if isinstance(said, str):
        for relation in seen.catalog.own:
            if relation.schema == contract.schema and relation.kind in wanted and not relation.is_partition:
                yield _of_relation(relation)
        return
    for name in said:
        found = seen.catalog.by_name.get(contract.qualified(name))
        if found is not None and found.kind in wanted:
            yield _of_relation(found)


def _schemas(seen: Seen, contract: Contract, said: Named | None) -> Iterator[_Target]:
    if said is None:
        return
    names = {contract.schema, *(contract.qualified(name).schema for name in (*contract.tables, *contract.views))}
    chosen = sorted(names) if isinstance(said, str) else said
    for name in chosen:
        schema = seen.catalog.schemas.get(name)
        if schema is not None:
            yield _Target(
                (name,),
                "schema",
                "schema",
                f"SCHEMA {quote_ident(name)}",
                schema.owner,
                schema.acl,
                ("pg_namespace", schema.oid, 0),
            )


def _targets(seen: Seen, contract: Contract, grant: Grant) -> Iterator[_Target]:
    yield from _named(seen, contract, grant.tables, TABLE_KINDS)
    yield from _named(seen, contract, grant.views, "vm")
    yield from _named(seen, contract, grant.sequences, "S")
    yield from _schemas(seen, contract, grant.schemas)


def _role(grant: Grant) -> str:
    return PUBLIC if grant.role == _EVERYBODY else grant.role


def _wanted(seen: Seen) -> dict[tuple[_Target, str], set[str]]:
    """Object and role to the privileges that the contract wants."""
    contract = seen.contract
    found: dict[tuple[_Target, str], set[str]] = {}
    for grant in contract.grants if contract is not None else ():
        words = {word.upper() for word in grant.privileges}
        if seen.catalog.server.major < _MAINTAIN_SINCE:
            words.discard("MAINTAIN")
        for target in _targets(seen, contract, grant) if contract is not None else ():
            found.setdefault((target, _role(grant)), set()).update(words)
    return found


@GROUP.check(
    "contract-role-missing",
    severity="error",
    title="A role that the contract grants to and the cluster lacks",
    why="The program that connects as this role cannot, and its privileges cannot be granted.",
    how="The contract's grants name a role that does not exist.",
    avoids="`public` means everybody and is always there. Names are compared as they are stored.",
    fix="A person must say whether it may log in, how it proves who it is, and what it is a member of: CREATE ROLE.",
    needs=("contract",),
)
def contract_role_missing(seen: Seen) -> Iterator[Found]:
    """Roles of the contract's grants that do not exist."""
    grants = seen.contract.grants if seen.contract is not None else ()
    for role in dict.fromkeys(_role(grant) for grant in grants):
        if role != PUBLIC and role not in seen.catalog.roles:
            yield Found(
                object=(role,),
                object_type="role",
                message=f"The contract grants privileges to the role {role}, which does not exist.",
            )


@GROUP.check(
    "contract-grant-missing",
    severity="error",
    title="Privileges that the contract wants and a role lacks",
    why="The program that connects as this role is refused: permission denied.",
    how="For each object the privileges that the contract names are looked for: granted to the role, to a role whose "
    "privileges it inherits, to PUBLIC, on all columns one by one, or held as owner or superuser.",
    avoids="Partitions are reached through their root, and what belongs to extensions is left out of `all`. A role "
    "that would first have to SET ROLE does not hold a privilege. MAINTAIN counts from PostgreSQL 17 on. A role, table "
    "or view that is missing is told by itself.",
    fix="GRANT what is missing.",
    needs=("contract",),
)
def contract_grant_missing(seen: Seen) -> Iterator[Found | NotChecked]:
    """Wanted privileges that a role does not hold, together for each object."""
    catalog = seen.catalog
    for (target, role), words in _wanted(seen).items():
        if role != PUBLIC and role not in catalog.roles:
            continue
        missing = {word for word in words if not _holds(catalog, target, role, word)}
        if missing:
            who, what = role_name(role), listed(missing)
            fix = swap(f"GRANT {what} ON {target.on} TO {who}", f"REVOKE {what} ON {target.on} FROM {who}")
            if any(role == entry.grantee for _column, entry in _by_column(catalog, target)):
                fix = Fix(fix.steps, None, "REVOKE would take what the role holds on single columns along")
            yield Found(
                object=target.names,
                object_type=target.type,
                message=f"{role or 'PUBLIC'} lacks {what} on the {target.type} {target.names[-1]}; the contract "
                "wants it.",
                evidence={"role": role or "PUBLIC", "missing": sorted(missing), "declared": sorted(words)},
                fix=replace(fix, automatic=True),
                detail=role,
                comment=(target.comment,),
            )
    yield from _unknown(seen)


def _holds(catalog: Catalog, target: _Target, role: str, word: str) -> bool:
    if catalog.rights.may(role, word, target.acl, target.kind, target.owner):
        return True
    given: dict[int, list[AclEntry]] = {}
    for column, entry in _by_column(catalog, target) if word in _BY_COLUMN else ():
        given.setdefault(column.number, []).append(entry)
    columns = catalog.columns.get(target.relation, ())
    return bool(given) and all(word in catalog.rights.held(role, given.get(one.number, ())) for one in columns)


def _by_column(catalog: Catalog, target: _Target) -> Iterator[tuple[Column, AclEntry]]:
    relation = catalog.relations.get(target.relation)
    return iter(()) if relation is None else columns_granted(catalog, relation)


def _unknown(seen: Seen) -> Iterator[NotChecked]:
    """Sequences and schemas of grants that are not there: no other check looks for them."""
    contract = seen.contract
    missing: dict[str, None] = {}
    for grant in contract.grants if contract is not None else ():
        for name in grant.sequences if isinstance(grant.sequences, tuple) else ():
            relation = None if contract is None else seen.catalog.by_name.get(contract.qualified(name))
            if relation is None or relation.kind != "S":
                missing[f"sequence {name}"] = None
        for name in grant.schemas if isinstance(grant.schemas, tuple) else ():
            if name not in seen.catalog.schemas:
                missing[f"schema {name}"] = None
    if missing:
        yield NotChecked("contract-grant-missing", f"the contract grants on what is not there: {few(missing)}")


@GROUP.check(
    "contract-grant-unexpected",
    severity="info",
    level="opt_in",
    title="Privileges that the contract does not name",
    why="Whoever holds more than is needed can do more harm than is needed.",
    how="On the objects that the contract's grants speak of, every privilege granted to others than the owner is "
    "looked for among the contract's.",
    avoids="What the contract grants to everybody covers each role. Whoever holds a privilege as a member of another "
    "role is not told apart. Privileges of single columns are not looked at. What everybody holds on the schema public "
    "is PostgreSQL's own default, and CREATE there is told by public-schema-create.",
    fix="REVOKE it, or declare it in the contract. What another than the owner granted, only they can revoke.",
    needs=("contract",),
)
def contract_grant_unexpected(seen: Seen) -> Iterator[Found]:
    """Granted privileges beyond the contract's, together for each object and role."""
    catalog = seen.catalog
    wanted = _wanted(seen)
    for target in dict.fromkeys(target for target, _role in wanted):
        everybody = wanted.get((target, PUBLIC), set())
        for entry in effective_acl(target.acl, target.kind, target.owner, catalog.server.major):
            extra = entry.privileges - wanted.get((target, entry.grantee), set()) - everybody
            everybodys = target.names == ("public",) and entry.grantee == PUBLIC
            if entry.grantee == target.owner or everybodys or not extra:
                continue
            yield Found(
                object=target.names,
                object_type=target.type,
                message=f"{entry.grantee or 'PUBLIC'} holds {listed(extra)} on the {target.type} {target.names[-1]}, "
                "which the contract does not name.",
                evidence={"role": entry.grantee or "PUBLIC", "extra": sorted(extra), "grantor": entry.grantor},
                fix=revoke(extra, target.on, entry, target.owner),
                detail=f"{entry.grantee} {entry.grantor}",
                comment=(target.comment,),
            )
