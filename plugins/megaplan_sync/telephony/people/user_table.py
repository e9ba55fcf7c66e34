"""Writes ``telephony.users`` and ``telephony.mismatches``; a bad read does not empty them."""

from collections.abc import Collection, Sequence
from typing import Any

from psycopg import Connection
from psycopg.rows import dict_row

from megaplan_sync.kernel.exceptions import SuspiciousAnswerError
from megaplan_sync.kernel.sql import read_sql
from megaplan_sync.telephony.people.mismatches import Mismatch, MismatchKind
from megaplan_sync.telephony.people.user_mapping import TelephonyUser, UserMapping

CONFIRMATION_MINUTES = 30
"""How much later a second read has to be to confirm the first; retries of a task see the same problem."""


class UserTable:
    """The rows of one account."""

    def __init__(self, connection: Connection[Any], account: str) -> None:
        self._connection = connection
        self._account = account

    def known(self) -> dict[int, bool]:
        """Return the known users; true for those who were already missing in an earlier read."""
        rows = self._execute("select_telephony_users", confirmation_minutes=CONFIRMATION_MINUTES)
        return {employee_id: bool(confirmed) for employee_id, confirmed in rows}

    def refuse_empty(self, lists: dict[str, Sequence[Any]]) -> None:
        """Refuse empty lists while users are mapped.

        :param lists: the rows that were read, by a name for the error message
        :raises SuspiciousAnswerError: a list is empty
        """
        present = len(self.known())
        empty = [name for name, rows in lists.items() if not rows]
        if present and empty:
            raise SuspiciousAnswerError(
                f"Empty for account {self._account}: {', '.join(empty)}. All {present} users of telephony.users "
                "stay. Check in the cabinet whether the list is really empty, and the rights of the connection's "
                "user; a retry reads it again. If telephony is no longer used, switch off telephony_active in the "
                "connection."
            )

    def write(self, mapping: UserMapping) -> tuple[int, int, int]:
        """Store a mapping in one transaction.

        If more than half of the users are missing, they are only marked as missing; a second read without them, at
        least ``CONFIRMATION_MINUTES`` later, confirms that.

        :returns: how many users were inserted, updated, deleted
        :raises SuspiciousAnswerError: too many users are missing, not confirmed by a second read
        """
        with self._connection.transaction():
            known = self.known()
            mapped = {user.employee_id for user in mapping.users}
            missing = [employee_id for employee_id in known if employee_id not in mapped]
            is_unconfirmed = len(missing) * 2 > len(known) and not all(known[each] for each in missing)
            if is_unconfirmed:
                self._execute("mark_missing_telephony_users", missing=missing)
                self._execute("commit_durably")
            else:
                counts = self._replace(mapping, missing)
        if is_unconfirmed:
            raise SuspiciousAnswerError(
                f"{len(missing)} of {len(known)} users of account {self._account} are no longer mapped, more than "
                "half: all of them stay, and nothing else was changed. If another run at least "
                f"{CONFIRMATION_MINUTES} minutes later has the same result, they are removed. The mismatches above "
                "say why; check the users in Megaplan's telephony settings and the employees in UIS."
            )
        return counts

    def _replace(self, mapping: UserMapping, missing: Collection[int]) -> tuple[int, int, int]:
        if missing:
            self._execute("delete_telephony_users", missing=list(missing))
        written = self._execute("upsert_telephony_users", **_user_columns(mapping.users))
        found = _mismatch_columns(mapping.mismatches)
        keys = ("kinds", "employee_ids", "uis_employee_ids", "internal_numbers")
        self._execute("delete_resolved_mismatches", **{name: found[name] for name in keys})
        self._execute("upsert_mismatches", **found)
        self._execute("commit_durably")  # before the asset event is published
        inserted = sum(is_new for (is_new,) in written)
        return inserted, len(written) - inserted, len(missing)

    def mismatches(self) -> list[dict[str, Any]]:
        """Return the account's mismatches, the most severe first, with the time when each was first found."""
        with self._connection.cursor(row_factory=dict_row) as cursor:
            values = {"account": self._account, "kinds": [kind.value for kind in MismatchKind]}
            return cursor.execute(read_sql("select_mismatches"), values).fetchall()

    def _execute(self, statement: str, **values: Any) -> list[tuple[Any, ...]]:
        cursor = self._connection.execute(read_sql(statement), {"account": self._account, **values})
        return cursor.fetchall() if cursor.description else []


def _user_columns(users: Sequence[TelephonyUser]) -> dict[str, list[Any]]:
    return {
        "employee_ids": [user.employee_id for user in users],
        "uis_employee_ids": [user.uis_employee_id for user in users],
        "internal_numbers": [user.internal_number for user in users],
        "names": [user.name for user in users],
        "uis_names": [user.uis_name for user in users],
        "uis_status_ids": [user.uis_status_id for user in users],
        "uis_statuses": [user.uis_status for user in users],
        "do_not_disturb": [user.do_not_disturb for user in users],
        "lines": ["\n".join(user.lines) for user in users],
    }


def _mismatch_columns(mismatches: Sequence[Mismatch]) -> dict[str, list[Any]]:
    return {
        "kinds": [one.kind.value for one in mismatches],
        "employee_ids": [one.employee_id for one in mismatches],
        "uis_employee_ids": [one.uis_employee_id for one in mismatches],
        "internal_numbers": [one.internal_number for one in mismatches],
        "messages": [one.message for one in mismatches],
        "names": [one.name for one in mismatches],
        "uis_names": [one.uis_name for one in mismatches],
    }
