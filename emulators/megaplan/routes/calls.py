"""Calls as the telephone exchange reports them, and whom to ring."""

from ..call import Answer, Call, card
from ..data.phone_book import phone_digits
from ..data.records import Record
from ..errors import MissingFieldError, NotFoundError, UnprocessableError, WrongTypeError
from ..reading.filters import CompiledFilter
from ..reading.listing import ListRoute, list_table
from ..reading.rendering import Renderer
from ..router import Router
from ..writing.calls import (
    call_by_provider,
    create_call,
    import_calls,
    required_provider_id,
    set_contractor,
    update_call,
)
from ..writing.references import resolve_required
from .handlers import card_of, finder
from .todos import add_todos_of

_LIST = ListRoute("CallInfoListRequest", ("CallInfo",))
find_call = finder("CallInfo")


def add_routes(router: Router) -> None:
    """Register the routes. Recordings cannot be uploaded: ``recordLinks`` are addresses."""
    router.add("GET", "/callRoute", call_route)
    router.add("GET", "/callInfo", list_calls)
    router.add("POST", "/callInfo", post_call)
    router.add("GET", "/callInfo/provider", get_by_provider)
    router.add("POST", "/callInfo/provider", post_by_provider)
    router.add("GET", "/callInfo/history", list_finished)
    router.add("POST", "/callInfo/history", post_history)
    router.add("GET", "/callInfo/{id}", card_of(find_call))
    router.add("POST", "/callInfo/{id}", post_call_update)
    router.add("POST", "/callInfo/{id}/setContractor", post_contractor)
    add_todos_of(router, "callInfo", find_call)


def list_calls(call: Call) -> Answer:
    """List all calls."""
    return list_table(call, call.store.tables["CallInfo"], _LIST)


def list_finished(call: Call) -> Answer:
    """List finished calls; the purpose of this route is not documented."""

    def keep(row: Record, compiled: CompiledFilter | None) -> bool:
        return bool(row.data["state"] == "finished")

    return list_table(call, call.store.tables["CallInfo"], _LIST, keep)


def post_call(call: Call) -> Answer:
    """Create; the widget of the employee pops up."""
    return card(call, create_call(call.store, call.entity_body()))


def post_call_update(call: Call) -> Answer:
    """Change; the knob ``call_update_without_id`` says what a body without ``id`` does."""
    record, body = find_call(call), call.entity_body()
    if body.get("id") is None and call.store.knobs.call_update_without_id == "create":
        return card(call, create_call(call.store, body))
    if body.get("id") is not None and str(body["id"]) != str(record.id):
        raise UnprocessableError(f"Entity CallInfo with id {body['id']} is not {record.id}", "id")
    update_call(call.store, record, body)
    return card(call, record)


def get_by_provider(call: Call) -> Answer:
    """Find a call by the exchange's own id; of several, the latest."""
    call.no_arguments("providerId", request_type="CallInfoByProviderRequest")
    try:
        found = call_by_provider(call.store, call.args)
        if call.store.as_read(found) is None:
            raise NotFoundError
    except NotFoundError:
        return _no_call(call)
    return card(call, found)


def post_by_provider(call: Call) -> Answer:
    """Change a call by the exchange's own id; of several, the latest."""
    body = call.entity_body()
    required_provider_id(body)
    try:
        found = call_by_provider(call.store, body)
    except NotFoundError:
        return _no_call(call)
    update_call(call.store, found, body)
    return card(call, found)


def _no_call(call: Call) -> Answer:
    """Answer that no call has the exchange's id, as the knob ``unknown_provider_id`` says."""
    if call.store.knobs.unknown_provider_id == "404":
        raise NotFoundError
    return Answer(None)


def post_history(call: Call) -> Answer:
    """Import finished calls: created or updated, without a pop-up."""
    if not isinstance(call.body, list):
        raise WrongTypeError(call.body, "CallInfo[]")
    renderer = Renderer(call.context)
    return Answer([renderer.card(record) for record in import_calls(call.store, call.body)])


def post_contractor(call: Call) -> Answer:
    """Name the client; only the concrete types are known."""
    record = find_call(call)
    allowed = ("ContractorHuman", "ContractorCompany")
    contractor = resolve_required(call.store, call.entity_body(), allowed, "contractor")
    set_contractor(call.store, record, contractor)
    return card(call, record)


def call_route(call: Call) -> Answer:
    """Answer with everybody who has a number, and the employees responsible for them.

    Without any, the lists are empty and ``type`` is null. Employees have no internal number here.
    """
    call.no_arguments("phone", request_type="CallRouteRequest")
    phone = call.args.get("phone")
    if phone in (None, ""):
        raise MissingFieldError("phone")
    knobs = call.store.knobs
    digits = phone_digits(phone) if knobs.call_route_phone == "any" else str(phone)
    users = call.store.phone_book.find(digits)
    employees = list(dict.fromkeys(row for user in users for row in user.data.get("responsibles", ())))
    data = {
        "type": knobs.call_route_type if users else None,
        "timeout": knobs.call_route_timeout,
        "employees": tuple(employees),
        "users": tuple(users),
    }
    answer = Renderer(call.context).card(Record("CallRoute", digits, data))
    del answer["id"]
    if knobs.call_route_employees == "object":
        answer["employees"] = next(iter(answer["employees"]), None)
    return Answer(answer)
