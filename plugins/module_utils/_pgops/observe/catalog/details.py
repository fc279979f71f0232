# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is read for chosen objects only, at the end of the catalog's snapshot: one query, or a few for many objects."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from ...model.catalog.health import Dangling
from ...model.catalog.snapshot import Catalog
from ...model.measured import Details, TypeDetails, Wanted
from .health_sql import DANGLING
from .stream import Row

#: Objects one query asks for: so many take some seconds, and no statement may take a minute.
OBJECTS = 100_000

# Values of sequences open each of them: they are asked for those that may run out, and no others.
SEQUENCE_VALUES = """
SELECT pg_catalog.json_build_array('sequence_value', s.oid,
  pg_catalog.pg_sequence_last_value(s.oid::pg_catalog.regclass))
FROM pg_catalog.unnest('{%s}'::int8[]) s (oid)
JOIN pg_catalog.pg_class c ON c.oid = s.oid::oid
"""

INDEX_DEFINITIONS = """
SELECT pg_catalog.json_build_array('definition', i.oid, pg_catalog.pg_get_indexdef(i.oid::oid))
FROM pg_catalog.unnest('{%s}'::int8[]) i (oid)
"""

# What another session has for itself alone, or waits to have, would hold up the whole reading: its size stays unknown.
SIZES = """
SELECT pg_catalog.json_build_array('size', c.oid, pg_catalog.pg_relation_size(c.oid::oid))
FROM pg_catalog.unnest('{%s}'::int8[]) c (oid)
WHERE NOT EXISTS (
  SELECT FROM pg_catalog.pg_locks l
  WHERE l.locktype = 'relation' AND l.mode = 'AccessExclusiveLock' AND l.relation = c.oid::oid
    AND l.database = (SELECT d.oid FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database()))
"""

_TEXT = """
SELECT pg_catalog.json_build_array('text {kind}', x.oid, {what})
FROM pg_catalog.unnest('{{%s}}'::int8[]) x (oid)
"""

# No function tells how an aggregate was made; the functions it is made of tell it apart from another.
_FUNCTION = """(
  SELECT CASE p.prokind WHEN 'a' THEN pg_catalog.concat_ws(', ', 'SFUNC = ' || a.aggtransfn::text,
      'STYPE = ' || pg_catalog.format_type(a.aggtranstype, -1), 'FINALFUNC = ' || NULLIF(a.aggfinalfn::text, '-'),
      'COMBINEFUNC = ' || NULLIF(a.aggcombinefn::text, '-'), 'INITCOND = ' || a.agginitval)
    ELSE pg_catalog.pg_get_functiondef(p.oid) END
  FROM pg_catalog.pg_proc p LEFT JOIN pg_catalog.pg_aggregate a ON a.aggfnoid = p.oid WHERE p.oid = x.oid::oid)"""

_RULES = """(
  SELECT pg_catalog.json_object_agg(w.rulename, pg_catalog.pg_get_ruledef(w.oid))::text FROM pg_catalog.pg_rewrite w
  WHERE w.ev_class = x.oid::oid AND w.rulename <> '_RETURN')"""

_FOREIGN = """(
  SELECT pg_catalog.concat('SERVER ', pg_catalog.quote_ident(s.srvname), ' OPTIONS ', f.ftoptions::text)
  FROM pg_catalog.pg_foreign_table f JOIN pg_catalog.pg_foreign_server s ON s.oid = f.ftserver
  WHERE f.ftrelid = x.oid::oid)"""

_COLLATION = """(
  SELECT pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.collname)
  FROM pg_catalog.pg_collation c JOIN pg_catalog.pg_namespace n ON n.oid = c.collnamespace WHERE c.oid = x.oid::oid)"""

_BOUND = """(
  SELECT pg_catalog.pg_get_expr(c.relpartbound, c.oid) FROM pg_catalog.pg_class c WHERE c.oid = x.oid::oid)"""

_TEXTS = {
    "view": "pg_catalog.pg_get_viewdef(x.oid::oid)",
    "function": _FUNCTION,
    "result": "pg_catalog.pg_get_function_result(x.oid::oid)",
    "trigger": "pg_catalog.pg_get_triggerdef(x.oid::oid)",
    "constraint": "pg_catalog.pg_get_constraintdef(x.oid::oid)",
    "rules": _RULES,
    "bound": _BOUND,
    "collation": _COLLATION,
    "foreign": _FOREIGN,
}

