# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rows of a bulk query as they come, each a JSON array: the fastest way through either driver, and in bounded memory.

The server writes one JSON text a row; one call of the C decoder reads thousands of them, already typed.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from ...database.session import Session

Row = list[Any]
#: Rows that are decoded at once.
BATCH = 300


def stream(session: Session, query: str, take: Callable[[list[Row]], None]) -> None:
    """Run a query of one JSON column and hand its rows to `take`, some thousands at a time.

    :raises DatabaseError: when PostgreSQL refuses the query.
    """
    blocks: list[bytes] = []

    def decode() -> None:
        text = b"".join(blocks)
        blocks.clear()
        # What a server in SQL_ASCII lets through may be no UTF-8: a name is shown then, not lost.
        take(json.loads("[" + text.decode("utf-8", "replace").rstrip("\n").replace("\n", ",") + "]"))

    def gather(block: bytes) -> None:
        blocks.append(block)
        # A driver hands over whole rows, one or more in a block.
        if len(blocks) >= BATCH and block.endswith(b"\n"):
            decode()

    session.copy_out(query, gather)
    if blocks:
        decode()
