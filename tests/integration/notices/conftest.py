"""Recipients, and the connections of an account whose incidents they are told of."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from psycopg import Connection

from megaplan_hook.hook import MegaplanHook
from megaplan_sync.kernel.account_session import save_settings
from megaplan_sync.kernel.session import Session
from tests.integration.airflow_runs import postgres_connection
from tests.integration.notices.sinks import MailSink, WebhookSink


@pytest.fixture
def mail() -> Iterator[MailSink]:
    with MailSink().running() as sink:
        yield sink


@pytest.fixture
def webhook() -> Iterator[WebhookSink]:
    with WebhookSink().running() as sink:
        yield sink


@pytest.fixture
def template(loaded_template: str) -> str:
    """The tests here begin with a loaded account."""
    return loaded_template


@pytest.fixture
def recipients(
    connect: Callable[..., str],
    database_uri: str,
    mail: MailSink,
    webhook: WebhookSink,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The connections of an account with both recipients."""
    with Session.open(database_uri) as session:
        save_settings(session, MegaplanHook(connect()))  # as each run does
    monkeypatch.setenv("AIRFLOW_CONN_MEGAPLAN_POSTGRES", json.dumps(postgres_connection(database_uri)))
    described: dict[str, Any] = {"conn_type": "generic", "password": f"{mail.address} {webhook.address}"}
    monkeypatch.setenv("AIRFLOW_CONN_MEGAPLAN_NOTICES", json.dumps(described))


def make_stale(database: Connection[Any], hours: int) -> None:
    """Let each table have been read completely so many hours ago."""
    database.execute("UPDATE megaplan_sync.walks SET read_at = now() - make_interval(hours => %s)", (hours,))
