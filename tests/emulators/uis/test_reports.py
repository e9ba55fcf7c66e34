"""Reports on calls and legs, the flat reports, recordings."""

import threading
from typing import Any

import pytest
import requests

from emulators.uis.account import Account
from emulators.uis.knobs import Knobs
from emulators.uis.server import Server
from tests.emulators.uis_client import BEGIN, END, Client

pytest_plugins = ["tests.emulators.uis_fixtures"]
INTERVAL = {"date_from": BEGIN, "date_till": END}


def test_only_default_columns_come_unasked(uis: Client) -> None:
    id = uis.play("incoming_answered", employee=501)["id"]
    row = uis.report()[0]
    assert (row["id"], row["communication_id"], row["communication_type"]) == (id, id, "call")
    assert "employees" not in row
    assert "is_transfer" not in row
    asked = uis.report(fields=["employees", "last_talked_employee_id", "is_transfer", "utm_source"])[0]
    assert asked == {
        "employees": asked["employees"],
        "last_talked_employee_id": 501,
        "is_transfer": False,
        "utm_source": None,
    }
    assert [one["is_talked"] for one in asked["employees"]] == [True, False, False]
    assert uis.error("get.calls_report", **INTERVAL, fields=["employee_id"])[0] == "invalid_parameter_value"


def test_times_are_wall_times_of_the_account(uis: Client) -> None:
    uis.play("incoming_answered", start=1768460400, talk=10)
    row = uis.report()[0]
    assert (row["start_time"], row["finish_time"]) == ("2026-01-15 10:00:00", "2026-01-15 10:00:13")


def test_another_zone_shifts_every_wall_time(uis: Client) -> None:
    uis.control("reset", {"knobs": {"timezone": "Europe/Berlin"}})
    uis.control("clock", {"frozen": True, "time": "2026-04-15 10:00:00"})
    assert uis.data("get.account")[0]["timezone"] == "Europe/Berlin"
    uis.play("incoming_answered", start=1768460400)  # winter: an hour ahead of UTC
    uis.play("incoming_answered", start=1774742399)  # a second before summer time
    uis.play("incoming_answered", start=1774746000)  # summer: two hours ahead
    rows = uis.data(
        "get.calls_report",
        date_from="2026-01-15 08:00:00",
        date_till="2026-04-15 08:00:00",
        fields=["start_time"],
    )
    assert [row["start_time"] for row in rows] == [
        "2026-01-15 08:00:00",
        "2026-03-29 00:59:59",
        "2026-03-29 03:00:00",
    ]


def test_the_interval_is_by_start_and_includes_both_ends(uis: Client) -> None:
    uis.play("incoming_answered", start="2026-01-10 12:00:00", talk=600)

    def count(begin: str, end: str) -> int:
        return len(uis.data("get.calls_report", date_from=begin, date_till=end))

    assert count("2026-01-10 12:00:00", "2026-01-10 12:00:00") == 1
    assert count("2026-01-10 12:00:01", "2026-01-11 00:00:00") == 0


@pytest.mark.parametrize(
    ("begin", "end", "mnemonic", "field"),
    [
        ("2026-01-01 00:00:00", "2026-04-01 00:00:01", "date_interval_limit_reached", "date_till"),
        ("2026-01-01T00:00:00", "2026-01-02 00:00:00", "invalid_date_time", "date_from"),
        ("2026-01-01", "2026-01-02 00:00:00", "invalid_date_time", "date_from"),
        ("2026-01-02 00:00:00", "2026-01-01 00:00:00", "invalid_parameters_combination", "date_till"),
        (None, "2026-01-01 00:00:00", "required_parameter_missed", "date_from"),
    ],
)
@pytest.mark.parametrize("method", ["get.calls_report", "get.call_legs_report"])
def test_wrong_intervals(uis: Client, method: str, begin: str, end: str, mnemonic: str, field: str) -> None:
    assert uis.error(method, date_from=begin, date_till=end) == (mnemonic, field)


