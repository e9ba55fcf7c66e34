"""The widget's script, its pace of polling, and whose call a call is. Without any I/O."""

import asyncio
import json
import re
from typing import Any

import httpx
import pytest

from megaplan_gateway.accounts.widget_key import widget_key
from megaplan_gateway.http.refusals import RefusedError
from megaplan_gateway.metrics import Metrics
from megaplan_gateway.vendors.uis_client import LiveUis
from megaplan_gateway.widget.error_messages import told_of
from megaplan_gateway.widget.hang_up import check_own_call, is_own_call
from megaplan_gateway.widget.script import NAMES, widget_content
from megaplan_gateway.widget.status_poll import poll_pause
from megaplan_gateway.widget.users import TelephonyUser
from megaplan_hook.settings import AccountSettings
from megaplan_hook.vendor_quirks import VendorQuirks
from uis_hook.api_errors import api_error
from uis_hook.limits import Limits, LimitWindow
from uis_hook.settings import UisSettings

SECRET = "secret-of-the-webhooks"


def account(**fields: Any) -> AccountSettings:
    given = {"gateway_url": "https://calls.example.org", "webhook_secret": SECRET}
    return AccountSettings("megaplan_default", "https://mp1.megaplan.ru", "mp1", **{**given, **fields})


@pytest.mark.parametrize("placeholder", NAMES)
def test_the_content_is_html_and_a_script_alike(placeholder: str) -> None:
    content = widget_content(account(), placeholder)
    lines = content.splitlines()
    assert (lines[0], lines[-1]) == ("<!-- --><script>", "//</script>")
    assert not re.search("</script|<!--", "\n".join(lines[1:-1]))
    assert f'"placeholder":"{placeholder}"' in content


def test_the_content_holds_the_widgets_key_and_not_the_webhooks_secret() -> None:
    content = widget_content(account(), "common_phone_number")
    assert f'"gateway":"https://calls.example.org/mp1/{widget_key(SECRET)}/widget"' in content
    assert SECRET not in content
    assert "applicationToken" not in re.sub(r"//[^\n]*", "", content)


def test_a_setting_cannot_end_the_script() -> None:
    content = widget_content(
        account(gateway_url="https://a/</script><script>alert(1)"), "common_phone_number"
    )
    assert content.count("</script>") == 1


def test_the_quirks_names_come_first() -> None:
    quirks = VendorQuirks(widget_phone_key="telephone", widget_sign_key="sign")
    content = widget_content(account(vendor_quirks=quirks), "common_phone_number")
    assert '"signKeys":["sign","userSign"]' in content
    assert '"phoneKeys":["telephone","phone","phoneNumber","number"]' in content


@pytest.mark.parametrize("missing", ["gateway_url", "webhook_secret"])
def test_without_an_address_or_a_secret_there_is_no_content(missing: str) -> None:
    with pytest.raises(ValueError, match="gateway_url and webhook_secret"):
        widget_content(account(**{missing: None}), "common_phone_number")


def limits(remaining: int, reset: float, limit: int = 3500) -> Limits:
    return Limits(day=LimitWindow(limit, remaining, reset))


@pytest.mark.parametrize(
    ("told", "seconds"),
    [
        (None, 30),  # UIS has said nothing yet
        (limits(3500, 86_400), 86_400 / 2800),  # a fifth is left to others
        (limits(3000, 43_200), 30),  # plenty: not oftener than wished
        (limits(800, 40_000), 400),
        (limits(700, 40_000), 40_000),  # nothing but the reserve: until the day begins anew
        (limits(0, 100), 100),
        (Limits(minute=LimitWindow(60, 13, 60.0), day=LimitWindow(100_000, 99_000, 80_000.0)), 60),
        (Limits(hour=LimitWindow(4000, 3999, 3600.0)), 30),
    ],
)
def test_polling_leaves_others_their_points(told: Limits | None, seconds: float) -> None:
    assert poll_pause(told, 30) == pytest.approx(seconds)


