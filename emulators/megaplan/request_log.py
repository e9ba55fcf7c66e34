"""What has been asked of the account, for assertions."""

from dataclasses import dataclass
from typing import Any


@dataclass
class LoggedRequest:
    """One request of the API and how it was answered; status 0 means no answer at all.

    ``body`` is the JSON of a POST, but never what was sent to get a token.
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
