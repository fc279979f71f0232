# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Checks of names: what must be quoted, what is cut, what looks like something else; and of who owns what in a "
"schema."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ..model.catalog.relations import Relation
from ..model.catalog.snapshot import Catalog
from ..model.finding import Found, Limit
from ..model.identifiers import MAX_BYTES
from .check import Group
from .parts.telling import listed, table_comment
from .seen import Seen

GROUP = Group(
    "naming", "Names: what must be quoted, is cut, or looks like something else; and who owns a schema's tables."
)

_KINDS = {
    "r": "table",
    "p": "table",
    "v": "view",
    "m": "materialized view",
    "f": "foreign table",
    "S": "sequence",
}
_RENAMING = "A new name breaks every program that uses the old one; when to change it, a person must decide."


@dataclass(frozen=True)
class Named:
    """A name and whose it is. `generated`: PostgreSQL may have made it up, as for constraints and indexes."""

    kind: str
    place: tuple[str, ...]
    comment: tuple[tuple[str, int, int], ...]
    signature: str = ""
    generated: bool = False

    @property
    def name(self) -> str:
        """The name itself."""
        return self.place[-1]

    def found(self, message: str, confidence: str = "certain", no_fix: str = _RENAMING) -> Found:
        """A finding about the name."""
        return Found(
            object=self.place,
            object_type=self.kind,
            message=message,
            evidence={"name": self.name},
            no_fix=no_fix,
            confidence=confidence,
            signature=self.signature,
            comment=self.comment,
        )


def names_of(catalog: Catalog, matches: Callable[[str], bool] | None = None) -> Iterator[Named]:
    """All names that users gave, each once: partitions and what comes from a table above are left out.

    `matches`: only names of which it is true; a name that many columns share is asked about once.
    """
    wanted = _remembering(matches)
    for schema in catalog.schemas.values():
        if not schema.of_extension and wanted(schema.name):
            yield Named("schema", (schema.name,), (("pg_namespace", schema.oid, 0),))
    for relation in catalog.own:
        if relation.is_partition:
            continue
        if wanted(relation.name):
            yield Named(_KINDS[relation.kind], (relation.schema, relation.name), table_comment(relation))
        if relation.kind != "S":
            yield from _inside(catalog, relation, wanted)
    for function in catalog.functions.values():
        if not function.of_extension and wanted(function.name):
            comment = (("pg_proc", function.oid, 0),)
            yield Named("function", (function.schema, function.name), comment, f"({function.arguments})")


def _remembering(matches: Callable[[str], bool] | None) -> Callable[[str], bool]:
    known: dict[str, bool] = {}

    def wanted(name: str) -> bool:
        said = known.get(name)
        if said is None:
            said = known[name] = matches is None or matches(name)
        return said

    return wanted


def _inside(catalog: Catalog, relation: Relation, wanted: Callable[[str], bool]) -> Iterator[Named]:
    place = (relation.schema, relation.name)
    for column in catalog.columns.get(relation.oid, ()):
        if wanted(column.name) and not column.inherited:
            yield Named("column", (*place, column.name), table_comment(relation, column.number))
    for constraint in catalog.constraints.get(relation.oid, ()):
        if wanted(constraint.name) and not (constraint.inherited or constraint.of_extension):
            comment = (("pg_constraint", constraint.oid, 0), *table_comment(relation))
            yield Named("constraint", (*place, constraint.name), comment, generated=True)
    for index in catalog.indexes.get(relation.oid, ()):
        if wanted(index.name) and not (index.of_extension or index.oid in catalog.constraint_indexes):
            comment = (("pg_class", index.oid, 0), *table_comment(relation))
            yield Named("index", (relation.schema, index.name), comment, generated=True)
    for trigger in catalog.triggers.get(relation.oid, ()):
        if wanted(trigger.name) and not (trigger.internal or trigger.parent):
            comment = (("pg_trigger", trigger.oid, 0), *table_comment(relation))
            yield Named("trigger", (*place, trigger.name), comment)


@GROUP.check(
    "name-invisible-characters",
    severity="warning",
    title="A name with characters that cannot be seen",
    why="A blank at the end, a no-break space or a zero-width character makes two names that look alike differ: "
    'statements fail with "does not exist" though the name is plain to see. It comes from copying, never on purpose.',
    how="The name begins or ends with a blank, or holds a control or format character, a line or paragraph separator, "
    "or a space that is not the common one (Unicode classes Cc, Cf, Zl, Zp, Zs).",
    avoids="Letters of any script and common spaces inside are left to checks of taste.",
    fix="ALTER .. RENAME, with the programs that use the name.",
)
def name_invisible_characters(seen: Seen) -> Iterator[Found]:
    """Names with characters that do not show."""
    for named in names_of(seen.catalog, _hides_something):
        unseen = sorted({f"U+{ord(letter):04X}" for letter in named.name if _invisible(letter)})
        what = f"holds {listed(unseen)}" if unseen else "begins or ends with a blank"
        yield named.found(f"The name of the {named.kind} {ascii(named.name)} {what}.")


def _hides_something(name: str) -> bool:
    if name.isascii() and name.isprintable():
        return name[0] == " " or name[-1] == " "
    return name != name.strip(" ") or any(map(_invisible, name))


def _invisible(letter: str) -> bool:
    return letter != " " and unicodedata.category(letter) in ("Cc", "Cf", "Zl", "Zp", "Zs")


