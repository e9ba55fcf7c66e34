"""Builds an account from a seed: the same seed and sizes give the same bytes."""

from datetime import UTC, datetime
from random import Random

from ...kit.clock import Clock
from ..data.store import Store
from ..knobs import Knobs
from ..writing.applications import seed_application
from .contractors import seed_contractors
from .custom_fields import seed_custom_fields
from .deals import seed_deals, seed_offers
from .directories import seed_directories, seed_saved_filter
from .employees import seed_employees
from .programs import seed_programs
from .telephony import seed_telephony
from .todos import seed_todo_directories, seed_todos

BASE_TIME = int(datetime(2026, 9, 1, 6, tzinfo=UTC).timestamp())


def build_store(seed: int, deals: int, contractors: int | None, knobs: Knobs) -> Store:
    """Return a filled account.

    :param contractors: how many; default two fifths of the deals.
    """
    random = Random(seed)
    store = Store(seed, Clock(BASE_TIME), knobs)
    seed_directories(store)
    seed_programs(store)
    seed_custom_fields(store)
    seed_saved_filter(store)
    seed_employees(store, random, BASE_TIME)
    seed_contractors(
        store, random, max(20, deals * 2 // 5 if contractors is None else contractors), BASE_TIME
    )
    seed_offers(store, random, BASE_TIME)
    seed_deals(store, random, deals, BASE_TIME)
    seed_todo_directories(store)
    seed_todos(store, BASE_TIME)
    seed_telephony(store, BASE_TIME)
    seed_application(store)
    return store
