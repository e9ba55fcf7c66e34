"""Checks of Megaplan: who we are there, what that user may do, the clock, requests, the application."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from megaplan_hook.exceptions import MegaplanForbiddenError, MegaplanNotFoundError
from megaplan_hook.query import path_id
from megaplan_sync.doctor.account_under_check import Patient
from megaplan_sync.doctor.finding import Finding, error, ok, warning
from megaplan_sync.kernel.token_user import current_rights, lost_rights

TELEPHONY_RIGHTS = ("can_use_telephony", "settings_services_integration_telephony")
"""Actions of an employee that Megaplan's documentation names for telephony."""
NEEDED_STREAMS = ("deals", "contractors", "employees")
CLOCK_WARNING_SECONDS, CLOCK_ERROR_SECONDS = 10, 120
_APPLICATIONS = "Megaplan: Настройки → Приложения"


def check_login(patient: Patient) -> Iterator[Finding]:
    """Who the connection's user is, and what it may do."""
    rights = current_rights(patient.megaplan)
    yield ok("login", f"{rights.get('contentType')} {rights.get('id')} of account {patient.account}")
    lost = None if patient.database is None else lost_rights(patient.database, patient.account, rights)
    if lost is not None:
        yield warning(
            "rights",
            f"since the last proven reconciliation: {lost}",
            "Megaplan: give the connection's user back its rights, otherwise rows seem to vanish",
        )
    actions = rights.get("possibleActions")
    if patient.settings.telephony_active and isinstance(actions, list):
        missing = [right for right in TELEPHONY_RIGHTS if right not in actions]
        if missing:
            yield warning(
                "rights of telephony",
                f"Megaplan does not name {', '.join(missing)} among the user's actions",
                "Megaplan: let the connection's user be of the group Директора or Администраторы",
            )
        else:
            yield ok("rights of telephony", "the user may use and set up telephony")


def check_sight(patient: Patient) -> Iterator[Finding]:
    """Whether the user sees deals and contacts at all."""
    contacts = "/contractor"
    if patient.settings.vendor_quirks.contractor_list_route == "by_kind":
        contacts = "/contractorHuman"
    for what, path in (("deals", "/deal"), ("contacts", contacts), ("employees", "/employee")):
        if patient.megaplan.list_page(path, {"limit": 1}).data:
            yield ok(f"sight of {what}", "the user sees some")
        else:
            yield warning(
                f"sight of {what}",
                "the list is empty",
                f"Megaplan: if there are {what}, give the connection's user the right to see all of them",
            )


def check_clock(patient: Patient) -> Iterator[Finding]:
    """How far this machine's clock is from Megaplan's (header Date, whole seconds)."""
    patient.megaplan.account_info()
    difference = (datetime.now(UTC) - patient.megaplan.server_time()).total_seconds()
    told = f"this machine is {abs(difference):.0f} s {'ahead of' if difference > 0 else 'behind'} Megaplan"
    remedy = "synchronise this machine's clock (NTP)"
    if abs(difference) > CLOCK_ERROR_SECONDS:
        yield error("clock", told, remedy)
    elif abs(difference) > CLOCK_WARNING_SECONDS:
        yield warning("clock", told, remedy)
    else:
        yield ok("clock", told)


def check_budget(patient: Patient) -> Iterator[Finding]:
    """How many requests the hour still has."""
    remaining, most = patient.megaplan.budget.remaining(), patient.settings.requests_per_hour
    told = f"{remaining} of {most} requests are left of this hour"
    if remaining is not None and remaining < most * 0.1:
        remedy = "wait, or raise requests_per_hour if Megaplan's tariff allows more"
        yield warning("requests", told, remedy)
    else:
        yield ok("requests", told)


def check_application(patient: Patient) -> Iterator[Finding]:
    """Whether the application is there, is switched on, and tells the gateway of the right streams."""
    settings = patient.settings
    if not settings.application_uuid:
        yield warning(
            "application",
            "application_uuid is empty: changes are seen every 15 minutes only, and there is no widget",
            f"{_APPLICATIONS}: make an application, then write its UUID into connection {settings.connection_id}",
        )
        return
    try:
        card: Any = patient.megaplan.request("GET", f"/integration/{path_id(settings.application_uuid)}").data
    except MegaplanNotFoundError:
        yield error(
            "application",
            "there is no application with the application_uuid of the connection",
            f"{_APPLICATIONS}: copy the UUID of the application into connection {settings.connection_id}",
        )
        return
    except MegaplanForbiddenError:
        yield warning(
            "application",
            "the connection's user may not look at applications",
            "Megaplan: let it be of the group Директора or Администраторы, or look there yourself",
        )
        return
    yield from _application(patient, card if isinstance(card, dict) else {})


def _application(patient: Patient, card: dict[str, Any]) -> Iterator[Finding]:
    settings = patient.settings
    if card.get("isEnabled") is False:
        yield error("application", "it is switched off", f"{_APPLICATIONS}: switch it on")
    else:
        yield ok("application", "it is there and switched on")
    missing = [stream for stream in NEEDED_STREAMS if stream not in (card.get("subscribedStreams") or [])]
    if missing:
        yield warning(
            "event streams",
            f"not subscribed to {', '.join(missing)}",
            f"{_APPLICATIONS} → the application: tick Сделки, Клиенты and Сотрудники, save",
        )
    else:
        yield ok("event streams", f"subscribed to {', '.join(NEEDED_STREAMS)}")
    expected = f"{settings.gateway_url}/{settings.account}/{settings.webhook_secret}/megaplan"
    if settings.gateway_url and settings.webhook_secret and card.get("streamUri") != expected:
        yield warning(
            "address of the event streams",
            "the application sends its events to nobody"
            if not card.get("streamUri")
            else "the application sends its events to another address than this account's",
            f'{_APPLICATIONS} → the application: write the address below into "URL принимающий события"',
        )
