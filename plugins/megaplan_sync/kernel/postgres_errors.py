"""What errors of Postgres mean, by SQLSTATE: whether the database is gone, what to do, and what an error concerns."""

import re
from typing import NamedTuple

from psycopg import DataError, Error, InterfaceError, OperationalError

from megaplan_sync.kernel.exceptions import (
    DatabaseRefusalError,
    DatabaseRightsError,
    DatabaseUnavailableError,
)

POSTGRES_CONN_ID = "megaplan_postgres"


class _Meaning(NamedTuple):
    """What a SQLSTATE, or all that begin with these characters, means.

    :param may_pass: whether a retry can help
    """

    state: str
    what: str
    remedy: str
    may_pass: bool = False


_LOST = (
    "08",  # connection exceptions
    "25P03",  # a time limit of ours ended the session: this process was paused
    "28",  # login refused
    "3D",  # no such database
    "57P",  # shut down, crashed, starting, dropped, idle for too long
)
"""States after which nothing else in the database works either."""
_NO_ROOM = re.compile(
    r"too many (?:clients|connections)|connection slots|no more connections allowed"
    r"|слишком много (?:клиентов|подключений)|слоты подключений"
)
"""libpq does not tell the state of a refused connection, only the words of Postgres or a pooler."""
_OF_A_ROW = ("21", "22", "23", "54", "P0")
"""States that are due to a value: out of range, badly encoded, too long, forbidden by a constraint or trigger."""
_MEANINGS = (
    _Meaning(
        "22",
        "a value that the database cannot store",
        "Check that its encoding is UTF8 (SHOW server_encoding), then report this with the message.",
    ),
    _Meaning(
        "22023",
        "a setting that it does not know",
        "Time zones of connections (account_timezone) must be among SELECT name FROM pg_timezone_names.",
    ),
    _Meaning(
        "23",
        "a constraint",
        "Constraints that you have added to our tables must accept what Megaplan sends: change the one named.",
    ),
    _Meaning(
        "25006",
        "it is read-only",
        "Point the connection at the primary server, not at a standby, and see SHOW transaction_read_only.",
        may_pass=True,
    ),
    _Meaning(
        "0A",
        "something it cannot do",
        "PostgreSQL 17 or later is needed, and the primary server, not a standby.",
    ),
    _Meaning("40", "a conflict with another transaction", "Run this again.", may_pass=True),
    _Meaning(
        "42703",
        "a column is missing",
        "Add the column again: docs/rebuild.md, A column was dropped.",
    ),
    _Meaning(
        "42704", "a setting or type is missing", "PostgreSQL 17 or later is needed: SHOW server_version."
    ),
    _Meaning(
        "42P01",
        "a table or view is missing",
        'Run megaplan_deals_sync, with {"full_refresh": true} after a loss of tables; or megaplan_rebuild for views.',
    ),
    _Meaning(
        "53100",
        "its disk is full",
        "Free space on the server, or enlarge its disk, then run this again.",
        may_pass=True,
    ),
    _Meaning(
        "53200", "it is out of memory", "Give the server more memory, or lower its work_mem.", may_pass=True
    ),
    _Meaning(
        "53300",
        "it has too many connections",
        "Raise max_connections, close idle ones (pg_stat_activity), or use a pooler such as PgBouncer.",
        may_pass=True,
    ),
    _Meaning("53", "its resources are used up", "See the server's log.", may_pass=True),
    _Meaning(
        "54001",
        "a statement is too deep",
        "Raise max_stack_depth of the server.",
    ),
    _Meaning(
        "54",
        "one of its limits",
        "What exceeds it is too large or has too many columns: report this with the message.",
    ),
    _Meaning(
        "55",
        "an object is in use or locked",
        "See in pg_stat_activity who uses it, let them end, then run this again.",
        may_pass=True,
    ),
    _Meaning(
        "57014",
        "a statement was cancelled",
        "Somebody called pg_cancel_backend, or a pooler limits the time of statements (query_timeout of PgBouncer): "
        "raise that limit.",
        may_pass=True,
    ),
    _Meaning("58", "an error of its disk or files", "See the server's log.", may_pass=True),
    _Meaning(
        "P0",
        "a function or trigger",
        "Triggers that you have put on our tables must accept what Megaplan sends: change the one named.",
    ),
    _Meaning(
        "XX",
        "damaged data or an error of its own",
        "See the server's log, check the tables with pg_amcheck, and restore or REINDEX what it names.",
    ),
)


def is_lost(error: BaseException) -> bool:
    """Return whether the database is not available, so that everything else would fail in the same way."""
    if not isinstance(error, Error):
        return False
    if error.sqlstate is None:  # libpq's own errors
        return isinstance(error, OperationalError | InterfaceError)
    return error.sqlstate.startswith(_LOST)


def concerns_a_row(error: Error) -> bool:
    """Return whether a value is at fault, so that other rows can be written."""
    if error.sqlstate is None:
        return isinstance(error, DataError)
    return error.sqlstate.startswith(_OF_A_ROW)


def explained(error: Exception, conn_id: str = POSTGRES_CONN_ID) -> Exception:
    """Return the error to raise instead, with a remedy.

    Errors that are not Postgres', or can only be a fault of this package, are returned as they are.

    :param conn_id: of the database
    """
    if not isinstance(error, Error):
        return error
    has_no_room = error.sqlstate is None and _NO_ROOM.search(str(error)) is not None
    state = "53300" if has_no_room else error.sqlstate or ""
    if is_lost(error) and not has_no_room:
        return DatabaseUnavailableError(conn_id, error)
    if state == "42501":
        return DatabaseRightsError(conn_id, error)
    found = max(
        (each for each in _MEANINGS if state.startswith(each.state)),
        key=lambda each: len(each.state),
        default=None,
    )
    if found is None:
        return error
    return DatabaseRefusalError(
        conn_id, error, state, what=found.what, remedy=found.remedy, retryable=found.may_pass
    )
