"""Nights of calls: both emulated sides, the comparison, and what its certificate counts."""

import json
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from megaplan_hook.hook import MegaplanHook
from megaplan_sync.kernel.certificate import Certificate
from megaplan_sync.kernel.session import DurableSession
from megaplan_sync.telephony.night.call_reconciliation import CallReconciliation
from megaplan_sync.telephony.session import TelephonySession
from tests.emulators.uis_client import Client
from uis_hook.hook import UisHook

from .notification_receiver import NotificationReceiver
from .push_world import FreeBudget, PushWorld, uis_settings
from .two_sides import uis_connection

_RINGS_A_GROUP = ("incoming_lost", "ivr_only", "voicemail")


@dataclass
class CallNight:
    """An account with an emulated exchange that sends notifications by HTTP.

    :param waits: seconds of each wait; instead of waiting, everything in the outbox becomes due
    """

    world: PushWorld
    uis: Client
    receiver: NotificationReceiver
    environment: pytest.MonkeyPatch
    waits: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.world.uis = uis_settings(self.uis.url)
        spec = {"event": "all", "template": "flat", "url": f"{self.receiver.url}/hook"}
        self.uis.control("notifications", spec)

    def now(self) -> datetime:
        """Return the exchange's time."""
        return datetime.fromtimestamp(self.uis.control("clock", method="GET")["timestamp"], UTC)

    def play(
        self, kind: str = "incoming_answered", *, hours_ago: float = 3.0, is_heard: bool = True, **spec: Any
    ) -> int:
        """Play a call; return its number.

        :param is_heard: its notifications arrive
        """
        self.uis.control("knobs", {"notify_loss": 0.0 if is_heard else 1.0})
        start = (self.now() - timedelta(hours=hours_ago)).timestamp()
        named = {} if kind in _RINGS_A_GROUP else {"employee": 501}
        return int(self.uis.play(kind, **{"start": start, **named, **spec})["id"])

    def run(
        self,
        *,
        since: date | None = None,
        run_id: str | None = None,
        at: datetime | None = None,
        **settings: Any,
    ) -> Certificate:
        """Compare as the task does; afterwards the request log has only this night's requests."""
        world = self.world
        world.forget_requests()
        given = {
            "telephony_active": True,
            "uis_conn_id": "uis_default",
            "vendor_quirks": {"read_lag_seconds": world.lag},
            **settings,
        }
        exchange = uis_connection(self.uis.url, records_url=self.uis.url)
        self.environment.setenv("AIRFLOW_CONN_UIS_DEFAULT", json.dumps(exchange))
        megaplan = MegaplanHook(world.connect(**given), budget=FreeBudget(), sleep=lambda seconds: None)
        uis = UisHook("uis_default", sleep=lambda seconds: None).client
        with DurableSession.open(world.uri) as connection:
            try:
                return CallReconciliation(
                    TelephonySession(megaplan, uis, connection),
                    run_id=run_id or uuid4().hex,
                    since=since,
                    now=lambda: at or self.now(),
                    sleep=self._wait,
                ).run()
            finally:
                uis.close()

    def stored_certificate(self) -> dict[str, Any]:
        """Return the newest row of the certificates."""
        row = self.world.database.execute(
            "SELECT to_jsonb(c) FROM megaplan_raw.certificates AS c WHERE entity = 'calls' ORDER BY issued_at DESC"
        ).fetchone()
        assert row is not None
        return dict(row[0])

    def _wait(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.world.let_time_pass()
