# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""On random tables: without an index that is called redundant the server still answers alike, and loses no constraint.

A query counts as answered alike when the same conditions are looked up in an index, no sort comes in, and what was read
from the index alone still is. PGOPS_TEST_SEED repeats a run.
"""

from __future__ import annotations

import os
import random
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from _pgops.checks.judge import judge
from _pgops.checks.registry import CHECKS
from _pgops.model.finding import Finding
from harness import Client, Server, Servers, majors
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from index_specs import Spec, queries, tables
from stage import look_at

SEED = int(os.environ.get("PGOPS_TEST_SEED") or random.SystemRandom().randrange(2**32))
EXAMPLES = 100
REDUNDANT = ("index-duplicate", "index-redundant-unique", "index-redundant-prefix")
#: Plans in which nothing but the questions in hand decides.
PLANNER = (
    "SET enable_seqscan = off; SET enable_bitmapscan = off; SET max_parallel_workers_per_gather = 0; SET jit = off"
)
UNIQUE_KEYS = """
SELECT DISTINCT concat_ws(' ', pg_get_expr(indpred, indrelid), indimmediate, to_jsonb(i) -> 'indnullsnotdistinct',
  (SELECT string_agg(opcfamily || ' ' || opcintype, ', ' ORDER BY n) FROM unnest(indclass) WITH ORDINALITY u (class, n)
   JOIN pg_opclass o ON o.oid = class), indcollation::text,
  (SELECT string_agg(pg_get_indexdef(indexrelid, k, false), ', ' ORDER BY k)
   FROM generate_series(1, indnkeyatts) k)) AS key
FROM pg_index i WHERE indrelid = %s::regclass AND indisunique
"""


@dataclass(frozen=True)
class Plan:
    """What counts of a plan."""

    indexes: tuple[str, ...]
    conditions: tuple[str, ...]
    sorted: bool
    whole: bool
    alone: bool


def plan_of(client: Client, before: str, query: str) -> Plan:
    client.run(f"RESET enable_sort; RESET enable_incremental_sort; {before}")
    found: list[dict[str, Any]] = []

    def walk(node: dict[str, Any]) -> None:
        found.append(node)
        for below in node.get("Plans", ()):
            walk(below)

    walk(client.value(f"EXPLAIN (COSTS OFF, FORMAT JSON) {query}")[0]["Plan"])
    kinds = [str(node["Node Type"]) for node in found]
    return Plan(
        tuple(node["Index Name"] for node in found if "Index Name" in node),
        # What is read from the index alone is spelled with other parentheses and casts.
        tuple(re.sub(r"[()]|::text", "", node.get("Index Cond", "")) for node in found),
        any("Sort" in kind for kind in kinds),
        "Seq Scan" in kinds,
        "Index Only Scan" in kinds,
    )


def only(client: Client, table: str, index: str) -> None:
    """Hide every other index of the table from the planner, for this transaction."""
    client.run(
        f"UPDATE pg_index SET indisvalid = indexrelid = 'x.{index}'::regclass WHERE indrelid = 'x.{table}'::regclass"
    )


def picture(client: Client, table: str) -> tuple[Any, ...]:
    """What must outlive any drop: constraints, keys kept apart, replica identity and CLUSTER."""
    kept = client.rows(
        "SELECT conname, contype, conindid, convalidated FROM pg_constraint WHERE conrelid = %s::regclass "
        "OR confrelid = %s::regclass ORDER BY conname, oid",
        [f"x.{table}"] * 2,
    )
    marked = client.column(
        "SELECT indexrelid FROM pg_index WHERE indrelid = %s::regclass AND (indisreplident OR indisclustered)",
        [f"x.{table}"],
    )
    return kept, marked, sorted(client.column(UNIQUE_KEYS, [f"x.{table}"]))


def make(client: Client, made: Sequence[Sequence[Spec]], major: int) -> dict[str, tuple[str, Spec]]:
    """The tables, in schema x; their indexes by name, each with its table."""
    client.run("DROP SCHEMA IF EXISTS x CASCADE; CREATE SCHEMA x; CREATE TABLE x.p (id int PRIMARY KEY)")
    named: dict[str, tuple[str, Spec]] = {}
    for number, indexes in enumerate(made):
        table = f"t{number}"
        client.run(
            f"CREATE TABLE x.{table} (a int REFERENCES x.p, b text, c int NOT NULL, d timestamptz, e int);"
            f"ALTER TABLE x.{table} ALTER b SET STORAGE plain"
        )
        for place, spec in enumerate(indexes):
            name = f"{table}_{place}"
            client.run(spec.sql(f"x.{table}", name, major))
            named[name] = (table, spec)
        # A foreign key from elsewhere relies on a key (c), where there is one; CLUSTER on the last full index.
        plain = [place for place, spec in enumerate(indexes) if not spec.predicate and spec.method == "btree"]
        if number % 2 and plain:
            client.run(f"ALTER TABLE x.{table} CLUSTER ON {table}_{plain[-1]}")
        if any(
            spec.unique and not spec.more and not spec.predicate and [key.what for key in spec.keys] == ["c"]
            for spec in indexes
        ):
            client.run(f"CREATE TABLE x.f{number} (c int REFERENCES x.{table} (c))")
    return named


def dropped(finding: Finding) -> str:
    """The fix's statement as it can stand in a transaction."""
    assert finding.fix is not None
    return finding.fix.steps[0].sql[0].replace(" CONCURRENTLY", "")


