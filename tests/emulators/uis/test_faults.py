"""Faults on demand: what a client has to survive."""

import json
import time
from typing import Any

import pytest
import requests

from tests.emulators.uis_client import Client

pytest_plugins = ["tests.emulators.uis_fixtures"]


def post(
    uis: Client, method: str = "get.statuses", path: str = "/v2.0", timeout: float = 5
) -> requests.Response:
    body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": {"access_token": uis.token}}
    return requests.post(uis.url + path, json=body, timeout=timeout)


@pytest.mark.parametrize(
    ("fault", "status", "begins"),
    [
        ({"kind": "500"}, 500, "<html>"),
        ({"kind": "502"}, 502, "<html>"),
        ({"kind": "503", "body": "busy"}, 503, "busy"),
        ({"kind": "429", "retry_after": 7}, 429, ""),
        ({"kind": "empty"}, 200, ""),
        ({"kind": "html"}, 200, "<!DOCTYPE html>"),
    ],
)
def test_answers_of_a_bad_day(uis: Client, fault: dict[str, Any], status: int, begins: str) -> None:
    uis.control("faults", {**fault, "count": 1})
    answer = post(uis)
    assert (answer.status_code, answer.text.startswith(begins)) == (status, True)
    assert bool(answer.text) is bool(begins)
    assert "result" in post(uis).json()


def test_a_fault_of_the_api_itself(uis: Client) -> None:
    uis.control("faults", {"kind": "rpc", "mnemonic": "internal_error", "method": "get.statuses", "nth": 2})
    assert "result" in post(uis).json()
    error = post(uis).json()["error"]
    assert (error["code"], error["data"]["mnemonic"]) == (-32603, "internal_error")
    assert "result" in post(uis).json()


def test_faults_are_for_chosen_requests(uis: Client) -> None:
    uis.control("faults", {"kind": "500", "api": "call"})
    assert post(uis).status_code == 200
    assert post(uis, "list.calls", "/v4.0").status_code == 500
    assert uis.control("faults", method="GET")[0]["fired"] == 1
    uis.control("faults", method="DELETE")
    assert post(uis, "list.calls", "/v4.0").status_code == 200


def test_a_truncated_answer(uis: Client) -> None:
    uis.control("faults", {"kind": "truncated"})
    with pytest.raises(json.JSONDecodeError):
        json.loads(post(uis).text)


@pytest.mark.parametrize("kind", ["reset", "close", "cut"])
def test_a_broken_connection(uis: Client, kind: str) -> None:
    uis.control("faults", {"kind": kind})
    with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        post(uis)


def test_a_slow_answer_and_none(uis: Client) -> None:
    uis.control("faults", {"kind": "slow", "seconds": 0.3, "count": 1})
    began = time.monotonic()
    assert post(uis).status_code == 200
    assert time.monotonic() - began >= 0.3
    uis.control("faults", {"kind": "timeout"})
    with pytest.raises(requests.ReadTimeout):
        post(uis, timeout=0.2)


def test_sessions_may_end_at_any_request(uis: Client) -> None:
    uis.token = uis.data("login.user", login="demo", password="demo-password")["access_token"]
    uis.control("faults", {"kind": "expire_sessions", "method": "get.statuses", "nth": 2})
    assert "result" in post(uis).json()
    assert post(uis).json()["error"]["data"]["mnemonic"] == "access_token_invalid"


def test_a_fault_may_hit_after_the_effect(uis: Client) -> None:
    uis.control("faults", {"kind": "reset", "method": "set.tag_communications", "processed": True})
    id = uis.play("incoming_answered")["id"]
    with pytest.raises(requests.ConnectionError):
        uis.data("set.tag_communications", communication_id=id, communication_type="call", tag_id=88)
    assert uis.truth(id)["tags"] == ["Нецелевой контакт"]


def test_recordings_break_too(uis: Client) -> None:
    link = uis.play("incoming_answered")["recordings"][0]["link"]
    size = len(requests.get(link, timeout=5).content)
    uis.control("faults", {"kind": "truncated", "path": "/system/media", "count": 1})
    assert len(requests.get(link, timeout=5).content) == size * 2 // 3
    uis.control("faults", {"kind": "503", "path": "/system/media", "count": 1})
    assert requests.get(link, timeout=5).status_code == 503
    assert requests.get(link, timeout=5).status_code == 200


def test_faults_are_logged(uis: Client) -> None:
    uis.control("faults", {"kind": "503"})
    post(uis)
    entry = uis.control("requests", method="GET")[-1]
    assert (entry["method"], entry["status"], entry["fault"]) == ("get.statuses", 503, "503")


def test_chance_is_seeded(uis: Client) -> None:
    def run() -> list[int]:
        uis.control("faults", method="DELETE")
        uis.control("faults", {"kind": "503", "probability": 0.5, "seed": 4})
        return [post(uis).status_code for _ in range(12)]

    first = run()
    assert set(first) == {200, 503}
    assert run() == first
