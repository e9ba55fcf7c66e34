"""The secret in the paths of the widget."""

from __future__ import annotations

import hashlib
import hmac


def widget_key(webhook_secret: str | None) -> str | None:
    """Return the widget's secret, None without a ``webhook_secret`` of the account to make it of.

    Every employee's browser knows it, so it is not the secret of the webhooks itself, nor leads back to it.
    """
    if not webhook_secret:
        return None
    return hmac.new(webhook_secret.encode(), b"widget", hashlib.sha256).hexdigest()[:32]
