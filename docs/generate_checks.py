# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes the reference part of docs/checks.md from the checks themselves.

Run it as `python3 docs/generate_checks.py`. What stands above the marker is written by hand and stays.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "checks.md"
MARKER = "<!-- Everything below is generated: python3 docs/generate_checks.py -->\n"
LEVELS = {"default": "default", "extended": "extended", "opt_in": "opt-in"}


def reference() -> str:
    """The reference of all checks: a table of contents, then each group with each check."""
    library = str(ROOT / "plugins" / "module_utils")
    if library not in sys.path:
        sys.path.insert(0, library)
    from _pgops.checks.registry import CHECKS, GROUPS

    levels = {level: sum(check.about.level == level for check in CHECKS.values()) for level in LEVELS}
    counts = ", ".join(f"{number} {LEVELS[level]}" for level, number in levels.items())
    lines = [f"{len(CHECKS)} checks in {len(GROUPS)} groups: {counts}.", ""]
    lines += ["| group | check | severity | level | finds |", "|---|---|---|---|---|"]
    lines += [
        f"| {group.name} | [{check.about.id}](#{check.about.id}) | {check.about.severity} | "
        f"{LEVELS[check.about.level]} | {check.about.title} |"
        for group in GROUPS
        for check in group.checks
    ]
    for group in GROUPS:
        lines += ["", f"## {group.name}", "", group.sentence]
        for check in group.checks:
            lines += _check(check.about)
    return "\n".join(lines) + "\n"


def _check(about: Any) -> list[str]:
    lines = ["", f"### {about.id}", "", f"{about.title}. *{about.severity}, {LEVELS[about.level]}.*", ""]
    for word, text in (
        ("Why it matters", about.why),
        ("How it is decided", about.how),
        ("What is not reported", about.avoids),
        ("How to fix it", about.fix),
    ):
        lines.append(f"- **{word}.** {text}")
    if about.needs:
        lines.append(f"- **Needs.** {', '.join(f'`{need}`' for need in about.needs)}.")
    lines += [
        f"- **Limit `{limit.name}`** ({limit.default:g} {limit.unit}). {limit.sentence}" for limit in about.limits
    ]
    return lines


def renewed(page: str) -> str:
    """The page with its reference part written anew."""
    guide, marker, _old = page.partition(MARKER)
    if not marker:
        raise SystemExit(f"{PAGE} does not hold the line {MARKER.strip()!r}; it was left as it is.")
    return f"{guide}{marker}\n{reference()}"


if __name__ == "__main__":
    PAGE.write_text(renewed(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
