"""Directories and other read-only lists with a card."""

from ..call import Answer, Call
from ..data.records import Record
from ..forms.directories import LISTED
from ..reading.filter_fields import INVOICE_FIELDS, OFFER_FIELDS
from ..reading.filters import CompiledFilter
from ..reading.listing import ListRoute, list_table
from ..router import Handler, Router
from .handlers import card_of, extra_fields_of, finder

_PLAIN = (*LISTED, "Payer", "Department", "TodoCategory")
_OFFERS = ListRoute("OfferFilterListRequest", ("Offer",), {}, frozenset({"q"}), "OfferFilter", OFFER_FIELDS)
_STATUSES = ListRoute("TodoStatusListRequest", ("TodoStatus",), extra=frozenset({"masterType"}))
_INVOICES = ListRoute(
    "InvoiceFilterListRequest", ("Invoice",), {}, frozenset({"q"}), "InvoiceFilter", INVOICE_FIELDS
)


def add_routes(router: Router) -> None:
    """Register the routes."""
    for content_type in _PLAIN:
        path = content_type[0].lower() + content_type[1:]
        router.add("GET", f"/{path}", _lister(ListRoute(f"{content_type}ListRequest", (content_type,))))
        router.add("GET", f"/{path}/{{id}}", card_of(finder(content_type)))
    router.add("GET", "/todoStatus", list_todo_statuses)
    router.add("GET", "/todoStatus/{id}", card_of(finder("TodoStatus")))
    router.add("GET", "/offer", list_offers)
    router.add("GET", "/offer/{id}", card_of(finder("Offer")))
    router.add("GET", "/offer/extraFields", extra_fields_of("Offer"))
    router.add("GET", "/invoice", _lister(_INVOICES))
    router.add("GET", "/invoice/{id}", card_of(finder("Invoice")))
    router.add("GET", "/tax/base", card_of(lambda call: call.store.tables["Tax"].rows[1]))


def _lister(route: ListRoute) -> Handler:
    def handler(call: Call) -> Answer:
        return list_table(call, call.store.tables[route.content_types[0]], route)

    return handler


def list_offers(call: Call) -> Answer:
    """List the catalogue, without dropped items unless the filter names ``isDropped``."""

    def keep(row: Record, compiled: CompiledFilter | None) -> bool:
        return not row.data.get("isDropped") or (compiled is not None and "isDropped" in compiled.fields)

    return list_table(call, call.store.tables["Offer"], _OFFERS, keep)


def list_todo_statuses(call: Call) -> Answer:
    """List statuses, with ``masterType`` those of one kind."""
    kind = call.args.get("masterType")

    def keep(row: Record, compiled: CompiledFilter | None) -> bool:
        return kind is None or row.data["masterType"] == kind

    return list_table(call, call.store.tables["TodoStatus"], _STATUSES, keep)
