"""What nobody documents about Megaplan, or what differs between accounts: one JSON object."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from megaplan_hook.date_times import DateTimeFormat
from megaplan_vendor_kit.connection_settings import SettingsModel
from megaplan_vendor_kit.setting import Setting
from megaplan_vendor_kit.setting_types import ListOf, Origin

TokenBody = Literal["form", "json", "multipart"]
GroupPopUps = Literal["first", "each"]
ContractorListRoute = Literal["contractor", "by_kind"]
Key = Annotated[
    str,
    StringConstraints(pattern="^[A-Za-z][A-Za-z0-9]{0,63}$"),
    Setting(allowed="Latin letters and digits", remedy="write it as userSign"),
]


class VendorQuirks(SettingsModel):
    """Every key with its safe default; set one only after the account at hand has shown that it needs it."""

    token_body: TokenBody = "form"
    """How the token request is encoded: form (used by four public clients), multipart (what dev.megaplan.ru shows)
    or json (used by some clients)."""
    retry_after_fallback_seconds: Annotated[float, Field(ge=1, le=3600), Setting(unit="seconds")] = 60.0
    """Longest pause between two attempts after a 429 whose answer does not say how long to wait. Whether Megaplan
    sends Retry-After is not known."""
    time_updated_overlap_seconds: Annotated[int, Field(ge=0, le=86400), Setting(unit="seconds")] = 600
    """How far before the last watermark an incremental read starts, since writes become visible seconds late, see
    docs/decisions/0002-settled-watermark.md."""
    datetime_write_format: DateTimeFormat = "iso_offset"
    """How a DateTime is written for calls: iso_offset (2026-09-21T09:15:00+00:00), spaced (2026-09-21 09:15:00) or
    kp10 (2026-09-21 09:15:00.000000 UTC). Public clients disagree. Communications try several forms on their
    own."""
    default_phone_region: Annotated[
        str,
        StringConstraints(to_upper=True, pattern="^[A-Z]{2}$"),
        Setting(allowed="a two-letter country code", remedy="write RU or KZ"),
    ] = "RU"
    """Region of phone numbers that were typed without a country code. Megaplan stores phone numbers as typed."""
    x_time_zone: Annotated[
        int | None, Field(ge=-64800, le=64800), Setting(unit="seconds west of Greenwich")
    ] = None
    """Value of the header X-Time-Zone, with JavaScript's sign (Moscow is -10800). Not sent by default: one client
    sends it, and its effect is not documented."""
    x_user_id: str | None = None
    """Employee id for the header X-User-Id, sent with application tokens only. Not sent by default: one client, an
    application of the marketplace, uses it."""
    contractor_list_route: ContractorListRoute = "contractor"
    """Where all contacts are listed: contractor (one mixed list) or by_kind (/contractorHuman, then
    /contractorCompany), should the mixed list fail as other routes of the abstract type do."""
    read_lag_seconds: Annotated[float, Field(ge=0, le=600), Setting(unit="seconds")] = 10.0
    """How long after a write a reader may still miss it. After an ambiguous answer, this is the time before
    checking whether a call or a communication was created. Entities named by a webhook are read again after this
    time if the first read showed no change."""
    group_pop_ups: GroupPopUps = "first"
    """Who sees a pop-up if several phones ring: first (whose phone rings first, then whoever talks) or each. A call
    object is on one screen and cannot be deleted, so with each every further phone leaves one behind, finished and
    of type unknown. How Megaplan's journals and communications treat those is not documented."""
    webhook_account_names: ListOf[str] = ()
    """Further names by which webhooks may call the account, separated by commas. By default its address is
    accepted, with or without .megaplan.ru, and any name that is not another account's. Which name an account with a
    domain of its own is called by is not known."""
    widget_sign_key: Key = "userSign"
    """Name under which Megaplan passes the user's signature to a widget: a GET parameter of the widget's frame, or
    a data attribute around its script. The default is known to be used for frames."""
    widget_sign_seconds: Annotated[int, Field(ge=10, le=86400), Setting(unit="seconds")] = 300
    """How long a user's signature is trusted after Megaplan has confirmed it. How long a signature lives is not
    known: if it expires while the page is open, increase this value."""
    widget_phone_key: Annotated[Key, Setting(remedy="write it as phone")] = "phone"
    """Name under which Megaplan passes the number that a widget is shown next to. It is not documented; phoneNumber
    and number are tried too."""
    widget_origin: Origin | None = None
    """Origin of the widgets' requests to the gateway, such as https://widgets.example.org, if it is not the
    account's own address."""
    deal_card_path: str = "/deals/{id}/card/"
    """Path of a deal's card in the browser, with {id}, for the link shown in UIS. The API does not provide it."""
