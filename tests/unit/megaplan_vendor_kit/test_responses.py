"""What is read alike of every vendor's responses."""

from __future__ import annotations

from datetime import UTC, datetime

import httpx
import pytest
from requests.structures import CaseInsensitiveDict

from megaplan_vendor_kit.responses import read_json, retry_after_seconds, server_time, what_came

DATE = "Mon, 21 Sep 2026 09:15:00 GMT"


@pytest.mark.parametrize("kind", [CaseInsensitiveDict, httpx.Headers])
@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("7", 7.0),
        ("0.5", 0.5),
        ("-3", None),
        ("0", None),
        ("0.0", None),
        ("-1e300", None),
        ("", None),
        ("Mon, 21 Sep 2026 09:15:30 GMT", 30.0),
        ("Mon, 21 Sep 2026 09:15:00 GMT", None),
        ("Mon, 21 Sep 2026 09:00:00 GMT", None),
        ("Wed, 21 Oct 2015 07:28:00 GMT", None),
        ("soon", None),
        ("inf", None),
        ("nan", None),
        ("1e300", 3_600.0),
        ("99999999999", 3_600.0),
        ("Fri, 01 Jan 99999999999 00:00:00 GMT", None),
        ("Fri, 31 Dec 9999 23:59:59 GMT", 3_600.0),
    ],
)
def test_retry_after(header: str | None, seconds: float | None, kind: type) -> None:
    headers = {"date": DATE} | ({} if header is None else {"retry-after": header})
    assert retry_after_seconds(kind(headers)) == seconds


def test_a_date_without_the_servers_clock_is_compared_with_ours() -> None:
    assert retry_after_seconds({"Retry-After": "Fri, 31 Dec 9999 23:59:59 GMT"}) == 3_600.0


@pytest.mark.parametrize(
    "body",
    [
        b'{"a": "\xd1\x8f"}',
        b'\xef\xbb\xbf{"a": "\xd1\x8f"}',
        b'\xef\xbb\xbf\xef\xbb\xbf \r\n\xef\xbb\xbf{"a": "\xd1\x8f"}',
        '{"a": "я"}'.encode("utf-16"),
        '\ufeff{"a": "я"}'.encode("utf-16-be"),
        '{"a": "я"}'.encode("utf-16-le"),
        '{"a": "я"}'.encode("utf-32"),
    ],
    ids=["plain", "mark", "several marks", "UTF-16", "UTF-16BE", "UTF-16LE without a mark", "UTF-32"],
)
def test_json_is_read_in_any_encoding(body: bytes) -> None:
    assert read_json(body) == {"a": "я"}


@pytest.mark.parametrize("body", [b"", b"\xef\xbb\xbf", b"{", b"<html>", b"[" * 100_000, b"\xff\xfe"])
def test_what_is_no_json_says_so(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"char|deeply"):
        read_json(body)


@pytest.mark.parametrize(
    ("headers", "moment"),
    [
        ({"Date": DATE}, datetime(2026, 9, 21, 9, 15, tzinfo=UTC)),
        ({"Date": "Mon, 21 Sep 2026 12:15:00 +0300"}, datetime(2026, 9, 21, 9, 15, tzinfo=UTC)),
        ({"Date": "today"}, None),
        ({}, None),
    ],
)
def test_the_servers_clock(headers: dict[str, str], moment: datetime | None) -> None:
    assert server_time(headers) == moment


@pytest.mark.parametrize(
    ("status", "body", "told"),
    [
        (302, b"", "a redirect (302) instead of an answer; check Host"),
        (200, b" \n", "empty body, 200"),
        (200, b"<HTML>secret", "HTML page, 200; check Host"),
        (502, b"<html>secret", "HTML page, 502"),
        (404, b"<?xml?>secret", "XML or HTML document, 404; check Host"),
        (200, b'{"secret"', "truncated or broken JSON (9 bytes), 200"),
        (200, b'\xef\xbb\xbf{"secret"', "truncated or broken JSON (12 bytes), 200"),
        (502, b"\xef\xbb\xbf<html>secret", "HTML page, 502"),
        (200, b"secret", "neither JSON nor HTML (6 bytes), 200; check Host"),
    ],
)
def test_a_body_that_is_no_answer_is_described_and_not_quoted(status: int, body: bytes, told: str) -> None:
    assert what_came(status, body, "check Host") == told
