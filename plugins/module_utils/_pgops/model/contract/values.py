# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Single values of a contract: each function returns the value as the library keeps it, or raises BadValueError.

YAML may hand over its own subclasses of str, int and dict: values are told apart by isinstance, and a boolean is
never taken for a number.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable

from .. import identifiers
from .declared import Scalar
from .sql_text import check_condition, check_default, check_expression, check_query, check_type
from .wording import BadValueError, called, instead, nearest, printable, quoted, quoting_cure

_RULE_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_QUOTED_PART = re.compile(r'"(?:[^"]|"")*"')
_CAPITAL = re.compile(r"[A-Z]")
METHODS = ("btree", "hash", "gin", "gist", "spgist", "brin")


def text(value: object) -> str:
    """A text with something in it."""
    if not isinstance(value, str):
        raise BadValueError(f"It must be a text, not {called(value)}{quoting_cure(value)}.")
    plain = storable(str(value))
    if not plain.strip():
        raise BadValueError("It is an empty text; write something or leave the key out.")
    return plain


def storable(value: str) -> str:
    """A text that PostgreSQL can store."""
    if "\x00" in value:
        raise BadValueError("It holds the character NUL, which PostgreSQL cannot store.")
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        raise BadValueError("It holds a character that is not valid in UTF-8.") from None
    return value


def boolean(value: object) -> bool:
    """True or false, in no other words."""
    if not isinstance(value, bool):
        raise BadValueError(f"It must be true or false without quotes, not {called(value)}.")
    return value


def count(value: object) -> int:
    """A whole number from 0."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise BadValueError(f"It must be a whole number from 0, not {called(value)}.")
    return int(value)


def positive(value: object) -> float:
    """A number above 0."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < math.inf:
        raise BadValueError(f"It must be a number above 0, not {called(value)}.")
    return int(value) if isinstance(value, int) else float(value)


def scalar(value: object) -> Scalar:
    """A text (which may be empty), number, true, false or null."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return storable(str(value))
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float) and math.isfinite(value):
        return float(value)
    raise BadValueError(
        f"It must be a single text, number, true, false or null, not {called(value)}{quoting_cure(value)}."
    )


def constant(value: object) -> Scalar:
    """A scalar that is not null."""
    if value is None:
        raise BadValueError("It is null, so there would be nothing to fill in; leave the key out or write a value.")
    return scalar(value)


def version(value: object, known: int) -> int:
    """The version of the format."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise BadValueError(f"It must be the number {known}, the version of the format, not {called(value)}.")
    if value != known:
        raise BadValueError(f"This library reads format {known}, and the file says {called(value)}.")
    return int(value)


def choice(value: object, choices: tuple[str, ...]) -> str:
    """One of a few words."""
    if value is None and "null" in choices:
        raise BadValueError("YAML reads a bare null as nothing; write 'null' in quotes, or default.")
    if not isinstance(value, str):
        raise BadValueError(f"It must be a text, not {called(value)}{quoting_cure(value)}; {instead('', choices)}.")
    if value not in choices:
        raise BadValueError(f"{quoted(value)} is not one of the words this key takes; {instead(value, choices)}.")
    return str(value)


def literal_name(value: object) -> str:
    """The name of a database or role, taken as it stands."""
    name = text(value)
    if len(name) > 1 and name[0] == name[-1] == '"':
        raise BadValueError(f"It is taken as it stands; write it without the quotes of SQL: {name[1:-1]}.")
    if name != name.strip():
        raise BadValueError(f"{quoted(name)} begins or ends with a blank.")
    _short_enough(name)
    return name


def identifier(value: object) -> str:
    """A single name as SQL spells it, returned as the server stores it."""
    spelled = text(value)
    schema, name = _parsed(spelled)
    if schema is not None:
        raise BadValueError(f"{quoted(spelled)} has a dot; write the name alone: {spelling(name)}.")
    return name


def qualified(value: object) -> str:
    """``name`` or ``schema.name`` as SQL spells it, returned in the spelling of the file."""
    spelled = text(value).strip()
    _parsed(spelled)
    return spelled


def _parsed(spelled: str) -> tuple[str | None, str]:
    try:
        schema, name = identifiers.parse_qualified(spelled)
    except identifiers.IdentifierError as error:
        raise BadValueError(_name_sentence(spelled, str(error))) from None
    if _CAPITAL.search(_QUOTED_PART.sub("", spelled)):
        folded = ".".join(spelling(part) for part in (schema, name) if part is not None)
        exact = ".".join(part if part.startswith('"') else f'"{part}"' for part in spelled.split("."))
        raise BadValueError(
            f"PostgreSQL reads {quoted(spelled)} as {folded}; write that, or '{exact}' for the name with capitals."
        )
    return schema, name


def _name_sentence(spelled: str, sentence: str) -> str:
    """Why a text is no name; where quotes would make it one, how to write them."""
    if '"' in spelled or len(spelled.encode()) > identifiers.MAX_BYTES or spelled.count(".") > 1:
        return sentence
    exact = ".".join(spelling(part) for part in spelled.split("."))
    return f"{quoted(spelled)} is no name as SQL spells it; a name with such characters is written '{exact}'."


def spelling(name: str) -> str:
    """A name as a contract spells it: quoted only where its characters need it, not because it is a keyword."""
    plain = re.fullmatch(r"[a-z_\u0080-\U0010ffff][a-z0-9_$\u0080-\U0010ffff]*", name)
    return name if plain else '"' + name.replace('"', '""') + '"'


def _short_enough(name: str) -> None:
    size = len(name.encode())
    if size > identifiers.MAX_BYTES:
        raise BadValueError(f"{quoted(name)} is {size} bytes long; PostgreSQL cuts names at {identifiers.MAX_BYTES}.")


def rule_name(value: object) -> str:
    """Lower-case words joined by hyphens."""
    name = text(value)
    if not _RULE_NAME.fullmatch(name):
        better = "-".join(re.findall(r"[a-z0-9]+", name.lower()))
        raise BadValueError(
            f"{quoted(name)} is no name of a rule: lower-case words joined by hyphens"
            + (f", such as {quoted(better)}." if better else ".")
        )
    return name


def method(value: object) -> str:
    """An access method of indexes; extensions bring more than PostgreSQL's own."""
    name = identifier(value)
    near = None if name in METHODS else nearest(name, METHODS, cutoff=0.75)
    if near is not None:
        raise BadValueError(
            f"{quoted(name)} is no index method of PostgreSQL; the nearest right spelling is {quoted(near)}."
        )
    return name


def query(value: object) -> str:
    """The SQL of a rule."""
    return _sql(value, check_query)


def condition(value: object) -> str:
    """An SQL condition."""
    return _sql(value, check_condition)


def expression(value: object) -> str:
    """An SQL expression."""
    return _sql(value, check_expression)


def column_type(value: object) -> str:
    """The name of a type."""
    return _sql(value, check_type)


def default(value: object) -> str:
    """A column's default as SQL; YAML's own numbers and booleans are taken as SQL spells them."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (int, float)) and printable(value) and math.isfinite(value):
        return str(value)
    return _sql(value, check_default)


def _sql(value: object, check: Callable[[str], None]) -> str:
    sql = text(value).strip()
    check(sql)
    return sql
