# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which role may act as which, by memberships: what has_table_privilege and its like say for a superuser is no help."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cached_property

from ..acl import PUBLIC, AclEntry, effective_acl
from .server import Membership, Role, Server

#: Its one member is the owner of the database one is connected to, and no membership says so.
DATABASE_OWNER = "pg_database_owner"
_DATABASE_OWNER_SINCE = 14
_OPTIONS_SINCE = 16
#: OID of the superuser that initdb makes.
BOOTSTRAP = 10
_ON_DATA = ("table", "sequence")
#: Predefined roles (14 and later) and what they may do to every object of a kind, whatever its access list says.
_EVERYWHERE = {
    "pg_read_all_data": {("USAGE", "schema"), *(("SELECT", kind) for kind in _ON_DATA)},
    "pg_write_all_data": {
        ("USAGE", "schema"),
        *((word, kind) for word in ("INSERT", "UPDATE", "DELETE") for kind in _ON_DATA),
    },
}


class Rights:
    """Roles and what follows from their memberships."""

    def __init__(self, roles: Mapping[str, Role], memberships: Iterable[Membership], server: Server) -> None:
        self._roles = roles
        self._server = server
        given = list(memberships)
        if server.major >= _DATABASE_OWNER_SINCE:
            given.append(Membership(DATABASE_OWNER, server.owner, False, True, True))
        self._given: dict[str, list[Membership]] = {}
        for membership in given:
            self._given.setdefault(membership.member, []).append(membership)
        self._acting: dict[str, frozenset[str]] = {}
        self._reaching: dict[str, dict[str, Membership | None]] = {}

    def memberships(self, role: str) -> tuple[Membership, ...]:
        """What the role is a direct member of, the owner of the database in pg_database_owner too."""
        return tuple(self._given.get(role, ()))

    def acting(self, role: str) -> frozenset[str]:
        """The roles whose privileges a session of the role has without doing anything: itself, and what it inherits."""
        found = self._acting.get(role)
        if found is None:
            found = frozenset(self._walk(role, self._inherits))
            self._acting[role] = found
        return found

    def reaching(self, role: str) -> Mapping[str, Membership | None]:
        """The roles whose privileges a session of the role may come to by itself, with the last membership of the way.

        It may inherit them, SET ROLE to them, or grant itself the membership by an ADMIN option.
        """
        found = self._reaching.get(role)
        if found is None:
            found = self._walk(role, lambda one: self._inherits(one) or one.may_set or one.admin)
            self._reaching[role] = found
        return found

    def way(self, role: str, goal: str) -> tuple[str, ...]:
        """The roles on the way from a role to one that it reaches, both with it; empty when it does not reach it."""
        reached = self.reaching(role)
        if goal not in reached:
            return ()
        names = [goal]
        while names[-1] != role:
            step = reached[names[-1]]
            if step is None:
                break
            names.append(step.member)
        return tuple(reversed(names))

    def is_superuser(self, role: str) -> bool:
        """Whether the role is a superuser; one that is not known is none."""
        found = self._roles.get(role)
        return found is not None and found.superuser

    def reaches_superuser(self, role: str) -> str | None:
        """The superuser that the role is or may become, None where there is none."""
        return next((one for one in sorted(self.reaching(role)) if self.is_superuser(one)), None)

    def held(self, role: str, entries: Iterable[AclEntry]) -> frozenset[str]:
        """What a session of the role may do by an access list, PUBLIC's part with it; not by being a superuser."""
        acting = self.acting(role)
        privileges: set[str] = set()
        for entry in entries:
            if entry.grantee == PUBLIC or entry.grantee in acting:
                privileges |= entry.privileges
        return frozenset(privileges)

    def may(self, role: str, privilege: str, acl: str | None, kind: str, owner: str) -> bool:
        """Whether a session of the role may do that to an object: as superuser, owner, or by the access list."""
        acting = self.acting(role)
        if role != PUBLIC and (self.is_superuser(role) or owner in acting):
            return True
        if any((privilege, kind) in everywhere and name in acting for name, everywhere in _EVERYWHERE.items()):
            return True
        return privilege in self.held(role, effective_acl(acl, kind, owner, self._server.major))

    @cached_property
    def logins_by_role(self) -> dict[str, tuple[str, ...]]:
        """Role to those roles with LOGIN, superusers left out, that have its privileges at once, itself with them."""
        found: dict[str, list[str]] = {}
        for role in self._roles.values():
            if role.login and not role.superuser:
                for name in self.acting(role.name):
                    found.setdefault(name, []).append(role.name)
        return {name: tuple(sorted(logins)) for name, logins in found.items()}

    def _inherits(self, membership: Membership) -> bool:
        """Before 16 the member's own attribute decides; since then each membership's option."""
        member = self._roles.get(membership.member)
        own = self._server.major >= _OPTIONS_SINCE or member is None or member.inherits
        return membership.inherits and own

    def _walk(self, role: str, follows: Callable[[Membership], bool]) -> dict[str, Membership | None]:
        found: dict[str, Membership | None] = {role: None}
        waiting = [role]
        while waiting:
            for membership in self._given.get(waiting.pop(0), ()):
                if membership.role not in found and follows(membership):
                    found[membership.role] = membership
                    waiting.append(membership.role)
        return found
