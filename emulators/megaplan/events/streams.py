"""Event streams of applications: which change is sent to whom, and in which form."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

from ..data.records import Record
from ..data.store import Store
from ..forms.form import Context
from ..knobs import Knobs
from ..reading.rendering import Renderer
from .delivery import Delivery, StreamQueues

_STREAM_OF = {
    "ContractorHuman": "contractors",
    "ContractorCompany": "contractors",
    "Deal": "deals",
    "Todo": "events",
    "Employee": "employees",
    "Invoice": "invoices",
    "Payer": "payers",
    "Comment": "comments",
}
_KEPT_WHEN_TRIMMED = frozenset(
    {"contentType", "id", "name", "number", "price", "program", "state", "manager", "firstName", "lastName"}
)


class EventStreams:
    """Sends every change of the store to subscribed applications, and to each application changes of itself.

    :param context: returns the context in which one event's data is printed
    :param address: host and port of the account, its name where the knob ``hook_account_name`` gives no other
    """

    def __init__(
        self,
        store: Store,
        knobs: Knobs,
        context: Callable[[], Context],
        queues: StreamQueues,
        address: Callable[[], str],
    ) -> None:
        self._store = store
        self._knobs = knobs
        self._context = context
        self._queues = queues
        self._address = address
        self._enabled: dict[str, bool] = {}

    def changed(self, event: str, record: Record) -> None:
        """Queue the event of a change for all subscribers."""
        if record.content_type == "Integration":
            self._application_changed(event, record)
            return
        stream = _STREAM_OF.get(record.content_type)
        if stream is None:
            return
        for application in self._store.tables["Integration"]:
            if application.data.get("isEnabled", True) and stream in application.data.get(
                "subscribedStreams", ()
            ):
                self._queue(application, record.content_type, event, record, self._data(record))

    def _application_changed(self, event: str, application: Record) -> None:
        uuid = str(application.data["uuid"])
        was_enabled = self._enabled.get(uuid, event != "on_after_create")
        is_enabled = event != "on_after_drop" and bool(application.data.get("isEnabled", True))
        self._enabled[uuid] = is_enabled
        if is_enabled != was_enabled:
            name = "on_enable" if is_enabled else "on_disable"
            self._queue(application, "Integration", name, application, application.link())

    def _queue(
        self, application: Record, model: str, event: str, record: Record, data: dict[str, Any]
    ) -> None:
        url = application.data.get("streamUri")
        if not url:
            return
        body = {"data": data, "model": model, "event": event, "uuid": str(uuid4()), **self._account()}
        self._queues.add(
            str(application.data["uuid"]),
            Delivery(body["uuid"], url, model, event, str(record.id), body),
        )

    def _data(self, record: Record) -> dict[str, Any]:
        if self._knobs.hook_data == "link":
            return record.link()
        card = Renderer(self._context()).card(record)
        if self._knobs.hook_data == "card":
            return card
        kept = {
            key: value for key, value in card.items() if key in _KEPT_WHEN_TRIMMED or "CustomField" in key
        }
        return kept

    def _account(self) -> dict[str, Any]:
        name = self._knobs.hook_account_name or self._address()
        account: dict[str, Any] = {}
        if self._knobs.hook_account in ("accountId", "both"):
            account["accountId"] = name
        if self._knobs.hook_account in ("accountInfo", "both"):
            account["accountInfo"] = {"contentType": "AccountInfo", "accountName": name}
        return account
