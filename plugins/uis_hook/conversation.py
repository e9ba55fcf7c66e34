"""From a request to its result, logging in as needed: a generator that says what to send. Free of I/O.

It is driven by ``requests`` in the hook, and by an asynchronous client just as well::

    talk = conversation(request, keys, …)
    try:
        message = next(talk)
        while True:
            # having posted message.body to settings.api_url(message.api)
            message = talk.send(Received(status, body, retry_after))
    except StopIteration as end:
        return end.value
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from typing import Any, TypeVar
from uuid import uuid4

from uis_hook.exceptions import UisAPIError, UisError, UisTokenError
from uis_hook.jsonrpc import Answer, Api, Request, encode_request, parse_answer
from uis_hook.limits import Limits
from uis_hook.session_keys import Keys

Result = TypeVar("Result")


@dataclass(frozen=True)
class Message:
    """What to POST next, with :data:`uis_hook.jsonrpc.HEADERS`.

    :param api: which of the two addresses.
    :param body: holds the access token, so it is never logged.
    :param method: for messages.
    :param points: what it will cost.
    :param may_come_twice: as in :class:`uis_hook.jsonrpc.Request`.
    """

    api: Api
    body: bytes = field(repr=False)
    method: str
    points: int
    may_come_twice: bool


@dataclass(frozen=True)
class Received:
    """What came back: HTTP status, whole body, and the seconds of Retry-After, if any."""

    status: int
    body: bytes = field(repr=False)
    retry_after: float | None = None


Talk = Generator[Message, Received, Result]


def conversation(
    request: Request[Result],
    keys: Keys,
    *,
    now: Callable[[], float],
    customer_user_id: int | None = None,
    on_limits: Callable[[Api, Limits], None] = lambda api, limits: None,
    on_key: Callable[[str], None] = lambda key: None,
) -> Talk[Result]:
    """Send a request; log in before it when there is no key, and once more when a session key is refused.

    A refused key means that nothing was begun, so even a call is then sent again.

    :param keys: where the key comes from and is kept.
    :param now: unix seconds.
    :param customer_user_id: of a reseller's client.
    :param on_limits: gets the account's points, whenever an answer names them.
    :param on_key: gets every new key, so that it can be kept out of logs.
    :raises UisError: as :func:`uis_hook.jsonrpc.parse_answer` does; UisTokenError when even a new key is refused.
    """
    key = yield from _key(request.api, keys, now, on_limits, on_key)
    try:
        answer = yield from _exchange(request, key, customer_user_id, on_limits)
    except UisTokenError:
        keys.forget(request.api, key)
        if not keys.renewable:
            raise
        key = yield from _key(request.api, keys, now, on_limits, on_key)
        answer = yield from _exchange(request, key, customer_user_id, on_limits)
    return request.parse(answer)


def _key(
    api: Api,
    keys: Keys,
    now: Callable[[], float],
    on_limits: Callable[[Api, Limits], None],
    on_key: Callable[[str], None],
) -> Talk[str]:
    """Return the present key or get one. Whatever fails here, the request proper has not been sent."""
    key = keys.current(api, now())
    if key is not None:
        return key
    login = keys.login_request(api)
    try:
        session_key = login.parse((yield from _exchange(login, None, None, on_limits)))
    except UisError as error:
        error.maybe_accepted = False
        raise
    on_key(session_key.access_token)
    keys.keep(api, session_key, now())
    return session_key.access_token


def _exchange(
    request: Request[Any],
    key: str | None,
    customer_user_id: int | None,
    on_limits: Callable[[Api, Limits], None],
) -> Talk[Answer]:
    request_id = uuid4().hex
    body = encode_request(request, request_id, key, customer_user_id)
    received = yield Message(request.api, body, request.method, request.points, request.may_come_twice)
    try:
        answer = parse_answer(received.status, received.body, request, request_id, received.retry_after)
    except UisAPIError as error:
        if error.limits is not None:
            on_limits(request.api, error.limits)
        raise
    if answer.limits is not None:
        on_limits(request.api, answer.limits)
    return answer
