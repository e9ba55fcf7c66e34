"""The widget's script as it is put into Megaplan: one content for each placeholder. Free of I/O but for its file."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import orjson

from megaplan_gateway.accounts.widget_key import widget_key
from megaplan_hook.settings import AccountSettings

NAMES = {
    "common_phone_number": "Телефония: позвонить",
    "common_telephony_widget": "Телефония: завершить и не беспокоить",
}
"""Placeholders of Megaplan, and what the widget at each is called there."""

_EMPTY_SETTINGS = "const SETTINGS = {};"
_PHONE_KEYS = ("phone", "phoneNumber", "number")
_SIGN_KEYS = ("userSign",)


def widget_content(settings: AccountSettings, placeholder: str) -> str:
    """Return the content of the widget at a placeholder; equal settings give equal text.

    :raises ValueError: the connection has no ``gateway_url`` or no ``webhook_secret``
    """
    key = widget_key(settings.webhook_secret)
    if not settings.gateway_url or key is None:
        raise ValueError("the widget needs gateway_url and webhook_secret")
    quirks = settings.vendor_quirks
    told = {
        "gateway": f"{settings.gateway_url}/{settings.account}/{key}/widget",
        "placeholder": placeholder,
        "signKeys": list(dict.fromkeys((quirks.widget_sign_key, *_SIGN_KEYS))),
        "phoneKeys": list(dict.fromkeys((quirks.widget_phone_key, *_PHONE_KEYS))),
    }
    # "<" would end the script where the content is read as HTML
    written = orjson.dumps(told).decode().replace("<", "\\u003c")
    return _source().replace(_EMPTY_SETTINGS, f"const SETTINGS = {written};", 1)


@cache
def _source() -> str:
    source = Path(__file__).with_name("telephony.js").read_text(encoding="utf-8")
    if _EMPTY_SETTINGS not in source:
        raise RuntimeError("telephony.js has no place for the settings")
    return source
