# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A view's stored query tree as the model's `ViewQuery`.

Read from the tree itself, not from its text or from names: see the PostgreSQL sources `parsenodes.h`, `primnodes.h`.
The field names used here are the same in PostgreSQL 13 to 18.
"""

from __future__ import annotations

from typing import Any

from ..model.catalog.view import Attribute, Equality, JoinedRelation, Target, ViewQuery
from .node_tree import read_nodes

_RTE_RELATION, _RTE_JOIN = "0", "2"
_INNER_JOIN = "0"
_JOIN_NAMES = {"1": "a LEFT JOIN", "2": "a FULL JOIN", "3": "a RIGHT JOIN"}
_RTE_NAMES = {
    "1": "a subquery in FROM",
    "3": "a function in FROM",
    "4": "a table function in FROM",
    "5": "VALUES in FROM",
    "6": "a common table expression",
    "9": "GROUP BY",
}
_FLAGS = {
    "hasAggs": "an aggregate",
    "hasWindowFuncs": "a window function",
    "hasTargetSRFs": "a set-returning function",
    "hasSubLinks": "a subquery in an expression",
    "hasForUpdate": "row locks",
}
_LISTS = {
    "cteList": "a common table expression",
    "groupClause": "GROUP BY",
    "groupingSets": "GROUPING SETS",
    "havingQual": "HAVING",
    "windowClause": "a window",
    "distinctClause": "DISTINCT",
    "limitOffset": "OFFSET",
    "limitCount": "LIMIT",
    "rowMarks": "row locks",
    "setOperations": "UNION, INTERSECT or EXCEPT",
}


def read_view_query(ev_action: str) -> ViewQuery:
    """The model of the query that `pg_rewrite.ev_action` of a view's `_RETURN` rule holds.

    :raises PgOpsError: when the text cannot be read.
    """
    (query,) = read_nodes(ev_action)
    return _Reader(query).result()


class _Reader:
    """Walks one query node and gathers relations, equalities, targets and obstacles."""

    def __init__(self, query: dict[str, Any]) -> None:
        self._query = query
        self._range_table = query["rtable"] or []
        self._relations: list[JoinedRelation] = []
        self._equalities: list[Equality] = []
        self._obstacles: list[str] = []

    def result(self) -> ViewQuery:
        self._refuse_by_flag()
        self._walk(self._query["jointree"])
        targets = tuple(self._target(entry) for entry in self._query["targetList"] or [] if entry["resjunk"] != "true")
        return ViewQuery(
            relations=tuple(self._relations),
            equalities=tuple(self._equalities),
            targets=targets,
            obstacles=tuple(dict.fromkeys(self._obstacles)),
        )

    def _refuse_by_flag(self) -> None:
        self._obstacles += [words for flag, words in _FLAGS.items() if self._query.get(flag) == "true"]
        self._obstacles += [words for name, words in _LISTS.items() if self._query.get(name)]

    def _walk(self, node: dict[str, Any]) -> None:
        if node["NODE"] == "RANGETBLREF":
            self._relation(int(node["rtindex"]))
            return
        if node["NODE"] == "FROMEXPR":
            for part in node["fromlist"] or []:
                self._walk(part)
        else:
            if node["jointype"] != _INNER_JOIN:
                self._obstacles.append(_JOIN_NAMES.get(node["jointype"], "a join of another kind than INNER"))
            self._walk(node["larg"])
            self._walk(node["rarg"])
        if node["quals"]:
            self._quals(node["quals"])

    def _relation(self, index: int) -> None:
        entry = self._range_table[index - 1]
        if entry["rtekind"] != _RTE_RELATION:
            self._obstacles.append(_RTE_NAMES.get(entry["rtekind"], "something else than a table in FROM"))
            return
        if entry.get("tablesample"):
            self._obstacles.append("TABLESAMPLE")
        if entry.get("inh") == "false":
            self._obstacles.append("FROM ONLY")
        self._relations.append(JoinedRelation(index, entry["eref"]["aliasname"], int(entry["relid"])))

    def _quals(self, node: dict[str, Any]) -> None:
        if node["NODE"] == "BOOLEXPR" and node["boolop"] == "and":
            for part in node["args"]:
                self._quals(part)
            return
        if _is_true(node):
            return
        arguments = node["args"] if node["NODE"] == "OPEXPR" else []
        sides = [self._attribute(part) for part in arguments]
        left, right = sides if len(sides) == 2 else (None, None)
        if left is None or right is None or left.relation == right.relation:
            self._obstacles.append("a condition that is not an equality between columns of two tables")
            return
        casts = [int(part["resulttype"]) if part["NODE"] == "RELABELTYPE" else 0 for part in arguments]
        self._equalities.append(Equality(left, right, int(node["opno"]), int(node["inputcollid"]), casts[0], casts[1]))

    def _target(self, entry: dict[str, Any]) -> Target:
        source = self._attribute(entry["expr"])
        if source is None:
            self._obstacles.append(f"the column {entry['resname']}, which is not plainly a column of a table")
        return Target(entry["resname"], source, entry["expr"]["NODE"] == "RELABELTYPE")

    def _attribute(self, node: dict[str, Any]) -> Attribute | None:
        """The column a node stands for, through binary-compatible casts and the columns of named joins."""
        while node["NODE"] == "RELABELTYPE":
            node = node["arg"]
        if node["NODE"] != "VAR" or node["varlevelsup"] != "0":
            return None
        index, number = int(node["varno"]), int(node["varattno"])
        entry = self._range_table[index - 1]
        if entry["rtekind"] == _RTE_JOIN:
            return self._attribute(entry["joinaliasvars"][number - 1]) if number > 0 else None
        if entry["rtekind"] != _RTE_RELATION or number <= 0:
            return None
        return Attribute(index, number)


def _is_true(node: dict[str, Any]) -> bool:
    """Whether a condition is the constant TRUE, as in `JOIN .. ON true` with the equality in WHERE."""
    if node["NODE"] != "CONST" or node["consttype"] != "16" or node["constisnull"] == "true":
        return False
    return bool(node["constvalue"][1][0] == "1")
