"""Envelopes, and errors by mnemonic."""

from __future__ import annotations

import json
import pickle
from typing import Any

import pytest

from uis_hook import exceptions
from uis_hook.api_errors import api_error
from uis_hook.call_control import with_external_id
from uis_hook.exceptions import (
    UisAPIError,
    UisLimitExceededError,
    UisServerError,
    UisTransportError,
    UisValidationError,
)
from uis_hook.jsonrpc import (
    Answer,
    Request,
    encode_request,
    number_called,
    one_object,
    parse_answer,
    rows,
    success,
)
from uis_hook.limits import Limits, LimitWindow, parse_limits

EMPLOYEES = Request("get.employees", {"limit": 5})


def answered(document: Any, status: int = 200, request_id: str = "r-1", **more: Any) -> Answer:
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    return parse_answer(status, body, EMPLOYEES, request_id, **more)


def refusal(mnemonic: str, code: int = -32602, message: str = "no", **data: Any) -> UisAPIError:
    error = {"code": code, "message": message, "data": {"mnemonic": mnemonic, **data}}
    with pytest.raises(UisAPIError) as caught:
        answered({"jsonrpc": "2.0", "id": "r-1", "error": error})
    return caught.value


def test_the_token_travels_in_params() -> None:
    assert json.loads(encode_request(EMPLOYEES, "r-1", "tok", 77)) == {
        "jsonrpc": "2.0",
        "id": "r-1",
        "method": "get.employees",
        "params": {"access_token": "tok", "user_id": 77, "limit": 5},
    }


def test_a_login_carries_no_token_and_no_client() -> None:
    assert json.loads(encode_request(Request("login.user"), "r-1", None, 77))["params"] == {}


def test_a_list() -> None:
    answer = answered(
        {
            "jsonrpc": "2.0",
            "id": "r-1",
            "result": {
                "data": [{"id": 501}],
                "metadata": {"total_items": 7, "limits": {"day_limit": 3000, "day_remaining": 2991}},
            },
        }
    )
    assert rows(answer) == [{"id": 501}]
    assert answer.total_items == 7
    assert answer.limits == Limits(day=LimitWindow(3000, 2991, None))


@pytest.mark.parametrize(
    "number", [b'"\xc2\xb2"', b"9" * 400, b"Infinity", b"NaN", b'"' + b"9" * 5000 + b'"']
)
def test_a_number_that_is_none_is_as_good_as_missing(number: bytes) -> None:
    """int() and float() raise for some of them: the answer to a whole page was lost."""
    answer = answered(
        b'{"id": "r-1", "result": {"data": {"count": %s}, "metadata": {"limits": {"day_limit": %s}}}}'
        % (number, number)
    )
    assert answer.limits is None
    with pytest.raises(UisTransportError, match="no count"):
        number_called("count")(answer)
    assert with_external_id([{"external_id": "e", "call_session_id": answer.data["count"]}], "e") is None


def test_a_success_without_metadata() -> None:
    answer = answered({"id": "r-1", "result": {"data": {"call_session_id": 700100300}}})
    assert (one_object(answer), answer.limits) == ({"call_session_id": 700100300}, None)


def test_an_answer_to_another_request_is_refused() -> None:
    with pytest.raises(UisTransportError, match="another request"):
        answered({"id": "r-2", "result": {"data": []}})


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ([{"a": 1}], [{"a": 1}]),
        ({"a": 1}, [{"a": 1}]),  # so get.deals is documented
        ([], []),
        ({}, []),
        ([{"a": 1}, None, [], {"a": 2}], [{"a": 1}, {}, {}, {"a": 2}]),
    ],
)
def test_rows(data: Any, expected: Any) -> None:
    assert rows(Answer(data, "get.deals")) == expected


@pytest.mark.parametrize("data", [None, "x", [1], [[]]])
def test_what_is_no_list_is_refused(data: Any) -> None:
    with pytest.raises(UisTransportError, match=r"get\.deals"):
        rows(Answer(data, "get.deals"))


