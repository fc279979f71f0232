# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Truth table of the checks of sequences."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from _pgops.checks.seen import Seen
from cases import Case

COLUMN = "column-int-overflow"
END = "sequence-exhaustion"
NARROW = "sequence-narrower-than-column"

INT = 2**31 - 1
SERIAL = "CREATE TABLE t (id serial PRIMARY KEY);"
IDENTITY = "CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY);"
WIDE = "CREATE TABLE t (id bigserial PRIMARY KEY);"
WIDENED = SERIAL + "ALTER TABLE t ALTER id TYPE bigint;"
TREE = "CREATE TABLE t (id serial PRIMARY KEY) PARTITION BY RANGE (id); CREATE TABLE t1 PARTITION OF t DEFAULT;"


def at(percent: float, sequence: str = "t_id_seq", most: int = INT) -> str:
    """Bring a sequence to that part of `most`."""
    return f"SELECT setval('{sequence}', {int(most * percent / 100)});"


def unreadable(seen: Seen) -> Seen:
    """As a role without rights on any sequence sees it."""
    hidden = {oid: one._replace(readable=False, last_value=None) for oid, one in seen.catalog.sequences.items()}
    return replace(seen, catalog=replace(seen.catalog, sequences=hidden))


def with_rows(rows: float) -> Callable[[Seen], Seen]:
    """Make every table hold so many rows."""

    def alter(seen: Seen) -> Seen:
        relations = {oid: one._replace(rows=rows) for oid, one in seen.catalog.relations.items()}
        return replace(seen, catalog=replace(seen.catalog, relations=relations))

    return alter


