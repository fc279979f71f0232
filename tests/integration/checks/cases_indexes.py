# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Truth table of the checks of indexes that no query can use."""

from __future__ import annotations

import dataclasses

from _pgops.checks.seen import Seen
from cases import Case

TABLE = "CREATE TABLE t (id int PRIMARY KEY, a int, b text);"
INDEX = TABLE + "CREATE INDEX i ON t (a);"
PARTITIONED = (
    "CREATE TABLE t (a int, b text) PARTITION BY RANGE (a);"
    "CREATE TABLE t1 PARTITION OF t FOR VALUES FROM (0) TO (10);"
    "CREATE TABLE t2 PARTITION OF t FOR VALUES FROM (10) TO (20);"
)
DEEP = (
    PARTITIONED
    + "CREATE TABLE t3 PARTITION OF t FOR VALUES FROM (20) TO (30) PARTITION BY RANGE (a);"
    + "CREATE TABLE t31 PARTITION OF t3 FOR VALUES FROM (20) TO (25);"
)
RENUMBERED = (
    "CREATE TABLE t (a int, b text) PARTITION BY RANGE (a);"
    "CREATE TABLE t1 (gone int, b text, a int); ALTER TABLE t1 DROP COLUMN gone;"
    "ALTER TABLE t ATTACH PARTITION t1 FOR VALUES FROM (0) TO (10);"
)
INVALID = "index-invalid"
DETACHED = "partition-index-not-attached"


def broken(name: str, *flags: str) -> str:
    """Leave an index as a failed or interrupted statement leaves it."""
    changes = ", ".join(f"{flag} = false" for flag in flags or ("indisvalid",))
    return f"UPDATE pg_index SET {changes} WHERE indexrelid = '{{schema}}.{name}'::regclass;"


def building(seen: Seen) -> Seen:
    """All indexes are being made at this moment."""
    indexes = {
        table: tuple(index._replace(building=True) for index in found) for table, found in seen.catalog.indexes.items()
    }
    return dataclasses.replace(seen, catalog=dataclasses.replace(seen.catalog, indexes=indexes))


def in_work(seen: Seen) -> Seen:
    """On every table some index is being made."""
    tables = frozenset(seen.catalog.relations)
    return dataclasses.replace(seen, catalog=dataclasses.replace(seen.catalog, tables_in_work=tables))


def standby(seen: Seen) -> Seen:
    """The server is a standby."""
    server = seen.catalog.server._replace(in_recovery=True)
    return dataclasses.replace(seen, catalog=dataclasses.replace(seen.catalog, server=server))


