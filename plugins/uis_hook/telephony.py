"""The hook's methods about people, numbers and calls."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from uis_hook import call_control, recordings, reports, staff
from uis_hook.account_time import account_text, moment_of
from uis_hook.client import UisClient
from uis_hook.exceptions import UisMissingParameterError, UisNotFoundError, UisSettingError
from uis_hook.paging import ListRequest, Page

ListOfWindow = Callable[[Mapping[str, str]], ListRequest]


class UisTelephony(UisClient):
    """What is known about people, numbers and calls, and what can be done about them."""

    # set once this account has refused a partial update of an employee
    _full_updates = False

    # -- moments

    def moment(self, text: str | None) -> datetime | None:
        """Read a moment of UIS's, which stands in the account's zone; in UTC."""
        return moment_of(text, self.settings.zone)

    def account_text(self, moment: datetime) -> str:
        """Write an aware moment as UIS wants it."""
        return account_text(moment, self.settings.zone)

    # -- account, people, numbers

    def account_info(self) -> dict[str, Any]:
        """Return ``{app_id, name, timezone}``."""
        return self.ask(staff.account())

    def employees(
        self, *, fields: Sequence[str] = staff.EMPLOYEE_FIELDS, filter: Mapping[str, Any] | None = None
    ) -> list[dict[str, Any]]:
        """Return employees; the internal number is ``extension.extension_phone_number``.

        :param fields: columns; for polling statuses ``("id", "status_id")`` is enough.
        :param filter: ``{"field", "operator", "value"}`` or ``{"filters": […], "condition": "and"}``.
        """
        return self._all(staff.employees(fields, filter, self._directories_sort_field))

    def statuses(self) -> list[dict[str, Any]]:
        """Return the statuses an employee can have: ``{id, name, mnemonic, …}``, own ones with mnemonic null."""
        return self._all(staff.statuses(self._directories_sort_field))

    def status_id(self, mnemonic: str) -> int:
        """Return the id of a standard status, such as ``do_not_disturb``; ids differ, mnemonics do not.

        :raises UisNotFoundError: when the account has no such status.
        """
        return staff.status_id_of(self.statuses(), mnemonic)

    def virtual_numbers(self) -> list[dict[str, Any]]:
        """Return the account's own numbers: ``{id, virtual_phone_number, status, type, scenarios, …}``."""
        return self._all(staff.virtual_numbers(self._directories_sort_field))

    def update_employee(self, employee_id: int, **changes: Any) -> None:
        """Change an employee, such as ``update_employee(501, status_id=3)``.

        Should UIS miss last_name and phone_numbers, as its documentation threatens, the change is sent again
        with the present ones; the quirk ``employee_update`` says so.

        :raises UisNotFoundError: when there is no such employee.
        """
        mode = self.settings.vendor_quirks.employee_update
        if mode == "given" or not (mode == "full" or self._full_updates):
            try:
                self.ask(staff.update_employee(employee_id, changes))
                return
            except UisMissingParameterError:
                if mode == "given":
                    raise
                self._full_updates = True
        where = {"field": "id", "operator": "=", "value": employee_id}
        present = self.employees(fields=("id", "last_name", "phone_numbers"), filter=where)
        if not present:
            raise UisNotFoundError(
                "update.employees", "employee_not_found", told=f"there is no employee {employee_id}"
            )
        self.ask(staff.update_employee(employee_id, staff.with_required_fields(present[0], changes)))

    # -- what has been called

    def calls_report(
        self,
        start: datetime,
        end: datetime,
        *,
        fields: Sequence[str] = reports.CALL_FIELDS,
        filter: Mapping[str, Any] | None = None,
        include_ongoing_calls: bool = False,
        page_size: int | None = None,
    ) -> Iterator[Page]:
        """Walk over call sessions that began between two aware moments, by their beginning.

        Any length of time: it is asked for in windows that UIS accepts. Moments inside rows are texts in the
        account's zone; :meth:`moment` reads them.

        :param fields: columns; must hold ``id`` and ``start_time``.
        """

        def listing(window: Mapping[str, str]) -> ListRequest:
            return reports.calls_report(window, fields, filter, include_ongoing_calls)

        days = self.settings.vendor_quirks.report_window_days
        return self._report(listing, start, end, days, "start_time", page_size)

    def call_legs_report(
        self,
        start: datetime,
        end: datetime,
        *,
        fields: Sequence[str] = reports.LEG_FIELDS,
        filter: Mapping[str, Any] | None = None,
        page_size: int | None = None,
    ) -> Iterator[Page]:
        """Walk over legs: who rang where, with the employee's own phone; otherwise like ``calls_report``."""
        quirks = self.settings.vendor_quirks

        def listing(window: Mapping[str, str]) -> ListRequest:
            return reports.call_legs_report(window, fields, filter, quirks.legs_sort_field)

        return self._report(listing, start, end, quirks.report_window_days, "start_time", page_size)

    def _report(
        self,
        listing: ListOfWindow,
        start: datetime,
        end: datetime,
        days: int,
        time_field: str,
        page_size: int | None,
    ) -> Iterator[Page]:
        windows = reports.ReportWindows(start, end, days, self.settings.zone, time_field)
        while (window := windows.next()) is not None:
            asked = listing(windows.params(window))
            for number, page in enumerate(self.walk(asked, page_size=page_size)):
                if number == 0 and windows.split_if_too_long(page):
                    break
                yield windows.accept(page, asked)

    # -- recordings

    def record_url(
        self, communication_id: int | str, record_id: str, kind: recordings.RecordKind = "talk"
    ) -> str:
        """Return the address of one of a call's ``call_records``; a secret.

        :raises UisSettingError: when nobody has published where this brand keeps recordings.
        """
        return recordings.record_url(
            self._known_host(self.settings.records_url), communication_id, record_id, kind
        )

    def session_record_url(self, communication_id: int | str, record_id: str) -> str:
        """Return the address of the recording of a whole session; a secret."""
        return recordings.session_record_url(
            self._known_host(self.settings.media_url), communication_id, record_id
        )

    def _known_host(self, host: str | None) -> str:
        if host is None:
            raise UisSettingError(
                self.uis_conn_id,
                "records_url",
                f"it is empty, and where {self.settings.brand} keeps recordings is not known",
                "write the host of a recording's link in the cabinet",
            )
        return host

    # -- what is being called

    def start_employee_call(
        self,
        *,
        employee_id: int,
        contact: str,
        external_id: str,
        virtual_phone_number: str | None = None,
        employee_phone_number: str | None = None,
        first_call: call_control.FirstCall = "employee",
        direction: call_control.Direction = "out",
        **options: Any,
    ) -> int:
        """Click-to-call; returns the ``call_session_id``.

        Never sent twice unless UIS has surely not begun it. After an error with ``maybe_accepted`` look for the
        call by :meth:`call_by_external_id` and, later, by ``call_api_external_id`` in the report.

        :param external_id: ours, for that purpose.
        :param virtual_phone_number: default is the setting of the same name.
        :param options: further parameters as UIS names them; see
            :func:`uis_hook.call_control.start_employee_call`.
        :raises UisSettingError: when there is no number to call from.
        :raises UisCallRefusedError: when UIS will not make this call.
        """
        number = virtual_phone_number or self.settings.virtual_phone_number
        if number is None:
            raise UisSettingError(
                self.uis_conn_id,
                "virtual_phone_number",
                "it is empty, and calls need an own number",
                "write one of the account's numbers, such as 74950000001",
            )
        return self.ask(
            call_control.start_employee_call(
                employee_id=employee_id,
                contact=contact,
                virtual_phone_number=number,
                external_id=external_id,
                employee_phone_number=employee_phone_number,
                first_call=first_call,
                direction=direction,
                options=options,
            )
        )

    def release_call(self, call_session_id: int) -> None:
        """End a call for everybody.

        :raises UisCallStateError: when it is over already.
        """
        self.ask(call_control.release_call(call_session_id))

    def disconnect_leg(self, call_session_id: int, leg_id: int) -> None:
        """Let one participant of a call go."""
        self.ask(call_control.disconnect_leg(call_session_id, leg_id))

    def calls_in_progress(
        self, direction: call_control.Direction | None = None, virtual_phone_number: str | None = None
    ) -> list[dict[str, Any]]:
        """Return the calls that are going on now, with their legs."""
        return self.ask(call_control.list_calls(direction, virtual_phone_number))

    def call_by_external_id(self, external_id: str) -> int | None:
        """Return the session id of a call started with this id; None when it is not going on (any more)."""
        return call_control.with_external_id(self.calls_in_progress(), external_id)

    @property
    def _directories_sort_field(self) -> str:
        return self.settings.vendor_quirks.directories_sort_field
