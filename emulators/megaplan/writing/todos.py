"""Writing of todos: creating, changing, finishing, linking. None of it moves a deal's ``timeUpdated``."""

from typing import Any

from ..data.changes import record_changes
from ..data.records import Record
from ..data.store import CONTRACTOR_TYPES, Store
from ..errors import (
    ExtraFieldError,
    ForbiddenError,
    MissingFieldError,
    NotAllowedError,
    UnprocessableError,
    WrongTypeError,
    php_type,
)
from ..forms import FORMS
from .body import TEXT, TEXT_OR_NULL, Reader, anything, link, links, read_body
from .comments import add_link_entry, create_comment
from .references import resolve, resolve_required
from .todo_times import read_when

RELATED = ("CallInfo", "ContractorCompany", "ContractorHuman", "Deal")
_SUBJECTS = ("Employee", "ContractorHuman", "ContractorCompany")
_ACTIONS = ("TodoFinishActionRequest", "TodoRenewActionRequest", "TodoTakeActionRequest")
_INVITATIONS = {
    "TodoAcceptInvitationActionRequest": "act_accept_invite",
    "TodoRejectInvitationActionRequest": "act_reject_invite",
}


def create_todo(store: Store, body: dict[str, Any], parent: Record | None = None) -> Record:
    """Create a todo, attached to ``parent`` and to the relations of the body.

    A ``status`` in the body is ignored unless the knob ``todo_status_in_body`` says otherwise.

    :raises UnprocessableError: no name, or a wrong value.
    """
    if not body.get("name"):
        raise MissingFieldError("name")
    values = _read_body(store, body)
    relations = values.get("relations", ())
    if parent is not None and parent.content_type in RELATED and parent not in relations:
        values["relations"] = (*relations, parent)
    if parent is not None and parent.content_type == "Employee":
        values["responsible"] = values.get("responsible") or parent
    return add_todo(store, values)


def add_todo(store: Store, values: dict[str, Any]) -> Record:
    """Add a todo with values that have been read already."""
    data = {
        "status": status_of(store, "scheduled"),
        "category": store.tables["TodoCategory"].rows[6],
        "when": None,
        "responsible": None,
        "participants": (),
        "relations": (),
        "userCreated": store.user,
        "created": store.clock.second(),
        "isDropped": False,
        **values,
    }
    todo = Record("Todo", store.tables["Todo"].next_id(), data)
    store.add(todo)
    store.attachments.place_todo(todo)
    for relation in data["relations"]:
        add_link_entry(store, todo, relation)
    return todo


def update_todo(store: Store, todo: Record, body: dict[str, Any]) -> None:
    """Change the sent fields; arrays are replaced as a whole."""
    write_todo(store, todo, _read_body(store, body))


def drop_todo(store: Store, todo: Record) -> None:
    """Delete softly: the card stays readable with ``isDropped``, lists leave it out."""
    record_changes(store, todo, [], "drop")
    store.write(todo, lambda: todo.data.update(isDropped=True))


def do_action(store: Store, todo: Record, request: dict[str, Any]) -> None:
    """Finish, re-open or take a todo.

    :raises ForbiddenError: its state does not allow that.
    :raises UnprocessableError: another kind of request, or a wrong field in it.
    """
    kind = request.get("contentType")
    if kind == "TodoFinishActionRequest":
        _finish(store, todo, request)
    elif kind == "TodoRenewActionRequest":
        if is_scheduled(todo):
            raise ForbiddenError(f"No act_renew rights for model {todo.id}")
        write_todo(store, todo, {"status": status_of(store, "scheduled"), "finished": None})
    elif kind == "TodoTakeActionRequest":
        write_todo(store, todo, {"responsible": store.user})
    elif kind in _INVITATIONS:
        raise ForbiddenError(f"No {_INVITATIONS[kind]} rights for model {todo.id}")
    else:
        raise UnprocessableError(f"'{kind or php_type(request)}' is not assignable to '{'|'.join(_ACTIONS)}'")


def relate(store: Store, todo: Record, other: Record) -> None:
    """Link a todo with a deal, a contractor or a call."""
    if other not in todo.data["relations"]:
        write_todo(store, todo, {"relations": (*todo.data["relations"], other)})
        add_link_entry(store, todo, other)


