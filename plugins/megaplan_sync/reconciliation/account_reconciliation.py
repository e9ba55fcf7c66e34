"""Reconciles all tables of one account in one run."""

import logging
import time
from collections.abc import Callable, Collection
from contextlib import AbstractContextManager, nullcontext, suppress
from datetime import UTC, datetime
from typing import Any

import psycopg

from megaplan_hook.exceptions import MegaplanForbiddenError, MegaplanNotFoundError
from megaplan_hook.hook import MegaplanHook
from megaplan_sync.kernel.certificate import Certificate, Verdict, save_certificates, unacknowledged_message
from megaplan_sync.kernel.entity_run import EntityRun
from megaplan_sync.kernel.exceptions import (
    OUR_ERRORS,
    PAUSES,
    EntitiesFailedError,
    NotLoadedError,
    SuspiciousAnswerError,
    WorkInProgressError,
    WorkPausedError,
)
from megaplan_sync.kernel.findings import Findings
from megaplan_sync.kernel.leases import leased
from megaplan_sync.kernel.night_budget import NightBudget
from megaplan_sync.kernel.postgres_errors import explained, is_lost
from megaplan_sync.kernel.query_length import remembered_query_length
from megaplan_sync.kernel.session import Session
from megaplan_sync.kernel.sql import read_sql
from megaplan_sync.kernel.token_user import current_rights, is_known, lost_rights, save_rights
from megaplan_sync.raw.account_sync import MOST_IN_A_ROW, chosen_entities, count_in_a_row, is_hopeless
from megaplan_sync.raw.entities import CHILD_TABLES, ENTITIES, RawEntity
from megaplan_sync.raw.history.stage_backfill import backfill_stage_moves
from megaplan_sync.raw.writer import EntityWriter
from megaplan_sync.reconciliation.directories import DirectoryReconciliation, reconcile_custom_fields
from megaplan_sync.reconciliation.parent_reconciliation import ParentReconciliation
from megaplan_sync.reconciliation.recorded_writer import RecordedWriter

log = logging.getLogger(__name__)

_SHOW_VISIBILITY = {name for name, entity in ENTITIES.items() if entity.reading == "changes"}
"""The user's rights are known to be sufficient only if these were compared completely."""


