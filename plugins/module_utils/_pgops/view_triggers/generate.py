# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The wanted triggers of a view: three functions, three triggers, and what is kept with them to know them again."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass

from ..model.identifiers import generated_name, quote_ident, quote_literal
from .change_bodies import delete_body, update_body
from .insert_body import insert_body
from .policy import Policy
from .shape import Shape

#: Raised when the generated code changes, so that older triggers are made anew.
GENERATOR = 1
EVENTS = ("insert", "update", "delete")
#: Fixed for every generated function: nothing a caller puts into its own path is found by it.
SEARCH_PATH = "search_path=pg_catalog, pg_temp"
AUTHOR = "pgops view trigger"


@dataclass(frozen=True)
class WantedFunction:
    """One function and the trigger that calls it; both bear the same name."""

    event: str
    name: str
    source: str
    security_definer: bool
    comment: str


def function_names(view: str) -> dict[str, str]:
    """The name for each event."""
    return {event: generated_name("pgops_", view, f"_{event}") for event in EVENTS}


def generate(policy: Policy) -> tuple[WantedFunction, ...]:
    """The functions a view needs, complete."""
    shape = policy.shape
    bodies = {"insert": insert_body(policy), "update": update_body(policy), "delete": delete_body(policy)}
    comment = f"{AUTHOR}; generator {GENERATOR}; model {model_fingerprint(shape)}; policy {policy_fingerprint(policy)}"
    return tuple(
        WantedFunction(event, name, bodies[event], policy.definer, comment)
        for event, name in function_names(shape.view.name).items()
    )


def model_fingerprint(shape: Shape) -> str:
    """16 hex digits over what the view is, by names only: they survive dump, restore and upgrade.

    Aliases are left out: PostgreSQL makes up others for tables that were renamed.
    """
    tables = {
        part.sql_name: {
            "columns": [
                [c.name, c.type, c.not_null, c.default is not None, c.identity, c.generated] for c in part.table.columns
            ],
            "unique": sorted([unique.columns, unique.equality] for unique in part.table.unique_indexes),
            "update_of_triggers": part.table.update_of_triggers,
        }
        for part in shape.parts
    }
    places = [
        [place.view_column.name, place.view_column.type, shape.part(place.part).symbol, place.column.name]
        for place in shape.places
    ]
    parts = [[part.symbol, part.sql_name, part.preserved, part.key.columns if part.key else ()] for part in shape.parts]
    return _digest([shape.sql_name, parts, list(shape.joins), places, tables])


def policy_fingerprint(policy: Policy) -> str:
    """16 hex digits over what the owner decided."""
    return _digest(
        [
            policy.root.symbol,
            [[c.place.view_column.name, c.update_refusal, c.insert_refusal, c.keeps_null] for c in policy.columns],
            policy.on_conflict,
            list(policy.conflict_key),
            {policy.shape.part(index).symbol: values for index, values in policy.fixed.items()},
            [part.symbol for part in policy.deletes],
            [policy.insert_refusal, policy.delete_refusal, policy.follows, policy.skips_concurrent, policy.definer],
        ]
    )


def _digest(value: object) -> str:
    text = json.dumps(value, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("ascii")).hexdigest()[:16]


def create_function(schema: str, wanted: WantedFunction) -> str:
    """CREATE OR REPLACE FUNCTION, whole."""
    security = "SECURITY DEFINER" if wanted.security_definer else "SECURITY INVOKER"
    tag = "$pgops$"
    body = f"{tag}{wanted.source}{tag}" if tag not in wanted.source else quote_literal(wanted.source)
    return (
        f"CREATE OR REPLACE FUNCTION {quote_ident(schema)}.{quote_ident(wanted.name)}() RETURNS trigger\n"
        f"LANGUAGE plpgsql VOLATILE {security}\nSET search_path = pg_catalog, pg_temp\nAS {body}"
    )


def create_trigger(shape: Shape, wanted: WantedFunction) -> str:
    """CREATE TRIGGER for the function."""
    return (
        f"CREATE TRIGGER {quote_ident(wanted.name)} INSTEAD OF {wanted.event.upper()} ON {shape.sql_name}\n"
        f"FOR EACH ROW EXECUTE FUNCTION {quote_ident(shape.view.schema)}.{quote_ident(wanted.name)}()"
    )
