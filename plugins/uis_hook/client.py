"""The part of the hook that sends requests and reads answers; it knows no nouns."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import cached_property
from typing import Any, TypeVar

import requests
from airflow.sdk import BaseHook
from airflow.sdk.log import mask_secret

from megaplan_vendor_kit.responses import retry_after_seconds
from megaplan_vendor_kit.retry import RetrySchedule
from megaplan_vendor_kit.transport import VendorAdapter, VendorSession
from uis_hook.conversation import Message, Received, conversation
from uis_hook.exceptions import UisError, UisPagingError, UisSortProhibitedError, UisTransportError
from uis_hook.jsonrpc import HEADERS, Answer, Api, Request, rows
from uis_hook.limits import Limits
from uis_hook.paging import ListRequest, OffsetWalk, Page
from uis_hook.points import LocalPoints, PointsBudget
from uis_hook.session_keys import Keys
from uis_hook.settings import UisSettings

Result = TypeVar("Result")


class UisClient(BaseHook):
    """Speaks with one telephony account: JSON-RPC, keys, retries, points, pages.

    Stands on ``BaseHook``, not on ``HttpHook``: there are two addresses and neither routes, queries nor headers
    of one's own, so next to nothing of it would be used.

    :param uis_conn_id: the connection of the account; see :class:`uis_hook.settings.UisSettings`.
    :param points: whether requests may be sent; None makes one for this hook alone. Give a shared one when
        several processes speak with the account.
    :param sleep: waits so many seconds between tries.
    """

    def __init__(
        self,
        uis_conn_id: str,
        *,
        points: PointsBudget | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        super().__init__()
        self.uis_conn_id = uis_conn_id
        self._given_points = points
        self._sleep = sleep
        self._lock = threading.RLock()
        self._limits: dict[Api, Limits] = {}

    # -- what the connection says

    @cached_property
    def settings(self) -> UisSettings:
        """The checked settings of the connection.

        :raises UisSettingError: naming the field that is wrong.
        """
        settings = UisSettings.from_connection(self.get_connection(self.uis_conn_id))
        for secret in (settings.access_token, settings.password, settings.webhook_secret):
            if secret:
                mask_secret(secret)
        return settings

    @property
    def limits(self) -> Limits | None:
        """The points of the Data API, as the last answer told them; None when none has yet."""
        return self._limits.get("data")

    @property
    def call_limits(self) -> Limits | None:
        """The points of the Call API, likewise; not every answer tells them."""
        return self._limits.get("call")

    @cached_property
    def points(self) -> PointsBudget:
        """What every request is asked of before it is sent."""
        return self._given_points or LocalPoints(self.settings.longest_limit_wait_seconds, sleep=self._sleep)

    @property
    def requests_sent(self) -> int:
        """How many HTTP requests this hook has sent: logins and further tries included."""
        return self._adapter.requests_sent

    @cached_property
    def _keys(self) -> Keys:
        settings = self.settings
        return Keys(
            settings.access_token,
            settings.login,
            settings.password,
            settings.vendor_quirks.session_key_seconds,
        )

    @cached_property
    def _retries(self) -> RetrySchedule:
        fallback = self.settings.vendor_quirks.limit_wait_fallback_seconds
        return RetrySchedule(
            failure_tries=5,
            limit_total_seconds=self.settings.longest_limit_wait_seconds,
            limit_first_seconds=fallback,
            limit_longest_seconds=fallback,
            sleep=self._sleep,
        )

    # -- the session

    def get_conn(self) -> requests.Session:
        """Return the one session of this hook."""
        with self._lock:
            return self._session

    @cached_property
    def _adapter(self) -> VendorAdapter:
        return VendorAdapter(lambda _, what, maybe_accepted: UisTransportError(what, None, maybe_accepted))

    @cached_property
    def _session(self) -> VendorSession:
        return VendorSession(self.settings, self._adapter)

    def close(self) -> None:
        """Close the connections to UIS; the next request opens them again."""
        if "_session" in self.__dict__:
            self._session.close()

    # -- requests

    def ask(self, request: Request[Result]) -> Result:
        """Send a request and return its result; tried again as the request itself allows.

        :raises UisError: of the class that fits; see :mod:`uis_hook.exceptions`.
        """
        return self._ask(request, self._retries)

    def call(
        self,
        method: str,
        params: Mapping[str, Any] | None = None,
        *,
        api: Api = "data",
        may_come_twice: bool | None = None,
    ) -> Answer:
        """Call any method that this hook has no name for.

        :param method: such as ``get.tags``.
        :param params: without access token.
        :param may_come_twice: None lets reads (``get``, ``getobj``, ``list``) come twice, and nothing else.
        """
        if may_come_twice is None:
            may_come_twice = method.partition(".")[0] in ("get", "getobj", "list")
        return self.ask(
            Request(method, dict(params or {}), lambda answer: answer, api=api, may_come_twice=may_come_twice)
        )

    def walk(self, listing: ListRequest, *, page_size: int | None = None) -> Iterator[Page]:
        """Read a list to its end, page by page, although rows come and go meanwhile.

        A page is asked for only when the caller wants it. The rules are those of
        :class:`uis_hook.paging.OffsetWalk`. Should UIS not sort this list by that field, it is read unsorted
        when it fits on one page, and refused otherwise.

        :param page_size: rows asked per page; default is the setting ``page_size``.
        :raises UisPagingError: when the list cannot be read to its end.
        """
        pages = OffsetWalk(listing, page_size or self.settings.page_size)
        while (window := pages.next_window()) is not None:
            try:
                answer = self._list_page(listing, window)
            except UisSortProhibitedError as refusal:
                if window["offset"] or listing.sort_field is None:
                    raise
                self.log.warning("%s: UIS does not sort by %s.", listing.method, listing.sort_field)
                answer = self._list_page(replace(listing, sort_field=None), window)
                if (answer.total_items or 0) > len(rows(answer)) or len(rows(answer)) >= pages.page_size:
                    raise UisPagingError(
                        f"{listing.method}: UIS does not sort by {listing.sort_field!r}, and unsorted pages may"
                        " lose rows; name another field in vendor_quirks, or raise page_size"
                    ) from refusal
            page = pages.accept(rows(answer), answer.total_items)
            if page.rows or page.is_last:
                yield page

    def _list_page(self, listing: ListRequest, window: Mapping[str, int]) -> Answer:
        params = {**listing.params, **window, **listing.sort_params()}
        return self.ask(Request(listing.method, params, lambda answer: answer))

    def _all(self, listing: ListRequest) -> list[dict[str, Any]]:
        return [row for page in self.walk(listing) for row in page.rows]

    def _ask(self, request: Request[Result], retries: RetrySchedule) -> Result:
        def announce(error: BaseException, seconds: float) -> None:
            self.log.warning("%s Trying again in %.1f s.", error, seconds)

        try:
            return retries.call(
                lambda: self._converse(request),
                may_come_twice=request.may_come_twice,
                before_wait=announce,
                on_limit=lambda seconds: self.points.back_off(request.api, seconds),
            )
        except UisError as error:
            error.connection_id = error.connection_id or self.uis_conn_id
            raise

    def _converse(self, request: Request[Result]) -> Result:
        talk = conversation(
            request,
            self._keys,
            now=time.time,
            customer_user_id=self.settings.customer_user_id,
            on_limits=self._observe,
            on_key=mask_secret,
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
        self._limits[api] = limits
        self.points.observe(api, limits)

    def _post(self, message: Message) -> Received:
        self.points.acquire(message.api, message.method, message.points)
        session = self.get_conn()
        headers = dict(HEADERS)
        if not message.may_come_twice:
            # on a connection kept from before, a request may be lost in a way that cannot be told from one
            # that UIS has got; and then it could not be sent again
            self._adapter.close()
            headers["Connection"] = "close"
        url = self.settings.api_url(message.api)
        try:
            response = session.post(url, data=message.body, headers=headers, verify=session.verify)
        except UisTransportError as error:
            error.args = (f"{message.method}: {error.args[0]}", *error.args[1:])
            raise
        return Received(response.status_code, response.content, retry_after_seconds(response.headers))
