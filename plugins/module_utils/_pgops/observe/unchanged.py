# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether anything has changed since the catalog was read that a question to the data would run code by."""

from __future__ import annotations

from collections.abc import Iterable

from ..database.session import Session
from ..model.catalog.snapshot import Catalog
from ..model.catalog.user_code import reached

# A transaction's number is compared by its age, which is right around their wrap too. Ages below 0 are of rows so old
# that their number has come round again.
_CHANGED = """
SELECT EXISTS (
  SELECT FROM (
    SELECT i.xmin FROM pg_catalog.pg_index i WHERE i.indrelid = ANY ('{relations}'::oid[])
    UNION ALL SELECT e.xmin FROM pg_catalog.pg_statistic_ext e WHERE e.stxrelid = ANY ('{relations}'::oid[])
    UNION ALL SELECT w.xmin FROM pg_catalog.pg_rewrite w WHERE w.ev_class = ANY ('{relations}'::oid[])
    UNION ALL SELECT h.xmin FROM pg_catalog.pg_inherits h WHERE h.inhparent = ANY ('{relations}'::oid[])
    UNION ALL SELECT a.xmin FROM pg_catalog.pg_attribute a WHERE a.attrelid = ANY ('{relations}'::oid[])
    -- who was renamed, or whose schema was, may have left the name to another
    UNION ALL SELECT c.xmin FROM pg_catalog.pg_class c WHERE c.oid = ANY ('{relations}'::oid[])
    UNION ALL SELECT n.xmin FROM pg_catalog.pg_namespace n WHERE n.oid IN (
      SELECT c.relnamespace FROM pg_catalog.pg_class c WHERE c.oid = ANY ('{relations}'::oid[]))
    UNION ALL SELECT s.xmin FROM pg_catalog.pg_cast s WHERE s.oid >= 16384
    {written}
  ) x
  WHERE pg_catalog.age(x.xmin) BETWEEN 0 AND pg_catalog.age('{first}'::pg_catalog.xid)
     OR x.xmin::pg_catalog.text = ANY ('{running}'::pg_catalog.text[]))
  OR EXISTS (
    SELECT FROM pg_catalog.unnest('{relations}'::oid[]) r (oid)
    WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_class c WHERE c.oid = r.oid))
  {strange} AS changed
"""
# What the names of the prepared question, and of the locks before it, really meant.
_STRANGE = """OR EXISTS (
    SELECT FROM pg_catalog.pg_locks l
    WHERE l.pid = pg_catalog.pg_backend_pid() AND l.locktype = 'relation' AND l.relation >= 16384
      AND l.relation <> ALL ('{relations}'::oid[]))"""
_WRITTEN = """
    UNION ALL SELECT p.xmin FROM pg_catalog.pg_proc p WHERE p.oid >= 16384
    UNION ALL SELECT k.xmin FROM pg_catalog.pg_constraint k WHERE k.contypid >= 16384
"""
_NUMBERS = 2**32


def changed(session: Session, catalog: Catalog, relations: Iterable[int], text: str, locked: bool = False) -> bool:
    """Whether indexes, statistics, columns, partitions, queries, names or casts are newer than the catalog.

    A moment is left between this question and the next, unless all is locked already and the question is prepared.

    :param text: what of the question a person wrote: functions and the checks of domains count as well then.
    :param locked: whether this transaction has prepared the question: then what it locked counts, too.
    :raises DatabaseError: when PostgreSQL refuses the question.
    """
    if not catalog.server.snapshot:
        return False
    oldest, first, running = catalog.server.snapshot.split(":")
    # A standby does not tell which transactions were at work.
    first = oldest if catalog.server.in_recovery else first
    numbers = "{" + ",".join(map(str, sorted(reached(catalog, relations)))) + "}"
    return bool(
        session.one(
            _CHANGED.format(
                relations=numbers,
                strange=_STRANGE.format(relations=numbers) if locked else "",
                written=_WRITTEN if text else "",
                first=int(first) % _NUMBERS,
                running="{" + ",".join(str(int(one) % _NUMBERS) for one in running.split(",") if one) + "}",
            )
        )["changed"]
    )
