"""Logging in, through the hook, over real HTTP."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import parse_qs

import pytest

from megaplan_hook import auth
from megaplan_hook.auth import MegaplanAuth
from megaplan_hook.exceptions import (
    MegaplanAuthError,
    MegaplanRateLimitError,
    MegaplanServerError,
    MegaplanSettingError,
    MegaplanTransportError,
)
from megaplan_hook.hook import MegaplanHook
from megaplan_hook.token_grant import RefusedGrantError, Token, parse_token_answer
from tests.unit.megaplan_hook.fake_server import FakeMegaplan, Reply, Request, recorded

MakeHook = Callable[..., MegaplanHook]
UNAUTHORIZED = recorded("unauthorized.json")
REFUSED = Reply(recorded("token_invalid_grant.json"), 400)


def only(megaplan: FakeMegaplan, *good_tokens: str, refusal: Reply | None = None) -> None:
    """Let Megaplan honour only these access tokens."""
    refusal = refusal or Reply(UNAUTHORIZED, 401)

    def answer(request: Request) -> Reply:
        if request.headers.get("Authorization") in [f"Bearer {token}" for token in good_tokens]:
            return Reply(recorded("current_user.json"))
        return refusal

    megaplan.answer = answer


def grants(megaplan: FakeMegaplan) -> list[dict[str, str]]:
    return [
        {name: values[0] for name, values in parse_qs(request.body.decode()).items()}
        for request in megaplan.token_requests()
    ]


def test_airflow_masks_the_first_tokens_and_is_not_told_of_all(
    make_hook: MakeHook, megaplan: FakeMegaplan, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Airflow compiles all masks anew for each: a thousand accounts took longer to mask than to read."""
    masked: list[str] = []
    monkeypatch.setattr(auth, "mask_secret", masked.append)
    monkeypatch.setattr(auth, "_told", auth._MOST_TOLD - 3)
    only(megaplan, *(f"secret-access-{number}" for number in range(1, 9)))
    for _ in range(3):
        make_hook().current_user()
    assert len([secret for secret in masked if secret.startswith("secret-a")]) == 2
    assert auth._told == auth._MOST_TOLD


def test_a_task_logs_in_once(hook: MegaplanHook, megaplan: FakeMegaplan) -> None:
    only(megaplan, "secret-access-1")
    assert [hook.current_user()["id"] for _ in range(3)] == ["1000004"] * 3
    assert grants(megaplan) == [
        {"grant_type": "password", "username": "robot@example.org", "password": "secret-password"}
    ]
    assert hook.requests_sent == 4


