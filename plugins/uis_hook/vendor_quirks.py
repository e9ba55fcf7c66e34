"""What nobody documents about UIS, or what differs between accounts: one JSON object."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from megaplan_vendor_kit.connection_settings import SettingsModel
from megaplan_vendor_kit.setting import Setting

EmployeeUpdate = Literal["given_then_full", "given", "full"]
DealClearing = Literal["null_then_empty", "null", "empty", "omit"]
PhoneForm = Literal["digits", "plus"]
RoutePhones = Literal["active", "outside", "internal"]


class VendorQuirks(SettingsModel):
    """Every key with its safe default; set one only after the account at hand has shown that it needs it."""

    employee_update: EmployeeUpdate = "given_then_full"
    """What update.employees sends: given_then_full (only what changes; again with last_name and all phone_numbers
    if UIS requires them), given or full. The documentation promises partial updates and marks both fields as
    required."""
    session_key_seconds: Annotated[int, Field(ge=10, le=86400), Setting(unit="seconds")] = 3600
    """How long a session key lives when the answer does not say."""
    limit_wait_fallback_seconds: Annotated[float, Field(ge=1, le=3600), Setting(unit="seconds")] = 60.0
    """Pause after limit_exceeded when UIS does not say how long to wait."""
    resend_uploads: bool = False
    """Whether an upload of deals whose answer was lost is sent again at once. It is not known whether UIS would
    then store a deal's history twice."""
    report_window_days: Annotated[int, Field(ge=1, le=89), Setting(unit="days")] = 31
    """Number of days covered by one request for a report of calls. UIS refuses more than three months."""
    directories_sort_field: str = "id"
    """Field by which lists of employees, statuses and numbers are sorted, so that no row is lost between pages."""
    deals_sort_field: str = "deal_date_time"
    """Field by which the report of deals is sorted."""
    contact_phone_form: PhoneForm = "digits"
    """How phone numbers of uploaded contacts are written: digits (79000000001, as in the vendor's sample) or plus
    (+79000000001)."""
    route_phones: RoutePhones = "active"
    """Which numbers of the responsible manager UIS is given to ring: active (all active telephones, including SIP
    logins), outside (full numbers only, the only ones that the documentation shows) or internal (the extension)."""
    read_lag_seconds: Annotated[float, Field(ge=0, le=600), Setting(unit="seconds")] = 10.0
    """How long after a request whose answer was lost its effect may still be missing. This is the time before
    checking whether an upload has arrived."""
    deal_clearing: DealClearing = "null_then_empty"
    """How a value that a deal no longer has (sum, contact, manager, user field) is removed: null, empty (0 for the
    sum, an empty text or list otherwise), null_then_empty (empty where UIS refuses null; user fields always empty) or
    omit (left out). A form that UIS refuses is left out as well."""
    deal_text_length: Annotated[int, Field(ge=50, le=100_000), Setting(unit="characters")] = 1000
    """Maximum length of a user field or a comment of a deal. Longer ones are cut. UIS documents no limit."""
