# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The estimates of unused space beside what pgstattuple measures, on tables with dead space made by DELETE."""

from __future__ import annotations

import pytest
from _pgops.checks.judge import judge
from _pgops.checks.parts.bloat_found import Bloat, index_bloat_of, table_bloat_of, toast_bloat_of
from _pgops.checks.registry import CHECKS
from _pgops.model.catalog.snapshot import Catalog
from _pgops.observe.catalog.snapshot import read_catalog
from _pgops.status.review import look
from harness import Client, Server
from stage import open_session

#: Percent of the pages by which an estimate may be off. Indexes lose less in an estimate: deduplication is left out.
TOLERANCE = 5.0

TABLES = {
    "plain": "id int, at timestamptz, flag bool, name text",
    "padded": "flag bool, id bigint, small int2, at timestamptz, other bool, n int",
    "wide": "id int, name text, code varchar(40), note text, amount numeric(12,2), key uuid, at date",
    "nulls": "id int, name text, a int, b int, c int, d timestamptz",
    "named": "id int, who name, n bigint",
}
ROWS = {
    "plain": "n, now(), n % 2 = 0, md5(n::text)",
    "padded": "n % 2 = 0, n, n % 100, now(), n % 3 = 0, n",
    "wide": "n, md5(n::text), 'c' || n, repeat('x', n % 200), n / 7.0, gen_random_uuid(), '2026-01-01'::date + n % 99",
    "nulls": "n, CASE WHEN n % 2 = 0 THEN md5(n::text) END, CASE WHEN n % 3 = 0 THEN n END, NULL, n, NULL",
    "named": "n, 'user ' || n % 50, n",
}
SHARES = (0, 30, 60, 90)


def fill(client: Client) -> None:
    """Each table four times, with a growing share of its rows deleted and vacuumed away."""
    client.run("CREATE EXTENSION pgstattuple")
    for name, columns in TABLES.items():
        for share in SHARES:
            table = f"{name}_{share}"
            client.run(f"CREATE TABLE {table} ({columns}) WITH (autovacuum_enabled = false)")
            client.run(f"INSERT INTO {table} SELECT {ROWS[name]} FROM generate_series(1, 20000) n")
            column = "n" if name == "padded" else "id"
            client.run(f"CREATE INDEX ON {table} ({column})")
            client.run(f"DELETE FROM {table} WHERE {column} % 100 < {share} AND {column} < 19900")
            client.run(f"VACUUM ANALYZE {table}")


def estimates(catalog: Catalog) -> dict[str, Bloat]:
    """What the library thinks of each table and index of public, by name."""
    found = {}
    for table in catalog.own:
        bloat = table_bloat_of(catalog, table)
        if bloat is not None:
            found[table.name] = bloat
        for index in catalog.indexes.get(table.oid, ()):
            bloat = index_bloat_of(catalog, table, index)
            if bloat is not None:
                found[index.name] = bloat
    return found


@pytest.fixture
def filled(server: Server, empty_database: str) -> str:
    """A database with these tables."""
    client = Client(server.cluster.dsn(empty_database))
    fill(client)
    client.close()
    return empty_database


def test_estimates_are_near_what_is_measured(server: Server, filled: str) -> None:
    client = Client(server.cluster.dsn(filled))
    with open_session(server, filled) as session:
        catalog, _details = read_catalog(session)
    found = estimates(catalog)
    wrong, lines = [], []
    for name in TABLES:
        for share in SHARES:
            table = f"{name}_{share}"
            heap = client.row("SELECT * FROM pgstattuple(%s)", [table])
            column = "n" if name == "padded" else "id"
            index = client.row("SELECT * FROM pgstatindex(%s)", [f"{table}_{column}_idx"])
            measured = {
                table: heap["free_percent"] + heap["dead_tuple_percent"],
                f"{table}_{column}_idx": 100
                - index["leaf_pages"] * 8192 * index["avg_leaf_density"] / 0.9 / index["index_size"],
            }
            for relation, percent in measured.items():
                if relation not in found:
                    wrong.append(f"{relation}: not estimated")
                    continue
                lines.append(f"{relation}: estimated {found[relation].share:.1f} %, measured {percent:.1f} %")
                if abs(found[relation].share - max(0.0, percent)) > TOLERANCE:
                    wrong.append(lines[-1])
    client.close()
    print("\n".join(lines))
    assert not wrong, "\n".join(wrong)


