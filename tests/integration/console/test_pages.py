"""The console in a real Airflow and a real Chromium.

Run with ``SCREENSHOTS=docs/images`` to update the documentation's screenshots.
"""

import re
from collections.abc import Callable

import pytest
import requests
from playwright.sync_api import FrameLocator, Page, expect

from demo.airflow_home import USER
from demo.emulated_megaplan import PASSWORD
from megaplan_sync.provider_info import get_provider_info
from tests.emulators.uis_client import TOKEN, Client

from ..gateway.served import MEGAPLAN_SECRET, UIS_SECRET
from ..gateway.waiting import until
from .conftest import DAG_ID, NEW_ACCOUNT, NOBODY, TIMEOUT_MS, VIEWER, ConsoleWorld, screenshot
from .console_world import (
    ACCOUNT,
    DELIVERED,
    EMPLOYEE,
    FAILED,
    FAILED_CALLS,
    FORMULA,
    OTHER,
    SCRIPT,
    UIS_EMPLOYEE,
    add_account,
    add_call,
    add_stage,
    fill_failures,
    fill_overview,
    fill_telephony,
    insert,
)
from .setting_up import receiving, set_up, try_address

pytest_plugins = ["tests.emulators.uis_fixtures", "tests.integration.gateway.chromium"]
expect.set_options(timeout=TIMEOUT_MS)
PATIENCE_SECONDS = 600
RESENT = 700300400
ADDRESSES = (
    "",
    "failures",
    "failures?kind=deals",
    "failures?kind=rows",
    "setup",
    "setup?conn_id=megaplan_default",
    "telephony",
    f"telephony/call?account={ACCOUNT}&number={DELIVERED}",
    "certificates",
    "certificates/2026-01-01.csv",
    "certificates/2026-01-01.xlsx",
    "static/console.js",
)


@pytest.fixture(scope="module")
def world(console: ConsoleWorld) -> ConsoleWorld:
    """The console's database with a bit of everything."""
    fill_overview(console.database)
    fill_telephony(console.database)
    fill_failures(console.database)
    return console


@pytest.fixture
def frame(world: ConsoleWorld, open_page: Callable[..., Page]) -> FrameLocator:
    """The console as a user of Airflow opens it: signed in, through the navigation."""
    page = open_page(USER, "/", by_form=True)
    page.get_by_role("link", name="Megaplan").click()
    return page.frame_locator("iframe")


def test_freshness_certificates_and_what_waits_are_read_in_airflows_own_page(frame: FrameLocator) -> None:
    expect(frame.get_by_role("heading", name="Overview")).to_be_visible()
    late = frame.locator("main tbody > tr").filter(has_text="megaplan_default")
    for text in (
        "1 of 2 tables late",
        "promised 30 min",
        "promised 90 min",
        "1 of 3 not proven",
        "321 of 1000",
        "100 of them reserved for calls",
        "deletion proposals: 1",
    ):
        expect(late).to_contain_text(text)
    fresh = frame.locator("main tbody > tr").filter(has_text="megaplan_second")
    expect(fresh).to_contain_text("all 2 tables fresh")
    expect(fresh).to_contain_text("1 loading")
    expect(fresh).to_contain_text("3 tables proven")
    expect(frame.locator(".chart canvas")).to_have_count(1)
    screenshot(frame.owner.page, "console-overview")
    frame.get_by_text("Numbers").click()
    expect(frame.locator("figure details tbody")).to_contain_text("654")
    expect(frame.locator("figure details tbody")).to_contain_text("987")
    frame.get_by_role("link", name="deletion proposals").click()
    page = frame.owner.page
    page.wait_for_url("**/required_actions")
    expect(page.locator("iframe")).to_have_count(0)


