"""What happens while an account is set up: a test of the address, webhooks, a call, and what the DAGs do first."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from megaplan_sync.doctor.examination import examine
from megaplan_sync.kernel.account_session import account_session
from megaplan_sync.raw.account_sync import AccountSync
from megaplan_sync.reconciliation.account_reconciliation import AccountReconciliation
from megaplan_sync.telephony.people.user_sync import UserSync, UserSyncOutcome
from megaplan_sync.telephony.push.account_push import AccountPush
from megaplan_sync.telephony.session import telephony_session
from megaplan_sync.uis_upload.account_upload import AccountUpload
from megaplan_sync.uis_upload.session import upload_session
from tests.emulators.uis_client import Client

from ..gateway.served import MEGAPLAN_SECRET, ServedGateway, served
from ..gateway.waiting import until
from .conftest import ConsoleWorld

CONN_ID = "megaplan_default"
MOSCOW = ZoneInfo("Europe/Moscow")
TEST_SESSION, CALL = 187020303, 700400500
EVENTS = (
    "in_call_session",
    "call_proceeding",
    "call_connected",
    "call_disconnected",
    "call_session_finished",
)


@contextmanager
def receiving(world: ConsoleWorld, uis: Client, monkeypatch: pytest.MonkeyPatch) -> Iterator[ServedGateway]:
    """Let the account's gateway run, with the connections that Airflow has; the clock of UIS is right."""
    for name, connection in world.connections.items():
        monkeypatch.setenv(name, connection)
    uis.control("clock", {"frozen": False, "time": f"{datetime.now(MOSCOW):%Y-%m-%d %H:%M:%S}"})
    uis.advance(60)
    with served(world.account) as gateway:
        yield gateway


def try_address(gateway: ServedGateway) -> None:
    """Let the cabinet try the address of the notifications."""
    notify(gateway, "in_call_session", TEST_SESSION, datetime.now(UTC))


def set_up(world: ConsoleWorld, gateway: ServedGateway, uis: Client) -> None:
    """Do everything else."""
    world.megaplan.control("knobs", {"request_line_bytes": 4096, "long_request_line": "431"})
    examine(CONN_ID, calibrates=True)
    load()
    receive(world, gateway)
    push()
    upload(uis)


def load() -> None:
    """Load the deals, reconcile them, and map the users."""
    with account_session(CONN_ID) as session:
        assert session is not None
        AccountSync(*session, run_id="first").run((), full_refresh=False)
        certificates = AccountReconciliation(*session, run_id="night", depth="ids").run(())
    assert {certificate.verdict for certificate in certificates} == {"proven"}
    with telephony_session(CONN_ID) as both:
        assert both is not None
        UserSync(both).run(UserSyncOutcome(both.account))


def receive(world: ConsoleWorld, gateway: ServedGateway) -> None:
    """Let a deal change, and a call come."""
    world.megaplan.notify(gateway.url + gateway.path("/megaplan", MEGAPLAN_SECRET))
    world.megaplan.control("mutate", [{"op": "create_deal", "fields": {"name": "Тестовая сделка"}}])
    began = datetime.now(UTC) - timedelta(minutes=5)
    for place, mnemonic in enumerate(EVENTS):
        more = {"is_lost": False, "last_talked_employee_id": 501} if mnemonic == EVENTS[-1] else {}
        notify(
            gateway, mnemonic, CALL, began + timedelta(seconds=20 * place), employee_id=501, leg_id=1, **more
        )
    found = "SELECT count(*) FROM telephony.events WHERE account = %s AND source = %s"
    until(lambda: world.database.execute(found, (world.account, "megaplan_webhook")).fetchone() != (0,), 600)


def notify(gateway: ServedGateway, mnemonic: str, number: int, at: datetime, **values: Any) -> None:
    """Send a notification."""
    local = at.astimezone(MOSCOW)
    body = {
        "notification_mnemonic": mnemonic,
        "notification_time": f"{local:%Y-%m-%d %H:%M:%S.%f}",
        "notification_timestamp": int(at.timestamp()),
        "call_session_id": number,
        "direction": "in",
        "contact_phone_number": "79995550011",
        "virtual_phone_number": "74950000001",
        **values,
    }
    assert gateway.notify(body).status_code == 200


def push() -> None:
    """Deliver the call to Megaplan."""
    with telephony_session(CONN_ID) as both:
        assert both is not None
        AccountPush(both.megaplan, both.connection, both.uis.settings, sleep=time.sleep).run()


def upload(uis: Client) -> None:
    """Upload the deals to UIS."""
    with upload_session(CONN_ID) as session:
        assert session is not None
        work = AccountUpload(session, "first")
        work.send()
        uis.advance(10)
        work.verify()
