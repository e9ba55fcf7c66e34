"""The settings of one Megaplan account, as they stand in its Airflow connection."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal, Protocol, cast
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from megaplan_hook.address import account_address
from megaplan_hook.exceptions import MegaplanSettingError
from megaplan_hook.vendor_quirks import VendorQuirks
from megaplan_vendor_kit.field_values import FieldValues

Communication = Literal["none", "planned", "done"]
COMMUNICATIONS: tuple[Communication, ...] = ("none", "planned", "done")

# the settings that have a field of their own in the connection form, in its order
FORM_FIELDS = (
    "deals_active",
    "account_timezone",
    "requests_per_second",
    "requests_per_hour",
    "page_size",
    "directories_every_minutes",
    "night_requests",
    "deletion_brake",
    "backfill_stage_moves",
    "application_uuid",
    "application_token",
    "vendor_quirks",
    "uis_conn_id",
    "deals_to_uis",
    "uis_deal_fields",
    "uis_loss_reason_field",
    "telephony_active",
    "communication_incoming_answered",
    "communication_incoming_missed",
    "communication_outgoing_answered",
    "communication_outgoing_unanswered",
    "communication_minutes",
    "megaplan_creates_todo",
    "keep_telephony_days",
    "webhook_secret",
    "gateway_url",
    "route_fallback",
)
# what only the Extra JSON holds: how the HTTP session is set up
TRANSPORT_FIELDS = ("verify", "proxies", "connect_timeout_seconds", "read_timeout_seconds")


class ConnectionLike(Protocol):
    """The part of an Airflow connection that is read here; both of Airflow's classes fit."""

    conn_id: str
    host: str | None
    port: int | None
    schema: str | None
    extra: str | None


