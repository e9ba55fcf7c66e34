"""Checks of our own side: Postgres, and the gateway as this machine sees it."""

from collections.abc import Iterator
from typing import Any

import requests
from psycopg import Connection

from megaplan_sync.doctor.account_under_check import AccountUnderCheck
from megaplan_sync.doctor.addresses import WebhookAddress, webhook_addresses
from megaplan_sync.doctor.finding import Finding, error, ok, warning
from megaplan_sync.kernel.schemas import TELEPHONY_SCHEMA_VERSION
from megaplan_sync.kernel.sql import read_sql
from megaplan_sync.raw.schema import SCHEMA_VERSION

_TIMEOUT_SECONDS = 10
_HOW_TO_START = "start it (docs/gateway.md), and let the proxy in front of it pass /{account}/… on"


def check_postgres(database: Connection[Any]) -> Iterator[Finding]:
    """Check the raw tables' database."""
    version, encoding, may_create = database.execute(read_sql("select_database_state")).fetchone() or (
        0,
        "",
        False,
    )
    yield ok("Postgres", f"version {version}")
    if encoding != "UTF8":
        yield error("encoding", f"the database uses {encoding}", "recreate it with ENCODING 'UTF8'")
    for schema, statement, wanted, dag in (
        ("megaplan_sync", "select_schema_version", SCHEMA_VERSION, "megaplan_deals_sync"),
        ("telephony", "select_telephony_schema_version", TELEPHONY_SCHEMA_VERSION, "megaplan_telephony_sync"),
    ):
        yield _schema(database, schema, statement, wanted, dag, may_create=bool(may_create))


def _schema(
    database: Connection[Any], schema: str, statement: str, wanted: int, dag: str, *, may_create: bool
) -> Finding:
    topic = f"tables of {schema}"
    exists = database.execute(read_sql("has_schema_version"), {"schema": schema}).fetchone() == (True,)
    if not exists and not may_create:
        return error(
            topic,
            "they do not exist, and the connection's user may not create schemas",
            "GRANT CREATE ON DATABASE … TO the user of megaplan_postgres",
        )
    if not exists:
        return warning(topic, "they do not exist yet", f"run the DAG {dag} once")
    found = database.execute(read_sql(statement)).fetchone()
    version = int(found[0]) if found else 0
    if version > wanted:
        return error(topic, f"version {version}, this package supports up to {wanted}", "upgrade the package")
    if version < wanted:
        return warning(topic, f"version {version}, this package needs {wanted}", f"run the DAG {dag} once")
    return ok(topic, f"version {version}")


def check_gateway(account: AccountUnderCheck) -> Iterator[Finding]:
    """Check that the gateway answers at its public address, and accepts this account's secrets."""
    settings = account.settings
    if not settings.gateway_url:
        yield warning(
            "gateway",
            "gateway_url is empty: no webhooks, no pop-ups, no calls from Megaplan",
            f"start the gateway (docs/gateway.md) and write its public address into {settings.connection_id}",
        )
        return
    if settings.gateway_url.startswith("http://"):
        yield warning(
            "gateway",
            "gateway_url is http",
            "Megaplan sends events to https only: put a proxy with TLS in front of the gateway",
        )
    for each in webhook_addresses(account):
        yield _reached(settings.gateway_url, each)


def _reached(gateway_url: str, each: WebhookAddress) -> Finding:
    shown = f"{each.address(gateway_url)}, where ••• is webhook_secret of connection {each.secret_in}"
    if not each.secret:
        return error(
            each.topic,
            f"connection {each.secret_in} has no webhook_secret: the gateway refuses everything",
            "generate one (openssl rand -hex 24), put it into the connection, and the address into the cabinet",
        )
    try:
        # the route answers 405 to this method only if the secret is right, and does nothing
        answer = requests.put(each.address(gateway_url, each.secret), timeout=_TIMEOUT_SECONDS)
    except requests.RequestException as failure:
        return error(
            each.topic, f"{gateway_url} cannot be reached from here ({type(failure).__name__})", _HOW_TO_START
        )
    if answer.status_code == 405 and "takes" in answer.text:
        return ok(each.topic, f"{shown}; into {each.goes_into}")
    if answer.status_code == 404:
        return error(
            each.topic,
            "the gateway does not know this account, or has another secret",
            "it reads connections every 30 s; its log says what it could not read",
        )
    return error(each.topic, f"{gateway_url} is not our gateway: {answer.status_code}", _HOW_TO_START)
