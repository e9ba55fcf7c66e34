"""Faults on demand: what the network and the vendor do to an answer on a bad day."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from ..megaplan.errors import ServerError, UnauthorizedError
from .request_match import RequestMatch, read_match

KINDS = frozenset(
    [
        "401",
        "429",
        "500",
        "502",
        "503",
        "empty",
        "truncated",
        "cut",
        "html",
        "slow",
        "reset",
        "close",
        "timeout",
    ]
)
_GATEWAY_PAGE = (
    b"<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>"
    b"\r\n<center><h1>502 Bad Gateway</h1></center>"
    b"\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
)
_LOGIN_PAGE = (
    "<!DOCTYPE html><html><head><title>Мегаплан</title></head>"
    "<body><h1>Ведутся технические работы</h1></body></html>"
).encode()
HTML = "text/html; charset=utf-8"


@dataclass
class Raw:
    """An answer as bytes, before it is compressed and sent."""

    status: int
    body: bytes
    content_type: str = "application/json"
    headers: dict[str, str] | None = None
    hang_up: str = ""  # reset | close | timeout: how the connection ends instead of an answer
    delay: float = 0.0
    cut: bool = False  # half of the body goes out, then the connection is closed


@dataclass
class Fault:
    """One fault and the requests it is for.

    With ``processed`` the request does its work before the answer is lost, whatever the kind: ``500``, ``502``,
    ``close``, ``reset`` or ``timeout`` then leave the client not knowing whether it did.
    """

    kind: str
    match: RequestMatch
    status: int = 0
    retry_after: str = ""
    seconds: float = 0.0
    processed: bool = False
    expire_tokens: bool = False
    body: str | None = None

    def spoil(self, answer: Raw | None) -> Raw:
        """Return what goes out instead of the answer; ``None`` when nothing was processed."""
        sound = answer or Raw(200, b"")
        match self.kind:
            case "401":
                return Raw(401, _json(UnauthorizedError().envelope()))
            case "429":
                return Raw(429, b"", headers={"Retry-After": self.retry_after} if self.retry_after else None)
            case "500":
                return Raw(self.status or 500, _json(ServerError("Internal Server Error").envelope()))
            case "502" | "503":
                body = _GATEWAY_PAGE if self.body is None else self.body.encode()
                return Raw(self.status or int(self.kind), body, HTML)
            case "empty":
                return Raw(self.status or 200, b"")
            case "truncated":
                return Raw(sound.status, sound.body[: max(1, len(sound.body) * 2 // 3)])
            case "cut":
                sound.cut = True
                return sound
            case "html":
                return Raw(self.status or 200, _LOGIN_PAGE, HTML)
            case "slow":
                sound.delay = self.seconds or 3.0
                return sound
            case _:
                return Raw(
                    0, b"", hang_up=self.kind, delay=self.seconds or (3600.0 if self.kind == "timeout" else 0)
                )

    @property
    def needs_answer(self) -> bool:
        """Say whether the request is processed before its answer is spoilt."""
        return self.processed or self.kind in {"truncated", "cut", "slow"}

    def describe(self) -> dict[str, Any]:
        """Return the fault with its counters."""
        return {
            "kind": self.kind,
            "path": self.match.path,
            "method": self.match.method,
            "seen": self.match.seen,
            "fired": self.match.fired,
        }


class Faults:
    """The faults in force; the first that matches wins."""

    def __init__(self) -> None:
        self.active: list[Fault] = []

    def add(self, specs: Sequence[dict[str, Any]]) -> None:
        """Add faults from JSON.

        :raises ValueError: an unknown kind or key.
        """
        self.active.extend([_read_fault(spec) for spec in specs])

    def pick(self, method: str, path: str) -> Fault | None:
        """Return the fault for a request, if there is one."""
        return next((fault for fault in self.active if fault.match.hits(method, path)), None)


def _read_fault(spec: dict[str, Any]) -> Fault:
    kind = str(spec.get("kind", ""))
    if kind not in KINDS:
        raise ValueError(f"unknown fault kind {kind!r}, known: {', '.join(sorted(KINDS))}")
    own = {"status", "retry_after", "seconds", "processed", "expire_tokens", "body"}
    unknown = set(spec) - own - {"kind", "path", "method", "exact", "nth", "count", "probability", "seed"}
    if unknown:
        raise ValueError(f"unknown keys of a fault: {', '.join(sorted(unknown))}")
    values = {name: spec[name] for name in own & set(spec)}
    if "retry_after" in values:
        values["retry_after"] = str(values["retry_after"])
    return Fault(kind, read_match(spec, exact=False, count=1 if "nth" in spec else 0), **values)


def _json(envelope: dict[str, Any]) -> bytes:
    return orjson.dumps(envelope)
