"""One emulated account: its data and the machinery around it."""

from dataclasses import replace
from typing import Any

import httpx

from ..kit.clock import Clock
from ..kit.faults import Faults
from .cabinet.seed import build_directory
from .call_api import call_methods
from .calls.consultation import Consultation
from .calls.exchange import Exchange
from .calls.flow import Flow
from .data_api import data_methods
from .deals.store import DealStore
from .faults import Fault
from .interactive import InteractiveRequests
from .knobs import Knobs
from .mutations import Mutations
from .notifications import Notifier
from .recordings import Links, RecordingFiles
from .request_log import LoggedRequest
from .rpc.envelope import Rpc
from .rpc.limits import Limits
from .scheduler import Scheduler
from .tokens import Tokens
from .wall_time import WallTime


class Account:
    """Everything behind the address."""

    def __init__(self, seed: int = 1, employees: int = 10, knobs: Knobs | None = None) -> None:
        self._sizes = {"seed": seed, "employees": employees}
        self._first_knobs = knobs or Knobs()
        self._client: httpx.AsyncClient | None = None
        self.own_url = "http://127.0.0.1"
        self.timeline = Scheduler()
        self.reset()

    def reset(self, knobs: dict[str, Any] | None = None, **sizes: int) -> None:
        """Start over: the seeded directories, the first knobs and clock, no calls, deals, faults, sessions, log.

        :param knobs: knobs until the next reset, also those that count at the start only.
        :param sizes: another ``seed`` or number of ``employees``, kept by later resets.
        :raises ValueError: any other name, fewer than one employee, a wrong knob or an unknown time zone.
        """
        if unknown := set(sizes) - set(self._sizes):
            raise ValueError(f"unknown sizes: {', '.join(sorted(unknown))}")
        sizes = self._sizes | sizes
        if sizes["employees"] < 1:
            raise ValueError("employees is at least 1")
        fresh = replace(self._first_knobs)
        for name, value in (knobs or {}).items():
            fresh.set(name, value)
        try:
            self.wall = WallTime(fresh.timezone)
        except (KeyError, ValueError, OSError) as error:
            raise ValueError(f"knob timezone is an IANA name such as Europe/Moscow: {error}") from error
        self._sizes, self.knobs = sizes, fresh
        self.timeline.cancel()
        self.clock = Clock()
        self.timeline = Scheduler()
        self.directory = build_directory(sizes["seed"], sizes["employees"])
        self.tokens = Tokens(self.clock, self.knobs)
        self.limits = {api: Limits(self.knobs, self.clock, self.wall) for api in ("data", "call")}
        self.faults = Faults(Fault)
        self.log: list[LoggedRequest] = []
        self.links = Links(self.knobs)
        self.links.own_url = self.own_url
        self.notifier = Notifier(
            self.directory,
            self.clock,
            self.wall,
            self.knobs,
            self.links,
            self.timeline,
            sizes["seed"],
            self.http_client,
        )
        self.exchange = Exchange(self.directory, self.clock, self.knobs, sizes["seed"], self.notifier.emit)
        self.interactive = InteractiveRequests(self.knobs, self.wall)
        self.files = RecordingFiles(self.knobs, self.clock, self.exchange.recordings)
        self.deals = DealStore(self.knobs, self.clock, self.wall)
        self.consultations: dict[int, Consultation] = {}
        self.mutations = Mutations(self)
        self.apis = {
            "data": Rpc(self, "data", data_methods()),
            "call": Rpc(self, "call", call_methods()),
        }

    def listen_at(self, url: str) -> None:
        """Set the emulator's own address, for links to recordings."""
        self.own_url = self.links.own_url = url

    def http_client(self) -> httpx.AsyncClient:
        """Return the client that notifications are sent with."""
        if self._client is None:
            self._client = httpx.AsyncClient(trust_env=False)
        return self._client

    def consultation(self, flow: Flow) -> Consultation:
        """Return what manages a call through the API."""
        return self.consultations.setdefault(flow.session.id, Consultation(flow))

    def catch_up(self) -> None:
        """Run everything due by now, unless the clock is being advanced, which does the same."""
        if not self.timeline.busy:
            self.timeline.run_due(self.clock.now())
