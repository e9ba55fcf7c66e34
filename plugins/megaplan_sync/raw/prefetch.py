"""Fetches the next pages while the current one is being written."""

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from datetime import datetime
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

Page = TypeVar("Page")

_NOT_FETCHED = object()


class PageAhead(Generic[Page]):
    """Takes pages from an iterator; after ``start``, the next ones are fetched in a thread.

    Leaving the ``with`` block ends the thread.

    :param clock: returns the time, for ``asked_at``
    :param most: maximum number of pages that wait to be taken
    :param pauses_after: whether a page may be the last one needed: the next one is not fetched before ``start``
    """

    def __init__(
        self,
        pages: Iterator[Page],
        clock: Callable[[], datetime],
        *,
        most: int = 1,
        pauses_after: Callable[[Page], bool] = lambda page: False,
    ) -> None:
        self._pages = pages
        self._clock = clock
        self._most = most
        self._pauses_after = pauses_after
        self._pauses = False
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="megaplan-pages")
        self._context = copy_context()  # with the account, for the log
        self._ahead: deque[tuple[datetime, Future[Any]]] = deque()
        self.asked_at = datetime.min
        """A time before the page taken last was requested; of several, the first."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._thread.shutdown(wait=True, cancel_futures=True)

    def start(self) -> None:
        """Start fetching the next pages: this process is idle while Postgres writes."""
        asked_at = self._clock()
        while self._ahead and _was_not_fetched(self._ahead[0][1]):
            self._ahead.popleft()
        if not self._ahead:
            self._pauses = False
        while len(self._ahead) < self._most:
            self._ahead.append((asked_at, self._thread.submit(self._context.run, self._fetch)))

    def take(self) -> Page | None:
        """Wait for the next page and return it; None after the last one."""
        while self._ahead:
            asked_at, fetched = self._ahead.popleft()
            page: Page | None = fetched.result()
            if page is not _NOT_FETCHED:
                self.asked_at = asked_at
                return page
        self.asked_at = self._clock()
        return next(self._pages, None)

    def take_fetched(self) -> list[Page]:
        """Wait for the next page and return it with those after it that are already here; empty after the last one.

        If fetching one fails, the pages before it are returned first.
        """
        page = self.take()
        fetched = [] if page is None else [page]
        while fetched and self._ahead:
            following = self._ahead[0][1]
            if not following.done() or following.exception() is not None:
                break
            self._ahead.popleft()
            page = following.result()
            if page is None:
                break
            if page is not _NOT_FETCHED:
                fetched.append(page)
        return fetched

    def _fetch(self) -> Any:
        if self._pauses:
            return _NOT_FETCHED
        page = next(self._pages, None)
        self._pauses = page is not None and self._pauses_after(page)
        return page


def _was_not_fetched(page: Future[Any]) -> bool:
    return page.done() and page.exception() is None and page.result() is _NOT_FETCHED
