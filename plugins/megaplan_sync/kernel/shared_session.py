"""A database session that the threads of a process share, for single short statements."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from psycopg import Cursor

from megaplan_sync.kernel.session import Session


class SharedSession:
    """Executes one statement at a time, each in its own transaction; connects when first used, and again if lost."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._lock = threading.Lock()
        self._session: Session | None = None
        self.users = 0

    def execute(self, query: Any, params: Any = None) -> Cursor[Any]:
        """Execute a statement; the rows are already here when it returns."""
        with self._lock:
            return self._open().execute(query, params)

    def execute_at_once(self, statement: str, values: dict[str, Any]) -> Cursor[Any]:
        """Execute a statement in one round trip, as a session does."""
        with self._lock:
            return self._open().execute_at_once(statement, values)

    def _open(self) -> Session:
        if self._session is None or self._session.closed:
            self._session = Session.open(self._address)
        return self._session

    def close(self) -> None:
        """Disconnect."""
        with self._lock:
            if self._session is not None:
                self._session.close()
                self._session = None


_SESSIONS: dict[str, SharedSession] = {}
_LOCK = threading.Lock()


@contextmanager
def shared_session(address: str) -> Iterator[SharedSession]:
    """Share one session for this address among all that are inside the block at the same time.

    :param address: connection string of libpq
    """
    with _LOCK:
        session = _SESSIONS.setdefault(address, SharedSession(address))
        session.users += 1
    try:
        yield session
    finally:
        with _LOCK:
            session.users -= 1
            if session.users == 0:
                del _SESSIONS[address]
                session.close()
