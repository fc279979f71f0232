# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One session with a server, the same through psycopg 3 and psycopg2: text, numbers, booleans and lists come back
alike.

SQL is always written with `%s` for values; identifiers are quoted by `model.identifiers`.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Callable

from ..model.errors import PgOpsError, cut


class DatabaseError(PgOpsError):
    """PostgreSQL refused a statement: `sqlstate` is its code, or an empty text when the connection was lost."""

    def __init__(self, message: str, sqlstate: str, database: str) -> None:
        super().__init__(message, sqlstate=sqlstate, database=database)
        self.sqlstate = sqlstate

    @property
    def lost(self) -> bool:
        """Whether the connection ended: class 08, an administrator's or the server's own end, or no answer at all."""
        ended = ("", "57P01", "57P02", "57P03", "57P05", "25P03", "25P04")
        return self.sqlstate in ended or self.sqlstate.startswith("08")


class LostCommitError(DatabaseError):
    """The connection ended during COMMIT: the transaction may or may not have been kept."""


class _Sink:
    """A file for psycopg2's copy_expert that hands on what is written to it."""

    def __init__(self, take: Callable[[bytes], None]) -> None:
        self._take = take

    def write(self, block: bytes) -> None:
        """Take a block."""
        self._take(block)


class Session:
    """A connection in autocommit mode with explicit transactions. Build it with `connect()`."""

    def __init__(self, connection: Any, database: str, error_class: type[Exception], reopen: Callable[[str], Session]):
        self._connection = connection
        self._error_class = error_class
        self._reopen = reopen
        self.database = database

    def query(self, sql: str, values: tuple[Any, ...] | None = None) -> list[dict[str, Any]]:
        """The rows of a statement, each a dict by column name; an empty list for a statement without rows.

        :raises DatabaseError: when PostgreSQL refuses it.
        """
        try:
            with self._connection.cursor() as cursor:
                cursor.execute(sql, values)
                if cursor.description is None:
                    return []
                names = [column[0] for column in cursor.description]
                return [dict(zip(names, row)) for row in cursor.fetchall()]
        except self._error_class as error:
            raise self._explain(error) from error

    def one(self, sql: str, values: tuple[Any, ...] | None = None) -> dict[str, Any]:
        """The only row of a statement that gives exactly one."""
        (row,) = self.query(sql, values)
        return row

    def execute(self, sql: str, values: tuple[Any, ...] | None = None) -> None:
        """Run a statement for its effect."""
        self.query(sql, values)

    def copy_out(self, query: str, take: Callable[[bytes], None]) -> None:
        """Run a query of one JSON column and hand over its rows as lines, a block of whole lines at a time.

        JSON holds no control character as it is, so with these for delimiter and quote nothing is ever escaped.

        :raises DatabaseError: when PostgreSQL refuses it.
        """
        statement = f"COPY ({query}) TO STDOUT (FORMAT csv, DELIMITER E'\\x02', QUOTE E'\\x01')"
        try:
            with self._connection.cursor() as cursor:
                if hasattr(cursor, "copy_expert"):
                    cursor.copy_expert(statement, _Sink(take))
                    return
                with cursor.copy(statement) as copy:
                    for block in copy:
                        take(bytes(block))
        except self._error_class as error:
            raise self._explain(error) from error

    def described(self, sql: str) -> list[tuple[str, int, int]] | None:
        """Name, table OID and attribute number of each output column, as the server tells them to libpq.

        The statement is parsed and described, neither planned nor run. None where the driver has no way to ask.
        """
        raw = getattr(self._connection, "pgconn", None)
        if raw is None or not hasattr(raw, "describe_prepared"):
            return None
        for step in (lambda: raw.prepare(b"", sql.encode("utf-8")), lambda: raw.describe_prepared(b"")):
            result = step()
            if result.error_message:
                raise DatabaseError(cut(result.error_message.decode("utf-8", "replace")), "", self.database)
        return [
            (result.fname(place).decode("utf-8"), result.ftable(place), result.ftablecol(place))
            for place in range(result.nfields)
        ]

    @contextmanager
    def transaction(self, mode: str = "READ COMMITTED READ WRITE") -> Iterator[None]:
        """A transaction that commits at the end and rolls back on any error.

        :raises LostCommitError: when the connection ends while it commits, so that the outcome is not known.
        """
        self.execute(f"BEGIN ISOLATION LEVEL {mode}")
        try:
            yield
        except BaseException:
            self._roll_back()
            raise
        try:
            self.execute("COMMIT")
        except DatabaseError as error:
            if error.lost:
                raise LostCommitError(str(error), error.sqlstate, self.database) from error
            raise

    @contextmanager
    def bounded(self, seconds: float) -> Iterator[None]:
        """End this session's server process when the content takes longer.

        A statement time-out is not enough for code of others: it comes once, and a trigger may catch it.
        """
        pid, done = self.pid, threading.Event()

        def watch() -> None:
            if done.wait(seconds):
                return
            try:
                with self.sibling(self.database) as other:
                    other.execute("SELECT pg_catalog.pg_terminate_backend(%s)", (pid,))
            except PgOpsError:
                # No second connection is to be had: asking the statement to stop is what is left.
                self._connection.cancel()

        watcher = threading.Thread(target=watch, daemon=True)
        watcher.start()
        try:
            yield
        finally:
            done.set()
            watcher.join()

    @property
    def pid(self) -> int:
        """The server process of this session."""
        return int(self.one("SELECT pg_catalog.pg_backend_pid() AS pid")["pid"])

    def sibling(self, database: str) -> Session:
        """A second connection with the same credentials, to `database` of the same cluster."""
        return self._reopen(database)

    def close(self) -> None:
        """End the session; whatever was not committed is rolled back by the server."""
        self._connection.close()

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _roll_back(self) -> None:
        try:
            self.execute("ROLLBACK")
        except DatabaseError:
            # The connection is gone, and with it the transaction: the first error is the one to tell.
            self.close()

    def _explain(self, error: Exception) -> DatabaseError:
        diagnostics = getattr(error, "diag", None)
        state = getattr(error, "sqlstate", None) or getattr(error, "pgcode", None) or ""
        text = getattr(diagnostics, "message_primary", None) or str(error)
        parts = [text]
        for word in ("message_detail", "message_hint"):
            more = getattr(diagnostics, word, None)
            if more:
                parts.append(more)
        return DatabaseError(
            cut(" ".join(" ".join(parts).split())) + (f" (SQLSTATE {state})" if state else ""), state, self.database
        )
