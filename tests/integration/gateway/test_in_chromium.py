"""The whole way in a real browser: emulated UIS → gateway → emulated Megaplan's page, and back by the widget.

Run with ``SCREENSHOTS=docs/images`` to take the pictures of the documentation anew.
"""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Request, expect
from psycopg import Connection

from demo.emulated_megaplan import EmulatedMegaplan
from demo.processes import free_port
from megaplan_gateway.options import Options
from tests.emulators.uis_client import Client as Uis

from .served import UIS_SECRET
from .waiting import until
from .widget_world import CLIENT, COLLEAGUE, SELLER, UIS_IDS, WidgetWorld

pytest_plugins = [
    "tests.emulators.uis_fixtures",
    "tests.integration.gateway.widget_fixtures",
    "tests.integration.gateway.chromium",
]

PATIENCE_MS = 15_000
expect.set_options(timeout=PATIENCE_MS)
NAME = "Снегирёва"
FIELDS = {
    "lastName": NAME,
    "firstName": "Анна",
    "contactInfo": [{"type": "phone", "value": "+7 916 123-45-67"}],
}
WAYS = (
    {"widget_runs": "frame", "widget_content": "html"},
    {"widget_runs": "frame", "widget_content": "script", "widget_phone_key": "phoneNumber"},
    {"widget_runs": "page", "widget_content": "html"},
    {"widget_runs": "page", "widget_content": "script"},
)


class Desk:
    """An employee before Megaplan's page of one client."""

    def __init__(self, browser: Browser, world: WidgetWorld, employee: int) -> None:
        self._context = browser.new_context(viewport={"width": 1160, "height": 500}, locale="ru-RU")
        self._context.set_default_timeout(PATIENCE_MS)
        self.page: Page = self._context.new_page()
        self.told_to_gateway: list[str] = []
        self._faults: list[str] = []
        self.page.on("pageerror", lambda error: self._faults.append(str(error)))
        self.page.on("console", lambda line: self._faults.append(line.text) if line.type == "error" else None)
        self.page.on("request", lambda asked: self._note(asked, world.gateway.url))
        self.page.goto(f"{world.megaplan.url}/signIn/{employee}?to=/contacts%3Fq%3D{NAME}")
        self.cards = self.page.locator(".call-card")
        in_frames = world.megaplan.control("knobs")["widget_runs"] == "frame"
        find = self.page.frame_locator if in_frames else self.page.locator
        panel = find(f"{'iframe' if in_frames else 'span'}.common_telephony_widget")
        beside_number = find(f"{'iframe' if in_frames else 'span'}.common_phone_number")
        self.status = panel.locator(".status")
        self.calls = panel.locator(".calls")
        self.hang_up = panel.get_by_role("button", name="Завершить звонок")
        self.quiet = panel.get_by_role("button", name="Не беспокоить")
        self.call = beside_number.get_by_role("button", name="Позвонить по номеру +7 916 123-45-67")
        self.answer = beside_number.get_by_role("status")

    def _note(self, asked: Request, gateway: str) -> None:
        if asked.url.startswith(gateway):
            self.told_to_gateway.append(f"{asked.url} {asked.headers} {asked.post_data}")

    def picture(self, name: str) -> None:
        """Take a picture for the documentation, if asked for."""
        if folder := os.environ.get("SCREENSHOTS"):
            self.page.screenshot(path=Path(folder) / f"{name}.png")

    def leave(self) -> None:
        """Close the page; nothing may have gone wrong in it."""
        self._context.close()
        assert self._faults == []


@pytest.fixture
def world(
    serve: Callable[..., Any], megaplan: EmulatedMegaplan, uis: Uis, tables: Connection[Any]
) -> Iterator[WidgetWorld]:
    """Both sides joined as in life: UIS notifies the gateway, which has put its widget into Megaplan."""
    megaplan.control("mutate", {"op": "create_contractor", "kind": "human", "fields": FIELDS})
    port = free_port(0)
    with serve(
        Options(status_poll_seconds=0.5), gateway_url=f"http://127.0.0.1:{port}", port=port
    ) as gateway:
        address = gateway.url + gateway.path("/uis", UIS_SECRET)
        uis.control("notifications", {"url": address, "event": "all", "template": "flat", "name": "t"})
        until(lambda: len(megaplan.control("state?entity=widgets")) == 2)
        yield WidgetWorld(gateway, megaplan, uis, tables)


@pytest.fixture
def sit_down(world: WidgetWorld, chromium: Browser) -> Iterator[Callable[[int], Desk]]:
    """Return what lets an employee open Megaplan's page."""
    desks: list[Desk] = []

    def open_page(employee: int) -> Desk:
        desks.append(Desk(chromium, world, employee))
        return desks[-1]

    yield open_page
    for desk in desks:
        desk.leave()


