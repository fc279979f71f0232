# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Wrong contracts, views and options: each refused with its sentence, and nothing in the database is touched."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest
from harness import FIXTURES, Client, Server

VIEWS = Path(__file__).with_name("refused_views.sql")

#: What is asked (view, policy, further options), and what the sentence must say.
CASES: list[tuple[str, str, dict[str, Any], dict[str, Any], str]] = [
    ("aggregate", "grouped", {}, {}, "an aggregate, GROUP BY"),
    ("distinct", "distinct_ips", {}, {}, "DISTINCT"),
    ("limit", "limited", {}, {}, "LIMIT"),
    ("union", "united", {}, {}, "UNION, INTERSECT or EXCEPT"),
    ("window", "windowed", {}, {}, "a window function"),
    ("left join", "left_joined", {}, {}, "a LEFT JOIN"),
    ("expression", "computed", {}, {}, "the column ip, which is not plainly a column of a table"),
    ("where", "filtered", {}, {}, "a condition that is not an equality between columns of two tables"),
    ("range join", "ranged", {}, {}, "a condition that is not an equality"),
    ("or join", "either", {}, {}, "a condition that is not an equality"),
    ("no join", "unjoined", {}, {}, "no table of the join is key-preserved"),
    ("cte", "with_cte", {}, {}, "a common table expression"),
    ("subselect", "subselected", {}, {}, "a subquery in an expression"),
    ("view over view", "over_view", {}, {}, "the view public.servers in FROM"),
    ("no unique key", "no_unique", {}, {}, "shows no unique key without NULLs"),
    ("inheritance", "inherited", {}, {}, "public.family, which has child tables"),
    ("deferrable key", "not_immediate", {}, {}, "shows no unique key without NULLs of public.deferred"),
    ("partial key", "only_partial", {}, {}, "shows no unique key without NULLs of public.partial"),
    ("keyless", "keyless", {}, {}, "shows no unique key without NULLs of public.models"),
    ("two roots", "twins", {}, {}, "a or b could each stand for its row, so `root` must name one"),
    ("rule", "ruled", {}, {}, "a rule (ruled_insert), which acts before any trigger"),
    ("other author", "taken", {}, {}, "objects of other authors: trigger taken_insert"),
    ("name taken", "named", {}, {"adopt": True}, "public.pgops_named_insert() in database"),
    ("name taken, no adoption", "named", {}, {}, "objects of other authors: function public.pgops_named_insert"),
    ("superuser's view", "of_superuser", {}, {}, "its owner postgres is a superuser"),
    ("materialized view", "stored", {}, {}, "is a materialized view, not a view"),
    ("table", "endpoints", {}, {}, "is a table, not a view"),
    ("no such view", "serverz", {}, {}, "There is no view public.serverz"),
    ("no such schema", "nowhere.servers", {}, {}, "That schema has no view or does not exist"),
    ("not a name", "a.b.c", {}, {}, "`view`: "),
    ("unknown root", "servers", {"root": "endpoint"}, {}, "does not join (did you mean endpoints?)"),
    ("root is a child", "servers", {"root": "ve"}, {}, "which cannot stand for the view's row; e can"),
    ("unknown fixed column", "servers", {"fixed_values": {"e": {"verifed": 1}}}, {}, "(did you mean verified?)"),
    (
        "fixed joined column",
        "servers",
        {"fixed_values": {"ve": {"endpoint_id": 1}}},
        {},
        "whose value the join decides",
    ),
    ("unknown view column", "servers", {"columns": {"scandate": {}}}, {}, "does not have (did you mean scan_date?)"),
    ("key made writable", "servers", {"columns": {"id": {"update": "write"}}}, {}, "but it is a key of the join"),
    ("key cannot follow", "servers", {"columns": {"id": {"update": "follow"}}}, {}, "has ON UPDATE CASCADE"),
    ("wrong conflict key", "servers", {"on_conflict": "upsert", "conflict_key": ["ip"]}, {}, "`conflict_key` names ip"),
    ("wrong policy", "servers", {"on_conflict": "upsertt"}, {}, "upsert"),
    ("unknown policy key", "servers", {"on_delet": "root"}, {}, "on_delete"),
    (
        "other database",
        "servers",
        {},
        {"contract": {"contract": 1, "database": "elsewhere"}},
        "is for database elsewhere",
    ),
    (
        "not declared",
        "servers",
        {},
        {"contract": {"contract": 1, "database": "%s"}},
        "add views.servers.writable to it",
    ),
    ("contract of nothing", "servers", {}, {"contract": {}}, "contract"),
]


def fill(server: Server, database: str) -> None:
    """The scanner's objects, with views beside them that nobody can make writable."""
    client = Client(server.cluster.dsn(database))
    client.run((FIXTURES / "scanner_schema.sql").read_text(encoding="utf-8"))
    client.run(VIEWS.read_text(encoding="utf-8"))
    client.close()


@pytest.fixture
def refused_database(server: Server) -> tuple[Server, str]:
    """One database for all cases, since none of them may touch it."""
    return server, server.template("refused", lambda database: fill(server, database))


def state(server: Server, database: str) -> tuple[str, list[dict[str, Any]]]:
    """The schema as pg_dump writes it, without its random token, and the number of rows of every table."""
    command = [str(server.cluster.bin_dir / "pg_dump"), "--schema-only", "--dbname", server.cluster.dsn(database)]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    dump = "\n".join(line for line in text.splitlines() if not line.startswith(("\\restrict", "\\unrestrict")))
    client = Client(server.cluster.dsn(database))
    tables = client.column("SELECT format('%I.%I', schemaname, tablename) FROM pg_tables WHERE schemaname = 'public'")
    counts = [client.row(f"SELECT '{table}' AS name, count(*) AS rows FROM {table}") for table in sorted(tables)]
    client.close()
    return dump, counts


def ask(server: Server, database: str, view: str | None, policy: dict[str, Any], options: dict[str, Any]) -> str:
    """The sentence with which the library refuses."""
    from _pgops.database.connect import connect
    from _pgops.model.contract.errors import ContractError
    from _pgops.model.errors import PgOpsError
    from _pgops.model.settings.view_triggers import ViewTriggersSettings
    from _pgops.view_triggers.workflow import converge
    from psycopg.conninfo import conninfo_to_dict

    chosen = {"view": view, **options}
    if "contract" in chosen:
        words = chosen["contract"]
        chosen["contract"] = {key: database if word == "%s" else word for key, word in words.items()}
    else:
        chosen["definition"] = policy
    with connect(conninfo_to_dict(server.cluster.dsn(database))) as session:
        try:
            converge(session, ViewTriggersSettings(**chosen))
        except (PgOpsError, ContractError) as error:
            return str(error)
    return "it was done"


@pytest.mark.parametrize(
    ("view", "policy", "options", "phrase"), [case[1:] for case in CASES], ids=[c[0] for c in CASES]
)
def test_refused_with_its_sentence(
    refused_database: tuple[Server, str], view: str, policy: dict[str, Any], options: dict[str, Any], phrase: str
) -> None:
    server, database = refused_database
    before = state(server, database)
    sentence = ask(server, database, view, policy, options)
    assert phrase in sentence
    assert "othing was touched" in sentence
    assert state(server, database) == before


def test_table_has_no_case_twice() -> None:
    assert len({case[0] for case in CASES}) == len(CASES)
    assert len(CASES) >= 25
