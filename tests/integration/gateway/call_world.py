"""Calls simulated by the emulated UIS, and the pop-ups employees see in the emulated Megaplan."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from airflow.sdk import BaseHook
from psycopg import Connection
from psycopg.rows import dict_row

from demo.emulated_megaplan import EmulatedMegaplan
from megaplan_hook.hook import MegaplanHook
from megaplan_sync.kernel.session import DurableSession
from megaplan_sync.telephony.push.account_push import AccountPush
from tests.emulators.uis_client import Client
from uis_hook.settings import UisSettings

from ..telephony.push_world import FreeBudget
from .served import ServedGateway
from .waiting import until

ANNA, PETER, OLGA = 1_000_000, 1_000_001, 1_000_002
"""Megaplan employees; 501, 502 and 503 in UIS, whose telephones all ring on calls to the first number."""
STRANGER = "79995550011"
OWN_CALL = 800_100_200


@dataclass
class CallWorld:
    """Both emulated vendors and the database."""

    database: Connection[Any]
    database_uri: str
    megaplan: EmulatedMegaplan
    uis: Client
    account: str

    def add_telephony_users(self, *employees: int) -> None:
        """Match employees in Megaplan and UIS."""
        for employee in employees:
            offset = employee - ANNA
            self.database.execute(
                """INSERT INTO telephony.users (account, employee_id, uis_employee_id, internal_number, lines)
                VALUES (%s, %s, %s, %s, %s)""",
                (self.account, employee, 501 + offset, str(101 + offset), [f"010000{offset + 1}"]),
            )

    def notify(self, gateway: ServedGateway, **spec: Any) -> None:
        """Make UIS send its notifications to this gateway only."""
        self.uis.control("notifications", method="DELETE")
        self.uis.control(
            "notifications",
            {"event": "all", "template": "flat", "url": gateway.url + gateway.path("/uis"), **spec},
        )

    def start_call(self, gateway: ServedGateway, kind: str = "incoming", **spec: Any) -> int:
        """Start a call in UIS and return its session; ``advance`` moves it on."""
        number = self.uis.mutate("play_call", kind=kind, **{"contact": STRANGER, **spec})["id"]
        self.advance(gateway, 0)
        return int(number)

    def send_event(
        self, gateway: ServedGateway, mnemonic: str, age_seconds: float = 0, **values: Any
    ) -> None:
        """Send a notification of the call ``OWN_CALL``, unknown to UIS."""
        at = datetime.now(UTC) - timedelta(seconds=age_seconds)
        local = at.astimezone(ZoneInfo("Europe/Moscow"))
        body = {
            "notification_mnemonic": mnemonic,
            "notification_time": f"{local:%Y-%m-%d %H:%M:%S}.{local.microsecond // 1000:03d}",
            "notification_timestamp": int(at.timestamp()),
            "call_session_id": OWN_CALL,
            "direction": "in",
            "contact_phone_number": STRANGER,
            "virtual_phone_number": "74950000001",
            **values,
        }
        assert gateway.notify(body).status_code == 200
        self.wait_until_idle(gateway)

    def push(self) -> dict[str, int]:
        """Run the batch lane as the task of ``megaplan_calls_push`` does."""
        self.database.execute("UPDATE telephony.call_deliveries SET due_at = now()")
        with DurableSession.open(self.database_uri) as connection:
            hook = MegaplanHook(budget=FreeBudget(), sleep=lambda seconds: None)
            uis = UisSettings.from_connection(BaseHook.get_connection("uis_default"))
            return AccountPush(hook, connection, uis, sleep=lambda seconds: None).run()

    def requests(self, path: str = "") -> list[str]:
        """Return method and path of the requests to Megaplan below a route."""
        return [
            f"{entry['method']} {entry['path'].removeprefix('/api/v3')}"
            for entry in self.megaplan.control("requests")
            if entry["path"].startswith(f"/api/v3{path}")
        ]

    def advance(self, gateway: ServedGateway, seconds: float) -> None:
        """Advance the time in UIS and wait until the gateway is idle."""
        self.uis.advance(seconds)
        self.wait_until_idle(gateway)

    def wait_until_idle(self, gateway: ServedGateway) -> None:
        """Wait until the gateway has refreshed all calls."""
        until(lambda: gateway.gateway.popups.is_idle)

    def screens(self) -> dict[int, list[str]]:
        """Return provider id and state of the open pop-ups, by employee."""
        shown: dict[int, list[str]] = {}
        for employee, events in self.megaplan.control("popups").items():
            last = {event["providerId"]: event for event in events}
            lines = [
                f"{key} {event['state']}"
                for key, event in last.items()
                if event["event"] != "close" and event["state"] != "finished"
            ]
            if lines:
                shown[int(employee)] = sorted(lines)
        return shown

    def calls(self) -> dict[str, dict[str, Any]]:
        """Return Megaplan's calls by provider id, which must be unique."""
        found = [
            call
            for call in self.megaplan.control("state?entity=calls")
            if not str(call["providerId"]).startswith("seed")
        ]
        by_provider = {str(call["providerId"]): call for call in found}
        assert len(by_provider) == len(found), "duplicate call"
        return by_provider

    def cards(self) -> dict[str, str]:
        """Return the states of ``telephony.cards``."""
        return dict(self.database.execute("SELECT provider_id, state FROM telephony.cards").fetchall())

    def outbox_row(self, number: int) -> dict[str, Any] | None:
        """Return a call's row in ``telephony.call_deliveries``."""
        with self.database.cursor(row_factory=dict_row) as cursor:
            return cursor.execute(
                "SELECT * FROM telephony.call_delivery_states WHERE call_session_id = %s", (number,)
            ).fetchone()
