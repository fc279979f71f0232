# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A review as JUnit XML, which continuous integration shows: a suite for each group, a case for each check or finding.

Warnings and worse are failures; notes pass, with their text; what could not be checked is an error, never a pass.
"""

from __future__ import annotations

import re
from xml.etree import ElementTree

from ..model.finding import CheckInfo, Finding
from ..model.review import Review

# What XML 1.0 cannot hold.
_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def review_junit(review: Review) -> str:
    """The review as an XML document."""
    root = ElementTree.Element("testsuites", name=_clean(f"review of {review.database}"))
    totals = [0, 0, 0, 0]
    for group in dict.fromkeys(check.group for check in review.checks):
        suite = ElementTree.SubElement(root, "testsuite", name=group, timestamp=review.moment.rstrip("Z"))
        for check in review.checks:
            if check.group == group:
                _cases(suite, check, review)
        counts = [
            len(suite.findall("testcase")),
            *(len(suite.findall(f"testcase/{word}")) for word in ("failure", "error", "skipped")),
        ]
        _count(suite, counts)
        totals = [total + count for total, count in zip(totals, counts)]
    _count(root, totals)
    text = ElementTree.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'


def _count(element: ElementTree.Element, counts: list[int]) -> None:
    for word, count in zip(("tests", "failures", "errors", "skipped"), counts):
        element.set(word, str(count))
    element.set("time", "0")


def _cases(suite: ElementTree.Element, check: CheckInfo, review: Review) -> None:
    found = [finding for finding in review.findings if finding.check == check.id]
    undone = [one for one in review.not_checked if one.check == check.id]
    for finding in found:
        _case(_element(suite, check, finding.object), finding)
    for one in undone:
        case = _element(suite, check, one.object or "not checked")
        error = ElementTree.SubElement(case, "error", type="not checked", message=_clean(one.reason))
        error.text = _clean(one.reason)
    if not found and not undone:
        _element(suite, check, "")


def _element(suite: ElementTree.Element, check: CheckInfo, name: str) -> ElementTree.Element:
    title = f"{check.id} {name}".rstrip()
    return ElementTree.SubElement(suite, "testcase", classname=check.group, name=_clean(title), time="0")


def _case(case: ElementTree.Element, finding: Finding) -> None:
    if finding.suppressed is not None:
        ElementTree.SubElement(case, "skipped", message=_clean(finding.suppressed))
    elif finding.severity == "info":
        ElementTree.SubElement(case, "system-out").text = _clean(finding.message)
    else:
        failure = ElementTree.SubElement(case, "failure", type=finding.severity, message=_clean(finding.message))
        steps = finding.fix.steps if finding.fix is not None else ()
        sql = [statement for step in steps for statement in step.sql]
        failure.text = _clean(
            "\n".join([finding.message, *(f"{statement};" for statement in sql), finding.no_fix]).rstrip()
        )


def _clean(text: str) -> str:
    return _FORBIDDEN.sub("\ufffd", text)
