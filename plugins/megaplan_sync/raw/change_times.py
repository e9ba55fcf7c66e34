"""When entities changed, as they say, and which of that can be true."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from megaplan_sync.kernel.values import moment
from megaplan_sync.raw.canonical import Entity

_CLOCK_STEP = timedelta(seconds=1)
_CLOCKS_MAY_DIFFER = timedelta(days=1)
_MORE_THAN_ONE = 2


def change_time(item: Entity) -> datetime | None:
    """Return an entity's ``timeUpdated`` in UTC; None if it has none."""
    return moment(item.get("timeUpdated"))


def latest_believable(server_time: datetime | None) -> datetime:
    """Return the latest time that may be one of a change: people and scripts enter others.

    Megaplan's times are compared with Megaplan's clock, which is given in whole seconds. Without it, this machine's
    clock tells what is certainly in the future, however wrong either clock is.
    """
    if server_time is not None:
        return server_time + _CLOCK_STEP
    return datetime.now(UTC) + _CLOCKS_MAY_DIFFER


def reached(moments: Sequence[datetime]) -> datetime | None:
    """Return down to which time a list has been read, latest first; None if nothing says so.

    The last two rows decide: a single one may be out of its place, such as one with a time of the year 1.
    """
    return max(moments[-_MORE_THAN_ONE:], default=None)
