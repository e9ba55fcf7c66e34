"""Todos: a communication with a client is a todo whose category is a call or a meeting."""

from ..call import Answer, Call, card
from ..data.records import Record
from ..data.values import date_only, local_day
from ..errors import NotFoundError, UnprocessableError
from ..reading.filter_fields import TODO_FIELDS
from ..reading.filters import CompiledFilter
from ..reading.listing import ListRoute, list_rows, list_table
from ..reading.query import read_flag
from ..router import Handler, Router
from ..writing.references import resolve_required
from ..writing.todos import (
    RELATED,
    add_participant,
    create_todo,
    do_action,
    drop_todo,
    is_scheduled,
    relate,
    remove_participant,
    unrelate,
    update_todo,
)
from .comments import add_comments_of
from .handlers import Find, card_of, finder, history_of, rows_of

_LIST = ListRoute(
    "TodoFilterListRequest", ("Todo",), {}, frozenset({"ignoreRights", "q"}), "TodoFilter", TODO_FIELDS
)
find_todo = finder("Todo")


def add_routes(router: Router) -> None:
    """Register the routes. There is no /todo/{id}/finish, renew or take."""
    router.add("GET", "/todo", list_todos)
    router.add("POST", "/todo", post_todo)
    router.add("GET", "/todo/search", search)
    router.add("GET", "/todo/busyDays", busy_days)
    router.add("GET", "/todo/{id}", card_of(find_todo))
    router.add("POST", "/todo/{id}", post_todo_update)
    router.add("DELETE", "/todo/{id}", delete_todo)
    router.add("POST", "/todo/{id}/doAction", post_action)
    for mode in ("this", "next", "all"):
        router.add("POST", f"/todo/{{id}}/{mode}", post_todo_update)
    router.add("POST", "/todo/{id}/linkWith", link_with)
    router.add("POST", "/todo/{id}/unlinkWith", unlink_with)
    router.add(
        "GET", "/todo/{id}/deals", rows_of(find_todo, _deals, "Deal", "TradeFilterListRequest", "filter")
    )
    router.add("GET", "/todo/{id}/history", history_of(find_todo))
    for path in ("participants", "allParticipants"):
        shown = rows_of(find_todo, lambda call, todo: todo.data["participants"], "Participant")
        router.add("GET", f"/todo/{{id}}/{path}", shown)
    router.add("POST", "/todo/{id}/participants", post_participant)
    router.add("DELETE", "/todo/{id}/participants/{contentType}/{pid}", delete_participant)
    add_comments_of(router, "todo", find_todo)
    for path, content_type in (("issues", "Task"), ("attaches", "File"), ("coincidentTodos", "Todo")):
        router.add(
            "GET",
            f"/todo/{{id}}/{path}",
            rows_of(find_todo, lambda call, todo: (), content_type, extra="filters q"),
        )


def add_todos_of(router: Router, path: str, find: Find) -> None:
    """Register the todos of one kind of entity: ``/{path}/{id}/todos``."""
    router.add("GET", f"/{path}/{{id}}/todos", _lister(find))
    router.add(
        "POST",
        f"/{path}/{{id}}/todos",
        lambda call: card(call, create_todo(call.store, call.entity_body(), find(call))),
    )
    router.add("POST", f"/{path}/{{id}}/todos/sort", _sorter(find))


def list_todos(call: Call) -> Answer:
    """``q`` is accepted and ignored."""
    read_flag(call.args, "ignoreRights")

    def keep(row: Record, compiled: CompiledFilter | None) -> bool:
        return not row.data["isDropped"] or (compiled is not None and "isDropped" in compiled.fields)

    return list_table(call, call.store.tables["Todo"], _LIST, keep)


def post_todo(call: Call) -> Answer:
    """Create one that need not belong to anything."""
    return card(call, create_todo(call.store, call.entity_body()))


def post_todo_update(call: Call) -> Answer:
    """Update; without ``id`` in the body the server creates another todo and answers as if all were well."""
    todo, body = find_todo(call), call.entity_body()
    if body.get("id") is None:
        return card(call, create_todo(call.store, body))
    if str(body["id"]) != str(todo.id):
        raise UnprocessableError(f"Entity Todo with id {body['id']} is not {todo.id}", "id")
    update_todo(call.store, todo, body)
    return card(call, todo)


def delete_todo(call: Call) -> Answer:
    """Delete softly."""
    drop_todo(call.store, find_todo(call))
    return Answer([])


def post_action(call: Call) -> Answer:
    """Finish, re-open, take."""
    todo = find_todo(call)
    do_action(call.store, todo, call.entity_body())
    return card(call, todo)


def _other(call: Call) -> Record:
    return resolve_required(call.store, call.entity_body(), RELATED, "link")


def _deals(call: Call, todo: Record) -> list[Record]:
    related = todo.data["relations"]
    return [row for row in related if row.content_type == "Deal" and call.store.is_visible(row)]


def link_with(call: Call) -> Answer:
    """Link with a deal, a contractor or a call."""
    todo, other = find_todo(call), _other(call)
    relate(call.store, todo, other)
    return Answer(other.link())


def unlink_with(call: Call) -> Answer:
    """Remove such a link."""
    todo, other = find_todo(call), _other(call)
    unrelate(call.store, todo, other)
    return Answer(other.link())


def post_participant(call: Call) -> Answer:
    """Add a participant."""
    todo = find_todo(call)
    add_participant(call.store, todo, call.entity_body())
    return card(call, todo.data["participants"][-1])


def delete_participant(call: Call) -> Answer:
    """Remove a participant by the type and id of who it is."""
    todo = find_todo(call)
    if not remove_participant(call.store, todo, call.params["contentType"], call.params["pid"]):
        raise NotFoundError
    return Answer([])


def search(call: Call) -> Answer:
    """List todos whose name contains the text."""
    text = str(call.args.get("q", "")).casefold()
    rows = [
        row
        for row in call.store.tables["Todo"]
        if not row.data["isDropped"]
        and call.store.as_read(row) is not None
        and text in row.data["name"].casefold()
    ]
    return list_rows(call, rows, "SearchRequest", "Todo", extra="q")


def busy_days(call: Call) -> Answer:
    """List days on which something is planned."""
    todos = (row for row in call.store.tables["Todo"] if not row.data["isDropped"] and is_scheduled(row))
    days = {local_day(todo.data["start"]) for todo in todos if todo.data.get("start") is not None}
    return Answer([date_only(day) for day in sorted(days)])


def _lister(find: Find) -> Handler:
    """List the todos of an entity: what is still to be done, with ``finished`` what is done, or ``all``.

    ``filters`` and ``period`` are accepted and ignored: what they mean is not documented.
    """

    def handler(call: Call) -> Answer:
        everything, finished = read_flag(call.args, "all"), read_flag(call.args, "finished")
        rows = [
            todo
            for todo in call.store.attachments.todos_of(find(call))
            if call.store.as_read(todo) is not None and (everything or is_scheduled(todo) is not finished)
        ]
        return list_rows(
            call, rows, "TodoListRequest", "Todo", extra="finished all period sortable filters q"
        )

    return handler


def _sorter(find: Find) -> Handler:
    def handler(call: Call) -> Answer:
        find(call)
        call.entity_body()
        return Answer([])

    return handler
