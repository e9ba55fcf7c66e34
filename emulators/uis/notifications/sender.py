"""Sends notifications, late, twice, out of order or not at all as the knobs say, and keeps the delivery log.

Nothing is signed. The answer's body is ignored, any 2xx is a success. Without ``notify_retries`` a notification
is sent once.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from random import Random
from typing import Any

import httpx

from ...kit.clock import Clock
from ..cabinet.directory import Directory
from ..calls.session import Recording, Session
from ..knobs import Knobs
from ..recordings import Links
from ..scheduler import Scheduler
from ..wall_time import WallTime
from .configuration import Notification, read_notification
from .events import EVENTS, valid_macros
from .macros import call_values
from .templates import expand


@dataclass
class Delivery:
    """One sending, or the failure to send. Times are timestamps of the account."""

    notification: Notification
    message: str
    communication_id: int | None
    occurred: float
    sent: float | None = None
    attempts: int = 0
    status: str = "waiting"  # waiting | sent | error
    http_status: int | None = None
    error_type: str | None = None
    error: str | None = None
    copy: bool = False


class Notifier:
    """The notification server of an account."""

    def __init__(
        self,
        directory: Directory,
        clock: Clock,
        wall: WallTime,
        knobs: Knobs,
        links: Links,
        timeline: Scheduler,
        seed: int,
        client: Callable[[], httpx.AsyncClient],
    ) -> None:
        self._directory = directory
        self._clock = clock
        self._wall = wall
        self._knobs = knobs
        self._links = links
        self._timeline = timeline
        self._random = Random(seed)
        self._ids = count(5_578_312)
        self._chains: dict[tuple[int, str], asyncio.Task[None]] = {}
        self._client = client
        self.configured: list[Notification] = []
        self.log: list[Delivery] = []
        self.events: list[dict[str, Any]] = []

    def configure(self, spec: dict[str, Any]) -> list[Notification]:
        """Add notifications from JSON.

        :raises ValueError: see :func:`read_notification`.
        """
        found = read_notification(spec, next(self._ids))
        for notification in found[1:]:
            notification.id = next(self._ids)
        self.configured += found
        return found

    def emit(
        self, event: str, session: Session, at: float, extra: dict[str, Any], timeline: Scheduler
    ) -> None:
        """Send an event of a call to everybody it concerns."""
        recording: Recording | None = extra.get("recording")
        if recording is not None:
            extra = extra | {"link": self._links.file_link(recording)}
        values = call_values(session, at, extra, self._directory, self._wall, self._knobs)
        self.events.append(
            {
                "event": event,
                "time": at,
                "call_session_id": session.id,
                "leg_id": values.get("leg_id"),
                "employee_id": values.get("employee_id"),
            }
        )
        self._notify(event, values, session.id, at, timeline)

    def emit_line_lost(self, line_id: int, login: str, at: float) -> None:
        """Send the event that a SIP line has lost its registration."""
        values = {"sip_line_id": line_id, "sip_line_login": login, "app_id": self._directory.app_id}
        self._notify("sip_line_unregister", values, None, at, self._timeline)

    def _notify(
        self, event: str, values: dict[str, Any], session_id: int | None, at: float, timeline: Scheduler
    ) -> None:
        for notification in self._for(event):
            own = values | {
                "notification_mnemonic": event,
                "notification_name": notification.name,
                "notification_time": self._wall.text_ms(at),
                "notification_timestamp": int(at),
            }
            if not notification.active or not notification.wants(own):
                continue
            message = expand(notification.template, own, valid_macros(event, self._knobs.macro_scope))
            self._plan(Delivery(notification, message, session_id, at), timeline)

    def _for(self, event: str) -> list[Notification]:
        found = [notification for notification in self.configured if notification.event == event]
        if self._knobs.notify_url:
            knobs = self._knobs
            spec = {
                "event": event,
                "url": knobs.notify_url,
                "method": knobs.notify_method,
                "template": knobs.notify_template,
                "name": f"{EVENTS[event][1]} (notify_url)",
            }
            found += read_notification(spec, EVENTS[event][0])
        return found

    def _plan(self, delivery: Delivery, timeline: Scheduler) -> None:
        knobs, chance = self._knobs, self._random
        self.log.append(delivery)
        due = delivery.occurred + knobs.notify_delay_s
        if chance.random() < knobs.notify_disorder:
            due += chance.uniform(0.01, 1) * knobs.notify_disorder_s
        if chance.random() < knobs.notify_loss:
            delivery.sent, delivery.status = due, "error"
            delivery.error_type, delivery.error = "connection_timeout", "Connection timed out"
            return
        timeline.at(due, lambda at: self._send_later(delivery, at, timeline))
        if chance.random() < knobs.notify_duplicates:
            again = Delivery(
                delivery.notification,
                delivery.message,
                delivery.communication_id,
                delivery.occurred,
                copy=True,
            )
            self.log.append(again)
            timeline.at(
                due + knobs.notify_duplicate_delay_s, lambda at: self._send_later(again, at, timeline)
            )

    def _send_later(self, delivery: Delivery, at: float, timeline: Scheduler) -> None:
        """Send in the background, one at a time for each address unless the knob says otherwise."""
        url = delivery.notification.url
        key = (id(timeline), url)
        before = None if self._knobs.notify_concurrent else self._chains.get(key)

        async def work() -> None:
            if before is not None and not before.done():
                await asyncio.wait([before])
            await self._send(delivery, at)
            if delivery.status == "error" and delivery.attempts <= self._knobs.notify_retries:
                delivery.status = "waiting"
                timeline.at(
                    at + self._knobs.notify_retry_delay_s, lambda at: self._send_later(delivery, at, timeline)
                )

        self._chains[key] = timeline.spawn(work(), deciding=False)

    async def _send(self, delivery: Delivery, at: float) -> None:
        notification, timeout = delivery.notification, self._knobs.notify_timeout_s
        delivery.attempts += 1
        delivery.sent = at
        url, content, headers = notification.url, None, {"User-Agent": "notification-server"}
        if notification.method == "GET":
            url += ("&" if "?" in url else "?") + delivery.message
        else:
            content = delivery.message.encode()
            headers["Content-Type"] = notification.content_type or self._knobs.notify_content_type
        try:
            async with asyncio.timeout(timeout):
                answer = await self._client().request(
                    notification.method, url, content=content, headers=headers, timeout=None
                )
            delivery.http_status = answer.status_code
            delivery.status = "sent" if answer.is_success else "error"
            delivery.error_type = None if answer.is_success else "http_error"
            delivery.error = None if answer.is_success else f"HTTP {answer.status_code}"
        except (TimeoutError, httpx.HTTPError, httpx.InvalidURL) as error:
            delivery.status, delivery.error_type = "error", "connection_error"
            delivery.error = f"{type(error).__name__}: {error}"
