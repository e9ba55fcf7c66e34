"""Writing of applications ("Integration"): what Directors and Administrators do at /settings/application."""

import secrets
from typing import Any
from uuid import uuid4

from ..data.records import Record
from ..data.store import Store
from ..errors import (
    ForbiddenError,
    MissingFieldError,
    NotAllowedError,
    UnprocessableError,
    WrongTypeError,
)
from ..forms import FORMS
from .body import TEXT_OR_NULL, Reader, choice, read_body

STREAMS = (
    "contractors",
    "deals",
    "events",
    "tasks",
    "projects",
    "employees",
    "invoices",
    "operations",
    "payers",
    "comments",
)


def seed_application(store: Store) -> None:
    """Give the account the application that the knobs name; without an address it gets no events."""
    tokens = [token.strip() for token in store.knobs.app_tokens.split(",") if token.strip()]
    data = {
        "uuid": store.knobs.application_uuid,
        "name": "Телефония",
        "category": "telephony",
        "apiToken": tokens[0] if tokens else secrets.token_hex(32),
        "owner": store.user,
    }
    if store.knobs.hook_url:
        data |= {"streamUri": store.knobs.hook_url, "subscribedStreams": list(STREAMS)}
    store.tables["Integration"].fill([Record("Integration", 1, data)])


def find_application(store: Store, uuid: str) -> Record | None:
    """Return an application by its uuid."""
    return next((row for row in store.tables["Integration"] if row.data["uuid"] == uuid), None)


def create_application(store: Store, body: dict[str, Any]) -> Record:
    """Create an enabled application with an API token of its own.

    :raises UnprocessableError: no name, or a wrong value.
    :raises ForbiddenError: the user is neither director nor administrator.
    """
    check_rights(store)
    values = read_application(store, body)
    if not values.get("name"):
        raise MissingFieldError("name")
    data = {"uuid": str(uuid4()), "apiToken": secrets.token_hex(32), "owner": store.user, **values}
    application = Record("Integration", store.tables["Integration"].next_id(), data)
    store.add(application)
    return application


def check_rights(store: Store) -> None:
    """Refuse users who may not manage applications.

    :raises ForbiddenError: the user has lost the rights of an administrator.
    """
    if "act_edit" not in store.user.data.get("possibleActions", ()):
        raise ForbiddenError("No act_edit rights for model Integration")


def read_application(store: Store, body: dict[str, Any]) -> dict[str, Any]:
    """Return the values of a body.

    :raises UnprocessableError: an unknown key, stream or kind, or an address the account would not call.
    """
    values = read_body(store, "Integration", body, _READERS, FORMS["Integration"].fields)
    uri = values.get("streamUri")
    allowed = ("http://", "https://") if store.knobs.hook_plain_http else ("https://",)
    if uri and not uri.startswith(allowed):
        raise UnprocessableError("URL must begin with https://", "streamUri")
    return values


def _streams(store: Store, name: str, value: Any) -> list[str]:
    if not isinstance(value, list):
        raise WrongTypeError(value, "string[]", name)
    for stream in value:
        if stream not in STREAMS:
            raise NotAllowedError("Integration", name)
    return list(dict.fromkeys(value))


_READERS: dict[str, Reader] = {
    **dict.fromkeys(("name", "identifier", "version", "description"), TEXT_OR_NULL),
    **dict.fromkeys(("streamUri", "preferencesUri", "pageUri"), TEXT_OR_NULL),
    "subscribedStreams": _streams,
    "category": choice("Integration", "telephony", "tasks", "crm", "other"),
    "type": choice("Integration", "box", "saas", "all"),
    **dict.fromkeys(("isEnabled", "isWidget"), lambda store, name, value: bool(value)),
    "scope": lambda store, name, value: list(value or []),
}
