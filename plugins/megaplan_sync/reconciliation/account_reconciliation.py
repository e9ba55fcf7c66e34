"""One account in one run: all its tables, one certificate."""

import logging
import time
from collections.abc import Callable, Collection
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import psycopg
from psycopg import Connection

from megaplan_hook.exceptions import MegaplanForbiddenError, MegaplanNotFoundError
from megaplan_hook.hook import MegaplanHook
from megaplan_sync.kernel.certificate import Certificate, save_certificates
from megaplan_sync.kernel.entity_run import EntityRun
from megaplan_sync.kernel.exceptions import (
    OUR_ERRORS,
    EntitiesFailedError,
    NotLoadedError,
    SuspiciousAnswerError,
)
from megaplan_sync.kernel.findings import Findings
from megaplan_sync.kernel.night_budget import NightBudget, NightBudgetSpentError
from megaplan_sync.kernel.sql import read_sql
from megaplan_sync.kernel.token_user import current_rights, is_known, lost_rights, save_rights
from megaplan_sync.raw.account_sync import HOPELESS, chosen_entities
from megaplan_sync.raw.history.stage_backfill import backfill_stage_moves
from megaplan_sync.reconciliation.directories import DirectoryReconciliation
from megaplan_sync.reconciliation.parent_reconciliation import OwnerReconciliation

log = logging.getLogger(__name__)

PARTS = {"deals": "deal_positions", "contacts": "contact_points", "pipelines": "pipeline_stages"}
"""Tables whose rows come with those of another one."""
_SHOW_VISIBILITY = {"contacts", "deals"}
"""Only when these are proven have the user's rights done no harm."""


