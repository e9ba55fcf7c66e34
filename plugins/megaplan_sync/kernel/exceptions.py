"""Errors of the integration.

* MegaplanSyncError
  * NewerSchemaError - the tables were made by a newer version of this package
  * DatabaseEncodingError - the database of the raw tables cannot hold every letter
  * UnknownAccountError - an account was asked for that is not configured
  * AccountListError - the Variable with the list of accounts cannot be understood
  * UnknownEntityError - an entity was asked for that does not exist
  * RequiredFieldRefusedError - the account refuses a field that a table needs
  * AccountBusyError - another run is writing this account
  * UnreadableEntityError - Megaplan sent an entity that cannot be a row
  * SuspiciousAnswerError - Megaplan's answer would, if believed, mean that data is gone
  * UnknownProposalError - a deletion proposal was approved that does not exist
  * SettledProposalError - a deletion proposal was approved that is settled
  * ProposalNumberError - what was given as the number of a proposal is none
  * UnknownDepthError - a reconciliation of an unknown depth was asked for
  * MissingTablesError - tables are missing that must not be made anew in silence
  * NotLoadedError - an entity was never loaded to its end
  * UnprovenError - a reconciliation left something unresolved
  * EntitiesFailedError - some entities of an account could not be read
  * MissingConnectionError - Airflow has no connection of that id
  * DatabaseUnavailableError - the database of the raw tables cannot be reached, or was lost
  * DatabaseRightsError - the database's user may not do what is needed
"""

from collections.abc import Iterable, Mapping

from megaplan_hook.exceptions import MegaplanError
from uis_hook.exceptions import UisError


class MegaplanSyncError(Exception):
    """Base of all errors of this package.

    ``retryable`` tells whether running the task again, without changing anything, can help.
    """

    retryable = False


OUR_ERRORS = (MegaplanError, MegaplanSyncError, UisError)
"""What is known to go wrong: the message says enough. Anything else is logged with its traceback."""


class NewerSchemaError(MegaplanSyncError):
    """The tables were made by a newer version of this package."""

    def __init__(self, found: int, known: int) -> None:
        super().__init__(
            f"megaplan_sync.schema_version says {found}, but this airflow-provider-megaplan knows the tables up "
            f"to version {known}: upgrade the package here, or point connection megaplan_postgres at another "
            "database. Nothing was changed."
        )


class DatabaseEncodingError(MegaplanSyncError):
    """The database of the raw tables cannot hold every letter."""

    def __init__(self, encoding: str) -> None:
        super().__init__(
            f"The database of connection megaplan_postgres has the encoding {encoding}: Russian text needs UTF8. "
            "Make one by CREATE DATABASE megaplan ENCODING 'UTF8' TEMPLATE template0 and name it in the field "
            "Database of the connection."
        )


class UnknownAccountError(MegaplanSyncError):
    """An account was asked for that is not configured."""

    def __init__(self, unknown: Iterable[str], known: Iterable[str]) -> None:
        super().__init__(
            f"accounts: {_listed(unknown)} is not among the configured connections ({_listed(known)}). Correct "
            "the parameter accounts, or add the connection id to the Variable megaplan_accounts, a JSON list."
        )


class AccountListError(MegaplanSyncError):
    """The Variable with the list of accounts cannot be understood."""

    def __init__(self, value: str) -> None:
        super().__init__(
            f"Variable megaplan_accounts is {value}: expected a JSON list of connection ids such as "
            '["megaplan_default"]. Correct it under Admin -> Variables, or delete it to use megaplan_default.'
        )


class UnknownEntityError(MegaplanSyncError):
    """An entity was asked for that does not exist."""

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
            f"the raw table {entity} cannot do without. Check that the connection's user may see this in Megaplan; "
            'for contacts, vendor_quirks {"contractor_list_route": "by_kind"} reads people and companies apart.'
        )


class AccountBusyError(MegaplanSyncError):
    """Another run is writing this account."""

    retryable = True

    def __init__(self, account: str, seconds: float) -> None:
        super().__init__(
            f"Another run has been writing account {account} for the last {seconds:.0f} s; this one gives way. "
            "Its retry, or the next scheduled run, goes on from where the other one ends."
        )


class SuspiciousAnswerError(MegaplanSyncError):
    """Megaplan's answer would, if believed, mean that data is gone."""

    retryable = True


