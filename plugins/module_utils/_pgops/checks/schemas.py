# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Checks of schemas: who owns what is in them, and names that are mistaken for one another."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache

from ..model.catalog.relations import Relation
from ..model.catalog.server import Schema
from ..model.catalog.snapshot import Catalog
from ..model.finding import Found
from ..model.identifiers import quote_ident
from .check import Group
from .naming import Named, names_of
from .parts.telling import listed
from .seen import Seen

GROUP = Group("schemas", "Schemas: who owns what is in them, and names that are mistaken for one another.")


def _of_schema(schema: Schema, message: str, no_fix: str, owners: list[str], confidence: str = "certain") -> Found:
    return Found(
        object=(schema.name,),
        object_type="schema",
        message=message,
        evidence={"owner": schema.owner, "owners": owners} if owners else {"owner": schema.owner},
        no_fix=no_fix,
        confidence=confidence,
        comment=(("pg_namespace", schema.oid, 0),),
    )


def _by_schema(catalog: Catalog) -> Iterator[tuple[Schema, list[Relation]]]:
    """Schemas with their own tables, views and sequences; a sequence that belongs to a column goes with its table."""
    owned = {use.sequence for use in catalog.sequence_uses if use.link in "ai"}
    relations: dict[str, list[Relation]] = {}
    for relation in catalog.own:
        if relation.oid not in owned and not relation.is_partition:
            relations.setdefault(relation.schema, []).append(relation)
    for schema in catalog.schemas.values():
        if not schema.of_extension and relations.get(schema.name):
            yield schema, relations[schema.name]


@GROUP.check(
    "schema-mixed-owners",
    severity="info",
    level="extended",
    title="A schema whose tables have several owners",
    why="A migration that changes two tables needs the rights of both owners, default privileges are one owner's, and "
    "a table made by the wrong role is out of reach for those who need it.",
    how="Tables, views and sequences of the schema belong to more than one role; partitions go with their root, and "
    "sequences of columns with their table.",
    avoids="Objects of extensions are left out.",
    fix="ALTER .. OWNER TO the role that runs migrations.",
)
def schema_mixed_owners(seen: Seen) -> Iterator[Found]:
    """Schemas with relations of several roles."""
    for schema, relations in _by_schema(seen.catalog):
        owners = Counter(relation.owner for relation in relations)
        if len(owners) > 1:
            told = [
                f"{owner} ({number})" for owner, number in sorted(owners.items(), key=lambda one: (-one[1], one[0]))
            ]
            message = f"The tables, views and sequences of {schema.name} belong to {listed(told)}."
            yield _of_schema(schema, message, "Which role should own them, a person must decide.", sorted(owners))


@GROUP.check(
    "schema-owner-mismatch",
    severity="info",
    level="opt_in",
    title="A schema whose owner does not own its tables",
    why="The schema's owner can drop all tables in it without owning any, and cannot change one of them.",
    how="There are tables, views or sequences, and none of them belongs to the schema's owner.",
    avoids="pg_database_owner, who owns public from PostgreSQL 15 on, stands for the owner of the database. Before, "
    "public belongs to whoever made the cluster, and is left out.",
    fix="ALTER SCHEMA .. OWNER TO the tables' owner, or the other way round.",
)
def schema_owner_mismatch(seen: Seen) -> Iterator[Found]:
    """Schemas whose owner owns nothing in them."""
    server = seen.catalog.server
    for schema, relations in _by_schema(seen.catalog):
        owner = server.owner if schema.owner == "pg_database_owner" else schema.owner
        owners = sorted({relation.owner for relation in relations})
        if owner in owners or (schema.name == "public" and server.major < 15):
            continue
        message = f"{schema.name} belongs to {owner}, and what is in it to {listed(owners)}."
        yield _of_schema(schema, message, "Which role should own them, a person must decide.", owners)


_STAGE = re.compile(
    r"(?:^|[_-])(dev|devel|development|test|testing|stage|staging|uat|qa|preprod|prod|production)(?:[_-]|$)"
)


@GROUP.check(
    "schema-stage-in-name",
    severity="info",
    level="opt_in",
    title="A schema named after a stage",
    why="Statements, views and functions that name dev_shop do not run in prod_shop: each stage needs its own copy of "
    "the code.",
    how="A word of the schema's name is dev, test, staging, qa, uat, prod or one like them.",
    avoids="Whole words count alone: contest or devices do not.",
    fix="Give each stage a database of its own, with the same schema names.",
)
def schema_stage_in_name(seen: Seen) -> Iterator[Found]:
    """Schemas with a stage in their name."""
    for schema in seen.catalog.schemas.values():
        found = _STAGE.search(schema.name.lower())
        if found is not None and not schema.of_extension:
            message = f"The name of the schema {schema.name} says the stage: {found.group(1)}."
            yield _of_schema(schema, message, "Programs must change with the name.", [], "possible")


@GROUP.check(
    "name-similar",
    severity="info",
    level="opt_in",
    title="Names that are easily mistaken for one another",
    why="user and users, order_item and orderitem, or two names that differ by a letter of another alphabet are taken "
    "for the same, and often once were.",
    how="Two tables or views of a schema, or two columns of a table, have the same name when case, underscores, a "
    "plural's s at the end and typographic variants of letters (Unicode NFKC, Greek and Cyrillic look-alikes) are "
    "taken away.",
    avoids="Partitions, indexes and constraints are not compared.",
    fix="Drop what is left over, or ALTER .. RENAME one of them.",
)
def name_similar(seen: Seen) -> Iterator[Found]:
    """Tables of a schema, or columns of a table, with nearly the same name."""
    alike: dict[tuple[str, ...], list[Named]] = {}
    for named in names_of(seen.catalog):
        if named.kind == "column":
            alike.setdefault((*named.place[:2], "column", _plain(named.name)), []).append(named)
        elif named.kind in ("table", "view", "materialized view", "foreign table"):
            alike.setdefault((named.place[0], _plain(named.name)), []).append(named)
    for group in alike.values():
        first = group[0]
        if len(group) > 1:
            others = [quote_ident(one.name) for one in group[1:]]
            message = f"The {first.kind} {quote_ident(first.name)} is easily mistaken for {listed(others)}."
            yield first.found(message, "possible", "Which of them is meant, a person must know.")


# Letters of Cyrillic and Greek that look like Latin ones.
_LOOK_ALIKE = str.maketrans(
    "\u0430\u0435\u043e\u0440\u0441\u0443\u0445\u0456\u0458\u0455\u0501"
    "\u03bf\u03b1\u03bd\u03c1\u03c5\u03c4\u03b9\u03ba",
    "aeopcyxijsdoavputik",
)


@lru_cache(maxsize=100_000)
def _plain(name: str) -> str:
    """The name without what the eye passes over."""
    text = unicodedata.normalize("NFKC", name).lower().translate(_LOOK_ALIKE)
    text = re.sub(r"[\s_\-]", "", text)
    return text[:-1] if len(text) > 3 and text.endswith("s") and not text.endswith("ss") else text