def test_three_months_are_allowed(uis: Client) -> None:
    assert (
        uis.data("get.calls_report", date_from="2026-01-01 00:00:00", date_till="2026-04-01 00:00:00") == []
    )


def test_dates_are_no_filter_and_only_the_start_sorts(uis: Client) -> None:
    by_date = {"field": "start_time", "operator": ">", "value": BEGIN}
    assert uis.error("get.calls_report", **INTERVAL, filter=by_date)[0] == "filter_prohibited"
    assert uis.error("get.calls_report", **INTERVAL, sort=[{"field": "id"}])[0] == "sort_prohibited"
    first = uis.play("incoming_lost", start="2026-01-10 12:00:00")["id"]
    second = uis.play("outgoing_busy", start="2026-01-11 12:00:00")["id"]
    newest = uis.report(sort=[{"field": "start_time", "order": "desc"}], fields=["id"])
    assert [row["id"] for row in newest] == [second, first]
    lost_in = {"filters": [{"field": "direction", "operator": "=", "value": "in"}], "condition": "and"}
    assert [row["id"] for row in uis.report(filter=lost_in)] == [first]


def test_calls_going_on_come_only_when_asked_for(uis: Client) -> None:
    id = uis.mutate("play_call", kind="incoming", talk=None)["id"]
    uis.advance(60)
    assert uis.report() == []
    row = uis.report(include_ongoing_calls=True)[0]
    assert (row["id"], row["finish_time"], row["finish_reason"]) == (id, None, None)


def test_attributes_are_a_list(uis: Client) -> None:
    uis.play("incoming_lost")
    assert uis.report(fields=["attributes"])[0]["attributes"] == ["first", "lost"]


def test_pages_of_a_report_are_whole(uis: Client) -> None:
    ids = set(uis.mutate("load_calls", count=45)["ids"])
    found: list[int] = []
    for offset in range(0, 60, 20):
        found += [row["id"] for row in uis.report(limit=20, offset=offset, fields=["id"])]
    assert (len(found), set(found)) == (45, ids)


def test_legs_tell_the_employees_telephone(uis: Client) -> None:
    call = uis.play("transferred", employee=501, transfer_to=502)
    fields = ["id", "call_session_id", "employee_id", "employee_phone_number", "is_transfered", "is_talked"]
    rows = uis.data("get.call_legs_report", **INTERVAL, fields=fields)
    assert [row["id"] for row in rows] == [leg["id"] for leg in call["legs"]]
    assert (rows[1]["employee_id"], rows[1]["employee_phone_number"]) == (501, "0100001")
    assert [row["is_transfered"] for row in rows] == [False, False, False, False, True]
    default = uis.data("get.call_legs_report", **INTERVAL, limit=1)[0]
    assert "employee_phone_number" not in default
    assert default["is_operator"] is False


# flat reports


def report_id(uis: Client, type: str) -> int:
    reports = uis.data("get.reports_list", filter={"field": "type", "operator": "=", "value": type})
    id: int = reports[0]["id"]
    return id


def test_a_flat_report_without_fields_is_empty(uis: Client) -> None:
    uis.play("incoming_answered")
    params: dict[str, Any] = {"report_id": report_id(uis, "calls"), **INTERVAL}
    assert uis.data("get.calls", **params) == []
    assert uis.data("get.calls", **params, fields=[]) == []
    assert len(uis.data("get.calls", **params, fields=["communication_id"])) == 1


def test_a_flat_call(uis: Client) -> None:
    id = uis.play("internal")["id"]
    params: dict[str, Any] = {"report_id": report_id(uis, "calls"), **INTERVAL}
    names = [
        "communication_id",
        "call_is_internal",
        "call_status",
        "call_talk_duration",
        "contact_phone_number",
    ]
    row = uis.data("get.calls", **params, fields=names)[0]
    assert row["communication_id"] == id
    assert row["call_is_internal"] == {"value": "Да", "value_id": True}
    assert row["call_status"]["value_id"] == "received"
    assert row["call_talk_duration"] == "00:01:00"
    assert row["contact_phone_number"]["extra"] == {"call_status": "received", "call_direction": "out"}
    tree = uis.data("getobj.columns_tree", report_type="calls")
    assert set(names) <= {column["id"] for column in tree["columns"]}


