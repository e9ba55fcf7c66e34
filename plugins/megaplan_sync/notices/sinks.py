"""Where messages go: the addresses in the connection ``megaplan_notices``, delivered by Apprise."""

import hashlib
import logging
from dataclasses import dataclass
from typing import Any

from megaplan_sync.kernel.exceptions import MegaplanSyncError
from megaplan_sync.kernel.incidents import NOTICES_CONN_ID


class NoticeSettingError(MegaplanSyncError):
    """The connection with the addresses is invalid."""

    def __init__(self, problem: str) -> None:
        super().__init__(
            f"Connection {NOTICES_CONN_ID}: {problem}. Enter addresses such as mailtos://…, jsons://…, tgram://… or "
            "mmosts://… in its field Password, separated by spaces: docs/notices.md."
        )


@dataclass(frozen=True)
class Sink:
    """One recipient.

    :param key: identifies it in the database without giving its address away
    :param name: for people, without secrets
    """

    key: str
    name: str
    _service: Any

    def send(self, title: str, body: str, is_bad_news: bool) -> bool:
        """Send a message; return whether the recipient's server has accepted it."""
        import apprise

        kind = apprise.NotifyType.FAILURE if is_bad_news else apprise.NotifyType.SUCCESS
        return bool(
            self._service.notify(
                title=title, body=body, notify_type=kind, body_format=apprise.NotifyFormat.TEXT
            )
        )


def read_sinks(connection: Any) -> list[Sink]:
    """Return the recipients in an Airflow connection.

    :raises NoticeSettingError: there are none, or Apprise does not know one of them
    """
    import apprise  # takes a second, which no parsing of a DAG file should
    from apprise.utils.parse import parse_urls

    logging.getLogger("apprise").setLevel(logging.CRITICAL)  # its log contains addresses
    addresses = parse_urls(connection.password or "")  # type: ignore[no-untyped-call]
    if not addresses:
        raise NoticeSettingError("there is no address in it")
    sinks = []
    for place, address in enumerate(addresses, start=1):
        service = apprise.Apprise.instantiate(address)
        scheme = address.partition("://")[0]
        if service is None:
            raise NoticeSettingError(f"address {place}, {scheme}://…, is not valid")
        key = hashlib.sha256(address.encode()).hexdigest()[:16]
        sinks.append(Sink(key, f"address {place} ({scheme}://…)", service))
    return sinks
