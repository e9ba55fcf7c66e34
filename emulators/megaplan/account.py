"""One emulated account: its data and the machinery around it."""

from dataclasses import replace
from typing import Any

from ..kit.faults import Faults
from .call import Call
from .data.store import Store
from .errors import ApiError, UnauthorizedError
from .events.delivery import StreamQueues
from .events.scenario_request import send_scenario_request
from .events.streams import EventStreams
from .faults import Fault
from .forms.form import Context
from .knobs import Knobs
from .mutations import Mutations
from .rate_limit import RateLimit
from .reading.query import parse_query
from .request_log import LoggedRequest
from .routes import build_router
from .seed import build_store
from .tokens import Tokens


class Account:
    """Everything behind the address."""

    def __init__(
        self,
        seed: int = 1,
        deals: int = 2500,
        contacts: int | None = None,
        login: str = "demo@example.org",
        password: str = "demo-password",
        knobs: Knobs | None = None,
    ) -> None:
        self._sizes = {"seed": seed, "deals": deals, "contacts": contacts}
        self._credentials = (login, password)
        self._first_knobs = knobs or Knobs()
        self.address = ""
        self.hooks = StreamQueues()
        self.router = build_router()
        self.reset()

    def reset(self, **sizes: int) -> None:
        """Start over: the seeded data, the first knobs, no tokens, faults, log or waiting mutations.

        :param sizes: another ``seed``, number of ``deals`` or ``contacts``.
        :raises ValueError: any other name.
        """
        if unknown := set(sizes) - set(self._sizes):
            raise ValueError(f"unknown sizes: {', '.join(sorted(unknown))}")
        self._sizes |= sizes
        self.knobs = replace(self._first_knobs)
        self.store = self._build_store()
        self.tokens = Tokens(*self._credentials, self.store.clock, self.knobs, self._application_tokens)
        self.rate_limit = RateLimit(self.knobs)
        self.faults = Faults(Fault)
        self.log: list[LoggedRequest] = []
        self.mutations = Mutations(self.store, self.tokens)
        self._tick = 0
        self.hooks.reset(self.knobs)
        streams = EventStreams(self.store, self.knobs, self.context, self.hooks, lambda: self.address)
        self.store.listeners.append(streams.changed)
        self.store.run_scenario = lambda cause, deal: send_scenario_request(
            self.store, self.hooks, cause, deal
        )

    def _application_tokens(self) -> set[str]:
        return {row.data["apiToken"] for row in self.store.tables["Integration"]}

    def _build_store(self) -> Store:
        seed, deals = self._sizes["seed"] or 0, self._sizes["deals"] or 0
        return build_store(seed, deals, self._sizes["contacts"], self.knobs)

    def context(self, lagging: bool = False) -> Context:
        """Return the surroundings of one answer; every answer sees other people online."""
        self._tick += 1
        return Context(self.store, self.store.clock, self._tick, lagging)

    def answer(
        self, method: str, path: str, raw_query: str, body: Any, token: str | None, user_id: str | None
    ) -> tuple[int, dict[str, Any], dict[str, Any]]:
        """Answer an authorised call: status, body and the arguments as they were understood."""
        args: dict[str, Any] = {}
        try:
            args = parse_query(raw_query, self.knobs)
            token = token or args.get("access_token")
            if not self.tokens.is_good(token):
                raise UnauthorizedError
            call = Call(method, path, args, body, self.store, self.context(lagging=method == "GET"))
            return 200, self._dispatch(call, token, user_id), args
        except ApiError as error:
            return error.status, error.envelope(), args

    def _dispatch(self, call: Call, token: str | None, user_id: str | None) -> dict[str, Any]:
        """Run a call, on behalf of another employee if an application names one."""
        caller = self.store.user
        if user_id is not None:
            employee = self.store.find("Employee", user_id)
            if token in self.tokens.app_tokens() and employee is not None:
                self.store.user = employee
            elif self.knobs.strict_user_header:
                raise UnauthorizedError
        try:
            return self.router.dispatch(call).envelope()
        finally:
            self.store.user = caller
