"""Calibration names what is different about an account, exactly; with that, every sync ends equal to the truth."""

import re
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
import pytest
from psycopg import Connection

from megaplan_gateway.accounts import airflow_connections
from megaplan_gateway.accounts.airflow_connections import read_accounts, read_postgres_address
from megaplan_gateway.accounts.seen_settings import SeenSettings
from megaplan_hook.vendor_quirks import VendorQuirks as MegaplanQuirks
from megaplan_sync.doctor.examination import examine
from megaplan_sync.doctor.finding import Finding
from megaplan_sync.kernel.account_session import account_session
from megaplan_sync.kernel.calibration import seen_settings
from megaplan_sync.kernel.schemas import prepare_upload_schema
from megaplan_sync.kernel.session import Session
from megaplan_sync.raw.account_sync import AccountSync
from megaplan_sync.uis_upload.account_upload import AccountUpload
from megaplan_sync.uis_upload.session import upload_session
from tests.emulators.uis_deals import STAGES
from tests.integration.conftest import list_requests
from tests.integration.doctor.conftest import DoctorWorld
from tests.integration.truth import assert_tables_are_megaplan
from uis_hook.vendor_quirks import VendorQuirks as UisQuirks

pytest_plugins = ["tests.emulators.uis_fixtures"]
MOST_REQUESTS = 30
"""Of one examination with calibration; the account's budget is 1000 an hour."""


@dataclass(frozen=True)
class Quirks:
    """A set of quirks of both sides, and what calibration has to say of it: ``{name: (seen, setting, value)}``."""

    name: str
    megaplan: dict[str, Any] = field(default_factory=dict)
    uis: dict[str, Any] = field(default_factory=dict)
    expected: dict[str, tuple[str, str | None, Any]] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.name


QUIRK = "vendor_quirks."
SETS = [
    Quirks("as documented"),
    Quirks(
        "token by multipart only",
        {"accept_form_token": False, "accept_json_token": False},
        expected={"token_body": ("multipart", f"{QUIRK}token_body", "multipart")},
    ),
    Quirks(
        "token by JSON only",
        {"accept_form_token": False, "accept_multipart_token": False},
        expected={"token_body": ("json", f"{QUIRK}token_body", "json")},
    ),
    Quirks(
        "the mixed list of contacts fails",
        {"contractor_list": "500"},
        expected={"contractor_list_route": ("by_kind", f"{QUIRK}contractor_list_route", "by_kind")},
    ),
    Quirks(
        "the mixed list of contacts ends after a page",
        {"contractor_list": "first_page"},
        expected={"contractor_list_route": ("by_kind", f"{QUIRK}contractor_list_route", "by_kind")},
    ),
    Quirks("pages of 30 rows", {"limit_cap": 30}, expected={"page_size": ("30", "page_size", 30)}),
    Quirks(
        "pages that count and begin otherwise",
        {"count_mode": "total", "emit_has_more": True, "page_after_inclusive": True},
        expected={
            "pagination_count": ("rows of the list", None, None),
            "has_more_next": ("present", None, None),
            "page_after": ("inclusive", None, None),
        },
    ),
    Quirks(
        "everything in full, and all definitions at once",
        {"dedupe": False, "extra_fields_pages": "off", "employees_listed": "working"},
        expected={
            "embedded_entities": ("in full each time", None, None),
            "extra_fields": ("all at once", None, None),
            "employees_who_left": ("left out", None, None),
        },
    ),
    Quirks(
        "a web server with short lines, and another name",
        {"request_line_bytes": 4096, "long_request_line": "431", "account_name": "Фирма"},
        expected={
            "request_line": ("less than 8 KB", None, None),
            "webhook_account_names": ("Фирма", f"{QUIRK}webhook_account_names", ["Фирма"]),
        },
    ),
    Quirks(
        "cards differ from lists, no history of stages, long lines",
        {"route_forms": "differ", "status_history": "404", "request_line_bytes": 0},
        expected={
            "card_and_list": ("", None, None),
            "status_history": ("refused", None, None),
            "request_line": ("more than 8 KB", None, None),
        },
    ),
    Quirks(
        "a cabinet in Omsk, limits per hour",
        uis={"timezone": "Asia/Omsk", "limits_schema": "hour"},
        expected={
            "account_timezone": ("Asia/Omsk", "account_timezone", "Asia/Omsk"),
            "limits": ("hour", None, None),
        },
    ),
    Quirks(
        "reports of a week, deals sorted by id only, no operator like",
        uis={"calls_report_days": 7, "refused_sort_fields": "deal_date_time", "deals_filters": False},
        expected={
            "report_window_days": ("7", f"{QUIRK}report_window_days", 7),
            "deals_sort_field": ("deal_ext_id", f"{QUIRK}deals_sort_field", "deal_ext_id"),
            "filter_like": ("refused", None, None),
        },
    ),
]