CASES = [
    Case(COLUMN, "a serial past half", SERIAL + at(51), {"t.id"}),
    Case(COLUMN, "a serial past three quarters", SERIAL + at(76), {"t.id"}, severity="error"),
    Case(COLUMN, "a serial past nine tenths", SERIAL + at(91), {"t.id"}, severity="critical"),
    Case(COLUMN, "a serial before half", SERIAL + at(49)),
    Case(COLUMN, "a serial never used", SERIAL),
    Case(COLUMN, "an identity", IDENTITY + at(60), {"t.id"}),
    Case(
        COLUMN,
        "a smallint",
        "CREATE TABLE t (id smallserial PRIMARY KEY);" + at(95, most=32767),
        {"t.id"},
        severity="critical",
    ),
    Case(COLUMN, "a bigint at the same number", WIDE + at(99)),
    Case(
        COLUMN,
        "a bigint sequence on an int column",
        "CREATE SEQUENCE s; CREATE TABLE t (id int PRIMARY KEY DEFAULT nextval('s'));" + at(95, "s"),
        {"t.id"},
        severity="critical",
    ),
    Case(
        COLUMN,
        "no key, only a default",
        "CREATE SEQUENCE s; CREATE TABLE t (n int DEFAULT nextval('s'));" + at(55, "s"),
        {"t.n"},
    ),
    Case(
        COLUMN,
        "descending",
        "CREATE SEQUENCE s AS int INCREMENT -1; "
        "CREATE TABLE t (id int PRIMARY KEY DEFAULT nextval('s'));" + at(-80, "s"),
        {"t.id"},
        severity="error",
    ),
    Case(
        COLUMN,
        "from the other end",
        "CREATE SEQUENCE s AS int MINVALUE -2147483648 START -2147483648;"
        "CREATE TABLE t (id int PRIMARY KEY DEFAULT nextval('s'));" + at(-80, "s"),
    ),
    Case(
        COLUMN,
        "a domain",
        "CREATE DOMAIN d AS int; CREATE SEQUENCE s;"
        "CREATE TABLE t (id d PRIMARY KEY DEFAULT nextval('s'));" + at(60, "s"),
        {"t.id"},
    ),
    Case(COLUMN, "a partition tree", TREE + at(60), {"t.id"}),
    Case(
        COLUMN,
        "a partition's own default",
        TREE + "CREATE SEQUENCE s; ALTER TABLE t1 ALTER id SET DEFAULT nextval('s');" + at(60, "s"),
        {"t.id"},
    ),
    Case(
        COLUMN,
        "a narrow reference to a wide key",
        WIDE + "CREATE TABLE c (id bigint PRIMARY KEY, t int REFERENCES t);" + at(60),
        {"c.t"},
    ),
    Case(
        COLUMN,
        "through two references",
        WIDE + "CREATE TABLE b (t bigint PRIMARY KEY REFERENCES t); CREATE TABLE c (b int REFERENCES b);" + at(60),
        {"c.b"},
    ),
    Case(COLUMN, "a reference as wide as its key", SERIAL + "CREATE TABLE c (t int REFERENCES t);" + at(60), {"t.id"}),
    Case(
        COLUMN,
        "a wide reference to a narrow key",
        SERIAL + "CREATE TABLE c (t bigint REFERENCES t);" + at(60),
        {"t.id"},
    ),
    Case(
        COLUMN, "numeric and text", "CREATE SEQUENCE s; CREATE TABLE t (a numeric DEFAULT nextval('s'));" + at(99, "s")
    ),
    Case(
        COLUMN,
        "a key without a sequence",
        "CREATE TABLE t (id int PRIMARY KEY);",
        {"t.id"},
        severity="error",
        alter=with_rows(INT * 0.8),
    ),
    Case(
        COLUMN, "a wide key without a sequence", "CREATE TABLE t (id bigint PRIMARY KEY);", alter=with_rows(INT * 0.8)
    ),
    Case(
        COLUMN,
        "as many rows as its parent",
        SERIAL + "CREATE TABLE c (t int PRIMARY KEY REFERENCES t);",
        alter=with_rows(INT * 0.8),
    ),
    Case(COLUMN, "a sequence that may not be read", SERIAL + at(95), alter=unreadable, not_checked="may not read"),
    Case(
        COLUMN,
        "odd names",
        'CREATE TABLE "T "".t" ("I d" serial PRIMARY KEY);' + at(60, '"T "".t_I d_seq"'),
        {'"T "".t"."I d"'},
    ),
    Case(COLUMN, "a stricter limit", SERIAL + at(20), {"t.id"}, limits={"warning": 10}),
    Case(END, "near its MAXVALUE", "CREATE SEQUENCE s MAXVALUE 1000;" + at(85, "s", 1000), {"s"}),
    Case(END, "nearer", "CREATE SEQUENCE s MAXVALUE 1000;" + at(91, "s", 1000), {"s"}, severity="error"),
    Case(END, "at its end", "CREATE SEQUENCE s MAXVALUE 1000;" + at(100, "s", 1000), {"s"}, severity="critical"),
    Case(END, "far from it", "CREATE SEQUENCE s MAXVALUE 1000;" + at(70, "s", 1000)),
    Case(END, "never used", "CREATE SEQUENCE s MAXVALUE 1000;"),
    Case(END, "cycling", "CREATE SEQUENCE s MAXVALUE 1000 CYCLE;" + at(100, "s", 1000)),
    Case(
        END,
        "descending",
        "CREATE SEQUENCE s INCREMENT -1 MINVALUE -1000;" + at(-96, "s", 1000),
        {"s"},
        severity="critical",
    ),
    Case(END, "descending, at its start", "CREATE SEQUENCE s INCREMENT -1 MINVALUE -1000;" + at(-1, "s", 1000)),
    Case(END, "an int sequence of its own", "CREATE SEQUENCE s AS int;" + at(96, "s"), {"s"}, severity="critical"),
    Case(END, "a serial whose column was widened", WIDENED + at(96), {"t_id_seq"}, severity="critical"),
    Case(END, "a serial: its column ends with it", SERIAL + at(96)),
    Case(
        END,
        "a bound below the column",
        "CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY (MAXVALUE 1000));" + at(96, most=1000),
        {"t_id_seq"},
        severity="critical",
    ),
    Case(END, "a negative range", "CREATE SEQUENCE s MINVALUE -1000 MAXVALUE 1000 START -1000;" + at(-90, "s", 1000)),
    Case(END, "bigint", WIDE + at(100)),
    Case(
        END,
        "may not be read",
        "CREATE SEQUENCE s MAXVALUE 1000;" + at(96, "s", 1000),
        alter=unreadable,
        not_checked="may not read",
    ),
    Case(NARROW, "a widened serial", WIDENED, {"t_id_seq"}),
    Case(
        NARROW,
        "a smallserial widened",
        "CREATE TABLE t (id smallserial); ALTER TABLE t ALTER id TYPE int;",
        {"t_id_seq"},
    ),
    Case(NARROW, "a widened identity", IDENTITY + "ALTER TABLE t ALTER id TYPE bigint;"),
    Case(NARROW, "a serial", SERIAL),
    Case(NARROW, "a bigserial", WIDE),
    Case(NARROW, "not owned", "CREATE SEQUENCE s AS int; CREATE TABLE t (id bigint DEFAULT nextval('s'));", {"s"}),
    Case(
        NARROW,
        "descending",
        "CREATE SEQUENCE s AS int INCREMENT -1; CREATE TABLE t (id bigint DEFAULT nextval('s'));",
        {"s"},
    ),
    Case(NARROW, "cycling", "CREATE SEQUENCE s AS int CYCLE; CREATE TABLE t (id bigint DEFAULT nextval('s'));"),
    Case(
        NARROW,
        "bounded on purpose",
        "CREATE SEQUENCE s AS int MAXVALUE 99; CREATE TABLE t (id bigint DEFAULT nextval('s'));",
        {"s"},
    ),
    Case(
        NARROW,
        "shared with a narrow column",
        "CREATE SEQUENCE s AS int; CREATE TABLE t (a bigint DEFAULT nextval('s'), b int DEFAULT nextval('s'));",
        {"s"},
    ),
    Case(NARROW, "numeric", "CREATE SEQUENCE s AS int; CREATE TABLE t (a numeric DEFAULT nextval('s'));"),
]
