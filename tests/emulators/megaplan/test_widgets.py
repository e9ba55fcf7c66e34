"""Widgets of an application, and the web page that runs them for a signed-in employee."""

import json
import re
from typing import Any

import pytest
import requests

from tests.emulators.megaplan_client import Client, message

WIDGETS = "/integration/demo-application/widgets"
EMPLOYEE = {"contentType": "Employee", "id": "1000004"}
COLLEAGUE = {"contentType": "Employee", "id": "1000006"}


def place(megaplan: Client, **fields: Any) -> requests.Response:
    body = {"contentType": "IntegrationWidget", "placeholder": "common_phone_number", "content": "alert(1)"}
    return megaplan.post(WIDGETS, body | fields)


def browser(megaplan: Client, employee: dict[str, Any], to: str = "/") -> tuple[requests.Session, str]:
    """Return somebody's session and the page it shows after signing in."""
    session = requests.Session()
    page = session.get(f"{megaplan.url}/signIn/{employee['id']}", params={"to": to}, timeout=10)
    return session, page.text


def settings_of(page: str) -> dict[str, Any]:
    found = re.search(r'id="telephony-settings">(.*?)</script>', page)
    settings: dict[str, Any] = json.loads(found.group(1)) if found else {}
    return settings


def test_a_widget_is_placed_listed_and_changed_under_its_uuid(megaplan: Client) -> None:
    made = place(megaplan, name="Звонок").json()["data"]
    changed = megaplan.post(WIDGETS, {"uuid": made["uuid"], "content": "alert(2)"}).json()["data"]
    assert (changed["uuid"], changed["content"], changed["name"]) == (made["uuid"], "alert(2)", "Звонок")
    assert [row["content"] for row in megaplan.rows(WIDGETS)] == ["alert(2)"]
    application = megaplan.card("/integration/demo-application")
    assert [row["uuid"] for row in application["widgets"]] == [made["uuid"]]


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"placeholder": "common_everywhere"}, "Value is not allowed for 'IntegrationWidget.placeholder'"),
        ({"content": ""}, "Поле обязательно"),
        ({"content": 5}, "'integer' is not assignable to 'string'"),
        ({"uuid": "unknown"}, "Entity IntegrationWidget with uuid unknown is not found"),
        ({"colour": "red"}, 'There is extra field "colour"'),
    ],
)
def test_a_wrong_widget_is_refused(megaplan: Client, fields: dict[str, Any], told: str) -> None:
    answer = place(megaplan, **fields)
    assert (answer.status_code, message(answer).startswith(told)) == (422, True)
    assert megaplan.rows(WIDGETS) == []


def test_widgets_of_an_unknown_application_are_not_found(megaplan: Client) -> None:
    assert megaplan.get("/integration/somebody-elses/widgets").status_code == 404


def test_only_a_signed_in_employee_gets_widgets_with_a_sign_that_can_be_checked(megaplan: Client) -> None:
    place(megaplan)
    nobody = requests.get(f"{megaplan.url}/contacts", timeout=10).text
    assert "telephony-settings" not in nobody
    _, page = browser(megaplan, EMPLOYEE, "/contacts")
    (widget,) = settings_of(page)["widgets"]
    sign = widget["given"]["userSign"]
    checked = megaplan.card(f"/integration/demo-application/checkUserSign/{sign}")
    assert (checked["id"], widget["given"]["applicationUuid"]) == (EMPLOYEE["id"], "demo-application")
    assert 'data-placeholder="common_phone_number" data-phone="' in page


def test_a_switched_off_widget_or_application_is_not_run(megaplan: Client) -> None:
    place(megaplan, isEnabled=False)
    assert settings_of(browser(megaplan, EMPLOYEE)[1])["widgets"] == []
    place(megaplan)
    assert len(settings_of(browser(megaplan, EMPLOYEE)[1])["widgets"]) == 1
    megaplan.post("/integration/demo-application/disable", {})
    assert settings_of(browser(megaplan, EMPLOYEE)[1])["widgets"] == []


def test_the_content_runs_in_a_frame_as_html_or_as_a_script(megaplan: Client) -> None:
    uuid = place(megaplan, content="let a = 1;").json()["data"]["uuid"]
    address = f"{megaplan.url}/telephony/frame/{uuid}"
    assert '<body style="margin:0">let a = 1;</body>' in requests.get(address, timeout=10).text
    megaplan.control("knobs", {"widget_content": "script"})
    assert "<script>let a = 1;</script>" in requests.get(address, timeout=10).text


def test_a_call_is_on_the_screen_of_whom_it_concerns_until_it_ends(megaplan: Client) -> None:
    def cards(session: requests.Session) -> list[dict[str, Any]]:
        shown: list[dict[str, Any]] = session.get(f"{megaplan.url}/telephony/cards", timeout=10).json()
        return shown

    one, other = browser(megaplan, EMPLOYEE)[0], browser(megaplan, COLLEAGUE)[0]
    body = {"contentType": "CallInfo", "type": "in", "state": "calling", "fromPhone": "79001234567"}
    call = megaplan.post("/callInfo", {**body, "toUser": EMPLOYEE}).json()["data"]
    assert [(card["id"], card["state"], card["phone"]) for card in cards(one)] == [
        (call["id"], "calling", "79001234567")
    ]
    assert cards(other) == []
    megaplan.post(f"/callInfo/{call['id']}", {"id": call["id"], "toUser": COLLEAGUE, "state": "talking"})
    assert (cards(one), [card["state"] for card in cards(other)]) == ([], ["talking"])
    megaplan.post(f"/callInfo/{call['id']}", {"id": call["id"], "state": "finished"})
    assert (cards(one), cards(other)) == ([], [])
    assert requests.get(f"{megaplan.url}/telephony/cards", timeout=10).json() == []


def test_signing_in_leads_to_pages_of_the_account_only(megaplan: Client) -> None:
    def goes_to(to: str) -> str:
        address = f"{megaplan.url}/signIn/{EMPLOYEE['id']}"
        return requests.get(address, params={"to": to}, timeout=10, allow_redirects=False).headers["location"]

    assert [goes_to(to) for to in ("/contacts", "https://example.org", "//example.org")] == [
        "/contacts",
        "/",
        "/",
    ]
    assert requests.get(f"{megaplan.url}/signIn/5", timeout=10).status_code == 404


def test_a_description_runs_no_script_on_the_deals_page(megaplan: Client) -> None:
    deal = megaplan.rows("/deal")[0]["id"]
    megaplan.mutate(op="update_deal", id=int(deal), fields={"description": "<script>alert(1)</script>"})
    page = requests.get(f"{megaplan.url}/deals/{deal}", timeout=10).text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "<script>alert(1)" not in page
