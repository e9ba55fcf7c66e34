"""Lists of UIS, read whole by the asynchronous client."""

from __future__ import annotations

import logging
from typing import Any

from megaplan_gateway.uis_client import LiveUis
from uis_hook.exceptions import UisValidationError
from uis_hook.paging import Listing

log = logging.getLogger(__name__)


async def read_all(uis: LiveUis, listing: Listing, patience: float) -> list[dict[str, Any]]:
    """Return all rows of a list, read as :meth:`uis_hook.client.UisClient.pages` reads it.

    :param patience: seconds for each page
    :raises UisError: a page cannot be read
    """
    pages = listing.pages(uis.settings.page_size)
    found: list[dict[str, Any]] = []
    while (request := pages.next_request()) is not None:
        try:
            answer = await uis.ask(request, patience)
        except UisValidationError as refusal:
            log.info("list asked otherwise", extra={"method": request.method, "how": pages.refuse(refusal)})
        else:
            found += pages.accept(answer).rows
    return found
