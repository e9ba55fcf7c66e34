"""How much the gateway takes in, and how long it waits. One place, so that nothing is unlimited."""

from __future__ import annotations

from dataclasses import dataclass

KIB, MIB = 1024, 1024 * 1024


@dataclass(frozen=True)
class Options:
    """Limits of the whole service; the defaults suit one process before a handful of accounts.

    :param largest_body_bytes: a request with more is refused (413)
    :param body_seconds: how long a client may take to send its body (408)
    :param requests_per_second: of one account and one kind of route; more are refused (429)
    :param most_waiting: messages that wait for their commit; more are refused (503)
    :param most_waiting_bytes: the same in bytes
    :param store_seconds: how long a message waits for Postgres before it is refused (503)
    :param reload_seconds: how often connections and the Variable are read anew
    :param pool_size: most sessions in Postgres
    :param route_seconds: within how long UIS is told whom to ring, whatever fails; UIS's own limit is not documented,
        two seconds are assumed
    :param route_index_seconds: how much of that the raw tables get
    :param megaplan_seconds: how long an answer of Megaplan is waited for
    :param status_poll_seconds: how often UIS is asked for statuses at most, see docs/widget-contract.md
    """

    largest_body_bytes: int = MIB
    body_seconds: float = 10.0
    requests_per_second: float = 5000.0
    most_waiting: int = 5000
    most_waiting_bytes: int = 64 * MIB
    store_seconds: float = 5.0
    reload_seconds: float = 30.0
    pool_size: int = 8
    route_seconds: float = 1.5
    route_index_seconds: float = 0.4
    megaplan_seconds: float = 10.0
    status_poll_seconds: float = 30.0
