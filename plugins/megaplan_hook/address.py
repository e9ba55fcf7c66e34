"""Where an account lives, out of what people write into Host, Port and Schema of the connection."""

from __future__ import annotations

from typing import NamedTuple

from megaplan_hook.exceptions import MegaplanSettingError
from megaplan_vendor_kit.connection_settings import ConnectionLike
from megaplan_vendor_kit.host_address import host_address

REMEDY = "write the address of the account such as mp361546.megaplan.ru"
VENDOR_DOMAIN = ".megaplan.ru"
DEFAULT_PORTS = {"https": 443, "http": 80}


class Address(NamedTuple):
    """``https://mp361546.megaplan.ru`` (no slash at the end) and ``mp361546``."""

    base_url: str
    account: str


def account_address(conn: ConnectionLike) -> Address:
    """Make the base URL and the account's name from the columns of a connection.

    Host may be pasted from a browser with a path behind it. The name of the account is the label before
    ``.megaplan.ru``; elsewhere host and port, without the port where it is the scheme's own: filling it in
    changes nothing. A name in Cyrillic stays readable in the account's name, and is in ASCII in the URL.

    :raises MegaplanSettingError: when no usable address comes out.
    """
    address = host_address(conn, MegaplanSettingError, REMEDY)
    if address is None:
        raise MegaplanSettingError(conn.conn_id, "host", "it is empty", REMEDY)
    has_own_port = address.port not in (None, DEFAULT_PORTS[address.scheme])
    port = f":{address.port}" if has_own_port else ""
    is_vendors = address.name.endswith(VENDOR_DOMAIN)
    account = address.name.removesuffix(VENDOR_DOMAIN) if is_vendors else address.readable_name + port
    return Address(f"{address.scheme}://{address.name}{port}", account)
