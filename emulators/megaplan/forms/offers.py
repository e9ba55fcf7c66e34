"""Forms of catalogue items, deal positions and the copies of items that positions refer to."""

from typing import Any

from ..data.records import OfferCopy, Position, Record, Sum
from ..data.values import date_time, money, number
from .form import Context, Field, Form, constant, stored

_LATER_RATE = 1.0417


def _sum(value: Sum) -> dict[str, Any]:
    return money(value.value, value.currency, value.rate)


def _refrozen(value: Sum) -> dict[str, Any]:
    """Return the same amount at a rate frozen at another moment."""
    rate = value.rate if value.currency == "RUB" else round(value.rate * _LATER_RATE, 4)
    return money(value.value, value.currency, rate)


def _discount(kind: str, value: float) -> dict[str, Any]:
    return {"contentType": "Discount", "type": kind, "valueInMain": number(value)}


def _rights(record: Record, context: Context) -> Record:
    return Record("OfferRights", f"Offer/{record.id}")


def _catalogue(name: str, default: Any = None, refs: tuple[str, ...] = ()) -> Field:
    """Return a field of a copy that repeats the catalogue item."""
    return Field(lambda copy, context: copy.position.offer.data.get(name, default), refs)


def _own_sum(offer: Record, context: Context) -> Any:
    return _sum(offer.data["price"])


def _time(name: str) -> Field:
    return Field(lambda record, context: date_time(record.data[name]))


def _copy_time(copy: OfferCopy, context: Context) -> Any:
    return date_time(copy.position.deal.created + 1)


_BALANCES: dict[str, Field] = {
    "availableQuantity": constant(0),
    "balanceQuantity": constant(0),
    "expectedQuantity": constant(0),
    "nearestArrivalDate": constant(None),
}
_NOTES: dict[str, Field] = {
    "partsCount": constant(0),
    "parentsCount": constant(0),
    "parts": constant([]),
    "parents": constant([]),
    "attaches": constant([]),
    "interactionsCounters": constant([]),
    "rights": Field(_rights),
    "warehouseBalances": constant([]),
    "warehouseBalancesCount": constant(0),
    "lastComment": constant(None),
    "lastCommentTimeCreated": constant(None),
    "photo": constant(None),
    "hiddenCommentsCount": constant(0),
    "comments": constant([]),
    "commentsCount": constant(0),
    "attachesCountInComments": constant(0),
    "unreadAnswer": constant(False),
    "subscribed": constant(False),
    "commentsWithoutTransportCount": constant(0),
}
_FLAGS: dict[str, Field] = {
    "isFavorite": constant(False),
    "avatar": constant(None),
    "unreadCommentsCount": constant(0),
}
_OFFER_HEAD: dict[str, Field] = {
    "name": stored("name", ""),
    "quantity": stored("quantity", 0),
    "article": stored("article", ""),
    "unit": stored("unit", refs=("Unit",)),
    "price": Field(_own_sum),
    "tax": stored("tax", refs=("Tax",)),
    "isDropped": stored("isDropped", False),
}
OFFER = Form(
    _OFFER_HEAD
    | _FLAGS
    | {
        "category": stored("category", refs=("OfferCategory",)),
        "type": stored("type", "product"),
        "priceWithoutTax": Field(_own_sum),
        "description": stored("description", ""),
        "originalOffer": constant(None),
        "timeCreated": _time("created"),
        "userCreated": stored("userCreated", refs=("Employee",)),
        "timeUpdated": _time("updated"),
        "userUpdated": stored("userUpdated", refs=("Employee",)),
    }
    | _BALANCES
    | _NOTES,
    listed=frozenset(_OFFER_HEAD) | {"type", "category"},
    embedded=frozenset(_OFFER_HEAD | _FLAGS),
    custom="card",
)

_COPY: dict[str, Field] = {
    "name": _catalogue("name", ""),
    "quantity": constant(0),
    "category": _catalogue("category", refs=("OfferCategory",)),
    "type": _catalogue("type", "product"),
    **_BALANCES,
    "article": _catalogue("article", ""),
    "unit": _catalogue("unit", refs=("Unit",)),
    "price": Field(lambda copy, context: _sum(copy.position.price)),
    "priceWithoutTax": Field(lambda copy, context: _refrozen(copy.position.price)),
    "tax": _catalogue("tax", refs=("Tax",)),
    "originalOffer": Field(lambda copy, context: copy.position.offer, refs=("Offer",)),
    "description": _catalogue("description", ""),
    "timeCreated": Field(_copy_time),
    "userCreated": Field(lambda copy, context: copy.position.deal.user_created, refs=("Employee",)),
    "timeUpdated": Field(_copy_time),
    "userUpdated": Field(lambda copy, context: copy.position.deal.user_created, refs=("Employee",)),
    **_NOTES,
    "isDropped": constant(False),
    **_FLAGS,
}
OFFER_COPY = Form(_COPY, frozenset(_COPY), frozenset(_COPY), custom="always")


def _tax_sum(row: Position, context: Context) -> Any:
    rate = row.offer.data["tax"].data["rate"]
    tax = row.sum.value * rate / (100 + rate)
    return _refrozen(row.sum._replace(value=round(tax, 4)))


def _sum_without_tax(row: Position, context: Context) -> Any:
    rate = row.offer.data["tax"].data["rate"]
    return _refrozen(row.sum._replace(value=round(row.sum.value * 100 / (100 + rate), 4)))


_ROW: dict[str, Field] = {
    "discount": Field(lambda row, context: _discount(row.discount_type, row.discount)),
    "name": Field(lambda row, context: row.offer.data.get("name", "")),
    "price": Field(lambda row, context: _sum(row.price)),
    "sum": Field(lambda row, context: _sum(row.sum)),
    "tax": Field(lambda row, context: row.offer.data["tax"], refs=("Tax",)),
    "quantity": Field(lambda row, context: number(row.quantity)),
    "unit": Field(lambda row, context: row.offer.data["unit"], refs=("Unit",)),
    "offerCategory": Field(lambda row, context: row.offer.data["category"], refs=("OfferCategory",)),
    "priceWithoutTax": Field(lambda row, context: _sum(row.price)),
    "sumWithoutTax": Field(_sum_without_tax),
    "taxSum": Field(_tax_sum),
    "margin": Field(lambda row, context: _discount("absolute", 0)),
    "description": constant(""),
    "offer": Field(lambda row, context: OfferCopy(row), refs=("Offer",)),
    "deal": Field(lambda row, context: row.deal, refs=("Deal",)),
}
OFFER_ROW = Form(_ROW, frozenset(_ROW), frozenset(_ROW))