class AccountReconciliation:
    """The reconciliation of one account by one run.

    :param hook: client of the account
    :param run_id: a retry of the same run continues where it ended
    :param depth: ``ids`` compares ids and change times of deals and contacts, ``full`` their whole content
    :param sleep: waits for a number of seconds
    """

    def __init__(
        self,
        hook: MegaplanHook,
        connection: Session,
        *,
        run_id: str,
        depth: str,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._hook = hook
        self._connection = connection
        self._run_id = run_id
        self._depth = depth
        self._sleep = sleep
        self._account = hook.account
        self.pause: Exception | None = None
        """What has paused the work on an entity first, if anything has."""
        used = int(self._execute("sum_requests_of_run")[0][0])
        self._budget = NightBudget(self._account, hook.budget, max(hook.settings.night_requests - used, 0))
        hook.budget = self._budget

    def run(self, wanted: Collection[str]) -> list[Certificate]:
        """Reconcile the wanted entities; the failure of one does not stop the others.

        :param wanted: names of entities, all if empty
        :returns: the certificates, which are saved
        :raises EntitiesFailedError: some entities could not be compared; the certificates say so, and a
            retry processes only those
        """
        names = self._longest_waiting_first(chosen_entities(wanted))
        runs = {name: self._begin(name) for name in names}
        children = {name: self._begin(CHILD_TABLES[name]) for name in names if name in CHILD_TABLES}
        states = {**runs, **{state.entity: state for state in children.values()}}
        try:
            with (
                leased(self._connection, self._account, "reconciliation", run_id=self._run_id),
                remembered_query_length(self._hook, self._connection),
            ):
                return self._run_alone(runs, children, states)
        except WorkInProgressError as error:
            log.warning("%s", error)
            return self._certify(states, "partial", str(error))

    def _run_alone(
        self, runs: dict[str, EntityRun], children: dict[str, EntityRun], states: dict[str, EntityRun]
    ) -> list[Certificate]:
        failures: dict[str, Exception] = {}
        try:
            rights = self._rights()
            in_a_row = 0
            for name, state in runs.items():
                if state.is_proven:
                    log.info("%s of %s: proven by an earlier try of this run", name, self._account)
                    continue
                failure = self._entity(state, children.get(name), rights[1])
                if isinstance(failure, PAUSES):
                    self.pause = self.pause or failure
                elif failure is not None:
                    failures[f"{name} of {self._account}"] = failure
                in_a_row = 0 if failure is None else count_in_a_row(in_a_row, failure)
                if in_a_row >= MOST_IN_A_ROW:
                    verdict: Verdict = "partial" if isinstance(failure, PAUSES) else "stopped"
                    self._certify(states, verdict, str(failure))
                    break
        except Exception as error:
            if is_hopeless(error) and not is_lost(error):
                self._certify(states, "stopped", str(error))
            raise
        certificates = self._certify(states)
        is_all_compared = runs.keys() >= _SHOW_VISIBILITY and all(
            each.verdict in ("proven", "unreadable") for each in certificates
        )
        if rights[0] is not None and is_all_compared:
            save_rights(self._connection, self._account, rights[0])
        if failures:
            raise EntitiesFailedError(failures)
        if self._hook.settings.backfill_stage_moves and any(ENTITIES[name].has_stage_moves for name in runs):
            self._backfill()
        return certificates

    def _backfill(self) -> None:
        """Request earlier stage moves with the remaining requests of the night."""
        with suppress(*PAUSES):  # in the middle of a deal, which is requested again next night
            backfill_stage_moves(
                self._hook, self._connection, self._account, may_send=lambda: self._budget.left > 0
            )

    def _begin(self, entity: str) -> EntityRun:
        state = EntityRun.begin(self._connection, self._run_id, self._account, entity, self._depth)
        if state.finished_at is not None and not state.is_proven:
            # the task was cleared, or the run retried: search for unresolved differences again
            self._findings(entity).reopen()
            self._connection.execute(
                read_sql("delete_finished_sweeps"),
                {"run_id": self._run_id, "account": self._account, "entity": entity},
            )
            state.finished_at = state.compared_at = state.audited_at = None
            state.verdict = state.reason = state.proposal = None
            state.save(self._connection)
        return state

    def _longest_waiting_first(self, names: Collection[str]) -> list[str]:
        """Return the entities in reading order, but those not compared for longest first."""
        compared = dict(self._execute("select_last_comparisons"))
        never = datetime.min.replace(tzinfo=UTC)
        return sorted(names, key=lambda name: compared.get(name, never))

    def _rights(self) -> tuple[dict[str, Any] | None, str | None]:
        """Return the user's rights, None if unknown, and a description of those lost."""
        try:
            now = current_rights(self._hook)
        except WorkPausedError:  # nothing will be requested, so nothing will be marked as deleted
            return None, None
        except (MegaplanForbiddenError, MegaplanNotFoundError) as refusal:
            log.warning("Megaplan does not return the connection's user: %s", refusal)
            if not is_known(self._connection, self._account):  # it never did: nothing was lost
                return None, None
            return None, f"Megaplan does not return the user: {refusal}"
        if not is_known(self._connection, self._account):
            save_rights(self._connection, self._account, now)
        return now, lost_rights(self._connection, self._account, now)

    def _entity(
        self, state: EntityRun, child_state: EntityRun | None, rights: str | None
    ) -> Exception | None:
        """Reconcile one entity; an error, which is also returned, becomes its verdict."""
        began = time.monotonic()
        state.begin_counting_requests(self._hook.requests_sent)
        messages: list[str] = []
        verdict: Verdict | None = None
        failure: Exception | None = None
        try:
            with self._alone(ENTITIES[state.entity]):
                messages = self._reconcile(state, rights)
        except PAUSES as error:
            log.warning("%s of %s: %s", state.entity, self._account, error)
            verdict, messages, failure = "partial", [str(error)], error
        except WorkInProgressError as error:
            log.warning("%s", error)
            verdict, messages = "partial", [f"{error} The comparison follows next night."]
        except (SuspiciousAnswerError, NotLoadedError) as error:
            log.error("%s", error)
            verdict, messages = "stopped", [str(error)]
        except Exception as error:
            if is_hopeless(error):
                raise
            failure = explained(error)
            known = isinstance(failure, OUR_ERRORS)
            log.error("%s of %s failed: %s", state.entity, self._account, failure, exc_info=not known)
            verdict, messages = "stopped", [str(failure)]
        finally:
            state.count_requests(self._hook.requests_sent)
            state.seconds += time.monotonic() - began
            with suppress(psycopg.Error):  # a lost connection is reported by the original error
                state.save(self._connection)
        with (
            self._connection.transaction()
        ):  # otherwise the retry of a killed run would find children without a verdict
            for each in (state, *([child_state] if child_state else [])):
                counts = self._findings(each.entity).counts()
                if each is state and counts.unacknowledged:
                    messages.append(unacknowledged_message(counts.unacknowledged))
                each.verdict = verdict or counts.verdict
                each.reason = " ".join(messages) or None if each is state else None
                each.finished_at = datetime.now(UTC)
                each.save(self._connection)
        return failure

    def _alone(self, entity: RawEntity) -> AbstractContextManager[None]:
        """Keep syncs away from a list without change times: an older answer must not be written last."""
        if entity.reading == "changes":
            return nullcontext()
        return leased(self._connection, self._account, entity.name, run_id=self._run_id)

    def _reconcile(self, state: EntityRun, rights: str | None) -> list[str]:
        entity = ENTITIES[state.entity]
        findings = self._findings(state.entity)
        if entity.reading == "definitions":
            return reconcile_custom_fields(self._hook, self._connection, findings)
        recorded = RecordedWriter(
            self._connection,
            self._account,
            EntityWriter(entity, self._hook.settings.vendor_quirks.default_phone_region),
            findings,
            self._findings(CHILD_TABLES.get(state.entity, state.entity)),
        )
        if entity.reading == "changes":
            return ParentReconciliation(
                self._hook, self._connection, state, recorded, rights=rights, sleep=self._sleep
            ).run()
        return DirectoryReconciliation(self._hook, self._connection, state, recorded, rights).run()

    def _certify(
        self, states: dict[str, EntityRun], verdict: Verdict = "stopped", reason: str | None = None
    ) -> list[Certificate]:
        """Save the certificates.

        :param verdict: of tables that were not compared
        :param reason: why they were not
        """
        for state in states.values():
            if state.verdict is None:
                state.verdict, state.reason = verdict, reason
                state.finished_at = datetime.now(UTC)
                state.save(self._connection)
        certificates = [
            Certificate.of(state, self._findings(name).counts()) for name, state in states.items()
        ]
        save_certificates(self._connection, self._run_id, self._hook.settings.account_timezone, certificates)
        return certificates

    def _findings(self, entity: str) -> Findings:
        return Findings(self._connection, self._run_id, self._account, entity)

    def _execute(self, statement: str) -> list[Any]:
        cursor = self._connection.execute(
            read_sql(statement), {"run_id": self._run_id, "account": self._account}
        )
        return cursor.fetchall() if cursor.description else []
