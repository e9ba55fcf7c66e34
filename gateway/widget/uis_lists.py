"""Lists of UIS, read whole by the asynchronous client."""

from __future__ import annotations

from typing import Any

from gateway.uis_client import LiveUis
from uis_hook.jsonrpc import Answer, Request, rows
from uis_hook.paging import ListRequest, OffsetWalk


def _whole(answer: Answer) -> Answer:
    return answer


async def read_all(uis: LiveUis, listing: ListRequest, patience: float) -> list[dict[str, Any]]:
    """Return all rows of a list.

    :param patience: seconds for each page
    :raises UisError: a page cannot be read
    """
    walk = OffsetWalk(listing, uis.settings.page_size)
    found: list[dict[str, Any]] = []
    while (window := walk.next_window()) is not None:
        asked = Request(listing.method, {**listing.params, **window, **listing.sort_params()}, _whole)
        answer = await uis.ask(asked, patience)
        found += walk.accept(rows(answer), answer.total_items).rows
    return found
