"""Lists of UIS, read whole by the asynchronous client."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from megaplan_gateway.vendors.uis_client import LiveUis
from uis_hook.exceptions import UisPagingError, UisSortProhibitedError
from uis_hook.jsonrpc import Answer, Request, rows
from uis_hook.paging import ListRequest, OffsetWalk

log = logging.getLogger(__name__)


def _whole(answer: Answer) -> Answer:
    return answer


async def read_all(uis: LiveUis, listing: ListRequest, patience: float) -> list[dict[str, Any]]:
    """Return all rows of a list.

    As the hook does it, one that UIS does not sort is read unsorted if it fits on one page.

    :param patience: seconds for each page
    :raises UisError: a page cannot be read
    """
    walk = OffsetWalk(listing, uis.settings.page_size)
    found: list[dict[str, Any]] = []
    while (window := walk.next_window()) is not None:
        try:
            answer = await _page(uis, listing, window, patience)
        except UisSortProhibitedError as refusal:
            if window["offset"] or listing.sort_field is None:
                raise
            log.info("list is not sorted by UIS", extra={"method": listing.method, "by": listing.sort_field})
            answer = await _page(uis, replace(listing, sort_field=None), window, patience)
            if (answer.total_items or 0) > len(rows(answer)) or len(rows(answer)) >= walk.page_size:
                told = f"{listing.method}: it cannot be sorted, and does not fit on one page; raise page_size"
                raise UisPagingError(told) from refusal
        found += walk.accept(rows(answer), answer.total_items).rows
    return found


async def _page(uis: LiveUis, listing: ListRequest, window: Mapping[str, int], patience: float) -> Answer:
    params = {**listing.params, **window, **listing.sort_params()}
    return await uis.ask(Request(listing.method, params, _whole), patience)
