"""Which requests a fault is meant for."""

from dataclasses import dataclass
from random import Random
from typing import Any

NAMES = ("path", "method", "api", "nth", "count", "probability", "seed")


@dataclass
class RequestMatch:
    """Matches by path, API and method of it, then by order, number and chance."""

    path: str = ""  # beginning of the path, e.g. /system/media
    method: str = ""  # name of the API's method, e.g. get.employees
    api: str = ""  # data | call
    nth: int = 0
    count: int = 0  # 0 = without end
    probability: float = 1.0
    seed: int = 0
    seen: int = 0
    fired: int = 0

    def __post_init__(self) -> None:
        self._random = Random(self.seed)

    def hits(self, path: str, api: str, method: str) -> bool:
        """Count a request and say whether it is one to act on."""
        if (self.method and method != self.method) or (self.api and api != self.api):
            return False
        if self.path and not path.startswith(self.path):
            return False
        if self.count and self.fired >= self.count:
            return False
        self.seen += 1
        if self.seen < self.nth or (self.probability < 1 and self._random.random() >= self.probability):
            return False
        self.fired += 1
        return True


def read_match(spec: dict[str, Any]) -> RequestMatch:
    """Read a match from JSON; a fault for the ``nth`` request fires once unless ``count`` says otherwise."""
    given = {name: spec[name] for name in NAMES if name in spec}
    return RequestMatch(**({"count": 1 if "nth" in spec else 0} | given))
