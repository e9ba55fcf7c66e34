"""Rebuilds the raw tables of one account from their own payloads."""

import logging
from collections.abc import Callable, Collection
from functools import partial
from typing import Any

from psycopg import Connection, InterfaceError, OperationalError

from megaplan_sync.kernel.exceptions import AccountBusyError, EntitiesFailedError, MegaplanSyncError
from megaplan_sync.kernel.sql import read_sql
from megaplan_sync.raw.account_sync import chosen_entities
from megaplan_sync.raw.entities import CUSTOM_FIELDS
from megaplan_sync.rebuild.chunks import Chunks
from megaplan_sync.rebuild.custom_fields import rebuild_custom_fields
from megaplan_sync.rebuild.entity_table import rebuild_directory
from megaplan_sync.rebuild.outcome import RebuildOutcome
from megaplan_sync.rebuild.parents import rebuild_contacts, rebuild_deals
from megaplan_sync.rebuild.pipelines import rebuild_pipelines

log = logging.getLogger(__name__)

_HOPELESS = (AccountBusyError, OperationalError, InterfaceError)
"""After one of these the account's other entities would fail in the same way."""


class AccountRebuild:
    """The rebuild of one account by one run. It knows no Megaplan: nothing here can send a request.

    :param connection: to Postgres, in autocommit mode
    :param account: as in the column ``account``
    :param phone_region: ISO 3166 code of the country whose national phone numbers come without a country code
    :param run_id: what this run has finished is left out by its retry
    """

    def __init__(self, connection: Connection[Any], account: str, *, phone_region: str, run_id: str) -> None:
        self._connection = connection
        self._account = account
        self._run_id = f"megaplan_rebuild {run_id}"  # run ids of different DAGs may be the same
        self._special: dict[str, Callable[[Chunks], None]] = {
            "deals": rebuild_deals,
            "contacts": partial(rebuild_contacts, phone_region=phone_region),
            "pipelines": rebuild_pipelines,
            CUSTOM_FIELDS: rebuild_custom_fields,
        }

    def run(self, wanted: Collection[str]) -> list[RebuildOutcome]:
        """Rebuild the wanted entities; one entity's failure stops no other.

        :param wanted: names of entities, all if empty
        :returns: what was done, by earlier tries of this run as well: their changes are not announced yet
        :raises EntitiesFailedError: after the others were rebuilt
        :raises AccountBusyError: another run is writing this account
        """
        names = chosen_entities(wanted)
        self._connection.execute(read_sql("create_rebuild_session"))
        found = self._connection.execute(
            read_sql("select_finished_entities"), {"run_id": self._run_id, "account": self._account}
        )
        earlier = {name: RebuildOutcome.from_dict(told) for name, told in found.fetchall()}
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
            except _HOPELESS:
                raise
            except Exception as error:
                known = isinstance(error, MegaplanSyncError)
                log.error("%s of %s failed: %s", name, self._account, error, exc_info=not known)
                failures[f"{name} of {self._account}"] = error
            else:
                outcomes.append(outcome)
        if failures:
            raise EntitiesFailedError(failures)
        if not any(counts.read for outcome in outcomes for counts in outcome.tables.values()):
            log.warning(
                "The tables hold no row of account %s: nothing to rebuild. An account is named after its "
                "connection's Host; check that.",
                self._account,
            )
        return outcomes

    def _rebuild(self, outcome: RebuildOutcome) -> None:
        outcome.begin_anew()
        chunks = Chunks(self._connection, outcome, self._run_id)
        rebuild = self._special.get(outcome.entity) or partial(rebuild_directory, name=outcome.entity)
        rebuild(chunks)
        outcome.finish()
        with self._connection.transaction():
            self._connection.execute(read_sql("commit_durably"))  # before an asset event tells of the rows
            chunks.save()
        log.info("%s", outcome)
