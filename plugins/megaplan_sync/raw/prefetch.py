"""Fetches the next page while the current one is being written."""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Generic, Self, TypeVar

Page = TypeVar("Page")


class PageAhead(Generic[Page]):
    """Takes pages from an iterator; after ``start``, the next one is fetched in a thread.

    Leaving the ``with`` block ends the thread.
    """

    def __init__(self, pages: Iterator[Page]) -> None:
        self._pages = pages
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="megaplan-pages")
        self._ahead: Future[Page | None] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._thread.shutdown(wait=True, cancel_futures=True)

    def start(self) -> None:
        """Start fetching the next page: this process is idle while Postgres writes one."""
        if self._ahead is None:
            self._ahead = self._thread.submit(next, self._pages, None)

    def take(self) -> Page | None:
        """Wait for the next page and return it; None after the last one."""
        ahead, self._ahead = self._ahead, None
        return next(self._pages, None) if ahead is None else ahead.result()
