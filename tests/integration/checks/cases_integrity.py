# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Truth table of the checks of collations, damaged pages, indexes and catalogs.

Collations whose version differs are made from PostgreSQL 17's builtin provider: no other is in every build.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

from _pgops.checks.seen import Seen
from _pgops.model.catalog.server import Collation
from cases import Case

Alter = Callable[[Seen], Seen]

DATABASE, COLLATION = "database-collation-mismatch", "collation-mismatch"
CHECKSUM, CORRUPT, AMCHECK = "checksum-failures", "catalog-corruption", "index-corruption"

TEXTS = "CREATE TABLE t (id int PRIMARY KEY, v text); CREATE INDEX i ON t (v);"
#: A collation that was of another version when it was made.
OLD = "CREATE COLLATION o (provider = builtin, locale = 'C.UTF-8', version = '0');"
OLD_TABLE = OLD + 'CREATE TABLE t (id int, v text COLLATE o); CREATE UNIQUE INDEX "i I" ON t (v);'
FULL = "CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t SELECT n, n FROM generate_series(1, 500) n;"
CHECKER = "CREATE EXTENSION IF NOT EXISTS amcheck SCHEMA public;"
#: Rows come into the table while its index is not looked after.
DAMAGE = CHECKER + (
    "UPDATE pg_index SET indisready = false WHERE indexrelid = '{schema}.t_pkey'::regclass;"
    "INSERT INTO {schema}.t VALUES (1000, 'missed');"
    "UPDATE pg_index SET indisready = true WHERE indexrelid = '{schema}.t_pkey'::regclass"
)
#: An index that nobody made, of a table that is not there.
PHANTOM = """
CREATE TEMP TABLE phantom AS SELECT * FROM pg_index WHERE indexrelid = '{schema}.t_pkey'::regclass;
UPDATE phantom SET indexrelid = 4000000001, indrelid = 4000000002;
INSERT INTO pg_index SELECT * FROM phantom; DROP TABLE phantom
"""


def catalog(seen: Seen, **changes: Any) -> Seen:
    """The same database with parts of the catalog changed."""
    return dataclasses.replace(seen, catalog=dataclasses.replace(seen.catalog, **changes))


def database(recorded: str | None, now: str | None, indexes: bool = True) -> Alter:
    """The database's collation has these versions; without `indexes` nothing depends on it."""

    def alter(seen: Seen) -> Seen:
        server = seen.catalog.server._replace(collation_version=recorded, collation_version_now=now)
        return catalog(seen, server=server, indexes=seen.catalog.indexes if indexes else {})

    return alter


def collation(schema: str, recorded: str | None, now: str | None, oid: int = 100) -> Alter:
    """There is one collation, by default that of all indexes of texts."""
    one = Collation(oid, schema, "x", "i", True, recorded, now)
    return lambda seen: catalog(seen, collations=(one,))


def failures(number: int | None) -> Alter:
    """The database had so many checksum failures."""

    def alter(seen: Seen) -> Seen:
        known = dict(seen.catalog.databases)
        name = seen.catalog.server.database
        known[name] = known[name]._replace(checksum_failures=number)
        return catalog(seen, databases=known)

    return alter


def measuring(**functions: str | None) -> Alter:
    """Only these functions measure."""
    return lambda seen: catalog(seen, measuring=functions)


def case(check: str, name: str, found: set[str], alter: Alter, severity: str | None = None) -> Case:
    """A case about the database."""
    return Case(check, name, "", found, alter=alter, severity=severity, elsewhere=True)


CASES = [
    Case(DATABASE, "no version", TEXTS, elsewhere=True),
    case(DATABASE, "another version", {"{database}"}, database("2.36", "2.41")),
    case(DATABASE, "no version any more", {"{database}"}, database("2.36", None)),
    case(DATABASE, "another version, and no index", {"{database}"}, database("2.36", "2.41", False), "warning"),
    case(DATABASE, "the same version", set(), database("2.36", "2.36")),
    case(DATABASE, "never recorded", set(), database(None, "2.36")),
    Case(COLLATION, "another version, with an index", OLD_TABLE, {"o"}, since=17),
    Case(
        COLLATION,
        "another version, with a hash index",
        OLD + "CREATE TABLE t (v text COLLATE o);CREATE INDEX ON t USING hash (v);",
        {"o"},
        since=17,
        severity="warning",
    ),
    Case(
        COLLATION,
        "another version, compared by bytes",
        OLD + "CREATE TABLE t (v text COLLATE o); CREATE INDEX ON t (v text_pattern_ops);",
        {"o"},
        since=17,
        severity="warning",
    ),
    Case(
        COLLATION,
        "another version, with indexes of partitions and an exclusion constraint",
        OLD + "CREATE TABLE t (v text COLLATE o) PARTITION BY LIST (v); CREATE TABLE u PARTITION OF t DEFAULT;"
        "CREATE INDEX ON t (v); CREATE TABLE w (v text COLLATE o, EXCLUDE USING btree (v WITH =));",
        {"o"},
        since=17,
    ),
    Case(COLLATION, "the same version", "CREATE COLLATION o (provider = builtin, locale = 'C.UTF-8');", since=17),
    Case(COLLATION, "no version", "CREATE COLLATION o (provider = libc, locale = 'C');"),
    case(COLLATION, "PostgreSQL's own, with indexes", {"pg_catalog.x"}, collation("pg_catalog", "1", "2")),
    case(COLLATION, "PostgreSQL's own, unused", set(), collation("pg_catalog", "1", "2", 13999)),
    case(CHECKSUM, "two", {"{database}"}, failures(2)),
    case(CHECKSUM, "in shared tables", {"pg_catalog"}, lambda seen: catalog(seen, shared_checksum_failures=3)),
    case(CHECKSUM, "none", set(), failures(0)),
    case(CHECKSUM, "not counted", set(), failures(None)),
    Case(
        CORRUPT,
        "an index without its table",
        "CREATE TABLE t (id int PRIMARY KEY);",
        {"pg_catalog.pg_index"},
        setup=PHANTOM,
        elsewhere=True,
    ),
    Case(CORRUPT, "a schema of all kinds", FULL + "CREATE VIEW v AS SELECT * FROM t; CREATE SEQUENCE s;"),
    Case(AMCHECK, "a row that the index does not know", FULL, {"t_pkey"}, setup=DAMAGE),
    Case(AMCHECK, "a good index", FULL + "CREATE INDEX i ON t (v, id);", setup=CHECKER),
    Case(AMCHECK, "a hash index", FULL + "CREATE INDEX i ON t USING hash (v);"),
    case(AMCHECK, "not installed", set(), measuring()),
    Case(AMCHECK, "without amcheck", "", alter=measuring(), not_checked="not installed", elsewhere=True),
    Case(AMCHECK, "may not", "", alter=measuring(bt_index_check=None), not_checked="may not call", elsewhere=True),
]
