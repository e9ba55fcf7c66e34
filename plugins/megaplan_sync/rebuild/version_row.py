"""A row of ``deal_versions`` as a deal's payload gives it."""

from datetime import datetime
from typing import NamedTuple

from megaplan_sync.kernel.values import Number
from megaplan_sync.raw.rows import DealRow


class DealVersionRow(NamedTuple):
    """The columns of the statement ``stage_deal_versions``, in that order."""

    account: str
    deal_id: int
    valid_from: datetime
    number: str | None
    name: str | None
    program_id: int | None
    state_id: int | None
    state_changed_at: str | None
    result: str | None
    manager_id: int | None
    contractor_id: int | None
    contact_id: int | None
    price: Number | None
    price_currency: str | None
    price_in_main: Number | None
    cost: Number | None
    cost_currency: str | None
    updated_at: str | None


def deal_version_row(deal: DealRow, valid_from: datetime) -> DealVersionRow:
    """Return the version of a deal that began at ``valid_from``."""
    columns = (getattr(deal, name) for name in DealVersionRow._fields[3:])
    return DealVersionRow(deal.account, deal.id, valid_from, *columns)
