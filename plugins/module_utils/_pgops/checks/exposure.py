# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Checks of what should be hard to reach: secrets in columns, passwords of other servers, code that may do anything."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from ..model.acl import PUBLIC, AclEntry, effective_acl
from ..model.catalog.relations import Column, Relation
from ..model.catalog.server import ForeignServer
from ..model.catalog.snapshot import Catalog
from ..model.finding import Fix, Found, Limit, NotChecked
from ..model.identifiers import quote_ident, quote_qualified
from .check import Group
from .parts.access import columns_granted, few, granted, revoke, role_name, swap
from .parts.fixes import name_of
from .seen import Seen

GROUP = Group("exposure", "Exposure: secrets that many may read, and code that may do anything.")

_SECRETS = """
    password passwd pwd passphrase secret secret_key client_secret app_secret api_secret api_key apikey access_key
    private_key encryption_key signing_key access_token refresh_token auth_token bearer_token session_token id_token
    oauth_token api_token reset_token otp_secret totp_secret two_factor_secret mfa_secret recovery_code recovery_codes
    backup_codes security_answer ssn social_security social_security_number national_id tax_id passport passport_number
    drivers_license driver_license license_number credit_card credit_card_number card_number cc_number cvv cvc cvv2 iban
    bank_account bank_account_number account_number routing_number medical_record medical_record_number diagnosis
    date_of_birth birth_date birthdate dob salary
"""
_WORDS = "|".join(sorted(_SECRETS.split(), key=len, reverse=True))
# The secret itself, or what it was made into, at the end of a longer name too.
_SECRET = re.compile(rf"(?:.*_)?(?:{_WORDS})(?:_(?:hash|hashed|salt|digest|encrypted|enc|plain|text|value))?")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
#: Categories of types that hold a secret: texts, numbers, bytea and json (U), arrays.
_HOLDS = frozenset("SNUA")
_DATES = re.compile(r"birth|dob")
_UNSAFE = frozenset({"plperlu", "plpython3u", "plpython2u", "plpythonu", "pltclu", "plsh", "pljavau", "plrustu", "plr"})


@GROUP.check(
    "sensitive-columns-readable",
    severity="warning",
    title="A column that everybody may read, with the name of a secret",
    why="Each role that can connect reads it: roles of other programs, and each that will ever be made.",
    how="A column's name is or ends with a word such as password, api_key, ssn or card_number; its type can hold one; "
    "PUBLIC holds SELECT on it or on the whole relation, and USAGE on the schema.",
    avoids="Flags, times and counters such as password_changed_at do not match. Tables with row security and objects "
    "of extensions are left out.",
    fix="REVOKE SELECT from PUBLIC, and grant it on the other columns to those who need them.",
)
def sensitive_columns_readable(seen: Seen) -> Iterator[Found]:
    """Secrets open to PUBLIC."""
    catalog = seen.catalog
    for relation in catalog.own:
        schema = catalog.schemas.get(relation.schema)
        if relation.row_security or schema is None:
            continue
        if not catalog.rights.may(PUBLIC, "USAGE", schema.acl, "schema", schema.owner):
            continue
        for column, entry, whole in _readable_secrets(catalog, relation, {PUBLIC}):
            yield _secret(relation, column, entry, "Every role may", whole)


@GROUP.check(
    "sensitive-columns-shared",
    severity="info",
    level="extended",
    title="A column that many roles may read, with the name of a secret",
    why="The more roles read a secret, the sooner it leaks.",
    how="As sensitive-columns-readable, for groups that at least as many logins inherit from as the limit says.",
    avoids="Flags, times and counters such as password_changed_at do not match. Tables with row security and objects "
    "of extensions are left out.",
    fix="REVOKE SELECT from the group, and grant it on the other columns.",
    limits=(Limit("logins", 5, "roles", "From how many logins on a group is broad; chosen by us."),),
)
def sensitive_columns_shared(seen: Seen, logins: float) -> Iterator[Found]:
    """Secrets open to large groups."""
    catalog = seen.catalog
    broad = {name for name, members in catalog.rights.logins_by_role.items() if len(members) >= logins}
    for relation in catalog.own if broad else ():
        if relation.row_security:
            continue
        for column, entry, whole in _readable_secrets(catalog, relation, broad):
            members = catalog.rights.logins_by_role[entry.grantee]
            yield _secret(relation, column, entry, f"{entry.grantee}, that is {few(members)}, may", whole)