def test_flat_reports_reach_back_a_year(uis: Client) -> None:
    params: dict[str, Any] = {"report_id": report_id(uis, "calls"), "fields": ["communication_id"]}
    year = {"date_from": "2025-01-01 00:00:00", "date_till": "2026-01-02 00:00:00"}
    assert uis.data("get.calls", **params, **year) == []
    longer = year | {"date_till": "2026-01-02 00:00:01"}
    assert uis.error("get.calls", **params, **longer)[0] == "date_interval_limit_reached"


def test_a_flat_report_needs_its_own_id_and_a_low_filter(uis: Client) -> None:
    wrong: dict[str, Any] = {"report_id": report_id(uis, "deals"), "fields": ["communication_id"], **INTERVAL}
    assert uis.error("get.calls", **wrong) == ("entity_not_found", "report_id")
    leaf = {"field": "communication_id", "operator": ">", "value": 0}
    right = wrong | {"report_id": report_id(uis, "calls")}
    assert uis.data("get.calls", **right, filter={"filters": [leaf]}) == []
    assert uis.error("get.calls", **right, filter={"filters": [{"filters": [leaf]}]})[1] == "filter.filters.0"


def test_details_are_the_time_line_of_a_call(uis: Client) -> None:
    id = uis.play("incoming_answered", start="2026-01-10 12:00:00")["id"]
    params: dict[str, Any] = {"report_id": report_id(uis, "calls"), **INTERVAL}
    rows = uis.data("get.call_details", **params, entity_ids=[id], fields=["communication_id", "call_events"])
    events = rows[0]["call_events"]
    assert (events[0]["event_time"], events[0]["event_mnemonic"]) == ("12:00:00", "in_call_session")


def test_api_requests_are_reported(uis: Client) -> None:
    uis.error("get.employees", limit="x")
    fields = ["method", "status", "error_mnemonic", "token_name"]
    rows = uis.data("get.api_requests", **INTERVAL, fields=fields)
    assert rows == [
        {
            "method": "get.employees",
            "status": "failure",
            "error_mnemonic": "data_type_error",
            "token_name": "permanent",
        }
    ]


# recordings


def test_a_recording_is_not_ready_when_the_call_ends(uis: Client) -> None:
    id = uis.mutate("play_call", kind="incoming", employee=501, employee_answers=1, talk=10)["id"]
    uis.advance(11.5)
    call = uis.truth(id)
    link = call["recordings"][0]["link"]
    assert link == f"{uis.url}/system/media/talk/{id}/{call['recordings'][0]['id']}/"
    assert "talk_record_file" not in uis.events()
    assert uis.report(fields=["call_records", "full_record_file_link"]) == [
        {"call_records": [], "full_record_file_link": None}
    ]
    assert requests.get(link, timeout=5).status_code == 404
    uis.advance(5)
    assert uis.events()[-1] == "talk_record_file"
    row = uis.report(fields=["call_records", "full_record_file_link"])[0]
    assert row["call_records"] == [call["recordings"][0]["id"]]
    assert len(row["call_records"][0]) == 32
    for address in (link, row["full_record_file_link"]):
        file = requests.get(address, timeout=5)
        assert (file.status_code, file.headers["Content-Type"]) == (200, "audio/mpeg")
        assert file.content[:2] == b"\xff\xfb"
        assert 30_000 < len(file.content) < 50_000  # ten seconds at 32 kbit/s


def test_links_to_recordings_begin_with_the_public_address() -> None:
    account = Account(seed=1, employees=10, knobs=Knobs())
    server = Server(account, public_url="http://uis.example.org:18090")
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        call = Client(server.url).play("incoming_answered", employee=501)
        assert call["recordings"][0]["link"].startswith("http://uis.example.org:18090/system/media/talk/")
    finally:
        server.stop()
        thread.join(timeout=10)


