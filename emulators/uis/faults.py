"""Faults on demand: what the network and the vendor do to an answer on a bad day."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from .errors import CODES, RpcError
from .request_match import NAMES, RequestMatch, read_match

HTML = "text/html; charset=utf-8"
JSON = "application/json; charset=UTF-8"
KINDS = frozenset(
    [
        "rpc",
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
        "expire_sessions",
    ]
)
_OWN = {"mnemonic", "status", "seconds", "processed", "body", "field", "retry_after"}
_GATEWAY_PAGE = b"<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body></body>\r\n</html>\r\n"
_LOGIN_PAGE = "<!DOCTYPE html><html><head><title>Вход</title></head><body>Технические работы</body></html>"


@dataclass
class Raw:
    """An answer as bytes, before it is sent."""

    status: int
    body: bytes
    content_type: str = JSON
    headers: dict[str, str] | None = None
    hang_up: str = ""  # reset | close | timeout: how the connection ends instead of an answer
    delay: float = 0.0
    cut: bool = False  # half of the body goes out, then the connection is closed


@dataclass
class Fault:
    """One fault and the requests it is for.

    ``processed``: the request takes effect, only its answer is lost: a call is dialled, nobody learns its id.
    """

    kind: str
    match: RequestMatch
    mnemonic: str = "internal_error"
    field: str | None = None
    status: int = 0
    seconds: float = 0.0
    processed: bool = False
    body: str | None = None
    retry_after: str = ""

    def spoil(self, answer: Raw | None, id: Any) -> Raw:
        """Return what goes out instead of the answer; ``None`` when nothing was processed."""
        sound = answer or Raw(200, b"")
        match self.kind:
            case "rpc":
                refusal = RpcError(self.mnemonic, self.field).envelope(id, {})
                return Raw(self.status or 200, orjson.dumps(refusal))
            case "429":
                headers = {"Retry-After": str(self.retry_after)} if self.retry_after else None
                return Raw(429, (self.body or "").encode(), HTML, headers)
            case "500" | "502" | "503":
                body = _GATEWAY_PAGE if self.body is None else self.body.encode()
                return Raw(self.status or int(self.kind), body, HTML)
            case "empty":
                return Raw(self.status or 200, b"", sound.content_type)
            case "truncated":
                return Raw(sound.status, sound.body[: max(1, len(sound.body) * 2 // 3)], sound.content_type)
            case "cut":
                sound.cut = True
                return sound
            case "html":
                return Raw(self.status or 200, (self.body or _LOGIN_PAGE).encode(), HTML)
            case "slow":
                sound.delay = self.seconds or 3.0
                return sound
            case "expire_sessions":
                return sound
            case _:
                default = 3600.0 if self.kind == "timeout" else 0.0
                return Raw(0, b"", hang_up=self.kind, delay=self.seconds or default)

    @property
    def needs_answer(self) -> bool:
        """Say whether the request is processed before its answer is spoilt."""
        return self.processed or self.kind in {"truncated", "cut", "slow", "expire_sessions"}

    def describe(self) -> dict[str, Any]:
        """Return the fault with its counters."""
        match = self.match
        return {
            "kind": self.kind,
            "path": match.path,
            "method": match.method,
            "api": match.api,
            "seen": match.seen,
            "fired": match.fired,
        }


class Faults:
    """The faults in force; the first that matches wins."""

    def __init__(self) -> None:
        self.active: list[Fault] = []

    def add(self, specs: Sequence[dict[str, Any]]) -> None:
        """Add faults from JSON.

        :raises ValueError: an unknown kind, key or mnemonic.
        """
        self.active.extend([_read_fault(spec) for spec in specs])

    def pick(self, path: str, api: str, method: str) -> Fault | None:
        """Return the fault for a request, if there is one."""
        return next((fault for fault in self.active if fault.match.hits(path, api, method)), None)


def _read_fault(spec: dict[str, Any]) -> Fault:
    kind = str(spec.get("kind", ""))
    if kind not in KINDS:
        raise ValueError(f"unknown fault kind {kind!r}, known: {', '.join(sorted(KINDS))}")
    unknown = set(spec) - _OWN - {"kind", *NAMES}
    if unknown:
        raise ValueError(f"unknown keys of a fault: {', '.join(sorted(unknown))}")
    if spec.get("mnemonic", "error") not in CODES:
        raise ValueError(f"unknown mnemonic {spec['mnemonic']!r}")
    return Fault(kind, read_match(spec), **{name: spec[name] for name in _OWN & set(spec)})