def unrelate(store: Store, todo: Record, other: Record) -> None:
    """Remove such a link; it leaves no trace."""
    write_todo(store, todo, {"relations": tuple(row for row in todo.data["relations"] if row is not other)})


def set_client(store: Store, todo: Record, contractor: Record) -> None:
    """Relate a communication to a client, instead of any other client."""
    others = tuple(row for row in todo.data["relations"] if row.content_type not in CONTRACTOR_TYPES)
    write_todo(store, todo, {"relations": (*others, contractor)})


def add_participant(store: Store, todo: Record, body: Any) -> None:
    """Add one participant."""
    write_todo(store, todo, {"participants": (*todo.data["participants"], _participant(store, body))})


def remove_participant(store: Store, todo: Record, content_type: str, id: str) -> bool:
    """Remove a participant; return False when there is none."""
    left = tuple(row for row in todo.data["participants"] if row.id != f"{content_type}/{id}")
    if len(left) == len(todo.data["participants"]):
        return False
    write_todo(store, todo, {"participants": left})
    return True


def is_scheduled(todo: Record) -> bool:
    """Return whether a todo is still to be done, which only its status says."""
    return bool(todo.data["status"].data["masterType"] == "scheduled")


def status_of(store: Store, master_type: str) -> Record:
    """Return the account's first status of a kind."""
    return next(row for row in store.tables["TodoStatus"] if row.data["masterType"] == master_type)


def _finish(store: Store, todo: Record, request: dict[str, Any]) -> None:
    if not is_scheduled(todo):
        raise ForbiddenError(f"No act_finish rights for model {todo.id}")
    status = resolve(store, request.get("status"), ("TodoStatus",), "status") or status_of(store, "success")
    if status.data["masterType"] == "scheduled":
        raise NotAllowedError("TodoFinishActionRequest", "status")
    text = TEXT_OR_NULL(store, "resultText", request.get("resultText"))
    for name in request:
        if name not in {"contentType", "status", "resultText", "notifyContractors", "todo", "checkTodos"}:
            raise ExtraFieldError(name, "TodoFinishActionRequest")
    finished = store.clock.second() if store.knobs.todo_time_finished else None
    write_todo(store, todo, {"status": status, "finished": finished})
    if text:
        create_comment(store, todo, {"content": text})


def write_todo(store: Store, todo: Record, values: dict[str, Any]) -> None:
    """Write values that have been read already, and record them in the history."""
    changes = [
        (name, todo.data.get(name), value)
        for name, value in values.items()
        if name in FORMS["Todo"].fields and todo.data.get(name) != value
    ]
    store.write(todo, lambda: todo.data.update(values), is_event=set(values) != {"relations"})
    store.attachments.place_todo(todo)
    if changes:
        record_changes(store, todo, changes)


def _read_body(store: Store, body: dict[str, Any]) -> dict[str, Any]:
    values = read_body(store, "Todo", body, _READERS, FORMS["Todo"].fields)
    if "when" in values:
        values["when"], values["start"], values["end"] = values["when"]
    if store.knobs.todo_status_in_body == "ignore":
        values.pop("status", None)
    for name in ("category", "status"):
        if values.get(name, "") is None:
            del values[name]
    return values


def _participants(store: Store, name: str, value: Any) -> tuple[Record, ...]:
    if not isinstance(value, list):
        raise WrongTypeError(value, "Participant[]", name)
    return tuple(_participant(store, entry) for entry in value)


def _participant(store: Store, value: Any) -> Record:
    if not isinstance(value, dict) or value.get("contentType", "Participant") != "Participant":
        kind = value.get("contentType") if isinstance(value, dict) else php_type(value)
        raise UnprocessableError(f"'{kind}' is not assignable to 'Participant'", "participants")
    subject = resolve_required(store, value.get("subject"), _SUBJECTS, "subject")
    return Record("Participant", f"{subject.content_type}/{subject.id}", {"subject": subject})


_READERS: dict[str, Reader] = {
    **dict.fromkeys(("name", "description", "place"), TEXT),
    "category": link("TodoCategory"),
    "responsible": link("Employee"),
    "status": link("TodoStatus"),
    "when": lambda store, name, value: read_when(store, value),
    "relations": links(*RELATED),
    "participants": _participants,
    **dict.fromkeys(("isNeedResult", "isFavorite", "reminders"), anything),
}
