"""Checks of the gateway, as this machine sees it."""

from collections.abc import Iterator
from dataclasses import replace

import requests

from megaplan_sync.doctor.account_under_check import AccountUnderCheck
from megaplan_sync.doctor.addresses import WebhookAddress, webhook_addresses
from megaplan_sync.doctor.finding import AIRFLOW, SERVERS, Finding, error, ok, warning

_TIMEOUTS_SECONDS = (4, 8)
_HOW_TO_START = (
    "start the gateway and let its proxy pass /{account}/… on (docs/gateway.md); or correct gateway_url"
)


def check_gateway(account: AccountUnderCheck) -> Iterator[Finding]:
    """Check that the gateway answers at its public address, and accepts this account's secrets."""
    settings = account.settings
    if not settings.gateway_url:
        level = error if settings.telephony_active else warning
        yield level(
            "gateway",
            "gateway_url is empty: no webhooks, no pop-ups, no calls from Megaplan",
            AIRFLOW,
            f"start the gateway (docs/gateway.md) and write its public address into {settings.connection_id}",
        )
        return
    if settings.gateway_url.startswith("http://"):
        yield warning(
            "gateway",
            "gateway_url is http",
            SERVERS,
            "Megaplan sends events to https only: put a proxy with TLS in front of the gateway",
        )
    unknown: dict[str, list[str]] = {}
    without_secret: dict[str, list[str]] = {}
    addresses = webhook_addresses(account)
    for each in addresses:
        if not each.secret:
            without_secret.setdefault(each.secret_in, []).append(each.topic)
            continue
        try:
            # the route answers 405 to this method only if the secret is right, and does nothing
            url = each.address(settings.gateway_url, each.secret)
            answer = requests.put(url, timeout=_TIMEOUTS_SECONDS)
        except requests.RequestException as failure:
            message = f"{settings.gateway_url} cannot be reached from here ({type(failure).__name__})"
            yield error("gateway", message, SERVERS, _HOW_TO_START)
            return
        if answer.status_code == 405 and "takes" in answer.text:
            yield _works(settings.gateway_url, each)
        elif answer.status_code == 404 and "Not found." in answer.text:
            unknown.setdefault(each.secret_in, []).append(each.topic)
        else:
            message = f"{settings.gateway_url} is not our gateway: {answer.status_code}"
            yield error("gateway", message, SERVERS, _HOW_TO_START)
            return
    for connection, topics in without_secret.items():
        yield error(
            topics[0],
            f"connection {connection} has no webhook_secret: the gateway refuses everything ({', '.join(topics)})",
            AIRFLOW,
            "generate one (openssl rand -hex 24), put it into the connection, and the address into the cabinet",
        )
    yield from _refusals(unknown, everything=len({each.secret_in for each in addresses}) == len(unknown))


def _works(gateway_url: str, each: WebhookAddress) -> Finding:
    shown = f"{each.address(gateway_url)}, where ••• is webhook_secret of connection {each.secret_in}"
    return ok(each.topic, f"{shown}; into {each.goes_into}")


def _refusals(unknown: dict[str, list[str]], *, everything: bool) -> Iterator[Finding]:
    """Tell of unknown addresses: one finding for what has one cause.

    :param unknown: topics of addresses, by the connection whose secret they contain
    :param everything: whether the gateway knows none of the account's addresses
    """
    if everything and len(unknown) > 1:
        unknown = {", ".join(unknown): [topic for topics in unknown.values() for topic in topics]}
    for connections, topics in unknown.items():
        finding = error(
            topics[0],
            f"the gateway does not know this account, or has another secret ({', '.join(topics)})",
            AIRFLOW,
            f"give the gateway the same connection {connections} as Airflow; it reads them every 30 s, and "
            "its log says what it could not read",
        )
        # the account's name in the addresses comes from Host
        yield replace(finding, follows="Megaplan")