@pytest.mark.parametrize(
    "refusal",
    [Reply(UNAUTHORIZED, 401), Reply(UNAUTHORIZED, 200), Reply(b"", 401)],
    ids=["HTTP 401", "HTTP 200 with meta.status 401", "empty 401"],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_refused_token_is_refreshed_and_the_request_replayed_once(
    hook: MegaplanHook, megaplan: FakeMegaplan, refusal: Reply, method: str
) -> None:
    only(megaplan, "secret-access-2", refusal=refusal)
    answer = hook.request(method, "/deal/77", body={"name": "x"} if method == "POST" else None)
    assert answer.data["id"] == "1000004"
    assert [grant["grant_type"] for grant in grants(megaplan)] == ["password", "refresh_token"]
    assert grants(megaplan)[1]["refresh_token"] == "secret-refresh-1"
    first, second = megaplan.asked()
    assert first.body == second.body
    assert (hook.requests_sent, hook.budget.acquired) == (4, 4)  # type: ignore[attr-defined]


def test_the_refresh_token_rotates(hook: MegaplanHook, megaplan: FakeMegaplan) -> None:
    for number in (2, 3, 4):
        only(megaplan, f"secret-access-{number}")
        hook.current_user()
    assert [grant.get("refresh_token") for grant in grants(megaplan)] == [
        None,
        "secret-refresh-1",
        "secret-refresh-2",
        "secret-refresh-3",
    ]


def test_a_dead_refresh_token_falls_back_to_the_password(hook: MegaplanHook, megaplan: FakeMegaplan) -> None:
    def token_answer(request: Request) -> Reply:
        return REFUSED if b"grant_type=refresh_token" in request.body else megaplan.next_token(request)

    megaplan.token_answer = token_answer
    only(megaplan, "secret-access-2")
    assert hook.current_user()
    assert [grant["grant_type"] for grant in grants(megaplan)] == ["password", "refresh_token", "password"]


def test_a_second_refusal_is_fatal(hook: MegaplanHook, megaplan: FakeMegaplan) -> None:
    only(megaplan)
    with pytest.raises(MegaplanAuthError, match="even a new token"):
        hook.current_user()
    assert len(megaplan.asked()) == 2


def test_wrong_credentials_name_the_fields(hook: MegaplanHook, megaplan: FakeMegaplan) -> None:
    megaplan.token_answer = lambda request: REFUSED
    with pytest.raises(
        MegaplanAuthError, match=r"'megaplan_test': invalid_grant.*; check Login \(e-mail\) and Password"
    ) as caught:
        hook.current_user()
    assert not caught.value.retryable
    assert len(megaplan.requests) == 1


@pytest.mark.parametrize("status", [200, 400, 401, 403, 422])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"], ids=["plain", "byte order mark"])
@pytest.mark.parametrize(
    "content_type", [None, "text/html", "Application/JSON;Charset=UTF-8", "json; charset=x"]
)
def test_a_refused_login_is_told_in_megaplans_words_after_one_try(
    hook: MegaplanHook, megaplan: FakeMegaplan, status: int, mark: bytes, content_type: str | None
) -> None:
    """It was told as "check Host" after six tries, and the run's other requests tried again."""
    document = {"error": "two_factor_required", "error_description": "Code was sent to robot@example.org"}
    headers = {} if content_type is None else {"Content-Type": content_type}
    megaplan.token_answer = lambda request: Reply(mark + json.dumps(document).encode(), status, headers)
    for _ in range(2):
        with pytest.raises(MegaplanAuthError) as caught:
            hook.current_user()
        told = str(caught.value)
        assert "two_factor_required: Code was sent" in told
        assert "Login (e-mail) and Password" in told
        assert "application_token" in told
        assert "robot@example.org" not in told
    assert len(megaplan.requests) == 1


def test_megaplans_words_do_not_repeat_the_password(hook: MegaplanHook, megaplan: FakeMegaplan) -> None:
    document = {"error": "invalid_grant", "error_description": "no user with secret-password"}
    megaplan.token_answer = lambda request: Reply(document, 400)
    with pytest.raises(MegaplanAuthError, match=r"no user with \*\*\*"):
        hook.current_user()


@pytest.mark.parametrize("content_type", [None, "text/plain", 'APPLICATION/json ; charset="utf-8"', "x"])
def test_answers_are_read_whatever_their_content_type_and_mark(
    hook: MegaplanHook, megaplan: FakeMegaplan, content_type: str | None
) -> None:
    headers = {} if content_type is None else {"Content-Type": content_type}

    def marked(document: object) -> Reply:
        return Reply(b"\xef\xbb\xbf" + json.dumps(document).encode(), 200, headers)

    megaplan.token_answer = lambda request: marked(megaplan.next_token(request).body)
    megaplan.in_turn(marked(UNAUTHORIZED), marked(recorded("current_user.json")))
    assert hook.current_user()["id"] == "1000004"
    assert [grant["grant_type"] for grant in grants(megaplan)] == ["password", "refresh_token"]


@pytest.mark.parametrize(
    ("quirk", "content_type"),
    [
        ("form", "application/x-www-form-urlencoded"),
        ("json", "application/json"),
        ("multipart", "multipart/form-data"),
    ],
)
def test_the_token_request_is_encoded_as_the_quirk_says(
    make_hook: MakeHook, megaplan: FakeMegaplan, quirk: str, content_type: str
) -> None:
    only(megaplan, "secret-access-1")
    make_hook({"vendor_quirks": {"token_body": quirk}}).current_user()
    (request,) = megaplan.token_requests()
    assert request.headers["Content-Type"].startswith(content_type)
    assert b"robot@example.org" in request.body or b"robot%40example.org" in request.body
    assert "Authorization" not in request.headers


def test_a_failing_token_endpoint_is_tried_again_but_its_tries_are_not_multiplied(
    hook: MegaplanHook, megaplan: FakeMegaplan, sleeps: list[float]
) -> None:
    megaplan.token_answer = lambda request: Reply(b"<html>", 502)
    with pytest.raises(MegaplanTransportError, match="502"):
        hook.current_user()
    assert len(megaplan.token_requests()) == 6
    assert len(sleeps) == 5


def test_an_application_token_is_sent_as_it_is(make_hook: MakeHook, megaplan: FakeMegaplan) -> None:
    only(megaplan, "secret-application")
    extra = {"application_token": "secret-application", "vendor_quirks": {"x_user_id": "1000004"}}
    hook = make_hook(extra, login=None, password=None)
    assert hook.current_user()
    (request,) = megaplan.requests
    assert request.headers["X-User-Id"] == "1000004"
    only(megaplan)
    with pytest.raises(MegaplanAuthError, match="application_token"):
        hook.current_user()


@pytest.mark.parametrize(
    ("login", "password", "field"),
    [(None, None, "login"), ("robot@example.org", None, "password"), (None, "secret-password", "login")],
)
def test_missing_credentials_name_the_field(
    make_hook: MakeHook, login: str | None, password: str | None, field: str
) -> None:
    with pytest.raises(MegaplanSettingError) as caught:
        make_hook(login=login, password=password).current_user()
    assert caught.value.field == field


def test_threads_share_one_renewal(hook: MegaplanHook, megaplan: FakeMegaplan) -> None:
    only(megaplan, "secret-access-1")
    hook.current_user()
    only(megaplan, "secret-access-2")
    with ThreadPoolExecutor(8) as pool:
        users = list(pool.map(lambda _: hook.current_user()["id"], range(24)))
    assert users == ["1000004"] * 24
    assert len(megaplan.token_requests()) == 2


@pytest.mark.parametrize(
    ("expires_in", "seconds", "renewals"),
    [(172800, 172000, 0), (172800, 172741, 1), (10, 4, 0), (10, 6, 1), (None, 10**9, 0)],
)
def test_a_token_is_renewed_shortly_before_its_announced_end(
    expires_in: float | None, seconds: float, renewals: int
) -> None:
    now = 0.0
    sent: list[str] = []

    def fetch(grant: object) -> Token:
        sent.append(str(grant))
        return Token(f"access-{len(sent)}", f"refresh-{len(sent)}", expires_in)

    auth = MegaplanAuth("megaplan_x", "robot@example.org", "secret-password", fetch, clock=lambda: now)
    auth.access_token()
    now = seconds
    auth.access_token()
    assert len(sent) == 1 + renewals


@pytest.mark.parametrize(
    ("status", "document", "error", "words"),
    [
        (400, {"error": "invalid_grant"}, RefusedGrantError, "invalid_grant"),
        (400, {"error": "unsupported_grant_type"}, RefusedGrantError, "unsupported_grant_type"),
        (401, UNAUTHORIZED, RefusedGrantError, "Unauthorized"),
        (200, {"token": "x"}, RefusedGrantError, "200 without a token or a reason"),
        (200, {"error": "two_factor_required"}, RefusedGrantError, "two_factor_required"),
        (200, {"error": "access_denied", "access_token": None}, RefusedGrantError, "access_denied"),
        (
            400,
            {"error": {"code": "locked", "message": "User is locked"}},
            RefusedGrantError,
            "User is locked",
        ),
        (
            403,
            {"error": "access_denied", "error_description": "Blocked"},
            RefusedGrantError,
            "access_denied: Bl",
        ),
        (422, {"message": "Captcha required"}, RefusedGrantError, "Captcha required"),
        (400, {"error": 7}, RefusedGrantError, "400 without a token"),
        (403, {"meta": {"status": 403, "errors": [{"message": "No API"}]}}, RefusedGrantError, "No API"),
        (200, {"meta": {"status": 400, "errors": []}}, RefusedGrantError, "400 without a token or a reason"),
        (429, {"error": "slow_down"}, MegaplanRateLimitError, "slow_down"),
        (503, {"error": "temporarily_unavailable"}, MegaplanServerError, "temporarily_unavailable"),
        (429, {"meta": {"status": 429, "errors": []}}, MegaplanRateLimitError, "429"),
        (200, {"meta": {"status": 200}, "data": {}}, RefusedGrantError, "200 without a token"),
        (
            200,
            {"meta": {"status": 200}, "data": {"error": "otp_required"}},
            RefusedGrantError,
            "otp_required",
        ),
        (200, {"errors": [{"message": "Code was sent"}]}, RefusedGrantError, "Code was sent"),
        (200, ["two_factor_required"], RefusedGrantError, "two_factor_required"),
        (200, {"access_token": {"a": 1}}, RefusedGrantError, "200 without a token"),
    ],
)
def test_token_answers_that_are_none(
    status: int, document: object, error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        parse_token_answer(status, json.dumps(document).encode())


@pytest.mark.parametrize("seconds", ["9" * 400, "Infinity", '"soon"', "-1"])
def test_a_token_whose_end_is_no_number_is_used_until_it_is_refused(seconds: str) -> None:
    body = f'{{"data": {{"access_token": "a", "expires_in": {seconds}}}}}'
    assert parse_token_answer(200, body.encode()) == Token("a", None, None)


def test_tokens_are_not_shown() -> None:
    token = parse_token_answer(200, json.dumps(recorded("token.json")).encode())
    assert "c2Vj" not in repr(token)
    assert token.expires_in == 172800
