"""The fixture ``world`` of the push; test modules list this in ``pytest_plugins``."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from psycopg import Connection

from demo.emulated_megaplan import EmulatedMegaplan

from .push_world import COLLEAGUE, EMPLOYEE, UIS_COLLEAGUE, UIS_EMPLOYEE, PushWorld


@pytest.fixture
def world(
    database: Connection[Any], database_uri: str, megaplan: EmulatedMegaplan, connect: Callable[..., str]
) -> Iterator[PushWorld]:
    """Two mapped employees, and no calls yet."""
    first_knobs = megaplan.control("knobs")
    world = PushWorld(database, database_uri, megaplan, connect)
    for employee, uis_employee, number in (
        (EMPLOYEE, UIS_EMPLOYEE, "101"),
        (COLLEAGUE, UIS_COLLEAGUE, "102"),
    ):
        database.execute(
            """INSERT INTO telephony.users (account, employee_id, uis_employee_id, internal_number)
            VALUES (%s, %s, %s, %s)""",
            (world.account, employee, uis_employee, number),
        )
    world.forget_requests()
    yield world
    megaplan.control("faults", method="DELETE")
    megaplan.control("knobs", first_knobs)
