"""Answers, good and bad."""

from __future__ import annotations

import json
from typing import Any

import pytest

from megaplan_hook.envelope import Pagination, parse_answer
from megaplan_hook.exceptions import (
    MegaplanAPIError,
    MegaplanForbiddenError,
    MegaplanNotFoundError,
    MegaplanRateLimitError,
    MegaplanServerError,
    MegaplanTransportError,
    MegaplanValidationError,
)
from megaplan_hook.token_grant import refuses_token
from tests.unit.megaplan_hook.fake_server import recorded


def body(document: Any) -> bytes:
    return json.dumps(document).encode()


@pytest.mark.parametrize(
    ("pagination", "expected"),
    [
        ([], None),
        (None, None),
        ({"count": 2, "limit": 100}, Pagination(2, 100, None)),
        ({"count": "2", "limit": "100", "hasMoreNext": False}, Pagination(2, 100, False)),
        ({"hasMoreNext": True, "limit": None}, Pagination(None, None, True)),
        ({"limit": "many", "hasMoreNext": "yes"}, Pagination(None, None, None)),
    ],
)
def test_pagination(pagination: Any, expected: Pagination | None) -> None:
    answer = parse_answer(200, body({"meta": {"status": 200, "pagination": pagination}, "data": []}), "/deal")
    assert answer.pagination == expected


@pytest.mark.parametrize("number", ['"²"', '"٤٠٤"', f'"{"9" * 5000}"', "9" * 400, "1e999", "[404]", "true"])
def test_a_number_that_is_none_is_as_good_as_missing(number: str) -> None:
    """A superscript two is a digit to ``str.isdigit``, not to ``int``; and ``int`` refuses thousands of digits."""
    content = f'{{"meta": {{"status": {number}, "pagination": {{"limit": {number}, "x": 401}}}}, "data": []}}'
    answer = parse_answer(200, content.encode(), "/deal")
    assert (answer.status, answer.pagination) == (200, Pagination())
    assert not refuses_token(200, content.encode())


@pytest.mark.parametrize("name", ["errors", "error"])
def test_both_keys_of_errors_are_read_and_the_trace_is_left_out(name: str) -> None:
    document = recorded("validation_with_trace.json")
    document["meta"][name] = document["meta"].pop("errors")
    answer = parse_answer(422, body(document), "/deal")
    assert answer.errors == [
        {"field": "program", "message": "Поле обязательно", "type": "ValidationException"}
    ]
    with pytest.raises(MegaplanValidationError) as caught:
        answer.raise_for_status("/deal")
    assert "TRACE" not in str(caught.value) + repr(caught.value)
    assert "program: Поле обязательно" in str(caught.value)


@pytest.mark.parametrize("data", [[], {}, None], ids=["list", "object", "null"])
def test_empty_data_of_void_operations(data: Any) -> None:
    assert parse_answer(200, body({"meta": {"status": 200}, "data": data}), "/deal/1").data == data
    assert parse_answer(200, body({"meta": {"status": 200}}), "/deal/1").data is None
    assert parse_answer(204, b"", "/deal/1").data is None


@pytest.mark.parametrize(
    ("status", "error", "retryable"),
    [
        (400, MegaplanAPIError, False),
        (403, MegaplanForbiddenError, False),
        (404, MegaplanNotFoundError, False),
        (405, MegaplanAPIError, False),
        (422, MegaplanValidationError, False),
        (429, MegaplanRateLimitError, True),
        (500, MegaplanServerError, True),
        (503, MegaplanServerError, True),
    ],
)
@pytest.mark.parametrize("http_says_200", [False, True], ids=["HTTP status", "only meta.status"])
def test_a_status_becomes_its_error(
    status: int, error: type[MegaplanAPIError], retryable: bool, http_says_200: bool
) -> None:
    document = {"meta": {"status": status, "errors": []}, "data": {}}
    answer = parse_answer(200 if http_says_200 else status, body(document), "/deal")
    with pytest.raises(MegaplanAPIError) as caught:
        answer.raise_for_status("/deal", 7)
    assert type(caught.value) is error
    assert (caught.value.status, caught.value.path, caught.value.retry_after) == (status, "/deal", 7)
    assert caught.value.retryable is retryable


@pytest.mark.parametrize("status", [401, 429, 500, 502, 503])
def test_an_empty_body_is_usual_with_these(status: int) -> None:
    assert parse_answer(status, b" ", "/deal").status == status


@pytest.mark.parametrize(
    ("status", "content", "words"),
    [
        (502, b"<html><h1>Bad Gateway</h1></html>", "HTML page, 502"),
        (404, b"<!DOCTYPE html><title>nginx</title>", "HTML page, 404; check Host"),
        (200, b"\n<!doctype HTML>", "HTML page, 200; check Host"),
        (200, b"", "empty body, 200"),
        (404, b"", "empty body, 404"),
        (200, b'{"meta": {"status": 200}, "data": [{"id": "1', "truncated or broken JSON"),
        (200, b"pong", "neither JSON nor HTML"),
        (200, b'{"ok": true}', "not a Megaplan answer"),
        (200, b"[]", "not a Megaplan answer"),
        (302, b"", "redirect"),
    ],
)
def test_what_is_no_answer(status: int, content: bytes, words: str) -> None:
    with pytest.raises(MegaplanTransportError, match=words) as caught:
        parse_answer(status, content, "/deal")
    assert caught.value.status == status
    assert caught.value.retryable


def test_lone_surrogates_and_broken_utf8_do_not_lose_a_page() -> None:
    content = b'{"meta": {"status": 200}, "data": [{"name": "a\\ud83d", "text": "\xff"}]}'
    assert parse_answer(200, content, "/deal").data == [{"name": "a?", "text": "\ufffd"}]


def test_long_errors_are_cut() -> None:
    errors = [{"field": "f" * 500, "message": "м" * 10_000, "trace": "x" * 1_000_000}] * 10
    answer = parse_answer(422, body({"meta": {"status": 422, "errors": errors}}), "/deal")
    with pytest.raises(MegaplanValidationError) as caught:
        answer.raise_for_status("/deal")
    assert len(str(caught.value)) <= 500
