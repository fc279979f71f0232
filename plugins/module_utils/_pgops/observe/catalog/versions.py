# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where PostgreSQL 13 to 18 differ in what the catalog's readings ask: one table."""

from __future__ import annotations

import re

#: Placeholder: the first version that has it, its spelling there, and what stands for it before.
_SPELLINGS = {
    "nulls_not_distinct": (150000, "i.indnullsnotdistinct", "false"),
    "enforced": (180000, "k.conenforced", "true"),
    "period": (180000, "k.conperiod", "false"),
    "bound": (140000, "p.prosqlbody IS NOT NULL", "false"),
    "set_columns": (150000, "k.confdelsetcols", "NULL"),
    "last_scan": (160000, "extract(epoch FROM pg_catalog.pg_stat_get_lastscan(i.indexrelid))", "NULL"),
    "newpage_updated": (160000, "pg_catalog.pg_stat_get_tuples_newpage_updated(c.oid)", "NULL"),
    "statistics_target": (170000, "a.attstattarget", "NULLIF(a.attstattarget, -1)"),
    "member_inherits": (160000, "m.inherit_option", "true"),
    "hba_file": (160000, "h.file_name", "NULL::text"),
    "member_may_set": (160000, "m.set_option", "true"),
    "slot_inactive_since": (170000, "extract(epoch FROM s.inactive_since)", "NULL"),
    "slot_synced": (170000, "s.synced", "false"),
    "slot_invalidated": (170000, "s.invalidation_reason", "NULL"),
    "frozen_pages": (180000, "c.relallfrozen", "NULL"),
    "collation_version": (150000, "d.datcollversion", "NULL::text"),
    "collation_version_now": (150000, "pg_catalog.pg_database_collation_actual_version(d.oid)", "NULL::text"),
}
_PLACEHOLDER = re.compile(r"\{(\w+)\}")


def spelled(sql: str, version: int) -> str:
    """`sql` with its placeholders spelled for a server of that `server_version_num`; KeyError for an unknown one."""

    def spelling(found: re.Match[str]) -> str:
        since, new, old = _SPELLINGS[found.group(1)]
        return new if version >= since else old

    return _PLACEHOLDER.sub(spelling, sql)
