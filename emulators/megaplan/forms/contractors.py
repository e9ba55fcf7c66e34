"""Forms of people, companies and payers."""

from typing import Any

from ..data.records import Record
from ..data.values import date_only, date_time
from .form import Context, Field, Form, constant, counted, stored

_ACTIONS = [
    "act_edit",
    "message",
    "task",
    "add_item",
    "add_deal",
    "act_fake_drop",
    "act_view_fin_operation",
    "act_invite",
    "act_read",
    "act_attaches",
    "read_full",
]


def _time(name: str) -> Field:
    return Field(lambda record, context: date_time(record.data.get(name)))


def _birthday(contractor: Record, context: Context) -> Any:
    day = contractor.data.get("birthday")
    return None if day is None else date_only(day)


def _human_number(contractor: Record, context: Context) -> int:
    return int(contractor.id) - 1_000_000


def _contacts(company: Record, context: Context) -> tuple[Record, ...]:
    return tuple(human for human in company.data.get("contacts", ()) if not human.data.get("isDropped"))


def _own_payers(contractor: Record, context: Context) -> tuple[Record, ...]:
    payer = context.store.find("Payer", contractor.id)
    return () if payer is None else (payer,)


def _full_name(human: Record, context: Context) -> Any:
    return human.data.get("name")


_COMMON: dict[str, Field] = {
    "humanNumber": Field(_human_number),
    "type": stored("type", refs=("ContractorType",)),
    "responsibles": stored("responsibles", (), refs=("Employee",)),
    "responsiblesCount": counted("responsibles"),
    "canSeeFull": constant(True),
    "possibleActions": constant(_ACTIONS),
    "contactInfo": stored("contactInfo", []),
    "contactInfoCount": counted("contactInfo"),
    "description": stored("description", ""),
    "textDescription": stored("description", ""),
    "birthday": Field(_birthday),
    "preferTransport": stored("preferTransport", ""),
    "status": stored("status", refs=("ContractorStatus",)),
    "isDropped": stored("isDropped", False),
}
_TAIL: dict[str, Field] = {
    "position": stored("position", ""),
    "avatar": constant(None),
    "isFavorite": constant(False),
    "tags": stored("tags", (), refs=("Tag",)),
    "tagsCount": counted("tags"),
    "commentsCount": constant(0),
    "unreadCommentsCount": constant(0),
    "subscribed": constant(False),
}
_HUMAN: dict[str, Field] = {
    "firstName": stored("firstName", ""),
    "middleName": stored("middleName", ""),
    "lastName": stored("lastName", ""),
    "company": stored("company", refs=("ContractorCompany",)),
    "gender": stored("gender", ""),
    "loginEmail": stored("loginEmail", ""),
    "isGuestAccessEnabled": constant(False),
    "canLogin": constant(False),
    "lastOnline": constant(""),
    "dateLastReadNews": constant(None),
}
_CARD: dict[str, Field] = {
    "advertisingWay": stored("advertisingWay", refs=("ContractorAdvertisingWay",)),
    "activityType": stored("activityType", refs=("ContractorActivityType",)),
    "partners": constant([]),
    "partnersCount": constant(0),
    "competitors": constant([]),
    "competitorsCount": constant(0),
    "payers": Field(_own_payers, refs=("Payer",)),
    "payersCount": Field(lambda record, context: len(_own_payers(record, context))),
    "isPublic": stored("isPublic", False),
    "attaches": constant([]),
    "attachesCount": constant(0),
    "relationLinks": constant([]),
    "relationLinksCount": constant(0),
    "timeCreated": _time("created"),
    "timeUpdated": _time("updated"),
    "userCreated": stored("userCreated", refs=("Employee",)),
    "userUpdated": stored("userUpdated", refs=("Employee",)),
    "nextCommunicationDate": constant(None),
    "nextCommunication": constant(None),
    "lastCommunicationDate": constant(None),
    "mergeInProgress": constant(False),
    "uid": constant(None),
}
_CONTACTS: dict[str, Field] = {
    "contacts": Field(_contacts, refs=("ContractorHuman",)),
    "contactsCount": Field(lambda company, context: len(_contacts(company, context))),
}
_NAME = {"name": Field(_full_name)}
_LISTED = frozenset(
    {
        "name",
        "type",
        "responsibles",
        "responsiblesCount",
        "contactInfo",
        "contactInfoCount",
        "possibleActions",
    }
)

CONTRACTOR_HUMAN = Form(
    _NAME | _COMMON | _HUMAN | _TAIL | _CARD,
    listed=_LISTED | {"firstName", "middleName", "lastName", "company"},
    embedded=frozenset(_COMMON | _HUMAN | _TAIL),
    custom="card",
)
CONTRACTOR_COMPANY = Form(
    _COMMON | _NAME | _TAIL | _CARD | _CONTACTS,
    listed=_LISTED,
    embedded=frozenset(_COMMON | _NAME | _TAIL),
    custom="card",
)

_REQUISITES = (
    "inn",
    "address",
    "legalAddress",
    "edrpou",
    "currentAccount",
    "ogrn",
    "bank",
    "bik",
    "kpp",
    "correspondentAccount",
    "okpo",
    "mfo",
    "unp",
)
_PAYER: dict[str, Field] = {
    "name": stored("name", ""),
    "type": stored("type", "Legal"),
    "country": stored("country", refs=("Country",)),
    **{name: stored(name, "") for name in _REQUISITES},
    "isDropped": stored("isDropped", False),
    "contractor": stored("contractor", refs=("ContractorHuman", "ContractorCompany")),
}
PAYER = Form(_PAYER, frozenset(_PAYER), frozenset(_PAYER))
