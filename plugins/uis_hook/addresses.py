"""The address of an emulator or a proxy that stands in place of a brand's own addresses."""

from __future__ import annotations

from megaplan_vendor_kit.connection_settings import ConnectionLike
from megaplan_vendor_kit.host_address import host_address
from uis_hook.exceptions import UisSettingError

REMEDY = "leave it empty for the brand's own address, or write one such as http://127.0.0.1:18090"


def own_address(conn: ConnectionLike) -> str | None:
    """Return the address that serves both APIs and the recordings, None where Host is empty.

    :raises UisSettingError: when it is no address.
    """
    address = host_address(conn, UisSettingError, REMEDY)
    if address is None:
        return None
    if address.rest.strip("/"):
        raise UisSettingError(
            conn.conn_id,
            "host",
            "it has a path or a query",
            "write only the address here, and full URLs into data_api_url and call_api_url",
        )
    port = f":{address.port}" if address.port else ""
    return f"{address.scheme}://{address.name}{port}"