@pytest.mark.parametrize("data", [{"app_id": 1}, [{"app_id": 1}]], ids=["object", "list of one"])
def test_get_account_comes_in_two_shapes(data: Any) -> None:
    assert one_object(Answer(data, "get.account")) == {"app_id": 1}


@pytest.mark.parametrize(
    ("told", "is_success"), [("true", True), (True, True), ("false", False), (None, False)]
)
def test_success_is_a_string(told: Any, is_success: bool) -> None:
    answer = Answer({"success": told}, "release.call")
    if is_success:
        success(answer)
    else:
        with pytest.raises(UisTransportError, match="success"):
            success(answer)


@pytest.mark.parametrize(
    ("mnemonic", "code", "kind", "remedy"),
    [
        ("access_token_invalid", -32001, "UisTokenError", "brand"),
        ("access_token_expired", -32001, "UisTokenError", "new key"),
        ("access_token_blocked", -32001, "UisTokenError", "unblock"),
        ("auth_error", -32001, "UisLoginError", "Login and Password"),
        ("ip_not_whitelisted", -32003, "UisAddressNotAllowedError", "address"),
        ("forbidden", -32003, "UisForbiddenError", "right"),
        ("method_component_disabled", -32008, "UisComponentDisabledError", "component"),
        ("component_disabled", -32008, "UisComponentDisabledError", "component"),
        ("tariff_restrictions", -32602, "UisComponentDisabledError", "tariff"),
        ("account_inactive", -32009, "UisAccountInactiveError", "activate"),
        ("limit_exceeded", -32029, "UisLimitExceededError", ""),
        ("required_parameter_missed", -32602, "UisMissingParameterError", ""),
        ("invalid_parameter_value", -32602, "UisValidationError", ""),
        ("date_interval_limit_reached", -32602, "UisValidationError", "three months"),
        ("entity_not_found", -32602, "UisNotFoundError", ""),
        ("virtual_phone_number_not_found", -32007, "UisNotFoundError", "virtual_phone_number"),
        ("duplicate_entity", -32602, "UisDuplicateError", ""),
        ("sort_prohibited", -32602, "UisSortProhibitedError", ""),
        ("contact_in_blacklist", -32002, "UisCallRefusedError", "blacklist"),
        ("contact_in_blacklist", -32602, "UisCallRefusedError", "blacklist"),
        ("call_session_not_found", -32602, "UisCallStateError", "over"),
        ("invalid_state", -32004, "UisCallStateError", ""),
        ("internal_error", -32603, "UisServerError", ""),
        ("parse_error", -32700, "UisProtocolError", ""),
        ("batch_opreations_not_supported", -32099, "UisProtocolError", ""),
        # unknown words are told apart by their code
        ("something_new", -32602, "UisValidationError", ""),
        ("something_new", -32003, "UisForbiddenError", ""),
        ("something_new", -1, "UisAPIError", ""),
    ],
)
def test_the_mnemonic_chooses_the_class(mnemonic: str, code: int, kind: str, remedy: str) -> None:
    error = refusal(mnemonic, code)
    assert type(error) is getattr(exceptions, kind)
    assert (error.mnemonic, error.code, error.method) == (mnemonic, code, "get.employees")
    assert remedy in str(error)
    assert mnemonic in str(error)


def test_a_validation_error_names_the_field_and_not_the_value() -> None:
    error = refusal(
        "invalid_parameter_value",
        message="Invalid parameter value",
        field="employee.phone_number",
        value="79161112233",
        params={},
    )
    assert isinstance(error, UisValidationError)
    assert error.field == "employee.phone_number"
    assert "'employee.phone_number'" in str(error)
    assert "79161112233" not in str(error)
    assert "79161112233" not in repr(error.args)


