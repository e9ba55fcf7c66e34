"""Calls that the emulated UIS plays, and what employees see of them on Megaplan's pages."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
from airflow.sdk import BaseHook
from psycopg import Connection
from psycopg.rows import dict_row

from demo.emulated_megaplan import EmulatedMegaplan
from megaplan_hook.hook import MegaplanHook
from megaplan_sync.kernel.postgres import prepare_session
from megaplan_sync.telephony.push.account_push import AccountPush
from tests.emulators.uis_client import Client
from uis_hook.settings import UisSettings

from ..telephony.push_world import FreeBudget
from .served import ServedGateway

ANNA, PETER, OLGA = 1_000_000, 1_000_001, 1_000_002
"""Megaplan's employees; in UIS 501, 502 and 503, all of the group that calls to the first number ring at once."""
STRANGER = "79995550011"
OWN_CALL = 800_100_200


@dataclass
class CallWorld:
    """Both emulated sides and the database between them."""

    database: Connection[Any]
    database_uri: str
    megaplan: EmulatedMegaplan
    uis: Client
    account: str

    def let_them_telephone(self, *employees: int) -> None:
        """Match employees of both sides."""
        for employee in employees:
            place = employee - ANNA
            self.database.execute(
                """INSERT INTO telephony.users (account, employee_id, uis_employee_id, internal_number, lines)
                VALUES (%s, %s, %s, %s, %s)""",
                (self.account, employee, 501 + place, str(101 + place), [f"010000{place + 1}"]),
            )

    def notify(self, gateway: ServedGateway, **spec: Any) -> None:
        """Send UIS's notifications to a gateway, and to no other."""
        self.uis.control("notifications", method="DELETE")
        self.uis.control(
            "notifications",
            {"event": "all", "template": "flat", "url": gateway.url + gateway.path("/uis"), **spec},
        )

    def begin(self, gateway: ServedGateway, kind: str = "incoming", **spec: Any) -> int:
        """Let a call begin; time passes with ``after``."""
        number = self.uis.mutate("play_call", kind=kind, **{"contact": STRANGER, **spec})["id"]
        self.after(gateway, 0)
        return int(number)

    def tell(self, gateway: ServedGateway, mnemonic: str, age_seconds: float = 0, **values: Any) -> None:
        """Send one notification of a call of the test's own."""
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
        self.settle(gateway)

    def push(self) -> dict[str, int]:
        """Let the batch lane deliver what is due, as the task of ``megaplan_calls_push`` does it."""
        self.database.execute(
            """UPDATE telephony.call_deliveries SET history_due_at = now(), recording_due_at = now(),
            communication_due_at = now()"""
        )
        with psycopg.connect(self.database_uri, autocommit=True) as connection:
            prepare_session(connection)
            hook = MegaplanHook(budget=FreeBudget(), sleep=lambda seconds: None)
            uis = UisSettings.from_connection(BaseHook.get_connection("uis_default"))
            return AccountPush(hook, connection, uis, sleep=lambda seconds: None).run()

    def requests(self, path: str = "") -> list[str]:
        """Return the requests to Megaplan below a route: method and path."""
        return [
            f"{entry['method']} {entry['path'].removeprefix('/api/v3')}"
            for entry in self.megaplan.control("requests")
            if entry["path"].startswith(f"/api/v3{path}")
        ]

    def after(self, gateway: ServedGateway, seconds: float) -> None:
        """Let time pass in UIS, and the gateway act."""
        self.uis.advance(seconds)
        self.settle(gateway)

    def settle(self, gateway: ServedGateway) -> None:
        """Wait until the gateway has acted."""
        wait_until(lambda: gateway.gateway.popups.is_idle)

    def screens(self) -> dict[int, list[str]]:
        """Return what is on whose screen: provider id and state."""
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

    def history(self, employee: int) -> list[str]:
        """Return all that an employee has seen, in order."""
        events = self.megaplan.control("popups").get(str(employee), [])
        return [f"{event['event']} {event['providerId']} {event['state']}" for event in events]

    def calls(self) -> dict[str, dict[str, Any]]:
        """Return Megaplan's calls by provider id; there must not be two of one."""
        found = [
            call
            for call in self.megaplan.control("state?entity=calls")
            if not str(call["providerId"]).startswith("seed")
        ]
        by_provider = {str(call["providerId"]): call for call in found}
        assert len(by_provider) == len(found), "a call is there twice"
        return by_provider

    def cards(self) -> dict[str, str]:
        """Return the states of ``telephony.cards``."""
        return dict(self.database.execute("SELECT provider_id, state FROM telephony.cards").fetchall())

    def ledger(self, number: int) -> dict[str, Any] | None:
        """Return the ledger's row of a call."""
        with self.database.cursor(row_factory=dict_row) as cursor:
            return cursor.execute(
                "SELECT * FROM telephony.call_deliveries WHERE call_session_id = %s", (number,)
            ).fetchone()


def wait_until(is_so: Callable[[], bool], seconds: float = 15) -> None:
    """Wait for something that happens in another thread."""
    until = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > until:
            raise AssertionError("it did not happen in time")
        time.sleep(0.01)
