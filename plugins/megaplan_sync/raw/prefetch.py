"""Fetches the next pages while the current one is being written."""

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime
from types import TracebackType
from typing import Generic, Self, TypeVar

Page = TypeVar("Page")


class PageAhead(Generic[Page]):
    """Takes pages from an iterator; after ``start``, the next ones are fetched in a thread.

    Leaving the ``with`` block ends the thread.

    :param clock: returns the time, for ``asked_at``
    :param most: maximum number of pages that wait to be taken
    """

    def __init__(self, pages: Iterator[Page], clock: Callable[[], datetime], *, most: int = 1) -> None:
        self._pages = pages
        self._clock = clock
        self._most = most
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="megaplan-pages")
        self._ahead: deque[tuple[datetime, Future[Page | None]]] = deque()
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
        while len(self._ahead) < self._most:
            self._ahead.append((asked_at, self._thread.submit(next, self._pages, None)))

    def take(self) -> Page | None:
        """Wait for the next page and return it; None after the last one."""
        if not self._ahead:
            self.asked_at = self._clock()
            return next(self._pages, None)
        self.asked_at, page = self._ahead.popleft()
        return page.result()

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
            fetched.append(page)
        return fetched
