"""Reads the employees of both sides and stores their mapping, for one account in one run."""

import logging
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

from megaplan_hook.paging import ListPage
from megaplan_sync.kernel.exceptions import OUR_ERRORS, EntitiesFailedError, SuspiciousAnswerError
from megaplan_sync.kernel.leases import leased
from megaplan_sync.telephony.people.directories import save_directory
from megaplan_sync.telephony.people.mismatch_report import mismatch_entries
from megaplan_sync.telephony.people.user_mapping import UserMapping, map_users
from megaplan_sync.telephony.people.user_table import UserTable
from megaplan_sync.telephony.session import TelephonySession
from uis_hook import staff

log = logging.getLogger(__name__)
_PUBLISHED = ("kind", "employee_id", "uis_employee_id", "internal_number", "message")
"""What the result of the task has of a mismatch: no names."""

EMPLOYEE_FIELDS = ("name", "firstName", "lastName", "isWorking")
CONFIG_FIELDS = ("employee", "internalNumber")


@dataclass
class UserSyncOutcome:
    """The result of a run for one account.

    :param mismatches: number of mismatches by kind
    :param mismatch_rows: the mismatches as in ``telephony.mismatches``, without names
    """

    account: str
    users: int = 0
    inserted: int = 0
    updated: int = 0
    deleted: int = 0
    directory_entries_written: int = 0
    mismatches: dict[str, int] = field(default_factory=dict)
    mismatch_rows: list[dict[str, Any]] = field(default_factory=list)

    @property
    def users_changed(self) -> bool:
        """Whether a row of ``telephony.users`` was written or deleted."""
        return bool(self.inserted or self.updated or self.deleted)

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON-serializable values."""
        return asdict(self)


class UserSync:
    """One run for one account: read everything, then write the whole mapping or nothing, then the directories."""

    def __init__(self, session: TelephonySession) -> None:
        self._session = session
        self._table = UserTable(session.connection, session.account)

    def run(self, outcome: UserSyncOutcome) -> None:
        """Update users, mismatches and directories.

        :param outcome: filled in during the run, so that it also shows what a failed run has done
        :raises SuspiciousAnswerError: a list is empty, or too many users are missing; the mapping was not changed
        :raises WorkInProgressError: another run is updating this account
        :raises EntitiesFailedError: the mapping was written, some directories were not
        """
        with leased(self._session.connection, self._session.account, "telephony users"):
            statuses = self._map(outcome)
            self._save_directories(statuses, outcome)

    def _map(self, outcome: UserSyncOutcome) -> list[dict[str, Any]]:
        megaplan, uis = self._session.megaplan, self._session.uis
        configs = _all(megaplan.call_user_configs(arguments={"fields": list(CONFIG_FIELDS)}))
        narrow = {"fields": list(EMPLOYEE_FIELDS), "onlyRequestedFields": True}
        employees = _all(megaplan.employees(arguments=narrow))
        uis_employees = list(uis.rows(staff.employees(uis.settings)))
        statuses = list(uis.rows(staff.statuses(uis.settings)))
        self._table.refuse_empty(
            {
                "Megaplan's users of telephony (/callUserConfig)": configs,
                "Megaplan's employees (/employee)": employees,
                "UIS's employees (get.employees)": uis_employees,
                "UIS's statuses (get.statuses)": statuses,
            }
        )
        mapping = map_users(configs, employees, uis_employees, statuses)
        try:
            outcome.inserted, outcome.updated, outcome.deleted = self._table.write(mapping)
        except SuspiciousAnswerError:
            self._log_mismatches([asdict(one) for one in mapping.mismatches], mapping)
            raise
        found = self._table.mismatches()
        self._log_mismatches(found, mapping)
        outcome.users = len(mapping.users)
        outcome.mismatches = dict(Counter(str(one["kind"]) for one in found))
        outcome.mismatch_rows = [
            {**{name: one[name] for name in _PUBLISHED}, "first_found_at": one["first_found_at"].isoformat()}
            for one in found
        ]
        return statuses

    def _log_mismatches(self, mismatches: list[dict[str, Any]], mapping: UserMapping) -> None:
        account = self._session.account
        log.info("%s: %d employees are mapped to UIS by their numbers", account, len(mapping.users))
        if not mismatches:
            log.info("%s: no mismatches", account)
            return
        log.warning("%s: %d mismatches, see docs/telephony-users.md", account, len(mismatches))
        for entry in mismatch_entries(mismatches):
            log.warning("%s", entry)

    def _save_directories(self, statuses: list[dict[str, Any]], outcome: UserSyncOutcome) -> None:
        """Save each directory independently: one that fails does not stop the others."""
        megaplan, uis = self._session.megaplan, self._session.uis
        reads: dict[str, Callable[[], list[dict[str, Any]]]] = {
            "todo_categories": lambda: _all(megaplan.todo_categories()),
            "todo_statuses": lambda: _all(megaplan.todo_statuses()),
            "uis_statuses": lambda: statuses,
            "virtual_numbers": lambda: list(uis.rows(staff.virtual_numbers(uis.settings))),
        }
        failures: dict[str, Exception] = {}
        for directory, read in reads.items():
            try:
                written = save_directory(self._session.connection, outcome.account, directory, read())
            except OUR_ERRORS as error:
                failures[directory] = error
            else:
                outcome.directory_entries_written += written
        if failures:
            raise EntitiesFailedError(failures)


def _all(pages: Iterable[ListPage]) -> list[dict[str, Any]]:
    return [row for page in pages for row in page.items]
