"""The four brands of the one platform: hosts, and the little in which they differ.

A key of one brand is not accepted on another's host. Novofon's documentation is a smaller edition: it lacks
companies, leads and CRM accounts, and the parts of a deal record that point at them.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Brand:
    """Hosts of a brand, and the name of the session's id in an interactive request."""

    data_host: str
    call_host: str
    app_host: str
    media_host: str
    interactive_id: str


BRANDS: dict[str, Brand] = {
    "uis": Brand("dataapi.uiscom.ru", "callapi.uiscom.ru", "app.uiscom.ru", "media.uiscom.ru", "cdr_id"),
    "comagic": Brand(
        "dataapi.comagic.ru", "callapi.comagic.ru", "app.comagic.ru", "media.comagic.ru", "cdr_id"
    ),
    "novofon": Brand(
        "dataapi-jsonrpc.novofon.ru",
        "callapi-jsonrpc.novofon.ru",
        "app.novofon.ru",
        "media.novofon.ru",
        "call_session_id",
    ),
    "callgear": Brand(
        "dataapi.callgear.com", "callapi.callgear.com", "app.callgear.com", "media.callgear.com", "cdr_id"
    ),
}


def brand_of(host: str) -> str | None:
    """Return the brand a host belongs to; None for any other address, such as the emulator's own."""
    name = host.partition(":")[0].lower()
    for brand, hosts in BRANDS.items():
        if name in {hosts.data_host, hosts.call_host, hosts.app_host, hosts.media_host}:
            return brand
    return None


def api_of(host: str) -> str | None:
    """Return ``data`` or ``call`` for a vendor's API host; such a host serves only that API."""
    name = host.partition(":")[0].lower()
    for hosts in BRANDS.values():
        if name == hosts.data_host:
            return "data"
        if name == hosts.call_host:
            return "call"
    return None
