"""Renders the widget's script for each of Megaplan's placeholders."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import orjson

from megaplan_gateway.accounts.widget_key import widget_key
from megaplan_hook.settings import AccountSettings

NAMES = {
    "common_phone_number": "Телефония: звонок по клику",
    "common_telephony_widget": "Телефония: звонки и статус",
}
"""The name of our widget at each placeholder."""

_EMPTY_SETTINGS = "const SETTINGS = {};"
_PHONE_KEYS = ("phone", "phoneNumber", "number")
_SIGNATURE_KEYS = ("userSign",)


def widget_content(settings: AccountSettings, placeholder: str) -> str:
    """Return the content of the widget at a placeholder; deterministic for the same settings.

    :raises ValueError: if the connection lacks ``gateway_url`` or ``webhook_secret``
    """
    key = widget_key(settings.webhook_secret, settings.widget_key_number)
    if not settings.gateway_url or key is None:
        raise ValueError("the widget needs gateway_url and webhook_secret")
    quirks = settings.vendor_quirks
    script_settings = {
        "gateway": f"{settings.gateway_url}/{settings.account_in_url}/{key}/widget",
        "placeholder": placeholder,
        "signatureKeys": list(dict.fromkeys((quirks.widget_sign_key, *_SIGNATURE_KEYS))),
        "phoneKeys": list(dict.fromkeys((quirks.widget_phone_key, *_PHONE_KEYS))),
    }
    # "</script>" would end the script where the content is parsed as HTML
    json = orjson.dumps(script_settings).decode().replace("<", "\\u003c")
    return _source().replace(_EMPTY_SETTINGS, f"const SETTINGS = {json};", 1)


@cache
def _source() -> str:
    source = Path(__file__).with_name("telephony.js").read_text(encoding="utf-8")
    if _EMPTY_SETTINGS not in source:
        raise RuntimeError("telephony.js lacks the placeholder for its settings")
    return source
