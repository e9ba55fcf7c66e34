"""One address in front of several gateways, as a load balancer gives it."""

import time
from contextlib import suppress
from typing import Any

import httpx


class Address:
    """What one gateway does not accept, the next one is asked, until one does."""

    def __init__(self, path: str, ports: list[int]) -> None:
        self._urls = [f"http://127.0.0.1:{port}{path}" for port in ports]
        self._client = httpx.Client(trust_env=False, timeout=8)
        self.acknowledged = 0
        self.refused = 0

    def send(self, body: dict[str, Any], first: int) -> None:
        """Send a notification until it is acknowledged, beginning with one of the gateways."""
        deadline = time.monotonic() + 120
        for attempt in range(10_000):
            with suppress(httpx.HTTPError):
                answer = self._client.post(self._urls[(first + attempt) % len(self._urls)], json=body)
                if answer.status_code == 200:
                    self.acknowledged += 1
                    return
            self.refused += 1
            assert time.monotonic() < deadline, "no gateway accepts anything"
            time.sleep(0.05)
