"""Uploading deals: funnels, stages, employees, contacts, user fields, history. Free of I/O.

UIS keeps the history of a deal, not its state: the first uploaded record creates the deal, every later one adds to
it; there is no method that changes a deal. What a record points at must exist before. All ids are ours
(``ext_id``), texts. The component "Воронки продаж" is required.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Literal
from zoneinfo import ZoneInfo

from uis_hook.account_time import account_text
from uis_hook.clearing import Clearing
from uis_hook.jsonrpc import Request, nothing
from uis_hook.paging import MAX_LIMIT, ListRequest
from uis_hook.phones import phone_digits
from uis_hook.settings import UisSettings
from uis_hook.vendor_quirks import PhoneForm

MAX_BATCH = 1000
MAX_STAGES_IN_PROCESS = 100
MAX_STAGE_ORDER = 10_000
MOST_SUM = Decimal(10) ** 13
"""Sums below have at most 15 digits with their hundredths, as many as a number in JSON keeps."""
CommunicationType = Literal["chat", "offline_message", "call", "goal", "email"]
UserFieldType = Literal["numeric", "string"]


@dataclass(frozen=True)
class Stage:
    """A stage on the way; ``order`` is at most 10000."""

    ext_id: str
    name: str
    order: int


@dataclass(frozen=True)
class FinalStage:
    """The one stage of success, or the one of failure."""

    ext_id: str
    name: str


@dataclass(frozen=True)
class DealContact:
    """A contact of deals.

    :param phone_numbers: full international numbers.
    :param emails: unique.
    :param created_at: aware; None lets UIS take now.
    """

    ext_id: str
    name: str
    phone_numbers: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()
    created_at: datetime | None = None

    def params(self, zone: ZoneInfo, phone_form: PhoneForm = "digits") -> dict[str, Any]:
        """Write it as UIS wants it.

        :raises ValueError: for a phone that is no full number; it is not quoted.
        """
        plus = "+" if phone_form == "plus" else ""
        params: dict[str, Any] = {
            "ext_id": self.ext_id,
            "name": self.name,
            "phone_numbers": [plus + phone_digits(number) for number in self.phone_numbers],
            "emails": list(dict.fromkeys(self.emails)),
        }
        if self.created_at is not None:
            params["created_date_time"] = account_text(self.created_at, zone)
        return params


@dataclass(frozen=True)
class DealRecord:
    """One state of a deal in its history. Moments are aware.

    :param stage_moved_at: when it came into this stage; never earlier than in the last uploaded record of the
        deal. The same moment again is allowed: so a changed sum is sent without a move.
    :param modified_at: None lets UIS take now.
    :param closed_at: counts on final stages only.
    :param contact_ext_ids: of contacts; together with main_contact_ext_id, which is one of them, or neither.
    :param revenue: the report shows it in roubles; there is no field for a currency.
    :param user_fields: values by the ext_id of a field made before.
    :param cleared: fields that UIS has a value of and that have none any more, see :mod:`uis_hook.clearing`.
    :param cleared_user_fields: the same for user fields by ext_id, with what to write if UIS accepts no empty value.
    :param communication_id: links the deal with a call or other communication; with its type, or neither.
    """

    ext_id: str
    name: str
    created_at: datetime
    stage_moved_at: datetime
    sales_funnel_ext_id: str
    stage_ext_id: str
    modified_at: datetime | None = None
    closed_at: datetime | None = None
    contact_ext_ids: tuple[str, ...] = ()
    main_contact_ext_id: str | None = None
    employee_ext_id: str | None = None
    revenue: Decimal | None = None
    comments: str | None = None
    source: str | None = None
    communication_id: int | None = None
    communication_type: CommunicationType | None = None
    user_fields: Mapping[str, str] = field(default_factory=dict)
    cleared: frozenset[str] = frozenset()
    cleared_user_fields: Mapping[str, str | None] = field(default_factory=dict)

    @property
    def latest_moment(self) -> datetime:
        """The latest of its moments: UIS refuses those in the future."""
        moments = (self.created_at, self.stage_moved_at, self.modified_at, self.closed_at)
        return max(moment for moment in moments if moment is not None)

    def problems(self, now: datetime, *, links_communications: bool = True) -> dict[str, str]:
        """Return what UIS would refuse, by field: one bad record makes it refuse the whole upload.

        :param now: aware; best a little late rather than early, since the clocks of UIS decide.
        :param links_communications: whether the brand's edition lets a deal name a communication; Novofon's
            does not.
        """
        found: dict[str, str] = {}
        for name in ("ext_id", "name", "sales_funnel_ext_id", "stage_ext_id"):
            if not str(getattr(self, name)).strip():
                found[name] = "it is empty"
        moments = {"created_at": self.created_at, "stage_moved_at": self.stage_moved_at}
        moments |= {} if self.modified_at is None else {"modified_at": self.modified_at}
        moments |= {} if self.closed_at is None else {"closed_at": self.closed_at}
        without_zone = {
            name: "it has no time zone" for name, moment in moments.items() if moment.tzinfo is None
        }
        if without_zone:
            return found | without_zone
        if self.created_at > now:
            found["created_at"] = "it lies in the future"
        for name in ("stage_moved_at", "closed_at"):
            if name in moments and moments[name] < self.created_at:
                found[name] = "it is earlier than created_at"
        if bool(self.contact_ext_ids) != bool(self.main_contact_ext_id):
            found["main_contact_ext_id"] = "it goes together with contact_ext_ids: both or neither"
        elif self.main_contact_ext_id and self.main_contact_ext_id not in self.contact_ext_ids:
            found["main_contact_ext_id"] = "it is none of contact_ext_ids"
        if (self.communication_id is None) != (self.communication_type is None):
            found["communication_id"] = "it goes together with communication_type: both or neither"
        elif self.communication_id is not None and not links_communications:
            found["communication_id"] = "Novofon knows no such field; contacts link deals with calls there"
        if self.revenue is not None and not self.revenue.is_finite():
            found["revenue"] = "it is no number"
        elif self.revenue is not None and abs(self.revenue) >= MOST_SUM:
            found["revenue"] = "it has more digits than UIS takes"
        return found

    def params(self, zone: ZoneInfo, clearing: Clearing | None = None) -> dict[str, Any]:
        """Write it as UIS wants it; what is None is left out.

        :param clearing: how values are removed; None: not at all
        """
        moments = {
            "created_date_time": self.created_at,
            "modified_stage_date_time": self.stage_moved_at,
            "modified_date_time": self.modified_at,
            "closed_date_time": self.closed_at,
        }
        params: dict[str, Any] = {
            "ext_id": self.ext_id,
            "name": self.name,
            "sales_funnel_ext_id": self.sales_funnel_ext_id,
            "stage_ext_id": self.stage_ext_id,
            **{name: account_text(moment, zone) for name, moment in moments.items() if moment is not None},
        }
        optional: dict[str, Any] = {
            "contact_ext_ids": list(self.contact_ext_ids) or None,
            "main_contact_ext_id": self.main_contact_ext_id,
            "employee_ext_id": self.employee_ext_id,
            "revenue": None if self.revenue is None else _number(self.revenue),
            "comments": self.comments,
            "source": self.source,
            "communication_id": self.communication_id,
            "communication_type": self.communication_type,
            "user_fields": [
                *({"ext_id": name, "value": value} for name, value in self.user_fields.items()),
                *(clearing.user_fields(self.cleared_user_fields) if clearing else ()),
            ]
            or None,
        }
        cleared = clearing.fields(self.cleared) if clearing else {}
        return params | cleared | {name: value for name, value in optional.items() if value is not None}


# -- funnels and their stages


def sales_funnels() -> ListRequest:
    """List funnels: ``{ext_id, name, stages: [{stage_ext_id, stage_name, stage_status, stage_order}]}``."""
    return ListRequest("get.sales_funnel", sort_field="ext_id", key_fields=("ext_id",))


def create_sales_funnel(
    ext_id: str, name: str, success: FinalStage, failed: FinalStage, in_process: Sequence[Stage]
) -> Request[None]:
    """Make a funnel; it has exactly one stage of success and one of failure.

    :raises ValueError: for no stage in process, more than 100, or an order above 10000.
    """
    if not 1 <= len(in_process) <= MAX_STAGES_IN_PROCESS:
        raise ValueError(
            f"funnel {ext_id!r} has {len(in_process)} stages in process, allowed are 1 to {MAX_STAGES_IN_PROCESS}"
        )
    stages = {
        "success": {"ext_id": success.ext_id, "name": success.name},
        "failed": {"ext_id": failed.ext_id, "name": failed.name},
        "in_process": [_stage(stage) for stage in in_process],
    }
    return _once("create.sales_funnel", {"ext_id": ext_id, "name": name, "stages": stages})


def rename_sales_funnel(ext_id: str, name: str) -> Request[None]:
    """Give a funnel another name; nothing else of it can be changed this way."""
    return Request("update.sales_funnel", {"ext_id": ext_id, "name": name}, nothing)


def create_stage(sales_funnel_ext_id: str, stage: Stage) -> Request[None]:
    """Add a stage in process to a funnel."""
    return _once("create.sales_funnel_stages", {"sales_funnel_ext_id": sales_funnel_ext_id, **_stage(stage)})


def update_stage(
    sales_funnel_ext_id: str, ext_id: str, *, name: str | None = None, order: int | None = None
) -> Request[None]:
    """Rename or move a stage; only those in process have an order."""
    params: dict[str, Any] = {"sales_funnel_ext_id": sales_funnel_ext_id, "ext_id": ext_id}
    params |= {} if name is None else {"name": name}
    params |= {} if order is None else {"order": _order(ext_id, order)}
    return Request("update.sales_funnel_stages", params, nothing)


def delete_stage(sales_funnel_ext_id: str, ext_id: str) -> Request[None]:
    """Remove a stage in process that holds no deals and is not the last one."""
    params = {"sales_funnel_ext_id": sales_funnel_ext_id, "ext_id": ext_id}
    return _once("delete.sales_funnel_stages", params)


# -- what deals point at


def deal_employees() -> ListRequest:
    """List the responsible managers of deals: ``{ext_id, name}``."""
    return ListRequest("get.deal_employees", sort_field="ext_id", key_fields=("ext_id",))


def create_deal_employee(ext_id: str, name: str) -> Request[None]:
    """Make a responsible manager known."""
    return _once("create.deal_employees", {"ext_id": ext_id, "name": name})


def rename_deal_employee(ext_id: str, name: str) -> Request[None]:
    """Give a responsible manager another name."""
    return Request("update.deal_employees", {"ext_id": ext_id, "name": name}, nothing)


def deal_contacts() -> ListRequest:
    """List the contacts of deals: ``{ext_id, name, phone_numbers, emails, …}``."""
    return ListRequest("get.deal_contacts", sort_field="ext_id", key_fields=("ext_id",))


def create_deal_contacts(settings: UisSettings, contacts: Sequence[DealContact]) -> Request[None]:
    """Make up to 1000 contacts known.

    :raises ValueError: for more, or for a contact whose phone is no full number.
    """
    _check_batch(contacts, "contacts")
    written = []
    for contact in contacts:
        try:
            written.append(contact.params(settings.zone, settings.vendor_quirks.contact_phone_form))
        except ValueError as error:
            raise ValueError(f"contact {contact.ext_id!r}: {error}") from None
    return _once("create.deal_contacts", {"contacts": written})


def update_deal_contact(settings: UisSettings, contact: DealContact) -> Request[None]:
    """Change a contact; its phones and e-mails are replaced wholly."""
    params = contact.params(settings.zone, settings.vendor_quirks.contact_phone_form)
    return Request("update.deal_contacts", params, nothing)


def deal_user_fields() -> ListRequest:
    """List the user fields of deals: ``{ext_id, name, data_type}``."""
    return ListRequest("get.deal_user_fields", sort_field="ext_id", key_fields=("ext_id",))


def create_deal_user_field(ext_id: str, name: str, data_type: UserFieldType) -> Request[None]:
    """Make a user field of deals known."""
    return _once("create.deal_user_field", {"ext_id": ext_id, "name": name, "data_type": data_type})


def rename_deal_user_field(ext_id: str, name: str) -> Request[None]:
    """Give a user field of deals another name."""
    return Request("update.deal_user_field", {"ext_id": ext_id, "name": name}, nothing)


# -- deals


def upload_deals_history(
    settings: UisSettings,
    records: Sequence[DealRecord],
    *,
    now: datetime | None = None,
    clearing: Clearing | None = None,
) -> Request[None]:
    """Add up to 1000 records to the history of deals: all of them or, at the first bad one, none.

    UIS works through them later: :func:`uis_hook.reports.deals_in_processing` says when it is done. Whether an
    upload of unknown outcome may be sent again at once says the quirk ``resend_uploads``.

    :param now: what counts as the future; default is this machine's clock.
    :param clearing: how values are removed; None: as the quirk ``deal_clearing`` says.
    :raises ValueError: naming the record and the field that UIS would refuse, before anything is sent.
    """
    _check_batch(records, "records")
    now = now or datetime.now(UTC)
    links_communications = settings.brand != "novofon"
    for number, record in enumerate(records):
        for name, problem in record.problems(now, links_communications=links_communications).items():
            raise ValueError(f"record {number} (deal {record.ext_id!r}), {name}: {problem}")
    clearing = clearing or Clearing(settings.vendor_quirks.deal_clearing)
    params = {"deals": [record.params(settings.zone, clearing) for record in records]}
    return Request(
        "upload.deals_history", params, nothing, may_come_twice=settings.vendor_quirks.resend_uploads
    )


def deals_history() -> ListRequest:
    """List the uploaded records, and those that UIS made up for skipped stages (``is_generated``)."""
    return ListRequest("get.deals_history", sort_field="ext_id")


def with_ext_ids(listing: ListRequest, ext_ids: Sequence[str]) -> list[ListRequest]:
    """Narrow contacts or history to some ids of ours, a thousand in each list; others may come, too."""
    batches = [ext_ids[start : start + MAX_BATCH] for start in range(0, len(ext_ids), MAX_BATCH)]
    return [_filtered(listing, "in", list(batch)) for batch in batches]


def beginning_with(listing: ListRequest, start: str) -> ListRequest:
    """Narrow contacts or history to ids of ours that begin so; others may come, too."""
    return _filtered(listing, "like", f"{start}%")


def delete_deal(ext_id: str) -> Request[None]:
    """Remove a deal with its history."""
    return _once("delete.deals", {"ext_id": ext_id})


def _filtered(listing: ListRequest, operator: str, value: object) -> ListRequest:
    chosen = {"field": "ext_id", "operator": operator, "value": value}
    return replace(listing, filter=chosen, filter_is_optional=True, page_size=MAX_LIMIT)


def _once(method: str, params: dict[str, Any]) -> Request[None]:
    """Build a request whose second coming would be an error about the first."""
    return Request(method, params, nothing, may_come_twice=False)


def _stage(stage: Stage) -> dict[str, Any]:
    return {"ext_id": stage.ext_id, "name": stage.name, "order": _order(stage.ext_id, stage.order)}


def _order(ext_id: str, order: int) -> int:
    if not 0 <= order <= MAX_STAGE_ORDER:
        raise ValueError(f"stage {ext_id!r} has order {order}, allowed is 0 to {MAX_STAGE_ORDER}")
    return order


def _check_batch(items: Sequence[object], what: str) -> None:
    if not 1 <= len(items) <= MAX_BATCH:
        raise ValueError(f"{len(items)} {what} are given, allowed are 1 to {MAX_BATCH} at once")


def _number(value: Decimal) -> int | float:
    return int(value) if value == value.to_integral_value() else float(value)