ME, OTHER = 504, 505
RINGS, TALKS, HOLDS, OVER = "Дозвон", "Разговор", "На удержании", "Разъединено"


@pytest.mark.parametrize(
    ("legs", "own"),
    [
        ([(None, TALKS), (ME, TALKS)], True),
        ([(None, RINGS), (ME, TALKS)], True),  # click-to-call: the client rings
        ([(None, HOLDS), (ME, HOLDS)], True),
        ([(ME, RINGS)], True),  # click-to-call: the own telephone rings
        ([(None, TALKS), (ME, RINGS), (OTHER, RINGS)], False),  # still anybody's
        ([(None, TALKS), (ME, RINGS), (OTHER, OVER)], True),
        ([(None, TALKS), (ME, OVER), (OTHER, TALKS)], False),  # passed on, or answered by the other
        ([(None, TALKS), (OTHER, TALKS)], False),
        ([(None, TALKS)], False),
        ([], False),
    ],
)
def test_whose_call_it_is(legs: list[tuple[int | None, str]], own: bool) -> None:
    rows = [{"employee_id": employee, "state": state} for employee, state in legs]
    assert is_own_call(rows, ME) is own


@pytest.mark.parametrize(
    ("code", "mnemonic", "told"),
    [
        (-32001, "access_token_invalid", "ключ доступа"),
        (-32003, "ip_not_whitelisted", "ключ доступа"),
        (-32008, "component_disabled", "не подключена в тарифе"),
        (-32009, "account_inactive", "ключ доступа"),
        (-32029, "limit_exceeded", "лимит"),
        (-32002, "contact_in_blacklist", "чёрном списке"),
        (-32602, "contact_in_blacklist", "чёрном списке"),
        (-32002, "security_rule_of_tomorrow", "не разрешает этот звонок"),
        (-32004, "invalid_state", "в другом состоянии"),
        (-32602, "call_session_not_found", "уже завершён"),
        (-32602, "own_virtual_phone_number_not_allowed", "собственный номер"),
        (-32007, "virtual_phone_number_not_found", "с которого звонит компания"),
        (-32602, "invalid_parameter_value", "не приняла команду"),
        (-32601, "method_not_found", "не приняла команду"),
        (-31000, "word_of_tomorrow", "не приняла команду"),
        (-32603, "internal_error", "сейчас не отвечает"),
    ],
)
def test_what_uis_refuses_is_told_as_what_it_is(code: int, mnemonic: str, told: str) -> None:
    assert told in told_of(api_error("release.call", {"code": code, "data": {"mnemonic": mnemonic}}))


def cabinet(rows: list[dict[str, Any]]) -> LiveUis:
    """Return the client of a cabinet that answers everything with these rows."""

    def answer(request: httpx.Request) -> httpx.Response:
        asked = json.loads(request.content)
        return httpx.Response(200, json={"jsonrpc": "2.0", "id": asked["id"], "result": {"data": rows}})

    address = "http://uis.example.org"
    settings = UisSettings("uis_default", address, address, None, None, access_token="token")
    uis = LiveUis(settings, Metrics())
    uis._http = httpx.AsyncClient(transport=httpx.MockTransport(answer))
    return uis


@pytest.mark.parametrize("legs", [{}, {"legs": None}, {"legs": []}])
def test_a_call_that_names_no_legs_is_going_on(legs: dict[str, Any]) -> None:
    uis, me = cabinet([{"call_session_id": "700", **legs}]), TelephonyUser(1, ME, "101", None, None, None)
    asyncio.run(check_own_call(uis, me, 700, seems_own=True))
    for session, seems_own, status in ((700, False, 403), (701, True, 409)):
        with pytest.raises(RefusedError) as refused:
            asyncio.run(check_own_call(cabinet([{"call_session_id": 700, **legs}]), me, session, seems_own))
        assert refused.value.status == status
