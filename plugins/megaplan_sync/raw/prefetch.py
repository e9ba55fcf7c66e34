"""Reads ahead where it pays: while one page is being written, a slow next one is being fetched."""

import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Generic, Self, TypeVar

Page = TypeVar("Page")

_WORTH_A_THREAD_SECONDS = 0.03
"""A page of a hundred deals takes about a third of this to be parsed; the rest is waiting."""


class PageAhead(Generic[Page]):
    """Takes pages from an iterator, one ahead at most and only when told to, then in a thread of its own.

    Pages that come at once are not read ahead: two threads that both compute only get into each other's way.
    Leave the ``with`` block to end the thread.
    """

    def __init__(self, pages: Iterator[Page]) -> None:
        self._pages = pages
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="megaplan-pages")
        self._ahead: Future[Page | None] | None = None
        self._seconds = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._thread.shutdown(wait=True, cancel_futures=True)

    def start(self) -> None:
        """Begin to fetch the next page now, if the last one was worth waiting for."""
        if self._ahead is None and self._seconds > _WORTH_A_THREAD_SECONDS:
            self._ahead = self._thread.submit(self._next)

    def take(self) -> Page | None:
        """Return the next page, waiting for it; None after the last one."""
        ahead, self._ahead = self._ahead, None
        return self._next() if ahead is None else ahead.result()

    def _next(self) -> Page | None:
        began = time.monotonic()
        page = next(self._pages, None)
        self._seconds = time.monotonic() - began
        return page
