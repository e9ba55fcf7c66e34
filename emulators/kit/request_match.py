"""Which requests a fault or an attached mutation is meant for."""

from dataclasses import dataclass
from random import Random
from typing import Any

API = "/api/v3"


@dataclass
class RequestMatch:
    """Matches by method and path, then by order, number and chance."""

    path: str = ""
    method: str = ""
    exact: bool = False
    nth: int = 0
    count: int = 0  # 0 = without end
    probability: float = 1.0
    seed: int = 0
    seen: int = 0
    fired: int = 0

    def __post_init__(self) -> None:
        self.path = self.path.removeprefix(API)
        self._random = Random(self.seed)

    def hits(self, method: str, path: str) -> bool:
        """Count a request and say whether it is one to act on."""
        if self.method and method != self.method.upper():
            return False
        if self.path and not (path == self.path if self.exact else path.startswith(self.path)):
            return False
        if self.count and self.fired >= self.count:
            return False
        self.seen += 1
        if self.seen < self.nth or (self.probability < 1 and self._random.random() >= self.probability):
            return False
        self.fired += 1
        return True


def read_match(spec: dict[str, Any], exact: bool, count: int) -> RequestMatch:
    """Read a match from JSON.

    :param exact: whether ``path`` must be the whole path, unless the spec says otherwise.
    :param count: how often it fires when the spec does not say.
    """
    names = ("path", "method", "exact", "nth", "count", "probability", "seed")
    given = {name: spec[name] for name in names if name in spec}
    return RequestMatch(**({"exact": exact, "count": count} | given))
