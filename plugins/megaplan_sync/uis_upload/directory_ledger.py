"""The ledger of directories: what UIS has of each kind, and what it refuses."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Any, Literal, NamedTuple

from psycopg.types.json import Jsonb

from megaplan_sync.uis_upload.content_hash import hash_of
from megaplan_sync.uis_upload.remedies import Remedy, remedy_of
from megaplan_sync.uis_upload.session import UploadSession
from uis_hook.exceptions import UisDuplicateError, UisServerError, UisTransportError, UisValidationError
from uis_hook.jsonrpc import Request
from uis_hook.paging import ListRequest

log = logging.getLogger(__name__)

Kind = Literal["funnel", "employee", "contact", "user_field", "stage"]
"""A *stage* is only one that is gone from Megaplan and that UIS does not let go."""
TRIES = 3


class KnownRow(NamedTuple):
    """A ledger row; ``content_hash`` is None if UIS does not have it."""

    content_hash: str | None
    content: Any
    failed_hash: str | None
    remedy: Remedy | None = None


class SentRow(NamedTuple):
    """A row that UIS has; ``error`` says what had to be left out."""

    ext_id: str
    content_hash: str
    content: Any
    error: str | None = None


class DirectoryLedger:
    """One kind of directory of one account."""

    def __init__(self, session: UploadSession, kind: Kind) -> None:
        self._session = session
        self.kind: Kind = kind

    def load(self) -> dict[str, KnownRow]:
        """Return all rows by their id in UIS."""
        rows = self._session.execute("select_directory_ledger", kind=self.kind)
        return {ext_id: KnownRow(*known) for ext_id, *known in rows}

    def save(self, rows: Sequence[SentRow]) -> None:
        """Save what UIS has accepted."""
        if rows:
            self._session.execute(
                "save_directory_rows",
                kind=self.kind,
                ext_ids=[row.ext_id for row in rows],
                hashes=[row.content_hash for row in rows],
                contents=[Jsonb(row.content) for row in rows],
                errors=[row.error for row in rows],
            )

    def fail(self, ext_id: str, content_hash: str, reason: Exception | str, remedy: Remedy) -> None:
        """Save what UIS refuses, and who can mend it."""
        log.warning("%s %s failed (%s): %s", self.kind, ext_id, remedy, reason)
        self._session.execute(
            "fail_directory_row",
            kind=self.kind,
            ext_id=ext_id,
            hash=content_hash,
            error=str(reason),
            remedy=remedy,
        )
        self._session.count(f"{self.kind}s_failed")

    def reset(self) -> None:
        """Clear what UIS has, before it is read from UIS itself."""
        self._session.execute("reset_directory_rows", kind=self.kind)

    def adopt(self, rows: Sequence[SentRow]) -> None:
        """Replace what UIS has by what was read from it; what has the content that was sent stays as it is."""
        self._session.execute(
            "adopt_directory_rows",
            kind=self.kind,
            ext_ids=[row.ext_id for row in rows],
            contents=[Jsonb(row.content) for row in rows],
        )


def create_once(session: UploadSession, create: Request[None]) -> bool:
    """Create something with an id of ours; return whether it did not exist before.

    After a lost answer the request is repeated: UIS refuses a duplicate of what exists.
    """
    for tries in range(1, TRIES + 1):
        try:
            session.uis.ask(create)
            return True
        except UisDuplicateError:
            return tries > 1
        except (UisServerError, UisTransportError) as error:
            if tries == TRIES:
                raise
            log.warning("%s Trying again in %.0f s.", error, session.read_lag_seconds)
            session.sleep(session.read_lag_seconds)
    raise AssertionError("not reached")


def sync_names(
    session: UploadSession,
    kind: Kind,
    wanted: dict[str, str],
    listed: ListRequest,
    create: Callable[[str, str], Request[None]],
    rename: Callable[[str, str], Request[None]],
) -> None:
    """Create and rename what UIS stores as an id and a name; one request each.

    UIS's list is read only if there is something to do; it takes precedence over the ledger.

    :param wanted: names by id
    """
    ledger = DirectoryLedger(session, kind)
    known = ledger.load()
    due = []
    for ext_id, name in wanted.items():
        row = known.get(ext_id, KnownRow(None, None, None))
        if hash_of(name) not in (row.content_hash, row.failed_hash):
            due.append(ext_id)
    if not due:
        return
    present = {str(row.get("ext_id")): row.get("name") for row in session.uis.rows(listed)}
    for ext_id in due:
        name = wanted[ext_id]
        try:
            if ext_id not in present:
                if create_once(session, create(ext_id, name)):
                    session.count(f"{kind}s_created")
            elif present[ext_id] != name:
                session.uis.ask(rename(ext_id, name))
                session.count(f"{kind}s_renamed")
        except UisValidationError as refusal:
            ledger.fail(ext_id, hash_of(name), refusal, remedy_of(refusal))
        else:
            ledger.save([SentRow(ext_id, hash_of(name), name)])