class AccountReconciliation:
    """The reconciliation of one account by one run.

    :param hook: speaks to the account
    :param connection: to Postgres, in autocommit mode
    :param run_id: a retry of the same run goes on where it ended
    :param depth: ``ids`` compares ids and change times of deals and contacts, ``full`` their whole content
    :param sleep: waits so many seconds
    """

    def __init__(
        self,
        hook: MegaplanHook,
        connection: Connection[Any],
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
        used = int(self._execute("sum_requests_of_run")[0][0])
        self._budget = NightBudget(hook.budget, max(hook.settings.night_requests - used, 0))
        hook.budget = self._budget

    def run(self, wanted: Collection[str]) -> list[Certificate]:
        """Reconcile the wanted entities; one entity's failure stops no other.

        :param wanted: names of entities, all if empty
        :returns: the certificate, which is stored
        :raises EntitiesFailedError: some entities could not be compared; the certificate says so, and a retry
            does only those
        """
        names = self._longest_waiting_first(chosen_entities(wanted))
        self._execute("delete_old_findings")
        runs = {name: self._begin(name) for name in names}
        parts = {PARTS[name]: self._begin(PARTS[name]) for name in names if name in PARTS}
        failures: dict[str, Exception] = {}
        try:
            rights = self._rights()
            for name, state in runs.items():
                if state.is_proven:
                    log.info("%s of %s: proven by an earlier try of this run", name, self._account)
                    continue
                failure = self._entity(state, parts.get(PARTS.get(name, "")), rights[1])
                if failure is not None:
                    failures[f"{name} of {self._account}"] = failure
        except HOPELESS as error:
            if not isinstance(error, psycopg.Error):
                self._certify({**runs, **parts}, reason=str(error))
            raise
        certificates = self._certify({**runs, **parts})
        is_all_proven = runs.keys() >= _SHOW_VISIBILITY and all(
            each.verdict == "proven" for each in certificates
        )
        if rights[0] is not None and is_all_proven:
            save_rights(self._connection, self._account, rights[0])
        if failures:
            raise EntitiesFailedError(failures)
        if "deals" in runs and self._hook.settings.backfill_stage_moves:
            self._backfill()
        return certificates

    def _backfill(self) -> None:
        """Ask for earlier stage moves with what the night has left."""
        with suppress(NightBudgetSpentError):  # in the middle of a deal: it is asked again next night
            backfill_stage_moves(
                self._hook, self._connection, self._account, may_send=lambda: self._budget.left > 0
            )

    def _begin(self, entity: str) -> EntityRun:
        state = EntityRun.begin(self._connection, self._run_id, self._account, entity, self._depth)
        if state.finished_at is not None and not state.is_proven:
            # the task was cleared, or the run retried: what could not be settled is looked for anew
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
        """Return the entities in the order of reading, those first that the nights' requests did not suffice for."""
        compared = dict(self._execute("select_last_comparisons"))
        never = datetime.min.replace(tzinfo=UTC)
        return sorted(names, key=lambda name: compared.get(name, never))

    def _rights(self) -> tuple[dict[str, Any] | None, str | None]:
        """Return the user's rights, None if not known, and what has been lost of them."""
        try:
            now = current_rights(self._hook)
        except NightBudgetSpentError:  # nothing will be asked for, so nothing will be believed to be gone
            return None, None
        except (MegaplanForbiddenError, MegaplanNotFoundError) as refusal:
            log.warning("Megaplan does not tell who the connection's user is: %s", refusal)
            if not is_known(self._connection, self._account):  # it never has: nothing was lost
                return None, None
            return None, f"Megaplan does not even tell who it is: {refusal}"
        return now, lost_rights(self._connection, self._account, now)

    def _entity(self, state: EntityRun, part_state: EntityRun | None, rights: str | None) -> Exception | None:
        """Reconcile one entity; what goes wrong becomes its verdict."""
        began = time.monotonic()
        state.begin_counting_requests(self._hook.requests_sent)
        told: list[str] = []
        verdict, failure = None, None
        try:
            told = self._reconcile(state, rights)
        except NightBudgetSpentError:
            verdict = "partial"
            told = [
                "The night's requests (setting night_requests) are spent: the comparison goes on in the next night."
            ]
        except (SuspiciousAnswerError, NotLoadedError) as error:
            log.error("%s", error)
            verdict, told = "stopped", [str(error)]
        except HOPELESS:
            raise
        except Exception as error:
            known = isinstance(error, OUR_ERRORS)
            log.error("%s of %s failed: %s", state.entity, self._account, error, exc_info=not known)
            verdict, told, failure = "stopped", [str(error)], error
        finally:
            state.count_requests(self._hook.requests_sent)
            state.seconds += time.monotonic() - began
            with suppress(psycopg.Error):  # a lost database is told by the error that is on its way
                state.save(self._connection)
        with self._connection.transaction():  # or a killed run's retry would find the parts without a verdict
            for each in (state, *([part_state] if part_state else [])):
                unresolved = self._findings(each.entity).counts().unresolved
                each.verdict = verdict or ("unresolved" if unresolved else "proven")
                each.reason = " ".join(told) or None if each is state else None
                each.finished_at = datetime.now(UTC)
                each.save(self._connection)
        return failure

    def _reconcile(self, state: EntityRun, rights: str | None) -> list[str]:
        findings = self._findings(state.entity)
        part_findings = self._findings(PARTS.get(state.entity, state.entity))
        if state.entity in ("deals", "contacts"):
            return OwnerReconciliation(
                self._hook,
                self._connection,
                state,
                findings,
                part_findings,
                rights=rights,
                sleep=self._sleep,
            ).run()
        return DirectoryReconciliation(
            self._hook, self._connection, state, findings, part_findings, rights
        ).run()

    def _certify(self, runs: dict[str, EntityRun], reason: str | None = None) -> list[Certificate]:
        """Write the certificate; where ``reason`` is given, for tables that were not come to."""
        for state in runs.values():
            if state.verdict is None:
                state.verdict, state.reason = "stopped", reason
                state.finished_at = datetime.now(UTC)
                state.save(self._connection)
        certificates = [Certificate.of(state, self._findings(name).counts()) for name, state in runs.items()]
        save_certificates(self._connection, self._run_id, self._hook.settings.account_timezone, certificates)
        return certificates

    def _findings(self, entity: str) -> Findings:
        return Findings(self._connection, self._run_id, self._account, entity)

    def _execute(self, statement: str) -> list[Any]:
        cursor = self._connection.execute(
            read_sql(statement), {"run_id": self._run_id, "account": self._account}
        )
        return cursor.fetchall() if cursor.description else []
