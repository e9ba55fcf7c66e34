"""How often something is tried, and how long is waited in between."""

from __future__ import annotations

from dataclasses import dataclass

from megaplan_hook.settings import AccountSettings

MINUTE, HOUR, DAY = 60.0, 3600.0, 86_400.0


@dataclass(frozen=True)
class Pace:
    """Numbers of the push.

    :param read_lag_seconds: how late a reader may miss a write, see ``vendor_quirks``
    :param lease_seconds: for how long a claim holds after the last request was let go: longer than any request
    :param waits_seconds: before the next try of history or communication; when they are used up, it is parked
    :param recording_waits_seconds: the same for recordings that are not ready
    :param unknown_record_seconds: how long to wait for a recording that nobody has announced
    :param unmapped_wait_seconds: how often an employee who is no user of Megaplan's telephony is looked for again
    :param unmapped_patience_seconds: how long after the call; then the call is not wanted
    """

    read_lag_seconds: float = 10
    lease_seconds: float = 180
    waits_seconds: tuple[float, ...] = (
        0,
        MINUTE,
        5 * MINUTE,
        15 * MINUTE,
        HOUR,
        3 * HOUR,
        6 * HOUR,
        12 * HOUR,
    )
    recording_waits_seconds: tuple[float, ...] = (
        *(10, 30, 2 * MINUTE, 5 * MINUTE, 15 * MINUTE),
        *(HOUR, 2 * HOUR, 4 * HOUR, 8 * HOUR, 9 * HOUR),
    )
    unknown_record_seconds: float = 15 * MINUTE
    unmapped_wait_seconds: float = 10 * MINUTE
    unmapped_patience_seconds: float = DAY

    @classmethod
    def of(cls, settings: AccountSettings) -> Pace:
        """Return the pace of an account."""
        lag = settings.vendor_quirks.read_lag_seconds
        longest_request = settings.connect_timeout_seconds + settings.read_timeout_seconds
        return cls(read_lag_seconds=lag, lease_seconds=longest_request + lag + MINUTE)

    def wait_after(self, tries: int) -> float | None:
        """Return seconds to wait after so many tries in vain; None: enough."""
        if tries >= len(self.waits_seconds):
            return None
        return max(self.read_lag_seconds, self.waits_seconds[max(0, tries - 1)])

    def recording_wait_after(self, looks: int) -> float | None:
        """Return seconds to wait after so many looks at a recording; None: enough."""
        return self.recording_waits_seconds[looks] if looks < len(self.recording_waits_seconds) else None
