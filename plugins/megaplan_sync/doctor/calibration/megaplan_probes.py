"""Reads Megaplan in ways that show how the account behaves. Nothing is written."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from megaplan_hook.envelope import Pagination, entries
from megaplan_hook.exceptions import (
    MegaplanAPIError,
    MegaplanAuthError,
    MegaplanRateLimitError,
    MegaplanRequestTooLongError,
)
from megaplan_hook.hook import MegaplanHook
from megaplan_hook.links import is_entity
from megaplan_hook.query import encode_arguments, path_id
from megaplan_hook.settings import AccountSettings
from megaplan_sync.doctor.calibration.facts import Facts, answered, is_accepted
from megaplan_sync.raw.entities import LATEST_CHANGE_FIRST

_TOKEN_BODIES = ("form", "multipart", "json")
_UTC_TEXT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00")
_LINE_LIMIT = 8192


def variant(hook: MegaplanHook, **quirks: Any) -> MegaplanHook:
    """Return another hook of the same account, with other quirks, on the same budget."""
    other = MegaplanHook(hook.megaplan_conn_id, budget=hook.budget)
    changed = hook.settings.vendor_quirks.model_copy(update=quirks)
    other.settings = hook.settings.model_copy(update={"vendor_quirks": changed})
    other.retries = hook.retries
    return other


def probe_token_body(hook: MegaplanHook, facts: Facts[AccountSettings]) -> MegaplanHook:
    """Find the encoding in which Megaplan understands a login; return a hook that uses it.

    Credentials are sent again only if Megaplan has not understood the request, never after they were refused.

    :raises MegaplanAuthError: Megaplan refuses the credentials, or every encoding
    """
    configured = facts.settings.vendor_quirks.token_body
    refusal: MegaplanAuthError | None = None
    for body in (configured, *(each for each in _TOKEN_BODIES if each != configured)):
        tried = hook if body == hook.settings.vendor_quirks.token_body else variant(hook, token_body=body)
        try:
            tried.current_user()
        except MegaplanAuthError as error:
            if error.refused != "request":
                raise
            refusal = refusal or error
            continue
        facts.quirk("token_body", body)
        return tried
    raise refusal or MegaplanAuthError("no encoding of the login was tried")


class MegaplanProbes:
    """Probes of one account that is logged in; about twenty requests.

    :param hook: of the account
    :param facts: gets what is seen
    """

    def __init__(self, hook: MegaplanHook, facts: Facts[AccountSettings]) -> None:
        self._hook = hook
        self._facts = facts
        self._settings: AccountSettings = facts.settings
        self._deals: list[dict[str, Any]] = []

    def run(self) -> None:
        """Run all probes; one that Megaplan refuses says nothing."""
        for probe in (
            self._pages_of_deals,
            self._contractor_list,
            self._employees,
            self._definitions,
            self._long_lines,
            self._deal_card,
            self._account_name,
            self._time_zone_header,
        ):
            answered(probe)

    # -- lists of deals

    def _pages_of_deals(self) -> None:
        facts, hook = self._facts, self._hook
        by_change = {"sortBy": LATEST_CHANGE_FIRST.sort_by(), "fields": ["timeUpdated"]}
        is_sorted = is_accepted(lambda: self._rows("/deal", limit=1, **by_change))
        facts.behaviour("sort_by_time_updated", "accepted", "accepted" if is_sorted else "refused")
        fields = ["timeUpdated", "timeCreated", "manager", "contractor", "program", "state"]
        answer = hook.request("GET", "/deal", arguments={"limit": self._settings.page_size, "fields": fields})
        rows = [row for row in entries(answer, "/deal") if is_entity(row)]
        has_more = False
        if rows:
            behind = self._rows("/deal", limit=1, pageAfter=_link(rows[-1]))
            is_same = bool(behind) and behind[0]["id"] == rows[-1]["id"]
            has_more = is_same or bool(behind)
            facts.behaviour("page_after", "exclusive", "inclusive" if is_same else "exclusive")
            if is_same:
                further = self._rows("/deal", limit=2, pageAfter=_link(rows[-1]))
                has_more = len(further) > 1
        facts.setting("page_size", min(len(rows), self._settings.page_size) if has_more else None)
        pagination = answer.pagination or Pagination()
        if has_more:
            facts.behaviour("pagination_count", "rows of the page", _meaning_of(pagination.count, len(rows)))
        is_announced = pagination.has_more_next is not None
        facts.behaviour("has_more_next", "absent", "present" if is_announced else "absent")
        facts.behaviour("embedded_entities", "in full once, then links", _repetition(rows))
        created = [row.get("timeCreated") for row in rows]
        texts = [each.get("value") for each in created if isinstance(each, Mapping)]
        if texts:
            is_utc = all(_UTC_TEXT.fullmatch(str(text)) for text in texts)
            facts.behaviour("date_time", "UTC with offset", "UTC with offset" if is_utc else _mask(texts[0]))
        self._deals = rows

    def _rows(self, path: str, **arguments: Any) -> list[dict[str, Any]]:
        answer = self._hook.request("GET", path, arguments=arguments)
        return [row for row in entries(answer, path) if is_entity(row)]

    # -- contacts

    def _contractor_list(self) -> None:
        """Read two pages of the mixed list, as the sync does; if it fails, see whether the two other lists work."""
        asked: dict[str, Any] = {"limit": 1, "fields": ["contactInfo"]}
        seen: str | None = None
        try:
            first = self._rows("/contractor", **asked)
            if first:
                self._rows("/contractor", **asked, pageAfter=_link(first[0]))
            seen = "contractor"
        except MegaplanRateLimitError:
            raise
        except MegaplanAPIError:  # routes of abstract types fail with 500, too
            kinds = ("/contractorHuman", "/contractorCompany")
            if all(is_accepted(partial(self._rows, path, **asked)) for path in kinds):
                seen = "by_kind"
        self._facts.quirk("contractor_list_route", seen)

    # -- people

    def _employees(self) -> None:
        rows = self._rows("/employee", limit=100, fields=["isWorking"])
        seen: str | None = None
        if any(row.get("isWorking") is False for row in rows):
            seen = "listed"
        elif len(rows) < 100:
            listed = {str(row["id"]) for row in rows}
            managers = {str(deal["manager"]["id"]) for deal in self._deals if is_entity(deal.get("manager"))}
            seen = "left out" if managers - listed else None
        self._facts.behaviour("employees_who_left", "listed", seen)

    # -- custom fields

    def _definitions(self) -> None:
        rows = answered(lambda: self._rows("/deal/extraFields", limit=1))
        seen = None if rows is None or not rows else "all at once" if len(rows) > 1 else "page by page"
        self._facts.behaviour("extra_fields", "page by page", seen)

    # -- addresses

    def _long_lines(self) -> None:
        """See whether requests just below 8 KB pass, and whether those above do."""
        if not self._passes(_LINE_LIMIT - 400):
            seen = "less than 8 KB"
        elif self._passes(_LINE_LIMIT + 400):
            seen = "more than 8 KB"
        else:
            seen = "8 KB"
        self._facts.behaviour("request_line", "8 KB", seen)

    def _passes(self, length: int) -> bool:
        names: list[str] = ["name"]
        while len(encode_arguments({"limit": 1, "fields": names})) < length:
            names.append("name")
        try:
            self._hook.request("GET", "/deal", arguments={"limit": 1, "fields": names})
        except MegaplanRequestTooLongError:
            return False
        return True

    # -- cards

    def _deal_card(self) -> None:
        if not self._deals:
            return
        first = self._deals[0]
        card = self._hook.deal(first["id"])
        asked = sorted(set(card) - {"contentType", "id"})
        listed = answered(
            lambda: self._rows("/deal", limit=1, fields=asked, onlyRequestedFields=True), otherwise=[]
        )
        same = next((row for row in listed if row["id"] == first["id"]), None)
        if same is not None:
            differing = sorted(set(card) ^ set(same))
            self._facts.behaviour("card_and_list", "the same keys", ", ".join(differing) or "the same keys")
        path = f"/deal/{path_id(first['id'])}/statusHistory"
        is_given = is_accepted(lambda: self._rows(path, limit=1))
        self._facts.behaviour("status_history", "given", "given" if is_given else "refused")

    # -- the account

    def _account_name(self) -> None:
        """Webhooks may call the account as it calls itself; its address is accepted anyway."""
        name = str(self._hook.account_info().get("accountName") or "").strip()
        settings = self._settings
        known = {settings.account.lower(), settings.base_url.partition("://")[2].lower()}
        is_known = not name or name.lower() in known or name in settings.vendor_quirks.webhook_account_names
        named = settings.vendor_quirks.webhook_account_names
        self._facts.quirk("webhook_account_names", list(named) if is_known else [*named, name])

    def _time_zone_header(self) -> None:
        """Read a deal with and without the header; what it does is not documented."""
        if not self._deals or self._settings.vendor_quirks.x_time_zone is not None:
            return
        path = f"/deal/{path_id(self._deals[0]['id'])}"
        plain = self._hook.request("GET", path).data
        shifted = variant(self._hook, x_time_zone=-10_800).request("GET", path).data
        is_same = plain.get("timeCreated") == shifted.get("timeCreated")
        self._facts.behaviour("x_time_zone", "no effect", "no effect" if is_same else "moves times")


def _link(row: Mapping[str, Any]) -> dict[str, Any]:
    return {"contentType": row["contentType"], "id": row["id"]}


def _meaning_of(count: int | None, rows: int) -> str:
    if count is None:
        return "absent"
    return (
        "rows of the page" if count == rows else "rows of the list" if count > rows else f"{count} of {rows}"
    )


def _repetition(rows: list[dict[str, Any]]) -> str | None:
    """Tell how entities that are embedded more than once come the second time."""
    met: set[tuple[str, str]] = set()
    for entity in (each for row in rows for value in row.values() for each in _embedded(value)):
        key = (str(entity["contentType"]), str(entity["id"]))
        if key in met:
            return "in full once, then links" if set(entity) <= {"contentType", "id"} else "in full each time"
        if set(entity) - {"contentType", "id"}:
            met.add(key)
    return None


def _embedded(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, Mapping) and is_entity(value):
        yield dict(value)


def _mask(text: Any) -> str:
    """Return the form of a moment without its digits."""
    return re.sub(r"\d", "9", str(text))[:40]
