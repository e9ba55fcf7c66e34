"""Faults between us and UIS: nothing is sent twice, nothing is missing, and refusals have reasons."""

from collections import Counter
from typing import Any

import pytest

from megaplan_sync.uis_upload.deal_uploads import MOST_REFUSED_IN_A_ROW
from megaplan_sync.uis_upload.exceptions import EverythingRefusedError, UploadOutcomeUnknownError
from uis_hook.exceptions import UisError, UisTokenError

from ..conftest import DEALS
from .upload_world import UploadWorld

pytest_plugins = ["tests.emulators.uis_fixtures"]


def assert_each_once(world: UploadWorld, missing: int = 0) -> None:
    """Every deal is in the cabinet with one record: nothing twice, nothing missing."""
    assert Counter(Counter(row["ext_id"] for row in world.history()).values()) == {1: DEALS - missing}
    assert len(world.report()) == DEALS - missing


def fault(world: UploadWorld, kind: str, method: str = "upload.deals_history", **more: Any) -> None:
    world.uis.control("faults", {"kind": kind, "method": method, "count": 1, **more})


@pytest.mark.parametrize(
    ("method", "lost"),
    [
        ("upload.deals_history", {"kind": "500"}),
        ("upload.deals_history", {"kind": "500", "processed": True}),
        ("upload.deals_history", {"kind": "rpc", "mnemonic": "internal_error"}),
        ("upload.deals_history", {"kind": "timeout", "seconds": 2, "processed": True}),
        ("upload.deals_history", {"kind": "truncated"}),
        ("upload.deals_history", {"kind": "rpc", "mnemonic": "limit_exceeded"}),
        ("upload.deals_history", {"kind": "429", "retry_after": "5"}),
        ("create.deal_contacts", {"kind": "500"}),
        ("create.deal_contacts", {"kind": "reset", "processed": True}),
        ("create.sales_funnel", {"kind": "html", "processed": True}),
        ("create.deal_employees", {"kind": "500", "processed": True}),
    ],
    ids=lambda value: value if isinstance(value, str) else " ".join(map(str, value.values())),
)
def test_a_lost_answer_does_no_harm(world: UploadWorld, method: str, lost: dict[str, Any]) -> None:
    fault(world, method=method, **lost)
    world.upload()
    assert_each_once(world)
    assert world.failed() == {}
    assert world.certificates[-1].verdict == "proven"


def test_an_upload_that_is_still_in_processing_is_not_sent_again(world: UploadWorld) -> None:
    world.uis.control("knobs", {"deals_processing_s": 3600})
    fault(world, "500", processed=True)
    with pytest.raises(UploadOutcomeUnknownError):
        world.upload()
    assert world.requests().count("upload.deals_history") == 1
    world.uis.advance(4000)
    world.upload()
    assert world.requests().count("upload.deals_history") == 1
    assert_each_once(world)


def test_one_bad_deal_fails_and_the_others_arrive(world: UploadWorld) -> None:
    """UIS refuses the whole request; our own rules catch the deals before."""
    priced = "UPDATE megaplan_raw.deals SET payload = jsonb_set(payload, '{price,valueInMain}', %s) WHERE id = 1006"
    world.database.execute(priced, ("1e30",))
    (future,) = world.rows("SELECT max(id) AS id FROM megaplan_raw.deals")
    world.database.execute(
        """UPDATE megaplan_raw.deals
        SET payload = jsonb_set(payload, '{timeCreated,value}', to_jsonb(now() + interval '1 year')) WHERE id = %s""",
        (future["id"],),
    )
    world.upload()
    assert_each_once(world, missing=2)
    assert {ext_id.rpartition("-")[2] for ext_id in world.failed()} == {"1006", str(future["id"])}
    assert all(world.failed().values())
    assert world.certificates[-1].verdict == "unresolved"
    world.forget_requests()
    world.upload()
    assert world.requests() == [], "failed deals cost no requests"
    world.database.execute(
        """UPDATE megaplan_raw.deals
        SET payload = payload || jsonb_build_object('timeCreated', payload -> 'stateTimeUpdated')
        WHERE id = %s""",
        (future["id"],),
    )
    world.database.execute(priced, ("5",))
    world.upload()
    assert_each_once(world)
    assert world.failed() == {}


@pytest.mark.parametrize("field", ["index", "from_one", "bare"])
def test_the_refused_deal_is_found_by_the_errors_field(world: UploadWorld, field: str) -> None:
    """An undocumented rule of the cabinet refuses every request with these deals."""
    bad = [
        str(row["id"])
        for row in world.rows("SELECT id FROM megaplan_raw.deals ORDER BY id OFFSET 100 LIMIT 2")
    ]
    world.uis.control("knobs", {"refused_deals": ",".join(bad), "refused_field": field})
    world.upload()
    assert {ext_id.rpartition("-")[2] for ext_id in world.failed()} == set(bad)
    assert_each_once(world, missing=2)
    asked = world.requests().count("upload.deals_history")
    assert asked == 5 if field == "index" else asked < 45
    world.forget_requests()
    world.upload()
    assert world.requests() == []
    world.uis.control("knobs", {"refused_deals": ""})
    world.upload(resend_failed=True)
    assert_each_once(world)
    assert world.failed() == {}


