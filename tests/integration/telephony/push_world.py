"""Finished calls, the push, and what Megaplan has afterwards."""

import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from psycopg import Connection
from psycopg.rows import dict_row

from demo.emulated_megaplan import EmulatedMegaplan
from megaplan_hook.budget import RequestBudget
from megaplan_hook.exceptions import MegaplanError
from megaplan_hook.hook import MegaplanHook
from megaplan_sync.kernel.exceptions import MegaplanSyncError
from megaplan_sync.kernel.session import DurableSession
from megaplan_sync.telephony.push.account_push import AccountPush
from megaplan_sync.telephony.push.outbox import Outbox
from megaplan_sync.telephony.push.stage_context import StageContext
from uis_hook.settings import UisSettings

EMPLOYEE, UIS_EMPLOYEE = 1_000_004, 501
COLLEAGUE, UIS_COLLEAGUE = 1_000_006, 502
STRANGER = "79995550011"
STARTED = datetime(2026, 9, 21, 9, 15, tzinfo=UTC)
ALL_DONE = {
    "communication_incoming_answered": "done",
    "communication_incoming_missed": "done",
    "communication_outgoing_answered": "done",
    "communication_outgoing_unanswered": "done",
}


@dataclass
class UisConnection:
    """As Airflow would give it."""

    extra: str
    conn_id: str = "uis_default"
    host: str | None = None
    port: int | None = None
    schema: str | None = None
    login: str | None = None
    password: str | None = None


def uis_settings(url: str = "http://127.0.0.1:9", **settings: Any) -> UisSettings:
    """Return settings of a cabinet whose recordings are at an address."""
    extra = {"access_token": "token", "records_url": url, **settings}
    return UisSettings.from_connection(UisConnection(json.dumps(extra), host=url))


class FreeBudget:
    """Never waits, not even after a 429."""

    def acquire(self) -> None:
        """Wait for nothing."""

    def back_off(self, seconds: float) -> None:
        """Wait for nothing."""

    def remaining(self) -> int | None:
        """Count nothing."""
        return None


