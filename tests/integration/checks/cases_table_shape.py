# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Truth table of the advice on the shape of tables."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from _pgops.checks.seen import DAY, Seen
from cases import Case

NO_COLUMNS = "table-without-columns"
ONE = "table-single-column"
MANY = "table-too-many-columns"
INHERITS = "table-inheritance"
ALONE = "table-isolated"
EMPTY = "table-empty"
UNREAD = "table-never-selected"
NULLABLE = "table-nullable-except-key"
LATE = "table-key-not-first"
WIDE = "table-key-too-wide"
COMPOSITE = "table-composite-key"
NUMBERED = "table-numbered-columns"
USUAL = "table-missing-usual-columns"

TREE = "CREATE TABLE t (a int, b int) PARTITION BY LIST (a); CREATE TABLE t1 PARTITION OF t DEFAULT;"
KEYED = "CREATE TABLE t (id int PRIMARY KEY, "


def used(inserted: int, scanned: int, days: float = 40.0) -> Callable[[Seen], Seen]:
    """Give all tables these counters of use, begun so many days ago."""

    def alter(seen: Seen) -> Seen:
        usage = {
            oid: one._replace(inserted=inserted, seq_scan=scanned, idx_scan=0)
            for oid, one in seen.catalog.usage.items()
        }
        server = seen.catalog.server
        server = server._replace(database_since=server.now - days * DAY, statistics_since=None)
        return replace(seen, catalog=replace(seen.catalog, usage=usage, server=server))

    return alter


def unknown(seen: Seen) -> Seen:
    """As where nobody knows since when the counters run."""
    server = seen.catalog.server._replace(database_since=None, statistics_since=None, oldest_activity=None)
    return replace(seen, catalog=replace(seen.catalog, server=server))


def schema_of(number: int, column: str) -> str:
    """So many tables with a column, and one without."""
    tables = (f"CREATE TABLE t{place} (id int, {column});" for place in range(number))
    return "".join(tables) + "CREATE TABLE odd (id int);"


