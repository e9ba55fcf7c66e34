"""End to end in a real browser: emulated UIS → gateway → emulated Megaplan's page, and back through the widget.

Run with ``SCREENSHOTS=docs/images`` to update the documentation's screenshots.
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

TIMEOUT_MS = 15_000
expect.set_options(timeout=TIMEOUT_MS)
NAME = "Снегирёва"
FIELDS = {
    "lastName": NAME,
    "firstName": "Анна",
    "contactInfo": [{"type": "phone", "value": "+7 916 123-45-67"}],
}
EMBEDDINGS = (
    {"widget_runs": "frame", "widget_content": "html"},
    {"widget_runs": "frame", "widget_content": "script", "widget_phone_key": "phoneNumber"},
    {"widget_runs": "page", "widget_content": "html"},
    {"widget_runs": "page", "widget_content": "script"},
)


class EmployeePage:
    """Megaplan's page of a client, opened by an employee."""

    def __init__(self, browser: Browser, world: WidgetWorld, employee: int) -> None:
        self._context = browser.new_context(viewport={"width": 1160, "height": 500}, locale="ru-RU")
        self._context.set_default_timeout(TIMEOUT_MS)
        self.page: Page = self._context.new_page()
        self.sent_to_gateway: list[str] = []
        self._errors: list[str] = []
        self.page.on("pageerror", lambda error: self._errors.append(str(error)))
        self.page.on("console", lambda line: self._errors.append(line.text) if line.type == "error" else None)
        self.page.on("request", lambda request: self._record(request, world.gateway.url))
        self.page.goto(f"{world.megaplan.url}/signIn/{employee}?to=/contacts%3Fq%3D{NAME}")
        self.cards = self.page.locator(".call-card")
        in_frames = world.megaplan.control("knobs")["widget_runs"] == "frame"
        find = self.page.frame_locator if in_frames else self.page.locator
        panel = find(f"{'iframe' if in_frames else 'span'}.common_telephony_widget")
        beside_number = find(f"{'iframe' if in_frames else 'span'}.common_phone_number")
        self.status = panel.locator(".status")
        self.calls = panel.locator(".calls")
        self.hang_up = panel.get_by_role("button", name="Завершить звонок")
        self.do_not_disturb = panel.get_by_role("button", name="Не беспокоить")
        self.call = beside_number.get_by_role("button", name="Позвонить по номеру +7 916 123-45-67")
        self.note = beside_number.get_by_role("status")

    def _record(self, request: Request, gateway: str) -> None:
        if request.url.startswith(gateway):
            self.sent_to_gateway.append(f"{request.url} {request.headers} {request.post_data}")

    def screenshot(self, name: str) -> None:
        """Take a screenshot for the documentation if requested."""
        if folder := os.environ.get("SCREENSHOTS"):
            self.page.screenshot(path=Path(folder) / f"{name}.png")

    def close(self) -> None:
        """Close the page, which must have had no errors."""
        self._context.close()
        assert self._errors == []


@pytest.fixture
def world(
    serve: Callable[..., Any], megaplan: EmulatedMegaplan, uis: Uis, tables: Connection[Any]
) -> Iterator[WidgetWorld]:
    """The complete setup: UIS notifies the gateway, which has installed its widget in Megaplan."""
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
def open_page(world: WidgetWorld, chromium: Browser) -> Iterator[Callable[[int], EmployeePage]]:
    """Return a function that opens Megaplan's page as an employee."""
    pages: list[EmployeePage] = []

    def open_as(employee: int) -> EmployeePage:
        pages.append(EmployeePage(chromium, world, employee))
        return pages[-1]

    yield open_as
    for page in pages:
        page.close()