@GROUP.check(
    "name-reserved-keyword",
    severity="info",
    level="extended",
    title="A name that is a reserved word",
    why="It must stand in double quotes in every statement; where they are forgotten, the statement fails, or means "
    "something else: SELECT user is the session's user.",
    how="pg_get_keywords() of this server has the name as reserved: for tables and columns classes R and T; for "
    "functions R and C, which cannot be called without quotes.",
    avoids="Words that PostgreSQL knows and allows as names, such as name, key, value, status or timestamp, are well. "
    "Names of constraints, indexes and triggers are hardly ever written.",
    fix="ALTER .. RENAME, with the programs that use the name.",
)
def name_reserved_keyword(seen: Seen) -> Iterator[Found]:
    """Tables, columns and functions named like reserved words."""
    keywords = seen.catalog.keywords
    for named in names_of(seen.catalog, lambda name: keywords.get(name, "U") != "U"):
        if not named.generated and named.kind != "trigger":
            reserved = "RC" if named.kind == "function" else "RT"
            if keywords[named.name] in reserved:
                yield named.found(
                    f"{named.name} is a reserved word: the {named.kind} must be written in double quotes."
                )


@GROUP.check(
    "name-at-length-limit",
    severity="info",
    level="extended",
    title="A name that was probably cut",
    why=f"PostgreSQL cuts names after {MAX_BYTES} bytes, with no more than a notice: programs that compare the name "
    "with what they asked for do not find it, and two long names can become one.",
    how=f"The name is as long as a name can be: {MAX_BYTES} bytes (NAMEDATALEN - 1).",
    avoids="Names of constraints and indexes, which PostgreSQL itself shortens to that length, are left out.",
    fix="ALTER .. RENAME to a shorter one.",
    limits=(Limit("bytes", MAX_BYTES, "bytes", "Length from which a name is told."),),
)
def name_at_length_limit(seen: Seen, bytes: float) -> Iterator[Found]:
    """Names as long as names can be."""
    for named in names_of(seen.catalog, lambda name: _length(name) >= bytes):
        if not named.generated:
            length = _length(named.name)
            yield named.found(f"The name of the {named.kind} {named.name} is {length} bytes long.", "possible")


def _length(name: str) -> int:
    return len(name.encode("utf-8", "surrogatepass"))


_WITHOUT_QUOTES = re.compile(r"[a-z_\u0080-\U0010ffff][a-z0-9_$\u0080-\U0010ffff]*")


@GROUP.check(
    "name-needs-quotes",
    severity="info",
    level="opt_in",
    title="A name that must be quoted",
    why="Without double quotes it is folded to lower case, or is no name at all; each statement written by hand must "
    "think of it.",
    how="The name holds a capital letter, a blank or other sign, or begins with a digit.",
    avoids="Reserved words are another check's; letters beyond ASCII and $ need no quotes.",
    fix="ALTER .. RENAME, with the programs that use the name.",
)
def name_needs_quotes(seen: Seen) -> Iterator[Found]:
    """Names that mean themselves in double quotes only."""
    for named in names_of(seen.catalog, lambda name: not _WITHOUT_QUOTES.fullmatch(name)):
        yield named.found(f"The {named.kind} {named.name!r} must be written in double quotes.")


_UNUSUAL = re.compile("[^A-Za-z0-9_]")


@GROUP.check(
    "name-unusual-characters",
    severity="info",
    level="opt_in",
    title="A name with signs or letters beyond a to z",
    why="Tools that put statements together without quoting fail on blanks, dots and quotes; letters beyond ASCII "
    "depend on the encoding of every client and file.",
    how="The name holds something other than ASCII letters, digits and the underscore.",
    avoids="Capitals are well here.",
    fix="ALTER .. RENAME, with the programs that use the name.",
)
def name_unusual_characters(seen: Seen) -> Iterator[Found]:
    """Names with anything but ASCII letters, digits and underscores."""
    for named in names_of(seen.catalog, lambda name: bool(_UNUSUAL.search(name))):
        shown = listed([ascii(sign) for sign in sorted(set(_UNUSUAL.findall(named.name)))])
        yield named.found(f"The name of the {named.kind} {named.name!r} holds {shown}.")


def _style(name: str) -> str:
    """`snake` or `capitals` for a name of several words, '' for others."""
    if name != name.lower():
        return "capitals"
    return "snake" if "_" in name.strip("_") else ""


@GROUP.check(
    "name-casing",
    severity="info",
    level="opt_in",
    title="A name in another style than its neighbours",
    why="Where most names are user_id, one that is userId must be looked up each time.",
    how="Most of the table and column names of several words in the schema are in snake_case, and this one has "
    "capitals; or the other way round.",
    avoids="One word in lower case fits both styles. Other kinds of names are not counted.",
    fix="ALTER .. RENAME, with the programs that use the name.",
)
def name_casing(seen: Seen) -> Iterator[Found]:
    """Tables and columns whose style is not that of most in the schema."""
    styled = names_of(seen.catalog, lambda name: bool(_style(name)))
    named = [one for one in styled if one.kind in ("table", "column", "view")]
    styles: dict[str, Counter[str]] = {}
    for one in named:
        styles.setdefault(one.place[0], Counter())[_style(one.name)] += 1
    for one in named:
        usual, number = styles[one.place[0]].most_common(1)[0]
        all_names = sum(styles[one.place[0]].values())
        if _style(one.name) != usual and number * 2 > all_names:
            words = "snake_case" if usual == "snake" else "capitals"
            yield one.found(
                f"{number} of {all_names} names in {one.place[0]} are in {words}, {one.name} is not.", "possible"
            )
