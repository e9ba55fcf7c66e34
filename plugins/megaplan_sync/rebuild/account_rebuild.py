"""Rebuilds the raw tables of one account from their own payloads."""

import logging
from collections.abc import Collection
from typing import Any

from psycopg import Connection

from megaplan_sync.kernel.exceptions import AccountBusyError, EntitiesFailedError, MegaplanSyncError
from megaplan_sync.kernel.postgres_errors import explained, is_lost
from megaplan_sync.kernel.sql import read_sql
from megaplan_sync.raw.account_sync import chosen_entities
from megaplan_sync.raw.entities import ENTITIES
from megaplan_sync.rebuild.chunks import Chunks
from megaplan_sync.rebuild.entity_rebuild import EntityRebuild
from megaplan_sync.rebuild.outcome import RebuildOutcome

log = logging.getLogger(__name__)


class AccountRebuild:
    """Rebuilds one account in one run. It has no hook, so it cannot send requests to Megaplan.

    :param connection: to Postgres, in autocommit mode
    :param account: as in the column ``account``
    :param phone_region: ISO 3166 country code for phone numbers without an international prefix
    :param run_id: a retry of this run skips the entities that it has finished
    """

    def __init__(self, connection: Connection[Any], account: str, *, phone_region: str, run_id: str) -> None:
        self._connection = connection
        self._account = account
        self._run_id = f"megaplan_rebuild {run_id}"  # run ids of different DAGs may be the same
        self._phone_region = phone_region

    def run(self, wanted: Collection[str]) -> list[RebuildOutcome]:
        """Rebuild the wanted entities; the failure of one does not stop the others.

        :param wanted: names of entities, all if empty
        :returns: outcomes, including those of earlier tries of this run, whose changes have not been announced
        :raises EntitiesFailedError: some entities failed; the others were rebuilt
        :raises AccountBusyError: another run does not end its transaction
        """
        names = chosen_entities(wanted)
        found = self._connection.execute(
            read_sql("select_entity_runs"), {"run_id": self._run_id, "account": self._account}
        )
        earlier = {name: RebuildOutcome.from_dict(stored) for name, stored in found.fetchall()}
        outcomes: list[RebuildOutcome] = []
        failures: dict[str, Exception] = {}
        for name in names:
            outcome = earlier.get(name) or RebuildOutcome(self._account, name)
            if outcome.is_finished:
                log.info("%s of %s: finished by an earlier try of this run", name, self._account)
                outcomes.append(outcome)
                continue
            try:
                self._rebuild(outcome)
            except AccountBusyError:  # the account's other entities would wait in vain too
                raise
            except Exception as error:
                if is_lost(error):
                    raise
                failure = explained(error)
                known = isinstance(failure, MegaplanSyncError)
                log.error("%s of %s failed: %s", name, self._account, failure, exc_info=not known)
                failures[f"{name} of {self._account}"] = failure
            else:
                outcomes.append(outcome)
        if failures:
            raise EntitiesFailedError(failures)
        if not any(counts.read for outcome in outcomes for counts in outcome.tables.values()):
            log.warning(
                "The tables contain no row of account %s: nothing to rebuild. The name of an account comes from "
                "the Host of its connection; check that.",
                self._account,
            )
        return outcomes

    def _rebuild(self, outcome: RebuildOutcome) -> None:
        outcome.begin_again()
        chunks = Chunks(self._connection, outcome, self._run_id)
        EntityRebuild(chunks, ENTITIES[outcome.entity], self._phone_region).run()
        outcome.finish()
        with self._connection.transaction():
            self._connection.execute(read_sql("commit_durably"))  # before an asset event announces the rows
            chunks.save()
        log.info("%s", outcome)