def apply(world: DoctorWorld, quirks: Quirks) -> None:
    name = f"127.0.0.1:{world.megaplan.port}"
    world.megaplan.control("knobs", {"account_name": name, **quirks.megaplan})
    unlimited = {"day_limit": 0, "minute_limit": 0, "hour_limit": 0}
    world.uis.control("reset", {"knobs": {**unlimited, **quirks.uis}})
    world.connections(deals_to_uis=True)


def deviations(database: Connection[Any], account: str) -> dict[str, tuple[str, str | None, Any]]:
    rows = database.execute(
        """SELECT name, seen, setting, value FROM megaplan_sync.calibrations
        WHERE account = %s AND seen IS DISTINCT FROM assumed AND seen IS NOT NULL""",
        (account,),
    ).fetchall()
    return {name: (seen, setting, value) for name, seen, setting, value in rows}


def not_ok(findings: list[Finding]) -> list[Finding]:
    return [finding for finding in findings if finding.level == "error"]


@pytest.mark.parametrize("quirks", SETS, ids=str)
def test_calibration_names_each_deviation_and_the_sync_is_equal_to_the_truth(
    quirks: Quirks, world: DoctorWorld, database: Connection[Any]
) -> None:
    apply(world, quirks)
    account = f"127.0.0.1:{world.megaplan.port}"
    before = len(world.megaplan.control("requests"))
    findings = examine("megaplan_default", calibrates=True)
    asked = world.megaplan.control("requests")[before:]
    assert not_ok(findings) == []
    found = deviations(database, account)
    if "card_and_list" in quirks.expected:  # which keys differ depends on the deal
        assert found["card_and_list"][0]
        found["card_and_list"] = ("", None, None)
    assert found == quirks.expected
    assert len(asked) <= MOST_REQUESTS
    written = [each for each in asked if each["method"] != "GET" and "access_token" not in each["path"]]
    assert written == [], "nothing is written without write_probe"
    with account_session("megaplan_default") as session:
        assert session is not None
        AccountSync(*session, run_id="after").run((), full_refresh=False)
    assert_tables_are_megaplan(database, world.megaplan)
    if quirks.uis:
        assert created_in_uis(world) == created_in_megaplan(
            world, quirks.uis.get("timezone", "Europe/Moscow")
        )


def created_in_uis(world: DoctorWorld) -> dict[str, str]:
    """Upload the deals as the DAG does, verify them, and return when they were created, by the cabinet's report."""
    with psycopg.connect(world.database_uri, autocommit=True) as database:
        prepare_upload_schema(database)
    with upload_session("megaplan_default") as session:
        assert session is not None
        upload = AccountUpload(session, "after")
        upload.send()
        world.uis.advance(10)
        upload.verify()
    found: dict[str, str] = {}
    for year in (2024, 2025, 2026):
        window = {"date_from": f"{year}-01-01 00:00:00", "date_till": f"{year}-12-31 23:59:59"}
        fields = ["deal_ext_id", "deal_date_time"]
        rows = world.uis.data("get.deals", report_id=1002, fields=fields, limit=10_000, **window)
        found |= {row["deal_ext_id"].rpartition("-")[2]: row["deal_date_time"] for row in rows}
    return found


