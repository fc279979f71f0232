# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reviews as the library would make them, with everything in them that a format may stumble over."""

from __future__ import annotations

import dataclasses
from typing import Any

from _pgops.model.finding import CheckInfo, Finding, Fix, Lock, NotChecked, Step, finding_key, object_text
from _pgops.model.review import Review

ODD = 'a|b`c\n<script>alert("x")</script>\x1b]0;\x00'.replace("\x00", "")
STEP = Step(
    ('CREATE INDEX CONCURRENTLY "t_c_idx" ON public.t (c)',), False, (Lock("public.t", "SHARE UPDATE EXCLUSIVE"),)
)


def about(check: str = "index-unused", severity: str = "warning", level: str = "default") -> CheckInfo:
    """A check's description."""
    return CheckInfo(
        check, check.partition("-")[0], severity, level, f"Title of {check}", "Why it is.", "How.", "Not.", "Do this."
    )


def finding(check: str = "index-unused", names: tuple[str, ...] = ("public", "t", "t_idx"), **more: Any) -> Finding:
    """A finding of a check; keywords are its fields."""
    values: dict[str, Any] = {
        "check": check,
        "group": check.partition("-")[0],
        "severity": "warning",
        "object": object_text(names),
        "object_type": "index",
        "names": names,
        "message": f"Nobody used it in 31 days: {names[-1]}",
        "evidence": {"scans": 0, "days": 31.5, "columns": ["c"]},
        "key": finding_key(check, "index", names),
        "confidence": "likely",
        "fix": Fix((STEP,), None, "it is told in a test"),
    }
    return Finding(**{**values, **more})


def review(*findings: Finding, **more: Any) -> Review:
    """A review of the database shop."""
    values: dict[str, Any] = {
        "database": "shop",
        "server_version": "17.6",
        "created": 1_795_500_000.0,
        "scope": {
            "user": "watcher",
            "standby": False,
            "contract": True,
            "checks": sorted({one.check for one in findings} | {"fk-missing"}),
            "tables": 3,
            "views": 1,
            "usage_days": 31.5,
            "schemas": [],
            "objects": [],
            "severity": "info",
        },
        "checks": (*(about(check) for check in sorted({one.check for one in findings})), about("fk-missing")),
        "findings": findings,
        "not_checked": (),
    }
    return Review(**{**values, **more})


def full_review() -> Review:
    """A review with one of everything, odd names in every text."""
    return review(
        finding("sequence-exhausted", ("public", ODD), severity="critical", object_type=ODD, fix=None, no_fix=ODD),
        finding(names=("public", ODD, "i"), message=ODD, state="new", evidence={ODD: ODD, "none": None}),
        finding(names=("public", "t", "known"), state="known"),
        finding(names=("public", "t", "accepted"), suppressed=ODD),
        finding("table-note", ("public", "t"), severity="info", fix=Fix((dataclasses.replace(STEP, sql=(ODD,)),), ())),
        not_checked=(NotChecked("fk-missing", ODD), NotChecked("fk-missing", "it took long", "public.t")),
        resolved=(
            {
                "check": "index-unused",
                "severity": "warning",
                "object": ODD,
                "object_type": "index",
                "message": ODD,
                "key": "0123456789abcdef",
            },
        ),
        notes=(ODD,),
    )
