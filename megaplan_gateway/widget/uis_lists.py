"""Reads all pages of UIS's lists with the asynchronous client."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from megaplan_gateway.vendors.uis_client import AsyncUisClient
from uis_hook.exceptions import UisPagingError, UisSortProhibitedError
from uis_hook.jsonrpc import Answer, Request, rows
from uis_hook.paging import ListRequest, OffsetWalk

log = logging.getLogger(__name__)


async def read_all(uis: AsyncUisClient, listing: ListRequest, timeout: float) -> list[dict[str, Any]]:
    """Return all rows of a list.

    Like the hook, reads a list that UIS cannot sort unsorted if it fits on one page.

    :param timeout: seconds per page
    :raises UisError: if a page cannot be read
    """
    paginator = OffsetWalk(listing, uis.settings.page_size)
    found: list[dict[str, Any]] = []
    while (window := paginator.next_window()) is not None:
        try:
            answer = await _page(uis, listing, window, timeout)
        except UisSortProhibitedError as refusal:
            if window["offset"] or listing.sort_field is None:
                raise
            log.info("list cannot be sorted", extra={"method": listing.method, "by": listing.sort_field})
            answer = await _page(uis, replace(listing, sort_field=None), window, timeout)
            if (answer.total_items or 0) > len(rows(answer)) or len(rows(answer)) >= paginator.page_size:
                reason = f"{listing.method}: cannot be sorted and exceeds one page; increase page_size"
                raise UisPagingError(reason) from refusal
        found += paginator.accept(rows(answer), answer.total_items).rows
    return found


async def _page(
    uis: AsyncUisClient, listing: ListRequest, window: Mapping[str, int], timeout: float
) -> Answer:
    params = {**listing.params, **window, **listing.sort_params()}
    return await uis.ask(Request(listing.method, params, lambda answer: answer), timeout)