def created_in_megaplan(world: DoctorWorld, zone: str) -> dict[str, str]:
    """Return when the deals were created, in a time zone."""
    deals = world.megaplan.control("state?entity=deals")
    return {
        deal["id"]: str(
            datetime.fromisoformat(deal["timeCreated"]["value"])
            .astimezone(ZoneInfo(zone))
            .replace(tzinfo=None)
        )
        for deal in deals
    }


def test_the_page_names_every_fact_and_every_quirk(world: DoctorWorld, database: Connection[Any]) -> None:
    """What is looked at, and what only a write or nothing shows, is all in docs/doctor.md."""
    apply(world, SETS[0])
    contact = world.megaplan.control("state?entity=contractors")[0]["id"]
    world.uis.data("create.sales_funnel", ext_id="f1", name="Продажи", stages=STAGES)
    examine("megaplan_default", calibrates=True, test_contact=contact)
    rows = database.execute("SELECT side, name FROM megaplan_sync.calibrations").fetchall()
    page = (Path(__file__).parents[3] / "docs" / "doctor.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\| `(\w+)` \| (Megaplan|UIS) \|", page.split("<!-- facts -->")[1], re.MULTILINE)
    assert sorted(rows) == sorted((side.lower(), name) for name, side in listed)
    unseen = re.findall(r"^\| `(\w+)` \| \w+ \| \S", page.split("<!-- not seen -->")[1], re.MULTILINE)
    keys = [*MegaplanQuirks.model_fields, *UisQuirks.model_fields]
    assert sorted(keys) == sorted([*unseen, *(name for name, _ in listed if name in keys)])


def test_an_explicit_setting_wins_and_is_reported(world: DoctorWorld, database: Connection[Any]) -> None:
    world.megaplan.control("knobs", {"accept_form_token": False, "contractor_list": "500"})
    world.connections(vendor_quirks={"token_body": "form"})
    findings = {finding.topic: finding for finding in examine("megaplan_default", calibrates=True)}
    found = findings["Megaplan shows token_body"]
    assert (found.level, found.message) == ("warning", "assumed: form; seen: multipart")
    assert "set it to multipart" in found.remedy
    with account_session("megaplan_default") as session:
        assert session is not None
        quirks = session[0].settings.vendor_quirks
    assert (quirks.token_body, quirks.contractor_list_route) == ("form", "by_kind")


def test_an_account_that_is_again_as_assumed_is_seen_so(world: DoctorWorld, database: Session) -> None:
    different = {"accept_form_token": False, "limit_cap": 30}
    apply(world, Quirks("", different, {"refused_sort_fields": "deal_date_time"}))
    account = f"127.0.0.1:{world.megaplan.port}"
    examine("megaplan_default", calibrates=True)
    assert set(deviations(database, account)) == {"token_body", "page_size", "deals_sort_field"}
    apply(world, Quirks("", {"accept_form_token": True, "limit_cap": 100}))
    examine("megaplan_default", calibrates=True)
    assert deviations(database, account) == {}
    assert seen_settings(database, account, "megaplan") == {}


def test_the_gateway_uses_what_was_seen(world: DoctorWorld) -> None:
    apply(world, Quirks("", {"accept_form_token": False}, {"timezone": "Asia/Omsk"}))
    examine("megaplan_default", calibrates=True)
    seen = SeenSettings(read_postgres_address)
    world.monkeypatch.setattr(airflow_connections, "_SEEN", seen)
    source = read_accounts().sources["megaplan_default"]
    assert source.uis is not None
    assert (source.settings.vendor_quirks.token_body, source.uis.account_timezone) == (
        "multipart",
        "Asia/Omsk",
    )


