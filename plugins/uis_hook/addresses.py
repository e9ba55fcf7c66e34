"""Where to send requests and fetch recordings: a brand's addresses, or those of the connection."""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import urlsplit

from megaplan_vendor_kit.field_values import FieldValues
from uis_hook.brands import BRAND_URLS, CALL_API_PATH, DATA_API_PATH, Brand

REMEDY = "leave it empty for the brand's own address, or write one such as http://127.0.0.1:18090"


class Addresses(NamedTuple):
    """Full URLs without a slash at the end; the last two are None where they are not known."""

    data_api: str
    call_api: str
    records: str | None
    media: str | None


def addresses(
    given: FieldValues, brand: Brand, host: str | None, port: int | None, schema: str | None
) -> Addresses:
    """Choose the addresses: each own URL first, then Host, then the brand's.

    A host of its own (an emulator, a proxy) serves both APIs and the recordings. It may carry a scheme and a
    port, and is https unless it or Schema says otherwise. An own URL without a path gets the path of the API's
    version.

    :raises UisSettingError: when one of them is no address.
    """
    own = _own_host(given, host, port, schema)
    urls = BRAND_URLS[brand]
    data_api = _url(given, "data_api_url", DATA_API_PATH) or (own and own + DATA_API_PATH) or urls.data_api
    call_api = _url(given, "call_api_url", CALL_API_PATH) or (own and own + CALL_API_PATH) or urls.call_api
    records = _url(given, "records_url", "")
    return Addresses(data_api, call_api, records or own or urls.records, records or own or urls.media)


def _own_host(given: FieldValues, host: str | None, port: int | None, schema: str | None) -> str | None:
    host = (host or "").strip()
    if not host:
        # a port alone means nothing here; Airflow's Test button wants one (apache/airflow#73298)
        return None
    if "://" not in host:
        scheme = (schema or "https").strip().lower()
        if scheme not in ("https", "http"):
            raise given.refuse("schema", f"{scheme!r} is given, allowed are https and http", "correct it")
        host = f"{scheme}://{host}"
    checked = _checked(given, "host", host).rstrip("/")
    parts = urlsplit(checked)
    if parts.path:
        raise given.refuse(
            "host",
            "it has a path",
            "write only the address here, and full URLs into data_api_url and call_api_url",
        )
    if parts.port and port and parts.port != port:
        raise given.refuse("port", f"{port} is given, but Host says {parts.port}", "leave one of them empty")
    return f"{checked}:{port}" if port and not parts.port else checked


def _url(given: FieldValues, name: str, default_path: str) -> str | None:
    url = given.text(name)
    if url is None:
        return None
    checked = _checked(given, name, url).rstrip("/")
    return checked if urlsplit(checked).path else checked + default_path


def _checked(given: FieldValues, name: str, url: str) -> str:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        raise given.refuse(name, "it is no address, or its port is no port", REMEDY) from None
    if "@" in parts.netloc:
        raise given.refuse(name, "it contains an @", "put login and password into their own fields")
    if parts.scheme not in ("https", "http"):
        raise given.refuse(name, f"the scheme {parts.scheme!r} is given, allowed are https and http", REMEDY)
    if not parts.hostname or any(character.isspace() or character in ",;" for character in parts.netloc):
        raise given.refuse(name, f"{url!r} is no address", REMEDY)
    if parts.query or parts.fragment:
        raise given.refuse(name, "it has a part behind ? or #", REMEDY)
    return url
