"""The requests the account has received, for assertions and for ``get.api_requests``."""

from dataclasses import dataclass
from typing import Any


@dataclass
class LoggedRequest:
    """One request and how it was answered; status 0 means no answer at all. Tokens are left out."""

    http_method: str
    path: str
    api: str  # data | call | "" for files
    method: str  # the API's method, e.g. get.employees
    params: Any
    status: int
    mnemonic: str | None  # of the error
    time: float
    duration_ms: float
    bytes: int
    ip: str
    token: str | None  # its name, never the key
    fault: str | None
    points: int
    call_session_id: int | None = None
