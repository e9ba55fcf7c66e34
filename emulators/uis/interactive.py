"""Interactive call processing: the platform asks the integrator's server where a call should go.

The request carries ``numa`` (caller), ``numb`` (dialled number), ``start_time``, ``input_result`` (the text
``None`` when nothing was pressed) and the session's id, whose name depends on the brand. The answer is HTTP 200
and JSON: ``phones``, ``message_name`` / ``text``, ``operator_message``, or ``returned_code`` (0-9, number or
string, or a list whose first code with a branch counts). Anything else, or no answer within the time limit,
leaves by the branch ``http_request_failed``.
"""

import asyncio
import time
from collections.abc import Callable
from typing import Any

import httpx

from .brands import BRANDS
from .calls.call_processing import Outcome
from .calls.session import Session
from .knobs import Knobs
from .scheduler import Scheduler
from .wall_time import WallTime

_FAILED = "http_request_failed"


class InteractiveRequests:
    """Sends the requests and keeps a log of them."""

    def __init__(self, knobs: Knobs, wall: WallTime) -> None:
        self._knobs = knobs
        self._wall = wall
        self.log: list[dict[str, Any]] = []

    def ask(
        self,
        session: Session,
        operation: dict[str, Any],
        input_result: str | None,
        at: float,
        timeline: Scheduler,
        decided: Callable[[Outcome], None],
    ) -> None:
        """Ask in the background, then hand over the outcome."""
        params = self._params(session, operation, input_result, at)

        async def work() -> None:
            decided(await self._request(session, operation, params, at))

        timeline.spawn(work(), deciding=True)

    def _params(
        self, session: Session, operation: dict[str, Any], input_result: str | None, at: float
    ) -> dict[str, str]:
        knobs = self._knobs
        of_brand = BRANDS[knobs.brand].interactive_id
        id_name = of_brand if knobs.interactive_id == "brand" else knobs.interactive_id
        match knobs.interactive_start_time:
            case "hhmm":
                start = self._wall.local(at).strftime("%H%M")
            case "timestamp":
                start = str(int(session.started))
            case _:
                start = self._wall.text(session.started) or ""
        params = {
            id_name: str(session.id),
            "start_time": start,
            "input_result": input_result or "None",
            "numa": session.contact_phone,
            "numb": session.virtual_number or "",
            "direction": session.direction,
        }
        wanted = operation.get("send") or [id_name, "start_time", "input_result", "numa", "numb"]
        return {name: value for name, value in params.items() if name in wanted or name == id_name}

    async def _request(
        self, session: Session, operation: dict[str, Any], params: dict[str, str], at: float
    ) -> Outcome:
        knobs = self._knobs
        url = str(operation.get("url") or knobs.interactive_url)
        method = str(operation.get("method") or knobs.interactive_method)
        encoding = str(operation.get("encoding") or knobs.interactive_encoding)
        timeout = float(operation.get("timeout") or knobs.interactive_timeout_s)
        entry: dict[str, Any] = {
            "call_session_id": session.id,
            "time": at,
            "url": url,
            "method": method,
            "params": params,
            "status": None,
            "answer": None,
            "error": None,
        }
        self.log.append(entry)
        if not url:
            entry["error"] = "no url"
            return Outcome(branch=_FAILED)
        sent: dict[str, Any] = {"params": params}
        if method == "POST" and encoding != "query":
            sent = {"json": params} if encoding == "json" else {"data": params}
        began = time.monotonic()
        try:
            async with asyncio.timeout(timeout), httpx.AsyncClient(timeout=None, trust_env=False) as client:
                answer = await client.request(method, url, **sent)
            entry["status"], entry["answer"] = answer.status_code, answer.text[:2000]
            outcome = read_answer(answer, operation.get("branches", {}))
        except (TimeoutError, httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            entry["error"] = f"{type(error).__name__}: {error}"
            outcome = Outcome(branch=_FAILED)
        outcome.seconds = time.monotonic() - began
        entry["branch"], entry["phones"], entry["seconds"] = outcome.branch, outcome.phones, outcome.seconds
        return outcome


def read_answer(answer: httpx.Response, branches: dict[str, Any]) -> Outcome:
    """Read an answer.

    :raises ValueError: not 200, not JSON, or without anything to act on.
    """
    if answer.status_code != 200:
        raise ValueError(f"HTTP {answer.status_code}")
    body = answer.json()
    if not isinstance(body, dict):
        raise ValueError("the answer is no JSON object")
    if "returned_code" in body:
        return Outcome(branch=_code(body["returned_code"], branches))
    phones = body.get("phones") or []
    if not isinstance(phones, list) or not all(isinstance(phone, str) for phone in phones):
        raise ValueError("phones is a list of strings")
    plays = bool(body.get("message_name") or body.get("text"))
    if not phones and not plays:
        raise ValueError("neither phones nor a message nor returned_code")
    return Outcome(phones=phones, plays=plays)


def _code(value: Any, branches: dict[str, Any]) -> str:
    codes = [str(code) for code in (value if isinstance(value, list) else [value])]
    if not codes or not all(code.isdigit() and len(code) == 1 for code in codes):
        raise ValueError(f"returned_code is 0 to 9, not {value!r}")
    return next((code for code in codes if code in branches), codes[0])
