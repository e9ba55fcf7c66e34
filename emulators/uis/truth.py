"""The exact state, for tests: nothing hidden or reformatted as the APIs do."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from .cabinet.employees import in_groups
from .calls.session import Session
from .notifications.sender import Delivery

if TYPE_CHECKING:
    from .account import Account


def describe_call(account: "Account", session: Session) -> dict[str, Any]:
    """Return a call with legs, talks and recordings; times are timestamps."""
    return {
        "id": session.id,
        "direction": session.direction,
        "source": session.source,
        "state": session.state if session.alive else "FINISHED",
        "contact_phone_number": session.contact_phone,
        "virtual_phone_number": session.virtual_number,
        "external_id": session.external_id,
        "started": session.started,
        "finished": session.finished,
        "finish_reason": session.finish_reason,
        "is_lost": session.is_lost,
        "is_transfer": session.is_transfer,
        "is_internal": session.is_internal,
        "operations": [operation["mnemonic"] for operation in session.operations],
        "tags": [tag.name for tag, _, _ in session.tags],
        "employees": [employee.id for employee in session.took_part()],
        "talked": [employee.id for employee in session.talked()],
        "legs": [
            {
                "id": leg.id,
                "direction": leg.direction,
                "calling": leg.calling,
                "called": leg.called,
                "employee_id": leg.employee.id if leg.employee else None,
                "started": leg.started,
                "connected": leg.connected,
                "finished": leg.finished,
                "finish_reason": leg.finish_reason,
                "state": leg.state,
            }
            for leg in session.legs
        ],
        "talks": [
            {
                "employee_id": talk.employee.id if talk.employee else None,
                "started": talk.started,
                "finished": talk.finished,
            }
            for talk in session.talks
        ],
        "recordings": [
            {
                "id": one.id,
                "kind": one.kind,
                "duration": one.duration,
                "ready": one.ready,
                "link": account.links.file_link(one),
            }
            for one in session.recordings
        ],
    }


def describe_delivery(delivery: Delivery) -> dict[str, Any]:
    """Return one sending of a notification."""
    notification = delivery.notification
    return {
        "event": notification.event,
        "url": notification.url,
        "method": notification.method,
        "message": delivery.message,
        "communication_id": delivery.communication_id,
        "occurred": delivery.occurred,
        "sent": delivery.sent,
        "attempts": delivery.attempts,
        "status": delivery.status,
        "http_status": delivery.http_status,
        "error": delivery.error,
        "copy": delivery.copy,
    }


def entity_rows(account: "Account", entity: str) -> list[dict[str, Any]]:
    """Return the rows of an entity.

    :raises ValueError: unknown entity.
    """
    directory, deals = account.directory, account.deals
    match entity:
        case "employees":
            return [e.row(in_groups(directory.groups, e)) for e in directory.employees.values()]
        case "contacts":
            return [asdict(contact) for contact in directory.contacts.values()]
        case "numbers":
            return [asdict(number) for number in directory.numbers]
        case "scenarios":
            return [asdict(scenario) for scenario in directory.scenarios.values()]
        case "recordings":
            return [
                {
                    "id": one.id,
                    "session": one.session_id,
                    "ready": one.ready,
                    "link": account.links.file_link(one),
                }
                for one in account.exchange.recordings.values()
            ]
        case "deals":
            return [record.state for record in deals.newest_visible()]
        case "deal_history":
            return [record.data | {"is_generated": record.is_generated} for record in deals.visible()]
    raise ValueError(
        f"unknown entity {entity!r}, known: employees, contacts, numbers, scenarios, recordings, deals, deal_history"
    )
