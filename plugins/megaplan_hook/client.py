"""The part of the hook that sends requests and reads answers, for any route."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from functools import cached_property
from typing import Any, TypeVar, cast

import orjson
import requests
from airflow.providers.http.hooks.http import HttpHook
from requests.auth import AuthBase

from megaplan_hook.auth import ApplicationAuth, MegaplanAuth
from megaplan_hook.budget import LocalBudget, RequestBudget
from megaplan_hook.envelope import Answer, entries, parse_answer
from megaplan_hook.exceptions import (
    MegaplanError,
    MegaplanNotFoundError,
    MegaplanRequestTooLongError,
    MegaplanSettingError,
    MegaplanTransportError,
    MegaplanValidationError,
)
from megaplan_hook.field_parts import is_refused_for_length, length_of_halves, merged_rows, split_fields
from megaplan_hook.links import is_entity
from megaplan_hook.paging import Anchor, ListPage, Order, PageWalk
from megaplan_hook.query import API_PREFIX, encode_arguments, route
from megaplan_hook.settings import AccountSettings
from megaplan_hook.token_grant import TOKEN_PATH, Token, encoded_grant, parse_token_answer
from megaplan_hook.unpaged_list import UnpagedList
from megaplan_vendor_kit.responses import retry_after_seconds, server_time
from megaplan_vendor_kit.retry import RetrySchedule
from megaplan_vendor_kit.transport import VendorAdapter, VendorSession, no_auth

Result = TypeVar("Result")

LONGEST_LIMIT_SECONDS = 60.0
"""How long answers 429 to a request are waited out altogether: what takes longer is left to a later run."""


class MegaplanClient(HttpHook):
    """Speaks with one Megaplan account: https, JSON queries, tokens, retries, request budget, pages.

    Stands on ``HttpHook``, by its public methods only: ``run_and_check`` sends the requests, and ``run()`` works
    for whatever this class has no method for. Different from it: https by default, settings never become headers,
    one session is kept, which is that of :mod:`megaplan_vendor_kit.transport`, and errors are
    :mod:`megaplan_hook.exceptions`.

    :param megaplan_conn_id: the connection of the account; see
        :class:`megaplan_hook.settings.AccountSettings`.
    :param budget: how many requests may be sent; None makes one for this hook alone out of the settings. Give
        a shared one when several processes speak with the account.
    :param sleep: waits for a number of seconds between tries.
    """

    def __init__(
        self,
        megaplan_conn_id: str,
        *,
        budget: RequestBudget | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        super().__init__(method="GET", http_conn_id=megaplan_conn_id, tcp_keep_alive=False)
        self.megaplan_conn_id = megaplan_conn_id
        self._given_budget = budget
        self._sleep = sleep
        self._session_lock = threading.RLock()
        self._last_server_time: datetime | None = None
        self.longest_query: int | None = None
        """Characters of a query that the account's web server accepts; None as long as it has refused none."""

    # -- what the connection says

    @cached_property
    def settings(self) -> AccountSettings:
        """The checked settings of the connection.

        :raises MegaplanSettingError: naming the field that is wrong.
        """
        return AccountSettings.from_connection(self._connection)

    @property
    def account(self) -> str:
        """The label before ``.megaplan.ru``, otherwise host:port."""
        return self.settings.account

    @cached_property
    def budget(self) -> RequestBudget:
        """Where every request is taken from."""
        return self._given_budget or LocalBudget(
            self.settings.requests_per_second, self.settings.requests_per_hour, sleep=self._sleep
        )

    @property
    def requests_sent(self) -> int:
        """How many HTTP requests this hook has sent: replays, further tries and token requests included."""
        return self._transport.requests_sent

    def observe(self, observer: Callable[[requests.PreparedRequest, requests.Response], None]) -> None:
        """Show every later request and its response to somebody."""
        self._transport.observer = observer

    @cached_property
    def _connection(self) -> Any:
        return self.get_connection(self.megaplan_conn_id)

    @cached_property
    def retries(self) -> RetrySchedule:
        """How often a request is tried; assign another schedule before the first request."""
        return RetrySchedule(
            failure_tries=6,
            limit_total_seconds=LONGEST_LIMIT_SECONDS,
            limit_first_seconds=2.0,
            limit_longest_seconds=self.settings.vendor_quirks.retry_after_fallback_seconds,
            sleep=self._sleep,
        )

    # -- the session

    def get_conn(
        self, headers: dict[Any, Any] | None = None, extra_options: dict[str, Any] | None = None
    ) -> requests.Session:
        """Return the one session of this hook, logged in lazily.

        :param headers: taken by ``run()`` for its own request, not kept for others.
        :param extra_options: of ``run()``; ``check_response`` is honoured.
        """
        # both are what run() and url_from_endpoint() of HttpHook read
        self.base_url, self.merged_extra = self.settings.base_url, dict(extra_options or {})
        return self._kept_session()

    def _kept_session(self) -> VendorSession:
        with self._session_lock:
            return self._session

    @cached_property
    def _transport(self) -> VendorAdapter:
        # whether a request has arrived is left open, since a write is sent again after 429 only
        return VendorAdapter(
            lambda request, what, _: MegaplanTransportError(f"{route(request.path_url)}: {what}"),
            before_send=lambda: self.budget.acquire(),
        )

    @cached_property
    def _session(self) -> VendorSession:
        session = VendorSession(self.settings, self._transport, self._auth)
        session.headers["Accept"] = "application/json"
        if self.settings.vendor_quirks.x_time_zone is not None:
            session.headers["X-Time-Zone"] = str(self.settings.vendor_quirks.x_time_zone)
        return session

    @cached_property
    def _auth(self) -> AuthBase:
        login, password = (self._connection.login or "").strip(), self._connection.password or ""
        settings = self.settings
        if login and password:
            return MegaplanAuth(settings.connection_id, login, password, self._fetch_token)
        if settings.application_token and not login:
            return ApplicationAuth(
                settings.connection_id, settings.application_token, settings.vendor_quirks.x_user_id
            )
        raise MegaplanSettingError(
            settings.connection_id,
            "password" if login else "login",
            "it is empty",
            "fill in Login (e-mail) and Password of a Megaplan user, or only application_token",
        )

    # -- requests

    def request(
        self,
        method: str,
        path: str,
        *,
        arguments: Mapping[str, Any] | None = None,
        body: object | None = None,
        may_come_twice: bool | None = None,
        retries: RetrySchedule | None = None,
    ) -> Answer:
        """Send one request and return its parsed answer.

        GET is tried again when Megaplan fails, limits or cannot be reached; any other method only after 429, unless
        ``may_come_twice`` says otherwise.

        :param method: GET, POST, PUT or DELETE. Megaplan updates with POST.
        :param path: the route below ``/api/v3``, such as ``/deal/77``.
        :param arguments: sent as one JSON object in the query.
        :param body: sent as JSON.
        :param may_come_twice: whether it does no harm when Megaplan gets it twice; None means that of GET only.
        :param retries: None takes those of the hook.
        :raises MegaplanError: of the class that fits; see :mod:`megaplan_hook.exceptions`.
        """
        if may_come_twice is None:
            may_come_twice = method.upper() == "GET"
        path = "/" + path.lstrip("/")
        url = f"{self.settings.base_url}{API_PREFIX}{path}"
        query = encode_arguments(arguments or {})
        headers = {} if body is None else {"Content-Type": "application/json"}
        content = None if body is None else orjson.dumps(body)

        def send() -> Answer:
            prepared = self._kept_session().prepare_request(
                requests.Request(method.upper(), url, headers=headers, data=content)
            )
            if query:  # encoded already: looking at each of its thousands of characters again takes a while
                prepared.url = f"{prepared.url}?{query}"
            response = self._send(prepared)
            try:
                return self._read(response, path)
            except MegaplanError as error:
                if is_refused_for_length(error, len(query)):
                    raise MegaplanRequestTooLongError(path, response.status_code, len(query)) from error
                raise

        return self._with_retries(send, may_come_twice=may_come_twice, retries=retries)

    def _with_retries(
        self, send: Callable[[], Result], *, may_come_twice: bool, retries: RetrySchedule | None = None
    ) -> Result:
        return (retries or self.retries).call(
            send,
            may_come_twice=may_come_twice,
            before_wait=lambda error, seconds: self.log.warning(
                "%s; trying again in %.1f s.", error, seconds
            ),
            on_limit=lambda seconds: self.budget.back_off(seconds),
        )

    def _send(self, prepared: requests.PreparedRequest) -> requests.Response:
        return cast(
            requests.Response, self.run_and_check(self._kept_session(), prepared, {"check_response": False})
        )

    def _read(self, response: requests.Response, path: str) -> Answer:
        now = server_time(response.headers)
        self._last_server_time = now or self._last_server_time
        answer = parse_answer(response.status_code, response.content, path)
        answer.raise_for_status(path, retry_after_seconds(response.headers))
        if answer.lost_numbers:
            self.log.warning(
                "%s: %d numbers are NaN, Infinity or beyond 1e308; they are read as null",
                path, answer.lost_numbers,
            )  # fmt: skip
        return replace(answer, server_time=now)

    def check_response(self, response: requests.Response) -> None:
        """Raise this package's errors from ``run()``, and log no bodies."""
        self._read(response, route(response.request.path_url))

    def _fetch_token(self, grant: Mapping[str, str]) -> Token:
        """Ask for tokens; safe to try again, since nothing is created."""
        url = f"{self.settings.base_url}{API_PREFIX}{TOKEN_PATH}"
        encoded = encoded_grant(grant, self.settings.vendor_quirks.token_body)

        def send() -> Token:
            request = requests.Request("POST", url, auth=no_auth, **encoded)
            response = self._send(self._kept_session().prepare_request(request))
            return parse_token_answer(
                response.status_code, response.content, retry_after_seconds(response.headers)
            )

        return self._with_retries(send, may_come_twice=True)

    # -- lists

    def list_page(self, path: str, arguments: Mapping[str, Any] | None = None) -> ListPage:
        """Read one page as it is; ``pages`` reads whole lists.

        :param arguments: anything the route takes, ``limit`` (default 100) and ``pageAfter`` included. Behind
            a ``pageAfter`` an empty page does not prove the end: the row may be gone.
        """
        answer = self._list_answer(path, arguments or {})
        rows = entries(answer, path)
        asked = int((arguments or {}).get("limit") or 100)
        data = [*filter(is_entity, rows)]
        page = PageWalk(page_size=asked).accept(rows, answer.pagination, answer.server_time) if data else None
        odd = [row for row in rows if not is_entity(row)]
        return page or ListPage([], data, answer.pagination, answer.server_time, (), True, odd)

    def pages(
        self,
        path: str,
        *,
        arguments: Mapping[str, Any] | None = None,
        page_size: int | None = None,
        order: Order | None = None,
        start: Iterable[Anchor] = (),
        expected_rows: int | None = None,
    ) -> Iterator[ListPage]:
        """Read a list to its end, page by page, although rows move and vanish meanwhile.

        A page is asked for only when the caller wants it. The rules are those of
        :class:`megaplan_hook.paging.PageWalk`.

        :param path: a list route, such as ``/deal``.
        :param arguments: what to ask, without limit, order and cursor.
        :param page_size: rows per page; default is the setting ``page_size``.
        :param order: how the list is sorted; the field must be among the requested ones.
        :param start: the ``trail`` of a page of an earlier reading: goes on behind that page.
        :param expected_rows: roughly how many rows will come, of a resumed reading only what is left. When it is
            about right, all costs at most ceil(rows / page size) + 1 requests; a wrong one costs one
            more, and loses nothing.
        :raises MegaplanCursorError: when the list cannot be read to its end.
        """
        pages = PageWalk(
            arguments,
            page_size=page_size or self.settings.page_size,
            order=order,
            start=start,
            expected_rows=expected_rows,
        )
        while (asked := pages.next_arguments()) is not None:
            try:
                answer = self._list_answer(path, asked)
            except (MegaplanNotFoundError, MegaplanValidationError) as refusal:
                pages.refuse(refusal)
                self.log.info(
                    "%s: the row under the cursor is gone (%s); stepping back.", path, refusal.status
                )
                continue
            page = pages.accept(entries(answer, path), answer.pagination, answer.server_time)
            if page is not None:
                yield page

    def _list_answer(self, path: str, arguments: Mapping[str, Any]) -> Answer:
        """Request a page, its fields in several parts where one address cannot hold them all.

        The length that the account's web server accepts is found by halving, and kept in ``longest_query``.

        :raises MegaplanRequestTooLongError: not even a single field can be requested
        """
        answers: list[Answer] = []
        longest = self.longest_query
        waiting = split_fields(arguments, longest)
        while waiting:
            try:
                answers.append(self.request("GET", path, arguments=waiting[0]))
                del waiting[0]
            except MegaplanRequestTooLongError as refusal:
                longest = length_of_halves(waiting[0])
                if longest is None:
                    raise
                self.log.info("%s. Requesting fewer fields at once", refusal)
                waiting = [part for each in waiting for part in split_fields(each, longest)]
        self.longest_query = longest  # only now: it may have been refused for another reason
        if len(answers) == 1:
            return answers[0]
        return replace(answers[0], data=merged_rows([entries(answer, path) for answer in answers]))

    def whole_list(self, path: str) -> list[Any]:
        """Read a list that is given in one go, as far as known, to its end; see :mod:`unpaged_list`.

        :raises MegaplanCursorError: when it cannot be read to its end.
        """
        reading = UnpagedList(path)
        while (asked := reading.next_arguments()) is not None:
            try:
                reading.accept(self.request("GET", path, arguments=asked))
            except (MegaplanNotFoundError, MegaplanValidationError) as refusal:
                reading.refuse(refusal)
        return reading.rows
