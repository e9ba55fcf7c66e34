"""Forms of calls, of their routing and of telephony settings."""

from ..data.values import date_time
from .form import Field, counted, plain_form, stored

_USERS = ("Employee", "ContractorHuman", "ContractorCompany")

CALL_INFO = plain_form(
    {
        "fromPhone": stored("fromPhone"),
        "toPhone": stored("toPhone"),
        "fromUser": stored("fromUser", refs=_USERS),
        "toUser": stored("toUser", refs=_USERS),
        "providerId": stored("providerId"),
        "timeFrom": Field(lambda call, context: date_time(call.data.get("timeFrom"))),
        "timeTo": Field(lambda call, context: date_time(call.data.get("timeTo"))),
        "type": stored("type"),
        "state": stored("state"),
        "recordLinks": stored("recordLinks", []),
        "recordLinksCount": counted("recordLinks"),
    }
)
CALL_ROUTE = plain_form(
    {
        "type": stored("type"),
        "timeout": stored("timeout"),
        "employees": stored("employees", (), refs=("Employee",)),
        "users": stored("users", (), refs=_USERS),
    }
)
CALL_USER_CONFIG = plain_form(
    {
        "employee": stored("employee", refs=("Employee",)),
        "settings": stored("settings", ""),
        "internalNumber": stored("internalNumber", ""),
    }
)
SYSTEM_SETTING = plain_form({"scope": stored("scope"), "value": stored("value")})
