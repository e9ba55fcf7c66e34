"""Runs all checks of one account, each on its own: a failing check does not hide the others' findings."""

import logging
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from typing import Any

from psycopg import Error

from megaplan_hook.exceptions import MegaplanAuthError
from megaplan_sync.doctor.account_under_check import AccountUnderCheck
from megaplan_sync.doctor.environment_checks import check_gateway, check_postgres
from megaplan_sync.doctor.finding import Finding, error, ok
from megaplan_sync.doctor.megaplan_checks import (
    check_application,
    check_budget,
    check_clock,
    check_login,
    check_visibility,
)
from megaplan_sync.doctor.telephony_checks import (
    check_kept_calls,
    check_notifications,
    check_numbers_of_settings,
    check_uis_account,
    check_uis_clock,
    check_uis_methods,
    check_users,
    check_virtual_number,
)
from megaplan_sync.kernel.account_session import account_hook, uis_hook_of
from megaplan_sync.kernel.exceptions import OUR_ERRORS, MegaplanSyncError
from megaplan_sync.kernel.postgres import POSTGRES_CONN_ID, raw_database
from megaplan_sync.kernel.request_budget import PostgresRequestBudget
from megaplan_sync.kernel.session import Session
from uis_hook.client import UisClient

log = logging.getLogger(__name__)

Check = Callable[[], Iterator[Finding]]


def examine(conn_id: str, postgres_conn_id: str = POSTGRES_CONN_ID) -> list[Finding]:
    """Examine an account without changing anything.

    Takes about ten requests of the account's budget, and six to UIS.
    """
    try:
        hook = account_hook(conn_id)
    except OUR_ERRORS as failure:
        return [error(f"connection {conn_id}", str(failure), "Airflow: Admin → Connections")]
    findings = [ok(f"connection {conn_id}", f"account {hook.account}")]
    with ExitStack() as stack:
        database = _database(stack, postgres_conn_id, findings)
        if database is not None:
            settings = hook.settings
            budget = partial(
                PostgresRequestBudget,
                database,
                hook.account,
                requests_per_second=settings.requests_per_second,
                requests_per_hour=settings.requests_per_hour,
            )
            try:
                hook.budget = budget()
            except Error:
                log.info("%s: no tables yet, so requests are counted in this process only", hook.account)
        uis = _uis(stack, hook, findings)
        account = AccountUnderCheck(hook, uis, database)
        _run(findings, "Postgres", [] if database is None else [lambda: check_postgres(database)])
        try:
            _run(findings, "Megaplan", [partial(check_login, account)], stops=(MegaplanAuthError,))
        except MegaplanAuthError:
            return findings  # Megaplan would refuse everything else, too
        of_megaplan: list[Check] = [
            partial(check, account)
            for check in (check_visibility, check_clock, check_budget, check_application)
        ]
        _run(findings, "Megaplan", of_megaplan)
        if hook.settings.telephony_active:
            _run(
                findings,
                "Megaplan",
                [partial(check, account) for check in (check_users, check_numbers_of_settings)],
            )
            _run(
                findings,
                "Postgres",
                [
                    partial(check, account)
                    for check in (check_kept_calls, check_notifications, check_uis_clock)
                ],
            )
        if uis is not None:
            _run(
                findings,
                "UIS",
                [
                    partial(check, uis)
                    for check in (check_uis_account, check_uis_methods, check_virtual_number)
                ],
            )
        _run(findings, "gateway", [partial(check_gateway, account)])
    return findings


def _run(
    findings: list[Finding],
    topic: str,
    checks: list[Check],
    stops: tuple[type[Exception], ...] = (),
) -> None:
    for check in checks:
        try:
            findings.extend(check())
        except (*OUR_ERRORS, Error) as failure:
            findings.append(error(topic, str(failure).split("\n")[0], "the message says what to do"))
            if isinstance(failure, stops):
                raise


def _database(stack: ExitStack, postgres_conn_id: str, findings: list[Finding]) -> Session | None:
    try:
        return stack.enter_context(raw_database(postgres_conn_id))
    except MegaplanSyncError as failure:
        findings.append(error("Postgres", str(failure), f"Airflow: Admin → Connections → {postgres_conn_id}"))
        return None


def _uis(stack: ExitStack, hook: Any, findings: list[Finding]) -> UisClient | None:
    if not hook.settings.telephony_active:
        findings.append(ok("telephony", "telephony_active is off: not checked"))
        return None
    try:
        uis = uis_hook_of(hook).client
    except OUR_ERRORS as failure:
        findings.append(error("connection of UIS", str(failure), "Airflow: Admin → Connections"))
        return None
    stack.callback(uis.close)
    return uis