@dataclass
class PushWorld:
    """A database, an emulated Megaplan, and runs of the push."""

    database: Connection[Any]
    uri: str
    megaplan: EmulatedMegaplan
    connect: Callable[..., str]
    uis: UisSettings = field(default_factory=uis_settings)
    settings: dict[str, Any] = field(default_factory=dict)
    lag: float = 0.0

    @property
    def account(self) -> str:
        return f"127.0.0.1:{self.megaplan.port}"

    def add_call(
        self,
        number: int = 700100200,
        direction: str = "in",
        outcome: str = "answered",
        **values: Any,
    ) -> int:
        """Add a call of five minutes between the employee and a number that no client has."""
        row: dict[str, Any] = {
            "account": self.account,
            "call_session_id": number,
            "direction": direction,
            "outcome": outcome,
            "is_finished": True,
            "contact_phone": STRANGER,
            "virtual_phone": "74950000001",
            "uis_employee_id": UIS_EMPLOYEE,
            "rung_employees": [UIS_EMPLOYEE],
            "started_at": STARTED,
            "finished_at": STARTED + timedelta(minutes=5),
            "talk_seconds": 125 if outcome == "answered" else 0,
            "expects_record": False,
            **values,
        }
        row["records"] = json.dumps(row.get("records", []))
        names = ", ".join(row)
        places = ", ".join(f"%({name})s" for name in row)
        self.database.execute(f"INSERT INTO telephony.calls ({names}) VALUES ({places})", row)
        return number

    def add_live_card(self, number: int, call_info_id: str | None = None) -> None:
        """Record that the live lane has created, or wanted to create, the object of a call."""
        self.database.execute(
            """INSERT INTO telephony.cards (account, provider_id, call_session_id, is_companion, employee_id)
            VALUES (%(account)s, %(number)s::text, %(number)s, false, 1)""",
            {"account": self.account, "number": number},
        )
        self.database.execute(
            """INSERT INTO telephony.call_deliveries (account, call_session_id, stage, step, result_id)
            VALUES (%s, %s, 'history', 1, %s)""",
            (self.account, number, call_info_id),
        )

    def change_call(self, number: int, **values: Any) -> None:
        """Change a call as a new event would."""
        if "records" in values:
            values["records"] = json.dumps(values["records"])
        changes = ", ".join(f"{name} = %({name})s" for name in values)
        self.database.execute(
            f"UPDATE telephony.calls SET {changes}, changed_at = clock_timestamp() "
            "WHERE call_session_id = %(number)s",
            {**values, "number": number},
        )

    def new_push(self, connection: Connection[Any], **settings: Any) -> AccountPush:
        """Return a run without delays between its attempts."""
        return AccountPush(self.hook(**settings), connection, self.uis, sleep=lambda seconds: None)

    def new_context(self, connection: Connection[Any], budget: RequestBudget | None = None) -> StageContext:
        """Return the context of such a run."""
        return StageContext.for_run(self.hook(budget), connection, sleep=lambda seconds: None)

    def hook(self, budget: RequestBudget | None = None, **settings: Any) -> MegaplanHook:
        """Return the hook of a run."""
        quirks = {"read_lag_seconds": self.lag, **settings.pop("vendor_quirks", {})}
        given = {"telephony_active": True, **self.settings, **settings, "vendor_quirks": quirks}
        return MegaplanHook(self.connect(**given), budget=budget or FreeBudget(), sleep=lambda seconds: None)

    def push(self, **settings: Any) -> dict[str, int]:
        """Deliver what is due, as the task does."""
        with DurableSession.open(self.uri) as connection:
            return self.new_push(connection, **settings).run()

    def push_with_trouble(self, **settings: Any) -> Exception:
        """Deliver what is due; return the error that is raised."""
        with pytest.raises((MegaplanError, MegaplanSyncError)) as caught:
            self.push(**settings)
        return caught.value

    def push_until_quiet(self, **settings: Any) -> None:
        """Run repeatedly, despite errors, until nothing is open."""
        for _ in range(40):
            with suppress(MegaplanError):
                self.push(**settings)
            self.let_time_pass()
            if not self.open_calls():
                return
        raise AssertionError(f"still open: {self.open_calls()}")

    def plan(self, **settings: Any) -> None:
        """Plan the stages of new and changed calls, and deliver nothing."""
        Outbox(self.database, self.hook(**settings).settings, lease_seconds=0).open()

    def resend(self, *call_session_ids: int) -> set[int]:
        """Restart some calls, or all that have failed; return which ones."""
        outbox = Outbox(self.database, self.hook().settings, lease_seconds=0)
        return outbox.resend(call_session_ids or None)

    def open_calls(self) -> list[dict[str, Any]]:
        with self.database.cursor(row_factory=dict_row) as cursor:
            return cursor.execute(
                """SELECT call_session_id, history, recording, communication, last_error
                FROM telephony.call_delivery_states
                WHERE history IN ('due', 'unsure') OR (history = 'done' AND (
                  recording IN ('waiting', 'due', 'unsure') OR communication IN ('waiting', 'due', 'unsure')))"""
            ).fetchall()

    def let_time_pass(self) -> None:
        """Make everything in the outbox due, and let the claims of killed runs expire."""
        self.database.execute(
            """UPDATE telephony.call_deliveries
            SET due_at = now(), done_at = done_at - interval '1 hour', claimed_until = now() - interval '1 second'"""
        )

    def row(self, number: int = 700100200) -> dict[str, Any]:
        """Return the outbox row of a call."""
        with self.database.cursor(row_factory=dict_row) as cursor:
            found = cursor.execute(
                "SELECT * FROM telephony.call_delivery_states WHERE call_session_id = %s", (number,)
            ).fetchone()
        assert found is not None
        return found

    def states(self, number: int = 700100200) -> tuple[str, str, str]:
        row = self.row(number)
        return row["history"], row["recording"], row["communication"]

    def calls(self) -> list[dict[str, Any]]:
        """Return the calls that Megaplan has with our ids."""
        found = self.megaplan.control("state?entity=calls")
        return [call for call in found if str(call.get("providerId") or "").isdigit()]

    def call(self, number: int = 700100200) -> dict[str, Any]:
        """Return the only call object of a call."""
        (call,) = [call for call in self.calls() if call["providerId"] == str(number)]
        return dict(call)

    def todos(self) -> list[dict[str, Any]]:
        """Return the todos that belong to those calls."""
        ids = {call["id"] for call in self.calls()}
        return [
            todo
            for todo in self.megaplan.control("state?entity=todos")
            if ids & {each["id"] for each in todo["relations"] if each["contentType"] == "CallInfo"}
        ]

    def comments(self, todo: dict[str, Any]) -> list[str]:
        """Return the comments of a todo."""
        hook = MegaplanHook(self.connect(), sleep=lambda seconds: None)
        return [
            item["content"]
            for page in hook.pages(f"/todo/{todo['id']}/comments")
            for item in page.items
            if item["contentType"] == "Comment"
        ]

    def requests(self, path: str = "", method: str = "") -> list[dict[str, Any]]:
        """Return the logged requests below a route, logins left out."""
        return [
            entry
            for entry in self.megaplan.control("requests")
            if entry["path"].startswith(f"/api/v3{path}")
            and method in ("", entry["method"])
            and "access_token" not in entry["path"]
        ]

    def forget_requests(self) -> None:
        self.megaplan.control("requests", method="DELETE")

    def fault(self, kind: str, **spec: Any) -> None:
        """Spoil requests; once unless ``count`` says otherwise."""
        self.megaplan.control("faults", {"kind": kind, "count": 1, **spec})

    def knobs(self, **values: Any) -> None:
        self.megaplan.control("knobs", values)

    def client(self, phone: str, **fields: Any) -> dict[str, Any]:
        """Make a client with a number in Megaplan."""
        hook = MegaplanHook(self.connect(), sleep=lambda seconds: None)
        info = [{"contentType": "ContactInfo", "type": "phone", "value": phone}]
        body = {"firstName": "Анна", "contactInfo": info, **fields}
        data: dict[str, Any] = hook.request("POST", "/contractorHuman", body=body).data
        self.forget_requests()
        return {"contentType": data["contentType"], "id": data["id"]}
