# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A review as the one line that Nagios and its kin read, with figures to draw."""

from __future__ import annotations

from ..model.finding import SEVERITIES
from ..model.review import Review
from .one_line import one_line
from .review_markdown import verdict_sentence

#: Exit status by verdict, as the Nagios plugin guidelines have it.
STATUS = {"ok": 0, "warning": 1, "critical": 2, "unknown": 3}


def review_nagios(review: Review) -> str:
    """`PGOPS WARNING - warning: 1 warning in database shop. public.t: ... | critical=0 error=0 ...`"""
    worst = next(iter(review.counted), None)
    more = f" {worst.object}: {worst.message}" if worst is not None else ""
    # A bar begins the figures, and a line is all that is read.
    text = one_line(f"{verdict_sentence(review)}{more}".replace("|", "/"))
    counts = review.summary
    figures = " ".join(f"{name}={counts[name]};;;0" for name in (*SEVERITIES, "suppressed"))
    return f"PGOPS {review.verdict.upper()} - {text} | {figures} not_checked={len(review.not_checked)};;;0"
