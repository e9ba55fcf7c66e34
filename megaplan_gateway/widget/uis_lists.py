"""Reads all pages of UIS's lists with the asynchronous client."""

from __future__ import annotations

import logging
from typing import Any

from megaplan_gateway.vendors.uis_client import AsyncUisClient
from uis_hook.exceptions import UisValidationError
from uis_hook.paging import Listing

log = logging.getLogger(__name__)


async def read_all(uis: AsyncUisClient, listing: Listing, timeout: float) -> list[dict[str, Any]]:
    """Return all rows of a list, read as :meth:`uis_hook.client.UisClient.pages` reads it.

    :param timeout: seconds per page
    :raises UisError: if a page cannot be read
    """
    pages = listing.pages(uis.settings.page_size)
    found: list[dict[str, Any]] = []
    while (request := pages.next_request()) is not None:
        try:
            answer = await uis.ask(request, timeout)
        except UisValidationError as refusal:
            log.info("list asked otherwise", extra={"method": request.method, "how": pages.refuse(refusal)})
        else:
            found += pages.accept(answer).rows
    return found
