"""Rate limit and faults on demand."""

import time

import pytest
import requests

from tests.emulators.megaplan_client import Client


def test_more_requests_than_the_limit_per_second_are_refused_empty(megaplan: Client) -> None:
    megaplan.control("knobs", {"rps": 2})
    answers = [megaplan.get("/currentUser") for _ in range(12)]
    refused = next(answer for answer in answers if answer.status_code == 429)
    assert refused.content == b""
    assert "Retry-After" not in refused.headers


def test_the_limit_per_hour_holds_for_all_routes(megaplan: Client) -> None:
    megaplan.control("knobs", {"rph": 3})
    statuses = [megaplan.get("/currentUser").status_code for _ in range(3)] + [megaplan.login().status_code]
    assert statuses == [200, 200, 200, 429]


@pytest.mark.parametrize(("knob", "header"), [("7", "7"), ("auto", "1200")])
def test_retry_after_is_given_on_demand(megaplan: Client, knob: str, header: str) -> None:
    megaplan.control("knobs", {"rph": 3, "retry_after": knob})
    for _ in range(3):
        megaplan.get("/currentUser")
    assert abs(int(megaplan.get("/currentUser").headers["Retry-After"]) - int(header)) <= 10


def test_the_calls_of_a_bulk_count_one_by_one(megaplan: Client) -> None:
    megaplan.control("knobs", {"rph": 4})
    call = {"contentType": "ApiCall", "method": "GET", "url": "/api/v3/currentUser"}
    assert megaplan.post("/bulk", {"contentType": "BulkApiCall", "calls": [call] * 4}).status_code == 200
    assert megaplan.get("/currentUser").status_code == 429


def test_a_bulk_can_count_as_one_request(megaplan: Client) -> None:
    megaplan.control("knobs", {"rph": 4, "bulk_counts": "one"})
    call = {"contentType": "ApiCall", "method": "GET", "url": "/api/v3/currentUser"}
    megaplan.post("/bulk", {"contentType": "BulkApiCall", "calls": [call] * 4})
    assert megaplan.get("/currentUser").status_code == 200


def test_control_routes_are_not_limited(megaplan: Client) -> None:
    megaplan.control("knobs", {"rph": 1})
    for _ in range(5):
        megaplan.control("state", method="GET")


@pytest.mark.parametrize(
    ("kind", "status", "body"),
    [
        ("401", 401, b"Unauthorized"),
        ("429", 429, b""),
        ("500", 500, b'"trace"'),
        ("502", 502, b"<html>"),
        ("503", 503, b"<html>"),
        ("empty", 200, b""),
        ("html", 200, b"<!DOCTYPE html>"),
    ],
)
def test_a_fault_replaces_the_answer(megaplan: Client, kind: str, status: int, body: bytes) -> None:
    megaplan.control("faults", [{"kind": kind}])
    answer = megaplan.get("/deal")
    assert answer.status_code == status
    assert body in answer.content


def test_a_truncated_body_is_no_longer_json(megaplan: Client) -> None:
    megaplan.control("faults", [{"kind": "truncated"}])
    answer = megaplan.get("/deal")
    assert answer.status_code == 200
    assert answer.content.startswith(b'{"meta"')
    with pytest.raises(requests.exceptions.JSONDecodeError):
        answer.json()


def test_an_answer_can_break_off_in_the_middle(megaplan: Client) -> None:
    megaplan.control("faults", [{"kind": "cut", "count": 1}])
    with pytest.raises((requests.exceptions.ChunkedEncodingError, requests.exceptions.ConnectionError)):
        megaplan.get("/deal")
    assert megaplan.get("/deal").status_code == 200


def test_a_429_may_name_its_delay(megaplan: Client) -> None:
    megaplan.control("faults", [{"kind": "429", "retry_after": 5}])
    assert megaplan.get("/deal").headers["Retry-After"] == "5"


def test_a_slow_answer_is_right_but_late(megaplan: Client) -> None:
    megaplan.control("faults", [{"kind": "slow", "seconds": 0.4, "count": 1}])
    started = time.monotonic()
    assert megaplan.get("/deal").status_code == 200
    assert time.monotonic() - started >= 0.4


@pytest.mark.parametrize("kind", ["reset", "close"])
def test_a_connection_can_break(megaplan: Client, kind: str) -> None:
    megaplan.control("faults", [{"kind": kind, "count": 1}])
    with pytest.raises(requests.exceptions.ConnectionError):
        megaplan.get("/deal")
    assert megaplan.get("/deal").status_code == 200


def test_a_server_can_stay_silent(megaplan: Client) -> None:
    megaplan.control("faults", [{"kind": "timeout", "count": 1}])
    with pytest.raises(requests.exceptions.ReadTimeout):
        requests.get(f"{megaplan.url}/api/v3/deal", timeout=0.3)


def test_a_fault_hits_only_the_nth_request(megaplan: Client) -> None:
    megaplan.control("faults", [{"kind": "500", "path": "/api/v3/deal", "method": "GET", "nth": 2}])
    assert [megaplan.get("/deal").status_code for _ in range(3)] == [200, 500, 200]
    assert megaplan.get("/program").status_code == 200


def test_a_fault_ends_after_its_count(megaplan: Client) -> None:
    megaplan.control("faults", [{"kind": "502", "path": "/deal", "count": 2}])
    assert [megaplan.get("/deal").status_code for _ in range(3)] == [502, 502, 200]


def test_an_exact_path_spares_what_lies_below(megaplan: Client) -> None:
    megaplan.control("faults", [{"kind": "500", "path": "/deal", "exact": True}])
    assert megaplan.get("/deal/1001").status_code == 200


def test_a_fault_by_chance_repeats_with_its_seed(megaplan: Client) -> None:
    series = []
    for _ in range(2):
        megaplan.control("faults", method="DELETE")
        megaplan.control("faults", [{"kind": "500", "probability": 0.5, "seed": 4}])
        series.append([megaplan.get("/currentUser").status_code for _ in range(12)])
    assert series[0] == series[1]
    assert set(series[0]) == {200, 500}


def test_an_answer_can_be_lost_after_the_work_is_done(megaplan: Client) -> None:
    megaplan.control("faults", [{"kind": "502", "method": "POST", "processed": True}])
    assert megaplan.post("/deal/1001", {"name": "Записано"}).status_code == 502
    assert megaplan.card("/deal/1001")["name"] == "Записано"


def test_an_unknown_fault_is_refused(megaplan: Client) -> None:
    answer = requests.post(f"{megaplan.url}/_control/faults", json=[{"kind": "meteor"}], timeout=10)
    assert answer.status_code == 400


@pytest.mark.parametrize("status", ["414", "400", "431", "403", "404"])
def test_a_request_line_beyond_the_web_servers_limit(megaplan: Client, status: str) -> None:
    fields = ["name", *[f"Category1000061CustomField{number:04}" for number in range(300)]]
    megaplan.control("knobs", {"long_request_line": status})
    refused = megaplan.get("/deal", fields=fields)
    assert (refused.status_code, "nginx" in refused.text) == (int(status), True)
    assert megaplan.get("/deal", fields=["name"]).status_code == 200
    megaplan.control("knobs", {"request_line_bytes": 0})
    assert megaplan.get("/deal", fields=fields).status_code == 422