@dataclass(frozen=True)
class AccountSettings:
    """Everything the connection says about an account, except login and password.

    Values are read leniently on form (``true``, ``"true"``, ``3``, ``"3"``: a URI carries strings) and
    strictly on value. An empty field means its default.

    :param connection_id: the connection these came from.
    :param base_url: ``https://mp361546.megaplan.ru``, without a slash at the end.
    :param account: the label before ``.megaplan.ru``, otherwise host:port; ``account`` in every table.
    :param deals_active: whether deals go into Postgres; default true.
    :param telephony_active: whether calls are handled; default false.
    :param uis_conn_id: the connection of the UIS cabinet, None without one.
    :param deals_to_uis: whether deals go into that cabinet, too; default true.
    :param uis_deal_fields: titles or keys of custom fields that become user fields of deals there.
    :param uis_loss_reason_field: the custom field that says why a deal was lost; None takes those whose title
        looks like it.
    :param account_timezone: zoneinfo name of the zone in which the account's days begin; default
        Europe/Moscow.
    :param communication_incoming_answered: which communication (``none``, ``planned``, ``done``) such a call
        makes; likewise the three others; default none.
    :param communication_minutes: length of a communication, 1–1440; default 120.
    :param megaplan_creates_todo: Megaplan makes one communication per call object itself, and we only
        complete it; default false.
    :param keep_telephony_days: 30–36500: older calls, and what came in of them, are deleted from Postgres by
        night once Megaplan has them; None, the default, keeps everything.
    :param requests_per_second: 0.1–1000, default 3. An independent client states 5 as Megaplan's limit.
    :param requests_per_hour: 1–1000000, default 1000. The same client states 1000.
    :param page_size: rows asked per page, 1–1000; default 100, Megaplan's own.
    :param directories_every_minutes: how often the lists without ``timeUpdated`` are read whole, 0–10080;
        default 60, 0 means in every run.
    :param night_requests: 10–1000000, default 3000: most requests of one reconciliation; what does not fit goes
        on in the next night.
    :param deletion_brake: 0–100, default 1: if more than so many per cent of a table's rows (and more than 20)
        vanish at once, none is marked as deleted until a person approves.
    :param backfill_stage_moves: ask for the earlier stage moves of every deal, one request each, with what the
        reconciliation leaves of ``night_requests``; default false.
    :param webhook_secret: part of the URL at which Megaplan's events arrive. A secret.
    :param application_uuid: of an application made in the account.
    :param application_token: its API token, used when there is no login. A secret.
    :param gateway_url: public address of the gateway.
    :param route_fallback: numbers to ring when nobody is responsible, in this order.
    :param vendor_quirks: see :class:`megaplan_hook.vendor_quirks.VendorQuirks`.
    :param verify: Extra only: check certificates (default true), or the path of a CA bundle.
    :param proxies: Extra only: ``{"https": "http://proxy:3128"}`` as in requests.
    :param connect_timeout_seconds: Extra only: default 10.
    :param read_timeout_seconds: Extra only: default 60.
    """

    connection_id: str
    base_url: str
    account: str
    deals_active: bool = True
    telephony_active: bool = False
    uis_conn_id: str | None = None
    deals_to_uis: bool = True
    uis_deal_fields: tuple[str, ...] = ()
    uis_loss_reason_field: str | None = None
    account_timezone: str = "Europe/Moscow"
    communication_incoming_answered: Communication = "none"
    communication_incoming_missed: Communication = "none"
    communication_outgoing_answered: Communication = "none"
    communication_outgoing_unanswered: Communication = "none"
    communication_minutes: int = 120
    megaplan_creates_todo: bool = False
    keep_telephony_days: int | None = None
    requests_per_second: float = 3.0
    requests_per_hour: int = 1000
    page_size: int = 100
    directories_every_minutes: int = 60
    night_requests: int = 3000
    deletion_brake: float = 1.0
    backfill_stage_moves: bool = False
    webhook_secret: str | None = field(default=None, repr=False)
    application_uuid: str | None = None
    application_token: str | None = field(default=None, repr=False)
    gateway_url: str | None = None
    route_fallback: tuple[str, ...] = ()
    vendor_quirks: VendorQuirks = field(default_factory=VendorQuirks)
    verify: bool | str = True
    proxies: dict[str, str] = field(default_factory=dict, repr=False)
    connect_timeout_seconds: float = 10
    read_timeout_seconds: float = 60

    @property
    def zone(self) -> ZoneInfo:
        """The account's time zone."""
        return ZoneInfo(self.account_timezone)

    @classmethod
    def from_connection(cls, conn: ConnectionLike) -> AccountSettings:
        """Read and check all settings of an Airflow connection.

        :raises MegaplanSettingError: for an unknown name or an impossible value; the message names the
            connection, the field, what was given (never a secret) and what to do.
        """
        address = account_address(conn.conn_id, conn.host, conn.port, conn.schema)
        extra = FieldValues(conn.conn_id, {"extra": conn.extra}, MegaplanSettingError).json_object("extra")
        given = FieldValues(conn.conn_id, extra, MegaplanSettingError)
        given.refuse_unknown(FORM_FIELDS + TRANSPORT_FIELDS)

        def communication(name: str) -> Communication:
            return cast(Communication, given.choice(name, "none", COMMUNICATIONS))

        return cls(
            connection_id=conn.conn_id,
            base_url=address.base_url,
            account=address.account,
            deals_active=given.boolean("deals_active", True),
            telephony_active=given.boolean("telephony_active", False),
            uis_conn_id=given.text("uis_conn_id"),
            deals_to_uis=given.boolean("deals_to_uis", True),
            uis_deal_fields=given.text_list("uis_deal_fields", "field names"),
            uis_loss_reason_field=given.text("uis_loss_reason_field"),
            account_timezone=given.time_zone("account_timezone", "Europe/Moscow"),
            communication_incoming_answered=communication("communication_incoming_answered"),
            communication_incoming_missed=communication("communication_incoming_missed"),
            communication_outgoing_answered=communication("communication_outgoing_answered"),
            communication_outgoing_unanswered=communication("communication_outgoing_unanswered"),
            communication_minutes=given.whole_number("communication_minutes", 120, 1, 1440, "minutes"),
            megaplan_creates_todo=given.boolean("megaplan_creates_todo", False),
            keep_telephony_days=given.whole_number("keep_telephony_days", 30, 30, 36_500, "days")
            if given.is_given("keep_telephony_days")
            else None,
            requests_per_second=given.number("requests_per_second", 3.0, 0.1, 1000, "requests per second"),
            requests_per_hour=given.whole_number(
                "requests_per_hour", 1000, 1, 1_000_000, "requests per hour"
            ),
            page_size=given.whole_number("page_size", 100, 1, 1000, "rows per page"),
            directories_every_minutes=given.whole_number(
                "directories_every_minutes", 60, 0, 10080, "minutes"
            ),
            night_requests=given.whole_number("night_requests", 3000, 10, 1_000_000, "requests"),
            deletion_brake=given.number("deletion_brake", 1.0, 0, 100, "per cent"),
            backfill_stage_moves=given.boolean("backfill_stage_moves", False),
            webhook_secret=given.path_secret("webhook_secret"),
            application_uuid=given.text("application_uuid"),
            application_token=given.header_secret("application_token"),
            gateway_url=_public_url(given),
            route_fallback=_numbers(given),
            vendor_quirks=VendorQuirks.from_json(extra.get("vendor_quirks"), connection_id=conn.conn_id),
            verify=given.verify(),
            proxies=given.proxies(),
            connect_timeout_seconds=given.number("connect_timeout_seconds", 10, 0.1, 600, "seconds"),
            read_timeout_seconds=given.number("read_timeout_seconds", 60, 0.1, 600, "seconds"),
        )


def _public_url(given: FieldValues) -> str | None:
    url = given.text("gateway_url")
    if url is None:
        return None
    try:
        parts = urlsplit(url)
        fits = parts.scheme in ("https", "http") and bool(parts.hostname) and not parts.username
    except ValueError:
        fits = False
    if not fits:
        raise given.refuse("gateway_url", "it is no http(s) address", "write it as https://calls.example.org")
    return url.rstrip("/")


def _numbers(given: FieldValues) -> tuple[str, ...]:
    cleaned = given.text_list("route_fallback", "numbers")
    for number in cleaned:
        if not re.fullmatch(r"\+?[\d\s()-]{2,30}", number):
            raise given.refuse(
                "route_fallback", f"{number!r} is given, allowed are phone numbers", "separate them by commas"
            )
    return cleaned
