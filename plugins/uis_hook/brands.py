"""The four brands of the one platform. A key of one brand is unknown to the others."""

from __future__ import annotations

from typing import Literal, NamedTuple

Brand = Literal["uis", "comagic", "novofon", "callgear"]

DATA_API_PATH = "/v2.0"
CALL_API_PATH = "/v4.0"


class BrandUrls(NamedTuple):
    """Where a brand answers.

    :param data_api: Data API v2.0.
    :param call_api: Call API v4.0.
    :param records: host of the cabinet, which serves recordings; None where nobody has published it.
    :param media: host of whole-session recordings, likewise.
    """

    data_api: str
    call_api: str
    records: str | None
    media: str | None


# the vendor's documentation; CallGear's and the hosts of UIS's recordings are those of public clients
BRAND_URLS: dict[Brand, BrandUrls] = {
    "uis": BrandUrls(
        "https://dataapi.uiscom.ru/v2.0",
        "https://callapi.uiscom.ru/v4.0",
        "https://app.uiscom.ru",
        "https://media.uiscom.ru",
    ),
    "comagic": BrandUrls(
        "https://dataapi.comagic.ru/v2.0",
        "https://callapi.comagic.ru/v4.0",
        "https://app.comagic.ru",
        "https://media.comagic.ru",
    ),
    "novofon": BrandUrls(
        "https://dataapi-jsonrpc.novofon.ru/v2.0",
        "https://callapi-jsonrpc.novofon.ru/v4.0",
        "https://app.novofon.ru",
        "https://media.novofon.ru",
    ),
    "callgear": BrandUrls(
        "https://dataapi.callgear.com/v2.0", "https://callapi.callgear.com/v4.0", None, None
    ),
}
