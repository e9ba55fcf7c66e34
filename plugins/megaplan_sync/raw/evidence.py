"""Asks for a vanished row by itself: what Megaplan answers is the evidence."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, NamedTuple

from megaplan_hook.exceptions import MegaplanForbiddenError, MegaplanNotFoundError
from megaplan_sync.raw.canonical import Entity

Ask = Callable[[int], Entity]
"""Returns an entity's card by id, raising what the hook raises."""


class Evidence(NamedTuple):
    """What Megaplan said: ``gone`` (404, dropped, or merged), ``hidden`` (403) or ``there`` with the card."""

    verdict: str
    card: Entity | None
    as_json: dict[str, Any]


def ask_for(identity: int, ask: Ask, route: str) -> Evidence:
    """Ask for one entity.

    :param route: shown in the evidence, e.g. ``/deal/28994``
    """
    told: dict[str, Any] = {"found_by": f"GET {route}", "at": datetime.now(UTC).isoformat()}
    try:
        card = ask(identity)
    except MegaplanNotFoundError:
        return Evidence("gone", None, {**told, "status": 404})
    except MegaplanForbiddenError:
        return Evidence("hidden", None, {**told, "status": 403})
    if str(card.get("id")) != str(identity):  # merged into another one, which has rows of its own
        return Evidence("gone", None, {**told, "status": 200, "answered_with": str(card.get("id"))})
    if card.get("isDropped") is True:
        return Evidence("gone", card, {**told, "status": 200, "isDropped": True})
    return Evidence("there", card, {**told, "status": 200})
