"""How often UIS's statuses are polled."""

import pytest

from megaplan_gateway.widget.status_poll import poll_interval
from uis_hook.limits import Limits, LimitWindow


def limits(remaining: int, reset: float, limit: int = 3500) -> Limits:
    return Limits(day=LimitWindow(limit, remaining, reset))


@pytest.mark.parametrize(
    ("known_limits", "seconds"),
    [
        (None, 30),  # no response from UIS yet
        (limits(3500, 86_400), 86_400 / 2800),  # a fifth is reserved
        (limits(3000, 43_200), 30),  # plenty, so the shortest interval
        (limits(800, 40_000), 400),
        (limits(700, 40_000), 40_000),  # only the reserve is left until the end of the day
        (limits(0, 100), 100),
        (Limits(minute=LimitWindow(60, 13, 60.0), day=LimitWindow(100_000, 99_000, 80_000.0)), 60),
        (Limits(hour=LimitWindow(4000, 3999, 3600.0)), 30),
    ],
)
def test_polling_preserves_the_reserve(known_limits: Limits | None, seconds: float) -> None:
    assert poll_interval(known_limits, 30) == pytest.approx(seconds)
