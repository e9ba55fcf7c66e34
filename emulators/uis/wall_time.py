"""The account's wall time. The Data API prints it without a zone; the zone is the account's (``get.account``)."""

from datetime import datetime
from zoneinfo import ZoneInfo

DATE_TIME = "%Y-%m-%d %H:%M:%S"


class WallTime:
    """Turns timestamps into the account's wall time and back."""

    def __init__(self, zone: str) -> None:
        self.zone = ZoneInfo(zone)

    def local(self, timestamp: float) -> datetime:
        """Return the wall time, with its zone."""
        return datetime.fromtimestamp(timestamp, self.zone)

    def text(self, timestamp: float | None) -> str | None:
        """Return ``YYYY-MM-DD hh:mm:ss``, or null for null."""
        return None if timestamp is None else self.local(timestamp).strftime(DATE_TIME)

    def date(self, timestamp: float | None) -> str | None:
        """Return ``YYYY-MM-DD``, or null for null."""
        return None if timestamp is None else self.local(timestamp).strftime("%Y-%m-%d")

    def text_ms(self, timestamp: float, separator: str = " ") -> str:
        """Return the wall time with milliseconds, as notifications and ``list.calls`` print it."""
        moment = self.local(timestamp)
        return moment.strftime(f"%Y-%m-%d{separator}%H:%M:%S") + f".{moment.microsecond // 1000:03d}"

    def timestamp(self, text: str) -> float:
        """Read ``YYYY-MM-DD hh:mm:ss``.

        :raises ValueError: any other form.
        """
        return datetime.strptime(text, DATE_TIME).replace(tzinfo=self.zone).timestamp()
