# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes the reference part of docs/contract.md from the declarations that the reader of contracts uses.

Run it as `python3 docs/generate_contract.py`. What stands above the marker is written by hand and stays.
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "contract.md"
MARKER = "<!-- Everything below is generated: python3 docs/generate_contract.py -->\n"


def renewed(page: str) -> str:
    """The page with its reference part written anew."""
    library = str(ROOT / "plugins" / "module_utils")
    if library not in sys.path:
        sys.path.insert(0, library)
    from _pgops.model.contract.reference import reference

    guide, marker, _old = page.partition(MARKER)
    if not marker:
        raise SystemExit(f"{PAGE} does not hold the line {MARKER.strip()!r}; it was left as it is.")
    return f"{guide}{marker}\n{reference()}"


if __name__ == "__main__":
    PAGE.write_text(renewed(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
