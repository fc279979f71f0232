# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Drafts the contract of a database, and keeps the draft in a file that a person goes on with."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import Any

from ..database.session import Session
from ..files import read_whole, write_atomic
from ..formats.yaml_text import yaml_text
from ..model.catalog.relations import Relation
from ..model.catalog.snapshot import Catalog, Unread
from ..model.contract.parse import parse_contract
from ..model.errors import RefusedError
from ..model.identifiers import QualifiedName
from ..model.measured import Details, Wanted
from ..model.settings.contract_info import ContractInfoSettings
from ..observe.catalog.patience import read_patiently
from .contract_draft import Draft, draft_contract
from .inventory_scope import Scope

#: How many characters of a draft a result may carry; the file is never cut.
INLINE = 1_000_000
_HEAD = (
    "A draft of the contract of database {database}, made from what the database is. Read it, correct it, and make it "
    "yours: what stands here will be required, what is left out will be left alone.",
    "Lines like this one are remarks and questions; they may go. docs/contract.md explains every key.",
)
# An untouched draft is told from one that somebody worked on by the digest of all above this line.
_MARK = "# Untouched draft, sha256 {digest}; this line may go.\n"
_MARKED = re.compile(rb"# Untouched draft, sha256 ([0-9a-f]{64}); this line may go\.\n\Z")


@dataclass(frozen=True)
class Outcome:
    """What came of it. `text` is the whole file; `before` what stood in it; `changed` tells that it was or would be
    written.
    """

    draft: Draft
    text: str
    path: str | None
    before: str
    changed: bool
    unread: tuple[Unread, ...]
    notes: tuple[str, ...]


def make_draft(session: Session, settings: ContractInfoSettings, check_mode: bool) -> Outcome:
    """The draft for the session's database; in check mode nothing is written.

    :raises RefusedError: when somebody worked on the file, or no contract can name the database.
    :raises PgOpsError: when the file cannot be read or written.
    """
    scope = Scope(tuple(settings.schemas), tuple(settings.exclude_schemas))
    path = settings.path or None
    before = _untouched(path) if path else b""

    def want(catalog: Catalog) -> Wanted:
        return _wanted(catalog, scope)

    catalog, details = read_patiently(session, want)
    draft = draft_contract(catalog, details, scope)
    parse_contract(draft.contract)
    text = text_of(draft, session.database)
    changed = path is not None and before != text.encode("utf-8")
    if path is not None and changed and not check_mode:
        write_atomic(path, text)
    notes = tuple(
        f"No schema of database {session.database} is called {name} or fits it."
        for name in scope.unmatched(catalog.schemas)
    )
    return Outcome(
        draft, text, path, before.decode("utf-8", "replace"), changed, tuple(_unread(catalog, details, scope)), notes
    )


def text_of(draft: Draft, database: str) -> str:
    """The draft as the text of its file."""
    head = [paragraph.format(database=database) for paragraph in _HEAD]
    body = yaml_text(draft.contract, {**draft.comments, (): [*head, *draft.comments.get((), [])]})
    return body + _MARK.format(digest=hashlib.sha256(body.encode("utf-8")).hexdigest())


def result_of(outcome: Outcome) -> dict[str, Any]:
    """What the module returns, cut to what a play can carry."""
    truncated = len(outcome.text) > INLINE
    contract = outcome.draft.contract
    result: dict[str, Any] = {
        "changed": outcome.changed,
        "contract": {name: contract[name] for name in ("contract", "database", "schema")} if truncated else contract,
        "text": outcome.text[:INLINE],
        "truncated": truncated,
        "questions": outcome.draft.questions[:200],
        "unread": [{"what": one.what, "reason": one.reason} for one in outcome.unread],
        "notes": list(outcome.notes),
        "path": outcome.path,
    }
    if outcome.path is not None:
        result["diff"] = {
            "before_header": outcome.path,
            "after_header": outcome.path,
            "before": outcome.before[:INLINE],
            "after": outcome.text[:INLINE],
        }
    return result


def _wanted(catalog: Catalog, scope: Scope) -> Wanted:
    """What is to be read beyond the catalog."""
    tables = [table for table in catalog.table_roots if scope.covers(table.schema)]
    return Wanted(null_shares=frozenset(table.oid for table in tables))


def _unread(catalog: Catalog, details: Details, scope: Scope) -> list[Unread]:
    """What of the questions could not be asked, and why."""
    tables = [table for table in catalog.table_roots if scope.covers(table.schema)]
    hidden = [table for table in tables if not table.readable]
    never = [table for table in tables if table.readable and table.oid not in details.null_shares]
    found = []
    if hidden:
        found.append(Unread("shares of NULLs", f"this role may not read {_some(hidden)}"))
    if never:
        found.append(Unread("shares of NULLs", f"without rows, or never analyzed: {_some(never)}"))
    return found


def _some(tables: list[Relation]) -> str:
    names = [str(QualifiedName(table.schema, table.name)) for table in tables]
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")


def _untouched(path: str) -> bytes:
    """What stands in the file, empty where there is none yet; refused where a person worked on it."""
    content = read_whole(path)
    if not content:
        return b""
    mark = _MARKED.search(content)
    if mark is None or hashlib.sha256(content[: mark.start()]).hexdigest().encode() != mark.group(1):
        raise RefusedError(
            f"{path} is no untouched draft: somebody worked on it, or it is another file. It was left as it is. "
            "Give another path, or move the file away.",
            path=path,
        )
    return content
