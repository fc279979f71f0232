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
    UNION ALL SELECT s.xmin FROM pg_catalog.pg_cast s WHERE s.oid >= 16384
    {functions}
  ) x
  WHERE pg_catalog.age(x.xmin) BETWEEN 0 AND pg_catalog.age('{first}'::pg_catalog.xid)
     OR x.xmin::pg_catalog.text = ANY ('{running}'::pg_catalog.text[])) AS changed
"""
_FUNCTIONS = "UNION ALL SELECT p.xmin FROM pg_catalog.pg_proc p WHERE p.oid >= 16384"
_NUMBERS = 2**32


def changed(session: Session, catalog: Catalog, relations: Iterable[int], text: str) -> bool:
    """Whether indexes, statistics, columns, partitions, queries or casts are newer than the catalog.

    A moment is left between this question and the next: no lock that is weak enough to be taken here would close it.

    :param text: what of the question a person wrote: functions count as well then.
    :raises DatabaseError: when PostgreSQL refuses the question.
    """
    if not catalog.server.snapshot:
        return False
    oldest, first, running = catalog.server.snapshot.split(":")
    # A standby does not tell which transactions were at work.
    first = oldest if catalog.server.in_recovery else first
    return bool(
        session.one(
            _CHANGED.format(
                relations="{" + ",".join(map(str, sorted(reached(catalog, relations)))) + "}",
                functions=_FUNCTIONS if text else "",
                first=int(first) % _NUMBERS,
                running="{" + ",".join(str(int(one) % _NUMBERS) for one in running.split(",") if one) + "}",
            )
        )["changed"]
    )
