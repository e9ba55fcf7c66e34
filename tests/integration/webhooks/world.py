"""Changes in Megaplan, their webhooks, and runs that process them."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import psycopg

from demo.emulated_megaplan import EmulatedMegaplan
from megaplan_hook.hook import MegaplanHook
from megaplan_sync.inbox.event_store import MEGAPLAN_WEBHOOK
from megaplan_sync.kernel.schemas import prepare_telephony_schema
from megaplan_sync.kernel.session import Session
from megaplan_sync.raw.outcome import EntityOutcome
from megaplan_sync.webhooks.account_webhooks import AccountWebhooks
from tests.emulators.hook_receiver import HookReceiver
from tests.integration.reconciliation.nights import Night
from tests.integration.stored_messages import store_messages

STREAMS = ["deals", "contractors", "employees", "events", "comments"]


@dataclass
class WebhookWorld:
    """A loaded account.

    :param night: the same account, for everything but webhooks
    :param waits: seconds that runs wanted to wait; the webhooks become older instead
    """

    night: Night
    receiver: HookReceiver
    waits: list[float] = field(default_factory=list)

    @property
    def account(self) -> str:
        return f"127.0.0.1:{self.night.megaplan.port}"

    @property
    def uri(self) -> str:
        return self.night.uri

    def change(self, *mutations: dict[str, Any], webhooks: int | None = None) -> list[Any]:
        """Change the account and store its webhooks, by default one for each change."""
        results = self.night.change(*mutations)
        self.come_in(*self.receive(len(mutations) if webhooks is None else webhooks))
        return results

    def receive(self, count: int) -> list[dict[str, Any]]:
        """Return the next webhooks that Megaplan sends."""
        taken = self.receiver.wait_for(count)[:count]
        del self.receiver.taken[:count]
        return taken

    def come_in(self, *bodies: Any) -> None:
        """Store bodies in the inbox."""
        raw = [body if isinstance(body, bytes) else json.dumps(body).encode() for body in bodies]
        with self.night.database.transaction():
            store_messages(
                self.night.database,
                self.account,
                MEGAPLAN_WEBHOOK,
                [(body, "application/json", None) for body in raw],
            )

    def event(self, model: str, id: int | str, event: str = "on_after_update", **more: Any) -> dict[str, Any]:
        """Return a webhook that Megaplan has not sent."""
        data = {"contentType": model, "id": str(id)}
        return {"uuid": str(uuid4()), "model": model, "event": event, "data": data, **more}

    def run(self, **settings: Any) -> dict[str, EntityOutcome]:
        """Process the waiting webhooks as the DAG's task does, without waiting; return the counts by table."""
        with Session.open(self.uri) as connection:
            webhooks = self.new_run(connection, **settings)
            webhooks.run()
        return {outcome.entity: outcome for outcome in webhooks.outcomes()}

    def new_run(
        self,
        connection: psycopg.Connection[Any],
        sleep: Callable[[float], None] | None = None,
        **settings: Any,
    ) -> AccountWebhooks:
        hook = MegaplanHook(self.night.connect(**settings), sleep=lambda seconds: None)
        return AccountWebhooks(hook, connection, sleep=sleep or self.wait)

    def asked(self) -> dict[str, int]:
        """Return the number of requests to each route since the last call."""
        asked = self.night.asked()
        self.night.megaplan.control("requests", method="DELETE")
        return asked

    def deal(self, id: int, columns: str = "name") -> Any:
        row = self.night.database.execute(
            f"SELECT {columns} FROM megaplan_raw.deals WHERE id = %s", (id,)
        ).fetchone()
        return row[0] if row is not None and len(row) == 1 else row

    def outcomes(self) -> list[str | None]:
        """Return the outcomes of all webhooks in the order of arrival; None for waiting ones."""
        rows = self.night.database.execute("SELECT outcome FROM telephony.events ORDER BY number").fetchall()
        return [outcome for (outcome,) in rows]

    def wait(self, seconds: float) -> None:
        """Let the webhooks become older instead of waiting."""
        self.waits.append(seconds)
        self.night.database.execute(
            "UPDATE telephony.events SET received_at = received_at - make_interval(secs => %s)", (seconds,)
        )


def subscribe(megaplan: EmulatedMegaplan, url: str) -> None:
    """Let the account's application send all events to an address."""
    megaplan.control("knobs", {"hook_retry_s": 0.05})
    megaplan.notify(url)


def subscribed(night: Night, receiver: HookReceiver) -> WebhookWorld:
    """Let a receiver get all events; return the account with the inbox."""
    receiver.bodies.clear()
    receiver.taken.clear()
    subscribe(night.megaplan, receiver.url)
    prepare_telephony_schema(night.database)
    night.megaplan.control("requests", method="DELETE")
    return WebhookWorld(night, receiver)
