"""Widgets of the account's application: scripts that Megaplan places into its pages."""

from typing import Any
from uuid import uuid4

from ..data.records import Record
from ..data.store import Store
from ..errors import MissingFieldError, NotAllowedError, UnprocessableError, WrongTypeError
from .applications import check_rights
from .body import TEXT, of_type, read_body

PHONE_NUMBER = "common_phone_number"
TELEPHONY_WIDGET = "common_telephony_widget"
_CARDS = {
    "common": "informer comment_body comment_form phone_number telephony_widget telephony_widget_config"
    " telephony_widget_header",
    "settings": "api_telephony",
    "employee": "list add card_block card_info card_description",
    "events": "list",
    "task": "list add card_top card_block card_status",
    "client": "list add card_top card_tabs card_block",
    "deal": "list list_buttons add card_block card_status card_tabs card_top positions",
    "doc": "card_top",
}
PLACEHOLDERS = frozenset(f"{page}_{place}" for page, places in _CARDS.items() for place in places.split())
_READERS = {
    **dict.fromkeys(("placeholder", "content", "name", "uuid"), TEXT),
    **dict.fromkeys(("availableFor", "restrictedFor"), of_type(list)),
    "isEnabled": of_type(bool),
}


def write_widget(store: Store, application: Record, body: Any) -> Record:
    """Create a widget, or change the one whose ``uuid`` the body names.

    Whether a second widget at the same placeholder replaces the first is not documented; here it does not.

    :raises ForbiddenError: the user is neither director nor administrator.
    :raises UnprocessableError: no object, an unknown key, placeholder or uuid, or a missing content.
    """
    check_rights(store)
    if not isinstance(body, dict):
        raise WrongTypeError(body, "IntegrationWidget")
    values = _read(store, body)
    known = next((row for row in widgets_of(application) if row.data["uuid"] == values.get("uuid")), None)
    if known is None and values.get("uuid"):
        raise UnprocessableError(f"Entity IntegrationWidget with uuid {values['uuid']} is not found", "uuid")
    for name in ("placeholder", "content"):
        if not values.get(name) and (known is None or name in values):
            raise MissingFieldError(name)
    if known is not None:
        store.write(known, lambda: known.data.update(values))
        return known
    id = store.tables["IntegrationWidget"].next_id()
    first = {"name": "", "isEnabled": True, "availableFor": [], "restrictedFor": []}
    record = Record("IntegrationWidget", id, {**first, **values, "uuid": str(uuid4())})
    store.add(record)
    store.write(application, lambda: application.data.update(widgets=(*widgets_of(application), record)))
    return record


def widgets_of(application: Record) -> tuple[Record, ...]:
    """Return an application's widgets, the oldest first."""
    widgets: tuple[Record, ...] = application.data.get("widgets", ())
    return widgets


def _read(store: Store, body: dict[str, Any]) -> dict[str, Any]:
    values = read_body(store, "IntegrationWidget", body, _READERS)
    if "placeholder" in values and values["placeholder"] not in PLACEHOLDERS:
        raise NotAllowedError("IntegrationWidget", "placeholder")
    return values
