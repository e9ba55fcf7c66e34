"""Examines one account: Postgres first, since others count requests there, then the rest at the same time."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TypeVar

from airflow.sdk import BaseHook
from airflow.sdk.exceptions import AirflowNotFoundException

from megaplan_hook.hook import MegaplanHook
from megaplan_sync.doctor.account_under_check import AccountUnderCheck
from megaplan_sync.doctor.calibration.calibrator import Calibrator
from megaplan_sync.doctor.causes import cause_of
from megaplan_sync.doctor.clocks import judge_clocks
from megaplan_sync.doctor.finding import Finding, ok, save_examination, without_consequences
from megaplan_sync.doctor.gateway_checks import check_gateway
from megaplan_sync.doctor.megaplan_checks import (
    check_application,
    check_budget,
    check_login,
    check_visibility,
)
from megaplan_sync.doctor.postgres_checks import (
    SYNC,
    TELEPHONY,
    UPLOAD,
    ExaminingSession,
    check_clock_of_postgres,
    check_pooler,
    check_schema,
    check_server,
)
from megaplan_sync.doctor.sides import Check, Side, run_together
from megaplan_sync.doctor.telephony_checks import (
    check_kept_calls,
    check_mapped_employees,
    check_notifications,
    check_numbers_of_settings,
    check_time_of_notifications,
    check_users,
)
from megaplan_sync.doctor.uis_checks import check_uis_account, check_uis_methods, check_virtual_number
from megaplan_sync.kernel.account_session import account_hook, uis_hook_of
from megaplan_sync.kernel.calibration import (
    SeenFact,
    save_facts,
    use_what_was_seen,
    use_what_was_seen_of_uis,
)
from megaplan_sync.kernel.exceptions import OUR_ERRORS
from megaplan_sync.kernel.postgres import POSTGRES_CONN_ID, raw_database
from megaplan_sync.kernel.request_budget import PostgresRequestBudget
from megaplan_sync.kernel.session import Session
from megaplan_sync.raw.schema import prepare_raw_schema
from megaplan_vendor_kit.connection_settings import ConnectionSettings
from megaplan_vendor_kit.retry import RetrySchedule
from uis_hook.client import UisClient
from uis_hook.hook import UisHook
from uis_hook.points import LocalPoints
from uis_hook.settings import UisSettings

CONNECT_SECONDS, READ_SECONDS = 4.0, 8.0
"""How long one request may take, unless the connection allows less."""
LONGEST_WAIT_SECONDS = 10.0
"""For requests of the budget, or points."""
SIDE_SECONDS = 60.0
"""How long the checks of one side may take altogether."""
CALIBRATION_SECONDS = 600.0
"""The same with calibration: some twenty requests more, at the account's pace."""

Settings = TypeVar("Settings", bound=ConnectionSettings)


def examine(
    conn_id: str,
    postgres_conn_id: str = POSTGRES_CONN_ID,
    *,
    calibrates: bool = False,
    test_contact: str | None = None,
) -> list[Finding]:
    """Examine an account without changing anything in Megaplan and UIS.

    Takes about ten requests of the account's budget, and up to nine to UIS. Ends within seconds, or after two minutes
    if sides accept connections and then stay silent.

    :param calibrates: whether to find out how the account behaves, and to store it: some twenty requests more
    :param test_contact: Megaplan's id of a contact on which writes may be tried, too
    """
    with ExitStack() as stack:
        try:
            hook = account_hook(conn_id)
        except OUR_ERRORS as failure:
            return [replace(cause_of(failure, "Megaplan").finding, topic=f"connection {conn_id}")]
        hook.settings = impatient(hook.settings)
        hook.retries = _few_tries(hook.retries)
        calibrator = Calibrator(hook.settings, test_contact) if calibrates or test_contact else None
        findings = [ok(f"connection {conn_id}", f"account {hook.account}")]
        uis_hook = _uis_hook(hook, findings)
        store = Store(stack, hook, uis_hook, postgres_conn_id, creates_tables=calibrator is not None)
        explicit = None if uis_hook is None else uis_hook.settings
        findings += run_together([Side("Postgres", [store.check])], SIDE_SECONDS)
        uis = None if uis_hook is None else _client(stack, uis_hook)
        if calibrator is not None:  # if this fails, check_login says why
            findings += _without_errors(
                run_together([Side("Megaplan", [partial(calibrator.log_in, hook)])], SIDE_SECONDS)
            )
            hook = calibrator.hook or hook
        account = AccountUnderCheck(hook, uis, store.database, frozenset(store.current), store.clocks)
        findings += run_together([Side("Postgres", _table_checks(account))], SIDE_SECONDS)
        seconds = SIDE_SECONDS if calibrator is None else CALIBRATION_SECONDS
        findings += run_together(_sides(account, calibrator, explicit), seconds)
        findings += judge_clocks(account.clocks)
        if calibrator is not None:
            findings += run_together(
                [Side("Postgres", [partial(store.save, calibrator.facts)])], SIDE_SECONDS
            )
        findings = without_consequences(findings)
        return findings + run_together([Side("Postgres", [partial(store.keep, findings)])], SIDE_SECONDS)


def _without_errors(findings: list[Finding]) -> list[Finding]:
    return [finding for finding in findings if finding.level != "error"]


def impatient(settings: Settings) -> Settings:
    """Return settings with which a request ends within seconds."""
    return settings.model_copy(
        update={
            "connect_timeout_seconds": min(settings.connect_timeout_seconds, CONNECT_SECONDS),
            "read_timeout_seconds": min(settings.read_timeout_seconds, READ_SECONDS),
        }
    )