def test_an_incoming_call_pops_up_where_it_rings_and_goes_where_somebody_else_answers(
    world: WidgetWorld, sit_down: Callable[[int], Desk]
) -> None:
    seller, colleague = sit_down(SELLER), sit_down(COLLEAGUE)
    dialing = {"mnemonic": "dialing", "employees": list(UIS_IDS.values()), "mode": "simultaneous"}
    world.uis.control("mutate", {"op": "set_operations", "scenario_id": 1, "operations": [dialing]})
    session = world.uis.mutate(
        "play_call", kind="incoming", contact=CLIENT.removeprefix("+"), employee_answers=None, talk=None
    )["id"]
    for desk in (seller, colleague):
        expect(desk.cards).to_have_count(1)
        expect(desk.cards).to_contain_text(NAME)
        expect(desk.cards).to_contain_text("Звонит")
        expect(desk.calls).to_contain_text("Входящий звонок: +79161234567")
    seller.picture("popup-ringing")
    world.uis.mutate("answer_call", id=session, employee=UIS_IDS[COLLEAGUE])
    expect(seller.cards).to_have_count(0)
    expect(colleague.cards).to_contain_text("Разговор")
    expect(colleague.calls).to_contain_text("Разговор: +79161234567")
    expect(seller.calls).to_have_text("Звонков нет")
    colleague.picture("popup-talking")
    world.uis.mutate("hang_up_call", id=session, by="contact")
    expect(colleague.cards).to_have_count(0)
    expect(colleague.calls).to_have_text("Звонков нет")


def test_a_click_on_a_number_rings_and_hanging_up_ends(
    world: WidgetWorld, sit_down: Callable[[int], Desk]
) -> None:
    seller = sit_down(SELLER)
    world.uis.mutate("next_api_call", employee_answers=None, contact_answers=None, talk=None)
    expect(seller.hang_up).to_be_disabled()
    seller.call.dblclick()
    expect(seller.answer).to_have_text("Звоним: снимите свою трубку.")
    (started,) = world.started()
    session = int(started["call_session_id"])
    (leg,) = world.uis.truth(session)["legs"]
    assert (leg["employee_id"], leg["connected"]) == (UIS_IDS[SELLER], None)
    expect(seller.calls).to_contain_text("Набираем: +79161234567")
    expect(seller.cards).to_contain_text("Исходящий звонок")
    seller.picture("click-to-call")
    world.uis.mutate("answer_call", id=session, employee=UIS_IDS[SELLER])
    world.uis.mutate("answer_call", id=session, contact=True)
    expect(seller.calls).to_contain_text("Разговор: +79161234567")
    seller.hang_up.click()
    until(lambda: world.uis.truth(session)["finished"])
    expect(seller.calls).to_have_text("Звонков нет")
    expect(seller.hang_up).to_be_disabled()


def test_do_not_disturb_goes_both_ways(world: WidgetWorld, sit_down: Callable[[int], Desk]) -> None:
    def status() -> str:
        rows = world.uis.data("get.employees", fields=["id", "status"])
        return str(next(row["status"] for row in rows if row["id"] == UIS_IDS[SELLER]))

    seller = sit_down(SELLER)
    expect(seller.quiet).to_have_attribute("aria-pressed", "false")
    seller.quiet.click()
    expect(seller.quiet).to_have_attribute("aria-pressed", "true")
    expect(seller.status).to_have_text("Статус: Не беспокоить")
    assert status() == "do_not_disturb"
    seller.picture("do-not-disturb")
    world.uis.mutate("set_status", employee=UIS_IDS[SELLER], status="available")
    expect(seller.quiet).to_have_attribute("aria-pressed", "false")
    world.uis.mutate("set_status", employee=UIS_IDS[SELLER], status="do_not_disturb")
    expect(seller.quiet).to_have_attribute("aria-pressed", "true")
    seller.quiet.click()
    expect(seller.quiet).to_have_attribute("aria-pressed", "false")
    assert status() == "available"


def test_however_megaplan_runs_widgets_they_work_tell_refusals_and_keep_its_token(
    world: WidgetWorld, sit_down: Callable[[int], Desk]
) -> None:
    world.uis.mutate("block_number", phone=CLIENT.removeprefix("+"))
    for way in WAYS:
        world.megaplan.control("knobs", way)
        seller = sit_down(SELLER)
        expect(seller.status).to_contain_text("Статус:")
        seller.call.click()
        expect(seller.answer).to_have_text("UIS не звонит на этот номер: он в чёрном списке.")
        assert seller.told_to_gateway
        everything = "".join(seller.told_to_gateway)  # its referer would hold the frame's address
        assert "demo-app-token" not in everything
