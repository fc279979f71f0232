# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one place where these tests call the library."""

from __future__ import annotations

import dataclasses
from typing import Any

from psycopg.conninfo import conninfo_to_dict


class Refused(Exception):
    """The library said no; the text is its sentence, `facts` what it adds for programs."""

    def __init__(self, text: str, kind: str, facts: dict[str, Any]) -> None:
        super().__init__(text)
        self.kind = kind
        self.facts = facts


def install_ours(
    dsn: str, database: str, view: str | None, policy: dict[str, Any], options: dict[str, Any]
) -> dict[str, Any]:
    """Bring a view to its policy, or with no view all that `options["contract"]` declares; the result as a dict."""
    from _pgops.database.connect import connect
    from _pgops.model.errors import PgOpsError
    from _pgops.model.settings.view_triggers import ViewTriggersSettings
    from _pgops.view_triggers.workflow import converge

    chosen = dict(options)
    driver, check_mode = chosen.pop("driver", None), chosen.pop("check_mode", False)
    if view is not None:
        chosen.setdefault("contract", {"contract": 1, "database": database, "views": {view: {"writable": policy}}})
    settings = ViewTriggersSettings(view=view, **chosen)
    try:
        with connect(conninfo_to_dict(dsn), application_name="a run", driver=driver) as session:
            views = [dataclasses.asdict(outcome) for outcome in converge(session, settings, check_mode=check_mode)]
    except PgOpsError as error:
        raise Refused(str(error), type(error).__name__, dict(error.facts)) from error
    result = {"changed": any(one["changed"] for one in views), "views": views}
    return {**views[0], **result} if view is not None else result
