"""The settings of one telephony account, as they stand in its Airflow connection."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Protocol
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, Field

from megaplan_vendor_kit import connection_settings
from megaplan_vendor_kit.connection_settings import ConnectionSettings
from megaplan_vendor_kit.field_error import FieldError
from megaplan_vendor_kit.setting import Setting
from megaplan_vendor_kit.setting_types import (
    SECRET,
    HttpUrl,
    PathSecret,
    TimeZoneName,
    json_object,
)
from uis_hook.addresses import own_address
from uis_hook.brands import BRAND_URLS, CALL_API_PATH, DATA_API_PATH, Brand
from uis_hook.exceptions import UisSettingError
from uis_hook.jsonrpc import Api
from uis_hook.phones import phone_digits
from uis_hook.vendor_quirks import VendorQuirks


class ConnectionLike(connection_settings.ConnectionLike, Protocol):
    """The part of an Airflow connection that is read here."""

    login: str | None
    password: str | None


def _with_path(path: str) -> AfterValidator:
    return AfterValidator(lambda url: url if urlsplit(url).path else url + path)


def _default_url(given: dict[str, Any], purpose: str, path: str = "") -> Any:
    own = given.get("own_address")
    return own + path if own else getattr(BRAND_URLS[given.get("brand", "uis")], purpose)


class UisSettings(ConnectionSettings):
    """Everything that the connection says about an account.

    There are two ways in: a permanent access token, or login and password, which are turned into a session key
    and again into a new one when it expires. The token wins. A Password without a Login is taken as the token.
    """

    error_class: ClassVar[type[FieldError]] = UisSettingError

    own_address: str | None
    """Address of an emulator or a proxy in place of the brand's, without a slash at the end."""
    login: str | None
    """Login of a user of the cabinet, for session keys."""
    password: str | None = Field(repr=False)
    """Password of that user."""

    brand: Annotated[Brand, Setting("Brand", "Account")] = "uis"
    """Whose account it is; novofon stands for Novofon 2.0. A key of one brand is not known to the others."""
    access_token: Annotated[str | None, SECRET, Setting("Access token", "Account")] = None
    """Permanent key of a user with permissions for Data API and Call API, created in the UIS account. It takes
    precedence over Login and Password of such a user."""
    account_timezone: Annotated[TimeZoneName, Setting("Time zone of the account", "Account")] = (
        "Europe/Moscow"
    )
    """IANA name of the account's time zone. UIS writes all times in it and never says so. The Test button
    compares it with the time zone set in UIS."""

    virtual_phone_number: Annotated[
        str | None,
        AfterValidator(phone_digits),
        Setting(
            "Number for outgoing calls",
            "Telephony",
            allowed="a full phone number in international form such as +7 900 000-00-01",
            remedy="write 74950000001",
        ),
    ] = None
    """One of the account's own numbers, from which calls are made, in international form."""
    webhook_secret: Annotated[PathSecret, Setting("Webhook secret", "Telephony")] = None
    """Unguessable part of the address to which UIS sends its notifications, such as the output of openssl rand -hex
    24."""

    recordings_need_login: Annotated[bool, Setting("Recordings need a login", "Telephony")] = False
    """Whether recordings can only be played by people who are signed in to the cabinet. Then a link that answers 401
    or 403, or leads to a page, is attached without a check; otherwise it counts as not ready yet."""

    page_size: Annotated[
        int, Field(ge=1, le=10_000), Setting("Rows per page", "Requests", unit="rows per page")
    ] = 1000
    """Number of rows requested per page."""
    longest_limit_wait_seconds: Annotated[
        float, Field(ge=0, le=3600), Setting("Longest wait for points, seconds", "Requests", unit="seconds")
    ] = 90.0
    """How long a request waits when the account has used up its points. If the wait would be longer, the request
    fails and reports when new points become available. 90 seconds outlast the limit per minute."""
    reserved_points_percent: Annotated[
        float,
        Field(ge=0, le=90),
        Setting("Points reserved for telephony, per cent", "Requests", unit="per cent"),
    ] = 10.0
    """Share of the daily points that the upload of deals leaves to telephony."""

    data_api_url: Annotated[HttpUrl, _with_path(DATA_API_PATH), Setting("Data API address", "Addresses")] = (
        Field(default_factory=lambda given: _default_url(given, "data_api", DATA_API_PATH))
    )
    """Address of the Data API including its path, if it is neither the brand's nor below Host."""
    call_api_url: Annotated[HttpUrl, _with_path(CALL_API_PATH), Setting("Call API address", "Addresses")] = (
        Field(default_factory=lambda given: _default_url(given, "call_api", CALL_API_PATH))
    )
    """Address of the Call API including its path, if it is neither the brand's nor below Host."""
    records_url: Annotated[HttpUrl | None, Setting("Address of recordings", "Addresses")] = Field(
        default_factory=lambda given: _default_url(given, "records")
    )
    """Address of the host in links to recordings, if it is not the brand's. CallGear's is not published."""

    customer_user_id: Annotated[
        int | None,
        Field(ge=1),
        Setting("Client's user (resellers only)", "Advanced", allowed="an id that get.customer_users gives"),
    ] = None
    """Id from get.customer_users of the client's user on whose behalf requests are made."""
    vendor_quirks: Annotated[
        VendorQuirks, BeforeValidator(json_object), Setting("Vendor quirks", "Advanced")
    ] = VendorQuirks()
    """One JSON object for what differs between accounts, normally empty. Its keys are listed in
    docs/settings.md."""

    @property
    def zone(self) -> ZoneInfo:
        """The account's time zone."""
        return ZoneInfo(self.account_timezone)

    @property
    def media_url(self) -> str | None:
        """Address of recordings of whole sessions, None for brands that have published none."""
        urls = BRAND_URLS[self.brand]
        return urls.media if self.records_url == urls.records else self.records_url

    def api_url(self, api: Api) -> str:
        """Return the address to which requests to one of the APIs are posted."""
        return self.data_api_url if api == "data" else self.call_api_url

    @classmethod
    def from_connection(cls, conn: ConnectionLike) -> UisSettings:
        """Read and check all settings of an Airflow connection.

        :raises UisSettingError: for an unknown name or an impossible value; the message names the connection,
            the field, what was given (never a secret) and what to do.
        """
        login, password = (conn.login or "").strip() or None, conn.password or None
        settings = cls.read(conn, own_address=own_address(conn), login=login, password=password)
        if password and not login:
            token = settings.access_token or password.strip() or None
            settings = settings.model_copy(update={"access_token": token, "password": None})
        if settings.access_token is None and settings.login is None:
            raise UisSettingError(
                conn.conn_id,
                "access_token",
                "it is empty",
                "fill it in, or Login and Password of a user of the cabinet",
            )
        if settings.access_token is None and settings.password is None:
            raise UisSettingError(
                conn.conn_id, "password", "it is empty", "fill it in, or use access_token instead"
            )
        return settings