@GROUP.check(
    "user-mapping-public-password",
    severity="warning",
    title="A password for another server that everybody uses",
    why="Each role that was granted a foreign table of that server acts there as the user of the mapping.",
    how="A user mapping for PUBLIC has a password.",
    avoids="Mappings of single roles are left out. Only a superuser sees whether there is a password.",
    fix="Make a user mapping for each role that needs one, then DROP USER MAPPING FOR PUBLIC.",
)
def user_mapping_public_password(seen: Seen) -> Iterator[Found | NotChecked]:
    """Mappings for PUBLIC."""
    hidden = [server.name for server in seen.catalog.foreign_servers if server.passwords is None and server.users]
    if hidden:
        yield NotChecked("user-mapping-public-password", _hidden(hidden))
    for server in seen.catalog.foreign_servers:
        if PUBLIC in (server.passwords or ()):
            yield Found(
                object=(server.name,),
                object_type="foreign server",
                message=f"Every role uses the same password for the foreign server {server.name}.",
                evidence={"users": [name or "PUBLIC" for name in server.users]},
                no_fix="Which roles need a mapping is for a person to say.",
            )


@GROUP.check(
    "user-mapping-password-readable",
    severity="warning",
    level="extended",
    title="A password for another server that its user reads in clear",
    why="A role that has USAGE on the server sees the options of its own mapping, the password with them, and may use "
    "it from anywhere.",
    how="A user mapping of a role that is no superuser has a password, and the role has USAGE on the foreign server.",
    avoids="Without USAGE, foreign tables work all the same and the password stays hidden.",
    fix="REVOKE USAGE ON FOREIGN SERVER: it is needed to make foreign tables, not to use them.",
)
def user_mapping_password_readable(seen: Seen) -> Iterator[Found | NotChecked]:
    """Mappings whose user sees the password."""
    catalog = seen.catalog
    hidden = [server.name for server in catalog.foreign_servers if server.passwords is None and server.users]
    if hidden:
        yield NotChecked("user-mapping-password-readable", _hidden(hidden))
    for server in catalog.foreign_servers:
        for user in server.passwords or ():
            sees = catalog.rights.may(user, "USAGE", server.acl, "foreign server", server.owner)
            if user != PUBLIC and sees and not catalog.rights.is_superuser(user):
                yield Found(
                    object=(server.name,),
                    object_type="foreign server",
                    message=f"{user} can read the password that it uses for the foreign server {server.name}.",
                    evidence={"user": user},
                    fix=_no_usage(server, user),
                    no_fix="It has USAGE as owner, by a group or as everybody: who needs that is for a person to say.",
                    detail=user,
                )


@GROUP.check(
    "foreign-table-public",
    severity="warning",
    level="extended",
    title="A foreign table that everybody may read",
    why="Row security does not hold for foreign tables, and the other server sees one user for all of them.",
    how="A foreign table gives SELECT to PUBLIC.",
    avoids="Foreign tables of extensions are left out.",
    fix="REVOKE SELECT from PUBLIC, after granting it to the roles that need it.",
)
def foreign_table_public(seen: Seen) -> Iterator[Found]:
    """Foreign tables open to PUBLIC."""
    for relation in seen.catalog.own:
        for entry in granted(seen.catalog, relation) if relation.kind == "f" else ():
            if entry.grantee == PUBLIC and "SELECT" in entry.privileges:
                yield Found(
                    object=(relation.schema, relation.name),
                    object_type="foreign table",
                    message=f"Every role may read the foreign table {relation.schema}.{relation.name}.",
                    evidence={"acl": relation.acl},
                    fix=revoke(("SELECT",), name_of(relation), entry, relation.owner),
                    no_fix="Another than the owner granted it, or it was granted on.",
                    comment=(("pg_class", relation.oid, 0),),
                )


@GROUP.check(
    "system-function-granted",
    severity="error",
    title="A function that leaves the database, granted to roles that are no superusers",
    why="pg_read_file, lo_import and their like read or write the server's files as its own user; dblink_connect_u "
    "opens a connection without a password, as that user.",
    how="The access list of such a function of PostgreSQL, or of dblink_connect_u, names a role that is neither a "
    "superuser nor one of PostgreSQL's own.",
    avoids="Who comes to it by pg_read_server_files is told by role-server-access.",
    fix="REVOKE EXECUTE from the role.",
)
def system_function_granted(seen: Seen) -> Iterator[Found]:
    """File functions and dblink_connect_u in many hands."""
    catalog = seen.catalog
    functions = [("pg_catalog", one.name, one.arguments, one.owner, one.acl) for one in catalog.system_functions]
    functions += [
        (one.schema, one.name, one.arguments, one.owner, one.acl)
        for one in catalog.functions.values()
        if one.name == "dblink_connect_u" and one.of_extension
    ]
    for schema, name, arguments, owner, acl in functions:
        for entry in effective_acl(acl, "function", owner):
            who = entry.grantee
            if who == owner or who.startswith("pg_") or catalog.rights.is_superuser(who):
                continue
            yield Found(
                object=(schema, name),
                object_type="function",
                signature=f"({arguments})",
                message=f"{role_name(who)} may execute {schema}.{name}({arguments}).",
                evidence={"role": who or "PUBLIC", "acl": acl},
                fix=revoke(("EXECUTE",), f"FUNCTION {quote_qualified(schema, name)}({arguments})", entry, owner),
                no_fix="Another than the owner granted it, or it was granted on.",
                severity="critical" if who == PUBLIC else None,
                detail=who,
            )


