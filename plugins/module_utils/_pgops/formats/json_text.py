# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""JSON as it is written to files: stable order, one value a line, so that two runs can be compared line by line."""

from __future__ import annotations

import json
from typing import Any


def json_text(document: Any) -> str:
    """The document as text with a final newline; keys stay in the order of the document."""
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"
