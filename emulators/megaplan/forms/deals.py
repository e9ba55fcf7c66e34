"""Form of deals."""

from typing import Any

from ..data.records import Deal, Record, Sum
from ..data.state_moves import possible_transitions
from ..data.values import date_time, money
from .form import ABSENT, NO_FILES, Context, Field, Form, constant

_CONTRACTORS = ("ContractorHuman", "ContractorCompany")
_ACTIONS = [
    "act_read",
    "act_edit",
    "act_edit_auditors",
    "act_use_journal",
    "act_add_consignment",
    "act_produce",
    "act_edit_positions",
    "act_delete",
]
_SYSTEM_FIELDS = [
    "name",
    "contractor",
    "manager",
    "auditors",
    "description",
    "contact",
    "positions",
    "payForm",
    "cost",
    "payer",
]
_MONEY_FIELDS = {"positions", "payForm", "cost"}


def shows_money(deal: Deal) -> bool:
    """Return whether the deal's program shows sums and positions at all."""
    return not deal.program.data.get("hidesMoney")


def _money(name: str) -> Field:
    def read(deal: Deal, context: Context) -> Any:
        if not shows_money(deal):
            return ABSENT
        amount: Sum = getattr(deal, name)
        return money(*amount)

    return Field(read)


def _unless_hidden(value: Any) -> Field:
    return Field(lambda deal, context: value if shows_money(deal) else ABSENT)


def _attribute(name: str, refs: tuple[str, ...] = ()) -> Field:
    return Field(lambda deal, context: getattr(deal, name), refs)


def _count(name: str) -> Field:
    return Field(lambda deal, context: len(getattr(deal, name)))


def _time(name: str) -> Field:
    return Field(lambda deal, context: date_time(getattr(deal, name)))


def _extra(name: str, default: Any) -> Field:
    return Field(lambda deal, context: deal.data.get(name, default))


def paid_share(deal: Deal) -> float:
    """Return the share of the deal that has been paid."""
    paid: float = sum(
        invoice.data["sum"].value for invoice in deal.invoices if invoice.data["status"] == "paid"
    )
    return min(paid / deal.price.value, 1.0) if deal.price.value else 0.0


def _debt(deal: Deal, context: Context) -> Any:
    value, currency, rate = deal.price
    return money(round(value * (1 - paid_share(deal)), 4), currency, rate)


def _positions(deal: Deal, context: Context) -> Any:
    return deal.positions if shows_money(deal) else ABSENT


def _positions_count(deal: Deal, context: Context) -> Any:
    return len(deal.positions) if shows_money(deal) else ABSENT


def _contact_info(deal: Deal, kind: str) -> dict[str, Any] | None:
    entries = [] if deal.contractor is None else deal.contractor.data.get("contactInfo", [])
    return next((entry for entry in entries if entry.get("type") == kind), None)


def _email(deal: Deal, context: Context) -> str:
    entry = _contact_info(deal, "email")
    return "" if entry is None else str(entry["value"])


def _transitions(deal: Deal, context: Context) -> tuple[Record, ...]:
    return possible_transitions(deal, context.store)


def _triggers(deal: Deal, context: Context) -> tuple[Record, ...]:
    return tuple(deal.program.data.get("triggers", ()))


def _visible_fields(deal: Deal, context: Context) -> list[str]:
    system = [name for name in _SYSTEM_FIELDS if shows_money(deal) or name not in _MONEY_FIELDS]
    return system + [field.key for field in context.store.custom_fields_of(deal)]


def _contractor_fields(deal: Deal, context: Context) -> list[str]:
    return [field.key for field in context.store.custom_fields_for("ContractorHuman")[:1]]


def _editable_fields(deal: Deal, context: Context) -> list[str]:
    return _visible_fields(deal, context) + [f"contractor.{key}" for key in _contractor_fields(deal, context)]


def _linked(kind: str) -> Field:
    def read(deal: Deal, context: Context) -> int:
        links = context.store.links.get((deal.content_type, deal.id), [])
        return sum(1 for record in links if record.content_type == kind)

    return Field(read)


def _todos(deal: Deal, context: Context) -> tuple[Record, ...]:
    return tuple(context.store.attachments.todos_of(deal))


def _open_count(deal: Deal, context: Context) -> int:
    return sum(1 for todo in _todos(deal, context) if todo.data["status"].data["masterType"] == "scheduled")


def _near_todo(deal: Deal, context: Context) -> Record | None:
    planned = [
        todo
        for todo in _todos(deal, context)
        if todo.data.get("start") is not None and todo.data["status"].data["masterType"] == "scheduled"
    ]
    return min(planned, key=lambda todo: int(todo.data["start"]), default=None)


def _comments(deal: Deal, context: Context) -> list[Record]:
    entries = context.store.attachments.comments_of(deal)
    return [entry for entry in entries if entry.content_type == "Comment"]


