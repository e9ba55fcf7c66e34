"""Which requests a fault or an attached mutation is meant for."""

from dataclasses import dataclass
from random import Random
from typing import Any

MATCH_KEYS = frozenset({"path", "method", "exact", "nth", "count", "probability", "seed"})


@dataclass
class RequestMatch:
    """Matches by path, method and API, then by order, number and chance."""

    path: str = ""  # beginning of the path, or with ``exact`` all of it
    method: str = ""  # case does not matter
    api: str = ""  # where the vendor has several
    exact: bool = False
    nth: int = 0
    count: int = 0  # 0 = without end
    probability: float = 1.0
    seed: int = 0
    seen: int = 0
    fired: int = 0

    def __post_init__(self) -> None:
        self._random = Random(self.seed)

    def hits(self, path: str, method: str, api: str = "") -> bool:
        """Count a request and return whether to act on it."""
        if (self.method and self.method.upper() != method.upper()) or self.api not in ("", api):
            return False
        if not (path == self.path if self.exact and self.path else path.startswith(self.path)):
            return False
        if self.count and self.fired >= self.count:
            return False
        self.seen += 1
        if self.seen < self.nth or (self.probability < 1 and self._random.random() >= self.probability):
            return False
        self.fired += 1
        return True


def read_match(spec: dict[str, Any], **defaults: Any) -> RequestMatch:
    """Read a match from JSON; other keys of the object are ignored.

    :param defaults: fields of the match that the object does not name.
    """
    return RequestMatch(**{**defaults, **{key: spec[key] for key in {*MATCH_KEYS, "api"} & spec.keys()}})