def test_a_wrong_password_is_sent_once_also_when_calibrating(world: DoctorWorld) -> None:
    world.edit("megaplan_default", password="wrong")
    before = len(list_requests(world.megaplan, "/auth/access_token"))
    findings = {finding.topic: finding for finding in examine("megaplan_default", calibrates=True)}
    assert findings["login"].level == "error"
    assert len(list_requests(world.megaplan, "/auth/access_token")) == before + 1


def test_the_budget_bounds_it(world: DoctorWorld) -> None:
    world.connections(requests_per_hour=10)
    before = len(world.megaplan.control("requests"))
    errors = [
        finding.topic for finding in examine("megaplan_default", calibrates=True) if finding.level == "error"
    ]
    assert errors == ["requests"]
    assert len(world.megaplan.control("requests")) - before == 10


def test_the_first_examination_creates_the_tables(world: DoctorWorld, database: Connection[Any]) -> None:
    database.execute("DROP SCHEMA megaplan, megaplan_raw, megaplan_sync CASCADE")
    world.megaplan.control("knobs", {"accept_form_token": False})
    findings = {finding.topic: finding.level for finding in examine("megaplan_default", calibrates=True)}
    assert (findings["login"], findings["calibration"]) == ("ok", "ok")
    with account_session("megaplan_default") as session:
        assert session is not None
        assert session[0].settings.vendor_quirks.token_body == "multipart"


def test_a_write_is_tried_on_the_test_contact_and_removed(
    world: DoctorWorld, database: Connection[Any]
) -> None:
    contact = world.megaplan.control("state?entity=contractors")[0]["id"]
    world.megaplan.control("knobs", {"todo_when_accept": "spaced"})
    assert "error" not in {finding.level for finding in examine("megaplan_default", test_contact=contact)}
    account = f"127.0.0.1:{world.megaplan.port}"
    assert deviations(database, account)["datetime_write_format"] == (
        "spaced",
        f"{QUIRK}datetime_write_format",
        "spaced",
    )
    sent = [each for each in world.megaplan.control("requests") if each["path"].startswith("/api/v3/todo")]
    assert [each["method"] for each in sent if each["status"] < 400] == ["POST", "GET", "DELETE", "GET"]
    todos = world.megaplan.control("state?entity=todos")
    assert all(todo["isDropped"] for todo in todos if "удаляется сама" in str(todo["name"]))


@pytest.mark.parametrize(
    ("knobs", "seen"),
    [
        ({"cleared_by": "null"}, None),
        ({"cleared_by": "empty"}, "empty"),
        ({"cleared_by": "nothing", "omitted_deal_fields": "drop"}, "omit"),
    ],
)
def test_an_upload_shows_how_a_value_is_removed_and_leaves_nothing(
    world: DoctorWorld, database: Connection[Any], knobs: dict[str, str], seen: str | None
) -> None:
    contact = world.megaplan.control("state?entity=contractors")[0]["id"]
    apply(world, Quirks("", uis=knobs))
    world.uis.data("create.sales_funnel", ext_id="f1", name="Продажи", stages=STAGES)
    assert not_ok(examine("megaplan_default", test_contact=contact)) == []
    account = f"127.0.0.1:{world.megaplan.port}"
    found = deviations(database, account)
    assert found.get("deal_clearing") == (seen and (seen, f"{QUIRK}deal_clearing", seen))
    rows = database.execute(
        "SELECT name, seen FROM megaplan_sync.calibrations WHERE account = %s AND side = 'uis'",
        (account,),
    ).fetchall()
    assert ("deleted_deal", "gone") in rows
    assert world.uis.data("get.deals_history") == []
    with upload_session("megaplan_default") as session:
        assert session is not None
        assert session.uis.settings.vendor_quirks.deal_clearing == (seen or "null_then_empty")


def test_a_test_contact_that_does_not_exist_is_an_error(world: DoctorWorld) -> None:
    findings = examine("megaplan_default", test_contact="999999999")
    (found,) = [finding for finding in findings if finding.level == "error"]
    assert "write_probe" in found.remedy
