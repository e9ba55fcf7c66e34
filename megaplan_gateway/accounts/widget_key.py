"""The secret in the widget's paths."""

from __future__ import annotations

import hashlib
import hmac


def widget_key(webhook_secret: str | None, number: int = 1) -> str | None:
    """Derive the widget's secret from the account's ``webhook_secret``; None if the account has none.

    Every employee's browser sees the key, so it must not reveal the secret it is derived from.

    :param number: ``widget_key_number``; another number gives another key from the same secret
    """
    if not webhook_secret:
        return None
    purpose = "widget" if number == 1 else f"widget {number}"
    return hmac.new(webhook_secret.encode(), purpose.encode(), hashlib.sha256).hexdigest()[:32]
