# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the truth table calls a missing index is what the server's own look-up does without: it is made to look."""

from __future__ import annotations

from typing import Any

from cases_foreign_keys import CASES, MISSING
from harness import Client, Server
from psycopg import sql
from stage import build

#: Where the server helps itself with an index that finds more than it looks for, where the finding is left out on
#: purpose, or where there is nothing to read yet.
OTHERWISE = {
    "the second column of an index",
    "a column in between",
    "one of two columns",
    "a BRIN index",
    "few rows",
    "a table of an extension",
    "a tree without partitions",
}
KEY = """
SELECT k.conrelid::int8 AS near, k.confrelid::regclass::text AS far, ARRAY(
    SELECT a.attname::text FROM unnest(k.confkey) WITH ORDINALITY u (n, place)
    JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = u.n ORDER BY place) AS columns, ARRAY(
    SELECT CASE t.typcategory WHEN 'N' THEN '1' WHEN 'D' THEN '2020-01-01' WHEN 'E' THEN 'a' WHEN 'R' THEN '(,)'
             WHEN 'A' THEN '{}' ELSE 'x' END
    FROM unnest(k.confkey) WITH ORDINALITY u (n, place)
    JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = u.n
    JOIN pg_type t ON t.oid = a.atttypid ORDER BY place) AS values
FROM pg_constraint k
WHERE k.contype = 'f' AND k.conparentid = 0 AND k.connamespace = current_schema()::regnamespace
"""
SCANS = """
SELECT COALESCE(sum(s.seq_scan), 0)::int AS scans FROM pg_stat_xact_user_tables s
WHERE s.relid = %s::oid OR s.relid IN (SELECT relid FROM pg_partition_tree(%s::oid::regclass))
"""


def reads_all(client: Client) -> bool:
    """Whether deleting a referenced row reads the whole referencing table, though the planner is told to avoid it."""
    key = client.rows(KEY)[0]
    client.begin()
    client.run("SET LOCAL enable_seqscan = off")
    client.run("SET CONSTRAINTS ALL IMMEDIATE")
    place = insert(client, key)
    before = client.value(SCANS, [key["near"], key["near"]])
    client.run(f"DELETE FROM {key['far']} WHERE ctid = '{place}'")
    after = client.value(SCANS, [key["near"], key["near"]])
    client.rollback()
    return bool(after > before)


def insert(client: Client, key: dict[str, Any]) -> str:
    """Insert a row that could be referred to; where it is."""
    columns = sql.SQL(", ").join(map(sql.Identifier, key["columns"]))
    values = sql.SQL(", ").join(map(sql.Literal, key["values"]))
    insertion = sql.SQL("INSERT INTO {} ({}) VALUES ({}) RETURNING ctid::text AS place")
    row = client.connection.execute(insertion.format(sql.SQL(key["far"]), columns, values)).fetchone()
    assert row is not None
    return str(row["place"])


def test_the_server_needs_the_indexes_that_are_missed(server: Server) -> None:
    cases = [case for case in CASES if case.check == MISSING and case.name not in OTHERWISE]
    database, played = build(server, cases)
    client = Client(server.cluster.dsn(database))
    wrong = []
    for one in played:
        client.run(f"SET search_path = {one.schema}")
        missed = bool(one.case.found)
        if reads_all(client) != missed:
            wrong.append(f"{one.case.name}: the table says {'missing' if missed else 'served'}, the server otherwise")
    client.close()
    server.drop(database)
    assert len(played) == sum(case.since <= server.major <= case.until for case in cases)
    assert {case.name for case in CASES if case.check == MISSING} > OTHERWISE
    assert not wrong, "\n".join(wrong)
