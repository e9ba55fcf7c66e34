"""Records read-only traffic of both vendors, without anything personal, into an archive that the emulators replay."""

from __future__ import annotations

import io
import logging
import threading
import zipfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any
from urllib.parse import urlsplit

import requests

from megaplan_hook.exceptions import MegaplanError
from megaplan_hook.hook import MegaplanHook
from megaplan_sync.doctor.anonymiser import Anonymiser, dumps
from megaplan_sync.kernel.session import Session
from megaplan_sync.raw.custom_field_dictionary import ROUTES
from megaplan_sync.raw.entities import ENTITIES, LATEST_CHANGE_FIRST, OLDEST_FIRST, RawEntity
from megaplan_sync.raw.entity_lists import lists_of
from megaplan_sync.raw.entity_pages import EntityPages
from megaplan_sync.raw.incremental_read import ROWS_TO_FIND_THE_NEWEST
from megaplan_sync.raw.pipelines import whole_pages
from megaplan_vendor_kit.transport import user_agent
from uis_hook import deals, staff
from uis_hook.client import UisClient
from uis_hook.exceptions import UisError
from uis_hook.reports import calls_report, columns_tree

log = logging.getLogger(__name__)

VERSION = 1
"""Of the archive's format."""
KEPT_HEADERS = ("Content-Type", "Date", "Retry-After")
DAYS_OF_CALLS = 2


class Recording:
    """The traffic of one account and its cabinet.

    :param anonymiser: what is recorded passes through it before it is kept
    """

    def __init__(self, anonymiser: Anonymiser) -> None:
        self._anonymiser = anonymiser
        self._exchanges: list[str] = []
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._exchanges)

    def observer(self, vendor: str) -> Callable[[requests.PreparedRequest, requests.Response], None]:
        """Return what records the exchanges with a vendor: ``megaplan`` or ``uis``."""

        def observe(request: requests.PreparedRequest, response: requests.Response) -> None:
            line = dumps(self._exchange(vendor, request, response))
            with self._lock:
                self._exchanges.append(line)

        return observe

    def archive(self) -> bytes:
        """Return the archive: ``manifest.json``, and ``exchanges.jsonl`` with an exchange in each line."""
        written = io.BytesIO()
        manifest = {
            "version": VERSION,
            "recorded_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "by": user_agent(),
            "exchanges": len(self),
        }
        with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("manifest.json", dumps(manifest))
            archive.writestr("exchanges.jsonl", "\n".join(self._exchanges))
        return written.getvalue()

    def _exchange(
        self, vendor: str, request: requests.PreparedRequest, response: requests.Response
    ) -> dict[str, Any]:
        address = urlsplit(request.url or "")
        sent = request.body.encode() if isinstance(request.body, str) else request.body or b""
        sent_type = str(request.headers.get("Content-Type", ""))
        return {
            "vendor": vendor,
            "method": request.method,
            "path": self._anonymiser.path(address.path),
            "query": self._anonymiser.query(address.query),
            "body": self._anonymiser.body(sent, sent_type) if sent else None,
            "status": response.status_code,
            "headers": {name: response.headers[name] for name in KEPT_HEADERS if name in response.headers},
            "answer": self._anonymiser.body(response.content, response.headers.get("Content-Type", "")),
        }


def read_megaplan(hook: MegaplanHook, connection: Session, most_pages: int) -> None:
    """Send the requests of a first load, and change nothing.

    :param most_pages: of each list
    """
    for name, entity in ENTITIES.items():
        try:
            for pages in _lists(entity, hook, connection):
                for _ in islice(pages, most_pages):
                    pass
        except MegaplanError as error:  # the refusal is recorded, too
            log.warning("%s: %s", name, error)


def _lists(entity: RawEntity, hook: MegaplanHook, connection: Session) -> Iterator[Iterator[Any]]:
    """Yield what to read of an entity, list by list."""
    if entity.reading == "changes":
        for spec in lists_of(entity, hook, connection):
            listed = EntityPages(hook, connection, spec)
            yield hook.pages(
                spec.path,
                arguments=listed.arguments(["timeUpdated"]),
                page_size=ROWS_TO_FIND_THE_NEWEST,
                order=LATEST_CHANGE_FIRST,
            )
            yield listed.pages(OLDEST_FIRST)
            yield listed.pages(LATEST_CHANGE_FIRST)
    elif entity.reading == "definitions":
        yield (hook.extra_fields(route) for route in ROUTES.values())
    else:
        yield whole_pages(entity, hook, connection)


def read_uis(uis: UisClient, most_pages: int) -> None:
    """Read what the telephony and the upload of deals read, and change nothing.

    :param most_pages: of each list
    """
    now = datetime.now(UTC)
    for ask in (staff.account(), columns_tree("deals")):
        try:
            uis.ask(ask)
        except UisError as error:
            log.warning("%s", error)
    for listing in (
        staff.employees(uis.settings),
        staff.statuses(uis.settings),
        staff.virtual_numbers(uis.settings),
        calls_report(uis.settings, now - timedelta(days=DAYS_OF_CALLS), now),
        deals.sales_funnels(),
        deals.deal_employees(),
        deals.deal_user_fields(),
        deals.deal_contacts(),
        deals.deals_history(),
    ):
        try:
            for _ in islice(uis.pages(listing), most_pages):
                pass
        except UisError as error:
            log.warning("%s", error)
