"""Reads ahead: while one page is being written, the next one is being fetched."""

import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Generic, Self, TypeVar

Page = TypeVar("Page")

_SWITCH_INTERVAL_SECONDS = 0.0005
"""Python's 5 ms would let the thread that writes wait for the one that parses after each of its statements."""


class PageAhead(Generic[Page]):
    """Takes pages from an iterator, one ahead at most and only when told to, then in a thread of its own.

    Leave the ``with`` block to end the thread.
    """

    def __init__(self, pages: Iterator[Page]) -> None:
        self._pages = pages
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="megaplan-pages")
        self._ahead: Future[Page | None] | None = None

    def __enter__(self) -> Self:
        self._usual_interval = sys.getswitchinterval()
        sys.setswitchinterval(_SWITCH_INTERVAL_SECONDS)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        sys.setswitchinterval(self._usual_interval)
        self._thread.shutdown(wait=True, cancel_futures=True)

    def start(self) -> None:
        """Begin to fetch the next page now."""
        if self._ahead is None:
            self._ahead = self._thread.submit(next, self._pages, None)

    def take(self) -> Page | None:
        """Return the next page, waiting for it; None after the last one."""
        ahead, self._ahead = self._ahead, None
        return next(self._pages, None) if ahead is None else ahead.result()
