"""Form of invoices."""

from typing import Any

from ..data.records import Record, Sum
from ..data.values import date_only, date_time, money
from .form import Context, Field, Form, constant, stored

_NEXT = {"created": ["drawn"], "drawn": ["paid", "rejected"], "paid": ["drawn"], "rejected": ["created"]}


def _day(name: str) -> Field:
    return Field(lambda invoice, context: date_only(invoice.data[name]))


def _sum(invoice: Record, context: Context) -> Any:
    amount: Sum = invoice.data["sum"]
    return money(amount.value, amount.currency, amount.rate)


def _rows(invoice: Record, context: Context) -> tuple[Record, ...]:
    deal = invoice.data["deal"]
    return tuple(deal.positions)


def _template(invoice: Record, context: Context) -> Record:
    return Record("InvoiceTemplate", 17, {"name": "Счёт на оплату"})


_FIELDS: dict[str, Field] = {
    "invoiceDate": _day("date"),
    "number": stored("number"),
    "name": stored("number"),
    "status": stored("status"),
    "possibleStatuses": Field(lambda invoice, context: _NEXT[invoice.data["status"]]),
    "possibleStatusesCount": Field(lambda invoice, context: len(_NEXT[invoice.data["status"]])),
    "comment": constant(""),
    "conditions": constant(""),
    "sum": Field(_sum),
    "taxTotal": constant(0),
    "currency": stored("currency", refs=("Currency",)),
    "recipient": stored("recipient", refs=("Payer",)),
    "payer": stored("payer", refs=("Payer",)),
    "consignee": stored("payer", refs=("Payer",)),
    "userCreated": stored("userCreated", refs=("Employee",)),
    "deadline": _day("deadline"),
    "actualPaymentDate": Field(lambda invoice, context: date_time(invoice.data.get("paid"))),
    "rowsCount": Field(lambda invoice, context: len(_rows(invoice, context))),
    "publicDownloadLink": Field(lambda invoice, context: f"https://example.org/invoice/{invoice.id}"),
    "isFavorite": constant(False),
    "invoiceTemplate": Field(_template),
}
INVOICE = Form(
    _FIELDS | {"rows": Field(_rows, refs=("OfferRow",)), "deal": stored("deal", refs=("Deal",))},
    listed=frozenset(_FIELDS),
    embedded=frozenset(_FIELDS),
)
