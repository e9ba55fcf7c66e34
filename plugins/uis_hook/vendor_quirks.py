"""What nobody documents about UIS, or what differs between accounts: one JSON object."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal, cast

from megaplan_vendor_kit.field_values import FieldValues
from uis_hook.exceptions import UisSettingError

EmployeeUpdate = Literal["given_then_full", "given", "full"]
PhoneForm = Literal["digits", "plus"]
RoutePhones = Literal["active", "outside", "internal"]


@dataclass(frozen=True)
class VendorQuirks:
    """Every key with its safe default; set one only after the account at hand has shown that it needs it.

    :param employee_update: what ``update.employees`` is sent: ``given_then_full`` (default: only what changes,
        and once more with last_name and all phone_numbers when UIS misses them), ``given`` or ``full``. The
        documentation promises partial updates and marks both fields as required.
    :param session_key_seconds: how long a session key lives when the answer does not say; default 3600.
    :param limit_wait_fallback_seconds: the pause after ``limit_exceeded`` when neither the answer nor its text
        says which limit it is; default 60.
    :param resend_uploads: whether an upload whose answer got lost is sent again at once; default false, since
        nobody says whether UIS then stores a deal's history twice.
    :param report_window_days: reports are asked for so many days at a time, 1 to 89; default 31. UIS refuses
        more than three months.
    :param directories_sort_field: by which field lists of employees, statuses and numbers are sorted; default
        id.
    :param legs_sort_field: by which field the report of legs is sorted; default start_time.
    :param deals_sort_field: by which field the report of deals is sorted; default deal_date_time.
    :param contact_phone_form: phones of deal contacts: ``digits`` (default, 79000000001, as in the vendor's
        sample) or ``plus`` (+79000000001).
    :param route_phones: under which numbers UIS is told to ring the responsible manager: ``active`` (default, all
        active telephones of the employee, SIP logins among them), ``outside`` (full numbers only, the only ones that
        the documentation shows) or ``internal`` (the internal number).
    :param read_lag_seconds: how long after a request whose answer got lost its effect may still be missing;
        default 10, 0-600. So much is waited before looking whether an upload has arrived.
    :param deal_text_length: most characters of a user field or comment of a deal, longer ones are cut; default
        1000, 50-100000. UIS documents no limit.
    """

    employee_update: EmployeeUpdate = "given_then_full"
    session_key_seconds: int = 3600
    limit_wait_fallback_seconds: float = 60
    resend_uploads: bool = False
    report_window_days: int = 31
    directories_sort_field: str = "id"
    legs_sort_field: str = "start_time"
    deals_sort_field: str = "deal_date_time"
    contact_phone_form: PhoneForm = "digits"
    route_phones: RoutePhones = "active"
    read_lag_seconds: float = 10
    deal_text_length: int = 1000

    @classmethod
    def from_json(
        cls, value: Mapping[str, Any] | str | None, *, connection_id: str = "uis_default"
    ) -> VendorQuirks:
        """Read the setting ``vendor_quirks``: a JSON object, its text, or nothing for the defaults.

        :param connection_id: for messages.
        :raises UisSettingError: for an unknown key or an impossible value.
        """
        setting = FieldValues(connection_id, {"vendor_quirks": value}, UisSettingError)
        quirks = setting.json_object("vendor_quirks")
        given = FieldValues(connection_id, quirks, UisSettingError, prefix="vendor_quirks.")
        given.refuse_unknown([field.name for field in fields(cls)])
        return cls(
            employee_update=cast(
                EmployeeUpdate,
                given.choice("employee_update", "given_then_full", ("given_then_full", "given", "full")),
            ),
            session_key_seconds=given.whole_number("session_key_seconds", 3600, 10, 86400, "seconds"),
            limit_wait_fallback_seconds=given.number("limit_wait_fallback_seconds", 60, 1, 3600, "seconds"),
            resend_uploads=given.boolean("resend_uploads", False),
            report_window_days=given.whole_number("report_window_days", 31, 1, 89, "days"),
            directories_sort_field=given.text("directories_sort_field") or "id",
            legs_sort_field=given.text("legs_sort_field") or "start_time",
            deals_sort_field=given.text("deals_sort_field") or "deal_date_time",
            contact_phone_form=cast(
                PhoneForm, given.choice("contact_phone_form", "digits", ("digits", "plus"))
            ),
            route_phones=cast(
                RoutePhones, given.choice("route_phones", "active", ("active", "outside", "internal"))
            ),
            read_lag_seconds=given.number("read_lag_seconds", 10, 0, 600, "seconds"),
            deal_text_length=given.whole_number("deal_text_length", 1000, 50, 100_000, "characters"),
        )
