# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Access lists are read as the server itself takes them apart (aclexplode), and its defaults are ours (acldefault)."""

from __future__ import annotations

import pytest
from _pgops.model.acl import KINDS, AclEntry, effective_acl, parse_acl
from harness import Client, Server
from psycopg import sql

ODD = [
    "Upper",
    'say "so"',
    "a,b",
    "a=b",
    "a/b",
    "{brace}",
    "back\\slash",
    "größe",
    "with space",
    "NULL",
    "tab\there",
    "1",
]
EXPLODED = """
SELECT CASE x.grantee WHEN 0 THEN '' ELSE pg_get_userbyid(x.grantee)::text END AS grantee,
       pg_get_userbyid(x.grantor)::text AS grantor,
       array_agg(x.privilege_type::text) AS privileges,
       array_agg(x.privilege_type::text) FILTER (WHERE x.is_grantable) AS grantable
FROM aclexplode({}) x GROUP BY x.grantee, x.grantor
"""
#: Our words for kinds, and acldefault's letters.
LETTERS = {
    "column": "c",
    "table": "r",
    "sequence": "s",
    "database": "d",
    "function": "f",
    "language": "l",
    "large object": "L",
    "schema": "n",
    "tablespace": "t",
    "foreign data wrapper": "F",
    "foreign server": "S",
    "type": "T",
}
# Parameters have had access lists since 15.
assert set(LETTERS) == KINDS - {"parameter"}
STORED = """
SELECT relacl::text AS text, relacl AS acl FROM pg_class WHERE relacl IS NOT NULL
UNION ALL SELECT attacl::text, attacl FROM pg_attribute WHERE attacl IS NOT NULL
UNION ALL SELECT nspacl::text, nspacl FROM pg_namespace WHERE nspacl IS NOT NULL
UNION ALL SELECT proacl::text, proacl FROM pg_proc WHERE proacl IS NOT NULL
UNION ALL SELECT defaclacl::text, defaclacl FROM pg_default_acl
"""


def exploded(client: Client, text: str) -> set[AclEntry]:
    """The list as the server takes it apart; it refuses an empty one that comes as text."""
    if text == "{}":
        return set()
    rows = client.rows(EXPLODED.format("%s::aclitem[]"), [text])
    return {
        AclEntry(row["grantee"], frozenset(row["privileges"]), frozenset(row["grantable"] or ()), row["grantor"])
        for row in rows
    }


def test_lists_are_taken_apart_like_aclexplode(server: Server, empty_database: str) -> None:
    client = Client(server.cluster.dsn(empty_database))
    client.run("BEGIN")
    client.run("CREATE TABLE t (a int, b int); CREATE SEQUENCE s; CREATE FUNCTION f() RETURNS int RETURN 1")
    for number, name in enumerate(ODD):
        role = sql.Identifier(name)
        option = sql.SQL(" WITH GRANT OPTION" if number % 2 else "")
        for statement in (
            "CREATE ROLE {}",
            "GRANT SELECT, UPDATE ON t TO {}",
            "GRANT INSERT (a), REFERENCES (b) ON t TO {}",
            "GRANT USAGE ON SEQUENCE s TO {}",
            "GRANT ALL ON SCHEMA public TO {}",
            "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT ALL ON TABLES TO {}",
        ):
            whole = sql.SQL(statement).format(role) + (option if statement.startswith("GRANT") else sql.SQL(""))
            client.connection.execute(whole)
    client.run(f"SET ROLE {sql.Identifier(ODD[1]).as_string(client.connection)}")
    client.run("GRANT SELECT ON t TO PUBLIC")
    client.run("RESET ROLE; REVOKE EXECUTE ON FUNCTION f() FROM PUBLIC, CURRENT_USER")
    texts = [row["text"] for row in client.rows(STORED)]
    read = [parse_acl(text) for text in texts]
    assert {name for entries in read for name in (one.grantee for one in entries)} >= {*ODD, ""}
    for text, entries in zip(texts, read):
        assert len(set(entries)) == len(entries)
        assert {one for one in entries if one.privileges} == exploded(client, text), text
    client.run("ROLLBACK")
    client.close()


@pytest.mark.parametrize("kind", sorted(KINDS - {"parameter"}))
def test_defaults_are_acldefault(server: Server, kind: str) -> None:
    letter = LETTERS[kind]
    owner = server.cluster.superuser
    text = server.admin.value('SELECT acldefault(%s::"char", %s::regrole)::text', [letter, owner])
    wanted = set(parse_acl(text))
    found = set(effective_acl(None, kind, owner, server.major))
    assert found == {one for one in wanted if one.privileges}
