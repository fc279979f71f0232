# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Truth table of the checks of schemas."""

from __future__ import annotations

from cases import Case

MIXED = "schema-mixed-owners"
OWNER = "schema-owner-mismatch"
STAGE = "schema-stage-in-name"
SIMILAR = "name-similar"

TWO = "CREATE TABLE t (id serial PRIMARY KEY); CREATE TABLE u (a int);"
TREE = "CREATE TABLE t (a int) PARTITION BY LIST (a); CREATE TABLE ts PARTITION OF t DEFAULT;"

CASES = [
    Case(MIXED, "two owners", TWO, {""}, setup="ALTER TABLE {schema}.u OWNER TO CURRENT_USER;"),
    Case(MIXED, "one owner", TWO),
    Case(
        MIXED,
        "all of another owner",
        TWO,
        setup="ALTER TABLE {schema}.u OWNER TO CURRENT_USER; ALTER TABLE {schema}.t OWNER TO CURRENT_USER;",
    ),
    Case(MIXED, "partitions go with their root", TREE, setup="ALTER TABLE {schema}.ts OWNER TO CURRENT_USER;"),
    Case(
        OWNER,
        "nothing is the owner's",
        TWO,
        {""},
        setup="ALTER TABLE {schema}.u OWNER TO CURRENT_USER; ALTER TABLE {schema}.t OWNER TO CURRENT_USER;",
    ),
    Case(OWNER, "one table is", TWO, setup="ALTER TABLE {schema}.u OWNER TO CURRENT_USER;"),
    Case(OWNER, "an empty schema", ""),
    Case(
        OWNER,
        "public, as it comes",
        "",
        setup="CREATE TABLE public.of_public (a int);",
        elsewhere=True,
        among={"public"},
    ),
    Case(
        STAGE,
        "stages",
        "",
        {"dev_shop", '"shop-PROD"', "test"},
        elsewhere=True,
        setup='CREATE SCHEMA dev_shop; CREATE SCHEMA "shop-PROD"; CREATE SCHEMA test; CREATE SCHEMA contest_devices;',
    ),
    Case(STAGE, "the case's own", ""),
    Case(SIMILAR, "a plural", 'CREATE TABLE "user" (a int); CREATE VIEW users AS SELECT 1 AS a;', {'"user"'}),
    Case(SIMILAR, "underscores and case", 'CREATE TABLE t (order_id int, "orderId" int, orderid int);', {"t.order_id"}),
    Case(SIMILAR, "another alphabet", 'CREATE TABLE t (code int, "c\u043ede" int);', {"t.code"}),
    Case(
        SIMILAR,
        "others",
        "CREATE TABLE address (a int, b int, ba int); CREATE TABLE addresses (c int); CREATE TABLE gas (x int);"
        "CREATE TABLE ga (x int);",
    ),
    Case(SIMILAR, "a partition", TREE),
]