@contextmanager
def tried(client: Client) -> Iterator[None]:
    """A transaction of which nothing stays."""
    client.begin()
    try:
        yield
    finally:
        client.rollback()


def alike(client: Client, table: str, used: dict[tuple[str, str], Plan], what: str, choice: bool = True) -> None:
    """`choice`: there are several indexes, of which the planner may take one that holds less of what is asked."""
    for (before, query), old in used.items():
        new = plan_of(client, before, query % f"x.{table}")
        assert new.indexes, f"{what}: {query} is read from the table: {new}"
        assert not new.whole, f"{what}: {query} reads the table: {new}"
        assert choice or new.conditions == old.conditions, f"{what}: {query} looks up {new}, not {old}"
        assert new.sorted <= old.sorted, f"{what}: {query} must sort"
        assert choice or new.alone >= old.alone, f"{what}: {query} needs the table beside the index: {new}"


@pytest.fixture(scope="module")
def newest(servers: Servers) -> Server:
    """One server is enough: what differs among majors is in the truth table."""
    return servers.get(max(majors()))


def test_redundant_indexes_can_go(newest: Server) -> None:
    database = newest.clone()
    client = Client(newest.cluster.dsn(database))
    client.run(PLANNER)
    confirmed: dict[str, int] = dict.fromkeys(REDUNDANT, 0)
    asked = [0]

    @seed(SEED)
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(st.lists(tables(), min_size=3, max_size=3))
    def every_example(made: list[list[Spec]]) -> None:
        named = make(client, made, newest.major)
        seen = look_at(newest, database, REDUNDANT)
        findings = judge(seen, [CHECKS[check] for check in REDUNDANT]).findings
        assert len({finding.object for finding in findings}) == len(findings), "an index is told twice"
        by_table: dict[str, list[tuple[Finding, dict[tuple[str, str], Plan]]]] = {}
        for finding in findings:
            if finding.fix is None:
                assert re.search("upholds|relies|clustered", finding.no_fix), finding
                continue
            table, spec = named[finding.names[2]]
            used = confirm(client, table, spec, finding)
            by_table.setdefault(table, []).append((finding, used))
            confirmed[finding.check] += 1
            asked[0] += len(used)
        for table, all_of_it in by_table.items():
            together(client, table, all_of_it)

    try:
        print(f"seed {SEED}")
        every_example()
    finally:
        client.close()
        newest.drop(database)
    print(f"confirmed: {confirmed}, by {asked[0]} queries")
    assert all(count >= EXAMPLES // 10 for count in confirmed.values()), f"too few were found to mean much: {confirmed}"


def confirm(client: Client, table: str, spec: Spec, finding: Finding) -> dict[tuple[str, str], Plan]:
    """Try one finding; the queries that the index answers, with their plans when it is the only one."""
    index, kept = finding.names[2], str(finding.evidence["kept"])
    what = f"{index} of {table} beside {kept} ({finding.check})"
    before = picture(client, table)
    with tried(client):
        only(client, table, index)
        plans = {(ahead, query): plan_of(client, ahead, query % f"x.{table}") for ahead, query in queries(spec)}
        used = {question: plan for question, plan in plans.items() if index in plan.indexes}
        # A predicate that always holds keeps an index from being used at all, from PostgreSQL 17 on.
        assert used or spec.predicate == "a IS NOT NULL", f"{what}: the index answers none of {list(plans)}"
        only(client, table, kept)
        alike(client, table, used, what, choice=False)
    with tried(client):
        client.run(dropped(finding))
        alike(client, table, used, f"{what}, dropped")
        assert picture(client, table) == before, f"{what}: more went than the index"
    return used


def together(client: Client, table: str, found: list[tuple[Finding, dict[tuple[str, str], Plan]]]) -> None:
    """All that may be dropped of a table, dropped at once."""
    before = picture(client, table)
    with tried(client):
        for finding, _used in found:
            client.run(dropped(finding))
        for finding, used in found:
            alike(client, table, used, f"{finding.names[2]}, all dropped")
        assert picture(client, table) == before, f"{table}: more went than the indexes"
