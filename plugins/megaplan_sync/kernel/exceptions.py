"""Errors of the integration.

* MegaplanSyncError
  * NewerSchemaError - the tables were created by a newer version of this package
  * TablesInUseError - tables cannot be upgraded, because others use them without a pause
  * DatabaseEncodingError - the raw tables' database is not UTF-8
  * UnknownAccountError - the parameter accounts names an account that is not configured
  * AccountListError - the Variable megaplan_accounts is invalid
  * UnknownEntityError - the parameter entities names an entity that does not exist
  * RequiredFieldRefusedError - the account refuses a field that a table needs
  * AccountBusyError - another run does not end its transaction on this account
  * WorkInProgressError - another run is doing this work on this account
  * LeaseLostError - another run has taken this work over
  * UnreadableEntityError - Megaplan sent an entity without a usable id
  * SuspiciousAnswerError - Megaplan's answer, taken at face value, would mean that data is gone
  * UnknownProposalError - the deletion proposal does not exist
  * ProposalNumberError - the parameter proposal is not a number
  * UnmarkedRowsError - an approved deletion proposal could not be carried out yet
  * UnknownDepthError - the parameter depth is invalid
  * MissingTablesError - tables are missing that a reconciliation must not recreate silently
  * MissingColumnsError - a raw table lacks columns that it should have
  * NotLoadedError - the first load of an entity is not finished
  * UnprovenError - a reconciliation left something unresolved
  * EntitiesFailedError - some entities or accounts failed
  * MissingConnectionError - Airflow has no such connection
  * AirflowUnavailableError - Airflow's API server does not give connections at the moment
  * WorkPausedError - the account's requests or its time in this run are used up; the next run continues
  * AccountHangsError - an account did not end its work in time, nor by itself
  * DatabaseUnavailableError - the raw tables' database cannot be reached, or the session was lost
  * DatabaseRightsError - the database user lacks a right
  * DatabaseRefusalError - the database is there, but refuses something
"""

from collections.abc import Iterable, Mapping
from datetime import datetime

from megaplan_hook.exceptions import MegaplanError, MegaplanRateLimitError
from megaplan_vendor_kit.exceptions import RequestNotAllowedError
from uis_hook.exceptions import UisError


class MegaplanSyncError(Exception):
    """Base of all errors of this package.

    ``retryable`` says whether running the task again, without changing anything, can help.
    """

    retryable = False


OUR_ERRORS = (MegaplanError, MegaplanSyncError, UisError)
"""Expected errors, whose messages say enough. Anything else is logged with its traceback."""


class NewerSchemaError(MegaplanSyncError):
    """The tables were created by a newer version of this package."""

    def __init__(self, found: int, known: int, table: str = "megaplan_sync.schema_version") -> None:
        super().__init__(
            f"{table} says {found}, but this airflow-provider-megaplan supports tables up to version {known}: "
            "upgrade the package, or point connection megaplan_postgres at another database. Nothing was changed."
        )


class TablesInUseError(MegaplanSyncError):
    """Tables cannot be upgraded, because others use them without a pause."""

    retryable = True

    def __init__(self, used: str, seconds: float) -> None:
        super().__init__(
            f"The tables of megaplan_raw have to be upgraded, but others have {used} them for {seconds:.0f} s "
            "without a pause: see who in pg_stat_activity, let them end, then run this again. Nothing was changed."
        )


class DatabaseEncodingError(MegaplanSyncError):
    """The raw tables' database is not UTF-8."""

    def __init__(self, encoding: str) -> None:
        super().__init__(
            f"The database of connection megaplan_postgres has the encoding {encoding}: Russian text needs UTF8. "
            "Run CREATE DATABASE megaplan ENCODING 'UTF8' TEMPLATE template0, and enter megaplan in the field "
            "Database of the connection."
        )


class UnknownAccountError(MegaplanSyncError):
    """The parameter accounts names an account that is not configured."""

    def __init__(self, unknown: Iterable[str], known: Iterable[str]) -> None:
        super().__init__(
            f"accounts: {_listed(unknown)} is not among the configured connections ({_listed(known)}). Correct "
            "the parameter accounts, or add the connection id to the Variable megaplan_accounts, a JSON list."
        )


class AccountListError(MegaplanSyncError):
    """The Variable megaplan_accounts is invalid."""

    def __init__(self, value: str) -> None:
        super().__init__(
            f"Variable megaplan_accounts is {value}: expected a JSON list of connection ids such as "
            '["megaplan_default"]. Correct it under Admin -> Variables, or delete it to use megaplan_default.'
        )


