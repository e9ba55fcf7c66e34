"""The operation "HTTP request" of a deal program's scenario: a body in the shape of the old API v1, sent once."""

from typing import Any

from ..data.records import Deal, Record, Sum
from ..data.store import Store
from .delivery import Delivery, StreamQueues


def send_scenario_request(store: Store, queues: StreamQueues, cause: Record, deal: Deal) -> None:
    """Send the request of a button or a transition, if the mutation ``set_scenario_url`` gave it an address."""
    url = cause.data.get("scenarioUrl")
    if url:
        queues.send_once(
            Delivery(None, str(url), "scenario", "http_request", str(deal.id), v1_body(store, deal))
        )


def v1_body(store: Store, deal: Deal) -> dict[str, Any]:
    """Return a deal as v1 prints it: capitalised keys, integer ids, no event id and no account."""
    shown: dict[str, Any] = {
        "Id": deal.id,
        "Name": deal.name,
        "Number": deal.number,
        "Program": _named(deal.program),
        "Status": _named(deal.state),
        "Manager": _named(deal.manager),
        "Contractor": _named(deal.contractor),
        "Price": _amount(deal.price),
        "RelatedObjects": [{"Id": row.id} for row in store.links.get((deal.content_type, deal.id), [])],
    }
    for key, value in deal.data.get("custom", {}).items():
        if value is None or isinstance(value, str | int | float | bool):
            shown[key] = value
    return {"data": {"deal": shown}}


def _named(record: Record | None) -> dict[str, Any] | None:
    return None if record is None else {"Id": record.id, "Name": record.data.get("name")}


def _amount(price: Sum) -> dict[str, Any]:
    return {"Value": price.value, "Currency": price.currency}