def test_a_call_is_followed_from_its_ring_to_megaplan(frame: FrameLocator) -> None:
    frame.get_by_role("link", name="Telephony").click()
    mismatch = frame.locator("main tbody > tr").filter(has_text="Пётр Чижов")
    expect(mismatch).to_contain_text("UIS has no such extension")
    expect(mismatch).to_contain_text("Megaplan: Settings → Integration → Telephony")
    frame.get_by_label("Call number or phone").fill("8 (916) 123-45-67")
    frame.get_by_label("Call number or phone").press("Enter")
    frame.get_by_role("link", name=str(DELIVERED)).click()
    expect(frame.get_by_role("heading", name=f"Call {DELIVERED}")).to_be_visible()
    steps = frame.locator("main tbody > tr")
    expect(steps).to_have_text(
        [
            re.compile(text)
            for text in (
                "incoming call begins.*after 0.3 s",
                "an employee's phone rings",
                "card requested.*Анна Снегирёва",
                "talk begins",
                "call ended",
                "card closed",
                "call history: delivered.*71",
                "recording: delivered",
                "communication: delivered",
            )
        ]
    )
    screenshot(frame.owner.page, "console-call")
    assert "45-67" not in frame.owner.page.url, "phones would get into Airflow's access log"


def test_theme_and_language_follow_airflow(open_page: Callable[..., Page]) -> None:
    page = open_page(USER, "/megaplan/certificates")
    root = page.locator("html")
    expect(root).to_have_attribute("data-theme", "light")
    expect(page.get_by_role("heading", name="Certificates")).to_be_visible()
    page.evaluate("localStorage.setItem('theme', 'dark'); localStorage.setItem('i18nextLng', 'ru')")
    page.goto(page.url)
    expect(page.get_by_role("heading", name="Сертификаты")).to_be_visible()
    expect(root).to_have_attribute("data-theme", "dark")
    expect(page.locator(".chart canvas")).to_have_count(1)
    screenshot(page, "console-certificates")


def test_text_from_outside_stays_text(world: ConsoleWorld, open_page: Callable[..., Page]) -> None:
    page = open_page(USER, "/megaplan/certificates")
    expect(page.locator("main")).to_contain_text(SCRIPT)
    page.goto(f"{world.url}/failures?text=422+employee")
    expect(page.locator("main tbody > tr")).to_have_count(1)
    expect(page.locator("main")).to_contain_text(SCRIPT)
    page.goto(f"{world.url}/failures?text=%22%3E{SCRIPT}")
    expect(page.get_by_label("Reason")).to_have_value(f'">{SCRIPT}')
    assert "broken in" not in page.title()


def test_a_night_is_exported_without_formulas(world: ConsoleWorld) -> None:
    ((day,),) = world.database.execute("SELECT current_date").fetchall()
    table = world.get(f"certificates/{day}.csv?unproven=true", **{"Accept-Language": "ru"})
    assert table.headers["Content-Disposition"] == f'attachment; filename="megaplan-certificates-{day}.csv"'
    heading, *rows = table.content.decode("utf-8-sig").splitlines()
    assert heading.startswith("Аккаунт,Таблица,Вывод")
    assert [row.split(",")[1] for row in rows] == ["contacts", "deals"]
    assert "'" + FORMULA.replace('"', '""') in rows[0]
    assert world.get(f"certificates/{day}.xlsx").content[:2] == b"PK"
    assert world.get(f"certificates/{day}.pdf").status_code == 422


def test_failures_are_filtered_and_paged_by_key(world: ConsoleWorld, open_page: Callable[..., Page]) -> None:
    page = open_page(USER, f"/megaplan/failures?account={OTHER}")
    rows = page.locator("main tbody > tr")
    expect(rows).to_have_count(50)
    shown = set(rows.locator("a").all_inner_texts())
    page.get_by_role("link", name="Next").click()
    expect(rows).to_have_count(FAILED_CALLS - 50)
    shown |= set(rows.locator("a").all_inner_texts())
    assert shown == {str(FAILED + place) for place in range(FAILED_CALLS)}
    page.get_by_role("link", name="Deals in UIS").click()
    page.get_by_label("Account").fill(ACCOUNT)
    page.get_by_role("button", name="Show").click()
    expect(rows).to_contain_text(
        [re.compile("no such stage.*waits, is tried again by itself.*next try: ", re.DOTALL)]
    )
    page.get_by_role("link", name="Unreadable rows").click()
    expect(rows).to_contain_text(["a NUL in name"])


