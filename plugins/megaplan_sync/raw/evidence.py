"""Requests a vanished row by id; Megaplan's answer is the evidence."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, NamedTuple

from megaplan_hook.exceptions import MegaplanForbiddenError, MegaplanNotFoundError
from megaplan_hook.hook import MegaplanHook
from megaplan_sync.raw.canonical import Entity, card_of

Ask = Callable[[int], Entity]
"""Returns an entity's card by id; raises the hook's errors."""


class Evidence(NamedTuple):
    """Megaplan's answer: ``gone`` (404, dropped, merged), ``hidden`` (403), ``there`` with the card, ``unknown``."""

    verdict: str
    card: Entity | None
    as_json: dict[str, Any]


def card_at(hook: MegaplanHook, route: str) -> Entity:
    """Return an entity's card by its route, odd or not."""
    return card_of(hook.request("GET", route).data, route.rpartition("/")[2])


def ask_for(identity: int, ask: Ask, route: str) -> Evidence:
    """Request one entity.

    :param route: named in the evidence, e.g. ``/deal/28994``
    """
    evidence: dict[str, Any] = {"found_by": f"GET {route}", "at": datetime.now(UTC).isoformat()}
    try:
        card = ask(identity)
    except MegaplanNotFoundError:
        return Evidence("gone", None, {**evidence, "status": 404})
    except MegaplanForbiddenError:
        return Evidence("hidden", None, {**evidence, "status": 403})
    if str(card.get("id")) != str(identity):  # merged into another entity, which has its own row
        return Evidence("gone", None, {**evidence, "status": 200, "answered_with": str(card.get("id"))})
    if card.get("isDropped") is True:
        return Evidence("gone", card, {**evidence, "status": 200, "isDropped": True})
    return Evidence("there", card, {**evidence, "status": 200})
