"""Runs the probes of an account, uses at once what they show, and says what differs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from megaplan_hook.exceptions import MegaplanNotFoundError
from megaplan_hook.hook import MegaplanHook
from megaplan_hook.settings import AccountSettings
from megaplan_sync.doctor.account_under_check import AccountUnderCheck
from megaplan_sync.doctor.calibration.facts import Facts, answered
from megaplan_sync.doctor.calibration.megaplan_probes import MegaplanProbes, probe_token_body
from megaplan_sync.doctor.calibration.uis_probes import UisProbes
from megaplan_sync.doctor.calibration.uis_write_probe import probe_uploads
from megaplan_sync.doctor.calibration.write_probe import probe_by_writing
from megaplan_sync.doctor.causes import CONNECTIONS
from megaplan_sync.doctor.finding import AIRFLOW, Finding, error, ok, warning
from megaplan_sync.kernel.calibration import SeenFact, is_explicit, with_seen
from uis_hook.client import UisClient
from uis_hook.settings import UisSettings


@dataclass
class Calibrator:
    """The calibration of one account in one examination.

    :param megaplan: settings as the connection gives them
    :param test_contact: Megaplan's id of a contact on which writes may be tried; None tries none
    """

    megaplan: AccountSettings
    test_contact: str | None = None
    facts: list[SeenFact] = field(default_factory=list)
    hook: MegaplanHook | None = None

    def log_in(self, hook: MegaplanHook) -> Iterator[Finding]:
        """Find out how Megaplan is logged in to; ``hook`` is the one that does it so."""
        facts = Facts("megaplan", self.megaplan)
        self.hook = probe_token_body(hook, facts)
        self.facts += facts.found
        yield from self._findings("Megaplan", facts.found, self.megaplan)

    def probe_megaplan(self, account: AccountUnderCheck) -> Iterator[Finding]:
        """Run the probes; from here on the hook uses what they show."""
        facts = Facts("megaplan", self.megaplan)
        hook = account.megaplan
        try:
            MegaplanProbes(hook, facts).run()
            if self.test_contact is not None:
                yield from self._write(hook, self.test_contact, facts)
        finally:
            self.facts += facts.found
        hook.settings = with_seen(
            self.megaplan, _values(fact for fact in self.facts if fact.side == "megaplan")
        )
        yield from self._findings("Megaplan", facts.found, self.megaplan)

    def probe_uis(
        self, account: AccountUnderCheck, uis: UisClient, settings: UisSettings
    ) -> Iterator[Finding]:
        """Run the probes of the cabinet; from here on the client uses what they show.

        :param settings: as the cabinet's connection gives them
        """
        facts = Facts("uis", settings)
        try:
            UisProbes(account, uis, facts).run()
            uis.settings = with_seen(settings, _values(facts.found))
            if self.test_contact is not None and account.sends_deals_to_uis:
                answered(partial(probe_uploads, uis, account.label, facts))
        finally:
            self.facts += facts.found
        uis.settings = with_seen(settings, _values(facts.found))
        yield from self._findings("UIS", facts.found, settings)

    def _write(self, hook: MegaplanHook, contact_id: str, facts: Facts[AccountSettings]) -> Iterator[Finding]:
        try:
            probe_by_writing(hook, contact_id, facts)
        except (MegaplanNotFoundError, ValueError) as failure:
            remedy = "give write_probe the id of a contact in Megaplan that is there for tests"
            yield error("test contact", str(failure), AIRFLOW, remedy)

    def _findings(
        self, side: str, found: list[SeenFact], settings: AccountSettings | UisSettings
    ) -> Iterator[Finding]:
        for fact in found:
            topic = f"{side} shows {fact.name}"
            if not fact.is_deviation:
                yield ok(
                    topic,
                    f"as assumed: {fact.assumed}" if fact.seen else f"not seen; assumed: {fact.assumed}",
                )
                continue
            message = f"assumed: {fact.assumed}; seen: {fact.seen}"
            if fact.setting is None:
                yield ok(topic, f"{message}; every lane copes with either")
            elif is_explicit(settings, fact.setting):
                where = f"connection {settings.connection_id}"
                remedy = f"{CONNECTIONS}: remove {fact.setting} from {where}, or set it to {fact.value}"
                yield warning(topic, message, AIRFLOW, remedy)
            else:
                yield ok(topic, f"{message}; used from now on as {fact.setting}")


def _values(facts: Iterable[SeenFact]) -> dict[str, Any]:
    return {fact.setting: fact.value for fact in facts if fact.setting is not None}
