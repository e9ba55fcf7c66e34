"""Lists that do not know when their entities changed: read whole, compared column by column, repaired."""

from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import Any

from psycopg import Connection

from megaplan_hook.hook import MegaplanHook
from megaplan_sync.kernel.account_lock import account_lock
from megaplan_sync.kernel.entity_run import EntityRun
from megaplan_sync.kernel.exceptions import SuspiciousAnswerError
from megaplan_sync.kernel.findings import Findings, RowKey
from megaplan_sync.kernel.sql import read_sql
from megaplan_sync.raw import entities
from megaplan_sync.raw.custom_field_dictionary import DictionaryChanges, changes_of_custom_fields
from megaplan_sync.raw.evidence import Ask
from megaplan_sync.raw.flatten import entity_id
from megaplan_sync.raw.full_read import WholeWalk
from megaplan_sync.raw.page_writers import DIRECTORY_WRITERS
from megaplan_sync.raw.pipelines import pages_of_pipelines, write_pipelines
from megaplan_sync.reconciliation.vanished import Vanished


class DirectoryReconciliation:
    """One such list of one account.

    :param state: of its table in this run
    :param findings: of that table
    :param stage_findings: of ``pipeline_stages``, needed for pipelines only
    :param rights: what the token's user has lost since the last good reconciliation
    """

    def __init__(
        self,
        hook: MegaplanHook,
        connection: Connection[Any],
        state: EntityRun,
        findings: Findings,
        stage_findings: Findings,
        rights: str | None,
    ) -> None:
        self._hook = hook
        self._connection = connection
        self._state = state
        self._findings = findings
        self._stage_findings = stage_findings
        self._rights = rights

    def run(self) -> list[str]:
        """Compare and repair.

        :returns: what there is to tell a person
        :raises SuspiciousAnswerError: the list is empty although the table has rows
        """
        name = self._state.entity
        if name == entities.CUSTOM_FIELDS:
            return self._custom_fields()
        if name == "pipelines":
            seen = self._pipelines()
            told = self._vanished(seen, lambda i: self._card(f"/program/{i}"), "/program", self._mark_stages)
            self._mark_orphaned_stages()
            return told
        seen = self._plain()
        if name == "employees":
            return self._vanished(seen, lambda i: self._hook.employee(i), "/employee")
        spec = getattr(entities, name.upper())
        if self._absent(seen):  # no cards here: a row is gone when a second look does not find it either
            for page in WholeWalk(self._hook, self._connection, spec).entities():
                seen.update(entity_id(item) for item in page)
        return self._vanished(seen, None, spec.path)

    def _plain(self) -> set[int]:
        name = self._state.entity
        writer = DIRECTORY_WRITERS[name]
        seen: set[int] = set()
        for page in WholeWalk(self._hook, self._connection, getattr(entities, name.upper())).entities():
            with account_lock(self._connection, self._hook.account), self._connection.transaction():
                written = writer.write(self._connection, self._hook.account, page)
                self._findings.note("missing", written.inserted, "repaired")
                self._findings.note("stale", written.updated, "repaired")
            seen.update(entity_id(item) for item in page)
        return seen

    def _pipelines(self) -> set[int]:
        seen: set[int] = set()
        for programs, active in pages_of_pipelines(self._hook, self._connection):
            with account_lock(self._connection, self._hook.account), self._connection.transaction():
                written = write_pipelines(self._connection, self._hook.account, programs, active)
                self._findings.note("missing", written.pipelines.inserted, "repaired")
                self._findings.note("stale", written.pipelines.updated, "repaired")
                self._stage_findings.note("missing", written.stages.inserted, "repaired")
                self._stage_findings.note("stale", written.stages.updated, "repaired")
                self._stage_findings.note("extra", written.removed_stages, "deleted")
            seen.update(written.pipeline_ids)
        return seen

    def _mark_stages(self, ids: Sequence[int]) -> None:
        rows = self._connection.execute(
            read_sql("mark_stages_of_deleted_pipelines"), {"account": self._hook.account, "ids": list(ids)}
        ).fetchall()
        self._stage_findings.note("extra", [RowKey(*row) for row in rows], "deleted")

    def _mark_orphaned_stages(self) -> None:
        """Mark stages of pipelines that are not here: no pipeline's reading looks at them."""
        with account_lock(self._connection, self._hook.account), self._connection.transaction():
            rows = self._connection.execute(
                read_sql("mark_orphaned_pipeline_stages"), {"account": self._hook.account}
            ).fetchall()
            self._stage_findings.note("extra", [RowKey(*row) for row in rows], "deleted")

    def _absent(self, seen: set[int]) -> list[int]:
        rows = self._connection.execute(
            read_sql("select_absent_rows"),
            {"account": self._hook.account, "entity": self._state.entity, "ids": list(seen)},
        ).fetchall()
        return [identity for (identity,) in rows]

    def _vanished(
        self,
        seen: set[int],
        ask: Ask | None,
        route: str,
        mark_parts: Callable[[Sequence[int]], None] = lambda ids: None,
    ) -> list[str]:
        if not seen and self._state.rows_before:
            raise SuspiciousAnswerError(
                f"Megaplan answered with an empty list of {self._state.entity} for account {self._hook.account}, "
                f"where the table has {self._state.rows_before} rows. Nothing was marked as deleted. Check in "
                "Megaplan what the connection's user may see."
            )
        with self._connection.transaction():
            self._findings.note("extra", [RowKey(identity) for identity in self._absent(seen)])
        return Vanished(
            self._hook,
            self._connection,
            self._state,
            self._findings,
            ask=ask,
            route=route,
            mark_parts=mark_parts,
            rights=self._rights,
        ).settle()

    def _card(self, path: str) -> dict[str, Any]:
        card: dict[str, Any] = self._hook.request("GET", path).data
        return card

    def _custom_fields(self) -> list[str]:
        def note(changes: DictionaryChanges) -> None:
            def keys(names: Sequence[str]) -> list[RowKey]:
                return [RowKey(_number(f"{changes.owner} {name}")) for name in names]

            self._findings.note("missing", keys(changes.new), "repaired")
            self._findings.note("stale", keys(changes.changed), "repaired")
            self._findings.note("extra", keys(changes.gone), "deleted")
            self._findings.note("extra", keys(changes.not_believed), "waiting")

        told = []
        with account_lock(self._connection, self._hook.account):
            for changes in changes_of_custom_fields(self._hook, self._connection, note):
                if changes.not_believed:
                    told.append(
                        f"Megaplan names no custom field of {changes.owner} any more, where there were "
                        f"{len(changes.not_believed)}: not believed, nothing closed. Check the user's rights."
                    )
        return told


def _number(text: str) -> int:
    """Return a stable id for what has none: 63 bits of its hash."""
    return int.from_bytes(sha256(text.encode()).digest()[:8]) >> 1
