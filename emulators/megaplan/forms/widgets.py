"""Form of an application's widget."""

from .form import plain_form, stored

INTEGRATION_WIDGET = plain_form(
    {
        "uuid": stored("uuid"),
        "placeholder": stored("placeholder"),
        "content": stored("content"),
        "name": stored("name", ""),
        "availableFor": stored("availableFor", []),
        "restrictedFor": stored("restrictedFor", []),
        "isEnabled": stored("isEnabled", True),
    }
)
