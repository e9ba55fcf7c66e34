"""The difference of UIS's clock, from the times of its notifications and of their receipt."""

from datetime import UTC, datetime, timedelta

import pytest

from megaplan_gateway.metrics import Metrics
from megaplan_gateway.popups.uis_clocks import UisClocks

NOON = datetime(2026, 1, 15, 12, tzinfo=UTC)


def difference(*behind: float | None, every: float = 1, metrics: Metrics | None = None) -> float:
    """Return the difference in seconds after notifications that are so many seconds old on arrival."""
    clocks = UisClocks(metrics or Metrics())
    for number, seconds in enumerate(behind):
        received = NOON + timedelta(seconds=number * every)
        clocks.note("demo", None if seconds is None else received - timedelta(seconds=seconds), received)
    return clocks.difference("demo").total_seconds()


@pytest.mark.parametrize(
    ("behind", "seconds"),
    [
        ([], 0),
        ([None], 0),
        ([35, 35], 0),
        ([1.5, 1.5, 1.5], 0),
        ([35, 35, 35], 35),
        ([-31, -30, -31], -31),
        ([31, 32, 33], 32),
        ([0.2, 0.2, 45, 0.1], 0),
        ([35, 34, 0.1, 36, 35], 35),
        ([-31, -31, -31, 3 * 365 * 86400], -31),
        ([40] * 9 + [0.1] * 9, 0),
        ([90, 75, 60, 45], 0),
        ([35, 35, 35, 35, 90, 75, 60, 45], 35),
    ],
)
def test_the_median_of_the_latest_decides_if_they_agree(behind: list[float | None], seconds: float) -> None:
    assert difference(*behind) == seconds


def test_what_was_long_ago_no_longer_counts() -> None:
    assert difference(40, 40, 40, 0.1, 0.1, every=1) == 40
    assert difference(40, 40, 40, *[0.1] * 3, every=299) == 0


def test_the_metric_shows_the_largest_and_names_no_account() -> None:
    metrics = Metrics()
    clocks = UisClocks(metrics)
    for account, behind in {"demo": 35, "other": -50, "third": 0}.items():
        for _ in range(3):
            clocks.note(account, NOON - timedelta(seconds=behind), NOON)
    assert metrics.registry.get_sample_value("gateway_uis_clock_difference_seconds") == 50
