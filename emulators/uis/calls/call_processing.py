"""Interactive call processing as an incoming call sees it: a request, and its outcome."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from ..scheduler import Scheduler
from .session import Session


@dataclass
class Outcome:
    """The answer as understood. ``branch``: the exit to leave by; otherwise play and/or dial."""

    seconds: float = 0.0
    branch: str | None = None
    phones: list[str] = field(default_factory=list)
    plays: bool = False


class CallProcessing(Protocol):
    """Asks the integrator's server how a call should go on."""

    def ask(
        self,
        session: Session,
        operation: dict[str, Any],
        input_result: str | None,
        at: float,
        timeline: Scheduler,
        decided: Callable[[Outcome], None],
    ) -> None:
        """Ask, and call ``decided`` once there is an outcome."""
