"""A call that UIS does not list has ended, unless it is so new that the list could not contain it."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest

from megaplan_gateway.accounts.account import Account
from megaplan_gateway.popups.lost_hang_ups import LostHangUps
from megaplan_sync.telephony.calls.call import CallEvent
from megaplan_sync.telephony.calls.call_derivation import derive_call

NOW = datetime(2026, 12, 1, 12, tzinfo=UTC)


class ListingUis:
    """A UIS account whose calls in progress are known."""

    def __init__(self, calls: list[int]) -> None:
        self.calls = calls
        self.asked = 0

    async def ask(self, *_: object) -> list[dict[str, Any]]:
        self.asked += 1
        return [{"call_session_id": call} for call in self.calls]


class OneAccount:
    """An account as far as it matters here."""

    name = "acme"

    def __init__(self, uis: ListingUis) -> None:
        self.uis = uis


def has_ended(lost: LostHangUps, account: OneAccount, call: int, began: datetime, now: datetime) -> bool:
    event = CallEvent("acme", call, "call_proceeding", began, {"direction": "in", "employee_id": 501})
    return asyncio.run(lost.has_ended(cast(Account, account), derive_call([event]), now))


def test_a_call_that_began_after_uis_was_asked_is_asked_about_again() -> None:
    lost, uis = LostHangUps(), ListingUis([2])
    account = OneAccount(uis)
    assert has_ended(lost, account, 1, NOW - timedelta(minutes=9), NOW)
    assert not has_ended(lost, account, 2, NOW - timedelta(minutes=9), NOW)
    assert uis.asked == 1
    uis.calls = [2, 3]
    later = NOW + timedelta(seconds=12)
    assert not has_ended(lost, account, 3, NOW - timedelta(seconds=1), later), "the first answer lacked it"
    assert uis.asked == 2


@pytest.mark.parametrize("is_known", [True, False], ids=["heard of here", "heard of elsewhere"])
def test_a_call_that_has_been_silent_for_seconds_is_asked_about_only_if_its_events_came_elsewhere(
    is_known: bool,
) -> None:
    lost, uis = LostHangUps(), ListingUis([])
    if is_known:
        lost.heard_of("acme", 1)
    assert has_ended(lost, OneAccount(uis), 1, NOW - timedelta(seconds=30), NOW) is not is_known
