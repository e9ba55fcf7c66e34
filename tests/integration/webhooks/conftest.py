"""A loaded account, whose webhooks are stored in the inbox as by the gateway."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from psycopg import Connection

from demo.emulated_megaplan import EmulatedMegaplan
from tests.emulators.hook_receiver import HookReceiver
from tests.integration.reconciliation.nights import Night
from tests.integration.webhooks.world import WebhookWorld, subscribed


@pytest.fixture
def template(loaded_template: str) -> str:
    """The tests here start from a loaded account."""
    return loaded_template


@pytest.fixture(scope="module")
def receiver() -> Iterator[HookReceiver]:
    """Where the emulated Megaplan sends its webhooks."""
    receiver = HookReceiver()
    yield receiver
    receiver.stop()


@pytest.fixture
def world(
    database_uri: str,
    database: Connection[Any],
    megaplan: EmulatedMegaplan,
    connect: Callable[..., str],
    receiver: HookReceiver,
) -> WebhookWorld:
    """A copy of the loaded account, subscribed to all events."""
    return subscribed(Night(database_uri, megaplan, connect, database), receiver)
