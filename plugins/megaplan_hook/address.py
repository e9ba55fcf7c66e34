"""Where an account lives, out of what people write into Host, Port and Schema of the connection."""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import SplitResult, urlsplit

from megaplan_hook.exceptions import MegaplanSettingError

EXAMPLE = "mp361546.megaplan.ru"
REMEDY = f"write the address of the account such as {EXAMPLE}"
VENDOR_DOMAIN = ".megaplan.ru"
DEFAULT_PORTS = {"https": 443, "http": 80}


class Address(NamedTuple):
    """``https://mp361546.megaplan.ru`` (no slash at the end) and ``mp361546``."""

    base_url: str
    account: str


def account_address(
    connection_id: str, host: str | None, port: int | None = None, schema: str | None = None
) -> Address:
    """Make the base URL and the account's name from the three fields of a connection.

    Host may carry a scheme and a port, may be pasted from a browser with a path behind it, and is https
    unless it or Schema says otherwise. The name of the account is the label before ``.megaplan.ru``;
    elsewhere host and port, without the port where it is the scheme's own: filling it in changes nothing.

    :raises MegaplanSettingError: when no usable address comes out.
    """
    host = (host or "").strip()
    if not host:
        raise MegaplanSettingError(connection_id, "host", "it is empty", REMEDY)
    parts, host_port = _split(connection_id, host)
    name = (parts.hostname or "").rstrip(".").lower()
    if "@" in parts.netloc:
        raise MegaplanSettingError(
            connection_id, "host", "it contains an @", "put login and password into their own fields"
        )
    if not name or any(character.isspace() or character in ",;" for character in name):
        raise MegaplanSettingError(connection_id, "host", f"{host!r} is no address", REMEDY)
    scheme, scheme_field = (
        (parts.scheme, "host") if parts.scheme else ((schema or "https").strip().lower(), "schema")
    )
    if scheme not in ("https", "http"):
        raise MegaplanSettingError(
            connection_id, scheme_field, f"the scheme {scheme!r} is given, allowed are https and http", REMEDY
        )
    if host_port and port and host_port != port:
        raise MegaplanSettingError(
            connection_id, "port", f"{port} is given, but Host says {host_port}", "leave one of them empty"
        )
    port = host_port or port
    if port == DEFAULT_PORTS[scheme]:
        port = None
    written = f"[{name}]" if ":" in name else name
    with_port = f"{written}:{port}" if port else written
    account = name.removesuffix(VENDOR_DOMAIN) if name.endswith(VENDOR_DOMAIN) else with_port
    return Address(f"{scheme}://{with_port}", account)


def _split(connection_id: str, host: str) -> tuple[SplitResult, int | None]:
    try:
        parts = urlsplit(host if "://" in host else f"//{host}")
        return parts, parts.port
    except ValueError:
        raise MegaplanSettingError(
            connection_id, "host", "it is no address, or its port is no port", REMEDY
        ) from None