def _few_tries(retries: RetrySchedule) -> RetrySchedule:
    return replace(retries, failure_tries=2, limit_total_seconds=LONGEST_WAIT_SECONDS / 2)


def _table_checks(account: AccountUnderCheck) -> list[Check]:
    """Return the checks of what telephony has stored, in turn: they share a session."""
    if (
        account.database is None
        or not account.settings.telephony_active
        or TELEPHONY.name not in account.schemas
    ):
        return []
    checks = (check_mapped_employees, check_kept_calls, check_notifications, check_time_of_notifications)
    return [partial(check, account, account.database) for check in checks]


def _sides(
    account: AccountUnderCheck, calibrator: Calibrator | None, explicit: UisSettings | None
) -> list[Side]:
    """Return what is examined at the same time.

    :param explicit: settings of the cabinet as its connection gives them
    """
    of_megaplan: list[Check] = [
        partial(check, account) for check in (check_login, check_visibility, check_budget, check_application)
    ]
    of_settings: list[Check] = []
    if account.settings.telephony_active:
        of_megaplan.append(partial(check_users, account))
        of_settings.append(partial(check_numbers_of_settings, account))
    if calibrator is not None:
        of_megaplan.insert(1, partial(calibrator.probe_megaplan, account))
    of_uis: list[Check] = []
    if account.uis is not None:
        of_uis = [
            partial(check, account, account.uis)
            for check in (check_uis_account, check_uis_methods, check_virtual_number)
        ]
        if calibrator is not None and explicit is not None:
            of_uis.insert(0, partial(calibrator.probe_uis, account, account.uis, explicit))
    return [
        Side("settings", of_settings),
        Side("Megaplan", of_megaplan),
        Side("UIS", of_uis),
        Side("gateway", [partial(check_gateway, account)]),
    ]


@dataclass
class Store:
    """Postgres as far as the other checks need it.

    :param creates_tables: whether to create or upgrade the tables that a calibration is stored in
    :param database: None until it is open, and if it cannot be used
    :param current: schemas that later checks may read
    """

    stack: ExitStack
    hook: MegaplanHook
    uis_hook: UisHook | None
    postgres_conn_id: str
    creates_tables: bool
    database: Session | None = None
    current: set[str] = field(default_factory=set)
    clocks: dict[str, float] = field(default_factory=dict)

    def check(self) -> Iterator[Finding]:
        """Check the server and our tables; let the account's requests be counted where the DAGs count them."""
        self.database = database = self._session()
        for finding in check_server(database):
            yield finding
            if finding.level == "error":
                return
        yield from check_clock_of_postgres(database, self.clocks)
        settings = self.hook.settings
        if self.creates_tables:
            with raw_database(self.postgres_conn_id) as session:
                prepare_raw_schema(session)
        yield from check_schema(database, SYNC, self.current)
        if SYNC.name in self.current:
            use_what_was_seen(database, self.hook)
            if self.uis_hook is not None:
                use_what_was_seen_of_uis(database, self.uis_hook, self.hook.account)
            self.hook.budget = PostgresRequestBudget(
                self._session(),
                self.hook.account,
                requests_per_second=settings.requests_per_second,
                requests_per_hour=settings.requests_per_hour,
                longest_wait_seconds=LONGEST_WAIT_SECONDS,
            )
        if settings.telephony_active:
            yield from check_schema(database, TELEPHONY, self.current)
            has_direct = _exists(f"{self.postgres_conn_id}_direct")
            yield from check_pooler(database, has_direct_connection=has_direct)
        if settings.deals_to_uis and settings.uis_conn_id:
            yield from check_schema(database, UPLOAD, self.current)

    def save(self, facts: list[SeenFact]) -> Iterator[Finding]:
        """Store what a calibration has shown."""
        if self.database is not None and SYNC.name in self.current:
            save_facts(self.database, self.hook.account, facts)
            yield ok("calibration", f"{len(facts)} facts are stored in megaplan_sync.calibrations")

    def keep(self, findings: list[Finding]) -> Iterator[Finding]:
        """Store what was found, for the console; yields nothing."""
        if self.database is not None and SYNC.name in self.current:
            save_examination(self.database, self.hook, findings)
        yield from ()

    def _session(self) -> Session:
        return self.stack.enter_context(raw_database(self.postgres_conn_id, ExaminingSession))


def _exists(conn_id: str) -> bool:
    try:
        BaseHook.get_connection(conn_id)
    except AirflowNotFoundException:
        return False
    return True


def _uis_hook(hook: MegaplanHook, findings: list[Finding]) -> UisHook | None:
    """Return the hook of the account's cabinet, if something of the account uses one."""
    settings = hook.settings
    sends_deals = settings.deals_active and settings.deals_to_uis and settings.uis_conn_id
    if not settings.telephony_active:
        findings.append(ok("telephony", "telephony_active is off: not checked"))
        if not sends_deals:
            return None
    try:
        uis_hook = uis_hook_of(hook)
    except OUR_ERRORS as failure:
        findings.append(replace(cause_of(failure, "UIS").finding, topic="connection of UIS"))
        return None
    uis_hook.settings = impatient(uis_hook.settings)
    return uis_hook


def _client(stack: ExitStack, uis_hook: UisHook) -> UisClient:
    uis = uis_hook.client
    uis.points = LocalPoints(LONGEST_WAIT_SECONDS)
    uis.retries = _few_tries(uis.retries)
    stack.callback(uis.close)
    return uis
