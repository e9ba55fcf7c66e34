"""Fuzzing the receivers: every response is below 500, and every refusal gives a readable reason."""

import json
import logging
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from .served import MEGAPLAN_SECRET, UIS_SECRET, ServedGateway

NAMES = st.sampled_from(
    [
        *("call_session_id", "notification_mnemonic", "notification_time", "notification_timestamp"),
        *("employee_id", "leg_id", "direction", "contact_info", "file_link", "numa", "numb", "cdr_id"),
        *("uuid", "event", "model", "data", "accountInfo", "payload", "secret"),
    ]
)
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=40)
    | st.just("{{employee_id}}")
)
DOCUMENTS = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(NAMES | st.text(max_size=8), inner, max_size=8)
    ),
    max_leaves=20,
)
BODIES = st.one_of(
    st.binary(max_size=300),
    DOCUMENTS.map(lambda document: json.dumps(document).encode()),
    DOCUMENTS.map(lambda document: json.dumps(document)[:-2].encode()),
    st.dictionaries(NAMES, st.text(max_size=20), max_size=5).map(
        lambda pairs: "&".join(f"{name}={value}" for name, value in pairs.items()).encode("utf-8", "replace")
    ),
    st.integers(1, 3000).map(lambda depth: b'{"data":' * depth),
)
CONTENT_TYPES = st.sampled_from(
    [
        *(
            "application/json",
            "text/plain",
            "application/x-www-form-urlencoded",
            "",
            "text/plain; charset=cp1251",
        ),
        *("multipart/form-data; boundary=x", "multipart/form-data", "application/json; charset=nonsense"),
        *("text/plain; charset=idna", "text/plain; charset=undefined"),
    ]
)
ROUTES = {"/uis": UIS_SECRET, "/route": UIS_SECRET, "/megaplan": MEGAPLAN_SECRET}


@pytest.mark.parametrize("route", ROUTES)
def test_no_message_causes_a_server_error(
    route: str, gateway: ServedGateway, caplog: pytest.LogCaptureFixture
) -> None:
    path = gateway.path(route, secret=ROUTES[route])

    @settings(max_examples=120, deadline=None, derandomize=True, database=None)
    @given(body=BODIES, content_type=CONTENT_TYPES, query=st.text(max_size=40))
    def send(body: bytes, content_type: str, query: str) -> None:
        answer: Any = gateway.client.post(
            path, content=body, params={"event": query}, headers={"Content-Type": content_type}
        )
        assert answer.status_code in (200, 400)
        if answer.status_code == 400:
            assert len(answer.json()["error"]) > 10

    with caplog.at_level(logging.INFO):
        send()
    ours = [
        record.getMessage() for record in caplog.records if not record.name.startswith(("httpx", "httpcore"))
    ]
    assert [line for line in ours if UIS_SECRET in line or MEGAPLAN_SECRET in line] == []


def test_no_path_or_method_causes_a_server_error(gateway: ServedGateway) -> None:
    parts = st.text(max_size=20) | st.sampled_from(
        ["..", "%2e%2e", "uis", gateway.account, UIS_SECRET, "%00"]
    )

    @settings(
        max_examples=120,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=[HealthCheck.filter_too_much],
    )
    @given(
        path=st.lists(parts, max_size=5).map("/".join),
        method=st.sampled_from(["GET", "POST", "PUT", "DELETE", "OPTIONS", "HEAD", "PATCH"]),
    )
    def ask(path: str, method: str) -> None:
        from urllib.parse import quote

        url = f"{gateway.url}/{quote(path, safe='/%')}"
        assert gateway.client.request(method, url).status_code in (200, 400, 404, 405)

    ask()
