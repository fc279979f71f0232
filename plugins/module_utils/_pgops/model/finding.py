# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A finding: one thing that a check found wrong at one object, and what would mend it. Plain data, no judgement."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Any, Union

from .identifiers import quote_ident

#: From worst to mildest; what a person may ask for and what an exit code is made from.
SEVERITIES = ("critical", "error", "warning", "info")
#: How sure a finding is: `certain` follows from the catalog or the data, `likely` from statistics or an estimate,
#: `possible` from names and conventions.
CONFIDENCES = ("certain", "likely", "possible")

#: Which checks run: `default` always, `extended` when asked for as a level, `opt_in` when asked for by group or name.
LEVELS = ("default", "extended", "opt_in")

Value = Union[str, int, float, bool, None, list[Any], dict[str, Any]]


@dataclass(frozen=True)
class Lock:
    """A lock that a statement takes: on what, in which mode (`ACCESS EXCLUSIVE`, `SHARE UPDATE EXCLUSIVE`, ...)."""

    object: str
    mode: str


@dataclass(frozen=True)
class Step:
    """Statements to be run together. `transaction`: in one transaction; else each on its own, outside of any.

    `rewrite` tells whether the table is written anew: no, yes, or depends.
    """

    sql: tuple[str, ...]
    transaction: bool = True
    locks: tuple[Lock, ...] = ()
    rewrite: str = "no"

    def as_dict(self) -> dict[str, Any]:
        """The step as it stands in documents."""
        return {
            "sql": list(self.sql),
            "transaction": self.transaction,
            "locks": [{"object": lock.object, "mode": lock.mode} for lock in self.locks],
            "rewrite": self.rewrite,
        }


@dataclass(frozen=True)
class Fix:
    """Steps in order that make the finding go away, and those that take them back.

    `undo` None means that there is no way back, with `undo_reason` why. `automatic`: may be applied without a person.
    """

    steps: tuple[Step, ...]
    undo: tuple[Step, ...] | None = None
    undo_reason: str = ""
    automatic: bool = False

    def as_dict(self) -> dict[str, Any]:
        """The fix as it stands in documents."""
        return {
            "steps": [step.as_dict() for step in self.steps],
            "undo": None if self.undo is None else [step.as_dict() for step in self.undo],
            "undo_reason": self.undo_reason,
            "automatic": self.automatic,
        }


@dataclass(frozen=True)
class Found:
    """What a check's function yields; the registry makes a finding of it.

    `object` are the names of the object, outermost first, unquoted: `("public", "t", "c")`; `signature` follows the
    last one as it is, for functions: `(integer, text)`. `severity` overrides the check's own. `no_fix` says why there
    is no fix, where there is none. `comment` is where a pragma may stand: catalog, OID, column number; more than one
    may be given. `detail` tells findings of one check at one object apart, such as the name of a missing column.
    """

    object: tuple[str, ...]
    object_type: str
    message: str
    evidence: dict[str, Value] = field(default_factory=dict)
    fix: Fix | None = None
    no_fix: str = ""
    severity: str | None = None
    confidence: str = "certain"
    signature: str = ""
    detail: str = ""
    comment: tuple[tuple[str, int, int], ...] = ()


@dataclass(frozen=True)
class NotChecked:
    """A check, or a part of it, that could not be done: never a pass. `object` is '' where all of it was not."""

    check: str
    reason: str
    object: str = ""

    def as_dict(self) -> dict[str, str]:
        """The entry as it stands in documents."""
        return {"check": self.check, "reason": self.reason, "object": self.object}


@dataclass(frozen=True)
class Limit:
    """A threshold of a check that a person may set: its name, default, unit, and one sentence."""

    name: str
    default: float
    unit: str
    sentence: str


@dataclass(frozen=True)
class CheckInfo:
    """All that is said of a check; the reference page is made from it.

    `severity` is what its findings have unless one says otherwise. `needs` are words for what it cannot do without:
    `contract`, `usage` (usage statistics of known age) or what a catalog may lack (`Unread.what`). `title` is a short
    noun phrase; `why`, `how`, `avoids` and `fix` are sentences: why it matters, how it is decided, which false
    positives are avoided, how to mend it.
    """

    id: str
    group: str
    severity: str
    level: str
    title: str
    why: str
    how: str
    avoids: str
    fix: str
    needs: tuple[str, ...] = ()
    limits: tuple[Limit, ...] = ()


@dataclass(frozen=True)
class Finding:
    """A finding as it stands in documents. `suppressed` is the reason, None where it counts.

    `state` is `new` or `known` where it was compared with an earlier review, else ''.
    """

    check: str
    group: str
    severity: str
    object: str
    object_type: str
    names: tuple[str, ...]
    message: str
    evidence: dict[str, Value]
    key: str
    confidence: str
    fix: Fix | None
    no_fix: str = ""
    suppressed: str | None = None
    state: str = ""

    def as_dict(self) -> dict[str, Any]:
        """The finding as it stands in documents and module results."""
        return {
            "check": self.check,
            "group": self.group,
            "severity": self.severity,
            "object": self.object,
            "object_type": self.object_type,
            "message": self.message,
            "evidence": self.evidence,
            "key": self.key,
            "confidence": self.confidence,
            "suppressed": self.suppressed,
            "state": self.state,
            "fix": None if self.fix is None else self.fix.as_dict(),
            "no_fix": self.no_fix,
        }


def object_text(names: tuple[str, ...], signature: str = "") -> str:
    """The object as SQL spells it: `public."Odd".c`, `public.f(integer)`."""
    return ".".join(quote_ident(name) for name in names) + signature


def finding_key(check: str, object_type: str, names: tuple[str, ...], signature: str = "", detail: str = "") -> str:
    """16 hex digits that stay the same from run to run: from names alone, never from OIDs, numbers or messages."""
    parts = (check, object_type, *names, signature, detail)
    return hashlib.sha256("\x1f".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:16]