def test_the_worst_are_measured_where_that_is_possible(server: Server, filled: str) -> None:
    checks = [CHECKS["table-bloat"], CHECKS["index-bloat"]]
    limits = {check.about.id: {"megabytes": 0.1, "share": 20} for check in checks}
    with open_session(server, filled) as session:
        seen = look(session, checks, None)
    findings = {finding.object: finding for finding in judge(seen, checks, limits).findings}
    methods = [finding.evidence["method"] for finding in findings.values()]
    assert methods.count("pgstattuple_approx")
    assert methods.count("estimate")
    assert findings["public.plain_90"].evidence["method"] == "pgstattuple_approx"
    assert findings["public.plain_90"].severity == "warning"
    assert findings["public.plain_90"].confidence == "certain"
    estimated = [finding for finding in findings.values() if finding.evidence["method"] == "estimate"]
    assert {finding.confidence for finding in estimated} == {"likely"}
    assert not {name for name in findings if name.endswith("_0")}


def test_a_role_that_may_not_measure_is_given_estimates(server: Server, filled: str) -> None:
    role = server.admin.value("SELECT 'watcher_of_' || %s", [filled])
    server.admin.run(f"CREATE ROLE {role} LOGIN")
    client = Client(server.cluster.dsn(filled))
    client.run(f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role}")
    checks = [CHECKS["table-bloat"]]
    limits = {"table-bloat": {"megabytes": 0.1, "share": 20}}
    methods = []
    for grant in ("", f"GRANT pg_stat_scan_tables TO {role}"):
        if grant:
            client.run(grant)
        with open_session(server, filled, user=role) as session:
            findings = judge(look(session, checks, None), checks, limits).findings
        methods.append({finding.evidence["method"] for finding in findings if finding.object == "public.plain_90"})
    client.run(f"DROP OWNED BY {role}")
    client.run(f"DROP ROLE {role}")
    client.close()
    assert methods == [{"estimate"}, {"pgstattuple_approx"}]


def test_a_toast_table_that_was_emptied(server: Server, empty_database: str) -> None:
    client = Client(server.cluster.dsn(empty_database))
    client.run("CREATE EXTENSION pgstattuple")
    client.run(
        "CREATE TABLE long (id int, v text STORAGE EXTERNAL)"
        if server.major >= 16
        else "CREATE TABLE long (id int, v text); ALTER TABLE long ALTER v SET STORAGE EXTERNAL"
    )
    client.run("INSERT INTO long SELECT n, repeat(md5(n::text), 200) FROM generate_series(1, 600) n")
    client.run("DELETE FROM long WHERE id % 5 <> 0 AND id < 590")
    client.run("VACUUM long")
    with open_session(server, empty_database) as session:
        catalog, _details = read_catalog(session)
    (table,) = [one for one in catalog.own if one.name == "long"]
    bloat = toast_bloat_of(catalog, table)
    assert bloat is not None
    free = client.row("SELECT * FROM pgstattuple((SELECT reltoastrelid FROM pg_class WHERE relname = 'long'))")
    client.close()
    # It is the least that is lost: no more than measured, and not far from it.
    assert free["free_percent"] - 15 < bloat.share <= free["free_percent"] + 2


def test_a_catalog_full_of_dead_rows(server: Server, empty_database: str) -> None:
    client = Client(server.cluster.dsn(empty_database))
    columns = ", ".join(f"c{number} int" for number in range(40))
    client.run(
        f"DO $$ BEGIN FOR i IN 1..400 LOOP CREATE TEMP TABLE x ({columns}); DROP TABLE x; END LOOP; END $$; "
        "ANALYZE pg_catalog.pg_attribute"
    )
    client.close()
    check = CHECKS["catalog-bloat"]
    with open_session(server, empty_database) as session:
        seen = look(session, [check], None)
    findings = {
        finding.object: finding for finding in judge(seen, [check], {"catalog-bloat": {"megabytes": 1}}).findings
    }
    assert "pg_catalog.pg_attribute" in findings