def test_an_incoming_call_pops_up_where_it_rings_and_moves_to_whoever_answers(
    world: WidgetWorld, open_page: Callable[[int], EmployeePage]
) -> None:
    seller, colleague = open_page(SELLER), open_page(COLLEAGUE)
    dialing = {"mnemonic": "dialing", "employees": list(UIS_IDS.values()), "mode": "simultaneous"}
    world.uis.control("mutate", {"op": "set_operations", "scenario_id": 1, "operations": [dialing]})
    session = world.uis.mutate(
        "play_call", kind="incoming", contact=CLIENT.removeprefix("+"), employee_answers=None, talk=None
    )["id"]
    expect(seller.cards).to_have_count(1)
    expect(seller.cards).to_contain_text(NAME)
    expect(seller.cards).to_contain_text("Звонит")
    for page in (seller, colleague):
        expect(page.calls).to_contain_text("Входящий звонок: +79161234567")
    seller.screenshot("popup-ringing")
    world.uis.mutate("answer_call", id=session, employee=UIS_IDS[COLLEAGUE])
    expect(colleague.cards).to_contain_text("Разговор")
    expect(seller.cards).to_have_count(0)
    expect(colleague.calls).to_contain_text("Разговор: +79161234567")
    expect(seller.calls).to_have_text("Звонков нет")
    colleague.screenshot("popup-talking")
    world.uis.mutate("hang_up_call", id=session, by="contact")
    expect(colleague.cards).to_have_count(0)
    expect(colleague.calls).to_have_text("Звонков нет")


def test_a_click_on_a_number_starts_a_call_and_hanging_up_ends_it(
    world: WidgetWorld, open_page: Callable[[int], EmployeePage]
) -> None:
    seller = open_page(SELLER)
    world.uis.mutate("next_api_call", employee_answers=None, contact_answers=None, talk=None)
    expect(seller.hang_up).to_be_disabled()
    seller.call.dblclick()
    expect(seller.note).to_have_text("Звоним вам. Снимите трубку.")
    (started,) = world.started_calls()
    session = int(started["call_session_id"])
    (leg,) = world.uis.truth(session)["legs"]
    assert (leg["employee_id"], leg["connected"]) == (UIS_IDS[SELLER], None)
    expect(seller.calls).to_contain_text("Исходящий звонок: +79161234567")
    expect(seller.cards).to_contain_text("Исходящий звонок")
    seller.screenshot("click-to-call")
    world.uis.mutate("answer_call", id=session, employee=UIS_IDS[SELLER])
    world.uis.mutate("answer_call", id=session, contact=True)
    expect(seller.calls).to_contain_text("Разговор: +79161234567")
    seller.hang_up.click()
    until(lambda: world.uis.truth(session)["finished"])
    expect(seller.calls).to_have_text("Звонков нет")
    expect(seller.hang_up).to_be_disabled()


def test_do_not_disturb_works_in_both_directions(
    world: WidgetWorld, open_page: Callable[[int], EmployeePage]
) -> None:
    def status() -> str:
        rows = world.uis.data("get.employees", fields=["id", "status"])
        return str(next(row["status"] for row in rows if row["id"] == UIS_IDS[SELLER]))

    seller = open_page(SELLER)
    expect(seller.do_not_disturb).to_have_attribute("aria-pressed", "false")
    seller.do_not_disturb.click()
    expect(seller.do_not_disturb).to_have_attribute("aria-pressed", "true")
    expect(seller.status).to_have_text("Статус: Не беспокоить")
    assert status() == "do_not_disturb"
    seller.screenshot("do-not-disturb")
    world.uis.mutate("set_status", employee=UIS_IDS[SELLER], status="available")
    expect(seller.do_not_disturb).to_have_attribute("aria-pressed", "false")
    world.uis.mutate("set_status", employee=UIS_IDS[SELLER], status="do_not_disturb")
    expect(seller.do_not_disturb).to_have_attribute("aria-pressed", "true")
    seller.do_not_disturb.click()
    expect(seller.do_not_disturb).to_have_attribute("aria-pressed", "false")
    assert status() == "available"


def test_the_widget_works_however_megaplan_embeds_it_and_never_sends_its_token(
    world: WidgetWorld, open_page: Callable[[int], EmployeePage]
) -> None:
    world.uis.mutate("block_number", phone=CLIENT.removeprefix("+"))
    for embedding in EMBEDDINGS:
        world.megaplan.control("knobs", embedding)
        seller = open_page(SELLER)
        expect(seller.status).to_contain_text("Статус:")
        seller.call.click()
        expect(seller.note).to_have_text("На этот номер позвонить нельзя: он в чёрном списке UIS.")
        assert seller.sent_to_gateway
        everything = "".join(seller.sent_to_gateway)  # a referer would contain the frame's address
        assert "demo-app-token" not in everything
