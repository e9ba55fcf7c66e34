"""What nobody documents about Megaplan, or what differs between accounts: one JSON object."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal, cast

from megaplan_hook.entities import DateTimeFormat
from megaplan_hook.exceptions import MegaplanSettingError
from megaplan_vendor_kit.field_values import FieldValues

TokenBody = Literal["form", "json", "multipart"]
ContractorListRoute = Literal["contractor", "by_kind"]


@dataclass(frozen=True)
class VendorQuirks:
    """Every key with its safe default; set one only after the account at hand has shown that it needs it.

    :param token_body: how the token request is encoded: ``form`` (default; four public clients),
        ``multipart`` (what dev.megaplan.ru shows) or ``json`` (used by some clients).
    :param retry_after_fallback_seconds: the longest pause between two tries after a 429 whose answer does not
        say how long to wait; default 60. Whether Megaplan sends Retry-After is not known.
    :param time_updated_overlap_seconds: how far below the last watermark an incremental read goes; default
        600. Writes become visible seconds late.
    :param datetime_write_format: how a ``DateTime`` is written: ``iso_offset`` (default,
        2026-09-21T09:15:00+00:00), ``spaced`` (2026-09-21 09:15:00) or ``kp10`` (2026-09-21 09:15:00.000000
        UTC). Public clients disagree.
    :param default_phone_region: two-letter region for phones typed without a country code; default RU.
        Megaplan stores phones as typed.
    :param x_time_zone: seconds for the header X-Time-Zone, with JavaScript's sign (Moscow is -10800); default
        null, not sent. One client sends it, its effect is not documented.
    :param x_user_id: employee id for the header X-User-Id, honoured with application tokens; default null,
        not sent. One client (a marketplace application) uses it.
    :param contractor_list_route: where all contractors are listed: ``contractor`` (default, one mixed list)
        or ``by_kind`` (/contractorHuman, then /contractorCompany), should the mixed list fail like other
        routes of the abstract type do.
    :param read_lag_seconds: how long after a write a reader may still miss it; default 10, 0-600. After an
        ambiguous answer so much is waited before looking whether a call or a communication was made, and what a
        webhook names is read once more after so long where the first reading showed no change.
    :param webhook_account_names: further names by which webhooks may call the account, separated by commas; default
        none: its address, with or without ``.megaplan.ru``. Which name an account with a domain of its own is
        called by is not known.
    :param widget_sign_key: under which name Megaplan tells a widget the user's sign: a GET parameter of the
        widget's frame, or a data attribute around its script; default userSign, which is known of frames.
    :param widget_sign_seconds: how long a user's sign that Megaplan has confirmed is believed; default 300, 10-86400.
        How long a sign lives is not known: should it die under an open page, believe it longer.
    :param widget_phone_key: the same for the number beside which a widget stands; default phone. Nobody documents
        it; phoneNumber and number are tried too.
    :param widget_origin: from which origin widgets speak, if not from the account's own address; default null.
    :param deal_card_path: where a deal's card is in the browser, with ``{id}``; default /deals/{id}/card/. The API
        does not tell it.
    """

    token_body: TokenBody = "form"
    retry_after_fallback_seconds: float = 60
    time_updated_overlap_seconds: int = 600
    datetime_write_format: DateTimeFormat = "iso_offset"
    default_phone_region: str = "RU"
    x_time_zone: int | None = None
    x_user_id: str | None = None
    contractor_list_route: ContractorListRoute = "contractor"
    read_lag_seconds: float = 10
    webhook_account_names: tuple[str, ...] = ()
    widget_sign_key: str = "userSign"
    widget_sign_seconds: int = 300
    widget_phone_key: str = "phone"
    widget_origin: str | None = None
    deal_card_path: str = "/deals/{id}/card/"

    @classmethod
    def from_json(
        cls, value: Mapping[str, Any] | str | None, *, connection_id: str = "megaplan_default"
    ) -> VendorQuirks:
        """Read the setting ``vendor_quirks``: a JSON object, its text, or nothing for the defaults.

        :param connection_id: for messages.
        :raises MegaplanSettingError: for an unknown key or an impossible value.
        """
        setting = FieldValues(connection_id, {"vendor_quirks": value}, MegaplanSettingError)
        quirks = setting.json_object("vendor_quirks")
        given = FieldValues(connection_id, quirks, MegaplanSettingError, prefix="vendor_quirks.")
        given.refuse_unknown([field.name for field in fields(cls)])
        region = given.text("default_phone_region") or "RU"
        if not re.fullmatch("[A-Za-z]{2}", region):
            raise given.refuse(
                "default_phone_region",
                f"{region!r} is given, allowed is a two-letter country code",
                "write RU or KZ",
            )
        x_time_zone: int | None = None
        if given.text("x_time_zone") is not None:
            x_time_zone = given.whole_number("x_time_zone", 0, -64800, 64800, "seconds west of Greenwich")
        return cls(
            token_body=cast(TokenBody, given.choice("token_body", "form", ("form", "json", "multipart"))),
            retry_after_fallback_seconds=given.number("retry_after_fallback_seconds", 60, 1, 3600, "seconds"),
            time_updated_overlap_seconds=given.whole_number(
                "time_updated_overlap_seconds", 600, 0, 86400, "seconds"
            ),
            datetime_write_format=cast(
                DateTimeFormat,
                given.choice("datetime_write_format", "iso_offset", ("iso_offset", "spaced", "kp10")),
            ),
            default_phone_region=region.upper(),
            x_time_zone=x_time_zone,
            x_user_id=given.text("x_user_id"),
            contractor_list_route=cast(
                ContractorListRoute,
                given.choice("contractor_list_route", "contractor", ("contractor", "by_kind")),
            ),
            read_lag_seconds=given.number("read_lag_seconds", 10, 0, 600, "seconds"),
            webhook_account_names=_names(given.text("webhook_account_names")),
            widget_sign_key=_key(given, "widget_sign_key", "userSign"),
            widget_sign_seconds=given.whole_number("widget_sign_seconds", 300, 10, 86400, "seconds"),
            widget_phone_key=_key(given, "widget_phone_key", "phone"),
            widget_origin=_origin(given),
            deal_card_path=given.text("deal_card_path") or "/deals/{id}/card/",
        )


def _key(given: FieldValues, name: str, default: str) -> str:
    key = given.text(name) or default
    if not re.fullmatch("[A-Za-z][A-Za-z0-9]{0,63}", key):
        raise given.refuse(
            name, f"{key!r} is given, allowed are Latin letters and digits", f"write it as {default}"
        )
    return key


def _origin(given: FieldValues) -> str | None:
    origin = given.text("widget_origin")
    if origin is not None and not re.fullmatch(r"https?://[a-z0-9.-]+(:[0-9]{1,5})?", origin):
        raise given.refuse(
            "widget_origin",
            f"{origin!r} is given, allowed is scheme and host in small letters, without a path",
            "write it as https://widgets.example.org",
        )
    return origin


def _names(text: str | None) -> tuple[str, ...]:
    return tuple(name for part in (text or "").split(",") if (name := part.strip()))
