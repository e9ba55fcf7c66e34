"""Syncs ``telephony.directories``: todo categories, statuses, and the account's virtual numbers."""

import logging
from collections.abc import Sequence
from typing import Any

from psycopg import Connection

from megaplan_sync.kernel.exceptions import SuspiciousAnswerError
from megaplan_sync.kernel.json_text import json_text
from megaplan_sync.kernel.sql import read_sql
from megaplan_sync.kernel.values import identifier, text
from megaplan_sync.raw.canonical import is_writable
from megaplan_sync.telephony.people.employees import Row

log = logging.getLogger(__name__)


def save_directory(connection: Connection[Any], account: str, directory: str, rows: Sequence[Row]) -> int:
    """Update a directory; entries that are gone stay, marked by ``gone_at``.

    :param rows: the whole directory as sent by the vendor
    :returns: how many entries were written
    :raises SuspiciousAnswerError: the list is empty although entries are known; nothing was changed
    """
    key = {"account": account, "directory": directory}
    if not rows:
        (known,) = connection.execute(read_sql("count_directory"), key).fetchone() or (0,)
        if known:
            raise SuspiciousAnswerError(
                f"The list {directory} of account {account} is empty, and {known} entries are known: nothing was "
                "changed. Check the rights of the connection's user; a retry reads the list again."
            )
    odd = [row.get("id") for row in rows if identifier(row.get("id")) is None or not is_writable(row)]
    if odd:
        log.warning("%s of %s: entries with the ids %.200r cannot be stored", directory, account, odd)
        rows = [row for row in rows if identifier(row.get("id")) is not None and is_writable(row)]
    given = {
        "ids": [identifier(row.get("id")) for row in rows],
        "names": [text(row.get("virtual_phone_number") or row.get("name")) for row in rows],
        "payloads": [json_text(row) for row in rows],
    }
    written = connection.execute(read_sql("upsert_directory"), {**key, **given}).fetchone()
    return int(written[0]) if written else 0