@pytest.mark.parametrize(
    ("message", "data", "period", "retry_after"),
    [
        # UIS's own sentence, resets in the metadata
        (
            "Limit per minute has been exceeded. Value of current limit per minute is 60",
            {"metadata": {"limits": {"minute_remaining": 0, "minute_reset": 41, "day_reset": 9000}}},
            "minute",
            41,
        ),
        (
            "Limit per day has been exceeded. Value of current limit per day is 3000",
            {"metadata": {"limits": {"minute_reset": 41, "day_remaining": 0, "day_reset": 9000}}},
            "day",
            9000,
        ),
        ("", {"params": {"limit_type": "hour"}, "metadata": {"limits": {"hour_reset": 7}}}, "hour", 7),
        # nothing says which: the one without points
        ("", {"metadata": {"limits": {"minute_remaining": 0, "minute_reset": 3}}}, None, 3),
        ("", {}, None, None),
    ],
)
def test_a_limit_says_when_new_points_come(
    message: str, data: dict[str, Any], period: str | None, retry_after: float | None
) -> None:
    error = refusal("limit_exceeded", -32029, message, **data)
    assert isinstance(error, UisLimitExceededError)
    assert (error.period, error.retry_after) == (period, retry_after)
    assert error.retryable
    assert not error.maybe_accepted
    assert retry_after is None or f"{retry_after} s" in str(error)


@pytest.mark.parametrize("status", [200, 400, 500])
def test_the_body_goes_before_the_http_status(status: int) -> None:
    error = {"code": -32003, "message": "no", "data": {"mnemonic": "ip_not_whitelisted"}}
    with pytest.raises(exceptions.UisAddressNotAllowedError):
        answered({"error": error}, status)


def test_http_statuses_without_a_body_of_uis() -> None:
    with pytest.raises(UisServerError, match="HTTP 502"):
        answered(b"<html>Bad Gateway</html>", 502)
    with pytest.raises(UisLimitExceededError) as caught:
        answered(b"", 429, retry_after=12.0)
    assert caught.value.retry_after == 12


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (200, b"", "empty body"),
        (200, b"<html>Log in</html>", "HTML page, 200; check brand"),
        (404, b"<!doctype html>", "HTML page, 404"),
        (200, b'{"jsonrpc": "2.0", "res', "truncated or broken JSON (23 bytes)"),
        (200, b'{"a": 1}', "without 'result' and 'error'"),
        (200, b"[]", "without 'result'"),
        (200, b"pong", "neither JSON nor HTML"),
        (302, b"", "a redirect (302)"),
        (403, b'{"result": {"data": []}, "id": "r-1"}', "403"),
    ],
)
def test_what_is_no_answer_is_described_and_not_quoted(status: int, body: bytes, words: str) -> None:
    with pytest.raises(UisTransportError) as caught:
        answered(body, status)
    assert words in str(caught.value)
    assert caught.value.maybe_accepted


def test_errors_survive_pickling() -> None:
    error = refusal("limit_exceeded", -32029, "Limit per day", metadata={"limits": {"day_reset": 5}})
    error.connection_id = "uis_x"
    copy = pickle.loads(pickle.dumps(error))
    assert str(copy) == str(error)
    assert copy.retry_after == 5
    transport = UisTransportError("no", 500, False)
    assert pickle.loads(pickle.dumps(transport)).maybe_accepted is False


def test_a_message_is_one_short_line_and_names_the_connection() -> None:
    error = api_error("get.x", {"message": "a\nb" * 900, "data": {"mnemonic": "error"}})
    error.connection_id = "uis_second"
    assert len(str(error)) <= 500
    assert "\n" not in str(error)
    assert str(error).startswith("Connection 'uis_second'")


@pytest.mark.parametrize("value", [None, {}, [], {"api_version": "v1"}, {"day_limit": "many"}])
def test_no_limits(value: Any) -> None:
    assert parse_limits(value) is None


def test_hourly_limits() -> None:
    limits = parse_limits({"hour_limit": 4000, "hour_remaining": 0, "hour_reset": 1800})
    assert limits == Limits(hour=LimitWindow(4000, 0, 1800))
    assert limits.exhausted() == ("hour", 1800)


def test_the_longest_wait_counts() -> None:
    limits = Limits(minute=LimitWindow(60, 0, 41), day=LimitWindow(3000, 4, 9000))
    assert limits.exhausted(1) == ("minute", 41)
    assert limits.exhausted(5) == ("day", 9000)
    assert Limits(day=LimitWindow(3000, 0, None)).exhausted() == ("day", 86400)
    assert Limits(day=LimitWindow(None, None, 5)).exhausted() is None