@GROUP.check(
    "untrusted-language-trusted",
    severity="critical",
    title="A language without limits that everybody may write functions in",
    why="Functions in it reach the server's files and programs; who writes one is the server's own user.",
    how="pg_language calls a language trusted whose name is that of one without limits, such as plpython3u.",
    avoids="Languages that are marked as untrusted are for superusers only, whatever is granted.",
    fix="Make it untrusted again: drop it and CREATE EXTENSION anew, or correct pg_language.",
)
def untrusted_language_trusted(seen: Seen) -> Iterator[Found]:
    """Untrusted languages in disguise."""
    for language in seen.catalog.languages:
        if language.trusted and language.name in _UNSAFE:
            yield Found(
                object=(language.name,),
                object_type="language",
                message=f"The language {language.name} has no limits, and is marked as trusted.",
                evidence={"acl": language.acl},
                no_fix="Functions in it may be in use: a person must see which.",
            )


def is_secret(name: str) -> bool:
    """Whether a column's name is that of a secret."""
    plain = re.sub(r"[^a-z0-9]+", "_", _CAMEL.sub("_", name).lower()).strip("_")
    return _SECRET.fullmatch(plain) is not None


def _readable_secrets(
    catalog: Catalog, relation: Relation, grantees: Iterable[str]
) -> Iterator[tuple[Column, AclEntry, bool]]:
    """Columns with a secret's name that one of these grantees may read, and whether it may read the whole relation."""
    if relation.kind == "S":
        return
    wanted = set(grantees)
    whole = [entry for entry in granted(catalog, relation) if entry.grantee in wanted and "SELECT" in entry.privileges]
    for column in catalog.columns.get(relation.oid, ()) if whole else ():
        if _holds_secret(catalog, column):
            yield column, whole[0], True
    for column, entry in columns_granted(catalog, relation) if not whole else ():
        if entry.grantee in wanted and "SELECT" in entry.privileges and _holds_secret(catalog, column):
            yield column, entry, False


def _holds_secret(catalog: Catalog, column: Column) -> bool:
    if not is_secret(column.name):
        return False
    base = catalog.base_type(column.type_oid)
    category = "" if base is None else base.category
    return category in _HOLDS or (category == "D" and _DATES.search(column.name.lower()) is not None)


def _secret(relation: Relation, column: Column, entry: AclEntry, who: str, whole: bool) -> Found:
    select = f"SELECT ({quote_ident(column.name)}) ON {name_of(relation)}"
    clean = entry.grantor == relation.owner and not entry.grantable and not whole
    grantee = role_name(entry.grantee)
    return Found(
        object=(relation.schema, relation.name, column.name),
        object_type="column",
        message=f"{who} read {relation.schema}.{relation.name}.{column.name}.",
        evidence={"role": entry.grantee or "PUBLIC", "type": column.type, "whole_relation": whole},
        fix=swap(f"REVOKE {select} FROM {grantee}", f"GRANT {select} TO {grantee}") if clean else None,
        no_fix="SELECT was granted on the whole relation, or with the right to grant it on: which columns are needed "
        "is for a person to say.",
        confidence="likely",
        detail=entry.grantee,
        comment=(("pg_class", relation.oid, column.number), ("pg_class", relation.oid, 0)),
    )


def _no_usage(server: ForeignServer, user: str) -> Fix | None:
    for entry in effective_acl(server.acl, "foreign server", server.owner):
        if entry.grantee == user and user != server.owner:
            return revoke(("USAGE",), f"FOREIGN SERVER {quote_ident(server.name)}", entry, server.owner)
    return None


def _hidden(servers: Iterable[str]) -> str:
    return f"only a superuser may see whether the user mappings of {few(servers)} hold passwords"
