"""Rows of the raw tables: a row's fields are the columns of the statement ``stage_<table>``, in that order.

Values are Python's; times are ISO 8601 text.
"""

from typing import NamedTuple

from megaplan_sync.kernel.json_text import JsonText
from megaplan_sync.kernel.values import Number


class DealRow(NamedTuple):
    """A row of ``deals``."""

    account: str
    id: int
    number: str | None
    name: str | None
    program_id: int | None
    state_id: int | None
    state_changed_at: str | None
    result: str | None
    manager_id: int | None
    contractor_id: int | None
    contact_id: int | None
    payer_id: int | None
    price: Number | None
    price_currency: str | None
    price_in_main: Number | None
    cost: Number | None
    cost_currency: str | None
    debt: Number | None
    created_at: str | None
    updated_at: str | None
    custom_fields: JsonText
    payload: JsonText
    content_hash: str


class DealPositionRow(NamedTuple):
    """A row of ``deal_positions``."""

    account: str
    id: int
    deal_id: int
    position: int
    name: str | None
    quantity: Number | None
    unit: str | None
    price: Number | None
    price_currency: str | None
    sum: Number | None
    sum_currency: str | None
    discount: Number | None
    discount_type: str | None
    offer_id: int | None
    catalogue_offer_id: int | None
    payload: JsonText
    content_hash: str


class PipelineRow(NamedTuple):
    """A row of ``pipelines``."""

    account: str
    id: int
    name: str | None
    is_active: bool
    payload: JsonText
    content_hash: str


class PipelineStageRow(NamedTuple):
    """A row of ``pipeline_stages``."""

    account: str
    id: int
    pipeline_id: int
    position: int
    name: str | None
    type: str | None
    color: str | None
    is_entry: bool | None
    payload: JsonText
    content_hash: str


class ContactRow(NamedTuple):
    """A row of ``contacts``."""

    account: str
    id: int
    kind: str
    name: str | None
    first_name: str | None
    middle_name: str | None
    last_name: str | None
    company_id: int | None
    type_id: int | None
    advertising_way_id: int | None
    responsible_ids: list[int] | None
    created_at: str | None
    updated_at: str | None
    is_dropped: bool | None
    custom_fields: JsonText
    payload: JsonText
    content_hash: str


class ContactPointRow(NamedTuple):
    """A row of ``contact_points``."""

    account: str
    contact_id: int
    position: int
    type: str | None
    value: str | None
    phone_e164: str | None
    is_main: bool | None
    payload: JsonText
    content_hash: str


class EmployeeRow(NamedTuple):
    """A row of ``employees``."""

    account: str
    id: int
    name: str | None
    first_name: str | None
    middle_name: str | None
    last_name: str | None
    position: str | None
    department_id: int | None
    email: str | None
    is_working: bool | None
    can_login: bool | None
    uid: int | None
    payload: JsonText
    content_hash: str


class DepartmentRow(NamedTuple):
    """A row of ``departments``."""

    account: str
    id: int
    name: str | None
    parent_id: int | None
    payload: JsonText
    content_hash: str


class AdvertisingWayRow(NamedTuple):
    """A row of ``advertising_ways``."""

    account: str
    id: int
    name: str | None
    is_default: bool | None
    payload: JsonText
    content_hash: str


class ContactTypeRow(NamedTuple):
    """A row of ``contact_types``."""

    account: str
    id: int
    name: str | None
    type: str | None
    payload: JsonText
    content_hash: str


class CurrencyRow(NamedTuple):
    """A row of ``currencies``."""

    account: str
    id: int
    name: str | None
    code: str | None
    sign: str | None
    rate: Number | None
    is_main: bool | None
    payload: JsonText
    content_hash: str
