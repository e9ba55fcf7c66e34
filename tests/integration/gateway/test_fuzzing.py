"""Fuzzing the receivers: every response is below 500, and every refusal gives a readable reason.

``GATEWAY_FUZZ_REQUESTS=1000000`` (``make gateway-fuzz``) sends so many: other messages each time, and with each of
them 200 that differ from it by some bytes.
"""

import http.client
import json
import logging
import os
import random
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

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
REQUESTS = int(os.environ.get("GATEWAY_FUZZ_REQUESTS", "0"))
MUTANTS = 200 if REQUESTS else 2
EXAMPLES = max(120, REQUESTS // len(ROUTES) // (MUTANTS + 1))
IS_LONG = REQUESTS > 0


class Connection:
    """A connection that is opened again when the gateway closes it; httpx would take longer than the gateway."""

    def __init__(self, url: str, path: str) -> None:
        self._connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=30)
        self._path = path

    def post(self, body: bytes, content_type: str) -> tuple[int, bytes]:
        """Send a message; return status and body of the answer."""
        try:
            self._connection.request("POST", self._path, body, {"Content-Type": content_type})
            answer = self._connection.getresponse()
            return answer.status, answer.read()
        except (http.client.HTTPException, ConnectionError):
            self._connection.close()
            raise


def mutants(body: bytes, seed: int) -> Iterator[bytes]:
    """Yield messages that differ from one by some bytes."""
    chance = random.Random(seed)
    for _ in range(MUTANTS):
        mutant = bytearray(body or b"{}")
        for _ in range(chance.randrange(1, 4)):
            at = chance.randrange(len(mutant) + 1)
            piece = mutant[at : at + chance.randrange(1, 12)]
            change = chance.randrange(4)
            if change == 0:
                mutant[at:at] = piece
            elif change == 1:
                del mutant[at : at + len(piece)]
            elif change == 2:
                mutant[at : at + 1] = bytes([chance.randrange(256)])
            else:
                mutant[at : at + 1] = chance.choice(PIECES)
        yield bytes(mutant)


PIECES = [
    *(
        b"\x00",
        b"\xff\xfe",
        b"\xed\xa0\x80",
        b'"\\ud83d"',
        b"1e999",
        b"-0",
        b"9" * 25,
        b"null",
        b"[",
        b"}",
        b'"',
    ),
    *(b"%00", b"%u0041", b"{{", b"}}", b"\r\n", b"\t", "\u202e".encode(), b"NaN", b"\\u0000"),
]


@pytest.mark.parametrize("route", ROUTES)
def test_no_message_causes_a_server_error(
    route: str, gateway: ServedGateway, caplog: pytest.LogCaptureFixture
) -> None:
    path = gateway.path(route, secret=ROUTES[route])

    connection = Connection(gateway.url, path)

    @settings(max_examples=EXAMPLES, deadline=None, derandomize=not IS_LONG, database=None)
    @given(body=BODIES, content_type=CONTENT_TYPES, query=st.text(max_size=40), seed=st.integers(0, 2**32))
    def send(body: bytes, content_type: str, query: str, seed: int) -> None:
        answer: Any = gateway.client.post(
            path, content=body, params={"event": query}, headers={"Content-Type": content_type}
        )
        assert answer.status_code in (200, 400)
        if answer.status_code == 400:
            assert len(answer.json()["error"]) > 10
        for mutant in mutants(body, seed):
            status, text = connection.post(mutant, content_type)
            assert status == 200 or (status == 400 and len(json.loads(text)["error"]) > 10), mutant

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
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=not IS_LONG,
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
