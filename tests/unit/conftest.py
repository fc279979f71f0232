# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The library as it travels, and the tooling of script/, importable from the tests."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
for place in (ROOT / "plugins" / "module_utils", ROOT / "script"):
    if str(place) not in sys.path:
        sys.path.insert(0, str(place))