TYPES = """
SELECT pg_catalog.json_build_array('type', t.oid::int8, pg_catalog.json_build_object(
  'schema', n.nspname, 'name', t.typname, 'kind', t.typtype::text,
  'owner', pg_catalog.pg_get_userbyid(t.typowner), 'acl', t.typacl::text,
  'labels', ARRAY(SELECT e.enumlabel FROM pg_catalog.pg_enum e WHERE e.enumtypid = t.oid ORDER BY e.enumsortorder),
  'base', CASE WHEN t.typbasetype <> 0 THEN pg_catalog.format_type(t.typbasetype, t.typtypmod) END,
  'not_null', t.typnotnull, 'default', pg_catalog.pg_get_expr(t.typdefaultbin, 0),
  'collation', (SELECT pg_catalog.quote_ident(cn.nspname) || '.' || pg_catalog.quote_ident(c.collname)
    FROM pg_catalog.pg_collation c JOIN pg_catalog.pg_namespace cn ON cn.oid = c.collnamespace
    JOIN pg_catalog.pg_type b ON b.oid = t.typbasetype
    WHERE c.oid = t.typcollation AND t.typcollation <> b.typcollation),
  'checks', (SELECT pg_catalog.json_object_agg(k.conname, pg_catalog.pg_get_constraintdef(k.oid))
    FROM pg_catalog.pg_constraint k WHERE k.contypid = t.oid AND k.contype = 'c'),
  'attributes', CASE WHEN t.typrelid <> 0 THEN ARRAY(
    SELECT pg_catalog.json_build_array(a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod))
    FROM pg_catalog.pg_attribute a WHERE a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped
    ORDER BY a.attnum) END,
  'subtype', (SELECT pg_catalog.format_type(r.rngsubtype, -1) FROM pg_catalog.pg_range r WHERE r.rngtypid = t.oid)))
FROM pg_catalog.unnest('{%s}'::int8[]) x (oid)
JOIN pg_catalog.pg_type t ON t.oid = x.oid::oid
JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
"""

NULL_SHARES = """
SELECT pg_catalog.json_build_array('null_shares', c.oid::int8, pg_catalog.json_object_agg(s.attname, s.null_frac))
FROM pg_catalog.unnest('{%s}'::int8[]) x (oid)
JOIN pg_catalog.pg_class c ON c.oid = x.oid::oid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_stats s ON s.schemaname = n.nspname AND s.tablename = c.relname
  AND s.inherited = (c.relkind = 'p')
GROUP BY c.oid
"""


def detail_queries(catalog: Catalog, wanted: Wanted, most: int = OBJECTS) -> Iterator[str]:
    """The queries for all that is wanted, none where that is nothing; each asks for `most` objects at most."""
    kinds: dict[str, list[int]] = {}
    for kind, oid in wanted.texts:
        kinds.setdefault(kind, []).append(oid)
    asked: list[tuple[str, Iterable[int]]] = [
        (SEQUENCE_VALUES, [oid for oid in wanted.sequences if catalog.sequences[oid].readable]),
        (INDEX_DEFINITIONS, wanted.definitions),
        (SIZES, wanted.sizes),
        (TYPES, wanted.types),
        (NULL_SHARES, wanted.null_shares),
        *((_TEXT.format(kind=kind, what=_TEXTS[kind]), oids) for kind, oids in sorted(kinds.items())),
    ]
    parts = list(DANGLING) if wanted.dangling else []
    room = most
    for query, oids in asked:
        left = sorted(oids)
        while left:
            some, left = left[:room], left[room:]
            parts.append(query % ",".join(map(str, some)))
            room -= len(some)
            if not room:
                yield "UNION ALL".join(parts)
                parts, room = [], most
    if parts:
        yield "UNION ALL".join(parts)


def detail_rows(catalog: Catalog, details: Details) -> Callable[[list[Row]], None]:
    """What takes the rows of that query; objects that are gone by now have none."""
    places: dict[str, dict[int, Any]] = {
        "definition": details.definitions,
        "size": details.sizes,
        "null_shares": details.null_shares,
    }

    def take(rows: list[Row]) -> None:
        for kind, oid, value in rows:
            if value is None:
                continue
            if kind == "sequence_value":
                catalog.sequences[oid] = catalog.sequences[oid]._replace(last_value=value)
            elif kind.startswith("text "):
                details.texts[kind[5:], oid] = value
            elif kind == "dangling":
                details.dangling.append(Dangling(*value))
            elif kind == "type":
                details.types[oid] = _type(value)
            else:
                places[kind][oid] = value

    return take


def _type(row: dict[str, Any]) -> TypeDetails:
    attributes = tuple((name, kind) for name, kind in row.pop("attributes") or ())
    return TypeDetails(
        **{**row, "labels": tuple(row["labels"]), "checks": row["checks"] or {}, "attributes": attributes}
    )