@pytest.mark.parametrize(
    ("knob", "status", "content_type", "empty"),
    [
        ("404", 404, "text/html; charset=utf-8", False),
        ("204", 204, "audio/mpeg", True),
        ("empty", 200, "audio/mpeg", True),
        ("html", 200, "text/html; charset=utf-8", False),
    ],
)
def test_what_stands_in_place_of_an_unready_file(
    uis: Client, knob: str, status: int, content_type: str, empty: bool
) -> None:
    uis.control("knobs", {"record_unready": knob, "record_delay_s": 500})
    id = uis.mutate("play_call", kind="incoming", talk=10)["id"]
    uis.advance(60)
    answer = requests.get(uis.truth(id)["recordings"][0]["link"], timeout=5)
    assert (answer.status_code, answer.headers["Content-Type"]) == (status, content_type)
    assert (answer.content == b"") is empty


def test_unready_recordings_may_be_listed(uis: Client) -> None:
    uis.control("knobs", {"include_unready_records": True, "record_delay_s": 500})
    uis.mutate("play_call", kind="incoming", talk=10)
    uis.advance(60)
    assert len(uis.report()[0]["call_records"]) == 1


def test_every_file_differs(uis: Client) -> None:
    call = uis.play("transferred")
    first, second = (requests.get(one["link"], timeout=5).content for one in call["recordings"])
    assert first != second


def test_other_forms_of_a_recording(uis: Client) -> None:
    call = uis.play("incoming_answered", talk=5)
    link = call["recordings"][0]["link"].replace("/talk/", "/wav/")
    assert requests.get(link, timeout=5).content[:4] == b"RIFF"
    head = requests.head(call["recordings"][0]["link"], timeout=5)
    assert int(head.headers["Content-Length"]) > 10_000
    message = uis.play("voicemail")["recordings"][0]
    assert "/system/media/voice_mail/" in message["link"]
    assert requests.get(message["link"], timeout=5).status_code == 200
    assert requests.get(message["link"].replace("voice_mail", "talk"), timeout=5).status_code == 404


def test_links_can_lead_to_the_brands_host_or_to_a_login(uis: Client) -> None:
    call = uis.play("incoming_answered")
    uis.control("knobs", {"record_login": True})
    page = requests.get(call["recordings"][0]["link"], timeout=5)
    assert page.headers["Content-Type"].startswith("text/html")
    uis.control("knobs", {"record_links": "brand", "brand": "novofon"})
    link = uis.truth(call["id"])["recordings"][0]["link"]
    assert link.startswith("https://app.novofon.ru/system/media/talk/")
    assert uis.report()[0]["full_record_file_link"].startswith("https://media.novofon.ru/")


def test_recordings_end_with_their_retention(uis: Client) -> None:
    uis.control("knobs", {"record_ttl_s": 3600})
    link = uis.play("incoming_answered")["recordings"][0]["link"]
    assert requests.get(link, timeout=5).status_code == 200
    uis.advance(4000)
    assert requests.get(link, timeout=5).status_code == 404


def test_some_recordings_never_come(uis: Client) -> None:
    uis.control("knobs", {"record_missing": 1})
    call = uis.play("incoming_answered")
    assert "talk_record_file" not in uis.events()
    assert uis.report()[0]["call_records"] == []
    uis.mutate("finish_recording", id=call["recordings"][0]["id"])
    assert len(uis.report()[0]["call_records"]) == 1


def test_who_is_not_recorded_leaves_no_file(uis: Client) -> None:
    uis.mutate("update_employee", employee=501, fields={"call_recording": "out"})
    assert uis.play("incoming_answered", employee=501)["recordings"] == []
    assert len(uis.play("outgoing_answered", employee=501)["recordings"]) == 1


def test_an_unknown_recording(uis: Client) -> None:
    call = uis.play("incoming_answered")
    link = call["recordings"][0]["link"].replace(str(call["id"]), "1")
    assert requests.get(link, timeout=5).status_code == 404
