"""Login and tokens: section 1 of what is known about the API."""

import pytest
import requests

from tests.emulators.megaplan_client import LOGIN, PASSWORD, Client

GRANT = {"grant_type": "password", "username": LOGIN, "password": PASSWORD}
ENVELOPE_401 = {"meta": {"status": 401, "errors": [{"field": None, "message": "Unauthorized"}]}, "data": {}}


def token_url(megaplan: Client) -> str:
    return f"{megaplan.url}/api/v3/auth/access_token"


@pytest.mark.parametrize(
    "body",
    [
        pytest.param({"data": GRANT}, id="form"),
        pytest.param({"files": {name: (None, value) for name, value in GRANT.items()}}, id="multipart"),
        pytest.param({"json": GRANT}, id="json"),
    ],
)
def test_a_token_is_given_for_any_body_encoding(megaplan: Client, body: dict[str, object]) -> None:
    answer = requests.post(token_url(megaplan), timeout=10, **body)  # type: ignore[arg-type]
    assert answer.status_code == 200
    assert set(answer.json()) == {"access_token", "expires_in", "token_type", "scope", "refresh_token"}


def test_the_token_answer_has_no_envelope(megaplan: Client) -> None:
    answer = megaplan.login().json()
    assert (answer["expires_in"], answer["token_type"], answer["scope"]) == (172800, "bearer", None)


def test_json_login_can_be_switched_off(megaplan: Client) -> None:
    megaplan.control("knobs", {"accept_json_token": False})
    assert requests.post(token_url(megaplan), json=GRANT, timeout=10).status_code == 400


def test_wrong_password_is_400_in_oauth_shape(megaplan: Client) -> None:
    answer = megaplan.login(password="wrong")
    assert answer.status_code == 400
    assert answer.json() == {
        "error": "invalid_grant",
        "error_description": "Invalid username and password combination",
    }


def test_an_unknown_grant_type_is_refused(megaplan: Client) -> None:
    answer = megaplan.login(grant_type="client_credentials")
    assert (answer.status_code, answer.json()["error"]) == (400, "unsupported_grant_type")


def test_a_missing_grant_type_is_an_invalid_request(megaplan: Client) -> None:
    answer = requests.post(token_url(megaplan), data={"username": LOGIN}, timeout=10)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


def refresh(megaplan: Client, token: str) -> requests.Response:
    grant = {"grant_type": "refresh_token", "refresh_token": token}
    return requests.post(token_url(megaplan), data=grant, timeout=10)


def test_a_refresh_gives_a_new_pair(megaplan: Client) -> None:
    answer = refresh(megaplan, megaplan.tokens["refresh_token"])
    assert answer.status_code == 200
    assert answer.json()["refresh_token"] != megaplan.tokens["refresh_token"]
    assert answer.json()["access_token"] != megaplan.tokens["access_token"]


def test_a_used_refresh_token_gives_its_successor_for_a_while(megaplan: Client) -> None:
    first = refresh(megaplan, megaplan.tokens["refresh_token"]).json()
    assert refresh(megaplan, megaplan.tokens["refresh_token"]).json() == first


def test_a_used_refresh_token_dies_after_the_leeway(megaplan: Client) -> None:
    refresh(megaplan, megaplan.tokens["refresh_token"])
    megaplan.mutate(op="advance_clock", seconds=61)
    answer = refresh(megaplan, megaplan.tokens["refresh_token"])
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")


def test_a_token_dies_after_its_lifetime(megaplan: Client) -> None:
    megaplan.control("knobs", {"token_ttl_s": 60})
    megaplan.tokens = megaplan.login().json()
    assert megaplan.get("/currentUser").status_code == 200
    megaplan.mutate(op="advance_clock", seconds=61)
    assert megaplan.get("/currentUser").json() == ENVELOPE_401


@pytest.mark.parametrize(
    "headers", [{}, {"Authorization": "Bearer unknown"}, {"Authorization": "Basic eDp5"}]
)
def test_without_a_good_token_the_answer_is_a_401_envelope(megaplan: Client, headers: dict[str, str]) -> None:
    answer = megaplan.request("GET", "/deal", headers=headers)
    assert (answer.status_code, answer.json()) == (401, ENVELOPE_401)


def test_the_token_may_be_inside_the_query(megaplan: Client) -> None:
    args = {"access_token": megaplan.tokens["access_token"], "limit": 1}
    answer = megaplan.request("GET", "/deal", args, headers={})
    assert (answer.status_code, len(answer.json()["data"])) == (200, 1)


def test_an_application_token_opens_the_api(megaplan: Client) -> None:
    headers = {"Authorization": "Bearer demo-app-token"}
    assert megaplan.request("GET", "/currentUser", headers=headers).json()["data"]["id"] == "1000000"


def test_an_application_acts_for_the_employee_it_names(megaplan: Client) -> None:
    headers = {"Authorization": "Bearer demo-app-token", "X-User-Id": "1000004"}
    assert megaplan.request("GET", "/currentUser", headers=headers).json()["data"]["id"] == "1000004"


def test_a_user_token_cannot_act_for_others(megaplan: Client) -> None:
    headers = {"Authorization": f"Bearer {megaplan.tokens['access_token']}", "X-User-Id": "1000004"}
    assert megaplan.request("GET", "/currentUser", headers=headers).json()["data"]["id"] == "1000000"


def test_all_tokens_can_be_expired_at_once(megaplan: Client) -> None:
    megaplan.control("faults", [{"kind": "401", "nth": 1, "expire_tokens": True}])
    assert megaplan.get("/deal").status_code == 401
    assert megaplan.get("/deal").status_code == 401
    megaplan.tokens = megaplan.login().json()
    assert megaplan.get("/deal").status_code == 200
