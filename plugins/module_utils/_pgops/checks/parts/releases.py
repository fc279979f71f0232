# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is known of PostgreSQL's releases. It ages: a check that uses it says the day on which it was true."""

from __future__ import annotations

import datetime

#: The day on which the minor releases below were the newest that were known here.
KNOWN_ON = datetime.date(2026, 8, 15)

#: Major to its newest minor release known here; there may be newer ones, never older ones.
NEWEST_MINORS = {13: 23, 14: 23, 15: 19, 16: 15, 17: 11, 18: 6}

#: Major to the day of its last minor release (https://www.postgresql.org/support/versioning/).
END_OF_LIFE = {
    10: datetime.date(2022, 11, 10),
    11: datetime.date(2023, 11, 9),
    12: datetime.date(2024, 11, 21),
    13: datetime.date(2025, 11, 13),
    14: datetime.date(2026, 11, 12),
    15: datetime.date(2027, 11, 11),
    16: datetime.date(2028, 11, 9),
    17: datetime.date(2029, 11, 8),
    18: datetime.date(2030, 11, 14),
}
