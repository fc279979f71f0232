# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Roles for truth tables: they belong to the cluster, so that each is made once and set anew by every case."""

from __future__ import annotations


def role(name: str, attributes: str = "NOLOGIN", member_of: str = "") -> str:
    """SQL that brings a role to these attributes and to this one membership, whatever it was; `name` needs no quotes.

    What is not said of it is off: it inherits, has no password and no limits.
    """
    off = "NOSUPERUSER NOCREATEROLE NOCREATEDB NOREPLICATION NOBYPASSRLS NOLOGIN INHERIT CONNECTION LIMIT -1"
    joined = f"GRANT {member_of} TO {name};" if member_of else ""
    return f"""
DO $role$
DECLARE held record;
BEGIN
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = '{name}') THEN CREATE ROLE {name}; END IF;
    FOR held IN SELECT roleid::regrole::text AS name FROM pg_auth_members WHERE member = '{name}'::regrole LOOP
        EXECUTE format('REVOKE %s FROM {name}', held.name);
    END LOOP;
END
$role$;
ALTER ROLE {name} {off} PASSWORD NULL VALID UNTIL 'infinity';
ALTER ROLE {name} {attributes};
{joined}
"""
