"""Everything about the account that is unknown, contradictory or worth breaking in a test."""

from dataclasses import dataclass
from typing import Any, Literal

from ..kit import knobs
from ..kit.knobs import Share

_WHEN_FORMATS = frozenset({"kp10", "iso", "spaced"})


@dataclass
class Knobs(knobs.Knobs):
    """Settings of the emulator. Defaults follow the strictest reading of the reference."""

    # access
    token_ttl_s: float = 172_800
    refresh_reuse_leeway_s: float = 60
    accept_form_token: bool = True
    accept_multipart_token: bool = True
    accept_json_token: bool = True
    strict_user_header: bool = False  # X-User-Id without an application token: refuse instead of ignore
    # the application that the account starts with
    app_tokens: str = "demo-app-token"  # its token, then further ones, comma separated
    application_uuid: str = "demo-application"
    hook_url: str = ""  # where it sends every event; at start and reset only
    # limits and sending
    rps: float = 5  # 0 = unlimited
    rph: float = 1000  # 0 = unlimited
    retry_after: str = ""  # header of a 429: "" = none, "auto" = seconds until a request is free, or seconds
    bulk_counts: Literal["one", "each"] = "each"
    read_lag_ms: float = 0
    gzip: bool = True  # honour Accept-Encoding
    # reading
    bad_query: Literal["ignore", "422"] = "ignore"
    unknown_args: Literal["422", "ignore"] = "422"
    unknown_filter_field: Literal["ignore", "422"] = "ignore"
    honour_time_updated_filter: bool = True
    limit_cap: int = 100  # 0 = none
    extra_fields_pages: Literal["on", "off"] = "on"  # off: definitions of fields come all at once
    request_line_bytes: int = 8192  # a longer one is refused by the web server; 0 = any
    long_request_line: Literal["414", "400", "431", "403", "404"] = "414"  # how it is refused
    emit_has_more: bool = False
    count_mode: Literal["page", "total"] = "page"
    page_after_inclusive: bool = False
    abstract_cursor: Literal["422", "accept"] = "422"
    gone_cursor: Literal["404", "422", "empty", "restart"] = "404"
    dedupe: bool = True
    root_items_always_full: bool = False
    refused_fields: str = ""  # comma separated names that this account refuses in `fields`
    route_forms: Literal["same", "differ"] = "same"  # differ: lists, cards and links print some keys each
    links_give: Literal["listed", "card"] = (
        "listed"  # getEntitiesByLinks: as a list without `fields`, or cards
    )
    contractor_list: Literal["works", "500", "404", "first_page"] = (
        "works"  # the mixed list: fails as other abstract routes do, or only behind its first page
    )
    employees_listed: Literal["all", "working"] = "all"  # working: who has left is not in the list
    account_name: str = "demo"  # what /accountInfo says
    hidden_deal: Literal["403", "404"] = "403"  # answer to GET of a hidden deal
    hidden_contractor: Literal["403", "404"] = "403"  # the same for people and companies
    status_history: Literal["on", "404", "403"] = "on"  # answer of /deal/{id}/statusHistory
    # calls
    call_makes_todo: bool = False  # Megaplan itself creates one planned todo per call
    call_update_without_id: Literal["create", "update"] = (
        "create"  # POST /callInfo/{id} with no `id` in the body
    )
    call_required_fields: str = ""  # comma separated fields without which a call is refused
    duplicate_provider_id: Literal["free", "refuse", "update"] = "free"  # a new call with a known providerId
    unknown_provider_id: Literal["404", "null"] = (
        "404"  # answer of /callInfo/provider when no call has the id
    )
    call_route_type: Literal["responsible", "random", "all"] = "responsible"
    call_route_timeout: int = 30  # seconds to wait for an answer
    call_route_employees: Literal["array", "object"] = (
        "array"  # object: as an old page of the vendor shows it
    )
    call_route_phone: Literal["digits7", "any"] = "digits7"  # found as typed, or only digits with a leading 7
    # todos
    todo_when_accept: str = "kp10,iso,spaced"  # date formats of `when`, comma separated, or reject_all
    todo_status_in_body: Literal["ignore", "honour"] = "ignore"
    todo_time_finished: bool = False  # print `timeFinished` of a finished todo; live it may stay null
    # events
    hook_plain_http: bool = True  # accept http:// for events too; the real service wants https
    hook_account: Literal["accountInfo", "accountId", "both"] = (
        "accountInfo"  # how an event names the account
    )
    hook_account_name: str = ""  # the name in it; "" = host and port of this account
    hook_data: Literal["card", "trimmed", "link"] = "trimmed"  # what an event holds of its entity
    hook_timeout_s: float = 20.0
    hook_retry_s: float = 5.0  # pause after the first failure, doubled after each further one
    hook_max_tries: int = 0  # 0 = without end, while later events of the application wait
    hook_delay_s: float = 0.0
    hook_duplicates: Share = 0.0  # events that come once more, after those that waited
    hook_disorder: Share = 0.0  # events that overtake the one before
    hook_loss: Share = 0.0  # events that are never sent
    # widgets
    widget_runs: Literal["frame", "page"] = (
        "frame"  # in a frame of their own, with GET parameters, or in the page
    )
    widget_content: Literal["html", "script"] = "html"  # how a widget's content is understood
    widget_phone_key: str = "phone"  # parameter in which a widget beside a phone number gets the number

    def set(self, name: str, value: Any) -> None:
        """Set a knob from text or JSON.

        :raises ValueError: unknown name, a value of another type or out of its range.
        """
        if (
            name == "todo_when_accept"
            and value != "reject_all"
            and set(str(value).split(",")) - _WHEN_FORMATS
        ):
            formats = ", ".join(sorted(_WHEN_FORMATS))
            raise ValueError(f"knob {name} is reject_all or some of {formats}, not {value!r}")
        super().set(name, value)