CASES = [
    Case(INVALID, "on a standby", INDEX, setup=broken("i"), alter=standby, not_checked="a standby does not know"),
    Case(INVALID, "a valid index", INDEX),
    Case(INVALID, "an index that is not valid", INDEX, {"t.i"}, setup=broken("i")),
    Case(INVALID, "neither valid nor ready", INDEX, {"t.i"}, setup=broken("i", "indisvalid", "indisready")),
    Case(INVALID, "dropped half way", INDEX, {"t.i"}, setup=broken("i", "indisvalid", "indisready", "indislive")),
    Case(
        INVALID,
        "odd names",
        TABLE + 'CREATE INDEX "I ""x"".y" ON t (a);',
        {'t."I ""x"".y"'},
        setup=broken('"I ""x"".y"'),
    ),
    Case(INVALID, "being made at this moment", INDEX, setup=broken("i"), alter=building),
    Case(INVALID, "another index is being made", INDEX, setup=broken("i"), alter=in_work, not_checked="is being made"),
    Case(
        INVALID,
        "left by REINDEX beside a good one",
        INDEX + "CREATE INDEX i_ccnew ON t (a);",
        {"t.i_ccnew"},
        setup=broken("i_ccnew"),
        severity="warning",
    ),
    Case(
        INVALID,
        "the replaced index left by REINDEX",
        INDEX + "CREATE INDEX i_ccold1 ON t (a);",
        {"t.i_ccold1"},
        setup=broken("i_ccold1", "indisvalid", "indisready"),
        severity="warning",
    ),
    Case(
        INVALID,
        "left by REINDEX, and its origin is gone",
        TABLE + "CREATE INDEX i_ccnew ON t (a);",
        {"t.i_ccnew"},
        setup=broken("i_ccnew"),
    ),
    Case(INVALID, "a good index with such a name", TABLE + "CREATE INDEX i_ccnew ON t (a);"),
    Case(INVALID, "a failed second index", INDEX + "CREATE INDEX j ON t (a);", {"t.j"}, setup=broken("j")),
    Case(
        INVALID,
        "a failed unique index beside a plain one",
        INDEX + "CREATE UNIQUE INDEX j ON t (a);",
        {"t.j"},
        setup=broken("j"),
    ),
    Case(INVALID, "the index of a primary key", TABLE, {"t.t_pkey"}, setup=broken("t_pkey")),
    Case(
        INVALID,
        "the index of an exclusion constraint",
        "CREATE TABLE t (r int4range, CONSTRAINT x EXCLUDE USING gist (r WITH &&));",
        {"t.x"},
        setup=broken("x"),
    ),
    Case(
        INVALID,
        "an index of a materialized view",
        INDEX + "CREATE MATERIALIZED VIEW m AS SELECT a FROM t; CREATE INDEX j ON m (a);",
        {"m.j"},
        setup=broken("j"),
    ),
    Case(INVALID, "a partitioned index that waits for partitions", PARTITIONED + "CREATE INDEX i ON ONLY t (b);"),
    Case(
        INVALID,
        "the index of a partition",
        PARTITIONED + "CREATE INDEX i ON t (b);",
        {"t1.t1_b_idx"},
        setup=broken("t1_b_idx"),
    ),
    Case(
        INVALID,
        "an index of a TOAST table",
        TABLE,
        {"t"},
        setup="UPDATE pg_index SET indisvalid = false WHERE indrelid = ("
        "SELECT reltoastrelid FROM pg_class WHERE oid = '{schema}.t'::regclass);",
    ),
    Case(DETACHED, "made for all partitions", PARTITIONED + "CREATE INDEX i ON t (b);"),
    Case(DETACHED, "made for the root alone", PARTITIONED + "CREATE INDEX i ON ONLY t (b);", {"t.i"}),
    Case(
        DETACHED,
        "one partition is attached",
        PARTITIONED + "CREATE INDEX i ON ONLY t (b); CREATE INDEX j ON t1 (b);ALTER INDEX i ATTACH PARTITION j;",
        {"t.i"},
    ),
    Case(
        DETACHED,
        "all partitions are attached",
        PARTITIONED + "CREATE INDEX i ON ONLY t (b); CREATE INDEX j ON t1 (b);"
        "CREATE INDEX k ON t2 (b); ALTER INDEX i ATTACH PARTITION j; ALTER INDEX i ATTACH PARTITION k;",
    ),
    Case(
        DETACHED,
        "the partitions have such indexes",
        PARTITIONED + "CREATE INDEX ON t1 (b); CREATE INDEX ON t2 (b); CREATE INDEX i ON ONLY t (b);",
        {"t.i"},
    ),
    Case(
        DETACHED,
        "the partitions' indexes do not fit",
        PARTITIONED + "CREATE INDEX ON t1 (b DESC); CREATE INDEX ON t2 (b) INCLUDE (a); CREATE INDEX i ON ONLY t (b);",
        {"t.i"},
    ),
    Case(
        DETACHED,
        "columns numbered otherwise in the partition",
        RENUMBERED + "CREATE INDEX j ON t1 (b, lower(b)) WHERE b <> ''; "
        "CREATE INDEX i ON ONLY t (b, lower(b)) WHERE b <> '';",
        {"t.i"},
    ),
    Case(
        DETACHED,
        "an odd name and a predicate",
        PARTITIONED + "CREATE UNIQUE INDEX \"I ON ONLY x\" ON ONLY t (a, b) WHERE b > ' USING ';",
        {'t."I ON ONLY x"'},
    ),
    Case(
        DETACHED,
        "a primary key of the root alone",
        PARTITIONED + "ALTER TABLE t ALTER a SET NOT NULL; ALTER TABLE ONLY t ADD PRIMARY KEY (a);",
        {"t.t_pkey"},
    ),
    Case(DETACHED, "partitions of partitions", DEEP + "CREATE INDEX i ON ONLY t (b);", {"t.i"}),
    Case(
        DETACHED,
        "partitions of partitions, one missing deep below",
        DEEP + "CREATE INDEX i ON ONLY t (b); CREATE INDEX j1 ON t1 (b); CREATE INDEX j2 ON t2 (b);"
        "CREATE INDEX j3 ON ONLY t3 (b); ALTER INDEX i ATTACH PARTITION j1; ALTER INDEX i ATTACH PARTITION j2;"
        "ALTER INDEX i ATTACH PARTITION j3;",
        {"t.i"},
    ),
    Case(DETACHED, "no partitions yet", "CREATE TABLE t (a int) PARTITION BY RANGE (a); CREATE INDEX i ON t (a);"),
    Case(DETACHED, "being completed at this moment", PARTITIONED + "CREATE INDEX i ON ONLY t (b);", alter=in_work),
    Case(
        DETACHED,
        "what was attached is not valid",
        PARTITIONED + "CREATE INDEX i ON ONLY t (b);",
        {"t.i"},
        setup="CREATE INDEX j ON {schema}.t1 (b); CREATE INDEX k ON {schema}.t2 (b);"
        + broken("j")
        + "ALTER INDEX {schema}.i ATTACH PARTITION {schema}.j; ALTER INDEX {schema}.i ATTACH PARTITION {schema}.k;",
    ),
]
