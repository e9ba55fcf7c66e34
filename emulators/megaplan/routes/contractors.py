"""People and companies. Routes of the abstract type fail the way the real ones do."""

from collections.abc import Callable
from functools import partial
from typing import Any

from ..call import Answer, Call, card
from ..data.records import Deal, Record
from ..errors import NotFoundError, ServerError
from ..reading.filter_fields import CONTRACTOR_FIELDS
from ..reading.filters import CompiledFilter
from ..reading.listing import ListRoute, list_rows, list_table
from ..reading.sorting import CONTRACTOR_SORT
from ..router import Router
from ..writing.contractors import create_contractor, drop_contractor, update_contractor
from .handlers import Find, card_of, check_visible, extra_fields_of, history_of, rows_of
from .todos import add_todos_of

_BOTH = ("ContractorHuman", "ContractorCompany")
_NO_MODEL = "There is no model class for bums\\crm\\api\\v03\\Entity\\Contractor"
_KINDS: dict[str, tuple[str, ...]] = {
    "contractor": _BOTH,
    "contractorHuman": ("ContractorHuman",),
    "contractorCompany": ("ContractorCompany",),
}


def add_routes(router: Router) -> None:
    """Register the routes."""
    for path, content_types in _KINDS.items():
        router.add("GET", f"/{path}", _lister(content_types))
        find = partial(find_contractor, content_types)
        router.add("GET", f"/{path}/{{id}}", card_of(find))
        router.add("POST", f"/{path}/{{id}}", partial(update, find))
        router.add("DELETE", f"/{path}/{{id}}", partial(drop, find))
        router.add(
            "GET", f"/{path}/{{id}}/deals", rows_of(find, _deals, "Deal", "TradeFilterListRequest", "filter")
        )
        router.add("GET", f"/{path}/{{id}}/payers", rows_of(find, _payers, "Payer"))
        if len(content_types) == 1:
            router.add("POST", f"/{path}", partial(create, content_types[0]))
            router.add("GET", f"/{path}/{{id}}/history", history_of(find))
            router.add("GET", f"/{path}/extraFields", extra_fields_of(content_types[0]))
            router.add("GET", f"/{path}/search", search)
            add_todos_of(router, path, find)
    for abstract in ("search", "{id}/history", "{id}/todos"):
        router.add("GET|POST", f"/contractor/{abstract}", no_model_class)
    for path in _KINDS:
        router.add("GET|POST", f"/{path}/{{id}}/comments", no_model_class)


def no_model_class(call: Call) -> Answer:
    """Fail: the abstract type has no model."""
    raise ServerError(_NO_MODEL)


def find_contractor(content_types: tuple[str, ...], call: Call) -> Record:
    """Return the contractor of the path.

    :raises NotFoundError: there is none of these types, or no longer.
    :raises ForbiddenError: the user may not see it.
    """
    row = call.store.contractors.get(call.params["id"])
    if row is None or row.content_type not in content_types:
        raise NotFoundError
    if call.method == "GET" and call.store.as_read(row) is None:
        raise NotFoundError
    check_visible(call, row, call.store.knobs.hidden_contractor)
    return row


def _matches(row: Record, text: str) -> bool:
    digits = "".join(letter for letter in text if letter.isdigit())
    words = f"{row.data.get('name') or ''} {row.data.get('firstName', '')} {row.data.get('lastName', '')}"
    if text.casefold() in words.casefold():
        return True
    phones = (
        str(entry.get("value", "")) for entry in row.data["contactInfo"] if entry.get("type") == "phone"
    )
    return bool(digits) and any(digits in "".join(filter(str.isdigit, phone)) for phone in phones)


def _keep(text: Any) -> Callable[[Record, CompiledFilter | None], bool]:
    def keep(row: Record, compiled: CompiledFilter | None) -> bool:
        if row.data.get("isDropped") and not (compiled is not None and "isDropped" in compiled.fields):
            return False
        return not text or _matches(row, str(text))

    return keep


def _lister(content_types: tuple[str, ...]) -> Callable[[Call], Answer]:
    route = ListRoute(
        "CrmFilterListRequest",
        content_types,
        CONTRACTOR_SORT,
        frozenset({"q", "category"}),
        "CrmFilter",
        CONTRACTOR_FIELDS,
    )

    def answer(call: Call) -> Answer:
        if len(content_types) > 1:
            _check_mixed_list(call)
        return list_table(call, call.store.contractors, route, _keep(call.args.get("q")))

    return answer


def _check_mixed_list(call: Call) -> None:
    """Fail where the knob ``contractor_list`` says so.

    :raises ServerError: the abstract type has no model
    :raises NotFoundError: there is no such route
    """
    works = call.store.knobs.contractor_list
    if works == "404":
        raise NotFoundError
    if works == "500" or (works == "first_page" and call.args.get("pageAfter") is not None):
        raise ServerError(_NO_MODEL)


def search(call: Call) -> Answer:
    """Search both kinds, whichever concrete route is used."""
    keep = _keep(call.args.get("q"))
    rows = [row for row in call.store.contractors if call.store.is_visible(row) and keep(row, None)]
    return list_rows(call, rows, "SearchRequest", *_BOTH, extra="q")


def create(content_type: str, call: Call) -> Answer:
    """Create."""
    return card(call, create_contractor(call.store, content_type, call.entity_body()))


def update(find: Find, call: Call) -> Answer:
    """Change the sent fields."""
    record = find(call)
    update_contractor(call.store, record, call.entity_body())
    return card(call, record)


def drop(find: Find, call: Call) -> Answer:
    """Delete softly."""
    drop_contractor(call.store, find(call))
    return Answer([])


def _deals(call: Call, record: Record) -> list[Record]:
    return [
        deal
        for deal in call.store.deals
        if isinstance(deal, Deal)
        and record in (deal.contractor, deal.contact)
        and call.store.is_visible(deal)
    ]


def _payers(call: Call, record: Record) -> list[Record]:
    payer = call.store.find("Payer", record.id)
    return [] if payer is None else [payer]
