"""Checks of Megaplan: the user and its rights, the clock, the request budget, the application."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from megaplan_hook.exceptions import MegaplanForbiddenError, MegaplanNotFoundError
from megaplan_hook.query import path_id
from megaplan_sync.doctor.account_under_check import AccountUnderCheck
from megaplan_sync.doctor.finding import Finding, error, ok, warning
from megaplan_sync.kernel.token_user import current_rights, lost_rights

TELEPHONY_RIGHTS = ("can_use_telephony", "settings_services_integration_telephony")
"""Actions that an employee needs for telephony, by Megaplan's documentation."""
NEEDED_STREAMS = ("deals", "contractors", "employees")
CLOCK_WARNING_SECONDS, CLOCK_ERROR_SECONDS = 10, 120
_APPLICATIONS = "Megaplan: Настройки → Приложения"


def check_login(account: AccountUnderCheck) -> Iterator[Finding]:
    """Check who the connection's user is, and what it may do."""
    rights = current_rights(account.megaplan)
    yield ok("login", f"{rights.get('contentType')} {rights.get('id')} of account {account.label}")
    lost = None if account.database is None else lost_rights(account.database, account.label, rights)
    if lost is not None:
        yield warning(
            "rights",
            f"since the last proven reconciliation: {lost}",
            "Megaplan: restore the rights of the connection's user, otherwise rows seem to vanish",
        )
    actions = rights.get("possibleActions")
    if account.settings.telephony_active and isinstance(actions, list):
        missing = [right for right in TELEPHONY_RIGHTS if right not in actions]
        if missing:
            yield warning(
                "telephony rights",
                f"the user's possible actions lack {', '.join(missing)}",
                "Megaplan: add the connection's user to the group Директора or Администраторы",
            )
        else:
            yield ok("telephony rights", "the user may use and set up telephony")


def check_visibility(account: AccountUnderCheck) -> Iterator[Finding]:
    """Check that the user sees deals, contacts and employees at all."""
    contacts = "/contractor"
    if account.settings.vendor_quirks.contractor_list_route == "by_kind":
        contacts = "/contractorHuman"
    for what, path in (("deals", "/deal"), ("contacts", contacts), ("employees", "/employee")):
        if account.megaplan.list_page(path, {"limit": 1}).data:
            yield ok(f"visibility of {what}", "the user sees some")
        else:
            yield warning(
                f"visibility of {what}",
                "the list is empty",
                f"Megaplan: if there are {what}, let the connection's user see all of them",
            )


def check_clock(account: AccountUnderCheck) -> Iterator[Finding]:
    """Compare this machine's clock with Megaplan's (header Date, whole seconds)."""
    account.megaplan.account_info()
    difference = (datetime.now(UTC) - account.megaplan.server_time()).total_seconds()
    message = f"this machine is {abs(difference):.0f} s {'ahead of' if difference > 0 else 'behind'} Megaplan"
    remedy = "synchronise this machine's clock (NTP)"
    if abs(difference) > CLOCK_ERROR_SECONDS:
        yield error("clock", message, remedy)
    elif abs(difference) > CLOCK_WARNING_SECONDS:
        yield warning("clock", message, remedy)
    else:
        yield ok("clock", message)


def check_budget(account: AccountUnderCheck) -> Iterator[Finding]:
    """Check how many of the hour's requests are left."""
    remaining, most = account.megaplan.budget.remaining(), account.settings.requests_per_hour
    message = f"{remaining} of {most} requests are left this hour"
    if remaining is not None and remaining < most * 0.1:
        remedy = "wait, or raise requests_per_hour if Megaplan's tariff allows more"
        yield warning("requests", message, remedy)
    else:
        yield ok("requests", message)


def check_application(account: AccountUnderCheck) -> Iterator[Finding]:
    """Check that the application exists, is switched on, and sends the right event streams to the gateway."""
    settings = account.settings
    if not settings.application_uuid:
        yield warning(
            "application",
            "application_uuid is empty: changes are read every 15 minutes only, and there is no widget",
            f"{_APPLICATIONS}: create an application, then put its UUID into connection {settings.connection_id}",
        )
        return
    try:
        card: Any = account.megaplan.request("GET", f"/integration/{path_id(settings.application_uuid)}").data
    except MegaplanNotFoundError:
        yield error(
            "application",
            "there is no application with the connection's application_uuid",
            f"{_APPLICATIONS}: copy the UUID of the application into connection {settings.connection_id}",
        )
        return
    except MegaplanForbiddenError:
        yield warning(
            "application",
            "the connection's user may not see applications",
            "Megaplan: add it to the group Директора or Администраторы, or check the application yourself",
        )
        return
    yield from _application(account, card if isinstance(card, dict) else {})


def _application(account: AccountUnderCheck, card: dict[str, Any]) -> Iterator[Finding]:
    settings = account.settings
    if card.get("isEnabled") is False:
        yield error("application", "it is switched off", f"{_APPLICATIONS}: switch it on")
    else:
        yield ok("application", "it exists and is switched on")
    missing = [stream for stream in NEEDED_STREAMS if stream not in (card.get("subscribedStreams") or [])]
    if missing:
        yield warning(
            "event streams",
            f"not subscribed to {', '.join(missing)}",
            f"{_APPLICATIONS} → the application: tick Сделки, Клиенты and Сотрудники, save",
        )
    else:
        yield ok("event streams", f"subscribed to {', '.join(NEEDED_STREAMS)}")
    expected = f"{settings.gateway_url}/{settings.account_in_url}/{settings.webhook_secret}/megaplan"
    if settings.gateway_url and settings.webhook_secret and card.get("streamUri") != expected:
        yield warning(
            "address of the event streams",
            "the application has no address to send its events to"
            if not card.get("streamUri")
            else "the application sends its events to another address, not to this account's",
            f'{_APPLICATIONS} → the application: paste the address below into "URL принимающий события"',
        )
