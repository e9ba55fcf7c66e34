"""Leases: one run at a time does a piece of work on an account, such as reading its deals.

A lease is a row with its holder and its expiry by Postgres' clock, so it needs no session of its own and works
through a pooler. A thread renews it while the work goes on. The lease of a killed run expires; a retry of the same
run takes it at once. Each transaction of the holder first renews it, and writes nothing if it has been lost.
"""

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from contextvars import copy_context
from typing import Any
from uuid import uuid4

from psycopg import Error
from psycopg.conninfo import make_conninfo

from megaplan_sync.kernel.exceptions import LeaseLostError, WorkInProgressError
from megaplan_sync.kernel.session import Session
from megaplan_sync.kernel.sql import read_sql

log = logging.getLogger(__name__)

LEASE_SECONDS = 60.0
SECONDS_TO_WAIT_FOR_ANOTHER_RUN = 60.0
_SECONDS_BETWEEN_TRIES = 0.5
_SECONDS_TO_WAIT_FOR_THE_THREAD = 5.0
_RENEWALS = 4
"""How often a lease is renewed before it would expire."""


@contextmanager
def leased(
    session: Session,
    account: str,
    work: str,
    *,
    run_id: str | None = None,
    wait_seconds: float | None = None,
) -> Iterator[None]:
    """Hold a lease inside the block; each transaction of the session fails once it is lost.

    :param work: what others must not do meanwhile
    :param run_id: a later try of this run takes the lease over
    :param wait_seconds: how long to wait for a run that is alive; a dead one's lease is waited for until it expires
    :raises WorkInProgressError: another run is doing this
    """
    lease = _Lease(session, account, work, run_id or uuid4().hex)
    lease.take(SECONDS_TO_WAIT_FOR_ANOTHER_RUN if wait_seconds is None else wait_seconds)
    session.at_begin.append(lease.check)
    try:
        with lease.kept_alive():
            yield
    finally:
        session.at_begin.remove(lease.check)
        if not session.closed:
            lease.release()


class _Lease:
    def __init__(self, session: Session, account: str, work: str, run_id: str) -> None:
        self._session = session
        self._account = account
        self._work = work
        self._seconds = LEASE_SECONDS
        self._values = {
            "account": account,
            "work": work,
            "run_id": run_id,
            "token": uuid4().hex,
            "seconds": self._seconds,
        }

    def take(self, wait_seconds: float) -> None:
        began = time.monotonic()
        first_expiry = None
        while not self._execute("take_lease"):
            for run_id, taken_at, expires_at in self._execute("select_lease"):
                first_expiry = first_expiry or expires_at
                is_alive = expires_at > first_expiry  # renewed since the first look
                if is_alive and time.monotonic() - began >= wait_seconds:
                    raise WorkInProgressError(self._account, self._work, run_id, taken_at)
            time.sleep(_SECONDS_BETWEEN_TRIES)

    def check(self) -> None:
        """Renew the lease in the caller's transaction, which others then wait for.

        :raises LeaseLostError: another run has taken it
        """
        if not self._execute("renew_lease"):
            raise LeaseLostError(self._account, self._work)

    def release(self) -> None:
        self._execute("release_lease")

    @contextmanager
    def kept_alive(self) -> Iterator[None]:
        """Renew the lease in a thread: the work may wait for Megaplan for longer than it lasts."""
        is_over = threading.Event()
        thread = threading.Thread(
            target=copy_context().run, args=(self._renew_until, is_over), name="lease", daemon=True
        )
        thread.start()
        try:
            yield
        finally:
            is_over.set()
            thread.join(_SECONDS_TO_WAIT_FOR_THE_THREAD)

    def _renew_until(self, is_over: threading.Event) -> None:
        info = self._session.info
        address = make_conninfo(info.dsn, password=info.password or None)
        with ExitStack() as stack:
            own: Session | None = None
            while not is_over.wait(self._seconds / _RENEWALS):
                try:
                    if own is None or own.closed:
                        own = stack.enter_context(closing(Session.open(address)))
                    own.execute(read_sql("renew_lease"), self._values)
                except Error as error:  # the next transaction renews it too, or finds out that it is lost
                    log.warning("The lease of %s was not renewed: %s", self._work, error)

    def _execute(self, statement: str) -> list[Any]:
        cursor = self._session.execute(read_sql(statement), self._values)
        return cursor.fetchall() if cursor.description else []
