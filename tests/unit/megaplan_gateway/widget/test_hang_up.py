"""Whose call a call is."""

import asyncio
import json
from typing import Any

import httpx
import pytest

from megaplan_gateway.http.refusals import RefusedError
from megaplan_gateway.metrics import Metrics
from megaplan_gateway.vendors.uis_client import AsyncUisClient
from megaplan_gateway.widget.hang_up import check_own_call, is_own_call
from megaplan_gateway.widget.users import TelephonyUser
from uis_hook.settings import UisSettings

ME, OTHER = 504, 505
RINGS, TALKS, HOLDS, OVER = "Дозвон", "Разговор", "На удержании", "Разъединено"


@pytest.mark.parametrize(
    ("legs", "own"),
    [
        ([(None, TALKS), (ME, TALKS)], True),
        ([(None, RINGS), (ME, TALKS)], True),  # click-to-call: the client rings
        ([(None, HOLDS), (ME, HOLDS)], True),
        ([(ME, RINGS)], True),  # click-to-call: the employee's telephone rings
        ([(None, TALKS), (ME, RINGS), (OTHER, RINGS)], False),  # nobody has answered yet
        ([(None, TALKS), (ME, RINGS), (OTHER, OVER)], True),
        ([(None, TALKS), (ME, OVER), (OTHER, TALKS)], False),  # transferred, or answered by the other
        ([(None, TALKS), (OTHER, TALKS)], False),
        ([(None, TALKS)], False),
        ([], False),
    ],
)
def test_whose_call_it_is(legs: list[tuple[int | None, str]], own: bool) -> None:
    rows = [{"employee_id": employee, "state": state} for employee, state in legs]
    assert is_own_call(rows, ME) is own


def uis_with_calls(rows: list[dict[str, Any]]) -> AsyncUisClient:
    """Return the client of a UIS account that answers every request with these rows."""

    def answer(request: httpx.Request) -> httpx.Response:
        body = json.loads(request.content)
        return httpx.Response(200, json={"jsonrpc": "2.0", "id": body["id"], "result": {"data": rows}})

    address = "http://uis.example.org"
    settings = UisSettings(
        connection_id="uis_default", own_address=address, login=None, password=None, access_token="token"
    )
    return AsyncUisClient(settings, Metrics(), transport=httpx.MockTransport(answer))


@pytest.mark.parametrize("legs", [{}, {"legs": None}, {"legs": []}])
def test_a_call_without_legs_is_in_progress(legs: dict[str, Any]) -> None:
    uis, me = (
        uis_with_calls([{"call_session_id": "700", **legs}]),
        TelephonyUser(1, ME, "101", None, None, None),
    )
    asyncio.run(check_own_call(uis, me, 700, seems_own=True))
    for session, seems_own, status in ((700, False, 403), (701, True, 409)):
        with pytest.raises(RefusedError) as refused:
            asyncio.run(
                check_own_call(uis_with_calls([{"call_session_id": 700, **legs}]), me, session, seems_own)
            )
        assert refused.value.status == status
