"""The addresses at the gateway to which both vendors send their requests."""

from typing import Literal

MASK = "•••"
Receiver = Literal["megaplan", "uis", "route"]
"""What an address is for: Megaplan's events, UIS's notifications, or UIS's questions whom to ring."""


def webhook_path(account_in_url: str, receiver: Receiver, secret: str | None = None) -> str:
    """Return the path of an address, with the secret masked unless it is given."""
    return f"/{account_in_url}/{secret or MASK}/{receiver}"