def test_a_phone_that_uis_refuses_is_left_out_and_reported(world: UploadWorld) -> None:
    (contact,) = world.rows(
        """SELECT point.contact_id AS id FROM megaplan_raw.contact_points AS point
        JOIN megaplan_raw.deals AS deal ON deal.contractor_id = point.contact_id
        WHERE phone_e164 IS NOT NULL LIMIT 1"""
    )
    # ten digits pass our rules, but not the cabinet's
    world.database.execute(
        "UPDATE megaplan_raw.contact_points SET phone_e164 = '+3725551234' WHERE contact_id = %s AND type = 'phone'",
        (contact["id"],),
    )
    world.upload()
    assert_each_once(world)
    (row,) = world.rows(
        "SELECT content, error FROM uis.directory_rows WHERE ext_id LIKE %s", f"%-contact-{contact['id']}"
    )
    assert row["content"]["phones"] == []
    assert "phone_numbers" in row["error"]
    world.forget_requests()
    world.upload()
    assert world.requests() == []


def test_a_refused_user_field_holds_no_deal(world: UploadWorld) -> None:
    fault(world, "rpc", "create.deal_user_field", mnemonic="data_limit_exceeded", nth=3)
    world.upload()
    assert_each_once(world)
    assert list(world.failed()) == ["mp_goods"]
    world.upload(resend_failed=True)
    assert world.failed() == {}
    sold = [row for row in world.report().values() if " × " in (row["deal_comments"] or "")]
    assert sold
    assert all(row["deal_user_field_mp_goods"] for row in sold)


def test_everything_refused_ends_the_run(world: UploadWorld) -> None:
    ids = world.rows("SELECT id FROM megaplan_raw.deals")
    world.uis.control("knobs", {"refused_deals": ",".join(str(row["id"]) for row in ids)})
    with pytest.raises(EverythingRefusedError):
        world.upload()
    assert len(world.failed()) == MOST_REFUSED_IN_A_ROW
    world.uis.control("knobs", {"refused_deals": ""})
    world.upload(resend_failed=True)
    assert_each_once(world)


def test_a_bad_key_ends_the_run_and_fails_no_deal(world: UploadWorld) -> None:
    fault(world, "rpc", mnemonic="access_token_blocked")
    with pytest.raises(UisTokenError):
        world.upload()
    assert world.failed() == {}
    world.upload()
    assert_each_once(world)


def test_used_up_points_stop_the_run_until_the_next_day_without_wasted_requests(world: UploadWorld) -> None:
    world.uis.control("knobs", {"day_limit": 50})
    world.upload()
    certificate = world.certificates[-1]
    assert certificate.verdict == "partial"
    assert "used up" in (certificate.reason or "")
    assert 40 <= certificate.requests_used <= 46, "a tenth of the day's points is left to telephony"
    world.forget_requests()
    world.upload()
    assert world.requests() == [], "the points are known from run to run"
    world.pass_time(86_400)
    world.uis.control("knobs", {"day_limit": 0})
    world.upload()
    assert_each_once(world)
    assert world.certificates[-1].verdict == "proven"


def test_the_minutes_points_are_waited_for(world: UploadWorld) -> None:
    world.uis.control("knobs", {"minute_limit": 20})
    world.upload()
    assert_each_once(world)
    refused = [entry for entry in world.uis.control("requests", method="GET") if entry.get("mnemonic")]
    assert refused == [], "no request is made in vain"


def test_a_cabinet_without_the_report_is_verified_by_the_history(world: UploadWorld) -> None:
    world.uis.control("knobs", {"disabled_components": "analytics,dataapi_reports"})
    assert world.upload()["deals_verified"] == DEALS
    assert world.certificates[-1].verdict == "proven"


def test_lists_that_know_few_filters_are_read_whole(world: UploadWorld) -> None:
    world.uis.control("knobs", {"deals_filters": False})
    fault(world, "500", processed=True)
    fault(world, "reset", "create.deal_contacts", processed=True)
    world.upload()
    world.database.execute("TRUNCATE uis.deals, uis.directory_rows")
    assert world.upload()["deals_adopted"] == DEALS
    assert_each_once(world)


@pytest.mark.parametrize(
    "knobs", [{"brand": "novofon"}, {"limits_schema": "hour"}, {"limits_schema": "empty"}]
)
def test_other_editions_of_the_platform(world: UploadWorld, knobs: dict[str, str]) -> None:
    world.uis.control("knobs", knobs)
    world.uis_settings = {**world.uis_settings, "brand": knobs.get("brand", "uis")}
    assert world.upload()["deals_verified"] == DEALS
    assert_each_once(world)


def test_a_deal_that_the_cabinet_lost_is_sent_again(world: UploadWorld) -> None:
    world.upload(verify=False)
    lost = next(iter(world.report().values()))["deal_ext_id"]
    world.uis.data("delete.deals", ext_id=lost)
    assert world.upload()["deals_lost"] == 1
    assert world.upload()["deals_created"] == 1
    assert_each_once(world)


def test_differences_in_the_report_are_reported(world: UploadWorld) -> None:
    world.upload(verify=False)
    row = next(row for row in world.report().values() if row["deal_employee"])
    world.uis.data(
        "update.deal_employees",
        ext_id=next(
            each["ext_id"]
            for each in world.uis.data("get.deal_employees")
            if each["name"] == row["deal_employee"]
        ),
        name="Кто-то другой",
    )
    assert world.upload()["deals_differing"] >= 1
    differences = {row["difference"] for row in world.rows("SELECT DISTINCT difference FROM uis.deals")}
    assert differences == {None, "deal_employee"}
    assert world.certificates[-1].verdict == "unresolved"


def test_errors_are_ours(world: UploadWorld) -> None:
    world.uis.control("knobs", {"disabled_components": "sales_funnel"})
    with pytest.raises(UisError, match="order the component"):
        world.upload()
