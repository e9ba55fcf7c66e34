"""Checks of Megaplan: the user and its rights, the request budget, the application."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from megaplan_hook.exceptions import MegaplanForbiddenError, MegaplanNotFoundError
from megaplan_hook.query import path_id
from megaplan_sync.doctor.account_under_check import AccountUnderCheck
from megaplan_sync.doctor.finding import AIRFLOW, MEGAPLAN, Finding, error, ok, warning
from megaplan_sync.doctor.postgres_checks import SYNC
from megaplan_sync.kernel.token_user import current_rights, lost_rights

TELEPHONY_RIGHTS = ("can_use_telephony", "settings_services_integration_telephony")
"""Actions that an employee needs for telephony, by Megaplan's documentation."""
NEEDED_STREAMS = ("deals", "contractors", "employees")
_APPLICATIONS = "Megaplan: Настройки → Приложения"
_GROUPS = "Megaplan: add the connection's user to the group Директора or Администраторы"


def check_login(account: AccountUnderCheck) -> Iterator[Finding]:
    """Check who the connection's user is, and what it may do; note the clock."""
    rights = current_rights(account.megaplan)
    account.note_clock("Megaplan", account.megaplan.server_time(), datetime.now(UTC))
    yield ok("login", f"{rights.get('contentType')} {rights.get('id')} of account {account.label}")
    actions = rights.get("possibleActions")
    lacking = [right for right in TELEPHONY_RIGHTS if isinstance(actions, list) and right not in actions]
    lost = None
    if account.database is not None and SYNC.name in account.schemas:
        lost = lost_rights(account.database, account.label, rights)
    if account.settings.telephony_active and lacking:
        message = f"the user's possible actions lack {', '.join(lacking)}" + (f"; {lost}" if lost else "")
        yield error("rights", message, MEGAPLAN, _GROUPS)
    elif lost is not None:
        yield warning(
            "rights",
            f"since the last proven reconciliation: {lost}",
            MEGAPLAN,
            "Megaplan: restore the rights of the connection's user, otherwise rows seem to vanish",
        )
    elif account.settings.telephony_active and isinstance(actions, list):
        yield ok("rights", "the user may use and set up telephony")


def check_visibility(account: AccountUnderCheck) -> Iterator[Finding]:
    """Check that the user sees deals, contacts and employees at all."""
    contacts = "/contractor"
    if account.settings.vendor_quirks.contractor_list_route == "by_kind":
        contacts = "/contractorHuman"
    empty: list[str] = []
    for what, path in (("deals", "/deal"), ("contacts", contacts), ("employees", "/employee")):
        if account.megaplan.list_page(path, {"limit": 1}).data:
            yield ok(f"visibility of {what}", "the user sees some")
        else:
            empty.append(what)
    if empty:
        # an account without deals is possible; one without deals and contacts is a user who sees nothing
        finding = error if len(empty) > 1 or "employees" in empty else warning
        yield finding(
            "visibility",
            f"the user sees no {', no '.join(empty)}",
            MEGAPLAN,
            f"{_GROUPS}, or let it see all {' and '.join(empty)}",
        )


def check_budget(account: AccountUnderCheck) -> Iterator[Finding]:
    """Check how many of the hour's requests are left."""
    remaining, most = account.megaplan.budget.remaining(), account.settings.requests_per_hour
    message = f"{remaining} of {most} requests are left this hour"
    if remaining is not None and remaining < most * 0.1:
        remedy = "wait, or raise requests_per_hour if Megaplan allows more"
        yield warning("requests", message, AIRFLOW, remedy)
    else:
        yield ok("requests", message)


def check_application(account: AccountUnderCheck) -> Iterator[Finding]:
    """Check that the application exists, is switched on, and sends the right event streams to the gateway."""
    settings = account.settings
    if not settings.application_uuid:
        finding = error if settings.telephony_active else warning
        yield finding(
            "application",
            "application_uuid is empty: changes are read every 15 minutes only, and there is no widget",
            MEGAPLAN,
            f"{_APPLICATIONS}: create an application, then put its UUID into connection {settings.connection_id}",
        )
        return
    try:
        card: Any = account.megaplan.request("GET", f"/integration/{path_id(settings.application_uuid)}").data
    except MegaplanNotFoundError:
        yield error(
            "application",
            "there is no application with the connection's application_uuid",
            MEGAPLAN,
            f"{_APPLICATIONS}: copy the UUID of the application into connection {settings.connection_id}",
        )
        return
    except MegaplanForbiddenError:
        yield warning(
            "application",
            "the connection's user may not see applications",
            MEGAPLAN,
            f"{_GROUPS}, or check the application yourself",
        )
        return
    yield from _application(account, card if isinstance(card, dict) else {})


def _application(account: AccountUnderCheck, card: dict[str, Any]) -> Iterator[Finding]:
    settings = account.settings
    if card.get("isEnabled") is False:
        yield error("application", "it is switched off", MEGAPLAN, f"{_APPLICATIONS}: switch it on")
    else:
        yield ok("application", "it exists and is switched on")
    problems, steps = [], []
    expected = f"{settings.gateway_url}/{settings.account_in_url}/{settings.webhook_secret}/megaplan"
    if settings.gateway_url and settings.webhook_secret and card.get("streamUri") != expected:
        is_elsewhere = bool(card.get("streamUri"))
        problems.append("it sends them to another address" if is_elsewhere else "it has no address for them")
        steps.append('paste the address below into "URL принимающий события"')
    missing = [stream for stream in NEEDED_STREAMS if stream not in (card.get("subscribedStreams") or [])]
    if missing:
        problems.append(f"it is not subscribed to {', '.join(missing)}")
        steps.append("tick Сделки, Клиенты and Сотрудники")
    if problems:
        finding = error if settings.gateway_url else warning
        remedy = f"{_APPLICATIONS} → the application: {', '.join(steps)}, save"
        yield finding("events of the application", "; ".join(problems), MEGAPLAN, remedy)
    else:
        yield ok("events of the application", f"it sends {', '.join(NEEDED_STREAMS)}")
