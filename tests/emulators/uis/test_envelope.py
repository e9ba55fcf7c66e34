"""The envelope: its checks in order, mnemonics, keys, access, points."""

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.emulators.uis_client import Client

pytest_plugins = ["tests.emulators.uis_fixtures"]
BOTH = pytest.mark.parametrize("path", ["/v2.0", "/v4.0"])


def request(**changes: Any) -> str:
    body = {"jsonrpc": "2.0", "id": 7, "method": "get.account", "params": {"access_token": "uis-demo-token"}}
    return json.dumps({name: value for name, value in (body | changes).items() if value != "absent"})


@BOTH
@pytest.mark.parametrize(
    ("body", "code", "mnemonic"),
    [
        ("{", -32700, "parse_error"),
        ("[" + request() + "]", -32099, "batch_opreations_not_supported"),
        (request(id="absent"), -32099, "notifications_not_supported"),
        (request(id=None), -32600, "invalid_request"),
        (request(id=True), -32600, "invalid_request"),
        (request(jsonrpc="1.0"), -32600, "invalid_request"),
        (request(jsonrpc="absent"), -32600, "invalid_request"),
        (request(method="get.nothing"), -32601, "method_not_found"),
        (request(method=5), -32600, "invalid_request"),
        ('"text"', -32600, "invalid_request"),
    ],
)
def test_a_wrong_envelope_has_its_own_mnemonic(
    uis: Client, path: str, body: str, code: int, mnemonic: str
) -> None:
    answer = uis.raw(body, path)
    assert (answer["error"]["code"], answer["error"]["data"]["mnemonic"]) == (code, mnemonic)
    assert answer["jsonrpc"] == "2.0"
    assert "limits" not in answer["error"]["data"]["metadata"]


def test_the_id_comes_back_as_it_was_sent(uis: Client) -> None:
    assert uis.raw(request(id="r-1"))["id"] == "r-1"
    assert uis.raw(request(id=12))["id"] == 12
    assert uis.raw("{")["id"] is None


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_only_post_is_answered(uis: Client, method: str) -> None:
    assert requests.request(method, uis.url + "/v2.0", timeout=5).status_code == 405


@pytest.mark.parametrize("path", ["/", "/v1.0", "/v3.0", "/v4.0/start.employee_call", "/v2.0/get.account"])
def test_another_path_or_version_is_unknown(uis: Client, path: str) -> None:
    assert requests.post(uis.url + path, data=request(), timeout=5).status_code == 404


def test_errors_come_with_http_200_unless_told_otherwise(uis: Client) -> None:
    assert requests.post(uis.url + "/v2.0", data="{", timeout=5).status_code == 200
    uis.control("knobs", {"error_http_status": 400})
    assert requests.post(uis.url + "/v2.0", data="{", timeout=5).status_code == 400


@pytest.mark.parametrize(
    ("token", "mnemonic"),
    [
        ("nobody", "access_token_invalid"),
        ("uis-expired-token", "access_token_expired"),
        ("uis-blocked-token", "access_token_blocked"),
        (5, "access_token_invalid"),
    ],
)
@BOTH
def test_a_key_that_is_no_good(uis: Client, path: str, token: Any, mnemonic: str) -> None:
    method = "get.employees" if path == "/v2.0" else "list.calls"
    answer = uis.rpc(method, path, access_token=token)
    assert (answer["error"]["code"], answer["error"]["data"]["mnemonic"]) == (-32001, mnemonic)
    assert "limits" not in answer["error"]["data"]["metadata"]


def test_the_key_belongs_into_params(uis: Client) -> None:
    headers = {"Authorization": "Bearer uis-demo-token"}
    answer = uis.raw(request(params={}), headers=headers)
    assert answer["error"]["data"]["mnemonic"] == "required_parameter_missed"
    assert answer["error"]["data"]["field"] == "access_token"


