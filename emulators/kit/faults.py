"""Faults on demand: what the network and the vendor do to an answer on a bad day."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, ClassVar, Generic, Self, TypeVar

from .answers import HTML, RawAnswer
from .request_match import MATCH_KEYS, RequestMatch, read_match

_GATEWAY_PAGE = (
    b"<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>"
    b"\r\n<center><h1>502 Bad Gateway</h1></center>"
    b"\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
)
_MAINTENANCE_PAGE = (
    "<!DOCTYPE html><html><head><title>Вход</title></head>"
    "<body><h1>Ведутся технические работы</h1></body></html>"
)


@dataclass
class Fault:
    """One fault and the requests it is for. A vendor's subclass adds its own kinds, and fields for them.

    With ``processed`` the request does its work before the answer is lost, whatever the kind: ``500``, ``502``,
    ``close``, ``reset`` or ``timeout`` then leave the client not knowing whether it did.
    """

    kind: str
    match: RequestMatch
    status: int = 0  # 0: what the kind says
    seconds: float = 0.0
    processed: bool = False
    body: str | None = None
    retry_after: str | int = ""

    KINDS: ClassVar = frozenset(
        ["429", "500", "502", "503", "empty", "truncated", "cut", "html", "slow", "reset", "close", "timeout"]
    )
    PROCESSED_KINDS: ClassVar = frozenset({"truncated", "cut", "slow"})
    MATCH_KEYS: ClassVar = MATCH_KEYS
    CONTENT_TYPE: ClassVar = "application/json"

    @classmethod
    def read(cls, spec: dict[str, Any]) -> Self:
        """Read a fault from JSON. One for the ``nth`` request fires once unless ``count`` says otherwise.

        :raises ValueError: an unknown kind or key.
        """
        kind = str(spec.get("kind", ""))
        if kind not in cls.KINDS:
            raise ValueError(f"unknown fault kind {kind!r}, known: {', '.join(sorted(cls.KINDS))}")
        names = {field.name for field in fields(cls)} - {"kind", "match"}
        if unknown := set(spec) - names - cls.MATCH_KEYS - {"kind"}:
            raise ValueError(f"unknown keys of a fault: {', '.join(sorted(unknown))}")
        match = read_match(spec, count=1 if "nth" in spec else 0)
        return cls(kind, match, **{name: spec[name] for name in names & set(spec)})

    @property
    def needs_answer(self) -> bool:
        """Whether the request is processed before its answer is spoilt."""
        return self.processed or self.kind in self.PROCESSED_KINDS

    def spoil(self, answer: RawAnswer | None, request_id: Any = None) -> RawAnswer:
        """Return what goes out instead of the answer.

        :param answer: None when nothing was processed.
        :param request_id: repeated in refusals by APIs that number their requests.
        """
        sound = answer or RawAnswer(200, b"", self.CONTENT_TYPE)
        match self.kind:
            case "429":
                headers = {"Retry-After": str(self.retry_after)} if self.retry_after else {}
                return RawAnswer(429, (self.body or "").encode(), HTML, headers)
            case "500" | "502" | "503":
                body = _GATEWAY_PAGE if self.body is None else self.body.encode()
                return RawAnswer(self.status or int(self.kind), body, HTML)
            case "empty":
                return RawAnswer(self.status or 200, b"", sound.content_type)
            case "truncated":
                kept = max(1, len(sound.body) * 2 // 3)
                return RawAnswer(sound.status, sound.body[:kept], sound.content_type)
            case "cut":
                sound.cut = True
            case "html":
                return RawAnswer(self.status or 200, (self.body or _MAINTENANCE_PAGE).encode(), HTML)
            case "slow":
                sound.delay = self.seconds or 3.0
            case "reset" | "close" | "timeout":
                delay = self.seconds or (3600.0 if self.kind == "timeout" else 0.0)
                return RawAnswer(0, b"", HTML, hang_up=self.kind, delay=delay)
        return sound

    def describe(self) -> dict[str, Any]:
        """Return the fault with its counters."""
        match = self.match
        return {
            "kind": self.kind,
            "path": match.path,
            "method": match.method,
            "seen": match.seen,
            "fired": match.fired,
        }


F = TypeVar("F", bound=Fault)


class Faults(Generic[F]):
    """The faults in force; the first that matches wins."""

    def __init__(self, fault_type: type[F]) -> None:
        self._type = fault_type
        self.active: list[F] = []

    def add(self, specs: Sequence[dict[str, Any]]) -> None:
        """Add faults from JSON.

        :raises ValueError: see :meth:`Fault.read`.
        """
        self.active += [self._type.read(spec) for spec in specs]

    def pick(self, path: str, method: str, api: str = "") -> F | None:
        """Return the fault for a request, if there is one."""
        return next((fault for fault in self.active if fault.match.hits(path, method, api)), None)
