# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One list of options for every door: each field of a settings class carries all that is known of the option.

The Ansible argument spec, the settings files' validation and the host command's flags are made from it.
"""

from __future__ import annotations

import dataclasses
from typing import Any, TypeVar

from ..errors import RefusedError

Settings = TypeVar("Settings")

#: Options that travel between the fields' metadata and an argument spec unchanged.
_SPEC_KEYS = ("type", "choices", "elements")


def option(
    sentence: str,
    type: str,
    choices: tuple[str, ...] | None = None,
    elements: str | None = None,
    unit: str | None = None,
    most: float | None = None,
) -> dict[str, Any]:
    """What a settings field carries as its metadata: one sentence, its type in Ansible's words, its unit.

    A number with `most` must be above 0 and not above that.
    """
    return {"sentence": sentence, "type": type, "choices": choices, "elements": elements, "unit": unit, "most": most}


def check_numbers(settings: Any) -> None:
    """Refuse numbers that are none, or out of their range; every settings class calls it when it is made.

    :raises RefusedError: with the option's name and range.
    """
    for field in dataclasses.fields(settings):
        value, most = getattr(settings, field.name), field.metadata["most"]
        # Written so that "not a number", which compares with nothing, is refused too.
        if most is not None and not 0 < value <= most:
            raise RefusedError(
                f"`{field.name}` is a number of {field.metadata['unit']} above 0 and at most {most:g}, not {value:g}. "
                "Nothing was touched."
            )


def argument_spec(settings: type[Any]) -> dict[str, dict[str, Any]]:
    """The Ansible argument spec of a settings class."""
    spec: dict[str, dict[str, Any]] = {}
    for field in dataclasses.fields(settings):
        entry = {key: field.metadata[key] for key in _SPEC_KEYS if field.metadata[key] is not None}
        if "choices" in entry:
            entry["choices"] = list(entry["choices"])
        if field.default is not None:
            # A settings class is hashable, so that its lists are tuples.
            entry["default"] = list(field.default) if isinstance(field.default, tuple) else field.default
        spec[field.name] = entry
    return spec


def from_params(settings: type[Settings], params: dict[str, Any]) -> Settings:
    """A settings object from a mapping that may hold more than this class's options."""
    names = [field.name for field in dataclasses.fields(settings)]  # type: ignore[arg-type]
    return settings(**{name: params[name] for name in names if name in params})
