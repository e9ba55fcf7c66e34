"""Everything about the account that is unknown, contradictory or worth breaking in a test."""

from dataclasses import asdict, dataclass, fields
from typing import Any


@dataclass
class Knobs:
    """Settings of the emulator. Defaults follow the strictest reading of the reference."""

    token_ttl_s: float = 172_800
    refresh_reuse_leeway_s: float = 60
    accept_json_token: bool = True
    app_tokens: str = "demo-app-token"  # of the application the account begins with, then further ones
    application_uuid: str = "demo-application"  # the application that the account begins with
    hook_url: str = ""  # where that application sends every event; at start and reset only
    hook_plain_http: bool = True  # take http:// for events too; the real one wants https
    widget_runs: str = "frame"  # where widgets run: frame (of their own, with GET parameters) | page
    widget_content: str = "html"  # what a widget's content is taken for: html | script
    widget_phone_key: str = "phone"  # under which name a widget beside a phone number gets the number
    strict_user_header: bool = False  # X-User-Id without an application token: refuse instead of ignore
    bad_query: str = "ignore"  # ignore | 422
    unknown_args: str = "422"  # 422 | ignore
    unknown_filter_field: str = "ignore"  # ignore | 422
    honour_time_updated_filter: bool = True
    limit_cap: int = 100  # 0 = none
    emit_has_more: bool = False
    count_mode: str = "page"  # page | total
    page_after_inclusive: bool = False
    abstract_cursor: str = "422"  # 422 | accept
    gone_cursor: str = "404"  # 404 | 422 | empty | restart
    dedupe: bool = True
    root_items_always_full: bool = False
    refused_fields: str = ""  # comma separated names that this account does not take in `fields`
    hidden_deal: str = "403"  # answer to GET of a deal out of sight: 403 | 404
    hidden_contractor: str = "403"  # the same for people and companies: 403 | 404
    call_makes_todo: bool = False  # Megaplan makes one planned todo per call object by itself
    call_update_without_id: str = "create"  # POST /callInfo/{id} with no `id` in the body: create | update
    call_required_fields: str = ""  # comma separated fields without which a call is refused
    duplicate_provider_id: str = "free"  # a new call with a known providerId: free | refuse | update
    unknown_provider_id: str = "404"  # answer of /callInfo/provider when no call has the id: 404 | null
    call_route_type: str = "responsible"  # responsible | random | all
    call_route_timeout: int = 30  # seconds to wait for an answer
    call_route_employees: str = "array"  # array | object, as an old page of the vendor shows it
    call_route_phone: str = "digits7"  # digits7: only digits with a leading 7 are found | any: as typed
    todo_when_accept: str = "kp10,iso,spaced"  # date formats of `when`, comma separated, or reject_all
    todo_status_in_body: str = "ignore"  # `status` in the body of a todo: ignore | honour
    todo_time_finished: bool = False  # print `timeFinished` of a finished todo; live it may stay null
    status_history: str = "on"  # answer of /deal/{id}/statusHistory: on | 404 | 403
    rps: float = 5  # 0 = unlimited
    rph: float = 1000  # 0 = unlimited
    hook_account: str = "accountInfo"  # how an event names the account: accountInfo | accountId | both
    hook_account_name: str = ""  # the name in it; "" = host and port of this account
    hook_data: str = "trimmed"  # what an event holds of its entity: card | trimmed | link
    hook_timeout_s: float = 20.0
    hook_retry_s: float = 5.0  # pause after the first failure, doubled after each further one
    hook_max_tries: int = 0  # 0 = without end, while later events of the application wait
    hook_delay_s: float = 0.0
    hook_duplicates: float = 0.0  # share of events that come once more, after those that waited
    hook_disorder: float = 0.0  # share of events that overtake the one before
    hook_loss: float = 0.0  # share of events that are never sent
    retry_after: str = ""  # header of a 429: "" = none, "auto" = seconds until a request is free, or seconds
    bulk_counts: str = "each"  # one | each
    links_give: str = "listed"  # what getEntitiesByLinks prints: listed (as a list without `fields`) | card
    read_lag_ms: float = 0
    gzip: bool = True  # honour Accept-Encoding

    def set(self, name: str, value: Any) -> None:
        """Set a knob from text or JSON.

        :raises ValueError: unknown name or a value of another type.
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
        choice = _CHOICES.get(name)
        converted = kind(value)
        if name == "todo_when_accept":
            _check_formats(converted)
        if choice and converted not in choice:
            raise ValueError(f"knob {name} is one of {', '.join(choice)}, not {value!r}")
        setattr(self, name, converted)

    def as_dict(self) -> dict[str, Any]:
        """Return all knobs by name."""
        return asdict(self)


_CHOICES: dict[str, tuple[str, ...]] = {
    "widget_runs": ("frame", "page"),
    "widget_content": ("html", "script"),
    "bad_query": ("ignore", "422"),
    "unknown_args": ("422", "ignore"),
    "unknown_filter_field": ("ignore", "422"),
    "count_mode": ("page", "total"),
    "abstract_cursor": ("422", "accept"),
    "gone_cursor": ("404", "422", "empty", "restart"),
    "hidden_deal": ("403", "404"),
    "hidden_contractor": ("403", "404"),
    "call_update_without_id": ("create", "update"),
    "duplicate_provider_id": ("free", "refuse", "update"),
    "unknown_provider_id": ("404", "null"),
    "call_route_type": ("responsible", "random", "all"),
    "call_route_employees": ("array", "object"),
    "call_route_phone": ("digits7", "any"),
    "todo_status_in_body": ("ignore", "honour"),
    "status_history": ("on", "404", "403"),
    "bulk_counts": ("one", "each"),
    "hook_account": ("accountInfo", "accountId", "both"),
    "hook_data": ("card", "trimmed", "link"),
    "links_give": ("listed", "card"),
}
_FORMATS = frozenset({"kp10", "iso", "spaced"})


def _check_formats(value: str) -> None:
    if value != "reject_all" and not set(value.split(",")) <= _FORMATS:
        raise ValueError(
            f"knob todo_when_accept is reject_all or some of {', '.join(sorted(_FORMATS))}, not {value!r}"
        )
