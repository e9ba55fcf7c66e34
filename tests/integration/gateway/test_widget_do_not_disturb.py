"""Do not disturb: a status that the widget and UIS both set, and both show."""

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from psycopg import Connection

from demo.emulated_megaplan import EmulatedMegaplan
from megaplan_gateway.options import Options
from tests.emulators.uis_client import Client as Uis

from .waiting import until
from .widget_world import SELLER, UIS_IDS, WidgetWorld

pytest_plugins = ["tests.emulators.uis_fixtures", "tests.integration.gateway.widget_fixtures"]


def status(world: WidgetWorld, employee: int = SELLER) -> str:
    rows = world.uis.data("get.employees", fields=["id", "status_id"])
    names = {row["id"]: row["mnemonic"] for row in world.uis.data("get.statuses")}
    return str(next(names[row["status_id"]] for row in rows if row["id"] == UIS_IDS[employee]))


@pytest.mark.parametrize("requires_full", [True, False])
def test_do_not_disturb_is_set_in_uis_and_later_restores_the_previous_status(
    world: WidgetWorld, requires_full: bool
) -> None:
    world.uis.control("knobs", {"update_employees_requires_full": requires_full})
    world.uis.control("mutate", {"op": "set_status", "employee": 504, "status": "not_at_workplace"})
    before = world.uis.data("get.employees", fields=["id", "last_name", "phone_numbers"])
    assert world.send("do-not-disturb", SELLER, value=True).json()["state"] == "done"
    assert (status(world), world.state(SELLER)["do_not_disturb"]) == ("do_not_disturb", True)
    assert world.send("do-not-disturb", SELLER, value=False).json()["state"] == "done"
    assert (status(world), world.state(SELLER)["do_not_disturb"]) == ("not_at_workplace", False)
    assert world.uis.data("get.employees", fields=["id", "last_name", "phone_numbers"]) == before


@pytest.mark.parametrize(
    ("mode", "state", "updates"),
    [("given_then_full", "done", 2), ("full", "done", 1), ("given", "failed", 1)],
)
def test_what_an_update_brings_is_what_the_connection_says(
    serve: Callable[..., Any],
    megaplan: EmulatedMegaplan,
    uis: Uis,
    tables: Connection[Any],
    mode: str,
    state: str,
    updates: int,
) -> None:
    uis.control("knobs", {"update_employees_requires_full": True})
    with serve(uis_settings={"vendor_quirks": {"employee_update": mode}}) as gateway:
        world = WidgetWorld(gateway, megaplan, uis, tables)
        assert world.send("do-not-disturb", SELLER, value=True).json()["state"] == state
        assert world.request_count("update.employees") == updates


def test_a_cabinet_that_does_not_sort_its_lists_is_read_nevertheless(world: WidgetWorld) -> None:
    for method in ("get.employees", "get.statuses"):
        fault = {"kind": "rpc", "method": method, "mnemonic": "sort_prohibited", "count": 1}
        world.uis.control("faults", fault)
    assert world.send("do-not-disturb", SELLER, value=True).json()["state"] == "done"
    assert status(world) == "do_not_disturb"


def test_switching_off_a_status_set_in_uis_makes_the_employee_available(world: WidgetWorld) -> None:
    world.uis.control("mutate", {"op": "set_status", "employee": 504, "status": "break"})
    assert world.send("do-not-disturb", SELLER, value=False).json()["state"] == "done"
    assert status(world) == "available"


def test_a_status_set_in_uis_reaches_the_widget_and_nothing_is_sent_back(world: WidgetWorld) -> None:
    assert world.state(SELLER)["do_not_disturb"] is False
    world.uis.control("mutate", {"op": "set_status", "employee": 504, "status": "do_not_disturb"})
    until(lambda: world.state(SELLER)["do_not_disturb"])
    world.uis.control("mutate", {"op": "set_status", "employee": 504, "status": "available"})
    until(lambda: world.state(SELLER)["do_not_disturb"] is False)
    assert (world.request_count("update.employees"), world.commands()) == (0, [])


def test_an_answer_to_an_older_poll_does_not_undo_a_command(world: WidgetWorld) -> None:
    world.state(SELLER)
    until(lambda: world.request_count("get.employees"))
    # UIS returns the status from before the command after the command is done
    world.uis.control("faults", {"kind": "slow", "method": "get.employees", "count": 1, "seconds": 1.0})
    until(lambda: world.uis.control("faults", method="GET") == [] or world.request_count("get.employees") > 1)
    assert world.send("do-not-disturb", SELLER, value=True).json()["state"] == "done"
    states = [world.state(SELLER)["do_not_disturb"] for _ in range(20) if not time.sleep(0.1)]
    assert set(states) == {True}


def test_the_last_of_two_concurrent_commands_determines_the_status(world: WidgetWorld) -> None:
    world.uis.control("faults", {"kind": "slow", "method": "update.employees", "count": 2, "seconds": 0.7})
    on = threading.Thread(target=lambda: world.send("do-not-disturb", SELLER, value=True))
    on.start()
    until(lambda: world.request_count("update.employees") >= 2)  # the second has all required fields
    assert world.send("do-not-disturb", SELLER, value=False).json()["state"] == "done"
    on.join()
    assert (status(world), world.state(SELLER)["do_not_disturb"]) == ("available", False)


def test_uis_is_not_polled_while_no_widget_is_open(world: WidgetWorld) -> None:
    time.sleep(1.5)
    assert world.request_count("get.employees") == 0


def test_the_default_poll_interval() -> None:
    assert Options().status_poll_seconds == 30
