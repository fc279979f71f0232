# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Text of others for one line of a report: no line breaks, and nothing that a terminal would obey."""

from __future__ import annotations

import unicodedata

#: Control and format characters (which also turn the direction of text around), and halves of characters.
_UNSEEN = ("Cc", "Cf", "Cs")


#: Further ends of lines, as some programs see them.
_ENDS = ("Zl", "Zp")


def shown(text: str) -> str:
    """Lines with all their white space; of what else is unseen, every character as U+FFFD."""
    unseen = (*_UNSEEN, *_ENDS)
    return "".join("\ufffd" if char not in "\n\t" and unicodedata.category(char) in unseen else char for char in text)


def one_line(text: str) -> str:
    """The text with white space folded, and every unseen character as U+FFFD."""
    folded = " ".join(text.split())
    return "".join("\ufffd" if unicodedata.category(char) in _UNSEEN else char for char in folded)