def test_each_api_needs_its_own_permission(uis: Client) -> None:
    for token, good, bad in (
        ("uis-data-only-token", "/v2.0", "/v4.0"),
        ("uis-call-only-token", "/v4.0", "/v2.0"),
    ):
        methods = {"/v2.0": "get.statuses", "/v4.0": "list.calls"}
        assert "result" in uis.rpc(methods[good], good, access_token=token)
        answer = uis.rpc(methods[bad], bad, access_token=token)
        assert (answer["error"]["code"], answer["error"]["data"]["mnemonic"]) == (-32003, "forbidden")


def test_a_session_key_lives_an_hour_and_then_is_invalid(uis: Client) -> None:
    session = uis.data("login.user", login="demo", password="demo-password")
    assert set(session) == {"access_token", "expire_at", "app_id"}
    uis.token = session["access_token"]
    uis.advance(3599)
    assert uis.data("get.account")
    uis.advance(2)
    assert uis.error("get.account") == ("access_token_invalid", "access_token")


def test_the_data_api_may_call_the_expiry_expire(uis: Client) -> None:
    uis.control("knobs", {"login_expiry_key": "expire"})
    assert "expire" in uis.data("login.user", login="demo", password="demo-password")
    assert "expire_at" in uis.call("login.user", login="demo", password="demo-password")


def test_a_wrong_password_is_an_auth_error(uis: Client) -> None:
    assert uis.error("login.user", login="demo", password="wrong")[0] == "auth_error"


def test_logging_out_ends_the_session(uis: Client) -> None:
    uis.token = uis.data("login.user", login="demo", password="demo-password")["access_token"]
    assert uis.data("logout.user") == {}
    assert uis.error("get.account")[0] == "access_token_invalid"


def test_success_of_a_logout_is_a_boolean_in_the_call_api(uis: Client) -> None:
    uis.token = uis.call("login.user", login="demo", password="demo-password")["access_token"]
    assert uis.call("logout.user") == {"success": True}


def test_keys_can_be_blocked_and_expired(uis: Client) -> None:
    uis.mutate("block_token", token="uis-demo-token")
    assert uis.error("get.account")[0] == "access_token_blocked"
    uis.control("reset")
    uis.mutate("expire_token", token="uis-demo-token")
    assert uis.error("get.account")[0] == "access_token_expired"


def test_a_stranger_to_the_whitelist_is_refused(uis: Client) -> None:
    uis.control("knobs", {"ip_whitelist": "10.0.0.0/8, 192.168.1.5"})
    answer = uis.rpc("get.account")
    assert (answer["error"]["code"], answer["error"]["data"]["mnemonic"]) == (-32003, "ip_not_whitelisted")
    assert "limits" not in answer["error"]["data"]["metadata"]
    uis.control("knobs", {"ip_whitelist": ""})
    assert uis.error("get.account")[0] == "ip_not_whitelisted"
    uis.control("knobs", {"ip_whitelist": "127.0.0.1"})
    assert uis.data("get.account")


def test_the_token_is_looked_at_before_the_address(uis: Client) -> None:
    uis.control("knobs", {"ip_whitelist": "10.0.0.0/8"})
    assert uis.error("get.account", access_token="nobody")[0] == "access_token_invalid"
    assert uis.error("get.nothing", access_token="nobody")[0] == "method_not_found"


def test_an_inactive_account(uis: Client) -> None:
    uis.control("knobs", {"account_active": False})
    assert uis.rpc("get.account")["error"]["code"] == -32009


def test_a_component_that_was_not_bought(uis: Client) -> None:
    uis.control("knobs", {"disabled_components": "sales_funnel,callapi_management_call"})
    answer = uis.rpc("get.sales_funnel", nonsense=1)
    assert (answer["error"]["code"], answer["error"]["data"]["mnemonic"]) == (
        -32008,
        "method_component_disabled",
    )
    assert uis.error("list.calls", "/v4.0")[0] == "component_disabled"
    assert uis.error("release.call", "/v4.0", call_session_id=1)[0] == "call_session_not_found"


