"""Forms of change sets and state moves."""

from ..data.values import date_time
from .form import ABSENT, Field, counted, plain_form, stored

_CONTRACTORS = ("ContractorHuman", "ContractorCompany")

_CHANGESET: dict[str, Field] = {
    "timeCreated": Field(lambda record, context: date_time(record.data["time"])),
    "changes": stored("changes", (), refs=("FieldChange",)),
    "changesCount": counted("changes"),
    "entity": stored("entity"),
    "generatedBy": stored("generatedBy"),
    "author": stored("author", refs=("Employee",)),
}
CHANGESET = plain_form({"type": Field(lambda record, context: record.data.get("type", ABSENT))} | _CHANGESET)
FIELD_CHANGE = plain_form(
    {
        "field": stored("field"),
        "description": stored("description", ""),
        "timeCreated": Field(lambda record, context: date_time(record.data["time"])),
        "oldValue": stored("old"),
        "newValue": stored("new"),
        "changedEntity": stored("entity"),
        "author": stored("author", refs=("Employee",)),
    }
)
DEAL_STATUS_HISTORY = plain_form(
    {
        "fromStatus": stored("from", refs=("ProgramState",)),
        "toStatus": stored("to", refs=("ProgramState",)),
        "fromStatusUpdated": Field(lambda record, context: date_time(record.data["fromTime"])),
        "toStatusUpdated": Field(lambda record, context: date_time(record.data["toTime"])),
        "fromStatusUser": stored("fromUser", refs=("Employee", *_CONTRACTORS)),
        "toStatusUser": stored("toUser", refs=("Employee", *_CONTRACTORS)),
    }
)
