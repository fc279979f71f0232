# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What of a database an inventory tells: schemas, kinds of objects, depth. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from ..model.settings.schema_info import DEPTHS, KINDS, SchemaInfoSettings

#: The schema of this collection's own progress table, which is read by nobody.
_OURS = "pgops"


@dataclass(frozen=True)
class Scope:
    """What is told. `schemas` empty: all; both lists hold names or patterns."""

    schemas: tuple[str, ...] = ()
    exclude_schemas: tuple[str, ...] = ()
    kinds: tuple[str, ...] = KINDS
    depth: str = "structure"

    def covers(self, schema: str) -> bool:
        """Whether objects of this schema are told."""
        if _matches(schema, self.exclude_schemas) or schema == _OURS:
            return False
        return not self.schemas or _matches(schema, self.schemas)

    def unmatched(self, known: Iterable[str]) -> tuple[str, ...]:
        """Names and patterns of `schemas` that fit none of the schemas that are there."""
        names = tuple(known)
        return tuple(one for one in self.schemas if not any(fnmatchcase(name, one) for name in names))

    def common(self, other: Scope) -> Scope:
        """The depth and kinds that both tell; of schemas each judges for itself."""
        kinds = tuple(kind for kind in KINDS if kind in self.kinds and kind in other.kinds)
        depth = min(self.depth, other.depth, key=DEPTHS.index)
        return Scope(self.schemas, self.exclude_schemas, kinds, depth)

    def as_dict(self) -> dict[str, Any]:
        """The scope as it stands in documents."""
        return {
            "schemas": list(self.schemas),
            "exclude_schemas": list(self.exclude_schemas),
            "kinds": list(self.kinds),
            "depth": self.depth,
        }


def scope_of(settings: SchemaInfoSettings) -> Scope:
    """The scope that a person asked for."""
    kinds = tuple(kind for kind in KINDS if not settings.kinds or kind in settings.kinds)
    return Scope(tuple(settings.schemas), tuple(settings.exclude_schemas), kinds, settings.depth)


def read_scope(document: Mapping[str, Any]) -> Scope | None:
    """The scope of a document, None where it has none that makes sense."""
    said = document.get("scope")
    if not isinstance(said, Mapping):
        return None
    lists = [said.get(name) for name in ("schemas", "exclude_schemas", "kinds")]
    if not all(isinstance(one, list) and all(isinstance(name, str) for name in one) for one in lists):
        return None
    schemas, exclude, kinds = (tuple(one) for one in lists if one is not None)
    if said.get("depth") not in DEPTHS or not set(kinds) <= set(KINDS):
        return None
    return Scope(schemas, exclude, kinds, said["depth"])


def _matches(name: str, patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)
