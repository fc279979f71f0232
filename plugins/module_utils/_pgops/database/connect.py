# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The one way to a server, for modules and for the host command alike."""

from __future__ import annotations

from typing import Any

from ..model.errors import PgOpsError, RefusedError, cut
from .session import Session

#: Seconds to wait for a server that does not answer, unless the caller's parameters say otherwise.
CONNECT_TIMEOUT = 10

#: Every session begins with these: names resolve to the system's own objects, catalog queries are not JIT-compiled
#: (27 s against 0.85 s on 1,000 tables), nothing waits for ever, and a lost client leaves no open transaction.
SESSION_SETTINGS = """
SET search_path = pg_catalog, pg_temp;
SET jit = off;
SET statement_timeout = '60s';
SET lock_timeout = '1s';
SET idle_in_transaction_session_timeout = '60s';
SET standard_conforming_strings = on;
SET check_function_bodies = on;
SET quote_all_identifiers = off;
SET exit_on_error = off;
SELECT pg_catalog.set_config(name, '0', false) FROM pg_catalog.pg_settings
WHERE name IN ('idle_session_timeout', 'transaction_timeout');
"""


class NoDriverError(PgOpsError):
    """Neither psycopg nor psycopg2 can be imported by this Python."""


def find_driver() -> str | None:
    """The name of the driver this Python has: psycopg (3) first, else psycopg2, else None."""
    for name in ("psycopg", "psycopg2"):
        try:
            module = __import__(name)
        except ImportError:
            continue
        if name == "psycopg2" or hasattr(module, "ClientCursor"):
            return name
    return None


def connect(parameters: dict[str, Any], application_name: str = "pgops", driver: str | None = None) -> Session:
    """A session by libpq's own parameter names (`dbname`, `user`, `host`, ...).

    :param driver: psycopg or psycopg2; the one this Python has when not given.
    :raises NoDriverError: when there is no driver.
    :raises PgOpsError: when the server cannot be reached, with libpq's own words.
    :raises RefusedError: when a transaction pooler stands in between.
    """
    driver = driver or find_driver()
    if driver is None:
        raise NoDriverError(
            "No PostgreSQL driver was found: install python3-psycopg2 (or psycopg 3.1 and newer) on this host."
        )
    wanted = {"connect_timeout": CONNECT_TIMEOUT, "application_name": application_name, "client_encoding": "UTF8"}
    if {"conninfo", "dsn"} & set(parameters):
        raise RefusedError(
            "connect_params may not hold a whole connection string (conninfo, dsn): give its parts. "
            "Nothing was touched."
        )
    wanted.update(parameters, client_encoding="UTF8")
    connection, error_class, backend_pid = _open(driver, wanted)

    def reopen(database: str) -> Session:
        return connect({**parameters, "dbname": database}, application_name, driver)

    session = Session(connection, str(wanted.get("dbname", "")), error_class, reopen)
    try:
        _refuse_pooler(session, backend_pid)
        # A database's owner chooses the search_path that sessions begin with. Until it is ours, nothing may name a type
        # or an operator without its schema: they could be the owner's, and run the owner's code with our rights.
        session.execute(SESSION_SETTINGS)
        session.database = session.one("SELECT pg_catalog.current_database()::text AS name")["name"]
    except BaseException:
        session.close()
        raise
    return session


def _open(driver: str, parameters: dict[str, Any]) -> tuple[Any, type[Exception], int]:
    """The raw connection in autocommit mode, the driver's error class, and the server process libpq believes in."""
    try:
        if driver == "psycopg":
            import psycopg

            # ClientCursor binds values as psycopg2 does, so that both doors send the same statements.
            connection = psycopg.connect(
                **parameters, autocommit=True, cursor_factory=psycopg.ClientCursor, prepare_threshold=None
            )
            return connection, psycopg.Error, connection.info.backend_pid
        import psycopg2

        connection = psycopg2.connect(**parameters)
        connection.autocommit = True
        return connection, psycopg2.Error, connection.get_backend_pid()
    except ImportError as error:
        raise NoDriverError(f"The PostgreSQL driver {driver} cannot be imported: {error}.") from error
    except Exception as error:
        where = parameters.get("host") or "the local socket"
        raise PgOpsError(
            f"Cannot connect to database {parameters.get('dbname')} on {where} as {parameters.get('user')}: "
            f"{cut(str(error))} Nothing was touched. Check the login_ options, and on the server pg_hba.conf.",
            database=parameters.get("dbname"),
            sqlstate=getattr(error, "sqlstate", None) or getattr(error, "pgcode", None) or "",
        ) from error


def _refuse_pooler(session: Session, backend_pid: int) -> None:
    """Advisory locks and session settings do not hold through a transaction pooler: say so at once."""
    pid = session.one("SELECT pg_catalog.pg_backend_pid() AS pid")["pid"]
    if pid != backend_pid:
        raise RefusedError(
            f"A connection pooler stands between this host and database {session.database}: connect to the server "
            "itself. Nothing was touched.",
            database=session.database,
        )