class UnknownEntityError(MegaplanSyncError):
    """The parameter entities names an entity that does not exist."""

    def __init__(self, unknown: Iterable[str], known: Iterable[str]) -> None:
        super().__init__(
            f"entities: {_listed(unknown)} is not one of {_listed(known)}. Correct the parameter entities, "
            "or leave it empty for all of them."
        )


class RequiredFieldRefusedError(MegaplanSyncError):
    """The account refuses a field that a table needs."""

    def __init__(self, account: str, entity: str, fields: Iterable[str]) -> None:
        self.fields = frozenset(fields)
        super().__init__(
            f"Megaplan account {account} refuses {_listed(sorted(self.fields))} in `fields` of {entity} (422), and "
            f"the raw table {entity} needs it. Check that the connection's user may see this in Megaplan; for "
            'contacts, vendor_quirks {"contractor_list_route": "by_kind"} reads people and companies separately.'
        )


class AccountBusyError(MegaplanSyncError):
    """Another run does not end its transaction on this account."""

    retryable = True

    def __init__(self, account: str, seconds: float) -> None:
        super().__init__(
            f"Another run has kept a transaction on account {account} open for {seconds:.0f} s, so this one stops. "
            "See in pg_stat_activity what it is doing. The retry, or the next scheduled run, continues."
        )


class WorkInProgressError(MegaplanSyncError):
    """Another run is doing this work on this account; it is left to that run."""

    retryable = True

    def __init__(self, account: str, work: str, run_id: str, since: datetime) -> None:
        super().__init__(
            f"{work} of account {account}: left to run {run_id}, which has been busy with this since "
            f"{since:%Y-%m-%d %H:%M} UTC (megaplan_sync.leases)."
        )


class LeaseLostError(MegaplanSyncError):
    """Another run has taken this work over."""

    retryable = True

    def __init__(self, account: str, work: str) -> None:
        super().__init__(
            f"{work} of account {account}: another run has taken this over, because this process was started "
            "again, or did not answer for too long (a paused machine, Postgres out of reach). It stops here."
        )


class SuspiciousAnswerError(MegaplanSyncError):
    """Megaplan's answer, taken at face value, would mean that data is gone."""

    retryable = True


class UnreadableEntityError(MegaplanSyncError):
    """Megaplan sent an entity without a usable id."""

    def __init__(self, content_type: str, identity: object) -> None:
        super().__init__(
            f"Megaplan sent a {content_type} whose id is {identity!r} instead of a string of digits, so it cannot be "
            "stored. Please report this to the project, with the name of the entity."
        )


class UnknownProposalError(MegaplanSyncError):
    """The deletion proposal does not exist."""

    def __init__(self, unknown: int, waiting: Iterable[str]) -> None:
        super().__init__(
            f"proposal: there is no proposal {unknown}. Waiting proposals: {'; '.join(waiting) or 'none'}. "
            "Correct the parameter proposal."
        )


class ProposalNumberError(MegaplanSyncError):
    """The parameter proposal is not a number."""

    def __init__(self, given: object) -> None:
        super().__init__(
            f"proposal is {given!r}: expected the number of a deletion proposal such as 3. The certificates and the "
            "log of the reconciliation name it."
        )


class UnmarkedRowsError(MegaplanSyncError):
    """An approved deletion proposal could not be carried out yet."""

    retryable = True

    def __init__(self, proposal: object, reason: str | None) -> None:
        super().__init__(
            f"Proposal {proposal} is approved, but not all of its rows could be checked: {reason or 'see above'} The "
            "next night marks them; to do it earlier, clear this task."
        )


class UnknownDepthError(MegaplanSyncError):
    """The parameter depth is invalid."""

    def __init__(self, given: object) -> None:
        super().__init__(f"depth is {given!r}: expected ids or full. Correct the parameter depth.")


class MissingTablesError(MegaplanSyncError):
    """Tables are missing that a reconciliation must not recreate silently."""

    def __init__(self, names: Iterable[str]) -> None:
        super().__init__(
            f"Table {_listed(names)} does not exist. A reconciliation creates no tables, or a loss would look like a "
            'repair: run megaplan_deals_sync, with {"full_refresh": true} after a loss, then run this DAG again.'
        )


