"""What is read alike of every vendor's responses: waits, clocks, and bodies that are no answer. Free of I/O."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

LONGEST_RETRY_AFTER_SECONDS = 86_400.0


def server_time(headers: Mapping[str, str]) -> datetime | None:
    """Return the server's clock in UTC, from the header Date; None when it is missing or nonsense."""
    return _http_date(headers.get("Date"))


def retry_after_seconds(headers: Mapping[str, str]) -> float | None:
    """Read the header Retry-After, seconds or an HTTP date; None when it is missing or nonsense.

    A date is compared with the server's own clock. More than a day counts as a day: nobody means it, and a budget
    could not hold it.

    :param headers: of ``requests`` or ``httpx``, which ignore case.
    """
    value = headers.get("Retry-After")
    if value is None:
        return None
    try:
        seconds = float(value)
    except ValueError:
        moment = _http_date(value)
        if moment is None:
            return None
        seconds = (moment - (server_time(headers) or datetime.now(UTC))).total_seconds()
    return min(max(0.0, seconds), LONGEST_RETRY_AFTER_SECONDS) if seconds < float("inf") else None


def what_came(status: int, body: bytes, remedy: str) -> str:
    """Describe a body that is no answer without quoting it.

    :param remedy: what to do where the address may be wrong.
    """
    start = body.lstrip()[:200].lower()
    if 300 <= status < 400:
        return f"a redirect ({status}) instead of an answer; {remedy}"
    if not start:
        return f"empty body, {status}"
    if start.startswith(b"<"):
        page = "HTML page" if b"html" in start else "XML or HTML document"
        return f"{page}, {status}" + (f"; {remedy}" if status < 500 else "")
    if start[:1] in (b"{", b"["):
        return f"truncated or broken JSON ({len(body)} bytes), {status}"
    return f"neither JSON nor HTML ({len(body)} bytes), {status}; {remedy}"


def _http_date(value: str | None) -> datetime | None:
    try:
        moment = parsedate_to_datetime(value or "")
    except (ValueError, OverflowError):
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