def test_without_rights_every_endpoint_refuses(world: ConsoleWorld, open_page: Callable[..., Page]) -> None:
    token = world.token(NOBODY)
    for address in ADDRESSES:
        assert world.get(address, None).status_code in (303, 401), address
        refused = world.get(address, None, Authorization=f"Bearer {token}")
        assert refused.status_code == 403, address
        assert ACCOUNT not in refused.text
    assert (
        world.get("?account=x", None)
        .headers["Location"]
        .endswith("/auth/login?next=%2Fmegaplan%2F%3Faccount%3Dx")
    )
    search = requests.post(f"{world.url}/telephony", headers={"Authorization": f"Bearer {token}"}, timeout=60)
    assert search.status_code == 403
    page = open_page(NOBODY, "/megaplan/")
    expect(page.get_by_role("alert")).to_contain_text("You may not see this page")


def test_a_reader_sees_everything_and_sends_nothing(
    world: ConsoleWorld, open_page: Callable[..., Page]
) -> None:
    page = open_page(VIEWER, "/megaplan/failures")
    expect(page.locator("main")).to_contain_text(f"You may not trigger {DAG_ID}")
    expect(page.get_by_role("button", name="Send again").first).to_be_disabled()
    answer = page.evaluate(
        f"fetch('/api/v2/dags/{DAG_ID}/dagRuns', {{method: 'POST', headers: {{'Content-Type': 'application/json'}},"
        " body: JSON.stringify({logical_date: null})}).then((answer) => answer.status)"
    )
    assert answer == 403
    for integration in get_provider_info()["integrations"]:
        logo = world.get(integration["logo"].removeprefix("/megaplan/"), VIEWER)
        assert (logo.status_code, logo.headers["Content-Type"]) == (200, "image/svg+xml")
    for address, status in (
        ("nothing", 404),
        ("failures?after_at=x", 422),
        ("telephony/call?account=x&number=1", 404),
        ("setup?conn_id=megaplan_postgres", 404),  # only accounts: not what other connections there are
    ):
        assert world.get(address).status_code == status


def test_a_failed_call_is_sent_again_and_delivered(
    world: ConsoleWorld, open_page: Callable[..., Page]
) -> None:
    """With the run of a DAG that Airflow starts as the signed-in user."""
    account = world.account
    add_account(world.database, account, "megaplan_default")
    row = {
        "account": account,
        "employee_id": EMPLOYEE,
        "uis_employee_id": UIS_EMPLOYEE,
        "internal_number": "101",
    }
    insert(world.database, "telephony.users", row)
    add_call(world.database, account, RESENT)
    add_stage(world.database, account, RESENT, 1, "parked", error="Megaplan answered 500", tries=8)
    page = open_page(USER, f"/megaplan/failures?account={account}")
    expect(page.locator("main")).to_contain_text(f"{DAG_ID} is switched off in Airflow")
    expect(page.get_by_role("button", name="Send again")).to_be_disabled()
    world.airflow.api.wait_for_dag(DAG_ID)
    world.airflow.ask(f"UPDATE dag SET is_paused = false WHERE dag_id = '{DAG_ID}' RETURNING 1")
    page.reload()
    page.get_by_role("button", name="Send again").click()
    expect(page.get_by_role("link", name="started")).to_be_visible()
    screenshot(page, "console-failures")
    sent = "SELECT triggering_user_name, conf FROM dag_run WHERE run_type = 'manual'"
    assert world.airflow.ask(sent) == [(USER, {"accounts": ["megaplan_default"], "resend": [RESENT]})]
    world.airflow.start("scheduler", "--skip-serve-logs")

    def delivered() -> bool:
        calls = world.megaplan.control("state?entity=calls")
        return any(call.get("providerId") == str(RESENT) for call in calls)

    until(delivered, PATIENCE_SECONDS)
    state = "SELECT state FROM telephony.call_deliveries WHERE call_session_id = %s AND stage = 'history'"
    until(lambda: world.database.execute(state, (RESENT,)).fetchone() == ("done",), PATIENCE_SECONDS)
    page.reload()
    expect(page.locator("main tbody")).to_contain_text("Nothing has failed.")