class MissingColumnsError(MegaplanSyncError):
    """A raw table lacks columns that it should have."""

    def __init__(self, missing: Iterable[tuple[str, str]]) -> None:
        named = ", ".join(f"megaplan_raw.{table}.{column}" for table, column in missing)
        super().__init__(
            f"Column {named} does not exist: add it with ALTER TABLE ... ADD COLUMN and its line of "
            "include/sql/raw, then clear the task. Nothing was changed."
        )


class NotLoadedError(MegaplanSyncError):
    """The first load of an entity is not finished, so there is nothing to compare."""

    def __init__(self, account: str, entity: str) -> None:
        super().__init__(
            f"{entity} of account {account} are not completely loaded yet: let megaplan_deals_sync finish its first "
            "load, then run this DAG again."
        )


class UnprovenError(MegaplanSyncError):
    """A reconciliation left something unresolved; the certificates say what."""


class EntitiesFailedError(MegaplanSyncError):
    """Some entities or accounts failed; the others were processed."""

    def __init__(self, failures: Mapping[str, Exception]) -> None:
        self.failures = dict(failures)
        self.retryable = any(getattr(error, "retryable", True) for error in failures.values())
        super().__init__(" | ".join(f"{name}: {error}" for name, error in failures.items()))


class MissingConnectionError(MegaplanSyncError):
    """Airflow has no such connection."""

    def __init__(self, conn_id: str, conn_type: str) -> None:
        super().__init__(
            f"Connection {conn_id!r} does not exist: create it under Admin -> Connections with type {conn_type}, "
            f"or set the environment variable AIRFLOW_CONN_{conn_id.upper()}."
        )


class AirflowUnavailableError(MegaplanSyncError):
    """Airflow's API server does not give connections at the moment."""

    retryable = True

    def __init__(self, conn_id: str, reason: str) -> None:
        super().__init__(
            f"Airflow's API server could not be asked for connection {conn_id!r} ({_one_line_of(reason)}). "
            "This passes: the retry asks again. If it stays, see the log of the API server."
        )


class WorkPausedError(MegaplanSyncError, RequestNotAllowedError):
    """The work on an account ends here for now: this is no failure, and the next run continues.

    :param seconds: after how long it may continue; None if that is not up to a clock
    """

    retryable = True

    def __init__(self, account: str, reason: str, seconds: float | None = None) -> None:
        self.seconds = seconds
        wait = "" if seconds is None else f" for about {max(1, round(seconds / 60))} min"
        super().__init__(f"Account {account} pauses{wait}: {reason}. The next run continues.")


PAUSES = (WorkPausedError, MegaplanRateLimitError)
"""What ends the work on an account for now without being a failure; the second when Megaplan answers 429 for longer
than a task may wait."""


class AccountHangsError(MegaplanSyncError):
    """An account did not end its work in time, nor by itself when its time was up."""

    retryable = True

    def __init__(self, conn_id: str, seconds: float) -> None:
        super().__init__(
            f"{conn_id} has not answered for {seconds:.0f} s, so this task ends without it. See whether Megaplan, "
            "UIS and Postgres answer, and lower read_timeout_seconds in vendor_quirks if they are slow."
        )


class DatabaseUnavailableError(MegaplanSyncError):
    """The raw tables' database cannot be reached, or the session was lost."""

    retryable = True

    def __init__(self, conn_id: str, reason: Exception) -> None:
        super().__init__(
            f"Connection {conn_id!r}: Postgres is not available ({_one_line(reason)}). Check that it is running, "
            "and the fields Host, Port, Database, Login and Password of this connection."
        )


class DatabaseRightsError(MegaplanSyncError):
    """The database user lacks a right."""

    def __init__(self, conn_id: str, reason: Exception) -> None:
        super().__init__(
            f"Connection {conn_id!r}, field Login: its user lacks a right in Postgres ({_one_line(reason)}). Grant "
            "it CREATE on the database, or make it the owner of the schemas megaplan_raw, megaplan_sync and megaplan."
        )


class DatabaseRefusalError(MegaplanSyncError):
    """The database is there, but refuses something."""

    def __init__(
        self, conn_id: str, reason: Exception, sqlstate: str, *, what: str, remedy: str, retryable: bool
    ) -> None:
        self.sqlstate = sqlstate
        self.retryable = retryable
        super().__init__(
            f"Connection {conn_id!r}: Postgres refuses this: {what} (SQLSTATE {sqlstate}: {_one_line(reason)}). "
            + remedy
        )


def _one_line(error: Exception) -> str:
    """Return a database's message on one line, without the hints that may follow over many lines."""
    return _one_line_of(str(error)) or type(error).__name__


def _one_line_of(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= 300 else text[:299] + "…"


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names)
