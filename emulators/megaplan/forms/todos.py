"""Forms of todos and what belongs to them."""

from typing import Any

from ..data.records import Record
from ..data.values import date_time
from .form import NO_FILES, Context, Field, Form, constant, counted, plain_form, stored

_CONTRACTORS = ("ContractorHuman", "ContractorCompany")
_RELATED = ("CallInfo", *_CONTRACTORS, "Deal")
_OPEN_ACTIONS = ["act_finish", "act_edit", "act_give", "act_cancel", "act_delete", "act_take", "act_read"]
_DONE_ACTIONS = ["act_renew", "act_edit", "act_delete", "act_read"]
_RIGHTS = (
    "read",
    "edit",
    "remove",
    "finish",
    "cancel",
    "renew",
    "give",
    "take",
    "acceptInvite",
    "rejectInvite",
)


def _is_open(todo: Record) -> bool:
    return bool(todo.data["status"].data["masterType"] == "scheduled")


def _rights(todo: Record, context: Context) -> dict[str, Any]:
    is_open = _is_open(todo)
    granted = (
        {"read", "edit", "remove", "finish", "cancel", "take"}
        if is_open
        else {"read", "edit", "remove", "renew"}
    )
    head = {"contentType": "TodoRights", "id": f"Todo/{todo.id}"}
    return head | {name: name in granted for name in _RIGHTS}


def _short_rights(todo: Record, context: Context) -> dict[str, Any]:
    return {"contentType": "TodoRights", "id": f"Todo/{todo.id}", "read": True}


def _is_overdue(todo: Record, context: Context) -> bool:
    end = todo.data.get("end")
    return end is not None and end < context.clock.second() and _is_open(todo)


def _possible_actions(todo: Record, context: Context) -> list[str]:
    return _OPEN_ACTIONS if _is_open(todo) else _DONE_ACTIONS


def _comments(todo: Record, context: Context) -> list[dict[str, Any]]:
    return [
        entry.link()
        for entry in context.store.attachments.comments_of(todo)
        if entry.content_type == "Comment"
    ]


_CONFERENCE = {"contentType": "ConferenceSettings", "type": "conference"}
_EMBEDDED: dict[str, Field] = {
    "name": stored("name"),
    "status": stored("status", refs=("TodoStatus",)),
    "when": stored("when"),
    "place": stored("place"),
    "responsible": stored("responsible", refs=("Employee",)),
    "timeFinished": Field(lambda todo, context: date_time(todo.data.get("finished"))),
    "description": stored("description", ""),
    "category": stored("category", refs=("TodoCategory",)),
    "rights": Field(_rights),
    "unreadCommentsCount": constant(0),
    "isFavorite": stored("isFavorite", False),
    "conferenceIsStarted": constant(False),
    "conferenceSettings": constant(_CONFERENCE),
}
TODO = Form(
    _EMBEDDED
    | {
        "userCreated": stored("userCreated", refs=("Employee",)),
        "isNeedResult": stored("isNeedResult", False),
        "resultComment": constant(None),
        "timeCreated": Field(lambda todo, context: date_time(todo.data["created"])),
        "linksCount": constant(0),
        "relationLinks": constant([]),
        "relationLinksCount": constant(0),
        "coincidentTodos": constant([]),
        "coincidentTodosCount": constant(0),
        "interactionsCounters": constant([]),
        "busyParticipants": constant([]),
        "busyParticipantsCount": constant(0),
        "isTemplate": constant(False),
        "isDropped": stored("isDropped", False),
        "isOverdue": Field(_is_overdue),
        "schedule": constant(None),
        "attaches": constant([]),
        "attachesCount": constant(0),
        "possibleActions": Field(_possible_actions),
        "reminders": stored("reminders", []),
        "remindersCount": counted("reminders"),
        "participants": stored("participants", (), refs=("Participant",)),
        "participantsCount": counted("participants"),
        "relations": stored("relations", (), refs=_RELATED),
        "relationsCount": counted("relations"),
        "contactInfo": constant([]),
        "contactInfoCount": constant(0),
        "comments": Field(_comments),
        "commentsCount": Field(lambda todo, context: len(_comments(todo, context))),
        "attachesCountInComments": constant(0),
        "unreadAnswer": constant(False),
        "subscribed": constant(True),
        "allFilesCount": constant(0),
        "attachesInfo": constant(NO_FILES),
        "hiddenCommentsCount": constant(0),
    },
    listed=frozenset(_EMBEDDED) | {"timeCreated", "isOverdue", "isDropped", "possibleActions"},
    embedded=frozenset(_EMBEDDED),
    # a todo inside another entity has a stripped status: read the directory, or the todo itself
    when_embedded={
        "status": Field(lambda todo, context: todo.data["status"].link(), ("TodoStatus",)),
        "rights": Field(_short_rights),
    },
)
PARTICIPANT = plain_form({"subject": stored("subject", refs=("Employee", *_CONTRACTORS))})
TODO_STATUS = plain_form({"name": stored("name"), "masterType": stored("masterType")})
TODO_CATEGORY = plain_form(
    {
        "name": stored("name"),
        "masterType": stored("masterType"),
        "color": stored("color", "#000000"),
        "bgColor": stored("bgColor", "#cccccc"),
        "activeBgColor": stored("activeBgColor", "#555555"),
    }
)
