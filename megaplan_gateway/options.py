"""All limits and timeouts of the gateway in one place."""

from __future__ import annotations

from dataclasses import dataclass

MIB = 1024 * 1024


@dataclass(frozen=True)
class Options:
    """Limits of the whole service; the defaults suit one process serving a handful of accounts.

    :param max_body_bytes: largest request body; larger ones are refused (413)
    :param max_webhook_bytes: the same for Megaplan's webhooks, whose beginning is enough: the rest is not kept
    :param body_seconds: timeout for receiving a body (408)
    :param requests_per_second: limit per account and route; requests above it are refused (429)
    :param max_waiting: messages waiting for their commit; further ones are refused (503)
    :param max_waiting_bytes: the same in bytes
    :param store_seconds: how long a message waits for Postgres before it is refused (503)
    :param reload_seconds: interval between reloads of the connections and the Variable
    :param pool_size: maximum number of Postgres sessions
    :param popup_sessions: how many of them pop-ups use
    :param route_seconds: deadline for answering UIS's routing request, whatever fails; UIS does not document its own
        timeout, two seconds are assumed
    :param route_index_seconds: the part of it reserved for the raw tables
    :param megaplan_seconds: timeout of a request to Megaplan
    :param status_poll_seconds: shortest interval between polls of UIS's statuses, see docs/widget-contract.md
    :param notice_interval_seconds: interval between looks for incidents that people have to be told of
    :param widget_seconds: deadline for answering the widget, whatever hangs
    """

    max_body_bytes: int = MIB
    max_webhook_bytes: int = 16 * MIB
    body_seconds: float = 10.0
    requests_per_second: float = 5000.0
    max_waiting: int = 5000
    max_waiting_bytes: int = 64 * MIB
    store_seconds: float = 5.0
    reload_seconds: float = 30.0
    pool_size: int = 8
    popup_sessions: int = 4
    route_seconds: float = 1.5
    route_index_seconds: float = 0.4
    megaplan_seconds: float = 10.0
    status_poll_seconds: float = 30.0
    notice_interval_seconds: float = 60.0
    widget_seconds: float = 12.0
