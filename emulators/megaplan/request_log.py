"""The requests the account has received, for assertions."""

from dataclasses import dataclass
from typing import Any


@dataclass
class LoggedRequest:
    """One request of the API and how it was answered; status 0 means no answer at all.

    ``body`` is the JSON of a POST, except for requests of tokens.
    """

    method: str
    path: str
    args: Any
    status: int
    time: str
    duration_ms: float
    bytes: int
    user: str | None
    fault: str | None
    calls: int
    body: Any = None
