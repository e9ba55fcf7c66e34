"""What the doctor has seen of the accounts, for the gateway: read now and then, and kept while Postgres is away."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Any

from psycopg import Error

from megaplan_sync.kernel.calibration import Side, all_seen_settings
from megaplan_sync.kernel.exceptions import MissingConnectionError
from megaplan_sync.kernel.session import Session

EVERY_SECONDS = 30.0
LONGEST_READ_SECONDS = 5.0
"""For which a read of the connections waits; a slower answer counts at the next one."""

log = logging.getLogger(__name__)


class SeenSettings:
    """Values of settings by account and side; empty until they could be read once.

    :param address: gives libpq's connection string
    :param clock: seconds that only grow
    """

    def __init__(self, address: Callable[[], str], clock: Callable[[], float] = time.monotonic) -> None:
        self._address = address
        self._clock = clock
        self._read_from: str | None = None
        self._read_at = 0.0
        self._reading: threading.Thread | None = None
        self._values: dict[tuple[str, str], dict[str, Any]] = {}

    def of(self, account: str, side: Side) -> dict[str, Any]:
        """Return what was seen of one side of an account."""
        return self._values.get((account, side), {})

    def refresh(self) -> None:
        """Read again if that was long ago; neither a missing nor a silent Postgres keeps anybody waiting for long."""
        if self._reading is not None and self._reading.is_alive():
            return
        try:
            address = self._address()
        except MissingConnectionError:
            return
        if address == self._read_from and self._clock() - self._read_at < EVERY_SECONDS:
            return
        self._reading = threading.Thread(target=self._read, args=(address,), daemon=True)
        self._reading.start()
        self._reading.join(LONGEST_READ_SECONDS)

    def _read(self, address: str) -> None:
        try:
            with Session.open(address) as session:
                self._values = all_seen_settings(session)
        except Error as error:
            log.info("what the doctor has seen cannot be read", extra={"reason": type(error).__name__})
            return
        self._read_from, self._read_at = address, self._clock()
