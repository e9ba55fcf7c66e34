"""Writing of calls, as the telephone exchange reports them."""

from typing import Any

from ..data.popups import clients_by_phone, concerned_employee, contractor_of, is_outgoing
from ..data.records import Record
from ..data.store import Store
from ..errors import (
    MissingFieldError,
    NotFoundError,
    UnprocessableError,
    WrongTypeError,
)
from .body import TEXT_OR_NULL, anything, choice, link, moment, read_body, texts
from .todo_times import interval_time
from .todos import add_todo, set_client, write_todo

TYPES = ("unknown", "in", "out", "miss", "fail")
STATES = ("unknown", "calling", "talking", "finished", "hold")
_USERS = ("Employee", "ContractorHuman", "ContractorCompany")
_TITLES = {
    "in": "Входящий звонок",
    "out": "Исходящий звонок",
    "miss": "Пропущенный звонок",
    "fail": "Неуспешный звонок",
    "unknown": "Звонок",
}
_READERS = {
    "fromPhone": TEXT_OR_NULL,
    "toPhone": TEXT_OR_NULL,
    "fromUser": link(*_USERS),
    "toUser": link(*_USERS),
    "providerId": anything,
    "timeFrom": moment,
    "timeTo": moment,
    "type": choice("CallInfo", *TYPES),
    "state": choice("CallInfo", *STATES),
    "recordLinks": texts,
}


def create_call(store: Store, body: dict[str, Any]) -> Record:
    """Create a call and show it in the widget of the employee it concerns.

    :raises UnprocessableError: a wrong value, or what the knobs ``call_required_fields`` and
        ``duplicate_provider_id`` forbid.
    """
    values = read_body(store, "CallInfo", body, _READERS)
    known = find_by_provider(store, values.get("providerId"))
    if known is not None and store.knobs.duplicate_provider_id == "refuse":
        raise UnprocessableError("Значение должно быть уникальным", "providerId")
    if known is not None and store.knobs.duplicate_provider_id == "update":
        _write(store, known, values)
        call = known
    else:
        call = _add(store, values)
    store.popups.call_changed(store, call)
    return call


def update_call(store: Store, call: Record, body: dict[str, Any]) -> None:
    """Change the sent fields and update the widget; ``recordLinks`` is replaced as a whole."""
    _write(store, call, read_body(store, "CallInfo", body, _READERS))
    store.popups.call_changed(store, call)


def import_calls(store: Store, bodies: list[Any]) -> list[Record]:
    """Create or update finished calls, known ones by ``id`` or ``providerId``, without updating a widget.

    Nothing is written when any of them is wrong.

    :raises UnprocessableError: a wrong value in one of them.
    """
    entries = []
    for body in bodies:
        if not isinstance(body, dict):
            raise WrongTypeError(body, "CallInfo")
        known = None
        if body.get("id") is not None:
            known = store.find("CallInfo", body["id"])
            if known is None:
                raise UnprocessableError(f"Entity CallInfo with id {body['id']} is not found", "id")
        entries.append((known, read_body(store, "CallInfo", body, _READERS) | {"state": "finished"}))
    calls = []
    for named, values in entries:
        known = named or find_by_provider(store, values.get("providerId"))
        if known is None:
            calls.append(_add(store, values))
        else:
            _write(store, known, values)
            calls.append(known)
    return calls


def set_contractor(store: Store, call: Record, contractor: Record) -> None:
    """Name the client of a call; its communications get that client instead of any other."""
    side = "toUser" if is_outgoing(call) else "fromUser"
    _write(store, call, {side: contractor})
    for todo in store.attachments.todos_of(call):
        set_client(store, todo, contractor)
    store.popups.call_changed(store, call)


def find_by_provider(store: Store, provider_id: Any) -> Record | None:
    """Return the latest call with the exchange's own id, or None; text and number match alike."""
    return (
        None
        if provider_id is None
        else next(reversed(store.calls_by_provider.get(str(provider_id), {}).values()), None)
    )


def required_provider_id(values: dict[str, Any]) -> Any:
    """Return ``providerId`` of a body or of arguments.

    :raises UnprocessableError: there is none.
    """
    if values.get("providerId") in (None, ""):
        raise MissingFieldError("providerId")
    return values["providerId"]


def call_by_provider(store: Store, values: dict[str, Any]) -> Record:
    """Return the latest call with the ``providerId`` of a body or of arguments.

    :raises UnprocessableError: the id is missing.
    :raises NotFoundError: no call has it.
    """
    call = find_by_provider(store, required_provider_id(values))
    if call is None:
        raise NotFoundError
    return call


def _add(store: Store, values: dict[str, Any]) -> Record:
    for name in filter(None, store.knobs.call_required_fields.split(",")):
        if values.get(name) is None:
            raise MissingFieldError(name)
    data = {
        "type": "unknown",
        "state": "unknown",
        "recordLinks": [],
        "created": store.clock.second(),
        **values,
    }
    call = Record("CallInfo", store.tables["CallInfo"].next_id(), data)
    store.add(call)
    _index(store, call)
    if store.knobs.call_makes_todo:
        _add_own_todo(store, call)
    return call


def _write(store: Store, call: Record, values: dict[str, Any]) -> None:
    if "providerId" in values and str(values["providerId"]) != str(call.data.get("providerId")):
        store.calls_by_provider.get(str(call.data.get("providerId")), {}).pop(call.id, None)
    store.write(call, lambda: call.data.update(values))
    _index(store, call)
    own = call.data.get("ownTodo")
    if own is not None:
        write_todo(store, own, _own_todo_values(call))


def _index(store: Store, call: Record) -> None:
    if call.data.get("providerId") is not None:
        store.calls_by_provider.setdefault(str(call.data["providerId"]), {})[call.id] = call


def _add_own_todo(store: Store, call: Record) -> None:
    """Create the communication that Megaplan itself creates when the knob ``call_makes_todo`` is on."""
    client = contractor_of(call) or next(iter(clients_by_phone(store, call)), None)
    values = {
        "category": store.tables["TodoCategory"].rows[1],
        "relations": (call,) if client is None else (call, client),
        **_own_todo_values(call),
    }
    call.data["ownTodo"] = add_todo(store, values)


def _own_todo_values(call: Record) -> dict[str, Any]:
    values: dict[str, Any] = {
        "name": _TITLES[call.data["type"]],
        "responsible": concerned_employee(call),
    }
    start = call.data.get("timeFrom")
    if start is not None:
        end = call.data.get("timeTo") or start
        values |= {"when": interval_time(start, end), "start": start, "end": end}
    return values