def _last_comment(deal: Deal, context: Context) -> Record | None:
    return next(reversed(_comments(deal, context)), None)


def _last_comment_time(deal: Deal, context: Context) -> Any:
    comment = _last_comment(deal, context)
    return None if comment is None else date_time(comment.data["created"])


_ZEROES = {
    name: constant(0)
    for name in (
        "messagesCount",
        "callsCount",
        "linksCount",
        "emailsCount",
        "whatsappCount",
        "telegramCount",
        "instagramCount",
        "maxMessengerCount",
        "commentsWithoutTransportCount",
        "hiddenCommentsCount",
        "unreadCommentsCount",
        "attachesCountInComments",
        "allFilesCount",
    )
}

_FIELDS: dict[str, Field] = {
    "number": _attribute("number"),
    "name": _attribute("name"),
    "description": _extra("description", ""),
    "shortDescription": Field(lambda deal, context: f"{deal.program.data['name']}: {deal.name}"),
    "contractor": _attribute("contractor", _CONTRACTORS),
    "manager": _attribute("manager", ("Employee", *_CONTRACTORS)),
    "payer": _attribute("payer", ("Payer",)),
    "auditors": _attribute("auditors", ("Employee",)),
    "auditorsCount": _count("auditors"),
    "payForm": _unless_hidden(None),
    "price": _money("price"),
    "state": _attribute("state", ("ProgramState",)),
    "stateTimeUpdated": _time("state_changed"),
    "result": Field(lambda deal, context: deal.state.data["type"]),
    "timeCreated": _time("created"),
    "timeUpdated": _time("updated"),
    "positions": Field(_positions, ("OfferRow",)),
    "positionsCount": Field(_positions_count),
    "debt": Field(_debt),
    "paymentProgress": Field(lambda deal, context: int(paid_share(deal) * 100)),
    "invoices": _attribute("invoices", ("Invoice",)),
    "invoicesCount": _count("invoices"),
    "nearTodo": Field(_near_todo, ("Todo",)),
    "contractorEmail": Field(_email),
    "contractorPhone": Field(lambda deal, context: _contact_info(deal, "phone")),
    "cost": _money("cost"),
    "contact": _attribute("contact", ("ContractorHuman",)),
    "lastComment": Field(_last_comment, ("Comment",)),
    "lastCommentTimeCreated": Field(_last_comment_time),
    "firstUnreadComment": constant(None),
    "program": _attribute("program", ("Program",)),
    "possibleTriggers": Field(_triggers, ("ProgramTrigger",)),
    "possibleTriggersCount": Field(lambda deal, context: len(_triggers(deal, context))),
    "possibleTransitions": Field(_transitions, ("ProgramTransition",)),
    "possibleTransitionsCount": Field(lambda deal, context: len(_transitions(deal, context))),
    "possibleActions": constant(_ACTIONS),
    "todos": Field(_todos, ("Todo",)),
    "todosCount": Field(lambda deal, context: len(_todos(deal, context))),
    "actualTodosCount": Field(_open_count),
    "finishedTodosCount": Field(
        lambda deal, context: len(_todos(deal, context)) - _open_count(deal, context)
    ),
    "dealsCount": _linked("Deal"),
    "actualDealsCount": _linked("Deal"),
    "tasksCount": constant(0),
    "actualTasksCount": constant(0),
    "editableFields": Field(_editable_fields),
    "visibleFields": Field(_visible_fields),
    "relationLinks": constant([]),
    "relationLinksCount": constant(0),
    "userCreated": _attribute("user_created", ("Employee",)),
    "userUpdated": _attribute("user_updated", ("Employee",)),
    "fixCurrencyDate": constant(None),
    "currency": _attribute("currency", ("Currency",)),
    "contractorFields": Field(_contractor_fields),
    "attaches": constant([]),
    "attachesCount": constant(0),
    "reminderTime": constant(None),
    "interactionsCounters": constant([{"contentType": "InteractionCounter", "action": "read", "count": 4}]),
    "consignment": constant(None),
    "isFavorite": _extra("isFavorite", False),
    "attachesInfo": constant(NO_FILES),
    "tags": _attribute("tags", ("Tag",)),
    "tagsCount": _count("tags"),
    "financeOperations": constant([]),
    "financeOperationsCount": constant(0),
    "comments": Field(lambda deal, context: [comment.link() for comment in _comments(deal, context)]),
    "commentsCount": Field(lambda deal, context: len(_comments(deal, context))),
    "unreadAnswer": constant(False),
    "subscribed": constant(False),
    **_ZEROES,
}

DEAL = Form(
    _FIELDS,
    listed=frozenset(
        {"number", "name", "contractor", "manager", "state", "result", "program", "price", "possibleActions"}
    ),
    embedded=frozenset({"number", "name", "program", "state", "result"}),
    custom="card",
)
