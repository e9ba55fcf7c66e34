"""The hook's methods about deals: carrying them into UIS and reading them back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from uis_hook import deals, reports
from uis_hook.deals import DealContact, DealRecord, FinalStage, Stage, UserFieldType
from uis_hook.exceptions import UisValidationError
from uis_hook.paging import MAX_LIMIT, ListRequest, Page
from uis_hook.telephony import UisTelephony

FilteredList = Callable[[Mapping[str, Any] | None], ListRequest]


class UisDealUpload(UisTelephony):
    """Funnels, stages, people, contacts and fields must exist before the deals that point at them.

    What makes something raises UisDuplicateError when it exists already; after a UisTransportError with
    ``maybe_accepted`` it may or may not exist.
    """

    # -- what deals point at

    def sales_funnels(self) -> list[dict[str, Any]]:
        """Return funnels: ``{ext_id, name, stages: [{stage_ext_id, stage_name, stage_status, stage_order}]}``."""
        return self._all(deals.sales_funnels())

    def create_sales_funnel(
        self, ext_id: str, name: str, *, success: FinalStage, failed: FinalStage, in_process: Sequence[Stage]
    ) -> None:
        """Make a funnel; it has exactly one stage of success, one of failure, and 1 to 100 others."""
        self.ask(deals.create_sales_funnel(ext_id, name, success, failed, in_process))

    def rename_sales_funnel(self, ext_id: str, name: str) -> None:
        """Give a funnel another name."""
        self.ask(deals.rename_sales_funnel(ext_id, name))

    def create_stage(self, sales_funnel_ext_id: str, stage: Stage) -> None:
        """Add a stage in process to a funnel."""
        self.ask(deals.create_stage(sales_funnel_ext_id, stage))

    def update_stage(
        self, sales_funnel_ext_id: str, ext_id: str, *, name: str | None = None, order: int | None = None
    ) -> None:
        """Rename or move a stage; final stages have no order of their own."""
        self.ask(deals.update_stage(sales_funnel_ext_id, ext_id, name=name, order=order))

    def delete_stage(self, sales_funnel_ext_id: str, ext_id: str) -> None:
        """Remove a stage in process that holds no deals and is not the last one."""
        self.ask(deals.delete_stage(sales_funnel_ext_id, ext_id))

    def deal_employees(self) -> list[dict[str, Any]]:
        """Return the responsible managers that UIS knows: ``{ext_id, name}``."""
        return self._all(deals.deal_employees())

    def create_deal_employee(self, ext_id: str, name: str) -> None:
        """Make a responsible manager known."""
        self.ask(deals.create_deal_employee(ext_id, name))

    def rename_deal_employee(self, ext_id: str, name: str) -> None:
        """Give a responsible manager another name."""
        self.ask(deals.rename_deal_employee(ext_id, name))

    def deal_contacts(self, *, page_size: int | None = None) -> Iterator[Page]:
        """Walk over the contacts of deals: ``{ext_id, name, phone_numbers, emails, …}``."""
        return self.walk(deals.deal_contacts(), page_size=page_size)

    def deal_contacts_beginning(self, start: str) -> Iterator[dict[str, Any]]:
        """Yield the contacts of deals whose ids of ours begin so; others may come, too."""
        return self._filtered(deals.deal_contacts, deals.beginning_with(start))

    def deal_contacts_with(self, ext_ids: Sequence[str]) -> Iterator[dict[str, Any]]:
        """Yield some contacts of deals by their ids of ours; others may come, too."""
        return self._with_ext_ids(deals.deal_contacts, ext_ids)

    def create_deal_contacts(self, contacts: Sequence[DealContact]) -> None:
        """Make up to 1000 contacts known.

        :raises ValueError: for more, or for a contact whose phone is no full number.
        """
        settings = self.settings
        self.ask(
            deals.create_deal_contacts(contacts, settings.zone, settings.vendor_quirks.contact_phone_form)
        )

    def update_deal_contact(self, contact: DealContact) -> None:
        """Change a contact; its phones and e-mails are replaced wholly."""
        settings = self.settings
        self.ask(deals.update_deal_contact(contact, settings.zone, settings.vendor_quirks.contact_phone_form))

    def deal_user_fields(self) -> list[dict[str, Any]]:
        """Return the user fields of deals: ``{ext_id, name, data_type}``."""
        return self._all(deals.deal_user_fields())

    def create_deal_user_field(self, ext_id: str, name: str, data_type: UserFieldType) -> None:
        """Make a user field of deals known; the place for what UIS has no field for, such as the currency."""
        self.ask(deals.create_deal_user_field(ext_id, name, data_type))

    def rename_deal_user_field(self, ext_id: str, name: str) -> None:
        """Give a user field of deals another name."""
        self.ask(deals.rename_deal_user_field(ext_id, name))

    # -- deals

    def upload_deals_history(self, records: Sequence[DealRecord], *, now: datetime | None = None) -> None:
        """Add up to 1000 records to the history of deals: all of them or, at the first bad one, none.

        UIS works through them later: :meth:`deals_in_processing` says when it is done.

        :param now: what counts as the future; default is this machine's clock.
        :raises ValueError: naming the record and the field that UIS would refuse; nothing was sent then.
        """
        self.ask(
            deals.upload_deals_history(
                records,
                self.settings.zone,
                now or datetime.now(UTC),
                links_communications=self.settings.brand != "novofon",
                resend=self.settings.vendor_quirks.resend_uploads,
            )
        )

    def deals_in_processing(self) -> int:
        """Return how many uploaded records UIS has not worked through yet."""
        return self.ask(reports.deals_in_processing())

    def deals_history(
        self, *, filter: Mapping[str, Any] | None = None, page_size: int | None = None
    ) -> Iterator[Page]:
        """Walk over the uploaded records, and those UIS made up for skipped stages (``is_generated``)."""
        return self.walk(deals.deals_history(filter), page_size=page_size)

    def deals_history_beginning(self, start: str) -> Iterator[dict[str, Any]]:
        """Yield the records of the deals whose ids of ours begin so; others may come, too."""
        return self._filtered(deals.deals_history, deals.beginning_with(start))

    def deals_history_of(self, ext_ids: Sequence[str]) -> Iterator[dict[str, Any]]:
        """Yield the records of some deals by their ids of ours; others may come, too."""
        return self._with_ext_ids(deals.deals_history, ext_ids)

    def delete_deal(self, ext_id: str) -> None:
        """Remove a deal with its history."""
        self.ask(deals.delete_deal(ext_id))

    def _with_ext_ids(self, listing: FilteredList, ext_ids: Sequence[str]) -> Iterator[dict[str, Any]]:
        for start in range(0, len(ext_ids), deals.MAX_BATCH):
            yield from self._filtered(listing, deals.with_ext_ids(ext_ids[start : start + deals.MAX_BATCH]))

    def _filtered(self, listing: FilteredList, chosen: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        """Read a list by a filter. Some operators are "not for all methods": without them all rows are read."""
        try:
            for page in self.walk(listing(chosen), page_size=MAX_LIMIT):
                yield from page.rows
        except UisValidationError as refusal:
            self.log.warning("%s All rows are read instead.", refusal)
            for page in self.walk(listing(None), page_size=MAX_LIMIT):
                yield from page.rows

    # -- the report "Raw data → Deals"

    def flat_reports(self) -> list[dict[str, Any]]:
        """Return the flat reports of the account: ``{id, type, name, …}``."""
        return self.ask(reports.reports())

    def columns_tree(self, report_type: str = "deals") -> Any:
        """Return the columns of a type of report as UIS nests them; user fields of deals are among them."""
        return self.ask(reports.columns_tree(report_type))

    def deals(
        self,
        start: datetime,
        end: datetime,
        *,
        fields: Sequence[str] = reports.DEAL_FIELDS,
        report_id: int | None = None,
        filter: Mapping[str, Any] | None = None,
        page_size: int | None = None,
    ) -> Iterator[Page]:
        """Walk over the deals created between two aware moments, as the cabinet shows them.

        :param fields: columns; without any UIS would answer that there are no deals.
        :param report_id: None takes the account's first report of type deals.
        :raises UisNotFoundError: when the account has no such report.
        """
        sort_field = self.settings.vendor_quirks.deals_sort_field
        found = reports.report_id_of(self.flat_reports(), "deals") if report_id is None else report_id

        def listing(window: Mapping[str, str]) -> ListRequest:
            return reports.deals_report(window, found, fields, filter, sort_field)

        yield from self._report(listing, start, end, reports.FLAT_REPORT_DAYS, "deal_date_time", page_size)
