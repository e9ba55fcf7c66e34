"""Everything about the platform that is unknown, contradictory or worth breaking in a test.

Durations are in seconds of the account's clock unless the comment says *real*.
"""

from dataclasses import dataclass
from typing import Literal

from ..kit import knobs
from ..kit.knobs import Share


@dataclass
class Knobs(knobs.Knobs):
    """Settings of the emulator. Defaults follow the strictest reading of the reference."""

    # the account
    brand: Literal["uis", "comagic", "novofon", "callgear"] = "uis"
    timezone: str = "Europe/Moscow"  # IANA name; at start and reset only
    account_shape: Literal["list", "object"] = "list"  # data of get.account
    account_active: bool = True
    # options that were not bought, comma separated: analytics, sales_funnel, va, dataapi_reports, callapi,
    # callapi_management_call, callapi_informer_call, callapi_scenario_call
    disabled_components: str = "analytics"
    # access
    login: str = "demo"
    password: str = "demo-password"
    tokens: str = ""  # further permanent keys, comma separated; at start and reset only
    ip_whitelist: str = "0.0.0.0/0"  # comma separated networks; by default the real service admits nobody
    login_expiry_key: Literal["expire_at", "expire"] = "expire_at"  # its name in the Data API's login.user
    error_http_status: int = 200  # HTTP status of JSON-RPC errors
    # points: 0 = no limit
    day_limit: int = 3500
    minute_limit: int = 200
    hour_limit: int = 4000
    limits_schema: Literal["day_minute", "hour", "empty"] = "day_minute"
    call_api_metadata: bool = True  # metadata in successes of the Call API
    # Data API
    refused_sort_fields: str = ""  # comma separated fields that no list can be sorted by
    calls_report_days: int = 0  # days that one report of calls may cover; 0 = three months
    update_employees_requires_full: bool = True  # last_name and phone_numbers with every update.employees
    flat_data_object: bool = False  # get.deals answers one object instead of a list, as its page shows
    include_unready_records: bool = False  # ids of recordings in reports before they can be downloaded
    # deals
    deals_processing_s: float = 2.0  # how long an upload stays in get.deals_in_processing
    refused_deals: str = ""  # ends of ext_id, comma separated: deals that break an unpublished rule
    refused_field: Literal["index", "from_one", "bare"] = (
        "index"  # naming a record (from_one: deals.1 is the first)
    )
    omitted_deal_fields: Literal["keep", "drop"] = "keep"  # values of the last record, or none
    merged_user_fields: bool = False  # keep those that a record does not list, although it lists others
    cleared_by: Literal["null", "empty", "nothing"] = "null"  # what removes a value; anything else is refused
    sum_digits: int = 15  # before the point, of revenue and of numeric user fields
    undeletable_deals: str = ""  # ends of ext_id, comma separated
    deals_filters: bool = True  # the operators in and like, "not for all methods", in lists of deals
    # recordings
    record_delay_s: float = 5.0  # from the end of the session to talk_record_file
    record_unready: Literal["404", "204", "empty", "html"] = "404"  # answer before that
    record_missing: Share = 0.0  # recordings that never become ready
    record_login: bool = False  # links open the cabinet's login page instead of a file
    record_ttl_s: float = 0.0  # retention; 0 = for ever
    record_links: Literal["emulator", "brand"] = "emulator"  # hosts in links
    record_content_type: str = "audio/mpeg"
    # notifications
    notify_url: str = ""  # address for every telephony event; {event} becomes its mnemonic
    notify_template: Literal["flat", "default"] = "flat"  # for notify_url
    notify_method: Literal["POST", "GET"] = "POST"  # for notify_url
    notify_content_type: str = "application/json"
    notify_delay_s: float = 0.0  # between the event and sending
    notify_duplicates: Share = 0.0  # arrive twice
    notify_duplicate_delay_s: float = 1.0
    notify_loss: Share = 0.0  # never arrive
    notify_disorder: Share = 0.0  # are held back up to notify_disorder_s
    notify_disorder_s: float = 5.0
    notify_timeout_s: float = 5.0  # real
    notify_retries: int = 0
    notify_retry_delay_s: float = 5.0
    notify_concurrent: bool = False  # false: one at a time for each address
    macro_scope: Literal["wide", "template"] = (
        "wide"  # macros that an event knows (template: its default's only)
    )
    callapi_session_event: bool = False  # out_call_session / in_call_session for click-to-call
    contact_leg_employee: bool = False  # events of the contact's leg name the employee of the session
    # interactive processing
    interactive_url: str = ""  # of operations without an address of their own
    interactive_method: Literal["GET", "POST"] = "GET"
    interactive_encoding: Literal["form", "json", "query"] = "form"  # of a POST
    interactive_id: Literal["brand", "cdr_id", "call_session_id"] = "brand"
    interactive_start_time: Literal["datetime", "hhmm", "timestamp"] = "datetime"
    interactive_timeout_s: float = 2.0  # real
    interactive_dial: Literal["sequential", "simultaneous"] = "sequential"
    interactive_extensions: bool = False  # extensions and SIP logins in `phones` are understood
    # people, when nothing else is said about a call
    employee_answer_s: float = 3.0
    contact_answer_s: float = 6.0
    talk_s: float = 60.0
    ring_timeout_s: float = 30.0  # a contact's telephone; an employee's has its dial_time