def test_communications_are_not_for_plain_telephony(uis: Client) -> None:
    dates = {"date_from": "2026-01-01 00:00:00", "date_till": "2026-01-02 00:00:00"}
    assert uis.error("get.communications_report", **dates)[0] == "method_component_disabled"


def test_a_key_of_one_brand_is_worth_nothing_on_anothers_host(uis: Client) -> None:
    def ask(host: str, path: str = "/v2.0") -> requests.Response:
        return requests.post(uis.url + path, data=request(), headers={"Host": host}, timeout=5)

    assert "result" in ask("dataapi.uiscom.ru").json()
    foreign = ask("dataapi.comagic.ru").json()
    assert foreign["error"]["data"]["mnemonic"] == "access_token_invalid"
    uis.control("knobs", {"brand": "comagic"})
    assert "result" in ask("dataapi.comagic.ru").json()
    assert ask("callapi.comagic.ru", "/v2.0").status_code == 404


def test_novofon_has_the_smaller_edition(uis: Client) -> None:
    assert uis.data("get.crm_companies") == []
    uis.control("knobs", {"brand": "novofon"})
    assert uis.error("get.crm_companies")[0] == "method_not_found"
    assert uis.data("get.deal_contacts") == []


# points


def limits(uis: Client, method: str = "get.statuses", path: str = "/v2.0", **params: Any) -> dict[str, int]:
    answer = uis.rpc(method, path, **params)
    metadata = answer["result"]["metadata"] if "result" in answer else answer["error"]["data"]["metadata"]
    found: dict[str, int] = metadata["limits"]
    return found


def test_every_success_costs_a_point(uis: Client) -> None:
    uis.control("knobs", {"day_limit": 100, "minute_limit": 10})
    first, second = limits(uis), limits(uis)
    assert (first["day_limit"], first["minute_limit"]) == (100, 10)
    assert (first["day_remaining"], second["day_remaining"]) == (99, 98)
    assert (first["minute_remaining"], second["minute_remaining"]) == (9, 8)
    # the clock stands at 10:00:00 of the account's day
    assert (first["minute_reset"], first["day_reset"]) == (60, 14 * 3600)


def test_failures_cost_nothing(uis: Client) -> None:
    uis.control("knobs", {"day_limit": 100, "minute_limit": 10})
    limits(uis)
    assert uis.error("get.statuses", nonsense=1)[0] == "unexpected_parameters"
    assert limits(uis, "get.statuses", nonsense=1)["day_remaining"] == 99
    assert limits(uis)["day_remaining"] == 98


def test_both_apis_tell_their_points(uis: Client) -> None:
    uis.control("knobs", {"day_limit": 100})
    assert limits(uis, "list.calls", "/v4.0")["day_remaining"] == 99
    assert limits(uis)["day_remaining"] == 99
    uis.control("knobs", {"call_api_metadata": False})
    assert set(uis.rpc("list.calls", "/v4.0")["result"]) == {"data"}


def test_the_minute_is_used_up_and_begins_anew(uis: Client) -> None:
    uis.control("knobs", {"minute_limit": 2})
    limits(uis), limits(uis)
    answer = uis.rpc("get.statuses")
    error = answer["error"]
    assert (error["code"], error["data"]["mnemonic"]) == (-32029, "limit_exceeded")
    text = "Limit per minute has been exceeded. Value of current limit per minute is 2"
    assert error["message"] == text
    assert error["data"]["metadata"]["limits"]["minute_reset"] == 60
    uis.advance(60)
    assert limits(uis)["minute_remaining"] == 1


def test_the_day_is_used_up_until_midnight_of_the_account(uis: Client) -> None:
    uis.control("knobs", {"day_limit": 1})
    limits(uis)
    assert uis.error("get.statuses")[0] == "limit_exceeded"
    uis.advance(14 * 3600 - 1)
    assert uis.error("get.statuses")[0] == "limit_exceeded"
    uis.advance(1)
    assert limits(uis)["day_remaining"] == 0


