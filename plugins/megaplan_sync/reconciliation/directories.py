"""Reconciles lists without change times: reads them completely, and compares and repairs the table."""

from collections.abc import Sequence
from hashlib import sha256
from typing import Any

from psycopg import Connection

from megaplan_hook.hook import MegaplanHook
from megaplan_sync.kernel.entity_run import EntityRun
from megaplan_sync.kernel.exceptions import SuspiciousAnswerError
from megaplan_sync.kernel.findings import Findings, RowKey
from megaplan_sync.kernel.sql import read_sql
from megaplan_sync.kernel.values import identifier
from megaplan_sync.raw.canonical import Entity, entity_id
from megaplan_sync.raw.custom_field_dictionary import DictionaryChanges, changes_of_custom_fields
from megaplan_sync.raw.pipelines import items_of_cards, whole_pages
from megaplan_sync.reconciliation.audit import audit
from megaplan_sync.reconciliation.recorded_writer import RecordedWriter
from megaplan_sync.reconciliation.vanished import Vanished


class DirectoryReconciliation:
    """Reconciles one such list of one account.

    :param state: state of its table in this run
    :param recorded: writes its rows
    :param rights: rights that the user has lost since the last proven reconciliation
    """

    def __init__(
        self,
        hook: MegaplanHook,
        connection: Connection[Any],
        state: EntityRun,
        recorded: RecordedWriter,
        rights: str | None,
    ) -> None:
        self._hook = hook
        self._connection = connection
        self._state = state
        self._recorded = recorded
        self._entity = recorded.entity
        self._rights = rights
        self._nameless = False
        """Whether an entry of the list has no id, so that it may be any of the absent rows."""

    def run(self) -> list[str]:
        """Compare and repair.

        :returns: messages for people
        :raises SuspiciousAnswerError: the list is empty although the table has rows
        """
        audit(self._connection, self._hook.account, self._recorded)
        began_at = self._recorded.now()
        path = self._entity.lists[0][0].path
        seen = self._read()
        if self._entity.gone == "list" and self._absent(
            seen
        ):  # a row is gone if a second reading does not find it either
            seen |= self._read(writes=False)
        if not seen and not self._nameless and self._state.rows_before:
            raise SuspiciousAnswerError(
                f"Megaplan answered with an empty list of {self._state.entity} for account {self._hook.account}, "
                f"where the table has {self._state.rows_before} rows. Nothing was marked as deleted. Check in "
                "Megaplan what the connection's user may see."
            )
        with self._connection.transaction():
            self._recorded.forget_unreadable(began_at, read_whole=True)
            if self._entity.gone == "card" or not self._nameless:
                self._recorded.findings.note("extra", [RowKey(identity) for identity in self._absent(seen)])
        messages = Vanished(
            self._hook,
            self._connection,
            self._state,
            self._recorded,
            route=(lambda identity: f"{path}/{identity}") if self._entity.gone == "card" else path,
            rights=self._rights,
            still_there=self._write_cards,
            lists_may_omit=True,
        ).settle()
        self._recorded.mark_orphans()
        return messages

    def _read(self, *, writes: bool = True) -> set[int]:
        """Read the list; return the ids in it, also those of rows that cannot be stored."""
        seen: set[int] = set()
        for page in whole_pages(self._entity, self._hook, self._connection):
            if writes:
                self._recorded.write(page.items, odd=page.odd)
            seen.update(entity_id(self._entity.identified_by(item)) for item in page.items)
            named = [identifier(entry.get("id")) if isinstance(entry, dict) else None for entry in page.odd]
            seen.update(identity for identity in named if identity is not None)
            self._nameless = self._nameless or None in named
        return seen

    def _write_cards(self, cards: list[Entity]) -> None:
        """Write rows that the list leaves out, such as people who were fired; differences are counted as stale."""
        items, odd = items_of_cards(self._entity, self._hook, self._connection, cards)
        self._recorded.write(items, odd=odd)

    def _absent(self, seen: set[int]) -> list[int]:
        rows = self._connection.execute(
            read_sql("select_absent_rows"),
            {"account": self._hook.account, "entity": self._state.entity, "ids": list(seen)},
        ).fetchall()
        return [identity for (identity,) in rows]


def reconcile_custom_fields(hook: MegaplanHook, connection: Connection[Any], findings: Findings) -> list[str]:
    """Compare the dictionary of custom fields; return messages for people."""

    def note(changes: DictionaryChanges) -> None:
        def keys(names: Sequence[str]) -> list[RowKey]:
            return [RowKey(_number(f"{changes.content_type} {name}")) for name in names]

        findings.note("missing", keys(changes.new), "repaired")
        findings.note("stale", keys(changes.changed), "repaired")
        findings.note("extra", keys(changes.gone), "deleted")
        findings.note("extra", keys(changes.not_believed), "waiting")

    messages = []
    for changes in changes_of_custom_fields(hook, connection, note):
        if changes.not_believed:
            messages.append(
                f"Megaplan no longer lists any custom field of {changes.content_type}, where there were "
                f"{len(changes.not_believed)}: not believed, nothing closed. Check the user's rights."
            )
    return messages


def _number(text: str) -> int:
    """Return a stable id for a row without one: 63 bits of a hash."""
    return int.from_bytes(sha256(text.encode()).digest()[:8]) >> 1