CASES = [
    Case(NO_COLUMNS, "none", "CREATE TABLE t ();", {"t"}),
    Case(NO_COLUMNS, "all dropped", "CREATE TABLE t (a int); ALTER TABLE t DROP a;", {"t"}),
    Case(NO_COLUMNS, "a parent without columns", "CREATE TABLE t (); CREATE TABLE c (a int) INHERITS (t);"),
    Case(NO_COLUMNS, "one", "CREATE TABLE t (a int);"),
    Case(ONE, "one", "CREATE TABLE t (a int PRIMARY KEY, b int); ALTER TABLE t DROP b;", {"t"}),
    Case(ONE, "two", "CREATE TABLE t (a int, b int);"),
    Case(ONE, "a list of values", "CREATE TABLE t (a text PRIMARY KEY); CREATE TABLE u (a text REFERENCES t, b int);"),
    Case(MANY, "more than the limit", "CREATE TABLE t (a int, b int, c int);", {"t"}, limits={"columns": 2}),
    Case(
        MANY,
        "dropped ones do not count",
        "CREATE TABLE t (a int, b int, c int); ALTER TABLE t DROP c;",
        limits={"columns": 2},
    ),
    Case(MANY, "few", "CREATE TABLE t (a int, b int, c int);"),
    Case(INHERITS, "a child", "CREATE TABLE p (a int); CREATE TABLE c () INHERITS (p);", {"c"}),
    Case(INHERITS, "a partition", TREE),
    Case(ALONE, "alone", "CREATE TABLE t (a int);", {"t"}),
    Case(ALONE, "connected", "CREATE TABLE p (a int PRIMARY KEY); CREATE TABLE t (a int REFERENCES p);"),
    Case(
        ALONE,
        "through a partition",
        "CREATE TABLE p (a int PRIMARY KEY);" + TREE + "ALTER TABLE t1 ADD FOREIGN KEY (a) REFERENCES p;",
    ),
    Case(EMPTY, "never filled", "CREATE TABLE t (a int);", {"t"}),
    Case(EMPTY, "a tree", TREE, {"t"}),
    Case(EMPTY, "filled, never analyzed", "CREATE TABLE t (a int); INSERT INTO t VALUES (1);"),
    Case(EMPTY, "a tree with a row", TREE + "INSERT INTO t VALUES (1);"),
    Case(EMPTY, "a tree without partitions", "CREATE TABLE t (a int) PARTITION BY LIST (a);"),
    Case(UNREAD, "written, not read", "CREATE TABLE t (a int);", {"t"}, alter=used(5, 0)),
    Case(UNREAD, "a tree", TREE, {"t"}, alter=used(5, 0)),
    Case(UNREAD, "read", "CREATE TABLE t (a int);", alter=used(5, 1)),
    Case(UNREAD, "never written", "CREATE TABLE t (a int);", alter=used(0, 0)),
    Case(UNREAD, "for too short a time", "CREATE TABLE t (a int);", alter=used(5, 0, days=29)),
    Case(UNREAD, "for who knows how long", "CREATE TABLE t (a int);", alter=unknown, not_checked="nobody knows"),
    Case(NULLABLE, "all", KEYED + "a int, b text);", {"t"}),
    Case(NULLABLE, "one is not", KEYED + "a int NOT NULL, b text);"),
    Case(NULLABLE, "one other column", KEYED + "a int);"),
    Case(NULLABLE, "no key", "CREATE TABLE t (a int, b text, c text);"),
    Case(NULLABLE, "by its domain", "CREATE DOMAIN d AS text NOT NULL;" + KEYED + "a int, b d);"),
    Case(LATE, "behind", "CREATE TABLE t (a int, id int PRIMARY KEY);", {"t"}),
    Case(LATE, "first", KEYED + "a int);"),
    Case(LATE, "both first, in another order", "CREATE TABLE t (a int, b int, c int, PRIMARY KEY (b, a));"),
    Case(LATE, "behind a dropped one", "CREATE TABLE t (a int, id int PRIMARY KEY, b int); ALTER TABLE t DROP a;"),
    Case(LATE, "behind what it inherits", "CREATE TABLE p (a int); CREATE TABLE t (id int PRIMARY KEY) INHERITS (p);"),
    Case(WIDE, "five", "CREATE TABLE t (a int, b int, c int, d int, e int, PRIMARY KEY (a, b, c, d, e));", {"t"}),
    Case(WIDE, "four", "CREATE TABLE t (a int, b int, c int, d int, e int, PRIMARY KEY (a, b, c, d) INCLUDE (e));"),
    Case(COMPOSITE, "two", "CREATE TABLE t (a int, b int, PRIMARY KEY (a, b));", {"t"}),
    Case(COMPOSITE, "one", KEYED + "a int UNIQUE);"),
    Case(COMPOSITE, "with the partition key", TREE + "ALTER TABLE t ADD PRIMARY KEY (b, a);"),
    Case(NUMBERED, "phones", "CREATE TABLE t (id int, phone1 text, phone2 text, phone3 text);", {"t"}),
    Case(NUMBERED, "from nought", "CREATE TABLE t (x_0 int, x_1 int);", {"t"}),
    Case(NUMBERED, "digests and protocols", "CREATE TABLE t (sha1 text, sha256 text, ipv4 text, ipv6 text, md5 text);"),
    Case(NUMBERED, "of other types", "CREATE TABLE t (a1 text, a2 int, b_500_c int, b_600_c int);"),
    Case(NUMBERED, "a stricter limit", "CREATE TABLE t (a1 text, a2 text);", limits={"columns": 3}),
    Case(USUAL, "one lacks it", schema_of(5, "created_at timestamptz"), {"odd"}),
    Case(
        USUAL,
        "few have it",
        schema_of(2, "created_at timestamptz") + "CREATE TABLE a (id int); CREATE TABLE b (id int);",
    ),
    Case(USUAL, "a small schema", schema_of(3, "created_at timestamptz")),
]
