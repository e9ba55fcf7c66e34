"""Deals: the list, the card, writing, transitions."""

from ..call import Answer, Call, card
from ..data.records import Deal, Record
from ..errors import ForbiddenError, NotFoundError, ServerError, UnprocessableError
from ..reading.filter_fields import DEAL_FIELDS
from ..reading.filters import CompiledFilter
from ..reading.listing import ListRoute, list_rows, list_table
from ..reading.sorting import DEAL_SORT
from ..router import Router
from ..writing.deals import apply_transition, create_deal, update_deal
from ..writing.deals import delete_deal as drop_deal
from .comments import add_comments_of
from .handlers import card_of, check_visible, extra_fields_of
from .todos import add_todos_of

_LIST = ListRoute(
    "TradeFilterListRequest",
    ("Deal",),
    DEAL_SORT,
    frozenset({"q", "status", "baseOn"}),
    "TradeFilter",
    DEAL_FIELDS,
)


def add_routes(router: Router) -> None:
    """Register the routes."""
    router.add("GET", "/deal", list_deals)
    router.add("POST", "/deal", post_deal)
    router.add("GET", "/deal/{id}", card_of(find_deal))
    router.add("POST", "/deal/{id}", post_deal_update)
    router.add("DELETE", "/deal/{id}", delete_deal)
    router.add("POST", "/deal/{id}/applyTransition", post_transition)
    router.add("POST", "/deal/{id}/applyTrigger", post_trigger)
    router.add("GET", "/deal/extraFields", extra_fields_of("Deal"))
    router.add("GET", "/deal/search", search_deals)
    router.add("GET", "/deal/duplicates", search_deals)
    router.add("GET", "/deal/checkDealExist", check_deal_exist)
    router.add("GET", "/deal/availablePrograms", available_programs)
    router.add("GET", "/deal/lastUsedProgram", last_used_program)
    router.add("GET", "/deal/tags", deal_tags)
    add_todos_of(router, "deal", find_deal)
    add_comments_of(router, "deal", find_deal)


def find_deal(call: Call) -> Deal:
    """Return the deal of the path.

    :raises NotFoundError: there is none, or no longer.
    :raises ForbiddenError: the user may not see it.
    """
    deal = call.store.deal(call.params["id"])
    if deal is None or (call.method == "GET" and call.store.as_read(deal) is None):
        raise NotFoundError
    check_visible(call, deal, call.store.knobs.hidden_deal)
    return deal


def list_deals(call: Call) -> Answer:
    """``q`` is accepted and ignored; ``status`` is a state to keep."""
    status = call.args.get("status")
    if status is not None and (not isinstance(status, dict) or status.get("contentType") != "ProgramState"):
        raise UnprocessableError("'stdClass' is not assignable to 'ProgramState'", "status")

    def keep(row: Record, compiled: CompiledFilter | None) -> bool:
        return status is None or (isinstance(row, Deal) and str(row.state.id) == str(status.get("id")))

    return list_table(call, call.store.deals, _LIST, keep)


def post_deal(call: Call) -> Answer:
    """Create."""
    return card(call, create_deal(call.store, call.entity_body()))


def post_deal_update(call: Call) -> Answer:
    """Update: only what was sent; ``state`` is silently ignored."""
    deal = find_deal(call)
    update_deal(call.store, deal, call.entity_body())
    return card(call, deal)


def delete_deal(call: Call) -> Answer:
    """Delete for good: there is no soft deletion of deals."""
    call.no_arguments("mode", request_type="DeleteActionRequest")
    drop_deal(call.store, find_deal(call))
    return Answer([])


def post_transition(call: Call) -> Answer:
    """Move to another state."""
    deal = find_deal(call)
    apply_transition(call.store, deal, call.entity_body())
    return card(call, deal)


def post_trigger(call: Call) -> Answer:
    """Press a button of the program; of its operations only the HTTP request is carried out."""
    deal = find_deal(call)
    wanted = str(call.entity_body().get("id"))
    trigger = next((row for row in deal.program.data["triggers"] if str(row.id) == wanted), None)
    if trigger is None:
        raise ForbiddenError(f"No act_apply_trigger rights for model {deal.id}")
    call.store.run_scenario(trigger, deal)
    return card(call, deal)


def search_deals(call: Call) -> Answer:
    """Deals whose name or number contains the text."""
    text = str(call.args.get("q", call.args.get("name", ""))).casefold()
    rows = [
        row
        for row in call.store.deals
        if isinstance(row, Deal)
        and call.store.is_visible(row)
        and text in f"{row.number} {row.name}".casefold()
    ]
    return list_rows(call, rows, "SearchRequest", "Deal", extra="q name")


def check_deal_exist(call: Call) -> Answer:
    """Fail, as the real route does with any argument."""
    raise ServerError("Argument 1 passed to checkDealExist() must be an instance of Deal")


def available_programs(call: Call) -> Answer:
    """Active programs."""
    rows = [row for row in call.store.tables["Program"] if row.data["isActive"]]
    return list_rows(call, rows, "ProgramListRequest", "Program")


def last_used_program(call: Call) -> Answer:
    """Answer with the first program."""
    call.no_arguments()
    return card(call, next(iter(call.store.tables["Program"])))


def deal_tags(call: Call) -> Answer:
    """List all tags."""
    return list_rows(call, list(call.store.tables["Tag"]), "TagListRequest", "Tag", extra="q")
