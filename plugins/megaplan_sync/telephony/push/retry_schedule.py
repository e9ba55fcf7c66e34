"""How often a stage is attempted, and the delays in between."""

from __future__ import annotations

from dataclasses import dataclass

from megaplan_hook.settings import AccountSettings

MINUTE, HOUR, DAY = 60.0, 3600.0, 86_400.0


@dataclass(frozen=True)
class RetrySchedule:
    """Delays and timeouts of the push.

    :param read_lag_seconds: how long a write may stay invisible to reads, see ``vendor_quirks``
    :param lease_seconds: how long a claim holds after the last request was sent; longer than any request
    :param delays_seconds: before the next attempt at history or communication; after the last one the stage fails
    :param recording_delays_seconds: the same for recordings that cannot be played yet
    :param unknown_record_seconds: how long to wait for a recording that no event has announced
    :param unmapped_delay_seconds: how often to check whether an unmapped employee has been mapped
    :param unmapped_timeout_seconds: age of a call after which an unmapped employee is no longer waited for
    """

    read_lag_seconds: float = 10
    lease_seconds: float = 180
    delays_seconds: tuple[float, ...] = (
        0,
        MINUTE,
        5 * MINUTE,
        15 * MINUTE,
        HOUR,
        3 * HOUR,
        6 * HOUR,
        12 * HOUR,
    )
    recording_delays_seconds: tuple[float, ...] = (
        *(10, 30, 2 * MINUTE, 5 * MINUTE, 15 * MINUTE),
        *(HOUR, 2 * HOUR, 4 * HOUR, 8 * HOUR, 9 * HOUR),
    )
    unknown_record_seconds: float = 15 * MINUTE
    unmapped_delay_seconds: float = 10 * MINUTE
    unmapped_timeout_seconds: float = DAY

    @classmethod
    def of_account(cls, settings: AccountSettings) -> RetrySchedule:
        """Return the schedule that fits an account's timeouts and read lag."""
        lag = settings.vendor_quirks.read_lag_seconds
        longest_request = settings.connect_timeout_seconds + settings.read_timeout_seconds
        return cls(read_lag_seconds=lag, lease_seconds=longest_request + lag + MINUTE)

    def delay_after(self, tries: int) -> float | None:
        """Return the delay after so many failed attempts; None if there is no further attempt."""
        if tries >= len(self.delays_seconds):
            return None
        return max(self.read_lag_seconds, self.delays_seconds[max(0, tries - 1)])

    def recording_delay_after(self, tries: int) -> float | None:
        """Return the delay after so many checks of a recording; None if there is no further check."""
        return self.recording_delays_seconds[tries] if tries < len(self.recording_delays_seconds) else None
