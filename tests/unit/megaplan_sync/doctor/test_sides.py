"""A failing check hides no other findings, a common cause is one finding, and a silent side ends at its deadline."""

import threading
from collections.abc import Iterator

from megaplan_hook.exceptions import MegaplanForbiddenError, MegaplanTransportError
from megaplan_sync.doctor.finding import Finding, ok
from megaplan_sync.doctor.sides import Side, run_together


def works() -> Iterator[Finding]:
    yield ok("first", "works")


def is_forbidden() -> Iterator[Finding]:
    raise MegaplanForbiddenError(403, "/deal")
    yield


def is_unreachable() -> Iterator[Finding]:
    yield ok("before", "works")
    raise MegaplanTransportError("no connection")


def is_our_mistake() -> Iterator[Finding]:
    yield ok("before", "works")
    raise KeyError("secret of the account")


def levels(findings: list[Finding]) -> list[tuple[str, str]]:
    return [(finding.level, finding.topic) for finding in findings]


def test_a_refusal_ends_its_check_only() -> None:
    found = run_together([Side("Megaplan", [is_forbidden, works])], 60)
    assert levels(found) == [("error", "rights"), ("ok", "first")]


def test_nothing_more_is_asked_of_a_side_that_cannot_be_reached() -> None:
    found = run_together([Side("Megaplan", [is_unreachable, works]), Side("UIS", [works])], 60)
    assert levels(found) == [("ok", "before"), ("error", "Megaplan"), ("ok", "first")]


def test_a_side_that_does_not_end_is_left_to_itself() -> None:
    is_over = threading.Event()

    def is_stuck() -> Iterator[Finding]:
        yield ok("before", "works")
        is_over.wait(60)

    found = run_together([Side("UIS", [is_stuck]), Side("gateway", [works])], 0.2)
    is_over.set()
    assert levels(found) == [("ok", "before"), ("error", "UIS"), ("ok", "first")]
    assert "0 s" in found[1].message


def test_a_mistake_of_a_check_is_reported_and_hides_no_other() -> None:
    found = run_together([Side("UIS", [is_our_mistake, works])], 60)
    assert levels(found) == [("ok", "before"), ("error", "UIS"), ("ok", "first")]
    assert "KeyError" in found[1].message
    assert "secret" not in found[1].message
