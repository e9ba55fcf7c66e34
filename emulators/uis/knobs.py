"""Everything about the platform that is unknown, contradictory or worth breaking in a test.

Each knob can be given on the command line (``--knob name=value``) and changed while running
(``POST /_control/knobs``). Durations are in seconds of the account's clock unless the comment says *real*.
"""

from dataclasses import asdict, dataclass, fields
from typing import Any

from .brands import BRANDS


@dataclass
class Knobs:
    """Settings of the emulator. Defaults follow the strictest reading of the reference."""

    # the account
    brand: str = "uis"  # uis | comagic | novofon | callgear
    timezone: str = "Europe/Moscow"  # IANA name; at start and reset only
    account_shape: str = "list"  # data of get.account: list | object
    account_active: bool = True
    # options that were not bought, comma separated: analytics, sales_funnel, va, dataapi_reports, callapi,
    # callapi_management_call, callapi_informer_call, callapi_scenario_call
    disabled_components: str = "analytics"
    # access
    login: str = "demo"
    password: str = "demo-password"
    tokens: str = ""  # further permanent keys, comma separated; at start and reset only
    ip_whitelist: str = "0.0.0.0/0"  # comma separated networks; the real default is nobody
    login_expiry_key: str = "expire_at"  # expire_at | expire: name in the Data API's login.user
    error_http_status: int = 200  # HTTP status of JSON-RPC errors
    # points: 0 = no limit
    day_limit: int = 3500
    minute_limit: int = 200
    hour_limit: int = 4000
    limits_schema: str = "day_minute"  # day_minute | hour | empty
    call_api_metadata: bool = True  # metadata in successes of the Call API
    # Data API
    update_employees_requires_full: bool = True  # last_name and phone_numbers with every update.employees
    flat_data_object: bool = False  # get.deals answers one object instead of a list, as its page shows
    include_unready_records: bool = False  # ids of recordings in reports before they can be downloaded
    # deals
    deals_processing_s: float = 2.0  # how long an upload stays in get.deals_in_processing
    refused_deals: str = ""  # ends of ext_id, comma separated: deals that break a rule nobody has published
    refused_field: str = (
        "index"  # how the error names a record: index | from_one (deals.1 is the first) | bare
    )
    deals_filters: bool = True  # the operators in and like, "not for all methods", in lists of deals
    # recordings
    record_delay_s: float = 5.0  # from the end of the session to talk_record_file
    record_unready: str = "404"  # answer before that: 404 | 204 | empty | html
    record_missing: float = 0.0  # share of recordings that never become ready
    record_login: bool = False  # links open the cabinet's login page instead of a file
    record_ttl_s: float = 0.0  # retention; 0 = for ever
    record_links: str = "emulator"  # hosts in links: emulator | brand
    record_content_type: str = "audio/mpeg"
    # notifications
    notify_url: str = ""  # address for every telephony event; {event} becomes its mnemonic
    notify_template: str = "flat"  # for notify_url: flat | default
    notify_method: str = "POST"  # for notify_url: POST | GET
    notify_content_type: str = "application/json"
    notify_delay_s: float = 0.0  # between the event and sending
    notify_duplicates: float = 0.0  # share that arrives twice
    notify_duplicate_delay_s: float = 1.0
    notify_loss: float = 0.0  # share that never arrives
    notify_disorder: float = 0.0  # share held back up to notify_disorder_s
    notify_disorder_s: float = 5.0
    notify_timeout_s: float = 5.0  # real
    notify_retries: int = 0
    notify_retry_delay_s: float = 5.0
    notify_concurrent: bool = False  # false: one after another for each address
    macro_scope: str = "wide"  # wide | template: which macros an event knows (template: only its default's)
    callapi_session_event: bool = False  # out_call_session / in_call_session for click-to-call
    contact_leg_employee: bool = False  # events of the contact's leg name the employee of the session
    # interactive processing
    interactive_url: str = ""  # of operations without an address of their own
    interactive_method: str = "GET"  # GET | POST
    interactive_encoding: str = "form"  # form | json | query: of a POST
    interactive_id: str = "brand"  # brand | cdr_id | call_session_id
    interactive_start_time: str = "datetime"  # datetime | hhmm | timestamp
    interactive_timeout_s: float = 2.0  # real
    interactive_dial: str = "sequential"  # sequential | simultaneous
    interactive_extensions: bool = False  # extensions and SIP logins in `phones` are understood
    # people, when nothing else is said about a call
    employee_answer_s: float = 3.0
    contact_answer_s: float = 6.0
    talk_s: float = 60.0
    ring_timeout_s: float = 30.0  # a contact's telephone; an employee's has its dial_time

    def set(self, name: str, value: Any) -> None:
        """Set a knob from text or JSON.

        :raises ValueError: unknown name, a value of another type or out of its range.
        """
        kinds: dict[str, type[Any]] = {field.name: type(getattr(self, field.name)) for field in fields(self)}
        if name not in kinds:
            raise ValueError(f"unknown knob {name!r}, known: {', '.join(sorted(kinds))}")
        kind = kinds[name]
        if kind is bool and not isinstance(value, bool):
            text = str(value).lower()
            if text not in {"true", "false", "1", "0", "on", "off"}:
                raise ValueError(f"knob {name} is true or false, not {value!r}")
            value = text in {"true", "1", "on"}
        try:
            converted = kind(value)
        except (TypeError, ValueError) as error:
            raise ValueError(f"knob {name} is a {kind.__name__}, not {value!r}") from error
        choice = _CHOICES.get(name)
        if choice and converted not in choice:
            raise ValueError(f"knob {name} is one of {', '.join(choice)}, not {value!r}")
        if kind in {int, float} and converted < 0:
            raise ValueError(f"knob {name} is not below 0, so not {value!r}")
        if name in _SHARES and converted > 1:
            raise ValueError(f"knob {name} is a share from 0 to 1, not {value!r}")
        setattr(self, name, converted)

    def as_dict(self) -> dict[str, Any]:
        """Return all knobs by name."""
        return asdict(self)


_SHARES = frozenset({"notify_duplicates", "notify_loss", "notify_disorder", "record_missing"})
_CHOICES: dict[str, tuple[str, ...]] = {
    "brand": tuple(BRANDS),
    "account_shape": ("list", "object"),
    "login_expiry_key": ("expire_at", "expire"),
    "refused_field": ("index", "from_one", "bare"),
    "limits_schema": ("day_minute", "hour", "empty"),
    "record_unready": ("404", "204", "empty", "html"),
    "record_links": ("emulator", "brand"),
    "notify_template": ("flat", "default"),
    "notify_method": ("POST", "GET"),
    "macro_scope": ("wide", "template"),
    "interactive_method": ("GET", "POST"),
    "interactive_encoding": ("form", "json", "query"),
    "interactive_id": ("brand", "cdr_id", "call_session_id"),
    "interactive_start_time": ("datetime", "hhmm", "timestamp"),
    "interactive_dial": ("sequential", "simultaneous"),
}
