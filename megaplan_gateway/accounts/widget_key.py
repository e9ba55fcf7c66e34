"""The secret in the widget's paths."""

from __future__ import annotations

import hashlib
import hmac


def widget_key(webhook_secret: str | None) -> str | None:
    """Derive the widget's secret from the account's ``webhook_secret``; None if the account has none.

    Every employee's browser sees the key, so it must not reveal the secret it is derived from.
    """
    if not webhook_secret:
        return None
    return hmac.new(webhook_secret.encode(), b"widget", hashlib.sha256).hexdigest()[:32]
