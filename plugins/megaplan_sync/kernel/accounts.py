"""The configured Megaplan accounts: the Variable ``megaplan_accounts``, a JSON list of connection ids."""

import json
from collections.abc import Collection, Sequence
from math import ceil

from airflow.sdk import Variable

from megaplan_sync.kernel.exceptions import AccountListError, UnknownAccountError

VARIABLE = "megaplan_accounts"
DEFAULT_ACCOUNTS = ["megaplan_default"]
MOST_TASKS = 16
ACCOUNTS_PER_TASK = 250
"""A task works on its accounts at once and takes about 0.4 CPU seconds before it does anything, so a few do: one core
each, since Python runs one thread at a time."""


def configured_accounts() -> list[str]:
    """Return the connection ids of all accounts.

    :raises AccountListError: the Variable is not a JSON list of connection ids
    """
    return listed_accounts(Variable.get(VARIABLE, default=None))


def listed_accounts(value: str | None) -> list[str]:
    """Parse the value of the Variable; None means the default.

    :raises AccountListError: it is not a JSON list of connection ids
    """
    if value is None:
        return list(DEFAULT_ACCOUNTS)
    try:
        accounts = json.loads(value)
    except ValueError:
        raise AccountListError("not JSON") from None
    if not (isinstance(accounts, list) and accounts and all(isinstance(entry, str) for entry in accounts)):
        raise AccountListError(f"a JSON {type(accounts).__name__} without connection ids")
    return list(dict.fromkeys(accounts))


def chosen_accounts(wanted: Collection[str]) -> list[str]:
    """Return the wanted accounts, or all if none is given.

    :raises UnknownAccountError: a wanted account is not configured
    """
    known = configured_accounts()
    unknown = [account for account in wanted if account not in known]
    if unknown:
        raise UnknownAccountError(unknown, known)
    return [account for account in known if not wanted or account in wanted]


def in_batches(accounts: Sequence[str]) -> list[list[str]]:
    """Spread accounts over the lists of accounts that tasks work on."""
    batches = min(ceil(len(accounts) / ACCOUNTS_PER_TASK), MOST_TASKS)
    return [list(accounts[start::batches]) for start in range(batches)]
