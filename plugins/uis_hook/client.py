"""The client of UIS, CoMagic, Novofon 2.0 and CallGear: sends requests and reads answers. Knows no Airflow."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any, TypeVar

import requests

from megaplan_vendor_kit.responses import retry_after_seconds, server_time
from megaplan_vendor_kit.retry import RetrySchedule
from megaplan_vendor_kit.transport import VendorAdapter, VendorSession
from uis_hook.conversation import Message, Received, conversation
from uis_hook.exceptions import UisError, UisTransportError, UisValidationError
from uis_hook.jsonrpc import HEADERS, Api, Request
from uis_hook.limits import Limits
from uis_hook.paging import Listing, Page
from uis_hook.points import LocalPoints, PointsBudget
from uis_hook.session_keys import Keys
from uis_hook.settings import UisSettings

Result = TypeVar("Result")

log = logging.getLogger(__name__)


class UisClient:
    """Speaks with one telephony account: JSON-RPC, keys, retries, points, pages. Safe for threads.

    What there is to ask say :mod:`uis_hook.staff`, :mod:`uis_hook.reports`, :mod:`uis_hook.call_control` and
    :mod:`uis_hook.deals`; a :class:`uis_hook.jsonrpc.Request` of one's own reaches everything else.

    :param settings: of the connection.
    :param points: whether requests may be sent; None makes a budget for this client alone. Give a shared one when
        several processes speak with the account.
    :param sleep: waits for a number of seconds between tries.
    :param on_session_key: gets every new key, so that it can be kept out of logs.
    """

    def __init__(
        self,
        settings: UisSettings,
        *,
        points: PointsBudget | None = None,
        sleep: Callable[[float], None] = time.sleep,
        on_session_key: Callable[[str], None] = lambda key: None,
    ) -> None:
        quirks = settings.vendor_quirks
        self.settings = settings
        self.limits: Limits | None = None
        """The points of the Data API, as of the last answer that names them."""
        self.server_time: datetime | None = None
        """UIS's clock in UTC, whole seconds, as of the last answer that has a date."""
        self.points = points or LocalPoints(settings.longest_limit_wait_seconds, sleep=sleep)
        self.retries = RetrySchedule(
            failure_tries=5,
            limit_total_seconds=settings.longest_limit_wait_seconds,
            limit_first_seconds=quirks.limit_wait_fallback_seconds,
            limit_longest_seconds=quirks.limit_wait_fallback_seconds,
            sleep=sleep,
        )
        self._on_session_key = on_session_key
        self._keys = Keys(
            settings.access_token, settings.login, settings.password, quirks.session_key_seconds
        )
        self._adapter = VendorAdapter(
            lambda _, what, maybe_accepted: UisTransportError(what, None, maybe_accepted)
        )
        self._session = VendorSession(settings, self._adapter)

    @property
    def requests_sent(self) -> int:
        """How many HTTP requests this client has sent: logins and further tries included."""
        return self._adapter.requests_sent

    def observe(self, observer: Callable[[requests.PreparedRequest, requests.Response], None]) -> None:
        """Show every later request and its response to somebody."""
        self._adapter.observer = observer

    def close(self) -> None:
        """Close the connections to UIS; the next request opens them again."""
        self._session.close()

    def ask(self, request: Request[Result], *, retries: RetrySchedule | None = None) -> Result:
        """Send a request and return its result; tried again as the request itself allows.

        :param retries: None takes those of the client.
        :raises UisError: of the class that fits; see :mod:`uis_hook.exceptions`.
        """
        try:
            return (retries or self.retries).call(
                lambda: self._converse(request),
                may_come_twice=request.may_come_twice,
                before_wait=lambda error, seconds: log.warning("%s Trying again in %.1f s.", error, seconds),
                on_limit=lambda seconds: self.points.back_off(request.api, seconds),
            )
        except UisError as error:
            error.connection_id = error.connection_id or self.settings.connection_id
            raise

    def pages(self, listing: Listing) -> Iterator[Page]:
        """Read a list or a report to its end, page by page, although rows come and go meanwhile.

        A page is asked for only when the caller wants it. The rules are those of :mod:`uis_hook.paging`.

        :raises UisPagingError: when it cannot be read to its end.
        """
        pages = listing.pages(self.settings.page_size)
        while (request := pages.next_request()) is not None:
            try:
                answer = self.ask(request)
            except UisValidationError as refusal:
                log.warning("%s %s", refusal, pages.refuse(refusal))
                continue
            page = pages.accept(answer)
            if page.rows or page.is_last:
                yield page

    def rows(self, *listings: Listing) -> Iterator[dict[str, Any]]:
        """Read lists or reports to their ends, row by row."""
        for listing in listings:
            for page in self.pages(listing):
                yield from page.rows

    def _converse(self, request: Request[Result]) -> Result:
        talk = conversation(
            request,
            self._keys,
            now=time.time,
            customer_user_id=self.settings.customer_user_id,
            on_limits=self._observe,
            on_key=self._on_session_key,
        )
        try:
            message = next(talk)
            while True:
                try:
                    received = self._post(message)
                except UisError as error:
                    message = talk.throw(error)
                else:
                    message = talk.send(received)
        except StopIteration as end:
            result: Result = end.value
            return result

    def _observe(self, api: Api, limits: Limits) -> None:
        if api == "data":
            self.limits = limits
        self.points.observe(api, limits)

    def _post(self, message: Message) -> Received:
        self.points.acquire(message.api, message.method, message.points)
        headers = dict(HEADERS)
        if not message.may_come_twice:
            # on a connection kept from before, a request may be lost and look like one that UIS has got:
            # then it could not be sent again
            self._adapter.close()
            headers["Connection"] = "close"
        url = self.settings.api_url(message.api)
        try:
            response = self._session.post(
                url, data=message.body, headers=headers, verify=self._session.verify
            )
        except UisTransportError as error:
            error.args = (f"{message.method}: {error.args[0]}", *error.args[1:])
            raise
        self.server_time = server_time(response.headers) or self.server_time
        return Received(response.status_code, response.content, retry_after_seconds(response.headers))