class UnreadableEntityError(MegaplanSyncError):
    """Megaplan sent an entity that cannot be a row."""

    def __init__(self, content_type: str, identity: object) -> None:
        super().__init__(
            f"Megaplan sent a {content_type} whose id is {identity!r} instead of a string of digits: it cannot "
            "become a row. Please report this with the entity's name to the project."
        )


class UnknownProposalError(MegaplanSyncError):
    """A deletion proposal was approved that does not exist."""

    def __init__(self, unknown: Iterable[int], waiting: Iterable[str]) -> None:
        super().__init__(
            f"approve_deletions: there is no proposal {_listed(map(str, unknown))}. Waiting proposals: "
            f"{'; '.join(waiting) or 'none'}. Correct the parameter approve_deletions."
        )


class SettledProposalError(MegaplanSyncError):
    """A deletion proposal was approved that is settled."""

    def __init__(self, number: int, state: str) -> None:
        what = (
            "was carried out by an earlier run"
            if state == "settled"
            else "became pointless: its rows are back"
        )
        super().__init__(
            f"approve_deletions: proposal {number} {what}. Leave the parameter approve_deletions empty, or name a "
            "proposal that waits (the newest certificate shows its number)."
        )


class ProposalNumberError(MegaplanSyncError):
    """What was given as the number of a proposal is none."""

    def __init__(self, given: object) -> None:
        super().__init__(
            f"approve_deletions is {given!r}: expected the number of a proposal such as 3, or a list of numbers."
        )


class UnknownDepthError(MegaplanSyncError):
    """A reconciliation of an unknown depth was asked for."""

    def __init__(self, given: object) -> None:
        super().__init__(f"depth is {given!r}: expected ids or full. Correct the parameter depth.")


class MissingTablesError(MegaplanSyncError):
    """Tables are missing that must not be made anew in silence."""

    def __init__(self, names: Iterable[str]) -> None:
        super().__init__(
            f"Table {_listed(names)} does not exist. A reconciliation makes no tables, or their loss would look like "
            'a repair: run megaplan_deals_sync, after a loss with {"full_refresh": true}, then run this again.'
        )


class NotLoadedError(MegaplanSyncError):
    """An entity was never loaded to its end, so there is nothing to compare."""

    def __init__(self, account: str, entity: str) -> None:
        super().__init__(
            f"{entity} of account {account} have not been loaded to their end yet: let megaplan_deals_sync finish "
            "its first load, then reconcile."
        )


class UnprovenError(MegaplanSyncError):
    """A reconciliation left something unresolved; the certificates say what."""


class EntitiesFailedError(MegaplanSyncError):
    """Some entities of some accounts could not be read; the others were."""

    def __init__(self, failures: Mapping[str, Exception]) -> None:
        self.failures = dict(failures)
        self.retryable = any(getattr(error, "retryable", True) for error in failures.values())
        super().__init__(" | ".join(f"{name}: {error}" for name, error in failures.items()))


class MissingConnectionError(MegaplanSyncError):
    """Airflow has no connection of that id."""

    def __init__(self, conn_id: str, conn_type: str) -> None:
        super().__init__(
            f"Connection {conn_id!r} does not exist: make it under Admin -> Connections with the type {conn_type}, "
            f"or set the environment variable AIRFLOW_CONN_{conn_id.upper()}."
        )


class DatabaseUnavailableError(MegaplanSyncError):
    """The database of the raw tables cannot be reached, or was lost in the middle."""

    retryable = True

    def __init__(self, conn_id: str, reason: Exception) -> None:
        super().__init__(
            f"Connection {conn_id!r}: Postgres is not available ({_one_line(reason)}). Check that it is running, "
            "and the fields Host, Port, Database, Login and Password of this connection."
        )


class DatabaseRightsError(MegaplanSyncError):
    """The database's user may not do what is needed."""

    def __init__(self, conn_id: str, reason: Exception) -> None:
        super().__init__(
            f"Connection {conn_id!r}, field Login: its user lacks a right in Postgres ({_one_line(reason)}). Grant "
            "it CREATE on the database, or make it the owner of the schemas megaplan_raw, megaplan_sync and megaplan."
        )


def _one_line(error: Exception) -> str:
    """Return the first lines of a database's message, which may go on with hints over many lines."""
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= 300 else text[:299] + "…"


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names)