def test_limits_come_in_three_forms(uis: Client) -> None:
    uis.control("knobs", {"limits_schema": "hour", "hour_limit": 4000})
    assert set(limits(uis)) == {"hour_limit", "hour_remaining", "hour_reset"}
    uis.control("knobs", {"limits_schema": "empty"})
    assert limits(uis) == {}


# the rest


def test_no_key_gets_into_the_log(uis: Client) -> None:
    uis.data("login.user", login="demo", password="demo-password")
    uis.data("get.account")
    uis.error("get.account", access_token="secret-of-somebody")
    shown = json.dumps(uis.control("requests", method="GET"))
    assert "get.account" in shown
    for secret in ("demo-password", "uis-demo-token", "secret-of-somebody"):
        assert secret not in shown


def test_the_log_tells_what_was_asked(uis: Client) -> None:
    uis.control("requests", method="DELETE")
    uis.data("get.employees", limit=3)
    uis.error("get.employees", limit="x")
    first, second = uis.control("requests", method="GET")
    assert (first["api"], first["method"], first["params"]["limit"]) == ("data", "get.employees", 3)
    assert (first["points"], first["mnemonic"]) == (1, None)
    assert (second["points"], second["mnemonic"]) == (0, "data_type_error")


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("knobs", {"nothing": 1}),
        ("knobs", {"brand": "mango"}),
        ("knobs", {"notify_loss": 2}),
        ("knobs", {"day_limit": -1}),
        ("knobs", {"day_limit": "many"}),
        ("knobs", {"account_active": "perhaps"}),
        ("mutate", {"op": "wish"}),
        ("mutate", {"op": "play_call", "kind": "dream"}),
        ("mutate", {"op": "play_call", "talks": 5}),
        ("mutate", {"op": "play_call", "talk": "long"}),
        ("mutate", {"op": "hang_up_call", "id": 1}),
        ("mutate", []),
        ("faults", {"kind": "wind"}),
        ("faults", {"kind": "rpc", "mnemonic": "wind"}),
        ("clock", {"forward": 5}),
        ("clock", {"speed": 0}),
        ("notifications", {"url": "http://127.0.0.1:1", "event": "wind"}),
        ("notifications", {"event": "in_call_session"}),
        ("reset", {"deals": 5}),
        ("reset", {"knobs": {"timezone": "Moscow"}}),
    ],
)
def test_nonsense_is_refused_with_the_reason(uis: Client, path: str, body: Any) -> None:
    answer = requests.post(f"{uis.url}/_control/{path}", json=body, timeout=5)
    assert answer.status_code == 400
    assert len(answer.json()["error"]) > 10


def test_the_command_prints_its_address_and_ends_cleanly() -> None:
    command = [
        sys.executable,
        "-m",
        "emulators.uis",
        "--port",
        "0",
        "--employees",
        "3",
        "--knob",
        "day_limit=9",
    ]
    root = Path(__file__).parents[3]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=root)
    try:
        assert process.stdout is not None
        found = re.search(r"http://127\.0\.0\.1:\d+", process.stdout.readline())
        assert found is not None
        client = Client(found[0])
        assert len(client.data("get.employees")) == 3
        assert client.control("knobs", method="GET")["day_limit"] == 9
        os.kill(process.pid, signal.SIGTERM)
        process.communicate(timeout=10)
        assert process.returncode == 0
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize(
    "option", [["--knob", "nothing=1"], ["--employees", "0"], ["--knob", "timezone=Here"]]
)
def test_the_command_refuses_nonsense(option: list[str]) -> None:
    command = [sys.executable, "-m", "emulators.uis", "--port", "0", *option]
    root = Path(__file__).parents[3]
    process = subprocess.run(command, capture_output=True, text=True, cwd=root, timeout=30, check=False)
    assert process.returncode == 2