def test_an_account_without_anything_shows_who_has_to_do_what(
    world: ConsoleWorld, open_page: Callable[..., Page]
) -> None:
    page = open_page(VIEWER, "/megaplan/setup")
    page.get_by_label("Connection contains").fill("new")
    page.get_by_role("button", name="Show").click()
    page.get_by_role("link", name=NEW_ACCOUNT).click()
    expect(page.locator("#steps")).to_contain_text("1 of 8 steps are done")
    assert states(page) == {
        "postgres": "done",
        "connection": "wrong",
        **dict.fromkeys(("login", "first_load", "first_night", "gateway", "application", "webhooks"), "open"),
    }
    for part in (
        f"create {NEW_ACCOUNT} of type Megaplan",
        "Administrator of the Megaplan account",
        "https://<gateway>/<account>/•••/megaplan",
        "Airflow does not have the DAG megaplan_deals_sync",
        f"switch on telephony_active in connection {NEW_ACCOUNT}",
    ):
        expect(page.locator("#steps")).to_contain_text(part)
    expect(page.locator("main")).to_contain_text("It has not examined this account yet")
    expect(page.locator("main")).to_contain_text("You may not trigger megaplan_doctor")


def test_steps_turn_green_by_themselves_as_the_account_is_set_up(
    world: ConsoleWorld,
    open_page: Callable[..., Page],
    uis: Client,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    page = open_page(USER, "/megaplan/setup?conn_id=megaplan_default")
    before = states(page)
    assert {
        before[step] for step in ("first_load", "first_night", "webhooks", "test_received", "first_upload")
    } == {"open"}
    expect(page.locator("#steps")).to_contain_text(f"https://calls.example.org/{world.account}/•••/uis")
    for row in page.locator("tr[data-state=open], tr[data-state=wrong]").all():
        expect(row).to_contain_text("Administrator of")
    screenshot(page, "console-setup")
    with receiving(world, uis, monkeypatch) as gateway:
        try_address(gateway)
        tried = page.locator("tr[data-step=test_received]")
        expect(tried).to_contain_text("Test received: 1, first on", timeout=PATIENCE_SECONDS * 1000)
        set_up(world, gateway, uis)
        done = page.locator("tr[data-state=done]")
        expect(done).to_have_count(len(before), timeout=PATIENCE_SECONDS * 1000)  # without a reload
        page.reload()
        fact = page.locator("#facts tbody > tr").filter(has_text="request_line")
        expect(fact).to_contain_text("less than 8 KB")
        expect(fact).to_contain_text("either works")
        finding = page.locator("main tbody > tr").filter(
            has_text="https://calls.example.org cannot be reached"
        )
        expect(finding).to_contain_text("the administrator of the servers: start the gateway")
        page.evaluate("localStorage.setItem('i18nextLng', 'ru')")
        page.goto(page.url)
        expect(page.get_by_role("heading", name="Настройка: megaplan_default")).to_be_visible()
        expect(page.locator("#steps")).to_contain_text(f"Готово шагов: {len(before)} из {len(before)}")
        text = page.content()
    for secret in (MEGAPLAN_SECRET, UIS_SECRET, TOKEN, PASSWORD):
        assert secret not in text


def states(page: Page) -> dict[str, str]:
    """Return the state of each step that is shown."""
    rows = page.locator("tr[data-step]").all()
    return {str(row.get_attribute("data-step")): str(row.get_attribute("data-state")) for row in rows}
