"""The settings of one telephony account, as they stand in its Airflow connection."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol, cast
from zoneinfo import ZoneInfo

from megaplan_vendor_kit.field_values import FieldValues
from uis_hook.addresses import addresses
from uis_hook.brands import BRANDS, Brand
from uis_hook.exceptions import UisSettingError
from uis_hook.jsonrpc import Api
from uis_hook.phones import phone_digits
from uis_hook.vendor_quirks import VendorQuirks

# the settings that have a field of their own in the connection form, in its order
FORM_FIELDS = (
    "brand",
    "access_token",
    "account_timezone",
    "virtual_phone_number",
    "webhook_secret",
    "page_size",
    "longest_limit_wait_seconds",
    "reserved_points_percent",
    "customer_user_id",
    "data_api_url",
    "call_api_url",
    "records_url",
    "vendor_quirks",
)
# what only the Extra JSON holds: how the HTTP session is set up
TRANSPORT_FIELDS = ("verify", "proxies", "connect_timeout_seconds", "read_timeout_seconds")


class ConnectionLike(Protocol):
    """The part of an Airflow connection that is read here; both of Airflow's classes fit."""

    conn_id: str
    host: str | None
    port: int | None
    schema: str | None
    login: str | None
    password: str | None
    extra: str | None


@dataclass(frozen=True)
class UisSettings:
    """Everything the connection says about an account.

    Values are read leniently on form (``true``, ``"true"``, ``3``, ``"3"``: a URI carries strings) and
    strictly on value. An empty field means its default.

    There are two ways in: a permanent access token, or login and password, which are turned into a session key
    and again into a new one when it expires. The token wins. A Password without a Login is taken as the token.

    :param connection_id: the connection these came from.
    :param data_api_url: Data API v2.0, without a slash at the end.
    :param call_api_url: Call API v4.0.
    :param records_url: host that serves recordings; None for brands that have published none.
    :param media_url: host that serves recordings of whole sessions, likewise.
    :param brand: uis (default), comagic, novofon or callgear: says which addresses are meant, unless the
        connection has its own. A key of one brand is unknown to the others.
    :param access_token: permanent key of a user, made in the cabinet. A secret.
    :param login: of a user of the cabinet, for session keys.
    :param password: of that user. A secret.
    :param account_timezone: IANA name of the account's zone, in which UIS writes all moments; default
        Europe/Moscow.
    :param virtual_phone_number: own number from which calls are made, digits only; None when there is none.
    :param webhook_secret: part of the address at which UIS's notifications arrive. A secret.
    :param page_size: rows asked per page, 1–10000; default 1000, UIS's own.
    :param longest_limit_wait_seconds: how long a request may wait for new points, 0–3600; default 90, enough
        for the limit per minute. A longer wait is left to the caller, as an error.
    :param reserved_points_percent: share of the day's points, 0–90 per cent, that the upload of deals leaves to
        telephony; default 10.
    :param customer_user_id: for resellers: the client's user on whose behalf requests are made.
    :param vendor_quirks: see :class:`uis_hook.vendor_quirks.VendorQuirks`.
    :param verify: Extra only: check certificates (default true), or the path of a CA bundle.
    :param proxies: Extra only: ``{"https": "http://proxy:3128"}`` as in requests.
    :param connect_timeout_seconds: Extra only: default 10.
    :param read_timeout_seconds: Extra only: default 60.
    """

    connection_id: str
    data_api_url: str
    call_api_url: str
    records_url: str | None
    media_url: str | None
    brand: Brand = "uis"
    access_token: str | None = field(default=None, repr=False)
    login: str | None = None
    password: str | None = field(default=None, repr=False)
    account_timezone: str = "Europe/Moscow"
    virtual_phone_number: str | None = None
    webhook_secret: str | None = field(default=None, repr=False)
    page_size: int = 1000
    longest_limit_wait_seconds: float = 90
    reserved_points_percent: float = 10
    customer_user_id: int | None = None
    vendor_quirks: VendorQuirks = field(default_factory=VendorQuirks)
    verify: bool | str = True
    proxies: dict[str, str] = field(default_factory=dict, repr=False)
    connect_timeout_seconds: float = 10
    read_timeout_seconds: float = 60

    @property
    def zone(self) -> ZoneInfo:
        """The account's time zone."""
        return ZoneInfo(self.account_timezone)

    def api_url(self, api: Api) -> str:
        """Return the address to which requests to one of the APIs are posted."""
        return self.data_api_url if api == "data" else self.call_api_url

    @classmethod
    def from_connection(cls, conn: ConnectionLike) -> UisSettings:
        """Read and check all settings of an Airflow connection.

        :raises UisSettingError: for an unknown name or an impossible value; the message names the connection,
            the field, what was given (never a secret) and what to do.
        """
        extra = FieldValues(conn.conn_id, {"extra": conn.extra}, UisSettingError).json_object("extra")
        given = FieldValues(conn.conn_id, extra, UisSettingError)
        given.refuse_unknown(FORM_FIELDS + TRANSPORT_FIELDS)
        brand = cast(Brand, given.choice("brand", "uis", BRANDS))
        where = addresses(given, brand, conn.host, conn.port, conn.schema)
        access_token, login, password = _credentials(given, conn)
        return cls(
            connection_id=conn.conn_id,
            data_api_url=where.data_api,
            call_api_url=where.call_api,
            records_url=where.records,
            media_url=where.media,
            brand=brand,
            access_token=access_token,
            login=login,
            password=password,
            account_timezone=given.time_zone("account_timezone", "Europe/Moscow"),
            virtual_phone_number=_virtual_phone_number(given),
            webhook_secret=given.path_secret("webhook_secret"),
            page_size=given.whole_number("page_size", 1000, 1, 10_000, "rows per page"),
            longest_limit_wait_seconds=given.number("longest_limit_wait_seconds", 90, 0, 3600, "seconds"),
            reserved_points_percent=given.number("reserved_points_percent", 10, 0, 90, "per cent"),
            customer_user_id=_customer_user_id(given),
            vendor_quirks=VendorQuirks.from_json(extra.get("vendor_quirks"), connection_id=conn.conn_id),
            verify=given.verify(),
            proxies=given.proxies(),
            connect_timeout_seconds=given.number("connect_timeout_seconds", 10, 0.1, 600, "seconds"),
            read_timeout_seconds=given.number("read_timeout_seconds", 60, 0.1, 600, "seconds"),
        )


def _credentials(given: FieldValues, conn: ConnectionLike) -> tuple[str | None, str | None, str | None]:
    """Return access token, login and password; at least one way in is complete."""
    access_token = given.text("access_token", secret=True)
    login, password = (conn.login or "").strip() or None, conn.password or None
    if password and not login:
        access_token, password = access_token or password.strip() or None, None
    if access_token is None and login is None:
        raise given.refuse(
            "access_token", "it is empty", "fill it in, or Login and Password of a user of the cabinet"
        )
    if access_token is None and password is None:
        raise given.refuse("password", "it is empty", "fill it in, or use access_token instead")
    return access_token, login, password


def _virtual_phone_number(given: FieldValues) -> str | None:
    number = given.text("virtual_phone_number")
    if number is None:
        return None
    try:
        return phone_digits(number)
    except ValueError as error:
        raise given.refuse("virtual_phone_number", f"{number!r} is {error}", "write 74950000001") from None


def _customer_user_id(given: FieldValues) -> int | None:
    if given.text("customer_user_id") is None:
        return None
    return given.whole_number("customer_user_id", 0, 1, 2**53, "the id that get.customer_users gives")
