"""Host, Port and Schema of a connection, read as one address."""

from __future__ import annotations

from typing import NamedTuple

import idna

from megaplan_vendor_kit.connection_settings import ConnectionLike
from megaplan_vendor_kit.field_error import FieldError
from megaplan_vendor_kit.setting_types import SCHEMES, RefusedValueError, split_address


class HostAddress(NamedTuple):
    """``https``, ``crm.example.org`` (an IPv6 address in brackets), the port if one is given, and what follows.

    The name is in ASCII, as DNS, TLS and browsers know it.
    """

    scheme: str
    name: str
    port: int | None
    rest: str

    @property
    def readable_name(self) -> str:
        """The name as people write it: ``мегаплан.рф``."""
        try:
            return idna.decode(self.name) if "xn--" in self.name else self.name
        except idna.IDNAError:
            return self.name


def host_address(conn: ConnectionLike, error: type[FieldError], remedy: str) -> HostAddress | None:
    """Read the address of a connection, None when Host is empty.

    Host may carry a scheme and a port, and is https unless it or Schema says otherwise. A port alone means
    nothing: Airflow's Test button wants one (apache/airflow#73298).

    :param error: raised when no address comes out, about one of the three fields.
    :param remedy: what to write into Host.
    """
    host = (conn.host or "").strip()
    if not host:
        return None
    if "://" not in host:
        scheme = (conn.schema or "").strip().lower() or "https"
        if scheme not in SCHEMES:
            raise error(conn.conn_id, "schema", f"{scheme!r} is given, allowed: https and http", "correct it")
        host = f"{scheme}://{host}"
    try:
        parts = split_address(host)
    except RefusedValueError as refused:
        raise error(conn.conn_id, "host", refused.problem, refused.remedy or remedy) from None
    if parts.port and conn.port and parts.port != conn.port:
        raise error(
            conn.conn_id,
            "port",
            f"{conn.port} is given, but Host says {parts.port}",
            "leave one of them empty",
        )
    name = (parts.hostname or "").rstrip(".")
    rest = parts._replace(scheme="", netloc="").geturl()
    return HostAddress(parts.scheme, f"[{name}]" if ":" in name else name, parts.port or conn.port, rest)
