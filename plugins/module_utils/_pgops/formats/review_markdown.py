# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A review as Markdown: the verdict first, then what to do about each finding, the same from run to run."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from ..model.finding import SEVERITIES, CheckInfo, Finding, Fix, Step
from ..model.review import Review, count_text
from .one_line import one_line, shown

# An underscore within a word is none of Markdown's.
_SPECIAL = re.compile(r"([\\`*\[\]<>&|~]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9]))")
_TITLES = {"critical": "Critical", "error": "Errors", "warning": "Warnings", "info": "Notes"}


def review_markdown(review: Review) -> str:
    """The whole review as a Markdown document."""
    return "\n".join(_lines(review)) + "\n"


def verdict_sentence(review: Review) -> str:
    """The verdict in one sentence: `critical: 2 errors, 1 warning in database shop; 1 check could not be done.`"""
    counts = review.summary
    words = {"critical": "critical finding", "info": "note"}
    said = count_text((counts[severity], words.get(severity, severity)) for severity in SEVERITIES)
    undone = len({one.check for one in review.not_checked})
    rest = f"; {count_text([(undone, 'check')])} could not be done in full" if undone else ""
    return f"{review.verdict}: {said} in database {review.database}{rest}."


def plain(text: str) -> str:
    """Text in which nothing is taken for Markdown or HTML, on one line."""
    return _SPECIAL.sub(r"\\\1", one_line(text))


def code(text: str) -> str:
    """Text as a code span, whatever backticks it holds."""
    text = one_line(text) or " "
    fence = "`" * (_longest_ticks(text) + 1)
    pad = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{fence}{pad}{text}{pad}{fence}"


def _longest_ticks(text: str) -> int:
    return max((len(run) for run in re.findall("`+", text)), default=0)


def _lines(review: Review) -> Iterator[str]:
    server = f"PostgreSQL {review.server_version}" + (", a standby" if review.scope["standby"] else "")
    yield f"# Review of database {plain(review.database)}"
    yield ""
    yield f"**{plain(verdict_sentence(review))}**"
    yield ""
    scope = review.scope
    yield f"Made {review.moment} on {plain(server)}, as role {code(scope['user'])}, by {len(review.checks)} checks"
    with_contract = "with" if scope["contract"] else "without"
    yield f"{with_contract} a contract; {scope['tables']} tables and {scope['views']} views."
    yield ""
    yield from _summary(review)
    checks = {check.id: check for check in review.checks}
    for severity in SEVERITIES:
        found = [finding for finding in review.counted if finding.severity == severity]
        if found:
            yield f"## {_TITLES[severity]}"
            yield ""
            yield from _findings(found, checks)
    yield from _rest(review)


def _summary(review: Review) -> Iterator[str]:
    yield "| critical | error | warning | info | suppressed | new | resolved | not checked |"
    yield "|---|---|---|---|---|---|---|---|"
    yield "| " + " | ".join(map(str, [*review.summary.values(), len(review.not_checked)])) + " |"
    yield ""


def _findings(findings: Iterable[Finding], checks: dict[str, CheckInfo]) -> Iterator[str]:
    last = ""
    for finding in findings:
        if finding.check != last:
            last = finding.check
            about = checks[finding.check]
            yield f"### {finding.check}"
            yield ""
            yield plain(f"{about.title}. {about.why}")
            yield ""
        state = " **new**" if finding.state == "new" else ""
        sure = "" if finding.confidence == "certain" else f" ({finding.confidence})"
        yield f"- {code(finding.object)} ({plain(finding.object_type)}){state}: {plain(finding.message)}{sure}"
        yield ""
        yield from _remedy(finding)


def _remedy(finding: Finding) -> Iterator[str]:
    if finding.fix is None:
        if finding.no_fix:
            yield f"  {plain(finding.no_fix)}"
            yield ""
        return
    yield from _sql(finding.fix.steps)
    yield from _undo(finding.fix)


def _undo(fix: Fix) -> Iterator[str]:
    if fix.undo is None:
        yield f"  No way back: {plain(fix.undo_reason)}."
        yield ""
    elif fix.undo:
        yield "  To take it back:"
        yield ""
        yield from _sql(fix.undo)


def _sql(steps: Iterable[Step]) -> Iterator[str]:
    for step in steps:
        # The JSON document has it as it is.
        text = shown("\n".join(script_of(step)))
        fence = "`" * max(3, _longest_ticks(text) + 1)
        yield f"  {fence}sql"
        yield from (f"  {line}" for line in text.split("\n"))
        yield f"  {fence}"
        yield ""


def script_of(step: Step) -> list[str]:
    """A step as lines for psql, with its locks as a comment and its transaction around it."""
    locks = "; ".join(f"{lock.mode} on {one_line(lock.object)}" for lock in step.locks) or "none on a relation"
    rewrite = {"no": "", "yes": ", writes the table anew", "depends": ", may write the table anew"}[step.rewrite]
    head = f"-- locks: {locks}{rewrite}"
    statements = [f"{statement.rstrip().rstrip(';')};" for statement in step.sql]
    if not step.transaction:
        return [f"{head}; outside a transaction", *statements]
    return [head, "BEGIN;", "SET LOCAL lock_timeout = '1s';", *statements, "COMMIT;"]


def _rest(review: Review) -> Iterator[str]:
    if review.not_checked:
        yield "## Not checked"
        yield ""
        for one in review.not_checked:
            where = f" {code(one.object)}" if one.object else ""
            yield f"- {one.check}{where}: {plain(one.reason)}"
        yield ""
    suppressed = [finding for finding in review.findings if finding.suppressed is not None]
    if suppressed:
        yield "## Suppressed"
        yield ""
        for finding in suppressed:
            yield f"- {finding.check} {code(finding.object)}: {plain(finding.suppressed or '')}"
        yield ""
    if review.resolved:
        yield "## Resolved since the earlier review"
        yield ""
        for gone in review.resolved:
            yield f"- {plain(str(gone['check']))} {code(str(gone['object']))}"
        yield ""
    if review.notes:
        yield "## Remarks"
        yield ""
        yield from (f"- {plain(note)}" for note in review.notes)
        yield ""
