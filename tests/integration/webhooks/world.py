"""Changes in Megaplan, its webhooks, and runs that read what they name."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import psycopg

from demo.emulated_megaplan import EmulatedMegaplan
from megaplan_hook.hook import MegaplanHook
from megaplan_sync.inbox.event_store import MEGAPLAN_WEBHOOK
from megaplan_sync.kernel.postgres import prepare_session
from megaplan_sync.kernel.schemas import prepare_telephony_schema
from megaplan_sync.raw.outcome import EntityOutcome
from megaplan_sync.webhooks.account_webhooks import AccountWebhooks
from tests.emulators.hook_receiver import HookReceiver
from tests.integration.reconciliation.nights import Night
from tests.integration.stored_messages import store_messages

STREAMS = ["deals", "contractors", "employees", "events", "comments"]


@dataclass
class WebhookWorld:
    """A loaded account.

    :param night: the same account, for what is not about webhooks
    :param waits: seconds that runs were to wait; the webhooks grow older by as much
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
        """Change the account and let the webhooks, as many as changes unless it is said, come in."""
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
        """Return a webhook that nobody has sent."""
        data = {"contentType": model, "id": str(id)}
        return {"uuid": str(uuid4()), "model": model, "event": event, "data": data, **more}

    def run(self, **settings: Any) -> dict[str, EntityOutcome]:
        """Look into what waits as the DAG's task does; return the counts by table. No run really waits."""
        with psycopg.connect(self.uri, autocommit=True) as connection:
            prepare_session(connection)
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
        return AccountWebhooks(hook, connection, sleep=sleep or self._grow_older)

    def asked(self) -> dict[str, int]:
        """Return how many requests of each route were sent since the last time, and forget them."""
        asked = self.night.asked()
        self.night.megaplan.control("requests", method="DELETE")
        return asked

    def deal(self, id: int, columns: str = "name") -> Any:
        row = self.night.database.execute(
            f"SELECT {columns} FROM megaplan_raw.deals WHERE id = %s", (id,)
        ).fetchone()
        return row[0] if row is not None and len(row) == 1 else row

    def outcomes(self) -> list[str | None]:
        """Return what became of all webhooks, in the order of their coming; None of those that wait."""
        rows = self.night.database.execute("SELECT outcome FROM telephony.events ORDER BY number").fetchall()
        return [outcome for (outcome,) in rows]

    def _grow_older(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.night.database.execute(
            "UPDATE telephony.events SET received_at = received_at - make_interval(secs => %s)", (seconds,)
        )


def subscribe(megaplan: EmulatedMegaplan, url: str) -> None:
    """Let the account's application tell an address of everything."""
    megaplan.control("knobs", {"hook_retry_s": 0.05})
    megaplan.notify(url)


def subscribed(night: Night, receiver: HookReceiver) -> WebhookWorld:
    """Let a receiver be told of everything; return the account with the inbox."""
    receiver.bodies.clear()
    receiver.taken.clear()
    subscribe(night.megaplan, receiver.url)
    prepare_telephony_schema(night.database)
    night.megaplan.control("requests", method="DELETE")
    return WebhookWorld(night, receiver)
