"""What belongs to a deal: rows, invoices, payers, contacts, auditors, tags, linked deals, history."""

from ..call import Answer, Call, card
from ..data.changes import find_changeset
from ..data.records import Deal, Record
from ..data.state_moves import status_history_of
from ..errors import ForbiddenError, NotAllowedError, NotFoundError
from ..reading.listing import list_rows
from ..router import Handler, Router
from ..writing.deals import update_deal
from ..writing.references import resolve, resolve_required
from .deals import find_deal
from .handlers import Rows, history_of, rows_of

_LINKABLE = ("Deal", "ContractorHuman", "ContractorCompany")


def add_routes(router: Router) -> None:
    """Register the routes."""
    router.add(
        "GET", "/deal/{id}/offerRows", _rows(lambda call, deal: deal.positions, "OfferRow", "q filter")
    )
    router.add("POST", "/deal/{id}/sortOfferRows", sort_rows)
    router.add("GET", "/deal/{id}/invoices", _rows(lambda call, deal: deal.invoices, "Invoice"))
    router.add("GET", "/deal/{id}/payers", _rows(_payers, "Payer"))
    router.add("GET", "/deal/{id}/contacts", _rows(_contacts, "ContractorHuman"))
    router.add("POST", "/deal/{id}/contractor", set_contractor)
    router.add("GET", "/deal/{id}/auditors", _rows(lambda call, deal: deal.auditors, "Employee"))
    router.add("POST", "/deal/{id}/auditors", add_auditor)
    router.add("DELETE", "/deal/{id}/auditors/{auditorId}", remove_auditor)
    router.add("GET", "/deal/{id}/linkedDeals", _rows(_linked, "Deal", "filters"))
    for nothing in ("linkedTasks", "actualLinkedTasks", "attaches", "allFiles", "allLinks"):
        router.add("GET", f"/deal/{{id}}/{nothing}", _rows(lambda call, deal: (), "File", "type q filters"))
    router.add("POST", "/deal/{id}/linkWith", link_with)
    router.add("POST", "/deal/{id}/unlinkWith", unlink_with)
    router.add("GET", "/deal/{id}/tags", _rows(lambda call, deal: deal.tags, "Tag"))
    router.add("POST", "/deal/{id}/tags", add_tag)
    router.add("DELETE", "/deal/{id}/tags/{tagId}", remove_tag)
    router.add("GET", "/deal/{id}/statusHistory", status_history)
    router.add("GET", "/deal/{id}/history", history)
    router.add("GET", "/changeset/{id}", get_changeset)


def _rows(rows: Rows, content_type: str, extra: str = "") -> Handler:
    return rows_of(find_deal, rows, content_type, extra=extra)


def _payers(call: Call, deal: Deal) -> list[Record]:
    payer = None if deal.contractor is None else call.store.find("Payer", deal.contractor.id)
    return list(dict.fromkeys(entry for entry in (deal.payer, payer) if entry is not None))


def _contacts(call: Call, deal: Deal) -> list[Record]:
    contractor = deal.contractor
    of_company = list(contractor.data.get("contacts", ())) if contractor is not None else []
    contacts = dict.fromkeys([*([deal.contact] if deal.contact else []), *of_company])
    return [human for human in contacts if call.store.is_visible(human)]


def _linked(call: Call, deal: Deal) -> list[Record]:
    links = call.store.links.get((deal.content_type, deal.id), [])
    return [
        record
        for record in links
        if isinstance(record, Deal) and record.id in call.store.deals.rows and call.store.is_visible(record)
    ]


def sort_rows(call: Call) -> Answer:
    """Rows in the order of the given ids; this does not move ``timeUpdated``."""
    deal = find_deal(call)
    wanted = [str(entry.get("id")) for entry in call.entity_body().get("rows", []) if isinstance(entry, dict)]
    places = {id: place for place, id in enumerate(wanted)}
    rows = tuple(sorted(deal.positions, key=lambda row: places.get(str(row.id), len(places))))
    call.store.write(deal, lambda: setattr(deal, "positions", rows))
    return Answer([])


def set_contractor(call: Call) -> Answer:
    """Replace the contractor by a link in the body."""
    deal = find_deal(call)
    update_deal(call.store, deal, {"contractor": call.entity_body()})
    return card(call, deal)


def add_auditor(call: Call) -> Answer:
    """Add one auditor."""
    deal = find_deal(call)
    auditor = resolve(call.store, call.entity_body(), ("Employee",), "auditor")
    links = [record.link() for record in (*deal.auditors, auditor) if record is not None]
    update_deal(call.store, deal, {"auditors": links})
    return card(call, deal)


def remove_auditor(call: Call) -> Answer:
    """Remove one auditor; the path has no content type for deals."""
    deal = find_deal(call)
    rest = [record.link() for record in deal.auditors if str(record.id) != call.params["auditorId"]]
    if len(rest) == len(deal.auditors):
        raise NotFoundError
    update_deal(call.store, deal, {"auditors": rest})
    return Answer([])


def link_with(call: Call) -> Answer:
    """Link with a deal or a contractor; ``timeUpdated`` stays."""
    deal = find_deal(call)
    other = resolve_required(call.store, call.entity_body(), _LINKABLE, "link")
    call.store.link_both(deal, other)
    return Answer(other.link())


def unlink_with(call: Call) -> Answer:
    """Remove a link; ``timeUpdated`` stays and nothing is written into the history."""
    deal = find_deal(call)
    other = resolve_required(call.store, call.entity_body(), _LINKABLE, "link")
    call.store.unlink_both(deal, other)
    return Answer(other.link())


def add_tag(call: Call) -> Answer:
    """Add an existing tag."""
    deal = find_deal(call)
    tag = resolve_required(call.store, call.entity_body(), ("Tag",), "tag")
    update_deal(call.store, deal, {"tags": [record.link() for record in (*deal.tags, tag)]})
    return card(call, tag)


def remove_tag(call: Call) -> Answer:
    """Remove a tag."""
    deal = find_deal(call)
    rest = tuple(tag for tag in deal.tags if str(tag.id) != call.params["tagId"])
    if len(rest) == len(deal.tags):
        raise NotFoundError
    update_deal(call.store, deal, {"tags": [tag.link() for tag in rest]})
    return Answer([])


def status_history(call: Call) -> Answer:
    """List moves through the program, oldest first; the knob ``status_history`` removes the route."""
    deal = find_deal(call)
    match call.store.knobs.status_history:
        case "404":
            raise NotFoundError
        case "403":
            raise ForbiddenError(f"No act_read rights for model {deal.id}")
    return list_rows(call, status_history_of(deal), "DealStatusHistoryListRequest", "DealStatusHistory")


def history(call: Call) -> Answer:
    """Change sets, newest first; the only server filters are ``Self`` and ``Item``."""
    find_deal(call)  # an unknown deal is refused first
    filters = call.args.get("filters")
    if filters is not None and filters not in (["Self"], ["Item"]):
        raise NotAllowedError("HistoryRequest", "filters")
    return history_of(find_deal)(call)


def get_changeset(call: Call) -> Answer:
    """One change set."""
    call.no_arguments()
    id = call.params["id"]
    found = find_changeset(call.store, int(id)) if id.isdecimal() else None
    if found is None:
        raise NotFoundError
    return card(call, found)
